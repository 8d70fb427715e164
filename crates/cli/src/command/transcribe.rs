//! `aeolian transcribe`: a hummed or played recording as MIDI, notation and a picture; and recordings as input of every verb.

use super::values::within;
use aeolian_compose::{Artefact, Source, write_all};
use aeolian_listen::decode::is_audio;
use aeolian_listen::{Settings, Transcription, decode, picture, transcribe};
use aeolian_score::quantise::quantise;
use aeolian_score::{Key, KeyChange, Tick, midi, musicxml};
use anyhow::{Context, ensure};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Larger files are not opened: twenty minutes of 24 bits in stereo at 192 kHz fit.
const MOST_BYTES: u64 = 3 << 29;

/// Arguments of `aeolian transcribe`.
#[derive(clap::Args)]
pub struct Arguments {
    /// A recording of one voice: WAV, FLAC, Ogg Vorbis or MP3.
    file: PathBuf,
    /// Quarters a minute, if you know about how fast it goes; found if absent.
    #[arg(long, allow_negative_numbers = true, value_parser = within::<f64>("the tempo of a recording", 40.0..=220.0))]
    tempo: Option<f64>,
    /// Quarters of a bar.
    #[arg(
        long,
        default_value_t = 4,
        allow_negative_numbers = true,
        value_parser = within::<u32>("the number of quarters in a bar", 1..=16)
    )]
    bar: u32,
    /// The key, if it is known; the one it sounds like if absent.
    #[arg(long)]
    key: Option<Key>,
    /// Folder to write to.
    #[arg(long, default_value = "out")]
    out: PathBuf,
}

/// Transcribes.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let shown = arguments.file.display();
    let bytes = read_bytes(&arguments.file)?;
    let settings = Settings { qpm: arguments.tempo, bar_quarters: arguments.bar };
    let heard = listen(&arguments.file, &bytes, &settings)?;
    let stem = arguments.file.file_stem().map_or("melody".into(), |stem| stem.to_string_lossy().into_owned());
    let mut score = heard.score.clone();
    score.title = stem.clone();
    let key = Source::new(score.clone()).ground(arguments.key).key;
    score.keys.push(KeyChange { at: Tick(0), key });
    let (written, _) = quantise(&score);
    let made = |extension, bytes| Artefact { extension, bytes };
    let artefacts = [
        made("mid", midi::write(&score)?),
        made("musicxml", musicxml::write(&musicxml::legible(&written)?)?.into_bytes()),
        made("svg", picture(&heard).into_bytes()),
    ];
    let paths = write_all(&arguments.out, &stem, &artefacts)?;
    let beats = heard.beats.as_ref().map_or(0.0, |beats| beats.qpm);
    println!(
        "{}: {} notes of {shown} in {} bars, {key}, {beats:.1} quarters a minute, tuned {:+.0} cents from 440 Hz",
        paths[0].display(),
        heard.heard.notes.len(),
        score.bar_starts(score.end()).len(),
        heard.heard.tuning_cents
    );
    Ok(())
}

/// The bytes of a file; a recording becomes the bytes of a MIDI file with what is heard in it.
///
/// `qpm` is about how fast the recording goes, if that is known.
pub fn read_music(path: &Path, qpm: Option<f64>) -> anyhow::Result<Vec<u8>> {
    let bytes = read_bytes(path)?;
    if !is_audio(&bytes) {
        return Ok(bytes);
    }
    let heard = listen(path, &bytes, &Settings { qpm, ..Settings::default() })?;
    eprintln!(
        "{}: {} notes heard at {:.1} quarters a minute; aeolian transcribe shows them",
        path.display(),
        heard.heard.notes.len(),
        heard.beats.as_ref().map_or(0.0, |beats| beats.qpm)
    );
    Ok(midi::write(&heard.score)?)
}

/// True if a file begins like a recording; false for one that cannot be read.
pub fn is_recording(path: &Path) -> bool {
    let mut head = [0; 64];
    let read = std::fs::File::open(path).and_then(|mut file| file.read(&mut head));
    read.is_ok_and(|count| is_audio(&head[..count]))
}

fn read_bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    let cannot = || format!("{} cannot be read", path.display());
    let size = std::fs::metadata(path).with_context(cannot)?.len();
    ensure!(
        size <= MOST_BYTES,
        "{} is larger than any music: {size} bytes, and at most {MOST_BYTES} are read",
        path.display()
    );
    std::fs::read(path).with_context(cannot)
}

fn listen(path: &Path, bytes: &[u8], settings: &Settings) -> anyhow::Result<Transcription> {
    let recording = decode(bytes).with_context(|| format!("{} cannot be heard", path.display()))?;
    let heard = transcribe(&recording, settings)?;
    ensure!(
        !heard.heard.notes.is_empty(),
        "no notes are heard in {}: it is silent, or no single voice with a pitch sounds in it",
        path.display()
    );
    Ok(heard)
}
