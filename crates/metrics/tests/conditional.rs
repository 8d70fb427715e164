//! Our chord recall and key score beside mir_eval's.
//!
//! `testdata/golden/conditional.py` wrote its answers down (`conditional.json`). Fifty chord labels against each other,
//! and all keys against each other, always run. Twelve songs of pop909, their chords against a spoiled copy of them, run
//! where the training music is: in the folder that AEOLIAN_DATA names, else in `shared/data` beside the workspace.

use aeolian_metrics::conditional::key_accuracy::weighted_score;
use aeolian_metrics::conditional::{ChordLabel, ChordRule, LabelledSpan, chord_recall};
use aeolian_score::{Chord, ChordQuality, Key, Mode};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Figures were rounded to nine digits.
const EXACT: f64 = 1e-8;

fn golden() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/golden/conditional.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("conditional.json is there")).expect("it is JSON")
}

fn pitch_class(value: &Value) -> u8 {
    u8::try_from(value.as_u64().expect("a number")).expect("0–11")
}

/// The labels of the table, and N.C.; as a reference also the unknown one.
fn labels(golden: &Value) -> Vec<ChordLabel> {
    let chord = |label: &Value| {
        let name = label[0].as_str().expect("a quality");
        let quality =
            ChordQuality::ALL.into_iter().find(|quality| format!("{quality:?}") == name).expect("one of ours");
        let root = pitch_class(&label[1]);
        Chord { root, quality, bass: (root + pitch_class(&label[2])) % 12 }
    };
    let chords = golden["labels"].as_array().expect("labels").iter().map(|label| ChordLabel::from(chord(label)));
    chords.chain([ChordLabel::NoChord, ChordLabel::Unknown]).collect()
}

#[test]
fn every_pair_of_labels_agrees_as_in_mir_eval_by_every_rule() {
    let golden = golden();
    let labels = labels(&golden);
    for rule in ChordRule::ALL {
        let theirs = golden["agreement"][rule.name()].as_str().expect("answers by rule");
        let (references, estimates) = (&labels[..], &labels[..labels.len() - 1]);
        let pairs = references.iter().flat_map(|r| estimates.iter().map(move |e| (*r, *e)));
        assert_eq!(theirs.len(), references.len() * estimates.len());
        for ((reference, estimate), theirs) in pairs.zip(theirs.chars()) {
            let ours = match rule.agree(reference, estimate) {
                Some(true) => '1',
                Some(false) => '0',
                None => '-',
            };
            assert_eq!(ours, theirs, "{} of {reference:?} and {estimate:?}", rule.name());
        }
    }
}

#[test]
fn every_pair_of_keys_scores_as_in_mir_eval() {
    let keys: Vec<Key> =
        [Mode::Major, Mode::Minor].into_iter().flat_map(|mode| (0..12).map(move |tonic| Key { tonic, mode })).collect();
    let golden = golden();
    for (reference, row) in keys.iter().zip(golden["keys"].as_array().expect("a row a key")) {
        for (estimate, theirs) in keys.iter().zip(row.as_array().expect("a number a key")) {
            assert_eq!(Some(weighted_score(*reference, *estimate)), theirs.as_f64(), "{reference:?} {estimate:?}");
        }
    }
}

/// A chord of an annotation as (start, end, root, intervals, bass), the last two counted from the root.
type Annotated = (f64, f64, u8, u16, u8);

fn annotated(chord: &Value) -> Annotated {
    let (root, bass) = (pitch_class(&chord[3]), pitch_class(&chord[5]));
    let up = |pc: u8| (pc + 12 - root) % 12;
    let set = chord[6].as_array().expect("pitch classes").iter().map(|pc| up(pitch_class(pc)));
    let intervals = set.fold(1 | 1 << up(bass), |set, interval| set | 1u16 << interval);
    let quarters = |value: &Value| value.as_f64().expect("a time");
    (quarters(&chord[0]), quarters(&chord[1]), root, intervals, up(bass))
}

fn span((start, end, root, intervals, bass): Annotated) -> LabelledSpan {
    LabelledSpan { start, end, label: ChordLabel::Chord { root, intervals: intervals | 1 | 1 << bass, bass } }
}

/// The same errors, in the same places, as `spoiled` in conditional.py makes.
fn spoiled(song: usize, chords: &[Annotated]) -> Vec<LabelledSpan> {
    let mut copy = Vec::new();
    for (k, &(start, end, root, intervals, bass)) in chords.iter().enumerate() {
        let other_third = match intervals {
            set if set >> 4 & 1 == 1 => set & !(1 << 4) | 1 << 3,
            set if set >> 3 & 1 == 1 => set & !(1 << 3) | 1 << 4,
            set => set,
        };
        copy.push(match (7 * k + 3 * song) % 12 {
            0 => span((start, end, (root + 7) % 12, intervals, bass)),
            1 => span((start, end, root, other_third, bass)),
            2 => span((start, end, root, intervals | 1 << 10, bass)),
            3 => LabelledSpan { start, end, label: ChordLabel::NoChord },
            4 => span((start + 0.5, end, root, intervals, bass)),
            5 => span((start, end, root, intervals, 7)),
            6 => continue,
            7 => span((start, end, (root + 9) % 12, intervals, bass)),
            _ => span((start, end, root, intervals, bass)),
        });
    }
    copy
}

#[test]
fn recall_on_real_labels_is_that_of_mir_eval() {
    let data = std::env::var_os("AEOLIAN_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let golden = golden();
    let mut skipped = 0;
    for (name, theirs) in golden["songs"].as_object().expect("songs by name") {
        let Ok(text) = std::fs::read_to_string(data.join(format!("pop909/ann/{name}.json"))) else {
            skipped += 1;
            continue;
        };
        let annotation: Value = serde_json::from_str(&text).expect("an annotation is JSON");
        let chords: Vec<Annotated> = annotation["chords"].as_array().expect("chords").iter().map(annotated).collect();
        let given: Vec<LabelledSpan> = chords.iter().copied().map(span).collect();
        let copy = spoiled(name.parse().expect("songs have numbers"), &chords);
        for rule in ChordRule::ALL {
            let ours = chord_recall(&given, &copy, rule).recall().expect("something is judged");
            let theirs = theirs[rule.name()].as_f64().expect("a recall by rule");
            assert!((ours - theirs).abs() < EXACT, "{} of song {name}: {ours}, theirs {theirs}", rule.name());
        }
    }
    if skipped > 0 {
        eprintln!("{skipped} songs skipped: no music in {}", data.display());
    }
}
