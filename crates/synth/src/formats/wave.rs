//! WAV of 16 or 24 bits or floating-point, with a LIST chunk that says what it is and, for a loop, a `smpl` chunk that says so.
//!
//! Source: "Multimedia Programming Interface and Data Specifications 1.0" (IBM and Microsoft 1991), and its 1994 update for
//! floating-point numbers.

use super::samples::interleaved;
use super::{SOFTWARE, Tags};
use crate::error::Error;
use crate::stereo::Stereo;

const INTEGER: u16 = 1;
const FLOAT: u16 = 3;
const EARS: u16 = 2;

pub fn encode(sound: &Stereo, bits: u32, tags: &Tags) -> Result<Vec<u8>, Error> {
    let format = match bits {
        16 | 24 => INTEGER,
        32 => FLOAT,
        _ => {
            return Err(Error::Depth {
                format: "WAV",
                bits,
                possible: "16 or 24 bits, or floating-point numbers of 32",
            });
        }
    };
    let frames = sound.frames().min(sound.right.len());
    let frame_bytes = usize::from(EARS) * bits as usize / 8;
    let mut chunks = chunk(b"fmt ", &format_of(sound.sample_rate_hz, format, bits, frame_bytes));
    if format == FLOAT {
        chunks.extend(chunk(b"fact", &(frames as u32).to_le_bytes()));
    }
    chunks.extend(chunk(b"LIST", &info(tags)));
    if tags.is_loop {
        chunks.extend(chunk(b"smpl", &loop_of(sound.sample_rate_hz, frames)));
    }
    // RIFF's own size, which counts everything after it, is a number of 32 bits.
    let whole = 4 + chunks.len() + 8 + frames.saturating_mul(frame_bytes);
    let Ok(size) = u32::try_from(whole) else { return Err(Error::WavTooLarge { frames }) };
    let mut bytes = Vec::with_capacity(whole + 8);
    bytes.extend(b"RIFF");
    bytes.extend(size.to_le_bytes());
    bytes.extend(b"WAVE");
    bytes.extend(chunks);
    bytes.extend(b"data");
    bytes.extend(((frames * frame_bytes) as u32).to_le_bytes());
    match bits {
        16 => interleaved(sound, 16).iter().for_each(|x| bytes.extend_from_slice(&(*x as i16).to_le_bytes())),
        24 => interleaved(sound, 24).iter().for_each(|x| bytes.extend_from_slice(&x.to_le_bytes()[..3])),
        _ => sound.left.iter().zip(&sound.right).for_each(|(l, r)| {
            bytes.extend_from_slice(&l.to_le_bytes());
            bytes.extend_from_slice(&r.to_le_bytes());
        }),
    }
    Ok(bytes)
}

/// A chunk: name, size, contents, and a zero where they are odd.
fn chunk(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut bytes = id.to_vec();
    bytes.extend((body.len() as u32).to_le_bytes());
    bytes.extend(body);
    bytes.resize(bytes.len() + body.len() % 2, 0);
    bytes
}

fn format_of(rate: u32, format: u16, bits: u32, frame_bytes: usize) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend(format.to_le_bytes());
    body.extend(EARS.to_le_bytes());
    body.extend(rate.to_le_bytes());
    body.extend(rate.saturating_mul(frame_bytes as u32).to_le_bytes());
    body.extend((frame_bytes as u16).to_le_bytes());
    body.extend((bits as u16).to_le_bytes());
    if format == FLOAT {
        // An extension of no bytes, which every format but the first must announce.
        body.extend([0, 0]);
    }
    body
}

/// Title, program and recipe. Every text ends in a zero.
fn info(tags: &Tags) -> Vec<u8> {
    let mut body = b"INFO".to_vec();
    for (id, text) in [(b"INAM", tags.title.as_str()), (b"ISFT", SOFTWARE), (b"ICMT", tags.recipe.as_str())] {
        if !text.is_empty() {
            body.extend(chunk(id, &[text.replace('\0', " ").as_bytes(), &[0]].concat()));
        }
    }
    body
}

/// One endless loop over everything, forwards.
fn loop_of(rate: u32, frames: usize) -> Vec<u8> {
    let period_ns = 1_000_000_000u32.checked_div(rate).unwrap_or(0);
    // Manufacturer, product, period, pitch (60), fraction, SMPTE format and offset, loops, further data; then the loop:
    // name, kind (0: forwards), first and last frame, fraction, rounds (0: for ever).
    let numbers = [0, 0, period_ns, 60, 0, 0, 0, 1, 0, 0, 0, 0, (frames as u32).saturating_sub(1), 0, 0];
    numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
}
