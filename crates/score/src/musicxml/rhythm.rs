//! Durations into note values: where a long note is cut and tied, which notes form a triplet, which share a beam.
//!
//! Everything here happens inside one bar, in grid positions (twelfths of a quarter) from its start. A bar has beats,
//! and some of them are strong (the middle of 4/4). A value may hide weak points of the bar but not strong ones;
//! where it would, it is cut at the strongest point inside and tied (the practice described in Gould, "Behind Bars", 2011).
//!
//! Positions that no sixteenth reaches belong to a triplet, three in the time of two: the *cell* around them, a
//! half, a quarter, an eighth or a sixteenth long, is written in thirds of itself, and anything that reaches into the
//! cell is cut at its edge. Every position of the grid has such a cell, so that every sum is exact.

/// A stretch of one voice in a bar: a stack of notes, or silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub start: u32,
    pub end: u32,
    /// Which stack sounds; `None` is a rest.
    pub stack: Option<usize>,
}

/// One written note value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Figure {
    pub start: u32,
    pub duration: u32,
    pub stack: Option<usize>,
    pub value: Value,
    pub tuplet: Option<Tuplet>,
    /// One mark per beam, the eighths' beam first.
    pub beams: Vec<&'static str>,
}

/// A note value: the MusicXML name of its type and how many dots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub name: &'static str,
    pub dots: u8,
}

/// Three in the time of two; the unit is the value of which three fill the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tuplet {
    pub unit: &'static str,
    pub starts: bool,
    pub stops: bool,
}

/// The beats of one bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Meter {
    length: u32,
    /// Starts of beats, from 0, and the bar's end.
    beats: Vec<u32>,
    /// Beats that a value should not hide.
    strong: Vec<u32>,
}

impl Meter {
    /// A bar of `length` grid positions; that is the time signature's length unless the bar is cut short.
    pub(super) fn new(numerator: u8, denominator: u8, length: u32) -> Self {
        let compound = denominator >= 8 && numerator.is_multiple_of(3);
        let beat = match denominator {
            8 if compound => 18,
            16 if compound => 9,
            _ => 12,
        };
        let mut beats: Vec<u32> = (0..length).step_by(beat).collect();
        if denominator == 8 && !compound && beats.len() > 1 && length % 12 == 6 {
            beats.pop(); // 5/8 is 2 + 3, 7/8 is 2 + 2 + 3
        }
        beats.push(length);
        let strong: &[u32] = match (numerator, denominator) {
            (4, 4) | (2, 2) | (8, 8) => &[24],
            (6, 4) | (5, 4) | (12, 8) => &[36],
            (7, 4) | (4, 2) => &[48],
            (3, 2) => &[24, 48],
            _ => &[],
        };
        Self { length, beats, strong: strong.iter().copied().filter(|&s| s < length).collect() }
    }

    /// The beat that holds `at`: its number, start and end.
    fn beat_at(&self, at: u32) -> (usize, u32, u32) {
        let next = self.beats.partition_point(|&beat| beat <= at).clamp(1, self.beats.len() - 1);
        (next - 1, self.beats[next - 1], self.beats[next])
    }

    /// How far a drum stroke at `at` may be written without a tie: on an eighth to the end of the beat, between
    /// eighths to the next eighth, or to the next third of a quarter where it stands in a triplet.
    pub(super) fn stroke_end(&self, at: u32) -> u32 {
        let (_, start, end) = self.beat_at(at);
        let in_beat = at - start;
        let unit = if end - start == 12 && !in_beat.is_multiple_of(3) { 4 } else { 6 };
        if in_beat.is_multiple_of(6) { end } else { end.min(start + (in_beat / unit + 1) * unit) }
    }

    fn is_beat(&self, at: u32) -> bool {
        self.beats.binary_search(&at).is_ok()
    }

    fn is_strong(&self, at: u32) -> bool {
        at == 0 || at == self.length || self.strong.contains(&at)
    }

