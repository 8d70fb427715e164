//! Drawn choices seen as notes, and the two things a rule may do to a note: take some of it away, or move it.
//!
//! Notes are read as `decode` reads them: an onset and the holds after it; a run of two or more holds that nothing
//! started is a note as well, a single one is nothing. Every change goes to the choices at once and touches no cell
//! whose present choice is the only one allowed. Cells that no rule touches stay as they were drawn.

use super::Frame;
use aeolian_canvas::CELLS;
use aeolian_canvas::canvas::{NoteLane, PITCHES, STEPS};
use aeolian_canvas::cells::GROUPS;
use aeolian_diffusion::Look;

const SILENT: u8 = 0;
const ONSET: u8 = 1;
const HOLD: u8 = 2;

/// Bits of one note cell: onset and hold.
const CELL_BITS: usize = 2;
/// Log-odds beyond this weigh no more, so that sums stay finite.
const LOGIT_LIMIT: f64 = 1e6;

/// A note of the window. One of no length is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DrawnNote {
    pub lane: usize,
    pub key: usize,
    /// First step.
    pub start: usize,
    /// First step after it.
    pub end: usize,
    /// Its first cell is a hold.
    pub held: bool,
    /// It began before the window: it has no onset here.
    pub before: bool,
}

impl DrawnNote {
    /// Whether it is still there.
    pub fn sounds(&self) -> bool {
        self.start < self.end
    }

    /// Whether it sounds in this step.
    pub fn sounds_at(&self, step: usize) -> bool {
        (self.start..self.end).contains(&step)
    }

    /// The step it starts in, unless it began before the window.
    pub fn onset(&self) -> Option<usize> {
        (self.sounds() && !self.before).then_some(self.start)
    }
}

/// A draw on its way to obedience.
pub(super) struct Sketch<'a> {
    look: Look<'a>,
    context: &'a [f32],
    choices: &'a mut [u8],
    bits: usize,
    steps: usize,
    notes: Vec<DrawnNote>,
}

impl<'a> Sketch<'a> {
    /// Reads choices (T, groups); at most the frame's quarters of them.
    pub fn read(frame: &Frame, look: Look<'a>, context: &'a [f32], choices: &'a mut [u8]) -> Self {
        let tokens = choices.len() / GROUPS;
        let bits = look.evidence.len().checked_div(tokens).unwrap_or(0);
        let steps = tokens.min(frame.quarters()) * STEPS;
        let mut sketch = Self { look, context, choices, bits, steps, notes: Vec::new() };
        for lane in 0..NoteLane::ALL.len() {
            sketch.read_lane(lane, frame.starts_piece);
        }
        sketch
    }

    fn read_lane(&mut self, lane: usize, starts_piece: bool) {
        // The note of each key that sounded in the last step, as an index.
        let mut open: [Option<usize>; PITCHES] = [None; PITCHES];
        let first = self.notes.len();
        for step in 0..self.steps {
            let keys = group(lane, step, 0);
            for (key, open) in open.iter_mut().enumerate() {
                match (self.choices[keys + key], *open) {
                    (HOLD, Some(note)) => self.notes[note].end = step + 1,
                    (choice @ (ONSET | HOLD), _) => {
                        *open = Some(self.notes.len());
                        let held = choice == HOLD;
                        let before = held && step == 0 && !starts_piece;
                        self.notes.push(DrawnNote { lane, key, start: step, end: step + 1, held, before });
                    }
                    // Silent, or a label that is not there.
                    _ => *open = None,
                }
            }
        }
        let mut kept = first;
        for note in first..self.notes.len() {
            if !is_stray(self.notes[note]) {
                self.notes[kept] = self.notes[note];
                kept += 1;
            }
        }
        self.notes.truncate(kept);
    }

    /// Steps in the window.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// A note by its number.
    pub fn note(&self, note: usize) -> DrawnNote {
        self.notes[note]
    }

    /// The numbers of the notes that sound, in lanes that the rule concerns.
    pub fn sounding(&self, concerned: &dyn Fn(NoteLane) -> bool) -> Vec<usize> {
        let lanes = NoteLane::ALL.map(concerned);
        (0..self.notes.len()).filter(|&n| self.notes[n].sounds() && lanes[self.notes[n].lane]).collect()
    }

