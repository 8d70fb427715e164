//! A folder of MIDI files as a [`Set`] of pieces, whole or cut into windows of equal length.
//!
//! Pieces of different lengths are told apart by their length alone, and a model that composes eight bars should be
//! compared with eight bars: hence [`Cut::Bars`]. Files that cannot be measured are left out *and named*; nothing goes
//! missing in silence.

use crate::Error;
use crate::sentences::counted;
use aeolian_metrics::compare::random::Draws;
use aeolian_metrics::{Excerpt, Piece};
use aeolian_score::{Score, Tick, midi};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// Notes (drums included) that a whole piece has at least: one note is no music.
pub const FEWEST_NOTES: usize = 2;
/// Notes (drums included) that start in a window at least.
pub const FEWEST_NOTES_IN_WINDOW: usize = 4;
/// Why a file of another kind is left out.
pub const NO_MIDI: &str = "It is no MIDI file: its name ends neither in .mid nor in .midi.";
/// Folders within folders are read down to this depth; deeper is a loop of links.
const DEEPEST_FOLDER: usize = 32;

/// How files become pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cut {
    /// A file is a piece.
    Whole,
    /// Windows of this many bars (≥ 1), one after another, from the first bar on. The last window, or a file that is
    /// shorter, counts if at least three quarters of its bars are there: composed pieces may end a little early.
    Bars(usize),
}

impl Cut {
    /// "whole pieces", "cuts of 8 bars".
    pub fn name(self) -> String {
        match self {
            Self::Whole => "whole pieces".to_owned(),
            Self::Bars(bars) => format!("cuts of {bars} bars"),
        }
    }
}

/// A piece and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedPiece {
    /// Its file, seen from the folder.
    pub file: String,
    /// The bar of the file that it begins with, counted from 1.
    pub start_bar: usize,
    /// Index of its file in [`Set::files`]: all cuts of a file are one song.
    pub song: usize,
    /// The music.
    pub piece: Piece,
}

/// A file that gave at least one piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path, seen from the folder.
    pub name: String,
    /// A hash of its notes on the step grid: files with equal notes have equal fingerprints, whatever their bytes.
    pub fingerprint: u64,
}

/// The pieces of a folder.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Set {
    /// The folder's name.
    pub name: String,
    /// Files that gave pieces, sorted by path.
    pub files: Vec<SourceFile>,
    /// The pieces, in order of file and bar.
    pub pieces: Vec<NamedPiece>,
    /// Pieces there would have been without a limit.
    pub available: usize,
    /// Files that gave none, with the reason as a sentence.
    pub left_out: Vec<(PathBuf, String)>,
}

impl Set {
    /// How many of the files left out are MIDI files by their names.
    pub fn midi_left_out(&self) -> usize {
        self.left_out.iter().filter(|(path, _)| is_midi(path)).count()
    }

    /// An even choice of at most `most` of its pieces: see [`choose_evenly`].
    pub fn choose(&self, most: usize, seed: u64) -> Self {
        let songs: Vec<usize> = self.pieces.iter().map(|piece| piece.song).collect();
        let chosen = choose_evenly(&songs, most, seed);
        Self { pieces: chosen.into_iter().map(|index| self.pieces[index].clone()).collect(), ..self.clone() }
    }

    /// How many of its files have pieces in it.
    pub fn songs(&self) -> usize {
        let mut songs: Vec<usize> = self.pieces.iter().map(|piece| piece.song).collect();
        songs.sort_unstable();
        songs.dedup();
        songs.len()
    }
}

/// At most `most` places of the list, files taking turns: first one piece of every file, then a second one of those
/// that have it, and so on; which file comes first and which of its pieces is random by `seed`. Ascending.
pub fn choose_evenly(songs: &[usize], most: usize, seed: u64) -> Vec<usize> {
    let draws = Draws::new(seed);
    let mut by_song: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    songs.iter().enumerate().for_each(|(place, &song)| by_song.entry(song).or_default().push(place));
    for (&song, places) in &mut by_song {
        draws.stream(1).stream(song as u64).shuffle(places);
    }
    let mut order: Vec<Vec<usize>> = by_song.into_values().collect();
    draws.stream(0).shuffle(&mut order);
    let rounds = order.iter().map(Vec::len).max().unwrap_or(0);
    let turns = (0..rounds).flat_map(|round| order.iter().filter_map(move |places| places.get(round)));
    let mut chosen: Vec<usize> = turns.take(most).copied().collect();
    chosen.sort_unstable();
    chosen
}

