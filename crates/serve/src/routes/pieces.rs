//! The library: pieces, versions, files.

use crate::App;
use crate::error::{ApiError, Code, ErrorBody};
use crate::extract::{Body, Id, InPath, InQuery, Json as JsonBody, within};
use crate::files::{self, FileFormat, Listening, SoundFormat};
use crate::heard::with_heard_chords;
use crate::making::{ControlJson, Facts, Making};
use crate::piece::{PieceJson, check_score};
use crate::routes::jobs::format_of;
use crate::store::jobs::Origin;
use crate::store::pieces::{Filter, PieceRow, VersionFacts, VersionRow};
use aeolian_compose::{Recipe, Source};
use aeolian_score::file;
use axum::Json;
use axum::extract::State;
use axum::http::header::{ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Types in which music files come.
pub const MUSIC_TYPES: [&str; 8] = [
    "application/octet-stream",
    "audio/midi",
    "audio/mid",
    "audio/x-midi",
    "application/vnd.recordare.musicxml",
    "application/vnd.recordare.musicxml+xml",
    "application/xml",
    "application/zip",
];
/// Characters of a title or a comment.
const LONGEST_TEXT: usize = 200;

/// A piece at a glance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Summary {
    /// Which.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Whether somebody likes it.
    pub starred: bool,
    /// Whether it is out of sight.
    pub trashed: bool,
    /// Its newest version.
    pub version: i64,
    /// When it came, in milliseconds since 1970.
    pub created: i64,
    /// When its newest version came.
    pub updated: i64,
    /// What it is.
    #[serde(flatten)]
    pub facts: Facts,
}

impl From<PieceRow> for Summary {
    fn from(row: PieceRow) -> Self {
        let PieceRow { id, title, starred, trashed, created, updated, version, facts } = row;
        Self { id, title, starred, trashed, version, created, updated, facts }
    }
}

/// Some pieces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PieceList {
    /// The newest first.
    pub pieces: Vec<Summary>,
}

/// A version with its notes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Saved {
    /// Which piece.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Whether somebody likes it.
    pub starred: bool,
    /// Whether it is out of sight.
    pub trashed: bool,
    /// Which version.
    pub version: i64,
    /// How many versions there are.
    pub versions: i64,
    /// When the piece came.
    pub created: i64,
    /// When its newest version came.
    pub updated: i64,
    /// When this version was saved.
    pub saved: i64,
    /// The music.
    pub piece: PieceJson,
    /// The verb that made it; null for a person's work.
    pub verb: Option<String>,
    /// Its seed.
    pub seed: Option<u64>,
    /// What its maker says of it.
    pub comment: Option<String>,
    /// What was asked and what came of it.
    pub report: Vec<ControlJson>,
    /// How much of it stands in the training music.
    pub originality: Option<ControlJson>,
    /// Enough to make it again.
    #[schema(value_type = Option<Object>)]
    pub recipe: Option<serde_json::Value>,
    /// What had to be put right in its file.
    pub repairs: Option<String>,
    /// Its file named no chords: these were heard from the notes.
    #[serde(default)]
    pub chords_heard: bool,
}

impl Saved {
    fn of(piece: PieceRow, version: VersionRow) -> Self {
        let Making { verb, seed, comment, report, originality, recipe, repairs, chords_heard, .. } = version.making;
        let some = |text: String| (!text.is_empty()).then_some(text);
        Self {
            id: piece.id,
            title: piece.title,
            starred: piece.starred,
            trashed: piece.trashed,
            version: version.version,
            versions: piece.version,
            created: piece.created,
            updated: piece.updated,
            saved: version.saved,
            piece: PieceJson::from_source(&version.source),
            verb: some(verb),
            seed,
            comment: some(comment),
            report,
            originality,
            recipe: serde_json::from_str(&recipe).ok(),
            repairs: some(repairs),
            chords_heard,
        }
    }
}

