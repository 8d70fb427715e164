//! A grid for onsets. The posterior forbids the onsets themselves; what is left are runs of holds that nothing started,
//! which are read as notes: they start later, on the grid, or not at all.

use super::sketch::Sketch;
use aeolian_canvas::NoteLane;
use aeolian_canvas::canvas::STEPS;

/// Whether anything changed.
pub(super) fn repair(sketch: &mut Sketch<'_>, lane: NoteLane, allowed_steps: [bool; STEPS]) -> bool {
    let allowed = |step: usize| allowed_steps[step % STEPS];
    let mut changed = false;
    for number in sketch.sounding(&|l| l == lane) {
        let note = sketch.note(number);
        let Some(onset) = note.onset().filter(|&onset| !allowed(onset)) else { continue };
        let later = (onset + 1..note.end).find(|&step| allowed(step));
        if later.is_some_and(|step| sketch.start_later(number, step)) {
            changed = true;
        } else if sketch.can_silence(number, onset) {
            sketch.silence(number, onset);
            changed = true;
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::super::sketch::tests::Draw;
    use crate::rules::Rule;
    use aeolian_canvas::NoteCell::Hold;
    use aeolian_canvas::NoteLane::Melody;

    #[test]
    fn a_run_of_holds_starts_on_the_grid_or_not_at_all() {
        let mut draw = Draw::new(2).note(Melody, 72, 4, 8, 1.0);
        for (pitch, steps) in [(60, 1..4), (62, 1..2), (64, 5..8)] {
            steps.for_each(|step| *draw.canvas.cell_mut(Melody, step, pitch) = Hold);
        }
        let on_quarters_and_eighths = [Rule::Onsets { lane: Melody, allowed_steps: [true, false, true, false] }];
        assert_eq!(
            draw.settled(&on_quarters_and_eighths),
            [(Melody, 60, 2, 4), (Melody, 64, 6, 8), (Melody, 72, 4, 8)]
        );
        let on_quarters = [Rule::Onsets { lane: Melody, allowed_steps: [true, false, false, false] }];
        assert_eq!(draw.settled(&on_quarters), [(Melody, 72, 4, 8)]);
        assert_eq!(draw.lock(Melody, 60, 1..4).settled(&on_quarters).len(), 2, "what is given stays");
    }
}
