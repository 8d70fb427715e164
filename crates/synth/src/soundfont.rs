//! SoundFonts: sampled instruments from a file, played by the crate `rustysynth`.
//!
//! A SoundFont (`.sf2`, E-mu Systems 2006, "SoundFont Technical Specification" 2.04) is a RIFF file of samples and tables; its
//! cousin `.sf3` holds the same samples as Ogg Vorbis. Files come from anywhere, so nothing in them is believed: chunks are
//! taken apart here, sizes and indices checked, compressed samples unpacked within a limit, and only then is a clean file in
//! canonical order handed to the player. What it finds wrong still, or trips over, becomes an error as well.
//!
//! Every part gets a player of its own, so that a piece may have more parts than a MIDI cable has channels and each part is a
//! stem. Reverberation and chorus of the player are off; the hall is ours.

mod chunks;
mod compressed;
mod damage;
mod folders;
mod ogg;
mod setup;
mod tables;

pub use damage::Damage;
pub use folders::{found, named};

use crate::error::Error;
use crate::render::Clock;
use crate::stereo::Stereo;
use aeolian_score::{Part, Score};
use chunks::Contents;
use rustysynth::{Synthesizer, SynthesizerSettings};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

/// Frames that the player makes at once; onsets and releases wait for the next such block, at most 1.5 ms at 44,100 Hz.
pub(crate) const BLOCK: usize = 64;
/// Voices of one part.
const POLYPHONY: usize = 256;
/// Lowest rate that the player offers.
const LOWEST_RATE_HZ: u32 = 16_000;
const DRUM_CHANNEL: i32 = 9;
const DRUM_BANK: u16 = 128;
const NOTE_ON: i32 = 0x90;
const NOTE_OFF: i32 = 0x80;
const PROGRAM: i32 = 0xC0;
const CONTROL: i32 = 0xB0;
const PAN: i32 = 10;

/// Instruments from a file, ready to play.
#[derive(Clone)]
pub struct SoundFont {
    inner: Arc<rustysynth::SoundFont>,
}

impl std::fmt::Debug for SoundFont {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SoundFont({:?}, {} presets)", self.name(), self.presets())
    }
}

