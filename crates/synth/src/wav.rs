//! Sound as a 16-bit WAV file.
//!
//! Rounding to 16 bits alone would leave a distortion that follows the music; triangular dither of ± one step first turns it
//! into a faint even hiss (Lipshitz, Wannamaker & Vanderkooy 1992, "Quantization and dither"). The dither is counted,
//! not drawn: equal sound gives equal bytes.
//!
//! A text may travel with the sound, as it does in our MIDI and MusicXML files: an INFO list behind the samples names
//! Aeolian as the software (ISFT) and holds the text as the comment (ICMT), which players show or pass over (Microsoft
//! and IBM 1991, "Multimedia Programming Interface and Data Specifications 1.0", ch. 2).

use crate::error::Error;
use crate::noise::uniform;
use crate::stereo::Stereo;
use std::fs::File;
use std::io::{BufWriter, Cursor, Seek, SeekFrom, Write};
use std::path::Path;

/// The whole file as bytes.
///
/// # Errors   [`Error::WavTooLarge`] beyond 4 GiB; [`Error::Wav`] if the encoder refuses the sample rate.
pub fn to_bytes(sound: &Stereo) -> Result<Vec<u8>, Error> {
    to_bytes_with_text(sound, None)
}

/// Like [`to_bytes`], with an opaque text (Aeolian's recipe) that [`text`] finds again; without one the bytes are the
/// same. Zero bytes at the end of the text are lost.
///
/// # Errors   as [`to_bytes`]; text and sound share the 4 GiB.
pub fn to_bytes_with_text(sound: &Stereo, text: Option<&str>) -> Result<Vec<u8>, Error> {
    let mut bytes = Cursor::new(Vec::with_capacity(4 * sound.frames() + 64));
    encode(sound, text, &mut bytes)?;
    Ok(bytes.into_inner())
}

/// Frames that are rounded together.
const STRETCH: usize = 4_096;

fn encode(sound: &Stereo, text: Option<&str>, mut file: impl Write + Seek) -> Result<(), Error> {
    let frames = sound.frames().min(sound.right.len());
    // Four bytes a frame, and headers that must fit beside them.
    let for_samples = (u32::MAX as usize - 1_024).saturating_sub(text.map_or(0, str::len));
    if frames > for_samples / 4 {
        return Err(Error::WavTooLarge { frames });
    }
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: sound.sample_rate_hz,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::new(&mut file, spec).map_err(Error::Wav)?;
    for start in (0..frames).step_by(STRETCH) {
        let end = (start + STRETCH).min(frames);
        let mut stretch = writer.get_i16_writer(2 * (end - start) as u32);
        for frame in start..end {
            stretch.write_sample(dithered(sound.left[frame], 2 * frame as u64));
            stretch.write_sample(dithered(sound.right[frame], 2 * frame as u64 + 1));
        }
        stretch.flush().map_err(Error::Wav)?;
    }
    writer.finalize().map_err(Error::Wav)?;
    let Some(text) = text else { return Ok(()) };
    append(&chunk(b"LIST", &info_list(text)), &mut file).map_err(|source| Error::Wav(source.into()))
}

/// A further chunk behind those there are, and the new length of the whole; that it fits was checked above.
fn append(chunk: &[u8], file: &mut (impl Write + Seek)) -> std::io::Result<()> {
    let end = file.seek(SeekFrom::End(0))?;
    file.write_all(chunk)?;
    file.seek(SeekFrom::Start(4))?;
    file.write_all(&(end as u32 + chunk.len() as u32 - 8).to_le_bytes())
}

/// What ISFT says of our files.
const SOFTWARE: &[u8] = b"Aeolian";

fn info_list(text: &str) -> Vec<u8> {
    let terminated = |bytes: &[u8]| [bytes, b"\0"].concat();
    [b"INFO".to_vec(), chunk(b"ISFT", &terminated(SOFTWARE)), chunk(b"ICMT", &terminated(text.as_bytes()))].concat()
}

/// A RIFF chunk: name, length, content, and a byte that makes it even.
fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut chunk = name.to_vec();
    chunk.extend((content.len() as u32).to_le_bytes());
    chunk.extend(content);
    chunk.extend(vec![0; content.len() % 2]);
    chunk
}

