//! From folders of music to a corpus file.
//!
//! Pieces are read in parallel and written in order of source and id, so the same music always gives the same bytes.

use crate::importer::{self, Candidate, Importer};
use crate::piece::lane_of;
use crate::{CorpusError, Licence, Piece, Split, file, record};
use aeolian_score::Score;
use rayon::prelude::*;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Pieces read between two reports of progress.
const CHUNK: usize = 64;

/// A splits file says more than a few megabytes only by mistake.
const LARGEST_SPLITS_FILE: u64 = 64 << 20;

/// How far a build is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The source being read.
    pub source: &'a Path,
    /// Its files read so far.
    pub done: usize,
    /// Its files to read.
    pub total: usize,
}

/// A file that did not become a piece, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Which.
    pub path: PathBuf,
    /// Why, in a sentence.
    pub reason: String,
}

/// What one source gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetCount {
    /// Name of the set.
    pub set: String,
    /// The folder.
    pub source: PathBuf,
    /// Who may use what has learned from it.
    pub licence: Licence,
    /// Pieces to learn from.
    pub train: usize,
    /// Pieces to choose with.
    pub valid: usize,
    /// Files passed over because the splits file does not name them.
    pub not_in_splits: usize,
}

/// What a build did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildReport {
    /// One for each source, in order.
    pub sets: Vec<SetCount>,
    /// Files that could not be read.
    pub skipped: Vec<Skipped>,
    /// Notes in all pieces.
    pub notes: usize,
    /// Size of the corpus file.
    pub bytes: u64,
    /// Digest of the corpus.
    pub digest: String,
}

impl BuildReport {
    /// Pieces in the corpus.
    pub fn pieces(&self) -> usize {
        self.sets.iter().map(|set| set.train + set.valid).sum()
    }
}

