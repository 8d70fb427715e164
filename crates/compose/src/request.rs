//! What a person asks for, in a form that files, programs and people can keep.
//!
//! A request holds everything: a recipe inside an output is a request, and it carries the music that it started from.

use crate::Verb;
use crate::instruments;
use crate::likely_key::likely_key;
use crate::rules::{Rule, RuleError};
use crate::soft::{Soft, SoftWish};
use crate::wish::{Appearance, FormPlan, Instrument, LaneSet, LaneValues, Metre, Mood, RhythmGrid};
use aeolian_canvas::canvas::{LOWEST_PITCH, PITCHES, STEPS};
use aeolian_canvas::{CELLS, Canvas, ChordCell, Form, Idiom, NoteCell, NoteLane};
use aeolian_diffusion::Noise;
use aeolian_metrics::Excerpt;
use aeolian_score::{ChordSymbol, GRID, Key, Progression, TextError};
use serde::{Deserialize, Serialize};

/// The version of [`Request`] this program writes and reads.
pub const REQUEST_VERSION: u32 = 4;
/// Noise levels where nobody says how many: more bring nothing that can be measured (docs/decisions/0016-few-steps.md).
pub const USUAL_STEPS: usize = 24;
/// Bars of a new piece when neither bars, chords nor form say it.
const USUAL_BARS: usize = 8;
/// The most bars a piece can have.
pub const MOST_BARS: usize = 256;

/// A wish for one piece.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// [`REQUEST_VERSION`].
    pub version: u32,
    /// Which built-in model composes: "transformer" or "lstm".
    pub denoiser: String,
    /// What is to be done.
    #[serde(default)]
    pub verb: Verb,
    /// Length of a new piece in bars, 1–256; by chords or form, or 8, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bars: Option<usize>,
    /// Decides everything that is not asked for.
    pub seed: u64,
    /// The key; the source's, or chosen by the seed, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// Quarters a minute, 20–400; the source's, or chosen by the seed, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tempo: Option<f64>,
    /// The metre of a new piece.
    #[serde(default = "common_time", skip_serializing_if = "is_common_time")]
    pub metre: Metre,
    /// Chords, over and over where they are shorter than the piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chords: Option<Progression>,
    /// The chord of the first bar that is composed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_chord: Option<ChordSymbol>,
    /// The chord of the last bar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_chord: Option<ChordSymbol>,
    /// Sections; letters that come again return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<FormPlan>,
    /// What kind of music a new piece is, pop for piano if absent; of a given piece, what the model shall take it for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idiom: Option<Idiom>,
    /// The lanes of a new piece; those usual in its idiom if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lanes: Option<LaneSet>,
    /// Where in a quarter new notes may begin; in sixteenths if absent, unless the source has other places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rhythm: Option<RhythmGrid>,
    /// Valence and arousal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mood: Option<Mood>,
    /// Density, polyphony, register and loudness to lean towards.
    #[serde(default, skip_serializing_if = "Soft::is_empty")]
    pub soft: Soft,
    /// What new lanes are played on; their notes stay in its compass, one at a time where it has no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruments: Option<LaneValues<Instrument>>,
    /// Rules that are kept for certain, besides those that instruments make.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    /// Nothing leans that is not asked for: without the manners that are usual ([`crate::manners`]).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub as_learned: bool,
    /// How much given chords are listened to, 0–4: 1 as the model has learned to, above 1 more (classifier-free guidance,
    /// at twice the evaluations). If absent, more where most chords are given and as learned elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chord_guidance: Option<f32>,
    /// Noise levels on the way from noise to music, 2–1000.
    pub steps: usize,
    /// Below 1 surer, above 1 more adventurous; 0.1–3.
    pub temperature: f32,
}

fn common_time() -> Metre {
    Metre::COMMON
}

fn is_common_time(metre: &Metre) -> bool {
    *metre == Metre::COMMON
}

