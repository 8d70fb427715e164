//! A wish as evidence: of every lane in every quarter of a piece, whether it is certain, free, weakly known or unknown.
//!
//! Every verb ends here, and here alone the sampler begins. Long pieces are drawn window by window: what is drawn
//! becomes certain for the next window, which overlaps it by half where it can; gaps stand in the middle of theirs.

use aeolian_canvas::canvas::{CELLS, PITCHES, STEPS};
use aeolian_canvas::cells::{
    CHORD_LANE, ENSEMBLE_LANE, FORM_LANE, GROUPS, IDIOM_LANE, KEY_LANE, LANES, LOUDNESS_LANE, TIMING_LANE,
};
use aeolian_canvas::cells::{read_quarter, write_quarter};
use aeolian_canvas::{Canvas, NOTE_LANES, NoteCell, NoteLane};
use aeolian_diffusion::{Blend, Constraint, LaneState, Layout, Task};
use std::ops::Range;

/// Quarters the models were trained on, and the longest window.
pub const WINDOW: usize = 32;

/// A stretch that returns: once `from` is drawn, `to` begins as weak evidence of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeat {
    /// Quarters of the first appearance.
    pub from: Range<usize>,
    /// First quarter of the return, after the end of `from`.
    pub to: usize,
    /// log snr of the evidence: higher is closer to the first.
    pub log_snr: f32,
}

/// What is known of a piece of Q quarters.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// What the certain and weak lanes hold, in the model's frame.
    pub canvas: Canvas,
    /// Of every quarter and lane. (Q, lanes)
    pub states: Vec<[LaneState; LANES]>,
    /// Rules of single groups. (Q, groups)
    pub constraint: Constraint,
    /// Log-odds added to the network's context; empty for none. (Q, bits)
    pub lean: Vec<f32>,
    /// A second piece that weak lanes resemble, and its share.
    pub blend: Option<(Canvas, f32)>,
    /// Sections that return.
    pub repeats: Vec<Repeat>,
}

/// Some quarters that go through the network together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Which.
    pub quarters: Range<usize>,
}

impl Statement {
    /// Everything that the canvas knows is certain, what it does not know is unknown; nothing is asked for yet.
    pub fn certain(canvas: Canvas, layout: &Layout) -> Self {
        let known = |is_known: bool| if is_known { LaneState::Given } else { LaneState::Unknown };
        let states = (0..canvas.quarters)
            .map(|q| {
                let mut row = [LaneState::Given; LANES];
                row[CHORD_LANE] = known(canvas.chords[q].is_some());
                row[KEY_LANE] = known(canvas.keys[q].is_some());
                row[FORM_LANE] = known(canvas.form[q].is_some());
                row[ENSEMBLE_LANE] = known(canvas.ensembles[q].is_some());
                row[IDIOM_LANE] = known(canvas.idioms[q].is_some());
                row
            })
            .collect();
        let constraint = Constraint::none(layout, canvas.quarters);
        Self { canvas, states, constraint, lean: Vec::new(), blend: None, repeats: Vec::new() }
    }

    /// Quarters, Q.
    pub fn quarters(&self) -> usize {
        self.canvas.quarters
    }

    /// Sets the state of a lane in some quarters.
    pub fn set(&mut self, quarters: Range<usize>, lane: usize, state: LaneState) {
        self.states[quarters].iter_mut().for_each(|row| row[lane] = state);
    }

    /// Asks for a note lane in some quarters, with its loudness and timing; it plays in the piece from now on.
    pub fn ask(&mut self, quarters: Range<usize>, lane: NoteLane) {
        self.canvas.ensembles.iter_mut().flatten().for_each(|ensemble| ensemble[lane as usize] = true);
        for lane in lanes_of(lane) {
            self.set(quarters.clone(), lane, LaneState::Free);
        }
    }

