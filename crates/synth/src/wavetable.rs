//! One cycle of a held tone, soft and bright, from its harmonics.
//!
//! A table is made for one pitch and holds only harmonics below what may sound: reading it can not alias. Soft and bright cycle
//! have equal phases, so that every mixture of the two has the mixture of their spectra.

use crate::noise::uniform;
use crate::note_on::NoteOn;
use crate::partials::{Oscillator, Partial};
use crate::voice::QUANTUM;
use std::collections::HashMap;
use std::sync::Arc;

/// Samples in a cycle, 2¹¹.
pub(crate) const TABLE_BITS: u32 = 11;
const SIZE: usize = 1 << TABLE_BITS;
const MOST_HARMONICS: usize = 160;
/// Room above a harmonic for vibrato and detuning: half a semitone.
const HEADROOM: f64 = 1.03;

/// A cycle: of each sample the soft value, and what the bright one has beyond it. The first is repeated at the end.
pub(crate) struct Table {
    pub cells: Box<Cells>,
}

/// As many cells as a phase of [`TABLE_BITS`] can point at, and one more to interpolate towards.
pub(crate) type Cells = [[f32; 2]; SIZE + 1];

impl Table {
    /// From the amplitudes of harmonics 1, 2, 3 …; both cycles are scaled to a root mean square of √½, that of a sine of amplitude 1.
    pub fn new(soft: &[f64], bright: &[f64]) -> Self {
        let (soft_scale, bright_scale) = (scale(soft), scale(bright));
        let mut cells: Box<Cells> = Box::new([[0.0; 2]; SIZE + 1]);
        for (index, (s, b)) in soft.iter().zip(bright).enumerate() {
            let (s, b) = ((s * soft_scale) as f32, (b * bright_scale) as f32);
            if s == 0.0 && b == 0.0 {
                continue;
            }
            let n = index + 1;
            let partial = Partial {
                frequency_hz: n as f64,
                amplitude: 1.0,
                // Scattered within a third of a circle about the sine: neither a spike nor a smear.
                phase_turns: -0.25 + 0.17 * f64::from(uniform(41, n as u64)),
                decay_db_per_second: 0.0,
            };
            let mut oscillator = Oscillator::new(&partial, SIZE as f64);
            for (quantum, cells) in cells[..SIZE].chunks_exact_mut(QUANTUM).enumerate() {
                if quantum > 0 && quantum.is_multiple_of(8) {
                    oscillator.resync(8);
                }
                let mut wave = [0.0; QUANTUM];
                oscillator.add_quantum(&mut wave);
                for (cell, x) in cells.iter_mut().zip(wave) {
                    cell[0] += s * x;
                    cell[1] += (b - s) * x;
                }
            }
        }
        cells[SIZE] = cells[0];
        Self { cells }
    }
}

fn scale(amplitudes: &[f64]) -> f64 {
    let power: f64 = amplitudes.iter().map(|a| a * a).sum();
    if power > 1e-20 { 1.0 / power.sqrt() } else { 0.0 }
}

/// The tables an instrument has made so far.
#[derive(Default)]
pub(crate) struct Tables {
    made: HashMap<(u8, u8), Arc<Table>>,
}

impl Tables {
    /// The table of this pitch, made on first use. `hz` is its first harmonic; `soft` and `bright` give the amplitude of
    /// harmonic n at its frequency; `slot` tells several tables of one instrument apart.
    pub fn of(
        &mut self,
        note: &NoteOn,
        slot: u8,
        hz: f64,
        soft: impl Fn(f64, f64) -> f64,
        bright: impl Fn(f64, f64) -> f64,
    ) -> Arc<Table> {
        let make = || {
            let room = (note.highest_hz() / (hz * HEADROOM)) as usize;
            let harmonics = 1..=room.min(MOST_HARMONICS);
            let amplitudes = |of: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
                harmonics.clone().map(|n| of(n as f64, n as f64 * hz)).collect()
            };
            Arc::new(Table::new(&amplitudes(&soft), &amplitudes(&bright)))
        };
        self.made.entry((note.pitch, slot)).or_insert_with(make).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Amplitude of harmonic n of a cycle, by its Fourier sum.
    fn harmonic(cycle: &[f32], n: usize) -> f64 {
        let (mut re, mut im) = (0.0, 0.0);
        for (i, x) in cycle.iter().enumerate() {
            let (sin, cos) = (std::f64::consts::TAU * (n * i) as f64 / cycle.len() as f64).sin_cos();
            re += f64::from(*x) * cos;
            im += f64::from(*x) * sin;
        }
        2.0 * re.hypot(im) / cycle.len() as f64
    }

    #[test]
    fn a_cycle_has_the_harmonics_it_was_given_and_no_others() {
        let table = Table::new(&[3.0, 0.0, 4.0], &[0.0, 1.0, 0.0]);
        let soft: Vec<f32> = table.cells[..SIZE].iter().map(|c| c[0]).collect();
        let bright: Vec<f32> = table.cells[..SIZE].iter().map(|c| c[0] + c[1]).collect();
        // 3 and 4 scaled to a power of 1 are 0.6 and 0.8.
        for (n, s, b) in [(1, 0.6, 0.0), (2, 0.0, 1.0), (3, 0.8, 0.0), (4, 0.0, 0.0), (900, 0.0, 0.0)] {
            assert!((harmonic(&soft, n) - s).abs() < 1e-5, "soft {n}");
            assert!((harmonic(&bright, n) - b).abs() < 1e-5, "bright {n}");
        }
        assert_eq!(table.cells[SIZE], table.cells[0]);
        assert!(soft.iter().map(|x| f64::from(*x)).sum::<f64>().abs() < 1e-2, "no constant part");
    }

    #[test]
    fn no_harmonic_of_a_table_lies_above_what_may_sound() {
        let note = NoteOn::plain(100, 80, 8_000.0); // 2637 Hz: only the first fits below 3600
        let table = Tables::default().of(&note, 0, note.hz(), |_, _| 1.0, |_, _| 1.0);
        let soft: Vec<f32> = table.cells[..SIZE].iter().map(|c| c[0]).collect();
        assert!((harmonic(&soft, 1) - 1.0).abs() < 1e-5 && harmonic(&soft, 2) < 1e-5);
        let silent = Tables::default().of(&NoteOn::plain(127, 80, 8_000.0), 0, 12_544.0, |_, _| 1.0, |_, _| 1.0);
        assert!(silent.cells.iter().all(|c| c == &[0.0, 0.0]));
    }
}
