//! Wishes to lean towards: how dense, how full, how high, how loud, over time and by lane.

use crate::RequestError;
use crate::wish::{Curve, LaneValues, Mood};
use aeolian_canvas::{NOTE_LANES, NoteLane};
use serde::{Deserialize, Serialize};

/// What a curve is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Notes that begin in a quarter.
    Density,
    /// Notes that sound at once, on average.
    Polyphony,
    /// Mean MIDI pitch of the notes that begin.
    Register,
    /// Mean MIDI velocity.
    Loudness,
}

/// Curves by lane; a curve for no lane in particular is about all of them together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Soft {
    /// 0 is as thin as the thinnest twentieth of human bars, 1 as dense as the densest ([`notes_per_quarter`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub density: Option<LaneValues<Curve>>,
    /// Notes that sound at once, 0.1–12.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub polyphony: Option<LaneValues<Curve>>,
    /// Mean MIDI pitch, 21–108.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub register: Option<LaneValues<Curve>>,
    /// Mean MIDI velocity, 1–127.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loudness: Option<LaneValues<Curve>>,
}

/// A curve at work: its value in every bar.
#[derive(Clone, Debug, PartialEq)]
pub struct SoftWish {
    /// What it is about; densities are in notes a quarter.
    pub measure: Measure,
    /// Whose notes, together.
    pub lanes: Vec<NoteLane>,
    /// Of every bar.
    pub values: Vec<f64>,
}

/// What a curve is about, in words, the values it can have, and the curves.
type Wished<'a> = (Measure, &'static str, std::ops::RangeInclusive<f64>, &'a Option<LaneValues<Curve>>);

/// Notes a quarter of the thinnest twentieth, the middle and the densest twentieth of the bars in which a lane sounds:
/// melody, counter-melody and harmony of pop909 (every sixth song of the set), bass, drums and sustained of mma_band and
/// game_multitrack (every twentieth piece; DENSITY_DATE).
const DENSITIES: [[f64; 3]; NOTE_LANES] =
    [[0.25, 1.25, 2.5], [0.25, 1.0, 3.0], [1.25, 3.0, 5.5], [0.25, 1.0, 2.5], [1.0, 3.5, 7.0], [0.25, 1.0, 3.0]];
/// The same of all pitched lanes of pop909 together.
const DENSITY_TOGETHER: [f64; 3] = [1.5, 4.5, 8.25];
/// Mean pitch of the melodies of pop909.
const MELODY_REGISTER: f64 = 72.0;
/// Mean velocity of a lane that no mood speaks of.
const LOUDNESS: f64 = 78.0;

/// Notes a quarter for a density from 0 (thin) over 0.5 (usual) to 1 (dense); `None` for all pitched lanes together.
pub fn notes_per_quarter(density: f64, lane: Option<NoteLane>) -> f64 {
    let [thin, usual, dense] = lane.map_or(DENSITY_TOGETHER, |lane| DENSITIES[lane as usize]);
    if density <= 0.5 { thin + (usual - thin) * 2.0 * density } else { usual + (dense - usual) * (2.0 * density - 1.0) }
}

impl Soft {
    /// True when nothing is wished.
    pub fn is_empty(&self) -> bool {
        self.density.is_none() && self.polyphony.is_none() && self.register.is_none() && self.loudness.is_none()
    }

    fn curves(&self) -> [Wished<'_>; 4] {
        [
            (Measure::Density, "the density", 0.0..=1.0, &self.density),
            (Measure::Polyphony, "the polyphony", 0.1..=12.0, &self.polyphony),
            (Measure::Register, "the register", 21.0..=108.0, &self.register),
            (Measure::Loudness, "the loudness", 1.0..=127.0, &self.loudness),
        ]
    }

    /// Checks every value.
    ///
    /// # Errors   a sentence with the value and the range
    pub fn check(&self) -> Result<(), RequestError> {
        for (_, what, range, values) in self.curves() {
            for (_, curve) in values.iter().flat_map(each) {
                curve.check(what, range.clone())?;
            }
        }
        Ok(())
    }