    /// Asks for the chords of the quarters that have none.
    pub fn ask_for_chords(&mut self, quarters: Range<usize>) {
        for quarter in quarters {
            if self.canvas.chords[quarter].is_none() {
                self.states[quarter][CHORD_LANE] = LaneState::Free;
            }
        }
    }

    /// Leaves a note lane out: nothing is said of it and nothing is drawn.
    pub fn leave_out(&mut self, lane: NoteLane) {
        for lane in lanes_of(lane) {
            self.set(0..self.quarters(), lane, LaneState::Unknown);
        }
    }

    /// Keeps what a cell holds, whatever is drawn around it.
    pub fn lock(&mut self, lane: NoteLane, step: usize, pitch_index: usize) {
        let (quarter, group) = (step / STEPS, lane as usize * CELLS + step % STEPS * PITCHES + pitch_index);
        let cell = self.canvas.notes[lane as usize][step * PITCHES + pitch_index];
        self.constraint.lock(quarter, group, cell as u8);
    }

    /// Nothing can sound on from before the beginning.
    pub fn begin_with_silence(&mut self) {
        for group in 0..if self.quarters() > 0 { NOTE_LANES * CELLS } else { 0 } {
            if group % CELLS < PITCHES {
                self.constraint.forbid(0, group, NoteCell::Hold as u8);
            }
        }
    }

    /// Whether a lane is to be drawn in a quarter.
    pub fn is_open(&self, quarter: usize, lane: usize) -> bool {
        matches!(self.states[quarter][lane], LaneState::Free | LaneState::Weak(_))
    }

    /// The note lanes that are left out of a quarter.
    pub fn left_out(&self, quarter: usize) -> [bool; NOTE_LANES] {
        std::array::from_fn(|lane| self.states[quarter][lane] == LaneState::Unknown)
    }

    fn any_open(&self, quarter: usize) -> bool {
        (0..LANES).any(|lane| self.is_open(quarter, lane))
    }

    /// The next window to draw, or `None` when nothing is open any more.
    pub fn next_window(&self) -> Option<Window> {
        let total = self.quarters();
        let first = (0..total).find(|&q| self.any_open(q))?;
        let run_end = (first..total).find(|&q| !self.any_open(q)).unwrap_or(total);
        let run = (run_end - first).min(WINDOW);
        // A short gap stands in the middle of its window, a long one begins there.
        let before = if run < WINDOW / 2 { (WINDOW - run) / 2 } else { WINDOW / 2 };
        let start = self.bar_before(first.saturating_sub(before)).min(total.saturating_sub(WINDOW));
        // A return waits until what it repeats is there.
        let waits = self.repeats.iter().filter(|r| r.to > first && r.from.end > first).map(|r| r.to).min();
        let end = (start + WINDOW).min(total).min(waits.unwrap_or(total));
        Some(Window { quarters: start..end.max(first + 1) })
    }

    /// How many windows there will be.
    pub fn windows(&self) -> usize {
        let mut ahead = self.clone();
        let mut count = 0;
        while let Some(window) = ahead.next_window() {
            ahead.close(&window);
            count += 1;
        }
        count
    }

    /// The last quarter up to this one in which a bar begins.
    fn bar_before(&self, quarter: usize) -> usize {
        (0..=quarter).rev().find(|&q| self.canvas.positions[q].eighth == 0).unwrap_or(0)
    }

    /// Lays what returns in a window under it as weak evidence.
    pub fn recall(&mut self, window: &Window) {
        for repeat in self.repeats.clone() {
            for (from, to) in repeat.from.clone().zip(repeat.to..) {
                if !window.quarters.contains(&to) || to >= self.quarters() || self.any_open(from) {
                    continue;
                }
                self.recall_quarter(from, to, repeat.log_snr);
            }
        }
    }

