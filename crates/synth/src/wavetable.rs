//! One cycle of a held tone, soft and bright, from its harmonics.
//!
//! A table is made for one pitch and holds only harmonics below what may sound: reading it can not alias. Soft and bright cycle
//! have equal phases, so that every mixture of the two has the mixture of their spectra.

use crate::noise::uniform;
use crate::note_on::NoteOn;
use crate::partials::{Oscillator, Partial};
use crate::voice::{Place, QUANTUM, Quantum};
use aeolian_kernels::fft::{Fft, LANES};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

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

impl Table {
    /// Tables from each of so many `moments` (≤ 16) to the next: soft is the one, bright the other, as loud as given. `levels` are the
    /// amplitudes of harmonic 1, 2, 3 … at every moment, `phases` the (sine, cosine) of its phase.
    pub fn cycles(levels: &[Vec<f32>], moments: usize, phases: impl Fn(usize) -> (f64, f64)) -> Vec<Self> {
        static FFT: OnceLock<Fft> = OnceLock::new();
        let moments = moments.min(LANES);
        let (mut re, mut im) = (vec![[0.0f32; LANES]; SIZE], vec![[0.0f32; LANES]; SIZE]);
        for (index, levels) in levels.iter().enumerate().take(SIZE / 2 - 1) {
            let (sin, cos) = phases(index + 1);
            for (moment, &level) in levels.iter().enumerate().take(moments) {
                re[index + 1][moment] = level * cos as f32;
                im[index + 1][moment] = level * sin as f32;
            }
        }
        FFT.get_or_init(|| Fft::new(SIZE)).backward(&mut re, &mut im);
        let table = |from: usize| {
            let mut cells: Box<Cells> = Box::new([[0.0; 2]; SIZE + 1]);
            let cycle = cells.iter_mut().zip(&re);
            cycle.for_each(|(cell, wave)| *cell = [wave[from], wave[from + 1] - wave[from]]);
            cells[SIZE] = cells[0];
            Self { cells }
        };
        (0..moments.saturating_sub(1)).map(table).collect()
    }
}

/// Where in a cycle somebody reads, and how fast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reader {
    /// Whole cycles are 2³².
    phase: u32,
    step: u32,
    /// What the step changes by from frame to frame.
    step_by: i32,
}

/// Gain and mixture of soft and bright at the first frame of a quantum, and what they change by from frame to frame.
#[derive(Clone, Copy, Debug)]
struct Lines {
    gain: f32,
    gain_by: f32,
    mixture: f32,
    mixture_by: f32,
}

