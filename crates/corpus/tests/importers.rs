//! Every importer on a tiny collection of its own (`testdata/corpora`).

use aeolian_canvas::NoteLane;
use aeolian_corpus::importer::{self, Importer};
use aeolian_corpus::{Corpus, CorpusError, Licence, Piece, Split, build, build_licensed};
use aeolian_score::role::Role;
use aeolian_score::{KeyChange, MeterChange, Note, Part, Score, TempoChange, Tick, midi};
use std::fs;
use std::path::{Path, PathBuf};

/// Ticks of a quarter in the MIDI files written here.
const QUARTER: u32 = 480;

/// A part of quarters.
fn part(name: &str, program: u8, pitches: &[u8]) -> Part {
    let note = |(beat, pitch): (usize, &u8)| Note {
        onset: Tick(beat as u32 * QUARTER),
        pitch: *pitch,
        duration: Tick(QUARTER),
        velocity: 80,
    };
    let notes = pitches.iter().enumerate().map(note).collect();
    Part { name: name.into(), program, notes, ..Part::default() }
}

fn drums(pitches: &[u8]) -> Part {
    Part { is_drum: true, ..part("Drums", 0, pitches) }
}

fn score(parts: Vec<Part>) -> Score {
    Score { parts, ..Score::new(QUARTER) }
}

/// A copy of a collection of `testdata/corpora` in a folder of that name, with these MIDI files in it and a splits file beside
/// it that names `train` and `valid`.
fn collection(root: &Path, set: &str, files: &[(&str, Score)], train: &[&str], valid: &[&str]) -> PathBuf {
    let source = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/corpora")).join(set);
    let folder = root.join(set);
    copy(&source, &folder);
    for (path, score) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, midi::write(score).unwrap()).unwrap();
    }
    let splits = serde_json::json!({ set: { "train": train, "valid": valid } });
    fs::write(root.join("splits.json"), splits.to_string()).unwrap();
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    // A collection without tables has no folder in a repository.
    let Ok(entries) = fs::read_dir(from) else { return };
    for entry in entries.map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Builds a folder; every file must become a piece.
fn built(folder: &Path) -> Vec<Piece> {
    let out = folder.with_extension("corpus");
    let report = build(&[folder.to_owned()], None, &out, &mut |_| {}).unwrap();
    assert_eq!(report.skipped, []);
    Corpus::open(out).unwrap().pieces().map(Result::unwrap).collect()
}

/// Quarters at which a score's bars begin.
fn bars(score: &Score) -> Vec<u32> {
    score.bar_starts(score.end()).iter().map(|at| at.0 / 12).collect()
}

const A_MINOR: [u8; 7] = [69, 69, 71, 72, 71, 68, 69];

#[test]
fn openewld() {
    let root = tempfile::tempdir().unwrap();
    let song = score(vec![part("P1", 0, &A_MINOR)]);
    let files = [("midi/Own__Song.mid", song.clone()), ("midi/Sealed__Song.mid", song)];
    let pieces = built(&collection(root.path(), "openewld", &files, &[], &["Own__Song"]));
    let [piece] = &pieces[..] else { panic!("only what the splits file names") };
    assert_eq!((piece.id.as_str(), piece.split, piece.licence), ("Own__Song", Split::Valid, Licence::Open));
    assert_eq!((piece.title.as_str(), piece.style.composer.as_str()), ("Song", "Ann Own"));
    assert_eq!(piece.roles, [Some(Role::Melody)]);
    assert_eq!(bars(&piece.score), [0, 1, 4], "a pickup of a quarter");
    assert_eq!(piece.score.keys[0].key.to_string(), "A minor", "the notes tell the mode");
    let chords: Vec<_> = piece.score.chords.iter().map(|c| (c.at.0, c.chord.unwrap().to_string())).collect();
    assert_eq!(chords, [(12, "Am".to_owned()), (48, "E7/G#".to_owned())]);
}

