//! FLAC, by the crate `flacenc`: the same samples as the WAV in about half the room.

use super::samples::interleaved;
use super::{Tags, comments};
use crate::error::Error;
use crate::stereo::Stereo;
use flacenc::bitsink::ByteSink;
use flacenc::component::{BitRepr, MetadataBlockData};
use flacenc::error::Verify;
use flacenc::source::MemSource;

const VORBIS_COMMENT: u8 = 4;
/// The format could go higher, the encoder cannot.
const HIGHEST_RATE_HZ: u32 = 96_000;
/// Frames per block.
const BLOCK: usize = 4_096;

pub fn encode(sound: &Stereo, bits: u32, tags: &Tags) -> Result<Vec<u8>, Error> {
    if ![16, 24].contains(&bits) {
        return Err(Error::Depth { format: "FLAC", bits, possible: "16 or 24 bits" });
    }
    if sound.sample_rate_hz > HIGHEST_RATE_HZ {
        return Err(Error::Rate { format: "FLAC", sample_rate_hz: sound.sample_rate_hz, max: HIGHEST_RATE_HZ });
    }
    let failed = |reason: String| Error::Encoder { format: "FLAC", reason };
    let config = flacenc::config::Encoder::default().into_verified().map_err(|(_, e)| failed(e.to_string()))?;
    let samples = interleaved(sound, bits);
    let source = MemSource::from_samples(&samples, 2, bits as usize, sound.sample_rate_hz as usize);
    let mut stream =
        flacenc::encode_with_fixed_block_size(&config, source, BLOCK).map_err(|e| failed(e.to_string()))?;
    let comments = MetadataBlockData::new_unknown(VORBIS_COMMENT, &comments::block(tags, sound.frames()));
    stream.add_metadata_block(comments.map_err(|e| failed(e.to_string()))?);
    let mut sink = ByteSink::new();
    stream.write(&mut sink).map_err(|e| failed(e.to_string()))?;
    Ok(sink.into_inner())
}
