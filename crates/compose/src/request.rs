//! What a person asks for, in a form that files, programs and people can keep.

use aeolian_score::Key;
use serde::{Deserialize, Serialize};

/// The version of [`Request`] this program writes and reads.
pub const REQUEST_VERSION: u32 = 1;

/// A wish for one new piece in 4/4.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// [`REQUEST_VERSION`].
    pub version: u32,
    /// Which built-in model composes: "transformer" or "lstm".
    pub denoiser: String,
    /// Length in bars, 1–256.
    pub bars: usize,
    /// Decides everything that is not asked for.
    pub seed: u64,
    /// The key; chosen by the seed if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// Quarters a minute, 20–400; chosen by the seed if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tempo: Option<f64>,
    /// Noise levels on the way from noise to music, 2–1000.
    pub steps: usize,
    /// Below 1 surer, above 1 more adventurous; 0.1–3.
    pub temperature: f32,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            version: REQUEST_VERSION,
            denoiser: "transformer".to_owned(),
            bars: 8,
            seed: 1,
            key: None,
            tempo: None,
            steps: 64,
            temperature: 1.0,
        }
    }
}

/// A wish that cannot be met, in one sentence.
#[derive(Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// A number out of range.
    #[error("{what} can be {lowest} to {highest}, not {value}")]
    Range {
        /// What was asked.
        what: &'static str,
        /// The number asked for.
        value: f64,
        /// Least possible.
        lowest: f64,
        /// Most possible.
        highest: f64,
    },
    /// Written by a newer program.
    #[error(
        "this request is of version {found}, and this program reads version {REQUEST_VERSION}; please update Aeolian"
    )]
    Version {
        /// The version found.
        found: u32,
    },
}

impl Request {
    /// Checks every number.
    pub fn check(&self) -> Result<(), RequestError> {
        if self.version != REQUEST_VERSION {
            return Err(RequestError::Version { found: self.version });
        }
        let ranges = [
            ("the number of bars", self.bars as f64, 1.0, 256.0),
            ("the tempo", self.tempo.unwrap_or(90.0), 20.0, 400.0),
            ("the number of steps", self.steps as f64, 2.0, 1000.0),
            ("the temperature", f64::from(self.temperature), 0.1, 3.0),
        ];
        for (what, value, lowest, highest) in ranges {
            if !(lowest..=highest).contains(&value) {
                return Err(RequestError::Range { what, value, lowest, highest });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_inclusive_and_nonsense_is_refused() {
        assert_eq!(Request::default().check(), Ok(()));
        assert!(Request { bars: 256, ..Request::default() }.check().is_ok());
        assert!(Request { bars: 0, ..Request::default() }.check().is_err());
        assert!(Request { tempo: Some(f64::NAN), ..Request::default() }.check().is_err());
        assert!(Request { version: 2, ..Request::default() }.check().is_err());
    }
}
