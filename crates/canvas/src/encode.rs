//! From a quantised [`Score`] to a [`Canvas`], with a count of everything the canvas could not hold.
//!
//! Every twelfth of a quarter is a step and a class: 3k is step k on time, 3k − 1 early, 3k + 1 late. A lane has one
//! class per step. Onsets decide it by majority; where nothing starts, the ends of notes decide. Whoever loses the
//! vote moves by one or two twelfths within the step and is counted. A note never changes its step.
//!
//! `decode(encode(s))` gives the notes of `s` back exactly when [`EncodeReport::notes_are_exact`], and
//! `encode(decode(encode(s))) == encode(s)` always.

use crate::bars::{bars, positions};
use crate::canvas::{Canvas, ChordCell, Form, LOWEST_PITCH, NoteCell, NoteLane, PITCHES, STEPS, Timing};
use aeolian_score::{Chord, GRID, Note, Part, Score};

/// Music after this many quarters (over an hour at 240 quarters a minute) is left out and counted, so that a damaged
/// file cannot ask for all memory.
pub const LONGEST_QUARTERS: usize = 16_384;

/// Grid positions in a step.
const STEP: u32 = GRID / STEPS as u32;

/// What the canvas could not hold as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EncodeReport {
    /// Parts without a lane, drums given a lane of pitches, and pitches given the lane of drums.
    pub parts_left_out: usize,
    /// Notes in those parts.
    pub notes_in_left_out_parts: usize,
    /// Notes outside the 88 keys, left out.
    pub notes_out_of_range: usize,
    /// Notes that begin after [`LONGEST_QUARTERS`], left out.
    pub notes_too_late: usize,
    /// Notes of the same pitch starting in the same step of the same lane as another, which became one with it.
    pub notes_merged: usize,
    /// Notes cut because the same pitch starts again in their lane.
    pub overlaps_cut: usize,
    /// Notes shorter than a step, given a whole one.
    pub notes_lengthened: usize,
    /// Drum strokes written longer or shorter than a step: a stroke has no length on the canvas.
    pub drum_lengths_forgotten: usize,
    /// Onsets that moved by a twelfth or two to agree with others in their step.
    pub onsets_moved: usize,
    /// Ends of notes that moved by a twelfth or two to agree with their step, or to the end of the canvas.
    pub offsets_moved: usize,
    /// Notes whose velocity became the mean of the onsets in their step.
    pub loudness_merged: usize,
    /// Chord changes that do not fall on a quarter; the chord that covers most of a quarter has it.
    pub chord_changes_off_quarter: usize,
    /// Key changes that do not fall on a quarter.
    pub key_changes_off_quarter: usize,
    /// Sections that do not begin and end on bar lines.
    pub sections_off_bar: usize,
    /// Metre changes moved to an eighth or rounded to whole eighths.
    pub meters_approximated: usize,
}

impl EncodeReport {
    /// True when decoding gives every note back exactly: onset, duration, pitch and velocity (of drums all but duration).
    pub fn notes_are_exact(&self) -> bool {
        let changed = self.notes_in_left_out_parts
            + self.notes_out_of_range
            + self.notes_too_late
            + self.notes_merged
            + self.overlaps_cut
            + self.notes_lengthened
            + self.onsets_moved
            + self.offsets_moved
            + self.loudness_merged;
        changed == 0
    }
}

impl std::ops::AddAssign for EncodeReport {
    fn add_assign(&mut self, other: Self) {
        self.parts_left_out += other.parts_left_out;
        self.notes_in_left_out_parts += other.notes_in_left_out_parts;
        self.notes_out_of_range += other.notes_out_of_range;
        self.notes_too_late += other.notes_too_late;
        self.notes_merged += other.notes_merged;
        self.overlaps_cut += other.overlaps_cut;
        self.notes_lengthened += other.notes_lengthened;
        self.drum_lengths_forgotten += other.drum_lengths_forgotten;
        self.onsets_moved += other.onsets_moved;
        self.offsets_moved += other.offsets_moved;
        self.loudness_merged += other.loudness_merged;
        self.chord_changes_off_quarter += other.chord_changes_off_quarter;
        self.key_changes_off_quarter += other.key_changes_off_quarter;
        self.sections_off_bar += other.sections_off_bar;
        self.meters_approximated += other.meters_approximated;
    }
}

