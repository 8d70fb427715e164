//! How far pieces lie from each other, one feature at a time: within a set, and from one set to the other.
//!
//! Yang & Lerch 2018 ("On the evaluation of generative models in music", doi:10.1007/s00521-018-3849-7): of a feature,
//! take the distances |xᵢ − xⱼ| of all pairs within a set and of all pairs across the two sets, smooth each list to a
//! density by a Gaussian kernel (bandwidth by Scott 1992, h = σ n^(−1/5)), and compare the densities by the area under
//! both, Σ min(p, q), and by the divergence KL(within ‖ across) = Σ p ln(p / q), in nats. If the candidate were more of
//! the reference, distances across would be spread like distances within: area 1, divergence 0.
//!
//! Where we leave their toolbox (mgeval, `utils.py`) and why:
//!
//! - Both densities are evaluated **on one grid**. The toolbox takes KL between p on a grid over the range of its own
//!   list and q on a *different* grid over the range of the other, so that equal entries belong to different distances:
//!   two lists of the same shape have divergence 0 there, however far apart they lie.
//! - The grid reaches four bandwidths beyond both lists, so that the area of equal lists is 1. The toolbox integrates
//!   over the range of the data and loses what the kernel puts outside.
//! - Every pair counts once (the toolbox: twice within a set), which makes h larger by 2^(1/5).
//! - KL has 10⁻⁶ of the uniform density mixed into both sides and stays finite: at most about 19 nats.
//! - A list without spread, or with a bandwidth below one cell of the grid, is smoothed by one cell.
//!
//! Distances fall into 256 cells (binned kernel estimation: Wand 1994, "Fast computation of multivariate kernel
//! estimators"); a cell is normally a small fraction of the bandwidth. In the resamples of the bootstrap it is the
//! *values* that fall into cells, so that the distances of all pairs are the correlation of two histograms
//! ([`Resampled`]); this moves a distance by less than a cell, and only the width of the intervals depends on it.

use super::bootstrap::{Bootstrap, Estimate};
use super::table::{Column, Pair};
use rayon::prelude::*;
use serde::Serialize;

/// Cells of the grid.
const CELLS: usize = 256;
/// Bandwidths that the grid reaches beyond the data.
const MARGIN: f64 = 4.0;
/// Share of the uniform density in KL.
const FLOOR: f64 = 1e-6;

/// How alike two lists of distances are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Overlap {
    /// Area under both densities, 0–1.
    pub area: f64,
    /// KL(first ‖ second) in nats, ≥ 0.
    pub divergence_nats: f64,
}

/// A feature's distances within and across.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FeatureOverlap {
    /// The feature.
    pub name: String,
    /// Its family.
    pub family: String,
    /// Area common to distances within the reference and distances across, 0–1.
    pub reference_area: Estimate,
    /// KL(within the reference ‖ across), nats.
    pub reference_divergence_nats: Estimate,
    /// Area common to distances within the candidate and distances across, 0–1.
    pub candidate_area: Estimate,
    /// KL(within the candidate ‖ across), nats.
    pub candidate_divergence_nats: Estimate,
}

/// All features of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Overlaps {
    /// Mean of the features' `reference_area`.
    pub mean_reference_area: Estimate,
    /// Mean of the features' `candidate_area`.
    pub mean_candidate_area: Estimate,
    /// Mean of the features' `reference_divergence_nats`.
    pub mean_reference_divergence_nats: Estimate,
    /// Mean of the features' `candidate_divergence_nats`.
    pub mean_candidate_divergence_nats: Estimate,
    /// In the order of the table; without those that have fewer than two defined values in a set.
    pub features: Vec<FeatureOverlap>,
}

/// Distances of all pairs within a list: n (n − 1) / 2 of them.
pub fn distances_within(values: &[f64]) -> Vec<f64> {
    values.iter().enumerate().flat_map(|(i, a)| values[i + 1..].iter().map(move |b| (a - b).abs())).collect()
}

/// Distances of all pairs across two lists.
pub fn distances_across(first: &[f64], second: &[f64]) -> Vec<f64> {
    first.iter().flat_map(|a| second.iter().map(move |b| (a - b).abs())).collect()
}

