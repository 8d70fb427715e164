//! The whole way from a score to sound: stems, mix, master; and how the house instruments play one part.

use crate::error::Error;
use crate::fitted::FittedVoices;
use crate::instrument::Instrument;
use crate::master::{Ends, master};
use crate::stem;
use crate::stems::{Instruments, mix};
use crate::stereo::Stereo;
use aeolian_score::{Note, Part, Score};

/// How a score becomes sound.
#[derive(Clone, Debug, PartialEq)]
pub struct RenderSettings {
    /// Samples a second, 8,000–192,000.
    pub sample_rate_hz: u32,
    /// Seconds after the last note's end in which it may ring out, 0–60.
    pub tail_seconds: f64,
    /// How much of the room is heard, 0 (none) – 1 (a church).
    pub reverb: f32,
    /// Level change before the master stage, −60 … 40 dB.
    pub gain_db: f64,
    /// Integrated loudness of the finished sound in LUFS, −70 … −5; `None` leaves it as it is.
    pub loudness_lufs: Option<f64>,
    /// Make a loop: it ends at a bar line, and what rings on is heard at its beginning.
    pub seamless: bool,
    /// Tune the piano's treble sharp and its bass flat, as tuners do; A4 stays 440 Hz.
    pub stretch_tuning: bool,
    /// The longest piece to render, in seconds, > 0; a guard against damaged tempo maps.
    pub max_seconds: f64,
}

impl Default for RenderSettings {
    fn default() -> Self {
        Self {
            sample_rate_hz: 44_100,
            tail_seconds: 2.5,
            reverb: 0.22,
            gain_db: 0.0,
            loudness_lufs: Some(-16.0),
            seamless: false,
            stretch_tuning: true,
            max_seconds: 3_600.0,
        }
    }
}

impl RenderSettings {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let within = |name, value: f64, min: f64, max: f64| {
            if (min..=max).contains(&value) { Ok(()) } else { Err(Error::Setting { name, value, min, max }) }
        };
        within("sample_rate_hz", f64::from(self.sample_rate_hz), 8_000.0, 192_000.0)?;
        within("tail_seconds", self.tail_seconds, 0.0, 60.0)?;
        within("reverb", f64::from(self.reverb), 0.0, 1.0)?;
        within("gain_db", self.gain_db, -60.0, 40.0)?;
        within("loudness_lufs", self.loudness_lufs.unwrap_or(-16.0), -70.0, -5.0)?;
        within("max_seconds", self.max_seconds, f64::MIN_POSITIVE, 86_400.0)
    }

    /// What lies before the first frame and after the last.
    pub fn ends(&self) -> Ends {
        if self.seamless { Ends::Joined } else { Ends::Silent }
    }
}

/// Plays a score on the house instruments.
///
/// The sound lasts ⌈end·rate⌉ + round(tail·rate) frames (a loop round(end of the last bar·rate)), is silent before the first
/// onset, has the loudness asked for and no true peak over −1 dBTP, and is the same bit for bit wherever it is made.
///
/// # Errors   [`Error::Setting`] for a setting out of range; [`Error::TooLong`] if the piece lasts longer than
/// `max_seconds` or its tempo map gives no finite time.
pub fn render(score: &Score, settings: &RenderSettings) -> Result<Stereo, Error> {
    render_with(score, settings, Instruments::House)
}

/// Plays a score on these instruments; otherwise as [`render`]. A SoundFont sounds the same only on the same machine.
///
/// # Errors   those of [`render`]; [`Error::SoundFont`] if it cannot be played.
pub fn render_with(score: &Score, settings: &RenderSettings, instruments: Instruments) -> Result<Stereo, Error> {
    let mut sound = mix(score, settings, instruments)?;
    master(&mut sound, settings.loudness_lufs, settings.ends());
    Ok(sound)
}

/// One part alone on the house instruments, or on a fitted voice if there is one for it: dry, in its place, `frames` long.
pub(crate) fn house_stem(
    part: &Part,
    pan: f32,
    voices: Option<&FittedVoices>,
    clock: &Clock,
    frames: usize,
) -> Result<Stereo, Error> {
    let settings = clock.settings;
    let mut sound = Stereo::silence(settings.sample_rate_hz, frames);
    let times = part.notes.iter().map(|note| clock.frames_of(note)).collect::<Result<Vec<_>, _>>()?;
    let instrument = Instrument::new(part.program, part.is_drum, settings.sample_rate_hz);
    let instrument = match voices {
        Some(voices) => instrument.fitted_by(voices),
        None => instrument,
    };
    stem::add_part(part, &times, instrument.at(pan).stretched(settings.stretch_tuning), &mut sound);
    Ok(sound)
}

/// From ticks to frames, refusing what is not a sensible time.
pub(crate) struct Clock<'a> {
    pub score: &'a Score,
    pub settings: &'a RenderSettings,
}

impl Clock<'_> {
    pub fn last_frame(&self) -> Result<usize, Error> {
        Ok((self.seconds_at(self.score.end())? * f64::from(self.settings.sample_rate_hz)).ceil() as usize)
    }

    pub fn frames_of(&self, note: &Note) -> Result<(usize, usize), Error> {
        let rate = f64::from(self.settings.sample_rate_hz);
        let frame = |seconds: f64| (seconds * rate).round() as usize;
        Ok((frame(self.seconds_at(note.onset)?), frame(self.seconds_at(note.offset())?)))
    }

    pub fn seconds_at(&self, at: aeolian_score::Tick) -> Result<f64, Error> {
        let seconds = self.score.seconds_at(at);
        let max = self.settings.max_seconds;
        if (0.0..=max).contains(&seconds) { Ok(seconds) } else { Err(Error::TooLong { seconds, max }) }
    }
}
