//! Voices learned from recordings: how a note is played whose spectrum over time somebody else has worked out.
//!
//! A [`FittedVoice`] answers for a pitch and a velocity with a [`Timbre`]: amplitudes of the partials and of sixteen bands of noise at a
//! few moments after the onset, and how both fade once the key is up. Where that comes from, this crate does not ask (`aeolian-voice`
//! asks a small network). Played are two machines. Tones that are held: one cycle of the wave a moment, and between two moments the
//! mixture of their cycles, which costs no more than one wavetable and is, as all cycles have the same phases, exactly the sum of
//! sines whose amplitudes move in straight lines. Tones that are struck: a bank of sines, in tune with a stiff string, whose levels
//! move in straight lines of decibels. Both are made once for a pitch, sixteen layers of velocity and a sample rate, and kept.

use crate::elementary::{exp2, log2, octaves_from_db, sin_cos_turns, sine};
use crate::noise::uniform;
use crate::noise_bands::{NOISE_BANDS, NOISE_LOOP, NoiseBands};
use crate::note_on::NoteOn;
use crate::partials::{Oscillator, Partial};
use crate::piano::first_partial_hz;
use crate::voice::{AUDIBLE, Layer, Place, QUANTUM, Quantum};
use crate::waves::{ratio_from_cents, smooth, turns_to_phase, wander};
use crate::wavetable::{Reader, Table};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// Most moments of a timbre; what comes after is not played.
pub const MOST_MOMENTS: usize = 16;
/// However slowly something was seen to fade at last, it goes on fading at least this fast.
const SLOWEST_FADE_DB_PER_SECOND: f64 = 60.0;
/// What is struck dies away at least this fast after the last moment.
const SLOWEST_DECAY_DB_PER_SECOND: f64 = 4.0;
/// Noise of a struck note after the last moment.
const LATE_NOISE_DB_PER_SECOND: f64 = 20.0;
/// Quanta between two looks at the intonation.
const CONTROL: u64 = 4;
/// Quanta between two exact restarts of the sines.
const RESYNC: u64 = 8;
const DRIFT_CENTS: f64 = 1.5;
const DRIFT_SECONDS: f64 = 0.23;

/// One note as a voice wants it to sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Timbre {
    /// Seconds after the onset, ascending from 0; two to [`MOST_MOMENTS`].
    pub moments_seconds: Vec<f64>,
    /// Amplitudes of partials 1, 2, 3 … at each moment, full scale 1.
    pub partials: Vec<Vec<f32>>,
    /// Amplitude of each band of noise at each moment (1: a root mean square of 1).
    pub noise: Vec<[f32; NOISE_BANDS]>,
    /// How it fades after the release.
    pub fading: Fading,
    /// B of a stiff string: partial n lies at n·f·√(1 + Bn²); 0 for everything blown or bowed.
    pub inharmonicity: f64,
    /// True if it dies away by itself, as strings do that are struck or plucked.
    pub is_struck: bool,
    /// The swinging of the pitch of a held tone.
    pub vibrato: Vibrato,
}

/// How much is lost, in dB, so many seconds after the release; straight lines in between.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fading {
    /// Seconds after the release, ascending from 0.
    pub seconds: Vec<f64>,
    /// dB lost by the partials, ascending from 0.
    pub tone_db: Vec<f64>,
    /// dB lost by the noise, ascending from 0.
    pub noise_db: Vec<f64>,
}

/// A vibrato.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Vibrato {
    /// Swings a second.
    pub hz: f64,
    /// Greatest deviation.
    pub cents: f64,
    /// It begins after so many seconds and takes as long again to grow.
    pub delay_seconds: f64,
}

/// Something that knows how notes of an instrument sound.
pub trait FittedVoice: Send + Sync {
    /// How a note sounds; `pitch` 0–127, `velocity` 1–127.
    fn timbre(&self, pitch: u8, velocity: u8) -> Timbre;

    /// Amplitude (root of the sum of squares of all partials) of a held or just struck note, > 0; the ratio of two velocities is what counts.
    fn level(&self, pitch: u8, velocity: u8) -> f64;
}

