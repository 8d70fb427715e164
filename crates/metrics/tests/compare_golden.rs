//! The comparison of sets beside numpy, scipy, scikit-learn and prdc.
//!
//! `testdata/golden/compare.py` drew two small sets and wrote them and its figures down (`compare.json`). Theirs are
//! computed by other formulas: the Fréchet distance with a matrix root, the kernel and the covariance by scikit-learn,
//! densities by adding up on a grid of 20,000 points.

use aeolian_metrics::compare::auc::area_under_curve;
use aeolian_metrics::compare::coverage::piece_by_piece;
use aeolian_metrics::compare::distances::{distances_across, distances_within, overlap};
use aeolian_metrics::compare::frechet::{Gaussian, frechet_distance};
use aeolian_metrics::compare::gaussian::overlap_of_gaussians;
use aeolian_metrics::compare::linear_algebra::Matrix;
use aeolian_metrics::compare::mmd::mmd_squared;
use serde_json::Value;
use std::path::Path;

/// Figures were rounded to nine digits.
const EXACT: f64 = 1e-8;
/// Our densities have 256 cells.
const OF_THE_GRID: f64 = 2e-3;

struct Golden {
    reference: Matrix,
    candidate: Matrix,
    figures: Value,
}

fn golden() -> Golden {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/golden/compare.json");
    let text = std::fs::read_to_string(path).expect("compare.json is there");
    let figures: Value = serde_json::from_str(&text).expect("it is JSON");
    let set = |name: &str| Matrix::from_rows(&rows(&figures[name]));
    Golden { reference: set("reference"), candidate: set("candidate"), figures }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().expect("a list of lists").iter().map(numbers).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn column(set: &Matrix, column: usize) -> Vec<f64> {
    set.iter_rows().map(|row| row[column]).collect()
}

#[track_caller]
fn near(ours: f64, theirs: &Value, tolerance: f64) {
    let theirs = number(theirs);
    assert!((ours - theirs).abs() <= tolerance, "ours {ours}, theirs {theirs}");
}

#[test]
fn mmd_is_that_of_scikit_learns_kernel() {
    let golden = golden();
    near(mmd_squared(&golden.reference, &golden.candidate).unwrap(), &golden.figures["mmd"]["squared"], EXACT);
}

#[test]
fn frechet_distance_and_shrinkage_are_those_of_scipy_and_scikit_learn() {
    let Golden { reference, candidate, figures } = golden();
    let theirs = &figures["frechet"];
    for (set, theirs) in [&reference, &candidate].into_iter().zip(numbers(&theirs["shrinkage"])) {
        let ours = Gaussian::fit(set, &vec![1.0; set.rows()]).unwrap().shrinkage;
        assert!((ours - theirs).abs() < EXACT, "shrinkage {ours}, theirs {theirs}");
    }
    near(frechet_distance(&reference, &candidate).unwrap(), &theirs["squared"], EXACT);
}

#[test]
fn precision_recall_density_coverage_are_those_of_prdc() {
    let Golden { reference, candidate, figures } = golden();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    for neighbours in [1, 3, 5] {
        let ours = piece_by_piece(&reference, &candidate, neighbours).unwrap();
        let theirs = &figures["prdc"][neighbours.to_string()];
        near(mean(&ours.precision), &theirs["precision"], EXACT);
        near(mean(&ours.recall), &theirs["recall"], EXACT);
        near(mean(&ours.density), &theirs["density"], EXACT);
        near(mean(&ours.coverage), &theirs["coverage"], EXACT);
    }
}

#[test]
fn overlap_and_divergence_of_distances_are_those_of_scipys_densities() {
    let Golden { reference, candidate, figures } = golden();
    for (feature, theirs) in figures["distances"].as_array().expect("a feature each").iter().enumerate() {
        let (x, y) = (column(&reference, feature), column(&candidate, feature));
        let ours = overlap(&distances_within(&x), &distances_across(&x, &y)).unwrap();
        near(ours.area, &theirs["area"], OF_THE_GRID);
        near(ours.divergence_nats, &theirs["divergence_nats"], OF_THE_GRID);
    }
}

/// What the definition of Yang and Lerch's toolbox does to the same figures: it loses what lies outside the range of the
/// data (so its area is smaller, and of equal lists it is not 1), and its divergence, taken between different grids,
/// is another number.
#[test]
fn the_toolbox_of_yang_and_lerch_differs_in_the_known_direction() {
    let golden = golden();
    for theirs in golden.figures["distances"].as_array().expect("a feature each") {
        let lost = number(&theirs["area"]) - number(&theirs["toolbox_area"]);
        assert!((0.0..0.1).contains(&lost), "{theirs}");
        let apart = number(&theirs["divergence_nats"]) - number(&theirs["toolbox_divergence_nats"]);
        assert!(apart.abs() > OF_THE_GRID, "{theirs}");
    }
}

#[test]
fn areas_of_gaussians_are_those_of_adding_up() {
    let golden = golden();
    for row in rows(&golden.figures["areas_of_gaussians"]) {
        let ours = overlap_of_gaussians((row[0], row[1]), (row[2], row[3]));
        assert!((ours - row[4]).abs() < EXACT, "{row:?}: {ours}");
    }
}

#[test]
fn area_under_the_curve_is_that_of_scikit_learn() {
    let Golden { reference, candidate, figures } = golden();
    for (feature, theirs) in numbers(&figures["auc"]).into_iter().enumerate() {
        let scores = [column(&reference, feature), column(&candidate, feature)].concat();
        let is_candidate: Vec<bool> = (0..scores.len()).map(|row| row >= reference.rows()).collect();
        let ours = area_under_curve(&scores, &is_candidate, &vec![1.0; scores.len()]).unwrap();
        assert!((ours - theirs).abs() < EXACT, "{ours}, theirs {theirs}");
    }
}