/// One line of a piece's history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VersionEntry {
    /// Which.
    pub version: i64,
    /// When it was saved.
    pub saved: i64,
    /// The verb that made it.
    pub verb: Option<String>,
    /// Its seed.
    pub seed: Option<u64>,
    /// Its bars.
    pub bars: usize,
    /// Its notes.
    pub notes: usize,
    /// What its maker says of it.
    pub comment: Option<String>,
}

impl From<VersionFacts> for VersionEntry {
    fn from(row: VersionFacts) -> Self {
        let some = |text: String| (!text.is_empty()).then_some(text);
        Self {
            version: row.version,
            saved: row.saved,
            verb: some(row.making.verb),
            seed: row.making.seed,
            bars: row.facts.bars,
            notes: row.facts.notes,
            comment: some(row.making.comment),
        }
    }
}

/// A piece's history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VersionList {
    /// The oldest first.
    pub versions: Vec<VersionEntry>,
}

/// A candidate of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CandidateRef {
    /// The job.
    pub job: String,
    /// The candidate's place in it.
    pub index: u32,
}

/// What a version is made of: either a score or a candidate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVersion {
    /// The music as it stands on the page.
    #[serde(default)]
    pub score: Option<PieceJson>,
    /// Or a candidate, with its recipe and report.
    #[serde(default)]
    pub candidate: Option<CandidateRef>,
    /// A title for a new piece.
    #[serde(default)]
    pub title: Option<String>,
    /// The version that it follows: 409 if there is a newer one.
    #[serde(default)]
    pub base: Option<i64>,
    /// A word on it.
    #[serde(default)]
    pub comment: Option<String>,
}

/// Marks to set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PieceMarks {
    /// Its title.
    #[serde(default)]
    pub title: Option<String>,
    /// Whether somebody likes it.
    #[serde(default)]
    pub starred: Option<bool>,
    /// Whether it is out of sight.
    #[serde(default)]
    pub trashed: Option<bool>,
}

/// Which pieces.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct PieceQuery {
    /// Words in the title.
    search: Option<String>,
    /// Only starred ones, or only others.
    starred: Option<bool>,
    /// Those out of sight.
    trashed: Option<bool>,
    /// 1–500; 50 if missing.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
    /// Only those older than this `updated`.
    before: Option<i64>,
}

/// Which version.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VersionQuery {
    /// The newest if missing.
    version: Option<i64>,
}

/// Title of a file that is taken in.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TitleQuery {
    /// The file's own if missing.
    title: Option<String>,
}

/// What of a piece goes into a file.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct FileQuery {
    /// The newest if missing.
    pub version: Option<i64>,
    /// In sound: only these, such as "melody,harmony".
    pub lanes: Option<String>,
    /// In stems.zip: wav, flac or ogg.
    pub format: Option<SoundFormat>,
}

/// A file that was read.
pub struct Taken {
    /// The music.
    pub source: Source,
    /// How it was made, as far as the file says.
    pub making: Making,
    /// "MIDI", "MusicXML", …
    pub format: String,
}

/// Reads a music file of any kind.
///
/// # Errors   400 in one sentence
pub fn take_in(bytes: &[u8]) -> Result<Taken, ApiError> {
    let refused = |sentence: String| ApiError::new(Code::BadRequest, sentence).in_field("file");
    let read = file::read(bytes).map_err(|error| refused(error.to_string()))?;
    check_score(&read.score)?;
    let recipe = read.recipe.filter(|text| Recipe::from_json(text).is_ok()).unwrap_or_default();
    let repairs = if read.repairs.is_empty() { String::new() } else { read.repairs.to_string() };
    let (source, chords_heard) = with_heard_chords(Source::new(read.score))?;
    // The grid makes the resolution finer, and with it the time later.
    check_score(source.score())?;
    let making = Making { recipe, repairs, chords_heard, ..Making::default() };
    Ok(Taken { source, making, format: read.format.to_string() })
}

/// Without control characters, and not too long.
fn short(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(LONGEST_TEXT).collect()
}

fn title_of(asked: Option<&str>, source: &Source) -> String {
    let titles = [asked.unwrap_or_default(), &source.score().title];
    titles.into_iter().map(short).find(|title| !title.is_empty()).unwrap_or_else(|| "Untitled".into())
}

