//! What every voice inside this program must do.

use aeolian_synth::{Instrument, NotePlayer};
use aeolian_voice::analysis::Analysis;
use aeolian_voice::note::{RATE_HZ, Recording};
use aeolian_voice::{Voice, builtin};

fn note_on(voice: &Voice, pitch: u8, velocity: u8) -> NotePlayer {
    Instrument::new(voice.card.program, false, RATE_HZ).fitted_by(builtin::fitted()).note_on(pitch, velocity)
}

/// The left ear of a note that is held for so many frames.
fn played(voice: &Voice, pitch: u8, velocity: u8, held: usize, frames: usize, block: usize) -> Vec<f32> {
    let mut note = note_on(voice, pitch, velocity);
    let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
    let mut at = 0;
    while at < frames {
        if at == held {
            note.release();
        }
        let end = if at < held { (at + block).min(held) } else { (at + block).min(frames) };
        note.render(&mut left[at..end], &mut right[at..end]);
        at = end;
    }
    left
}

#[test]
fn voices_are_in_tune() {
    for voice in builtin::voices() {
        let [low, high] = voice.card.pitches;
        for pitch in [low.max(40), (low + high) / 2, high.min(90)] {
            let samples = played(voice, pitch, 90, 44_100, 44_100, 512);
            let note = Recording {
                pitch: f64::from(pitch),
                velocity: 90,
                samples,
                release_seconds: 1.0,
                sample_rate_hz: RATE_HZ,
            };
            // Of a stiff string the frequency that its partials have without stiffness.
            let analysis = Analysis::of(&note, 5, voice.card.is_struck);
            let heard = &analysis.hz[20..150];
            let mean = heard.iter().sum::<f64>() / heard.len() as f64;
            let cents = 1_200.0 * (mean / note.hz()).log2();
            // Vibrato need not have gone round whole times.
            let most = 2.0 + 0.15 * voice.card.vibrato[1];
            assert!(cents.abs() < most, "{} {pitch}: {cents} cents", voice.card.name);
        }
    }
}

#[test]
fn blocks_of_any_size_are_the_same_bits() {
    for voice in builtin::voices() {
        let pitch = voice.card.pitches[0] + 9;
        let whole = played(voice, pitch, 77, 9_000, 20_000, 20_000);
        for block in [1, 63, 64, 1_000] {
            assert!(played(voice, pitch, 77, 9_000, 20_000, block) == whole, "{} {block}", voice.card.name);
        }
    }
}

#[test]
fn notes_end_within_their_tail_without_a_click_and_louder_is_louder() {
    for voice in builtin::voices() {
        let pitch = voice.card.pitches[0] + 14;
        let held = 30_000;
        let mut note = note_on(voice, pitch, 100);
        let (mut left, mut right) = (vec![0.0; held], vec![0.0; held]);
        note.render(&mut left, &mut right);
        note.release();
        let tail = note.tail_frames() as usize;
        assert!(tail < 20 * RATE_HZ as usize, "{}: {tail}", voice.card.name);
        let (mut rest, mut other) = (vec![0.0; tail + 1_000], vec![0.0; tail + 1_000]);
        note.render(&mut rest, &mut other);
        assert!(note.is_over() && rest[tail..].iter().all(|&x| x == 0.0), "{}", voice.card.name);
        let step = |w: &[f32]| w.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0f32, f32::max);
        let edge = [&left[held - 1..], &rest[..200]].concat();
        assert!(step(&edge) <= 1.2 * step(&left[held - 2_000..]), "{}: a click at the release", voice.card.name);
        assert!(left[0].abs() <= step(&left), "{}: a click at the onset", voice.card.name);
        let power = |velocity| played(voice, pitch, velocity, held, held, 512).iter().map(|x| x * x).sum::<f32>();
        assert!(power(30) < power(70) && power(70) < power(115), "{}", voice.card.name);
    }
}

#[test]
fn no_constant_part_is_heard() {
    for voice in builtin::voices() {
        let sound = played(voice, voice.card.pitches[0] + 20, 110, 44_100, 44_100, 512);
        let mean = sound.iter().map(|&x| f64::from(x)).sum::<f64>() / sound.len() as f64;
        let power = sound.iter().map(|&x| f64::from(x * x)).sum::<f64>() / sound.len() as f64;
        assert!(mean.abs() < 0.01 * power.sqrt(), "{}: {mean}", voice.card.name);
    }
}
