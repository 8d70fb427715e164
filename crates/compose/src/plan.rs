//! What is decided where nothing was asked: the key and tempo of a seed, phrases, the chord of an ending.

use aeolian_canvas::cells::{BLOCKS, KEY_LANE};
use aeolian_canvas::{Canvas, ChordCell, Form};
use aeolian_diffusion::{Layout, Noise};
use aeolian_score::{Key, Mode};

/// Bars in a phrase, as in most of what the model has learned.
pub const PHRASE_BARS: usize = 4;

/// The key in the model's own frame: C major or A minor.
pub fn home_key(mode: Mode) -> Key {
    match mode {
        Mode::Major => Key { tonic: 0, mode },
        Mode::Minor => Key { tonic: 9, mode },
    }
}

/// What a seed chooses when no key is asked: the mode with this probability of major, else as often as the model has met
/// it, and a tonic whose signature has at most four accidentals, which readers and hands find easier.
pub fn choose_key(noise: Noise, layout: &Layout, prior: &[f32], major: Option<f64>) -> Key {
    let minor = noise.uniform(0) < major.map_or_else(|| minor_share(layout, prior), |major| 1.0 - major);
    let mode = if minor { Mode::Minor } else { Mode::Major };
    Key::from_signature((noise.uniform(1) * 9.0) as i8 - 4, mode)
}

/// How much of what the model has met was in minor.
fn minor_share(layout: &Layout, prior: &[f32]) -> f64 {
    let (_, _, bit) = layout.spans().find(|(block, ..)| block.lane == KEY_LANE).expect("a layout of canvases");
    let odds = |key: Key| f64::from(prior[bit + usize::from(key.tonic) + 12 * usize::from(key.mode == Mode::Minor)]);
    let minor_over_major = (odds(home_key(Mode::Minor)) - odds(home_key(Mode::Major))).exp();
    minor_over_major / (1.0 + minor_over_major)
}

/// A tempo between 66 and 112 quarters a minute.
pub fn choose_tempo(noise: Noise) -> f64 {
    (66.0 + noise.uniform(2) * 46.0).round()
}

/// Whether a model's layout is the canvas's: it reads and writes canvases.
pub fn fits_the_canvas(layout: &Layout) -> bool {
    let theirs = layout.blocks().iter().map(|b| (b.lane, b.groups, b.choices));
    theirs.eq(BLOCKS.iter().map(|b| (b.lane, b.groups, b.choices)))
}

/// The chord of the last bar: a piece that ends, ends at home.
pub fn home_chord(key: Key) -> ChordCell {
    let third = if key.mode == Mode::Major { 4 } else { 3 };
    let pitch_classes = [0, third, 7].iter().fold(0, |set, up| set | 1 << ((key.tonic + up) % 12));
    ChordCell { root: Some(key.tonic), bass: Some(key.tonic), pitch_classes }
}

/// Phrases of four bars, sung, from a quarter on, where the canvas knows no form yet; the last bar ends the piece.
pub fn lay_phrases(canvas: &mut Canvas, from_quarter: usize) {
    let bars: Vec<_> = canvas.bars().into_iter().filter(|bar| bar.start >= from_quarter).collect();
    for (index, bar) in bars.iter().enumerate() {
        let last = index + 1 == bars.len();
        canvas.form[bar.clone()].iter_mut().filter(|form| form.is_none()).for_each(|form| {
            *form = Some(Form {
                section_start: index.is_multiple_of(PHRASE_BARS),
                section_end: last || (index + 1).is_multiple_of(PHRASE_BARS),
                instrumental: false,
                piece_end: last,
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_begin_and_end_and_the_piece_ends_once() {
        let mut canvas = Canvas::new(40);
        lay_phrases(&mut canvas, 0);
        let form: Vec<Form> = canvas.form.iter().flatten().copied().step_by(4).collect();
        let bars =
            |f: fn(&Form) -> bool| form.iter().enumerate().filter(|(_, x)| f(x)).map(|(i, _)| i).collect::<Vec<_>>();
        assert_eq!(bars(|f| f.section_start), [0, 4, 8]);
        assert_eq!(bars(|f| f.section_end), [3, 7, 9]);
        assert_eq!(bars(|f| f.piece_end), [9]);
    }

    #[test]
    fn the_last_chord_is_the_tonic_triad() {
        let at_home = ChordCell { root: Some(0), bass: Some(0), pitch_classes: 0b1001_0001 };
        assert_eq!(home_chord(home_key(Mode::Major)), at_home);
    }
}
