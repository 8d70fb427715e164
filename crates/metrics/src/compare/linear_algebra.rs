//! The little linear algebra that comparisons need: a dense matrix, Cholesky's factor, and the eigenvalues of a
//! symmetric matrix by Jacobi's rotations. Made for sizes around 60, where simple is fast enough.
//!
//! ```
//! use aeolian_metrics::compare::linear_algebra::{Matrix, symmetric_eigenvalues};
//!
//! let a = Matrix::from_rows(&[vec![2.0, 1.0], vec![1.0, 2.0]]);
//! let eigenvalues = symmetric_eigenvalues(&a);
//! assert!((eigenvalues[0] - 1.0).abs() < 1e-12 && (eigenvalues[1] - 3.0).abs() < 1e-12);
//! ```

/// A dense matrix, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f64>,
}

impl Matrix {
    /// All zeros.
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, columns, values: vec![0.0; rows * columns] }
    }

    /// Of rows as long as the first; a shorter row is filled with zeros, a longer one is cut.
    pub fn from_rows(rows: &[Vec<f64>]) -> Self {
        let mut matrix = Self::zeros(rows.len(), rows.first().map_or(0, Vec::len));
        for (i, row) in rows.iter().enumerate() {
            matrix.row_mut(i).iter_mut().zip(row).for_each(|(to, from)| *to = *from);
        }
        matrix
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns it has.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// A row.
    ///
    /// # Panics   beyond the last row
    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.columns..(row + 1) * self.columns]
    }

    /// A row to be written.
    ///
    /// # Panics   beyond the last row
    pub fn row_mut(&mut self, row: usize) -> &mut [f64] {
        &mut self.values[row * self.columns..(row + 1) * self.columns]
    }

    /// Rows one after the other; for a matrix without columns, as many empty rows as it has.
    pub fn iter_rows(&self) -> impl Iterator<Item = &[f64]> {
        (0..self.rows).map(|row| self.row(row))
    }

    /// The chosen rows and columns, in the order given.
    ///
    /// # Panics   where one does not exist
    pub fn select(&self, rows: &[usize], columns: &[usize]) -> Self {
        let mut chosen = Self::zeros(rows.len(), columns.len());
        for (to, &from) in rows.iter().enumerate() {
            let source = self.row(from);
            chosen.row_mut(to).iter_mut().zip(columns).for_each(|(value, &column)| *value = source[column]);
        }
        chosen
    }

    /// Sum of the diagonal.
    pub fn trace(&self) -> f64 {
        (0..self.rows.min(self.columns)).map(|i| self.row(i)[i]).sum()
    }
}

/// Squared Euclidean distance of two rows.
pub fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// Scalar product of two rows.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The lower triangular L with L Lᵀ = `a`, for a symmetric matrix without negative eigenvalues.
///
/// A pivot not above 10⁻¹⁴ of the largest diagonal element counts as zero, and so does its column: in a matrix without
/// negative eigenvalues that column is zero. Only the lower triangle of `a` is read.
pub fn cholesky(a: &Matrix) -> Matrix {
    let n = a.rows.min(a.columns);
    let smallest = 1e-14 * (0..n).map(|i| a.row(i)[i]).fold(0.0, f64::max);
    let mut l = Matrix::zeros(n, n);
    for i in 0..n {
        for j in 0..=i {
            let rest = a.row(i)[j] - dot(&l.row(i)[..j], &l.row(j)[..j]);
            let pivot = l.row(j)[j];
            l.row_mut(i)[j] = match (i == j, pivot > 0.0) {
                (true, _) if rest > smallest => rest.sqrt(),
                (false, true) => rest / pivot,
                _ => 0.0,
            };
        }
    }
    l
}

/// Solves L Lᵀ x = `b`; coordinates whose pivot is zero become 0.
pub fn solve(l: &Matrix, b: &[f64]) -> Vec<f64> {
    let n = l.rows.min(b.len());
    let divide = |value: f64, pivot: f64| if pivot > 0.0 { value / pivot } else { 0.0 };
    let mut x = b[..n].to_vec();
    for i in 0..n {
        x[i] = divide(x[i] - dot(&l.row(i)[..i], &x[..i]), l.row(i)[i]);
    }
    for i in (0..n).rev() {
        let below: f64 = (i + 1..n).map(|k| l.row(k)[i] * x[k]).sum();
        x[i] = divide(x[i] - below, l.row(i)[i]);
    }
    x
}

