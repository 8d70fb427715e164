//! From a pitch for every moment to notes: what a singer meant.
//!
//! A hidden Markov model over the semitones and silence (after Mauch et al. 2015, "Computer-aided melody note transcription using the
//! Tony software", TENOR): each moment's pitch should lie near the note's, and a new note has a price, lower where something
//! begins ([`Attack`]). So vibrato, scoops and slides stay inside their notes. A note struck again at the same pitch leaves no trace in
//! the pitch; it shows as a beginning inside a note, and splits it.

use crate::attack::Attack;
use crate::pitch_track::{Frame, seconds_of};

/// A note as it was heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeardNote {
    /// When it begins, in seconds from the start of the recording.
    pub onset: f64,
    /// When it stops sounding, in seconds; > `onset`.
    pub offset: f64,
    /// MIDI pitch, 0–127.
    pub pitch: u8,
    /// How far the middle of its moments lies from that pitch, in cents, the tuning of the whole taken out.
    pub cents: f64,
    /// Its loudest moment, in dB relative to full scale.
    pub level_db: f64,
}

/// What was heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// One after another; none overlap.
    pub notes: Vec<HeardNote>,
    /// How much sharper than 440 Hz the whole is tuned, −50 … 50 cents.
    pub tuning_cents: f64,
}

/// Lowest and highest note that is looked for.
const PITCHES: std::ops::RangeInclusive<u8> = 30..=97;
/// Moments this far below the loud ones are silence, in dB.
const QUIET_DB: f32 = 45.0;
/// How far a sung moment strays from its note, in semitones.
const SPREAD: f64 = 0.5;
/// However far it strays, a moment costs no more.
const MOST_A_MOMENT: f64 = 4.0;
/// Price of a moment without pitch inside a note, and of one with a pitch in silence.
const PRICE_UNVOICED: f64 = 0.8;
const PRICE_UNHEARD: f64 = 1.5;
/// Price of a change of note where nothing begins, and how much of it a strong beginning takes off.
const PRICE_OF_CHANGE: f64 = 12.0;
const DISCOUNT: f64 = 8.0;
/// A beginning of this flux is a strong one, in dB.
const STRONG_FLUX: f32 = 6.0;
/// Notes shorter than this are accidents, in moments (46 ms).
const SHORTEST: usize = 8;

/// The notes of a track.
pub fn notes(track: &[Frame], attack: &Attack) -> Heard {
    let loud = loud_level(&attack.level_db);
    let is_loud = |i: usize| attack.level_db.get(i).is_some_and(|&level| level > loud - QUIET_DB);
    let pitches: Vec<Option<f64>> = (0..track.len()).map(|i| track[i].pitch.filter(|_| is_loud(i))).collect();
    let tuning = tuning(&pitches);
    let tuned: Vec<Option<f64>> = pitches.iter().map(|p| p.map(|p| p - tuning)).collect();
    let mut spans = joined(&spans(&tuned, attack), attack);
    place_onsets(&mut spans, attack);
    let spans = without_false_starts(&spans, attack);
    let mut spans = split_repeated(&spans, attack);
    spans.retain(|span| span.end - span.start >= SHORTEST);
    let notes = spans.iter().map(|span| heard_note(span, &tuned, attack)).collect();
    Heard { notes, tuning_cents: 100.0 * tuning }
}

/// The level that a twentieth of the moments surpass.
fn loud_level(level_db: &[f32]) -> f32 {
    let mut sorted = level_db.to_vec();
    sorted.sort_by(f32::total_cmp);
    sorted.get(sorted.len() * 19 / 20).copied().unwrap_or(0.0)
}

/// Half of a slow vibrato, in moments (87 ms).
const HALF_VIBRATO: usize = 15;
/// What lies further away than this is another note, in semitones.
const OTHER_NOTE: f64 = 1.5;

/// How far from whole semitones the pitches lie: the angle of Σ e^{2πi·pitch}, −0.5 … 0.5. Each is taken in the mean of its surroundings, for
/// vibrato spends its time at its edges, not in its middle.
fn tuning(pitches: &[Option<f64>]) -> f64 {
    use std::f64::consts::TAU;
    let (mut x, mut y) = (0.0, 0.0);
    for (i, pitch) in pitches.iter().enumerate() {
        let Some(pitch) = *pitch else { continue };
        let around = &pitches[i.saturating_sub(HALF_VIBRATO)..(i + HALF_VIBRATO).min(pitches.len())];
        let near = around.iter().flatten().filter(|p| (*p - pitch).abs() < OTHER_NOTE);
        let (count, sum) = near.fold((0.0, 0.0), |(n, s), p| (n + 1.0, s + p));
        let pitch = if count > 0.0 { sum / count } else { pitch };
        x += (TAU * pitch).cos();
        y += (TAU * pitch).sin();
    }
    if x == 0.0 && y == 0.0 { 0.0 } else { y.atan2(x) / TAU }
}

