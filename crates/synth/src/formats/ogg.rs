//! Ogg Vorbis, by the crate `vorbis_rs`, which carries the reference encoder (with the aoTuV and Lancer improvements) in C.

use super::{Tags, comments};
use crate::error::Error;
use crate::stereo::Stereo;
use std::num::{NonZeroU8, NonZeroU32};
use vorbis_rs::{VorbisBitrateManagementStrategy, VorbisEncoderBuilder};

/// The stream's number. A file of ours is one stream, and equal sound shall give equal bytes.
const SERIAL: i32 = i32::from_le_bytes(*b"aeol");
const LOWEST_QUALITY: f32 = -0.2;
/// Frames handed over at once; the encoder slows down with long blocks.
const BLOCK: usize = 4_096;

pub fn encode(sound: &Stereo, quality: f32, tags: &Tags) -> Result<Vec<u8>, Error> {
    if !(LOWEST_QUALITY..=1.0).contains(&quality) {
        let (value, min) = (f64::from(quality), f64::from(LOWEST_QUALITY));
        return Err(Error::Setting { name: "quality", value, min, max: 1.0 });
    }
    let failed = |reason: String| Error::Encoder { format: "Ogg Vorbis", reason };
    let Some(rate) = NonZeroU32::new(sound.sample_rate_hz) else {
        return Err(failed("there is no sample rate".into()));
    };
    let told = |e: vorbis_rs::VorbisError| failed(e.to_string());
    let ears = NonZeroU8::MIN.saturating_add(1);
    let mut builder = VorbisEncoderBuilder::new_with_serial(rate, ears, Vec::new(), SERIAL);
    builder.bitrate_management_strategy(VorbisBitrateManagementStrategy::QualityVbr { target_quality: quality });
    builder.comment_tags(comments::pairs(tags, sound.frames())).map_err(told)?;
    let mut encoder = builder.build().map_err(told)?;
    for (left, right) in sound.left.chunks(BLOCK).zip(sound.right.chunks(BLOCK)) {
        encoder.encode_audio_block([left, right]).map_err(told)?;
    }
    encoder.finish().map_err(told)
}
