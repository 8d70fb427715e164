//! The pitch of a recording, moment by moment: the likeliest way through the candidates.
//!
//! Each moment offers its pitches ([`Yin::candidates`]) and silence; the way prefers what is likely, small steps, and neither
//! starting nor stopping without cause (Viterbi 1967, as Mauch & Dixon 2014, §2.2). They let a pitch move over a fixed grid
//! of 10 cents by at most 2.5 semitones a moment; here the states are the candidates themselves and any leap is possible at a price,
//! for instruments leap without a gap.

use crate::decode::{ANALYSIS_RATE_HZ, Recording};
use crate::yin::{Candidate, SPAN, WINDOW, Yin};

/// Samples from one moment to the next, 5.8 ms.
pub const HOP: usize = 128;
/// Moments a second.
pub const FRAMES_PER_SECOND: f64 = ANALYSIS_RATE_HZ as f64 / HOP as f64;

/// One moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Frame {
    /// Pitch as a MIDI number with its fraction (69 is 440 Hz); `None` where none sounds.
    pub pitch: Option<f64>,
    /// How surely that pitch sounds, 0 … 1; 0 without a pitch.
    pub probability: f64,
}

/// Seconds from the beginning of the recording to the middle of what frame `index` hears.
pub fn seconds_of(index: usize) -> f64 {
    index as f64 / FRAMES_PER_SECOND
}

/// MIDI pitch of a frequency: 69 + 12·log₂(hz / 440).
pub fn midi_pitch(hz: f64) -> f64 {
    69.0 + 12.0 * (hz / 440.0).log2()
}

/// Below full scale by more than this nothing is heard: the noise of 16 bits lies at −98 dB.
const SILENCE: f32 = 1e-4;

/// The pitch of every moment; frame `i` is centred on sample `i` · [`HOP`].
pub fn pitch_track(recording: &Recording) -> Vec<Frame> {
    let samples = &recording.samples;
    if samples.is_empty() {
        return Vec::new();
    }
    let samples = &dulled(samples);
    let (mut yin, mut span) = (Yin::default(), vec![0.0; SPAN]);
    let moments: Vec<Vec<Candidate>> = (0..=samples.len() / HOP)
        .map(|frame| {
            fill_centred(&mut span, samples, frame * HOP);
            if span.iter().all(|x| x.abs() < SILENCE) { Vec::new() } else { yin.candidates(&span) }
        })
        .collect();
    likeliest_way(&moments)
}

/// How often two neighbours are averaged: |H(f)| = cos(πf / rate) to this power, a half at 2.9 kHz.
const AVERAGINGS: usize = 8;

/// Without its highest partials, for a dip of theirs is narrower than a sample and falls between two: then a multiple of the period
/// that meets a sample better would look like the truer one.
fn dulled(samples: &[f32]) -> Vec<f32> {
    let mut dull = samples.to_vec();
    for averaging in 0..AVERAGINGS {
        // To the left and to the right in turn, so that nothing moves.
        if averaging % 2 == 0 {
            (1..dull.len()).rev().for_each(|i| dull[i] = 0.5 * (dull[i] + dull[i - 1]));
        } else {
            (1..dull.len()).for_each(|i| dull[i - 1] = 0.5 * (dull[i - 1] + dull[i]));
        }
    }
    dull
}

/// Samples around `centre`: the compared window and half a longest shift lie around it. Silence beyond both ends.
fn fill_centred(span: &mut [f32], samples: &[f32], centre: usize) {
    let before = WINDOW / 2 + EARLIER;
    for (i, value) in span.iter_mut().enumerate() {
        *value = (centre + i).checked_sub(before).and_then(|at| samples.get(at)).copied().unwrap_or(0.0);
    }
}

/// Pitches of 200 to 400 Hz are compared over a shift of about 80 samples; half of it centres them.
const EARLIER: usize = 40;

/// Natural logarithms of chances, as prices.
const PRICE_OF_VOICING: f64 = 4.0;
/// Price of a semitone from one moment to the next (35 semitones a second are a fast slide).
const PRICE_OF_SEMITONE: f64 = 4.0;
/// However far, a leap costs no more.
const PRICE_OF_LEAP: f64 = 5.0;
/// A candidate can be no surer than this, nor can silence.
const LEAST_CHANCE: f64 = 1e-3;

struct State {
    pitch: Option<f64>,
    probability: f64,
    price: f64,
    before: usize,
}

