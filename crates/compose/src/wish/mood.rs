//! Mood as valence (dark −1 … 1 bright) and arousal (calm −1 … 1 excited), and the musical cues that go with it.
//!
//! "happy", "valence:0.5", "valence:0.5; arousal:0:-0.5, 16:0.8". Both are [curves](super::curve) over the bars of the
//! piece; what is not said is 0.
//!
//! The cues are the main effects that listening experiments agree on, for Western listeners and *perceived* expression; how
//! anyone will feel is not claimed. Their directions are from
//!
//! - Gabrielsson and Lindström, "The role of structure in the musical expression of emotions", in Juslin and Sloboda (eds),
//!   *Handbook of Music and Emotion*, 2010 (its summary of separate factors): fast tempo goes with high activation
//!   whatever the valence, major with happy and minor with sad; loud with intensity and soft with peace; high pitch with
//!   happy and graceful, low with sad and solemn; staccato with energy, legato with calm and tender.
//! - Eerola, Friberg and Bresin, "Emotional expression in music: contribution, linearity, and additivity of primary musical
//!   cues", *Frontiers in Psychology* 4:487, 2013: mode matters most, then tempo, register, dynamics and articulation, and
//!   the cues add up, mostly linearly. So each cue here is linear in valence and arousal (on its own usual scale,
//!   logarithmic for tempo and density) and knows nothing of the others.
//!
//! The sizes of the effects and the coordinates of the named moods are our own moderate choices, not measurements; only
//! the quadrants of the names follow Russell, "A circumplex model of affect", 1980.
//!
//! ```
//! use aeolian_compose::wish::Mood;
//! let sad: Mood = "sad".parse()?;
//! let cues = sad.cues_at(0.0);
//! assert!(cues.major_probability < 0.5 && cues.tempo_factor < 1.0);
//! # Ok::<(), aeolian_score::TextError>(())
//! ```

use super::Curve;
use aeolian_score::{TextError, serde_as_text};
use std::fmt;
use std::str::FromStr;

/// Valence and arousal over time, both −1 … 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Mood {
    valence: Curve,
    arousal: Curve,
}

/// What a mood asks of the music, each relative to music of no particular mood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MoodCues {
    /// How likely the mode is major rather than minor, 0.05 – 0.95.
    pub major_probability: f64,
    /// Factor on the tempo, about 0.66 – 1.5.
    pub tempo_factor: f64,
    /// Factor on the number of notes a quarter, about 0.76 – 1.3.
    pub density_factor: f64,
    /// Semitones to move the register, −6 … 6.
    pub register_semitones: f64,
    /// What to add to MIDI velocities, −20 … 20.
    pub velocity_shift: f64,
    /// How much of its written time a note sounds: 0.6 (detached) – 1 (legato).
    pub sounding_fraction: f64,
}

/// Words for moods: canonical coordinates (valence, arousal).
const NAMED: [(&str, f64, f64); 17] = [
    ("neutral", 0.0, 0.0),
    ("happy", 0.8, 0.4),
    ("joyful", 0.8, 0.6),
    ("excited", 0.6, 0.8),
    ("energetic", 0.3, 0.8),
    ("calm", 0.4, -0.7),
    ("peaceful", 0.6, -0.6),
    ("relaxed", 0.6, -0.5),
    ("tender", 0.5, -0.4),
    ("sad", -0.7, -0.5),
    ("melancholy", -0.4, -0.4),
    ("gloomy", -0.8, -0.6),
    ("dark", -0.7, 0.0),
    ("bright", 0.7, 0.0),
    ("tense", -0.5, 0.6),
    ("angry", -0.7, 0.8),
    ("scary", -0.8, 0.6),
];

const WHAT: &str = "a mood";
const ALLOWED: &str =
    "say happy, sad, calm, tense or the like, or numbers from -1 to 1, as in \"valence:0.5; arousal:-0.3\"";

/// The cues of a valence and an arousal, both taken into −1 … 1; what is not a number counts as 0.
pub fn cues(valence: f64, arousal: f64) -> MoodCues {
    let within = |value: f64| if value.is_nan() { 0.0 } else { value.clamp(-1.0, 1.0) };
    let (valence, arousal) = (within(valence), within(arousal));
    MoodCues {
        major_probability: major_probability(valence),
        tempo_factor: tempo_factor(valence, arousal),
        density_factor: density_factor(arousal),
        register_semitones: register_semitones(valence, arousal),
        velocity_shift: velocity_shift(arousal),
        sounding_fraction: sounding_fraction(arousal),
    }
}

