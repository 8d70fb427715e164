//! Gradient-boosted trees: the judge that sees bends, gaps and pairs of features.
//!
//! Friedman 2001 ("Greedy function approximation: a gradient boosting machine", doi:10.1214/aos/1013203451) with the
//! second-order gain of Chen & Guestrin 2016 (arXiv:1603.02754, eq. 5–7): a split of the pieces of a node, with sums G
//! of gradients and H of curvatures of the logistic loss, gains G_L²/(H_L + λ) + G_R²/(H_R + λ) − G²/(H + λ), and a
//! leaf says −G/(H + λ). Features are cut into at most 32 bins once, so that a node costs one addition a piece and
//! feature; each tree sees half of the features. Meant for hundreds of pieces.

use super::linear_algebra::Matrix;
use super::random::Draws;

/// Bins a feature at most.
const BINS: usize = 32;
/// Trees in a model.
const TREES: usize = 80;
/// Splits on the way to a leaf at most.
const DEPTH: usize = 3;
/// How much of a leaf's advice is taken.
const RATE: f64 = 0.1;
/// λ: pulls leaves of few pieces towards 0.
const PENALTY: f64 = 2.0;
/// Curvature that each side of a split keeps: 1 is four undecided pieces.
const SMALLEST_CURVATURE: f64 = 1.0;

/// A table of features cut into bins of about equally many pieces, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Binned {
    bins: Vec<u8>,
    columns: usize,
}

impl Binned {
    /// Cuts every column at its own quantiles. No label plays a part, so the pieces to be judged may be among the rows.
    pub fn of(x: &Matrix) -> Self {
        let columns = x.columns();
        let mut bins = vec![0; x.rows() * columns];
        for column in 0..columns {
            let values: Vec<f64> = x.iter_rows().map(|row| row[column]).collect();
            let cuts = cuts(values.clone());
            for (row, value) in values.iter().enumerate() {
                bins[row * columns + column] = cuts.partition_point(|cut| cut < value) as u8;
            }
        }
        Self { bins, columns }
    }

    /// The chosen columns.
    ///
    /// # Panics   where one does not exist
    pub fn select(&self, columns: &[usize]) -> Self {
        let rows = self.bins.chunks_exact(self.columns.max(1));
        let bins = rows.flat_map(|row| columns.iter().map(|&column| row[column])).collect();
        Self { bins, columns: columns.len() }
    }

    fn row(&self, row: usize) -> &[u8] {
        &self.bins[row * self.columns..(row + 1) * self.columns]
    }
}

/// At most 31 different values; a bin holds what is ≤ its cut and > the one before. The largest value is no cut.
fn cuts(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    let count = values.len();
    let mut different = values.clone();
    different.dedup();
    different.pop();
    if different.len() < BINS {
        return different;
    }
    let mut cuts: Vec<f64> = (1..BINS).map(|bin| values[bin * count / BINS - 1]).collect();
    cuts.dedup();
    cuts.retain(|cut| *cut < values[count - 1]);
    cuts
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Node {
    Leaf(f64),
    /// To `left` where the bin is ≤ `bin`, else to the node after it.
    Split {
        column: u16,
        bin: u8,
        left: u16,
    },
}

/// A fitted model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Boosted {
    trees: Vec<Vec<Node>>,
}

impl Boosted {
    /// Learns from the rows given, each with its label and weight.
    pub fn fit(table: &Binned, rows: &[usize], is_positive: &[bool], weights: &[f64], draws: Draws) -> Self {
        let mut model = Self::default();
        if table.columns == 0 || rows.is_empty() {
            return model;
        }
        let mut log_odds = vec![0.0; rows.len()];
        let mut slopes = vec![Slope::default(); rows.len()];
        let mut columns: Vec<usize> = (0..table.columns).collect();
        for tree in 0..TREES {
            for place in 0..rows.len() {
                let p = 1.0 / (1.0 + f64::exp(-log_odds[place]));
                let gradient = weights[place] * (p - f64::from(u8::from(is_positive[place])));
                slopes[place] = Slope { gradient, curvature: weights[place] * p * (1.0 - p) };
            }
            draws.stream(tree as u64).shuffle(&mut columns);
            let seen = table.columns.div_ceil(2);
            let grown = Grower { table, rows, slopes: &slopes, columns: &columns[..seen] }.grow(&mut log_odds);
            model.trees.push(grown);
        }
        model
    }