/// Reads every .mid and .midi file of a folder and of the folders in it, in parallel, and keeps an even choice of at
/// most `most` pieces. Files of other kinds are left out and named like the damaged ones.
///
/// The same folder, cut and seed give the same set, whatever the number of threads.
///
/// # Errors   [`Error::Folder`] where the folder itself cannot be listed; everything else is in [`Set::left_out`].
pub fn read_folder(path: &Path, cut: Cut, most: Option<usize>, seed: u64) -> Result<Set, Error> {
    let mut set = Set { name: name_of(path), ..Set::default() };
    let mut paths = Vec::new();
    list(path, 0, &mut paths, &mut set.left_out).map_err(|source| Error::Folder { path: path.to_owned(), source })?;
    paths.sort();
    let read: Vec<Result<Source, String>> = paths.par_iter().map(|path| Source::read(path, cut)).collect();
    let mut sources = Vec::new();
    for (file, read) in paths.into_iter().zip(read) {
        match read {
            Ok(source) => {
                let name = file.strip_prefix(path).unwrap_or(&file).to_string_lossy().into_owned();
                set.files.push(SourceFile { name, fingerprint: source.fingerprint });
                sources.push(source);
            }
            Err(reason) => set.left_out.push((file, reason)),
        }
    }
    let windows: Vec<(usize, Window)> = sources
        .iter()
        .enumerate()
        .flat_map(|(song, source)| source.windows.iter().map(move |window| (song, *window)))
        .collect();
    let songs: Vec<usize> = windows.iter().map(|(song, _)| *song).collect();
    let chosen = choose_evenly(&songs, most.unwrap_or(usize::MAX), seed);
    set.available = windows.len();
    set.pieces = chosen
        .into_par_iter()
        .filter_map(|index| {
            let (song, window) = windows[index];
            // A window of a score that could be measured can be measured.
            let piece = Piece::from_score(sources[song].cut(window)).ok()?;
            Some(NamedPiece { file: set.files[song].name.clone(), start_bar: window.start_bar, song, piece })
        })
        .collect();
    set.left_out.sort();
    Ok(set)
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| path.display().to_string())
}

/// Collects MIDI files; folders inside that cannot be listed are left out.
fn list(
    folder: &Path,
    depth: usize,
    files: &mut Vec<PathBuf>,
    left_out: &mut Vec<(PathBuf, String)>,
) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if depth >= DEEPEST_FOLDER {
                left_out.push((path, "The folders go too deep.".to_owned()));
            } else if let Err(error) = list(&path, depth + 1, files, left_out) {
                left_out.push((path, format!("The folder cannot be read: {error}.")));
            }
        } else if is_midi(&path) {
            files.push(path);
        } else {
            left_out.push((path, NO_MIDI.to_owned()));
        }
    }
    Ok(())
}

fn is_midi(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("mid") || ending.eq_ignore_ascii_case("midi"))
}

/// A file that can be measured.
struct Source {
    score: Score,
    fingerprint: u64,
    windows: Vec<Window>,
}

/// A stretch of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    start_bar: usize,
    /// `None`: the whole piece as it is.
    ticks: Option<(Tick, Tick)>,
}

impl Source {
    fn read(path: &Path, cut: Cut) -> Result<Self, String> {
        let bytes = std::fs::read(path).map_err(|error| format!("The file cannot be read: {error}."))?;
        let score = midi::read(&bytes).map_err(|error| error.to_string())?.score;
        Self::of(score, cut)
    }

