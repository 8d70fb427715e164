//! The `.corpus` file: header, index, records.
//!
//! All numbers are little-endian.
//!
//! ```text
//! 0    magic    8 bytes  "AEOLCORP"
//! 8    version  u32      1, or 3 if a record has an extension (roles, style, licence); 2 had three lanes
//! 12   digest   32 bytes blake3 of everything from byte 44 on
//! 44   pieces   u32      n
//! 48   index    n × (offset u64 from the start of the file, length u64)
//!      records  one after the other (see `record.rs`)
//! ```
//!
//! The file is memory-mapped, so a corpus of any size opens at the speed of hashing it and shares its pages between
//! processes. The digest depends on the music alone, not on where or when the corpus was built.

use crate::{CorpusError, Piece, record};
use memmap2::Mmap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

const MAGIC: [u8; 8] = *b"AEOLCORP";
const PLAIN: u32 = 1;
const EXTENDED: u32 = 3;
const DIGEST: usize = 12;
const COUNT: usize = 44;
const INDEX: usize = 48;
const INDEX_ENTRY: usize = 16;

/// An open corpus. Pieces are decoded when asked for; it can be shared between threads.
#[derive(Debug)]
pub struct Corpus {
    path: PathBuf,
    bytes: Mmap,
    len: usize,
    digest: String,
}

