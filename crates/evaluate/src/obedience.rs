//! Do soft wishes move the music? Pieces asked to rise and to fall, beside the same seeds without a wish.
//!
//! Half of the pieces are asked for a curve that rises over eight bars, half for one that falls; what came out is measured
//! bar by bar ([`aeolian_metrics::conditional::curves`]) and compared with what was asked, all bars of all pieces as one
//! list. The same seeds without a wish are judged by the same curves: their correlation is what obedience without hearing
//! looks like, about 0.

use crate::verbs::VerbSettings;
use crate::{Candidate, EvaluateError};
use aeolian_canvas::Canvas;
use aeolian_compose::soft::{Soft, notes_per_quarter};
use aeolian_compose::wish::{Curve, LaneValues};
use aeolian_compose::{ComposeError, Request};
use aeolian_metrics::Excerpt;
use aeolian_metrics::conditional::curves::{self, Lanes, density_curve, pitch_curve, polyphony_curve};
use aeolian_metrics::conditional::obedience::{Obedience, obedience};
use rayon::prelude::*;
use std::fmt::Write;

/// Bars of a piece.
const BARS: usize = 8;
/// Quarters of a bar.
const QUARTERS: usize = 4;

/// A wish with its unit: from a low to a high value.
struct Wish {
    name: &'static str,
    unit: &'static str,
    /// Where the curve begins and ends, in the unit of the wish.
    ends: [f64; 2],
    soft: fn(LaneValues<Curve>) -> Soft,
    /// From the unit of the wish to that of the measure.
    asked: fn(f64) -> f64,
    got: fn(&Excerpt) -> curves::Curve,
}

const WISHES: [Wish; 3] = [
    Wish {
        name: "density",
        unit: "notes a quarter",
        ends: [0.2, 0.8],
        soft: |curve| Soft { density: Some(curve), ..Soft::default() },
        asked: |density| notes_per_quarter(density, None),
        got: |excerpt| density_curve(excerpt, Lanes::All, QUARTERS),
    },
    Wish {
        name: "polyphony",
        unit: "pitches",
        ends: [2.0, 5.0],
        soft: |curve| Soft { polyphony: Some(curve), ..Soft::default() },
        asked: |pitches| pitches,
        got: |excerpt| polyphony_curve(excerpt, Lanes::All, QUARTERS),
    },
    Wish {
        name: "register",
        unit: "semitones",
        ends: [56.0, 68.0],
        soft: |curve| Soft { register: Some(curve), ..Soft::default() },
        asked: |pitch| pitch,
        got: |excerpt| pitch_curve(excerpt, Lanes::All, QUARTERS),
    },
];

impl Wish {
    /// Rising for even pieces, falling for odd ones.
    fn curve(&self, piece: usize) -> Curve {
        let [first, last] = if piece.is_multiple_of(2) { self.ends } else { [self.ends[1], self.ends[0]] };
        format!("0:{first}, {}:{last}", BARS - 1).parse().expect("two points")
    }

    /// Over all bars of all pieces.
    fn obedience(&self, pieces: &[Canvas]) -> Option<Obedience> {
        let (mut asked, mut got) = (curves::Curve::new(), curves::Curve::new());
        for (piece, canvas) in pieces.iter().enumerate() {
            let curve = self.curve(piece);
            asked.extend((0..BARS).map(|bar| Some((self.asked)(curve.at(bar as f64)))));
            let mut came = (self.got)(&Excerpt::from_canvas(canvas));
            came.resize(BARS, None);
            got.extend(came);
        }
        obedience(&asked, &got)
    }
}

/// The table, in Markdown.
pub fn table(settings: VerbSettings, candidate: &Candidate) -> Result<String, EvaluateError> {
    let mut text = format!(
        "### Soft wishes\n\n{} pieces of {BARS} bars, every other one asked to rise, the others to fall; bar by bar what came \
         out against what was asked, and the same seeds without the wish.\n\n\
         | wish | asked | correlation | rank correlation | error (rms) | correlation without the wish |\n\
         |---|---|--:|--:|--:|--:|\n",
        settings.excerpts
    );
    let free = composed(settings, candidate, |_| Soft::default())?;
    for wish in &WISHES {
        let made = composed(settings, candidate, |piece| (wish.soft)(LaneValues::everywhere(wish.curve(piece))))?;
        let (found, without) = (wish.obedience(&made), wish.obedience(&free));
        let cell = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.2}"));
        let [low, high] = wish.ends.map(wish.asked);
        writeln!(
            text,
            "| {} | {low:.1} to {high:.1} {} | {} | {} | {} | {} |",
            wish.name,
            wish.unit,
            cell(found.and_then(|found| found.pearson)),
            cell(found.and_then(|found| found.spearman)),
            cell(found.map(|found| found.rmse)),
            cell(without.and_then(|without| without.pearson)),
        )
        .expect("a string takes everything");
    }
    Ok(text + "\n")
}

fn composed(
    settings: VerbSettings,
    candidate: &Candidate,
    soft: impl Fn(usize) -> Soft + Sync,
) -> Result<Vec<Canvas>, ComposeError> {
    let VerbSettings { excerpts, steps, temperature, .. } = settings;
    let one = |piece: usize| -> Result<Canvas, ComposeError> {
        let seed = piece as u64 + 1;
        let request = Request { bars: Some(BARS), soft: soft(piece), seed, steps, temperature, ..Request::default() };
        Ok(candidate.composer.compose(&request, &mut |_, _| true)?.canvas)
    };
    (0..excerpts).into_par_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_canvas::{NoteCell, NoteLane};

    /// Eight bars with so many quarters' notes in each.
    fn piece(notes: impl Fn(usize) -> usize) -> Canvas {
        let mut canvas = Canvas::new(BARS * QUARTERS);
        for bar in 0..BARS {
            for note in 0..notes(bar) {
                *canvas.cell_mut(NoteLane::Melody, bar * 16 + note, 60) = NoteCell::Onset;
            }
        }
        canvas
    }

    #[test]
    fn rising_and_falling_take_turns_and_end_in_the_last_bar() {
        let wish = &WISHES[1];
        assert_eq!([wish.curve(0).at(0.0), wish.curve(0).at(7.0)], wish.ends);
        assert_eq!([wish.curve(1).at(7.0), wish.curve(1).at(0.0)], wish.ends);
    }

    #[test]
    fn what_rises_when_asked_obeys_and_what_never_moves_does_not() {
        let obeying = [piece(|bar| 1 + bar), piece(|bar| 8 - bar)];
        assert!(WISHES[0].obedience(&obeying).unwrap().pearson.unwrap() > 0.99);
        let contrary = [piece(|bar| 8 - bar), piece(|bar| 1 + bar)];
        assert!(WISHES[0].obedience(&contrary).unwrap().pearson.unwrap() < -0.99);
        assert_eq!(WISHES[0].obedience(&[piece(|_| 4)]).unwrap().pearson, None);
    }
}
