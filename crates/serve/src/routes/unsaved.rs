//! Music that is not in the library: read, written, heard, analysed.

use crate::App;
use crate::error::{ApiError, Code, ErrorBody};
use crate::extract::{Body, Json as JsonBody};
use crate::files::{self, FileFormat, Listening, SoundFormat};
use crate::making::Making;
use crate::order::SourceOrder;
use crate::piece::{ChordJson, Clock, PieceJson, SectionJson, chord_pitches, chords_json, sections_json};
use crate::routes::pieces::{MUSIC_TYPES, attached, take_in};
use crate::work::composer;
use aeolian_compose::request::MOST_BARS;
use aeolian_compose::wish::Metre;
use aeolian_score::{Key, Progression, Score};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReadFile {
    /// The music.
    pub piece: PieceJson,
    /// "MIDI", "MusicXML" or "compressed MusicXML".
    pub format: String,
    /// What had to be put right.
    pub repairs: Option<String>,
    /// The file named no chords: these were heard from the notes.
    #[serde(default)]
    pub chords_heard: bool,
    /// Aeolian's recipe, if there is one inside.
    #[schema(value_type = Option<Object>)]
    pub recipe: Option<serde_json::Value>,
}

/// A file to be written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConvertOrder {
    /// The music.
    pub score: PieceJson,
    /// Mid, musicxml, svg, or any other.
    pub format: FileFormat,
}

/// Sound to be made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenderOrder {
    /// The music.
    pub score: PieceJson,
    /// Ogg if missing.
    #[serde(default)]
    pub format: SoundFormat,
    /// Only these lanes; all parts if missing. A selection sounds as loud as in the mix before its master stage.
    #[serde(default)]
    pub lanes: Vec<String>,
    /// Only these parts.
    #[serde(default)]
    pub parts: Vec<usize>,
    /// From this bar; the first is 0.
    #[serde(default)]
    pub from_bar: usize,
    /// To this bar, exclusive.
    #[serde(default)]
    pub to_bar: Option<usize>,
    /// Make a loop.
    #[serde(default, rename = "loop")]
    pub seamless: bool,
    /// Samples a second, 8,000–192,000.
    #[serde(default)]
    pub sample_rate: Option<u32>,
    /// How much of the room, 0–1.
    #[serde(default)]
    pub reverb: Option<f32>,
    /// A ZIP archive with a file for every part.
    #[serde(default)]
    pub stems: bool,
}

/// Music to be analysed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnalyzeOrder {
    /// The music.
    #[serde(default)]
    pub score: Option<PieceJson>,
    /// Or a piece of the library.
    #[serde(default)]
    pub piece: Option<String>,
    /// Which version of it.
    #[serde(default)]
    pub version: Option<i64>,
    /// The key, if it is known.
    #[serde(default)]
    pub key: Option<String>,
}

/// What a piece is, harmonically and in the large.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AnalysisJson {
    /// Its key.
    pub key: String,
    /// Its chords.
    pub chords: Vec<ChordJson>,
    /// Its phrases.
    pub sections: Vec<SectionJson>,
}

/// Chords as people type them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChordsOrder {
    /// Such as "| Am7 | D7 G |".
    pub text: String,
    /// For Roman numerals.
    #[serde(default)]
    pub key: Option<String>,
    /// 4/4 if missing.
    #[serde(default)]
    pub metre: Option<String>,
    /// Over and over, or cut, to this many bars; as long as they are if missing.
    #[serde(default)]
    pub bars: Option<usize>,
}

/// Chords in time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChordsJson {
    /// Bars.
    pub bars: usize,
    /// The chords, with pitches to hear them by.
    pub chords: Vec<ChordJson>,
}

/// Reads a MIDI or MusicXML file without keeping it.
#[utoipa::path(post, path = "/api/read", tag = "without saving", request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = ReadFile), (status = 400, body = ErrorBody), (status = 413, body = ErrorBody), (status = 415, body = ErrorBody), (status = "default", body = ErrorBody)))]
pub async fn read(State(app): State<App>, body: Body) -> Result<Json<ReadFile>, ApiError> {
    let body = body.of_types(&MUSIC_TYPES)?;
    let read = app.compute(move || {
        let taken = take_in(&body.bytes)?;
        let Making { repairs, recipe, chords_heard, .. } = taken.making;
        Ok(ReadFile {
            piece: PieceJson::from_source(&taken.source),
            format: taken.format,
            repairs: (!repairs.is_empty()).then_some(repairs),
            chords_heard,
            recipe: serde_json::from_str(&recipe).ok(),
        })
    });
    Ok(Json(read.await?))
}

/// Writes a file of music that is not saved.
#[utoipa::path(post, path = "/api/convert", tag = "without saving", request_body = ConvertOrder,
    responses((status = 200, content((Vec<u8> = "audio/midi"), (String = "application/vnd.recordare.musicxml+xml"), (Vec<u8> = "audio/wav"), (Vec<u8> = "audio/flac"), (Vec<u8> = "audio/ogg"), (String = "image/svg+xml"), (Object = "application/json"), (String = "text/plain; charset=utf-8"))), (status = 400, body = ErrorBody), (status = 422, body = ErrorBody), (status = "default", body = ErrorBody)))]
