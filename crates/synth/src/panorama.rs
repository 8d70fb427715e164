//! Where each part sits between the loudspeakers.
//!
//! Low notes and the beat carry a mix and are heard from everywhere anyway, so basses and drums stay in the middle, as on
//! most records since stereo came; so does the first other part, which holds the tune. The next ones go to its right and
//! left in turn, ever further out.

use aeolian_score::{Part, Score};

/// Places of the pitched parts that are no basses, in their order; after the last they begin again.
const PLACES: [f32; 7] = [0.0, 0.22, -0.22, 0.4, -0.4, 0.12, -0.12];

/// General MIDI programs (0-based) that play the bass: the eight basses, double bass, timpani, bassoon and tuba.
fn is_bass(program: u8) -> bool {
    matches!(program, 32..=39 | 43 | 47 | 58 | 70)
}

/// One place a part, −1 (left) … 1 (right). A part without notes takes no place from the others.
pub fn places(score: &Score) -> Vec<f32> {
    let mut around = PLACES.iter().copied().cycle();
    let stays = |part: &Part| part.is_drum || part.notes.is_empty() || is_bass(part.program);
    score.parts.iter().map(|part| if stays(part) { 0.0 } else { around.next().unwrap_or(0.0) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_score::{Note, Tick};

    fn part(program: u8, is_drum: bool) -> Part {
        let note = Note { onset: Tick(0), pitch: 60, duration: Tick(1), velocity: 80 };
        Part { program, is_drum, notes: vec![note], ..Part::default() }
    }

    #[test]
    fn basses_and_drums_stay_in_the_middle_and_take_nobodys_place() {
        let mut score = Score::new(480);
        score.parts =
            vec![part(0, true), part(33, false), part(73, false), Part::default(), part(48, false), part(0, false)];
        assert_eq!(places(&score), [0.0, 0.0, 0.0, 0.0, 0.22, -0.22]);
        assert!(places(&Score::new(480)).is_empty());
    }

    #[test]
    fn left_and_right_are_in_balance() {
        assert!(PLACES.iter().sum::<f32>().abs() < 1e-6);
    }
}