/// A note between two moments, the second not included.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Span {
    start: usize,
    end: usize,
    pitch: u8,
}

/// Viterbi over silence (state 0) and the semitones.
fn spans(tuned: &[Option<f64>], attack: &Attack) -> Vec<Span> {
    let states = 1 + PITCHES.len();
    let lowest = f64::from(*PITCHES.start());
    let price = |state: usize, pitch: Option<f64>| match (state, pitch) {
        (0, None) => 0.0,
        (0, Some(_)) => PRICE_UNHEARD,
        (_, None) => PRICE_UNVOICED,
        (state, Some(pitch)) => (((pitch - lowest - (state - 1) as f64) / SPREAD).powi(2) / 2.0).min(MOST_A_MOMENT),
    };
    let mut prices = vec![0.0f64; states];
    // Where each state of each moment came from.
    let mut before: Vec<Vec<u8>> = Vec::with_capacity(tuned.len());
    for (i, &pitch) in tuned.iter().enumerate() {
        let cheapest = (0..states).min_by(|&a, &b| prices[a].total_cmp(&prices[b])).unwrap_or(0);
        let strength = f64::from((attack.flux.get(i).copied().unwrap_or(0.0) / STRONG_FLUX).min(1.0));
        let change = prices[cheapest] + PRICE_OF_CHANGE - DISCOUNT * strength;
        let mut from = vec![0u8; states];
        for state in 0..states {
            let (base, source) = if change < prices[state] { (change, cheapest) } else { (prices[state], state) };
            from[state] = source as u8;
            prices[state] = base + price(state, pitch);
        }
        let least = prices.iter().copied().fold(f64::INFINITY, f64::min);
        prices.iter_mut().for_each(|p| *p -= least);
        before.push(from);
    }
    let mut state = (0..states).min_by(|&a, &b| prices[a].total_cmp(&prices[b])).unwrap_or(0);
    let mut way = vec![0usize; tuned.len()];
    for (i, from) in before.iter().enumerate().rev() {
        way[i] = state;
        state = usize::from(from[state]);
    }
    runs(&way)
}

fn runs(way: &[usize]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for (i, &state) in way.iter().enumerate() {
        if state == 0 {
            continue;
        }
        let pitch = PITCHES.start() + (state - 1) as u8;
        match spans.last_mut() {
            Some(span) if span.end == i && span.pitch == pitch => span.end = i + 1,
            _ => spans.push(Span { start: i, end: i + 1, pitch }),
        }
    }
    spans
}

/// A leap of at least this many semitones in which nothing begins is an error about the octave or a noisy attack ...
const UNLIKELY_LEAP: u8 = 7;
/// ... if one of its notes is shorter than this, in moments (175 ms).
const SHORT: usize = 30;

/// Notes without the leaps that nothing begins at; the longer note's pitch stays.
fn joined(spans: &[Span], attack: &Attack) -> Vec<Span> {
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for &span in spans {
        let near = span.start.saturating_sub(BLUR)..=span.start + BLUR;
        let begins = near.map(|at| flux(attack, at)).fold(0.0, f32::max) > LEAST_FLUX;
        match joined.last_mut() {
            Some(last)
                if last.end == span.start
                    && !begins
                    && last.pitch.abs_diff(span.pitch) >= UNLIKELY_LEAP
                    && (last.end - last.start).min(span.end - span.start) < SHORT =>
            {
                if span.end - span.start > last.end - last.start {
                    last.pitch = span.pitch;
                }
                last.end = span.end;
            }
            _ => joined.push(span),
        }
    }
    joined
}

/// How far before and after a change of pitch its beginning is looked for, in moments (58 and 35 ms).
const LOOK_BACK: usize = 10;
const LOOK_AHEAD: usize = 6;
/// How far before it, if nothing begins nearer: so long (116 ms) the note before can ring over a soft one.
const LOOK_FAR_BACK: usize = 20;
/// Flux from which a beginning is a stroke, and knows the moment better than the pitch does, in dB. Of a soft beginning the flux is highest only
/// when most of it is over.
const STROKE_FLUX: f32 = 3.5;

/// A soft beginning is half over where it shows, after this many moments (17 ms).
const SOFT_LEAD: usize = 3;