pub async fn convert(State(app): State<App>, JsonBody(order): JsonBody<ConvertOrder>) -> Result<Response, ApiError> {
    let (title, format) = (order.score.title.clone(), order.format);
    let work = move || files::file(&order.score.to_source()?, &Making::default(), format, vec![]);
    let bytes = if format.sound().is_some() { app.render(work).await? } else { app.compute(work).await? };
    Ok(attached(bytes.into(), format.media_type(), &title, format.ending(), &HeaderMap::new()))
}

/// Makes sound of music that is not saved.
#[utoipa::path(post, path = "/api/render", tag = "without saving", request_body = RenderOrder,
    responses((status = 200, content((Vec<u8> = "audio/wav"), (Vec<u8> = "audio/flac"), (Vec<u8> = "audio/ogg"), (Vec<u8> = "application/zip"))), (status = 400, body = ErrorBody), (status = 422, body = ErrorBody), (status = "default", body = ErrorBody)))]
pub async fn render(State(app): State<App>, JsonBody(order): JsonBody<RenderOrder>) -> Result<Response, ApiError> {
    let RenderOrder { score, format, lanes, parts, from_bar, to_bar, seamless, sample_rate, reverb, stems } = order;
    let listening = Listening { format, lanes, parts, from_bar, to_bar, seamless, sample_rate, reverb };
    let title = score.title.clone();
    if stems {
        let bytes = app.render(move || files::stems(&score.to_source()?, &listening)).await?;
        return Ok(attached(bytes.into(), "application/zip", &title, "zip", &HeaderMap::new()));
    }
    let sound = app.render(move || files::sound(&score.to_source()?, &listening, "")).await?;
    let mut response = attached(sound.bytes.into(), format.media_type(), &title, format.ending(), &HeaderMap::new());
    if let Ok(seconds) = HeaderValue::from_str(&format!("{:.3}", sound.seconds)) {
        response.headers_mut().insert("x-aeolian-seconds", seconds);
    }
    Ok(response)
}

/// Finds key, chords and phrases.
#[utoipa::path(post, path = "/api/analyze", tag = "without saving", request_body = AnalyzeOrder,
    responses((status = 200, body = AnalysisJson), (status = 400, body = ErrorBody), (status = 422, body = ErrorBody), (status = "default", body = ErrorBody)))]
pub async fn analyze(
    State(app): State<App>,
    JsonBody(order): JsonBody<AnalyzeOrder>,
) -> Result<Json<AnalysisJson>, ApiError> {
    let key = key_of(order.key.as_deref())?;
    let source = SourceOrder { piece: order.piece, version: order.version, score: order.score };
    let (source, _) = app.source(&source).await?;
    let analysis = app.render(move || {
        let bars = source.num_bars();
        if bars == 0 {
            return Err(ApiError::cannot(
                "score",
                "there are no notes to analyze: the piece is silent, or holds only drums",
            ));
        }
        if bars > MOST_BARS {
            let sentence = format!("a piece to analyze has at most {MOST_BARS} bars, and this one has {bars}");
            return Err(ApiError::cannot("score", sentence));
        }
        let composer = composer("transformer").map_err(crate::work::told)?;
        let analysis = composer.analyze(&source, key, &mut |_, _| true).map_err(crate::work::told)?;
        let clock = Clock::of(source.score());
        let mut named = Score::new(source.score().ticks_per_quarter);
        named.keys = vec![aeolian_score::KeyChange { at: aeolian_score::Tick(0), key: analysis.key }];
        Ok(AnalysisJson {
            key: analysis.key.to_string(),
            chords: chords_json(&analysis.chords, &named, &clock),
            sections: sections_json(&analysis.sections, &clock),
        })
    });
    Ok(Json(analysis.await?))
}

/// Chords in time, from the text that people type.
#[utoipa::path(post, path = "/api/chords", tag = "without saving", request_body = ChordsOrder,
    responses((status = 200, body = ChordsJson), (status = 400, body = ErrorBody), (status = 422, body = ErrorBody), (status = "default", body = ErrorBody)))]
pub async fn chords(JsonBody(order): JsonBody<ChordsOrder>) -> Result<Json<ChordsJson>, ApiError> {
    let key = key_of(order.key.as_deref())?;
    let metre = order.metre.as_deref().map_or(Ok(Metre::COMMON), str::parse);
    let metre = metre.map_err(|e| ApiError::cannot("metre", e.to_string()))?;
    let progression: Progression = order.text.parse().map_err(|e| ApiError::cannot("chords", format!("{e}")))?;
    let bars = order.bars.unwrap_or(progression.num_bars());
    if !(1..=MOST_BARS).contains(&bars) {
        return Err(ApiError::cannot("bars", format!("the number of bars can be 1 to {MOST_BARS}, not {bars}")));
    }
    let spans = progression.over(bars).spans(metre.bar_eighths(), key);
    let spans = spans.map_err(|e| ApiError::cannot("chords", e.to_string()))?;
    let chord = |span: &aeolian_score::ChordSpan| ChordJson {
        start: f64::from(span.start),
        length: f64::from(span.length),
        symbol: span.chord.to_string(),
        pitches: chord_pitches(span.chord.pitch_classes(), span.chord.bass()),
    };
    Ok(Json(ChordsJson { bars, chords: spans.iter().map(chord).collect() }))
}

fn key_of(text: Option<&str>) -> Result<Option<Key>, ApiError> {
    let read =
        |text: &str| text.parse::<Key>().map_err(|e| ApiError::new(Code::CannotBeMet, e.to_string()).in_field("key"));
    text.filter(|text| !text.is_empty()).map(read).transpose()
}