impl Corpus {
    /// Opens a corpus and verifies its digest.
    ///
    /// The file must not be changed in place while it is open; [`build`](crate::build) never does (it renames).
    ///
    /// # Errors   `Io`; `NotACorpus`; `Version`; `Damaged` if the content does not match the digest.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, CorpusError> {
        let path = path.as_ref();
        let file = File::open(path).map_err(CorpusError::io(path))?;
        // SAFETY: mapping is unsound only if another process changes or truncates the file in place. Corpus files are
        // written to a sibling and renamed, never changed; and every read below is bounds-checked and UTF-8-checked.
        let bytes = unsafe { Mmap::map(&file) }.map_err(CorpusError::io(path))?;
        let damaged = |reason| CorpusError::Damaged { path: path.to_owned(), reason };
        if bytes.len() < MAGIC.len() || bytes[..8] != MAGIC {
            return Err(CorpusError::NotACorpus(path.to_owned()));
        }
        let found = u32_at(&bytes, 8).ok_or_else(|| damaged("the header breaks off"))?;
        if ![PLAIN, EXTENDED].contains(&found) {
            return Err(CorpusError::Version { path: path.to_owned(), found, known: EXTENDED });
        }
        let len = u32_at(&bytes, COUNT).ok_or_else(|| damaged("the header breaks off"))? as usize;
        let digest = blake3::hash(&bytes[COUNT..]);
        if bytes[DIGEST..COUNT] != *digest.as_bytes() {
            return Err(damaged("its content does not match its digest"));
        }
        if (bytes.len() - INDEX) / INDEX_ENTRY < len {
            return Err(damaged("the index breaks off"));
        }
        let digest = digest.to_hex().to_string();
        Ok(Self { path: path.to_owned(), bytes, len, digest })
    }

    /// Pieces in the corpus.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The blake3 digest of the content, 64 hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Piece `index`, counted from 0.
    ///
    /// # Errors   `NoSuchPiece`; `Damaged` if its record makes no sense.
    pub fn piece(&self, index: usize) -> Result<Piece, CorpusError> {
        if index >= self.len {
            return Err(CorpusError::NoSuchPiece { index, len: self.len });
        }
        let damaged = |reason| CorpusError::Damaged { path: self.path.clone(), reason };
        let record = self.record(index).ok_or_else(|| damaged("the index points outside the file"))?;
        record::read(record).map_err(damaged)
    }

    /// Every piece, in order.
    pub fn pieces(&self) -> impl Iterator<Item = Result<Piece, CorpusError>> + '_ {
        (0..self.len).map(|index| self.piece(index))
    }

    fn record(&self, index: usize) -> Option<&[u8]> {
        let entry = INDEX + index * INDEX_ENTRY;
        let offset = usize::try_from(u64_at(&self.bytes, entry)?).ok()?;
        let length = usize::try_from(u64_at(&self.bytes, entry + 8)?).ok()?;
        self.bytes.get(offset..offset.checked_add(length)?)
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

/// Writes records as a corpus at `out` and returns its digest and size in bytes. Whoever reads an older file there
/// keeps reading it: the new one is written beside it and renamed. Its folder is made if it is not there. `extended`: some
/// record has an extension.
///
/// # Errors   `Io`; then an older file at `out` is untouched.
pub(crate) fn write(records: &[Vec<u8>], extended: bool, out: &Path) -> Result<(String, u64), CorpusError> {
    let count = u32::try_from(records.len()).expect("every record is in memory, so they are fewer than 2³²");
    let mut index = count.to_le_bytes().to_vec();
    let mut offset = (INDEX + records.len() * INDEX_ENTRY) as u64;
    for record in records {
        index.extend(offset.to_le_bytes());
        index.extend((record.len() as u64).to_le_bytes());
        offset += record.len() as u64;
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(&index);
    records.iter().for_each(|record| {
        hasher.update(record);
    });
    let digest = hasher.finalize();
    let version = if extended { EXTENDED } else { PLAIN };
    let header = [&MAGIC[..], &version.to_le_bytes(), digest.as_bytes()].concat();
    let content = [&header, &index].into_iter().chain(records);
    write_then_rename(content, out)?;
    Ok((digest.to_hex().to_string(), offset))
}

fn write_then_rename<'a>(content: impl Iterator<Item = &'a Vec<u8>>, out: &Path) -> Result<(), CorpusError> {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    let partial = out.with_file_name(name);
    if let Some(folder) = out.parent() {
        fs::create_dir_all(folder).map_err(CorpusError::io(folder))?;
    }
    let written = write_all(content, &partial)
        .map_err(CorpusError::io(&partial))
        .and_then(|()| fs::rename(&partial, out).map_err(CorpusError::io(out)));
    if written.is_err() {
        // The error that matters is already in hand; a leftover is only untidy.
        let _ = fs::remove_file(&partial);
    }
    written
}

fn write_all<'a>(content: impl Iterator<Item = &'a Vec<u8>>, path: &Path) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for bytes in content {
        file.write_all(bytes)?;
    }
    file.into_inner().map_err(|e| e.into_error())?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::sample;

    fn sample_file() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sample.corpus");
        let record = record::write(&sample());
        write(&[record.clone(), record], true, &path).unwrap();
        (folder, path)
    }

    #[test]
    fn a_folder_that_is_not_there_yet_is_made() {
        let folder = tempfile::tempdir().unwrap();
        write(&[record::write(&sample())], true, &folder.path().join("work/new/sample.corpus")).unwrap();
        assert!(folder.path().join("work/new/sample.corpus").exists());
    }

    #[test]
    fn what_was_written_is_read() {
        let (folder, path) = sample_file();
        let corpus = Corpus::open(&path).unwrap();
        assert_eq!(corpus.len(), 2);
        assert_eq!(corpus.digest().len(), 64);
        assert!(corpus.pieces().all(|piece| piece.unwrap() == sample()));
        assert!(matches!(corpus.piece(2), Err(CorpusError::NoSuchPiece { index: 2, len: 2 })));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside the corpus");
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let (_folder, path) = sample_file();
        let bytes = fs::read(&path).unwrap();
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x10;
            fs::write(&path, damaged).unwrap();
            assert!(Corpus::open(&path).is_err(), "byte {place}");
        }
    }

    #[test]
    fn every_shortened_file_is_refused() {
        let (_folder, path) = sample_file();
        let bytes = fs::read(&path).unwrap();
        for length in 0..bytes.len() {
            fs::write(&path, &bytes[..length]).unwrap();
            assert!(Corpus::open(&path).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn a_later_format_is_named() {
        let (_folder, path) = sample_file();
        let mut bytes = fs::read(&path).unwrap();
        bytes[8] = 9;
        fs::write(&path, bytes).unwrap();
        assert!(matches!(Corpus::open(&path), Err(CorpusError::Version { found: 9, known: 3, .. })));
    }
}
