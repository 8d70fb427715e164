//! What a client asks for, made into a [`Request`]: texts for people where the request has types, defaults for what is not said,
//! and the source put in from the library or from the page.

use crate::error::{ApiError, Code};
use crate::piece::PieceJson;
use aeolian_canvas::Idiom;
use aeolian_compose::request::{MOST_BARS, REQUEST_VERSION};
use aeolian_compose::rules::Rule;
use aeolian_compose::soft::Soft;
use aeolian_compose::wish::{FormPlan, LaneSet, Metre, Mood, Regions, RhythmGrid};
use aeolian_compose::{Request, RequestError, Source, Verb};
use aeolian_score::{ChordSymbol, Key, Progression};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Candidates a job may have.
pub const MOST_CANDIDATES: usize = 8;
/// Lanes an accompaniment has if nobody names them.
const USUAL_LANES: &str = "counter,harmony";
/// How far a variation goes if nobody says it.
const USUAL_STRENGTH: f64 = 0.4;
/// Seeds a client need not say are below this, so that people can read them aloud.
const SEEDS: u64 = 1_000_000;
/// The largest integer that JavaScript keeps.
const LARGEST_SEED: u64 = (1 << 53) - 1;

/// The body of `POST /api/jobs`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobOrder {
    /// What is to be done.
    #[schema(value_type = RequestJson)]
    pub request: Map<String, Value>,
    /// The music it starts from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceOrder>,
    /// The piece to arrive at (morph).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<SourceOrder>,
    /// How many candidates, 1–8; the verb's usual number if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 8)]
    pub candidates: Option<usize>,
}

/// Music by its place in the library, or itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceOrder {
    /// A piece of the library.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub piece: Option<String>,
    /// Which version of it; the newest if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// Or the music itself, as it stands on the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<PieceJson>,
}

/// The request, as documented; every field but the verb may be missing.
#[derive(Serialize, ToSchema)]
#[allow(
    dead_code,
    reason = "only its schema is used: fields are read one by one, so that a refusal can name its field"
)]
pub struct RequestJson {
    /// 2.
    version: Option<u32>,
    /// "transformer" or "lstm".
    denoiser: Option<String>,
    /// What is to be done.
    verb: VerbJson,
    /// Bars of a new piece, 1–256.
    bars: Option<usize>,
    /// Decides everything that is not asked for; drawn if missing.
    seed: Option<u64>,
    /// Such as "F# minor".
    key: Option<String>,
    /// Quarters a minute, 20–400.
    tempo: Option<f64>,
    /// Such as "3/4".
    metre: Option<String>,
    /// Such as "| Am7 | D7 G |".
    chords: Option<String>,
    /// Chord of the first bar.
    first_chord: Option<String>,
    /// Chord of the last bar.
    last_chord: Option<String>,
    /// Such as "A8 B8 A8".
    form: Option<String>,
    /// "pop-piano", "band", "chorale" …: the kind of music.
    idiom: Option<String>,
    /// The lanes of a new piece, such as "melody,bass,drums"; those usual in the idiom if missing.
    lanes: Option<String>,
    /// "straight", "triplet" or "swing".
    rhythm: Option<String>,
    /// Such as "calm", or "valence:0.5; arousal:-0.3".
    mood: Option<String>,
    /// Leanings over time, by lane.
    soft: Option<SoftJson>,
    /// Rules that are kept for certain.
    #[schema(value_type = Option<Vec<Object>>)]
    rules: Option<Vec<Value>>,
    /// How much given chords are listened to, 0–4.
    chord_guidance: Option<f32>,
    /// Noise levels, 2–1000.
    steps: Option<usize>,
    /// 0.1–3.
    temperature: Option<f32>,
}

