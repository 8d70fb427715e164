//! A file's chunks: the header, then the tracks, and whether all of each is there.

use super::{MidiError, Repairs};

/// A file taken apart into its tracks.
pub(super) struct File<'a> {
    /// 0 or 1.
    pub format: u16,
    /// 1–32767.
    pub ticks_per_quarter: u32,
    /// The events of each track, undecoded.
    pub tracks: Vec<&'a [u8]>,
}

impl<'a> File<'a> {
    /// Splits a file into its tracks; an error where any of it is missing.
    pub fn split(bytes: &'a [u8], repairs: &mut Repairs) -> Result<Self, MidiError> {
        if bytes.is_empty() {
            return Err(MidiError::Empty);
        }
        if !bytes.starts_with(b"MThd") {
            return Err(MidiError::NotMidi);
        }
        let header = Chunk::first(bytes)?.ok_or(MidiError::DamagedHeader)?;
        let Some(&[f0, f1, n0, n1, d0, d1]) = header.body.first_chunk::<6>() else {
            return Err(MidiError::DamagedHeader);
        };
        let format = u16::from_be_bytes([f0, f1]);
        if format > 1 {
            return Err(MidiError::Format(format));
        }
        let ticks_per_quarter = match u16::from_be_bytes([d0, d1]) {
            0 => return Err(MidiError::NoResolution),
            0x8000.. => return Err(MidiError::Smpte),
            ticks => u32::from(ticks),
        };
        let tracks = tracks(header.rest, u16::from_be_bytes([n0, n1]), repairs)?;
        Ok(Self { format, ticks_per_quarter, tracks })
    }
}

/// The tracks in what follows the header, at least as many as it announces. Chunks of other kinds are passed over.
fn tracks<'a>(mut rest: &'a [u8], announced: u16, repairs: &mut Repairs) -> Result<Vec<&'a [u8]>, MidiError> {
    let mut tracks = Vec::new();
    while !rest.is_empty() {
        // What follows the last track and is no whole chunk is padding, unless it says that it is a track.
        let may_be_padding = tracks.len() >= usize::from(announced) && !rest.starts_with(b"MTrk");
        match Chunk::first(rest) {
            Ok(Some(chunk)) => {
                if chunk.id == b"MTrk" {
                    tracks.push(chunk.body);
                }
                rest = chunk.rest;
            }
            Ok(None) => break,
            Err(_) if may_be_padding => break,
            Err(error) => return Err(error),
        }
    }
    repairs.ignored_bytes += rest.len();
    if tracks.len() < usize::from(announced) {
        return Err(MidiError::MissingTracks { announced, found: tracks.len() });
    }
    if tracks.len() > usize::from(u16::MAX) {
        return Err(MidiError::TooManyTracks);
    }
    Ok(tracks)
}

/// A piece of a file that says what it is and how long.
struct Chunk<'a> {
    id: &'a [u8],
    body: &'a [u8],
    /// What follows.
    rest: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// The first chunk, or `None` where there are less than the eight bytes every chunk begins with.
    fn first(bytes: &'a [u8]) -> Result<Option<Self>, MidiError> {
        let Some((&[_, _, _, _, l0, l1, l2, l3], after)) = bytes.split_first_chunk::<8>() else { return Ok(None) };
        let claimed = u32::from_be_bytes([l0, l1, l2, l3]);
        match usize::try_from(claimed).ok().and_then(|length| after.split_at_checked(length)) {
            Some((body, rest)) => Ok(Some(Self { id: &bytes[..4], body, rest })),
            None => Err(MidiError::CutShort { claimed, left: after.len() }),
        }
    }
}
