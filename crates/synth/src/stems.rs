//! Stems: every part alone, and the hall; added up in their order they are the mix, to the last bit.
//!
//! Floating-point sums depend on their order, so there is one order only: parts as in the score, then the hall, each added to
//! what is there. Parts are played side by side on all cores, but added one after another. Where nobody asks for stems and parts
//! can be played a little at a time, none is ever whole: fresh memory costs more than the adding.

use crate::elementary::gain_from_db;
use crate::error::Error;
use crate::fitted::FittedVoices;
use crate::loops::{folded, loop_end};
use crate::panorama;
use crate::render::{Clock, RenderSettings, house_stem};
use crate::reverb;
use crate::soundfont::{BLOCK, Player, SoundFont};
use crate::stereo::Stereo;
use aeolian_score::{Part, Score};
use rayon::prelude::*;

/// Frames that each part plays at a time where no stem is kept: few enough for a cache.
const STRETCH: usize = 128 * BLOCK;

/// Seconds at the very end over which what still rings fades to silence.
const FADE_SECONDS: f64 = 0.3;

/// Who plays.
#[derive(Clone, Copy, Debug)]
pub enum Instruments<'a> {
    /// The instruments this crate makes itself.
    House,
    /// Fitted voices where there are any, else the house.
    Fitted(&'a FittedVoices),
    /// Those of a SoundFont.
    SoundFont(&'a SoundFont),
}

/// One part alone, or the hall.
#[derive(Clone, Debug, PartialEq)]
pub struct Stem {
    /// The part's name in the score, "Hall" for the hall; may be empty.
    pub name: String,
    /// Its sound, in its place and as loud as in the mix before the master stage.
    pub sound: Stereo,
}

/// Plays every part and hands its stem to `each`, which may keep it, write it, count it, or stop with an error; returns the
/// mix before the master stage.
///
/// Parts without notes have no stem. The hall, if any is asked for, is the last stem. All stems are as long as the mix:
/// ⌈end·rate⌉ + round(tail·rate) frames, or in a loop round(end of the last bar·rate) frames.
///
/// # Errors   [`Error::Setting`], [`Error::TooLong`], [`Error::SoundFont`], and those of `each`.
pub fn mixdown<E: From<Error>>(
    score: &Score,
    settings: &RenderSettings,
    instruments: Instruments,
    mut each: impl FnMut(Stem) -> Result<(), E>,
) -> Result<Stereo, E> {
    settings.check()?;
    let clock = Clock { score, settings };
    let span = Span::of(&clock)?;
    let heard = heard(score);
    // What the hall hears is never folded; in a loop the mix is.
    let mut dry = span.silence();
    let mut round = span.loop_frames.map(|n| Stereo::silence(settings.sample_rate_hz, n));
    for together in heard.chunks(rayon::current_num_threads().max(1)) {
        let play = |&(part, pan): &(&Part, f32)| match instruments {
            Instruments::House => house_stem(part, pan, None, &clock, span.frames),
            Instruments::Fitted(voices) => house_stem(part, pan, Some(voices), &clock, span.frames),
            Instruments::SoundFont(font) => font.stem(part, pan, &clock, span.frames),
        };
        let played: Vec<Result<Stereo, Error>> = together.par_iter().map(play).collect();
        for ((part, _), sound) in together.iter().zip(played) {
            let mut sound = sound?;
            span.trim(&mut sound, gain_from_db(settings.gain_db) as f32);
            add(&mut dry, &sound);
            let sound = span.once(sound);
            if let Some(round) = &mut round {
                add(round, &sound);
            }
            each(Stem { name: part.name.clone(), sound })?;
        }
    }
    let room = (settings.reverb > 0.0).then(|| {
        let mut room = reverb::room(&dry, settings.reverb);
        span.trim(&mut room, 1.0);
        span.once(room)
    });
    let mut mix = round.unwrap_or(dry);
    if let Some(sound) = room {
        add(&mut mix, &sound);
        each(Stem { name: "Hall".to_owned(), sound })?;
    }
    Ok(mix)
}

/// The same mix, to the last bit, where nobody wants the stems.
///
/// # Errors   [`Error::Setting`], [`Error::TooLong`], [`Error::SoundFont`].
pub fn mix(score: &Score, settings: &RenderSettings, instruments: Instruments) -> Result<Stereo, Error> {
    let Instruments::SoundFont(font) = instruments else { return mixdown(score, settings, instruments, |_| Ok(())) };
    // A round of a loop needs the end of each part before its beginning is known.
    if settings.seamless {
        return mixdown(score, settings, instruments, |_| Ok(()));
    }
    settings.check()?;
    let clock = Clock { score, settings };
    let span = Span::of(&clock)?;
    let players: Result<Vec<Player>, Error> =
        heard(score).into_iter().map(|(part, pan)| font.player(part, pan, &clock)).collect();
    let mut mix = span.silence();
    play_together(players?, &span, gain_from_db(settings.gain_db) as f32, &mut mix)?;
    if settings.reverb > 0.0 {
        let mut room = reverb::room(&mix, settings.reverb);
        span.trim(&mut room, 1.0);
        add(&mut mix, &room);
    }
    Ok(mix)
}

/// Parts with notes, and where they sit.
fn heard(score: &Score) -> Vec<(&Part, f32)> {
    score.parts.iter().zip(panorama::places(score)).filter(|(part, _)| !part.notes.is_empty()).collect()
}

/// Adds the parts to the mix, a stretch at a time.
fn play_together(players: Vec<Player>, span: &Span, gain: f32, mix: &mut Stereo) -> Result<(), Error> {
    let mut parts: Vec<(Player, Stereo)> =
        players.into_iter().map(|player| (player, Stereo::silence(span.sample_rate_hz, STRETCH))).collect();
    let stretches = mix.left.chunks_mut(STRETCH).zip(mix.right.chunks_mut(STRETCH));
    for (index, (left, right)) in stretches.enumerate() {
        let frames = left.len();
        parts.par_iter_mut().try_for_each(|(player, sound)| {
            let (left, right) = (&mut sound.left[..frames], &mut sound.right[..frames]);
            player.play(left, right)?;
            span.trim_from(index * STRETCH, left, right, gain);
            Ok::<(), Error>(())
        })?;
        for (_, sound) in &parts {
            left.iter_mut().zip(&sound.left).for_each(|(sum, x)| *sum += x);
            right.iter_mut().zip(&sound.right).for_each(|(sum, x)| *sum += x);
        }
    }
    Ok(())
}

/// How long everything sounds.
struct Span {
    sample_rate_hz: u32,
    /// With the tail.
    frames: usize,
    loop_frames: Option<usize>,
}

impl Span {
    fn of(clock: &Clock) -> Result<Self, Error> {
        let rate = f64::from(clock.settings.sample_rate_hz);
        let tail = (clock.settings.tail_seconds * rate).round() as usize;
        let loop_frames = clock.settings.seamless.then(|| clock.seconds_at(loop_end(clock.score))).transpose()?;
        let loop_frames = loop_frames.map(|seconds| ((seconds * rate).round() as usize).max(1));
        let frames = clock.last_frame()?.max(loop_frames.unwrap_or(0)) + tail;
        Ok(Self { sample_rate_hz: clock.settings.sample_rate_hz, frames, loop_frames })
    }

    fn silence(&self) -> Stereo {
        Stereo::silence(self.sample_rate_hz, self.frames)
    }

    /// Applies the gain, and the fade at the end of the tail.
    fn trim(&self, sound: &mut Stereo, gain: f32) {
        self.trim_from(0, &mut sound.left, &mut sound.right, gain);
    }

    /// The same for frames that begin at `start`.
    fn trim_from(&self, start: usize, left: &mut [f32], right: &mut [f32], gain: f32) {
        if gain != 1.0 {
            left.iter_mut().chain(right.iter_mut()).for_each(|x| *x *= gain);
        }
        let fade = ((FADE_SECONDS * f64::from(self.sample_rate_hz)) as usize).min(self.frames);
        let first = self.frames - fade;
        for (i, (left, right)) in left.iter_mut().zip(right).enumerate().skip(first.saturating_sub(start)) {
            let x = (self.frames - (start + i) - 1) as f32 / fade as f32;
            let gain = x * x * (3.0 - 2.0 * x);
            *left *= gain;
            *right *= gain;
        }
    }

    /// One round of a loop; anything else as it is.
    fn once(&self, sound: Stereo) -> Stereo {
        match self.loop_frames {
            Some(frames) => folded(&sound, frames),
            None => sound,
        }
    }
}

fn add(sum: &mut Stereo, sound: &Stereo) {
    sum.left.iter_mut().zip(&sound.left).for_each(|(s, x)| *s += x);
    sum.right.iter_mut().zip(&sound.right).for_each(|(s, x)| *s += x);
}
