//! Ogg Vorbis, by the decoder of the library whose encoder the synthesiser writes with.

use super::{AudioFormat, Recording, Sink, damaged};
use crate::error::Error;
use std::io::Cursor;
use vorbis_rs::VorbisDecoder;

/// Whether the first packet of an Ogg stream is the one that Vorbis begins with (Vorbis I, §4.2.1).
pub fn is_vorbis(bytes: &[u8]) -> bool {
    let segments = usize::from(bytes.get(26).copied().unwrap_or(0));
    bytes.get(27 + segments..).is_some_and(|packet| packet.starts_with(b"\x01vorbis"))
}

pub fn decode(bytes: &[u8]) -> Result<Recording, Error> {
    let trouble = |e| damaged(AudioFormat::OggVorbis, e);
    let mut decoder = VorbisDecoder::<Cursor<&[u8]>>::new(Cursor::new(bytes)).map_err(trouble)?;
    let mut sink = Sink::new(decoder.sampling_frequency().get(), u32::from(decoder.channels().get()))?;
    while let Some(block) = decoder.decode_audio_block().map_err(trouble)? {
        sink.push_planar(block.samples())?;
    }
    Ok(sink.finish())
}
