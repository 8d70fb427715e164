//! Percentile bootstrap intervals for any statistic of one or two sets, drawn song by song.
//!
//! Pieces of one song are alike, so it is songs that are drawn with replacement, each with all its pieces (the cluster
//! bootstrap: Davison & Hinkley 1997, *Bootstrap Methods and their Application*, §3.8). A resample is given to the
//! statistic as *weights*: how often each piece was drawn. Statistics of pairs of pieces leave pairs of a piece with
//! itself out, or every distance would be pulled towards 0 by the copies.
//!
//! ```
//! use aeolian_metrics::compare::bootstrap::{Bootstrap, Interval};
//!
//! let values = [1.0, 2.0, 3.0, 4.0];
//! let mean = |w: &[f64]| Some(values.iter().zip(w).map(|(x, w)| x * w).sum::<f64>() / w.iter().sum::<f64>());
//! let Interval { low, high } = Bootstrap::default().of_one(&[0, 1, 2, 3], mean).unwrap();
//! assert!(1.0 <= low && low < 2.5 && 2.5 < high && high <= 4.0);
//! ```

use super::moments::quantile;
use super::random::Draws;
use super::table::rows_of_songs;
use rayon::prelude::*;
use serde::Serialize;

/// An interval of confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Interval {
    /// Half of its length.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }

    /// Whether `value` lies in it, the ends included.
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// A figure and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// Its interval; `None` where a set has fewer than two songs, or without resamples.
    pub interval: Option<Interval>,
}

/// How to draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bootstrap {
    /// How many resamples.
    pub resamples: usize,
    /// Share of the resamples inside the interval, 0–1.
    pub confidence: f64,
    /// Where the random numbers come from.
    pub draws: Draws,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self { resamples: 200, confidence: 0.95, draws: Draws::new(0) }
    }
}

impl Bootstrap {
    /// Interval of a statistic of one set, given the song of each piece. Resamples in which the statistic is undefined
    /// are left out; `None` with fewer than two songs, or where fewer than half of the resamples remain.
    pub fn of_one(&self, songs: &[usize], statistic: impl Fn(&[f64]) -> Option<f64> + Sync) -> Option<Interval> {
        let resampler = Resampler::of(songs);
        let draw = |draws: Draws| statistic(&resampler.weights(draws.stream(0)));
        (resampler.songs.len() >= 2).then(|| self.percentiles(self.replicates(draw)))?
    }

    /// Interval of a statistic of two sets, each drawn by its own songs. Where a song has pieces in both sets (a piece
    /// and its corruption) they are drawn independently, which makes the interval wider than it need be.
    pub fn of_two(
        &self,
        reference_songs: &[usize],
        candidate_songs: &[usize],
        statistic: impl Fn(&[f64], &[f64]) -> Option<f64> + Sync,
    ) -> Option<Interval> {
        self.percentiles(self.replicates_of_two(reference_songs, candidate_songs, statistic)?)
    }

    /// The statistic in every resample of two sets; `None` where a set has fewer than two songs.
    pub fn replicates_of_two<T: Send>(
        &self,
        reference_songs: &[usize],
        candidate_songs: &[usize],
        statistic: impl Fn(&[f64], &[f64]) -> Option<T> + Sync,
    ) -> Option<Vec<Option<T>>> {
        let (reference, candidate) = (Resampler::of(reference_songs), Resampler::of(candidate_songs));
        let draw = |draws: Draws| statistic(&reference.weights(draws.stream(0)), &candidate.weights(draws.stream(1)));
        (reference.songs.len() >= 2 && candidate.songs.len() >= 2).then(|| self.replicates(draw))
    }

    /// In the order of the resamples, whatever thread made which.
    fn replicates<T: Send>(&self, draw: impl Fn(Draws) -> Option<T> + Sync) -> Vec<Option<T>> {
        (0..self.resamples as u64).into_par_iter().map(|resample| draw(self.draws.stream(resample))).collect()
    }

    /// The (1 ∓ confidence)/2 quantiles of what is defined; `None` where that is fewer than half, or nothing.
    pub fn percentiles(&self, replicates: Vec<Option<f64>>) -> Option<Interval> {
        let drawn = replicates.len();
        let mut values: Vec<f64> = replicates.into_iter().flatten().filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let tail = (1.0 - self.confidence.clamp(0.0, 1.0)) / 2.0;
        let interval = Interval { low: quantile(&values, tail)?, high: quantile(&values, 1.0 - tail)? };
        (2 * values.len() >= drawn).then_some(interval)
    }

