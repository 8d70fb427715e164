//! The models inside the binary.

use crate::{ComposeError, Composer};
use aeolian_metrics::originality::Index;
use std::sync::LazyLock;

/// A stored model: its name in requests, and its weight file.
pub struct Builtin {
    /// As in [`Request::denoiser`](crate::Request).
    pub name: &'static str,
    /// Safetensors, f16.
    pub weights: &'static [u8],
}

/// Every model of this program; `models/README.md` is their card.
pub static BUILTIN: [Builtin; 2] = [
    Builtin {
        name: "transformer",
        weights: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/full-transformer.safetensors")),
    },
    Builtin {
        name: "lstm",
        weights: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/full-lstm.safetensors")),
    },
];

/// What the built-in models have learned from, as far as telling a copy needs it
/// (docs/decisions/0007-originality-index.md).
pub fn originality() -> &'static Index {
    static INDEX: LazyLock<Index> = LazyLock::new(|| {
        let bytes = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/full-originality.index"));
        Index::from_bytes(bytes).expect("the index is part of the program")
    });
    &INDEX
}

impl Composer {
    /// A composer with the built-in model of this name.
    ///
    /// # Errors   `UnknownDenoiser` for another name
    pub fn builtin(name: &str) -> Result<Self, ComposeError> {
        let found = BUILTIN.iter().find(|b| b.name == name);
        let found = found.ok_or_else(|| ComposeError::UnknownDenoiser { name: name.to_owned() })?;
        Self::new(found.weights)
    }

    /// A composer with the built-in model of this digest, if there is one.
    pub fn by_digest(digest: &str) -> Option<Result<Self, ComposeError>> {
        BUILTIN.iter().find(|b| blake3::hash(b.weights).to_hex().as_str() == digest).map(|b| Self::new(b.weights))
    }
}