/// Which fitted voice plays which of the 128 General MIDI programs; all others are left to the house.
#[derive(Default)]
pub struct FittedVoices {
    by_program: BTreeMap<u8, Arc<Shelf>>,
}

impl std::fmt::Debug for FittedVoices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FittedVoices of programs {:?}", self.programs().collect::<Vec<_>>())
    }
}

impl FittedVoices {
    /// Gives a program (0-based; above 127 it is taken as 127) to a voice.
    pub fn assign(&mut self, program: u8, voice: Arc<dyn FittedVoice>) {
        self.by_program.insert(program.min(127), Arc::new(Shelf { voice, prepared: Mutex::default() }));
    }

    /// The programs that have a voice, ascending.
    pub fn programs(&self) -> impl Iterator<Item = u8> + '_ {
        self.by_program.keys().copied()
    }

    pub(crate) fn of(&self, program: u8) -> Option<Arc<Shelf>> {
        self.by_program.get(&program).cloned()
    }
}

/// A voice with the notes it has made ready so far.
pub(crate) struct Shelf {
    voice: Arc<dyn FittedVoice>,
    prepared: Mutex<HashMap<(u64, u8, u8), Arc<Prepared>>>,
}

impl Shelf {
    /// The layer of a note that begins.
    pub fn layer(&self, note: &NoteOn, program: u8) -> Layer {
        // The middle of one of sixteen layers; the level of a note is its own.
        let velocity = note.velocity / 8 * 8 + 4;
        let level = self.voice.level(note.pitch, note.velocity) / self.voice.level(note.pitch, velocity).max(1e-30);
        let hz = first_partial_hz(note.pitch, note.stretched && program < 4);
        let prepared = {
            let mut shelf = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
            let key = ((hz * 1024.0) as u64 ^ (note.sample_rate_hz as u64) << 32, note.pitch, velocity);
            // Some 16,000 would fill the memory; no piece has that many.
            if shelf.len() > 1_500 {
                shelf.clear();
            }
            let make = || Arc::new(Prepared::new(&self.voice.timbre(note.pitch, velocity), hz, note));
            shelf.entry(key).or_insert_with(make).clone()
        };
        let level = if level.is_finite() { level.clamp(0.0, 8.0) } else { 0.0 };
        Layer::Fitted(Box::new(FittedNote::new(prepared, note, hz, level as f32)))
    }
}

/// What notes of one pitch, layer and sample rate have in common.
struct Prepared {
    /// Moments in quanta.
    moments: Vec<u64>,
    source: Source,
    noise: Vec<[f32; NOISE_BANDS]>,
    /// The bands that are ever heard.
    heard: Vec<usize>,
    bands: Arc<NoiseBands>,
    fading: Fading,
    is_struck: bool,
    vibrato: Vibrato,
    loudest: f64,
}

enum Source {
    /// A table for every pair of neighbouring moments: soft is the first, bright the second.
    Tables(Vec<Table>),
    /// A frequency and a level for every moment.
    Partials(Vec<(f64, Vec<f32>)>),
}

