//! The real collections, where they are there: everything is read, roles are found again without names, and the ABC reader
//! agrees with abc2midi.

use aeolian_canvas::NoteLane;
use aeolian_corpus::importer::{self, Importer};
use aeolian_corpus::{Corpus, Licence, Piece, build};
use aeolian_score::quantise::quantise;
use aeolian_score::role::{self, Role};
use aeolian_score::{Key, Mode, Score, abc, midi};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

fn data(set: &str) -> Option<PathBuf> {
    let beside = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).to_owned();
    // For a checkout that does not lie beside the data.
    let folder = std::env::var_os("AEOLIAN_DATA").map_or(beside, PathBuf::from).join(set);
    if !folder.is_dir() {
        eprintln!("{set} is not here; nothing was tested");
        return None;
    }
    Some(folder)
}

/// Pieces of the real set, built as people build them.
fn pieces(set: &str) -> Option<Vec<Piece>> {
    let source = data(set)?;
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("set.corpus");
    let report = build(&[source], None, &out, &mut |_| {}).unwrap();
    for skipped in &report.skipped {
        println!("left out {}: {}", skipped.path.display(), skipped.reason);
    }
    println!("{set}: {:?}, {} left out, {} notes", report.sets[0], report.skipped.len(), report.notes);
    let corpus = Corpus::open(&out).unwrap();
    Some(corpus.pieces().map(|piece| piece.unwrap()).collect())
}

/// How many parts whose names tell a role (drums apart, which the channel tells) are given it when all names are hidden, and how
/// many notes they hold; printed with who is taken for whom.
fn blind_roles(set: &str, scores: &[Score]) -> Option<f64> {
    let mut confusion: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut wrong: HashMap<(String, u8, &str), usize> = HashMap::new();
    let (mut right, mut all) = (0, 0);
    for score in scores {
        let truth = role::by_name(score);
        let mut hidden = score.clone();
        hidden.parts.iter_mut().for_each(|part| part.name.clear());
        for ((part, truth), found) in score.parts.iter().zip(truth).zip(role::by_sound(&hidden)) {
            let Some(truth) = truth.filter(|role| *role != Role::Drums && !part.notes.is_empty()) else { continue };
            let found_name = found.map_or("none", Role::name);
            *confusion.entry((truth.name(), found_name)).or_default() += 1;
            all += 1;
            right += usize::from(found == Some(truth));
            if found != Some(truth) {
                *wrong.entry((part.name.clone(), part.program, found_name)).or_default() += 1;
            }
        }
    }
    let mut wrong: Vec<_> = wrong.into_iter().collect();
    wrong.sort_by_key(|(what, count)| (usize::MAX - count, what.clone()));
    println!(
        "{set}: roles of {right} of {all} named parts found without names ({:.1} %)",
        100.0 * right as f64 / all as f64
    );
    println!("  {confusion:?}");
    println!("  {:?}", &wrong[..wrong.len().min(14)]);
    (all > 0).then(|| right as f64 / all as f64)
}

/// Imports a set, checks what every set promises, and returns the accuracy of roles without names.
fn check(set: &str, expected: usize, licence: Licence) -> Option<(Vec<Piece>, f64)> {
    let pieces = pieces(set)?;
    assert_eq!(pieces.len(), expected, "{set}");
    for piece in &pieces {
        assert_eq!((piece.set.as_str(), piece.licence), (set, licence), "{}", piece.id);
        assert!(!piece.title.is_empty(), "{} has no title", piece.id);
        assert!(piece.score.parts.iter().any(|part| !part.notes.is_empty()), "{}", piece.id);
    }
    let scores: Vec<Score> = pieces.iter().map(|piece| piece.score.clone()).collect();
    let accuracy = blind_roles(set, &scores).unwrap_or(1.0);
    Some((pieces, accuracy))
}

#[test]
fn pop909_keeps_its_digest() {
    let Some(source) = data("pop909") else { return };
    let folder = tempfile::tempdir().unwrap();
    let report = build(&[source], None, &folder.path().join("pop909.corpus"), &mut |_| {}).unwrap();
    // Trainings are resumed on this digest, and shipped models name it.
    assert_eq!(report.digest, "cc7eecaa1169b21d85e8c5998e91f9e30660b81d89796bd6c44a0a8e1bc1ac7e");
}

#[test]
fn pop909_roles() {
    let Some((_, accuracy)) = check("pop909", 813, Licence::Full) else { return };
    assert!(accuracy > 0.8, "{accuracy}");
}