#[test]
fn openscore_lieder() {
    let root = tempfile::tempdir().unwrap();
    let parts = vec![
        part("Singstimme", 52, &[67, 68, 70, 72, 70, 68, 67, 63]),
        part("Piano 1", 0, &[63; 8]),
        part("Piano 2", 0, &[39, 46, 39, 46, 39, 46, 39, 39]),
        Part { name: "Silent".into(), program: 3, ..Part::default() },
    ];
    let pieces = built(&collection(root.path(), "openscore_lieder", &[("midi/lc1.mid", score(parts))], &["lc1"], &[]));
    assert_eq!(pieces[0].roles, [Role::Melody, Role::Harmony, Role::Harmony].map(Some), "silent parts are not kept");
    assert_eq!(pieces[0].lanes, [NoteLane::Melody, NoteLane::Harmony, NoteLane::Harmony].map(Some));
    assert_eq!((pieces[0].style.genre.as_str(), pieces[0].style.composer.as_str()), ("lied", "Ann Own"));
    assert_eq!(pieces[0].score.keys[0].key.to_string(), "Eb major");
}

#[test]
fn openscore_quartets() {
    let root = tempfile::tempdir().unwrap();
    let lines = [("Violin 1", 72), ("Violin 2", 67), ("Viola", 60), ("Violoncello", 48)];
    let parts = lines.map(|(name, low)| part(name, 40, &[low, low + 2, low + 4, low, low, low + 2, low + 4, low]));
    let files = [("midi/sq1.mid", score(parts.to_vec()))];
    let pieces = built(&collection(root.path(), "openscore_quartets", &files, &["sq1"], &[]));
    assert_eq!(pieces[0].roles, [Role::Melody, Role::Counter, Role::Sustained, Role::Bass].map(Some));
    assert_eq!(bars(&pieces[0].score), [0, 4, 6], "the metre changes at the second movement");
    assert_eq!(pieces[0].score.keys.len(), 2);
}

#[test]
fn bach_chorales() {
    let root = tempfile::tempdir().unwrap();
    let lines = [("Soprano", 72), ("Alto", 67), ("Tenor", 60), ("Bass", 48)];
    let parts = lines.map(|(name, low)| part(name, 0, &[low, low + 2, low + 4, low, low, low + 2, low + 4, low]));
    let files = [("midi/bwv999.9.mid", score(parts.to_vec()))];
    let pieces = built(&collection(root.path(), "bach_chorales_music21", &files, &["bwv999.9"], &[]));
    let piece = &pieces[0];
    assert_eq!((piece.title.as_str(), piece.style.composer.as_str()), ("BWV 999.9", "Johann Sebastian Bach"));
    assert_eq!(piece.roles, [Role::Melody, Role::Counter, Role::Sustained, Role::Bass].map(Some));
    let phrases: Vec<_> = piece.score.sections.iter().map(|s| (s.at.0, s.end.0, s.label.as_str())).collect();
    assert_eq!(phrases, [(0, 48, "A"), (48, 96, "A")], "a fermata ends a phrase, and the second sings the first again");
    assert_eq!(piece.score.keys[0].key.to_string(), "A minor", "here the annotation knows the mode");
}

#[test]
fn folk_pd() {
    let root = tempfile::tempdir().unwrap();
    // The tunes come from the ABC; the MIDI files say which there are.
    let any = score(vec![part("", 0, &[60])]);
    let files = [("book/midi/0001.mid", any.clone()), ("book/midi/0003.mid", any.clone()), ("book/midi/0004.mid", any)];
    let folder = collection(root.path(), "folk_pd", &files, &["book/midi/0001", "book/midi/0004"], &["book/midi/0003"]);
    let out = root.path().join("folk.corpus");
    let report = build(&[folder], None, &out, &mut |_| {}).unwrap();
    assert_eq!((report.pieces(), report.skipped.len()), (2, 1));
    assert!(report.skipped[0].reason.contains("no tune of this number"), "{:?}", report.skipped);
    let corpus = Corpus::open(&out).unwrap();
    let (jig, voices) = (corpus.piece(0).unwrap(), corpus.piece(1).unwrap());
    assert_eq!((jig.title.as_str(), jig.style.genre.as_str()), ("The Compiler's Delight", "jig"));
    assert_eq!(jig.style.composer, "Ann Own");
    assert_eq!(jig.score.keys[0].key.to_string(), "E minor", "dorian is nearer to minor");
    assert_eq!(jig.score.tempos[0].qpm, 180.0);
    let form: String = jig.score.sections.iter().map(|s| s.label.as_str()).collect();
    assert_eq!((form.as_str(), jig.confident_bars), ("AABB", true));
    // Edor has a C sharp, which the tune does not use, and an F sharp, which it does.
    assert!(jig.score.parts[0].notes.iter().all(|note| note.pitch % 12 != 5));
    assert_eq!(voices.roles, [Role::Melody, Role::Counter].map(Some));
}

