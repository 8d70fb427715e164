//! Likelihood in nats a quarter: an upper bound for the networks, exact for the 3-gram model.
//!
//! All are asked for the same thing: the note cells of all lanes on the sixteenth grid, the key known (the window is in C
//! major or A minor), chords and form unknown. The networks know the idiom and which lanes play; the 3-gram model is that of
//! the set, and has seen no other lanes. The windows are the same for all, so that differences are taken window
//! by window: their errors are much smaller than those of the means.

use crate::{Candidate, EvaluateError, Material, Settings};
use aeolian_canvas::NoteCell;
use aeolian_train::dataset::Window;
use aeolian_train::likelihood::{NatsPerQuarter, Question, bounds};
use std::fmt::Write;

/// Seed of the held-out windows.
const SEED: u64 = 20;

/// One row a model, one column a question.
pub fn table(
    settings: &Settings,
    material: &Material,
    candidates: &[Candidate],
    say: &mut dyn FnMut(&str),
) -> Result<String, EvaluateError> {
    let canvases = material.valid.spread(settings.windows, SEED);
    let windows: Vec<Window> = canvases.iter().map(Window::of).collect();
    let mut text = format!(
        "−log p of the note cells, nats a quarter, mean ± standard error over {} held-out windows of 8 bars \
         (networks: upper bound with {} looks a window; 3-gram: exact).\n\n| model |",
        windows.len(),
        settings.draws
    );
    let mut put = |arguments: std::fmt::Arguments| text.write_fmt(arguments).expect("a string takes everything");
    for question in Question::ALL {
        put(format_args!(" {} |", question.name()));
    }
    put(format_args!("\n|---|{}\n", "--:|".repeat(Question::ALL.len())));
    let mut from_nothing: Vec<(&str, Vec<f64>)> = Vec::new();
    for candidate in candidates {
        put(format_args!("| {} |", candidate.name));
        for question in Question::ALL {
            say(&format!("bounding the likelihood of {}: {}", candidate.name, question.name()));
            let nats = bounds(candidate.composer.model(), question, &windows, settings.draws)?;
            put(format_args!(" {} |", shown(&nats)));
            if question == Question::FromNothing {
                from_nothing.push((&candidate.name, nats));
            }
        }
        put(format_args!("\n"));
    }
    let quarters = crate::WINDOW.quarters as f64;
    let exact: Vec<f64> = canvases.iter().map(|w| -material.ngram.log_likelihood(w) / quarters).collect();
    put(format_args!("| 3-gram | {} |", shown(&exact)));
    put(format_args!("{}\n", " – |".repeat(Question::ALL.len() - 1)));
    from_nothing.push(("3-gram", exact));
    put(format_args!("\nFrom nothing, window by window, nats a quarter:\n\n"));
    for pair in from_nothing.windows(2) {
        let [(name, nats), (other, others)] = pair else { continue };
        let less: Vec<f64> = nats.iter().zip(others).map(|(nats, other)| nats - other).collect();
        put(format_args!("- {name} minus {other}: {}\n", shown(&less)));
    }
    Ok(text)
}

/// One row a set of music, one column a model, from nothing: in nats a quarter, and a note of the held-out music.
pub fn table_by_set(
    settings: &Settings,
    candidates: &[Candidate],
    say: &mut dyn FnMut(&str),
) -> Result<String, EvaluateError> {
    let mut text = format!(
        "−log p of the note cells from nothing, nats a quarter, mean ± standard error over {} held-out windows of each \
         collection; in brackets nats a note.\n\n| collection |",
        settings.windows_a_set
    );
    let mut put = |arguments: std::fmt::Arguments| text.write_fmt(arguments).expect("a string takes everything");
    candidates.iter().for_each(|candidate| put(format_args!(" {} |", candidate.name)));
    put(format_args!(" 3-gram |\n|---|{}\n", "--:|".repeat(candidates.len() + 1)));
    for (set, material) in Material::by_set(&settings.corpora)? {
        let canvases = material.valid.spread(settings.windows_a_set, SEED);
        let windows: Vec<Window> = canvases.iter().map(Window::of).collect();
        let notes: usize =
            canvases.iter().flat_map(|c| c.notes.iter().flatten()).filter(|c| **c == NoteCell::Onset).count();
        let quarters_a_note = (windows.len() * crate::WINDOW.quarters) as f64 / notes.max(1) as f64;
        let cell =
            |nats: &[f64]| format!(" {} ({:.2}) |", shown(nats), NatsPerQuarter::of(nats).mean * quarters_a_note);
        put(format_args!("| {set} |"));
        for candidate in candidates {
            say(&format!("bounding the likelihood of {set} under {}", candidate.name));
            let nats = bounds(candidate.composer.model(), Question::FromNothing, &windows, settings.draws)?;
            put(format_args!("{}", cell(&nats)));
        }
        let quarters = crate::WINDOW.quarters as f64;
        let exact: Vec<f64> = canvases.iter().map(|w| -material.ngram.log_likelihood(w) / quarters).collect();
        put(format_args!("{}\n", cell(&exact)));
    }
    Ok(text)
}

fn shown(nats: &[f64]) -> String {
    let NatsPerQuarter { mean, error } = NatsPerQuarter::of(nats);
    format!("{mean:.2} ± {error:.2}")
}
