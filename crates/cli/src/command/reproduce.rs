//! `aeolian reproduce FILE`: the same piece again, from the recipe it carries.

use super::produce::{describe, free_stem, tell_of_other_piece};
use aeolian_compose::{Composer, Recipe, RecipeError, write_all};
use anyhow::Context;
use std::path::PathBuf;

/// Arguments of `aeolian reproduce`.
#[derive(clap::Args)]
pub struct Arguments {
    /// A .json, .mid, .musicxml or .wav that Aeolian wrote.
    file: PathBuf,
    /// Folder to write to.
    #[arg(long, default_value = "out")]
    out: PathBuf,
}

/// Reproduces.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let file = arguments.file.display();
    let bytes = std::fs::read(&arguments.file).with_context(|| format!("{file} cannot be read"))?;
    let recipe = Recipe::from_file(&bytes).with_context(|| format!("{file} cannot be reproduced"))?;
    let composer = Composer::by_digest(&recipe.model)
        .ok_or_else(|| RecipeError::OtherModel(recipe.model.chars().take(12).collect()))??;
    let piece = composer.compose(&recipe.request, &mut |_, _| true)?;
    let artefacts = piece.artefacts()?;
    let same = artefacts.iter().any(|a| a.bytes == bytes);
    let name = arguments.file.file_stem().map_or("piece".into(), |stem| stem.to_string_lossy());
    let free = free_stem(&arguments.out, &name, &artefacts);
    let paths = write_all(&arguments.out, &free, &artefacts)?;
    tell_of_other_piece(&arguments.out, &name, &free);
    describe(&piece, &paths[0]);
    println!("{}", if same { "The file is the same, byte for byte." } else { "The file differs from the one given." });
    Ok(())
}