impl Default for Request {
    fn default() -> Self {
        Self {
            version: REQUEST_VERSION,
            denoiser: "transformer".to_owned(),
            verb: Verb::Compose,
            bars: None,
            seed: 1,
            key: None,
            tempo: None,
            metre: Metre::COMMON,
            chords: None,
            first_chord: None,
            last_chord: None,
            form: None,
            idiom: None,
            lanes: None,
            rhythm: None,
            mood: None,
            soft: Soft::default(),
            instruments: None,
            rules: Vec::new(),
            as_learned: false,
            chord_guidance: None,
            steps: USUAL_STEPS,
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
    /// Written by another version of the program.
    #[error(
        "this request is of version {found}, and this program reads version {REQUEST_VERSION}; the version of Aeolian \
         that wrote it can rebuild it"
    )]
    Version {
        /// The version found.
        found: u32,
    },
    /// Two lengths that disagree.
    #[error("{longer} has {bars} bars, but {other} says {asked}; please make them agree")]
    Lengths {
        /// What is too long.
        longer: &'static str,
        /// How long it is.
        bars: usize,
        /// What disagrees.
        other: &'static str,
        /// What that says.
        asked: usize,
    },
    /// As many lanes as parts are needed.
    #[error("the piece has {parts} parts, and {lanes} lanes were named; please name one for each part, or none")]
    Lanes {
        /// Parts of the score.
        parts: usize,
        /// Lanes named.
        lanes: usize,
    },
    /// Silence to start from.
    #[error("there are no notes to {verb}: the piece is silent")]
    NoNotes {
        /// What was to be done.
        verb: &'static str,
    },
    /// Drums alone, where pitches are needed.
    #[error("there is no pitch to {verb}: the piece holds only drums, which {verb} leaves as they are")]
    OnlyDrums {
        /// What was to be done.
        verb: &'static str,
    },
    /// Nothing that the asked lanes could go with.
    #[error("there is nothing for the {asked} to go with: the piece has no other part")]
    NothingGiven {
        /// The lanes asked for.
        asked: String,
    },
    /// A melody over what?
    #[error("a melody needs something to go over: give chords with --chords, or a piece")]
    NoChords,
    /// A small text that cannot be read, or does not fit the piece.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A rule that says nothing sensible.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// Rules that cannot be kept together.
    #[error("this cannot be met: {0}")]
    Conflict(String),
}

impl Request {
    /// Checks every number, and what can be known before composing.
    pub fn check(&self) -> Result<(), RequestError> {
        if self.version != REQUEST_VERSION {
            return Err(RequestError::Version { found: self.version });
        }
        let more_bars = match &self.verb {
            Verb::Continue { bars, .. } | Verb::Fit { bars, .. } => *bars,
            _ => 1,
        };
        let most = MOST_BARS as f64;
        let ranges = [
            ("the number of bars", self.bars.unwrap_or(1) as f64, 1.0, most),
            ("the number of bars", more_bars as f64, 1.0, most),
            ("the tempo", self.tempo.unwrap_or(90.0), 20.0, 400.0),
            ("the number of steps", self.steps as f64, 2.0, 1000.0),
            ("the temperature", f64::from(self.temperature), 0.1, 3.0),
            ("the guidance by chords", f64::from(self.chord_guidance.unwrap_or(1.0)), 0.0, 4.0),
        ];
        for (what, value, lowest, highest) in ranges {
            if !(lowest..=highest).contains(&value) {
                return Err(RequestError::Range { what, value, lowest, highest });
            }
        }
        self.rules.iter().try_for_each(Rule::check)?;
        self.soft.check()?;
        if self.verb == Verb::Compose || self.verb == (Verb::Melody { source: None }) {
            self.bars_of_new_piece()?;
        }
        Ok(())
    }