impl Lines {
    fn new(gains: (f32, f32), mixtures: (f32, f32)) -> Self {
        Self {
            gain: gains.0,
            gain_by: (gains.1 - gains.0) / QUANTUM as f32,
            mixture: mixtures.0,
            mixture_by: (mixtures.1 - mixtures.0) / QUANTUM as f32,
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn store_four(out: &mut [f32], four: std::arch::x86_64::__m128) {
    assert!(out.len() >= 4);
    // SAFETY: SSE belongs to x86-64; there are four places.
    unsafe { std::arch::x86_64::_mm_storeu_ps(out.as_mut_ptr(), four) }
}

/// out += gain · four
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn add_four(out: &mut [f32], four: std::arch::x86_64::__m128, gain: f32) {
    use std::arch::x86_64::*;
    assert!(out.len() >= 4);
    // SAFETY: as above.
    unsafe {
        let sum = _mm_add_ps(_mm_loadu_ps(out.as_ptr()), _mm_mul_ps(_mm_set1_ps(gain), four));
        _mm_storeu_ps(out.as_mut_ptr(), sum);
    }
}

const SHIFT: u32 = 32 - TABLE_BITS;
const FRACTION: f32 = 1.0 / (1u32 << SHIFT) as f32;

impl Reader {
    /// Begins at a phase, with so much of the cycle a frame.
    pub fn new(phase: u32, step: u32) -> Self {
        Self { phase, step, step_by: 0 }
    }

    /// After so many quanta the speed shall be `step`; until then it moves in a straight line.
    pub fn head_for(&mut self, step: u32, quanta: u32) {
        self.step_by = ((i64::from(step) - i64::from(self.step)) / i64::from(quanta * QUANTUM as u32)) as i32;
    }

    /// Reads a quantum; gain and mixture of soft and bright move in straight lines from the first to the second of each pair.
    pub fn read(&mut self, cells: &Cells, gains: (f32, f32), mixtures: (f32, f32), sound: &mut [f32; QUANTUM]) {
        let lines = Lines::new(gains, mixtures);
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            // SAFETY: there is AVX2.
            unsafe { self.read_by_eights(cells, lines, Target::Sound(sound)) }
        } else {
            self.read_by_fours(cells, lines, |at, four| store_four(&mut sound[at..at + 4], four));
        }
        #[cfg(not(target_arch = "x86_64"))]
        self.read_by_ones(cells, lines, sound);
    }

    /// The same, added to both ears.
    pub fn add(&mut self, cells: &Cells, gains: (f32, f32), mixtures: (f32, f32), place: Place, out: &mut Quantum) {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            // SAFETY: there is AVX2.
            unsafe { self.read_by_eights(cells, Lines::new(gains, mixtures), Target::Ears(out, place)) }
        } else {
            self.read_by_fours(cells, Lines::new(gains, mixtures), |at, four| {
                add_four(&mut out.left[at..at + 4], four, place.left);
                add_four(&mut out.right[at..at + 4], four, place.right);
            });
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            let mut sound = [0.0; QUANTUM];
            self.read_by_ones(cells, Lines::new(gains, mixtures), &mut sound);
            out.mix_in(&sound, place);
        }
    }

    /// What [`read`](Self::read) means, and what it does where there is nothing better.
    #[cfg(any(test, not(target_arch = "x86_64")))]
    fn read_by_ones(&mut self, cells: &Cells, lines: Lines, sound: &mut [f32; QUANTUM]) {
        for (i, x) in sound.iter_mut().enumerate() {
            let place = (self.phase >> SHIFT) as usize;
            let (a, b) = (cells[place], cells[place + 1]);
            let fraction = FRACTION * (self.phase & ((1 << SHIFT) - 1)) as f32;
            let soft = a[0] + fraction * (b[0] - a[0]);
            let more = a[1] + fraction * (b[1] - a[1]);
            let i = i as f32;
            *x = (soft + (lines.mixture + i * lines.mixture_by) * more) * (lines.gain + i * lines.gain_by);
            self.phase = self.phase.wrapping_add(self.step);
            self.step = self.step.wrapping_add_signed(self.step_by);
        }
    }

    /// The same arithmetic for four frames at a time: two neighbouring cells are one load of four numbers, and four of those,
    /// transposed, are what four frames need. SSE2, which every x86-64 has.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn read_by_fours(&mut self, cells: &Cells, lines: Lines, mut give: impl FnMut(usize, std::arch::x86_64::__m128)) {
        use std::arch::x86_64::*;
        let (step, by) = (self.step as i32, self.step_by);
        // Frame n is at phase + n·step + n(n − 1)/2·by; four frames later it is 4·(step + n·by) + 6·by further.
        let first =
            [0, step, step.wrapping_mul(2).wrapping_add(by), step.wrapping_mul(3).wrapping_add(by.wrapping_mul(3))];
        let stride = |n: i32| step.wrapping_add(by.wrapping_mul(n)).wrapping_mul(4).wrapping_add(by.wrapping_mul(6));
        let start = self.phase as i32;
        // SAFETY: SSE2 belongs to x86-64; a phase shifted by `SHIFT` is below `SIZE`, so two cells from there lie within the
        // `SIZE` + 1 of the table.
        unsafe {
            let mut phases = _mm_add_epi32(_mm_set1_epi32(start), _mm_loadu_si128(first.as_ptr().cast()));
            let mut strides = _mm_set_epi32(stride(3), stride(2), stride(1), stride(0));
            let strides_by = _mm_set1_epi32(by.wrapping_mul(16));
            let mut frames = _mm_set_ps(3.0, 2.0, 1.0, 0.0);
            let mask = _mm_set1_epi32((1 << SHIFT) - 1);
            let (mixture, mixture_by) = (_mm_set1_ps(lines.mixture), _mm_set1_ps(lines.mixture_by));
            let (gain, gain_by) = (_mm_set1_ps(lines.gain), _mm_set1_ps(lines.gain_by));
            let cells = cells.as_ptr();
            for at in (0..QUANTUM).step_by(4) {
                let mut places = [0u32; 4];
                _mm_storeu_si128(places.as_mut_ptr().cast(), _mm_srli_epi32::<{ SHIFT as i32 }>(phases));
                let fraction = _mm_mul_ps(_mm_set1_ps(FRACTION), _mm_cvtepi32_ps(_mm_and_si128(phases, mask)));
                let [mut a0, mut a1, mut b0, mut b1] =
                    places.map(|place| _mm_loadu_ps(cells.add(place as usize).cast()));
                _MM_TRANSPOSE4_PS(&mut a0, &mut a1, &mut b0, &mut b1);
                let soft = _mm_add_ps(a0, _mm_mul_ps(fraction, _mm_sub_ps(b0, a0)));
                let more = _mm_add_ps(a1, _mm_mul_ps(fraction, _mm_sub_ps(b1, a1)));
                let mixed = _mm_add_ps(soft, _mm_mul_ps(_mm_add_ps(mixture, _mm_mul_ps(frames, mixture_by)), more));
                let gains = _mm_add_ps(gain, _mm_mul_ps(frames, gain_by));
                give(at, _mm_mul_ps(mixed, gains));
                phases = _mm_add_epi32(phases, strides);
                strides = _mm_add_epi32(strides, strides_by);
                frames = _mm_add_ps(frames, _mm_set1_ps(4.0));
            }
            self.phase = _mm_cvtsi128_si32(phases) as u32;
        }
        self.step = self.step.wrapping_add_signed(by.wrapping_mul(QUANTUM as i32));
    }
}

