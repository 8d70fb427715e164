//! Small languages in which musicians state wishes: form, curves, regions, lanes, metre, rhythm and mood.
//!
//! Each is a typed value that is read from a short text ([`std::str::FromStr`]), written back as text that means the same
//! (`Display`), and stored as that text (serde). What cannot be read is refused in one sentence, a
//! [`TextError`](aeolian_score::TextError). Chords, progressions, ranges of pitches and scales are in `aeolian_score`.
//!
//! ```
//! use aeolian_compose::wish::{FormPlan, Regions};
//! let form: FormPlan = "i4 A8 B8 A8 o4".parse()?;
//! assert_eq!(form.num_bars(), 32);
//! let regions: Regions = "5-8:melody".parse()?;
//! assert!(regions.contains(4, aeolian_canvas::NoteLane::Melody)); // the fifth bar
//! # Ok::<(), aeolian_score::TextError>(())
//! ```

pub mod curve;
pub mod form;
mod instrument;
pub mod lanes;
pub mod metre;
pub mod mood;
pub mod region;

pub use curve::Curve;
pub use form::{Appearance, FormPlan, FormSection, MOST_PRIMES};
pub use instrument::Instrument;
pub use lanes::{LaneSet, LaneValues, read_lane};
pub use metre::{Metre, RhythmGrid};
pub use mood::{Mood, MoodCues};
pub use region::{Region, Regions};
