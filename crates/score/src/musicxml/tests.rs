//! Laws of the whole document, read back by the small reader below.

use super::*;
use crate::{
    Chord, ChordEvent, ChordQuality, Key, KeyChange, MeterChange, Mode, Note, Section, TempoChange, TextEvent, Tick,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn note(onset: u32, pitch: u8, duration: u32) -> Note {
    Note { onset: Tick(onset), pitch, duration: Tick(duration), velocity: 64 }
}

fn one_part(program: u8, notes: Vec<Note>) -> Score {
    let mut score = Score::new(GRID);
    score.parts.push(Part { name: "Part".into(), program, notes, ..Part::default() });
    score
}

/// The text between tags, for a line that is one leaf.
fn leaf<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.trim().strip_prefix('<')?.strip_prefix(name)?.strip_prefix('>')?.split('<').next()
}

/// What a reader without any knowledge of the writer hears: (onset, pitch, duration), ties joined. Checks on the way
/// that every voice of every bar ends where the bar does.
fn read_notes(document: &str, bar_lengths: &[u32]) -> Vec<(u32, u8, u32)> {
    let (mut bar_start, mut bar, mut at, mut last_onset) = (0, 0, 0, 0);
    let mut fields: BTreeMap<&str, &str> = BTreeMap::new();
    let mut ties: Vec<&str> = Vec::new();
    let mut open: BTreeMap<(String, u8), Vec<(u32, u32)>> = BTreeMap::new();
    let mut heard = Vec::new();
    for line in document.lines().map(str::trim) {
        for field in ["step", "alter", "octave", "duration", "voice"] {
            if let Some(text) = leaf(line, field) {
                fields.insert(field, text);
            }
        }
        let duration = || fields["duration"].parse::<u32>().unwrap();
        match line {
            "<chord/>" => drop(fields.insert("chord", "")),
            "<tie type=\"stop\"/>" | "<tie type=\"start\"/>" => ties.push(line),
            "</forward>" => at += duration(),
            "</backup>" => {
                assert_eq!(at, bar_start + bar_lengths[bar], "a voice does not fill bar {}", bar + 1);
                at -= duration();
            }
            "</measure>" => {
                assert_eq!(at, bar_start + bar_lengths[bar], "a voice does not fill bar {}", bar + 1);
                bar_start = at;
                bar += 1;
            }
            "</part>" => (bar_start, bar, at) = (0, 0, 0),
            "</note>" => {
                let (onset, duration) = (if fields.contains_key("chord") { last_onset } else { at }, duration());
                (last_onset, at) = (onset, onset + duration);
                if let Some(octave) = fields.get("octave") {
                    let step = "C D EF G A B".find(fields["step"]).unwrap() as i32;
                    let alter: i32 = fields.get("alter").map_or(0, |a| a.parse().unwrap());
                    let pitch = (12 * (octave.parse::<i32>().unwrap() + 1) + step + alter) as u8;
                    let sounding = open.entry((fields["voice"].to_owned(), pitch)).or_default();
                    let begun = if ties.contains(&"<tie type=\"stop\"/>") {
                        let i = sounding.iter().position(|&(_, end)| end == onset).expect("a tie has a beginning");
                        sounding.remove(i).0
                    } else {
                        onset
                    };
                    if ties.contains(&"<tie type=\"start\"/>") {
                        sounding.push((begun, onset + duration));
                    } else {
                        heard.push((begun, pitch, onset + duration - begun));
                    }
                }
            }
            _ => continue,
        }
        if line.starts_with("</") {
            fields.clear();
            ties.clear();
        }
    }
    assert!(open.values().all(Vec::is_empty), "a tie has no end");
    heard.sort();
    heard
}

fn bar_lengths(score: &Score) -> Vec<u32> {
    bars::bars(score).unwrap().iter().map(|bar| bar.length).collect()
}

fn sounding(score: &Score) -> Vec<(u32, u8, u32)> {
    let notes = score.parts.iter().filter(|part| !part.is_drum).flat_map(|part| &part.notes);
    let mut notes: Vec<_> = notes.map(|note| (note.onset.0, note.pitch, note.duration.0)).collect();
    notes.sort();
    notes
}

