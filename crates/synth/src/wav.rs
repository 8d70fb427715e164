//! Sound as a 16-bit WAV file.
//!
//! Rounding to 16 bits alone would leave a distortion that follows the music; triangular dither of ± one step first turns it
//! into a faint even hiss (Lipshitz, Wannamaker & Vanderkooy 1992, "Quantization and dither"). The dither is counted,
//! not drawn: equal sound gives equal bytes.

use crate::error::Error;
use crate::noise::uniform;
use crate::stereo::Stereo;
use std::io::Cursor;
use std::path::Path;

/// The whole file as bytes.
///
/// # Errors   [`Error::WavTooLarge`] beyond 4 GiB; [`Error::Wav`] if the encoder refuses the sample rate.
pub fn to_bytes(sound: &Stereo) -> Result<Vec<u8>, Error> {
    let frames = sound.frames().min(sound.right.len());
    // Four bytes a frame, and a header that must fit beside them.
    if frames > (u32::MAX as usize - 1_024) / 4 {
        return Err(Error::WavTooLarge { frames });
    }
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: sound.sample_rate_hz,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = Cursor::new(Vec::with_capacity(4 * frames + 64));
    let mut writer = hound::WavWriter::new(&mut bytes, spec).map_err(Error::Wav)?;
    for frame in 0..frames {
        writer.write_sample(dithered(sound.left[frame], 2 * frame as u64)).map_err(Error::Wav)?;
        writer.write_sample(dithered(sound.right[frame], 2 * frame as u64 + 1)).map_err(Error::Wav)?;
    }
    writer.finalize().map_err(Error::Wav)?;
    Ok(bytes.into_inner())
}

/// Writes the file at `path`, which another program never sees half written.
///
/// # Errors   those of [`to_bytes`]; [`Error::Write`] if the file cannot be written.
pub fn write(sound: &Stereo, path: impl AsRef<Path>) -> Result<(), Error> {
    let path = path.as_ref();
    let bytes = to_bytes(sound)?;
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    std::fs::write(&unfinished, bytes)
        .and_then(|()| std::fs::rename(&unfinished, path))
        .map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// One sample as a 16-bit number; beyond full scale it is clipped.
fn dithered(sample: f32, place: u64) -> i16 {
    let triangular = 0.5 * (uniform(0x0D17, 2 * place) + uniform(0x0D17, 2 * place + 1));
    // `as` saturates and turns NaN into 0.
    (sample * 32_767.0 + triangular).round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_finds_every_sample_within_a_step_and_a_half() {
        let left: Vec<f32> = (0..500).map(|i| (i as f32 / 250.0 - 1.0) * 0.99).collect();
        let right = left.iter().map(|x| -x).collect();
        let sound = Stereo { sample_rate_hz: 44_100, left, right };
        let bytes = to_bytes(&sound).expect("a small file");
        let mut reader = hound::WavReader::new(Cursor::new(bytes)).expect("a valid header");
        assert_eq!((reader.spec().channels, reader.spec().sample_rate, reader.duration()), (2, 44_100, 500));
        let samples: Vec<i16> = reader.samples().map(|s| s.expect("a sample")).collect();
        for (frame, pair) in samples.chunks(2).enumerate() {
            assert!((f32::from(pair[0]) / 32_767.0 - sound.left[frame]).abs() <= 1.51 / 32_767.0);
            assert!((f32::from(pair[1]) / 32_767.0 - sound.right[frame]).abs() <= 1.51 / 32_767.0);
        }
    }

    #[test]
    fn dither_carries_what_lies_below_one_step() {
        // A constant of 0.3 steps must survive as the mean. N = 40,000; a sample's variance is ≤ 3/4 (triangular 1/6
        // plus rounding), so five standard errors are 5·0.87/200 = 0.022.
        let sample = 0.3 / 32_767.0;
        let mean = (0..40_000).map(|i| f64::from(dithered(sample, i))).sum::<f64>() / 40_000.0;
        assert!((mean - 0.3).abs() < 0.022, "{mean}");
    }

    #[test]
    fn wild_samples_are_clipped() {
        assert_eq!((dithered(9.0, 0), dithered(-9.0, 0), dithered(f32::NAN, 0)), (i16::MAX, i16::MIN, 0));
    }

    #[test]
    fn the_file_is_written_whole_and_nothing_else_stays() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("tone.wav");
        let sound = Stereo::silence(8_000, 10);
        write(&sound, &path).expect("a writable folder");
        assert_eq!(std::fs::read(&path).expect("the file"), to_bytes(&sound).expect("bytes"));
        assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 1);
        assert!(matches!(write(&sound, folder.path().join("no/such/place.wav")), Err(Error::Write { .. })));
    }
}