impl Prepared {
    fn new(timbre: &Timbre, hz: f64, note: &NoteOn) -> Self {
        let count = timbre.moments_seconds.len().min(timbre.partials.len()).min(timbre.noise.len()).min(MOST_MOMENTS);
        let quanta = |seconds: &f64| (seconds.clamp(0.0, 60.0) * note.sample_rate_hz / QUANTUM as f64).round() as u64;
        let later = |last: &mut u64, moment: u64| {
            *last = moment.max(*last);
            Some(*last)
        };
        let moments: Vec<u64> = timbre.moments_seconds[..count].iter().map(quanta).scan(0, later).collect();
        let stiffness = timbre.inharmonicity.clamp(0.0, 0.1);
        let place = |n: usize| n as f64 * hz * (1.0 + stiffness * (n * n) as f64).sqrt();
        // Room for vibrato above the highest.
        let room = |n: &usize| place(*n) * 1.03 < note.highest_hz();
        let most = timbre.partials[..count].iter().map(Vec::len).max().unwrap_or(0);
        let partials = (1..=most).take_while(room).count();
        let level = |moment: usize, n: usize| timbre.partials[moment].get(n - 1).copied().filter(|a| a.is_finite());
        let levels = |n: usize| (0..count).map(|m| level(m, n).unwrap_or(0.0).clamp(0.0, 4.0)).collect::<Vec<f32>>();
        let all: Vec<(f64, Vec<f32>)> = (1..=partials).map(|n| (place(n), levels(n))).collect();
        let noise: Vec<[f32; NOISE_BANDS]> = timbre.noise[..count]
            .iter()
            .map(|gains| gains.map(|g| if g.is_finite() { g.clamp(0.0, 4.0) } else { 0.0 }))
            .collect();
        let heard = (0..NOISE_BANDS).filter(|&b| noise.iter().any(|g| f64::from(g[b]) > AUDIBLE)).collect();
        let power = |m: usize| all.iter().map(|(_, l)| f64::from(l[m] * l[m])).sum::<f64>().sqrt();
        let hiss = |m: usize| noise[m].iter().map(|&g| f64::from(g)).sum::<f64>();
        let loudest = (0..count).map(|m| power(m) + hiss(m)).fold(0.0, f64::max);
        let source = if timbre.is_struck {
            let audible = |(_, levels): &(f64, Vec<f32>)| levels.iter().any(|&l| f64::from(l) > AUDIBLE);
            Source::Partials(all.into_iter().filter(audible).collect())
        } else {
            Source::Tables(Table::between(&all.into_iter().map(|(_, levels)| levels).collect::<Vec<_>>(), count))
        };
        let bands = NoiseBands::at_rate(note.sample_rate_hz as u32);
        let (fading, is_struck, vibrato) = (timbre.fading.clone(), timbre.is_struck, timbre.vibrato);
        Self { moments, source, noise, heard, bands, fading, is_struck, vibrato, loudest }
    }

    fn last(&self) -> u64 {
        self.moments.last().copied().unwrap_or(0)
    }

    /// Between which two moments a quantum begins, and how far it is on the way (0 … 1).
    fn segment(&self, quantum: u64) -> (usize, f32) {
        let after = self.moments.partition_point(|&m| m <= quantum);
        if after >= self.moments.len() {
            return (self.moments.len().saturating_sub(2), 1.0);
        }
        let first = after.saturating_sub(1);
        let (from, to) = (self.moments[first], self.moments[after]);
        (first, (quantum - from) as f32 / (to - from).max(1) as f32)
    }
}

/// One of the sines of a struck note.
struct Glide {
    oscillator: Oscillator,
    partial: usize,
}

/// A fitted note under way.
pub(crate) struct FittedNote {
    prepared: Arc<Prepared>,
    place: Place,
    level: f32,
    quanta: u64,
    quantum_seconds: f64,
    turns_per_sample: f64,
    sample_rate_hz: f64,
    seed: u64,
    reader: Reader,
    sines: Vec<Glide>,
    /// Which moment the sines are heading for.
    heading: usize,
    /// Quantum of the last restart.
    restart: u64,
    noise_at: [usize; NOISE_BANDS],
    noise_gains: [f32; NOISE_BANDS],
    /// Gain of tone and noise at the end of the last quantum.
    gates: [f32; 2],
    swell: f32,
    released_at: Option<u64>,
}

impl FittedNote {
    fn new(prepared: Arc<Prepared>, note: &NoteOn, hz: f64, level: f32) -> Self {
        let rate = note.sample_rate_hz;
        let sines = match &prepared.source {
            Source::Tables(_) => Vec::new(),
            Source::Partials(partials) => partials.iter().enumerate().map(|(i, p)| Glide::new(i, p, rate)).collect(),
        };
        let seed = note.seed(0xF1);
        let turns_per_sample = hz / rate;
        let start = |band: usize| (uniform(700 + band as u64, seed).abs() * (NOISE_LOOP - 1) as f32) as usize;
        Self {
            place: Place::at(note.pan),
            level,
            quanta: 0,
            quantum_seconds: QUANTUM as f64 / rate,
            turns_per_sample,
            sample_rate_hz: rate,
            seed,
            reader: Reader::new(0, turns_to_phase(turns_per_sample)),
            sines,
            heading: 0,
            restart: 0,
            noise_at: std::array::from_fn(start),
            noise_gains: [0.0; NOISE_BANDS],
            // From silence to full level in the first quantum.
            gates: [0.0; 2],
            swell: 1.0,
            released_at: None,
            prepared,
        }
    }