/// Compares two lists of distances (or of anything): see the head of this file. `None` where one is empty.
///
/// Two lists of one and the same number have area 1 and divergence 0.
pub fn overlap(first: &[f64], second: &[f64]) -> Option<Overlap> {
    if first.is_empty() || second.is_empty() {
        return None;
    }
    let grid = Grid::over([first, second]);
    let density = |list: &[f64]| {
        let mut histogram = [0.0; CELLS];
        list.iter().for_each(|&distance| histogram[usize::from(grid.cell(distance))] += 1.0);
        grid.kernel(list).smooth(&histogram)
    };
    density(first)?.overlap(&density(second)?)
}

/// Compares all features of a pair of sets, with intervals over songs. `None` without a feature.
///
/// A resample has fewer different pieces than the set, and its areas are smaller as a whole; the intervals are moved to
/// have their middle at the estimate.
pub fn overlaps(pair: &Pair, bootstrap: &Bootstrap) -> Option<Overlaps> {
    let features: Vec<(&Column, [Overlap; 2], Resampled)> = pair
        .columns
        .par_iter()
        .filter_map(|column| {
            let (overlaps, resampled) = of_feature(column)?;
            Some((column, overlaps, resampled))
        })
        .collect();
    let all = |r: &[f64], c: &[f64]| features.iter().map(|(_, _, resampled)| resampled.overlaps(r, c)).collect();
    let drawn: Vec<Drawn> = bootstrap
        .replicates_of_two(&pair.reference_songs, &pair.candidate_songs, |r, c| Some(all(r, c)))
        .unwrap_or_default()
        .into_iter()
        .flatten()
        .collect();
    let area = |value: f64, drawn: Vec<Option<f64>>| Estimate {
        value,
        interval: bootstrap.percentiles_around(value, drawn, 0.0..=1.0),
    };
    let divergence = |value: f64, drawn: Vec<Option<f64>>| Estimate {
        value,
        interval: bootstrap.percentiles_around(value, drawn, 0.0..=f64::MAX),
    };
    let feature = |(place, (column, [reference, candidate], _)): (usize, &(&Column, [Overlap; 2], Resampled))| {
        let own = |of: fn(&Overlap) -> f64, side: usize| -> Vec<Option<f64>> {
            drawn.iter().map(|all| Some(of(&all[place]?[side]))).collect()
        };
        FeatureOverlap {
            name: column.name.clone(),
            family: column.family.clone(),
            reference_area: area(reference.area, own(AREA, 0)),
            reference_divergence_nats: divergence(reference.divergence_nats, own(DIVERGENCE, 0)),
            candidate_area: area(candidate.area, own(AREA, 1)),
            candidate_divergence_nats: divergence(candidate.divergence_nats, own(DIVERGENCE, 1)),
        }
    };
    let means = |of: fn(&Overlap) -> f64, side: usize| {
        let value = mean(features.iter().map(|(_, overlaps, _)| of(&overlaps[side])))?;
        let drawn = drawn.iter().map(|all| mean(all.iter().flatten().map(|overlaps| of(&overlaps[side]))));
        Some((value, drawn.collect::<Vec<Option<f64>>>()))
    };
    let mean_area = |side: usize| means(AREA, side).map(|(value, drawn)| area(value, drawn));
    let mean_divergence = |side: usize| means(DIVERGENCE, side).map(|(value, drawn)| divergence(value, drawn));
    Some(Overlaps {
        mean_reference_area: mean_area(0)?,
        mean_candidate_area: mean_area(1)?,
        mean_reference_divergence_nats: mean_divergence(0)?,
        mean_candidate_divergence_nats: mean_divergence(1)?,
        features: features.iter().enumerate().map(feature).collect(),
    })
}

const AREA: fn(&Overlap) -> f64 = |overlap| overlap.area;
const DIVERGENCE: fn(&Overlap) -> f64 = |overlap| overlap.divergence_nats;

/// Of one resample, for every feature: the reference's side and the candidate's.
type Drawn = Vec<Option<[Overlap; 2]>>;

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    super::moments::mean(values.map(|value| (value, 1.0)))
}

/// Cells of equal width from `low` on.
#[derive(Clone, Copy, Debug)]
struct Grid {
    low: f64,
    cells_a_unit: f64,
}

