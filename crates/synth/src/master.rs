//! The last stage: the loudness people expect, and no peak that a converter or a codec could break on.
//!
//! Streaming services play at −14 to −16 LUFS and ask for true peaks below −1 dBTP (AES TD1008, 2021). The whole piece is
//! raised or lowered by one gain; a limiter catches what would pass the ceiling, and as that costs loudness, the rest is made up
//! for until the target is met.

use crate::elementary::gain_from_db;
use crate::limiter::limit;
use crate::loudness::integrated_lufs;
use crate::stereo::Stereo;
pub use crate::true_peak::{Ends, true_peak};

/// −1 dBTP, the highest true peak a finished sound may have.
pub const CEILING_DBTP: f64 = -1.0;

/// What is near enough to the target, in LU.
const TOLERANCE_LU: f64 = 0.1;
/// Most that a piece is raised to meet the target: beyond, it is noise that would be raised.
const MAX_GAIN_DB: f64 = 60.0;
/// Most that is added after the first gain: a lone click can never be made as loud as music.
const MAX_MAKE_UP_DB: f64 = 12.0;
const MAX_ROUNDS: usize = 12;

/// Brings `sound` to `target_lufs` (if any), holds its true peak at [`CEILING_DBTP`], and returns the loudness reached, if there
/// is a target.
///
/// It is within 0.1 LU of the target unless that would take more than 60 dB, or more than 12 dB of limiting. Silence stays as it
/// is and has none.
pub fn master(sound: &mut Stereo, target_lufs: Option<f64>, ends: Ends) -> Option<f64> {
    let ceiling = gain_from_db(CEILING_DBTP) as f32;
    let before = target_lufs.and_then(|_| integrated_lufs(sound));
    let (Some(target), Some(before)) = (target_lufs, before) else {
        limit(sound, ceiling, ends);
        return None;
    };
    let gain_db = (target - before).clamp(-MAX_GAIN_DB, MAX_GAIN_DB);
    raise(sound, gain_db);
    let mut reached = before + gain_db;
    let mut left_to_add = MAX_MAKE_UP_DB;
    let mut rounds = 0;
    // A sound that was not limited is as loud as its gain has made it.
    while limit(sound, ceiling, ends) {
        reached = integrated_lufs(sound)?;
        let more = (target - reached).min(left_to_add);
        rounds += 1;
        if target - reached <= TOLERANCE_LU || more <= 0.0 || rounds == MAX_ROUNDS {
            break;
        }
        left_to_add -= more;
        raise(sound, more);
    }
    Some(reached)
}

fn raise(sound: &mut Stereo, db: f64) {
    if db != 0.0 {
        let gain = gain_from_db(db) as f32;
        sound.left.iter_mut().chain(&mut sound.right).for_each(|x| *x *= gain);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::uniform;

    const CEILING: f32 = 0.891_251;

    /// Plucked tones over a bass, with a drum stroke now and then.
    fn music(level: f32) -> Stereo {
        let sample = |i: u32| {
            let t = f64::from(i) / 44_100.0;
            let tone = |hz: f64| (std::f64::consts::TAU * hz * t).sin() as f32;
            let stroke = uniform(1, u64::from(i)) * (-12.0 * (t % 0.5)).exp() as f32;
            level * (0.2 * tone(110.0) + 0.1 * tone(441.0) * (1.0 - (t % 0.25) as f32) + 0.5 * stroke)
        };
        let left: Vec<f32> = (0..6 * 44_100).map(sample).collect();
        Stereo { sample_rate_hz: 44_100, right: left.iter().map(|x| 0.8 * x).collect(), left }
    }

    #[test]
    fn the_loudness_is_the_target_and_the_peak_below_the_ceiling() {
        for level in [0.01, 0.3, 5.0] {
            for target in [-30.0, -16.0, -10.0] {
                let mut sound = music(level);
                master(&mut sound, Some(target), Ends::Silent);
                let reached = integrated_lufs(&sound).expect("loud");
                assert!((reached - target).abs() <= 0.11, "{reached} instead of {target}");
                assert!(true_peak(&sound, Ends::Silent) <= CEILING);
            }
        }
    }

    #[test]
    fn without_a_target_only_peaks_change() {
        let mut sound = music(0.3);
        let before = sound.clone();
        master(&mut sound, None, Ends::Silent);
        assert_eq!(sound, before);
        let mut loud = music(6.0);
        master(&mut loud, None, Ends::Silent);
        let peak = true_peak(&loud, Ends::Silent);
        assert!((0.9 * CEILING..=CEILING).contains(&peak), "{peak}");
    }

    #[test]
    fn silence_and_clicks_are_left_in_peace() {
        let mut silence = Stereo::silence(44_100, 50_000);
        master(&mut silence, Some(-16.0), Ends::Silent);
        assert_eq!(silence.peak(), 0.0);
        let mut click = Stereo::silence(44_100, 50_000);
        click.left[20_000] = 0.5;
        master(&mut click, Some(-16.0), Ends::Silent);
        assert!(true_peak(&click, Ends::Silent) <= CEILING);
        let mut nothing = Stereo::silence(44_100, 0);
        master(&mut nothing, Some(-16.0), Ends::Joined);
        assert_eq!(nothing.frames(), 0);
    }
}
