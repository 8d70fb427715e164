//! The whole library as one archive, and back.
//!
//! `library.json` lists the pieces; every version is an entry of its own, with its notes to the tick, its recipe and its report;
//! beside it lies the newest version as MIDI, for whoever opens the archive without this program. Entries are found by the
//! names that this program would give them: no name in an archive is ever used as a path.

use crate::App;
use crate::error::{ApiError, Code, ErrorBody};
use crate::extract::Body;
use crate::making::Making;
use crate::piece::check_score;
use crate::routes::pieces::attached;
use crate::store::pieces::{PieceRow, Texts, VersionRow};
use crate::store::{Store, is_id};
use crate::zip::{Unpacker, ZipError, pack};
use aeolian_compose::Source;
use aeolian_score::midi;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The version of such archives.
const FORMAT: u32 = 1;
/// How many times its packed size an archive may unpack to, in all.
const UNPACKED: usize = 4;

#[derive(Serialize, Deserialize)]
struct Manifest {
    aeolian_library: u32,
    pieces: Vec<ManifestPiece>,
}

#[derive(Serialize, Deserialize)]
struct ManifestPiece {
    id: String,
    title: String,
    starred: bool,
    trashed: bool,
    created: i64,
    updated: i64,
    versions: usize,
}

#[derive(Serialize, Deserialize)]
struct StoredVersion {
    saved: i64,
    source: Source,
    making: Making,
}

/// What an import brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Imported {
    /// Pieces that are new or have new versions.
    pub pieces: usize,
    /// Versions that are new.
    pub versions: usize,
    /// Pieces that were there already.
    pub already: usize,
}

fn entry_name(id: &str, version: usize) -> String {
    format!("pieces/{id}/{version}.json")
}

/// The whole library, with every version, as a ZIP archive.
#[utoipa::path(get, path = "/api/library.zip", tag = "library",
    responses((status = 200, body = Vec<u8>, content_type = "application/zip"), (status = "default", body = ErrorBody)))]
pub async fn export(State(app): State<App>) -> Result<Response, ApiError> {
    let (mut pieces, mut entries) = (Vec::new(), Vec::new());
    for id in app.store.piece_ids().await? {
        let piece = app.store.piece(&id).await?;
        for number in 1..=piece.version {
            let (_, version) = app.store.version(&id, Some(number)).await?;
            if number == piece.version
                && let Ok(bytes) = midi::write(version.source.score())
            {
                entries.push((format!("midi/{id}.mid"), bytes));
            }
            let stored = StoredVersion { saved: version.saved, source: version.source, making: version.making };
            entries.push((entry_name(&id, number as usize), serde_json::to_vec(&stored).map_err(ApiError::internal)?));
        }
        let PieceRow { id, title, starred, trashed, created, updated, version, .. } = piece;
        pieces.push(ManifestPiece { id, title, starred, trashed, created, updated, versions: version as usize });
    }
    let manifest =
        serde_json::to_vec_pretty(&Manifest { aeolian_library: FORMAT, pieces }).map_err(ApiError::internal)?;
    entries.insert(0, ("library.json".into(), manifest));
    let bytes = app.compute(move || pack(&entries, false).map_err(ApiError::internal)).await?;
    Ok(attached(bytes.into(), "application/zip", "aeolian-library", "zip", &HeaderMap::new()))
}

/// Takes such an archive in. What is there already stays as it is; importing twice changes nothing.
#[utoipa::path(post, path = "/api/library", tag = "library", request_body(content = Vec<u8>, content_type = "application/zip"),
    responses((status = 200, body = Imported), (status = 400, body = ErrorBody), (status = 413, body = ErrorBody), (status = 415, body = ErrorBody), (status = "default", body = ErrorBody)))]
pub async fn import(State(app): State<App>, body: Body) -> Result<Json<Imported>, ApiError> {
    let body = body.of_types(&["application/zip", "application/octet-stream"])?;
    let most = UNPACKED * app.limits.import_bytes;
    let pieces = app.compute(move || unpack(&body.bytes, most)).await?;
    let mut imported = Imported::default();
    for (piece, versions) in pieces {
        take(&app.store, piece, &versions, &mut imported).await?;
    }
    Ok(Json(imported))
}

type Whole = (PieceRow, Vec<VersionRow>);

fn refused(error: ZipError) -> ApiError {
    let code = if matches!(error, ZipError::TooLarge { .. }) { Code::TooLarge } else { Code::BadRequest };
    ApiError::new(code, error.to_string()).in_field("file")
}

fn unpack(bytes: &[u8], most: usize) -> Result<Vec<Whole>, ApiError> {
    let wrong = |what: String| ApiError::new(Code::BadRequest, what).in_field("file");
    let mut archive = Unpacker::open(bytes, most).map_err(refused)?;
    let manifest = archive.read("library.json").map_err(refused)?;
    let manifest: Manifest = serde_json::from_slice(&manifest)
        .map_err(|error| wrong(format!("this is no library of Aeolian's: {error}")))?;
    if manifest.aeolian_library > FORMAT {
        let found = manifest.aeolian_library;
        return Err(wrong(format!("this library is of version {found}, and this program reads version {FORMAT}")));
    }
    let mut pieces = Vec::new();
    for listed in manifest.pieces {
        let ManifestPiece { id, title, starred, trashed, created, updated, versions } = listed;
        if !is_id(&id) || versions == 0 {
            return Err(wrong("the archive lists a piece without an id or without versions".into()));
        }
        let mut whole = Vec::new();
        for number in 1..=versions {
            let entry = archive.read(&entry_name(&id, number)).map_err(refused)?;
            let StoredVersion { saved, source, making } = serde_json::from_slice(&entry)
                .map_err(|error| wrong(format!("piece {id}, version {number}: {error}")))?;
            check_score(source.score())?;
            whole.push(VersionRow { version: number as i64, saved, source, making });
        }
        let title: String = title.chars().filter(|c| !c.is_control()).take(200).collect();
        let facts = crate::making::Facts::default();
        let version = versions as i64;
        pieces.push((PieceRow { id, title, starred, trashed, created, updated, version, facts }, whole));
    }
    Ok(pieces)
}

async fn take(
    store: &Store,
    mut piece: PieceRow,
    versions: &[VersionRow],
    imported: &mut Imported,
) -> Result<(), ApiError> {
    let digest = |v: &VersionRow| Texts::of(&v.source, &v.making).map(|texts| texts.digest);
    let theirs: Vec<String> = versions.iter().map(digest).collect::<Result<_, _>>()?;
    let mut ours = store.digests(&piece.id).await?;
    let is_beginning = |short: &[String], long: &[String]| long.starts_with(short);
    if !is_beginning(&ours, &theirs) && !is_beginning(&theirs, &ours) {
        // Two histories of one piece: both stay, the other one under an id that follows from its contents.
        let both = format!("{} {}", piece.id, theirs.join(" "));
        piece.id = blake3::hash(both.as_bytes()).to_hex().chars().take(31).collect();
        ours = store.digests(&piece.id).await?;
    }
    if theirs.len() <= ours.len() {
        imported.already += 1;
        return Ok(());
    }
    store.import_piece(&piece, versions, ours.len()).await?;
    imported.pieces += 1;
    imported.versions += versions.len() - ours.len();
    Ok(())
}
