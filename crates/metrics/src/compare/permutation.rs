//! Which set a piece belongs to, dealt anew song by song: the null hypothesis that there is no difference.

use super::random::Draws;
use super::table::rows_of_songs;

/// Who may be dealt where: made once for many deals.
///
/// Pieces of one song are alike, so a song is dealt as a whole. Songs with pieces in one set only come in random order
/// and go to the reference until it has as many of their pieces as before (as nearly as songs allow; at least one song
/// goes to each side); the others go to the candidate. A song with pieces in both sets (a piece and its corruption)
/// keeps them apart: by the toss of a coin the two sides are exchanged.
pub struct Dealer {
    is_candidate: Vec<bool>,
    /// Rows of the songs that have pieces in both sets, and of the others.
    paired: Vec<Vec<usize>>,
    whole: Vec<Vec<usize>>,
    /// Pieces of the reference among the latter.
    wanted: usize,
}

impl Dealer {
    /// For the pieces of both sets, given the song and the set (`true`: candidate) of each.
    pub fn new(songs: &[usize], is_candidate: &[bool]) -> Self {
        let in_both = |rows: &Vec<usize>| rows.iter().any(|&row| is_candidate[row] != is_candidate[rows[0]]);
        let (paired, whole): (Vec<_>, Vec<_>) = rows_of_songs(songs).into_values().partition(in_both);
        let wanted = whole.iter().flatten().filter(|&&row| !is_candidate[row]).count();
        Self { is_candidate: is_candidate.to_vec(), paired, whole, wanted }
    }

    /// New labels (`true`: candidate).
    pub fn deal(&self, draws: Draws) -> Vec<bool> {
        let mut dealt = self.is_candidate.clone();
        for (song, rows) in self.paired.iter().enumerate() {
            if draws.stream(0).uniform(song as u64) < 0.5 {
                rows.iter().for_each(|&row| dealt[row] = !dealt[row]);
            }
        }
        let wanted = self.wanted;
        if wanted == 0 || wanted == self.whole.iter().map(Vec::len).sum::<usize>() {
            return dealt;
        }
        let mut order: Vec<&[usize]> = self.whole.iter().map(Vec::as_slice).collect();
        draws.stream(1).shuffle(&mut order);
        let (mut filled, mut open) = (0usize, true);
        for (place, rows) in order.iter().enumerate() {
            let nearer = (filled + rows.len()).abs_diff(wanted) <= filled.abs_diff(wanted);
            open = open && (place == 0 || (place + 1 < order.len() && nearer));
            rows.iter().for_each(|&row| dealt[row] = !open);
            filled += if open { rows.len() } else { 0 };
        }
        dealt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dealt_anew(songs: &[usize], is_candidate: &[bool], draws: Draws) -> Vec<bool> {
        Dealer::new(songs, is_candidate).deal(draws)
    }

    fn labels(reference: usize, candidate: usize) -> Vec<bool> {
        (0..reference + candidate).map(|row| row >= reference).collect()
    }

    #[test]
    fn single_pieces_are_shuffled_and_the_sizes_stay() {
        let (songs, before) = ((0..30).collect::<Vec<_>>(), labels(10, 20));
        let deals: Vec<_> = (0..50).map(|seed| dealt_anew(&songs, &before, Draws::new(seed))).collect();
        assert!(deals.iter().all(|dealt| dealt.iter().filter(|candidate| **candidate).count() == 20));
        assert!(deals.iter().any(|dealt| dealt != &deals[0]));
    }

    #[test]
    fn a_song_is_dealt_as_a_whole() {
        let songs: Vec<usize> = (0..40).map(|row| if row < 20 { row / 5 } else { row }).collect();
        for seed in 0..50 {
            let dealt = dealt_anew(&songs, &labels(20, 20), Draws::new(seed));
            assert!(dealt[..20].chunks(5).all(|song| song.iter().all(|label| *label == song[0])));
            assert!(dealt.iter().filter(|candidate| **candidate).count().abs_diff(20) <= 4);
        }
    }

    #[test]
    fn a_piece_and_its_corruption_stay_apart() {
        let songs: Vec<usize> = (0..20).map(|row| row % 10).collect();
        let deals: Vec<_> = (0..20).map(|seed| dealt_anew(&songs, &labels(10, 10), Draws::new(seed))).collect();
        assert!(deals.iter().all(|dealt| (0..10).all(|row| dealt[row] != dealt[row + 10])));
        assert!((0..10).all(|row| deals.iter().any(|dealt| dealt[row]) && deals.iter().any(|dealt| !dealt[row])));
    }

    #[test]
    fn neither_side_is_ever_empty() {
        for seed in 0..50 {
            let dealt = dealt_anew(&[0, 0, 0, 1], &labels(3, 1), Draws::new(seed));
            assert!(dealt.contains(&true) && dealt.contains(&false));
        }
        assert!(dealt_anew(&[], &[], Draws::new(0)).is_empty());
        assert_eq!(dealt_anew(&[1, 2], &[false, false], Draws::new(0)), [false, false]);
    }
}