/// The lane each part belongs to by its name, as `decode` names them; drums by being drums; `None` for other names.
pub fn lanes_by_name(score: &Score) -> Vec<Option<NoteLane>> {
    let lane = |name: &str| NoteLane::PITCHED.into_iter().find(|lane| lane.name() == name);
    score.parts.iter().map(|part| if part.is_drum { Some(NoteLane::Drums) } else { lane(&part.name) }).collect()
}

/// True if a part has a place in this lane: drums among the drums, pitches among the pitches.
fn belongs(part: &Part, lane: NoteLane) -> bool {
    part.is_drum != lane.is_pitched()
}

/// Writes a quantised score on a canvas; `lanes[i]` says where part i goes, `None` leaves it out.
///
/// The canvas is whole bars long, up to the last note or chord it holds. Several parts may share a lane.
///
/// # Panics   if `score.ticks_per_quarter` is not [`GRID`] (quantise first) or `lanes` and parts differ in number.
pub fn encode(score: &Score, lanes: &[Option<NoteLane>]) -> (Canvas, EncodeReport) {
    assert_eq!(score.ticks_per_quarter, GRID, "a score is quantised before it is encoded");
    assert_eq!(score.parts.len(), lanes.len(), "every part needs a lane or None");
    let mut report = EncodeReport::default();
    let placed = NoteLane::ALL.map(|lane| place_lane(score, lanes, lane, &mut report));
    count_left_out_parts(score, lanes, &mut report);
    let chords = chord_cells(score, &mut report);

    let last_chord = chords.iter().rposition(|c| c.is_some_and(|c| c.root.is_some())).map_or(0, |q| (q + 1) as u32);
    let end = placed.iter().map(PlacedLane::end).fold(last_chord * GRID, u32::max);
    let (positions, approximated) = positions(score, end);
    report.meters_approximated = approximated;

    let mut canvas = Canvas::new(positions.len());
    canvas.positions = positions;
    for (lane, placed) in NoteLane::ALL.into_iter().zip(&placed) {
        write_lane(&mut canvas, lane, placed, &mut report);
    }
    let shared = chords.len().min(canvas.quarters);
    canvas.chords[..shared].copy_from_slice(&chords[..shared]);
    write_keys(&mut canvas, score, &mut report);
    write_form(&mut canvas, score, &mut report);
    let ensemble = canvas.ensemble();
    canvas.ensembles.fill(Some(ensemble));
    (canvas, report)
}

/// A note on its way to the cells of one lane.
#[derive(Clone, Copy)]
struct PlacedNote {
    pitch: u8,
    velocity: u8,
    /// Onset as asked, in grid positions.
    onset: u32,
    /// End as asked, in grid positions.
    end: u32,
}

impl PlacedNote {
    fn start_step(&self) -> usize {
        step_of(self.onset)
    }

    /// The first step after the note, at least one after its start.
    fn end_step(&self) -> usize {
        step_of(self.end).max(self.start_step() + 1)
    }
}

/// The notes of a lane and the timing class of every step one of them touches.
struct PlacedLane {
    notes: Vec<PlacedNote>,
    timing: Vec<Timing>,
}

impl PlacedLane {
    /// The grid position at which the last note ends, after the vote on timing.
    fn end(&self) -> u32 {
        let end = |note: &PlacedNote| position(note.end_step(), self.timing[note.end_step()]);
        self.notes.iter().map(end).max().unwrap_or(0)
    }
}

/// The step of a grid position (in twelfths of a quarter): the one whose nominal position is nearest.
pub fn step_of(position: u32) -> usize {
    (position.saturating_add(1) / STEP) as usize
}

fn timing_of(position: u32) -> Timing {
    match position % STEP {
        0 => Timing::On,
        1 => Timing::Late,
        _ => Timing::Early,
    }
}

/// The grid position of a step's events; the first step cannot be early.
pub(crate) fn position(step: usize, timing: Timing) -> u32 {
    let nominal = step as u32 * STEP;
    match timing {
        Timing::On => nominal,
        Timing::Early => nominal.saturating_sub(1),
        Timing::Late => nominal + 1,
    }
}

fn count_left_out_parts(score: &Score, lanes: &[Option<NoteLane>], report: &mut EncodeReport) {
    for (part, lane) in score.parts.iter().zip(lanes) {
        if lane.is_none_or(|lane| !belongs(part, lane)) {
            report.parts_left_out += 1;
            report.notes_in_left_out_parts += part.notes.len();
        }
    }
}