impl SoundFont {
    /// Reads a `.sf2` or `.sf3` file.
    ///
    /// Memory: the samples as 16-bit numbers (for `.sf3` at most 1 GiB, and again while they are put in order, and the file),
    /// and a few megabytes.
    ///
    /// # Errors   [`Error::Read`] if the file cannot be read; [`Error::SoundFont`] if it is damaged or no SoundFont.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::read(opened(path.as_ref())?, None)
    }

    /// The same for playing `score` only: of a `.sf3`, nothing else is unpacked, which takes a tenth of the time. Other music would
    /// find some instruments mute.
    ///
    /// # Errors   those of [`open`](Self::open).
    pub fn open_for(path: impl AsRef<Path>, score: &Score) -> Result<Self, Error> {
        Self::read(opened(path.as_ref())?, Some(score))
    }

    /// Reads one from memory.
    ///
    /// # Errors   [`Error::SoundFont`] if it is damaged or no SoundFont.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::read(Cursor::new(bytes), None)
    }

    /// Reads one from memory for playing `score` only, as [`open_for`](Self::open_for).
    ///
    /// # Errors   [`Error::SoundFont`] if it is damaged or no SoundFont.
    pub fn from_bytes_for(bytes: &[u8], score: &Score) -> Result<Self, Error> {
        Self::read(Cursor::new(bytes), Some(score))
    }

    fn read(mut file: impl Read + Seek, score: Option<&Score>) -> Result<Self, Error> {
        let mut contents = Contents::split(&mut file)?;
        contents.tables.check()?;
        let inner = if contents.tables.is_compressed() {
            let wanted = score.map(|score| contents.tables.samples_of(&presets_of(score)));
            let samples = compressed::unpack(&mut file, &mut contents, wanted.as_ref())?;
            hand_over(&contents, samples.len() as u64, Cursor::new(samples))?
        } else {
            let (start, size) = contents.samples;
            file.seek(SeekFrom::Start(start)).map_err(Damage::Io)?;
            hand_over(&contents, size, file.take(size))?
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What the file calls itself; may be empty.
    pub fn name(&self) -> &str {
        self.inner.get_info().get_bank_name()
    }

    /// How many instruments and drum kits there are.
    pub fn presets(&self) -> usize {
        self.inner.get_presets().len()
    }

    /// One part alone: dry, in its place, `frames` long.
    pub(crate) fn stem(&self, part: &Part, pan: f32, clock: &Clock, frames: usize) -> Result<Stereo, Error> {
        let mut stem = Stereo::silence(clock.settings.sample_rate_hz, frames);
        self.player(part, pan, clock)?.play(&mut stem.left, &mut stem.right)?;
        Ok(stem)
    }

    /// Somebody to play one part alone, dry and in its place.
    pub(crate) fn player(&self, part: &Part, pan: f32, clock: &Clock) -> Result<Player, Error> {
        let rate = clock.settings.sample_rate_hz;
        if rate < LOWEST_RATE_HZ {
            let (name, value) = ("sample_rate_hz", f64::from(rate));
            return Err(Error::Setting { name, value, min: f64::from(LOWEST_RATE_HZ), max: 192_000.0 });
        }
        let mut settings = SynthesizerSettings::new(rate as i32);
        settings.block_size = BLOCK;
        settings.maximum_polyphony = POLYPHONY;
        settings.enable_reverb_and_chorus = false;
        let channel = if part.is_drum { DRUM_CHANNEL } else { 0 };
        let keys = keys(part, clock)?;
        let begun = catch_unwind(AssertUnwindSafe(|| {
            let mut synthesizer = Synthesizer::new(&self.inner, &settings)?;
            synthesizer.process_midi_message(channel, PROGRAM, i32::from(part.program.min(127)), 0);
            synthesizer.process_midi_message(channel, CONTROL, PAN, (64.0 + 63.0 * pan).round() as i32);
            Ok::<_, rustysynth::SynthesizerError>(synthesizer)
        }));
        let synthesizer = begun.map_err(|_| Damage::Unplayable)?.map_err(|e| Damage::Refused(e.to_string()))?;
        Ok(Player { synthesizer, channel, keys, next: 0, block: 0 })
    }
}

/// One part under way.
pub(crate) struct Player {
    synthesizer: Synthesizer,
    channel: i32,
    keys: Vec<Key>,
    /// Which key comes next.
    next: usize,
    /// Blocks played so far.
    block: usize,
}

impl Player {
    /// Plays the next frames; all calls but the last ask for whole blocks.
    pub fn play(&mut self, left: &mut [f32], right: &mut [f32]) -> Result<(), Error> {
        // A sound that no check foresaw must not take the program with it.
        catch_unwind(AssertUnwindSafe(|| self.play_blocks(left, right))).map_err(|_| Damage::Unplayable)?;
        if is_finite(left) && is_finite(right) { Ok(()) } else { Err(Damage::Unplayable.into()) }
    }

    fn play_blocks(&mut self, left: &mut [f32], right: &mut [f32]) {
        for (left, right) in left.chunks_mut(BLOCK).zip(right.chunks_mut(BLOCK)) {
            while let Some(key) = self.keys.get(self.next).filter(|key| key.block <= self.block) {
                let command = if key.velocity == 0 { NOTE_OFF } else { NOTE_ON };
                self.synthesizer.process_midi_message(self.channel, command, key.pitch, key.velocity);
                self.next += 1;
            }
            self.synthesizer.render(left, right);
            self.block += 1;
        }
    }
}

/// True if all samples are numbers. Without their sign, bits of numbers are below those of infinity; looking for the largest is done
/// side by side, stopping at the first that is none is not.
fn is_finite(samples: &[f32]) -> bool {
    samples.iter().fold(0, |largest: u32, x| largest.max(x.to_bits() & 0x7FFF_FFFF)) < f32::INFINITY.to_bits()
}

fn opened(path: &Path) -> Result<BufReader<File>, Error> {
    let unreadable = |source| Error::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    // A folder opens like a file on some systems and fails only when read.
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(unreadable(std::io::ErrorKind::InvalidInput.into()));
    }
    Ok(BufReader::new(file))
}

/// Bank and program of everything a score may ask for; where a kit is missing, the player takes the standard kit.
fn presets_of(score: &Score) -> BTreeSet<(u16, u16)> {
    let program = |part: &Part| u16::from(part.program.min(127));
    let of =
        |part: &Part| if part.is_drum { [(DRUM_BANK, program(part)), (DRUM_BANK, 0)] } else { [(0, program(part)); 2] };
    score.parts.iter().filter(|part| !part.notes.is_empty()).flat_map(of).collect()
}

/// A key goes down, or with velocity 0 up. Ordered by time, and at one time up before down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    block: usize,
    velocity: i32,
    pitch: i32,
}

fn keys(part: &Part, clock: &Clock) -> Result<Vec<Key>, Error> {
    let mut keys = Vec::with_capacity(2 * part.notes.len());
    for note in &part.notes {
        let (onset, release) = clock.frames_of(note)?;
        let pitch = i32::from(note.pitch.min(127));
        let down = onset.div_ceil(BLOCK);
        keys.push(Key { block: down, velocity: i32::from(note.velocity.clamp(1, 127)), pitch });
        keys.push(Key { block: release.div_ceil(BLOCK).max(down + 1), velocity: 0, pitch });
    }
    keys.sort_unstable();
    Ok(keys)
}

/// The file as the player wants it: header, samples, tables, and nothing else.
fn hand_over(contents: &Contents, size: u64, samples: impl Read) -> Result<rustysynth::SoundFont, Error> {
    let (head, tail) = contents.around(size)?;
    let mut clean = head.as_slice().chain(samples).chain(tail.as_slice());
    let read = catch_unwind(AssertUnwindSafe(|| rustysynth::SoundFont::new(&mut clean)));
    Ok(read.map_err(|_| Damage::Unplayable)?.map_err(|e| Damage::Refused(e.to_string()))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_found() {
        assert!(is_finite(&[]) && is_finite(&[0.0, -f32::MAX, f32::MIN_POSITIVE]));
        for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(!is_finite(&[0.0, bad, 1.0]), "{bad}");
        }
    }
}
