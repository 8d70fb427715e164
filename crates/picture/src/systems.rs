//! Where time lies on the page: bars, gathered into systems of a few bars each.

use aeolian_score::{Score, Tick};

/// Consecutive bars drawn side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// Number of its first bar in the piece, from 0.
    pub first_bar: usize,
    /// The start of each bar and, last, the end of the last one: one more than there are bars, ascending.
    pub bounds: Vec<Tick>,
}

impl System {
    /// Its first tick.
    pub fn start(&self) -> Tick {
        self.bounds[0]
    }

    /// The first tick beyond it.
    pub fn end(&self) -> Tick {
        self.bounds[self.bounds.len() - 1]
    }

    /// Its length in ticks, ≥ 1.
    pub fn length(&self) -> u32 {
        (self.end().0 - self.start().0).max(1)
    }
}

/// The page's systems, never none, and whether bars were left out to stay within `max_bars`.
pub fn systems(score: &Score, bars_per_system: usize, max_bars: usize) -> (Vec<System>, bool) {
    // Damaged files may end billions of ticks away: look no further than max_bars can possibly reach.
    let longest = score.meters.iter().map(|m| quarters(m.numerator, m.denominator)).fold(4.0, f64::max);
    let reach = longest * f64::from(score.ticks_per_quarter) * max_bars as f64;
    // A note of no length at the very end still needs a bar to stand in.
    let last_onset = score.parts.iter().flat_map(|p| &p.notes).map(|n| n.onset.0).max().unwrap_or(0);
    let whole = score.end().0.max(last_onset.saturating_add(1));
    let end = Tick(whole.min(reach.min(f64::from(u32::MAX)) as u32).max(1));
    let mut starts = score.bar_starts(end);
    let cut = end.0 < whole || starts.len() > max_bars;
    starts.truncate(max_bars.max(1));
    let last = starts[starts.len() - 1];
    let (numerator, denominator) = score.meter_at(last);
    let bar = (quarters(numerator, denominator) * f64::from(score.ticks_per_quarter)).max(1.0) as u32;
    let after_last = Tick(last.0.saturating_add(bar));
    let rows = starts.chunks(bars_per_system.max(1));
    let systems = rows.clone().enumerate().map(|(row, chunk)| {
        let next = starts.get((row + 1) * bars_per_system.max(1)).copied().unwrap_or(after_last);
        System { first_bar: row * bars_per_system.max(1), bounds: chunk.iter().copied().chain([next]).collect() }
    });
    (systems.collect(), cut)
}

fn quarters(numerator: u8, denominator: u8) -> f64 {
    4.0 * f64::from(numerator.max(1)) / f64::from(denominator.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_score::{MeterChange, Note, Part};

    fn lasting(ticks: u32) -> Score {
        let mut score = Score::new(4);
        let note = Note { onset: Tick(0), pitch: 60, duration: Tick(ticks), velocity: 80 };
        score.parts.push(Part { notes: vec![note], ..Part::default() });
        score
    }

    #[test]
    fn ten_bars_make_a_full_system_and_a_rest() {
        let (found, cut) = systems(&lasting(16 * 9 + 1), 8, 100);
        assert_eq!(found.iter().map(|s| (s.first_bar, s.bounds.len() - 1)).collect::<Vec<_>>(), [(0, 8), (8, 2)]);
        assert_eq!((found[0].end(), found[1].start(), found[1].end(), cut), (Tick(128), Tick(128), Tick(160), false));
    }

    #[test]
    fn an_empty_piece_has_one_bar() {
        let (found, cut) = systems(&Score::new(480), 8, 100);
        assert_eq!((found.len(), found[0].bounds.as_slice(), cut), (1, [Tick(0), Tick(1920)].as_slice(), false));
    }

    #[test]
    fn a_piece_without_end_is_cut() {
        let mut score = lasting(u32::MAX);
        score.meters = vec![MeterChange { at: Tick(0), numerator: 1, denominator: 32 }];
        let (found, cut) = systems(&score, 8, 20);
        assert_eq!((found.len(), cut), (3, true));
    }
}