    /// For every step the numbers of the notes that sound in it.
    pub fn by_step(&self, concerned: &dyn Fn(NoteLane) -> bool) -> Vec<Vec<usize>> {
        let mut steps = vec![Vec::new(); self.steps];
        for number in self.sounding(concerned) {
            self.list(number, &mut steps);
        }
        steps
    }

    /// Adds a note to lists by step.
    pub fn list(&self, number: usize, steps: &mut [Vec<usize>]) {
        let note = self.notes[number];
        steps[note.start..note.end].iter_mut().for_each(|here| here.push(number));
    }

    /// A row of choices: a whole quarter.
    pub fn row(&self, quarter: usize) -> &[u8] {
        &self.choices[quarter * GROUPS..][..GROUPS]
    }

    /// Whether the cell of a note at a step may be silent.
    fn may_rest(&self, note: DrawnNote, step: usize) -> bool {
        self.look.allowed[group(note.lane, step, note.key)].contains(usize::from(SILENT))
    }

    /// The first step from which a note can be taken away at `step`: the step itself; or the next one where a lone hold
    /// must stay but is no note by itself.
    fn silence_point(&self, note: DrawnNote, step: usize) -> Option<usize> {
        if self.may_rest(note, step) {
            return Some(step);
        }
        let lone = note.held && !note.before && step == note.start && note.end > step + 1;
        (lone && self.may_rest(note, step + 1)).then_some(step + 1)
    }

    /// Whether a note that sounds at a step can be made not to.
    pub fn can_silence(&self, number: usize, step: usize) -> bool {
        self.silence_point(self.notes[number], step).is_some()
    }

    /// Whether nothing is left of a note when it is silenced from its start.
    pub fn is_removable(&self, number: usize) -> bool {
        let note = self.notes[number];
        self.silence_point(note, note.start).is_some_and(|from| self.resumption(note, from) == note.end)
    }

    /// What must sound again after a silence from `from`: the first later step where the note may not rest, or its end.
    fn resumption(&self, note: DrawnNote, from: usize) -> usize {
        (from..note.end).find(|&step| !self.may_rest(note, step)).unwrap_or(note.end)
    }

    /// Takes a note away from a step on (until its next cell that must sound). Returns the number of a note that is left
    /// behind the gap, if one is. Does nothing where [`Self::can_silence`] says no.
    pub fn silence(&mut self, number: usize, step: usize) -> Option<usize> {
        let note = self.notes[number];
        let from = self.silence_point(note, step)?;
        let to = self.resumption(note, from);
        (from..to).for_each(|s| self.choices[group(note.lane, s, note.key)] = SILENT);
        self.notes[number].end = from;
        self.bury_stray(number);
        let rest = DrawnNote { start: to, held: true, before: false, ..note };
        if !rest.sounds() || is_stray(rest) {
            return None;
        }
        self.notes.push(rest);
        Some(self.notes.len() - 1)
    }

    /// A lone hold is no note; its cell is cleared if it may be.
    fn bury_stray(&mut self, number: usize) {
        let note = self.notes[number];
        if note.sounds() && is_stray(note) {
            if self.may_rest(note, note.start) {
                self.choices[group(note.lane, note.start, note.key)] = SILENT;
            }
            self.notes[number].end = note.start;
        }
    }

    /// Lets a note that was held start at a later step instead, if every cell between may change; whether it does.
    pub fn start_later(&mut self, number: usize, step: usize) -> bool {
        let note = self.notes[number];
        let free = note.start < step && step < note.end && (note.start..=step).all(|s| self.may_rest(note, s));
        if !free || !self.look.allowed[group(note.lane, step, note.key)].contains(usize::from(ONSET)) {
            return false;
        }
        (note.start..step).for_each(|s| self.choices[group(note.lane, s, note.key)] = SILENT);
        self.choices[group(note.lane, step, note.key)] = ONSET;
        self.notes[number] = DrawnNote { start: step, held: false, before: false, ..note };
        true
    }

