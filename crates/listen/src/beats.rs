//! Where the beats lie under a melody, and how fast they go.
//!
//! A melody is a poor drummer: half its beats are empty. So a beat is judged by all that falls into it: whether there is an onset on the
//! beat, on its half and on its quarters as often as melodies have them, and how near the onsets lie to those places. The best
//! sequence of beats is found by dynamic programming, as in Ellis 2007 ("Beat tracking by dynamic programming", Journal of New Music Research
//! 36), for each of a range of tempi; the tempo whose sequence explains the onsets best, with a leaning towards usual tempi, wins.

/// Tempi that are considered, in quarters a minute.
pub const SLOWEST_QPM: f64 = 40.0;
/// See [`SLOWEST_QPM`].
pub const FASTEST_QPM: f64 = 220.0;

/// Successive beats.
#[derive(Clone, Debug, PartialEq)]
pub struct Beats {
    /// Seconds from the start of the recording, rising; the first onset lies in the first beat, the last before the last one. May begin
    /// a little before 0.
    pub times: Vec<f64>,
    /// Mean tempo in quarters a minute.
    pub qpm: f64,
}

/// Seconds from one place where a beat can lie to the next.
const STEP: f64 = 0.01;
/// How exactly people place onsets, in seconds (Repp 2005 and the width of our own onset times).
const SPREAD: f64 = 0.025;
/// However badly an onset lies, it costs no more.
const MOST_AN_ONSET: f64 = 5.0;
/// How far the length of a beat strays from the mean, as a natural logarithm, and how far at most.
const SWAY: f64 = 0.025;
const MOST_SWAY: f64 = 0.12;
/// Usual tempi: the logarithm's mean and spread.
const USUAL_QPM: f64 = 88.0;
const USUAL_SPREAD: f64 = 0.3;
/// How much that leaning weighs: onsets depend on one another, and their chances multiplied are too sure of themselves.
const LEANING: f64 = 4.0;
/// A tempo is tried every so much.
const TEMPO_STEP: f64 = 1.02;

/// How often a melody begins a note on the beat and on its second, third and last quarter, in beats where it begins any (pop909: 250
/// training songs).
const ON_QUARTERS: [f64; 4] = [0.75, 0.09, 0.60, 0.21];
/// The same for the thirds of a beat in triplets, and how often there are triplets.
const ON_THIRDS: [f64; 3] = [0.75, 0.60, 0.60];
const TRIPLETS: f64 = 0.02;
/// How often a beat is empty, where the one before is not.
const EMPTY: f64 = 0.2;
/// Price of a second onset in one place.
const CROWDED: f64 = 5.0;

/// The beats under these onsets (in seconds, rising), near `qpm` if it is given; `None` without onsets.
pub fn beats(onsets: &[f64], qpm: Option<f64>) -> Option<Beats> {
    let (&first, &last) = (onsets.first()?, onsets.last()?);
    if !(first.is_finite() && last.is_finite() && first <= last) {
        return None;
    }
    let track = |qpm: f64| Tracker { onsets, period: 60.0 / qpm }.best();
    let tempi = match qpm {
        Some(qpm) => vec![qpm.clamp(SLOWEST_QPM, FASTEST_QPM)],
        None => tempi(),
    };
    let usual = |qpm: f64| -LEANING * ((qpm / USUAL_QPM).ln() / USUAL_SPREAD).powi(2) / 2.0;
    let (_, start) =
        tempi.into_iter().map(|qpm| (track(qpm).value + usual(qpm), qpm)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    // Once more around the tempo that the beats turned out to have.
    let rough = track(start);
    let refined = track(mean_qpm(&rough.times).unwrap_or(start));
    let times = if refined.value > rough.value { refined.times } else { rough.times };
    let times = settled(&times, onsets);
    let qpm = mean_qpm(&times).unwrap_or(start);
    Some(Beats { times, qpm })
}

fn tempi() -> Vec<f64> {
    let mut all = vec![SLOWEST_QPM];
    while all[all.len() - 1] * TEMPO_STEP <= FASTEST_QPM {
        all.push(all[all.len() - 1] * TEMPO_STEP);
    }
    all
}

/// The slope of a line through the beats (least squares), in beats a minute; `None` for fewer than two.
fn mean_qpm(times: &[f64]) -> Option<f64> {
    let n = times.len() as f64;
    let (mean_i, mean_t) = ((n - 1.0) / 2.0, times.iter().sum::<f64>() / n);
    let (mut above, mut below) = (0.0, 0.0);
    for (i, t) in times.iter().enumerate() {
        above += (i as f64 - mean_i) * (t - mean_t);
        below += (i as f64 - mean_i).powi(2);
    }
    (below > 0.0 && above > 0.0).then(|| 60.0 * below / above)
}

/// Where an onset lies in its beat: the place in twelfths, and how many seconds after it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// 0, 3, 6 or 9, or in triplets 0, 4 or 8.
    pub twelfth: u32,
    /// Seconds late (early below 0).
    pub late: f64,
}

