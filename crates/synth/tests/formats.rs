//! Files read back by other programs' decoders: hound for WAV, claxon for FLAC, lewton for Ogg Vorbis.

use aeolian_synth::formats::{Encoding, Tags, encode};
use aeolian_synth::{Error, Stereo};
use proptest::prelude::*;
use std::io::Cursor;

fn tone(frames: usize, rate: u32) -> Stereo {
    let wave = |hz: f64| move |i: usize| (0.4 * (std::f64::consts::TAU * hz * i as f64 / f64::from(rate)).sin()) as f32;
    Stereo {
        sample_rate_hz: rate,
        left: (0..frames).map(wave(440.0)).collect(),
        right: (0..frames).map(wave(660.0)).collect(),
    }
}

fn tags() -> Tags {
    Tags { title: "Morgenröte".into(), recipe: "{\"seed\":7}".into(), is_loop: true }
}

fn wav(bytes: &[u8]) -> (hound::WavSpec, Vec<i32>) {
    let mut reader = hound::WavReader::new(Cursor::new(bytes)).expect("a valid header");
    (reader.spec(), reader.samples().map(|s| s.expect("a sample")).collect())
}

fn flac(bytes: &[u8]) -> (claxon::metadata::StreamInfo, Vec<i32>) {
    let mut reader = claxon::FlacReader::new(Cursor::new(bytes)).expect("a valid header");
    (reader.streaminfo(), reader.samples().map(|s| s.expect("a sample")).collect())
}

/// What an Ogg Vorbis file holds.
struct Ogg {
    rate: u32,
    left: Vec<f32>,
    right: Vec<f32>,
    comments: Vec<(String, String)>,
}

fn ogg(bytes: &[u8]) -> Ogg {
    let mut reader = lewton::inside_ogg::OggStreamReader::new(Cursor::new(bytes)).expect("valid headers");
    let (mut left, mut right) = (Vec::new(), Vec::new());
    while let Some(packet) = reader.read_dec_packet_generic::<Vec<Vec<f32>>>().expect("a packet") {
        left.extend_from_slice(&packet[0]);
        right.extend_from_slice(&packet[1]);
    }
    Ogg { rate: reader.ident_hdr.audio_sample_rate, left, right, comments: reader.comment_hdr.comment_list }
}

#[test]
fn wav_and_flac_hold_the_same_samples() {
    for (rate, bits) in [(44_100, 16), (48_000, 24), (22_050, 16), (96_000, 24), (8_000, 16)] {
        let sound = tone(10_000, rate);
        let (spec, from_wav) = wav(&encode(&sound, &Encoding::Wav { bits }, &tags()).expect("a WAV"));
        let (info, from_flac) = flac(&encode(&sound, &Encoding::Flac { bits }, &tags()).expect("a FLAC"));
        assert_eq!((spec.sample_rate, u32::from(spec.bits_per_sample), spec.channels), (rate, bits, 2));
        assert_eq!((info.sample_rate, info.bits_per_sample, info.channels), (rate, bits, 2));
        assert_eq!(info.samples, Some(10_000));
        assert_eq!(from_wav, from_flac);
        let full = f64::from((1 << (bits - 1)) - 1);
        let right = |i: usize| (f64::from(from_wav[2 * i + 1]) - full * f64::from(sound.right[i])).abs() <= 1.5;
        assert!(from_wav.len() == 20_000 && (0..10_000).all(right));
    }
}

#[test]
fn sixteen_bits_are_those_of_the_plain_writer() {
    let sound = tone(3_000, 44_100);
    let plain = wav(&aeolian_synth::wav::to_bytes(&sound).expect("a WAV"));
    assert_eq!(wav(&encode(&sound, &Encoding::Wav { bits: 16 }, &Tags::default()).expect("a WAV")), plain);
}

#[test]
fn thirty_two_bits_are_the_samples_themselves() {
    let sound =
        Stereo { sample_rate_hz: 44_100, left: vec![0.1, -2.5, f32::MIN_POSITIVE], right: vec![1e9, 0.3, -0.0] };
    let bytes = encode(&sound, &Encoding::Wav { bits: 32 }, &tags()).expect("a WAV");
    let mut reader = hound::WavReader::new(Cursor::new(bytes)).expect("a valid header");
    assert_eq!(reader.spec().sample_format, hound::SampleFormat::Float);
    let samples: Vec<f32> = reader.samples().map(|s| s.expect("a sample")).collect();
    assert_eq!(samples, [0.1, 1e9, -2.5, 0.3, f32::MIN_POSITIVE, -0.0]);
}

