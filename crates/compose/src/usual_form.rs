//! The form of a piece whose form nobody asked for: phrases and sections come back, as they do in songs.
//!
//! A window of eight bars says little about what comes again, and a model of windows repeats too seldom (bar similarity at a
//! distance of four bars: .10 where pop909 has .20). So the seed chooses a form first and the music is drawn into it, as
//! if it had been asked for. What is chosen stands in the recipe, and [`Request::as_learned`] turns it off.

use crate::{Request, Verb};
use aeolian_canvas::Idiom;
use aeolian_diffusion::Noise;

/// Bars of a phrase.
const PHRASE: usize = 4;
/// Bars of a section.
const SECTION: usize = 8;

/// Two phrases, or a section and its return: form and weight. With these the mean bar similarity at a distance of four bars is
/// real music's: .50 for A'4, .31 for A''4, .23 for A'''4 and .08 for eight bars of their own (20 pieces each; pop909 .20).
const PAIRS: [(&str, u32); 4] = [("A4 A'4", 2), ("A4 A''4", 3), ("A4 A'''4", 4), ("A8", 7)];
/// Sixteen bars: of phrases, and of sections.
const SIXTEEN: [(&str, u32); 4] = [("A4 A'4 B4 A'4", 4), ("A4 B4 A4 B'4", 4), ("A8 A'8", 4), ("A8 B8", 4)];

impl Request {
    /// The same request with the form that its seed chooses, where it is a new piece and says none.
    pub fn with_usual_form(&self) -> Self {
        let is_new = self.verb == Verb::Compose && self.form.is_none() && !self.as_learned;
        let bars = if is_new { self.bars_of_new_piece().unwrap_or(0) } else { 0 };
        let has_company = self.lanes_of_new_piece().lanes().count() > 1;
        let form = usual_form(bars, self.idiom_of_new_piece(), has_company, self.choices().stream(FORM));
        let form = form.map(|text| text.parse().expect("forms of this file can be read"));
        Self { form: form.or_else(|| self.form.clone()), ..self.clone() }
    }
}

/// Stream of the choices.
const FORM: u64 = 7;

/// A form for so many bars, or `None` where none is usual: for less than two phrases, and where bars do not make phrases.
fn usual_form(bars: usize, idiom: Idiom, has_company: bool, noise: Noise) -> Option<String> {
    if bars < 2 * PHRASE || !bars.is_multiple_of(PHRASE) {
        return None;
    }
    match bars {
        8 => Some(chosen(&PAIRS, noise).to_owned()),
        12 => Some(chosen(&[("A4 A'4 B4", 8), ("A4 B4 A'4", 8)], noise).to_owned()),
        16 => Some(chosen(&SIXTEEN, noise).to_owned()),
        _ => Some(song(bars, idiom, has_company, noise)),
    }
}

/// Sections of eight bars, one of four where they do not fit: in turn a verse and a chorus, or two strains of a dance. An
/// introduction and an ending of four bars, without the tune, stand around a longer song that has more than one lane.
fn song(bars: usize, idiom: Idiom, has_company: bool, noise: Noise) -> String {
    let is_song = matches!(idiom, Idiom::PopPiano | Idiom::Band | Idiom::LeadSheet);
    let framed = is_song && has_company && bars >= 48 && (bars - 2 * PHRASE).is_multiple_of(SECTION);
    let inner = if framed { bars - 2 * PHRASE } else { bars };
    let order = order(idiom, inner / SECTION, noise);
    let mut sections = Vec::new();
    if framed {
        sections.push("i4".to_owned());
    }
    sections.extend(order.iter().take(inner / SECTION).map(|label| format!("{label}{SECTION}")));
    if !inner.is_multiple_of(SECTION) {
        sections.push(format!("D{PHRASE}"));
    }
    if framed {
        sections.push("o4".to_owned());
    }
    sections.join(" ")
}

/// Labels of sections, at least as many as asked for.
fn order(idiom: Idiom, sections: usize, noise: Noise) -> Vec<&'static str> {
    let round: &[&[&str]] = match idiom {
        Idiom::Folk => &[&["A", "A'", "B", "B'"]],
        Idiom::Chorale | Idiom::Quartet | Idiom::Lied | Idiom::Piano => {
            &[&["A", "B", "A'", "C"], &["A", "A'", "B", "A'"]]
        }
        _ => &[&["A", "A'", "B", "A'"], &["A", "B", "A'", "B"], &["A", "B", "A'", "B'", "C", "B"]],
    };
    let chosen = round[(noise.uniform(1) * round.len() as f64) as usize];
    chosen.iter().copied().cycle().take(sections).collect()
}

/// One of some, as often as its weight says.
fn chosen<'a>(of: &[(&'a str, u32)], noise: Noise) -> &'a str {
    let all: u32 = of.iter().map(|(_, weight)| weight).sum();
    let mut left = noise.uniform(0) * f64::from(all);
    for &(form, weight) in of {
        left -= f64::from(weight);
        if left < 0.0 {
            return form;
        }
    }
    of[of.len() - 1].0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wish::FormPlan;

    #[test]
    fn every_form_fills_its_bars_and_something_comes_back_in_songs() {
        for idiom in Idiom::ALL {
            for seed in 0..40 {
                for bars in (8..=256).step_by(PHRASE) {
                    let text = usual_form(bars, idiom, seed % 2 == 0, Noise::new(seed)).unwrap();
                    let form: FormPlan = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
                    assert_eq!(form.num_bars(), bars, "{text}");
                    let returns = form.sections().len() > form.sections().iter().filter(|s| s.primes == 0).count();
                    assert!(bars < 32 || returns || text.matches('A').count() > 1, "{text}");
                }
            }
        }
        for bars in [0, 1, 4, 7, 9, 30] {
            assert_eq!(usual_form(bars, Idiom::PopPiano, true, Noise::new(1)), None);
        }
    }

    #[test]
    fn only_new_pieces_without_a_form_get_one_and_it_is_the_seeds() {
        let new = Request { seed: 5, bars: Some(32), ..Request::default() };
        let with = new.with_usual_form();
        assert!(with.form.is_some() && with == new.with_usual_form());
        assert_eq!(with.with_usual_form(), with, "what is chosen is asked for from then on");
        assert_eq!(Request { as_learned: true, ..new.clone() }.with_usual_form().form, None);
        let asked = Request { form: "A16 B16".parse().ok(), ..new.clone() };
        assert_eq!(asked.with_usual_form(), asked);
        let forms: std::collections::BTreeSet<String> =
            (0..60).map(|seed| Request { seed, ..new.clone() }.with_usual_form().form.unwrap().to_string()).collect();
        assert_eq!(forms.len(), 3);
    }
}
