//! At most n notes at once: where more sound, the least likely are released, or dropped if they just start.

use super::sketch::Sketch;
use aeolian_canvas::NoteLane;

/// Goes through the steps in order; whether anything changed.
pub(super) fn repair(sketch: &mut Sketch<'_>, concerned: &dyn Fn(NoteLane) -> bool, voices: usize) -> bool {
    let mut steps = sketch.by_step(concerned);
    let mut changed = false;
    for step in 0..steps.len() {
        let mut here = std::mem::take(&mut steps[step]);
        here.retain(|&n| sketch.note(n).sounds_at(step));
        while here.len() > voices {
            let movable = (0..here.len()).filter(|&i| sketch.can_silence(here[i], step));
            let Some(least) =
                movable.min_by(|&a, &b| sketch.loss(here[a], step).total_cmp(&sketch.loss(here[b], step)))
            else {
                break;
            };
            if let Some(rest) = sketch.silence(here.swap_remove(least), step) {
                sketch.list(rest, &mut steps);
            }
            changed = true;
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::super::sketch::tests::Draw;
    use crate::rules::Rule;
    use aeolian_canvas::NoteLane::{Harmony, Melody};

    #[test]
    fn the_least_likely_is_released_where_too_many_sound() {
        let draw = Draw::new(2).note(Harmony, 48, 0, 8, 1.0).note(Harmony, 52, 0, 8, 2.0).note(Harmony, 55, 4, 8, 3.0);
        let two = [Rule::MostVoices { lane: Some(Harmony), voices: 2 }];
        assert_eq!(draw.settled(&two), [(Harmony, 48, 0, 4), (Harmony, 52, 0, 8), (Harmony, 55, 4, 8)]);
        let three = [Rule::MostVoices { lane: None, voices: 3 }];
        assert_eq!(draw.settled(&three)[0], (Harmony, 48, 0, 8), "three may sound");
    }

    #[test]
    fn an_unlikely_newcomer_is_dropped_and_a_locked_one_stays() {
        let draw = Draw::new(1).note(Harmony, 48, 0, 4, 2.0).note(Melody, 72, 2, 4, 1.0);
        let one = [Rule::MostVoices { lane: None, voices: 1 }];
        assert_eq!(draw.settled(&one), [(Harmony, 48, 0, 4)]);
        let draw = draw.lock(Melody, 72, 2..4);
        assert_eq!(draw.settled(&one), [(Melody, 72, 2, 4), (Harmony, 48, 0, 2)]);
        let draw = draw.lock(Harmony, 48, 0..4);
        assert_eq!(draw.settled(&one).len(), 2, "what is given is not the rule's business");
    }
}
