//! The little linear algebra that comparisons need: a dense matrix, Cholesky's factor, and the eigenvalues of a
//! symmetric matrix by way of a tridiagonal one. Made for sizes around 100, where simple is fast enough.
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

    /// Copies what is below the diagonal of a square matrix to above it.
    pub fn mirror(&mut self) {
        for i in 0..self.rows {
            for j in 0..i.min(self.columns) {
                self.values[j * self.columns + i] = self.values[i * self.columns + j];
            }
        }
    }

    /// Sum of the diagonal.
    pub fn trace(&self) -> f64 {
        (0..self.rows.min(self.columns)).map(|i| self.row(i)[i]).sum()
    }
}

/// Numbers that are added up side by side: the order of the sum is fixed, and no addition waits for the one before.
const LANES: usize = 8;

/// Squared Euclidean distance of two rows.
pub fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    summed(a, b, |a, b| (a - b) * (a - b))
}

/// Scalar product of two rows.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    summed(a, b, |a, b| a * b)
}

#[inline(always)]
fn summed(a: &[f64], b: &[f64], term: impl Fn(f64, f64) -> f64) -> f64 {
    let length = a.len().min(b.len());
    let (mut left, mut right) = (a[..length].chunks_exact(LANES), b[..length].chunks_exact(LANES));
    let mut sums = [0.0; LANES];
    for (a, b) in left.by_ref().zip(right.by_ref()) {
        for lane in 0..LANES {
            sums[lane] += term(a[lane], b[lane]);
        }
    }
    let rest: f64 = left.remainder().iter().zip(right.remainder()).map(|(&a, &b)| term(a, b)).sum();
    sums.iter().sum::<f64>() + rest
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
    // Rows of A L, then the lower triangle of Lᵀ (A L), four rows at a time; row k of L is zero beyond column k.
    let whole = n - n % 4;
    let mut product = Matrix::zeros(n, n);
    for i in 0..n {
        let (row, factors) = (product.row_mut(i), a.row(i));
        for k in (0..whole).step_by(4) {
            let four = [0, 1, 2, 3].map(|lane| &l.row(k + lane)[..k + 4]);
            add_scaled_four(&mut row[..k + 4], [0, 1, 2, 3].map(|lane| factors[k + lane]), four);
        }
        (whole..n).for_each(|k| add_scaled(&mut row[..=k], factors[k], &l.row(k)[..=k]));
    }
    let mut result = Matrix::zeros(n, n);
    for k in (0..whole).step_by(4) {
        for i in 0..k + 4 {
            let four = [0, 1, 2, 3].map(|lane| &product.row(k + lane)[..=i]);
            add_scaled_four(&mut result.row_mut(i)[..=i], [0, 1, 2, 3].map(|lane| l.row(k + lane)[i]), four);
        }
    }
    for k in whole..n {
        (0..=k).for_each(|i| add_scaled(&mut result.row_mut(i)[..=i], l.row(k)[i], &product.row(k)[..=i]));
    }
    result.mirror();
    result
}

/// `to` += `factor` · `from`.
pub fn add_scaled(to: &mut [f64], factor: f64, from: &[f64]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += factor * from);
}

/// `to` += Σ `factors[i]` · `from[i]`, four rows in one pass.
pub fn add_scaled_four(to: &mut [f64], factors: [f64; 4], from: [&[f64]; 4]) {
    let [a, b, c, d] = from;
    for ((((to, a), b), c), d) in to.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        *to += (factors[0] * a + factors[1] * b) + (factors[2] * c + factors[3] * d);
    }
}

/// More steps than the QL iteration ever needs for one eigenvalue; two are the rule.
const MOST_STEPS: usize = 60;

/// Eigenvalues of a symmetric matrix, ascending.
///
/// Householder's reflections make it tridiagonal, and implicitly shifted QL steps make that diagonal (Golub & Van Loan,
/// *Matrix Computations*, §8.3; Bowdler, Martin, Reinsch & Wilkinson 1968, doi:10.1007/BF02165233). Errors are some
/// 10⁻¹⁵ of the largest eigenvalue. Only the lower triangle of the part of `a` that is square is looked at.
pub fn symmetric_eigenvalues(a: &Matrix) -> Vec<f64> {
    let n = a.rows.min(a.columns);
    let all: Vec<usize> = (0..n).collect();
    let mut a = a.select(&all, &all);
    // Squares of what is at most 1 do not overflow.
    let scale = a.values.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
    if scale == 0.0 || !scale.is_finite() {
        return vec![scale; n];
    }
    a.values.iter_mut().for_each(|value| *value /= scale);
    let (mut diagonal, mut beside) = tridiagonal(&mut a);
    make_diagonal(&mut diagonal, &mut beside);
    diagonal.iter_mut().for_each(|value| *value *= scale);
    diagonal.sort_by(f64::total_cmp);
    diagonal
}