fn place_lane(score: &Score, lanes: &[Option<NoteLane>], lane: NoteLane, report: &mut EncodeReport) -> PlacedLane {
    let here = score.parts.iter().zip(lanes).filter(|(part, to)| **to == Some(lane) && belongs(part, lane));
    let mut notes: Vec<PlacedNote> =
        here.flat_map(|(part, _)| &part.notes).filter_map(|note| admit(note, report)).collect();
    if lane.is_pitched() {
        notes = separate(notes, report);
        report.notes_lengthened += notes.iter().filter(|n| step_of(n.end) <= n.start_step()).count();
    } else {
        let forgotten = |note: &&PlacedNote| step_of(note.end) != note.start_step() + 1;
        report.drum_lengths_forgotten += notes.iter().filter(forgotten).count();
        notes.iter_mut().for_each(|note| note.end = note.onset);
        notes = separate(notes, report);
    }
    let timing = vote(&notes);
    PlacedLane { notes, timing }
}

/// A note the canvas has room for, or `None`, counted.
fn admit(note: &Note, report: &mut EncodeReport) -> Option<PlacedNote> {
    let latest = LONGEST_QUARTERS as u32 * GRID;
    if note.onset.0 >= latest {
        report.notes_too_late += 1;
        return None;
    }
    if !(LOWEST_PITCH..LOWEST_PITCH + PITCHES as u8).contains(&note.pitch) {
        report.notes_out_of_range += 1;
        return None;
    }
    let end = note.offset().0;
    report.offsets_moved += usize::from(end > latest);
    Some(PlacedNote { pitch: note.pitch, velocity: note.velocity, onset: note.onset.0, end: end.min(latest) })
}

/// Makes notes of equal pitch follow one another: one onset a step, each ending before the next begins.
fn separate(mut notes: Vec<PlacedNote>, report: &mut EncodeReport) -> Vec<PlacedNote> {
    notes.sort_by_key(|n| (n.pitch, n.onset, std::cmp::Reverse(n.end), std::cmp::Reverse(n.velocity)));
    let mut separated: Vec<PlacedNote> = Vec::with_capacity(notes.len());
    for note in notes {
        match separated.last_mut().filter(|earlier| earlier.pitch == note.pitch) {
            Some(earlier) if earlier.start_step() == note.start_step() => {
                report.notes_merged += 1;
                earlier.end = earlier.end.max(note.end);
                continue;
            }
            Some(earlier) if earlier.end > note.onset => {
                report.overlaps_cut += 1;
                earlier.end = note.onset;
            }
            _ => {}
        }
        separated.push(note);
    }
    separated
}

/// The timing class of every step up to the last end: the majority of its onsets, else of its ends; ties are on time.
fn vote(notes: &[PlacedNote]) -> Vec<Timing> {
    let steps = notes.iter().map(|n| n.end_step() + 1).max().unwrap_or(0);
    let (mut onsets, mut ends) = (vec![[0u32; 3]; steps], vec![[0u32; 3]; steps]);
    for note in notes {
        onsets[note.start_step()][timing_of(note.onset) as usize] += 1;
        let lengthened = step_of(note.end) <= note.start_step();
        let end = if lengthened { Timing::On } else { timing_of(note.end) };
        ends[note.end_step()][end as usize] += 1;
    }
    let winner = |[on, early, late]: [u32; 3]| match () {
        () if early > on.max(late) => Timing::Early,
        () if late > on.max(early) => Timing::Late,
        () => Timing::On,
    };
    onsets.into_iter().zip(ends).map(|(onsets, ends)| winner(if onsets == [0; 3] { ends } else { onsets })).collect()
}

fn write_lane(canvas: &mut Canvas, lane: NoteLane, placed: &PlacedLane, report: &mut EncodeReport) {
    for (info, timing) in canvas.steps[lane as usize].iter_mut().zip(&placed.timing) {
        info.timing = *timing;
    }
    let steps = canvas.quarters * STEPS;
    let mut velocities = vec![(0u32, 0u32); steps]; // (sum, count)
    for note in &placed.notes {
        let (start, end) = (note.start_step(), note.end_step());
        *canvas.cell_mut(lane, start, note.pitch) = NoteCell::Onset;
        for step in start + 1..end {
            *canvas.cell_mut(lane, step, note.pitch) = NoteCell::Hold;
        }
        velocities[start].0 += u32::from(note.velocity);
        velocities[start].1 += 1;
        report.onsets_moved += usize::from(position(start, placed.timing[start]) != note.onset);
        // The step after the last has no class: what ends there ends on time.
        let end_timing = if end < steps { placed.timing[end] } else { Timing::On };
        let lengthened = step_of(note.end) <= start;
        report.offsets_moved += usize::from(!lengthened && position(end, end_timing) != note.end);
    }
    for (info, (sum, count)) in canvas.steps[lane as usize].iter_mut().zip(velocities) {
        info.loudness = (count > 0).then(|| ((sum + count / 2) / count.max(1)).clamp(1, 127) as u8);
    }
    let loudness = |note: &&PlacedNote| canvas.steps[lane as usize][note.start_step()].loudness;
    report.loudness_merged += placed.notes.iter().filter(|note| loudness(note) != Some(note.velocity)).count();
}