    /// The same, moved so that the median of the replicates comes to lie on the estimate, and cut to the values that
    /// are possible: for statistics that a resample raises or lowers as a whole, because it has fewer different pieces
    /// than the set.
    pub fn percentiles_around(
        &self,
        estimate: f64,
        replicates: Vec<Option<f64>>,
        possible: std::ops::RangeInclusive<f64>,
    ) -> Option<Interval> {
        let mut values: Vec<f64> = replicates.iter().copied().flatten().filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let shift = estimate - quantile(&values, 0.5)?;
        let moved = |end: f64| (end + shift).max(*possible.start()).min(*possible.end());
        self.percentiles(replicates).map(|Interval { low, high }| Interval { low: moved(low), high: moved(high) })
    }
}

/// Draws songs with replacement.
struct Resampler {
    songs: Vec<Vec<usize>>,
    pieces: usize,
}

impl Resampler {
    fn of(songs: &[usize]) -> Self {
        Self { songs: rows_of_songs(songs).into_values().collect(), pieces: songs.len() }
    }

    /// How often each piece is drawn when as many songs are drawn as there are.
    fn weights(&self, draws: Draws) -> Vec<f64> {
        let mut weights = vec![0.0; self.pieces];
        for draw in 0..self.songs.len() {
            for &row in &self.songs[draws.below(draw as u64, self.songs.len())] {
                weights[row] += 1.0;
            }
        }
        weights
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::moments::mean;

    fn weighted_mean<'a>(values: &'a [f64]) -> impl Fn(&[f64]) -> Option<f64> + Sync + 'a {
        |weights| mean(values.iter().copied().zip(weights.iter().copied()))
    }

    #[test]
    fn the_interval_of_a_mean_has_the_width_of_theory() {
        // 400 values of spread 0.2887 (uniform): the mean's standard error is 0.01443, and ±1.96 of it are 0.0283.
        let draws = Draws::new(4);
        let values: Vec<f64> = (0..400).map(|i| draws.uniform(i)).collect();
        let songs: Vec<usize> = (0..400).collect();
        let bootstrap = Bootstrap { resamples: 2000, ..Bootstrap::default() };
        let interval = bootstrap.of_one(&songs, weighted_mean(&values)).unwrap();
        // An end is a quantile of 2,000 draws: its own standard error is about 6 % of the half-width; bound: 25 %.
        assert!((interval.half_width() - 0.0283).abs() < 0.007, "{interval:?}");
        assert!(interval.contains(values.iter().sum::<f64>() / 400.0));
    }

    #[test]
    fn pieces_of_one_song_count_as_one_draw() {
        // Ten songs of forty equal pieces are as uncertain as ten pieces.
        let draws = Draws::new(4);
        let values: Vec<f64> = (0..400).map(|i| draws.uniform(i / 40)).collect();
        let songs: Vec<usize> = (0..400).map(|i| i / 40).collect();
        let by_song = Bootstrap::default().of_one(&songs, weighted_mean(&values)).unwrap();
        let by_piece = Bootstrap::default().of_one(&(0..400).collect::<Vec<_>>(), weighted_mean(&values)).unwrap();
        assert!(by_song.half_width() > 4.0 * by_piece.half_width(), "{by_song:?} {by_piece:?}");
    }

    #[test]
    fn weights_add_to_the_pieces_of_the_songs_drawn() {
        let resampler = Resampler::of(&[7, 7, 3]);
        for seed in 0..20 {
            let weights = resampler.weights(Draws::new(seed));
            assert_eq!(weights[0], weights[1]);
            assert_eq!(weights[0] + weights[2], 2.0);
        }
    }

    #[test]
    fn one_song_has_no_interval_and_two_have() {
        assert_eq!(Bootstrap::default().of_one(&[5, 5], |_| Some(1.0)), None);
        assert_eq!(Bootstrap::default().of_one(&[5, 6], |_| Some(1.0)), Some(Interval { low: 1.0, high: 1.0 }));
        assert_eq!(Bootstrap::default().of_two(&[5, 6], &[1], |_, _| Some(1.0)), None);
        assert_eq!(Bootstrap::default().of_one(&[5, 6], |_| None), None);
        assert_eq!(Bootstrap { resamples: 0, ..Bootstrap::default() }.of_one(&[5, 6], |_| Some(1.0)), None);
    }

    #[test]
    fn moved_percentiles_surround_the_estimate() {
        let bootstrap = Bootstrap { confidence: 1.0, ..Bootstrap::default() };
        let replicates = vec![Some(11.0), Some(12.0), Some(15.0)];
        let around = |possible| bootstrap.percentiles_around(2.0, replicates.clone(), possible);
        assert_eq!(around(0.0..=9.0), Some(Interval { low: 1.0, high: 5.0 }));
        assert_eq!(around(1.5..=4.0), Some(Interval { low: 1.5, high: 4.0 }));
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let values: Vec<f64> = (0..50).map(|i| Draws::new(1).uniform(i)).collect();
        let songs: Vec<usize> = (0..50).map(|i| i / 2).collect();
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Bootstrap::default().of_one(&songs, weighted_mean(&values)))
        };
        assert_eq!(run(1), run(3));
    }
}