/// A verb and what it needs.
#[derive(Serialize, ToSchema)]
#[allow(dead_code, reason = "only its schema is used")]
pub struct VerbJson {
    /// "compose", "infill", …: one of `/api/verbs`.
    verb: String,
    /// continue: how many more; fit: how many in all.
    bars: Option<usize>,
    /// infill: such as "5-8:melody".
    regions: Option<String>,
    /// accompany: such as "counter,harmony".
    lanes: Option<String>,
    /// vary: 0–1.
    strength: Option<f64>,
    /// morph: 0–1.
    position: Option<f64>,
}

/// Leanings: numbers or curves such as "melody:0.4; harmony:0:0.2, 8:0.8".
#[derive(Serialize, ToSchema)]
#[allow(dead_code, reason = "only its schema is used")]
pub struct SoftJson {
    /// 0 (as thin as the thinnest twentieth of human bars) to 1.
    density: Option<String>,
    /// Notes at once.
    polyphony: Option<String>,
    /// Mean MIDI pitch.
    register: Option<String>,
    /// Mean MIDI velocity.
    loudness: Option<String>,
}

/// The request of an order.
///
/// # Errors   400 where a field cannot be read, 422 where it makes no sense; both name the field
pub fn request_of(
    fields: &Map<String, Value>,
    source: Option<Source>,
    to: Option<Source>,
    seed_of_the_moment: u64,
) -> Result<Request, ApiError> {
    let mut request = Request { seed: seed_of_the_moment % SEEDS, ..Request::default() };
    let verb = fields.get("verb").ok_or_else(|| bad("verb", "the request names no verb"))?;
    // What is null is not said.
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
        set(&mut request, name, value)?;
    }
    request.verb = verb_of(verb, source, to)?;
    request.check().map_err(refused)?;
    check_source(&request)?;
    Ok(request)
}

fn set(request: &mut Request, name: &str, value: &Value) -> Result<(), ApiError> {
    match name {
        "verb" => {}
        "version" => {
            let version: u32 = read(name, value)?;
            if version != REQUEST_VERSION {
                return Err(ApiError::cannot(
                    name,
                    format!("requests are of version {REQUEST_VERSION}, not {version}"),
                ));
            }
        }
        "denoiser" => request.denoiser = read(name, value)?,
        "bars" => request.bars = read(name, value)?,
        "seed" => {
            request.seed = read(name, value)?;
            if request.seed > LARGEST_SEED {
                return Err(ApiError::cannot(name, format!("a seed is 0 to {LARGEST_SEED}, not {}", request.seed)));
            }
        }
        "key" => request.key = read_key(value)?,
        "tempo" => request.tempo = read(name, value)?,
        "metre" => request.metre = read::<Option<Metre>>(name, value)?.unwrap_or_default(),
        "chords" => request.chords = read::<Option<Progression>>(name, value)?,
        "first_chord" => request.first_chord = read::<Option<ChordSymbol>>(name, value)?,
        "last_chord" => request.last_chord = read::<Option<ChordSymbol>>(name, value)?,
        "form" => request.form = read::<Option<FormPlan>>(name, value)?,
        "idiom" => request.idiom = read::<Option<Idiom>>(name, value)?,
        "lanes" => request.lanes = read::<Option<LaneSet>>(name, value)?,
        "rhythm" => request.rhythm = read::<Option<RhythmGrid>>(name, value)?,
        "mood" => request.mood = read::<Option<Mood>>(name, value)?,
        "soft" => request.soft = read_soft(value)?,
        "rules" => request.rules = read::<Option<Vec<Rule>>>(name, value)?.unwrap_or_default(),
        "chord_guidance" => request.chord_guidance = read(name, value)?,
        "steps" => request.steps = read(name, value)?,
        "temperature" => request.temperature = read(name, value)?,
        other => {
            let other: String = other.chars().take(40).collect();
            return Err(bad("request", format!("a request has no field \"{other}\"")));
        }
    }
    Ok(())
}