/// The likeliest places of the onsets of one beat from `start` to `end`, and how likely they are (a logarithm).
///
/// An onset up to an eighth of a beat before `start` belongs to this beat, one that near before `end` to the next.
pub fn places(onsets: &[f64], start: f64, end: f64) -> (Vec<Place>, f64) {
    if onsets.is_empty() {
        return (Vec::new(), EMPTY.ln());
    }
    let in_quarters = in_parts(onsets, start, end, &ON_QUARTERS);
    let in_thirds = in_parts(onsets, start, end, &ON_THIRDS);
    let (quarters, thirds) = (in_quarters.1 + (1.0 - TRIPLETS).ln(), in_thirds.1 + TRIPLETS.ln());
    let (places, value) = if quarters >= thirds { (in_quarters.0, quarters) } else { (in_thirds.0, thirds) };
    (places, value + (1.0 - EMPTY).ln())
}

fn in_parts(onsets: &[f64], start: f64, end: f64, often: &[f64]) -> (Vec<Place>, f64) {
    let parts = often.len();
    let part_seconds = (end - start) / parts as f64;
    let mut taken = [0usize; 4];
    let mut value = 0.0;
    let place = |&onset: &f64| {
        let part = ((onset - start) / part_seconds).round().clamp(0.0, parts as f64 - 1.0);
        let late = onset - start - part * part_seconds;
        taken[part as usize] += 1;
        value -= ((late / SPREAD).powi(2) / 2.0).min(MOST_AN_ONSET);
        Place { twelfth: part as u32 * 12 / parts as u32, late }
    };
    let places = onsets.iter().map(place).collect();
    for (count, often) in taken.iter().zip(often) {
        value += match count {
            0 => (1.0 - often).ln(),
            count => often.ln() - CROWDED * (count - 1) as f64,
        };
    }
    (places, value)
}

/// Onsets this share of a beat before it belong to it.
pub const EARLY: f64 = 0.125;

struct Tracker<'a> {
    onsets: &'a [f64],
    /// Usual seconds of a beat.
    period: f64,
}

struct Tracked {
    times: Vec<f64>,
    value: f64,
}

impl Tracker<'_> {
    /// The sequence of beats that explains the onsets best.
    fn best(&self) -> Tracked {
        let (first, last) = (self.onsets[0], self.onsets[self.onsets.len() - 1]);
        let early = EARLY * self.period;
        // The first beat begins at most one beat before the first onset.
        let origin = first - self.period;
        let place = |i: usize| origin + i as f64 * STEP;
        let count = ((last - origin + 2.5 * self.period) / STEP) as usize + 1;
        let from = |seconds: f64| self.onsets.partition_point(|&o| o < seconds);
        let firsts: Vec<usize> = (0..count).map(|i| from(place(i) - early)).collect();
        let lengths = self.lengths();
        let mut values = vec![f64::NEG_INFINITY; count];
        let mut before = vec![0usize; count];
        let mut ends: Option<(f64, usize)> = None;
        for i in 0..count {
            // Nothing lies before the first beat.
            if firsts[i] == 0 {
                values[i] = 0.0;
            }
            for &(length, sway) in lengths.iter().filter(|(length, _)| *length <= i) {
                let start = i - length;
                // Beats that begin before all onsets and hold none are no beats yet.
                if values[start] == f64::NEG_INFINITY || firsts[i] == 0 || firsts[start] == self.onsets.len() {
                    continue;
                }
                let inside = &self.onsets[firsts[start]..firsts[i]];
                let value = values[start] + sway + places(inside, place(start), place(i)).1;
                if value > values[i] || (values[i] == 0.0 && before[i] == 0 && firsts[i] > 0) {
                    (values[i], before[i]) = (value, start);
                }
            }
            if firsts[i] == self.onsets.len() && ends.is_none_or(|(best, _)| values[i] > best) {
                ends = Some((values[i], i));
            }
        }
        let Some((value, mut at)) = ends else { return Tracked { times: Vec::new(), value: f64::NEG_INFINITY } };
        let mut times = vec![place(at)];
        while firsts[at] > 0 {
            at = before[at];
            times.push(place(at));
        }
        times.reverse();
        Tracked { times, value }
    }

    /// Possible lengths of a beat in steps, and how unusual each is (a logarithm).
    fn lengths(&self) -> Vec<(usize, f64)> {
        let usual = self.period / STEP;
        let (least, most) = ((usual * (-MOST_SWAY).exp()).ceil(), (usual * MOST_SWAY.exp()).floor());
        let sway = |length: f64| -((length / usual).ln() / SWAY).powi(2) / 2.0;
        (least.max(1.0) as usize..=most.max(1.0) as usize).map(|l| (l, sway(l as f64))).collect()
    }
}

