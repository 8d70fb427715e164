//! Names of sections: the letters that were asked for, else A for the first, and the same letter for what sounds the same.

use crate::wish::FormPlan;
use aeolian_canvas::canvas::{PITCHES, STEPS};
use aeolian_canvas::{Canvas, NoteCell};
use aeolian_score::{GRID, Section};
use std::collections::BTreeSet;

/// Two sections share a letter if at least this share of their onsets is the same (2 |A ∩ B| / (|A| + |B|)).
const SAME: f64 = 0.5;
/// The label of sections without a melody, as reading a canvas gives it.
const INSTRUMENTAL: &str = "i";

/// Letters for sections that lie on a canvas, in ticks of [`GRID`] a quarter. Those of a form if one was asked for, each section
/// as long as the form says, whatever phrases it has; without one, sections without a melody stay "i".
pub fn letter(sections: &mut Vec<Section>, canvas: &Canvas, form: Option<&FormPlan>) {
    if let Some(form) = form {
        return letter_by_form(sections, canvas, form);
    }
    let mut known: Vec<(String, BTreeSet<usize>)> = Vec::new();
    for section in sections.iter_mut().filter(|section| section.label != INSTRUMENTAL) {
        let here = onsets(canvas, section);
        let best = known.iter().map(|(label, there)| (label, alike(&here, there))).max_by(|a, b| a.1.total_cmp(&b.1));
        let label = match best.filter(|(_, alike)| *alike >= SAME) {
            Some((label, _)) => label.clone(),
            None => {
                let new = name(known.len());
                known.push((new.clone(), here));
                new
            }
        };
        section.label = label;
    }
}

/// The form's own sections: a phrase that begins none of them belongs to the section before it.
fn letter_by_form(sections: &mut Vec<Section>, canvas: &Canvas, form: &FormPlan) {
    let bars = canvas.bars();
    let start = |bar: usize| bars.get(bar).map(|quarters| quarters.start as u32 * GRID);
    let asked = |section: &Section| form.sections().iter().find(|asked| start(asked.start_bar) == Some(section.at.0));
    let mut kept: Vec<Section> = Vec::with_capacity(form.sections().len());
    for mut section in sections.drain(..) {
        match (asked(&section), kept.last_mut()) {
            (None, Some(before)) => before.end = section.end,
            (asked, _) => {
                section.label = asked.map_or(section.label, |asked| asked.label());
                kept.push(section);
            }
        }
    }
    *sections = kept;
}

/// A to Z, then A2, B2 …
fn name(index: usize) -> String {
    let letter = char::from(b'A' + (index % 26) as u8);
    if index < 26 { letter.to_string() } else { format!("{letter}{}", index / 26 + 1) }
}

/// Onsets of a section as cells counted from its beginning, lanes one after the other.
fn onsets(canvas: &Canvas, section: &Section) -> BTreeSet<usize> {
    let first = section.at.0 as usize / GRID as usize * STEPS * PITCHES;
    let end = (section.end.0 as usize).div_ceil(GRID as usize) * STEPS * PITCHES;
    let mut found = BTreeSet::new();
    for (lane, cells) in canvas.notes.iter().enumerate() {
        let here = cells.get(first..end.min(cells.len())).unwrap_or_default().iter().enumerate();
        found.extend(here.filter(|(_, c)| **c == NoteCell::Onset).map(|(i, _)| lane * cells.len() + i));
    }
    found
}

fn alike(a: &BTreeSet<usize>, b: &BTreeSet<usize>) -> f64 {
    let all = a.len() + b.len();
    if all == 0 { 0.0 } else { 2.0 * a.intersection(b).count() as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_canvas::NoteLane;
    use aeolian_score::Tick;

    /// Four sections of a bar: a phrase, another, the first again, none.
    fn piece() -> (Canvas, Vec<Section>) {
        let mut canvas = Canvas::new(16);
        for (step, pitch) in [(0, 60), (4, 64), (16, 71), (24, 72), (32, 60), (36, 64)] {
            *canvas.cell_mut(NoteLane::Melody, step, pitch) = NoteCell::Onset;
        }
        let section = |i: u32| Section { at: Tick(48 * i), end: Tick(48 * (i + 1)), label: (i + 1).to_string() };
        let mut sections: Vec<Section> = (0..4).map(section).collect();
        sections[3].label = INSTRUMENTAL.into();
        (canvas, sections)
    }

    fn labels(form: Option<&str>) -> String {
        let (canvas, mut sections) = piece();
        letter(&mut sections, &canvas, form.map(|form| form.parse().unwrap()).as_ref());
        sections.into_iter().map(|s| s.label).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_sounds_the_same_has_the_same_letter() {
        assert_eq!(labels(None), "A B A i");
    }

    #[test]
    fn asked_letters_are_shown() {
        assert_eq!(labels(Some("A1 C1 A'1 o1")), "A C A' o");
    }

    #[test]
    fn a_phrase_inside_a_section_of_the_form_has_no_letter_of_its_own() {
        let (canvas, mut sections) = piece();
        letter(&mut sections, &canvas, Some(&"A2 B2".parse().unwrap()));
        let seen: Vec<_> = sections.iter().map(|s| (s.label.as_str(), s.at.0, s.end.0)).collect();
        assert_eq!(seen, [("A", 0, 96), ("B", 96, 192)]);
    }

    #[test]
    fn silence_is_like_nothing_and_letters_never_end() {
        assert_eq!(alike(&BTreeSet::new(), &BTreeSet::new()), 0.0);
        assert_eq!([0, 25, 26, 52].map(name), ["A", "Z", "A2", "A3"]);
    }
}
