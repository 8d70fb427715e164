//! `aeolian render` and `aeolian doctor`, as people meet them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn aeolian(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_aeolian")).current_dir(folder).args(arguments).output().expect("the binary starts")
}

/// Two parts of eight quarters (4 seconds at 120 a minute), the second named with a slash.
fn song(folder: &Path) {
    use aeolian_score::{Note, Part, Score, Tick, midi};
    let mut score = Score::new(480);
    score.title = "Two voices".into();
    for (name, program, pitch) in [("Flute", 73, 72), ("Bass / low", 33, 40)] {
        let note =
            |i: u32| Note { onset: Tick(480 * i), pitch: pitch + (i % 5) as u8, duration: Tick(480), velocity: 90 };
        score.parts.push(Part { name: name.into(), program, notes: (0..8).map(note).collect(), ..Part::default() });
    }
    fs::write(folder.join("song.mid"), midi::write(&score).expect("a MIDI file")).expect("a file");
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

fn samples(path: &Path) -> Vec<f32> {
    hound::WavReader::open(path).expect("a WAV file").samples().map(|s| s.expect("a sample")).collect()
}

#[test]
fn a_midi_file_becomes_sound_of_every_kind() {
    let folder = tempfile::tempdir().unwrap();
    song(folder.path());
    let told = said(&aeolian(folder.path(), &["render", "song.mid"]));
    assert!(told.contains("song.wav") && told.contains("0:06.5") && told.contains("-16.0 LUFS"), "{told}");
    said(&aeolian(folder.path(), &["render", "song.mid", "-o", "a/b.flac", "--bits", "24", "--sample-rate", "48000"]));
    said(&aeolian(folder.path(), &["render", "song.mid", "--format", "ogg", "--loudness", "-20"]));
    let begins = |name: &str, magic: &[u8]| fs::read(folder.path().join(name)).unwrap().starts_with(magic);
    assert!(begins("song.wav", b"RIFF") && begins("a/b.flac", b"fLaC") && begins("song.ogg", b"OggS"));
    let left_over = |e: &fs::DirEntry| e.file_name().to_string_lossy().ends_with(".part");
    assert!(!fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap()).any(|e| left_over(&e)));
}

#[test]
fn stems_are_written_and_sum_to_the_mix() {
    let folder = tempfile::tempdir().unwrap();
    song(folder.path());
    let arguments = ["render", "song.mid", "--stems", "--bits", "32", "--loudness", "off", "--pictures"];
    said(&aeolian(folder.path(), &arguments));
    let mut names: Vec<_> =
        fs::read_dir(folder.path().join("song-stems")).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["01 Flute.wav", "02 Bass _ low.wav", "03 Hall.wav"]);
    let mut sum = vec![0.0f32; samples(&folder.path().join("song.wav")).len()];
    for name in &names {
        let stem = samples(&folder.path().join("song-stems").join(name));
        sum.iter_mut().zip(&stem).for_each(|(s, x)| *s += x);
    }
    // Without a loudness and below the ceiling the master stage changes nothing.
    assert!(sum.iter().all(|x| x.abs() < 0.8) && sum == samples(&folder.path().join("song.wav")));
    for picture in ["song.waveform.svg", "song.spectrogram.svg"] {
        assert!(fs::read(folder.path().join(picture)).unwrap().starts_with(b"<svg"));
    }
}

#[test]
fn a_loop_is_as_long_as_its_bars() {
    let folder = tempfile::tempdir().unwrap();
    song(folder.path());
    said(&aeolian(folder.path(), &["render", "song.mid", "--loop", "--bits", "32"]));
    assert_eq!(samples(&folder.path().join("song.wav")).len(), 2 * 4 * 44_100);
}

#[test]
fn what_cannot_be_done_is_said_in_a_sentence_and_harms_nothing() {
    let folder = tempfile::tempdir().unwrap();
    song(folder.path());
    fs::write(folder.path().join("song.wav"), "precious").unwrap();
    fs::write(folder.path().join("broken.sf2"), "RIFF....sfbkLIST").unwrap();
    fs::write(folder.path().join("text.mid"), "no music").unwrap();
    let render = |arguments: &[&str]| aeolian(folder.path(), &[&["render"], arguments].concat());
    refused(&render(&["nowhere.mid"]), "nowhere.mid cannot be read");
    refused(&render(&["text.mid"]), "not a MIDI, MusicXML or ABC file");
    refused(&render(&["song.mid", "--soundfont", "broken.sf2"]), "broken.sf2 cannot play");
    refused(&render(&["song.mid", "--soundfont", "no-such-font"]), "--soundfont no-such-font: there is none");
    refused(&render(&["song.mid", "-o", "song.mp3"]), ".mp3");
    refused(&render(&["song.mid", "-o", "song.ogg", "--format", "flac"]), "do not agree");
    refused(&render(&["song.mid", "--format", "flac", "--bits", "32"]), "16 or 24");
    refused(&render(&["song.mid", "--format", "ogg", "--bits", "16"]), "--bits");
    refused(&render(&["song.mid", "--sample-rate", "5"]), "--sample-rate");
    refused(&render(&["song.mid", "--loudness", "3"]), "--loudness");
    refused(&render(&["song.mid", "-o", "text.mid/x.wav"]), "cannot be written");
    assert_eq!(fs::read(folder.path().join("song.wav")).unwrap(), b"precious");
}

#[test]
fn the_doctor_tells_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let told = said(&aeolian(folder.path(), &["doctor"]));
    for words in
        ["Aeolian", "cores: ", "instruction sets: portable", "model: transformer", "SoundFont", "files can be written"]
    {
        assert!(told.contains(words), "\"{words}\" is not in: {told}");
    }
    assert!(said(&aeolian(folder.path(), &["doctor", "--out", "nowhere"])).contains("nothing can be written"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
