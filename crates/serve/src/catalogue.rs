//! What there is: lanes, verbs and their fields, moods, scales, limits; enough for a page to build its forms from.

use crate::order::{MOST_CANDIDATES, usual_candidates};
use crate::piece::{MOST_NOTES, lane_word};
use crate::settings::Limits;
use aeolian_canvas::{Idiom, NoteLane};
use aeolian_compose::Request;
use aeolian_compose::builtin::BUILTIN;
use aeolian_compose::request::{MOST_BARS, REQUEST_VERSION};
use aeolian_compose::wish::Mood;
use aeolian_score::{Key, Mode, Scale};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Everything that a page needs to ask for music.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Catalogue {
    /// Version of requests.
    pub version: u32,
    /// Models.
    pub denoisers: Vec<String>,
    /// Lanes, from top to bottom.
    pub lanes: Vec<LaneEntry>,
    /// What can be done.
    pub verbs: Vec<VerbEntry>,
    /// What can be said.
    pub fields: Vec<FieldEntry>,
    /// Moods with names.
    pub moods: Vec<MoodEntry>,
    /// Kinds of music.
    pub idioms: Vec<String>,
    /// Usual metres.
    pub metres: Vec<String>,
    /// Rhythmic grids.
    pub rhythms: Vec<String>,
    /// Kinds of scales; "C dorian" is a scale.
    pub scales: Vec<ScaleEntry>,
    /// All keys.
    pub keys: Vec<String>,
    /// What is not said is this.
    pub defaults: Defaults,
    /// What is too much.
    pub limits: LimitsJson,
}

/// A lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LaneEntry {
    /// As in requests: "melody".
    pub name: String,
    /// As people read it: "Melody".
    pub title: String,
}

/// A verb.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VerbEntry {
    /// As in requests.
    pub name: String,
    /// What it does.
    pub sentence: String,
    /// "none", "optional", "needed" or "two".
    pub source: String,
    /// Fields of the verb itself.
    pub fields: Vec<String>,
    /// Candidates if nobody says how many.
    pub candidates: usize,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FieldEntry {
    /// As in requests.
    pub name: String,
    /// "integer", "number", "text", "list".
    pub kind: String,
    /// Least, where it is a number or a curve.
    pub lowest: Option<f64>,
    /// Most.
    pub highest: Option<f64>,
    /// How it may look.
    pub example: String,
    /// What it is.
    pub sentence: String,
}

/// A mood with a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MoodEntry {
    /// Its name.
    pub name: String,
    /// −1 dark … 1 bright.
    pub valence: f64,
    /// −1 calm … 1 excited.
    pub arousal: f64,
}

/// A kind of scale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScaleEntry {
    /// Its name.
    pub name: String,
    /// Its pitch classes on C as a 12-bit set.
    pub pitch_classes: u16,
}

/// What is not said is this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Defaults {
    /// Noise levels.
    pub steps: usize,
    /// Temperature.
    pub temperature: f32,
    /// Bars of a new piece.
    pub bars: usize,
    /// Model.
    pub denoiser: String,
    /// Metre of a new piece.
    pub metre: String,
}

/// What is too much.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LimitsJson {
    /// Bars of a piece.
    pub bars: usize,
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Jobs that wait.
    pub queued_jobs: i64,
    /// Seconds of a job.
    pub job_seconds: u64,
    /// Candidates of a job.
    pub candidates: usize,
    /// Notes of a piece.
    pub notes: usize,
}

const VERBS: [(&str, &str, &str, &[&str]); 12] = [
    ("compose", "A new piece from a few words, or none.", "none", &[]),
    ("continue", "More bars after the last.", "needed", &["bars"]),
    ("infill", "Some bars of some lanes anew; everything else stays as it is.", "needed", &["regions"]),
    ("accompany", "Some lanes to those that are there.", "needed", &["lanes"]),
    ("harmonize", "Chords and a harmony under a melody.", "needed", &[]),
    ("reharmonize", "Other chords under the same melody.", "needed", &[]),
    ("melody", "A tune over chords, or over a piece.", "optional", &[]),
    ("vary", "The same piece, only different: a little or a lot.", "needed", &["strength"]),
    ("morph", "A piece on the way from one to another.", "two", &["position"]),
    ("perform", "Loudness and a breathing tempo for flat notes.", "needed", &[]),
    ("arrange", "The notes of a piece, each in the lane it belongs to.", "needed", &[]),
    ("fit", "The piece in exactly so many bars; its beginning and ending stay.", "needed", &["bars"]),
];

