//! Mood: two numbers that go the way listeners say mode, tempo, density, register and loudness move a piece.
//!
//! Valence (sad … happy) and arousal (calm … excited) are the two axes of Russell 1980 ("A circumplex model of affect",
//! Journal of Personality and Social Psychology 39). Which way each cue pulls is taken from the reviews of
//! Gabrielsson & Lindström 2010 ("The role of structure in the musical expression of emotions", in *Handbook of Music
//! and Emotion*): major, fast and high is heard as happier; fast, loud, dense and high as more excited. That cues add
//! up, each nearly in a straight line, and that mode weighs most and tempo and register come next, is the finding of
//! Eerola, Friberg & Bresin 2013 ("Emotional expression in music: contribution, linearity, and additivity of primary
//! musical cues", Frontiers in Psychology 4:487). The weights themselves are ours and round.
//!
//! These are proxies: they compare sets of pieces and check that a request for another mood moved the music, and no
//! claim beyond that is made about what anybody feels.

use aeolian_score::Mode;

/// What the proxies listen to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MoodCues {
    /// Mode of the estimated key.
    pub mode: Mode,
    /// Mean tempo, quarters a minute; > 0.
    pub qpm: f64,
    /// Density: notes that start in a second; > 0.
    pub notes_per_second: f64,
    /// Mean MIDI pitch of the notes.
    pub mean_pitch: f64,
    /// Mean MIDI velocity of the notes.
    pub mean_velocity: f64,
}

/// Each cue on −1 … 1, straight between these two ends and cut beyond them; tempo and density by their logarithms.
const QPM: [f64; 2] = [60.0, 180.0];
const NOTES_PER_SECOND: [f64; 2] = [1.0, 16.0];
const PITCH: [f64; 2] = [48.0, 72.0];
const VELOCITY: [f64; 2] = [32.0, 112.0];

/// Valence proxy, −1 … 1: 0.6 · mode (major 1, minor −1) + 0.25 · tempo + 0.15 · register.
pub fn valence(cues: &MoodCues) -> f64 {
    let mode = match cues.mode {
        Mode::Major => 1.0,
        Mode::Minor => -1.0,
    };
    0.6 * mode + 0.25 * tempo(cues) + 0.15 * register(cues)
}

/// Arousal proxy, −1 … 1: 0.35 · tempo + 0.3 · loudness + 0.25 · density + 0.1 · register.
pub fn arousal(cues: &MoodCues) -> f64 {
    let density = between(cues.notes_per_second.ln(), NOTES_PER_SECOND.map(f64::ln));
    0.35 * tempo(cues) + 0.3 * between(cues.mean_velocity, VELOCITY) + 0.25 * density + 0.1 * register(cues)
}

fn tempo(cues: &MoodCues) -> f64 {
    between(cues.qpm.ln(), QPM.map(f64::ln))
}

fn register(cues: &MoodCues) -> f64 {
    between(cues.mean_pitch, PITCH)
}

fn between(value: f64, [low, high]: [f64; 2]) -> f64 {
    (2.0 * (value - low) / (high - low) - 1.0).clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOWEST: MoodCues =
        MoodCues { mode: Mode::Minor, qpm: 60.0, notes_per_second: 1.0, mean_pitch: 48.0, mean_velocity: 32.0 };
    const HIGHEST: MoodCues =
        MoodCues { mode: Mode::Major, qpm: 180.0, notes_per_second: 16.0, mean_pitch: 72.0, mean_velocity: 112.0 };

    #[test]
    fn the_ends_are_minus_one_and_one_and_nothing_goes_beyond() {
        for (cues, end) in [(LOWEST, -1.0), (HIGHEST, 1.0)] {
            assert!((valence(&cues) - end).abs() < 1e-12);
            assert!((arousal(&cues) - end).abs() < 1e-12);
        }
        let beyond = MoodCues { qpm: 1e9, notes_per_second: 1e9, mean_pitch: 127.0, mean_velocity: 127.0, ..HIGHEST };
        assert_eq!((valence(&beyond), arousal(&beyond)), (valence(&HIGHEST), arousal(&HIGHEST)));
        let below = MoodCues { qpm: 0.0, notes_per_second: 0.0, mean_pitch: 0.0, mean_velocity: 0.0, ..LOWEST };
        assert_eq!((valence(&below), arousal(&below)), (valence(&LOWEST), arousal(&LOWEST)));
    }

    #[test]
    fn each_cue_pulls_by_its_weight() {
        let change = |cues: MoodCues| [valence(&cues) - valence(&LOWEST), arousal(&cues) - arousal(&LOWEST)];
        let close = |found: [f64; 2], wanted: [f64; 2]| (0..2).all(|i| (found[i] - wanted[i]).abs() < 1e-12);
        assert!(close(change(MoodCues { mode: Mode::Major, ..LOWEST }), [1.2, 0.0]));
        assert!(close(change(MoodCues { qpm: 180.0, ..LOWEST }), [0.5, 0.7]));
        assert!(close(change(MoodCues { notes_per_second: 4.0, ..LOWEST }), [0.0, 0.25]), "half way, by octaves");
        assert!(close(change(MoodCues { mean_pitch: 60.0, ..LOWEST }), [0.15, 0.1]));
        assert!(close(change(MoodCues { mean_velocity: 112.0, ..LOWEST }), [0.0, 0.6]));
    }
}
