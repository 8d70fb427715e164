//! Weights for a token layout that has grown by blocks at its end.
//!
//! Three kinds of tensors see a layout: what reads cells (columns: cells, then [`POSITION_WIDTH`] numbers of position),
//! what reads noise levels (columns: levels, then position), and what writes cells (rows). New columns begin at zero, so
//! that the network answers as before; new rows keep what they are, which is the prior of the new cells.

use crate::features::POSITION_WIDTH;

/// What reads cells or noise levels, in both networks.
const READERS: [&str; 3] = ["patch.cells.weight", "levels.0.weight", "embed.token.weight"];
/// What writes cells.
const WRITERS: [&str; 2] = ["head.cells.weight", "head.cells.bias"];

/// Copies an old tensor into a new one of the same or a grown shape; false (and nothing copied) where it cannot be.
pub fn adopt(name: &str, old: &[f32], old_shape: &[usize], new: &mut [f32], new_shape: &[usize]) -> bool {
    let (Some((old_rows, old_columns)), Some((rows, columns))) = (matrix(old_shape), matrix(new_shape)) else {
        return false;
    };
    let rows_fit = old_rows == rows || WRITERS.contains(&name) && old_rows < rows;
    let columns_fit = old_columns == columns || READERS.contains(&name) && old_columns < columns;
    let tail = if old_columns == columns { 0 } else { POSITION_WIDTH };
    if old_shape.len() != new_shape.len() || !rows_fit || !columns_fit || tail > old_columns {
        return false;
    }
    for (old, new) in old.chunks_exact(old_columns).zip(new.chunks_exact_mut(columns)) {
        let (cells, position) = old.split_at(old_columns - tail);
        new.fill(0.0);
        new[..cells.len()].copy_from_slice(cells);
        new[columns - tail..].copy_from_slice(position);
    }
    true
}

/// A vector is a matrix of one column; anything of another rank is none.
fn matrix(shape: &[usize]) -> Option<(usize, usize)> {
    match *shape {
        [rows] if rows > 0 => Some((rows, 1)),
        [rows, columns] if rows > 0 && columns > 0 => Some((rows, columns)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_shapes_are_copied() {
        let mut new = [0.0; 6];
        assert!(adopt("any", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3], &mut new, &[2, 3]));
        assert_eq!(new, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    }

    #[test]
    fn new_columns_are_zero_and_stand_before_the_position() {
        let (old_columns, columns) = (POSITION_WIDTH + 2, POSITION_WIDTH + 3);
        let old: Vec<f32> = (0..old_columns).map(|i| i as f32 + 1.0).collect();
        let mut new = vec![9.0; columns];
        assert!(adopt("levels.0.weight", &old, &[1, old_columns], &mut new, &[1, columns]));
        assert_eq!(new[..4], [1.0, 2.0, 0.0, 3.0]);
        assert_eq!(new[columns - 1], old_columns as f32);
    }

    #[test]
    fn new_rows_keep_what_they_are() {
        let mut new = [7.0; 3];
        assert!(adopt("head.cells.bias", &[1.0, 2.0], &[2], &mut new, &[3]));
        assert_eq!(new, [1.0, 2.0, 7.0]);
    }

    #[test]
    fn what_shrinks_widens_or_changes_rank_stays_fresh() {
        let mut new = [7.0; 2];
        assert!(!adopt("head.cells.bias", &[1.0; 3], &[3], &mut new, &[2]));
        assert!(!adopt("any", &[1.0; 2], &[2], &mut new, &[2, 1]));
        assert!(!adopt("any", &[1.0], &[1], &mut new, &[2]), "another width of the network");
        assert!(!adopt("levels.0.weight", &[1.0], &[1, 1], &mut new, &[1, 2]), "no room for a position");
        assert_eq!(new, [7.0; 2]);
    }
}