impl Grid {
    fn over<const N: usize>(lists: [&[f64]; N]) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        lists.iter().flat_map(|list| list.iter()).for_each(|&x| (low, high) = (low.min(x), high.max(x)));
        let bandwidth = lists.iter().map(|list| scott(list)).fold(0.0, f64::max);
        let margin = MARGIN * bandwidth.max((high - low) / (CELLS as f64 - 4.0 * MARGIN));
        let width = high - low + 2.0 * margin;
        Self { low: low - margin, cells_a_unit: if width > 0.0 { CELLS as f64 / width } else { 0.0 } }
    }

    /// Numbers outside go to the nearest cell.
    fn cell(&self, x: f64) -> u8 {
        ((x - self.low) * self.cells_a_unit) as u8
    }

    fn kernel(&self, list: &[f64]) -> Kernel {
        Kernel::of((scott(list) * self.cells_a_unit).max(1.0))
    }
}

/// Scott's bandwidth σ n^(−1/5), σ with denominator n − 1; 0 for a list without spread.
fn scott(list: &[f64]) -> f64 {
    let deviation = super::moments::mean_and_deviation(list).map_or(0.0, |(_, deviation)| deviation);
    deviation * (list.len() as f64).powf(-0.2)
}

/// One side of a Gaussian, cell by cell, cut at four standard deviations.
#[derive(Clone, Debug)]
struct Kernel {
    half: Vec<f64>,
}

impl Kernel {
    fn of(bandwidth_cells: f64) -> Self {
        let reach = ((MARGIN * bandwidth_cells).ceil() as usize).min(CELLS);
        Self { half: (0..=reach).map(|cell| (-0.5 * (cell as f64 / bandwidth_cells).powi(2)).exp()).collect() }
    }

    /// The density, with sum 1; `None` of an empty histogram.
    fn smooth(&self, histogram: &[f64; CELLS]) -> Option<Density> {
        let mut density = [0.0; CELLS];
        for (cell, &mass) in histogram.iter().enumerate().filter(|(_, mass)| **mass > 0.0) {
            let right = density[cell..].iter_mut().zip(&self.half);
            right.for_each(|(value, weight)| *value += mass * weight);
            let left = density[..cell].iter_mut().rev().zip(&self.half[1..]);
            left.for_each(|(value, weight)| *value += mass * weight);
        }
        let total: f64 = density.iter().sum();
        density.iter_mut().for_each(|value| *value /= total);
        (total > 0.0).then_some(Density(density))
    }
}

/// Probabilities of the cells.
struct Density([f64; CELLS]);

impl Density {
    fn overlap(&self, other: &Self) -> Option<Overlap> {
        let floored = |p: f64| (1.0 - FLOOR) * p + FLOOR / CELLS as f64;
        let pairs = || self.0.iter().zip(&other.0);
        let divergence: f64 = pairs().map(|(&p, &q)| floored(p) * (floored(p) / floored(q)).ln()).sum();
        Some(Overlap {
            area: pairs().map(|(p, q)| p.min(*q)).sum::<f64>().min(1.0),
            divergence_nats: divergence.max(0.0),
        })
    }
}

/// Within the reference against across, and within the candidate against across; and what resamples need. `None` where a
/// set has fewer than two defined values.
fn of_feature(column: &Column) -> Option<([Overlap; 2], Resampled)> {
    let defined = |values: &[Option<f64>]| -> (Vec<usize>, Vec<f64>) {
        values.iter().enumerate().filter_map(|(row, value)| value.map(|value| (row, value))).unzip()
    };
    let ((reference_rows, x), (candidate_rows, y)) = (defined(&column.reference), defined(&column.candidate));
    if x.len() < 2 || y.len() < 2 {
        return None;
    }
    let lists = [distances_within(&x), distances_within(&y), distances_across(&x, &y)];
    let grid = Grid::over([&lists[0], &lists[1], &lists[2]]);
    let density = |list: &[f64]| {
        let mut histogram = [0.0; CELLS];
        list.iter().for_each(|&distance| histogram[usize::from(grid.cell(distance))] += 1.0);
        grid.kernel(list).smooth(&histogram)
    };
    let [first, second, across] = [density(&lists[0])?, density(&lists[1])?, density(&lists[2])?];
    let resampled =
        Resampled::of([(&reference_rows, &x), (&candidate_rows, &y)], lists.each_ref().map(|list| scott(list)));
    Some(([first.overlap(&across)?, second.overlap(&across)?], resampled))
}

