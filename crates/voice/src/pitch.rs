//! Pitch of a single voice, frame by frame.
//!
//! [`Yin`] is the method of de Cheveigné & Kawahara 2002 ("YIN, a fundamental frequency estimator for speech and music"): the difference
//! of the sound from itself a lag later, divided by its mean over all shorter lags (eq. 8), dips first at the period; a parabola
//! through the dip places it between samples. Anything else that follows [`PitchTracker`] can take its place.

/// Something that hears pitch.
pub trait PitchTracker {
    /// Fundamental in hertz at samples 0, `hop`, 2·`hop` …, `None` where there is no pitch; samples / hop + 1 values.
    fn track(&self, samples: &[f32], sample_rate_hz: u32, hop: usize) -> Vec<Option<f64>>;
}

/// The method, with its limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Yin {
    /// Lowest pitch heard.
    pub lowest_hz: f64,
    /// Highest pitch heard.
    pub highest_hz: f64,
    /// A dip counts below this; 0.1–0.2.
    pub threshold: f64,
}

impl Default for Yin {
    fn default() -> Self {
        Self { lowest_hz: 60.0, highest_hz: 2_200.0, threshold: 0.15 }
    }
}

/// Softer than −66 dB there is no pitch.
const SILENCE: f32 = 5e-4;

impl PitchTracker for Yin {
    fn track(&self, samples: &[f32], sample_rate_hz: u32, hop: usize) -> Vec<Option<f64>> {
        let rate = f64::from(sample_rate_hz);
        let longest = ((rate / self.lowest_hz.max(1.0)) as usize).max(4);
        let shortest = ((rate / self.highest_hz.max(1.0)) as usize).max(2);
        let mut difference = vec![0.0; longest + 2];
        let mut stretch = vec![0.0; 2 * longest + 2];
        (0..=samples.len() / hop.max(1))
            .map(|frame| {
                // Two longest periods with the frame in their middle; silence beyond the ends.
                let start = (frame * hop) as isize - longest as isize;
                for (i, x) in stretch.iter_mut().enumerate() {
                    *x =
                        usize::try_from(start + i as isize).ok().and_then(|at| samples.get(at)).copied().unwrap_or(0.0);
                }
                self.period(&stretch, longest, shortest, &mut difference).map(|period| rate / period)
            })
            .collect()
    }
}

impl Yin {
    fn period(&self, x: &[f32], longest: usize, shortest: usize, difference: &mut [f64]) -> Option<f64> {
        let window = longest;
        let power = x.iter().map(|x| x * x).sum::<f32>() / x.len() as f32;
        if power.sqrt() < SILENCE {
            return None;
        }
        let mut sum = 0.0;
        difference[0] = 1.0;
        for lag in 1..longest + 2 {
            let d: f32 = x[..window].iter().zip(&x[lag..]).map(|(a, b)| (a - b) * (a - b)).sum();
            sum += f64::from(d);
            difference[lag] = f64::from(d) * lag as f64 / sum.max(1e-30);
        }
        let dips = shortest..longest;
        let mut lag = dips.clone().find(|&lag| difference[lag] < self.threshold)?;
        while lag + 1 < longest && difference[lag + 1] < difference[lag] {
            lag += 1;
        }
        let (a, b, c) = (difference[lag - 1], difference[lag], difference[lag + 1]);
        let curvature = a - 2.0 * b + c;
        let shift = if curvature > 1e-12 { (0.5 * (a - c) / curvature).clamp(-0.5, 0.5) } else { 0.0 };
        Some(lag as f64 + shift)
    }
}

/// Note by note what was played: from a frame to another, with its pitch.
#[derive(Clone, Debug, PartialEq)]
pub struct Sung {
    /// First frame.
    pub first: usize,
    /// One past the last.
    pub end: usize,
    /// Pitch of every frame in semitones (MIDI), smoothed by a median of five.
    pub pitches: Vec<f64>,
}

