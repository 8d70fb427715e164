//! Whether a finished piece keeps its rules: read from the score alone, without a thought of how it was made.
//!
//! This is what "proven" means in a control report. It shares the definitions of [`Rule`] with the projections, and none
//! of their code.

use super::speed::ROUNDING_SECONDS;
use super::strong_beat::is_strong;
use super::words::{lane_name, lane_names, pitch_name, place_in, set_names};
use super::{FINGERS, Rule};
use aeolian_canvas::{NoteLane, lanes_by_name};
use aeolian_score::names::chord_name;
use aeolian_score::{Chord, Score, Tick};

/// One place where a rule is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which rule, as an index of the list given.
    pub rule: usize,
    /// When.
    pub tick: Tick,
    /// What is wrong, in a sentence.
    pub sentence: String,
}

/// A note with its times in sixteenths: those it belongs to, if it is a twelfth of a quarter early or late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Heard {
    lane: NoteLane,
    pitch: u8,
    start: usize,
    end: usize,
    tick: Tick,
}

/// A score as the rules hear it.
struct Hearing<'a> {
    score: &'a Score,
    bars: Vec<Tick>,
    /// By start, then pitch.
    notes: Vec<Heard>,
}

/// Every place where a score breaks a rule, rule by rule and in order of time.
///
/// Parts belong to lanes by their names ([`lanes_by_name`]); other parts and drums are not heard. At most one violation
/// is told for each note, for each stretch of time with too many voices or too wide a grip, and for the whole piece
/// for the share of a scale.
pub fn verify(score: &Score, rules: &[Rule]) -> Vec<Violation> {
    verify_parts(score, &lanes_by_name(score), rules)
}

/// [`verify`] for parts of any name: `lanes[i]` is the lane of part i, `None` is not heard.
pub fn verify_parts(score: &Score, lanes: &[Option<NoteLane>], rules: &[Rule]) -> Vec<Violation> {
    let hearing = Hearing::of(score, lanes);
    let mut violations = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let mut found = hearing.violations(rule);
        found.sort();
        violations.extend(found.into_iter().map(|(tick, sentence)| Violation { rule: index, tick, sentence }));
    }
    violations
}

type Found = Vec<(Tick, String)>;

impl<'a> Hearing<'a> {
    fn of(score: &'a Score, lanes: &[Option<NoteLane>]) -> Self {
        let per_quarter = u64::from(score.ticks_per_quarter.max(1));
        let sixteenth = |tick: Tick| ((u64::from(tick.0) * 4 + per_quarter / 2) / per_quarter) as usize;
        let mut notes = Vec::new();
        for (part, lane) in score.parts.iter().zip(lanes) {
            let Some(lane) = *lane else { continue };
            notes.extend(part.notes.iter().map(|note| {
                let start = sixteenth(note.onset);
                let end = sixteenth(note.offset()).max(start + 1);
                Heard { lane, pitch: note.pitch, start, end, tick: note.onset }
            }));
        }
        notes.sort_by_key(|n| (n.start, n.pitch, n.lane));
        Self { score, bars: score.bar_starts(Tick(score.end().0.saturating_add(1))), notes }
    }

    fn tick(&self, step: usize) -> Tick {
        Tick((step as u64 * u64::from(self.score.ticks_per_quarter) / 4).min(u64::from(u32::MAX)) as u32)
    }

    fn place(&self, tick: Tick) -> String {
        place_in(self.score, &self.bars, tick)
    }

    fn name(&self, note: &Heard) -> String {
        pitch_name(note.pitch, self.score.key_at(note.tick))
    }

    fn notes_of(&self, rule: &Rule) -> impl Iterator<Item = &Heard> {
        self.notes.iter().filter(move |note| rule.concerns(note.lane))
    }