/// Where what was read goes.
#[cfg(target_arch = "x86_64")]
enum Target<'a> {
    /// It is the sound.
    Sound(&'a mut [f32; QUANTUM]),
    /// It is added to both ears.
    Ears(&'a mut Quantum, Place),
}

#[cfg(target_arch = "x86_64")]
impl Reader {
    /// The arithmetic of [`read_by_fours`](Self::read_by_fours) for eight frames at a time, bit for bit, with AVX2.
    #[target_feature(enable = "avx2")]
    fn read_by_eights(&mut self, cells: &Cells, lines: Lines, mut target: Target) {
        use std::arch::x86_64::*;
        let (step, by) = (self.step as i32, self.step_by);
        // Frame n is at phase + n·step + n(n − 1)/2·by; eight frames later it is 8·(step + n·by) + 28·by further.
        let first: [i32; 8] = std::array::from_fn(|n| {
            let n = n as i32;
            step.wrapping_mul(n).wrapping_add(by.wrapping_mul(n * (n - 1) / 2))
        });
        let stride: [i32; 8] = std::array::from_fn(|n| {
            step.wrapping_add(by.wrapping_mul(n as i32)).wrapping_mul(8).wrapping_add(by.wrapping_mul(28))
        });
        // SAFETY: a phase shifted by `SHIFT` is below `SIZE`, so two cells from there lie within the `SIZE` + 1 of the table; all other
        // loads and stores are of eight numbers in arrays of eight, or from `at` ≤ `QUANTUM` − 8 on in arrays of `QUANTUM`.
        unsafe {
            let load = |numbers: &[i32; 8]| _mm256_loadu_si256(numbers.as_ptr().cast());
            let mut phases = _mm256_add_epi32(_mm256_set1_epi32(self.phase as i32), load(&first));
            let mut strides = load(&stride);
            let strides_by = _mm256_set1_epi32(by.wrapping_mul(64));
            let mut frames = _mm256_set_ps(7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0);
            let mask = _mm256_set1_epi32((1 << SHIFT) - 1);
            let (mixture, mixture_by) = (_mm256_set1_ps(lines.mixture), _mm256_set1_ps(lines.mixture_by));
            let (gain, gain_by) = (_mm256_set1_ps(lines.gain), _mm256_set1_ps(lines.gain_by));
            let cells: *const [f32; 2] = cells.as_ptr();
            for at in (0..QUANTUM).step_by(8) {
                let mut places = [0u32; 8];
                _mm256_storeu_si256(places.as_mut_ptr().cast(), _mm256_srli_epi32::<{ SHIFT as i32 }>(phases));
                let fraction =
                    _mm256_mul_ps(_mm256_set1_ps(FRACTION), _mm256_cvtepi32_ps(_mm256_and_si256(phases, mask)));
                // The lower half holds frame n, the upper half frame n + 4.
                let two = |n: usize| {
                    let pair = |place: u32| cells.add(place as usize).cast::<f32>();
                    _mm256_loadu2_m128(pair(places[n + 4]), pair(places[n]))
                };
                let (a, b, c, d) = (two(0), two(1), two(2), two(3));
                let (here_ab, next_ab) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
                let (here_cd, next_cd) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
                let (a0, a1) =
                    (_mm256_shuffle_ps::<0x44>(here_ab, here_cd), _mm256_shuffle_ps::<0xEE>(here_ab, here_cd));
                let (b0, b1) =
                    (_mm256_shuffle_ps::<0x44>(next_ab, next_cd), _mm256_shuffle_ps::<0xEE>(next_ab, next_cd));
                let soft = _mm256_add_ps(a0, _mm256_mul_ps(fraction, _mm256_sub_ps(b0, a0)));
                let more = _mm256_add_ps(a1, _mm256_mul_ps(fraction, _mm256_sub_ps(b1, a1)));
                let mixtures = _mm256_add_ps(mixture, _mm256_mul_ps(frames, mixture_by));
                let gains = _mm256_add_ps(gain, _mm256_mul_ps(frames, gain_by));
                let sound = _mm256_mul_ps(_mm256_add_ps(soft, _mm256_mul_ps(mixtures, more)), gains);
                match &mut target {
                    Target::Sound(out) => _mm256_storeu_ps(out.as_mut_ptr().add(at), sound),
                    Target::Ears(out, place) => {
                        for (ear, gain) in [(&mut out.left, place.left), (&mut out.right, place.right)] {
                            let ear = ear.as_mut_ptr().add(at);
                            let louder = _mm256_mul_ps(_mm256_set1_ps(gain), sound);
                            _mm256_storeu_ps(ear, _mm256_add_ps(_mm256_loadu_ps(ear), louder));
                        }
                    }
                }
                phases = _mm256_add_epi32(phases, strides);
                strides = _mm256_add_epi32(strides, strides_by);
                frames = _mm256_add_ps(frames, _mm256_set1_ps(8.0));
            }
            self.phase = _mm256_cvtsi256_si32(phases) as u32;
        }
        self.step = self.step.wrapping_add_signed(by.wrapping_mul(QUANTUM as i32));
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
    #[cfg(target_arch = "x86_64")]
    fn four_or_eight_frames_at_a_time_are_the_same_bits_as_one_by_one() {
        let table = Table::new(&[0.5, 0.3, 0.2, 0.9], &[0.1, 0.7, 0.0, 0.4]);
        for (phase, step, by) in
            [(0, 42_852_281, 0), (u32::MAX - 5, 1 << 31, -70_000), (123, 3, 99_999), (7, u32::MAX, 1)]
        {
            let lines = Lines { gain: 0.3, gain_by: 0.001, mixture: 0.2, mixture_by: -0.002 };
            let mut ones = Reader { phase, step, step_by: by };
            let (mut fours, mut eights) = (ones, ones);
            let (mut a, mut b) = ([0.0; QUANTUM], [0.0; QUANTUM]);
            for _ in 0..3 {
                ones.read_by_ones(&table.cells, lines, &mut a);
                fours.read_by_fours(&table.cells, lines, |at, four| store_four(&mut b[at..at + 4], four));
                assert_eq!(a.map(f32::to_bits), b.map(f32::to_bits));
                assert_eq!(ones, fours);
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: there is AVX2.
                    unsafe { eights.read_by_eights(&table.cells, lines, Target::Sound(&mut b)) };
                    assert_eq!(a.map(f32::to_bits), b.map(f32::to_bits));
                    assert_eq!(ones, eights);
                }
            }
        }
    }

    #[test]
    fn a_table_between_two_moments_is_their_mixture() {
        let levels = [vec![1.0, 0.0, 0.5], vec![0.0, 0.25, 0.5]];
        let tables = Table::cycles(&levels, 3, |_| (0.0, 1.0));
        assert_eq!(tables.len(), 2);
        for (table, from, to) in [(&tables[0], [1.0, 0.0], [0.0, 0.25]), (&tables[1], [0.0, 0.25], [0.5, 0.5])] {
            let soft: Vec<f32> = table.cells[..SIZE].iter().map(|c| c[0]).collect();
            let bright: Vec<f32> = table.cells[..SIZE].iter().map(|c| c[0] + c[1]).collect();
            for n in 1..=2 {
                assert!((harmonic(&soft, n) - from[n - 1]).abs() < 1e-5);
                assert!((harmonic(&bright, n) - to[n - 1]).abs() < 1e-5);
            }
        }
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