    /// Every rule that binds: those asked for, and what the asked instruments have.
    pub fn all_rules(&self) -> Vec<Rule> {
        let mut rules = self.rules.clone();
        for (lane, instrument) in self.instruments_by_lane() {
            rules.push(Rule::Range { lane, lowest: instrument.lowest(), highest: instrument.highest() });
            if instrument.plays_one_note() {
                rules.push(Rule::MostVoices { lane: Some(lane), voices: 1 });
            }
        }
        rules
    }

    /// The asked instrument of every lane that has one.
    pub fn instruments_by_lane(&self) -> Vec<(NoteLane, Instrument)> {
        let asked = self.instruments.iter();
        asked.flat_map(|values| NoteLane::ALL.into_iter().filter_map(|lane| Some((lane, *values.of(lane)?)))).collect()
    }

    /// Bars of a new piece: as asked, else by form, else by chords, else 8.
    pub fn bars_of_new_piece(&self) -> Result<usize, RequestError> {
        let form = self.form.as_ref().map(FormPlan::num_bars);
        let chords = self.chords.as_ref().map(Progression::num_bars);
        let bars = self.bars.or(form).or(chords).unwrap_or(USUAL_BARS);
        let other = if self.bars.is_some() { "--bars" } else { "the form" };
        if let Some(form) = form.filter(|&form| form != bars) {
            return Err(RequestError::Lengths { longer: "the form", bars: form, other, asked: bars });
        }
        if let Some(chords) = chords.filter(|&chords| chords > bars) {
            return Err(RequestError::Lengths { longer: "the chord progression", bars: chords, other, asked: bars });
        }
        if bars > MOST_BARS {
            let (what, value) = ("the number of bars", bars as f64);
            return Err(RequestError::Range { what, value, lowest: 1.0, highest: MOST_BARS as f64 });
        }
        Ok(bars)
    }

    /// The stream of the seed that chooses what is not asked for.
    pub fn choices(&self) -> Noise {
        const CHOICES: u64 = 1;
        Noise::new(self.seed).stream(CHOICES)
    }

    /// The tempo that was asked for, or that the mood asks of the seed's tempo.
    pub fn tempo_of_new_piece(&self, chosen: f64) -> f64 {
        let factor = self.mood.as_ref().map_or(1.0, |mood| mood.cues_at(0.0).tempo_factor);
        self.tempo.unwrap_or_else(|| (chosen * factor).clamp(20.0, 400.0).round())
    }

    /// The key that was asked for, or that the asked chords sound like.
    pub fn key_of_new_piece(&self) -> Option<Key> {
        self.key.or_else(|| self.chords.as_ref().and_then(key_of_chords))
    }

    /// The idiom that was asked for, or pop for piano.
    pub fn idiom_of_new_piece(&self) -> Idiom {
        self.idiom.unwrap_or(Idiom::PopPiano)
    }

    /// The lanes that were asked for, or those usual in the idiom.
    pub fn lanes_of_new_piece(&self) -> LaneSet {
        self.lanes.unwrap_or_else(|| LaneSet::from(instruments::usual_lanes(self.idiom_of_new_piece())))
    }

    /// How likely the mode is major where the mood says it.
    pub fn major_probability(&self) -> Option<f64> {
        self.mood.as_ref().map(|mood| mood.cues_at(0.0).major_probability)
    }

    /// The leans of every bar: what was asked, and what the mood asks.
    pub fn soft_wishes(&self, bars: usize) -> Vec<SoftWish> {
        self.soft.wishes(bars, self.mood.as_ref())
    }

    /// Lays the asked chords over a canvas in the model's frame, `up` semitones below what sounds, from a quarter on.
    /// Shorter progressions go round and round.
    ///
    /// # Errors   where chords do not fit the canvas's bars
    pub fn lay_chords(&self, canvas: &mut Canvas, up: i32, from_quarter: usize) -> Result<(), RequestError> {
        let bars: Vec<_> = canvas.bars().into_iter().filter(|bar| bar.start >= from_quarter).collect();
        if let Some(chords) = &self.chords {
            lay_progression(chords, canvas, up, &bars)?;
        }
        for (chord, bar) in [(self.first_chord, bars.first()), (self.last_chord, bars.last())] {
            if let (Some(chord), Some(bar)) = (chord, bar) {
                canvas.chords[bar.clone()].fill(Some(chord_cell(chord, -up)));
            }
        }
        Ok(())
    }

