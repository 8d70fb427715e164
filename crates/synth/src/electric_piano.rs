//! Stage pianos: a metal tine or reed that swings before a pickup.
//!
//! The tine swings almost as a pure sine. The pickup's flux depends on the distance as φ(x) = 1/(1 + ((x − x₀)/w)²), its voltage
//! on how fast that changes; so the harmonics are those of φ at the present swing, and each dies faster than the one below: the
//! bark of a hard note mellows while it rings (compare Pfeifle & Bader 2016, "Tone production of the Wurlitzer and Rhodes
//! e-pianos"). Harmonics and decays are computed from φ when the key goes down and played as sines, so nothing aliases.

use crate::elementary::{exp2, log2, sin_cos_turns};
use crate::hiss::{Hiss, HissSpec};
use crate::note_on::NoteOn;
use crate::partials::{Bank, Partial};
use crate::spectrum::fall;
use crate::voice::{Layer, Tremolo};

const HARMONICS: usize = 14;
/// Points of a swing at which the flux is taken.
const POINTS: usize = 64;

/// What tells a tine from a reed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pickup {
    /// Greatest swing, and how far off its middle the tine rests, in widths of the pickup.
    swing: f64,
    rest: f64,
    /// Frequency (beside the pitch), level and decay of the upper modes of the metal.
    chimes: [(f64, f64, f64); 2],
    decay_db_per_second: f64,
    tremolo_depth: f64,
}

impl Pickup {
    /// A tine with its tone bar: round, bell-like at the blow.
    pub const TINE: Self = Self {
        swing: 0.95,
        rest: 0.42,
        chimes: [(7.11, 0.16, 48.0), (18.9, 0.04, 160.0)],
        decay_db_per_second: 7.0,
        tremolo_depth: 0.28,
    };
    /// A brighter, glassier one, as digital stage pianos of the 1980s had it.
    pub const GLASS: Self = Self {
        swing: 0.55,
        rest: 0.38,
        chimes: [(13.98, 0.3, 30.0), (4.02, 0.10, 14.0)],
        decay_db_per_second: 8.0,
        tremolo_depth: 0.12,
    };

    /// The layers of a note.
    pub fn strike(&self, note: &NoteOn) -> Vec<Layer> {
        let hz = note.hz();
        // Long tines swing wide, short ones little.
        let swing = self.swing * (0.12 + 0.88 * note.force()) * exp2(-0.35 * note.octaves_above(48).max(0.0));
        let now = self.voltages(swing);
        let later = self.voltages(0.5 * swing);
        let power: f64 = now.iter().map(|v| v * v).sum();
        let level = 0.26 * note.level() / power.sqrt().max(1e-12);
        let slowest = self.decay_db_per_second * note.along(0.55) * (1.0 + 0.12 * note.dice(1));
        let harmonics = (0..HARMONICS).map(|i| {
            // Over one halving of the swing this harmonic falls by so many halvings.
            let halvings = log2((now[i] / later[i].max(1e-15)).max(1.0)).clamp(0.7, 8.0);
            let n = (i + 1) as f64;
            Partial {
                frequency_hz: n * hz,
                amplitude: level * now[i] * fall(n * hz, 5_500.0, 2),
                phase_turns: -0.25 + 0.1 * note.dice(40 + i as u64),
                decay_db_per_second: slowest * halvings,
            }
        });
        let chimes = self.chimes.into_iter().map(|(ratio, share, decay)| {
            let share = share * note.force() * note.along(-0.5).min(1.5);
            Partial::ringing(ratio * hz, 0.26 * note.level() * share, decay * note.along(0.3))
        });
        let tremolo = Tremolo { hz: 4.6, depth: self.tremolo_depth, opposed: true };
        let body = Bank::new(note, harmonics).attack(0.0025).damped(260.0).tremolo(tremolo).layer();
        let blow = HissSpec {
            low_hz: 150.0,
            high_hz: 900.0 + 1_800.0 * note.force(),
            level: 0.010 * note.force() * note.level(),
            decay_db_per_second: 1_100.0,
            ..HissSpec::BURST
        };
        let damper = HissSpec {
            low_hz: 200.0,
            high_hz: 1_500.0,
            level: 0.0011 * note.touch(0.5, 1.0),
            attack_seconds: 0.006,
            decay_db_per_second: 600.0,
            at_release: true,
            ..HissSpec::BURST
        };
        let mut layers = vec![body, Bank::new(note, chimes).attack(0.001).damped(400.0).layer()];
        layers.extend(Hiss::layer(note, 1, blow));
        layers.extend(Hiss::layer(note, 2, damper));
        layers
    }

    /// Amplitudes of harmonics 1, 2 … of the voltage while the tine swings by `swing`.
    fn voltages(&self, swing: f64) -> [f64; HARMONICS] {
        let flux: [f64; POINTS] = std::array::from_fn(|i| {
            let x = swing * sin_cos_turns(i as f64 / POINTS as f64).0 - self.rest;
            1.0 / (1.0 + x * x)
        });
        std::array::from_fn(|i| {
            let n = (i + 1) as f64;
            let (mut re, mut im) = (0.0, 0.0);
            for (point, phi) in flux.iter().enumerate() {
                let (sin, cos) = sin_cos_turns(n * point as f64 / POINTS as f64);
                re += phi * cos;
                im += phi * sin;
            }
            // The voltage is the change of the flux: harmonic n counts n-fold.
            n * (re * re + im * im).sqrt() / POINTS as f64
        })
    }

    /// How long harmonic `n` takes for a halving beside the first, at full swing; for the test.
    #[cfg(test)]
    fn halvings(&self, n: usize) -> f64 {
        let (now, later) = (self.voltages(self.swing), self.voltages(0.5 * self.swing));
        (now[n - 1] / later[n - 1]).log2()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_swing_is_nearly_a_sine_and_a_wide_one_barks() {
        let share = |swing: f64| {
            let v = Pickup::TINE.voltages(swing);
            v[1..].iter().map(|x| x * x).sum::<f64>() / (v[0] * v[0])
        };
        assert!(share(0.05) < 0.02, "{}", share(0.05));
        assert!(share(0.95) > 0.3, "{}", share(0.95));
    }

    #[test]
    fn upper_harmonics_mellow_first() {
        assert!((0.1..1.0).contains(&Pickup::TINE.halvings(1)));
        assert!(Pickup::TINE.halvings(3) > 1.5 * Pickup::TINE.halvings(1));
    }
}