/// Viterbi over the candidates of all moments, with "no pitch" as one more in each.
fn likeliest_way(moments: &[Vec<Candidate>]) -> Vec<Frame> {
    let mut trellis: Vec<Vec<State>> = Vec::with_capacity(moments.len());
    for candidates in moments {
        let voiced: f64 = candidates.iter().map(|c| c.probability).sum();
        let silent = State { pitch: None, probability: 0.0, price: price(1.0 - voiced), before: 0 };
        let mut states = vec![silent];
        states.extend(candidates.iter().map(|c| State {
            pitch: Some(midi_pitch(c.hz)),
            probability: c.probability,
            price: price(c.probability),
            before: 0,
        }));
        if let Some(last) = trellis.last() {
            states.iter_mut().for_each(|state| reach(state, last));
        }
        trellis.push(states);
    }
    way_back(&trellis)
}

fn price(chance: f64) -> f64 {
    -chance.clamp(LEAST_CHANCE, 1.0).ln()
}

/// Adds the cheapest way to `state` from one of `last`.
fn reach(state: &mut State, last: &[State]) {
    let mut best = f64::INFINITY;
    for (index, from) in last.iter().enumerate() {
        let step = match (from.pitch, state.pitch) {
            (None, None) => 0.0,
            (Some(a), Some(b)) => (PRICE_OF_SEMITONE * (a - b).abs()).min(PRICE_OF_LEAP),
            _ => PRICE_OF_VOICING,
        };
        if from.price + step < best {
            best = from.price + step;
            state.before = index;
        }
    }
    state.price += best;
}

fn way_back(trellis: &[Vec<State>]) -> Vec<Frame> {
    let cheapest = |states: &[State]| (0..states.len()).min_by(|&a, &b| states[a].price.total_cmp(&states[b].price));
    let mut at = trellis.last().and_then(|states| cheapest(states)).unwrap_or(0);
    let mut frames: Vec<Frame> = Vec::with_capacity(trellis.len());
    for states in trellis.iter().rev() {
        let state = &states[at];
        frames.push(Frame { pitch: state.pitch, probability: state.probability });
        at = state.before;
    }
    frames.reverse();
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(all: &[(f64, f64)]) -> Vec<Candidate> {
        all.iter().map(|&(hz, probability)| Candidate { hz, probability }).collect()
    }

    #[test]
    fn one_doubtful_moment_does_not_change_the_octave() {
        let sure = moment(&[(220.0, 0.9)]);
        let doubtful = moment(&[(440.0, 0.5), (220.0, 0.4)]);
        let way = likeliest_way(&[sure.clone(), sure.clone(), doubtful, sure.clone(), sure]);
        assert!(way.iter().all(|f| f.pitch == Some(57.0)), "{way:?}");
    }

    #[test]
    fn a_lasting_leap_is_followed_at_once() {
        let (low, high) = (moment(&[(220.0, 0.9)]), moment(&[(440.0, 0.9)]));
        let mut moments = vec![low; 10];
        moments.extend(vec![high; 10]);
        let pitches: Vec<_> = likeliest_way(&moments).iter().map(|f| f.pitch).collect();
        assert_eq!(pitches, [[Some(57.0); 10], [Some(69.0); 10]].concat());
    }

    #[test]
    fn a_flash_of_pitch_in_silence_is_silence() {
        let mut moments = vec![vec![]; 9];
        moments[4] = moment(&[(300.0, 0.6)]);
        assert!(likeliest_way(&moments).iter().all(|f| f.pitch.is_none()));
        assert_eq!(likeliest_way(&[]), []);
    }

    #[test]
    fn a_tone_between_silences_is_heard_where_it_sounds() {
        let rate = ANALYSIS_RATE_HZ as usize;
        let sound = |i: usize| (i as f64 * 2.0 * std::f64::consts::PI * 330.0 / rate as f64).sin() as f32 * 0.3;
        let samples = (0..3 * rate).map(|i| if (rate..2 * rate).contains(&i) { sound(i) } else { 0.0 }).collect();
        let track = pitch_track(&Recording { samples });
        let voiced: Vec<usize> = (0..track.len()).filter(|&i| track[i].pitch.is_some()).collect();
        let (first, last) = (seconds_of(voiced[0]), seconds_of(voiced[voiced.len() - 1]));
        assert!((first - 1.0).abs() < 0.03 && (last - 2.0).abs() < 0.03, "{first} to {last}");
        // At its ends half of what a moment hears is silence.
        let inside = &voiced[8..voiced.len() - 8];
        assert!(inside.iter().all(|&i| (track[i].pitch.unwrap() - midi_pitch(330.0)).abs() < 0.05));
    }
}
