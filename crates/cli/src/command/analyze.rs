//! `aeolian analyze`: key, chords and phrases of a piece.

use super::verbs::{Parts, parts, read};
use aeolian_compose::analyze::KeyBy;
use aeolian_compose::{Composer, Source};
use aeolian_score::names::chord_name;
use aeolian_score::{Key, Score, Tick};
use std::path::PathBuf;

/// Arguments of `aeolian analyze`.
#[derive(clap::Args)]
pub struct Arguments {
    /// A MIDI, MusicXML or ABC file.
    file: PathBuf,
    /// The lane of each part, in order, such as "melody,harmony,none"; told by names and texture if absent.
    #[arg(long, value_parser = parts)]
    parts: Option<Parts>,
    /// The key, if you know it better; the one written in the file if absent, else the one that the notes sound like.
    #[arg(long)]
    key: Option<Key>,
    /// Which model listens: transformer or lstm.
    #[arg(long, default_value = "transformer", value_parser = ["transformer", "lstm"])]
    denoiser: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Analyzes.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let source = read(&arguments.file, arguments.parts.as_ref())?;
    let file = arguments.file.display();
    anyhow::ensure!(!source.holds_only_drums(), "{file} holds only drums, and analyze needs notes with pitches");
    let composer = Composer::builtin(&arguments.denoiser)?;
    let analysis = composer.analyze(&source, arguments.key, &mut |_, _| true)?;
    if arguments.json {
        let value = serde_json::json!({
            "key": analysis.key.to_string(),
            "key_by": match analysis.key_by {
                KeyBy::Said => "said",
                KeyBy::Written => "written",
                KeyBy::Heard => "heard",
            },
            "ticks_per_quarter": source.score().ticks_per_quarter,
            "chords": analysis.chords.iter().map(|c| serde_json::json!({
                "start": c.at.0, "end": c.end.0, "chord": name(c.chord, analysis.key),
            })).collect::<Vec<_>>(),
            "sections": analysis.sections.iter().map(|s| serde_json::json!({
                "start": s.at.0, "end": s.end.0, "label": s.label,
            })).collect::<Vec<_>>(),
        });
        println!("{value:#}");
        return Ok(());
    }
    let by = match analysis.key_by {
        KeyBy::Said => "as you say",
        KeyBy::Written => "as written in the file",
        KeyBy::Heard => "as the notes sound; no key is written in the file",
    };
    println!("{}: {} ({by})", arguments.file.display(), analysis.key);
    print!("{}", chart(&source, &analysis));
    Ok(())
}

fn name(chord: Option<aeolian_score::Chord>, key: Key) -> String {
    chord.map_or_else(|| "N.C.".to_owned(), |chord| chord_name(chord, Some(key)))
}

/// A lead sheet in text: four bars a line, a new line at every phrase.
fn chart(source: &Source, analysis: &aeolian_compose::Analysis) -> String {
    let score: &Score = source.score();
    let bars = score.bar_starts(score.end());
    let mut text = String::new();
    let mut in_line = 0;
    for (index, &bar) in bars.iter().enumerate() {
        let end = bars.get(index + 1).copied().unwrap_or(Tick(u32::MAX));
        let begins = analysis.sections.iter().any(|s| bar <= s.at && s.at < end);
        if in_line == 4 || begins && in_line > 0 {
            text.push_str("|\n");
            in_line = 0;
        }
        if in_line == 0 {
            text.push_str(&format!("{:>4} ", index + 1));
        }
        let here = analysis.chords.iter().filter(|c| c.at < end && c.end > bar);
        let names: Vec<String> = here.map(|c| name(c.chord, analysis.key)).collect();
        text.push_str(&format!("| {:<14}", names.join(" ")));
        in_line += 1;
    }
    if in_line > 0 {
        text.push_str("|\n");
    }
    text
}