    /// What it costs in log-odds to take a note away from a step on: how much likelier its cells were than silence.
    pub fn loss(&self, number: usize, step: usize) -> f64 {
        let note = self.notes[number];
        let from = self.silence_point(note, step).unwrap_or(step);
        let to = self.resumption(note, from);
        (from..to).map(|s| self.log_odds(note.lane, s, note.key, self.choices[group(note.lane, s, note.key)])).sum()
    }

    /// Log-odds of a choice against silence.
    fn log_odds(&self, lane: usize, step: usize, key: usize, choice: u8) -> f64 {
        if !matches!(choice, ONSET | HOLD) {
            return 0.0;
        }
        let cell = lane * CELLS + step % STEPS * PITCHES + key;
        let bit = step / STEPS * self.bits + CELL_BITS * cell + usize::from(choice - ONSET);
        let logit = f64::from(self.look.evidence[bit]) + f64::from(self.context[bit]);
        if logit.is_nan() { 0.0 } else { logit.clamp(-LOGIT_LIMIT, LOGIT_LIMIT) }
    }

    /// Whether no cell of a note must sound: it may be moved.
    pub fn is_free(&self, number: usize) -> bool {
        let note = self.notes[number];
        !note.before && (note.start..note.end).all(|step| self.may_rest(note, step))
    }

    /// Where a note could move: the likeliest of these keys that is welcome, allowed and not in use, with its log-odds.
    pub fn best_move(
        &self,
        number: usize,
        keys: impl Iterator<Item = usize>,
        welcome: &dyn Fn(usize) -> bool,
    ) -> Option<(usize, f64)> {
        if !self.is_free(number) {
            return None;
        }
        let note = self.notes[number];
        let odds = |key: usize| {
            let later: f64 = (note.start + 1..note.end).map(|s| self.log_odds(note.lane, s, key, HOLD)).sum();
            self.log_odds(note.lane, note.start, key, ONSET) + later
        };
        keys.filter(|&key| key < PITCHES && key != note.key && welcome(key) && self.has_room(note, key))
            .map(|key| (key, odds(key)))
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.abs_diff(note.key).cmp(&a.0.abs_diff(note.key))))
    }

    /// Whether a key is silent while a note sounds, may play it, and would not prolong it by a stray hold.
    fn has_room(&self, note: DrawnNote, key: usize) -> bool {
        let free = |step: usize| {
            let at = group(note.lane, step, key);
            let choice = if step == note.start { ONSET } else { HOLD };
            self.choices[at] == SILENT && self.look.allowed[at].contains(usize::from(choice))
        };
        let held_after = note.end < self.steps && self.choices[group(note.lane, note.end, key)] == HOLD;
        !held_after && (note.start..note.end).all(free)
    }

    /// Moves a note to a key that [`Self::best_move`] found.
    pub fn move_to(&mut self, number: usize, key: usize) {
        let note = self.notes[number];
        for step in note.start..note.end {
            self.choices[group(note.lane, step, note.key)] = SILENT;
            self.choices[group(note.lane, step, key)] = if step == note.start { ONSET } else { HOLD };
        }
        self.notes[number] = DrawnNote { key, held: false, ..note };
    }
}

/// The keys at most so many semitones away, nearest first.
pub(super) fn neighbours(key: usize, semitones: usize) -> impl Iterator<Item = usize> {
    (1..=semitones).flat_map(move |d| [key.checked_sub(d), Some(key + d)]).flatten()
}

/// A single hold that nothing started.
fn is_stray(note: DrawnNote) -> bool {
    note.held && !note.before && note.end == note.start + 1
}