/// Cuts a track into notes: where the pitch leaves off for more than three frames, or leaps by more than 0.8 semitones; notes shorter
/// than `shortest` frames are left out.
pub fn notes(track: &[Option<f64>], shortest: usize) -> Vec<Sung> {
    let semitones: Vec<Option<f64>> = track.iter().map(|hz| hz.map(|hz| 69.0 + 12.0 * (hz / 440.0).log2())).collect();
    let mut found: Vec<Sung> = Vec::new();
    let mut current: Option<(usize, Vec<f64>, usize)> = None;
    let mut finish = |note: Option<(usize, Vec<f64>, usize)>| {
        if let Some((first, pitches, _)) = note.filter(|n| n.1.len() >= shortest) {
            found.push(Sung { first, end: first + pitches.len(), pitches: median_of_five(&pitches) });
        }
    };
    for (frame, pitch) in semitones.iter().enumerate() {
        current = match (current, pitch) {
            (None, None) => None,
            (None, Some(p)) => Some((frame, vec![*p], 0)),
            (Some((first, pitches, missing)), None) if missing < 3 => Some((first, pitches, missing + 1)),
            (note @ Some(_), None) => {
                finish(note);
                None
            }
            (Some((first, mut pitches, missing)), Some(p)) => {
                let last = pitches.last().copied().unwrap_or(*p);
                // A leap is one if it stays: a single frame may be an octave off.
                let stays = semitones.get(frame + 1).copied().flatten().is_some_and(|next| (next - last).abs() > 0.8);
                if (p - last).abs() > 0.8 && stays {
                    finish(Some((first, pitches, 0)));
                    Some((frame, vec![*p], 0))
                } else {
                    let heard = if (p - last).abs() > 0.8 { last } else { *p };
                    pitches.extend(std::iter::repeat_n(heard, missing + 1));
                    Some((first, pitches, 0))
                }
            }
        };
    }
    finish(current);
    found
}

fn median_of_five(x: &[f64]) -> Vec<f64> {
    (0..x.len())
        .map(|i| {
            let mut near = x[i.saturating_sub(2)..(i + 3).min(x.len())].to_vec();
            near.sort_by(f64::total_cmp);
            near[near.len() / 2]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64, seconds: f64) -> Vec<f32> {
        (0..(seconds * 44_100.0) as usize)
            .map(|n| {
                let x = std::f64::consts::TAU * hz * n as f64 / 44_100.0;
                (0.1 * x.sin() + 0.15 * (2.0 * x).sin() + 0.05 * (3.0 * x).sin()) as f32
            })
            .collect()
    }

    #[test]
    fn the_pitch_of_a_tone_is_found_within_three_cents() {
        for hz in [82.4, 196.0, 440.0, 987.8, 1_760.0] {
            let track = Yin::default().track(&tone(hz, 0.3), 44_100, 256);
            for found in &track[15..35] {
                let cents = 1_200.0 * (found.expect("a pitch") / hz).log2();
                assert!(cents.abs() < 3.0, "{hz}: {cents}");
            }
        }
    }

    #[test]
    fn silence_and_noise_have_no_pitch() {
        let yin = Yin::default();
        assert!(yin.track(&vec![0.0; 10_000], 44_100, 256).iter().all(Option::is_none));
        let noise: Vec<f32> = crate::check::numbers(20_000, 1);
        let heard = yin.track(&noise, 44_100, 256).iter().flatten().count();
        assert!(heard < 4, "{heard} of 79");
        assert_eq!(yin.track(&[], 44_100, 256), [None]);
    }

    #[test]
    fn a_leap_begins_a_note_and_a_slip_does_not() {
        let hz = |p: f64| Some(440.0 * ((p - 69.0) / 12.0).exp2());
        let mut track = vec![None; 2];
        track.extend([hz(60.0); 10]);
        track[6] = hz(72.0); // an octave off for one frame
        track.push(None);
        track.extend([hz(60.1); 5]);
        track.extend([hz(64.0); 12]);
        track.extend([None; 5]);
        track.extend([hz(50.0); 3]);
        let found = notes(&track, 6);
        assert_eq!(found.iter().map(|n| (n.first, n.end)).collect::<Vec<_>>(), [(2, 18), (18, 30)]);
        assert!(found[0].pitches.iter().all(|p| (p - 60.0).abs() < 0.2));
    }
}