#[test]
fn mma_band() {
    let Some((pieces, accuracy)) = check("mma_band", 951, Licence::Full) else { return };
    assert!(pieces.iter().all(|piece| !piece.style.genre.is_empty()));
    // Keys, chords and form come from the sets the melodies come from. Chords and bass must be of one mind.
    let with_chords = pieces.iter().filter(|piece| !piece.score.chords.is_empty()).count();
    let (mut agreeing, mut all) = (0, 0);
    for piece in &pieces {
        for (part, _) in piece.score.parts.iter().zip(&piece.roles).filter(|(_, role)| **role == Some(Role::Bass)) {
            for note in &part.notes {
                let chord = piece.score.chords.iter().find(|chord| chord.at <= note.onset && note.onset < chord.end);
                let Some(chord) = chord.and_then(|chord| chord.chord) else { continue };
                all += 1;
                agreeing += usize::from(chord.pitch_classes() >> (note.pitch % 12) & 1 == 1);
            }
        }
    }
    println!("{with_chords} with chords; {agreeing} of {all} bass notes belong to them");
    assert!(with_chords > 900 && agreeing * 100 > all * 70);
    assert!(accuracy > 0.8, "{accuracy}");
}

#[test]
fn game_multitrack() {
    let Some((_, accuracy)) = check("game_multitrack", 153, Licence::Open) else { return };
    assert!(accuracy > 0.6, "{accuracy}");
}

#[test]
fn openscore_lieder() {
    let Some((pieces, accuracy)) = check("openscore_lieder", 1307, Licence::Open) else { return };
    assert!(pieces.iter().all(|piece| !piece.style.composer.is_empty()));
    assert!(accuracy > 0.9, "{accuracy}");
}

#[test]
fn openscore_quartets() {
    let Some((_, accuracy)) = check("openscore_quartets", 109, Licence::Open) else { return };
    assert!(accuracy > 0.9, "{accuracy}");
}

#[test]
fn bach_chorales() {
    let Some((pieces, accuracy)) = check("bach_chorales_music21", 326, Licence::Open) else { return };
    assert!(accuracy > 0.9, "{accuracy}");
    // Their modes are known: hide them, and see whether the notes tell.
    let told = pieces.iter().filter(|piece| {
        let mut hidden = piece.score.clone();
        for change in &mut hidden.keys {
            change.key = Key::from_signature(change.key.signature(), Mode::Major);
        }
        importer::mode::with_modes(&hidden) == piece.score.keys
    });
    let told = told.count();
    println!("mode found from the notes of {told} of {} chorales", pieces.len());
    assert!(told * 100 > pieces.len() * 90);
    let with_phrases = pieces.iter().filter(|piece| piece.score.sections.len() > 1).count();
    println!("{with_phrases} chorales with phrases");
    assert!(with_phrases > 310);
}

#[test]
fn openewld() {
    let Some((pieces, _)) = check("openewld", 447, Licence::Open) else { return };
    let quarters: u32 = pieces.iter().map(|piece| piece.score.end().0 / 12).sum();
    let chords: u32 = pieces.iter().flat_map(|piece| &piece.score.chords).map(|c| (c.end.0 - c.at.0) / 12).sum();
    let minor = pieces.iter().filter(|p| p.score.keys.first().is_some_and(|k| k.key.mode == Mode::Minor)).count();
    println!("chords over {chords} of {quarters} quarters; {minor} in minor");
    assert!(chords * 100 > quarters * 85);
}

#[test]
fn groove() {
    let Some((pieces, _)) = check("groove", 1021, Licence::Open) else { return };
    assert!(pieces.iter().all(|piece| piece.roles.iter().all(|role| *role == Some(Role::Drums))));
    assert!(pieces.iter().all(|piece| piece.lanes.iter().all(|lane| *lane == Some(NoteLane::Drums))));
}

#[test]
fn piano_midi_de() {
    let Some((pieces, _)) = check("piano_midi_de", 301, Licence::Open) else { return };
    let mut changes: Vec<usize> = pieces.iter().map(|piece| piece.score.tempos.len()).collect();
    changes.sort_unstable();
    println!("median tempo changes: {}", changes[changes.len() / 2]);
    assert!(changes[changes.len() / 2] > 300, "the tempo map is the performance");
}

/// Notes as (pitch, onset, duration), sorted.
fn notes(score: &Score) -> Vec<(u32, u8, u32)> {
    let mut notes: Vec<_> =
        score.parts.iter().flat_map(|p| &p.notes).map(|n| (n.onset.0, n.pitch, n.duration.0)).collect();
    notes.sort_unstable();
    notes
}