    /// Lays the asked form over a canvas, or phrases of four bars where none was asked.
    pub fn lay_form(&self, canvas: &mut Canvas) {
        match &self.form {
            Some(form) => lay_sections(form, canvas),
            None => crate::plan::lay_phrases(canvas, 0),
        }
    }

    /// Where lanes without melody are asked for in some bars: the bars of lower-case sections.
    pub fn bars_without_melody(&self) -> Vec<usize> {
        let Some(form) = &self.form else { return Vec::new() };
        let without = form.sections().iter().filter(|section| !section.has_melody());
        without.flat_map(|section| section.start_bar..section.start_bar + section.bars).collect()
    }

    /// The sections that return: index of the first appearance and of the return, and how freely.
    pub fn returns(&self) -> Vec<(usize, usize, u8)> {
        let Some(form) = &self.form else { return Vec::new() };
        let returning = |(index, section): (usize, &crate::wish::FormSection)| match section.appearance {
            Appearance::Return { of } => Some((of, index, section.primes)),
            Appearance::First => None,
        };
        form.sections().iter().enumerate().filter_map(returning).collect()
    }
}

/// The key whose profile the chords fit best; `None` where they are Roman numerals or say nothing.
fn key_of_chords(chords: &Progression) -> Option<Key> {
    const MIDDLE_C: usize = 60 - LOWEST_PITCH as usize;
    let spans = chords.spans(Metre::COMMON.bar_eighths(), None).ok()?;
    let mut canvas = Canvas::new(chords.num_bars() * 4);
    for span in spans {
        let quarters = (span.start / GRID) as usize..((span.start + span.length).div_ceil(GRID) as usize);
        for quarter in quarters.filter(|&q| q < canvas.quarters) {
            for pc in (0..12).filter(|pc| span.chord.pitch_classes() >> pc & 1 == 1) {
                let first = quarter * CELLS + MIDDLE_C + pc;
                canvas.notes[NoteLane::Harmony as usize][first] = NoteCell::Onset;
                (1..STEPS).for_each(|s| canvas.notes[NoteLane::Harmony as usize][first + s * PITCHES] = NoteCell::Hold);
            }
        }
    }
    likely_key(&Excerpt::from_canvas(&canvas))
}

/// Lays a progression over some bars, round and round.
fn lay_progression(
    chords: &Progression,
    canvas: &mut Canvas,
    up: i32,
    bars: &[std::ops::Range<usize>],
) -> Result<(), TextError> {
    let key = canvas.prevailing_key().map(|key| key.transposed(up));
    for (index, bar) in bars.iter().enumerate() {
        let eighths = canvas.positions[bar.start].bar_eighths;
        let all = chords.spans(eighths, key)?;
        let length = u32::from(eighths) * GRID / 2;
        let start = (index % chords.num_bars()) as u32 * length;
        for quarter in bar.clone() {
            // The chord in the middle of a quarter is its chord.
            let middle = start + (quarter - bar.start) as u32 * GRID + GRID / 2;
            let here = all.iter().find(|span| (span.start..span.start + span.length).contains(&middle));
            canvas.chords[quarter] = here.map(|span| chord_cell(span.chord, -up));
        }
    }
    Ok(())
}

