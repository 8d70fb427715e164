//! What the sound of parts tells.

use super::Role;
use crate::{Note, Part, Score};
use std::ops::RangeInclusive;

/// A part is a line if at least this share of its notes sounds alone when it starts. Of the melodies of pop909 95 % lie at 0.78
/// or above, of its piano parts at 0.11 or below.
const LINE: f64 = 0.7;

/// In a choir or quartet lines may have more company: string players' double stops.
const LAYER_LINE: f64 = 0.6;

/// A second tune of the same instrument may go in thirds: half of the bridges of pop909 lie below 0.66, three in four above
/// 0.46.
const COUNTER_LINE: f64 = 0.4;

/// A bass line has its median pitch at or below this (C sharp above small c), and lies …
const BASS_HIGHEST: f64 = 54.0;
/// … at least this many semitones below the next part.
const BASS_BELOW: f64 = 5.0;

/// A line may be a tune if its median pitch is at least this (small g).
const TUNE_LOWEST: f64 = 55.0;

/// Notes that last a half note on average are long.
const LONG_QUARTERS: f64 = 2.0;

/// A counter-melody has at least this share of the notes of the melody: a few calls are no second tune.
const COUNTER_ACTIVITY: f64 = 0.15;

/// A line moves like a tune if at least this share of its steps is a second or a repeated note; arpeggios leap.
const STEPWISE: f64 = 0.4;

/// Where it goes in thirds, this share is enough, for the lower note of one and the upper of the next lie apart.
const COUNTER_STEPWISE: f64 = 0.3;

/// Programs of General MIDI, 0-based.
const KEYBOARDS: RangeInclusive<u8> = 0..=23;
const GUITARS: RangeInclusive<u8> = 24..=31;
const BASSES: RangeInclusive<u8> = 32..=39;
const CONTRABASS: u8 = 43;
const TUBA: u8 = 58;
const SOLO_STRINGS: RangeInclusive<u8> = 40..=42;
const ENSEMBLES: RangeInclusive<u8> = 48..=54;
const TREMOLO_STRINGS: u8 = 44;
const WINDS: RangeInclusive<u8> = 56..=79;
const LEADS: RangeInclusive<u8> = 80..=87;
const PADS: RangeInclusive<u8> = 88..=95;
/// The family of the bowed strings and the voices, alone and in ensemble.
const STRINGS_AND_VOICES: u8 = 5;
/// Pitched drums and sounds without a pitch that matters, from the wood block on.
const EFFECTS: RangeInclusive<u8> = 115..=127;

/// What is heard of one part. Pitches are MIDI numbers.
#[derive(Clone, Copy, Debug)]
struct Heard {
    program: u8,
    notes: f64,
    median_pitch: f64,
    /// Share of notes that sound alone when they start.
    alone: f64,
    /// Share of melodic intervals of at most two semitones.
    stepwise: f64,
    mean_quarters: f64,
    /// Share of the piece from its first note to its last, in which the part sounds.
    coverage: f64,
    mean_velocity: f64,
}

impl Heard {
    /// `None` for drums, effects and parts without notes.
    fn of(part: &Part, score: &Score) -> Option<Self> {
        if part.is_drum || part.notes.is_empty() || EFFECTS.contains(&part.program) {
            return None;
        }
        let count = part.notes.len() as f64;
        let mean = |value: fn(&Note) -> f64| part.notes.iter().map(value).sum::<f64>() / count;
        let mut pitches: Vec<u8> = part.notes.iter().map(|n| n.pitch).collect();
        pitches.sort_unstable();
        let quarter = f64::from(score.ticks_per_quarter.max(1));
        Some(Self {
            program: part.program,
            notes: count,
            median_pitch: f64::from(pitches[pitches.len() / 2]),
            alone: alone(&part.notes, score.ticks_per_quarter),
            stepwise: stepwise(&part.notes),
            mean_quarters: mean(|n| f64::from(n.duration.0)) / quarter,
            coverage: coverage(&part.notes) / f64::from(score.end().0.max(1)),
            mean_velocity: mean(|n| f64::from(n.velocity)),
        })
    }

    fn is_line(&self) -> bool {
        self.alone >= LINE
    }

    fn is_bass_instrument(&self) -> bool {
        BASSES.contains(&self.program) || self.program == CONTRABASS || self.program == TUBA
    }

    fn is_sustained(&self) -> bool {
        let instrument =
            ENSEMBLES.contains(&self.program) || PADS.contains(&self.program) || self.program == TREMOLO_STRINGS;
        instrument && (!self.is_line() || self.mean_quarters >= LONG_QUARTERS)
    }

