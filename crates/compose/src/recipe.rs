//! The recipe inside every output: program, model and request, enough to rebuild the file byte for byte.

use crate::Request;
use aeolian_score::file;
use serde::{Deserialize, Serialize};

/// How a piece was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The program's version.
    pub aeolian: String,
    /// Digest of the model's weight file (BLAKE3, hexadecimal).
    pub model: String,
    /// What was asked for.
    pub request: Request,
}

/// Why a recipe cannot be read or followed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// Not a recipe.
    #[error("there is no Aeolian recipe in this file")]
    Missing(#[source] Option<serde_json::Error>),
    /// Another model made it.
    #[error("this piece was made by another model ({0}…); this program cannot rebuild it")]
    OtherModel(String),
}

impl Recipe {
    /// As indented JSON, with a line end.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain data becomes JSON") + "\n"
    }

    /// As one line, for embedding.
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).expect("plain data becomes JSON")
    }

    /// From either form.
    pub fn from_json(text: &str) -> Result<Self, RecipeError> {
        serde_json::from_str(text).map_err(|e| RecipeError::Missing(Some(e)))
    }

    /// From the bytes of a `.json`, `.mid`, `.musicxml` or `.wav` that Aeolian wrote.
    pub fn from_file(bytes: &[u8]) -> Result<Self, RecipeError> {
        if bytes.starts_with(b"RIFF") || file::detect(bytes).is_some() {
            let text = aeolian_synth::wav::text(bytes).or_else(|| file::read(bytes).ok().and_then(|read| read.recipe));
            return Self::from_json(&text.ok_or(RecipeError::Missing(None))?);
        }
        Self::from_json(std::str::from_utf8(bytes).map_err(|_| RecipeError::Missing(None))?)
    }
}
