//! What rules say of one cell by itself: exact in the posterior, no projection needed.

use super::frame::belongs;
use super::{Frame, Rule};
use aeolian_canvas::CELLS;
use aeolian_canvas::canvas::{NoteLane, PITCHES, STEPS};
use aeolian_canvas::cells::GROUPS;
use aeolian_diffusion::{ChoiceSet, Constraint};

const ONSET: u8 = 1;
/// Choices of a note cell besides silence.
const CHOICES: usize = 2;

/// Forbids what one rule forbids a cell, whatever the others do. Locked groups, and groups that would have no choice
/// left, stay as they are: what is given is not to be undone, and what cannot be kept is [`super::conflict()`]'s to say.
pub(super) fn restrict(rules: &[Rule], frame: &Frame, constraint: &mut Constraint) {
    for lane in NoteLane::ALL {
        let rules: Vec<&Rule> = rules.iter().filter(|rule| rule.concerns(lane)).collect();
        if rules.is_empty() {
            continue;
        }
        for step in 0..frame.quarters() * STEPS {
            for key in 0..PITCHES {
                let group = lane as usize * CELLS + step % STEPS * PITCHES + key;
                let token = step / STEPS;
                let before = constraint.allowed()[token * GROUPS + group].within(CHOICES);
                let after = rules.iter().fold(before, |set, rule| set.and(allowed(rule, frame, step, key)));
                if before.single().is_none() && !after.is_empty() && after != before {
                    constraint.restrict(token, group, after);
                }
            }
        }
    }
}

/// What a rule that concerns a lane leaves one of its cells.
fn allowed(rule: &Rule, frame: &Frame, step: usize, key: usize) -> ChoiceSet {
    let silent = ChoiceSet::only(0);
    let no_onset = ChoiceSet::ALL.without(ONSET);
    match rule {
        Rule::Silent { .. } => silent,
        Rule::Range { lowest, highest, .. } => {
            let within = (i32::from(*lowest)..=i32::from(*highest)).contains(&frame.sounding(key));
            if within { ChoiceSet::ALL } else { silent }
        }
        Rule::Scale { pitch_classes, tension, .. } if *tension <= 0.0 => {
            if frame.is_in(*pitch_classes, key) {
                ChoiceSet::ALL
            } else {
                silent
            }
        }
        Rule::Onsets { allowed_steps, .. } if !allowed_steps[step % STEPS] => no_onset,
        Rule::ChordTonesOnStrongBeats { .. } if frame.is_strong(step) => match frame.given_chord(step / STEPS) {
            Some(chord) if !belongs(chord, key) => no_onset,
            _ => ChoiceSet::ALL,
        },
        _ => ChoiceSet::ALL,
    }
}

/// Whether every rule of pitch would have a note start here. A drawn chord is not known here; [`super::chord_tones`]
/// asks for it itself.
pub(super) fn welcome(rules: &[Rule], frame: &Frame, lane: usize, step: usize, key: usize) -> bool {
    let here = |rule: &&Rule| rule.concerns(NoteLane::ALL[lane]);
    rules.iter().filter(here).all(|rule| match rule {
        Rule::Scale { pitch_classes, tension, .. } => *tension >= 1.0 || frame.is_in(*pitch_classes, key),
        rule => allowed(rule, frame, step, key).contains(usize::from(ONSET)),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sketch::tests::layout;
    use super::*;
    use crate::rules::RuleSet;
    use aeolian_canvas::{Canvas, ChordCell};

    fn restricted(rules: &[Rule], canvas: &Canvas, up: i32, constraint: &mut Constraint) -> Vec<ChoiceSet> {
        RuleSet::new(rules, Frame::of(canvas, up, 90.0, true)).restrict(constraint);
        constraint.allowed().to_vec()
    }

    fn cell(allowed: &[ChoiceSet], lane: NoteLane, step: usize, pitch: usize) -> [bool; 3] {
        let groups = layout().groups();
        let set = allowed[step / STEPS * groups + lane as usize * CELLS + step % STEPS * PITCHES + pitch - 21];
        [0, 1, 2].map(|choice| set.contains(choice))
    }

    const FREE: [bool; 3] = [true; 3];
    const SILENT: [bool; 3] = [true, false, false];
    const NO_ONSET: [bool; 3] = [true, false, true];

    #[test]
    fn a_range_includes_its_ends_in_sounding_pitch() {
        let rule = Rule::Range { lane: NoteLane::Melody, lowest: 60, highest: 62 };
        let mut constraint = Constraint::none(&layout(), 1);
        let allowed = restricted(&[rule], &Canvas::new(1), 2, &mut constraint);
        let seen = [57, 58, 60, 61].map(|pitch| cell(&allowed, NoteLane::Melody, 3, pitch));
        assert_eq!(seen, [SILENT, FREE, FREE, SILENT]);
        assert_eq!(cell(&allowed, NoteLane::Harmony, 3, 61), FREE, "another lane");
    }

    #[test]
    fn scale_silence_and_onset_grid_bind_single_cells() {
        let c_major = 0b1010_1011_0101;
        let rules = [
            Rule::Scale { pitch_classes: c_major, tension: 0.0, lanes: Some(vec![NoteLane::Melody]) },
            Rule::Silent { lane: NoteLane::Counter },
            Rule::Onsets { lane: NoteLane::Harmony, allowed_steps: [true, false, true, false] },
        ];
        let mut constraint = Constraint::none(&layout(), 1);
        let allowed = restricted(&rules, &Canvas::new(1), 0, &mut constraint);
        assert_eq!([60, 61].map(|pitch| cell(&allowed, NoteLane::Melody, 0, pitch)), [FREE, SILENT]);
        assert_eq!(cell(&allowed, NoteLane::Counter, 2, 60), SILENT);
        assert_eq!(
            [0, 1, 2, 3].map(|step| cell(&allowed, NoteLane::Harmony, step, 61)),
            [FREE, NO_ONSET, FREE, NO_ONSET]
        );
    }

    #[test]
    fn a_given_chord_binds_strong_onsets_only() {
        let mut canvas = Canvas::new(2);
        canvas.chords.fill(Some(ChordCell { root: Some(0), bass: Some(0), pitch_classes: 0b1001_0001 }));
        let rule = Rule::ChordTonesOnStrongBeats { lanes: vec![NoteLane::Melody] };
        let mut constraint = Constraint::none(&layout(), 2);
        let allowed = restricted(&[rule], &canvas, 5, &mut constraint);
        assert_eq!([64, 65].map(|pitch| cell(&allowed, NoteLane::Melody, 0, pitch)), [FREE, NO_ONSET]);
        assert_eq!(cell(&allowed, NoteLane::Melody, 4, 65), FREE, "the second beat is weak");
    }

    #[test]
    fn what_is_locked_stays_and_no_cell_is_left_without_a_choice() {
        let mut constraint = Constraint::none(&layout(), 1);
        constraint.lock(0, 5, 1);
        constraint.forbid(0, 6, 0);
        let rules = [Rule::Silent { lane: NoteLane::Melody }];
        let allowed = restricted(&rules, &Canvas::new(1), 0, &mut constraint);
        assert_eq!(allowed[5].single(), Some(1));
        assert!(allowed[6].contains(1) && allowed[6].contains(2), "it must sound, whatever the rule says");
        assert_eq!(allowed[7].within(2).single(), Some(0));
    }
}
