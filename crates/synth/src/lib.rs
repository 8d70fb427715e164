//! From a [`Score`](aeolian_score::Score) to sound, with no samples and no network: every tone is made from its physics or its
//! spectrum. Who has a SoundFont can let it play instead ([`soundfont`]).
//!
//! Parts become [stems](mixdown), stems and the hall a mix, and the [master stage](mod@master) gives it the loudness people
//! expect; [`formats`] makes files of it.
//!
//! A part is played by an [`Instrument`], one of the 128 General MIDI programs or the drum kit; each of its notes is a
//! [`NotePlayer`]. Strings, bars and bells are banks of decaying sines, one for each mode; held tones are band-limited tables read
//! by one or several players; breath, felt and wires are filtered noise. All arithmetic is plain IEEE addition, multiplication,
//! division and square root in a fixed order, so a piece sounds the same, bit for bit, on every machine.
//!
//! ```
//! use aeolian_score::{Note, Part, Score, Tick};
//! let mut score = Score::new(480);
//! let a4 = Note { onset: Tick(0), pitch: 69, duration: Tick(480), velocity: 80 };
//! score.parts.push(Part { notes: vec![a4], ..Part::default() });
//! let sound = aeolian_synth::render(&score, &aeolian_synth::RenderSettings::default())?;
//! let bytes = aeolian_synth::wav::to_bytes(&sound)?;
//! # assert!(bytes.starts_with(b"RIFF"));
//! # Ok::<(), aeolian_synth::Error>(())
//! ```

mod amplified;
mod bowed;
mod brass;
mod choir;
mod drums;
mod effects;
mod electric_piano;
pub mod elementary;
mod error;
mod filter;
pub mod fitted;
mod flutes;
pub mod formats;
mod hiss;
mod instrument;
mod limiter;
mod loops;
pub mod loudness;
mod mallets;
pub mod master;
mod noise;
pub mod noise_bands;
mod note_on;
mod organ;
mod panorama;
mod partials;
pub mod piano;
mod plucked;
mod program;
mod reeds;
mod render;
mod reverb;
pub mod soundfont;
mod spectrum;
mod stem;
mod stems;
mod stereo;
mod sweep;
mod synthetic;
mod true_peak;
mod voice;
pub mod wav;
mod waves;
mod wavetable;

pub use error::Error;
pub use fitted::{FittedVoice, FittedVoices};
pub use instrument::Instrument;
pub use render::{RenderSettings, render, render_with};
pub use soundfont::SoundFont;
pub use stems::{Instruments, Stem, mix, mixdown};
pub use stereo::Stereo;
pub use voice::NotePlayer;