fn scores() -> impl Strategy<Value = Score> {
    let notes = prop::collection::vec((0u32..200, 21u8..109, 1u32..80), 0..40);
    let parts = prop::collection::vec((0u8..128, any::<bool>(), notes), 0..4);
    let meters = prop::collection::vec((0u32..200, 1u8..13, prop::sample::select(vec![1u8, 2, 4, 8, 16, 32])), 0..4);
    let keys = prop::collection::vec((0u32..200, 0u8..12, any::<bool>()), 0..3);
    let chords = prop::collection::vec((1u32..60, 0u8..12, 0u8..12, 0usize..21), 0..6);
    (parts, meters, keys, chords).prop_map(|(parts, meters, keys, chords)| {
        let mut score = Score::new(GRID);
        for (program, is_drum, notes) in parts {
            let mut notes: Vec<Note> = notes.into_iter().map(|(on, pitch, len)| note(on, pitch, len)).collect();
            notes.sort();
            score.parts.push(Part { program, is_drum, notes, ..Part::default() });
        }
        for (at, numerator, denominator) in meters {
            score.meters.push(MeterChange { at: Tick(at), numerator, denominator });
        }
        for (at, tonic, minor) in keys {
            let mode = if minor { Mode::Minor } else { Mode::Major };
            score.keys.push(KeyChange { at: Tick(at), key: Key { tonic, mode } });
        }
        score.meters.sort_by_key(|meter| meter.at);
        score.keys.sort_by_key(|key| key.at);
        let mut at = 0;
        for (length, root, bass, quality) in chords {
            let chord = ChordQuality::ALL.get(quality).map(|&quality| Chord { root, quality, bass });
            score.chords.push(ChordEvent { at: Tick(at), end: Tick(at + length), chord });
            at += length;
        }
        score
    })
}

proptest! {
    #[test]
    fn every_voice_fills_its_bars_and_every_note_is_heard(score in scores()) {
        let document = write(&score).unwrap();
        let bar_starts: Vec<_> = bars::bars(&score).unwrap().iter().map(|bar| Tick(bar.start)).collect();
        let last_chord = score.chords.last().map_or(0, |event| event.at.0 + 1);
        prop_assert_eq!(bar_starts, score.bar_starts(Tick(score.end().0.max(last_chord).max(1))));
        prop_assert_eq!(read_notes(&document, &bar_lengths(&score)), sounding(&score));
        let starts = document.matches("<tuplet type=\"start\"").count();
        prop_assert_eq!(starts, document.matches("<tuplet type=\"stop\"").count());
    }
}

#[test]
fn notes_across_a_bar_line_are_tied() {
    let score = one_part(40, vec![note(36, 72, 24)]);
    let document = write(&score).unwrap();
    assert_eq!(document.matches("<tied type=\"start\"/>").count(), 1);
    assert_eq!(document.matches("<tied type=\"stop\"/>").count(), 1);
    assert_eq!(read_notes(&document, &[48, 48]), [(36, 72, 24)]);
}

#[test]
fn an_empty_score_is_one_bar_of_rest() {
    let document = write(&Score::new(GRID)).unwrap();
    assert!(document.contains("<rest measure=\"yes\"/>"));
    assert_eq!(read_notes(&document, &[48]), []);
}

#[test]
fn an_accidental_holds_until_the_bar_line_and_is_then_recalled() {
    let mut score = one_part(40, vec![note(0, 66, 12), note(12, 66, 12), note(24, 65, 24), note(48, 66, 48)]);
    score.keys = vec![KeyChange { at: Tick(0), key: "C".parse().unwrap() }];
    let document = write(&score).unwrap();
    let accidentals: Vec<_> = document.lines().filter(|line| line.contains("<accidental")).map(str::trim).collect();
    assert_eq!(
        accidentals,
        ["<accidental>sharp</accidental>", "<accidental>natural</accidental>", "<accidental>sharp</accidental>"]
    );
    let mut score = one_part(40, vec![note(0, 66, 48), note(48, 65, 48), note(96, 65, 48)]);
    score.keys = vec![KeyChange { at: Tick(0), key: "C".parse().unwrap() }];
    let document = write(&score).unwrap();
    assert_eq!(document.matches("<accidental cautionary=\"yes\">natural</accidental>").count(), 1);
}

