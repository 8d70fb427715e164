//! The real pop909, where it is there: everything is imported, and canvases hold it.

use aeolian_canvas::{DecodeContext, EncodeReport, NOTE_LANES, NoteCell, NoteLane, decode, encode, lanes_by_name};
use aeolian_corpus::{Corpus, Piece, Split, build};
use aeolian_score::{Note, Score};
use rayon::prelude::*;
use std::path::Path;

/// What is counted over the whole set.
#[derive(Debug, Default)]
struct Totals {
    train: usize,
    valid: usize,
    confident: usize,
    with_sections: usize,
    quarters: usize,
    chord_quarters: usize,
    key_quarters: usize,
    form_quarters: usize,
    notes: [usize; NOTE_LANES],
    /// Pieces in which every note was compared with itself decoded.
    compared: usize,
    encoded: EncodeReport,
}

/// The notes of each lane by pitch, then onset: an order that encoding keeps. The parts of one lane are together.
fn lane_notes(score: &Score, lanes: &[Option<NoteLane>]) -> [Vec<Note>; NOTE_LANES] {
    NoteLane::ALL.map(|lane| {
        let here = score.parts.iter().zip(lanes).filter(|(_, to)| **to == Some(lane));
        let mut notes: Vec<Note> = here.flat_map(|(part, _)| part.notes.iter().copied()).collect();
        notes.sort_by_key(|n| (n.pitch, n.onset));
        notes
    })
}

/// Checks the canvas laws on one piece and counts it.
fn check(piece: &Piece, totals: &mut Totals) {
    let (canvas, report) = encode(&piece.score, &piece.lanes);
    let (decoded, understood) = decode(&canvas, &DecodeContext::default());
    assert_eq!(understood, Default::default(), "{}", piece.id);
    let decoded_lanes = lanes_by_name(&decoded);
    assert!(encode(&decoded, &decoded_lanes).0 == canvas, "{}: a second canvas differs", piece.id);
    let (before, after) = (lane_notes(&piece.score, &piece.lanes), lane_notes(&decoded, &decoded_lanes));
    let kept: usize = after.iter().map(Vec::len).sum();
    let lost = report.notes_merged + report.notes_out_of_range + report.notes_too_late;
    assert_eq!(kept + lost, before.iter().map(Vec::len).sum::<usize>(), "{}", piece.id);
    if lost + report.overlaps_cut == 0 {
        totals.compared += 1;
        let pairs: Vec<(Note, Note)> = before.into_iter().flatten().zip(after.into_iter().flatten()).collect();
        let differing = |differs: fn(&Note, &Note) -> bool| pairs.iter().filter(|(a, b)| differs(a, b)).count();
        assert_eq!(differing(|a, b| a.pitch != b.pitch), 0, "{}", piece.id);
        assert_eq!(differing(|a, b| a.onset != b.onset), report.onsets_moved, "{}", piece.id);
        let ends_changed = report.offsets_moved + report.notes_lengthened;
        assert_eq!(differing(|a, b| a.offset() != b.offset()), ends_changed, "{}", piece.id);
        assert_eq!(differing(|a, b| a.velocity != b.velocity), report.loudness_merged, "{}", piece.id);
    }

    *(if piece.split == Split::Train { &mut totals.train } else { &mut totals.valid }) += 1;
    totals.confident += usize::from(piece.confident_bars);
    totals.with_sections += usize::from(!piece.score.sections.is_empty());
    totals.quarters += canvas.quarters;
    totals.chord_quarters += canvas.chords.iter().flatten().count();
    totals.key_quarters += canvas.keys.iter().flatten().count();
    totals.form_quarters += canvas.form.iter().flatten().count();
    for (count, cells) in totals.notes.iter_mut().zip(&canvas.notes) {
        *count += cells.iter().filter(|cell| **cell == NoteCell::Onset).count();
    }
    totals.encoded += report;
}

#[test]
fn all_of_pop909_is_imported_and_fits_on_canvases() {
    let source = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/pop909"));
    if !source.is_dir() {
        eprintln!("pop909 is not here; nothing was tested");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("pop909.corpus");
    let report = build(&[source.to_owned()], None, &out, &mut |_| {}).unwrap();
    assert_eq!(report.skipped, []);
    let corpus = Corpus::open(&out).unwrap();
    let pieces: Vec<Piece> = corpus.pieces().collect::<Result<_, _>>().unwrap();
    let mut totals = Totals::default();
    let partial = pieces.par_iter().map(|piece| {
        let mut totals = Totals::default();
        check(piece, &mut totals);
        totals
    });
    for one in partial.collect::<Vec<_>>() {
        add(&mut totals, one);
    }
    println!("{report:#?}\n{totals:#?}");
    assert_eq!((totals.train, totals.valid), (739, 74));
    assert!(totals.compared > 400);
    assert_eq!(totals.key_quarters, totals.quarters);
    assert!(totals.chord_quarters * 100 > totals.quarters * 95);
}

fn add(totals: &mut Totals, one: Totals) {
    totals.train += one.train;
    totals.valid += one.valid;
    totals.confident += one.confident;
    totals.with_sections += one.with_sections;
    totals.quarters += one.quarters;
    totals.chord_quarters += one.chord_quarters;
    totals.key_quarters += one.key_quarters;
    totals.form_quarters += one.form_quarters;
    totals.notes.iter_mut().zip(one.notes).for_each(|(sum, n)| *sum += n);
    totals.compared += one.compared;
    totals.encoded += one.encoded;
}