/// "F# minor", or as requests store it.
fn read_key(value: &Value) -> Result<Option<Key>, ApiError> {
    match value {
        Value::String(text) => text.parse().map(Some).map_err(|e| bad("key", format!("{e}"))),
        other => {
            let key: Option<Key> = read("key", other)?;
            match key {
                Some(key) if key.tonic > 11 => Err(bad("key", format!("a tonic is 0 to 11, not {}", key.tonic))),
                key => Ok(key),
            }
        }
    }
}

fn read_soft(value: &Value) -> Result<Soft, ApiError> {
    let Value::Object(fields) = value else {
        return read::<Option<Soft>>("soft", value).map(Option::unwrap_or_default);
    };
    let mut soft = Soft::default();
    for (name, value) in fields {
        match name.as_str() {
            "density" => soft.density = read(name, value)?,
            "polyphony" => soft.polyphony = read(name, value)?,
            "register" => soft.register = read(name, value)?,
            "loudness" => soft.loudness = read(name, value)?,
            _ => return Err(bad("soft", "leanings are density, polyphony, register and loudness")),
        }
        soft.check().map_err(|error| ApiError::cannot(name, error.to_string()))?;
    }
    Ok(soft)
}

fn read<T: DeserializeOwned>(field: &str, value: &Value) -> Result<T, ApiError> {
    serde_json::from_value(value.clone()).map_err(|error| bad(field, format!("{field} cannot be read: {error}")))
}

fn bad(field: &str, sentence: impl Into<String>) -> ApiError {
    ApiError::new(Code::BadRequest, sentence).in_field(field)
}

fn verb_of(value: &Value, source: Option<Source>, to: Option<Source>) -> Result<Verb, ApiError> {
    let fields =
        value.as_object().ok_or_else(|| bad("verb", "a verb is an object, such as {\"verb\": \"compose\"}"))?;
    let name = fields.get("verb").and_then(Value::as_str).unwrap_or_default();
    let field = |name: &str| fields.get(name).filter(|value| !value.is_null());
    let needed = |name: &str| field(name).ok_or_else(|| bad(name, format!("{name} is missing")));
    let there = || source.clone().ok_or_else(|| bad("source", format!("\"{name}\" needs a piece to start from")));
    let allowed: &[&str] = match name {
        "continue" | "fit" => &["bars"],
        "infill" => &["regions"],
        "accompany" => &["lanes"],
        "vary" => &["strength"],
        "morph" => &["position"],
        _ => &[],
    };
    let said = fields.iter().filter(|(_, value)| !value.is_null()).map(|(key, _)| key);
    if let Some(other) = said.into_iter().find(|key| *key != "verb" && !allowed.contains(&key.as_str())) {
        let other: String = other.chars().take(40).collect();
        return Err(bad("verb", format!("\"{name}\" has no field \"{other}\"")));
    }
    Ok(match name {
        "compose" if source.is_some() => {
            return Err(bad("source", "\"compose\" makes a new piece and starts from none; there is \"vary\""));
        }
        "compose" => Verb::Compose,
        "continue" => Verb::Continue { source: there()?, bars: read("bars", needed("bars")?)? },
        "fit" => Verb::Fit { source: there()?, bars: read("bars", needed("bars")?)? },
        "infill" => {
            let (source, regions) = (there()?, read::<Regions>("regions", needed("regions")?)?);
            regions.check(source.num_bars()).map_err(|e| ApiError::cannot("regions", e.to_string()))?;
            Verb::Infill { source, regions }
        }
        "accompany" => {
            let usual = Value::String(USUAL_LANES.into());
            Verb::Accompany { source: there()?, lanes: read::<LaneSet>("lanes", field("lanes").unwrap_or(&usual))? }
        }
        "harmonize" => Verb::Harmonize { source: there()? },
        "reharmonize" => Verb::Reharmonize { source: there()? },
        "melody" => Verb::Melody { source: source.clone() },
        "vary" => {
            let strength = field("strength").map_or(Ok(USUAL_STRENGTH), |value| read("strength", value))?;
            Verb::Vary { source: there()?, strength: share("strength", strength)? }
        }
        "morph" => {
            let to = to.ok_or_else(|| bad("to", "\"morph\" needs a piece to arrive at"))?;
            let position = field("position").map_or(Ok(0.5), |value| read("position", value))?;
            Verb::Morph { from: there()?, to, position: share("position", position)? }
        }
        "perform" => Verb::Perform { source: there()? },
        "arrange" => Verb::Arrange { source: there()? },
        other => {
            let other: String = other.chars().take(40).collect();
            return Err(bad("verb", format!("there is no verb \"{other}\"; /api/verbs lists them")));
        }
    })
}

