//! A bank of decaying sines: strings, bars, bells and skins in their modes.
//!
//! A decaying sine obeys y[n+k] = 2 rᵏ cos(kω) y[n] − r²ᵏ y[n−k] for every stride k. With k = [`LANES`] sixteen
//! neighbouring samples advance side by side, two multiplications each, which compilers turn into vector code; and the
//! long stride keeps the recurrence well conditioned at low pitch, where k = 1 would lose the tuning in `f32`. Every
//! [`RESYNC`] quanta each sine starts again from an exact phasor, so rounding never gathers (worst case n²/2 · 2⁻²⁴ after
//! n = 32 strides, −90 dB).
//!
//! Why modes for plucked and struck strings, and not a delay line: both solve the same wave equation, but a mode's pitch and
//! decay are given outright instead of approximated by loop filters, so every key is in tune at every sample rate.

use crate::elementary::{exp2, log2, octaves_from_db, sin_cos_turns};
use crate::note_on::NoteOn;
use crate::voice::{AUDIBLE, Layer, Place, QUANTUM, Quantum, Tremolo};

const LANES: usize = 16;
/// Quanta between two exact restarts.
const RESYNC: usize = 8;

/// One sine as it leaves the hammer, the pick or the mallet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Partial {
    /// Frequency in hertz.
    pub frequency_hz: f64,
    /// Amplitude at the onset, full scale 1; may be negative.
    pub amplitude: f64,
    /// Phase at the onset in whole circles; 0 starts at the crest, −0.25 at zero and rising.
    pub phase_turns: f64,
    /// How fast it dies away, dB a second, ≥ 0.
    pub decay_db_per_second: f64,
}

impl Partial {
    /// A partial that starts from rest, as everything struck or plucked does: at zero and rising.
    pub fn ringing(frequency_hz: f64, amplitude: f64, decay_db_per_second: f64) -> Self {
        Self { frequency_hz, amplitude, phase_turns: -0.25, decay_db_per_second }
    }
}

type Phasor = (f64, f64);