    fn recall_quarter(&mut self, from: usize, to: usize, log_snr: f32) {
        for lane in 0..NOTE_LANES {
            if self.states[to][lane] == LaneState::Free {
                let cells = self.canvas.notes[lane][from * CELLS..][..CELLS].to_vec();
                self.canvas.notes[lane][to * CELLS..][..CELLS].copy_from_slice(&cells);
                self.states[to][lane] = LaneState::Weak(log_snr);
            }
        }
        if self.states[to][CHORD_LANE] == LaneState::Free && self.canvas.chords[from].is_some() {
            self.canvas.chords[to] = self.canvas.chords[from];
            self.states[to][CHORD_LANE] = LaneState::Weak(log_snr);
        }
    }

    /// A window as a task for the sampler.
    pub fn task(&self, layout: &Layout, window: &Window, seed: u64) -> Task {
        let quarters = window.quarters.clone();
        let mut task = Task::free(layout, quarters.len(), seed);
        let here = self.canvas.window(quarters.start, quarters.len());
        task.positions = here.positions.iter().map(|p| [p.eighth, p.bar_eighths]).collect();
        task.choices = choices_of(&here);
        task.states = self.states[quarters.clone()].as_flattened().to_vec();
        task.constraint = self.constraint.slice(quarters.clone());
        if !self.lean.is_empty() {
            task.lean = self.lean[quarters.start * layout.bits()..quarters.end * layout.bits()].to_vec();
        }
        if let Some((other, share)) = &self.blend {
            let choices = choices_of(&other.window(quarters.start, quarters.len()));
            task.blend = Some(Blend { choices, share: *share });
        }
        task
    }

    /// Takes what the sampler drew for a window; it is certain from now on. (T, groups)
    pub fn take(&mut self, window: &Window, drawn: &[u8]) {
        let mut here = Canvas::new(1);
        for (quarter, row) in window.quarters.clone().zip(drawn.chunks_exact(GROUPS)) {
            read_quarter(&mut here, 0, row);
            self.take_quarter(quarter, &here);
        }
        self.close(window);
    }

    fn take_quarter(&mut self, quarter: usize, drawn: &Canvas) {
        for lane in 0..NOTE_LANES {
            if self.is_open(quarter, lane) {
                self.canvas.notes[lane][quarter * CELLS..][..CELLS].copy_from_slice(&drawn.notes[lane]);
            }
            let (loudness, timing) =
                (self.is_open(quarter, LOUDNESS_LANE + lane), self.is_open(quarter, TIMING_LANE + lane));
            for (step, drawn) in drawn.steps[lane].iter().enumerate() {
                let info = &mut self.canvas.steps[lane][quarter * STEPS + step];
                if loudness {
                    info.loudness = drawn.loudness;
                }
                if timing {
                    info.timing = drawn.timing;
                }
            }
        }
        if self.is_open(quarter, CHORD_LANE) {
            self.canvas.chords[quarter] = drawn.chords[0];
        }
        if self.is_open(quarter, KEY_LANE) {
            self.canvas.keys[quarter] = drawn.keys[0];
        }
        if self.is_open(quarter, FORM_LANE) {
            self.canvas.form[quarter] = drawn.form[0];
        }
    }

    fn close(&mut self, window: &Window) {
        for row in &mut self.states[window.quarters.clone()] {
            for state in row.iter_mut().filter(|s| matches!(s, LaneState::Free | LaneState::Weak(_))) {
                *state = LaneState::Given;
            }
        }
    }
}

/// The noise levels of a note lane: its notes, their loudness, their timing.
pub fn lanes_of(lane: NoteLane) -> [usize; 3] {
    [lane as usize, LOUDNESS_LANE + lane as usize, TIMING_LANE + lane as usize]
}

