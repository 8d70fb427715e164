//! Folds of a cross-validation in which no song is both learned from and judged.

use super::random::Draws;
use super::table::rows_of_songs;

/// The fold of every piece, 0 to `folds` − 1; all pieces of a song are in one fold, whichever set they belong to.
///
/// Songs come in random order, the largest first, each to the fold that has fewest pieces of its sets so far, so that
/// both sets are spread evenly: an uneven fold would tilt the classifier against its own majority.
pub fn folds_by_song(songs: &[usize], is_candidate: &[bool], folds: usize, draws: Draws) -> Vec<usize> {
    let mut groups: Vec<Vec<usize>> = rows_of_songs(songs).into_values().collect();
    draws.shuffle(&mut groups);
    groups.sort_by_key(|rows| std::cmp::Reverse(rows.len()));
    let mut filled = vec![[0usize; 2]; folds.max(1)];
    let mut fold_of = vec![0; songs.len()];
    for rows in groups {
        let candidates = rows.iter().filter(|&&row| is_candidate[row]).count();
        let of_sets = [rows.len() - candidates, candidates];
        let load = |fold: &[usize; 2]| fold[0] * of_sets[0] + fold[1] * of_sets[1];
        let fold = (0..filled.len()).min_by_key(|&fold| load(&filled[fold])).unwrap_or(0);
        filled[fold][0] += of_sets[0];
        filled[fold][1] += of_sets[1];
        rows.iter().for_each(|&row| fold_of[row] = fold);
    }
    fold_of
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_song_stays_together_and_both_sets_are_spread_evenly() {
        let songs: Vec<usize> = (0..100).map(|row| if row < 60 { row / 3 } else { row }).collect();
        let is_candidate: Vec<bool> = (0..100).map(|row| row >= 60).collect();
        let fold_of = folds_by_song(&songs, &is_candidate, 5, Draws::new(8));
        assert!(fold_of[..60].chunks(3).all(|song| song.iter().all(|fold| *fold == song[0])));
        for fold in 0..5 {
            let of = |rows: std::ops::Range<usize>| rows.filter(|&row| fold_of[row] == fold).count();
            assert_eq!((of(0..60), of(60..100)), (12, 8));
        }
        assert_ne!(fold_of, folds_by_song(&songs, &is_candidate, 5, Draws::new(9)));
    }

    #[test]
    fn a_piece_and_its_corruption_share_a_fold() {
        let songs: Vec<usize> = (0..40).map(|row| row % 20).collect();
        let is_candidate: Vec<bool> = (0..40).map(|row| row >= 20).collect();
        let fold_of = folds_by_song(&songs, &is_candidate, 5, Draws::new(8));
        assert!((0..20).all(|row| fold_of[row] == fold_of[row + 20]));
    }

    #[test]
    fn no_songs_and_no_folds_are_no_panic() {
        assert!(folds_by_song(&[], &[], 5, Draws::new(0)).is_empty());
        assert_eq!(folds_by_song(&[1, 2], &[true, false], 0, Draws::new(0)), [0, 0]);
    }
}