/// Lᵀ A L for a lower triangular L and a symmetric A: symmetric, with the eigenvalues of A·(L Lᵀ).
pub fn congruent(l: &Matrix, a: &Matrix) -> Matrix {
    let n = l.rows;
    // Rows of A L, then of Lᵀ (A L); row k of L has entries only up to column k.
    let mut product = Matrix::zeros(n, n);
    for i in 0..n {
        for k in 0..n {
            add_scaled(&mut product.row_mut(i)[..=k], a.row(i)[k], &l.row(k)[..=k]);
        }
    }
    let mut result = Matrix::zeros(n, n);
    for k in 0..n {
        for i in 0..=k {
            add_scaled(result.row_mut(i), l.row(k)[i], product.row(k));
        }
    }
    result
}

/// `to` += `factor` · `from`.
pub fn add_scaled(to: &mut [f64], factor: f64, from: &[f64]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += factor * from);
}

/// More sweeps than Jacobi's method ever needs; it converges quadratically, in six to ten.
const MOST_SWEEPS: usize = 60;

/// Eigenvalues of a symmetric matrix, ascending.
///
/// Cyclic Jacobi: every off-diagonal element in turn is rotated to zero (Golub & Van Loan, *Matrix Computations*, §8.5)
/// until all of them together are below 10⁻¹³ of the matrix. Only the part of `a` that is square is looked at.
pub fn symmetric_eigenvalues(a: &Matrix) -> Vec<f64> {
    let n = a.rows.min(a.columns);
    let all: Vec<usize> = (0..n).collect();
    let mut a = a.select(&all, &all);
    let norm: f64 = a.values.iter().map(|value| value * value).sum();
    for _ in 0..MOST_SWEEPS {
        let off_diagonal: f64 =
            (0..n).map(|i| a.row(i)[..i].iter().map(|value| 2.0 * value * value).sum::<f64>()).sum();
        if off_diagonal.is_nan() || off_diagonal <= 1e-26 * norm {
            break;
        }
        // A rotation that would only move rounding errors is left out.
        let negligible = (1e-32 * norm).sqrt();
        for p in 0..n {
            for q in p + 1..n {
                if a.row(p)[q].abs() > negligible {
                    rotate(&mut a, p, q);
                }
            }
        }
    }
    let mut eigenvalues: Vec<f64> = (0..n).map(|i| a.row(i)[i]).collect();
    eigenvalues.sort_by(f64::total_cmp);
    eigenvalues
}