fn share(field: &str, value: f64) -> Result<f64, ApiError> {
    if (0.0..=1.0).contains(&value) {
        Ok(value)
    } else {
        Err(ApiError::cannot(field, format!("the {field} can be 0 to 1, not {value}")))
    }
}

/// The pieces a request starts from.
pub fn sources(request: &Request) -> Vec<&Source> {
    match &request.verb {
        Verb::Compose | Verb::Melody { source: None } => vec![],
        Verb::Morph { from, to, .. } => vec![from, to],
        Verb::Continue { source, .. }
        | Verb::Infill { source, .. }
        | Verb::Accompany { source, .. }
        | Verb::Harmonize { source }
        | Verb::Reharmonize { source }
        | Verb::Melody { source: Some(source) }
        | Verb::Vary { source, .. }
        | Verb::Perform { source }
        | Verb::Arrange { source }
        | Verb::Fit { source, .. } => vec![source],
    }
}

/// What the command line checks of a file, and what a server must not be made to do.
fn check_source(request: &Request) -> Result<(), ApiError> {
    for source in sources(request) {
        let is_playing = |part: &aeolian_score::Part| !part.is_drum && !part.notes.is_empty();
        if !source.score().parts.iter().any(is_playing) {
            return Err(ApiError::cannot(
                "source",
                "there are no notes to start from: it is silent, or holds only drums",
            ));
        }
        let bars = source.num_bars();
        if bars > MOST_BARS {
            let sentence = format!("a piece to compose upon has at most {MOST_BARS} bars, and this one has {bars}");
            return Err(ApiError::cannot("source", sentence));
        }
        if let Verb::Continue { bars: more, .. } = &request.verb
            && bars + more > MOST_BARS
        {
            let sentence = format!("a piece has at most {MOST_BARS} bars: {bars} and {more} are too many");
            return Err(ApiError::cannot("bars", sentence));
        }
    }
    Ok(())
}

/// A refusal of the request as a client sees it: with the field, and without the command line's dashes.
pub fn refused(error: RequestError) -> ApiError {
    let field = match &error {
        RequestError::Range { what, .. } => match *what {
            "the number of bars" => "bars",
            "the tempo" => "tempo",
            "the number of steps" => "steps",
            "the temperature" => "temperature",
            "the guidance by chords" => "chord_guidance",
            "the density" => "density",
            "the polyphony" => "polyphony",
            "the register" => "register",
            "the loudness" => "loudness",
            _ => "request",
        },
        RequestError::Version { .. } => "version",
        RequestError::Lengths { .. } => "bars",
        RequestError::Lanes { .. } => "parts",
        RequestError::NoNotes { .. } => "source",
        RequestError::NothingGiven { .. } => "lanes",
        RequestError::NoChords | RequestError::Text(_) => "chords",
        RequestError::Rule(_) | RequestError::Conflict(_) => "rules",
        _ => "request",
    };
    ApiError::cannot(field, error.to_string().replace("--", ""))
}

/// Candidates a verb usually has.
pub fn usual_candidates(verb: &str) -> usize {
    match verb {
        "compose" | "morph" | "perform" | "arrange" => 1,
        _ => 4,
    }
}