type Field = (&'static str, &'static str, Option<(f64, f64)>, &'static str, &'static str);

const FIELDS: [Field; 25] = [
    (
        "bars",
        "integer",
        Some((1.0, MOST_BARS as f64)),
        "8",
        "Bars of a new piece; in continue how many more, in fit how many in all.",
    ),
    ("seed", "integer", Some((0.0, 9_007_199_254_740_991.0)), "7", "Decides everything that is not asked for."),
    ("key", "text", None, "F# minor", "The key."),
    ("tempo", "number", Some((20.0, 400.0)), "92", "Quarters a minute; a piece that is there keeps its own."),
    ("metre", "text", None, "3/4", "The metre of a new piece."),
    (
        "chords",
        "text",
        None,
        "| Am7 | D7 G |",
        "Chord symbols or Roman numerals, bar by bar, over and over where they are shorter than the piece.",
    ),
    ("first_chord", "text", None, "C", "The chord of the first bar that is composed."),
    ("last_chord", "text", None, "C", "The chord of the last bar."),
    ("form", "text", None, "i4 A8 B8 A8", "Sections; letters that come again return, small ones have no melody."),
    ("idiom", "text", None, "band", "The kind of music: one of idioms."),
    ("rhythm", "text", None, "swing", "Where in a quarter new notes may begin."),
    ("mood", "text", None, "calm", "A mood by name, or valence and arousal over time."),
    (
        "density",
        "text",
        Some((0.0, 1.0)),
        "melody:0.4; harmony:0:0.2, 8:0.8",
        "In soft: how many notes, over time and by lane.",
    ),
    ("polyphony", "text", Some((0.1, 12.0)), "harmony:3", "In soft: how many notes at once."),
    ("register", "text", Some((21.0, 108.0)), "melody:72", "In soft: how high, as a mean MIDI pitch."),
    ("loudness", "text", Some((1.0, 127.0)), "0:60, 8:100", "In soft: how loud, as a mean MIDI velocity."),
    (
        "rules",
        "list",
        None,
        "[{\"range\": {\"lane\": \"melody\", \"lowest\": 60, \"highest\": 76}}]",
        "Rules that are kept for certain.",
    ),
    ("chord_guidance", "number", Some((0.0, 4.0)), "1.6", "How much given chords are listened to."),
    ("steps", "integer", Some((2.0, 1000.0)), "64", "Steps from noise to music: more is finer and slower."),
    ("temperature", "number", Some((0.1, 3.0)), "1", "Below 1 surer, above 1 more adventurous."),
    ("denoiser", "text", None, "transformer", "Which model composes."),
    ("regions", "text", None, "5-8:melody", "In infill: which bars, from 1, and which lanes if not all."),
    ("lanes", "text", None, "counter,harmony", "The lanes of a new piece; in accompany the lanes to write."),
    ("strength", "number", Some((0.0, 1.0)), "0.4", "In vary: 0 changes nothing, 1 keeps hardly anything."),
    ("position", "number", Some((0.0, 1.0)), "0.5", "In morph: 0 is the first piece, 1 the second."),
];

const MOODS: [&str; 17] = [
    "neutral",
    "happy",
    "joyful",
    "excited",
    "energetic",
    "calm",
    "peaceful",
    "relaxed",
    "tender",
    "sad",
    "melancholy",
    "gloomy",
    "dark",
    "bright",
    "tense",
    "angry",
    "scary",
];