    fn violations(&self, rule: &Rule) -> Found {
        match rule {
            Rule::Range { lowest, highest, .. } => {
                self.each(rule, |n| (!(*lowest..=*highest).contains(&n.pitch)).then(|| "lies out of range".to_owned()))
            }
            Rule::Silent { .. } => self.each(rule, |_| Some("sounds where the lane should be silent".to_owned())),
            Rule::Onsets { allowed_steps, .. } => self.each(rule, |n| {
                let sixteenth = n.start % 4;
                (!allowed_steps[sixteenth]).then(|| format!("starts in sixteenth {} of its quarter", sixteenth + 1))
            }),
            Rule::ChordTonesOnStrongBeats { .. } => self.each(rule, |n| self.foreign_to_chord(n)),
            Rule::Scale { pitch_classes, tension, .. } => self.scale(rule, *pitch_classes, *tension),
            Rule::MostVoices { voices, .. } => self.together(rule, &|sounding| {
                (sounding.len() > *voices).then(|| format!("{} notes sound at once, above {voices}", sounding.len()))
            }),
            Rule::HandSpan { semitones, hands, .. } => self.together(rule, &|sounding| {
                let held = held_by(sounding, *semitones) || *hands > 1 && held_by_two(sounding, *semitones);
                (!held).then(|| format!("{} notes do not fit {hands} × {semitones} semitones", sounding.len()))
            }),
            Rule::NoParallels { upper, lower } => self.parallels(*upper, *lower),
            Rule::Speed { lane, most_per_second } => self.speed(*lane, *most_per_second),
        }
    }

    /// A sentence for each note of which the rule says something is wrong.
    fn each(&self, rule: &Rule, wrong: impl Fn(&Heard) -> Option<String>) -> Found {
        let tell = |note: &Heard| {
            let what = wrong(note)?;
            let (name, lane) = (self.name(note), lane_name(note.lane));
            Some((note.tick, format!("{name} of the {lane} at {} {what}", self.place(note.tick))))
        };
        self.notes_of(rule).filter_map(tell).collect()
    }

    /// A sentence for each stretch of sixteenths in which something is wrong with the pitches that sound (ascending).
    fn together(&self, rule: &Rule, wrong: &dyn Fn(&[u8]) -> Option<String>) -> Found {
        let steps = self.notes.iter().map(|n| n.end).max().unwrap_or(0);
        let mut sounding: Vec<Vec<u8>> = vec![Vec::new(); steps];
        for note in self.notes_of(rule) {
            sounding[note.start..note.end].iter_mut().for_each(|here| here.push(note.pitch));
        }
        let mut found = Found::new();
        let mut was_wrong = false;
        for (step, here) in sounding.iter_mut().enumerate() {
            here.sort_unstable();
            let what = wrong(here);
            if let Some(what) = what.as_ref().filter(|_| !was_wrong) {
                let tick = self.tick(step);
                found.push((tick, format!("at {} {what}", self.place(tick))));
            }
            was_wrong = what.is_some();
        }
        found
    }

    /// Where a sixteenth stands in its bar, and how long the bar is, in sixteenths; `None` off the sixteenths of the bar.
    fn place_in_bar(&self, step: usize) -> Option<(usize, usize)> {
        let per_quarter = u64::from(self.score.ticks_per_quarter.max(1));
        let tick = self.tick(step);
        let bar = self.bars.partition_point(|start| *start <= tick).checked_sub(1)?;
        let start = self.bars[bar];
        let length_at = |at: Tick| {
            let (numerator, denominator) = self.score.meter_at(at);
            16 * usize::from(numerator.max(1)) / usize::from(denominator.max(1))
        };
        let into = 4 * u64::from(tick.0 - start.0);
        let (place, length) =
            ((into.is_multiple_of(per_quarter)).then(|| (into / per_quarter) as usize)?, length_at(start));
        // A short first bar before a longer metre is an upbeat: its end is the end of a bar of that metre.
        match self.score.meters.get(1) {
            Some(next) if bar == 0 && self.bars.get(1) == Some(&next.at) && length_at(next.at) > length => {
                let full = length_at(next.at);
                Some((place + full - length, full))
            }
            _ => Some((place, length)),
        }
    }

    fn chord_at(&self, step: usize) -> Option<Chord> {
        let tick = self.tick(step);
        self.score.chords.iter().find(|event| event.at <= tick && tick < event.end)?.chord
    }

