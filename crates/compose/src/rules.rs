//! Hard rules in musical words, kept for certain while a piece is drawn.
//!
//! A [`Rule`] is stated in sounding pitch and clock time. A [`RuleSet`] carries rules into one window of the model's
//! canvas ([`Frame`]) and holds them in two ways. What binds one cell by itself is exact in the posterior
//! ([`RuleSet::restrict`]): a forbidden pitch has probability 0. What binds cells together is a projection after every
//! draw ([`RuleSet::settle`], the idea of Christopher et al. 2024, arXiv:2402.03559, §4): the likeliest of the drawn
//! notes stay, the others move, end earlier or go. What was given or locked is never touched, and an obedient draw
//! comes back as it was. Whether a finished piece keeps its rules is proven apart from all this by [`verify()`], and
//! whether rules can be kept at all is asked before composing by [`conflict()`].
//!
//! Times are those of sixteenths: a note a twelfth of a quarter early or late counts with the sixteenth it belongs to.
//!
//! ```
//! use aeolian_canvas::NoteLane;
//! use aeolian_compose::rules::Rule;
//! let rule: Rule = serde_json::from_str(r#"{"range": {"lane": "melody", "lowest": 60, "highest": 76}}"#)?;
//! assert_eq!(rule, Rule::Range { lane: NoteLane::Melody, lowest: 60, highest: 76 });
//! # Ok::<(), serde_json::Error>(())
//! ```

mod cellwise;
mod chord_tones;
pub mod conflict;
mod frame;
mod hand_span;
mod most_voices;
#[cfg(test)]
mod obedience;
mod onset_steps;
mod parallels;
mod scale;
mod sketch;
mod speed;
mod strong_beat;
pub mod verify;
mod words;

pub use conflict::{Claim, Conflict, Facts, LockedNote, conflict};
pub use frame::Frame;
pub use verify::{Violation, verify, verify_parts};

use aeolian_canvas::NoteLane;
use aeolian_diffusion::{Constraint, Look};
use serde::{Deserialize, Serialize};
use sketch::Sketch;

/// Fingers of a hand: it holds at most so many keys at once.
const FINGERS: usize = 5;

/// A rule that a piece keeps, not a leaning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Rule {
    /// Every note of a lane lies from `lowest` to `highest`, both included.
    Range {
        /// Whose notes.
        lane: NoteLane,
        /// Sounding MIDI pitch.
        lowest: u8,
        /// Sounding MIDI pitch, ≥ `lowest`.
        highest: u8,
    },
    /// Of all notes of these lanes together at most this share lies outside the scale.
    Scale {
        /// The scale as a 12-bit set of sounding pitch classes, bit 0 for C.
        pitch_classes: u16,
        /// Share allowed outside, 0 (none) to 1, inclusive. Above 0 it is kept by the notes of every window that are not
        /// given, so it holds in the piece if the given notes keep it among themselves.
        tension: f64,
        /// Whose notes; absent means all lanes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lanes: Option<Vec<NoteLane>>,
    },
    /// A note that starts on a strong beat belongs to the chord of that quarter, bass included. Where the chord is
    /// unknown or N.C. anything may start.
    ///
    /// Strong are every downbeat, and the middle of bars that divide into two halves of whole quarters (2/4, 4/4, 6/4,
    /// 12/8); of other bars (3/4, 5/4, 7/8, and 6/8, which the canvas does not tell from 3/4) only the downbeat.
    ChordTonesOnStrongBeats {
        /// Whose notes.
        lanes: Vec<NoteLane>,
    },
    /// At most so many notes sound at once.
    MostVoices {
        /// In this lane; absent means in all lanes together.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lane: Option<NoteLane>,
        /// How many, ≥ 1.
        voices: usize,
    },
    /// All notes of a lane that sound together can be divided among the hands so that each hand holds at most five and
    /// spans at most so many semitones from its lowest to its highest.
    HandSpan {
        /// Whose notes.
        lane: NoteLane,
        /// Largest span of a hand, inclusive: 12 is an octave, 16 a tenth.
        semitones: u8,
        /// 1 or 2.
        hands: u8,
    },
    /// No parallel fifths, octaves or unisons between two lines.
    ///
    /// The upper line is the highest note that sounds in the lane `upper`; the lower line the lowest of the lane `lower`,
    /// but the highest if that is the melody. A moment is a sixteenth in which both lines start a note (not the same
    /// one). From one moment to the next both lines may not move in the same direction from a fifth to a fifth, or from
    /// an octave or unison to an octave or unison, compound ones included. Contrary motion (a fifth to a twelfth) and
    /// repeated notes are no parallels.
    NoParallels {
        /// Lane of the upper line.
        upper: NoteLane,
        /// Lane of the lower line; may be the same one (then its top against its bottom).
        lower: NoteLane,
    },
    /// Two onsets of a lane at different times are at least 1 / `most_per_second` seconds apart.
    Speed {
        /// Whose notes.
        lane: NoteLane,
        /// Onsets a second, > 0.
        most_per_second: f64,
    },
    /// The lane does not sound.
    Silent {
        /// Which.
        lane: NoteLane,
    },
    /// Notes of a lane start only in these sixteenths of a quarter.
    Onsets {
        /// Whose notes.
        lane: NoteLane,
        /// For each of the four sixteenths whether a note may start there; at least one.
        allowed_steps: [bool; 4],
    },
}