/// The chord of every quarter up to the last labelled one: whichever label (or lack of one) covers most of it, the
/// earlier of two equals.
fn chord_cells(score: &Score, report: &mut EncodeReport) -> Vec<Option<ChordCell>> {
    let latest = LONGEST_QUARTERS as u32 * GRID;
    let end = score.chords.iter().map(|c| c.end.0.min(latest)).max().unwrap_or(0);
    // For every quarter: the winner's coverage, the winner, and how much any label covers.
    let mut best: Vec<(u32, Option<ChordCell>, u32)> = vec![(0, None, 0); end.div_ceil(GRID) as usize];
    let mut previous = None;
    for event in &score.chords {
        let (from, to) = (event.at.0, event.end.0.min(latest));
        let changes = previous != Some((from, event.chord));
        report.chord_changes_off_quarter += usize::from(changes && !from.is_multiple_of(GRID));
        previous = Some((to, event.chord));
        for quarter in from / GRID..to.div_ceil(GRID) {
            let start = quarter * GRID;
            let covered = to.min(start + GRID).saturating_sub(from.max(start));
            let slot = &mut best[quarter as usize];
            slot.2 += covered;
            if covered > slot.0 {
                (slot.0, slot.1) = (covered, Some(chord_cell(event.chord)));
            }
        }
    }
    best.into_iter().map(|(most, cell, labelled)| cell.filter(|_| most >= GRID.saturating_sub(labelled))).collect()
}

fn chord_cell(chord: Option<Chord>) -> ChordCell {
    match chord {
        Some(chord) => {
            ChordCell { root: Some(chord.root), bass: Some(chord.bass), pitch_classes: chord.pitch_classes() }
        }
        None => ChordCell { root: None, bass: None, pitch_classes: 0 },
    }
}

/// A key holds from the quarter nearest to its change.
fn write_keys(canvas: &mut Canvas, score: &Score, report: &mut EncodeReport) {
    report.key_changes_off_quarter = score.keys.iter().filter(|k| !k.at.0.is_multiple_of(GRID)).count();
    let mut changes = score.keys.iter().peekable();
    let mut key = None;
    for (quarter, cell) in canvas.keys.iter_mut().enumerate() {
        let middle = quarter as u32 * GRID + GRID / 2;
        while let Some(change) = changes.next_if(|c| c.at.0 < middle) {
            key = Some(change.key);
        }
        *cell = key;
    }
}