    fn foreign_to_chord(&self, note: &Heard) -> Option<String> {
        let (place, length) = self.place_in_bar(note.start)?;
        let chord = self.chord_at(note.start).filter(|_| is_strong(place, length))?;
        let foreign = chord.pitch_classes() >> (note.pitch % 12) & 1 == 0;
        let name = || chord_name(chord, self.score.key_at(note.tick));
        foreign.then(|| format!("is foreign to the chord {} on a strong beat", name()))
    }

    fn scale(&self, rule: &Rule, pitch_classes: u16, tension: f64) -> Found {
        let foreign: Vec<&Heard> = self.notes_of(rule).filter(|n| pitch_classes >> (n.pitch % 12) & 1 == 0).collect();
        let all = self.notes_of(rule).count();
        let most = (tension * all as f64 + 1e-9) as usize;
        let Some(first_too_many) = foreign.get(most) else { return Found::new() };
        let lanes: Vec<NoteLane> = NoteLane::ALL.into_iter().filter(|&lane| rule.concerns(lane)).collect();
        let scale = set_names(pitch_classes, self.score.key_at(first_too_many.tick));
        let sentence = format!(
            "{} of {all} notes of {} lie outside {scale}, above {most}; one of them is {} at {}",
            foreign.len(),
            lane_names(&lanes),
            self.name(first_too_many),
            self.place(first_too_many.tick)
        );
        vec![(first_too_many.tick, sentence)]
    }

    fn speed(&self, lane: NoteLane, most_per_second: f64) -> Found {
        let mut times: Vec<usize> = self.notes.iter().filter(|n| n.lane == lane).map(|n| n.start).collect();
        times.dedup();
        let seconds = |step: usize| self.score.seconds_at(self.tick(step));
        let least = 1.0 / most_per_second - 1e3 * ROUNDING_SECONDS;
        let close = times.windows(2).filter(|pair| seconds(pair[1]) - seconds(pair[0]) < least);
        close
            .map(|pair| {
                let (tick, gap) = (self.tick(pair[1]), seconds(pair[1]) - seconds(pair[0]));
                let (lane, place) = (lane_name(lane), self.place(tick));
                (tick, format!("the onset of the {lane} at {place} follows after {gap:.2} s, below {least:.2} s"))
            })
            .collect()
    }

    /// The highest or lowest note of a lane that sounds in a step, if it starts there.
    fn starting(&self, lane: NoteLane, step: usize, highest: bool) -> Option<&Heard> {
        let here = self.notes.iter().filter(|n| n.lane == lane && n.start <= step && step < n.end);
        let line = if highest { here.max_by_key(|n| n.pitch) } else { here.min_by_key(|n| n.pitch) };
        line.filter(|n| n.start == step)
    }

    fn parallels(&self, upper: NoteLane, lower: NoteLane) -> Found {
        let mut steps: Vec<usize> = self.notes.iter().map(|n| n.start).collect();
        steps.dedup();
        let lower_is_top = lower == NoteLane::Melody;
        let moments: Vec<(&Heard, &Heard)> = steps
            .into_iter()
            .filter_map(|step| Some((self.starting(upper, step, true)?, self.starting(lower, step, lower_is_top)?)))
            .filter(|(u, l)| u != l)
            .collect();
        let mut found = Found::new();
        for pair in moments.windows(2) {
            let ((u, l), (next_u, next_l)) = (pair[0], pair[1]);
            let up = [i32::from(next_u.pitch) - i32::from(u.pitch), i32::from(next_l.pitch) - i32::from(l.pitch)];
            let interval = u.pitch.abs_diff(l.pitch) % 12;
            let next_interval = next_u.pitch.abs_diff(next_l.pitch) % 12;
            if up[0] * up[1] <= 0 || interval != next_interval || !(interval == 0 || interval == 7) {
                continue;
            }
            let kind = if interval == 7 { "fifths" } else { "octaves or unisons" };
            let names = [u, l, next_u, next_l].map(|n| self.name(n));
            let place = self.place(next_u.tick);
            let sentence =
                format!("parallel {kind} at {place}: {}/{} to {}/{}", names[0], names[1], names[2], names[3]);
            found.push((next_u.tick, sentence));
        }
        found
    }
}

