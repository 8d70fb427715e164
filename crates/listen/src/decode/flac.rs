//! FLAC, block by block.

use super::{AudioFormat, Recording, Sink, damaged};
use crate::error::Error;
use claxon::{FlacReader, FlacReaderOptions};

pub fn decode(bytes: &[u8]) -> Result<Recording, Error> {
    // Comments are not needed, and could ask for room.
    let options = FlacReaderOptions { metadata_only: false, read_vorbis_comment: false };
    let mut reader = FlacReader::new_ext(bytes, options).map_err(|e| damaged(AudioFormat::Flac, e))?;
    let info = reader.streaminfo();
    let mut sink = Sink::new(info.sample_rate, info.channels)?;
    let scale = 1.0 / (1u64 << (info.bits_per_sample.clamp(1, 32) - 1)) as f32;
    let (mut frames, mut buffer) = (reader.blocks(), Vec::new());
    let mut planar: Vec<Vec<f32>> = vec![Vec::new(); info.channels as usize];
    while let Some(block) = frames.read_next_or_eof(buffer).map_err(|e| damaged(AudioFormat::Flac, e))? {
        if block.channels() != info.channels {
            return Err(damaged(AudioFormat::Flac, "the number of channels changes on the way"));
        }
        for (channel, samples) in planar.iter_mut().enumerate() {
            samples.clear();
            samples.extend(block.channel(channel as u32).iter().map(|&x| x as f32 * scale));
        }
        let views: Vec<&[f32]> = planar.iter().map(Vec::as_slice).collect();
        sink.push_planar(&views)?;
        buffer = block.into_buffer();
    }
    Ok(sink.finish())
}
