//! The whole way from a score to sound: notes, room, limiter, fade.

use crate::drums;
use crate::elementary::gain_from_db;
use crate::error::Error;
use crate::limiter;
use crate::piano::{self, HammerNoise};
use crate::reverb;
use crate::stereo::Stereo;
use crate::sustained::Family;
use crate::voice::{Place, mix_in};
use aeolian_score::{Note, Part, Score};

/// −1 dBFS, the highest peak a rendering may have.
const CEILING: f32 = 0.891;

/// Seconds at the very end over which what still rings fades to silence.
const FADE_SECONDS: f64 = 0.3;

/// How a score becomes sound.
#[derive(Clone, Debug, PartialEq)]
pub struct RenderSettings {
    /// Samples a second, 8,000–192,000.
    pub sample_rate_hz: u32,
    /// Seconds after the last note's end in which it may ring out, 0–60.
    pub tail_seconds: f64,
    /// How much of the room is heard, 0 (none) – 1 (a church).
    pub reverb: f32,
    /// Level change before the limiter, −60 … 40 dB.
    pub gain_db: f64,
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
            stretch_tuning: true,
            max_seconds: 3_600.0,
        }
    }
}

impl RenderSettings {
    fn check(&self) -> Result<(), Error> {
        let within = |name, value: f64, min: f64, max: f64| {
            if (min..=max).contains(&value) { Ok(()) } else { Err(Error::Setting { name, value, min, max }) }
        };
        within("sample_rate_hz", f64::from(self.sample_rate_hz), 8_000.0, 192_000.0)?;
        within("tail_seconds", self.tail_seconds, 0.0, 60.0)?;
        within("reverb", f64::from(self.reverb), 0.0, 1.0)?;
        within("gain_db", self.gain_db, -60.0, 40.0)?;
        within("max_seconds", self.max_seconds, f64::MIN_POSITIVE, 86_400.0)
    }
}

/// Plays a score.
///
/// The sound lasts ⌈end·rate⌉ + round(tail·rate) frames, is silent before the first onset, never exceeds −1 dBFS, and is
/// the same bit for bit wherever it is made. Equal loudness in gives equal loudness out: nothing is normalised, only peaks
/// that would pass the ceiling are held down.
///
/// # Errors   [`Error::Setting`] for a setting out of range; [`Error::TooLong`] if the piece lasts longer than
/// `max_seconds` or its tempo map gives no finite time.
pub fn render(score: &Score, settings: &RenderSettings) -> Result<Stereo, Error> {
    settings.check()?;
    let clock = Clock { score, settings };
    let tail_frames = (settings.tail_seconds * f64::from(settings.sample_rate_hz)).round() as usize;
    let mut mix = Stereo::silence(settings.sample_rate_hz, clock.last_frame()? + tail_frames);
    let hammer = HammerNoise::new(f64::from(settings.sample_rate_hz));
    for (part, pan) in score.parts.iter().zip(pans(score)) {
        let player = Player { part, pan, hammer: &hammer, settings };
        for note in &part.notes {
            let (onset, release) = clock.frames_of(note)?;
            player.play(note, onset, release, &mut mix);
        }
    }
    let gain = gain_from_db(settings.gain_db) as f32;
    mix.left.iter_mut().chain(&mut mix.right).for_each(|x| *x *= gain);
    reverb::add_room(&mut mix, settings.reverb);
    limiter::limit(&mut mix, CEILING);
    fade_out(&mut mix);
    Ok(mix)
}

/// Where each part sits: the first in the middle, the next ones to its right and left, ever further out; drums in the middle.
fn pans(score: &Score) -> impl Iterator<Item = f32> {
    const PLACES: [f32; 7] = [0.0, 0.22, -0.22, 0.4, -0.4, 0.12, -0.12];
    let mut pitched = 0;
    score.parts.iter().map(move |part| {
        if part.is_drum || part.notes.is_empty() {
            return 0.0;
        }
        pitched += 1;
        PLACES[(pitched - 1) % PLACES.len()]
    })
}

/// From ticks to frames, refusing what is not a sensible time.
struct Clock<'a> {
    score: &'a Score,
    settings: &'a RenderSettings,
}

impl Clock<'_> {
    fn last_frame(&self) -> Result<usize, Error> {
        Ok((self.seconds_at(self.score.end())? * f64::from(self.settings.sample_rate_hz)).ceil() as usize)
    }

    fn frames_of(&self, note: &Note) -> Result<(usize, usize), Error> {
        let rate = f64::from(self.settings.sample_rate_hz);
        let frame = |seconds: f64| (seconds * rate).round() as usize;
        Ok((frame(self.seconds_at(note.onset)?), frame(self.seconds_at(note.offset())?)))
    }

    fn seconds_at(&self, at: aeolian_score::Tick) -> Result<f64, Error> {
        let seconds = self.score.seconds_at(at);
        let max = self.settings.max_seconds;
        if (0.0..=max).contains(&seconds) { Ok(seconds) } else { Err(Error::TooLong { seconds, max }) }
    }
}

/// The instrument of one part.
struct Player<'a> {
    part: &'a Part,
    pan: f32,
    hammer: &'a HammerNoise,
    settings: &'a RenderSettings,
}

impl Player<'_> {
    fn play(&self, note: &Note, onset: usize, release: usize, mix: &mut Stereo) {
        let rate = f64::from(self.settings.sample_rate_hz);
        let highest_hz = (0.45 * rate).min(18_000.0);
        let pitch = note.pitch.min(127);
        if self.part.is_drum {
            // Keys across the kit spread a little, so that hats and toms do not sit inside the kick.
            let pan = (f32::from(pitch % 7) - 3.0) * 0.08;
            add_at(mix, onset, &drums::stroke(pitch, note.velocity, rate), Place::at(pan), 1.0);
        } else if let Some(family) = Family::of_program(self.part.program) {
            family.play(pitch, note.velocity, self.pan, highest_hz).add_to(mix, onset, release);
        } else {
            let stretched = self.settings.stretch_tuning;
            piano::strike(pitch, note.velocity, self.pan, stretched, highest_hz).add_to(mix, onset, release);
            let (thump, gain) = self.hammer.of(note.velocity);
            add_at(mix, onset, thump, Place::at(self.pan), gain);
        }
    }
}

/// Adds a finished sound from frame `onset` on; what reaches beyond the end is cut.
fn add_at(mix: &mut Stereo, onset: usize, sound: &[f32], place: Place, gain: f32) {
    let onset = onset.min(mix.frames());
    let place = Place { left: gain * place.left, right: gain * place.right };
    mix_in(sound, place, &mut mix.left[onset..], &mut mix.right[onset..]);
}

fn fade_out(mix: &mut Stereo) {
    let frames = ((FADE_SECONDS * f64::from(mix.sample_rate_hz)) as usize).min(mix.frames());
    let start = mix.frames() - frames;
    for i in 0..frames {
        let x = (frames - i - 1) as f32 / frames as f32;
        let gain = x * x * (3.0 - 2.0 * x);
        mix.left[start + i] *= gain;
        mix.right[start + i] *= gain;
    }
}
