//! How loud a whole piece is to the ear: integrated loudness after ITU-R BS.1770-4 and EBU R 128.
//!
//! The measurement is the crate `ebur128`'s. Its filters are designed with the platform's tangent, whose last bit differs
//! from system to system; hundredths of a LU, which is all that is given away here, do not.

use crate::stereo::Stereo;

/// The gating block of BS.1770; a shorter sound is measured as if silence followed.
const BLOCK_SECONDS: f64 = 0.4;

/// Integrated loudness in LUFS, rounded to hundredths; `None` for what the gate takes for silence (below −70 LUFS) and for a
/// sound whose rate is not known.
pub fn integrated_lufs(sound: &Stereo) -> Option<f64> {
    let mut meter = ebur128::EbuR128::new(2, sound.sample_rate_hz, ebur128::Mode::I).ok()?;
    meter.add_frames_planar_f32(&[&sound.left, &sound.right]).ok()?;
    let block = (BLOCK_SECONDS * f64::from(sound.sample_rate_hz)).ceil() as usize;
    let missing = vec![0.0; block.saturating_sub(sound.frames())];
    meter.add_frames_planar_f32(&[&missing, &missing]).ok()?;
    let lufs = meter.loudness_global().ok().filter(|l| l.is_finite())?;
    Some((lufs * 100.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(seconds: f64, amplitude: f64) -> Stereo {
        let frames = (seconds * 48_000.0) as usize;
        let wave = |i| (amplitude * (std::f64::consts::TAU * 997.0 * f64::from(i) / 48_000.0).sin()) as f32;
        let left: Vec<f32> = (0..frames as u32).map(wave).collect();
        Stereo { sample_rate_hz: 48_000, right: left.clone(), left }
    }

    #[test]
    fn the_standards_own_example() {
        // BS.1770-4: a 997 Hz sine of full scale in one front channel is −3.01 LUFS; in both it is 0.
        let mut sound = sine(3.0, 1.0);
        assert!((integrated_lufs(&sound).expect("loud") - 0.0).abs() < 0.03);
        sound.right.fill(0.0);
        assert!((integrated_lufs(&sound).expect("loud") + 3.01).abs() < 0.03);
    }

    #[test]
    fn silence_and_nothing_have_no_loudness_and_short_sounds_have() {
        assert_eq!(integrated_lufs(&Stereo::silence(44_100, 100_000)), None);
        assert_eq!(integrated_lufs(&Stereo::default()), None);
        assert_eq!(integrated_lufs(&sine(1.0, 1e-5)), None);
        // Half a block: half the energy, 3.01 dB less.
        let short = integrated_lufs(&sine(0.2, 0.5)).expect("loud");
        assert!((short - (-6.02 - 3.01)).abs() < 0.1, "{short}");
    }
}
