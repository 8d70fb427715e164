//! How well chords and keys are heard in pop909: the baseline of `aeolian analyze`.
//!
//!     cargo run --release -p aeolian-metrics --example chord_recognition -- ../shared/data [valid|train]
//!
//! Reads MELODY, BRIDGE and PIANO of each song (never the CHORDS track), hears chords in three ways, and prints the
//! weighted recall of the human labels by mir_eval's rules, every quarter of every song weighing the same; then how often
//! the key is found. Expect a plain template match to be right five times in six, and our tracker nineteen in twenty.

use aeolian_metrics::chord_tracking::track_chords;
use aeolian_metrics::chords::VOCABULARY;
use aeolian_metrics::conditional::accompaniment::labels_of_segments;
use aeolian_metrics::conditional::key_accuracy::{KeyAccuracy, key_accuracy};
use aeolian_metrics::conditional::{ChordLabel, ChordRecall, ChordRule, LabelledSpan, chord_recall};
use aeolian_metrics::key::estimate_key;
use aeolian_metrics::{ChordSegment, Excerpt, recognise_chords};
use aeolian_score::{Chord, Key, MeterChange, Mode, Tick, midi};
use serde::Deserialize;
use std::path::Path;

const RULES: [ChordRule; 5] =
    [ChordRule::Root, ChordRule::MajMin, ChordRule::Sevenths, ChordRule::Mirex, ChordRule::MajMinInverted];

#[derive(Deserialize)]
struct Annotation {
    /// Quarter, numerator, denominator.
    time_signature: Vec<(f64, u8, u8)>,
    /// Quarter, sharps, 0 major or 1 minor.
    key_signatures_cl: Vec<(f64, i8, u8)>,
    chords: Vec<AnnotatedChord>,
}

/// Written as an array in this order.
#[derive(Deserialize)]
struct AnnotatedChord {
    /// In quarters.
    start: f64,
    /// In quarters.
    end: f64,
    _label: String,
    root: u8,
    _quality: String,
    bass: u8,
    pitch_classes: Vec<u8>,
}

impl AnnotatedChord {
    fn label(&self) -> LabelledSpan {
        let set = self.pitch_classes.iter().fold(0, |set, pc| set | 1 << (pc % 12));
        let label = ChordLabel::from_pitch_classes(self.root, self.bass, set);
        LabelledSpan { start: self.start, end: self.end, label }
    }
}

impl Annotation {
    /// The key that holds longest, until `end`.
    fn main_key(&self, end: f64) -> Option<Key> {
        let ends = self.key_signatures_cl.iter().skip(1).map(|next| next.0).chain([end]);
        let held = self.key_signatures_cl.iter().zip(ends).map(|(change, until)| (until - change.0, change));
        let (_, &(_, sharps, mode)) = held.max_by(|a, b| a.0.total_cmp(&b.0))?;
        Some(Key::from_signature(sharps, if mode == 1 { Mode::Minor } else { Mode::Major }))
    }
}

/// The simplest recogniser: in each half bar, the template nearest to what sounds, whatever is beside it.
fn match_templates(excerpt: &Excerpt) -> Vec<ChordSegment> {
    let sounding = excerpt.sounding();
    let mut segments = recognise_chords(excerpt); // for its half bars only
    for segment in &mut segments {
        let mut chroma = [0.0; 12];
        for set in &sounding[segment.start..segment.end] {
            (0..128).filter(|pitch| set >> pitch & 1 == 1).for_each(|pitch| chroma[pitch % 12] += 1.0);
        }
        let likeness = |chord: &Chord| {
            let set = chord.pitch_classes();
            let inside: f64 = (0..12).filter(|pc| set >> pc & 1 == 1).map(|pc| chroma[pc]).sum();
            inside / f64::from(set.count_ones()).sqrt()
        };
        let chords = VOCABULARY.into_iter().flat_map(|quality| (0..12).map(move |root| Chord::new(root, quality)));
        segment.chord = segment.chord.and(chords.max_by(|a, b| likeness(a).total_cmp(&likeness(b))));
    }
    segments
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let data = arguments.next().ok_or("usage: chord_recognition DATA [valid|train]")?;
    let part = arguments.next().unwrap_or_else(|| "valid".to_owned());
    let data = Path::new(&data);
    let splits: serde_json::Value = serde_json::from_slice(&std::fs::read(data.join("splits.json"))?)?;
    let names = splits["pop909"][&part].as_array().ok_or("splits.json has no such part of pop909")?;

    type Recogniser = fn(&Excerpt) -> Vec<ChordSegment>;
    let recognisers: [(&str, Recogniser); 3] =
        [("plain templates", match_templates), ("chords.rs", recognise_chords), ("chord_tracking.rs", track_chords)];
    let mut recalls = vec![vec![Vec::new(); RULES.len()]; recognisers.len()];
    let mut keys: Vec<(Key, Option<Key>)> = Vec::new();
    for name in names.iter().filter_map(|name| name.as_str()) {
        let mut score = midi::read(&std::fs::read(data.join(format!("pop909/midi/{name}.mid")))?)?.score;
        let annotation = std::fs::read(data.join(format!("pop909/ann/{name}.json")))?;
        let annotation: Annotation = serde_json::from_slice(&annotation)?;
        score.parts.retain(|part| part.name != "CHORDS");
        let resolution = f64::from(score.ticks_per_quarter);
        let metre = |&(at, numerator, denominator): &(f64, u8, u8)| MeterChange {
            at: Tick((at * resolution) as u32),
            numerator,
            denominator,
        };
        score.meters = annotation.time_signature.iter().map(metre).collect();
        let excerpt = Excerpt::from_score(&score)?;
        let given: Vec<LabelledSpan> = annotation.chords.iter().map(AnnotatedChord::label).collect();
        for ((_, recognise), recalls) in recognisers.iter().zip(&mut recalls) {
            let heard = labels_of_segments(&recognise(&excerpt));
            for (rule, recalls) in RULES.into_iter().zip(recalls) {
                recalls.push(chord_recall(&given, &heard, rule));
            }
        }
        let end = excerpt.steps as f64 / 4.0;
        keys.extend(annotation.main_key(end).map(|key| (key, estimate_key(&excerpt))));
    }
    print!("{:20}", format!("{} songs, {part}", names.len()));
    RULES.iter().for_each(|rule| print!("{:>11}", rule.name()));
    for ((name, _), recalls) in recognisers.iter().zip(recalls) {
        print!("\n{name:20}");
        for pieces in recalls {
            let recall = pieces.into_iter().sum::<ChordRecall>().recall();
            print!("{:>11}", recall.map_or("-".to_owned(), |recall| format!("{recall:.3}")));
        }
    }
    if let Some(KeyAccuracy { pieces, exact, weighted }) = key_accuracy(keys) {
        println!("\nkey of {pieces} songs: exact {exact:.3}, weighted {weighted:.3}");
    }
    Ok(())
}