    pub fn add_quantum(&mut self, out: &mut Quantum) {
        let prepared = self.prepared.clone();
        let gates = self.next_gates();
        let mut sound = [0.0; QUANTUM];
        match &prepared.source {
            Source::Tables(tables) => self.read(&prepared, tables, gates[0], &mut sound),
            Source::Partials(partials) => self.ring(&prepared, partials, gates[0], &mut sound),
        }
        self.hiss(&prepared, gates[1], &mut sound);
        self.gates = gates;
        self.quanta += 1;
        out.mix_in(&sound, self.place);
    }

    fn next_gates(&self) -> [f32; 2] {
        let Some(at) = self.released_at else { return [self.level; 2] };
        let seconds = (self.quanta + 1 - at) as f64 * self.quantum_seconds;
        let fading = &self.prepared.fading;
        [&fading.tone_db, &fading.noise_db]
            .map(|db| self.level * exp2(-octaves_from_db(lost_db(&fading.seconds, db, seconds))) as f32)
    }

    /// Held: the mixture of two cycles.
    fn read(&mut self, prepared: &Prepared, tables: &[Table], gate: f32, sound: &mut [f32; QUANTUM]) {
        let (segment, from) = prepared.segment(self.quanta);
        let Some(table) = tables.get(segment) else { return };
        let to = match prepared.segment(self.quanta + 1) {
            (same, to) if same == segment => to,
            _ => 1.0,
        };
        if self.quanta.is_multiple_of(CONTROL) {
            self.intone(&prepared.vibrato);
        }
        let gain = (self.gates[0] * self.swell, gate * self.swell);
        self.reader.read(&table.cells, gain, (from, to), sound);
    }

    fn intone(&mut self, vibrato: &Vibrato) {
        let seconds = self.quanta as f64 * self.quantum_seconds;
        let grown = smooth((seconds - vibrato.delay_seconds) / vibrato.delay_seconds.max(0.01));
        let swing = sine(vibrato.hz * seconds) * grown;
        let drift = wander(self.seed, seconds / DRIFT_SECONDS);
        let cents = vibrato.cents * swing + DRIFT_CENTS * drift;
        self.reader.head_for(turns_to_phase(self.turns_per_sample * ratio_from_cents(cents)), CONTROL as u32);
    }

    /// Struck: sines on their way from level to level.
    fn ring(&mut self, prepared: &Prepared, partials: &[(f64, Vec<f32>)], gate: f32, sound: &mut [f32; QUANTUM]) {
        let arrives = prepared.moments.get(self.heading).is_some_and(|&m| self.quanta >= m);
        if arrives || self.quanta - self.restart == RESYNC {
            let quanta = (self.quanta - self.restart) as usize;
            self.sines.iter_mut().for_each(|s| s.oscillator.resync(quanta));
            self.restart = self.quanta;
        }
        if arrives {
            self.turn(prepared, partials);
        }
        let mut ringing = [0.0; QUANTUM];
        for sine in &mut self.sines {
            sine.oscillator.add_quantum(&mut ringing);
        }
        let by = (gate - self.gates[0]) / QUANTUM as f32;
        for i in 0..QUANTUM {
            sound[i] += (self.gates[0] + i as f32 * by) * ringing[i];
        }
    }

