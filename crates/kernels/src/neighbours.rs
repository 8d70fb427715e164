//! Rows of which groups of columns are taken from rows nearby: what a pixel sees of its neighbours.

use crate::isa::vectorised;

/// Where one group of columns is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Which of the sources.
    pub source: usize,
    /// How many rows further on there; below 0: further back.
    pub rows: isize,
}

vectorised! {
    /// Every row of `out`, `width` wide: its first columns are those of the same row of the second source; then come as many
    /// groups of columns as there are reaches, each from the row it reaches; 0 where that row, or the source, does not exist.
    ///
    /// # Panics   if the columns that are left for groups are no multiple of their number, or a source is shorter than `out`.
    pub fn gather(width: usize, own: usize, reaches: &[Reach], sources: [Option<&[f32]>; 3], out: &mut [f32]) {
        gather_as(width, own, reaches, sources, |x| x, out);
    }
}

vectorised! {
    /// [`gather`], and what is below 0 becomes 0.
    ///
    /// # Panics   as [`gather`].
    pub fn gather_positive(width: usize, own: usize, reaches: &[Reach], sources: [Option<&[f32]>; 3], out: &mut [f32]) {
        gather_as(width, own, reaches, sources, |x| x.max(0.0), out);
    }
}

#[inline(always)]
fn gather_as(
    width: usize,
    own: usize,
    reaches: &[Reach],
    sources: [Option<&[f32]>; 3],
    f: impl Fn(f32) -> f32 + Copy,
    out: &mut [f32],
) {
    let group = (width - own) / reaches.len().max(1);
    assert_eq!(own + group * reaches.len(), width, "groups of equal width");
    let rows = out.len() / width;
    for (row, out) in out.chunks_exact_mut(width).enumerate() {
        let (first, groups) = out.split_at_mut(own);
        match sources[1] {
            Some(source) => copy_as(first, &source[row * width..][..own], f),
            None => first.fill(0.0),
        }
        for (index, (out, reach)) in groups.chunks_exact_mut(group).zip(reaches).enumerate() {
            let there = row as isize + reach.rows;
            match sources[reach.source] {
                Some(source) if (0..rows as isize).contains(&there) => {
                    let from = &source[there as usize * width + own + index * group..][..group];
                    // Groups of eight are the usual case: of known length they are one instruction.
                    match (<&mut [f32; 8]>::try_from(&mut *out), <&[f32; 8]>::try_from(from)) {
                        (Ok(out), Ok(from)) => copy_as(out, from, f),
                        _ => copy_as(out, from, f),
                    }
                }
                _ => out.fill(0.0),
            }
        }
    }
}

#[inline(always)]
fn copy_as(out: &mut [f32], from: &[f32], f: impl Fn(f32) -> f32) {
    out.iter_mut().zip(from).for_each(|(out, from)| *out = f(*from));
}

vectorised! {
    /// d becomes 0 where y is not above 0.
    pub fn keep_where_positive(d: &mut [f32], y: &[f32]) {
        for (d, y) in d.iter_mut().zip(y) {
            *d = if *y > 0.0 { *d } else { 0.0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_come_from_where_they_reach() {
        // Two rows of one own column and two groups of one column: the row before in the first source, the next in the second.
        let reaches = [Reach { source: 0, rows: -1 }, Reach { source: 1, rows: 1 }];
        let (before, now) = ([10.0, 11.0, 12.0, 20.0, 21.0, 22.0], [1.0, 2.0, -3.0, 4.0, 5.0, -6.0]);
        let mut out = [f32::NAN; 6];
        gather(3, 1, &reaches, [Some(&before), Some(&now), None], &mut out);
        assert_eq!(out, [1.0, 0.0, -6.0, 4.0, 11.0, 0.0]);
        gather_positive(3, 1, &reaches, [None, Some(&now), None], &mut out);
        assert_eq!(out, [1.0, 0.0, 0.0, 4.0, 0.0, 0.0]);
        keep_where_positive(&mut out, &[0.0, 1.0, 1.0, 2.0, -1.0, f32::NAN]);
        assert_eq!(out, [0.0, 0.0, 0.0, 4.0, 0.0, 0.0]);
    }
}
