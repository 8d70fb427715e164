//! Which beats are strong: the downbeat, and the middle of bars that divide into two halves of whole quarters.

/// Whether a place is strong, both in sixteenths from the bar line: its `place` in a bar `length` long.
pub(super) fn is_strong(place: usize, length: usize) -> bool {
    place == 0 || length.is_multiple_of(8) && place == length / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bars_of_two_halves_have_a_strong_middle() {
        let strong = |length| (0..length).filter(|&place| is_strong(place, length)).collect::<Vec<_>>();
        assert_eq!(strong(16), [0, 8], "4/4");
        assert_eq!(strong(8), [0, 4], "2/4");
        assert_eq!(strong(12), [0], "3/4, and 6/8, which looks the same");
        assert_eq!(strong(14), [0], "7/8");
        assert_eq!(strong(20), [0], "5/4");
        assert_eq!(strong(24), [0, 12], "12/8");
    }
}
