//! One sounding note: layers of sound that are played a quantum at a time.
//!
//! Every instrument of this crate is a list of [`Layer`]s, and a layer is one of four machines: a bank of decaying sines
//! ([`Bank`]), a wavetable played by one or several players ([`Waves`]), filtered noise ([`Hiss`]) or a falling sine
//! ([`Sweep`]). A note is made [`QUANTUM`] frames at a time, counted from its own onset, and handed out in whatever pieces
//! the caller asks for: the size of the caller's blocks therefore cannot change a single bit.

use crate::elementary::sine;
use crate::fitted::FittedNote;
use crate::hiss::Hiss;
use crate::partials::Bank;
use crate::sweep::Sweep;
use crate::waves::Waves;

/// Frames that a note makes at once: 1.5 ms at 44.1 kHz, 8 ms at 8 kHz.
pub(crate) const QUANTUM: usize = 64;

/// A sound quieter than this is over: −90 dB of full scale.
pub(crate) const AUDIBLE: f64 = 3.2e-5;

/// However short a note is written, it is held this long before it is let go.
const SHORTEST_SECONDS: f64 = 0.03;

/// The frames a layer adds to.
#[derive(Clone, Debug)]
pub(crate) struct Quantum {
    pub left: [f32; QUANTUM],
    pub right: [f32; QUANTUM],
}

impl Quantum {
    const SILENCE: Self = Self { left: [0.0; QUANTUM], right: [0.0; QUANTUM] };

    /// Adds a single sound to both ears.
    pub fn mix_in(&mut self, sound: &[f32; QUANTUM], place: Place) {
        for i in 0..QUANTUM {
            self.left[i] += place.left * sound[i];
            self.right[i] += place.right * sound[i];
        }
    }
}

/// How much of a sound each ear gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    /// Gain for the left ear.
    pub left: f32,
    /// Gain for the right ear.
    pub right: f32,
}

impl Place {
    /// Constant power: −1 is hard left, 0 the middle, 1 hard right.
    pub fn at(pan: f32) -> Self {
        let pan = pan.clamp(-1.0, 1.0);
        Self { left: (0.5 * (1.0 - pan)).sqrt(), right: (0.5 * (1.0 + pan)).sqrt() }
    }
}

/// A slow coming and going of the level, as of a vibraphone's motor or a stage piano's tremolo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tremolo {
    /// Comings and goings a second.
    pub hz: f64,
    /// The lowest gain is 1 − `depth`; 0 ≤ depth < 1.
    pub depth: f64,
    /// True if the right ear comes when the left goes.
    pub opposed: bool,
}

impl Tremolo {
    /// Gains of the left and right ear after so many seconds.
    pub fn gains(&self, seconds: f64) -> (f32, f32) {
        // Together they begin at their loudest, opposed both in the middle.
        let wave = sine(self.hz * seconds - if self.opposed { 0.0 } else { 0.25 });
        let gain = |wave: f64| (1.0 - 0.5 * self.depth * (1.0 + wave)) as f32;
        (gain(wave), gain(if self.opposed { -wave } else { wave }))
    }
}

/// One machine of a note.
pub(crate) enum Layer {
    /// Decaying sines: strings, bars, bells, membranes.
    Bank(Bank),
    /// A held tone: winds, bows, voices, organs.
    Waves(Box<Waves>),
    /// Breath, bow hair, felt, wires.
    Hiss(Box<Hiss>),
    /// A skin whose pitch falls.
    Sweep(Box<Sweep>),
    /// A whole note of a fitted voice.
    Fitted(Box<FittedNote>),
}

impl Layer {
    fn add_quantum(&mut self, out: &mut Quantum) {
        match self {
            Self::Bank(bank) => bank.add_quantum(out),
            Self::Waves(waves) => waves.add_quantum(out),
            Self::Hiss(hiss) => hiss.add_quantum(out),
            Self::Sweep(sweep) => sweep.add_quantum(out),
            Self::Fitted(note) => note.add_quantum(out),
        }
    }

    fn release(&mut self) {
        match self {
            Self::Bank(bank) => bank.release(),
            Self::Waves(waves) => waves.release(),
            Self::Hiss(hiss) => hiss.release(),
            Self::Sweep(sweep) => sweep.release(),
            Self::Fitted(note) => note.release(),
        }
    }

    fn is_over(&self) -> bool {
        match self {
            Self::Bank(bank) => bank.is_over(),
            Self::Waves(waves) => waves.is_over(),
            Self::Hiss(hiss) => hiss.is_over(),
            Self::Sweep(sweep) => sweep.is_over(),
            Self::Fitted(note) => note.is_over(),
        }
    }

    fn tail_seconds(&self) -> f64 {
        match self {
            Self::Bank(bank) => bank.tail_seconds(),
            Self::Waves(waves) => waves.tail_seconds(),
            Self::Hiss(hiss) => hiss.tail_seconds(),
            Self::Sweep(sweep) => sweep.tail_seconds(),
            Self::Fitted(note) => note.tail_seconds(),
        }
    }
}