    /// A moment has come: every sine heads for its level at the next one, or goes on dying away after the last.
    fn turn(&mut self, prepared: &Prepared, partials: &[(f64, Vec<f32>)]) {
        while prepared.moments.get(self.heading).is_some_and(|&m| self.quanta >= m) {
            self.heading += 1;
        }
        let rate = self.sample_rate_hz;
        match prepared.moments.get(self.heading) {
            Some(&next) => {
                let frames = ((next - self.quanta) as usize * QUANTUM) as f64;
                for sine in &mut self.sines {
                    let level = partials[sine.partial].1[self.heading];
                    sine.oscillator.head_for(f64::from(level).max(0.1 * AUDIBLE), frames);
                }
            }
            None => self.sines.iter_mut().for_each(|s| s.oscillator.decay_at_least(SLOWEST_DECAY_DB_PER_SECOND, rate)),
        }
        let heading = self.heading;
        let to_come = |sine: &Glide| partials[sine.partial].1.iter().skip(heading).any(|&l| f64::from(l) > AUDIBLE);
        self.sines.retain(|sine| sine.oscillator.is_audible() || to_come(sine));
    }

    fn hiss(&mut self, prepared: &Prepared, gate: f32, sound: &mut [f32; QUANTUM]) {
        let (segment, x) = prepared.segment(self.quanta + 1);
        let late = self.quanta.saturating_sub(prepared.last()) as f64 * self.quantum_seconds;
        let late =
            if prepared.is_struck { exp2(-octaves_from_db(LATE_NOISE_DB_PER_SECOND * late)) as f32 } else { 1.0 };
        for &band in &prepared.heard {
            let from = prepared.noise[segment][band];
            let to = prepared.noise.get(segment + 1).map_or(from, |gains| gains[band]);
            let gain = gate * late * (from + x * (to - from));
            let before = std::mem::replace(&mut self.noise_gains[band], gain);
            let at = self.noise_at[band];
            self.noise_at[band] = (at + QUANTUM) % NOISE_LOOP;
            if f64::from(gain.max(before)) < 0.2 * AUDIBLE {
                continue;
            }
            add_hiss(prepared.bands.of(band), at, before, (gain - before) / QUANTUM as f32, sound);
        }
    }

    pub fn release(&mut self) {
        self.released_at.get_or_insert(self.quanta);
    }

    pub fn is_over(&self) -> bool {
        let loudest = self.prepared.loudest * f64::from(self.gates[0].max(self.gates[1]));
        let silent = self.quanta > 0 && loudest < AUDIBLE;
        let rung_out = self.prepared.is_struck && self.quanta > self.prepared.last() && self.sines.is_empty();
        silent || rung_out
    }

    pub fn tail_seconds(&self) -> f64 {
        let level = self.prepared.loudest * f64::from(self.gates[0].max(self.gates[1]).max(self.level));
        let db = log2((level / AUDIBLE).max(1.0)) / octaves_from_db(1.0);
        let fading = &self.prepared.fading;
        [&fading.tone_db, &fading.noise_db]
            .map(|lost| seconds_until(&fading.seconds, lost, db))
            .into_iter()
            .fold(0.0, f64::max)
            + 2.0 * self.quantum_seconds
    }
}

impl Glide {
    fn new(partial: usize, (hz, levels): &(f64, Vec<f32>), rate: f64) -> Self {
        let amplitude = f64::from(levels.first().copied().unwrap_or(0.0)).max(0.1 * AUDIBLE);
        let sine = Partial { frequency_hz: *hz, amplitude, phase_turns: -0.25, decay_db_per_second: 0.0 };
        Self { oscillator: Oscillator::new(&sine, rate), partial }
    }
}

/// Adds noise from place `at` of its loop, with a gain that moves by `by` a sample.
fn add_hiss(noise: &[f32], at: usize, gain: f32, by: f32, sound: &mut [f32; QUANTUM]) {
    if let Some(noise) = noise[at..].first_chunk::<QUANTUM>() {
        for i in 0..QUANTUM {
            sound[i] += (gain + i as f32 * by) * noise[i];
        }
    } else {
        for (i, x) in sound.iter_mut().enumerate() {
            *x += (gain + i as f32 * by) * noise[(at + i) % NOISE_LOOP];
        }
    }
}

