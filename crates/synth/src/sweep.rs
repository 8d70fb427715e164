//! A sine whose pitch falls: the skin of a drum, tighter when it is struck hard and bent far.

use crate::elementary::{exp2, log2, octaves_from_db, sine};
use crate::note_on::NoteOn;
use crate::voice::{AUDIBLE, Layer, Place, QUANTUM, Quantum};

/// What a sweep is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct SweepSpec {
    /// From this pitch …
    pub from_hz: f64,
    /// … towards this one.
    pub to_hz: f64,
    /// Seconds in which half of the way is done.
    pub half_life_seconds: f64,
    /// Amplitude.
    pub level: f64,
    /// Seconds until it is at its loudest.
    pub attack_seconds: f64,
    /// How fast it dies away, dB a second, > 0.
    pub decay_db_per_second: f64,
    /// What a release adds.
    pub release_db_per_second: f64,
    /// How much of a third harmonic the bent skin adds, 0 … 1; it dies three times as fast.
    pub bend: f64,
    /// Beside the place of the part.
    pub pan: f32,
}

impl SweepSpec {
    /// A plain skin.
    pub const SKIN: Self = Self {
        from_hz: 150.0,
        to_hz: 100.0,
        half_life_seconds: 0.02,
        level: 0.3,
        attack_seconds: 0.0015,
        decay_db_per_second: 120.0,
        release_db_per_second: 0.0,
        bend: 0.0,
        pan: 0.0,
    };
}

/// A sweep under way.
pub(crate) struct Sweep {
    turns: f64,
    to_step: f64,
    extra_step: f64,
    extra_ratio: f64,
    level: f64,
    level_ratio: f64,
    bend: f64,
    missing: f64,
    missing_ratio: f64,
    place: Place,
    log2_ratio: f64,
    release_db_per_second: f64,
    sample_rate_hz: f64,
}

impl Sweep {
    /// A sweep of a note, as a layer.
    pub fn layer(note: &NoteOn, spec: SweepSpec) -> Layer {
        let rate = note.sample_rate_hz;
        let log2_ratio = -octaves_from_db(spec.decay_db_per_second.max(1.0)) / rate;
        Layer::Sweep(Box::new(Self {
            turns: 0.0,
            to_step: spec.to_hz.min(0.3 * rate) / rate,
            extra_step: (spec.from_hz - spec.to_hz).min(0.1 * rate) / rate,
            extra_ratio: exp2(-1.0 / (spec.half_life_seconds * rate).max(1.0)),
            level: spec.level,
            level_ratio: exp2(log2_ratio),
            bend: spec.bend,
            missing: 1.0,
            missing_ratio: exp2(-3.0 / (spec.attack_seconds * rate).max(1.0)),
            place: Place::at(note.pan + spec.pan),
            log2_ratio,
            release_db_per_second: spec.release_db_per_second,
            sample_rate_hz: rate,
        }))
    }

    pub fn add_quantum(&mut self, out: &mut Quantum) {
        let mut sound = [0.0; QUANTUM];
        for sample in &mut sound {
            let skin = sine(self.turns);
            // sin³ is ¾ sin − ¼ sin 3x: a cube adds the third harmonic and nothing that could alias.
            let bent = skin * (1.0 - self.bend * self.level * skin * skin);
            *sample = (bent * self.level * (1.0 - self.missing)) as f32;
            self.turns += self.to_step + self.extra_step;
            self.extra_step *= self.extra_ratio;
            self.level *= self.level_ratio;
            self.missing *= self.missing_ratio;
        }
        self.turns -= self.turns.floor();
        // Subnormal numbers would make the processor crawl.
        for faded in [&mut self.missing, &mut self.extra_step] {
            if faded.abs() < 1e-30 {
                *faded = 0.0;
            }
        }
        out.mix_in(&sound, self.place);
    }

    pub fn release(&mut self) {
        self.log2_ratio -= octaves_from_db(self.release_db_per_second) / self.sample_rate_hz;
        self.release_db_per_second = 0.0;
        self.level_ratio = exp2(self.log2_ratio);
    }

    pub fn is_over(&self) -> bool {
        self.level < AUDIBLE
    }

    pub fn tail_seconds(&self) -> f64 {
        let octaves = log2(self.level.max(AUDIBLE) / AUDIBLE);
        let per_sample = octaves_from_db(self.release_db_per_second) / self.sample_rate_hz - self.log2_ratio;
        octaves / per_sample / self.sample_rate_hz
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_starts_fast_and_settles_on_its_pitch() {
        let note = NoteOn::plain(36, 127, 44_100.0);
        let spec = SweepSpec { from_hz: 400.0, to_hz: 100.0, decay_db_per_second: 10.0, ..SweepSpec::SKIN };
        let Layer::Sweep(mut sweep) = Sweep::layer(&note, spec) else { unreachable!("a sweep") };
        let mut all = Vec::new();
        for _ in 0..690 {
            let mut out = Quantum { left: [0.0; QUANTUM], right: [0.0; QUANTUM] };
            sweep.add_quantum(&mut out);
            all.extend_from_slice(&out.left);
        }
        let crossings = |part: &[f32]| part.windows(2).filter(|w| (w[0] < 0.0) != (w[1] < 0.0)).count();
        // 0.1 s at 100 Hz are 20 crossings; the first 0.1 s holds 0.1·200 + 2·300·0.02/ln 2·(1 − 2⁻⁵) = 36.8.
        assert!((19..=21).contains(&crossings(&all[22_050..26_460])));
        assert!((35..=38).contains(&crossings(&all[..4_410])), "{}", crossings(&all[..4_410]));
        assert!(all[0] == 0.0 && !sweep.is_over());
    }
}