    fn of(score: Score, cut: Cut) -> Result<Self, String> {
        let mut onsets: Vec<Tick> = score.parts.iter().flat_map(|part| &part.notes).map(|note| note.onset).collect();
        onsets.sort_unstable();
        match onsets.len() {
            0 => return Err("The file holds no notes.".to_owned()),
            notes if notes < FEWEST_NOTES => return Err("The file holds only one note.".to_owned()),
            _ => {}
        }
        // Also says no to scores of monstrous length, before their bars are listed.
        let excerpt = Excerpt::from_score(&score).map_err(|error| format!("It cannot be measured: {error}."))?;
        let windows = match cut {
            Cut::Whole => vec![Window { start_bar: 1, ticks: None }],
            Cut::Bars(bars) => windows(&score, &onsets, bars.max(1))?,
        };
        Ok(Self { fingerprint: fingerprint(&excerpt, &score), windows, score })
    }

    fn cut(&self, window: Window) -> Score {
        match window.ticks {
            None => self.score.clone(),
            Some((from, to)) => self.score.crop(from, to),
        }
    }
}

/// The windows of a score with enough bars and notes.
fn windows(score: &Score, onsets: &[Tick], bars: usize) -> Result<Vec<Window>, String> {
    let end = score.end();
    let starts = score.bar_starts(end);
    let fewest_bars = (3 * bars).div_ceil(4);
    if starts.len() < fewest_bars {
        let length = counted(starts.len(), "bar");
        return Err(format!("It is too short: it has {length}, and a cut of {bars} needs {fewest_bars}."));
    }
    let notes_between = |from: Tick, to: Tick| {
        onsets.partition_point(|onset| *onset < to) - onsets.partition_point(|onset| *onset < from)
    };
    let mut windows = Vec::new();
    for (number, chunk) in starts.chunks(bars).enumerate().filter(|(_, chunk)| chunk.len() >= fewest_bars) {
        let from = chunk[0];
        let to = starts.get(number * bars + bars).copied().unwrap_or(end);
        if notes_between(from, to) >= FEWEST_NOTES_IN_WINDOW {
            windows.push(Window { start_bar: number * bars + 1, ticks: Some((from, to)) });
        }
    }
    if windows.is_empty() {
        return Err(format!("No cut of {bars} bars holds {FEWEST_NOTES_IN_WINDOW} notes."));
    }
    Ok(windows)
}

