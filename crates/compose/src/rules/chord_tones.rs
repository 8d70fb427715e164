//! Chord tones on strong beats, where the chord is drawn with the notes: foreign notes that start there move to the
//! likeliest chord tone near by, or go.

use super::Frame;
use super::frame::{belongs, drawn_chord};
use super::sketch::{Sketch, neighbours};
use aeolian_canvas::NoteLane;
use aeolian_canvas::canvas::STEPS;

/// How far a foreign note may move, in semitones: chord tones are seldom more than a fifth apart.
const REACH: usize = 4;

/// Whether anything changed.
pub(super) fn repair(
    sketch: &mut Sketch<'_>,
    frame: &Frame,
    lanes: &[NoteLane],
    welcome: &dyn Fn(usize, usize, usize) -> bool,
) -> bool {
    let chords: Vec<Option<u16>> = (0..sketch.steps() / STEPS).map(|q| drawn_chord(sketch.row(q))).collect();
    let mut changed = false;
    for number in sketch.sounding(&|lane| lanes.contains(&lane)) {
        let note = sketch.note(number);
        let Some(onset) = note.onset().filter(|&onset| frame.is_strong(onset)) else { continue };
        let Some(chord) = chords[onset / STEPS].filter(|&chord| !belongs(chord, note.key)) else { continue };
        let welcome = |key: usize| belongs(chord, key) && welcome(note.lane, onset, key);
        if let Some((key, _)) = sketch.best_move(number, neighbours(note.key, REACH), &welcome) {
            sketch.move_to(number, key);
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
    use aeolian_canvas::ChordCell;
    use aeolian_canvas::NoteCell::Onset;
    use aeolian_canvas::NoteLane::{Harmony, Melody};

    #[test]
    fn a_foreign_note_on_a_strong_beat_moves_to_the_likeliest_chord_tone() {
        let mut draw = Draw::new(4)
            .note(Melody, 62, 0, 1, 2.0)
            .odds(Melody, 64, 0, Onset, 1.0)
            .note(Melody, 62, 4, 8, 2.0)
            .note(Melody, 65, 8, 12, 2.0)
            .note(Harmony, 50, 0, 4, 2.0);
        // C major, but the third quarter has no chord.
        draw.canvas.chords.fill(Some(ChordCell { root: Some(0), bass: Some(0), pitch_classes: 0b1001_0001 }));
        draw.canvas.chords[2] = Some(ChordCell { root: None, bass: None, pitch_classes: 0 });
        let rule = [Rule::ChordTonesOnStrongBeats { lanes: vec![Melody] }];
        let expected = [(Melody, 62, 4, 8), (Melody, 64, 0, 1), (Melody, 65, 8, 12), (Harmony, 50, 0, 4)];
        assert_eq!(draw.settled(&rule), expected);
        let draw = draw.lock(Melody, 62, 0..1);
        assert_eq!(draw.settled(&rule)[0], (Melody, 62, 0, 1), "what is given stays");
    }
}