fn times(a: Phasor, b: Phasor) -> Phasor {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

/// A [`Partial`] in motion.
pub(crate) struct Oscillator {
    turns_per_sample: f64,
    /// log₂ of the amplitude ratio from one sample to the next, ≤ 0.
    log2_ratio: f64,
    /// Where it is, exactly: at the last restart.
    phasor: Phasor,
    current: [f32; LANES],
    previous: [f32; LANES],
    stride: Stride,
}

/// What depends on frequency and decay but not on the moment.
struct Stride {
    /// zʲ for the lanes j, where z turns and shrinks the phasor by one sample.
    cos: [f32; LANES],
    sin: [f32; LANES],
    /// z⁻ᵏ: one stride back.
    back: Phasor,
    /// z to the power of a quantum.
    quantum: Phasor,
    /// 2 rᵏ cos kω and r²ᵏ.
    next: f32,
    last: f32,
}

impl Stride {
    fn new(turns_per_sample: f64, log2_ratio: f64) -> Self {
        let (sin, cos) = sin_cos_turns(turns_per_sample);
        let ratio = exp2(log2_ratio);
        let z = (ratio * cos, ratio * sin);
        let mut power = (1.0, 0.0);
        let (mut lane_cos, mut lane_sin) = ([0.0; LANES], [0.0; LANES]);
        for j in 0..LANES {
            (lane_cos[j], lane_sin[j]) = (power.0 as f32, power.1 as f32);
            power = times(power, z);
        }
        let size = power.0 * power.0 + power.1 * power.1; // r²ᵏ
        let twice = times(power, power);
        Self {
            cos: lane_cos,
            sin: lane_sin,
            back: (power.0 / size, -power.1 / size),
            quantum: times(twice, twice),
            next: (2.0 * power.0) as f32,
            last: size as f32,
        }
    }
}

impl Oscillator {
    /// Sets a partial in motion at its onset.
    pub fn new(partial: &Partial, sample_rate_hz: f64) -> Self {
        let turns_per_sample = partial.frequency_hz / sample_rate_hz;
        let log2_ratio = -octaves_from_db(partial.decay_db_per_second) / sample_rate_hz;
        let (sin, cos) = sin_cos_turns(partial.phase_turns);
        let mut oscillator = Self {
            turns_per_sample,
            log2_ratio,
            phasor: (partial.amplitude * cos, partial.amplitude * sin),
            current: [0.0; LANES],
            previous: [0.0; LANES],
            stride: Stride::new(turns_per_sample, log2_ratio),
        };
        oscillator.restart();
        oscillator
    }

    /// Adds the next [`QUANTUM`] samples to `out`.
    #[inline(always)]
    pub fn add_quantum(&mut self, out: &mut [f32; QUANTUM]) {
        let (next, last) = (self.stride.next, self.stride.last);
        let (mut current, mut previous) = (self.current, self.previous);
        for chunk in out.chunks_exact_mut(LANES) {
            for j in 0..LANES {
                chunk[j] += current[j];
                let following = next * current[j] - last * previous[j];
                previous[j] = current[j];
                current[j] = following;
            }
        }
        (self.current, self.previous) = (current, previous);
    }

    /// Counts so many quanta since the last restart into the exact phasor, and starts again from there.
    pub fn resync(&mut self, quanta: usize) {
        for _ in 0..quanta {
            self.phasor = times(self.phasor, self.stride.quantum);
        }
        self.restart();
    }

    /// From here on it dies away faster by this much; the wave itself goes on without a step. Call just after a resync.
    fn damp(&mut self, extra_db_per_second: f64, sample_rate_hz: f64) {
        self.log2_ratio -= octaves_from_db(extra_db_per_second) / sample_rate_hz;
        self.stride = Stride::new(self.turns_per_sample, self.log2_ratio);
        self.restart();
    }

    /// From here on it moves in a straight line of decibels, to reach `amplitude` (> 0) after so many frames. Call just after a resync.
    pub fn head_for(&mut self, amplitude: f64, frames: f64) {
        let now = 0.5 * log2(self.power());
        self.log2_ratio = (log2(amplitude) - now).clamp(-60.0, 60.0) / frames.max(1.0);
        self.stride = Stride::new(self.turns_per_sample, self.log2_ratio);
        self.restart();
    }

    /// From here on it dies away at least this fast. Call just after a resync.
    pub fn decay_at_least(&mut self, db_per_second: f64, sample_rate_hz: f64) {
        self.log2_ratio = self.log2_ratio.min(-octaves_from_db(db_per_second) / sample_rate_hz);
        self.stride = Stride::new(self.turns_per_sample, self.log2_ratio);
        self.restart();
    }

    fn restart(&mut self) {
        self.current = self.lanes(self.phasor);
        self.previous = self.lanes(times(self.phasor, self.stride.back));
    }

    fn lanes(&self, (re, im): Phasor) -> [f32; LANES] {
        let (re, im) = (re as f32, im as f32);
        std::array::from_fn(|j| re * self.stride.cos[j] - im * self.stride.sin[j])
    }

    /// Square of the amplitude at the last restart.
    fn power(&self) -> f64 {
        self.phasor.0 * self.phasor.0 + self.phasor.1 * self.phasor.1
    }

    /// True unless it has died away.
    pub fn is_audible(&self) -> bool {
        self.power() > AUDIBLE * AUDIBLE
    }

    /// Samples until it is inaudible, with this much extra decay.
    fn samples_left(&self, extra_db_per_second: f64, sample_rate_hz: f64) -> f64 {
        let octaves = 0.5 * log2(self.power()) - log2(AUDIBLE);
        let per_sample = octaves_from_db(extra_db_per_second) / sample_rate_hz - self.log2_ratio;
        if octaves <= 0.0 { 0.0 } else { octaves / per_sample.max(1e-12) }
    }
}

/// Several sines that leave from one place with one attack.
pub(crate) struct Bank {
    oscillators: Vec<Oscillator>,
    place: Place,
    tremolo: Option<Tremolo>,
    attack_frames: usize,
    age: usize,
    since_resync: usize,
    release_db_per_second: f64,
    sample_rate_hz: f64,
}

impl Bank {
    /// The partials of a note that lie within what may sound; panned like the part, without attack, and ringing on after the
    /// release.
    pub fn new(note: &NoteOn, partials: impl IntoIterator<Item = Partial>) -> Self {
        let heard = |p: &Partial| p.frequency_hz < note.highest_hz() && p.amplitude.abs() > AUDIBLE;
        Self {
            oscillators: partials.into_iter().filter(heard).map(|p| Oscillator::new(&p, note.sample_rate_hz)).collect(),
            place: Place::at(note.pan),
            tremolo: None,
            attack_frames: 1,
            age: 0,
            since_resync: 0,
            release_db_per_second: 0.0,
            sample_rate_hz: note.sample_rate_hz,
        }
    }

    /// Places it, −1 … 1.
    pub fn at(self, pan: f32) -> Self {
        Self { place: Place::at(pan), ..self }
    }

    /// Seconds from silence to full level.
    pub fn attack(self, seconds: f64) -> Self {
        Self { attack_frames: ((seconds * self.sample_rate_hz).ceil() as usize).max(1), ..self }
    }

    /// What the release adds to every decay, dB a second; felt stops high partials sooner, twice as fast at 2 kHz.
    pub fn damped(self, db_per_second: f64) -> Self {
        Self { release_db_per_second: db_per_second, ..self }
    }

    /// Lets the level come and go.
    pub fn tremolo(self, tremolo: Tremolo) -> Self {
        Self { tremolo: Some(tremolo), ..self }
    }

    /// The bank as a layer of a note.
    pub fn layer(self) -> Layer {
        Layer::Bank(self)
    }

    pub fn add_quantum(&mut self, out: &mut Quantum) {
        if self.since_resync == RESYNC {
            self.resync();
        }
        let mut sound = [0.0; QUANTUM];
        for oscillator in &mut self.oscillators {
            oscillator.add_quantum(&mut sound);
        }
        ramp(&mut sound, self.age, self.attack_frames);
        match self.tremolo {
            None => out.mix_in(&sound, self.place),
            Some(tremolo) => self.mix_in_with(tremolo, &sound, out),
        }
        self.age += QUANTUM;
        self.since_resync += 1;
    }

    pub fn release(&mut self) {
        self.resync();
        let (extra, rate) = (self.release_db_per_second, self.sample_rate_hz);
        if extra > 0.0 {
            for oscillator in &mut self.oscillators {
                oscillator.damp(extra * felt(oscillator.turns_per_sample * rate), rate);
            }
            self.release_db_per_second = 0.0;
        }
    }

    pub fn is_over(&self) -> bool {
        self.oscillators.is_empty()
    }

    /// Seconds until all is inaudible, if released now.
    pub fn tail_seconds(&self) -> f64 {
        let rate = self.sample_rate_hz;
        self.oscillators
            .iter()
            .map(|o| o.samples_left(self.release_db_per_second * felt(o.turns_per_sample * rate), rate) / rate)
            .fold(0.0, f64::max)
    }

    fn resync(&mut self) {
        for oscillator in &mut self.oscillators {
            oscillator.resync(self.since_resync);
        }
        self.oscillators.retain(Oscillator::is_audible);
        self.since_resync = 0;
    }

    fn mix_in_with(&self, tremolo: Tremolo, sound: &[f32; QUANTUM], out: &mut Quantum) {
        let seconds = |frames: usize| frames as f64 / self.sample_rate_hz;
        let (from, to) = (tremolo.gains(seconds(self.age)), tremolo.gains(seconds(self.age + QUANTUM)));
        for i in 0..QUANTUM {
            let x = i as f32 / QUANTUM as f32;
            out.left[i] += self.place.left * (from.0 + x * (to.0 - from.0)) * sound[i];
            out.right[i] += self.place.right * (from.1 + x * (to.1 - from.1)) * sound[i];
        }
    }
}

/// How much faster than the lowest partials one at `hz` is damped.
fn felt(hz: f64) -> f64 {
    1.0 + (hz / 2_000.0).min(3.0)
}

/// Raises the samples that lie in the attack along 3x² − 2x³, which is level at both ends.
fn ramp(sound: &mut [f32; QUANTUM], age: usize, attack_frames: usize) {
    for (i, sample) in sound.iter_mut().enumerate().take(attack_frames.saturating_sub(age)) {
        let x = (age + i) as f32 / attack_frames as f32;
        *sample *= x * x * (3.0 - 2.0 * x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: f64 = 44_100.0;

    fn worst_error(partial: &Partial, quanta: usize) -> f64 {
        let mut oscillator = Oscillator::new(partial, RATE);
        let mut worst = 0.0f64;
        for quantum in 0..quanta {
            if quantum > 0 && quantum.is_multiple_of(RESYNC) {
                oscillator.resync(RESYNC);
            }
            let mut out = [0.0; QUANTUM];
            oscillator.add_quantum(&mut out);
            for (i, sample) in out.iter().enumerate() {
                let seconds = (quantum * QUANTUM + i) as f64 / RATE;
                let level = 10f64.powf(-partial.decay_db_per_second * seconds / 20.0) * partial.amplitude;
                let angle = std::f64::consts::TAU * (partial.frequency_hz * seconds + partial.phase_turns);
                worst = worst.max((f64::from(*sample) - level * angle.cos()).abs());
            }
        }
        worst
    }

    #[test]
    fn a_second_of_any_frequency_equals_the_closed_form() {
        // 2756.25 Hz is RATE/16, where one stride is a whole circle and the recurrence is at its worst.
        for frequency_hz in [27.5, 100.0, 440.0, 1378.125, 2756.25, 2756.3, 9_999.0, 19_000.0] {
            let partial = Partial { frequency_hz, amplitude: 1.0, phase_turns: 0.3, decay_db_per_second: 12.0 };
            let error = worst_error(&partial, 690);
            assert!(error < 4e-5, "{frequency_hz} Hz: {error}");
        }
    }

    #[test]
    fn damping_changes_the_slope_but_not_the_value() {
        let partial = Partial { frequency_hz: 440.0, amplitude: 0.5, phase_turns: 0.1, decay_db_per_second: 3.0 };
        let mut held = Oscillator::new(&partial, RATE);
        held.resync(5);
        let mut damped = Oscillator::new(&partial, RATE);
        damped.resync(5);
        damped.damp(6_000.0, RATE);
        let (mut before, mut after) = ([0.0; QUANTUM], [0.0; QUANTUM]);
        held.add_quantum(&mut before);
        damped.add_quantum(&mut after);
        assert!((before[0] - after[0]).abs() < 1e-6);
        // 63 samples at 6,000 dB a second are 8.6 dB: 0.37.
        assert!((after[63] / before[63] - 0.373).abs() < 0.01, "{}", after[63] / before[63]);
    }

    #[test]
    fn the_tail_is_what_the_decay_makes_of_ninety_decibels() {
        let note = NoteOn::plain(60, 100, RATE);
        let bank = Bank::new(&note, [Partial::ringing(1_000.0, 1.0, 10.0)]).damped(20.0);
        // 89.9 dB at 10 + 20·(1 + 1000/2000) = 40 dB a second.
        assert!((bank.tail_seconds() - 89.9 / 40.0).abs() < 0.01, "{}", bank.tail_seconds());
    }

    #[test]
    fn partials_that_cannot_be_heard_are_left_out() {
        let note = NoteOn::plain(60, 100, 8_000.0);
        let bank = Bank::new(&note, [Partial::ringing(3_601.0, 1.0, 1.0), Partial::ringing(100.0, 1e-5, 1.0)]);
        assert!(bank.is_over());
    }
}