fn fingerprint(excerpt: &Excerpt, score: &Score) -> u64 {
    let drums = Excerpt::of_drums(score).map(|drums| drums.notes).unwrap_or_default();
    let mut hasher = DefaultHasher::new();
    for notes in [&excerpt.notes, &drums] {
        notes.len().hash(&mut hasher);
        notes.iter().for_each(|note| (note.onset, note.pitch, note.end).hash(&mut hasher));
    }
    hasher.finish()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use aeolian_score::{Note, Part};

    /// Quarters of these pitches, one after another.
    pub fn quarters(pitches: &[u8]) -> Score {
        let mut score = Score::new(480);
        let note = |(place, &pitch): (usize, &u8)| Note {
            onset: Tick(place as u32 * 480),
            pitch,
            duration: Tick(480),
            velocity: 80,
        };
        score.parts.push(Part { notes: pitches.iter().enumerate().map(note).collect(), ..Part::default() });
        score
    }

    pub fn save(folder: &Path, name: &str, score: &Score) {
        std::fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
        std::fs::write(folder.join(name), midi::write(score).unwrap()).unwrap();
    }

    #[test]
    fn what_cannot_be_measured_is_left_out_and_named() {
        let folder = tempfile::tempdir().unwrap();
        save(folder.path(), "b/good.mid", &quarters(&[60, 62, 64, 65]));
        save(folder.path(), "a.MIDI", &quarters(&[60, 62]));
        save(folder.path(), "one.mid", &quarters(&[60]));
        save(folder.path(), "silent.mid", &quarters(&[]));
        std::fs::write(folder.path().join("empty.mid"), b"").unwrap();
        std::fs::write(folder.path().join("damaged.mid"), b"MThd and then nothing").unwrap();
        std::fs::write(folder.path().join("notes.txt"), b"not music").unwrap();
        let set = read_folder(folder.path(), Cut::Whole, None, 1).unwrap();
        let files: Vec<&str> = set.pieces.iter().map(|piece| piece.file.as_str()).collect();
        assert_eq!(files, ["a.MIDI", "b/good.mid"]);
        let left_out: Vec<String> = set
            .left_out
            .iter()
            .map(|(path, reason)| format!("{}: {reason}", path.file_name().unwrap().to_string_lossy()))
            .collect();
        assert_eq!(left_out.len(), 5);
        assert_eq!(set.midi_left_out(), 4);
        assert!(left_out[0].starts_with("damaged.mid: ") && left_out[0].ends_with('.'), "{}", left_out[0]);
        assert_eq!(left_out[1], "empty.mid: The file is empty.");
        assert_eq!(left_out[2], format!("notes.txt: {NO_MIDI}"));
        assert_eq!(left_out[3], "one.mid: The file holds only one note.");
        assert_eq!(left_out[4], "silent.mid: The file holds no notes.");
    }

    #[test]
    fn a_missing_folder_is_an_error_that_names_it() {
        let error = read_folder(Path::new("/nowhere/at/all"), Cut::Whole, None, 1).unwrap_err();
        assert!(error.to_string().contains("/nowhere/at/all"));
    }

    #[test]
    fn cuts_do_not_overlap_and_belong_to_their_file() {
        let folder = tempfile::tempdir().unwrap();
        save(folder.path(), "long.mid", &quarters(&[60; 4 * 5])); // five bars: 2 + 2, and one bar is too few
        let set = read_folder(folder.path(), Cut::Bars(2), None, 1).unwrap();
        let starts: Vec<(usize, usize)> = set.pieces.iter().map(|piece| (piece.start_bar, piece.song)).collect();
        assert_eq!(starts, [(1, 0), (3, 0)]);
        assert!(set.pieces.iter().all(|piece| piece.piece.excerpt.notes.len() == 8));
        assert_eq!(set.available, 2);
    }

    #[test]
    fn three_quarters_of_a_window_are_enough_and_less_is_not() {
        let six = Source::of(quarters(&[60; 24]), Cut::Bars(8)).map(|source| source.windows.len());
        assert_eq!(six, Ok(1));
        let five = Source::of(quarters(&[60; 20]), Cut::Bars(8)).map(|source| source.windows.len());
        assert_eq!(five, Err("It is too short: it has 5 bars, and a cut of 8 needs 6.".to_owned()));
    }

    #[test]
    fn windows_of_three_notes_are_left_out_and_of_four_are_not() {
        let mut score = quarters(&[60; 8]);
        score.parts[0].notes.remove(0); // bar 1 has three notes, bar 2 four
        let windows = Source::of(score, Cut::Bars(1)).map(|source| source.windows).unwrap_or_default();
        assert_eq!(windows.iter().map(|window| window.start_bar).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn an_even_choice_takes_one_of_each_file_before_a_second() {
        let songs = [0, 0, 0, 0, 1, 2, 2];
        let chosen = choose_evenly(&songs, 5, 7);
        let count = |song| chosen.iter().filter(|&&place| songs[place] == song).count();
        assert_eq!((count(0), count(1), count(2)), (2, 1, 2));
        assert_eq!(choose_evenly(&songs, 5, 7), chosen);
        assert_eq!(choose_evenly(&songs, 100, 7), [0, 1, 2, 3, 4, 5, 6]);
        assert!(choose_evenly(&songs, 0, 7).is_empty() && choose_evenly(&[], 3, 7).is_empty());
    }

    #[test]
    fn equal_notes_have_equal_fingerprints_and_others_do_not() {
        let print = |pitches: &[u8]| Source::of(quarters(pitches), Cut::Whole).map(|source| source.fingerprint);
        assert_eq!(print(&[60, 62]), print(&[60, 62]));
        assert_ne!(print(&[60, 62]), print(&[60, 63]));
    }
}
