//! A RIFF file taken apart: where the samples lie, and the tables.
//!
//! Chunks may come in any order and strangers are passed over, padded or not; sizes are believed only as far as the file goes.

use super::damage::Damage;
use super::tables::Tables;
use std::io::{Read, Seek, SeekFrom};

/// Most bytes of one table: 65,536 rows of the longest, and the row that ends it.
const MAX_TABLE: u64 = 46 * 65_537;
/// Most chunks of one file; a real one has some twenty.
const MAX_CHUNKS: usize = 1_000;
/// Most letters of a name.
const MAX_NAME: u64 = 256;

/// What was found.
pub struct Contents {
    /// The name the file gives itself, without trailing zeros.
    pub name: Vec<u8>,
    /// Where the samples begin, and how many bytes they have.
    pub samples: (u64, u64),
    /// Presets, instruments and sample headers.
    pub tables: Tables,
}

/// A chunk's name, and where its contents lie.
struct Chunk {
    id: [u8; 4],
    start: u64,
    size: u64,
}

impl Chunk {
    fn end(&self) -> u64 {
        self.start + self.size
    }
}

impl Contents {
    /// Takes a file apart.
    pub fn split(file: &mut (impl Read + Seek)) -> Result<Self, Damage> {
        let size = file.seek(SeekFrom::End(0)).map_err(Damage::Io)?;
        let mut head = [0; 12];
        if size < 12 {
            return Err(Damage::NotSoundFont);
        }
        read_at(file, 0, &mut head)?;
        if &head[..4] != b"RIFF" || &head[8..] != b"sfbk" {
            return Err(Damage::NotSoundFont);
        }
        let (mut name, mut samples, mut tables) = (Vec::new(), None, Tables::default());
        let mut left = MAX_CHUNKS;
        let mut lists = Walk { at: 12, end: size };
        while let Some(list) = lists.next(file, &mut left)? {
            if &list.id != b"LIST" || list.size < 4 {
                continue;
            }
            let mut chunks = Walk { at: list.start + 4, end: list.end() };
            while let Some(chunk) = chunks.next(file, &mut left)? {
                match &chunk.id {
                    b"INAM" => name = read_whole(file, &chunk, MAX_NAME)?,
                    b"smpl" => samples = Some((chunk.start, chunk.size)),
                    id => {
                        if let Some(table) = tables.named(id) {
                            *table = read_whole(file, &chunk, MAX_TABLE)?;
                        }
                    }
                }
            }
        }
        name.truncate(name.iter().position(|&c| c == 0).unwrap_or(name.len()));
        Ok(Self { name, samples: samples.ok_or(Damage::Missing("smpl"))?, tables })
    }

    /// The bytes before and after `size` bytes of samples in a file of canonical order.
    pub fn around(&self, size: u64) -> Result<(Vec<u8>, Vec<u8>), Damage> {
        let chunk = |id: &[u8; 4], body: &[u8]| {
            let mut bytes = id.to_vec();
            bytes.extend((body.len() as u32).to_le_bytes());
            bytes.extend(body);
            bytes
        };
        let list = |kind: &[u8; 4], chunks: Vec<u8>| chunk(b"LIST", &[&kind[..], &chunks].concat());
        // The player takes the version for granted but wants the chunk; a name of even length keeps everything aligned.
        let mut name = self.name.clone();
        name.resize(name.len() + 2 - name.len() % 2, 0);
        let info = list(b"INFO", [chunk(b"ifil", &[2, 0, 4, 0]), chunk(b"INAM", &name)].concat());
        let tables = list(b"pdta", self.tables.rows().iter().flat_map(|(id, rows)| chunk(id, rows)).collect());
        let short = |bytes: u64| u32::try_from(bytes).map_err(|_| Damage::TooLarge { max: u64::from(u32::MAX) });
        let whole = 4 + info.len() as u64 + 20 + size + tables.len() as u64;
        let mut head = [b"RIFF", &short(whole)?.to_le_bytes()[..], b"sfbk", &info, b"LIST"].concat();
        head.extend(short(size + 12)?.to_le_bytes());
        head.extend(b"sdtasmpl");
        head.extend(short(size)?.to_le_bytes());
        Ok((head, tables))
    }
}

/// Chunks one after another.
struct Walk {
    at: u64,
    end: u64,
}

impl Walk {
    /// The next chunk, or `None` where fewer than the 8 bytes of a chunk's head are left.
    fn next(&mut self, file: &mut (impl Read + Seek), left: &mut usize) -> Result<Option<Chunk>, Damage> {
        if self.end < self.at + 8 {
            return Ok(None);
        }
        *left = left.checked_sub(1).ok_or(Damage::Refused(format!("it has more than {MAX_CHUNKS} chunks")))?;
        let mut head = [0; 8];
        read_at(file, self.at, &mut head)?;
        let [a, b, c, d, size @ ..] = head;
        let chunk = Chunk { id: [a, b, c, d], start: self.at + 8, size: u64::from(u32::from_le_bytes(size)) };
        if chunk.end() > self.end {
            return Err(Damage::CutShort { claimed: chunk.size, left: self.end - chunk.start });
        }
        // A chunk of odd size is padded to an even one, but not by every program.
        let padded = chunk.size % 2 == 1 && chunk.end() < self.end && read_byte(file, chunk.end())? == 0;
        self.at = chunk.end() + u64::from(padded);
        Ok(Some(chunk))
    }
}

fn read_at(file: &mut (impl Read + Seek), at: u64, bytes: &mut [u8]) -> Result<(), Damage> {
    file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(bytes)).map_err(Damage::Io)
}

fn read_byte(file: &mut (impl Read + Seek), at: u64) -> Result<u8, Damage> {
    let mut byte = [0];
    read_at(file, at, &mut byte)?;
    Ok(byte[0])
}

/// The first `most` bytes of a chunk.
fn read_whole(file: &mut (impl Read + Seek), chunk: &Chunk, most: u64) -> Result<Vec<u8>, Damage> {
    // One more than the most, so that a table that is too long is seen to be.
    let mut bytes = vec![0; chunk.size.min(most + 1) as usize];
    read_at(file, chunk.start, &mut bytes)?;
    Ok(bytes)
}