/// Reads every source folder and writes one corpus to `out`.
///
/// `splits` names the pieces of each set to learn from and to choose with; without it, `splits.json` beside a source
/// is used if it is there. Pieces of a known set that it does not name are left out; where there is no splits file,
/// and for people's own folders, one piece in ten is kept to choose with ([`Split::by_name`]). Damaged files are
/// listed in the report. An existing file at `out` is replaced only by a finished new one.
///
/// # Errors   `Io`; `NoMusic` if a source has no file to try; `NothingImported` if no file became a piece; `Splits`.
pub fn build(
    sources: &[PathBuf],
    splits: Option<&Path>,
    out: &Path,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<BuildReport, CorpusError> {
    build_licensed(sources, splits, Licence::Full, out, progress)
}

/// [`build`] for a model with this licence: with [`Licence::Open`], sources that are not open are refused.
///
/// # Errors   those of [`build`]; `NotOpen` for such a source.
pub fn build_licensed(
    sources: &[PathBuf],
    splits: Option<&Path>,
    licence: Licence,
    out: &Path,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<BuildReport, CorpusError> {
    let mut report = BuildReport::default();
    let mut records = Records::default();
    for source in sources {
        let importer = importer::of(source)?;
        if importer.licence() > licence {
            return Err(CorpusError::NotOpen { path: source.clone(), set: importer.name() });
        }
        build_source(importer, source, splits, &mut report, &mut records, progress)?;
    }
    let Records { records, extended } = records;
    if records.is_empty() {
        let not_in_splits: usize = report.sets.iter().map(|s| s.not_in_splits).sum();
        return Err(CorpusError::NothingImported {
            candidates: not_in_splits + report.skipped.len(),
            first_reason: report.skipped.first().map(|s| format!("{}: {}", s.path.display(), s.reason)),
        });
    }
    (report.digest, report.bytes) = file::write(&records, extended, out)?;
    Ok(report)
}

/// Pieces as bytes, and whether any needs more than the first format had.
#[derive(Default)]
struct Records {
    records: Vec<Vec<u8>>,
    extended: bool,
}

fn build_source(
    importer: &dyn Importer,
    source: &Path,
    splits: Option<&Path>,
    report: &mut BuildReport,
    records: &mut Records,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(), CorpusError> {
    let candidates = importer.pieces(source)?;
    if candidates.is_empty() {
        return Err(CorpusError::NoMusic(source.to_owned()));
    }
    let mut count = SetCount {
        set: importer.name().to_owned(),
        source: source.to_owned(),
        licence: importer.licence(),
        train: 0,
        valid: 0,
        not_in_splits: 0,
    };
    let sides = Sides::of(importer, source, splits)?;
    let found = candidates.len();
    let candidates: Vec<(Candidate, Split)> =
        candidates.into_iter().filter_map(|c| sides.side(importer, &c.id).map(|side| (c, side))).collect();
    count.not_in_splits = found - candidates.len();

    let total = candidates.len();
    progress(Progress { source, done: 0, total });
    for (chunk_index, chunk) in candidates.chunks(CHUNK).enumerate() {
        let read: Vec<_> = chunk.par_iter().map(|(c, split)| import(importer, source, c, *split)).collect();
        for ((candidate, split), result) in chunk.iter().zip(read) {
            match result {
                Ok(Record { bytes, notes, extended }) => {
                    records.records.push(bytes);
                    records.extended |= extended;
                    report.notes += notes;
                    *(if *split == Split::Train { &mut count.train } else { &mut count.valid }) += 1;
                }
                Err(reason) => report.skipped.push(Skipped { path: candidate.path.clone(), reason }),
            }
        }
        progress(Progress { source, done: (chunk_index * CHUNK + chunk.len()).min(total), total });
    }
    report.sets.push(count);
    Ok(())
}

/// One piece as bytes.
#[derive(Debug, PartialEq)]
struct Record {
    bytes: Vec<u8>,
    notes: usize,
    extended: bool,
}

/// Reads one piece.
fn import(importer: &dyn Importer, source: &Path, candidate: &Candidate, split: Split) -> Result<Record, String> {
    let mut imported = importer.import(source, candidate)?;
    put_in_order(&mut imported.score);
    let piece = Piece {
        id: candidate.id.clone(),
        set: importer.name().to_owned(),
        split,
        title: imported.title,
        score: imported.score,
        lanes: imported.roles.iter().map(|role| role.map(lane_of)).collect(),
        roles: imported.roles,
        style: imported.style,
        licence: importer.licence(),
        confident_bars: imported.confident_bars,
    };
    let notes = piece.score.parts.iter().map(|part| part.notes.len()).sum();
    let extended = record::is_extended(&piece);
    let record = record::write(&piece);
    // What cannot be read again must not get in: one strange file would spoil the corpus for good.
    match record::read(&record) {
        Ok(back) if back == piece => Ok(Record { bytes: record, notes, extended }),
        Ok(_) => Err("It does not come back as it was written.".to_owned()),
        Err(reason) => Err(format!("It holds {reason}.")),
    }
}

/// Sorts every list by time, as records need it; equal times keep their order.
fn put_in_order(score: &mut Score) {
    for part in &mut score.parts {
        part.notes.sort();
        part.lyrics.sort_by_key(|l| l.at);
    }
    score.tempos.sort_by_key(|t| t.at);
    score.meters.sort_by_key(|m| m.at);
    score.keys.sort_by_key(|k| k.at);
    score.chords.sort_by_key(|c| c.at);
    score.sections.sort_by_key(|s| s.at);
    score.markers.sort_by_key(|m| m.at);
}

/// Who learns and who chooses, as a splits file says for one set; `None` where no file speaks of it.
struct Sides(Option<HashMap<String, Split>>);

impl Sides {
    /// Reads the splits file given, else the one beside the source, else none.
    fn of(importer: &dyn Importer, source: &Path, given: Option<&Path>) -> Result<Self, CorpusError> {
        if !importer.follows_splits_file() {
            return Ok(Self(None));
        }
        let beside = source.join("..").join("splits.json");
        match given {
            Some(path) => Self::read(path, importer.name()).map(|sides| Self(Some(sides))),
            None if beside.is_file() => Self::read(&beside, importer.name()).map(|sides| Self(Some(sides))),
            None => Ok(Self(None)),
        }
    }

    fn read(path: &Path, set: &str) -> Result<HashMap<String, Split>, CorpusError> {
        let damaged = |reason: String| CorpusError::Splits { path: path.to_owned(), reason };
        let size = std::fs::metadata(path).map_err(CorpusError::io(path))?.len();
        if size > LARGEST_SPLITS_FILE {
            return Err(damaged(format!("it has {size} bytes")));
        }
        let bytes = std::fs::read(path).map_err(CorpusError::io(path))?;
        let all: serde_json::Value = serde_json::from_slice(&bytes).map_err(|e| damaged(e.to_string()))?;
        let mut sides = HashMap::new();
        for (name, side) in [("train", Split::Train), ("valid", Split::Valid)] {
            let ids = all[set][name].as_array().ok_or_else(|| damaged(format!("it has no list {set}.{name}")))?;
            for id in ids {
                let id = id.as_str().ok_or_else(|| damaged(format!("{set}.{name} holds {id}, which is no name")))?;
                if sides.insert(id.to_owned(), side).is_some_and(|before| before != side) {
                    return Err(damaged(format!("{id} of {set} is in train and in valid")));
                }
            }
        }
        Ok(sides)
    }

    /// The side of a piece, or `None` if it must not be used.
    fn side(&self, importer: &dyn Importer, id: &str) -> Option<Split> {
        match &self.0 {
            Some(sides) => sides.get(id).copied(),
            None => Some(importer.default_split(id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Style;
    use crate::importer::Imported;
    use aeolian_score::{GRID, MeterChange, Note, Part, Tick};

    /// Imports the score it holds.
    struct Given(Score);

    impl Importer for Given {
        fn name(&self) -> &'static str {
            "given"
        }
        fn recognises(&self, _: &Path) -> bool {
            true
        }
        fn pieces(&self, _: &Path) -> Result<Vec<Candidate>, CorpusError> {
            Ok(Vec::new())
        }
        fn import(&self, _: &Path, _: &Candidate) -> Result<Imported, String> {
            let roles = vec![None; self.0.parts.len()];
            let style = Style::default();
            Ok(Imported { title: String::new(), score: self.0.clone(), roles, style, confident_bars: true })
        }
    }

    fn import_given(score: Score) -> Result<Record, String> {
        let candidate = Candidate { id: "x".into(), path: "x.mid".into(), entry: String::new() };
        import(&Given(score), Path::new("."), &candidate, Split::Train)
    }

    #[test]
    fn what_could_not_be_read_again_is_skipped() {
        let mut score = Score::new(GRID);
        score.meters = vec![MeterChange { at: Tick(0), numerator: 4, denominator: 64 }];
        assert_eq!(import_given(score), Err("It holds an impossible metre.".to_owned()));
    }

    #[test]
    fn lists_out_of_order_are_sorted() {
        let mut score = Score::new(GRID);
        let note = |onset| Note { onset: Tick(onset), pitch: 60, duration: Tick(3), velocity: 80 };
        score.parts = vec![Part { notes: vec![note(9), note(0)], ..Part::default() }];
        let record = import_given(score).unwrap();
        assert_eq!((record.notes, record.extended), (2, false));
        assert_eq!(record::read(&record.bytes).unwrap().score.parts[0].notes, [note(0), note(9)]);
    }
}
