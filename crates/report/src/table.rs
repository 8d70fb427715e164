//! A [`Set`] as a [`FeatureTable`], and songs that have one number in both sets.
//!
//! A classifier that has seen a piece of a song knows its others. So songs are numbered across reference and candidate
//! by their notes ([`crate::pieces::SourceFile::fingerprint`]): a file that lies in both folders, or twice in one, is
//! *one* song, and is judged by models that have seen neither copy.

use crate::pieces::Set;
use aeolian_metrics::compare::FeatureTable;
use aeolian_metrics::{FEATURES, Piece, measure};
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};

/// Numbers of the songs of several sets' files, in one count: files with equal notes share a number.
pub fn song_numbers(sets: &[&Set]) -> Vec<Vec<usize>> {
    let mut known: HashMap<u64, usize> = HashMap::new();
    let mut number = |fingerprint: u64| {
        let next = known.len();
        *known.entry(fingerprint).or_insert(next)
    };
    sets.iter().map(|set| set.files.iter().map(|file| number(file.fingerprint)).collect()).collect()
}

/// How many files of `set` have the notes of a file of `other`.
pub fn files_in_both(set: &Set, other: &Set) -> usize {
    let known: HashSet<u64> = other.files.iter().map(|file| file.fingerprint).collect();
    set.files.iter().filter(|file| known.contains(&file.fingerprint)).count()
}

/// Measures every piece of a set, in parallel. `numbers` are those of its files ([`song_numbers`]).
pub fn table_of(set: &Set, numbers: &[usize]) -> FeatureTable {
    let pieces: Vec<&Piece> = set.pieces.iter().map(|named| &named.piece).collect();
    let song = |song: usize| numbers.get(song).copied().unwrap_or(usize::MAX - song);
    table_of_pieces(&pieces, set.pieces.iter().map(|named| song(named.song)).collect())
}

/// Measures pieces, in parallel; `groups` are their songs.
pub fn table_of_pieces(pieces: &[&Piece], groups: Vec<usize>) -> FeatureTable {
    FeatureTable {
        names: FEATURES.iter().map(|feature| feature.name.to_owned()).collect(),
        families: FEATURES.iter().map(|feature| feature.family.name().to_owned()).collect(),
        rows: pieces.par_iter().map(|piece| measure(piece)).collect(),
        groups,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pieces::tests::{quarters, save};
    use crate::pieces::{Cut, read_folder};

    fn set(files: &[(&str, &[u8])]) -> Set {
        let folder = tempfile::tempdir().unwrap();
        files.iter().for_each(|(name, pitches)| save(folder.path(), name, &quarters(pitches)));
        read_folder(folder.path(), Cut::Whole, None, 1).unwrap()
    }

    #[test]
    fn songs_of_equal_notes_share_a_number_and_others_do_not() {
        let reference = set(&[("a.mid", &[60, 62, 64]), ("b.mid", &[60, 62, 65])]);
        let candidate = set(&[("copy.mid", &[60, 62, 65]), ("own.mid", &[70, 62, 65])]);
        assert_eq!(song_numbers(&[&reference, &candidate]), [[0, 1], [1, 2]]);
        assert_eq!(files_in_both(&candidate, &reference), 1);
    }

    #[test]
    fn a_row_is_the_measure_of_its_piece() {
        let set = set(&[("a.mid", &[60, 62, 64])]);
        let table = table_of(&set, &[17]);
        assert_eq!(table.rows, [measure(&set.pieces[0].piece)]);
        assert_eq!(table.groups, [17]);
        assert_eq!((table.names.len(), table.families.len()), (FEATURES.len(), FEATURES.len()));
    }
}