/// The text in a WAV file that [`to_bytes_with_text`] wrote; `None` in any other file, and in one that is cut short
/// before it.
pub fn text(bytes: &[u8]) -> Option<String> {
    let riff = bytes.strip_prefix(b"RIFF")?.get(4..)?.strip_prefix(b"WAVE")?;
    let mut lists = chunks(riff).filter(|&(name, _)| name == b"LIST");
    lists.find_map(|(_, list)| {
        let entries = || chunks(list.strip_prefix(b"INFO").unwrap_or_default());
        let entry = |wanted: &[u8]| entries().find(|&(name, _)| name == wanted).map(|(_, content)| content);
        // Other programs comment on their files too.
        entry(b"ISFT").filter(|software| software.starts_with(SOFTWARE))?;
        let comment = entry(b"ICMT")?;
        let end = comment.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        String::from_utf8(comment[..end].to_vec()).ok()
    })
}

/// The chunks one after the other, as name and content, up to the first that claims more bytes than there are.
fn chunks(mut bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        let (head, rest) = bytes.split_at_checked(8)?;
        let length = usize::try_from(u32::from_le_bytes(head[4..].try_into().ok()?)).ok()?;
        let content = rest.get(..length)?;
        bytes = rest.get(length + length % 2..).unwrap_or_default();
        Some((&head[..4], content))
    })
}

/// Writes the file at `path`, which another program never sees half written.
///
/// # Errors   those of [`to_bytes`]; [`Error::Write`] if the file cannot be written.
pub fn write(sound: &Stereo, path: impl AsRef<Path>) -> Result<(), Error> {
    write_with_text(sound, None, path)
}

/// Like [`write`](fn@write), with a text as in [`to_bytes_with_text`].
///
/// # Errors   as [`write`](fn@write).
pub fn write_with_text(sound: &Stereo, text: Option<&str>, path: impl AsRef<Path>) -> Result<(), Error> {
    let path = path.as_ref();
    let unwritten = |source| Error::Write { path: path.to_owned(), source };
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let mut file = BufWriter::new(File::create(&unfinished).map_err(unwritten)?);
    encode(sound, text, &mut file).map_err(|error| match error {
        Error::Wav(hound::Error::IoError(source)) => unwritten(source),
        other => other,
    })?;
    file.into_inner().map_err(|unflushed| unwritten(unflushed.into_error()))?;
    std::fs::rename(&unfinished, path).map_err(unwritten)
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
    fn a_text_is_found_again_and_the_sound_is_untouched() {
        let sound = Stereo { sample_rate_hz: 8_000, left: vec![0.5; 7], right: vec![-0.5; 7] };
        let plain = to_bytes(&sound).expect("bytes");
        assert_eq!((text(&plain), to_bytes_with_text(&sound, None).expect("bytes") == plain), (None, true));
        for written in ["", "a", "ab", "seed = 7; \"Für Elise\"\n\0 x"] {
            let bytes = to_bytes_with_text(&sound, Some(written)).expect("bytes");
            assert_eq!(text(&bytes).as_deref(), Some(written));
            assert_eq!(u32::from_le_bytes(bytes[4..8].try_into().expect("four")) as usize, bytes.len() - 8);
            assert!(bytes.len().is_multiple_of(2) && bytes[8..plain.len()] == plain[8..]);
            let samples = |bytes: Vec<u8>| {
                let reader = hound::WavReader::new(Cursor::new(bytes)).expect("a valid header");
                reader.into_samples::<i16>().map(|s| s.expect("a sample")).collect::<Vec<_>>()
            };
            assert_eq!(samples(bytes), samples(plain.clone()));
        }
    }

    #[test]
    fn texts_of_other_programs_and_of_damaged_files_are_not_ours() {
        let sound = Stereo::silence(8_000, 3);
        let bytes = to_bytes_with_text(&sound, Some("recipe")).expect("bytes");
        for length in 0..bytes.len() - 1 {
            assert_eq!(text(&bytes[..length]), None, "cut to {length} bytes");
        }
        let mut others = bytes.clone();
        let software = others.windows(7).position(|seven| seven == SOFTWARE).expect("our name");
        others[software] = b'Z';
        assert_eq!(text(&others), None);
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0xff;
            let _ = text(&damaged);
        }
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
