//! A held tone: one or several players read a wavetable, each with its own intonation, vibrato and moment of entry.
//!
//! What makes a held note alive changes slowly: level, brightness, vibrato, the drift of a bow or a breath. All of it is
//! computed once a quantum and joined by straight lines in between.

use crate::elementary::{exp2, log2, octaves_from_db, sine};
use crate::noise::uniform;
use crate::note_on::NoteOn;
use crate::voice::{AUDIBLE, Layer, Place, QUANTUM, Quantum};
use crate::wavetable::{Cells, Reader, Table};
use std::f64::consts::LN_2;
use std::sync::Arc;

/// Quanta between two looks at the intonation of a player: 6 ms at 44.1 kHz.
const CONTROL: u32 = 4;

/// Seconds between two turning points of a player's drift.
const DRIFT_SECONDS: f64 = 0.19;

/// One of those who play the tone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Desk {
    /// Beside the pitch.
    pub cents: f64,
    /// Beside the place of the part.
    pub pan: f32,
    /// Amplitude beside the others'.
    pub share: f64,
    /// Seconds after the onset at which this one enters.
    pub delay_seconds: f64,
}

/// A single player, in tune, in the middle.
pub(crate) const SOLO: [Desk; 1] = [Desk { cents: 0.0, pan: 0.0, share: 1.0, delay_seconds: 0.0 }];

/// `players` desks (≥ 3), all but one spread over ± `pan` and ± `cents`, whose mean pitch is the pitch; the later ones enter up to `late_seconds` later.
pub(crate) fn section(players: u32, cents: f64, pan: f32, late_seconds: f64) -> Vec<Desk> {
    // The leader is in the middle and on the pitch and carries a third of the power; the others sit around.
    let leader = Desk { cents: 0.0, pan: 0.0, share: (1.0f64 / 3.0).sqrt(), delay_seconds: 0.0 };
    let others = players.max(3) - 1;
    let last = f64::from(others - 1);
    let stride = if others.is_multiple_of(5) { 3 } else { 5 };
    let around = (0..others).map(|i| {
        // Neighbours in the room are not neighbours in pitch: 0, 5, 3, 1, 6, 4, 2 for seven others. A stride without common
        // measure visits every place once.
        let x = 2.0 * f64::from(i) / last - 1.0;
        let y = 2.0 * f64::from((i * stride) % others) / last - 1.0;
        Desk {
            cents: cents * y,
            pan: pan * x as f32,
            share: (2.0 / 3.0 / f64::from(others)).sqrt(),
            delay_seconds: late_seconds * f64::from((i * stride + 1) % others) / last,
        }
    });
    std::iter::once(leader).chain(around).collect()
}

/// What a held tone is made of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tone {
    /// First harmonic of the table.
    pub hz: f64,
    /// Amplitude at the top of the attack (that of a sine of equal power).
    pub level: f64,
    pub attack_seconds: f64,
    /// After the attack the level falls towards `sustain`, half of the way in this time.
    pub decay_half_life: f64,
    pub sustain: f64,
    pub release_db_per_second: f64,
    /// Mixture of soft (0) and bright (1) at the beginning and later on, and half of the way between them.
    pub first_brightness: f64,
    pub brightness: f64,
    pub brightness_half_life: f64,
    pub vibrato_hz: f64,
    /// Greatest deviation in pitch, and how much of the level and the brightness swings with it.
    pub vibrato_cents: f64,
    pub vibrato_swell: f64,
    /// It begins after so many seconds and takes as long again to grow.
    pub vibrato_delay: f64,
    pub tremolo_hz: f64,
    pub tremolo_depth: f64,
    /// The note starts off its pitch and arrives half-life by half-life.
    pub scoop_cents: f64,
    pub scoop_half_life: f64,
    /// Aimless wandering of pitch, and in proportion of level.
    pub drift_cents: f64,
    pub desks: Vec<Desk>,
}