/// Cells that the values of both sets fall into, at most, when resampled.
const VALUE_CELLS: usize = 96;

/// The values of one feature, ready to be weighted: the distances of all pairs are the correlation of the histograms of
/// the values, cell against cell, without a look at any pair.
struct Resampled {
    /// Rows with a value, and the cell of each.
    reference: Vec<(usize, u8)>,
    candidate: Vec<(usize, u8)>,
    /// Within the reference, within the candidate, across: both sides of a Gaussian in cells, the middle in the middle.
    kernels: [Vec<f32>; 3],
    /// Cells below 0 that the widest kernel reaches.
    margin: usize,
}

/// Mass by cell of the values.
type Values = [f32; VALUE_CELLS];

impl Resampled {
    fn of(sides: [(&[usize], &[f64]); 2], bandwidths: [f64; 3]) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        sides.iter().flat_map(|(_, values)| *values).for_each(|&x| (low, high) = (low.min(x), high.max(x)));
        // Half a cell on either side: the lowest value lies in the middle of the first, the highest of the last.
        let cells_a_unit = if high > low { (VALUE_CELLS - 1) as f64 / (high - low) } else { 0.0 };
        let cell = |x: f64| ((x - low) * cells_a_unit + 0.5) as u8;
        let [reference, candidate] =
            sides.map(|(rows, values)| rows.iter().zip(values).map(|(&row, &x)| (row, cell(x))).collect());
        let kernels = bandwidths.map(|bandwidth| {
            let half = Kernel::of((bandwidth * cells_a_unit).clamp(0.5, VALUE_CELLS as f64 / MARGIN)).half;
            half.iter().skip(1).rev().chain(&half).map(|&value| value as f32).collect::<Vec<f32>>()
        });
        let margin = kernels.iter().map(|kernel| kernel.len() / 2).max().unwrap_or(0);
        Self { reference, candidate, kernels, margin }
    }

    /// Distances within the reference against those across, and within the candidate against those across, of weighted
    /// pieces. Bandwidths stay those of the whole sets. `None` where a weighted list is empty.
    fn overlaps(&self, reference_weights: &[f64], candidate_weights: &[f64]) -> Option<[Overlap; 2]> {
        let (first, first_copies) = histogram(&self.reference, reference_weights);
        let (second, second_copies) = histogram(&self.candidate, candidate_weights);
        let mut lags = [[0.0; VALUE_CELLS]; 3];
        correlate(&first, &first, &mut lags[0]);
        correlate(&second, &second, &mut lags[1]);
        // |a − b| is a lag of either sign, but at lag 0 both directions are the same pairs.
        correlate(&first, &second, &mut lags[2]);
        lags[2][0] = 0.0;
        correlate(&second, &first, &mut lags[2]);
        // Within a set lag 0 holds every pair twice, and each piece with itself and its copies.
        lags[0][0] = (lags[0][0] - first_copies) / 2.0;
        lags[1][0] = (lags[1][0] - second_copies) / 2.0;
        let [first, second, across] = [0, 1, 2].map(|kind| self.smooth(&lags[kind], &self.kernels[kind]));
        let (first, second, across) = (first?, second?, across?);
        let cells = across.len() as f32;
        let floored = |p: f32| (1.0 - FLOOR as f32) * p + FLOOR as f32 / cells;
        let overlap = |density: &[f32]| {
            let pairs = || density.iter().zip(&across);
            let divergence: f32 = pairs().map(|(&p, &q)| floored(p) * (floored(p) / floored(q)).ln()).sum();
            Overlap {
                area: f64::from(pairs().map(|(p, q)| p.min(*q)).sum::<f32>().min(1.0)),
                divergence_nats: f64::from(divergence.max(0.0)),
            }
        };
        Some([overlap(&first), overlap(&second)])
    }

    /// Density of distances, with sum 1, from `margin` cells below 0 on; `None` of nothing.
    fn smooth(&self, lags: &Values, kernel: &[f32]) -> Option<Vec<f32>> {
        let mut density = vec![0.0f32; VALUE_CELLS + 2 * self.margin];
        let first = self.margin - kernel.len() / 2;
        for (lag, &mass) in lags.iter().enumerate().filter(|(_, mass)| **mass > 0.0) {
            let reached = density[first + lag..].iter_mut().zip(kernel);
            reached.for_each(|(value, weight)| *value += mass * weight);
        }
        let total: f32 = density.iter().sum();
        density.iter_mut().for_each(|value| *value /= total);
        (total > 0.0).then_some(density)
    }
}

