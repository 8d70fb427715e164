//! The samples of a `.sf3` file: each an Ogg Vorbis stream of its own, unpacked on load.
//!
//! A header with the compressed bit gives the place of its stream in bytes, and its loop in samples from the sample's own
//! beginning (as MuseScore, where the format comes from, and FluidSynth have it). Unpacked, the samples are laid out one
//! after another with the silence between them that SoundFont 2.04 (§6.1) asks for, and the headers are rewritten. Samples that
//! nobody will play become silence of the length their stream announces: unpacking is what takes time.

use super::chunks::Contents;
use super::damage::Damage;
use super::ogg::Packets;
use super::setup;
use super::tables::{COMPRESSED, SAMPLE_ROW, long, word};
use lewton::audio::{PreviousWindowRight, read_audio_packet_generic};
use lewton::header::{read_header_ident, read_header_setup};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

/// Most bytes of samples after unpacking, and most bytes of a compressed file that is unpacked at all.
const MAX_BYTES: u64 = 1 << 30;
/// Samples of silence between two sounds.
const SILENCE: usize = 46;
/// Compressed streams may be shared, but not so much that unpacking them takes for ever.
const MAX_SHARING: u64 = 4;
/// Where in a sample header its numbers stand.
const START: usize = 20;
const END: usize = 24;
const LOOP_START: usize = 28;
const LOOP_END: usize = 32;
const TYPE: usize = 44;

/// All samples as 16-bit little-endian bytes, the `wanted` ones (all, if `None`) with their sound; the headers in `contents` are
/// made to fit.
pub fn unpack(
    file: &mut (impl Read + Seek),
    contents: &mut Contents,
    wanted: Option<&BTreeSet<usize>>,
) -> Result<Vec<u8>, Damage> {
    let (start, size) = contents.samples;
    if size > MAX_BYTES {
        return Err(Damage::TooLarge { max: MAX_BYTES });
    }
    let mut packed = vec![0; size as usize];
    file.seek(SeekFrom::Start(start)).and_then(|_| file.read_exact(&mut packed)).map_err(Damage::Io)?;
    let places = places(&contents.tables.samples, packed.len())?;
    let unpacked = unpack_all(&packed, &places, wanted)?;
    let mut samples = Vec::new();
    let count = contents.tables.samples.len() / SAMPLE_ROW - 1;
    for (index, row) in contents.tables.samples.chunks_exact_mut(SAMPLE_ROW).take(count).enumerate() {
        let sound = &unpacked[&(places[index].bytes.start, places[index].bytes.end)];
        let start = (samples.len() / 2) as u32;
        samples.extend(sound.iter().flat_map(|x| x.to_le_bytes()));
        samples.resize(samples.len() + 2 * SILENCE, 0);
        // Both copies exist at once only one sample after another, but a file may share one stream among many headers.
        if samples.len() as u64 > MAX_BYTES {
            return Err(Damage::TooLarge { max: MAX_BYTES });
        }
        let length = sound.len() as u32;
        let mut set = |at: usize, value: u32| row[at..at + 4].copy_from_slice(&value.to_le_bytes());
        set(START, start);
        set(END, start + length);
        set(LOOP_START, start + places[index].looped.start.min(length));
        set(LOOP_END, start + places[index].looped.end.min(length));
        let kind = word(row, TYPE) & !COMPRESSED;
        row[TYPE..TYPE + 2].copy_from_slice(&kind.to_le_bytes());
    }
    Ok(samples)
}

/// Where a sample lies in the file, and its loop from its own beginning.
struct Place {
    bytes: Range<usize>,
    looped: Range<u32>,
    is_compressed: bool,
}

fn places(headers: &[u8], size: usize) -> Result<Vec<Place>, Damage> {
    let count = headers.len() / SAMPLE_ROW - 1;
    let place = |(row, header): (usize, &[u8])| {
        let is_compressed = word(header, TYPE) & COMPRESSED != 0;
        let unit = if is_compressed { 1 } else { 2 };
        let (start, end) = (long(header, START), long(header, END));
        let bytes = start as usize * unit..end as usize * unit;
        if bytes.start > bytes.end || bytes.end > size {
            return Err(Damage::Index { table: "shdr", row });
        }
        let from = if is_compressed { 0 } else { start };
        let looped = long(header, LOOP_START).saturating_sub(from)..long(header, LOOP_END).saturating_sub(from);
        Ok(Place { bytes, looped, is_compressed })
    };
    headers.chunks_exact(SAMPLE_ROW).take(count).enumerate().map(place).collect()
}