/// Whether one hand can hold these pitches, ascending.
fn held_by(pitches: &[u8], semitones: u8) -> bool {
    let span = pitches.last().copied().unwrap_or(0) - pitches.first().copied().unwrap_or(0);
    pitches.len() <= FINGERS && span <= semitones
}

/// Whether two hands can: the lower notes one, the others the other.
fn held_by_two(pitches: &[u8], semitones: u8) -> bool {
    (0..=pitches.len()).any(|cut| held_by(&pitches[..cut], semitones) && held_by(&pitches[cut..], semitones))
}

#[cfg(test)]
mod tests {
    use super::*;
    use NoteLane::{Harmony, Melody};
    use aeolian_score::{ChordEvent, ChordQuality, GRID, MeterChange, Note, Part, TempoChange};

    /// A score at 60 quarters a minute from (lane, onset, end, pitch) in ticks of a twelfth of a quarter.
    fn score(notes: &[(NoteLane, u32, u32, u8)]) -> Score {
        let mut score = Score::new(GRID);
        score.tempos = vec![TempoChange { at: Tick(0), qpm: 60.0 }];
        for lane in NoteLane::ALL {
            let here = notes.iter().filter(|n| n.0 == lane);
            let notes = here
                .map(|&(_, on, end, pitch)| Note { onset: Tick(on), pitch, duration: Tick(end - on), velocity: 80 })
                .collect();
            score.parts.push(Part { name: lane.name().to_owned(), notes, ..Part::default() });
        }
        score
    }

    const NONE: [u32; 0] = [];

    /// The ticks of the violations of one rule.
    fn broken(score: &Score, rule: Rule) -> Vec<u32> {
        verify(score, &[rule]).iter().map(|v| v.tick.0).collect()
    }

    #[test]
    fn ranges_silence_and_onsets_are_told_note_by_note() {
        let piece = score(&[(Melody, 0, 12, 59), (Melody, 12, 24, 60), (Melody, 26, 36, 72), (Melody, 39, 48, 73)]);
        assert_eq!(broken(&piece, Rule::Range { lane: Melody, lowest: 60, highest: 72 }), [0, 39]);
        assert_eq!(broken(&piece, Rule::Silent { lane: Harmony }), NONE);
        assert_eq!(broken(&piece, Rule::Silent { lane: Melody }).len(), 4);
        // The third note, a twelfth early, belongs to the second sixteenth of its quarter.
        let grid = |allowed_steps| broken(&piece, Rule::Onsets { lane: Melody, allowed_steps });
        assert_eq!(grid([true, false, false, false]), [26, 39]);
        assert_eq!(grid([true, true, false, false]), NONE);
        let range = [Rule::Range { lane: Melody, lowest: 60, highest: 72 }];
        assert_eq!(verify(&piece, &range)[1].sentence, "C#5 of the melody at bar 1, beat 4.25 lies out of range");
    }

    #[test]
    fn the_share_outside_a_scale_is_inclusive() {
        let piece = score(&[(Melody, 0, 3, 60), (Melody, 3, 6, 61), (Harmony, 6, 9, 63), (Harmony, 9, 12, 64)]);
        let scale = |tension, lanes| Rule::Scale { pitch_classes: 0b1010_1011_0101, tension, lanes };
        assert_eq!(broken(&piece, scale(0.0, None)), [3]);
        assert_eq!(broken(&piece, scale(0.25, None)), [6]);
        assert_eq!(broken(&piece, scale(0.5, None)), NONE);
        assert_eq!(broken(&piece, scale(0.0, Some(vec![NoteLane::Counter]))), NONE);
    }