const SCALES: [&str; 15] = [
    "major",
    "minor",
    "harmonic minor",
    "melodic minor",
    "dorian",
    "phrygian",
    "lydian",
    "mixolydian",
    "locrian",
    "pentatonic",
    "minor pentatonic",
    "blues",
    "whole tone",
    "altered",
    "chromatic",
];

impl Catalogue {
    /// Of this program, with these limits.
    pub fn new(limits: &Limits) -> Self {
        let usual = Request::default();
        let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let modes = [Mode::Major, Mode::Minor];
        let keys = modes.into_iter().flat_map(|mode| (0..12).map(move |tonic| Key { tonic, mode }.to_string()));
        Self {
            version: REQUEST_VERSION,
            denoisers: BUILTIN.iter().map(|model| model.name.to_owned()).collect(),
            lanes: NoteLane::ALL
                .map(|lane| LaneEntry { name: lane_word(lane), title: lane.name().to_owned() })
                .to_vec(),
            verbs: VERBS
                .iter()
                .map(|&(name, sentence, source, fields)| VerbEntry {
                    name: name.to_owned(),
                    sentence: sentence.to_owned(),
                    source: source.to_owned(),
                    fields: texts(fields),
                    candidates: usual_candidates(name),
                })
                .collect(),
            fields: FIELDS
                .iter()
                .map(|&(name, kind, range, example, sentence)| FieldEntry {
                    name: name.to_owned(),
                    kind: kind.to_owned(),
                    lowest: range.map(|r| r.0),
                    highest: range.map(|r| r.1),
                    example: example.to_owned(),
                    sentence: sentence.to_owned(),
                })
                .collect(),
            moods: MOODS.iter().filter_map(|name| mood(name)).collect(),
            idioms: Idiom::ALL.map(|idiom| idiom.name().to_owned()).to_vec(),
            metres: texts(&["4/4", "3/4", "2/4", "6/8", "5/4", "7/8", "12/8"]),
            rhythms: texts(&["straight", "eighths", "quarters", "triplet", "swing"]),
            scales: SCALES.iter().filter_map(|name| scale(name)).collect(),
            keys: keys.collect(),
            defaults: Defaults {
                steps: usual.steps,
                temperature: usual.temperature,
                bars: usual.bars_of_new_piece().unwrap_or(8),
                denoiser: usual.denoiser,
                metre: usual.metre.to_string(),
            },
            limits: LimitsJson {
                bars: MOST_BARS,
                body_bytes: limits.body_bytes,
                queued_jobs: limits.queued_jobs,
                job_seconds: limits.job_seconds,
                candidates: MOST_CANDIDATES,
                notes: MOST_NOTES,
            },
        }
    }
}

fn mood(name: &str) -> Option<MoodEntry> {
    let mood: Mood = name.parse().ok()?;
    Some(MoodEntry { name: name.to_owned(), valence: mood.valence().at(0.0), arousal: mood.arousal().at(0.0) })
}

fn scale(name: &str) -> Option<ScaleEntry> {
    let scale: Scale = format!("C {name}").parse().ok()?;
    Some(ScaleEntry { name: name.to_owned(), pitch_classes: scale.pitch_classes() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_compose::wish::{Metre, RhythmGrid};

    #[test]
    fn everything_listed_can_be_said() {
        let all = Catalogue::new(&Limits::default());
        assert_eq!((all.moods.len(), all.scales.len(), all.keys.len()), (MOODS.len(), SCALES.len(), 24));
        assert!(all.keys.iter().all(|key| key.parse::<Key>().is_ok()));
        assert!(all.metres.iter().all(|metre| metre.parse::<Metre>().is_ok()));
        assert!(all.rhythms.iter().all(|rhythm| rhythm.parse::<RhythmGrid>().is_ok()));
        let fields: Vec<&str> = all.fields.iter().map(|f| f.name.as_str()).collect();
        assert!(all.verbs.iter().flat_map(|v| &v.fields).all(|field| fields.contains(&field.as_str())));
        assert_eq!(all.scales[0].pitch_classes, 0b1010_1011_0101);
    }
}
