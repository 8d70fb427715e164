//! The library: pieces and all their versions.

use super::{Store, new_id, now};
use crate::error::{ApiError, Code};
use crate::making::{Facts, Making};
use aeolian_compose::Source;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

/// Versions a piece may have.
const MOST_VERSIONS: i64 = 100_000;

/// A piece without its notes.
#[derive(Clone, Debug, PartialEq)]
pub struct PieceRow {
    /// Which.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Whether somebody likes it.
    pub starred: bool,
    /// Whether it is out of sight.
    pub trashed: bool,
    /// When it came.
    pub created: i64,
    /// When its newest version or its marks came.
    pub updated: i64,
    /// Its newest version.
    pub version: i64,
    /// The newest version at a glance.
    pub facts: Facts,
}

/// A version with its notes.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionRow {
    /// Its number, from 1.
    pub version: i64,
    /// When it was saved.
    pub saved: i64,
    /// The music.
    pub source: Source,
    /// How it was made.
    pub making: Making,
}

/// A version without its notes.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionFacts {
    /// Its number, from 1.
    pub version: i64,
    /// When it was saved.
    pub saved: i64,
    /// At a glance.
    pub facts: Facts,
    /// How it was made.
    pub making: Making,
}

/// Which pieces to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Words in the title.
    pub search: String,
    /// Only starred ones.
    pub starred: Option<bool>,
    /// Only trashed ones, or only others.
    pub trashed: bool,
    /// Only those older than this.
    pub before: i64,
    /// How many.
    pub limit: i64,
}

/// A version as it is stored: texts.
pub(crate) struct Texts {
    pub source: String,
    pub facts: String,
    pub making: String,
    pub digest: String,
}

impl Texts {
    pub(crate) fn of(source: &Source, making: &Making) -> Result<Self, ApiError> {
        let text = serde_json::to_string(source).map_err(ApiError::internal)?;
        Ok(Self {
            digest: blake3::hash(text.as_bytes()).to_hex().to_string(),
            source: text,
            facts: serde_json::to_string(&Facts::of(source, &making.verb)).map_err(ApiError::internal)?,
            making: serde_json::to_string(making).map_err(ApiError::internal)?,
        })
    }
}

const PIECE: &str = "SELECT id, title, starred, trashed, created, updated, version, facts FROM pieces";

impl Store {
    /// A new piece with its first version.
    pub async fn create_piece(&self, title: &str, source: &Source, making: &Making) -> Result<PieceRow, ApiError> {
        let (id, texts) = (new_id(), Texts::of(source, making)?);
        let mut transaction = self.pool.begin().await?;
        insert_piece(&mut transaction, &id, title, (false, false), (now(), now()), 1, &texts.facts).await?;
        insert_version(&mut transaction, &id, 1, now(), &texts).await?;
        transaction.commit().await?;
        self.piece(&id).await
    }

    /// Another version of a piece. Equal music gives the newest version again.
    ///
    /// # Errors   404; 409 if `base` is not the newest version
    pub async fn add_version(
        &self,
        id: &str,
        base: Option<i64>,
        source: &Source,
        making: &Making,
    ) -> Result<PieceRow, ApiError> {
        let texts = Texts::of(source, making)?;
        let mut transaction = self.pool.begin().await?;
        // Writing first holds the piece until the end: two who save at once come one after the other.
        let newest =
            "UPDATE pieces SET version = version + 1, updated = $2, facts = $3 WHERE id = $1 RETURNING version";
        let row = sqlx::query(newest).bind(id).bind(now()).bind(&texts.facts).fetch_optional(&mut *transaction).await?;
        let version: i64 = row.ok_or_else(|| ApiError::not_found("piece"))?.try_get(0)?;
        if base.is_some_and(|base| base != version - 1) {
            let sentence = format!(
                "version {} was saved in the meantime; nothing is lost, yours can be saved on top of it",
                version - 1
            );
            return Err(ApiError::new(Code::Conflict, sentence).in_field("base"));
        }
        if version > MOST_VERSIONS {
            return Err(ApiError::new(Code::TooMany, format!("a piece has at most {MOST_VERSIONS} versions")));
        }
        let same = "SELECT COUNT(*) FROM versions WHERE piece = $1 AND version = $2 AND digest = $3";
        let same: i64 = sqlx::query(same)
            .bind(id)
            .bind(version - 1)
            .bind(&texts.digest)
            .fetch_one(&mut *transaction)
            .await?
            .try_get(0)?;
        if same > 0 && making.verb.is_empty() {
            transaction.rollback().await?;
            return self.piece(id).await;
        }
        insert_version(&mut transaction, id, version, now(), &texts).await?;
        transaction.commit().await?;
        self.piece(id).await
    }

