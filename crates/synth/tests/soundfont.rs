//! SoundFonts: played right, and never trusted.

mod fonts;

use aeolian_score::{Note, Part, Score, Tick};
use aeolian_synth::{Error, Instruments, RenderSettings, SoundFont, Stereo, mix, mixdown, render_with};
use proptest::prelude::*;
use std::path::Path;

fn piece(is_drum: bool, pitches: &[u8]) -> Score {
    let mut score = Score::new(480);
    let note =
        |(i, &pitch): (usize, &u8)| Note { onset: Tick(240 * i as u32), pitch, duration: Tick(240), velocity: 100 };
    let notes = pitches.iter().enumerate().map(note).collect();
    score.parts.push(Part { is_drum, notes, ..Part::default() });
    score
}

fn dry() -> RenderSettings {
    RenderSettings { reverb: 0.0, loudness_lufs: None, tail_seconds: 0.5, ..RenderSettings::default() }
}

fn play(font: &SoundFont, score: &Score) -> Stereo {
    render_with(score, &dry(), Instruments::SoundFont(font)).expect("playable")
}

/// Upward crossings of zero a second.
fn hz(samples: &[f32]) -> f64 {
    let crossings = samples.windows(2).filter(|w| w[0] <= 0.0 && w[1] > 0.0).count();
    crossings as f64 * 44_100.0 / samples.len() as f64
}

#[test]
fn a_font_plays_the_pitch_asked_for_as_long_as_asked() {
    for bytes in [fonts::plain(), fonts::compressed()] {
        let font = SoundFont::from_bytes(&bytes).expect("a good font");
        assert_eq!((font.name(), font.presets()), ("Test tone", 2));
        // 97 is the sample's own pitch, 2,205 Hz; an octave lower is half of it. A note lasts a quarter of a second.
        let sound = play(&font, &piece(false, &[97, 85]));
        assert_eq!(sound.frames(), 22_050 + 22_050);
        assert!((hz(&sound.left[1_000..11_000]) - 2_205.0).abs() < 12.0);
        assert!((hz(&sound.left[12_500..22_000]) - 1_102.5).abs() < 12.0);
        let rms = |range: std::ops::Range<usize>| sound.left[range].iter().map(|x| x * x).sum::<f32>();
        assert!(rms(20_000..22_000) > 1.0 && rms(30_000..32_000) < 1e-4);
    }
}

#[test]
fn compressed_samples_sound_as_the_plain_ones_do() {
    let plain = play(&SoundFont::from_bytes(&fonts::plain()).expect("a good font"), &piece(false, &[97]));
    let packed = play(&SoundFont::from_bytes(&fonts::compressed()).expect("a good font"), &piece(false, &[97]));
    let difference: f32 = plain.left.iter().zip(&packed.left).map(|(a, b)| (a - b) * (a - b)).sum();
    let energy: f32 = plain.left.iter().map(|x| x * x).sum();
    assert!(difference < 0.02 * energy, "{difference} of {energy}");
}

#[test]
fn a_font_read_for_one_piece_plays_it_as_the_whole_font_does() {
    let bytes = fonts::compressed();
    for is_drum in [false, true] {
        let score = piece(is_drum, &[60, 97]);
        let (all, some) = (SoundFont::from_bytes(&bytes), SoundFont::from_bytes_for(&bytes, &score));
        assert_eq!(play(&all.expect("a good font"), &score), play(&some.expect("a good font"), &score));
    }
    let Some(path) = aeolian_synth::soundfont::named("MuseScore_General_Lite") else {
        println!(
            "skipped: no MuseScore_General_Lite.sf3 in the usual folders (Debian: musescore-general-soundfont-small)"
        );
        return;
    };
    let mut score = piece(false, &[60, 64, 67]);
    score.parts[0].program = 48;
    score.parts.push(piece(true, &[36, 42]).parts.remove(0));
    let (all, some) = (SoundFont::open(&path), SoundFont::open_for(&path, &score));
    assert_eq!(play(&all.expect("a good font"), &score), play(&some.expect("a good font"), &score));
}

#[test]
fn drums_come_from_the_drum_bank_and_stems_sum_to_the_mix() {
    let font = SoundFont::from_bytes(&fonts::plain()).expect("a good font");
    let mut score = piece(true, &[36, 38]);
    score.parts.push(piece(false, &[60, 64, 67]).parts.remove(0));
    let settings = RenderSettings { gain_db: -2.0, ..RenderSettings::default() };
    let mut sum: Option<Stereo> = None;
    let whole = mixdown(&score, &settings, Instruments::SoundFont(&font), |stem| {
        match &mut sum {
            None => sum = Some(stem.sound),
            Some(sum) => {
                sum.left.iter_mut().zip(&stem.sound.left).for_each(|(s, x)| *s += x);
                sum.right.iter_mut().zip(&stem.sound.right).for_each(|(s, x)| *s += x);
            }
        }
        Ok::<(), Error>(())
    })
    .expect("playable");
    assert!(whole.frames() > 16_384 && whole.peak() > 0.0, "several stretches");
    let streamed = mix(&score, &settings, Instruments::SoundFont(&font)).expect("playable");
    assert_eq!(streamed, whole, "without stems");
    assert_eq!(sum, Some(whole));
}

#[test]
fn a_rate_the_player_lacks_is_refused() {
    let font = SoundFont::from_bytes(&fonts::plain()).expect("a good font");
    let low = RenderSettings { sample_rate_hz: 8_000, ..dry() };
    let refused = render_with(&piece(false, &[60]), &low, Instruments::SoundFont(&font));
    assert!(matches!(refused, Err(Error::Setting { name: "sample_rate_hz", .. })));
}