fn choices_of(canvas: &Canvas) -> Vec<u8> {
    let mut choices = vec![0; canvas.quarters * GROUPS];
    for (quarter, row) in choices.chunks_exact_mut(GROUPS).enumerate() {
        write_quarter(canvas, quarter, row);
    }
    choices
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_canvas::cells::BLOCKS;
    use aeolian_diffusion::Block;

    fn layout() -> Layout {
        Layout::new(BLOCKS.iter().map(|b| Block { lane: b.lane, groups: b.groups, choices: b.choices }).collect())
    }

    fn windows(statement: &Statement) -> Vec<(usize, usize)> {
        let mut ahead = statement.clone();
        let mut seen = Vec::new();
        while let Some(window) = ahead.next_window() {
            ahead.close(&window);
            seen.push((window.quarters.start, window.quarters.end));
        }
        assert_eq!(seen.len(), statement.windows());
        seen
    }

    fn asking(quarters: usize, for_these: Range<usize>) -> Statement {
        let mut statement = Statement::certain(Canvas::new(quarters), &layout());
        statement.ask(for_these, NoteLane::Harmony);
        statement
    }

    #[test]
    fn windows_cover_what_is_asked_and_overlap() {
        for (quarters, expected) in [
            (16, vec![(0, 16)]),
            (32, vec![(0, 32)]),
            (64, vec![(0, 32), (16, 48), (32, 64)]),
            (36, vec![(0, 32), (4, 36)]),
            (0, vec![]),
        ] {
            assert_eq!(windows(&asking(quarters, 0..quarters)), expected, "{quarters}");
        }
    }

    #[test]
    fn a_gap_stands_in_the_middle_of_its_window() {
        assert_eq!(windows(&asking(100, 48..56)), [(36, 68)]);
        assert_eq!(windows(&asking(100, 0..8)), [(0, 32)]);
        assert_eq!(windows(&asking(100, 92..100)), [(68, 100)]);
        assert_eq!(windows(&asking(100, 50..50)), []);
    }

    #[test]
    fn a_return_waits_for_what_it_repeats_and_then_resembles_it() {
        let mut statement = asking(32, 0..32);
        statement.repeats = vec![Repeat { from: 0..16, to: 16, log_snr: 1.0 }];
        assert_eq!(windows(&statement), [(0, 16), (0, 32)]);
        let first = statement.next_window().unwrap();
        let mut drawn = vec![0; 16 * GROUPS];
        drawn[2 * CELLS + 3] = 1;
        statement.take(&first, &drawn);
        let second = statement.next_window().unwrap();
        statement.recall(&second);
        assert_eq!(statement.states[16][2], LaneState::Weak(1.0));
        assert_eq!(statement.canvas.notes[2][16 * CELLS + 3], NoteCell::Onset);
        assert_eq!(statement.states[0][2], LaneState::Given);
    }

    #[test]
    fn only_open_lanes_take_what_is_drawn() {
        let mut statement = asking(4, 1..2);
        *statement.canvas.cell_mut(NoteLane::Melody, 4, 60) = NoteCell::Onset;
        let window = statement.next_window().unwrap();
        let mut drawn = vec![0; 4 * GROUPS];
        for quarter in 0..4 {
            drawn[quarter * GROUPS + 2 * CELLS] = 1;
            drawn[quarter * GROUPS + CELLS] = 1;
        }
        statement.take(&window, &drawn);
        let onsets = |lane: usize| statement.canvas.notes[lane].iter().filter(|&&c| c == NoteCell::Onset).count();
        assert_eq!([onsets(0), onsets(1), onsets(2)], [1, 0, 1]);
        assert_eq!(statement.next_window(), None);
    }

    #[test]
    fn the_task_of_a_window_says_what_the_statement_says() {
        let mut statement = asking(64, 40..44);
        statement.canvas.keys.fill(Some(aeolian_score::Key { tonic: 0, mode: aeolian_score::Mode::Major }));
        statement.set(0..64, KEY_LANE, LaneState::Given);
        let window = statement.next_window().unwrap();
        let task = statement.task(&layout(), &window, 5);
        task.check(&layout()).unwrap();
        let local = 40 - window.quarters.start;
        assert_eq!(task.states[local * LANES + 2], LaneState::Free);
        assert_eq!(task.states[local * LANES], LaneState::Given);
        assert_eq!(task.positions[local], [0, 8]);
    }
}