/// Major for positive valence, minor for negative: the strongest cue (Eerola et al. 2013). 0.5 + 0.45 · valence.
fn major_probability(valence: f64) -> f64 {
    0.5 + 0.45 * valence
}

/// Faster for high arousal, and a little for positive valence, as happy is faster than sad: 2^(0.5 · arousal + 0.1 ·
/// valence).
fn tempo_factor(valence: f64, arousal: f64) -> f64 {
    (0.5 * arousal + 0.1 * valence).exp2()
}

/// More events for high arousal: listeners hear tempo in the notes a second as well as in the beat, so density shares its
/// direction. 2^(0.4 · arousal).
fn density_factor(arousal: f64) -> f64 {
    (0.4 * arousal).exp2()
}

/// Higher for positive valence, lower for negative, and a little higher for high arousal: 4 · valence + 2 · arousal.
fn register_semitones(valence: f64, arousal: f64) -> f64 {
    4.0 * valence + 2.0 * arousal
}

/// Louder for high arousal, softer for low: 20 · arousal.
fn velocity_shift(arousal: f64) -> f64 {
    20.0 * arousal
}

/// Detached for high arousal, legato for low: 0.8 − 0.2 · arousal.
fn sounding_fraction(arousal: f64) -> f64 {
    0.8 - 0.2 * arousal
}

impl Mood {
    /// A mood from its curves.
    ///
    /// # Errors   a value outside −1 … 1
    pub fn new(valence: Curve, arousal: Curve) -> Result<Self, TextError> {
        valence.check("valence", -1.0..=1.0)?;
        arousal.check("arousal", -1.0..=1.0)?;
        Ok(Self { valence, arousal })
    }

    /// Dark −1 … 1 bright.
    pub fn valence(&self) -> &Curve {
        &self.valence
    }

    /// Calm −1 … 1 excited.
    pub fn arousal(&self) -> &Curve {
        &self.arousal
    }

    /// What the mood asks of the music when `bar` bars have passed.
    pub fn cues_at(&self, bar: f64) -> MoodCues {
        cues(self.valence.at(bar), self.arousal.at(bar))
    }
}

impl Default for Mood {
    fn default() -> Self {
        Self { valence: Curve::constant(0.0), arousal: Curve::constant(0.0) }
    }
}

impl fmt::Display for Mood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "valence:{}; arousal:{}", self.valence, self.arousal)
    }
}

impl FromStr for Mood {
    type Err = TextError;

    /// Reads a name ("happy", "very sad", "slightly tense") or `valence:CURVE; arousal:CURVE`, one of them or both.
    fn from_str(typed: &str) -> Result<Self, TextError> {
        let text = typed.trim();
        if let Some(mood) = named(text) {
            return Ok(mood);
        }
        let error = |at: usize, reason: &str| {
            let character = aeolian_score::text_error::character(text, at);
            TextError::new(WHAT, text, at, format!("at character {character}, {reason}; {ALLOWED}"))
        };
        let (mut valence, mut arousal) = (None, None);
        let mut at = 0;
        for piece in text.split(';') {
            let start = at + piece.len() - piece.trim_start().len();
            at += piece.len() + 1;
            let (name, curve) = piece.split_once([':', '=']).ok_or_else(|| error(start, "there is no such mood"))?;
            let slot = match name.trim().to_lowercase().as_str() {
                "valence" => &mut valence,
                "arousal" => &mut arousal,
                _ => return Err(error(start, "a mood has valence and arousal")),
            };
            let curve = curve.parse::<Curve>().map_err(|reason| error(start, &reason.to_string()))?;
            if curve.check(name.trim(), -1.0..=1.0).is_err() {
                return Err(error(start, &format!("{} can be -1 to 1", name.trim())));
            }
            if slot.replace(curve).is_some() {
                return Err(error(start, &format!("{} is said twice", name.trim())));
            }
        }
        let or_neutral = |curve: Option<Curve>| curve.unwrap_or_else(|| Curve::constant(0.0));
        Ok(Self { valence: or_neutral(valence), arousal: or_neutral(arousal) })
    }
}

/// "happy", "very happy" (half again as far from neutral), "slightly happy" (half as far).
fn named(text: &str) -> Option<Mood> {
    // No name is longer.
    let words = if text.len() <= 40 { text.to_lowercase() } else { return None };
    let (degree, name) = match words.split_once(' ') {
        Some(("very", name)) => (1.5, name.trim()),
        Some(("slightly" | "somewhat", name)) => (0.5, name.trim()),
        _ => (1.0, words.as_str()),
    };
    let (_, valence, arousal) = NAMED.into_iter().find(|named| named.0 == name)?;
    let curve = |value: f64| Curve::constant(((degree * value * 100.0).round() / 100.0).clamp(-1.0, 1.0));
    Some(Mood { valence: curve(valence), arousal: curve(arousal) })
}

