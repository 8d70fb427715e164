//! The voices inside this program.

use crate::voice::Voice;
use aeolian_synth::FittedVoices;
use std::sync::{Arc, OnceLock};

/// A file of `models/voices`.
macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/voices/", $name, ".safetensors"))
    };
}

/// Files of the voices, each with its card.
const FILES: [&[u8]; 10] = [
    file!("grand-piano"),
    file!("nylon-guitar"),
    file!("violin"),
    file!("cello"),
    file!("trumpet"),
    file!("horn"),
    file!("alto-sax"),
    file!("oboe"),
    file!("clarinet"),
    file!("flute"),
];

/// All of them, read on first use. A file that cannot be read is left out; a test sees to it that there is none.
pub fn voices() -> &'static [Arc<Voice>] {
    static VOICES: OnceLock<Vec<Arc<Voice>>> = OnceLock::new();
    VOICES.get_or_init(|| FILES.iter().filter_map(|bytes| Voice::from_bytes(bytes).ok()).map(Arc::new).collect())
}

/// The one of this name.
pub fn named(name: &str) -> Option<Arc<Voice>> {
    voices().iter().find(|voice| voice.card.name == name).cloned()
}

/// Every voice at its program, ready to play; made once, so that tabulated notes are shared.
pub fn fitted() -> &'static FittedVoices {
    static FITTED: OnceLock<FittedVoices> = OnceLock::new();
    FITTED.get_or_init(|| {
        let mut all = FittedVoices::default();
        voices().iter().for_each(|voice| all.assign(voice.card.program, voice.clone()));
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_voice_inside_can_be_read_and_says_where_it_comes_from() {
        assert_eq!(voices().len(), FILES.len());
        for voice in voices() {
            assert!(!voice.card.source.is_empty() && !voice.card.licence.is_empty(), "{}", voice.card.name);
            assert!(named(&voice.card.name).is_some());
            let [fitted, house] = ["spectral", "house spectral"].map(|key| voice.card.figures[key]);
            assert!(fitted < house, "{}: a voice is shipped because it is nearer", voice.card.name);
        }
        assert_eq!(fitted().programs().count(), FILES.len());
        assert!(named("kazoo of Babylon").is_none());
    }
}
