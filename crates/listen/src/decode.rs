//! A sound file as mono samples at the rate of the analysis.
//!
//! Channels are mixed into one and the rate is changed while the file is decoded, so memory grows with the length of the sound only, never
//! with its rate, channels, or what its header promises: 20 minutes take 106 MB. Only the bytes decide what a file is, never its name.
//!
//! ```
//! use aeolian_listen::decode::{Recording, decode};
//! let a_second = Recording::from_mono(&[0.0; 48_000], 48_000)?;
//! assert_eq!(a_second.seconds(), 1.0);
//! assert_eq!(decode(b"no sound").unwrap_err().to_string(), "this is not a WAV, FLAC, Ogg Vorbis or MP3 file");
//! # Ok::<(), aeolian_listen::Error>(())
//! ```

mod flac;
mod mp3;
mod ogg;
mod wave;

use crate::error::Error;
use crate::resample::Resampler;
use std::fmt;

/// Samples a second of everything that is analysed: half of what most files have, and enough for five harmonics of a
/// 2 kHz whistle.
pub const ANALYSIS_RATE_HZ: u32 = 22_050;
/// The longest recording that is listened to, in minutes.
pub const MAX_MINUTES: u32 = 20;
/// The rates that are read.
const RATES_HZ: std::ops::RangeInclusive<u32> = 4_000..=768_000;
/// Channels that are mixed into one at most.
const MAX_CHANNELS: u32 = 64;

/// A kind of sound file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AudioFormat {
    /// RIFF WAVE: whole numbers of 8 to 32 bits or floating-point numbers of 32.
    Wav,
    /// Free Lossless Audio Codec.
    Flac,
    /// Ogg Vorbis.
    OggVorbis,
    /// MPEG 1 or 2, layer III.
    Mp3,
}

impl fmt::Display for AudioFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Wav => "WAV",
            Self::Flac => "FLAC",
            Self::OggVorbis => "Ogg Vorbis",
            Self::Mp3 => "MP3",
        })
    }
}

/// One line of sound, −1 … 1 at full scale, [`ANALYSIS_RATE_HZ`] samples a second.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recording {
    /// Finite samples.
    pub samples: Vec<f32>,
}

impl Recording {
    /// How long it is.
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(ANALYSIS_RATE_HZ)
    }

    /// Mono samples of any rate; what is not finite becomes silence.
    ///
    /// # Errors   [`Error::SampleRate`], [`Error::TooLong`]
    pub fn from_mono(samples: &[f32], sample_rate_hz: u32) -> Result<Self, Error> {
        let mut sink = Sink::new(sample_rate_hz, 1)?;
        sink.push_interleaved(samples)?;
        Ok(sink.finish())
    }
}

/// What the bytes begin as: a sound file that [`decode`] reads, or `None`.
pub fn detect(bytes: &[u8]) -> Option<AudioFormat> {
    match bytes {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some(AudioFormat::Wav),
        [b'f', b'L', b'a', b'C', ..] => Some(AudioFormat::Flac),
        [b'O', b'g', b'g', b'S', ..] => ogg::is_vorbis(bytes).then_some(AudioFormat::OggVorbis),
        [b'I', b'D', b'3', ..] => Some(AudioFormat::Mp3),
        // Eleven ones, then neither the reserved version nor any layer but the third.
        [0xFF, second, ..] if second & 0xE6 == 0xE2 && second & 0x18 != 0x08 => Some(AudioFormat::Mp3),
        _ => None,
    }
}

/// Sound files that are known by their beginning, and not read.
pub fn unread_kind(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [b'O', b'g', b'g', b'S', ..] if !ogg::is_vorbis(bytes) => Some("Ogg Opus or another Ogg sound"),
        [b'F', b'O', b'R', b'M', _, _, _, _, b'A', b'I', b'F', b'F' | b'C', ..] => Some("AIFF"),
        [b'R', b'F', b'6', b'4', ..] => Some("RF64"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some("MPEG-4 (such as M4A)"),
        [0x1A, 0x45, 0xDF, 0xA3, ..] => Some("Matroska or WebM"),
        [b'c', b'a', b'f', b'f', ..] => Some("Core Audio"),
        [b'.', b's', b'n', b'd', ..] => Some("AU"),
        _ => None,
    }
}