    /// How much a cut at `at` helps the reader: 4 strong, 3 a beat, 2 an eighth, 1 a sixteenth.
    fn weight(&self, at: u32) -> u8 {
        let in_beat = at - self.beat_at(at).1;
        match () {
            () if self.is_strong(at) => 4,
            () if self.is_beat(at) => 3,
            () if in_beat.is_multiple_of(6) => 2,
            () if in_beat.is_multiple_of(3) => 1,
            () => 0,
        }
    }

    /// Whether one undivided value may stand from `start` to `end`.
    fn reads_well(&self, start: u32, end: u32, is_rest: bool) -> bool {
        let length = end - start;
        if value(2 * length).is_none() {
            return false;
        }
        if start == 0 && end == self.length {
            return true;
        }
        let (_, beat_start, beat_end) = self.beat_at(start);
        let (in_beat, beat) = (start - beat_start, beat_end - beat_start);
        if end <= beat_end {
            return match (length, is_rest) {
                (3, _) => in_beat.is_multiple_of(3),
                (6, _) => in_beat.is_multiple_of(if beat == 12 && !is_rest { 3 } else { 6 }),
                (9, false) => in_beat == 0 || end == beat_end,
                (12, false) => in_beat.is_multiple_of(6),
                (12 | 18, _) => in_beat == 0,
                _ => false,
            };
        }
        if is_rest {
            return self.is_strong(start) && self.is_strong(end) && (length == 24 || length >= 36);
        }
        let hides_strong = self.strong.iter().any(|s| (start + 1..end).contains(s));
        let (on_beat, ends_on_beat) = (in_beat == 0, self.is_beat(end));
        match length {
            12 => beat == 12 && in_beat == 6 && !hides_strong,
            18 => beat == 12 && in_beat.is_multiple_of(6) && (on_beat || ends_on_beat) && !hides_strong,
            24 => on_beat && ends_on_beat,
            36.. => on_beat && ends_on_beat && (!hides_strong || start == 0),
            _ => false,
        }
    }

    /// Cuts a stretch until every piece reads well.
    fn cut(&self, start: u32, end: u32, is_rest: bool, pieces: &mut Vec<(u32, u32)>) {
        if self.reads_well(start, end, is_rest) || end - start == 1 {
            pieces.push((start, end));
            return;
        }
        let heaviest = (start + 1..end).map(|at| self.weight(at)).max().expect("longer than one position");
        let mut points = (start + 1..end).filter(|&at| self.weight(at) == heaviest);
        // From a point of the same weight a value may run as far as it likes; from a lighter one only to the next.
        let at = if self.weight(start) >= heaviest { points.next_back() } else { points.next() };
        let at = at.expect("the heaviest point is among them");
        self.cut(start, at, is_rest, pieces);
        self.cut(at, end, is_rest, pieces);
    }
}

/// Writes the spans of one voice, which must fill the bar from 0 to its end without gaps.
pub(super) fn figures(spans: &[Span], meter: &Meter) -> Vec<Figure> {
    let mut edges: Vec<u32> = spans.iter().map(|span| span.end).collect();
    edges.insert(0, 0);
    let cells = triplet_cells(&edges, meter);
    let mut written = Vec::new();
    for span in spans {
        let mut at = span.start;
        while at < span.end {
            let next = cells.partition_point(|cell| cell.end <= at);
            let cell = cells.get(next).filter(|cell| cell.start < span.end);
            match cell {
                Some(cell) if cell.start <= at => {
                    let end = span.end.min(cell.end);
                    cell.write(at, end, span.stack, &mut written);
                    at = end;
                }
                _ => {
                    let end = cell.map_or(span.end, |cell| cell.start);
                    write_plain(at, end, span.stack, meter, &mut written);
                    at = end;
                }
            }
        }
    }
    beam(&mut written, meter);
    written
}

fn write_plain(start: u32, end: u32, stack: Option<usize>, meter: &Meter, into: &mut Vec<Figure>) {
    let mut pieces = Vec::new();
    meter.cut(start, end, stack.is_none(), &mut pieces);
    for (start, end) in pieces {
        // Only a bar that is cut short off the grid of sixteenths, and is whole, could fail to have a plain value.
        let value = value(2 * (end - start)).unwrap_or(Value { name: "32nd", dots: 0 });
        into.push(Figure { start, duration: end - start, stack, value, tuplet: None, beams: Vec::new() });
    }
}