/// A bar belongs to the section in which it starts. A score without sections leaves the form unknown.
fn write_form(canvas: &mut Canvas, score: &Score, report: &mut EncodeReport) {
    let bars = bars(&canvas.positions);
    let section_of = |bar: usize| {
        let inside = |s: &&aeolian_score::Section| s.at.0 <= bars[bar].start && bars[bar].start < s.end.0;
        score.sections.iter().rfind(inside)
    };
    let sections: Vec<_> = (0..bars.len()).map(section_of).collect();
    let end = canvas.quarters as u32 * GRID;
    let on_bar = |at: u32| at == end || bars.binary_search_by_key(&at, |b| b.start).is_ok();
    report.sections_off_bar = score.sections.iter().filter(|s| !on_bar(s.at.0) || !on_bar(s.end.0)).count();
    if sections.iter().all(Option::is_none) {
        return;
    }
    let same = |a: usize, b: usize| match (sections[a], sections[b]) {
        (Some(a), Some(b)) => std::ptr::eq(a, b),
        _ => false,
    };
    for (index, bar) in bars.iter().enumerate() {
        let section = sections[index];
        let form = Form {
            section_start: section.is_some() && (index == 0 || !same(index - 1, index)),
            section_end: section.is_some() && (index + 1 == bars.len() || !same(index, index + 1)),
            instrumental: section.is_some_and(|s| s.label.starts_with(char::is_lowercase)),
            piece_end: index + 1 == bars.len(),
        };
        canvas.form[bar.first_quarter..bar.end_quarter].fill(Some(form));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_score::{ChordEvent, ChordQuality, Key, KeyChange, Mode, Part, Section, Tick};

    /// A melody of (onset, duration, pitch, velocity).
    fn melody(notes: &[(u32, u32, u8, u8)]) -> Score {
        let mut score = Score::new(GRID);
        let note = |&(onset, duration, pitch, velocity): &(u32, u32, u8, u8)| Note {
            onset: Tick(onset),
            pitch,
            duration: Tick(duration),
            velocity,
        };
        score.parts.push(Part { notes: notes.iter().map(note).collect(), ..Part::default() });
        score
    }

    fn encode_melody(notes: &[(u32, u32, u8, u8)]) -> (Canvas, EncodeReport) {
        encode(&melody(notes), &[Some(NoteLane::Melody)])
    }

    #[test]
    fn every_twelfth_is_a_step_and_a_class() {
        use Timing::{Early, Late, On};
        let seen: Vec<_> = (0..12).map(|p| (step_of(p), timing_of(p))).collect();
        let steps = [(0, On), (0, Late), (1, Early), (1, On), (1, Late), (2, Early), (2, On), (2, Late)];
        assert_eq!(seen[..8], steps);
        assert_eq!(seen[11], (4, Early));
        assert!((0..100).all(|p| position(step_of(p), timing_of(p)) == p));
    }

    #[test]
    fn a_triplet_is_held_exactly() {
        let (canvas, report) = encode_melody(&[(0, 4, 60, 80), (4, 4, 62, 81), (8, 4, 64, 82)]);
        assert!(report.notes_are_exact(), "{report:?}");
        assert_eq!(canvas.quarters, 4);
        let timing: Vec<_> = canvas.steps[0][..4].iter().map(|s| s.timing).collect();
        assert_eq!(timing, [Timing::On, Timing::Late, Timing::On, Timing::Early]);
        assert_eq!(canvas.cell(NoteLane::Melody, 0, 60), NoteCell::Onset);
        assert_eq!(canvas.cell(NoteLane::Melody, 1, 60), NoteCell::Silent);
        assert_eq!(canvas.cell(NoteLane::Melody, 2, 62), NoteCell::Hold);
        assert_eq!(canvas.steps[0][3].loudness, Some(82));
    }

    #[test]
    fn the_majority_of_onsets_has_its_timing_and_ties_are_on_time() {
        let timing = |notes: &[(u32, u32, u8, u8)]| {
            let (canvas, report) = encode_melody(notes);
            (canvas.steps[0][1].timing, report.onsets_moved, report.offsets_moved)
        };
        assert_eq!(timing(&[(3, 9, 60, 80), (4, 8, 64, 80), (4, 8, 67, 80)]), (Timing::Late, 1, 0));
        assert_eq!(timing(&[(3, 9, 60, 80), (4, 8, 64, 80)]), (Timing::On, 1, 0));
        assert_eq!(timing(&[(2, 10, 60, 80), (4, 8, 64, 80)]), (Timing::On, 2, 0));
        assert_eq!(timing(&[(0, 4, 60, 80), (0, 4, 64, 80)]), (Timing::Late, 0, 0), "ends decide where nothing starts");
        assert_eq!(timing(&[(0, 4, 60, 80), (3, 3, 64, 80)]), (Timing::On, 0, 1), "but not where something does");
    }

    #[test]
    fn short_overlapping_and_doubled_notes_are_counted() {
        let (_, short) = encode_melody(&[(0, 1, 60, 80)]);
        assert_eq!((short.notes_lengthened, short.offsets_moved), (1, 0));
        let (canvas, overlap) = encode_melody(&[(0, 12, 60, 80), (6, 3, 60, 80)]);
        assert_eq!((overlap.overlaps_cut, overlap.notes_merged), (1, 0));
        assert_eq!(canvas.cell(NoteLane::Melody, 3, 60), NoteCell::Silent);
        let (_, doubled) = encode_melody(&[(5, 3, 60, 80), (6, 3, 60, 80)]);
        assert_eq!(doubled.notes_merged, 1);
    }

    #[test]
    fn the_keyboard_has_both_its_ends() {
        let notes = [(0, 3, 20, 80), (0, 3, 21, 80), (0, 3, 108, 80), (0, 3, 109, 80)];
        let (canvas, report) = encode_melody(&notes);
        assert_eq!(report.notes_out_of_range, 2);
        assert_eq!(canvas.notes[0][0], NoteCell::Onset);
        assert_eq!(canvas.notes[0][PITCHES - 1], NoteCell::Onset);
    }

    #[test]
    fn loudness_is_the_mean_of_a_step() {
        let (canvas, report) = encode_melody(&[(0, 3, 60, 80), (0, 3, 64, 81), (3, 3, 60, 0)]);
        assert_eq!(canvas.steps[0][0].loudness, Some(81));
        assert_eq!(canvas.steps[0][1].loudness, Some(1));
        assert_eq!(report.loudness_merged, 2);
    }

    #[test]
    fn a_piece_of_a_hundred_years_asks_for_no_memory() {
        let (canvas, report) = encode_melody(&[(0, u32::MAX, 60, 80), (u32::MAX, u32::MAX, 61, 80)]);
        assert_eq!((report.notes_too_late, report.offsets_moved), (1, 1));
        assert_eq!(canvas.quarters, LONGEST_QUARTERS);
    }

    #[test]
    fn parts_without_a_lane_and_drums_are_counted() {
        let mut score = melody(&[(0, 3, 60, 80)]);
        score.parts.push(Part { is_drum: true, ..score.parts[0].clone() });
        score.parts.push(score.parts[0].clone());
        let (canvas, report) = encode(&score, &[None, Some(NoteLane::Melody), Some(NoteLane::Harmony)]);
        assert_eq!((report.parts_left_out, report.notes_in_left_out_parts), (2, 2));
        assert_eq!(canvas.notes[0].iter().filter(|c| **c != NoteCell::Silent).count(), 0);
        assert_eq!(canvas.cell(NoteLane::Harmony, 0, 60), NoteCell::Onset);
    }

    #[test]
    fn the_chord_that_covers_most_of_a_quarter_has_it() {
        let mut score = melody(&[(0, 48, 60, 80)]);
        let chord = |at, end, root| ChordEvent {
            at: Tick(at),
            end: Tick(end),
            chord: Some(Chord::new(root, ChordQuality::Major)),
        };
        score.chords = vec![
            chord(0, 17, 0),
            chord(17, 24, 7),
            chord(24, 29, 2),
            ChordEvent { at: Tick(36), end: Tick(48), chord: None },
        ];
        let (canvas, report) = encode(&score, &[Some(NoteLane::Melody)]);
        let roots: Vec<_> = canvas.chords.iter().map(|c| c.map(|c| c.root)).collect();
        assert_eq!(roots, [Some(Some(0)), Some(Some(7)), None, Some(None)]);
        assert_eq!(report.chord_changes_off_quarter, 1);
    }

    #[test]
    fn a_key_holds_from_the_nearest_quarter() {
        let mut score = melody(&[(0, 48, 60, 80)]);
        let key = |tonic| Key { tonic, mode: Mode::Major };
        score.keys = vec![KeyChange { at: Tick(12), key: key(0) }, KeyChange { at: Tick(29), key: key(7) }];
        let (canvas, report) = encode(&score, &[Some(NoteLane::Melody)]);
        assert_eq!(canvas.keys, [None, Some(key(0)), Some(key(7)), Some(key(7))]);
        assert_eq!(report.key_changes_off_quarter, 1);
    }

    #[test]
    fn form_is_written_bar_by_bar() {
        let mut score = melody(&[(0, 4 * 48, 60, 80)]);
        let section =
            |at: u32, end: u32, label: &str| Section { at: Tick(at * 48), end: Tick(end * 48), label: label.into() };
        score.sections = vec![section(0, 1, "i"), section(1, 3, "A")];
        let (canvas, report) = encode(&score, &[Some(NoteLane::Melody)]);
        let form = |bar: usize| {
            assert!(canvas.form[bar * 4..][..4].iter().all(|f| *f == canvas.form[bar * 4]), "bar {bar}");
            let form = canvas.form[bar * 4].unwrap();
            (form.section_start, form.section_end, form.instrumental, form.piece_end)
        };
        assert_eq!(form(0), (true, true, true, false));
        assert_eq!(form(1), (true, false, false, false));
        assert_eq!(form(2), (false, true, false, false));
        assert_eq!(form(3), (false, false, false, true));
        assert_eq!(report.sections_off_bar, 0);
        score.sections.clear();
        assert!(encode(&score, &[Some(NoteLane::Melody)]).0.form.iter().all(Option::is_none));
    }
}