/// The diagonal, and what stands below it (entry i between i and i + 1; the last is 0), of a tridiagonal matrix with the
/// eigenvalues of `a`, whose lower triangle is used up.
fn tridiagonal(a: &mut Matrix) -> (Vec<f64>, Vec<f64>) {
    let n = a.rows;
    let mut beside = vec![0.0; n];
    for last in (1..n).rev() {
        let mut reflector = a.row(last)[..last].to_vec();
        let outer = dot(&reflector[..last - 1], &reflector[..last - 1]);
        let next = reflector[last - 1];
        if outer == 0.0 {
            beside[last - 1] = next;
            continue;
        }
        // (I − 2vvᵀ/vᵀv) takes the row to (0 … 0, −sign · its length).
        let length = (outer + next * next).sqrt().copysign(next);
        beside[last - 1] = -length;
        reflector[last - 1] = next + length;
        let factor = 1.0 / (length * reflector[last - 1]);
        reflect(a, &reflector, factor);
    }
    ((0..n).map(|i| a.row(i)[i]).collect(), beside)
}

/// H A H with H = I − `factor` · v vᵀ, on the leading block as large as v, lower triangle only: with p = factor · A v
/// and w = p − ½ factor (vᵀp) v it is A − v wᵀ − w vᵀ.
fn reflect(a: &mut Matrix, v: &[f64], factor: f64) {
    let mut w = vec![0.0; v.len()];
    for i in 0..v.len() {
        let row = &a.row(i)[..=i];
        w[i] += dot(row, &v[..=i]);
        add_scaled(&mut w[..i], v[i], &row[..i]);
    }
    w.iter_mut().for_each(|value| *value *= factor);
    let half = 0.5 * factor * dot(&w, v);
    add_scaled(&mut w, -half, v);
    for i in 0..v.len() {
        let (v_i, w_i) = (v[i], w[i]);
        let row = a.row_mut(i)[..=i].iter_mut();
        row.zip(v).zip(&w).for_each(|((value, v), w)| *value -= v_i * w + w_i * v);
    }
}

/// QL steps on a tridiagonal matrix until what stands beside the diagonal is gone.
fn make_diagonal(diagonal: &mut [f64], beside: &mut [f64]) {
    let n = diagonal.len();
    for first in 0..n {
        for _ in 0..MOST_STEPS {
            let is_small = |i: &usize| {
                let size = diagonal[*i].abs() + diagonal[i + 1].abs();
                beside[*i].abs() <= f64::EPSILON * size
            };
            let last = (first..n - 1).find(is_small).unwrap_or(n - 1);
            if last == first {
                break;
            }
            ql_step(&mut diagonal[first..=last], &mut beside[first..=last]);
        }
    }
}

/// One step with Wilkinson's shift on a matrix of at least two rows: rotations chase what it brings in from the last row
/// to the first.
fn ql_step(diagonal: &mut [f64], beside: &mut [f64]) {
    let last = diagonal.len() - 1;
    let half = (diagonal[1] - diagonal[0]) / (2.0 * beside[0]);
    let shift = diagonal[0] - beside[0] / (half + (half * half + 1.0).sqrt().copysign(half));
    let (mut sine, mut cosine, mut moved) = (1.0, 1.0, 0.0);
    let mut chased = diagonal[last] - shift;
    for i in (0..last).rev() {
        let (above, along) = (sine * beside[i], cosine * beside[i]);
        let length = (above * above + chased * chased).sqrt();
        beside[i + 1] = length;
        if length == 0.0 {
            diagonal[i + 1] -= moved;
            beside[last] = 0.0;
            return;
        }
        (sine, cosine) = (above / length, chased / length);
        let rest = diagonal[i + 1] - moved;
        let turned = (diagonal[i] - rest) * sine + 2.0 * cosine * along;
        moved = sine * turned;
        diagonal[i + 1] = rest + moved;
        chased = cosine * turned - along;
    }
    diagonal[0] -= moved;
    beside[0] = chased;
    beside[last] = 0.0;
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