#[test]
fn groove() {
    let root = tempfile::tempdir().unwrap();
    let files = [
        ("drummer1/session1/1_funk_96_beat_4-4.mid", score(vec![drums(&[36, 22, 38, 26])])),
        ("drummer1/session1/2_rock_120_fill_6-8.mid", score(vec![drums(&[36, 43])])),
    ];
    let ids: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
    let pieces = built(&collection(root.path(), "groove", &files, &ids, &[]));
    assert_eq!((pieces[0].title.as_str(), pieces[0].style.genre.as_str()), ("funk, own beat at 96", "funk"));
    assert_eq!(pieces[0].score.parts[0].notes.iter().map(|n| n.pitch).collect::<Vec<_>>(), [36, 42, 38, 46]);
    assert_eq!((pieces[0].score.tempos[0].qpm, pieces[0].confident_bars), (96.0, true));
    assert_eq!((pieces[1].score.meter_at(Tick(0)), pieces[1].confident_bars), ((6, 8), false), "a fill");
    assert_eq!(
        (pieces[0].roles.as_slice(), pieces[0].lanes.as_slice()),
        (&[Some(Role::Drums)][..], &[Some(NoteLane::Drums)][..])
    );
}

#[test]
fn game_multitrack() {
    let root = tempfile::tempdir().unwrap();
    let mut band = score(vec![
        part("untitled", 33, &[36, 43, 36, 43]),
        part("", 80, &[72, 74, 76, 74]),
        part("picklehammer@own", 0, &[60, 64, 60, 64]),
        drums(&[36, 38, 36, 38]),
    ]);
    band.meters = vec![MeterChange { at: Tick(0), numerator: 4, denominator: 4 }];
    band.keys = vec![KeyChange { at: Tick(0), key: "C".parse().unwrap() }];
    let files = [("freedoom/d_own.mid", band), ("elsewhere/x.mid", score(vec![part("", 0, &[60])]))];
    let pieces = built(&collection(root.path(), "game_multitrack", &files, &["freedoom/d_own.mid"], &[]));
    assert_eq!(pieces.len(), 1);
    assert_eq!(pieces[0].roles[0], Some(Role::Bass));
    assert_eq!(pieces[0].roles[1], Some(Role::Melody));
    assert_eq!(pieces[0].roles[3], Some(Role::Drums));
    assert_eq!((pieces[0].title.as_str(), pieces[0].score.keys.len()), ("d_own", 1));
    let heard = pieces[0].score.keys[0].key.to_string();
    assert_ne!(heard, "", "nobody has said the key, so it is heard");
}

#[test]
fn piano_midi_de() {
    let root = tempfile::tempdir().unwrap();
    let mut piece = score(vec![part("Piano right", 0, &A_MINOR), part("Piano left", 0, &[45; 7])]);
    piece.keys = vec![KeyChange { at: Tick(0), key: "C".parse().unwrap() }];
    piece.tempos =
        [(0, 60.0), (QUARTER, 58.0), (2 * QUARTER, 71.0)].map(|(at, qpm)| TempoChange { at: Tick(at), qpm }).to_vec();
    let files = [("midis/Own/own_1.mid", piece.clone()), ("midis/Own/own_2.mid", piece)];
    let pieces = built(&collection(root.path(), "piano_midi_de", &files, &["Own/own_1.mid", "Own/own_2.mid"], &[]));
    assert_eq!((pieces[0].title.as_str(), pieces[0].style.composer.as_str()), ("Small Prelude, in A minor", "Own"));
    assert_eq!((pieces[1].title.as_str(), pieces[1].style.composer.as_str()), ("own 2", "Own"), "without a row");
    assert_eq!(pieces[0].roles, [Some(Role::Harmony); 2]);
    assert_eq!(pieces[0].score.tempos.len(), 3, "the tempo map is the performance");
    assert_eq!(pieces[0].score.keys[0].key.to_string(), "A minor");
}

