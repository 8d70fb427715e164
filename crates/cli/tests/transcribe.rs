//! Recordings through the whole binary: what `aeolian transcribe` writes, what other verbs hear, and how both refuse.

use aeolian_score::{Score, midi};
use aeolian_synth::Stereo;
use aeolian_synth::formats::{Encoding, Tags, encode};
use std::f64::consts::TAU;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const RATE: u32 = 44_100;
/// Two bars at 100 quarters a minute: (start, length) in quarters, and the pitch.
const TUNE: [(f64, f64, u8); 8] = [
    (0.0, 1.0, 60),
    (1.0, 1.0, 62),
    (2.0, 1.0, 64),
    (3.0, 1.0, 64),
    (4.0, 1.0, 67),
    (5.0, 0.5, 65),
    (5.5, 0.5, 64),
    (6.0, 2.0, 60),
];

fn aeolian(folder: &Path, line: &str) -> Output {
    let arguments = line.split_whitespace();
    Command::new(env!("CARGO_BIN_EXE_aeolian")).current_dir(folder).args(arguments).output().expect("the binary starts")
}

fn sound() -> Stereo {
    let mut sound = Stereo::silence(RATE, 6 * RATE as usize);
    for (start, length, pitch) in TUNE {
        let (from, seconds) = (0.5 + 0.6 * start, 0.6 * length - 0.03);
        let hz = 440.0 * ((f64::from(pitch) - 69.0) / 12.0).exp2();
        for i in 0..(seconds * f64::from(RATE)) as usize {
            let t = i as f64 / f64::from(RATE);
            let shape = (t / 0.01).min((seconds - t) / 0.03).clamp(0.0, 1.0);
            let tone = (TAU * hz * t).sin() + 0.3 * (2.0 * TAU * hz * t).sin();
            let at = (from * f64::from(RATE)) as usize + i;
            (sound.left[at], sound.right[at]) = ((0.3 * shape * tone) as f32, (0.2 * shape * tone) as f32);
        }
    }
    sound
}

fn record(folder: &Path, name: &str, encoding: Encoding) {
    fs::write(folder.join(name), encode(&sound(), &encoding, &Tags::default()).expect("a sound")).expect("a file");
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn refused(output: &Output, words: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains(words), "\"{words}\" is not in: {said}");
    assert!(!said.contains("panicked") && said.lines().count() <= 8, "not a plain sentence: {said}");
}

fn score(path: &Path) -> Score {
    midi::read(&fs::read(path).expect("a file")).expect("a MIDI file").score
}

#[test]
fn the_same_tune_is_heard_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let encodings = [
        ("a.wav", Encoding::Wav { bits: 24 }),
        ("b.flac", Encoding::Flac { bits: 16 }),
        ("c.ogg", Encoding::Ogg { quality: 0.6 }),
        // The bytes decide, not the name.
        ("d.mid", Encoding::Wav { bits: 32 }),
    ];
    for (name, encoding) in encodings {
        record(folder.path(), name, encoding);
        let told = said(&aeolian(folder.path(), &format!("transcribe {name} --out heard")));
        assert!(told.contains("8 notes") && told.contains("C major"), "{told}");
        let score = score(&folder.path().join("heard").join(&name[..1]).with_extension("mid"));
        let pitches: Vec<u8> = score.parts[0].notes.iter().map(|n| n.pitch).collect();
        assert_eq!(pitches, TUNE.map(|n| n.2), "{name}");
    }
    let begins = |name: &str, words: &str| {
        fs::read_to_string(folder.path().join("heard").join(name)).unwrap().starts_with(words)
    };
    assert!(begins("a.svg", "<svg") && begins("a.musicxml", "<?xml"));
}

#[test]
fn a_tempo_and_a_bar_can_be_said() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), "hum.wav", Encoding::Wav { bits: 16 });
    said(&aeolian(folder.path(), "transcribe hum.wav --tempo 100 --bar 3 --key Am --out ."));
    let score = score(&folder.path().join("hum.mid"));
    assert!((score.tempos[0].qpm - 100.0).abs() < 2.0, "{:?}", score.tempos);
    assert_eq!(score.meter_at(aeolian_score::Tick(0)), (3, 4));
    assert_eq!(score.keys[0].key.to_string(), "A minor");
}

#[test]
fn other_verbs_start_from_a_recording() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), "hum.flac", Encoding::Flac { bits: 16 });
    said(&aeolian(folder.path(), "harmonize hum.flac --tempo 100 -n 1 --steps 2 --seed 3 --out ."));
    let score = score(&folder.path().join("hum-harmonize-3.mid"));
    let melody: Vec<u8> = score.parts[0].notes.iter().map(|n| n.pitch).collect();
    assert_eq!(melody, TUNE.map(|n| n.2));
    assert!(score.parts.len() > 1 && said(&aeolian(folder.path(), "analyze hum.flac")).contains("hum.flac"));
}

#[test]
fn what_cannot_be_heard_is_said_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let flac = encode(&sound(), &Encoding::Flac { bits: 16 }, &Tags::default()).unwrap();
    write("cut.flac", &flac[..flac.len() / 2]);
    write("text.wav", b"no sound");
    write("song.m4a", b"\0\0\0\x20ftypM4A ");
    let silence = encode(&Stereo::silence(RATE, 9_000), &Encoding::Wav { bits: 16 }, &Tags::default()).unwrap();
    write("silent.wav", &silence);
    refused(&aeolian(folder.path(), "transcribe nowhere.wav"), "nowhere.wav cannot be read");
    refused(&aeolian(folder.path(), "transcribe cut.flac"), "the FLAC file is damaged");
    refused(&aeolian(folder.path(), "transcribe text.wav"), "not a WAV, FLAC");
    refused(&aeolian(folder.path(), "transcribe song.m4a"), "MPEG-4");
    refused(&aeolian(folder.path(), "transcribe silent.wav"), "no notes are heard in silent.wav");
    refused(&aeolian(folder.path(), "harmonize silent.wav"), "no notes are heard in silent.wav");
    refused(&aeolian(folder.path(), "transcribe silent.wav --tempo 10"), "40 to 220");
    refused(&aeolian(folder.path(), "transcribe silent.wav --bar 0"), "1 to 16");
    assert!(!folder.path().join("out").exists());
}