/// A chord symbol as a cell, moved by semitones.
fn chord_cell(symbol: ChordSymbol, semitones: i32) -> ChordCell {
    let up = |pc: u8| (i32::from(pc) + semitones).rem_euclid(12) as u8;
    let set = symbol.pitch_classes();
    ChordCell {
        root: symbol.root().map(up),
        bass: symbol.bass().or(symbol.root()).map(up),
        pitch_classes: (0..12).filter(|pc| set >> pc & 1 == 1).fold(0, |moved, pc| moved | 1 << up(pc)),
    }
}

fn lay_sections(form: &FormPlan, canvas: &mut Canvas) {
    let bars = canvas.bars();
    for section in form.sections() {
        for bar in section.start_bar..section.start_bar + section.bars {
            let Some(quarters) = bars.get(bar).cloned() else { continue };
            let place = bar - section.start_bar;
            canvas.form[quarters].fill(Some(Form {
                section_start: place == 0 || place % crate::plan::PHRASE_BARS == 0 && section.bars > 4,
                section_end: place + 1 == section.bars,
                instrumental: !section.has_melody(),
                piece_end: bar + 1 == bars.len(),
            }));
        }
    }
}

/// All lanes, or those a set names, of which something is known.
pub(crate) fn lanes_in(set: LaneSet, present: &[NoteLane]) -> Vec<NoteLane> {
    if set == LaneSet::ALL { present.to_vec() } else { set.lanes().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_inclusive_and_nonsense_is_refused() {
        assert_eq!(Request::default().check(), Ok(()));
        assert!(Request { bars: Some(256), ..Request::default() }.check().is_ok());
        assert!(Request { bars: Some(0), ..Request::default() }.check().is_err());
        assert!(Request { tempo: Some(f64::NAN), ..Request::default() }.check().is_err());
        assert!(Request { version: 1, ..Request::default() }.check().is_err());
    }

    #[test]
    fn lengths_come_from_what_is_said_and_must_agree() {
        let request = |bars, form: Option<&str>, chords: Option<&str>| Request {
            bars,
            form: form.map(|f| f.parse().unwrap()),
            chords: chords.map(|c| c.parse().unwrap()),
            ..Request::default()
        };
        let bars = |r: Request| r.bars_of_new_piece();
        assert_eq!(bars(request(None, None, None)), Ok(8));
        assert_eq!(bars(request(None, Some("A4 B8"), Some("| C | F |"))), Ok(12));
        assert_eq!(bars(request(None, None, Some("| C | F | G |"))), Ok(3));
        assert!(bars(request(Some(8), Some("A4"), None)).unwrap_err().to_string().contains("the form has 4 bars"));
        assert!(bars(request(Some(2), None, Some("| C | F | G |"))).is_err());
    }

    #[test]
    fn chords_go_round_and_into_the_frame() {
        let request = Request { chords: Some("| D G/B | Bm |".parse().unwrap()), ..Request::default() };
        let mut canvas = Canvas::new(12);
        request.lay_chords(&mut canvas, 2, 0).unwrap();
        let roots: Vec<_> = canvas.chords.iter().map(|c| c.unwrap().root.unwrap()).collect();
        assert_eq!(roots, [0, 0, 5, 5, 9, 9, 9, 9, 0, 0, 5, 5]);
        assert_eq!(canvas.chords[2].unwrap().bass, Some(9));
    }

    #[test]
    fn chords_say_their_key_and_numerals_do_not() {
        let key = |text: &str| Request { chords: text.parse().ok(), ..Request::default() }.key_of_new_piece();
        assert_eq!(key("| C G/B | Am7 F |"), "C".parse().ok());
        assert_eq!(key("| Em | C | G | D |"), "G".parse().ok());
        assert_eq!(key("| I | IV |"), None);
    }

    #[test]
    fn a_request_comes_back_from_its_text() {
        let request =
            Request { form: Some("A8 A8".parse().unwrap()), key: "F# minor".parse().ok(), ..Request::default() };
        let text = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<Request>(&text).unwrap(), request);
        assert!(!text.contains("rules"), "what is not said is not written: {text}");
    }
}