    /// Probability of being positive, of a row of the table.
    pub fn probability(&self, table: &Binned, row: usize) -> f64 {
        let bins = if table.columns == 0 { &[] } else { table.row(row) };
        let log_odds: f64 = self.trees.iter().map(|tree| leaf_of(tree, bins)).sum();
        1.0 / (1.0 + (-log_odds).exp())
    }
}

fn leaf_of(tree: &[Node], bins: &[u8]) -> f64 {
    let mut place = 0;
    loop {
        match tree[place] {
            Node::Leaf(value) => return value,
            Node::Split { column, bin, left } => {
                place = usize::from(left) + usize::from(bins[usize::from(column)] > bin);
            }
        }
    }
}

/// First and second derivative of the loss, summed over pieces.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Slope {
    gradient: f64,
    curvature: f64,
}

impl Slope {
    fn add(&mut self, other: Self) {
        self.gradient += other.gradient;
        self.curvature += other.curvature;
    }

    fn without(self, other: Self) -> Self {
        Self { gradient: self.gradient - other.gradient, curvature: self.curvature - other.curvature }
    }

    fn score(self) -> f64 {
        self.gradient * self.gradient / (self.curvature + PENALTY)
    }

    fn leaf(self) -> f64 {
        -RATE * self.gradient / (self.curvature + PENALTY)
    }
}

/// What a tree grows from.
struct Grower<'a> {
    table: &'a Binned,
    rows: &'a [usize],
    slopes: &'a [Slope],
    columns: &'a [usize],
}