/// A stretch written three in the time of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    start: u32,
    end: u32,
}

impl Cell {
    /// Grid positions in a third of the cell; 1 in the fragment at the end of a bar that was cut short.
    fn unit(self) -> u32 {
        match self.end - self.start {
            24 => 8,
            12 => 4,
            6 => 2,
            _ => 1,
        }
    }

    fn reads_well(self, start: u32, end: u32) -> bool {
        let (unit, length) = (self.unit(), end - start);
        let (from, to) = (start - self.start, end - self.start);
        let whole_thirds = from.is_multiple_of(unit) && to.is_multiple_of(unit);
        let inside_a_third = from / unit == (to - 1) / unit;
        let half_the_cell = 2 * length == self.end - self.start && (from == 0 || end == self.end);
        let syncopated = length == unit && from.is_multiple_of((unit / 2).max(1));
        value(3 * length).is_some() && (whole_thirds || inside_a_third || half_the_cell || syncopated)
    }

    fn write(self, start: u32, end: u32, stack: Option<usize>, into: &mut Vec<Figure>) {
        if end - start == 1 || self.reads_well(start, end) {
            let tuplet = Tuplet {
                unit: value(3 * self.unit()).map_or("32nd", |value| value.name),
                starts: start == self.start,
                stops: end == self.end,
            };
            let value = value(3 * (end - start)).expect("checked, or one position: a 32nd");
            into.push(Figure { start, duration: end - start, stack, value, tuplet: Some(tuplet), beams: Vec::new() });
            return;
        }
        let is_edge = |at: &u32| (at - self.start).is_multiple_of(self.unit());
        let mut edges = (start + 1..end).filter(is_edge);
        let at = if is_edge(&start) { edges.next_back() } else { edges.next() };
        let at = at.unwrap_or(start + 1);
        self.write(start, at, stack, into);
        self.write(at, end, stack, into);
    }
}

/// The cells that the edges of a voice's spans make necessary, in order and apart.
fn triplet_cells(edges: &[u32], meter: &Meter) -> Vec<Cell> {
    let mut cells = Vec::new();
    let mut at = 0;
    while at < meter.length {
        let (_, start, end) = meter.beat_at(at);
        let next_end = meter.beat_at(end).2;
        if end - start == 12 && next_end - end == 12 && end < meter.length && !meter.strong.contains(&end) {
            let mut inside = inner(edges, start, next_end).peekable();
            if inside.peek().is_some() && inside.all(|edge| (edge - start) % 8 == 0) {
                cells.push(Cell { start, end: next_end });
                at = next_end;
                continue;
            }
        }
        let cell_length = if end - start == 12 { 12 } else { 6 };
        for start in (start..end).step_by(cell_length) {
            narrowest_cells(edges, start, end.min(start + cell_length as u32), &mut cells);
        }
        at = end;
    }
    cells
}

/// Halves a stretch as long as the voice has an edge in its middle and it is a stretch that has one.
fn narrowest_cells(edges: &[u32], start: u32, end: u32, cells: &mut Vec<Cell>) {
    let off_sixteenths = |edge: u32| !(edge - start).is_multiple_of(3);
    if !inner(edges, start, end).any(off_sixteenths) && !off_sixteenths(end) {
        return;
    }
    let length = end - start;
    let middle = start + length / 2;
    if matches!(length, 6 | 12) && edges.binary_search(&middle).is_ok() {
        narrowest_cells(edges, start, middle, cells);
        narrowest_cells(edges, middle, end, cells);
    } else {
        cells.push(Cell { start, end });
    }
}

fn inner(edges: &[u32], start: u32, end: u32) -> impl Iterator<Item = u32> {
    edges.iter().copied().filter(move |edge| (start + 1..end).contains(edge))
}