/// Weight by cell, and the pairs of each piece with its own copies and itself: Σ w².
fn histogram(places: &[(usize, u8)], weights: &[f64]) -> (Values, f32) {
    let (mut values, mut copies) = ([0.0; VALUE_CELLS], 0.0);
    for &(row, cell) in places {
        let weight = weights[row] as f32;
        values[usize::from(cell).min(VALUE_CELLS - 1)] += weight;
        copies += weight * weight;
    }
    (values, copies)
}

/// Adds Σ first(x) · second(x + lag) to every lag ≥ 0. Whole numbers stay exact up to 2²⁴.
fn correlate(first: &Values, second: &Values, lags: &mut Values) {
    for (cell, &mass) in first.iter().enumerate().filter(|(_, mass)| **mass > 0.0) {
        lags.iter_mut().zip(&second[cell..]).for_each(|(lag, other)| *lag += mass * other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::table::FeatureTable;
    use crate::compare::table::tests::{normal_table, table};

    #[test]
    fn distances_by_hand() {
        assert_eq!(distances_within(&[1.0, 4.0, 2.0]), [3.0, 1.0, 2.0]);
        assert_eq!(distances_across(&[1.0, 4.0], &[2.0]), [1.0, 2.0]);
        assert!(distances_within(&[1.0]).is_empty());
    }

    #[test]
    fn equal_lists_overlap_wholly_and_far_ones_not_at_all() {
        let list = [0.0, 1.0, 1.5, 4.0];
        let same = overlap(&list, &list).unwrap();
        assert!((same.area - 1.0).abs() < 1e-12 && same.divergence_nats < 1e-12, "{same:?}");
        let far = overlap(&list, &list.map(|x| x + 1000.0)).unwrap();
        assert!(far.area < 1e-6 && far.divergence_nats > 10.0, "{far:?}");
        assert_eq!(overlap(&list, &[]), None);
    }

    #[test]
    fn two_grids_would_call_a_shifted_list_equal_and_one_grid_does_not() {
        let list: Vec<f64> = (0..100).map(|i| f64::from(i) / 100.0).collect();
        let shifted: Vec<f64> = list.iter().map(|x| x + 0.5).collect();
        // Two uniform densities of length 1, half a length apart, before smoothing: area 1/2.
        let half = overlap(&list, &shifted).unwrap();
        assert!((half.area - 0.5).abs() < 0.06 && half.divergence_nats > 0.5, "{half:?}");
    }

    #[test]
    fn area_and_divergence_of_gaussians_are_those_of_theory() {
        // N(0, 1) against N(1, 1): area 2Φ(−1/2) = 0.6171, divergence 1/2. Quantiles make the lists; smoothing by
        // h = 0.2287 σ (n = 1600) widens both to √(1 + h²): area 0.6258, divergence 0.475.
        let normal = |shift: f64| -> Vec<f64> {
            let quantile = |p: f64| {
                let (mut low, mut high) = (-9.0, 9.0);
                for _ in 0..60 {
                    let middle = (low + high) / 2.0;
                    if crate::compare::gaussian::normal_cdf(middle) < p { low = middle } else { high = middle }
                }
                low + shift
            };
            (0..1600).map(|i| quantile((f64::from(i) + 0.5) / 1600.0)).collect()
        };
        let found = overlap(&normal(0.0), &normal(1.0)).unwrap();
        assert!((found.area - 0.6258).abs() < 0.004, "{found:?}");
        assert!((found.divergence_nats - 0.475).abs() < 0.01, "{found:?}");
    }

    #[test]
    fn constant_features_are_compared_without_a_panic() {
        let same = overlap(&[2.0; 5], &[2.0; 3]).unwrap();
        assert!((same.area - 1.0).abs() < 1e-12 && same.divergence_nats < 1e-12, "{same:?}");
        let apart = overlap(&[0.0; 5], &[1.0; 3]).unwrap();
        assert!(apart.area < 1e-9, "{apart:?}");
        let huge = overlap(&[1e99, 0.0], &[0.0, 1e-99]).unwrap();
        assert!(huge.area.is_finite() && huge.divergence_nats.is_finite());
    }

    fn column(reference: &[Option<f64>], candidate: &[f64]) -> Column {
        Column {
            name: String::new(),
            family: String::new(),
            mean: 0.0,
            deviation: 1.0,
            reference: reference.to_vec(),
            candidate: candidate.iter().copied().map(Some).collect(),
        }
    }

    #[test]
    fn undefined_values_have_no_distance() {
        let (whole, _) = of_feature(&column(&[Some(1.0), Some(2.0), None, Some(4.0)], &[1.5, 3.0])).unwrap();
        let [first, second, across] = [vec![1.0, 3.0, 2.0], vec![1.5], vec![0.5, 2.0, 0.5, 1.0, 2.5, 1.0]];
        let grid = Grid::over([&first[..], &second[..], &across[..]]);
        let density = |list: &[f64]| {
            let mut histogram = [0.0; CELLS];
            list.iter().for_each(|&distance| histogram[usize::from(grid.cell(distance))] += 1.0);
            grid.kernel(list).smooth(&histogram).unwrap()
        };
        assert_eq!(whole[0], density(&first).overlap(&density(&across)).unwrap());
        assert!(of_feature(&column(&[Some(1.0), None], &[1.5, 3.0])).is_none());
    }

    #[test]
    fn a_correlation_counts_the_pairs_at_every_distance() {
        // Values 0, 0, 3 with weights 1, 2, 1 against 1: pairs at 3 within: (1 + 2) · 1; at 0: 1 · 2, copies left out.
        let places = [(0, 0), (1, 0), (2, 3)];
        let (values, copies) = histogram(&places, &[1.0, 2.0, 1.0]);
        let mut lags = [0.0; VALUE_CELLS];
        correlate(&values, &values, &mut lags);
        assert_eq!((lags[3], (lags[0] - copies) / 2.0), (3.0, 2.0));
        assert_eq!(lags.iter().sum::<f32>(), 3.0 + 10.0);
    }

    #[test]
    fn resamples_of_whole_sets_are_the_estimate() {
        let pair = Pair::of(&normal_table(150, 3, 0.0, 0), &normal_table(120, 3, 0.7, 1000));
        for column in &pair.columns {
            let (exact, resampled) = of_feature(column).unwrap();
            let whole = resampled.overlaps(&[1.0; 150], &[1.0; 120]).unwrap();
            for (side, exact) in whole.iter().zip(exact) {
                assert!((side.area - exact.area).abs() < 0.005, "{side:?} {exact:?}");
                assert!((side.divergence_nats - exact.divergence_nats).abs() < 0.01, "{side:?} {exact:?}");
            }
            assert_eq!(resampled.overlaps(&[0.0; 150], &[1.0; 120]), None);
        }
    }

    #[test]
    fn more_of_the_same_overlaps_more_than_something_else() {
        let reference = normal_table(60, 3, 0.0, 0);
        let area = |mean: f64| {
            let pair = Pair::of(&reference, &normal_table(60, 3, mean, 1000));
            let found = overlaps(&pair, &Bootstrap { resamples: 40, ..Bootstrap::default() }).unwrap();
            assert_eq!(found.features.len(), 3);
            for mean in [found.mean_reference_area, found.mean_candidate_divergence_nats] {
                assert!(mean.interval.unwrap().contains(mean.value), "{mean:?}");
            }
            found.mean_reference_area.value
        };
        let (same, near, far) = (area(0.0), area(1.5), area(6.0));
        assert!(same > 0.9 && near < same - 0.05 && far < 0.2, "{same} {near} {far}");
    }

    #[test]
    fn too_little_to_compare_is_undefined() {
        let one = table(&[vec![1.0]], 0);
        assert_eq!(overlaps(&Pair::of(&one, &one), &Bootstrap::default()), None);
        assert_eq!(overlaps(&Pair::of(&FeatureTable::default(), &one), &Bootstrap::default()), None);
    }
}