/// Moves each onset to the strongest beginning near it, or earlier where the pitch has already changed before a soft one.
fn place_onsets(spans: &mut [Span], attack: &Attack) {
    for i in 0..spans.len() {
        let span = spans[i];
        let earliest = if i == 0 { 0 } else { spans[i - 1].start + SHORTEST };
        let back = |moments: usize| span.start.saturating_sub(moments).max(earliest);
        let to = (span.start + LOOK_AHEAD).min(span.end.saturating_sub(1));
        let near = strongest(attack, back(LOOK_BACK), to);
        let Some(at) = near.or_else(|| strongest(attack, back(LOOK_FAR_BACK), to)) else { continue };
        let is_stroke = flux(attack, at) > STROKE_FLUX;
        let onset = if is_stroke { at } else { at.min(span.start).saturating_sub(SOFT_LEAD).max(back(LOOK_FAR_BACK)) };
        if i > 0 && spans[i - 1].end == span.start {
            spans[i - 1].end = onset;
        } else if i > 0 {
            spans[i - 1].end = spans[i - 1].end.min(onset);
        }
        spans[i].start = onset;
    }
}

/// Between two notes that follow at once, a first one no longer than this is how the second begins, in moments (70 ms) ...
const FALSE_START: usize = 12;
/// ... and one up to this long (116 ms), if the second begins with less than this share of its flux.
const DOUBTFUL_START: usize = 20;
const WEAK_SHARE: f32 = 0.5;

/// In the first moments of a note the one before may still ring, and the two together have a lower pitch of their own.
fn without_false_starts(spans: &[Span], attack: &Attack) -> Vec<Span> {
    let mut kept: Vec<Span> = Vec::with_capacity(spans.len());
    let strength = |at: usize| (at.saturating_sub(1)..=at + 1).map(|i| flux(attack, i)).fold(0.0, f32::max);
    for &span in spans {
        let mut span = span;
        if let Some(last) = kept.last().copied().filter(|last| last.end == span.start && last.pitch != span.pitch) {
            let length = last.end - last.start;
            let is_weak = strength(span.start) < WEAK_SHARE * strength(last.start);
            if length <= FALSE_START || (length <= DOUBTFUL_START && is_weak) {
                span.start = last.start;
                kept.pop();
            }
        }
        kept.push(span);
    }
    kept
}

/// The strongest beginning between two moments, both included; `None` where nothing begins.
fn strongest(attack: &Attack, from: usize, to: usize) -> Option<usize> {
    let strongest = (from..=to).max_by(|&a, &b| flux(attack, a).total_cmp(&flux(attack, b)))?;
    (flux(attack, strongest) > LEAST_FLUX).then_some(strongest)
}

fn flux(attack: &Attack, at: usize) -> f32 {
    attack.flux.get(at).copied().unwrap_or(0.0)
}

/// Flux below this is no beginning, in dB.
const LEAST_FLUX: f32 = 1.0;

/// A beginning inside a note must be this strong to strike it again, in dB ...
const REPEAT_FLUX: f32 = 2.0;
/// ... and the sound must grow by this much around it, in dB: what only changes, as a clarinet does at its end, grows less.
const REPEAT_RISE: f32 = 2.0;
/// A beginning in the first moments of a note (150 ms) is likelier the way from its attack to its body, and must be a stroke.
const ATTACK: usize = 26;
/// Without such a beginning a note is struck again where the sound falls by more than this, in dB, and rises by as much.
const REPEAT_DIP: f32 = 5.0;
/// So long, in moments (232 ms), it may take to fall, for in a room it dies away slowly ...
const FALL: usize = 40;
/// ... but so long (29 ms) to rise: a strong vibrato sways by more, but takes longer.
const CLIMB: usize = 5;
/// In its first moments (180 ms) many a note falls and rises by itself, between its attack and its body.
const DIP_AFTER: usize = 31;
/// A stroke after which the sound has fallen by this much, in dB, 23 to 46 ms later, ends a note and begins none.
const ENDS: f32 = 6.0;
const LATER: usize = 4;
/// Two beginnings lie at least this far apart, in moments (70 ms).
const APART: usize = 12;

fn split_repeated(spans: &[Span], attack: &Attack) -> Vec<Span> {
    let mut split = Vec::with_capacity(spans.len());
    for &span in spans {
        let mut start = span.start;
        for at in span.start + APART..span.end.saturating_sub(SHORTEST) {
            if at >= start + APART && is_struck(attack, at, Span { start, ..span }) {
                split.push(Span { start, end: at, ..span });
                start = at;
            }
        }
        split.push(Span { start, ..span });
    }
    split
}