#[test]
fn folk_tunes_agree_with_their_midi_files() {
    let Some((pieces, _)) = check("folk_pd", 3833, Licence::Open) else { return };
    let confident = pieces.iter().filter(|piece| piece.confident_bars).count();
    let sections = pieces.iter().filter(|piece| !piece.score.sections.is_empty()).count();
    println!("{confident} with certain bars, {sections} with strains");
    let source = data("folk_pd").unwrap();
    let used: HashSet<&str> = pieces.iter().map(|piece| piece.id.as_str()).collect();
    let candidates = importer::folk_pd::FolkPd.pieces(&source).unwrap();
    let candidates: Vec<_> = candidates.into_iter().filter(|c| used.contains(c.id.as_str())).collect();
    let compared: Vec<(&'static str, String)> = candidates
        .par_iter()
        .map(|candidate| {
            let tune = abc::tunes(candidate.entry.as_bytes()).remove(0);
            let read = midi::read(&std::fs::read(&candidate.path).unwrap()).unwrap();
            let (ours, theirs) = (notes(&quantise(&tune.score).0), notes(&quantise(&read.score).0));
            (verdict(&tune, &candidate.entry, &ours, &theirs), candidate.id.clone())
        })
        .collect();
    let mut verdicts: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
    for (verdict, id) in &compared {
        verdicts.entry(verdict).or_default().push(id);
    }
    for (verdict, ids) in &verdicts {
        println!("{verdict}: {} e.g. {:?}", ids.len(), &ids[..ids.len().min(12)]);
    }
    let (ours, found) = candidates.par_iter().map(same_starts).reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    println!("{found} of {ours} notes start at the same moment ({:.2} %)", 100.0 * found as f64 / ours as f64);
    let exact = verdicts.get("exact").map_or(0, Vec::len);
    assert!(exact * 1000 > compared.len() * 390, "{exact}");
    let unexplained = verdicts.get("unexplained").map_or(0, Vec::len);
    assert!(unexplained * 100 < compared.len(), "{unexplained}");
}

/// Notes of the ABC, and how many of them start with the same pitch within a twelfth of a quarter in the MIDI
/// file.
fn same_starts(candidate: &importer::Candidate) -> (usize, usize) {
    let tune = abc::tunes(candidate.entry.as_bytes()).remove(0);
    let read = midi::read(&std::fs::read(&candidate.path).unwrap()).unwrap();
    let (ours, theirs) = (notes(&quantise(&tune.score).0), notes(&quantise(&read.score).0));
    let theirs: HashSet<(u32, u8)> = theirs.iter().map(|n| (n.0, n.1)).collect();
    let found = |n: &&(u32, u8, u32)| (n.0.saturating_sub(1)..=n.0 + 1).any(|at| theirs.contains(&(at, n.1)));
    (ours.len(), ours.iter().filter(found).count())
}

/// Why two readings of a tune differ, as far as its text tells. abc2midi plays what a score does not hold: grace notes take
/// time from the next note, a trill (T) is written out, a staccato note (.) is halved, a note under a fermata (H) doubled; and it
/// takes a `:|` without `|:` back over a double bar line, where standard 2.1 has it go back to it; hornpipes it swings, two to one.
fn verdict(tune: &abc::Tune, text: &str, ours: &[(u32, u8, u32)], theirs: &[(u32, u8, u32)]) -> &'static str {
    let field = |line: &str| line.get(1..2) == Some(":") && line.starts_with(char::is_alphabetic);
    let music = text.lines().skip_while(|line| !line.starts_with("K:")).filter(|line| !field(line));
    let music = music.collect::<Vec<_>>().join("\n");
    let plain: String = music.split('"').step_by(2).collect();
    let near = |(a, b): (&(u32, u8, u32), &(u32, u8, u32))| {
        a.1 == b.1 && a.0.abs_diff(b.0) <= 1 && (a.0 + a.2).abs_diff(b.0 + b.2) <= 1
    };
    if ours == theirs {
        "exact"
    } else if ours.len() == theirs.len() && ours.iter().zip(theirs).all(near) {
        "equal within a twelfth of a quarter"
    } else if tune.repairs.grace_notes > 0 {
        "has grace notes"
    } else if plain.contains(['T', 'H', '.', '~', 'M', 'P', 'S']) {
        "has trills, staccato or fermatas"
    } else if tune.rhythm.eq_ignore_ascii_case("hornpipe") {
        "hornpipe, swung"
    } else if plain.contains("||") || plain.contains("|]") {
        "has double bar lines inside"
    } else if plain.contains(['>', '<']) {
        "has broken rhythms"
    } else {
        "unexplained"
    }
}
