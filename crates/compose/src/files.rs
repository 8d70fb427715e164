//! A composition as files, each written whole or not at all.

use crate::Composition;
use aeolian_canvas::NoteLane;
use aeolian_picture::{RollStyle, piano_roll};
use aeolian_score::quantise::quantise;
use aeolian_score::{midi, musicxml};
use aeolian_synth::{Instruments, RenderSettings, render_with, wav};
use aeolian_voice::builtin;
use std::path::{Path, PathBuf};

/// One file to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artefact {
    /// "mid", "musicxml", "wav", "svg", "json" or "txt".
    pub extension: &'static str,
    /// Its contents.
    pub bytes: Vec<u8>,
}

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// MIDI.
    #[error(transparent)]
    Midi(#[from] midi::MidiError),
    /// Notation.
    #[error(transparent)]
    MusicXml(#[from] musicxml::MusicXmlError),
    /// Sound.
    #[error(transparent)]
    Sound(#[from] aeolian_synth::Error),
    /// A folder or file cannot be written.
    #[error("{} cannot be written: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl Composition {
    /// Every file of this piece, in memory: MIDI, notation and sound with the recipe inside, a picture,
    /// the recipe by itself, and the report.
    pub fn artefacts(&self) -> Result<Vec<Artefact>, FileError> {
        let voices = Instruments::Fitted(builtin::fitted());
        let sound = render_with(&self.score, &RenderSettings::default(), voices)?;
        // Notation has a grid; a person's own ticks need not lie on it.
        let (written, _) = quantise(&self.score);
        let recipe = self.recipe.to_line();
        let made = |extension, bytes| Artefact { extension, bytes };
        Ok(vec![
            made("mid", midi::write_with_text(&self.score, Some(&recipe))?),
            made("musicxml", musicxml::write_with_text(&musicxml::legible(&written)?, Some(&recipe))?.into_bytes()),
            made("wav", wav::to_bytes_with_text(&sound, Some(&recipe))?),
            made(
                "svg",
                piano_roll(&written, &RollStyle { colours: self.colours(), ..RollStyle::default() }).into_bytes(),
            ),
            made("json", self.recipe.to_json().into_bytes()),
            made("txt", self.report().into_bytes()),
        ])
    }
}

impl Composition {
    /// The colour of each part: that of its lane; parts without one have the colours after the lanes'.
    pub fn colours(&self) -> Vec<usize> {
        let mut next = NoteLane::ALL.len();
        let colour = |lane: &Option<NoteLane>| {
            lane.map_or_else(
                || {
                    next += 1;
                    next - 1
                },
                |lane| lane as usize,
            )
        };
        self.lanes.iter().map(colour).collect()
    }
}

/// Writes artefacts as `folder/stem.extension`, each to a temporary sibling first, then renamed. Returns the paths.
pub fn write_all(folder: &Path, stem: &str, artefacts: &[Artefact]) -> Result<Vec<PathBuf>, FileError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| FileError::Write { path, source }
    };
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    let mut paths = Vec::new();
    for artefact in artefacts {
        let path = folder.join(format!("{stem}.{}", artefact.extension));
        let sibling = folder.join(format!(".{stem}.{}.part", artefact.extension));
        std::fs::write(&sibling, &artefact.bytes).map_err(failed(&path))?;
        std::fs::rename(&sibling, &path).map_err(|source| {
            // The half-made file is of no use to anyone; failing to remove it changes nothing.
            let _ = std::fs::remove_file(&sibling);
            FileError::Write { path: path.clone(), source }
        })?;
        paths.push(path);
    }
    Ok(paths)
}