impl Grower<'_> {
    /// Grows a tree and adds its advice to the log odds of the pieces it was grown from.
    fn grow(&self, log_odds: &mut [f64]) -> Vec<Node> {
        let mut nodes = vec![Node::Leaf(0.0)];
        let mut open = vec![(0, (0..self.rows.len()).collect::<Vec<usize>>(), 0)];
        while let Some((node, places, depth)) = open.pop() {
            let mut total = Slope::default();
            places.iter().for_each(|&place| total.add(self.slopes[place]));
            let split = if depth < DEPTH { self.best_split(&places, total) } else { None };
            let Some((column, bin)) = split else {
                nodes[node] = Node::Leaf(total.leaf());
                places.iter().for_each(|&place| log_odds[place] += total.leaf());
                continue;
            };
            let left = nodes.len();
            nodes[node] = Node::Split { column: column as u16, bin, left: left as u16 };
            nodes.extend([Node::Leaf(0.0); 2]);
            let goes_left = |place: &usize| self.table.row(self.rows[*place])[column] <= bin;
            let (lower, upper) = places.into_iter().partition(goes_left);
            open.push((left, lower, depth + 1));
            open.push((left + 1, upper, depth + 1));
        }
        nodes
    }

    /// The column and bin after which to split; `None` where nothing gains. Ties go to the column seen first.
    fn best_split(&self, places: &[usize], total: Slope) -> Option<(usize, u8)> {
        let mut histogram = vec![[Slope::default(); BINS]; self.columns.len()];
        for &place in places {
            let (bins, slope) = (self.table.row(self.rows[place]), self.slopes[place]);
            for (sums, &column) in histogram.iter_mut().zip(self.columns) {
                sums[usize::from(bins[column]) % BINS].add(slope);
            }
        }
        let mut best = (total.score() + 1e-9, None);
        for (sums, &column) in histogram.iter().zip(self.columns) {
            let mut lower = Slope::default();
            for (bin, &slope) in sums[..BINS - 1].iter().enumerate() {
                lower.add(slope);
                let upper = total.without(lower);
                if lower.curvature.min(upper.curvature) >= SMALLEST_CURVATURE && lower.score() + upper.score() > best.0
                {
                    best = (lower.score() + upper.score(), Some((column, bin as u8)));
                }
            }
        }
        best.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uniform(rows: usize, columns: usize, seed: u64) -> Matrix {
        let draws = Draws::new(seed);
        let row = |i: usize| (0..columns).map(|j| draws.uniform((i * columns + j) as u64)).collect();
        Matrix::from_rows(&(0..rows).map(row).collect::<Vec<_>>())
    }

    fn right_answers(labelled: impl Fn(&[f64]) -> bool, seed: u64) -> f64 {
        let x = uniform(600, 4, seed);
        let labels: Vec<bool> = x.iter_rows().map(labelled).collect();
        let (table, rows) = (Binned::of(&x), (0..400).collect::<Vec<_>>());
        let model = Boosted::fit(&table, &rows, &labels[..400], &[1.0; 400], Draws::new(1));
        let right = |row: &usize| (model.probability(&table, *row) > 0.5) == labels[*row];
        (400..600).filter(right).count() as f64 / 200.0
    }

    #[test]
    fn a_threshold_a_band_and_a_pair_of_features_are_learned() {
        // Judged on 200 pieces it has not seen; chance is 1/2, with a standard error of 0.035.
        assert!(right_answers(|row| row[0] > 0.5, 1) > 0.95);
        assert!(right_answers(|row| (row[1] - 0.5).abs() < 0.25, 2) > 0.9);
        assert!(right_answers(|row| (row[0] > 0.5) == (row[2] > 0.5), 3) > 0.85, "no single feature helps");
    }

    #[test]
    fn the_first_split_and_its_leaves_by_hand() {
        // Eight pieces, 0 … 7, the upper four positive: after the first tree, leaves −RATE · (±2) / (1 + 2).
        let x = Matrix::from_rows(&(0..8).map(|i| vec![f64::from(i)]).collect::<Vec<_>>());
        let (labels, rows): (Vec<bool>, Vec<usize>) = ((0..8).map(|i| i >= 4).collect(), (0..8).collect());
        let model = Boosted::fit(&Binned::of(&x), &rows, &labels, &[1.0; 8], Draws::new(0));
        let leaf = RATE * 2.0 / 3.0;
        assert_eq!(model.trees[0], [Node::Split { column: 0, bin: 3, left: 1 }, Node::Leaf(-leaf), Node::Leaf(leaf)]);
    }

    #[test]
    fn bins_keep_the_order_and_equal_values_together() {
        let few = Binned::of(&Matrix::from_rows(&[vec![3.0], vec![1.0], vec![3.0], vec![2.0]]));
        assert_eq!(few.bins, [2, 0, 2, 1]);
        let x = uniform(500, 1, 4);
        let many = Binned::of(&x);
        for i in 0..500 {
            assert!((0..500).all(|j| x.row(i)[0] < x.row(j)[0] || many.bins[i] >= many.bins[j]));
        }
        let counts: Vec<usize> = (0..BINS as u8).map(|bin| many.bins.iter().filter(|b| **b == bin).count()).collect();
        assert!(counts.iter().all(|count| (15..=16).contains(count)), "{counts:?}");
        assert_eq!(Binned::of(&Matrix::from_rows(&[vec![5.0], vec![5.0]])).bins, [0, 0]);
    }

    #[test]
    fn nothing_to_learn_from_gives_one_half() {
        let table = Binned::of(&uniform(4, 2, 0));
        assert_eq!(Boosted::fit(&table, &[], &[], &[], Draws::new(0)).probability(&table, 0), 0.5);
        let none = Binned::of(&Matrix::zeros(4, 0));
        assert_eq!(Boosted::fit(&none, &[0, 1], &[true, false], &[1.0; 2], Draws::new(0)).probability(&none, 3), 0.5);
    }
}