#[test]
fn mma_band_takes_keys_and_chords_from_the_set_beside_it() {
    let root = tempfile::tempdir().unwrap();
    // The pickup of the song has been made a whole bar.
    let mut melody = part("MELODY", 73, &A_MINOR);
    melody.notes.iter_mut().for_each(|note| note.onset.0 += 2 * QUARTER);
    let walk = part("Walk", 32, &[45; 9]);
    let files = [
        ("openewld/Own__Song.mid", score(vec![melody, drums(&[36; 9]), walk, part("Chord-Sus", 48, &[57; 9])])),
        ("pop909/001.mid", score(vec![part("MELODY", 0, &A_MINOR)])),
    ];
    let folder = collection(root.path(), "mma_band", &files, &["openewld/Own__Song", "pop909/001"], &[]);
    let alone = built(&folder);
    assert_eq!(alone[0].roles, [Role::Melody, Role::Drums, Role::Bass, Role::Sustained].map(Some));
    assert_eq!((alone[0].style.genre.as_str(), alone[0].licence), ("waltz", Licence::Full));
    assert_eq!((alone[0].title.as_str(), alone[0].score.chords.len()), ("Own  Song (OwnWaltz)", 0));

    let splits = fs::read(root.path().join("splits.json")).unwrap();
    let song = score(vec![part("P1", 0, &A_MINOR)]);
    collection(root.path(), "openewld", &[("midi/Own__Song.mid", song)], &[], &[]);
    fs::write(root.path().join("splits.json"), splits).unwrap();
    let beside = built(&folder);
    assert_eq!((beside[0].title.as_str(), beside[0].score.keys.len()), ("Song (OwnWaltz)", 1));
    let chords: Vec<u32> = beside[0].score.chords.iter().map(|chord| chord.at.0 / 12).collect();
    assert_eq!(chords, [3, 6], "two quarters later than in the song");
    assert_eq!(beside[1].score.chords, [], "pop909 is not here");
}

#[test]
fn an_open_corpus_refuses_what_is_not_open() {
    let root = tempfile::tempdir().unwrap();
    let files = [("pop909/001.mid", score(vec![part("MELODY", 0, &A_MINOR)]))];
    let folder = collection(root.path(), "mma_band", &files, &["pop909/001"], &[]);
    let out = root.path().join("open.corpus");
    let error = build_licensed(&[folder], None, Licence::Open, &out, &mut |_| {}).unwrap_err();
    assert!(matches!(error, CorpusError::NotOpen { set: "mma_band", .. }), "{error}");
    assert!(!out.exists());
}

#[test]
fn damaged_tables_and_files_are_sentences_not_crashes() {
    let root = tempfile::tempdir().unwrap();
    let any = || score(vec![part("", 0, &[60])]);
    let files = [
        ("drummer1/session1/1_funk_96_beat_4-4.mid", any()),
        ("drummer1/session1/2_rock_120_fill_6-8.mid", score(vec![drums(&[36])])),
        ("drummer1/session1/3_unknown.mid", any()),
    ];
    let ids: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
    let folder = collection(root.path(), "groove", &files, &ids, &[]);
    fs::write(folder.join("drummer1/session1/4_broken.mid"), b"MThd").unwrap();
    for candidate in importer::groove::Groove.pieces(&folder).unwrap() {
        let result = importer::groove::Groove.import(&folder, &candidate);
        let fine = candidate.id.contains("/2_");
        assert_eq!(result.is_ok(), fine, "{}: {result:?}", candidate.id);
        if let Err(reason) = result {
            assert!(reason.ends_with('.') && reason.len() > 10, "{reason}");
        }
    }
    for nonsense in [
        "",
        "[]",
        "{\"id\": \"lc1\"}",
        "{\"id\": \"lc1\", \"measure_starts_q\": [-1]}",
        "{\"id\": \"lc1\", \"time\": [[0, 0, 4]], \"measure_starts_q\": [0]}",
    ] {
        let file = ("midi/lc1.mid", any());
        let folder = collection(root.path(), "openscore_lieder", &[file], &["lc1"], &[]);
        fs::write(folder.join("annotations.jsonl"), nonsense).unwrap();
        let importer = importer::openscore_lieder::OpenScoreLieder;
        for candidate in importer.pieces(&folder).unwrap() {
            let result = importer.import(&folder, &candidate);
            assert!(result.is_ok() == (nonsense == "{\"id\": \"lc1\"}"), "{nonsense}: {result:?}");
        }
    }
}
