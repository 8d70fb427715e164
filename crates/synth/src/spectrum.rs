//! Shapes of spectra that several families share.

/// A smooth fall of 6 dB an octave per `order` (1–4) above `corner_hz`; 1 far below it.
pub(crate) fn fall(hz: f64, corner_hz: f64, order: u32) -> f64 {
    let square = 1.0 + (hz / corner_hz) * (hz / corner_hz);
    match order {
        0 => 1.0,
        1 => 1.0 / square.sqrt(),
        2 => 1.0 / square,
        3 => 1.0 / (square * square.sqrt()),
        _ => 1.0 / (square * square),
    }
}

/// What a small body does not radiate: 12 dB an octave below `corner_hz`.
pub(crate) fn radiation(hz: f64, corner_hz: f64) -> f64 {
    let square = hz * hz;
    square / (square + corner_hz * corner_hz)
}

/// A resonance of a body, a bell or a mouth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Formant {
    /// Its middle in hertz …
    pub hz: f64,
    /// … its width at half power …
    pub width_hz: f64,
    /// … and its gain beside a floor of 1.
    pub gain: f64,
}

/// `(hz, width, gain)` in short.
pub(crate) const fn formant(hz: f64, width_hz: f64, gain: f64) -> Formant {
    Formant { hz, width_hz, gain }
}

/// Gain of all formants together above a floor.
pub(crate) fn formants(hz: f64, floor: f64, all: &[Formant]) -> f64 {
    all.iter().fold(floor, |sum, f| {
        let x = 2.0 * (hz - f.hz) / f.width_hz;
        sum + f.gain / (1.0 + x * x).sqrt().max(1.0) / (1.0 + 0.25 * x * x).sqrt()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_have_their_values_at_the_corner() {
        assert_eq!(fall(100.0, 100.0, 2), 0.5);
        assert_eq!(fall(100.0, 100.0, 4), 0.25);
        assert!((fall(100.0, 100.0, 1) - 0.5f64.sqrt()).abs() < 1e-15);
        assert!((fall(100.0, 100.0, 3) - 0.5f64.powf(1.5)).abs() < 1e-15);
        assert_eq!(radiation(60.0, 60.0), 0.5);
    }

    #[test]
    fn a_formant_is_highest_in_its_middle() {
        let one = [formant(1_000.0, 100.0, 3.0)];
        assert_eq!(formants(1_000.0, 1.0, &one), 4.0);
        assert!(formants(1_050.0, 1.0, &one) < 4.0 && formants(1_050.0, 1.0, &one) > 2.5);
        assert!(formants(3_000.0, 1.0, &one) < 1.01);
    }
}
