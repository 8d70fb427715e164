//! Gradient-boosted trees: the judge that sees bends, gaps and pairs of features.
//!
//! Friedman 2001 ("Greedy function approximation: a gradient boosting machine", doi:10.1214/aos/1013203451) with the
//! second-order gain of Chen & Guestrin 2016 (arXiv:1603.02754, eq. 5–7): a split of the pieces of a node, with sums G
//! of gradients and H of curvatures of the logistic loss, gains G_L²/(H_L + λ) + G_R²/(H_R + λ) − G²/(H + λ), and a
//! leaf says −G/(H + λ). Features are cut into at most 16 bins once, so that a node costs one addition a piece and
//! feature, and the larger of two sisters costs nothing: her sums are her mother's without the smaller's (Ke et al.
//! 2017, "LightGBM", §2.1). Each tree sees half of the features, at most 32. Meant for hundreds of pieces.

use super::linear_algebra::Matrix;
use super::random::Draws;

/// Bins a feature at most.
const BINS: usize = 16;
/// Features that a tree sees at most.
const SEEN: usize = 32;
/// Trees in a model.
const TREES: usize = 80;
/// Splits on the way to a leaf at most.
const DEPTH: usize = 3;
/// How much of a leaf's advice is taken.
const RATE: f64 = 0.1;
/// λ: pulls leaves of few pieces towards 0.
const PENALTY: f64 = 2.0;
/// Curvature that each side of a split keeps: 1 is four undecided pieces.
const SMALLEST_CURVATURE: f32 = 1.0;
/// A split must gain more than this: less is rounding.
const SMALLEST_GAIN: f32 = 1e-4;

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

