//! MP3, frame by frame. Lost frames are passed over, as every player does.

use super::{AudioFormat, Recording, Sink, damaged};
use crate::error::Error;
use nanomp3::SliceReader;

/// Samples decoded at a time, for one and for two channels alike.
const BLOCK: usize = 1 << 13;

pub fn decode(bytes: &[u8]) -> Result<Recording, Error> {
    let mut reader = SliceReader::<f32>::new(bytes);
    let Some(channels) = reader.channels() else {
        return Err(damaged(AudioFormat::Mp3, "it has no frames"));
    };
    let mut sink = Sink::new(reader.sample_rate(), channels as u32)?;
    let mut block = vec![0.0; BLOCK];
    loop {
        let count = reader.read(&mut block).map_err(|e| damaged(AudioFormat::Mp3, e))?;
        if count == 0 {
            return Ok(sink.finish());
        }
        sink.push_interleaved(&block[..count])?;
    }
}