impl App {
    /// The music of a new version, and where it came from.
    async fn content(&self, new: &NewVersion) -> Result<(Source, Making, Option<(String, usize)>), ApiError> {
        let comment = short(new.comment.as_deref().unwrap_or_default());
        match (&new.score, &new.candidate) {
            (Some(score), None) => {
                let making = Making { comment, ..Making::default() };
                Ok((score.to_source()?, making, None))
            }
            (None, Some(CandidateRef { job, index })) => {
                let row = self.store.candidate(job, *index as usize).await.map_err(|e| e.in_field("candidate"))?;
                let making = Making { comment, ..row.making };
                Ok((row.source, making, Some((job.clone(), row.index))))
            }
            _ => Err(ApiError::new(Code::BadRequest, "give either a score or a candidate").in_field("score")),
        }
    }

    async fn saved(&self, id: &str, version: Option<i64>) -> Result<Saved, ApiError> {
        let (piece, version) = self.store.version(id, version).await?;
        self.compute_notes(num_notes(&version.source), move || Ok(Saved::of(piece, version))).await
    }
}

/// Pieces, the newest first.
#[utoipa::path(get, path = "/api/pieces", tag = "library", params(PieceQuery),
    responses((status = 200, body = PieceList), (status = "default", body = ErrorBody)))]
pub async fn list(State(app): State<App>, InQuery(query): InQuery<PieceQuery>) -> Result<Json<PieceList>, ApiError> {
    let filter = Filter {
        search: short(query.search.as_deref().unwrap_or_default()),
        starred: query.starred,
        trashed: query.trashed.unwrap_or(false),
        before: query.before.unwrap_or(i64::MAX),
        limit: within(query.limit, 50, 500)?,
    };
    let pieces = app.store.pieces(&filter).await?.into_iter().map(Summary::from).collect();
    Ok(Json(PieceList { pieces }))
}

/// A new piece: of a score, of a candidate, or of a MIDI or MusicXML file as the body.
#[utoipa::path(post, path = "/api/pieces", tag = "library", params(TitleQuery),
    request_body(content((NewVersion = "application/json"), (Vec<u8> = "application/octet-stream"))),
    responses((status = 201, body = Saved), (status = 400, body = ErrorBody), (status = 413, body = ErrorBody), (status = 415, body = ErrorBody), (status = "default", body = ErrorBody)))]
pub async fn create(
    State(app): State<App>,
    InQuery(query): InQuery<TitleQuery>,
    body: Body,
) -> Result<impl IntoResponse, ApiError> {
    let (source, making, candidate, title) = if body.media_type == "application/json" {
        let new: NewVersion = body.json()?;
        let (source, making, candidate) = app.content(&new).await?;
        (source, making, candidate, new.title.or(query.title))
    } else {
        let body = body.of_types(&MUSIC_TYPES)?;
        let taken = app.compute(move || take_in(&body.bytes)).await?;
        (taken.source, taken.making, None, query.title)
    };
    let title = title_of(title.as_deref(), &source);
    let piece = app.store.create_piece(&title, &source, &making).await?;
    app.candidate_went(candidate, &piece).await?;
    Ok((StatusCode::CREATED, Json(app.saved(&piece.id, None).await?)))
}

impl App {
    async fn candidate_went(&self, candidate: Option<(String, usize)>, piece: &PieceRow) -> Result<(), ApiError> {
        let Some((job, index)) = candidate else { return Ok(()) };
        let to = Origin { piece: piece.id.clone(), version: piece.version };
        self.store.candidate_went(&job, index, &to).await
    }
}

/// A version of a piece, the newest if none is named.
#[utoipa::path(get, path = "/api/pieces/{id}", tag = "library", params(("id" = String, Path), VersionQuery),
    responses((status = 200, body = Saved), (status = 404, body = ErrorBody), (status = "default", body = ErrorBody)))]
pub async fn show(
    State(app): State<App>,
    Id(id): Id,
    InQuery(query): InQuery<VersionQuery>,
) -> Result<Json<Saved>, ApiError> {
    Ok(Json(app.saved(&id, query.version).await?))
}