    /// A piece without its notes.
    pub async fn piece(&self, id: &str) -> Result<PieceRow, ApiError> {
        let row = sqlx::query(&format!("{PIECE} WHERE id = $1")).bind(id).fetch_optional(&self.pool).await?;
        piece_of(&row.ok_or_else(|| ApiError::not_found("piece"))?)
    }

    /// A version with its notes; the newest if none is named.
    pub async fn version(&self, id: &str, version: Option<i64>) -> Result<(PieceRow, VersionRow), ApiError> {
        // One way to the database and back; a version is 1 or more, so 0 can mean the newest.
        let query = "SELECT p.id, p.title, p.starred, p.trashed, p.created, p.updated, p.version, p.facts,
                     v.version, v.saved, v.source, v.making FROM pieces p JOIN versions v ON v.piece = p.id
                     AND v.version = CASE WHEN $2 = 0 THEN p.version ELSE $2 END WHERE p.id = $1";
        let wanted = version.map_or(0, |version| if version > 0 { version } else { -1 });
        let row = sqlx::query(query).bind(id).bind(wanted).fetch_optional(&self.pool).await?;
        match row {
            Some(row) => Ok((piece_of(&row)?, version_of(&row, 8)?)),
            None => {
                self.piece(id).await?;
                Err(ApiError::not_found("version"))
            }
        }
    }

