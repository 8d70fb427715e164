//! From notes to a finished voice: learned, made as loud as the house's, examined, and beside what it learned from.

use crate::fit::{Fit, FitSettings, Progress, fit};
use crate::note::{RATE_HZ, Recording, played_by_font, played_by_house};
use crate::plan::{Report, exam, examine, gain_of_the_house, instrument_of, lessons};
use crate::voice::{Card, Voice};
use aeolian_synth::{Error, SoundFont};
use std::collections::BTreeMap;

/// What a voice is called and where it comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origin {
    /// Short name.
    pub name: String,
    /// General MIDI program (0-based).
    pub program: u8,
    /// Recordings, and who made them.
    pub source: String,
    /// Their licence.
    pub licence: String,
}

/// Learns a voice from a program of a SoundFont and examines it; `None` if the font is silent there.
///
/// # Errors   those of the SoundFont.
pub fn learn_from_font(
    font: &SoundFont,
    origin: Origin,
    settings: &FitSettings,
    each: impl FnMut(Progress),
) -> Result<Option<(Voice, Report)>, Error> {
    let recordings = played_by_font(font, origin.program, &lessons(origin.program))?;
    let Some(mut voice) = learn(&recordings, origin, settings, each) else { return Ok(None) };
    let Some(report) = examine(font, &voice)? else { return Ok(None) };
    let figures = [
        ("spectral", report.fitted.spectral),
        ("loudness dB", report.fitted.loudness_db),
        ("house spectral", report.house.spectral),
        ("house loudness dB", report.house.loudness_db),
        ("noise spectral", report.noise.spectral),
        ("noise loudness dB", report.noise.loudness_db),
        ("notes", report.fitted.notes as f64),
    ];
    voice.card.figures = figures.map(|(name, value)| (name.to_owned(), (value * 1_000.0).round() / 1_000.0)).into();
    Ok(Some((voice, report)))
}

/// Learns a voice from notes; `None` if there are none with any sound.
pub fn learn(
    recordings: &[Recording],
    origin: Origin,
    settings: &FitSettings,
    each: impl FnMut(Progress),
) -> Option<Voice> {
    let Fit { decoder, weights, pitches, seconds, is_struck, stiffness, vibrato } = fit(recordings, settings, each)?;
    // As they will be stored, so that what is examined is what is kept.
    let weights: Vec<f32> = weights.into_iter().map(|w| half::f16::from_f32(w).to_f32()).collect();
    let Origin { name, program, source, licence } = origin;
    let card = Card {
        name,
        program: program.min(127),
        source,
        licence,
        decoder,
        gain: 1.0,
        pitches,
        seconds,
        is_struck,
        stiffness,
        vibrato,
        figures: BTreeMap::new(),
    };
    let voice = Voice::new(card, weights.clone()).ok()?;
    let gain = gain_of_the_house(&voice) as f32;
    Voice::new(Card { gain, ..voice.card }, weights).ok()
}

/// Notes nobody learned from, recorded and played in turn: what the ear should compare. At [`RATE_HZ`], peaks at one half.
///
/// # Errors   those of the SoundFont.
pub fn beside_font(font: &SoundFont, voice: &Voice) -> Result<Vec<f32>, Error> {
    let grid = exam(voice.card.program);
    let recordings = played_by_font(font, voice.card.program, &grid)?;
    Ok(in_turn(&recordings, &played_by_house(instrument_of(voice), &grid)))
}

/// The same beside the recordings it learned from.
pub fn beside_recordings(recordings: &[Recording], voice: &Voice) -> Vec<f32> {
    let mut instrument = instrument_of(voice);
    let play = |r: &Recording| {
        let (mut left, mut right) = (vec![0.0; r.samples.len()], vec![0.0; r.samples.len()]);
        let held = ((r.release_seconds * f64::from(RATE_HZ)) as usize).min(left.len());
        let mut note = instrument.note_on(r.pitch.round().clamp(0.0, 127.0) as u8, r.velocity);
        note.render(&mut left[..held], &mut right[..held]);
        note.release();
        note.render(&mut left[held..], &mut right[held..]);
        Recording { samples: left, ..r.clone() }
    };
    let played: Vec<Recording> = recordings.iter().take(24).map(play).collect();
    in_turn(recordings, &played)
}

fn in_turn(recordings: &[Recording], notes: &[Recording]) -> Vec<f32> {
    let peak = |all: &[Recording]| all.iter().flat_map(|r| &r.samples).fold(1e-6f32, |p, x| p.max(x.abs()));
    let (recorded, played) = (0.5 / peak(recordings), 0.5 / peak(notes));
    let gap = vec![0.0; RATE_HZ as usize / 8];
    let scaled = |r: &Recording, gain: f32| r.samples.iter().map(|x| gain * x).collect::<Vec<f32>>();
    recordings
        .iter()
        .zip(notes)
        .flat_map(|(a, b)| [scaled(a, recorded), gap.clone(), scaled(b, played), gap.clone(), gap.clone()].concat())
        .collect()
}