/// What was asked, as it is told to clients: as sent, but with the seed.
pub fn told(fields: &Map<String, Value>, request: &Request) -> Map<String, Value> {
    let mut told = fields.clone();
    told.insert("seed".into(), Value::from(request.seed));
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(text: &str) -> Result<Request, ApiError> {
        let Value::Object(fields) = serde_json::from_str(text).unwrap() else { panic!("an object") };
        let score = r#"{"notes": [{"lane": "melody", "pitch": 60, "start": 0, "length": 48}]}"#;
        let source = || serde_json::from_str::<PieceJson>(score).unwrap().to_source().unwrap();
        let needs = !text.contains("compose") && !text.contains("melody\"}");
        request_of(&fields, needs.then(source), needs.then(source), 7_000_001)
    }

    #[test]
    fn what_is_not_said_is_usual() {
        for text in [
            r#"{"verb": {"verb": "compose"}}"#,
            r#"{"verb": {"verb": "compose", "bars": null}, "denoiser": null, "steps": null, "seed": null}"#,
        ] {
            assert_eq!(order(text), Ok(Request { seed: 1, ..Request::default() }));
        }
    }

    #[test]
    fn texts_and_stored_forms_mean_the_same() {
        let a = order(r#"{"verb": {"verb": "compose"}, "key": "F# minor", "seed": 3, "soft": {"density": "0.4"}}"#)
            .unwrap();
        let b = order(
            r#"{"verb": {"verb": "compose"}, "key": {"tonic": 6, "mode": "Minor"}, "seed": 3, "soft": {"density": "0.4"}}"#,
        );
        assert_eq!(Ok(a), b);
    }

    #[test]
    fn every_refusal_names_its_field() {
        for (text, field) in [
            (r#"{}"#, "verb"),
            (r#"{"verb": "compose"}"#, "verb"),
            (r#"{"verb": {"verb": "sing"}}"#, "verb"),
            (r#"{"verb": {"verb": "compose", "bars": 3}}"#, "verb"),
            (r#"{"verb": {"verb": "compose"}, "bars": 0}"#, "bars"),
            (r#"{"verb": {"verb": "compose"}, "bars": 257}"#, "bars"),
            (r#"{"verb": {"verb": "compose"}, "bars": -1}"#, "bars"),
            (r#"{"verb": {"verb": "compose"}, "tempo": "fast"}"#, "tempo"),
            (r#"{"verb": {"verb": "compose"}, "tempo": 401}"#, "tempo"),
            (r#"{"verb": {"verb": "compose"}, "key": "H minor"}"#, "key"),
            (r#"{"verb": {"verb": "compose"}, "key": {"tonic": 12, "mode": "Major"}}"#, "key"),
            (r#"{"verb": {"verb": "compose"}, "chords": "| Xyz |"}"#, "chords"),
            (r#"{"verb": {"verb": "compose"}, "steps": 1}"#, "steps"),
            (r#"{"verb": {"verb": "compose"}, "soft": {"density": "7"}}"#, "density"),
            (r#"{"verb": {"verb": "compose"}, "soft": {"volume": "7"}}"#, "soft"),
            (r#"{"verb": {"verb": "compose"}, "seed": 9007199254740992}"#, "seed"),
            (r#"{"verb": {"verb": "compose"}, "version": 1}"#, "version"),
            (
                r#"{"verb": {"verb": "compose"}, "rules": [{"range": {"lane": "melody", "lowest": 70, "highest": 60}}]}"#,
                "rules",
            ),
            (r#"{"verb": {"verb": "infill", "regions": "9"}}"#, "regions"),
            (r#"{"verb": {"verb": "infill"}}"#, "regions"),
            (r#"{"verb": {"verb": "vary", "strength": 1.1}}"#, "strength"),
            (r#"{"verb": {"verb": "continue", "bars": 256}}"#, "bars"),
        ] {
            let error = order(text).unwrap_err();
            assert_eq!(error.field.as_deref(), Some(field), "{text}: {error}");
            assert!(!error.sentence.contains("--"), "{error}");
        }
    }
}