/// True if the bytes begin like a sound file, read or not.
pub fn is_audio(bytes: &[u8]) -> bool {
    detect(bytes).is_some() || unread_kind(bytes).is_some()
}

/// The sound in a file.
///
/// # Errors   [`Error::Unknown`] or [`Error::NotRead`] for other files, [`Error::Damaged`] where the decoder gives up,
/// [`Error::SampleRate`], [`Error::Channels`], [`Error::TooLong`] out of range, [`Error::Empty`] without samples.
pub fn decode(bytes: &[u8]) -> Result<Recording, Error> {
    let Some(format) = detect(bytes) else {
        return Err(unread_kind(bytes).map_or(Error::Unknown, Error::NotRead));
    };
    let recording = match format {
        AudioFormat::Wav => wave::decode(bytes),
        AudioFormat::Flac => flac::decode(bytes),
        AudioFormat::OggVorbis => ogg::decode(bytes),
        AudioFormat::Mp3 => mp3::decode(bytes),
    }?;
    if recording.samples.is_empty() { Err(Error::Empty(format)) } else { Ok(recording) }
}

/// Where decoded samples go: mixed, resampled, counted.
struct Sink {
    resampler: Resampler,
    channels: usize,
    mono: Vec<f32>,
    samples: Vec<f32>,
}

impl Sink {
    fn new(sample_rate_hz: u32, channels: u32) -> Result<Self, Error> {
        if !RATES_HZ.contains(&sample_rate_hz) {
            return Err(Error::SampleRate { sample_rate_hz, min: *RATES_HZ.start(), max: *RATES_HZ.end() });
        }
        if !(1..=MAX_CHANNELS).contains(&channels) {
            return Err(Error::Channels { channels, max: MAX_CHANNELS });
        }
        let resampler = Resampler::new(sample_rate_hz, ANALYSIS_RATE_HZ);
        Ok(Self { resampler, channels: channels as usize, mono: Vec::new(), samples: Vec::new() })
    }

    /// Whole frames; a part of one at the end is dropped.
    fn push_interleaved(&mut self, block: &[f32]) -> Result<(), Error> {
        let scale = 1.0 / self.channels as f32;
        self.mono.clear();
        self.mono.extend(block.chunks_exact(self.channels).map(|frame| frame.iter().sum::<f32>() * scale));
        self.take_mono()
    }

    /// One slice a channel.
    fn push_planar(&mut self, block: &[&[f32]]) -> Result<(), Error> {
        let frames = block.iter().map(|channel| channel.len()).min().unwrap_or(0);
        let scale = 1.0 / block.len().max(1) as f32;
        self.mono.clear();
        self.mono.extend((0..frames).map(|i| block.iter().map(|channel| channel[i]).sum::<f32>() * scale));
        self.take_mono()
    }

    fn take_mono(&mut self) -> Result<(), Error> {
        // Beyond 64 times full scale lies damage, not music.
        let tame = |x: &mut f32| *x = if x.is_finite() { x.clamp(-64.0, 64.0) } else { 0.0 };
        self.mono.iter_mut().for_each(tame);
        self.resampler.push(&self.mono, &mut self.samples);
        if self.samples.len() as u64 > u64::from(MAX_MINUTES) * 60 * u64::from(ANALYSIS_RATE_HZ) {
            return Err(Error::TooLong { max_minutes: MAX_MINUTES });
        }
        Ok(())
    }

    fn finish(mut self) -> Recording {
        self.resampler.finish(&mut self.samples);
        Recording { samples: self.samples }
    }
}