    /// Every version at a glance, the oldest first.
    pub async fn versions(&self, id: &str) -> Result<Vec<VersionFacts>, ApiError> {
        self.piece(id).await?;
        let query = "SELECT version, saved, facts, making FROM versions WHERE piece = $1 ORDER BY version";
        let rows = sqlx::query(query).bind(id).fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| {
                Ok(VersionFacts {
                    version: row.try_get(0)?,
                    saved: row.try_get(1)?,
                    facts: from_text(&row.try_get::<String, _>(2)?)?,
                    making: from_text(&row.try_get::<String, _>(3)?)?,
                })
            })
            .collect()
    }

    /// Pieces, the newest first.
    pub async fn pieces(&self, filter: &Filter) -> Result<Vec<PieceRow>, ApiError> {
        let query = format!(
            "{PIECE} WHERE trashed = $1 AND (starred = $2 OR $3 = 1) AND updated < $4
             AND LOWER(title) LIKE $5 ESCAPE '!' ORDER BY updated DESC, id DESC LIMIT $6"
        );
        let escaped: String = filter.search.to_lowercase().chars().flat_map(escaped_for_like).collect();
        let rows = sqlx::query(&query)
            .bind(i64::from(filter.trashed))
            .bind(i64::from(filter.starred.unwrap_or(false)))
            .bind(i64::from(filter.starred.is_none()))
            .bind(filter.before)
            .bind(format!("%{escaped}%"))
            .bind(filter.limit)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(piece_of).collect()
    }

    /// Marks a piece.
    pub async fn mark_piece(
        &self,
        id: &str,
        title: Option<&str>,
        starred: Option<bool>,
        trashed: Option<bool>,
    ) -> Result<PieceRow, ApiError> {
        let old = self.piece(id).await?;
        sqlx::query("UPDATE pieces SET title = $2, starred = $3, trashed = $4 WHERE id = $1")
            .bind(id)
            .bind(title.unwrap_or(&old.title))
            .bind(i64::from(starred.unwrap_or(old.starred)))
            .bind(i64::from(trashed.unwrap_or(old.trashed)))
            .execute(&self.pool)
            .await?;
        self.piece(id).await
    }

    /// Ids of all pieces, trashed ones too.
    pub async fn piece_ids(&self) -> Result<Vec<String>, ApiError> {
        let rows = sqlx::query("SELECT id FROM pieces ORDER BY id").fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    /// Digests of a piece's versions, in order; empty where there is no such piece.
    pub async fn digests(&self, id: &str) -> Result<Vec<String>, ApiError> {
        let query = "SELECT digest FROM versions WHERE piece = $1 ORDER BY version";
        let rows = sqlx::query(query).bind(id).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    /// Puts a whole piece with its history into the library, or only the versions that a piece has beyond those here.
    pub async fn import_piece(&self, piece: &PieceRow, versions: &[VersionRow], known: usize) -> Result<(), ApiError> {
        let mut transaction = self.pool.begin().await?;
        let facts = versions.last().map(|v| Facts::of(&v.source, &v.making.verb)).unwrap_or_default();
        let facts = serde_json::to_string(&facts).map_err(ApiError::internal)?;
        let count = versions.len() as i64;
        if known == 0 {
            let marks = (piece.starred, piece.trashed);
            let times = (piece.created, piece.updated);
            insert_piece(&mut transaction, &piece.id, &piece.title, marks, times, count, &facts).await?;
        } else {
            sqlx::query("UPDATE pieces SET version = $2, updated = $3, facts = $4 WHERE id = $1 AND version = $5")
                .bind(&piece.id)
                .bind(count)
                .bind(now())
                .bind(&facts)
                .bind(known as i64)
                .execute(&mut *transaction)
                .await?;
        }
        for (index, version) in versions.iter().enumerate().skip(known) {
            let texts = Texts::of(&version.source, &version.making)?;
            insert_version(&mut transaction, &piece.id, index as i64 + 1, version.saved, &texts).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

async fn insert_piece(
    connection: &mut AnyConnection,
    id: &str,
    title: &str,
    (starred, trashed): (bool, bool),
    (created, updated): (i64, i64),
    version: i64,
    facts: &str,
) -> Result<(), ApiError> {
    let query = "INSERT INTO pieces (id, title, starred, trashed, created, updated, version, facts)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    sqlx::query(query)
        .bind(id)
        .bind(title)
        .bind(i64::from(starred))
        .bind(i64::from(trashed))
        .bind(created)
        .bind(updated)
        .bind(version)
        .bind(facts)
        .execute(connection)
        .await?;
    Ok(())
}

async fn insert_version(
    connection: &mut AnyConnection,
    piece: &str,
    version: i64,
    saved: i64,
    texts: &Texts,
) -> Result<(), ApiError> {
    let query = "INSERT INTO versions (piece, version, saved, source, facts, making, digest)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)";
    sqlx::query(query)
        .bind(piece)
        .bind(version)
        .bind(saved)
        .bind(&texts.source)
        .bind(&texts.facts)
        .bind(&texts.making)
        .bind(&texts.digest)
        .execute(connection)
        .await?;
    Ok(())
}

fn piece_of(row: &AnyRow) -> Result<PieceRow, ApiError> {
    Ok(PieceRow {
        id: row.try_get(0)?,
        title: row.try_get(1)?,
        starred: row.try_get::<i64, _>(2)? != 0,
        trashed: row.try_get::<i64, _>(3)? != 0,
        created: row.try_get(4)?,
        updated: row.try_get(5)?,
        version: row.try_get(6)?,
        facts: from_text(&row.try_get::<String, _>(7)?)?,
    })
}

/// From four columns, of which this is the first.
fn version_of(row: &AnyRow, first: usize) -> Result<VersionRow, ApiError> {
    Ok(VersionRow {
        version: row.try_get(first)?,
        saved: row.try_get(first + 1)?,
        source: from_text(&row.try_get::<String, _>(first + 2)?)?,
        making: from_text(&row.try_get::<String, _>(first + 3)?)?,
    })
}

/// What this program wrote, read back.
pub(crate) fn from_text<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    serde_json::from_str(text).map_err(|error| ApiError::internal(format_args!("a stored row: {error}")))
}

fn escaped_for_like(character: char) -> impl Iterator<Item = char> {
    let escape = matches!(character, '%' | '_' | '!').then_some('!');
    escape.into_iter().chain([character])
}