    /// Instruments of one sound stand together: all keyboards, all strings, …
    fn family(&self) -> u8 {
        match self.program {
            40..=54 => STRINGS_AND_VOICES,
            56..=79 => 7,
            program => program / 8,
        }
    }

    /// How much a line behaves like the tune: higher is more. Each term is about one for what a tune has most of.
    fn tunefulness(&self, loudest: f64, busiest: f64) -> f64 {
        let height = ((self.median_pitch - 48.0) / 24.0).clamp(0.0, 1.5);
        let solo = match self.program {
            p if LEADS.contains(&p) || WINDS.contains(&p) || SOLO_STRINGS.contains(&p) => 0.5,
            p if GUITARS.contains(&p) => 0.0,
            p if PADS.contains(&p) || ENSEMBLES.contains(&p) => 0.0,
            _ => 0.2,
        };
        // A tune sings most of the time, but as busy as an ostinato it is not: activity counts up to half of the busiest.
        let active = (2.0 * self.notes / busiest.max(1.0)).min(1.0);
        height + solo + self.coverage + self.stepwise + active + self.mean_velocity / loudest.max(1.0) + self.alone
    }
}

/// The share of notes that start alone and in silence; up to a twelfth of a quarter of overlap is legato.
fn alone(notes: &[Note], ticks_per_quarter: u32) -> f64 {
    let legato = ticks_per_quarter / 12;
    let mut sounding_until = 0u32;
    let mut count = 0;
    let mut last_onset = None;
    for (index, note) in notes.iter().enumerate() {
        let with_others = last_onset == Some(note.onset) || notes.get(index + 1).is_some_and(|n| n.onset == note.onset);
        count += usize::from(!with_others && note.onset.0.saturating_add(legato) >= sounding_until);
        sounding_until = sounding_until.max(note.offset().0);
        last_onset = Some(note.onset);
    }
    count as f64 / notes.len().max(1) as f64
}

fn stepwise(notes: &[Note]) -> f64 {
    let steps = notes.windows(2).filter(|pair| pair[0].onset != pair[1].onset);
    let (small, all) = steps
        .fold((0, 0), |(small, all), pair| (small + usize::from(pair[0].pitch.abs_diff(pair[1].pitch) <= 2), all + 1));
    small as f64 / all.max(1) as f64
}

/// Ticks in which at least one note sounds; the notes are sorted by onset.
fn coverage(notes: &[Note]) -> f64 {
    let mut until = 0;
    let mut covered = 0u64;
    for note in notes {
        let from = note.onset.0.max(until);
        covered += u64::from(note.offset().0.saturating_sub(from));
        until = until.max(note.offset().0);
    }
    covered as f64
}

/// The role of each part by its sound alone; names are not looked at. `None` for parts without notes and sound effects.
///
/// A tune is a line that lies high (up to a height of 1.5 for three octaves above small c), is played by a solo instrument
/// (0.5), sounds most of the time, moves in steps, is busy, loud, and sounds alone (up to 1 each); the line with the
/// highest sum is the melody. Where no line lies at or above small g, nobody has it.
pub fn by_sound(score: &Score) -> Vec<Option<Role>> {
    let roles = score.parts.iter().map(|part| part.is_drum.then_some(Role::Drums)).collect();
    complete(score, roles)
}

/// Gives a role to every part that has none yet and can be heard.
pub(super) fn complete(score: &Score, mut roles: Vec<Option<Role>>) -> Vec<Option<Role>> {
    let heard: Vec<Option<Heard>> = score.parts.iter().map(|part| Heard::of(part, score)).collect();
    layers(&heard, &mut roles);
    bass(&heard, &mut roles);
    for (role, part) in roles.iter_mut().zip(&heard) {
        if role.is_none() && part.is_some_and(|part| part.is_sustained()) {
            *role = Some(Role::Sustained);
        }
    }
    melody(&heard, &mut roles);
    counter(&heard, &mut roles);
    for (role, part) in roles.iter_mut().zip(&heard) {
        if role.is_none() && part.is_some() {
            *role = Some(Role::Harmony);
        }
    }
    roles
}

