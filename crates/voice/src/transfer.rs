//! Timbre transfer: a melody that somebody sang, played by a voice.
//!
//! Pitch and loudness of every frame are taken from the recording (Engel et al. 2020, arXiv:2001.04643, §4.3); the pitch, with its slides
//! and vibrato, becomes the running phase, the loudness the velocity at which the voice has that level. What is still missing to
//! the level of the recording is made up for by a gain, so that swells are followed by struck voices as well.

use crate::note::RATE_HZ;
use crate::pitch::{PitchTracker, Sung, notes};
use crate::synthesis::{HOP, carriers, running_phase, synthesise};
use crate::voice::Voice;
use aeolian_nets::tape::{Pool, Tape};
use aeolian_synth::noise_bands::NOISE_BANDS;

/// Frames after the end of a note in which it fades: 0.4 s.
const FADING: usize = 69;
/// Frames of a note that counts: 58 ms.
const SHORTEST: usize = 10;
/// The loudest frames are played with this velocity.
const LOUDEST_VELOCITY: f64 = 112.0;

/// Plays the melody of a recording (one ear at [`RATE_HZ`]); as long as the recording, and as loud. Empty for no pitch at all.
pub fn transferred(samples: &[f32], voice: &Voice, tracker: &dyn PitchTracker) -> Vec<f32> {
    let track = tracker.track(samples, RATE_HZ, HOP);
    let levels = levels(samples, track.len());
    let loudest = levels.iter().copied().fold(0.0, f64::max).max(1e-9);
    let found = notes(&track, SHORTEST);
    let mut sound = vec![0.0f32; samples.len()];
    for (index, note) in found.iter().enumerate() {
        let next = found.get(index + 1).map_or(track.len(), |n| n.first);
        let played = play(note, next, &levels, loudest, voice);
        let at = (note.first * HOP).min(sound.len());
        sound[at..].iter_mut().zip(&played).for_each(|(s, x)| *s += x);
    }
    let power = |x: &[f32]| x.iter().map(|x| f64::from(x * x)).sum::<f64>();
    let gain = (power(samples) / power(&sound).max(1e-12)).sqrt();
    sound.iter_mut().for_each(|x| *x = (f64::from(*x) * gain) as f32);
    if found.is_empty() { Vec::new() } else { sound }
}

/// Root mean square around every frame.
fn levels(samples: &[f32], frames: usize) -> Vec<f64> {
    (0..frames)
        .map(|frame| {
            let near = &samples[(frame * HOP).saturating_sub(2 * HOP)..(frame * HOP + 2 * HOP).min(samples.len())];
            (near.iter().map(|x| f64::from(x * x)).sum::<f64>() / near.len().max(1) as f64).sqrt()
        })
        .collect()
}

fn play(note: &Sung, next: usize, levels: &[f64], loudest: f64, voice: &Voice) -> Vec<f32> {
    let held = note.pitches.len();
    // It fades into the next note, but not far.
    let frames = held + FADING.min(next.saturating_sub(note.end) + 12);
    let last = note.pitches.last().copied().unwrap_or(69.0);
    let middle = note.pitches[held / 2];
    let typical = voice.level_at(middle, LOUDEST_VELOCITY, 0.12).max(1e-12);
    // Velocity by level, from soft to loud; levels of a voice rise with velocity but for wiggles.
    let ladder: Vec<(f64, f64)> =
        (0..=12).map(|i| 12.0 + 9.5 * f64::from(i)).map(|v| (v, voice.level_at(middle, v, 0.12) / typical)).collect();
    let velocity = |level: f64| ladder.iter().find(|(_, reached)| *reached >= level).map_or(124.0, |(v, _)| *v);
    let seconds = |frame: usize| (frame * HOP) as f64 / f64::from(RATE_HZ);
    let wanted = |frame: usize| levels.get(note.first + frame.min(held - 1)).copied().unwrap_or(0.0) / loudest;
    let velocities: Vec<f64> = (0..frames).map(|frame| velocity(wanted(frame))).collect();
    let moments: Vec<[f64; 4]> = (0..frames)
        .map(|frame| {
            // Neighbouring velocities are averaged, so that no step is heard.
            let near = &velocities[frame.saturating_sub(6)..(frame + 7).min(frames)];
            let velocity = near.iter().sum::<f64>() / near.len() as f64;
            let pitch = note.pitches.get(frame).copied().unwrap_or(last);
            [pitch, velocity, seconds(frame), seconds(frame.saturating_sub(held))]
        })
        .collect();
    let mut amplitudes = voice.amplitudes_of(&moments);
    let partials = voice.card.decoder.partials;
    let mut made_up = 1.0;
    for (frame, row) in amplitudes.chunks_exact_mut(partials + NOISE_BANDS).enumerate() {
        if frame < held {
            let level = row[..partials].iter().map(|a| f64::from(a * a)).sum::<f64>().sqrt();
            made_up = (wanted(frame) * typical / level.max(1e-9)).clamp(0.1, 6.0);
        }
        row.iter_mut().for_each(|a| *a *= made_up as f32);
    }
    let hz: Vec<f64> = moments.iter().map(|m| 440.0 * ((m[0] - 69.0) / 12.0).exp2()).collect();
    let turns = running_phase(&hz, (frames - 1) * HOP, f64::from(RATE_HZ));
    let carriers = carriers(&turns, partials, voice.inharmonicity(middle), RATE_HZ, note.first * HOP);
    let mut pool = Pool::default();
    let mut tape = Tape::forward_only(&[], &mut pool);
    let amplitudes = tape.input(amplitudes);
    let sound = synthesise(&mut tape, amplitudes, carriers);
    tape.finish(sound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pitch::Yin;
    use crate::voice::tests::{card, fresh};

    #[test]
    fn the_melody_is_kept_and_so_is_the_loudness() {
        let tone = |hz: f64, n: usize| (0.2 * (std::f64::consts::TAU * hz * n as f64 / 44_100.0).sin()) as f32;
        let mut sung: Vec<f32> = (0..20_000).map(|n| tone(300.0, n)).collect();
        sung.extend((0..20_000).map(|n| tone(400.0, n)));
        let played = transferred(&sung, &fresh(card()), &Yin::default());
        assert_eq!(played.len(), sung.len());
        let track = Yin::default().track(&played, RATE_HZ, HOP);
        for (frame, hz) in [(40, 300.0f64), (60, 300.0), (110, 400.0), (140, 400.0)] {
            let heard = track[frame].expect("a pitch");
            assert!((1_200.0 * (heard / hz).log2()).abs() < 10.0, "{frame}: {heard}");
        }
        let power = |x: &[f32]| x.iter().map(|x| f64::from(x * x)).sum::<f64>();
        assert!((power(&played) / power(&sung) - 1.0).abs() < 1e-3);
        assert!(transferred(&vec![0.0; 5_000], &fresh(card()), &Yin::default()).is_empty());
    }
}