serde_as_text!(Mood);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Mood {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn no_mood_changes_nothing() {
        let neutral = MoodCues {
            major_probability: 0.5,
            tempo_factor: 1.0,
            density_factor: 1.0,
            register_semitones: 0.0,
            velocity_shift: 0.0,
            sounding_fraction: 0.8,
        };
        assert_eq!(Mood::default().cues_at(3.0), neutral);
        assert_eq!((read("neutral"), cues(f64::NAN, f64::NAN)), (Mood::default(), neutral));
    }

    #[test]
    fn cues_worked_by_hand() {
        let cues = cues(1.0, -1.0);
        assert!((cues.major_probability - 0.95).abs() < 1e-12);
        assert!((cues.tempo_factor - 0.757_858).abs() < 1e-6); // 2^−0.4
        assert!((cues.density_factor - 0.757_858).abs() < 1e-6);
        assert_eq!((cues.register_semitones, cues.velocity_shift, cues.sounding_fraction), (2.0, -20.0, 1.0));
    }

    #[test]
    fn moods_are_read_and_written() {
        for (typed, written) in [
            ("happy", "valence:0.8; arousal:0.4"),
            ("Very Tender", "valence:0.75; arousal:-0.6"),
            ("slightly calm", "valence:0.2; arousal:-0.35"),
            ("very gloomy", "valence:-1; arousal:-0.9"),
            ("valence:0.5", "valence:0.5; arousal:0"),
            ("arousal=0:-0.5,16:0.8", "valence:0; arousal:0:-0.5, 16:0.8"),
        ] {
            assert_eq!(read(typed).to_string(), written);
            assert_eq!(read(written), read(typed));
        }
        assert_eq!(read("arousal:0:-0.5, 16:0.5").cues_at(8.0), cues(0.0, 0.0));
    }

    #[test]
    fn what_is_no_mood_is_refused_with_its_place() {
        for (text, character) in [
            ("", 1),
            ("purple", 1),
            ("valence:2", 1),
            ("valence:0; arousal:x", 12),
            ("valence:0; valence:0", 12),
            ("valence:0; color:1", 12),
            ("valence:0;", 11),
        ] {
            let error = text.parse::<Mood>().expect_err(text);
            assert!(error.to_string().ends_with(ALLOWED), "{error}");
            assert_eq!(error.character(), character, "{error}");
        }
        assert!(Mood::new(Curve::constant(1.0), Curve::constant(-1.0)).is_ok());
        assert!(Mood::new(Curve::constant(1.1), Curve::constant(0.0)).is_err());
    }

    proptest! {
        #[test]
        fn brighter_is_more_major_and_more_excited_is_faster(valence in -1.0f64..0.9, arousal in -1.0f64..0.9) {
            let (here, brighter, livelier) = (cues(valence, arousal), cues(valence + 0.1, arousal), cues(valence, arousal + 0.1));
            prop_assert!(brighter.major_probability > here.major_probability);
            prop_assert!(brighter.register_semitones > here.register_semitones);
            prop_assert!(livelier.tempo_factor > here.tempo_factor);
            prop_assert!(livelier.density_factor > here.density_factor);
            prop_assert!(livelier.velocity_shift > here.velocity_shift);
            prop_assert!(livelier.sounding_fraction < here.sounding_fraction);
        }

        #[test]
        fn cues_keep_their_ranges(valence: f64, arousal: f64) {
            let cues = cues(valence, arousal);
            prop_assert!((0.05 - 1e-9..=0.95 + 1e-9).contains(&cues.major_probability));
            prop_assert!((0.65..=1.52).contains(&cues.tempo_factor));
            prop_assert!((0.75..=1.32).contains(&cues.density_factor));
            prop_assert!((-6.0..=6.0).contains(&cues.register_semitones));
            prop_assert!((-20.0..=20.0).contains(&cues.velocity_shift));
            prop_assert!((0.6 - 1e-9..=1.0).contains(&cues.sounding_fraction));
        }

        #[test]
        fn a_mood_is_read_back(valence in -1.0f64..=1.0, from in -1.0f64..=1.0, to in -1.0f64..=1.0) {
            let mood = read(&format!("valence:{valence}; arousal:0:{from}, 8:{to}"));
            prop_assert_eq!(mood.to_string().parse(), Ok(mood));
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,30}") {
            let _ = text.parse::<Mood>();
        }
    }
}