#[test]
fn ogg_is_as_long_and_close() {
    for frames in [50_001, 100_000] {
        let sound = tone(frames, 44_100);
        let Ogg { rate, left, right, .. } =
            ogg(&encode(&sound, &Encoding::Ogg { quality: 0.7 }, &tags()).expect("an Ogg"));
        assert_eq!((rate, left.len(), right.len()), (44_100, frames, frames));
        let error = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum::<f32>();
        let energy: f32 = sound.left.iter().map(|x| x * x).sum();
        // 20 dB below the tone and better, whose beginning and end are jumps.
        assert!(error(&left, &sound.left) <= 0.01 * energy.max(1e-3), "{frames} frames");
    }
}

#[test]
fn the_last_page_of_an_ogg_says_how_many_frames_there_are() {
    for frames in [1, 2_000, 50_001] {
        let bytes = encode(&tone(frames, 44_100), &Encoding::Ogg { quality: 0.5 }, &tags()).expect("an Ogg");
        let last = bytes.windows(4).rposition(|w| w == b"OggS").expect("a page");
        let position = u64::from_le_bytes(bytes[last + 6..last + 14].try_into().expect("8 bytes"));
        assert_eq!(position, frames as u64);
    }
}

#[test]
fn every_file_says_what_it_is() {
    let sound = tone(5_000, 44_100);
    let of = |encoding| encode(&sound, &encoding, &tags()).expect("a file");
    let holds = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
    for encoding in [Encoding::Wav { bits: 24 }, Encoding::Flac { bits: 16 }, Encoding::Ogg { quality: 0.5 }] {
        let bytes = of(encoding);
        assert!(["Morgenröte", "Aeolian", "{\"seed\":7}"].iter().all(|text| holds(&bytes, text)), "{encoding:?}");
    }
    let reader = claxon::FlacReader::new(Cursor::new(of(Encoding::Flac { bits: 16 }))).expect("a valid header");
    assert_eq!(reader.get_tag("TITLE").collect::<Vec<_>>(), ["Morgenröte"]);
    assert_eq!(reader.get_tag("LOOPLENGTH").collect::<Vec<_>>(), ["5000"]);
    let comments = ogg(&of(Encoding::Ogg { quality: 0.5 })).comments;
    assert!(comments.contains(&("AEOLIAN_RECIPE".into(), "{\"seed\":7}".into())));
    // A WAV without loop has no "smpl" chunk, and an untitled one no title.
    let plain = encode(&sound, &Encoding::Wav { bits: 16 }, &Tags::default()).expect("a WAV");
    assert!(holds(&of(Encoding::Wav { bits: 16 }), "smpl") && !holds(&plain, "smpl") && !holds(&plain, "INAM"));
}

#[test]
fn equal_sound_gives_equal_bytes_and_no_sound_a_file_as_well() {
    for encoding in [Encoding::Wav { bits: 16 }, Encoding::Flac { bits: 24 }, Encoding::Ogg { quality: 0.3 }] {
        let bytes = || encode(&tone(9_999, 44_100), &encoding, &tags()).expect("a file");
        assert_eq!(bytes(), bytes());
        assert!(!encode(&Stereo::silence(44_100, 0), &encoding, &tags()).expect("a file").is_empty());
    }
    assert_eq!(
        flac(&encode(&Stereo::silence(44_100, 0), &Encoding::Flac { bits: 16 }, &tags()).expect("a FLAC")).1,
        []
    );
}

#[test]
fn what_a_format_cannot_hold_is_said() {
    let refused = |encoding| encode(&tone(10, 44_100), &encoding, &Tags::default()).expect_err("impossible");
    assert!(matches!(refused(Encoding::Flac { bits: 32 }), Error::Depth { format: "FLAC", bits: 32, .. }));
    assert!(matches!(refused(Encoding::Wav { bits: 8 }), Error::Depth { format: "WAV", bits: 8, .. }));
    assert!(matches!(refused(Encoding::Ogg { quality: 9.0 }), Error::Setting { name: "quality", .. }));
    let fast = encode(&tone(10, 192_000), &Encoding::Flac { bits: 24 }, &tags());
    assert!(matches!(fast, Err(Error::Rate { format: "FLAC", sample_rate_hz: 192_000, max: 96_000 })));
    let timeless = Stereo::silence(0, 10);
    assert!(matches!(encode(&timeless, &Encoding::Ogg { quality: 0.5 }, &tags()), Err(Error::Encoder { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn flac_loses_nothing_of_any_sound(left in prop::collection::vec(-1.2f32..1.2, 0..9_000), deep in any::<bool>()) {
        let right = left.iter().rev().map(|x| 0.5 * x).collect();
        let sound = Stereo { sample_rate_hz: 44_100, left, right };
        let bits = if deep { 24 } else { 16 };
        let from_wav = wav(&encode(&sound, &Encoding::Wav { bits }, &Tags::default()).expect("a WAV")).1;
        let from_flac = flac(&encode(&sound, &Encoding::Flac { bits }, &Tags::default()).expect("a FLAC")).1;
        prop_assert_eq!(from_wav, from_flac);
    }
}
