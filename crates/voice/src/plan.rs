//! Which notes of an instrument are learned from, and which are kept to judge by.

use crate::judge::{Judgement, judge, noise_instead};
use crate::note::{Grid, RATE_HZ, played_by_font, played_by_house};
use crate::voice::Voice;
use aeolian_synth::{Error, FittedVoices, Instrument, SoundFont};
use std::sync::Arc;

/// Lowest and highest pitch that players of a General MIDI program usually write for.
pub fn range(program: u8) -> [u8; 2] {
    match program {
        0..=7 => [28, 100],
        8..=15 => [53, 96],
        24..=31 => [40, 84],
        32..=39 => [28, 60],
        40 => [55, 96],
        41 => [48, 84],
        42 => [36, 76],
        43 => [28, 55],
        46 => [36, 96],
        56 => [54, 86],
        57 => [40, 72],
        60 => [41, 77],
        64 => [56, 88],
        65 => [49, 80],
        66 => [44, 75],
        67 => [36, 68],
        68 => [58, 91],
        69 => [52, 81],
        70 => [34, 72],
        71 => [50, 91],
        72 => [74, 105],
        73 => [60, 96],
        _ => [40, 90],
    }
}

fn held_seconds(program: u8) -> f64 {
    // Struck and plucked strings need time to show how they die away.
    match program {
        0..=15 | 24..=39 | 45..=47 | 104..=108 => 3.0,
        _ => 1.5,
    }
}

/// Notes to learn from: every third key, three velocities.
pub fn lessons(program: u8) -> Grid {
    let [low, high] = range(program);
    Grid {
        pitches: (low..=high).step_by(3).collect(),
        velocities: vec![30, 70, 118],
        held_seconds: held_seconds(program),
        ringing_seconds: 0.4,
    }
}

/// Notes to judge by: keys between those, other velocities.
pub fn exam(program: u8) -> Grid {
    let [low, high] = range(program);
    let pitches: Vec<u8> = (low + 2..high).step_by(6).collect();
    Grid { pitches, velocities: vec![45, 90, 110], ..lessons(program) }
}

/// What an exam found: of the fitted voice, of the house's voice, of noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Report {
    /// The voice, as it plays in pieces.
    pub fitted: Judgement,
    /// The house's own voice of the same program.
    pub house: Judgement,
    /// White noise.
    pub noise: Judgement,
}

impl Report {
    /// True if the voice is nearer than the house's in spectrum, and not much farther in loudness (a tenth).
    pub fn is_better(&self) -> bool {
        self.fitted.spectral < self.house.spectral && self.fitted.loudness_db < 1.1 * self.house.loudness_db
    }
}

/// Holds the exam; `None` if the font is silent on all of it.
///
/// # Errors   those of the SoundFont.
pub fn examine(font: &SoundFont, voice: &Voice) -> Result<Option<Report>, Error> {
    let program = voice.card.program;
    let grid = exam(program);
    let recordings = played_by_font(font, program, &grid)?;
    let heard = |r: &crate::note::Recording| r.samples.iter().any(|&x| x != 0.0);
    if !recordings.iter().all(heard) {
        return Ok(None);
    }
    let house = played_by_house(Instrument::new(program, false, RATE_HZ), &grid);
    let fitted = played_by_house(instrument_of(voice), &grid);
    let of = |notes| judge(&recordings, notes);
    let (fitted, house, noise) = (of(&fitted), of(&house), of(&noise_instead(&recordings)));
    Ok(fitted.zip(house).zip(noise).map(|((fitted, house), noise)| Report { fitted, house, noise }))
}

/// The instrument on which a voice is played.
pub fn instrument_of(voice: &Voice) -> Instrument {
    let mut voices = FittedVoices::default();
    voices.assign(voice.card.program, Arc::new(voice.clone()));
    Instrument::new(voice.card.program, false, RATE_HZ).fitted_by(&voices)
}

/// The factor that makes a voice as loud as the house's of the same program, over its middle keys at velocity 90.
pub fn gain_of_the_house(voice: &Voice) -> f64 {
    let [low, high] = voice.card.pitches;
    let third = (high - low) / 3;
    let grid = Grid {
        pitches: vec![low + third, high - third],
        velocities: vec![90],
        held_seconds: 0.8,
        ringing_seconds: 0.0,
    };
    let power = |instrument| {
        let notes = played_by_house(instrument, &grid);
        notes.iter().flat_map(|n| &n.samples).map(|x| f64::from(x * x)).sum::<f64>()
    };
    let (house, fitted) = (power(Instrument::new(voice.card.program, false, RATE_HZ)), power(instrument_of(voice)));
    if fitted > 0.0 && house > 0.0 { (house / fitted).sqrt() } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::Card;
    use crate::voice::tests::{card, fresh};

    #[test]
    fn no_note_is_both_learned_from_and_judged_by() {
        for program in 0..128 {
            let (lessons, exam) = (lessons(program), exam(program));
            assert!(exam.pitches.len() >= 3 && lessons.pitches.len() >= 7, "{program}");
            assert!(exam.pitches.iter().all(|p| !lessons.pitches.contains(p)));
            assert!(exam.velocities.iter().all(|v| !lessons.velocities.contains(v)));
        }
    }

    #[test]
    fn a_voice_is_made_as_loud_as_the_house() {
        let voice = fresh(card());
        let gain = gain_of_the_house(&voice) as f32;
        let louder = fresh(Card { gain, ..card() });
        assert!((gain_of_the_house(&louder) - 1.0).abs() < 0.02, "{}", gain_of_the_house(&louder));
    }
}
