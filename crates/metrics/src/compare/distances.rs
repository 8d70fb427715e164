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
//! estimators"); a cell is normally a small fraction of the bandwidth, and a whole set of resamples costs additions
//! only.

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
    pub reference_divergence_nats: f64,
    /// Area common to distances within the candidate and distances across, 0–1.
    pub candidate_area: Estimate,
    /// KL(within the candidate ‖ across), nats.
    pub candidate_divergence_nats: f64,
}

/// All features of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Overlaps {
    /// Mean of the features' `reference_area`.
    pub mean_reference_area: Estimate,
    /// Mean of the features' `candidate_area`.
    pub mean_candidate_area: Estimate,
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
    let lists: Vec<FeatureDistances> = pair.columns.par_iter().filter_map(FeatureDistances::of).collect();
    let all = |r: &[f64], c: &[f64]| -> Sides { lists.iter().map(|list| list.overlaps(r, c)).collect() };
    let whole = all(&vec![1.0; pair.reference_songs.len()], &vec![1.0; pair.candidate_songs.len()]);
    let drawn = bootstrap.replicates_of_two(&pair.reference_songs, &pair.candidate_songs, |r, c| Some(all(r, c)));
    let drawn: Vec<Sides> = drawn.unwrap_or_default().into_iter().flatten().collect();
    let estimate = |area: &dyn Fn(&Sides) -> Option<f64>| {
        let value = area(&whole)?;
        let interval = bootstrap.percentiles_around(value, drawn.iter().map(area).collect(), 0.0..=1.0);
        Some(Estimate { value, interval })
    };
    let feature = |(place, list): (usize, &FeatureDistances)| {
        let [reference, candidate] = whole[place]?;
        Some(FeatureOverlap {
            name: list.column.name.clone(),
            family: list.column.family.clone(),
            reference_area: estimate(&|all| Some(all[place]?[0].area))?,
            reference_divergence_nats: reference.divergence_nats,
            candidate_area: estimate(&|all| Some(all[place]?[1].area))?,
            candidate_divergence_nats: candidate.divergence_nats,
        })
    };
    Some(Overlaps {
        mean_reference_area: estimate(&|all| mean(all.iter().flatten().map(|sides| sides[0].area)))?,
        mean_candidate_area: estimate(&|all| mean(all.iter().flatten().map(|sides| sides[1].area)))?,
        features: lists.iter().enumerate().filter_map(feature).collect(),
    })
}

/// For every feature, the reference's side and the candidate's.
type Sides = Vec<Option<[Overlap; 2]>>;

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

/// The cells of all distances of one feature, ready to be weighted.
struct FeatureDistances<'a> {
    column: &'a Column,
    reference: Vec<usize>,
    candidate: Vec<usize>,
    /// Pairs within the reference, within the candidate, across; within: i < j, row by row.
    cells: [Vec<u8>; 3],
    kernels: [Kernel; 3],
}

impl<'a> FeatureDistances<'a> {
    /// `None` where a set has fewer than two defined values.
    fn of(column: &'a Column) -> Option<Self> {
        let defined = |values: &[Option<f64>]| -> (Vec<usize>, Vec<f64>) {
            values.iter().enumerate().filter_map(|(row, value)| value.map(|value| (row, value))).unzip()
        };
        let ((reference, x), (candidate, y)) = (defined(&column.reference), defined(&column.candidate));
        if reference.len() < 2 || candidate.len() < 2 {
            return None;
        }
        let lists = [distances_within(&x), distances_within(&y), distances_across(&x, &y)];
        let grid = Grid::over([&lists[0], &lists[1], &lists[2]]);
        let cells = lists.each_ref().map(|list| list.iter().map(|&distance| grid.cell(distance)).collect());
        Some(Self { column, reference, candidate, cells, kernels: lists.each_ref().map(|list| grid.kernel(list)) })
    }

    /// Within the reference against across, and within the candidate against across. The bandwidth stays that of the
    /// whole set. `None` where a weighted list is empty.
    fn overlaps(&self, reference_weights: &[f64], candidate_weights: &[f64]) -> Option<[Overlap; 2]> {
        let chosen = |rows: &[usize], weights: &[f64]| rows.iter().map(|&row| weights[row]).collect::<Vec<f64>>();
        let (w, v) = (chosen(&self.reference, reference_weights), chosen(&self.candidate, candidate_weights));
        let densities = [
            self.kernels[0].smooth(&within(&self.cells[0], &w))?,
            self.kernels[1].smooth(&within(&self.cells[1], &v))?,
            self.kernels[2].smooth(&across(&self.cells[2], &w, &v))?,
        ];
        Some([densities[0].overlap(&densities[2])?, densities[1].overlap(&densities[2])?])
    }
}

fn within(cells: &[u8], weights: &[f64]) -> [f64; CELLS] {
    let mut histogram = [0.0; CELLS];
    let mut rest = cells;
    for (i, &weight) in weights.iter().enumerate() {
        let (row, next) = rest.split_at(weights.len() - 1 - i);
        rest = next;
        if weight > 0.0 {
            row.iter().zip(&weights[i + 1..]).for_each(|(&cell, other)| histogram[usize::from(cell)] += weight * other);
        }
    }
    histogram
}

fn across(cells: &[u8], first: &[f64], second: &[f64]) -> [f64; CELLS] {
    let mut histogram = [0.0; CELLS];
    for (row, &weight) in cells.chunks_exact(second.len().max(1)).zip(first).filter(|(_, weight)| **weight > 0.0) {
        row.iter().zip(second).for_each(|(&cell, other)| histogram[usize::from(cell)] += weight * other);
    }
    histogram
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

    #[test]
    fn weights_of_one_are_no_weights() {
        let column = |reference: &[Option<f64>]| Column {
            name: String::new(),
            family: String::new(),
            mean: 0.0,
            deviation: 1.0,
            reference: reference.to_vec(),
            candidate: [1.5, 3.0, 3.0].map(Some).to_vec(),
        };
        let whole = column(&[1.0, 2.0, 4.0, 8.0].map(Some));
        let list = FeatureDistances::of(&whole).unwrap();
        let [reference, _] = list.overlaps(&[1.0; 4], &[1.0; 3]).unwrap();
        let doubled = list.overlaps(&[2.0; 4], &[2.0; 3]).unwrap();
        assert!((reference.area - doubled[0].area).abs() < 1e-12);
        let shorter = column(&[Some(1.0), Some(2.0), Some(4.0), None]);
        let without_last = FeatureDistances::of(&shorter).unwrap();
        assert_eq!(without_last.cells[0].len(), 3);
    }

    #[test]
    fn more_of_the_same_overlaps_more_than_something_else() {
        let reference = normal_table(60, 3, 0.0, 0);
        let area = |mean: f64| {
            let pair = Pair::of(&reference, &normal_table(60, 3, mean, 1000));
            let found = overlaps(&pair, &Bootstrap { resamples: 40, ..Bootstrap::default() }).unwrap();
            assert_eq!(found.features.len(), 3);
            assert!(found.mean_reference_area.interval.unwrap().contains(found.mean_reference_area.value));
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