/// Every different stretch of the file once.
fn unpack_all(
    packed: &[u8],
    places: &[Place],
    wanted: Option<&BTreeSet<usize>>,
) -> Result<BTreeMap<(usize, usize), Vec<i16>>, Damage> {
    let mut stretches: BTreeMap<(usize, usize), Stretch> = BTreeMap::new();
    for (sample, place) in places.iter().enumerate() {
        let first = Stretch { sample, is_compressed: place.is_compressed, is_wanted: false };
        let stretch = stretches.entry((place.bytes.start, place.bytes.end)).or_insert(first);
        stretch.is_wanted |= wanted.is_none_or(|w| w.contains(&sample));
    }
    let work: u64 = stretches.keys().map(|(start, end)| (end - start) as u64).sum();
    if work > MAX_SHARING * packed.len() as u64 {
        return Err(Damage::TooLarge { max: MAX_BYTES });
    }
    let made = AtomicU64::new(0);
    let unpack = |(&(start, end), stretch): (&(usize, usize), &Stretch)| {
        let bytes = &packed[start..end];
        let sound = match stretch {
            Stretch { is_compressed: false, .. } => plain(bytes),
            Stretch { is_wanted: true, sample, .. } => sound_of(bytes, *sample, &made)?,
            Stretch { sample, .. } => silence_of(bytes, *sample, &made)?,
        };
        Ok(((start, end), sound))
    };
    stretches.par_iter().map(unpack).collect()
}

/// What a stretch of the file is, and the first sample that lies there.
struct Stretch {
    sample: usize,
    is_compressed: bool,
    is_wanted: bool,
}

/// As long as the stream says it is.
fn silence_of(stream: &[u8], sample: usize, made: &AtomicU64) -> Result<Vec<i16>, Damage> {
    let length = Packets::length(stream).filter(|l| *l <= MAX_BYTES).ok_or(Damage::Sample { sample })?;
    if made.fetch_add(2 * length, Ordering::Relaxed) + 2 * length > MAX_BYTES {
        return Err(Damage::TooLarge { max: MAX_BYTES });
    }
    Ok(vec![0; length as usize])
}

fn plain(bytes: &[u8]) -> Vec<i16> {
    bytes.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect()
}

/// One stream. The decoder has been known to trip over damaged packets; that ends here.
fn sound_of(stream: &[u8], sample: usize, made: &AtomicU64) -> Result<Vec<i16>, Damage> {
    let decoded = catch_unwind(AssertUnwindSafe(|| decode(stream, made)));
    match decoded.unwrap_or(Err(Trouble::Damaged)) {
        Ok(sound) => Ok(sound),
        Err(Trouble::Damaged) => Err(Damage::Sample { sample }),
        Err(Trouble::TooLarge) => Err(Damage::TooLarge { max: MAX_BYTES }),
    }
}

enum Trouble {
    Damaged,
    TooLarge,
}

/// A mono Ogg Vorbis stream. The comments are passed over: they are not needed, and could ask for any amount of memory.
fn decode(stream: &[u8], made: &AtomicU64) -> Result<Vec<i16>, Trouble> {
    let (mut packets, mut packet) = (Packets::new(stream), Vec::new());
    let next = |packets: &mut Packets, packet: &mut Vec<u8>| {
        if packets.next_into(packet) { Ok(()) } else { Err(Trouble::Damaged) }
    };
    next(&mut packets, &mut packet)?;
    let ident = read_header_ident(&packet).map_err(|_| Trouble::Damaged)?;
    if ident.audio_channels != 1 {
        return Err(Trouble::Damaged);
    }
    next(&mut packets, &mut packet)?;
    next(&mut packets, &mut packet)?;
    if !setup::is_modest(&packet) {
        return Err(Trouble::Damaged);
    }
    let setup = read_header_setup(&packet, 1, (ident.blocksize_0, ident.blocksize_1)).map_err(|_| Trouble::Damaged)?;
    let (mut before, mut sound) = (PreviousWindowRight::new(), Vec::new());
    while packets.next_into(&mut packet) {
        if packet.is_empty() {
            continue;
        }
        let block: Vec<Vec<i16>> =
            read_audio_packet_generic(&ident, &setup, &packet, &mut before).map_err(|_| Trouble::Damaged)?;
        let block = block.first().map_or(&[][..], |b| b);
        if made.fetch_add(2 * block.len() as u64, Ordering::Relaxed) > MAX_BYTES {
            return Err(Trouble::TooLarge);
        }
        sound.extend_from_slice(block);
    }
    if let Some(end) = packets.end {
        sound.truncate(usize::try_from(end).unwrap_or(usize::MAX));
    }
    Ok(sound)
}