/// A note while it sounds; made by [`Instrument::note_on`](crate::Instrument::note_on).
///
/// Everything it needs is allocated when it is made. [`render`](Self::render) neither allocates nor locks nor waits, so it may
/// be called from an audio callback.
pub struct NotePlayer {
    layers: Vec<Layer>,
    ready: Quantum,
    taken: usize,
    gain: f32,
    sample_rate_hz: f64,
    quanta: u64,
    let_go: bool,
    released: bool,
}

impl NotePlayer {
    pub(crate) fn new(layers: Vec<Layer>, gain: f32, sample_rate_hz: f64) -> Self {
        Self {
            layers,
            ready: Quantum::SILENCE,
            taken: QUANTUM,
            gain,
            sample_rate_hz,
            quanta: 0,
            let_go: false,
            released: false,
        }
    }

    /// Adds the next frames to both ears, as many as the shorter of the two slices holds.
    pub fn render(&mut self, left: &mut [f32], right: &mut [f32]) {
        let frames = left.len().min(right.len());
        let mut at = 0;
        while at < frames {
            if self.taken == QUANTUM {
                if self.is_over() {
                    return;
                }
                self.prepare();
            }
            let n = (QUANTUM - self.taken).min(frames - at);
            for i in 0..n {
                left[at + i] += self.gain * self.ready.left[self.taken + i];
                right[at + i] += self.gain * self.ready.right[self.taken + i];
            }
            self.taken += n;
            at += n;
        }
    }

    /// Lets the note go: the key comes up, the breath or the bow stops. Takes effect at the next whole quantum (64 frames,
    /// counted from the onset), and not before the note has lasted 0.03 s.
    pub fn release(&mut self) {
        self.let_go = true;
    }

    /// True once everything has died away; what is rendered from here on is silence.
    pub fn is_over(&self) -> bool {
        self.taken == QUANTUM && self.layers.iter().all(Layer::is_over)
    }

    /// If it were let go now, the note would be over after at most so many frames.
    pub fn tail_frames(&self) -> u64 {
        let seconds = self.layers.iter().map(Layer::tail_seconds).fold(0.0, f64::max);
        // A bank looks every eight quanta at what has died away; the rest is the quantum under way and the shortest hold.
        ((seconds + SHORTEST_SECONDS) * self.sample_rate_hz).ceil() as u64 + 12 * QUANTUM as u64
    }

    fn prepare(&mut self) {
        let held = self.quanta as f64 * QUANTUM as f64 >= SHORTEST_SECONDS * self.sample_rate_hz;
        if self.let_go && held && !self.released {
            self.released = true;
            self.layers.iter_mut().for_each(Layer::release);
        }
        self.ready = Quantum::SILENCE;
        // What is over stays where it is: giving memory back may lock, and this may be the audio callback.
        for layer in self.layers.iter_mut().filter(|layer| !layer.is_over()) {
            layer.add_quantum(&mut self.ready);
        }
        self.quanta += 1;
        self.taken = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note_on::NoteOn;
    use crate::partials::Partial;

    fn sine_player() -> NotePlayer {
        let note = NoteOn::plain(60, 100, 44_100.0);
        let bank = Bank::new(&note, [Partial::ringing(300.0, 0.5, 0.0)]).attack(0.002).damped(900.0);
        NotePlayer::new(vec![Layer::Bank(bank)], 1.0, 44_100.0)
    }

    fn played(mut player: NotePlayer, held: usize, frames: usize) -> Vec<f32> {
        let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
        player.render(&mut left[..held], &mut right[..held]);
        player.release();
        player.render(&mut left[held..], &mut right[held..]);
        left
    }

    #[test]
    fn sounds_from_its_onset_to_the_end_of_its_release() {
        let left = played(sine_player(), 20_000, 44_100);
        assert!(left[19_000..20_000].iter().any(|x| x.abs() > 0.3));
        assert!(left[30_000..].iter().all(|&x| x == 0.0));
    }

    #[test]
    fn never_jumps_further_than_the_sine_itself_can() {
        let left = played(sine_player(), 20_011, 44_100);
        let furthest = left.windows(2).map(|w| (w[1] - w[0]).abs()).fold(left[0].abs(), f32::max);
        // At √½ for one ear the slope is 2π·300/44100·0.354 = 0.0151 a sample; the ramp adds at most 1.5/88·0.354 = 0.006.
        assert!(furthest < 0.0215, "{furthest}");
    }

    #[test]
    fn a_note_let_go_at_once_still_sounds_for_thirty_milliseconds() {
        let left = played(sine_player(), 0, 44_100);
        assert!(left[1_000..1_320].iter().any(|x| x.abs() > 0.3));
        assert!(left[6_000..].iter().all(|&x| x == 0.0));
    }

    #[test]
    fn constant_power_keeps_the_sum_of_squares() {
        for pan in [-1.0, -0.3, 0.0, 0.7, 1.0, 5.0] {
            let place = Place::at(pan);
            assert!((place.left * place.left + place.right * place.right - 1.0).abs() < 1e-6, "{pan}");
        }
        assert_eq!(Place::at(-1.0), Place { left: 1.0, right: 0.0 });
    }
}
