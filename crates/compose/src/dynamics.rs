//! Metrical accents: a plain performance for notes that have no loudness of their own.
//!
//! Where a model says nothing of loudness, all notes alike would hide the metre, so each note gets its
//! lane's level and the accent of its place in the bar (strong beats above weak, after Lerdahl & Jackendoff 1983),
//! and a phrase swells and fades by a few steps of velocity. Deterministic, and marked as such in the recipe.

use aeolian_score::{GRID, Score, Tick};

/// Accents in MIDI velocity by position in the bar: downbeat, half bar, other beats, off the beat.
const ACCENTS: [i32; 4] = [8, 4, 0, -6];
/// Length of a swell in bars, and its height in velocity.
const SWELL_BARS: u32 = 4;
const SWELL: i32 = 8;

/// Adds accents to every note's velocity, within 1–127.
pub fn add_accents(score: &mut Score) {
    let (numerator, denominator) = score.meter_at(Tick(0));
    let bar = (4 * GRID * u32::from(numerator) / u32::from(denominator.max(1))).max(1);
    for note in score.parts.iter_mut().flat_map(|part| &mut part.notes) {
        let place = note.onset.0 % bar;
        let accent = match place {
            0 => ACCENTS[0],
            p if p == bar / 2 => ACCENTS[1],
            p if p % GRID == 0 => ACCENTS[2],
            _ => ACCENTS[3],
        };
        let through = note.onset.0 % (SWELL_BARS * bar);
        let half = SWELL_BARS * bar / 2;
        let swell = SWELL * through.min(2 * half - through) as i32 / half as i32 - SWELL / 2;
        note.velocity = (i32::from(note.velocity) + accent + swell).clamp(1, 127) as u8;
    }
}