impl Default for Tone {
    fn default() -> Self {
        Self {
            hz: 440.0,
            level: 0.1,
            attack_seconds: 0.03,
            decay_half_life: 1.0,
            sustain: 1.0,
            release_db_per_second: 300.0,
            first_brightness: 0.5,
            brightness: 0.5,
            brightness_half_life: 0.1,
            vibrato_hz: 5.5,
            vibrato_cents: 0.0,
            vibrato_swell: 0.0,
            vibrato_delay: 0.25,
            tremolo_hz: 0.0,
            tremolo_depth: 0.0,
            scoop_cents: 0.0,
            scoop_half_life: 0.02,
            drift_cents: 0.0,
            desks: SOLO.to_vec(),
        }
    }
}

struct Player {
    reader: Reader,
    /// How much louder than written vibrato and drift make this moment.
    swell: f64,
    gain: f32,
    place: Place,
    seed: u64,
    /// Where in its vibrato this one begins.
    vibrato_turns: f64,
    vibrato_ratio: f64,
    desk: Desk,
}

impl Player {
    /// Its vibrato at this moment, −1 … 1.
    fn swing(&self, hz: f64, seconds: f64) -> f64 {
        sine(hz * self.vibrato_ratio * seconds + self.vibrato_turns)
    }

    /// Looks where the pitch should be after the next [`CONTROL`] quanta, and how loud it is now.
    fn intone(&mut self, tone: &Tone, seconds: f64, swing: f64, turns_per_sample: f64, scoop: f64) {
        let drift = if tone.drift_cents > 0.0 { wander(self.seed, seconds / DRIFT_SECONDS) } else { 0.0 };
        let cents = self.desk.cents + tone.vibrato_cents * swing + tone.drift_cents * drift + tone.scoop_cents * scoop;
        self.reader.head_for(turns_to_phase(turns_per_sample * ratio_from_cents(cents)), CONTROL);
        self.swell = (1.0 + tone.vibrato_swell * swing) * (1.0 + 0.012 * tone.drift_cents * drift);
    }

    /// Adds a quantum; speed, gain and the mixture of soft and bright move in straight lines to their new values.
    fn play(&mut self, cells: &Cells, gain: f32, mixtures: (f32, f32), out: &mut Quantum) {
        self.reader.add(cells, (self.gain, gain), mixtures, self.place, out);
        self.gain = gain;
    }
}

/// A held tone under way.
pub(crate) struct Waves {
    table: Arc<Table>,
    tone: Tone,
    players: Vec<Player>,
    seconds: f64,
    quanta: u32,
    quantum_seconds: f64,
    turns_per_sample: f64,
    mixture: f32,
    /// Shrinking parts of envelope, brightness and scoop, 1 at the onset.
    excess: f64,
    dullness: f64,
    scoop: f64,
    /// 1 until the release, then falling.
    gate: f64,
    /// What a quantum leaves of each.
    ratios: Ratios,
    released: bool,
}

/// What a quantum leaves of the shrinking parts of a tone.
struct Ratios {
    excess: f64,
    dullness: f64,
    scoop: f64,
    gate: f64,
}

impl Ratios {
    fn of(tone: &Tone, quantum_seconds: f64) -> Self {
        let half = |half_life: f64| exp2(-quantum_seconds / half_life.max(1e-4));
        Self {
            excess: half(tone.decay_half_life),
            dullness: half(tone.brightness_half_life),
            scoop: half(tone.scoop_half_life),
            gate: exp2(-octaves_from_db(tone.release_db_per_second) * quantum_seconds),
        }
    }
}