/// The value of a written length in 24ths of a quarter, if one with at most one dot has it.
fn value(length: u32) -> Option<Value> {
    let (name, dots) = match length {
        3 => ("32nd", 0),
        6 => ("16th", 0),
        9 => ("16th", 1),
        12 => ("eighth", 0),
        18 => ("eighth", 1),
        24 => ("quarter", 0),
        36 => ("quarter", 1),
        48 => ("half", 0),
        72 => ("half", 1),
        96 => ("whole", 0),
        144 => ("whole", 1),
        192 => ("breve", 0),
        288 => ("breve", 1),
        _ => return None,
    };
    Some(Value { name, dots })
}

/// How many beams a value carries.
fn beam_count(figure: &Figure) -> usize {
    match (figure.stack, figure.value.name) {
        (Some(_), "eighth") => 1,
        (Some(_), "16th") => 2,
        (Some(_), "32nd") => 3,
        _ => 0,
    }
}

/// Joins neighbouring short notes of a beat; a rest or a longer note ends the group.
fn beam(figures: &mut [Figure], meter: &Meter) {
    let counts: Vec<usize> = figures.iter().map(beam_count).collect();
    let beats: Vec<usize> = figures.iter().map(|figure| meter.beat_at(figure.start).0).collect();
    let mut first = 0;
    while first < figures.len() {
        let mut last = first;
        while last + 1 < figures.len() && counts[first] > 0 && counts[last + 1] > 0 && beats[last + 1] == beats[first] {
            last += 1;
        }
        if last > first {
            for i in first..=last {
                figures[i].beams = (1..=counts[i])
                    .map(|level| {
                        let before = i > first && counts[i - 1] >= level;
                        let after = i < last && counts[i + 1] >= level;
                        match (before, after) {
                            (true, true) => "continue",
                            (true, false) => "end",
                            (false, true) => "begin",
                            // A stump points to the note it shares an eighth with.
                            (false, false) if i == first => "forward hook",
                            (false, false) if i == last || !figures[i].start.is_multiple_of(6) => "backward hook",
                            (false, false) => "forward hook",
                        }
                    })
                    .collect();
            }
        }
        first = last + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Writes one voice given as lengths (negative for rests): "quarter half. 16th(3)", ties as "~".
    fn written(numerator: u8, denominator: u8, lengths: &[i32]) -> String {
        let mut at = 0;
        let spans: Vec<Span> = lengths
            .iter()
            .enumerate()
            .map(|(i, length)| {
                let start = at;
                at += length.unsigned_abs();
                Span { start, end: at, stack: (*length > 0).then_some(i) }
            })
            .collect();
        let figures = figures(&spans, &Meter::new(numerator, denominator, at));
        let ends = |figure: &Figure| spans.iter().any(|span| span.end == figure.start + figure.duration);
        let word = |figure: &Figure| {
            let rest = if figure.stack.is_none() { "r" } else { "" };
            let dots = ".".repeat(figure.value.dots.into());
            let triplet = if figure.tuplet.is_some() { "(3)" } else { "" };
            let tie = if ends(figure) { "" } else { "~" };
            format!("{rest}{}{dots}{triplet}{tie}", figure.value.name)
        };
        figures.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn values_show_the_middle_of_four_four() {
        assert_eq!(written(4, 4, &[48]), "whole");
        assert_eq!(written(4, 4, &[36, 12]), "half. quarter");
        assert_eq!(written(4, 4, &[12, 36]), "quarter quarter~ half");
        assert_eq!(written(4, 4, &[12, 24, 12]), "quarter half quarter");
        assert_eq!(written(4, 4, &[6, 12, 6, 24]), "eighth quarter eighth half");
        assert_eq!(written(4, 4, &[18, 12, 18]), "quarter. eighth~ eighth quarter.");
        assert_eq!(written(4, 4, &[15, 33]), "quarter~ 16th eighth.~ half");
        assert_eq!(written(4, 4, &[3, -45]), "16th r16th~ reighth~ rquarter~ rhalf");
        assert_eq!(written(3, 4, &[30, -6]), "half~ eighth reighth");
        assert_eq!(written(3, 4, &[12, -24]), "quarter rquarter~ rquarter");
    }

    #[test]
    fn compound_metres_show_their_dotted_beats() {
        assert_eq!(written(6, 8, &[36]), "half.");
        assert_eq!(written(6, 8, &[12, 6, 18]), "quarter eighth quarter.");
        assert_eq!(written(6, 8, &[24, 12]), "quarter.~ eighth quarter");
        assert_eq!(written(6, 8, &[9, 9, -18]), "eighth. eighth. rquarter.");
        assert_eq!(written(9, 8, &[54]), "half.~ quarter.");
        assert_eq!(written(7, 8, &[42]), "half~ quarter.");
    }

    #[test]
    fn triplets_fill_the_narrowest_cell() {
        assert_eq!(written(1, 4, &[4, 4, 4]), "eighth(3) eighth(3) eighth(3)");
        assert_eq!(written(1, 4, &[8, 4]), "quarter(3) eighth(3)");
        assert_eq!(written(1, 4, &[2, 2, 2, 6]), "16th(3) 16th(3) 16th(3) eighth");
        assert_eq!(written(2, 4, &[8, 8, 8]), "quarter(3) quarter(3) quarter(3)");
        assert_eq!(written(2, 4, &[8, 16]), "quarter(3) half(3)");
        assert_eq!(written(2, 4, &[4, 20]), "eighth(3) quarter(3)~ quarter");
        assert_eq!(written(1, 4, &[1, 11]), "32nd(3) 16th.(3)~ quarter(3)");
    }

    #[test]
    fn drum_strokes_end_where_no_tie_is_needed() {
        let four = Meter::new(4, 4, 48);
        assert_eq!([0, 3, 6, 9, 16].map(|at| four.stroke_end(at)), [12, 6, 12, 12, 20]);
        let six = Meter::new(6, 8, 36);
        assert_eq!([0, 4, 6, 22].map(|at| six.stroke_end(at)), [18, 6, 18, 24]);
    }

    #[test]
    fn beams_join_the_notes_of_a_beat() {
        let spans =
            [0, 6, 9, 12, 21, 24].windows(2).enumerate().map(|(i, w)| Span { start: w[0], end: w[1], stack: Some(i) });
        let figures = figures(&spans.collect::<Vec<_>>(), &Meter::new(2, 4, 24));
        let beams: Vec<_> = figures.iter().map(|figure| figure.beams.join("+")).collect();
        assert_eq!(beams, ["begin", "continue+begin", "end+end", "begin", "end+backward hook"]);
    }

    proptest! {
        #[test]
        fn every_rhythm_is_written_exactly(
            lengths in prop::collection::vec(1i32..30, 1..20), rests: u32,
            numerator in 1u8..13, denominator in prop::sample::select(vec![1u8, 2, 4, 8, 16, 32]),
        ) {
            let lengths: Vec<_> =
                lengths.iter().enumerate().map(|(i, &n)| if rests >> i & 1 == 1 { -n } else { n }).collect();
            let mut at = 0;
            let mut spans = Vec::new();
            for (i, length) in lengths.iter().enumerate() {
                let end = at + length.unsigned_abs();
                spans.push(Span { start: at, end, stack: (*length > 0).then_some(i) });
                at = end;
            }
            let figures = figures(&spans, &Meter::new(numerator, denominator, at));
            let mut reached = 0;
            let mut in_tuplet = false;
            for figure in &figures {
                prop_assert_eq!(figure.start, reached);
                reached += figure.duration;
                let span = spans.iter().find(|span| span.start <= figure.start && figure.start < span.end).unwrap();
                prop_assert!(reached <= span.end && span.stack == figure.stack);
                // The written value, shortened in a triplet, is the duration: 24ths times 2/3 or 1/2.
                let factor = if figure.tuplet.is_some() { 3 } else { 2 };
                prop_assert_eq!(value(factor * figure.duration), Some(figure.value));
                let (starts, stops) = figure.tuplet.map_or((false, false), |t| (t.starts, t.stops));
                prop_assert!(starts == (figure.tuplet.is_some() && !in_tuplet));
                in_tuplet = figure.tuplet.is_some() && !stops;
            }
            prop_assert_eq!(reached, at);
        }
    }
}