/// At most 15 different values; a bin holds what is ≤ its cut and > the one before. The largest value is no cut.
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
        let mut columns: Vec<usize> = (0..table.columns).collect();
        let mut grower = Grower::default();
        for tree in 0..TREES {
            grower.slopes.clear();
            for place in 0..rows.len() {
                let p = 1.0 / (1.0 + f64::exp(-log_odds[place]));
                let gradient = weights[place] * (p - f64::from(u8::from(is_positive[place])));
                grower.slopes.push([gradient as f32, (weights[place] * p * (1.0 - p)) as f32]);
            }
            draws.stream(tree as u64).shuffle(&mut columns);
            grower.look_at(table, rows, &columns[..table.columns.div_ceil(2).min(SEEN)]);
            model.trees.push(grower.grow(&mut log_odds));
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

/// First and second derivative of the loss, of a piece or summed over pieces.
type Slope = [f32; 2];

fn without(whole: Slope, part: Slope) -> Slope {
    [whole[0] - part[0], whole[1] - part[1]]
}

fn score([gradient, curvature]: Slope) -> f32 {
    gradient * gradient / (curvature + PENALTY as f32)
}

fn leaf([gradient, curvature]: Slope) -> f64 {
    -RATE * f64::from(gradient) / (f64::from(curvature) + PENALTY)
}

/// Sums of a node: entry (bin, column), bin by bin.
type Histogram = Vec<Slope>;

/// What a tree grows from.
#[derive(Default)]
struct Grower {
    /// Of every piece.
    slopes: Vec<Slope>,
    /// The columns that this tree sees.
    columns: Vec<usize>,
    /// Bins of every piece in these columns, row by row.
    bins: Vec<u8>,
    /// Histograms that are no longer needed.
    spare: Vec<Histogram>,
}

/// A node that has not grown yet.
struct Bud {
    node: usize,
    places: Vec<u32>,
    depth: usize,
    total: Slope,
    /// Empty at the last depth, where no split is looked for.
    histogram: Histogram,
}

impl Grower {
    fn look_at(&mut self, table: &Binned, rows: &[usize], columns: &[usize]) {
        self.columns.clear();
        self.columns.extend_from_slice(columns);
        self.bins.resize(rows.len() * columns.len(), 0);
        for (seen, &row) in self.bins.chunks_exact_mut(columns.len().max(1)).zip(rows) {
            let bins = table.row(row);
            seen.iter_mut().zip(columns).for_each(|(to, &column)| *to = bins[column]);
        }
    }

    fn row(&self, place: u32) -> &[u8] {
        let width = self.columns.len();
        &self.bins[place as usize * width..(place as usize + 1) * width]
    }

    /// Grows a tree and adds its advice to the log odds of the pieces it was grown from.
    fn grow(&mut self, log_odds: &mut [f64]) -> Vec<Node> {
        let mut nodes = vec![Node::Leaf(0.0)];
        let places: Vec<u32> = (0..self.slopes.len() as u32).collect();
        let histogram = self.histogram(&places);
        let mut open = vec![Bud { node: 0, total: self.total(&places), places, depth: 0, histogram }];
        while let Some(bud) = open.pop() {
            let split = if bud.depth < DEPTH { self.best_split(&bud) } else { None };
            let Some((seen, bin)) = split else {
                let advice = leaf(bud.total);
                nodes[bud.node] = Node::Leaf(advice);
                bud.places.iter().for_each(|&place| log_odds[place as usize] += advice);
                self.spare.push(bud.histogram);
                continue;
            };
            let left = nodes.len();
            nodes[bud.node] = Node::Split { column: self.columns[seen] as u16, bin, left: left as u16 };
            nodes.extend([Node::Leaf(0.0); 2]);
            open.extend(self.divided(bud, seen, bin, left));
        }
        nodes
    }

    /// The two daughters of a bud.
    fn divided(&mut self, bud: Bud, seen: usize, bin: u8, left: usize) -> [Bud; 2] {
        let Bud { places, total, histogram: whole, .. } = bud;
        let depth = bud.depth + 1;
        let (lower, upper) = self.parted(&places, seen, bin);
        let lower_is_smaller = lower.len() <= upper.len();
        let smaller = if lower_is_smaller { &lower } else { &upper };
        let own = self.total(smaller);
        let rest = without(total, own);
        let (smaller, larger) = if depth < DEPTH {
            let smaller = self.histogram(smaller);
            let mut larger = whole;
            larger.iter_mut().zip(&smaller).for_each(|(whole, part)| *whole = without(*whole, *part));
            (smaller, larger)
        } else {
            self.spare.push(whole);
            Default::default()
        };
        let bud = |node, places, total, histogram| Bud { node, places, depth, total, histogram };
        match lower_is_smaller {
            true => [bud(left, lower, own, smaller), bud(left + 1, upper, rest, larger)],
            false => [bud(left, lower, rest, larger), bud(left + 1, upper, own, smaller)],
        }
    }

    /// Those that go to the left, and the others. Both lists are written to at every piece, and one moves on: half of
    /// the guesses at a branch would be wrong.
    fn parted(&self, places: &[u32], seen: usize, bin: u8) -> (Vec<u32>, Vec<u32>) {
        let (mut lower, mut upper) = (vec![0; places.len()], vec![0; places.len()]);
        let (mut below, mut above) = (0, 0);
        for &place in places {
            let goes_left = usize::from(self.row(place)[seen] <= bin);
            lower[below] = place;
            upper[above] = place;
            below += goes_left;
            above += 1 - goes_left;
        }
        lower.truncate(below);
        upper.truncate(above);
        (lower, upper)
    }

    fn total(&self, places: &[u32]) -> Slope {
        let (mut gradient, mut curvature) = (0.0, 0.0);
        for &place in places {
            let slope = self.slopes[place as usize];
            gradient += slope[0];
            curvature += slope[1];
        }
        [gradient, curvature]
    }

    fn histogram(&mut self, places: &[u32]) -> Histogram {
        let width = self.columns.len();
        let mut histogram = self.spare.pop().unwrap_or_default();
        histogram.clear();
        histogram.resize(BINS * width, [0.0; 2]);
        for &place in places {
            let slope = self.slopes[place as usize];
            for (column, &bin) in self.row(place).iter().enumerate() {
                let sums = &mut histogram[usize::from(bin) * width + column];
                sums[0] += slope[0];
                sums[1] += slope[1];
            }
        }
        histogram
    }

    /// The seen column and the bin after which to split; `None` where nothing gains. Ties go to the column seen first.
    fn best_split(&self, bud: &Bud) -> Option<(usize, u8)> {
        // Arrays as wide as possible, column by column, so that the compiler takes several columns at once. A gain is
        // not negative, so its bits order like itself: the last four give way to the bin, and one maximum serves both.
        const PLACE: u32 = BINS as u32 - 1;
        let width = self.columns.len().min(SEEN);
        let (mut gradients, mut curvatures) = ([0.0f32; SEEN], [0.0f32; SEEN]);
        let nothing = score(bud.total) + SMALLEST_GAIN;
        let mut best = [nothing; SEEN];
        for (bin, sums) in bud.histogram.chunks_exact(width).take(BINS - 1).enumerate() {
            for column in 0..width {
                gradients[column] += sums[column][0];
                curvatures[column] += sums[column][1];
                let below = [gradients[column], curvatures[column]];
                let above = without(bud.total, below);
                let gain = score(below) + score(above);
                let gain = f32::from_bits((gain.to_bits() & !PLACE) | (PLACE - bin as u32));
                let narrower = if below[1] < above[1] { below[1] } else { above[1] };
                let gain = if narrower >= SMALLEST_CURVATURE { gain } else { 0.0 };
                best[column] = if gain > best[column] { gain } else { best[column] };
            }
        }
        let highest = (0..width).reduce(|a, b| if best[b] > best[a] { b } else { a })?;
        let bin = (PLACE - (best[highest].to_bits() & PLACE)) as u8;
        (best[highest] > nothing).then_some((highest, bin))
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
        assert!(counts.iter().all(|count| (31..=32).contains(count)), "{counts:?}");
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