/// Rotates the plane (p, q), p < q, so that the element at (p, q) vanishes.
fn rotate(a: &mut Matrix, p: usize, q: usize) {
    let (a_pp, a_qq, a_pq) = (a.row(p)[p], a.row(q)[q], a.row(p)[q]);
    let theta = (a_qq - a_pp) / (2.0 * a_pq);
    let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    let n = a.columns;
    let (upper, lower) = a.values.split_at_mut(q * n);
    let (row_p, row_q) = (&mut upper[p * n..(p + 1) * n], &mut lower[..n]);
    for (x, y) in row_p.iter_mut().zip(row_q.iter_mut()) {
        (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
    }
    row_p[p] = a_pp - tangent * a_pq;
    row_p[q] = 0.0;
    row_q[q] = a_qq + tangent * a_pq;
    row_q[p] = 0.0;
    for k in 0..n {
        a.values[k * n + p] = a.values[p * n + k];
        a.values[k * n + q] = a.values[q * n + k];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::random::Draws;

    /// B Bᵀ of random numbers: symmetric, without negative eigenvalues, of rank min(n, rank).
    fn gram(n: usize, rank: usize, seed: u64) -> Matrix {
        let draws = Draws::new(seed);
        let row = |i: usize| (0..rank).map(|j| draws.uniform((i * rank + j) as u64) - 0.5).collect::<Vec<_>>();
        let rows: Vec<_> = (0..n).map(row).collect();
        Matrix::from_rows(&rows.iter().map(|a| rows.iter().map(|b| dot(a, b)).collect()).collect::<Vec<_>>())
    }

    fn product_with_its_transpose(l: &Matrix) -> Matrix {
        let rows: Vec<Vec<f64>> = l.iter_rows().map(|a| l.iter_rows().map(|b| dot(a, b)).collect()).collect();
        Matrix::from_rows(&rows)
    }

    fn assert_close(a: &Matrix, b: &Matrix) {
        assert!(a.values.iter().zip(&b.values).all(|(a, b)| (a - b).abs() < 1e-10), "{a:?}\n{b:?}");
    }

    #[test]
    fn cholesky_by_hand() {
        let l = cholesky(&Matrix::from_rows(&[vec![4.0, 2.0], vec![2.0, 10.0]]));
        assert_eq!(l, Matrix::from_rows(&[vec![2.0, 0.0], vec![1.0, 3.0]]));
        assert_eq!(solve(&l, &[8.0, 22.0]), [1.0, 2.0]);
    }

    #[test]
    fn the_factor_times_its_transpose_is_the_matrix_whatever_the_rank() {
        for rank in [1, 7, 20, 30] {
            let a = gram(20, rank, 3);
            assert_close(&product_with_its_transpose(&cholesky(&a)), &a);
        }
    }

    #[test]
    fn eigenvalues_add_to_the_trace_and_their_squares_to_the_norm() {
        let a = gram(25, 30, 1);
        let eigenvalues = symmetric_eigenvalues(&a);
        let norm: f64 = a.values.iter().map(|value| value * value).sum();
        assert!((eigenvalues.iter().sum::<f64>() - a.trace()).abs() < 1e-10);
        assert!((eigenvalues.iter().map(|value| value * value).sum::<f64>() - norm).abs() < 1e-10);
        assert!(eigenvalues.is_sorted() && eigenvalues[0] > 0.0);
    }

    #[test]
    fn eigenvalues_of_a_chain_are_known() {
        // The second difference of n points has the eigenvalues 2 − 2 cos(kπ/(n+1)).
        let n = 40;
        let mut chain = Matrix::zeros(n, n);
        for i in 0..n {
            chain.row_mut(i)[i] = 2.0;
            if i > 0 {
                chain.row_mut(i)[i - 1] = -1.0;
                chain.row_mut(i - 1)[i] = -1.0;
            }
        }
        for (k, value) in symmetric_eigenvalues(&chain).iter().enumerate() {
            let expected = 2.0 - 2.0 * ((k + 1) as f64 * std::f64::consts::PI / (n + 1) as f64).cos();
            assert!((value - expected).abs() < 1e-11, "{k}: {value} against {expected}");
        }
    }

    #[test]
    fn a_congruent_matrix_is_the_product_written_out() {
        let (a, l) = (gram(6, 6, 1), cholesky(&gram(6, 9, 2)));
        let by_hand = |i: usize, j: usize| -> f64 {
            let terms = (0..6).flat_map(|k| (0..6).map(move |m| (k, m)));
            terms.map(|(k, m)| l.row(k)[i] * a.row(k)[m] * l.row(m)[j]).sum()
        };
        let rows: Vec<Vec<f64>> = (0..6).map(|i| (0..6).map(|j| by_hand(i, j)).collect()).collect();
        assert_close(&congruent(&l, &a), &Matrix::from_rows(&rows));
    }

    #[test]
    fn nothing_and_not_a_number_end_without_a_panic() {
        assert!(symmetric_eigenvalues(&Matrix::default()).is_empty());
        assert_eq!(symmetric_eigenvalues(&Matrix::from_rows(&[vec![f64::NAN, 1.0], vec![1.0, 0.0]])).len(), 2);
        assert_eq!(cholesky(&Matrix::default()).rows(), 0);
        assert_eq!(symmetric_eigenvalues(&Matrix::zeros(3, 3)), [0.0; 3]);
        assert_eq!(Matrix::zeros(3, 0).iter_rows().count(), 3);
    }
}