/// dB lost after so many seconds.
fn lost_db(seconds: &[f64], db: &[f64], after: f64) -> f64 {
    let count = seconds.len().min(db.len());
    let next = seconds[..count].partition_point(|&s| s <= after);
    if next == 0 {
        return SLOWEST_FADE_DB_PER_SECOND * after;
    }
    let slope = |to: usize| (db[to] - db[to - 1]).max(0.0) / (seconds[to] - seconds[to - 1]).max(1e-6);
    if next < count {
        return db[next - 1] + slope(next) * (after - seconds[next - 1]);
    }
    db[count - 1] + last_slope(&seconds[..count], &db[..count]) * (after - seconds[count - 1])
}

fn last_slope(seconds: &[f64], db: &[f64]) -> f64 {
    match (seconds, db) {
        ([.., a, b], [.., x, y]) => ((y - x) / (b - a).max(1e-6)).max(SLOWEST_FADE_DB_PER_SECOND),
        _ => SLOWEST_FADE_DB_PER_SECOND,
    }
}

/// Seconds until at least so many dB are lost.
fn seconds_until(seconds: &[f64], db: &[f64], lost: f64) -> f64 {
    let count = seconds.len().min(db.len());
    if let Some(index) = db[..count].iter().position(|&d| d >= lost) {
        return seconds[index];
    }
    let (at, already) = (seconds[..count].last().copied().unwrap_or(0.0), db[..count].last().copied().unwrap_or(0.0));
    at + (lost - already).max(0.0) / last_slope(&seconds[..count], &db[..count])
}