/// Whether the same note is struck again in this moment of it.
fn is_struck(attack: &Attack, at: usize, span: Span) -> bool {
    // What the next note does is not looked at.
    let end = span.end.saturating_sub(BLUR).min(attack.level_db.len());
    let levels = &attack.level_db[span.start.min(end)..end];
    let at_level = at - span.start;
    let is_peak = is_highest_near(&attack.flux, at, |flux| flux);
    let least = if at_level < ATTACK { STROKE_FLUX } else { REPEAT_FLUX };
    if is_peak && flux(attack, at) > least && rise(levels, at_level) > REPEAT_RISE && lasts(levels, at_level) {
        return true;
    }
    let is_dip = at_level >= DIP_AFTER && is_highest_near(levels, at_level, |level| -level);
    is_dip && fall(levels, at_level) > REPEAT_DIP && climb(levels, at_level) > REPEAT_DIP
}

/// Moments before a note ends in which the next can already be heard, as long as half a window.
const BLUR: usize = 3;

/// Whether `of` the value is nowhere higher within 35 ms, nor as high before.
fn is_highest_near(values: &[f32], at: usize, of: impl Fn(f32) -> f32) -> bool {
    let Some(&here) = values.get(at) else { return false };
    let before = &values[at.saturating_sub(APART / 2)..at];
    let after = &values[at..(at + APART / 2 + 1).min(values.len())];
    before.iter().all(|&v| of(v) < of(here)) && after.iter().all(|&v| of(v) <= of(here))
}

/// How much louder it becomes within 70 ms than it was within 70 ms, in dB.
fn rise(levels: &[f32], at: usize) -> f32 {
    let (before, after) = around(levels, at);
    let lowest = before.iter().copied().reduce(f32::min);
    let highest = after.iter().copied().reduce(f32::max);
    highest.zip(lowest).map_or(0.0, |(highest, lowest)| highest - lowest)
}

/// How much louder it was within [`FALL`] than it is, in dB.
fn fall(levels: &[f32], at: usize) -> f32 {
    let Some(here) = levels.get(at) else { return 0.0 };
    levels[at.saturating_sub(FALL)..at].iter().copied().fold(*here, f32::max) - here
}

/// How much louder it is within [`CLIMB`] than now, in dB.
fn climb(levels: &[f32], at: usize) -> f32 {
    let Some(here) = levels.get(at) else { return 0.0 };
    levels[at..].iter().take(1 + CLIMB).copied().fold(*here, f32::max) - here
}

/// Whether the sound goes on: a key that comes up can be a stroke too, but what follows it dies away.
fn lasts(levels: &[f32], at: usize) -> bool {
    let later = levels.get(at + LATER..(at + 2 * LATER).min(levels.len())).unwrap_or_default();
    let least = later.iter().copied().fold(f32::INFINITY, f32::min);
    levels.get(at).is_some_and(|here| least > here - ENDS)
}

/// 70 ms up to a moment and from it on; both hold the moment itself.
fn around(values: &[f32], at: usize) -> (&[f32], &[f32]) {
    let at = at.min(values.len());
    let until = (at + 1).min(values.len());
    (&values[until.saturating_sub(APART)..until], &values[at..(at + APART).min(values.len())])
}