/// Saves another version; nothing is overwritten.
#[utoipa::path(put, path = "/api/pieces/{id}", tag = "library", params(("id" = String, Path)), request_body = NewVersion,
    responses((status = 200, body = Saved), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody), (status = "default", body = ErrorBody)))]
pub async fn save(
    State(app): State<App>,
    Id(id): Id,
    JsonBody(new): JsonBody<NewVersion>,
) -> Result<Json<Saved>, ApiError> {
    let (source, making, candidate) = app.content(&new).await?;
    let piece = app.store.add_version(&id, new.base, &source, &making).await?;
    app.candidate_went(candidate, &piece).await?;
    Ok(Json(app.saved(&id, None).await?))
}

/// Sets a piece's title and marks.
#[utoipa::path(patch, path = "/api/pieces/{id}", tag = "library", params(("id" = String, Path)), request_body = PieceMarks,
    responses((status = 200, body = Summary), (status = 404, body = ErrorBody), (status = "default", body = ErrorBody)))]
pub async fn mark(
    State(app): State<App>,
    Id(id): Id,
    JsonBody(marks): JsonBody<PieceMarks>,
) -> Result<Json<Summary>, ApiError> {
    let title = marks.title.as_deref().map(short).filter(|title| !title.is_empty());
    let row = app.store.mark_piece(&id, title.as_deref(), marks.starred, marks.trashed).await?;
    Ok(Json(Summary::from(row)))
}

/// The history of a piece.
#[utoipa::path(get, path = "/api/pieces/{id}/versions", tag = "library", params(("id" = String, Path)),
    responses((status = 200, body = VersionList), (status = 404, body = ErrorBody), (status = "default", body = ErrorBody)))]
pub async fn versions(State(app): State<App>, Id(id): Id) -> Result<Json<VersionList>, ApiError> {
    let versions = app.store.versions(&id).await?.into_iter().map(VersionEntry::from).collect();
    Ok(Json(VersionList { versions }))
}

/// A version as a file.
#[utoipa::path(get, path = "/api/pieces/{id}/{file}", tag = "library",
    params(("id" = String, Path), ("file" = String, Path, description = "file.mid, .musicxml, .wav, .flac, .ogg, .svg, .json or .txt"), FileQuery),
    responses((status = 200, content((Vec<u8> = "audio/midi"), (String = "application/vnd.recordare.musicxml+xml"), (Vec<u8> = "audio/wav"), (Vec<u8> = "audio/flac"), (Vec<u8> = "audio/ogg"), (String = "image/svg+xml"), (Object = "application/json"), (String = "text/plain; charset=utf-8"))), (status = 404, body = ErrorBody), (status = "default", body = ErrorBody)))]
pub async fn file(
    State(app): State<App>,
    Id(id): Id,
    path: InPath,
    InQuery(query): InQuery<FileQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let format = format_of(path.text("file"))?;
    let lanes = lanes_of_query(&query)?;
    let (piece, version) = app.store.version(&id, query.version).await?;
    let key = format!("piece {id} {} {lanes:?} {}", version.version, format.ending());
    let bytes =
        app.made_once(key, format, move || files::file(&version.source, &version.making, format, lanes)).await?;
    Ok(attached(bytes, format.media_type(), &piece.title, format.ending(), &headers))
}

/// Every part of a version alone, in one archive.
#[utoipa::path(get, path = "/api/pieces/{id}/stems.zip", tag = "library", params(("id" = String, Path), FileQuery),
    responses((status = 200, body = Vec<u8>, content_type = "application/zip"), (status = 404, body = ErrorBody), (status = "default", body = ErrorBody)))]
pub async fn stems(
    State(app): State<App>,
    Id(id): Id,
    InQuery(query): InQuery<FileQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let lanes = lanes_of_query(&query)?;
    let (piece, version) = app.store.version(&id, query.version).await?;
    let listening = Listening { format: query.format.unwrap_or(SoundFormat::Wav), lanes, ..Listening::default() };
    let bytes = app.render(move || files::stems(&version.source, &listening)).await?;
    Ok(attached(bytes.into(), "application/zip", &format!("{} stems", piece.title), "zip", &headers))
}