#[test]
fn chord_symbols_have_kind_bass_and_degree() {
    let mut score = one_part(40, vec![note(0, 72, 48)]);
    let event = |at, chord| ChordEvent { at: Tick(at), end: Tick(at + 12), chord };
    let a_minor = Chord { root: 9, quality: ChordQuality::Minor7, bass: 7 };
    let sus = Chord::new(10, ChordQuality::Dominant7Sus4);
    score.chords = vec![event(0, Some(a_minor)), event(12, Some(a_minor)), event(24, Some(sus)), event(36, None)];
    let document = write(&score).unwrap();
    assert_eq!(document.matches("<harmony>").count(), 3, "the same chord is not repeated");
    let compact: String = document.lines().map(str::trim).collect();
    let a_minor = "<root><root-step>A</root-step></root><kind text=\"m7\">minor-seventh</kind>";
    assert!(compact.contains(&format!("{a_minor}<bass><bass-step>G</bass-step></bass></harmony>")));
    assert!(compact.contains("<root-alter>-1</root-alter></root><kind text=\"7sus4\">dominant</kind>"));
    assert!(
        compact.contains("<degree-value>4</degree-value><degree-alter>0</degree-alter><degree-type>add</degree-type>")
    );
    assert!(compact.contains("<kind text=\"N.C.\">none</kind><offset>36</offset>"));
}

#[test]
fn tempo_counts_the_beat_of_the_metre_and_small_changes_are_only_played() {
    let mut score = one_part(40, vec![note(0, 72, 72)]);
    score.meters = vec![MeterChange { at: Tick(0), numerator: 6, denominator: 8 }];
    score.tempos = vec![TempoChange { at: Tick(0), qpm: 90.0 }, TempoChange { at: Tick(36), qpm: 91.5 }];
    let document = write(&score).unwrap();
    let compact: String = document.lines().map(str::trim).collect();
    assert!(compact.contains("<beat-unit>quarter</beat-unit><beat-unit-dot/><per-minute>60</per-minute>"));
    assert_eq!(document.matches("<metronome>").count(), 1);
    assert!(document.contains("<sound tempo=\"91.5\">"));
}

#[test]
fn names_sections_and_syllables_are_written_and_escaped() {
    let mut score = one_part(52, vec![note(0, 72, 24), note(24, 74, 24)]);
    score.title = "Tom & <Jerry>".into();
    score.sections = vec![Section { at: Tick(0), end: Tick(48), label: "A".into() }];
    let syllable = |at, text: &str| TextEvent { at: Tick(at), text: text.into() };
    score.parts[0].lyrics = vec![syllable(0, "har-"), syllable(25, "mony")];
    let document = write(&score).unwrap();
    assert!(document.contains("<work-title>Tom &amp; &lt;Jerry&gt;</work-title>"));
    assert!(document.contains("<rehearsal>A</rehearsal>"));
    let compact: String = document.lines().map(str::trim).collect();
    assert!(compact.contains("<syllabic>begin</syllabic><text>har</text>"));
    assert!(compact.contains("<syllabic>end</syllabic><text>mony</text>"));
}

#[test]
fn what_notation_cannot_hold_is_refused() {
    assert_eq!(write(&Score::new(480)), Err(MusicXmlError::NotQuantised { ticks_per_quarter: 480 }));
    let part = || "Part".to_owned();
    let refused = |notes| write(&one_part(40, notes)).unwrap_err();
    assert_eq!(refused(vec![note(5, 60, 0)]), MusicXmlError::NoDuration { part: part(), at: 5 });
    assert_eq!(refused(vec![note(0, 11, 1)]), MusicXmlError::Pitch { part: part(), pitch: 11 });
    assert!(write(&one_part(40, vec![note(0, 12, 1), note(0, 127, 1)])).is_ok());
    assert!(matches!(refused(vec![note(u32::MAX, 60, 1)]), MusicXmlError::TooLong { .. }));
    assert!(matches!(refused((0..200).map(|i| note(i, 60, 400)).collect()), MusicXmlError::TooDense { most: 128, .. }));
    for (numerator, denominator) in [(0, 4), (4, 0), (4, 3), (4, 64)] {
        let mut score = one_part(40, vec![note(0, 60, 12)]);
        score.meters = vec![MeterChange { at: Tick(0), numerator, denominator }];
        assert_eq!(write(&score), Err(MusicXmlError::Meter { numerator, denominator }));
    }
    let mut short_bars = one_part(40, vec![note(600_000, 60, 12)]);
    short_bars.meters = vec![MeterChange { at: Tick(0), numerator: 1, denominator: 32 }];
    assert!(matches!(write(&short_bars), Err(MusicXmlError::TooManyBars { parts: 1, most: 500_000 })));
    for qpm in [0.0, -1.0, f64::INFINITY] {
        let mut score = one_part(40, vec![note(0, 60, 12)]);
        score.tempos = vec![TempoChange { at: Tick(0), qpm }];
        assert_eq!(write(&score), Err(MusicXmlError::Tempo { qpm }));
    }
}