    #[test]
    fn chord_tones_are_asked_for_on_strong_beats_only() {
        let mut piece = score(&[(Melody, 0, 12, 62), (Melody, 12, 24, 62), (Melody, 24, 36, 64), (Melody, 36, 72, 62)]);
        let rule = || Rule::ChordTonesOnStrongBeats { lanes: vec![Melody] };
        assert_eq!(broken(&piece, rule()), NONE, "no chord is known");
        let c_major = Some(Chord::new(0, ChordQuality::Major));
        piece.chords = vec![ChordEvent { at: Tick(0), end: Tick(48), chord: c_major }];
        assert_eq!(broken(&piece, rule()), [0]);
        piece.meters = vec![MeterChange { at: Tick(0), numerator: 3, denominator: 4 }];
        assert_eq!(broken(&piece, rule()), [0, 36]);
        // An upbeat of one quarter: the downbeats are at 12 and, in the middle of the bar, at 36.
        piece.meters = vec![
            MeterChange { at: Tick(0), numerator: 1, denominator: 4 },
            MeterChange { at: Tick(12), numerator: 4, denominator: 4 },
        ];
        assert_eq!(broken(&piece, rule()), [12, 36]);
    }

    #[test]
    fn too_much_at_once_is_told_once_a_stretch() {
        let piece = score(&[(Harmony, 0, 24, 40), (Harmony, 6, 12, 57), (Harmony, 12, 18, 58), (Melody, 12, 24, 76)]);
        assert_eq!(broken(&piece, Rule::MostVoices { lane: Some(Harmony), voices: 1 }), [6]);
        assert_eq!(broken(&piece, Rule::MostVoices { lane: None, voices: 2 }), [12]);
        assert_eq!(broken(&piece, Rule::MostVoices { lane: None, voices: 3 }), NONE);
        let span = |semitones, hands| broken(&piece, Rule::HandSpan { lane: Harmony, semitones, hands });
        assert_eq!((span(17, 1), span(18, 1), span(0, 2)), (vec![12], vec![], vec![]));
    }

    #[test]
    fn speed_is_measured_in_seconds() {
        let piece = score(&[(Melody, 0, 3, 60), (Melody, 0, 3, 64), (Melody, 3, 6, 60), (Melody, 9, 12, 60)]);
        let speed = |most_per_second| broken(&piece, Rule::Speed { lane: Melody, most_per_second });
        assert_eq!((speed(4.0), speed(3.9), speed(1.9)), (vec![], vec![3], vec![3, 9]));
    }

    #[test]
    fn parallels_need_the_same_direction() {
        let moves = |u: [u8; 2], l: [u8; 2]| {
            let piece = score(&[
                (Melody, 0, 12, u[0]),
                (Melody, 12, 24, u[1]),
                (Harmony, 0, 12, l[0]),
                (Harmony, 12, 24, l[1]),
            ]);
            broken(&piece, Rule::NoParallels { upper: Melody, lower: Harmony })
        };
        assert_eq!(moves([67, 69], [60, 62]), [12]);
        assert_eq!(moves([72, 71], [60, 59]), [12]);
        assert_eq!(moves([67, 69], [60, 60]), NONE);
        assert_eq!(moves([67, 62], [60, 69]), NONE);
        let piece = score(&[(Harmony, 0, 12, 60), (Harmony, 12, 24, 62)]);
        assert_eq!(broken(&piece, Rule::NoParallels { upper: Harmony, lower: Harmony }), NONE, "a line with itself");
    }

    #[test]
    fn an_empty_or_damaged_score_is_obedient_and_does_not_panic() {
        let rules = [
            Rule::MostVoices { lane: None, voices: 1 },
            Rule::HandSpan { lane: Melody, semitones: 0, hands: 9 },
            Rule::NoParallels { upper: Melody, lower: Melody },
            Rule::Speed { lane: Melody, most_per_second: f64::NAN },
            Rule::Scale { pitch_classes: 0, tension: f64::NAN, lanes: None },
        ];
        assert_eq!(verify(&Score::new(0), &rules), []);
        let mut late = score(&[(Melody, 0, 1, 127)]);
        late.ticks_per_quarter = 1;
        late.meters = vec![MeterChange { at: Tick(0), numerator: 0, denominator: 0 }];
        verify(&late, &rules);
    }
}