/// Index of a note cell's group in the choices.
fn group(lane: usize, step: usize, key: usize) -> usize {
    step / STEPS * GROUPS + lane * CELLS + step % STEPS * PITCHES + key
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use aeolian_canvas::cells::BLOCKS;
    use aeolian_canvas::{Canvas, NoteCell};
    use aeolian_diffusion::{ChoiceSet, Constraint, Layout};

    /// The canvas's layout, as the numeric half sees it.
    pub fn layout() -> Layout {
        let block = |b: &aeolian_canvas::cells::Block| aeolian_diffusion::Block {
            lane: b.lane,
            groups: b.groups,
            choices: b.choices,
        };
        Layout::new(BLOCKS.iter().map(block).collect())
    }

    /// A small draw with its log-odds and locks, to settle by hand.
    pub struct Draw {
        pub canvas: Canvas,
        pub constraint: Constraint,
        pub context: Vec<f32>,
        pub evidence: Vec<f32>,
    }

    impl Draw {
        /// Silence, 4/4, every log-odds −1.
        pub fn new(quarters: usize) -> Self {
            let bits = layout().bits();
            Self {
                canvas: Canvas::new(quarters),
                constraint: Constraint::none(&layout(), quarters),
                context: vec![-1.0; quarters * bits],
                evidence: vec![0.0; quarters * bits],
            }
        }

        /// Writes a note from step `start` to before `end` whose cells have these log-odds each.
        pub fn note(mut self, lane: NoteLane, pitch: u8, start: usize, end: usize, log_odds: f32) -> Self {
            for step in start..end {
                let cell = if step == start { NoteCell::Onset } else { NoteCell::Hold };
                *self.canvas.cell_mut(lane, step, pitch) = cell;
                self = self.odds(lane, pitch, step, cell, log_odds);
            }
            self
        }

        /// Sets the log-odds of one choice.
        pub fn odds(mut self, lane: NoteLane, pitch: u8, step: usize, cell: NoteCell, log_odds: f32) -> Self {
            let at = lane as usize * CELLS + step % STEPS * PITCHES + usize::from(pitch - 21);
            self.context[step / STEPS * layout().bits() + 2 * at + cell as usize - 1] = log_odds;
            self
        }

        /// Locks the cells of a pitch in these steps to what they are.
        pub fn lock(mut self, lane: NoteLane, pitch: u8, steps: std::ops::Range<usize>) -> Self {
            for step in steps {
                let choice = self.canvas.cell(lane, step, pitch) as u8;
                let at = lane as usize * CELLS + step % STEPS * PITCHES + usize::from(pitch - 21);
                self.constraint.restrict(step / STEPS, at, ChoiceSet::only(choice));
            }
            self
        }

        /// The notes after the rules have settled them: (lane, pitch, start, end), sorted.
        pub fn settled(&self, rules: &[crate::rules::Rule]) -> Vec<(NoteLane, u8, usize, usize)> {
            let frame = Frame::of(&self.canvas, 0, 60.0, true);
            let mut choices = rows(&self.canvas);
            let look = Look {
                item: 0,
                progress: 1.0,
                evidence: &self.evidence,
                allowed: self.constraint.allowed(),
                temperature: 1.0,
                noise: aeolian_diffusion::Noise::new(0),
            };
            crate::rules::RuleSet::new(rules, frame.clone()).settle(look, &self.context, &mut choices);
            let sketch = Sketch::read(&frame, look, &self.context, &mut choices);
            let mut notes: Vec<_> = sketch
                .sounding(&|_| true)
                .into_iter()
                .map(|n| sketch.note(n))
                .map(|n| (NoteLane::ALL[n.lane], n.key as u8 + 21, n.start, n.end))
                .collect();
            notes.sort();
            notes
        }
    }

    /// A canvas as rows of choices.
    pub fn rows(canvas: &Canvas) -> Vec<u8> {
        let mut rows = vec![0; canvas.quarters * GROUPS];
        for (quarter, row) in rows.chunks_exact_mut(GROUPS).enumerate() {
            aeolian_canvas::cells::write_quarter(canvas, quarter, row);
        }
        rows
    }

    /// Runs a test on a sketch of a draw, and returns the choices after it.
    fn sketched(draw: &Draw, starts_piece: bool, test: impl FnOnce(&mut Sketch<'_>)) -> Vec<u8> {
        let frame = Frame::of(&draw.canvas, 0, 90.0, starts_piece);
        let mut choices = rows(&draw.canvas);
        let look = Look {
            item: 0,
            progress: 0.5,
            evidence: &draw.evidence,
            allowed: draw.constraint.allowed(),
            temperature: 1.0,
            noise: aeolian_diffusion::Noise::new(0),
        };
        test(&mut Sketch::read(&frame, look, &draw.context, &mut choices));
        choices
    }

    const MELODY: NoteLane = NoteLane::Melody;

    #[test]
    fn notes_are_read_as_decode_reads_them() {
        let mut draw = Draw::new(2).note(MELODY, 60, 1, 4, 2.0).note(NoteLane::Harmony, 21, 7, 8, 2.0);
        for (pitch, step) in [(61, 0), (61, 1), (62, 3), (108, 0)] {
            *draw.canvas.cell_mut(MELODY, step, pitch) = NoteCell::Hold;
        }
        let found = |starts_piece| {
            let mut found = Vec::new();
            sketched(&draw, starts_piece, |s| {
                found = s
                    .sounding(&|_| true)
                    .into_iter()
                    .map(|n| s.note(n))
                    .map(|n| (n.key, n.start, n.end, n.held, n.before))
                    .collect();
            });
            found.sort();
            found
        };
        assert_eq!(found(true), [(0, 7, 8, false, false), (39, 1, 4, false, false), (40, 0, 2, true, false)]);
        let middle =
            [(0, 7, 8, false, false), (39, 1, 4, false, false), (40, 0, 2, true, true), (87, 0, 1, true, true)];
        assert_eq!(found(false), middle, "what is held in the first step began before");
    }

    #[test]
    fn a_note_ends_where_it_is_silenced_and_resumes_where_it_must_sound() {
        let draw = Draw::new(2).note(MELODY, 60, 0, 8, 2.0).lock(MELODY, 60, 5..7);
        let choices = sketched(&draw, true, |s| {
            assert!(s.can_silence(0, 2) && !s.can_silence(0, 5) && !s.is_free(0));
            assert_eq!(s.loss(0, 2), 6.0);
            let rest = s.silence(0, 2).expect("two locked holds are a note");
            assert_eq!((s.note(0).end, s.note(rest).start, s.note(rest).end), (2, 5, 8));
            assert_eq!(s.silence(rest, 7), None);
        });
        let column: Vec<u8> = (0..8).map(|step| choices[group(0, step, 39)]).collect();
        assert_eq!(column, [1, 2, 0, 0, 0, 2, 2, 0]);
    }

    #[test]
    fn what_is_left_of_a_held_note_is_no_stray() {
        let mut draw = Draw::new(1);
        (0..3).for_each(|step| *draw.canvas.cell_mut(MELODY, step, 60) = NoteCell::Hold);
        let choices = sketched(&draw, true, |s| {
            s.silence(0, 1);
            assert!(!s.note(0).sounds());
        });
        assert!(choices[..3 * CELLS].iter().all(|&c| c == 0));
        // The first hold is locked: alone it is nothing, so the note goes by its second.
        let draw = draw.lock(MELODY, 60, 0..1);
        let choices = sketched(&draw, true, |s| {
            assert!(s.can_silence(0, 0));
            s.silence(0, 0);
            assert!(!s.note(0).sounds());
        });
        assert_eq!((0..3).map(|step| choices[group(0, step, 39)]).collect::<Vec<_>>(), [2, 0, 0]);
    }

    #[test]
    fn a_note_moves_to_the_likeliest_welcome_key_with_room() {
        let draw = Draw::new(1)
            .note(MELODY, 60, 0, 2, 2.0)
            .note(MELODY, 62, 1, 3, 2.0)
            .odds(MELODY, 61, 0, NoteCell::Onset, 3.0)
            .odds(MELODY, 58, 0, NoteCell::Onset, 1.0);
        let choices = sketched(&draw, true, |s| {
            let note = (0..2).find(|&n| s.note(n).key == 39).expect("it was written");
            assert_eq!(s.best_move(note, neighbours(39, 2), &|_| true), Some((40, 2.0)));
            assert_eq!(s.best_move(note, neighbours(39, 2), &|key| key != 40), Some((37, 0.0)), "62 is in use");
            s.move_to(note, 37);
        });
        assert_eq!([choices[group(0, 0, 37)], choices[group(0, 1, 37)], choices[group(0, 0, 39)]], [1, 2, 0]);
    }

    #[test]
    fn neighbours_stop_at_the_lowest_key() {
        assert_eq!(neighbours(1, 3).collect::<Vec<_>>(), [0, 2, 3, 4]);
    }
}