impl Waves {
    /// A held tone of a note, as a layer.
    pub fn layer(note: &NoteOn, stream: u64, table: Arc<Table>, tone: Tone) -> Layer {
        let rate = note.sample_rate_hz;
        let several = tone.desks.len() > 1;
        let players = tone
            .desks
            .iter()
            .enumerate()
            .map(|(index, &desk)| {
                let seed = note.seed(stream << 8 | index as u64);
                let draw = |n: u64| f64::from(uniform(90 + n, seed));
                Player {
                    // Alone a tone starts at the same point of its wave each time; in a section nobody does.
                    reader: Reader::new(
                        if several { (draw(0).abs() * 4e9) as u32 } else { 0 },
                        turns_to_phase(tone.hz / rate),
                    ),
                    swell: 1.0,
                    gain: 0.0,
                    place: Place::at(note.pan + desk.pan),
                    seed,
                    vibrato_turns: if several { draw(1) } else { 0.0 },
                    vibrato_ratio: 1.0 + 0.08 * draw(2),
                    desk,
                }
            })
            .collect();
        Layer::Waves(Box::new(Self {
            table,
            players,
            seconds: 0.0,
            quanta: 0,
            quantum_seconds: QUANTUM as f64 / rate,
            turns_per_sample: tone.hz / rate,
            mixture: 0.0,
            excess: 1.0,
            dullness: 1.0,
            scoop: 1.0,
            gate: 1.0,
            ratios: Ratios::of(&tone, QUANTUM as f64 / rate),
            released: false,
            tone,
        }))
    }

    pub fn add_quantum(&mut self, out: &mut Quantum) {
        self.advance_envelopes();
        let tone = &self.tone;
        let steady = tone.sustain + (1.0 - tone.sustain) * self.excess;
        let tremolo = 1.0 - 0.5 * tone.tremolo_depth * (1.0 - sine(tone.tremolo_hz * self.seconds + 0.25));
        let level = tone.level * steady * self.gate * tremolo;
        let vibrato_grown = smooth((self.seconds - tone.vibrato_delay) / tone.vibrato_delay.max(0.01));
        let mut mixture = tone.brightness + (tone.first_brightness - tone.brightness) * self.dullness;
        // What fades also dulls: half of the brightness goes with the breath.
        mixture *= 0.5 + 0.5 * self.gate;
        if let Some(first) = self.players.first() {
            mixture *= 1.0 + 2.0 * tone.vibrato_swell * first.swing(tone.vibrato_hz, self.seconds) * vibrato_grown;
        }
        let mixture = mixture.clamp(0.0, 1.0);
        let mixtures = (self.mixture, mixture as f32);
        let looks = self.quanta.is_multiple_of(CONTROL);
        for player in &mut self.players {
            if looks {
                let swing = player.swing(tone.vibrato_hz, self.seconds) * vibrato_grown;
                player.intone(tone, self.seconds, swing, self.turns_per_sample, self.scoop);
            }
            let rise = smooth((self.seconds - player.desk.delay_seconds) / tone.attack_seconds.max(1e-4));
            let gain = (level * player.desk.share * rise * player.swell) as f32;
            player.play(&self.table.cells, gain, mixtures, out);
        }
        self.quanta += 1;
        self.mixture = mixtures.1;
    }

    fn advance_envelopes(&mut self) {
        if self.seconds == 0.0 {
            self.mixture = self.tone.first_brightness as f32;
        }
        self.seconds += self.quantum_seconds;
        if self.seconds > self.tone.attack_seconds {
            self.excess *= self.ratios.excess;
        }
        self.dullness *= self.ratios.dullness;
        self.scoop *= self.ratios.scoop;
        if self.released {
            self.gate *= self.ratios.gate;
        }
    }

    pub fn release(&mut self) {
        self.released = true;
    }

    pub fn is_over(&self) -> bool {
        self.seconds > 0.0 && self.loudest() < AUDIBLE && self.all_have_entered()
    }

    pub fn tail_seconds(&self) -> f64 {
        let octaves = log2(self.loudest().max(AUDIBLE) / AUDIBLE);
        let entering = self.tone.desks.iter().map(|d| d.delay_seconds).fold(0.0, f64::max) + self.tone.attack_seconds;
        octaves / octaves_from_db(self.tone.release_db_per_second.max(1.0)) + entering + 2.0 * self.quantum_seconds
    }

    fn loudest(&self) -> f64 {
        // Vibrato and drift can add a third.
        1.34 * self.tone.level * self.gate * (self.tone.sustain + (1.0 - self.tone.sustain) * self.excess)
    }