/// "melody,harmony" as a list of lanes that exist.
pub fn lanes_of_query(query: &FileQuery) -> Result<Vec<String>, ApiError> {
    let text = query.lanes.as_deref().unwrap_or_default();
    let words: Vec<String> = text.split(',').map(|w| w.trim().to_lowercase()).filter(|w| !w.is_empty()).collect();
    words.iter().try_for_each(|word| crate::piece::lane_of(word).map(drop))?;
    Ok(words)
}

/// Bytes as a file to keep; or the range of them that was asked for, so that sound can be wound.
pub fn attached(
    bytes: axum::body::Bytes,
    media_type: &'static str,
    name: &str,
    ending: &str,
    asked: &HeaderMap,
) -> Response {
    // Only letters that no header minds; the name is a convenience.
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(80).collect();
    let disposition = format!("attachment; filename=\"{}.{ending}\"", plain.trim_matches('-'));
    let (status, range, part) = match asked.get(RANGE).map(|range| range_of(range, bytes.len())) {
        None => (StatusCode::OK, None, bytes),
        Some(Some((first, last))) => {
            let range = format!("bytes {first}-{last}/{}", bytes.len());
            (StatusCode::PARTIAL_CONTENT, Some(range), bytes.slice(first..=last))
        }
        Some(None) => {
            let range = format!("bytes */{}", bytes.len());
            (StatusCode::RANGE_NOT_SATISFIABLE, Some(range), axum::body::Bytes::new())
        }
    };
    let mut response = (status, part).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let text = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("attachment"));
    headers.insert(CONTENT_DISPOSITION, text(&disposition));
    if let Some(range) = range {
        headers.insert(CONTENT_RANGE, text(&range));
    }
    response
}

/// First and last byte of "bytes=0-99", "bytes=100-" or "bytes=-100"; `None` where the file has no such bytes.
fn range_of(value: &HeaderValue, length: usize) -> Option<(usize, usize)> {
    let (first, last) = value.to_str().ok()?.strip_prefix("bytes=")?.split_once('-')?;
    let end = length.checked_sub(1)?;
    let (first, last) = match (first.trim(), last.trim()) {
        ("", suffix) => (length.saturating_sub(suffix.parse().ok().filter(|&n: &usize| n > 0)?), end),
        (first, "") => (first.parse().ok()?, end),
        (first, last) => (first.parse().ok()?, last.parse::<usize>().ok()?.min(end)),
    };
    (first <= last && last <= end).then_some((first, last))
}

/// Notes of all parts.
pub fn num_notes(source: &Source) -> usize {
    source.score().parts.iter().map(|part| part.notes.len()).sum()
}

/// Formats whose making takes long enough to keep them for a while.
pub fn is_costly(format: FileFormat) -> bool {
    format.sound().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_the_file() {
        let range = |text: &'static str, length| range_of(&HeaderValue::from_static(text), length);
        assert_eq!(range("bytes=0-0", 10), Some((0, 0)));
        assert_eq!(range("bytes=3-", 10), Some((3, 9)));
        assert_eq!(range("bytes=3-99", 10), Some((3, 9)));
        assert_eq!(range("bytes=-4", 10), Some((6, 9)));
        assert_eq!(range("bytes=-40", 10), Some((0, 9)));
        for wrong in ["bytes=10-", "bytes=5-4", "bytes=-0", "lines=1-2", "bytes=x-y", "bytes=1-2,4-5"] {
            assert_eq!(range(wrong, 10), None, "{wrong}");
        }
        assert_eq!(range("bytes=0-", 0), None);
    }

    #[test]
    fn titles_are_never_empty_and_never_too_long() {
        let source = Source::new(aeolian_score::Score::new(12));
        assert_eq!(title_of(None, &source), "Untitled");
        assert_eq!(title_of(Some(" a\u{0}b\n"), &source), "ab");
        assert_eq!(title_of(Some(&"x".repeat(999)), &source).len(), LONGEST_TEXT);
    }
}
