//! Voices that hold their tone: organs, bowed strings, winds, brass, synthesiser leads and pads.
//!
//! The same oscillators as the piano, without decay: harmonic partials whose roll-off tells the families apart, doubled a few
//! cents higher as a section or a rank of pipes is, with a slow attack and a short release.

use crate::elementary::exp2;
use crate::noise::uniform;
use crate::partials::Partial;
use crate::piano::first_partial_hz;
use crate::voice::{Place, Voice};

/// What sets one family of sustained instruments apart from another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Family {
    /// Amplitude of partial n is 2^(−f_n / bright_hz) / n, or / n² if `steep`.
    bright_hz: f64,
    steep: bool,
    /// Amplitude of even partials beside odd ones: near 0 for stopped pipes and clarinets.
    even: f64,
    attack_seconds: f64,
    release_db_per_second: f64,
    /// How much sharper the second, softer rank or desk is.
    detuning_cents: f64,
}

impl Family {
    /// The family of a General MIDI program (0-based), or `None` where the tone decays and the piano stands in:
    /// keyboards, mallets, guitars, plucked basses, pizzicato, harp, timpani, ethnic plucked and percussive sounds.
    pub fn of_program(program: u8) -> Option<Self> {
        let strings = Self {
            bright_hz: 1_500.0,
            steep: false,
            even: 1.0,
            attack_seconds: 0.06,
            release_db_per_second: 220.0,
            detuning_cents: 3.0,
        };
        match program {
            16..=23 => Some(Self {
                bright_hz: 1_200.0,
                even: 0.8,
                attack_seconds: 0.012,
                release_db_per_second: 500.0,
                detuning_cents: 1.5,
                ..strings
            }),
            40..=44 | 48..=51 => Some(strings),
            52..=54 => Some(Self { bright_hz: 700.0, attack_seconds: 0.08, ..strings }),
            56..=63 => Some(Self { bright_hz: 2_000.0, attack_seconds: 0.03, detuning_cents: 2.0, ..strings }),
            64..=71 => Some(Self { even: 0.35, attack_seconds: 0.03, detuning_cents: 1.0, ..strings }),
            72..=79 => Some(Self { steep: true, attack_seconds: 0.035, detuning_cents: 1.0, ..strings }),
            80..=95 => Some(Self { bright_hz: 900.0, attack_seconds: 0.04, ..strings }),
            _ => None,
        }
    }

    /// A held note of this family; no partial reaches `highest_hz`.
    pub fn play(&self, pitch: u8, velocity: u8, pan: f32, highest_hz: f64) -> Voice {
        let force = f64::from(velocity.clamp(1, 127)) / 127.0;
        let first_hz = first_partial_hz(pitch, false);
        let bright_hz = self.bright_hz * (0.5 + force) * exp2((f64::from(pitch) - 60.0) / 36.0);
        let amplitude = |n: u32| {
            let parity = if n.is_multiple_of(2) { self.even } else { 1.0 };
            parity * exp2(-f64::from(n - 1) * first_hz / bright_hz)
                / if self.steep { f64::from(n * n) } else { f64::from(n) }
        };
        let numbers = 1..=16u32;
        let power: f64 = numbers.clone().map(|n| amplitude(n) * amplitude(n)).sum();
        let level = 0.075 * force * force.sqrt() / power.sqrt();
        let rank = |cents: f64, share: f64, stream: u64| {
            let hz = first_hz * exp2(cents / 1200.0);
            let partial = |n: u32| Partial {
                frequency_hz: hz * f64::from(n),
                amplitude: level * share * amplitude(n),
                phase_turns: 0.5 * f64::from(uniform(stream, u64::from(pitch) << 8 | u64::from(n))),
                decay_db_per_second: 0.0,
            };
            numbers.clone().map(partial).take_while(|p| p.frequency_hz < highest_hz).collect()
        };
        Voice {
            first: rank(0.0, 1.0, 4),
            second: rank(self.detuning_cents, 0.5, 5),
            places: [Place::at(pan - 0.2), Place::at(pan + 0.2)],
            attack_seconds: self.attack_seconds,
            release_db_per_second: self.release_db_per_second,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pianos_and_plucked_strings_decay_and_organs_do_not() {
        for program in [0, 4, 11, 24, 33, 45, 46, 105, 127, 255] {
            assert_eq!(Family::of_program(program), None, "program {program}");
        }
        for program in [16, 19, 40, 48, 52, 60, 71, 73, 81, 89] {
            let family = Family::of_program(program).expect("a sustained program");
            assert!(family.play(60, 80, 0.0, 20_000.0).first.iter().all(|p| p.decay_db_per_second == 0.0));
        }
    }

    #[test]
    fn the_louder_rank_is_on_the_pitch_and_the_softer_a_few_cents_above() {
        let voice = Family::of_program(48).expect("strings").play(69, 80, 0.0, 20_000.0);
        let (first, second) = (voice.first[0], voice.second[0]);
        assert!((first.frequency_hz - 440.0).abs() < 1e-9 && second.amplitude < first.amplitude);
        assert!((440.0..441.5).contains(&second.frequency_hz));
    }
}