    fn all_have_entered(&self) -> bool {
        self.released || self.players.iter().all(|p| self.seconds > p.desk.delay_seconds + self.tone.attack_seconds)
    }
}

pub(crate) fn turns_to_phase(turns: f64) -> u32 {
    (turns.clamp(0.0, 0.5) * 4_294_967_296.0) as u32
}

/// 2^(cents/1200) for small intervals; within ± 200 cents the missing fourth-order term is below 0.02 cents.
pub(crate) fn ratio_from_cents(cents: f64) -> f64 {
    let x = cents.clamp(-1_200.0, 1_200.0) * (LN_2 / 1_200.0);
    1.0 + x * (1.0 + x * (0.5 + x / 6.0))
}

/// 0 before 0, 1 after 1, 3x² − 2x³ between.
pub(crate) fn smooth(x: f64) -> f64 {
    let x = x.clamp(0.0, 1.0);
    x * x * (3.0 - 2.0 * x)
}

/// A path through one random point in −1 … 1 for every whole x.
pub(crate) fn wander(seed: u64, x: f64) -> f64 {
    let whole = x.floor();
    let point = |n: f64| f64::from(uniform(seed ^ 0x5151, n as u64));
    let from = point(whole);
    from + (point(whole + 1.0) - from) * smooth(x - whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(tone: Tone) -> Box<Waves> {
        let note = NoteOn::plain(69, 100, 44_100.0);
        let table = Arc::new(Table::new(&[1.0], &[1.0]));
        let Layer::Waves(waves) = Waves::layer(&note, 0, table, tone) else { unreachable!("waves") };
        waves
    }

    fn left(waves: &mut Waves, quanta: usize) -> Vec<f32> {
        let mut all = Vec::new();
        for _ in 0..quanta {
            let mut out = Quantum { left: [0.0; QUANTUM], right: [0.0; QUANTUM] };
            waves.add_quantum(&mut out);
            all.extend_from_slice(&out.left);
        }
        all
    }

    #[test]
    fn a_plain_tone_is_its_sine() {
        let mut waves = started(Tone { level: 0.2, attack_seconds: 0.001, ..Tone::default() });
        let sound = left(&mut waves, 690);
        let peak = sound[4_000..].iter().fold(0.0f32, |p, x| p.max(x.abs()));
        assert!((peak - 0.1414).abs() < 1e-3, "{peak}");
        let rising = sound.windows(2).filter(|w| w[0] < 0.0 && w[1] >= 0.0).count();
        assert!((439..=441).contains(&rising), "{rising} cycles in 1.0014 s");
    }

    #[test]
    fn a_section_keeps_the_pitch_and_the_power() {
        for players in [3, 5, 6, 7] {
            let desks = section(players, 8.0, 0.5, 0.03);
            let cents: f64 = desks.iter().map(|d| d.cents).sum();
            let power: f64 = desks.iter().map(|d| d.share * d.share).sum();
            assert!(cents.abs() < 1e-9 && (power - 1.0).abs() < 1e-9, "{players}");
            assert!(desks.iter().all(|d| d.cents.abs() <= 8.0 && d.pan.abs() <= 0.5 && d.delay_seconds <= 0.03));
        }
    }

    #[test]
    fn it_ends_within_its_tail() {
        let mut waves = started(Tone { release_db_per_second: 200.0, ..Tone::default() });
        left(&mut waves, 50);
        assert!(!waves.is_over());
        waves.release();
        let bound = waves.tail_seconds();
        let mut quanta = 0;
        while !waves.is_over() {
            left(&mut waves, 1);
            quanta += 1;
        }
        let seconds = (quanta * QUANTUM) as f64 / 44_100.0;
        assert!(seconds <= bound && seconds > 0.7 * bound, "{seconds} of {bound}");
    }

    #[test]
    fn cents_are_ratios() {
        for cents in [-200.0, -7.0, 0.0, 50.0, 200.0] {
            let exact = f64::exp2(cents / 1_200.0);
            assert!((1_200.0 * (ratio_from_cents(cents) / exact).log2()).abs() < 0.02, "{cents}");
        }
    }
}
