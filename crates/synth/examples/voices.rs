//! Writes one WAV per General MIDI family, and one of the drum kit, each with a short phrase on every voice of the family.
//!
//!     cargo run --release -p aeolian-synth --example voices -- /tmp/voices
//!
//! You should hear eight instruments a file, each playing the same rising phrase softly, then loudly, and a held chord.

use aeolian_score::{Note, Part, Score, Tick};
use aeolian_synth::{RenderSettings, render, wav};
use std::path::PathBuf;

const FAMILIES: [(&str, u8); 16] = [
    ("piano", 60),
    ("chromatic-percussion", 72),
    ("organ", 60),
    ("guitar", 52),
    ("bass", 36),
    ("strings", 55),
    ("ensemble", 60),
    ("brass", 58),
    ("reed", 60),
    ("pipe", 72),
    ("lead", 64),
    ("pad", 60),
    ("effects", 60),
    ("ethnic", 60),
    ("percussive", 60),
    ("sounds", 60),
];
const QUARTER: u32 = 480;

fn main() -> Result<(), aeolian_synth::Error> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "/tmp/voices".into()));
    std::fs::create_dir_all(&folder).map_err(|source| aeolian_synth::Error::Write { path: folder.clone(), source })?;
    for (index, (name, root)) in FAMILIES.into_iter().enumerate() {
        let mut score = Score::new(QUARTER);
        for voice in 0..8u8 {
            let start = u32::from(voice) * 12 * QUARTER;
            score.parts.push(Part { program: 8 * index as u8 + voice, notes: phrase(start, root), ..Part::default() });
        }
        let path = folder.join(format!("{index:02}-{name}.wav"));
        wav::write(&render(&score, &RenderSettings::default())?, &path)?;
        println!("{}", path.display());
    }
    let mut kit = Score::new(QUARTER);
    let strokes = (35..=81u8).flat_map(|key| {
        let start = u32::from(key - 35) * QUARTER;
        [(start, 60), (start + QUARTER / 2, 115)].map(|(onset, velocity)| note(onset, key, QUARTER / 2, velocity))
    });
    kit.parts.push(Part { is_drum: true, notes: strokes.collect(), ..Part::default() });
    wav::write(&render(&kit, &RenderSettings::default())?, folder.join("drums.wav"))
}

fn note(onset: u32, pitch: u8, duration: u32, velocity: u8) -> Note {
    Note { onset: Tick(onset), pitch, duration: Tick(duration), velocity }
}

/// Five notes softly, five loudly, and a chord.
fn phrase(start: u32, root: u8) -> Vec<Note> {
    let line = [0u8, 4, 7, 12, 7].into_iter().enumerate();
    let mut notes: Vec<Note> = line
        .clone()
        .map(|(i, up)| note(start + i as u32 * QUARTER / 2, root + up, QUARTER / 2, 50))
        .chain(line.map(|(i, up)| note(start + 5 * QUARTER / 2 + i as u32 * QUARTER / 2, root + up, QUARTER / 2, 110)))
        .collect();
    notes.extend([0, 4, 7].map(|up| note(start + 6 * QUARTER, root + up, 4 * QUARTER, 84)));
    notes
}