fn damaged(format: AudioFormat, reason: impl fmt::Display) -> Error {
    Error::Damaged { format, reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wav(channels: u16, rate: u32, bits: u16, frames: u32) -> Vec<u8> {
        let spec = hound::WavSpec {
            channels,
            sample_rate: rate,
            bits_per_sample: bits,
            sample_format: hound::SampleFormat::Int,
        };
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut bytes, spec).expect("a writer");
        for i in 0..frames * u32::from(channels) {
            writer.write_sample((i % 7) as i32).expect("a sample");
        }
        writer.finalize().expect("a file");
        bytes.into_inner()
    }

    #[test]
    fn beginnings_tell_files_apart() {
        assert_eq!(detect(&wav(1, 44_100, 16, 10)), Some(AudioFormat::Wav));
        assert_eq!(detect(b"fLaC...."), Some(AudioFormat::Flac));
        assert_eq!((detect(&[0xFF, 0xFB, 0x90]), detect(&[0xFF, 0xF1])), (Some(AudioFormat::Mp3), None));
        assert_eq!((detect(b""), detect(b"MThd"), detect(b"RIFF....sfbk")), (None, None, None));
        assert_eq!(decode(b"....ftypM4A "), Err(Error::NotRead("MPEG-4 (such as M4A)")));
        assert!(is_audio(b"FORM....AIFF") && !is_audio(b"<score-partwise>"));
    }

    #[test]
    fn every_depth_and_number_of_channels_has_the_same_length() {
        for (channels, bits) in [(1, 8), (1, 16), (2, 16), (2, 24), (6, 32)] {
            assert_eq!(decode(&wav(channels, 44_100, bits, 4_410)).map(|r| r.samples.len()), Ok(2_205));
        }
    }

    #[test]
    fn limits_are_allowed_and_what_lies_beyond_is_refused() {
        assert!(decode(&wav(1, 4_000, 16, 10)).is_ok() && decode(&wav(1, 768_000, 16, 1_000)).is_ok());
        for rate in [1, 3_999, 768_001] {
            assert!(matches!(decode(&wav(1, rate, 16, 10)), Err(Error::SampleRate { .. })), "{rate}");
        }
        assert!(decode(&wav(64, 44_100, 16, 10)).is_ok());
        assert_eq!(decode(&wav(65, 44_100, 16, 10)), Err(Error::Channels { channels: 65, max: 64 }));
        assert_eq!(decode(&wav(1, 44_100, 16, 0)), Err(Error::Empty(AudioFormat::Wav)));
        let minute = vec![0.0; 60 * ANALYSIS_RATE_HZ as usize];
        let mut sink = Sink::new(ANALYSIS_RATE_HZ, 1).unwrap();
        (0..MAX_MINUTES).for_each(|_| sink.push_interleaved(&minute).unwrap());
        assert_eq!(sink.push_interleaved(&minute), Err(Error::TooLong { max_minutes: MAX_MINUTES }));
    }

    #[test]
    fn a_wav_whose_header_was_never_finished_is_sound_to_the_end() {
        let whole = wav(1, 44_100, 16, 4_410);
        for length in [0u32, u32::MAX, 100_000] {
            let mut unfinished = whole.clone();
            unfinished[40..44].copy_from_slice(&length.to_le_bytes());
            assert_eq!(decode(&unfinished), decode(&whole), "{length}");
        }
    }

    #[test]
    fn what_is_not_finite_is_silence() {
        let heard = Recording::from_mono(&[f32::NAN, f32::INFINITY, f32::MAX, -1.0], ANALYSIS_RATE_HZ).unwrap();
        assert_eq!(heard.samples, [0.0, 0.0, 64.0, -1.0]);
    }

    #[test]
    fn damaged_files_are_refused_or_heard_but_never_panic() {
        let mut state = 1u64;
        let mut random = move |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below.max(1)
        };
        let beginnings: [&[u8]; 6] =
            [b"fLaC", b"OggS", b"ID3", &[0xFF, 0xFB, 0x90, 0x64], b"RIFF....WAVE", b"fLaC\0\0\0\x22"];
        let whole = wav(2, 44_100, 24, 50);
        for _ in 0..2_000 {
            let mut bytes = whole.clone();
            for _ in 0..1 + random(6) {
                let at = random(bytes.len());
                bytes[at] = random(256) as u8;
            }
            bytes.truncate(1 + random(2 * whole.len()));
            let _ = decode(&bytes);
            let mut noise: Vec<u8> = (0..random(400)).map(|_| random(256) as u8).collect();
            noise.splice(0..0, beginnings[random(beginnings.len())].iter().copied());
            let _ = decode(&noise);
        }
    }
}