/// Three to six lines of one family from top to bottom: everyone who is heard, or strings or voices over keyboards.
fn layers(heard: &[Option<Heard>], roles: &mut [Option<Role>]) {
    let all: Vec<(usize, Heard)> = heard.iter().enumerate().filter_map(|(i, h)| h.map(|h| (i, h))).collect();
    let untold = roles.iter().all(|role| role.is_none() || *role == Some(Role::Drums));
    let (keyboards, others): (Vec<_>, Vec<_>) = all.iter().partition(|(_, h)| KEYBOARDS.contains(&h.program));
    let accompanied = !keyboards.is_empty() && others.iter().all(|(_, h)| h.family() == STRINGS_AND_VOICES);
    let layers = if accompanied && others.len() >= 3 { others } else { all };
    let equal = (3..=6).contains(&layers.len())
        && layers
            .iter()
            .all(|(_, h)| h.alone >= LAYER_LINE && h.family() == layers[0].1.family() && !BASSES.contains(&h.program));
    if !untold || !equal {
        return;
    }
    let mut by_height = layers;
    by_height.sort_by(|(_, a), (_, b)| b.median_pitch.total_cmp(&a.median_pitch));
    let last = by_height.len() - 1;
    for (place, (index, _)) in by_height.iter().enumerate() {
        roles[*index] = Some(match place {
            0 => Role::Melody,
            place if place == last => Role::Bass,
            1 => Role::Counter,
            _ => Role::Sustained,
        });
    }
}

fn bass(heard: &[Option<Heard>], roles: &mut [Option<Role>]) {
    for (role, part) in roles.iter_mut().zip(heard) {
        if role.is_none() && part.is_some_and(|part| part.is_bass_instrument()) {
            *role = Some(Role::Bass);
        }
    }
    if roles.contains(&Some(Role::Bass)) {
        return;
    }
    let mut by_height: Vec<(usize, Heard)> = heard.iter().enumerate().filter_map(|(i, h)| h.map(|h| (i, h))).collect();
    by_height.sort_by(|(_, a), (_, b)| a.median_pitch.total_cmp(&b.median_pitch));
    let [(lowest, low), (_, next), ..] = by_height[..] else { return };
    let hand = KEYBOARDS.contains(&low.program)
        && by_height[1..].iter().any(|(_, other)| other.program == low.program && !other.is_line());
    let below = low.median_pitch <= BASS_HIGHEST && next.median_pitch - low.median_pitch >= BASS_BELOW;
    if roles[lowest].is_none() && low.is_line() && below && !hand {
        roles[lowest] = Some(Role::Bass);
    }
}

fn melody(heard: &[Option<Heard>], roles: &mut [Option<Role>]) {
    if roles.contains(&Some(Role::Melody)) {
        return;
    }
    let all = || heard.iter().flatten();
    let loudest = all().map(|h| h.mean_velocity).fold(0.0, f64::max);
    let busiest = all().map(|h| h.notes).fold(0.0, f64::max);
    let candidates = (0..roles.len()).filter(|&i| roles[i].is_none()).filter_map(|i| heard[i].map(|h| (i, h)));
    let lines = candidates.filter(|(_, h)| h.is_line() && h.median_pitch >= TUNE_LOWEST);
    let tuneful = |h: &Heard| h.tunefulness(loudest, busiest);
    // Of equals the first.
    let best = lines.reduce(|best, next| if tuneful(&next.1) > tuneful(&best.1) { next } else { best });
    if let Some((index, _)) = best {
        roles[index] = Some(Role::Melody);
    }
}

fn counter(heard: &[Option<Heard>], roles: &mut [Option<Role>]) {
    let melodies: Vec<Heard> =
        (0..roles.len()).filter(|&i| roles[i] == Some(Role::Melody)).filter_map(|i| heard[i]).collect();
    let Some(busiest) = melodies.iter().map(|h| h.notes).reduce(f64::max) else { return };
    for (role, part) in roles.iter_mut().zip(heard) {
        let Some(part) = part.filter(|_| role.is_none()) else { continue };
        let (program, keyboard) = (part.program, KEYBOARDS.contains(&part.program));
        // A keyboard under another instrument's tune accompanies it; beside its own it may sing.
        let same = melodies.iter().any(|melody| melody.program == program);
        let solo =
            !keyboard && !GUITARS.contains(&program) && !ENSEMBLES.contains(&program) && !PADS.contains(&program);
        let tune = (solo && part.is_line() && part.stepwise >= STEPWISE)
            || (keyboard && same && part.alone >= COUNTER_LINE && part.stepwise >= COUNTER_STEPWISE);
        if tune && part.median_pitch >= TUNE_LOWEST && part.notes >= COUNTER_ACTIVITY * busiest {
            *role = Some(Role::Counter);
        }
    }
}