/// A rule that says nothing sensible.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// A number out of range.
    #[error("{what} can be {allowed}, not {value}")]
    Number {
        /// What was said.
        what: &'static str,
        /// The number said.
        value: f64,
        /// What it can be.
        allowed: &'static str,
    },
    /// Nothing that would be left to hear, or nobody who should keep it.
    #[error("{what}")]
    Empty {
        /// What is missing.
        what: &'static str,
    },
}

impl Rule {
    /// Checks every number.
    ///
    /// # Errors   `Number` for one out of its range, `Empty` for a rule about nothing or that leaves nothing
    pub fn check(&self) -> Result<(), RuleError> {
        let number = |what, value: f64, allowed| Err(RuleError::Number { what, value, allowed });
        let empty = |what| Err(RuleError::Empty { what });
        match self {
            Self::Range { lowest, highest, .. } if *highest > 127 => {
                number("the highest pitch of a range", f64::from((*highest).max(*lowest)), "0 to 127")
            }
            Self::Range { lowest, highest, .. } if lowest > highest => {
                number("the lowest pitch of a range", f64::from(*lowest), "at most the highest one")
            }
            Self::Scale { pitch_classes, .. } if *pitch_classes == 0 || *pitch_classes > 0xFFF => {
                number("the scale", f64::from(*pitch_classes), "a set of 12 bits, not empty")
            }
            Self::Scale { tension, .. } if !(0.0..=1.0).contains(tension) => {
                number("the share outside the scale", *tension, "0 to 1")
            }
            Self::Scale { lanes: Some(lanes), .. } if lanes.is_empty() => empty("a scale needs a lane, or none named"),
            Self::ChordTonesOnStrongBeats { lanes } if lanes.is_empty() => empty("chord tones need a lane"),
            Self::MostVoices { voices: 0, .. } => number("the number of voices", 0.0, "1 or more"),
            Self::HandSpan { hands, .. } if !(1..=2).contains(hands) => {
                number("the number of hands", f64::from(*hands), "1 or 2")
            }
            Self::Speed { most_per_second, .. } if !(*most_per_second > 0.0 && most_per_second.is_finite()) => {
                number("the number of onsets a second", *most_per_second, "above 0")
            }
            Self::Onsets { allowed_steps: [false, false, false, false], .. } => {
                empty("notes must be allowed to start in some sixteenth; say silent for none at all")
            }
            _ => Ok(()),
        }
    }

    /// Whether the rule speaks of this lane.
    pub fn concerns(&self, lane: NoteLane) -> bool {
        match self {
            Self::Range { lane: l, .. }
            | Self::HandSpan { lane: l, .. }
            | Self::Speed { lane: l, .. }
            | Self::Silent { lane: l }
            | Self::Onsets { lane: l, .. } => *l == lane,
            Self::MostVoices { lane: l, .. } => l.map_or(lane.is_pitched(), |l| l == lane),
            Self::Scale { lanes, .. } => lane.is_pitched() && lanes.as_ref().is_none_or(|lanes| lanes.contains(&lane)),
            Self::ChordTonesOnStrongBeats { lanes } => lane.is_pitched() && lanes.contains(&lane),
            Self::NoParallels { upper, lower } => *upper == lane || *lower == lane,
        }
    }

    /// When its turn is: rhythm, then how many sound, then which pitches. Whoever moves notes comes last, so that it
    /// moves only notes that stay.
    fn turn(&self) -> u8 {
        match self {
            Self::Range { .. } | Self::Silent { .. } => 0,
            Self::Onsets { .. } => 1,
            Self::Speed { .. } => 2,
            Self::MostVoices { .. } => 3,
            Self::HandSpan { .. } => 4,
            Self::Scale { .. } => 5,
            Self::ChordTonesOnStrongBeats { .. } => 6,
            Self::NoParallels { .. } => 7,
        }
    }
}

