//! A small drum kit: swept sines for skins, filtered noise for snares and metal.
//!
//! A General MIDI percussion key is one [`Blow`]: a sine that falls from one pitch to another, noise above a
//! corner frequency, and a decay for each. Kick, snare, toms, hats and cymbals are told apart; any other key is a short click of
//! wood.

use crate::elementary::{exp2, gain_from_db, sin_cos_turns};
use crate::noise::uniform;
use std::f64::consts::{LN_2, TAU};

/// The recipe of one percussion sound.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Blow {
    /// The skin: start and end of its sweep in hertz, level, and decay in dB a second.
    from_hz: f64,
    to_hz: f64,
    skin: f64,
    skin_db_per_second: f64,
    /// The rattle: noise above this corner, level, and decay in dB a second.
    noise_above_hz: f64,
    noise: f64,
    noise_db_per_second: f64,
}

const WOOD: Blow = Blow {
    from_hz: 900.0,
    to_hz: 800.0,
    skin: 0.16,
    skin_db_per_second: 700.0,
    noise_above_hz: 2_000.0,
    noise: 0.05,
    noise_db_per_second: 900.0,
};

impl Blow {
    fn of_key(key: u8) -> Self {
        let skin = |from_hz, to_hz, skin, skin_db_per_second| Self {
            from_hz,
            to_hz,
            skin,
            skin_db_per_second,
            noise: 0.0,
            ..WOOD
        };
        let metal = |noise, noise_db_per_second| Self {
            skin: 0.0,
            noise_above_hz: 6_500.0,
            noise,
            noise_db_per_second,
            ..WOOD
        };
        let tom = |hz: f64| Self { noise: 0.03, ..skin(1.5 * hz, hz, 0.32, 110.0) };
        match key {
            35 | 36 => Self { noise: 0.04, noise_db_per_second: 2_000.0, ..skin(150.0, 46.0, 0.55, 130.0) },
            38 | 40 => Self {
                noise: 0.26,
                noise_above_hz: 1_400.0,
                noise_db_per_second: 260.0,
                ..skin(240.0, 185.0, 0.20, 260.0)
            },
            37 => WOOD,
            39 => Self { noise: 0.26, noise_above_hz: 1_100.0, noise_db_per_second: 330.0, ..metal(0.0, 0.0) },
            41 => tom(80.0),
            43 => tom(98.0),
            45 => tom(118.0),
            47 => tom(140.0),
            48 => tom(165.0),
            50 => tom(190.0),
            42 | 44 => metal(0.15, 700.0),
            46 => metal(0.16, 130.0),
            49 | 52 | 55 | 57 => Self { noise_above_hz: 4_000.0, ..metal(0.22, 45.0) },
            51 | 53 | 59 => {
                Self { skin: 0.02, from_hz: 3_100.0, to_hz: 3_100.0, skin_db_per_second: 90.0, ..metal(0.07, 90.0) }
            }
            54 | 69 | 70 | 82 => metal(0.10, 450.0),
            _ => WOOD,
        }
    }
}

/// One stroke as samples, from its onset until it has died away (at most 2 s); `key` is the General MIDI drum.
pub fn stroke(key: u8, velocity: u8, sample_rate_hz: f64) -> Vec<f32> {
    let blow = Blow::of_key(key);
    let force = f64::from(velocity.clamp(1, 127)) / 127.0;
    let level = force * force.sqrt();
    let slowest = match (blow.skin > 0.0, blow.noise > 0.0) {
        (true, true) => blow.skin_db_per_second.min(blow.noise_db_per_second),
        (true, false) => blow.skin_db_per_second,
        _ => blow.noise_db_per_second,
    };
    let seconds = (80.0 / slowest).min(2.0);
    let frames = (seconds * sample_rate_hz) as usize;
    let fade_frames = 0.01 * sample_rate_hz;
    let rise_frames = 0.001 * sample_rate_hz;
    let skin_fall = gain_from_db(-blow.skin_db_per_second / sample_rate_hz);
    let noise_fall = gain_from_db(-blow.noise_db_per_second / sample_rate_hz);
    let sweep_fall = gain_from_db(-500.0 / sample_rate_hz);
    let corner = 1.0 - exp2(-blow.noise_above_hz * TAU / LN_2 / sample_rate_hz);
    let (mut turns, mut low, mut lower) = (0.0f64, 0.0f64, 0.0f64);
    let (mut skin, mut noise, mut sweep) = (blow.skin, blow.noise, blow.from_hz - blow.to_hz);
    (0..frames)
        .map(|i| {
            turns += (blow.to_hz + sweep) / sample_rate_hz;
            sweep *= sweep_fall;
            // Noise minus two smoothings of itself is noise above the corner, 12 dB an octave.
            let white = f64::from(uniform(6 + u64::from(key), i as u64));
            low += corner * (white - low);
            lower += corner * (white - low - lower);
            let hiss = white - low - lower;
            let sample = skin * sin_cos_turns(turns).0 + noise * hiss;
            skin *= skin_fall;
            noise *= noise_fall;
            let edge = (i as f64 / rise_frames).min((frames - i) as f64 / fade_frames).min(1.0);
            (level * edge * sample) as f32
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_short_finite_and_starts_and_ends_in_silence() {
        for key in 0..=127 {
            let sound = stroke(key, 127, 44_100.0);
            assert!(sound.len() <= 88_200 && sound.len() > 1_000, "key {key}: {} frames", sound.len());
            assert!(sound[0] == 0.0 && sound[sound.len() - 1].abs() < 1e-3);
            let peak = sound.iter().fold(0.0f32, |p, x| p.max(x.abs()));
            assert!(peak > 0.02 && peak < 0.8, "key {key}: peak {peak}");
        }
    }

    #[test]
    fn a_kick_is_lower_than_a_hat() {
        let crossings = |key| {
            let sound = stroke(key, 100, 44_100.0);
            let first = &sound[..2_000];
            first.windows(2).filter(|w| (w[0] < 0.0) != (w[1] < 0.0)).count()
        };
        assert!(crossings(36) * 10 < crossings(42));
    }
}
