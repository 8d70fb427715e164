//! Compressed MusicXML (`.mxl`): a ZIP archive whose `META-INF/container.xml` says which entry is the score.
//!
//! Source: MusicXML 4.0, "Compressed .MXL files". Entries are only ever read into memory, so that their names can do no
//! harm; what an entry says about its size is not believed, but counted while it is unpacked.

use super::super::MusicXmlError;
use super::MAX_BYTES;
use super::text::decoded;
use super::tree::Xml;
use flate2::bufread::DeflateDecoder;
use rawzip::{CompressionMethod, ZipArchive, ZipArchiveEntryWayfinder, ZipSliceArchive};
use std::io::Read;

/// The most bytes of a container description that are read.
const MAX_CONTAINER_BYTES: usize = 1 << 16;

/// True for bytes that begin as a ZIP archive.
pub(super) fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// The bytes of the score in an archive.
///
/// The first root file of the container is the score; without a container it is the first entry that ends in .xml or
/// .musicxml outside META-INF.
///
/// # Errors   `Archive`, `NoScore`, `TooLarge`, and what reading the container's XML may bring.
pub(super) fn score_in(bytes: &[u8]) -> Result<Vec<u8>, MusicXmlError> {
    let archive = ZipArchive::from_slice(bytes).map_err(damaged)?;
    let entry = match Entry::find(&archive, |name| name == b"META-INF/container.xml")? {
        Some(container) => {
            let text = container.unpacked(&archive, MAX_CONTAINER_BYTES)?;
            let wanted = root_file(&text)?.ok_or(MusicXmlError::NoScore)?;
            Entry::find(&archive, |name| name == wanted.as_bytes())?
        }
        None => Entry::find(&archive, is_score_name)?,
    };
    entry.ok_or(MusicXmlError::NoScore)?.unpacked(&archive, MAX_BYTES)
}

fn damaged(error: impl ToString) -> MusicXmlError {
    MusicXmlError::Archive { what: error.to_string() }
}

fn is_score_name(name: &[u8]) -> bool {
    !name.starts_with(b"META-INF/") && (name.ends_with(b".xml") || name.ends_with(b".musicxml"))
}

/// One file of an archive.
struct Entry {
    place: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
}

impl Entry {
    /// The first entry whose name is wanted.
    fn find(
        archive: &ZipSliceArchive<&[u8]>,
        is_wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<Option<Self>, MusicXmlError> {
        let mut entries = archive.entries();
        while let Some(entry) = entries.next_entry().map_err(damaged)? {
            if is_wanted(entry.file_path().as_bytes()) {
                return Ok(Some(Self { place: entry.wayfinder(), method: entry.compression_method() }));
            }
        }
        Ok(None)
    }

    /// What is in it, checked against its sum.
    fn unpacked(&self, archive: &ZipSliceArchive<&[u8]>, most: usize) -> Result<Vec<u8>, MusicXmlError> {
        let entry = archive.get_entry(self.place).map_err(damaged)?;
        let limit = most as u64 + 1;
        let mut unpacked = Vec::new();
        match self.method {
            CompressionMethod::STORE => entry.verifying_reader(entry.data()).take(limit).read_to_end(&mut unpacked),
            CompressionMethod::DEFLATE => {
                entry.verifying_reader(DeflateDecoder::new(entry.data())).take(limit).read_to_end(&mut unpacked)
            }
            _ => return Err(damaged("its entries are neither stored nor deflated")),
        }
        .map_err(damaged)?;
        if unpacked.len() > most {
            return Err(MusicXmlError::TooLarge { most });
        }
        Ok(unpacked)
    }
}

/// The name of the first root file that a container lists.
fn root_file(container: &[u8]) -> Result<Option<String>, MusicXmlError> {
    let text = decoded(container)?;
    let mut xml = Xml::new(&text);
    let root = xml.root()?;
    let container = xml.rest_of(root)?;
    let mut files = container.children_named("rootfiles").flat_map(|files| files.children_named("rootfile"));
    Ok(files.find_map(|file| file.attribute("full-path")).map(str::to_owned))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use flate2::{Compression, write::DeflateEncoder};
    use rawzip::ZipArchiveWriter;
    use std::io::Write;

    /// An archive of these entries, deflated.
    pub(in super::super) fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = ZipArchiveWriter::new(Vec::new());
        for (name, bytes) in entries {
            let path = rawzip::path::EntryPath::verbatim(name.as_bytes());
            let (mut entry, config) =
                archive.new_file(path).compression_method(CompressionMethod::DEFLATE).start().unwrap();
            let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::default()));
            writer.write_all(bytes).unwrap();
            let (encoder, descriptor) = writer.finish().unwrap();
            encoder.finish().unwrap();
            entry.finish(descriptor).unwrap();
        }
        archive.finish().unwrap()
    }

    const CONTAINER: &str = "META-INF/container.xml";

    #[test]
    fn the_container_says_which_entry_is_the_score() {
        let container = b"<container><rootfiles><rootfile full-path='b/c.xml'/><rootfile full-path='a.xml'/>\
            </rootfiles></container>";
        let bytes = archive(&[("a.xml", b"first"), (CONTAINER, container), ("b/c.xml", b"second")]);
        assert!(is_archive(&bytes));
        assert_eq!(score_in(&bytes).unwrap(), b"second");
    }

    #[test]
    fn without_a_container_the_first_xml_is_the_score() {
        let bytes = archive(&[("cover.png", b"-"), ("META-INF/x.xml", b"-"), ("../../etc/evil.xml", b"score")]);
        assert_eq!(score_in(&bytes).unwrap(), b"score");
        assert_eq!(score_in(&archive(&[("a.txt", b"-")])), Err(MusicXmlError::NoScore));
        assert_eq!(score_in(&archive(&[(CONTAINER, b"<container/>"), ("a.xml", b"-")])), Err(MusicXmlError::NoScore));
    }

    #[test]
    fn a_bomb_is_refused_before_it_fills_the_memory() {
        let zeros = vec![b' '; MAX_BYTES + 1];
        let bytes = archive(&[("a.xml", &zeros)]);
        assert!(bytes.len() < 1 << 20, "{} bytes unpack to more than {MAX_BYTES}", bytes.len());
        assert_eq!(score_in(&bytes), Err(MusicXmlError::TooLarge { most: MAX_BYTES }));
        let bytes = archive(&[(CONTAINER, &zeros[..MAX_CONTAINER_BYTES + 1])]);
        assert_eq!(score_in(&bytes), Err(MusicXmlError::TooLarge { most: MAX_CONTAINER_BYTES }));
    }

    #[test]
    fn a_damaged_archive_is_an_error() {
        let bytes = archive(&[("a.xml", &[7; 4_000])]);
        for length in 0..bytes.len() {
            assert!(score_in(&bytes[..length]).is_err(), "cut to {length} bytes");
        }
        let mut bytes = archive(&[("a.xml", b"every byte is summed up")]);
        let place = bytes.windows(4).position(|four| four == b"a.xm").expect("the local header names it") + 10;
        bytes[place] ^= 0x55;
        assert!(matches!(score_in(&bytes), Err(MusicXmlError::Archive { .. })));
    }
}
