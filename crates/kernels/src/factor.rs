//! The right factor of many products, made ready once.

use crate::elementwise::{add_to_rows, fill_rows};
use crate::gemm::{Into, Matrix, gemm};
use crate::gemm_bf16::{Base, Rounded, has_bf16};

/// B (k × n), to be multiplied from the left by many matrices of few rows, with the bits of [`gemm`] or
/// [`gemm_bf16`](crate::gemm_bf16::gemm_bf16).
#[derive(Clone, Debug)]
pub struct Factor {
    k: usize,
    n: usize,
    layout: Layout,
}

#[derive(Clone, Debug)]
enum Layout {
    /// Row after row.
    Rows(Vec<f32>),
    Rounded(Rounded),
}

impl Factor {
    /// For products in `f32`, or with factors rounded to bfloat16 where the machine has them.
    ///
    /// # Panics   if B is too short for its shape.
    pub fn new(rounded: bool, k: usize, n: usize, b: Matrix) -> Self {
        assert!(b.holds(k, n), "a factor is too short for its shape");
        let layout = if rounded && has_bf16() {
            let mut words = Rounded::default();
            words.round(k, n, b);
            Layout::Rounded(words)
        } else {
            let (data, along_rows, along_columns) = b.parts();
            let row = |i: usize| (0..n).map(move |j| data[i * along_rows + j * along_columns]);
            Layout::Rows((0..k).flat_map(row).collect())
        };
        Self { k, n, layout }
    }

    /// C (m × n, row after row) = base + A (m × k) · B.
    ///
    /// # Panics   if a matrix or the base is too short for its shape.
    pub fn multiply(&self, m: usize, a: Matrix, c: &mut [f32], base: Base) {
        match &self.layout {
            Layout::Rows(rows) => {
                let into = begin(self.n, &mut c[..m * self.n], base);
                gemm(m, self.n, self.k, a, Matrix::rows(rows, self.n), c, self.n, into);
            }
            Layout::Rounded(words) => words.multiply(m, a, c, self.n, base),
        }
    }
}

/// Makes the rows of C, n wide, what a product is to be added to.
///
/// # Panics   if the base is too short.
pub fn begin(n: usize, c: &mut [f32], base: Base) -> Into {
    match base {
        Base::Nothing => return Into::Replace,
        Base::There => {}
        Base::Row(row) => fill_rows(c, &row[..n]),
        Base::Rows(own, row) => {
            c.copy_from_slice(&own[..c.len()]);
            if let Some(row) = row {
                add_to_rows(c, &row[..n]);
            }
        }
    }
    Into::Add
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gemm_bf16::gemm_bf16;

    #[test]
    fn equal_bits_with_the_product_of_both_factors() {
        for (m, n, k) in [(1, 1, 1), (88, 192, 64), (88, 64, 192), (13, 4, 65), (90, 33, 1030)] {
            let number = |i: usize| ((i * 37 % 101) as f32 - 50.0) / 23.0;
            let (a, b): (Vec<f32>, Vec<f32>) = ((0..m * k).map(number).collect(), (0..k * n).map(number).collect());
            let a = Matrix::rows(&a, k);
            let (own, row): (Vec<f32>, Vec<f32>) = ((0..m * n).map(number).collect(), (0..n).map(number).collect());
            for b in [Matrix::rows(&b, n), Matrix::rows(&b, k).transposed()] {
                for base in
                    [Base::Nothing, Base::There, Base::Row(&row), Base::Rows(&own, None), Base::Rows(&own, Some(&row))]
                {
                    let (mut expected, mut got) = (vec![0.5; m * n], vec![0.5; m * n]);
                    let into = begin(n, &mut expected, base);
                    gemm(m, n, k, a, b, &mut expected, n, into);
                    Factor::new(false, k, n, b).multiply(m, a, &mut got, base);
                    assert_eq!(got, expected, "{m} {n} {k} {base:?}");
                    (expected, got) = (vec![0.5; m * n], vec![0.5; m * n]);
                    let into = begin(n, &mut expected, base);
                    gemm_bf16(m, n, k, a, b, &mut expected, n, into);
                    Factor::new(true, k, n, b).multiply(m, a, &mut got, base);
                    assert_eq!(got, expected, "{m} {n} {k} {base:?} rounded");
                }
            }
        }
    }
}