fn heard_note(span: &Span, tuned: &[Option<f64>], attack: &Attack) -> HeardNote {
    let mut cents: Vec<f64> =
        tuned[span.start..span.end].iter().flatten().map(|p| 100.0 * (p - f64::from(span.pitch))).collect();
    cents.sort_by(f64::total_cmp);
    let level = attack.level_db[span.start..span.end].iter().copied().fold(-100.0, f32::max);
    HeardNote {
        onset: seconds_of(span.start),
        offset: seconds_of(span.end),
        pitch: span.pitch,
        cents: cents.get(cents.len() / 2).copied().unwrap_or(0.0),
        level_db: f64::from(level),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn track(pitches: &[Option<f64>]) -> Vec<Frame> {
        pitches.iter().map(|&pitch| Frame { pitch, probability: f64::from(u8::from(pitch.is_some())) }).collect()
    }

    fn steady(count: usize) -> Attack {
        Attack { flux: vec![0.0; count], level_db: vec![-20.0; count] }
    }

    fn pitches(heard: &Heard) -> Vec<u8> {
        heard.notes.iter().map(|n| n.pitch).collect()
    }

    #[test]
    fn vibrato_is_one_note() {
        let swaying: Vec<_> = (0..300).map(|i| Some(64.0 + 0.6 * (TAU * f64::from(i) / 30.0).sin())).collect();
        assert_eq!(pitches(&notes(&track(&swaying), &steady(300))), [64]);
    }

    #[test]
    fn a_slide_between_two_notes_is_no_third() {
        let slide = (0..300).map(|i| Some(60.0 + 4.0 * ((f64::from(i) - 145.0) / 10.0).clamp(0.0, 1.0)));
        assert_eq!(pitches(&notes(&track(&slide.collect::<Vec<_>>()), &steady(300))), [60, 64]);
    }

    #[test]
    fn a_whole_that_is_sharp_is_tuned() {
        let sharp: Vec<_> = (0..200).map(|i| Some(if i < 100 { 60.3 } else { 67.3 })).collect();
        let heard = notes(&track(&sharp), &steady(200));
        assert_eq!(pitches(&heard), [60, 67]);
        assert!((heard.tuning_cents - 30.0).abs() < 1e-6 && heard.notes.iter().all(|n| n.cents.abs() < 1e-6));
    }

    #[test]
    fn a_note_is_struck_again_where_something_begins_and_grows() {
        let held = track(&[Some(60.0); 200]);
        let count = |flux: f32, level: f32| {
            let mut attack = steady(200);
            attack.flux[100] = flux;
            attack.level_db[100..].fill(-20.0 + level);
            notes(&held, &attack).notes.len()
        };
        assert_eq!(count(REPEAT_FLUX + 0.01, REPEAT_RISE + 0.01), 2);
        assert_eq!((count(REPEAT_FLUX, 9.0), count(9.0, REPEAT_RISE)), (1, 1), "both must be surpassed");
    }

    #[test]
    fn a_note_is_struck_again_where_the_sound_falls_and_rises() {
        let held = track(&[Some(60.0); 200]);
        let count = |depth: f32| {
            let mut attack = steady(200);
            attack.level_db[98..102].fill(-20.0 - depth);
            notes(&held, &attack).notes.len()
        };
        assert_eq!((count(REPEAT_DIP), count(REPEAT_DIP + 0.01)), (1, 2));
    }

    #[test]
    fn a_strong_vibrato_that_sways_slowly_strikes_nothing() {
        // 10 dB up and down, six times a second: in 29 ms it rises by 5.2 dB at most, where it is steepest, and by 1.3 from its lowest.
        let mut attack = steady(400);
        (0..400).for_each(|i| attack.level_db[i] = -20.0 + 5.0 * (TAU as f32 * i as f32 / 28.7).sin());
        assert_eq!(notes(&track(&[Some(60.0); 400]), &attack).notes.len(), 1);
    }

    #[test]
    fn a_stroke_with_which_a_note_ends_begins_none() {
        let held = track(&[Some(60.0); 200]);
        let count = |after: f32| {
            let mut attack = steady(200);
            attack.level_db[..90].fill(-30.0);
            attack.flux[100] = STROKE_FLUX + 1.0;
            attack.level_db[104..].fill(-20.0 - after);
            notes(&held, &attack).notes.len()
        };
        assert_eq!((count(ENDS - 0.01), count(ENDS)), (2, 1));
    }

    #[test]
    fn accidents_are_no_notes() {
        let lasting = |moments: usize| {
            let mut pitches = vec![None; 100];
            pitches[50..50 + moments].fill(Some(60.0));
            let mut attack = steady(100);
            attack.flux[50] = 20.0;
            attack.flux[50 + moments] = 20.0;
            notes(&track(&pitches), &attack).notes.len()
        };
        assert_eq!((lasting(SHORTEST - 1), lasting(SHORTEST)), (0, 1));
    }

    #[test]
    fn silence_and_nothing_have_no_notes() {
        assert_eq!(notes(&[], &Attack::default()), Heard::default());
        assert_eq!(notes(&track(&[None; 50]), &steady(50)).notes, []);
        // A pitch far below the loud moments is an echo.
        let mut attack = steady(400);
        attack.level_db[..200].fill(-20.0 - QUIET_DB);
        let heard = notes(&track(&[Some(60.0); 400]), &attack);
        assert!(heard.notes.iter().all(|n| n.onset > 1.0), "{heard:?}");
    }

    #[test]
    fn notes_follow_one_another() {
        let wandering: Vec<_> =
            (0..2_000u32).map(|i| Some(40.0 + f64::from(i.wrapping_mul(2_654_435_761) >> 27))).collect();
        let mut attack = steady(2_000);
        (0..2_000).for_each(|i| attack.flux[i] = (i % 13) as f32);
        let heard = notes(&track(&wandering), &attack);
        assert!(heard.notes.iter().all(|n| n.onset < n.offset));
        assert!(heard.notes.windows(2).all(|pair| pair[0].offset <= pair[1].onset));
    }
}
