//! How long a run of notes each piece shares with the training music.

use crate::Material;
use aeolian_metrics::Excerpt;
use aeolian_metrics::originality::LineIndex;
use rayon::prelude::*;

/// For each set, the longest shared run of every piece, in notes.
pub fn shared_runs<'a>(material: &Material, sets: &[(&'a str, Vec<Excerpt>)]) -> Vec<(&'a str, Vec<usize>)> {
    let training: Vec<Excerpt> = material.train.pieces.iter().map(|p| Excerpt::from_canvas(&p.canvas)).collect();
    let index = LineIndex::new(&training);
    sets.iter()
        .map(|(name, set)| (*name, set.par_iter().map(|e| index.longest_shared_run(e).notes).collect()))
        .collect()
}