#[test]
fn odd_but_sound_files_are_read() {
    // Strangers, chunks in another order, a padded name of odd length.
    let good = fonts::plain();
    let lists = &good[12..];
    let stranger = fonts::chunk(b"JUNK", b"what is this");
    let info = fonts::chunk(b"LIST", &[&b"INFO"[..], &fonts::chunk(b"INAM", b"Odd"), &[0], &stranger].concat());
    let first = 8 + u32::from_le_bytes(lists[4..8].try_into().expect("4 bytes")) as usize;
    let bytes = fonts::chunk(b"RIFF", &[&b"sfbk"[..], &stranger, &lists[first..], &info].concat());
    let font = SoundFont::from_bytes(&bytes).expect("a good font");
    assert_eq!(font.name(), "Odd");
    assert_eq!(
        play(&font, &piece(false, &[60])),
        play(&SoundFont::from_bytes(&good).expect("good"), &piece(false, &[60]))
    );
}

#[test]
fn files_cut_short_anywhere_are_refused_in_one_sentence() {
    for good in [fonts::plain(), fonts::compressed()] {
        for length in (0..good.len()).step_by(7) {
            let refused = SoundFont::from_bytes(&good[..length]).expect_err("cut short").to_string();
            assert!(refused.starts_with("this SoundFont cannot be used: ") && !refused.contains('\n'), "{refused}");
        }
    }
    assert!(SoundFont::from_bytes(b"RIFF\0\0\0\0WAVE").expect_err("a WAV").to_string().contains("no SoundFont"));
    assert!(matches!(SoundFont::open("/no/such.sf2"), Err(Error::Read { .. })));
    assert!(matches!(SoundFont::open("/"), Err(Error::Read { .. })));
}

/// Where `id` stands in a file.
fn place(bytes: &[u8], id: &[u8; 4]) -> usize {
    bytes.windows(4).position(|w| w == id).expect("the chunk")
}

#[test]
fn indices_that_go_back_or_nowhere_are_refused() {
    // The second row of each table of zones and instruments points far beyond the end, or the first beyond the second.
    for (id, row, index) in [(b"phdr", 38, 24), (b"inst", 22, 20), (b"pbag", 4, 0), (b"ibag", 4, 0)] {
        for number in [0, 1] {
            let mut bytes = fonts::plain();
            let at = place(&bytes, id) + 8 + number * row + index;
            bytes[at + 1] = 0x7F;
            let refused = SoundFont::from_bytes(&bytes).expect_err("a wild index").to_string();
            assert!(refused.contains("points nowhere"), "{refused}");
        }
    }
}

#[test]
fn a_stereo_stream_is_no_sample_of_a_font() {
    let mono = fonts::compressed();
    let stereo = fonts::vorbis(2, &fonts::sine());
    let at = place(&mono, b"OggS");
    let mut bytes = mono.clone();
    let header = place(&bytes, b"shdr") + 8 + 24;
    let size = u32::from_le_bytes(bytes[header..header + 4].try_into().expect("4 bytes")) as usize;
    let common = size.min(stereo.len());
    bytes[at..at + common].copy_from_slice(&stereo[..common]);
    assert!(SoundFont::from_bytes(&bytes).expect_err("two ears").to_string().contains("compressed sample 0"));
}

/// Changes bytes outside the samples; places and values are drawn.
fn spoiled(good: &[u8], changes: &[(prop::sample::Index, u8)]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    let (start, end) = (place(good, b"smpl") + 8, place(good, b"pdta"));
    let outside = start + good.len() - end;
    for (index, value) in changes {
        let at = index.index(outside);
        bytes[if at < start { at } else { end + at - start }] = *value;
    }
    bytes
}

/// Loads and, if that succeeds, plays; only a panic or an endless loop can fail.
fn survive(bytes: &[u8]) {
    if let Ok(font) = SoundFont::from_bytes(bytes) {
        let settings = RenderSettings { sample_rate_hz: 16_000, tail_seconds: 0.05, ..dry() };
        for is_drum in [false, true] {
            let _ = render_with(&piece(is_drum, &[97, 21]), &settings, Instruments::SoundFont(&font));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn spoiled_tables_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        survive(&spoiled(&fonts::plain(), &changes));
    }

    #[test]
    fn spoiled_streams_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let mut bytes = fonts::compressed();
        let (start, end) = (place(&bytes, b"OggS"), place(&bytes, b"pdta"));
        for (index, value) in &changes {
            bytes[start + index.index(end - start)] = *value;
        }
        survive(&bytes);
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), begins_well in any::<bool>()) {
        let mut bytes = bytes;
        if begins_well && bytes.len() >= 12 {
            bytes[..4].copy_from_slice(b"RIFF");
            bytes[8..12].copy_from_slice(b"sfbk");
        }
        survive(&bytes);
    }
}

#[test]
fn a_system_font_plays_and_its_spoiled_copies_never_panic() {
    let Some(path) = aeolian_synth::soundfont::named("TimGM6mb") else {
        println!("skipped: no TimGM6mb.sf2 in the usual folders (Debian: timgm6mb-soundfont)");
        return;
    };
    let good = std::fs::read(Path::new(&path)).expect("a readable font");
    let font = SoundFont::from_bytes(&good).expect("a good font");
    assert!(play(&font, &piece(false, &[60, 64, 67])).peak() > 0.01);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(60));
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40);
    runner
        .run(&changes, |changes| {
            survive(&spoiled(&good, &changes));
            Ok(())
        })
        .expect("no panic");
}
