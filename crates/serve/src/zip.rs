//! ZIP archives in memory: written with deflated entries, read by name. No entry's name ever reaches the file system.

use flate2::Compression;
use flate2::bufread::DeflateDecoder;
use flate2::write::DeflateEncoder;
use rawzip::{CompressionMethod, ZipArchive, ZipArchiveEntryWayfinder, ZipArchiveWriter};
use std::collections::HashMap;
use std::io::{Read, Write};

/// Entries an archive may have.
const MOST_ENTRIES: usize = 200_000;

/// Why an archive cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZipError {
    /// Not an archive, or a broken one.
    #[error("this is no ZIP archive that can be read: {0}")]
    Damaged(String),
    /// More than is read.
    #[error("the archive unpacks to more than {most} bytes")]
    TooLarge {
        /// What is read at most.
        most: usize,
    },
    /// Something that must be there is not.
    #[error("the archive has no entry \"{0}\"")]
    Missing(String),
}

fn damaged(error: impl ToString) -> ZipError {
    ZipError::Damaged(error.to_string())
}

/// Packs named contents. `is_packed` says that they are small already, as compressed sound is.
pub fn pack(entries: &[(String, Vec<u8>)], is_packed: bool) -> Result<Vec<u8>, ZipError> {
    let mut archive = ZipArchiveWriter::new(Vec::new());
    let method = if is_packed { CompressionMethod::STORE } else { CompressionMethod::DEFLATE };
    for (name, bytes) in entries {
        let (mut entry, config) = archive
            .new_file(name.as_str())
            .compression_method(method)
            .unix_permissions(0o644)
            .start()
            .map_err(damaged)?;
        let output = if is_packed {
            let mut writer = config.wrap(&mut entry);
            writer.write_all(bytes).map_err(damaged)?;
            writer.finish().map_err(damaged)?.1
        } else {
            let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::default()));
            writer.write_all(bytes).map_err(damaged)?;
            let (encoder, output) = writer.finish().map_err(damaged)?;
            encoder.finish().map_err(damaged)?;
            output
        };
        entry.finish(output).map_err(damaged)?;
    }
    archive.finish().map_err(damaged)
}

/// An archive, whose entries are unpacked one by one, and never more than a given number of bytes in all.
pub struct Unpacker<'a> {
    archive: rawzip::ZipSliceArchive<&'a [u8]>,
    entries: HashMap<String, (ZipArchiveEntryWayfinder, CompressionMethod)>,
    left: usize,
    most: usize,
}

impl<'a> Unpacker<'a> {
    /// Opens an archive of which at most `most` bytes will be unpacked.
    pub fn open(bytes: &'a [u8], most: usize) -> Result<Self, ZipError> {
        let archive = ZipArchive::from_slice(bytes).map_err(damaged)?;
        let mut entries = HashMap::new();
        let mut listed = archive.entries();
        while let Some(entry) = listed.next_entry().map_err(damaged)? {
            if entries.len() >= MOST_ENTRIES {
                return Err(ZipError::Damaged(format!("it has more than {MOST_ENTRIES} entries")));
            }
            let name = String::from_utf8_lossy(entry.file_path().as_bytes()).into_owned();
            entries.insert(name, (entry.wayfinder(), entry.compression_method()));
        }
        Ok(Self { archive, entries, left: most, most })
    }

    /// The contents of an entry, checked against its sum.
    pub fn read(&mut self, name: &str) -> Result<Vec<u8>, ZipError> {
        let &(place, method) =
            self.entries.get(name).ok_or_else(|| ZipError::Missing(name.chars().take(100).collect()))?;
        let entry = self.archive.get_entry(place).map_err(damaged)?;
        let limit = self.left as u64 + 1;
        let mut unpacked = Vec::new();
        match method {
            CompressionMethod::STORE => entry.verifying_reader(entry.data()).take(limit).read_to_end(&mut unpacked),
            CompressionMethod::DEFLATE => {
                entry.verifying_reader(DeflateDecoder::new(entry.data())).take(limit).read_to_end(&mut unpacked)
            }
            _ => return Err(damaged("its entries are neither stored nor deflated")),
        }
        .map_err(damaged)?;
        self.left = self.left.checked_sub(unpacked.len()).ok_or(ZipError::TooLarge { most: self.most })?;
        Ok(unpacked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back() {
        let entries = vec![("a.json".to_owned(), b"{}".to_vec()), ("b/c.bin".to_owned(), vec![7; 1000])];
        for is_packed in [false, true] {
            let bytes = pack(&entries, is_packed).unwrap();
            let mut archive = Unpacker::open(&bytes, 1002).unwrap();
            for (name, content) in &entries {
                assert_eq!(&archive.read(name).unwrap(), content);
            }
            assert_eq!(archive.read("d"), Err(ZipError::Missing("d".into())));
            assert_eq!(archive.read("a.json"), Err(ZipError::TooLarge { most: 1002 }), "1,002 bytes were read before");
        }
        assert!(matches!(Unpacker::open(b"PK nonsense", 10).err(), Some(ZipError::Damaged(_))));
    }
}