impl std::fmt::Display for Rule {
    /// What the rule asks: "stay within C4–C6".
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lanes: Vec<NoteLane> = match self {
            Self::NoParallels { upper, .. } => vec![*upper],
            _ => NoteLane::ALL.into_iter().filter(|&lane| self.concerns(lane)).collect(),
        };
        write!(f, "{} shall {}", words::lane_names(&lanes), words::demand(self, None, None))
    }
}

/// What a repair may do to notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Freedom {
    /// Move them to other pitches, or take away.
    Move,
    /// Only take away: end a note earlier, begin it later, or drop it.
    TakeAway,
}

/// Rules in force in one window of a canvas.
#[derive(Clone, Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    frame: Frame,
}

impl RuleSet {
    /// These rules (which passed [`Rule::check`]) in this window.
    pub fn new(rules: &[Rule], frame: Frame) -> Self {
        let mut rules = rules.to_vec();
        rules.sort_by_key(Rule::turn);
        Self { rules, frame }
    }

    /// Forbids what the rules forbid for one cell by itself: pitches out of range or scale, silent lanes, onsets off
    /// their grid or foreign to a given chord. Call it after locks are set: a group that is locked already stays.
    ///
    /// # Panics   if the constraint has fewer tokens than the frame or not the canvas's groups.
    pub fn restrict(&self, constraint: &mut Constraint) {
        cellwise::restrict(&self.rules, &self.frame, constraint);
    }

    /// Moves drawn choices (T, groups) to ones that obey, as likely as it can find by evidence and context (T, bits).
    ///
    /// Groups with a single allowed choice never change; where given notes break a rule by themselves, nothing is added
    /// to it that can be taken away. Rows beyond the frame are left alone.
    ///
    /// Why it ends: every rule has its say once, when notes may still move. From then on each repair only takes away,
    /// and one that changes anything lessens the number of cells that sound, a whole number ≥ 0. The loop ends in the first
    /// round without a change, and a repair that changes nothing has found its rule kept.
    pub fn settle(&self, look: Look<'_>, context: &[f32], choices: &mut [u8]) {
        if self.rules.is_empty() {
            return;
        }
        let mut sketch = Sketch::read(&self.frame, look, context, choices);
        self.round(&mut sketch, Freedom::Move);
        while self.round(&mut sketch, Freedom::TakeAway) {}
    }

    /// One repair by every rule; whether anything changed.
    fn round(&self, sketch: &mut Sketch<'_>, freedom: Freedom) -> bool {
        let mut changed = false;
        for rule in &self.rules {
            changed |= self.repair(rule, sketch, freedom);
        }
        changed
    }

    fn repair(&self, rule: &Rule, sketch: &mut Sketch<'_>, freedom: Freedom) -> bool {
        // A note that moves is welcome where no other rule of pitch turns it away again.
        let welcome = |lane: usize, step: usize, key: usize| {
            freedom == Freedom::Move && cellwise::welcome(&self.rules, &self.frame, lane, step, key)
        };
        match rule {
            // Exact in the posterior: a draw cannot break them.
            Rule::Range { .. } | Rule::Silent { .. } => false,
            Rule::Scale { tension, .. } if *tension <= 0.0 => false,
            Rule::Scale { pitch_classes, tension, .. } => {
                let in_scale = |key| self.frame.is_in(*pitch_classes, key);
                scale::repair(sketch, &|lane| rule.concerns(lane), &in_scale, *tension, &welcome)
            }
            Rule::ChordTonesOnStrongBeats { lanes } => chord_tones::repair(sketch, &self.frame, lanes, &welcome),
            Rule::MostVoices { voices, .. } => most_voices::repair(sketch, &|lane| rule.concerns(lane), *voices),
            Rule::HandSpan { lane, semitones, hands } => hand_span::repair(sketch, *lane, *semitones, *hands),
            Rule::NoParallels { upper, lower } => parallels::repair(sketch, *upper, *lower, &welcome),
            Rule::Speed { lane, most_per_second } => {
                speed::repair(sketch, *lane, speed::fewest_steps(*most_per_second, self.frame.qpm))
            }
            Rule::Onsets { lane, allowed_steps } => onset_steps::repair(sketch, *lane, *allowed_steps),
        }
    }
}