/// Beats moved to where their own onsets, and those of the beats beside them, say they lie.
fn settled(times: &[f64], onsets: &[f64]) -> Vec<f64> {
    let Some(period) = times.windows(2).map(|t| t[1] - t[0]).reduce(f64::min) else { return times.to_vec() };
    let from = |seconds: f64| onsets.partition_point(|&o| o < seconds - EARLY * period);
    let lateness: Vec<Vec<f64>> = times
        .windows(2)
        .map(|t| {
            let inside = &onsets[from(t[0])..from(t[1]).max(from(t[0]))];
            places(inside, t[0], t[1]).0.iter().map(|p| p.late).collect()
        })
        .collect();
    let moved = |i: usize| {
        let near = lateness.iter().take(i + 2).skip(i.saturating_sub(2)).flatten();
        let (count, sum) = near.fold((0.0, 0.0), |(n, s), late| (n + 1.0, s + late));
        // One onset exactly on time beside them, so that a single one does not decide alone.
        times[i] + sum / (count + 1.0)
    };
    let settled: Vec<f64> = (0..times.len()).map(moved).collect();
    if settled.windows(2).all(|t| t[0] < t[1]) { settled } else { times.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Onsets of a tune in quarters, from half a second on.
    fn tune(qpm: f64) -> Vec<f64> {
        let bar = [0.0, 1.0, 1.5, 2.0, 3.0, 3.5];
        (0..8).flat_map(|b| bar.map(|q| 0.5 + (4.0 * f64::from(b) + q) * 60.0 / qpm)).collect()
    }

    #[test]
    fn a_steady_tune_has_its_tempo_or_half_of_it_and_beats_on_beats() {
        for qpm in [66.0, 90.0, 117.0] {
            let found = beats(&tune(qpm), None).expect("beats");
            // A tune without drums leaves open whether its eighths are quarters.
            let halved = if found.qpm < 0.75 * qpm { 2.0 } else { 1.0 };
            assert!((halved * found.qpm / qpm - 1.0).abs() < 0.005, "{qpm} found as {}", found.qpm);
            let off = |t: f64| {
                let beats = (t - 0.5) * qpm / 60.0;
                (beats - beats.round()).abs() * 60.0 / qpm
            };
            assert!(found.times.iter().all(|&t| off(t) < 0.02), "{qpm}");
            let told = beats(&tune(qpm), Some(qpm)).expect("beats");
            assert!((told.qpm / qpm - 1.0).abs() < 0.005, "{qpm} told, found as {}", told.qpm);
        }
    }

    #[test]
    fn a_tempo_that_is_known_is_taken() {
        for (hint, found) in [(45.0, 45.0), (90.0, 90.0), (180.0, 180.0)] {
            let heard = beats(&tune(90.0), Some(hint)).expect("beats").qpm;
            assert!((heard / found - 1.0).abs() < 0.01, "{hint}: {heard}");
        }
    }

    #[test]
    fn beats_follow_a_tempo_that_breathes() {
        // 90 quarters a minute, swaying by 4 % over eight beats.
        let at = |beat: f64| 0.5 + beat * 2.0 / 3.0 + 0.03 * (beat * std::f64::consts::TAU / 8.0).sin();
        let onsets: Vec<f64> = (0..32).flat_map(|b| [at(f64::from(b)), at(f64::from(b) + 0.5)]).collect();
        let found = beats(&onsets, Some(90.0)).expect("beats");
        assert!((0..31).all(|b| found.times.iter().any(|t| (t - at(f64::from(b))).abs() < 0.04)), "{:?}", found.times);
    }

    #[test]
    fn triplets_are_thirds_and_sixteenths_are_quarters() {
        let twelfths = |onsets: &[f64]| places(onsets, 10.0, 11.0).0.iter().map(|p| p.twelfth).collect::<Vec<_>>();
        assert_eq!(twelfths(&[10.0, 10.33, 10.67]), [0, 4, 8]);
        assert_eq!(twelfths(&[9.95, 10.27, 10.5, 10.74]), [0, 3, 6, 9]);
        assert_eq!(places(&[], 10.0, 11.0), (vec![], EMPTY.ln()));
    }

    #[test]
    fn one_note_has_beats_around_it_and_none_has_none() {
        assert_eq!(beats(&[], None), None);
        assert_eq!(beats(&[f64::NAN], None), None);
        for onsets in [vec![3.0], vec![0.0; 20], vec![0.0, 1e-9, 900.0]] {
            let found = beats(&onsets, None).expect("beats");
            assert!(found.times.len() >= 2 && found.times.windows(2).all(|t| t[0] < t[1]), "{found:?}");
            assert!((SLOWEST_QPM * 0.8..FASTEST_QPM * 1.2).contains(&found.qpm));
        }
    }
}