impl Table {
    /// For every pair of neighbouring moments the table from one to the other; `levels` are those of harmonic 1, 2, 3 … at every moment.
    fn between(levels: &[Vec<f32>], moments: usize) -> Vec<Self> {
        let phases = |n: usize| sin_cos_turns(-0.25 + 0.17 * f64::from(uniform(41, n as u64)));
        Self::cycles(levels, moments, phases)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Plain {
        is_struck: bool,
    }

    impl FittedVoice for Plain {
        fn timbre(&self, _: u8, velocity: u8) -> Timbre {
            let a = self.level(0, velocity) as f32;
            let later = if self.is_struck { 0.1 * a } else { a };
            Timbre {
                moments_seconds: vec![0.0, 0.01, 1.0],
                partials: vec![vec![0.0, 0.0], vec![a, 0.5 * a], vec![later, 0.0]],
                noise: vec![[0.0; NOISE_BANDS]; 3],
                fading: Fading { seconds: vec![0.0, 0.1], tone_db: vec![0.0, 60.0], noise_db: vec![0.0, 60.0] },
                inharmonicity: 0.0,
                is_struck: self.is_struck,
                vibrato: Vibrato::default(),
            }
        }

        fn level(&self, _: u8, velocity: u8) -> f64 {
            f64::from(velocity) / 254.0
        }
    }

    fn played(is_struck: bool, velocity: u8, held: usize, frames: usize) -> Vec<f32> {
        let mut voices = FittedVoices::default();
        voices.assign(73, Arc::new(Plain { is_struck }));
        let mut instrument = crate::Instrument::new(73, false, 44_100).fitted_by(&voices);
        let mut note = instrument.note_on(69, velocity);
        let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
        note.render(&mut left[..held], &mut right[..held]);
        note.release();
        let bound = held + note.tail_frames() as usize;
        note.render(&mut left[held..], &mut right[held..]);
        assert!(note.is_over(), "it ends");
        assert!(left[bound.min(frames)..].iter().all(|&x| x == 0.0), "within its tail");
        left
    }

    /// Amplitude of a sine in a stretch of a tenth of a second.
    fn amplitude(sound: &[f32], hz: f64) -> f64 {
        let (mut re, mut im) = (0.0, 0.0);
        for (i, x) in sound[..4_410].iter().enumerate() {
            let (sin, cos) = (std::f64::consts::TAU * hz * i as f64 / 44_100.0).sin_cos();
            let window = 1.0 - (std::f64::consts::TAU * i as f64 / 4_410.0).cos();
            re += window * f64::from(*x) * cos;
            im += window * f64::from(*x) * sin;
        }
        2.0 * re.hypot(im) / 4_410.0
    }

    #[test]
    fn levels_move_in_straight_lines_while_it_is_held_and_stay_after_the_last() {
        let sound = played(false, 100, 88_200, 120_000);
        let ear = 0.5f64.sqrt() * 100.0 / 254.0;
        // The second partial falls from half to nothing between 0.01 and 1 s: in the middle of 0.45 … 0.55 s to 0.2525 of the first's.
        let middle = &sound[22_050 - 2_205..];
        assert!((amplitude(middle, 440.0) / ear - 1.0).abs() < 0.02, "{}", amplitude(middle, 440.0) / ear);
        assert!((amplitude(middle, 880.0) / ear - 0.2525).abs() < 0.02, "{}", amplitude(middle, 880.0) / ear);
        assert!(amplitude(&sound[80_000..], 880.0) < 0.003 && amplitude(&sound[80_000..], 440.0) / ear > 0.97);
    }

    #[test]
    fn what_is_struck_falls_in_straight_lines_of_decibels() {
        let sound = played(true, 100, 88_200, 120_000);
        let ear = 0.5f64.sqrt() * 100.0 / 254.0;
        // −20 dB from 0.01 to 1 s: −9.9 dB in the middle, 0.32.
        let middle = amplitude(&sound[22_050 - 2_205..], 440.0) / ear;
        assert!((middle - 0.32).abs() < 0.01, "{middle}");
    }

    #[test]
    fn a_note_has_its_own_level_within_its_layer() {
        let level = |velocity| amplitude(&played(false, velocity, 44_100, 60_000)[20_000..], 440.0);
        for (a, b) in [(96, 103), (64, 127), (1, 7)] {
            let ratio = level(b) / level(a);
            assert!((ratio / (f64::from(b) / f64::from(a)) - 1.0).abs() < 0.02, "{a} {b}: {ratio}");
        }
    }

    #[test]
    fn fading_is_read_between_and_beyond_its_points() {
        let (seconds, db) = (vec![0.0, 0.1, 0.2], vec![0.0, 10.0, 40.0]);
        for (after, lost) in [(0.0, 0.0), (0.05, 5.0), (0.1, 10.0), (0.15, 25.0), (0.3, 70.0)] {
            assert!((lost_db(&seconds, &db, after) - lost).abs() < 1e-9, "{after}");
        }
        assert!((lost_db(&[], &[], 1.0) - SLOWEST_FADE_DB_PER_SECOND).abs() < 1e-9);
        assert!((seconds_until(&seconds, &db, 70.0) - 0.3).abs() < 1e-9);
        assert_eq!(seconds_until(&seconds, &db, 5.0), 0.1);
    }

    #[test]
    fn numbers_that_make_no_sense_make_no_sound_and_no_panic() {
        struct Mad;
        impl FittedVoice for Mad {
            fn timbre(&self, _: u8, _: u8) -> Timbre {
                Timbre {
                    moments_seconds: vec![0.0, f64::NAN, 1e9, -5.0],
                    partials: vec![vec![f32::NAN, 1e30], vec![], vec![f32::INFINITY]],
                    noise: vec![[f32::NAN; NOISE_BANDS]; 2],
                    fading: Fading { seconds: vec![0.0], tone_db: vec![0.0], noise_db: vec![] },
                    inharmonicity: f64::NAN,
                    is_struck: true,
                    vibrato: Vibrato { hz: f64::MAX, cents: 1e300, delay_seconds: -1.0 },
                }
            }
            fn level(&self, _: u8, _: u8) -> f64 {
                f64::NAN
            }
        }
        let mut voices = FittedVoices::default();
        voices.assign(200, Arc::new(Mad));
        assert_eq!(voices.programs().collect::<Vec<_>>(), [127]);
        let mut note = crate::Instrument::new(127, false, 44_100).fitted_by(&voices).note_on(60, 100);
        let (mut left, mut right) = (vec![0.0; 2_000], vec![0.0; 2_000]);
        note.render(&mut left, &mut right);
        assert!(left.iter().all(|x| x.is_finite()));
    }
}
