//! WAV, also where the header was never finished: recorders that are cut off, and programs that write into a pipe, leave a
//! length of 0 or one beyond the end of the file; then everything up to the end is sound.

use super::{AudioFormat, Recording, Sink, damaged};
use crate::error::Error;
use hound::{SampleFormat, WavReader};
use std::io::Read;

/// Samples converted at a time.
const BLOCK: usize = 1 << 14;

pub fn decode(bytes: &[u8]) -> Result<Recording, Error> {
    let at = data_chunk(bytes).ok_or_else(|| damaged(AudioFormat::Wav, "it has no data chunk"))?;
    let said = u32::from_le_bytes([bytes[at + 4], bytes[at + 5], bytes[at + 6], bytes[at + 7]]);
    let there = u32::try_from(bytes.len() - at - 8).unwrap_or(u32::MAX);
    let unfinished = said > there || (said == 0 && there > 0);
    let frame_bytes = frame_bytes(bytes).unwrap_or(1).max(1);
    let length = if unfinished { there } else { said } / frame_bytes * frame_bytes;
    let head = [&bytes[..at + 4], &length.to_le_bytes()].concat();
    let whole = head.chain(&bytes[at + 8..]);
    let mut reader = WavReader::new(whole).map_err(|e| damaged(AudioFormat::Wav, e))?;
    let spec = reader.spec();
    let mut sink = Sink::new(spec.sample_rate, u32::from(spec.channels))?;
    let block = BLOCK / usize::from(spec.channels.max(1)) * usize::from(spec.channels);
    match spec.sample_format {
        SampleFormat::Float => pour(reader.samples::<f32>(), block, &mut sink)?,
        SampleFormat::Int => {
            let scale = 1.0 / (1u64 << (spec.bits_per_sample.clamp(1, 32) - 1)) as f32;
            pour(reader.samples::<i32>().map(|s| s.map(|x| x as f32 * scale)), block, &mut sink)?;
        }
    }
    Ok(sink.finish())
}

fn pour(samples: impl Iterator<Item = hound::Result<f32>>, block_samples: usize, sink: &mut Sink) -> Result<(), Error> {
    let mut block = Vec::with_capacity(block_samples);
    for sample in samples {
        block.push(sample.map_err(|e| damaged(AudioFormat::Wav, e))?);
        if block.len() == block_samples {
            sink.push_interleaved(&block)?;
            block.clear();
        }
    }
    sink.push_interleaved(&block)
}

/// Where the chunk of samples begins: its name, its length of four bytes, and the samples.
fn data_chunk(bytes: &[u8]) -> Option<usize> {
    chunk(bytes, b"data")
}

/// Bytes of one frame, as the format chunk says.
fn frame_bytes(bytes: &[u8]) -> Option<u32> {
    let at = chunk(bytes, b"fmt ")? + 8 + 12;
    bytes.get(at..at + 2).map(|b| u32::from(u16::from_le_bytes([b[0], b[1]])))
}

/// The first chunk of this name, if its head of eight bytes is there.
fn chunk(bytes: &[u8], name: &[u8; 4]) -> Option<usize> {
    let mut at = 12usize;
    loop {
        let head = bytes.get(at..at.checked_add(8)?)?;
        if head.starts_with(name) {
            return Some(at);
        }
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        at = at.checked_add(8)?.checked_add(length)?.checked_add(length % 2)?;
    }
}