    /// The wishes of a piece of so many bars; a mood speaks where nothing else does.
    pub fn wishes(&self, bars: usize, mood: Option<&Mood>) -> Vec<SoftWish> {
        let mut wishes = Vec::new();
        for (measure, _, _, values) in self.curves() {
            for (lane, curve) in values.iter().flat_map(each) {
                let value = |bar: usize| match measure {
                    Measure::Density => notes_per_quarter(curve.at(bar as f64), lane),
                    _ => curve.at(bar as f64),
                };
                let lanes = lane.map_or(NoteLane::PITCHED.to_vec(), |lane| vec![lane]);
                wishes.push(SoftWish { measure, lanes, values: (0..bars).map(value).collect() });
            }
        }
        if let Some(mood) = mood {
            self.add_mood(mood, bars, &mut wishes);
        }
        wishes
    }

    fn add_mood(&self, mood: &Mood, bars: usize, wishes: &mut Vec<SoftWish>) {
        let cues = |bar: usize| mood.cues_at(bar as f64);
        let mut add = |measure, lanes: &[NoteLane], value: &dyn Fn(usize) -> f64| {
            wishes.push(SoftWish { measure, lanes: lanes.to_vec(), values: (0..bars).map(value).collect() });
        };
        if self.density.is_none() {
            let usual = notes_per_quarter(0.5, None);
            add(Measure::Density, &NoteLane::PITCHED, &|bar| usual * cues(bar).density_factor);
        }
        if self.register.is_none() {
            let register = |bar: usize| MELODY_REGISTER + cues(bar).register_semitones;
            add(Measure::Register, &[NoteLane::Melody], &register);
        }
        if self.loudness.is_none() {
            add(Measure::Loudness, &NoteLane::ALL, &|bar| (LOUDNESS + cues(bar).velocity_shift).clamp(1.0, 127.0));
        }
    }
}

/// The curves of single lanes, or the one of all lanes.
fn each(values: &LaneValues<Curve>) -> Vec<(Option<NoteLane>, &Curve)> {
    let of_lanes: Vec<(Option<NoteLane>, &Curve)> =
        NoteLane::ALL.into_iter().filter_map(|lane| values.own(lane).map(|curve| (Some(lane), curve))).collect();
    let of_all = values.others().map(|curve| (None, curve));
    of_lanes.into_iter().chain(of_all).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_is_usual_and_the_ends_are_the_twentieths() {
        assert_eq!([0.0, 0.5, 1.0].map(|d| notes_per_quarter(d, None)), [1.5, 4.5, 8.25]);
        assert_eq!(notes_per_quarter(0.25, Some(NoteLane::Melody)), 0.75);
    }

    #[test]
    fn curves_become_values_by_bar_and_bad_ones_a_sentence() {
        let soft = Soft { density: Some("0:0, 4:1".parse().unwrap()), ..Soft::default() };
        let wishes = soft.wishes(5, None);
        assert_eq!((wishes.len(), wishes[0].lanes.len()), (1, 5));
        assert_eq!((wishes[0].values[0], wishes[0].values[2], wishes[0].values[4]), (1.5, 4.5, 8.25));
        let loud = Soft { loudness: Some("melody:200".parse().unwrap()), ..Soft::default() };
        assert!(loud.check().unwrap_err().to_string().contains("127"));
    }

    #[test]
    fn a_mood_speaks_where_nothing_else_does() {
        let sad: Mood = "sad".parse().unwrap();
        let soft = Soft { density: Some("0.9".parse().unwrap()), ..Soft::default() };
        let wishes = soft.wishes(2, Some(&sad));
        let of = |measure| wishes.iter().filter(|w| w.measure == measure).count();
        assert_eq!([of(Measure::Density), of(Measure::Register), of(Measure::Loudness)], [1, 1, 1]);
        let register = wishes.iter().find(|w| w.measure == Measure::Register).unwrap();
        assert!(register.values[0] < 72.0);
    }
}
