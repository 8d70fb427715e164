//! Notes to learn from: recorded, or played by a SoundFont over a grid of pitches and velocities.

use aeolian_score::{Note, Part, Score, Tick};
use aeolian_synth::{Error, Instrument, Instruments, RenderSettings, SoundFont, mix};

/// Samples a second of everything that is learned.
pub const RATE_HZ: u32 = 44_100;

/// One note by itself, from its onset on, in one ear.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// MIDI pitch, of a recording possibly between keys.
    pub pitch: f64,
    /// MIDI velocity, 1–127.
    pub velocity: u8,
    /// Its sound.
    pub samples: Vec<f32>,
    /// When it was let go.
    pub release_seconds: f64,
    /// Samples a second.
    pub sample_rate_hz: u32,
}

impl Recording {
    /// Its pitch in hertz at A4 = 440.
    pub fn hz(&self) -> f64 {
        440.0 * ((self.pitch - 69.0) / 12.0).exp2()
    }
}

/// Which notes, and how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// MIDI pitches.
    pub pitches: Vec<u8>,
    /// MIDI velocities, each for every pitch.
    pub velocities: Vec<u8>,
    /// From onset to release.
    pub held_seconds: f64,
    /// From release to the end of the recording.
    pub ringing_seconds: f64,
}

impl Grid {
    /// (pitch, velocity) of every note, pitch by pitch.
    pub fn notes(&self) -> impl Iterator<Item = (u8, u8)> + '_ {
        self.pitches.iter().flat_map(|&pitch| self.velocities.iter().map(move |&velocity| (pitch, velocity)))
    }

    fn frames(&self) -> usize {
        ((self.held_seconds + self.ringing_seconds) * f64::from(RATE_HZ)) as usize
    }
}

/// Plays the grid with a program of a SoundFont: dry, the left ear.
///
/// (Stereo samples are two microphones; their sum would cancel what reaches one later than the other.)
///
/// # Errors   those of the SoundFont.
pub fn played_by_font(font: &SoundFont, program: u8, grid: &Grid) -> Result<Vec<Recording>, Error> {
    let notes: Vec<(u8, u8)> = grid.notes().collect();
    // 120 quarters a minute: 960 ticks a second.
    let ticks = |seconds: f64| (seconds * 960.0).round() as u32;
    let apart = ticks(grid.held_seconds + grid.ringing_seconds + 0.5);
    let mut score = Score::new(480);
    let note = |(index, &(pitch, velocity)): (usize, &(u8, u8))| Note {
        onset: Tick(index as u32 * apart),
        pitch,
        duration: Tick(ticks(grid.held_seconds)),
        velocity,
    };
    score.parts.push(Part { program, notes: notes.iter().enumerate().map(note).collect(), ..Part::default() });
    let settings = RenderSettings {
        sample_rate_hz: RATE_HZ,
        reverb: 0.0,
        tail_seconds: grid.ringing_seconds + 1.0,
        max_seconds: 7_200.0,
        ..RenderSettings::default()
    };
    let sound = mix(&score, &settings, Instruments::SoundFont(font))?;
    let recording = |(index, &(pitch, velocity)): (usize, &(u8, u8))| {
        let onset = score.seconds_at(Tick(index as u32 * apart)) * f64::from(RATE_HZ);
        // The player waits for its next block of 64.
        let from = (onset.round() as usize).next_multiple_of(64).min(sound.frames());
        let to = (from + grid.frames()).min(sound.frames());
        Recording {
            pitch: f64::from(pitch),
            velocity,
            samples: sound.left[from..to].to_vec(),
            release_seconds: grid.held_seconds,
            sample_rate_hz: RATE_HZ,
        }
    };
    Ok(notes.iter().enumerate().map(recording).collect())
}

/// Plays the grid on an instrument of the house (or a fitted voice it was given): dry, the left ear.
pub fn played_by_house(mut instrument: Instrument, grid: &Grid) -> Vec<Recording> {
    let held = (grid.held_seconds * f64::from(RATE_HZ)) as usize;
    let mut play = |(pitch, velocity): (u8, u8)| {
        let (mut left, mut right) = (vec![0.0; grid.frames()], vec![0.0; grid.frames()]);
        let mut note = instrument.note_on(pitch, velocity);
        let held = held.min(left.len());
        note.render(&mut left[..held], &mut right[..held]);
        note.release();
        note.render(&mut left[held..], &mut right[held..]);
        let release_seconds = grid.held_seconds;
        Recording { pitch: f64::from(pitch), velocity, samples: left, release_seconds, sample_rate_hz: RATE_HZ }
    };
    grid.notes().map(&mut play).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_is_played_note_by_note() {
        let grid = Grid { pitches: vec![60, 72], velocities: vec![40, 100], held_seconds: 0.3, ringing_seconds: 0.2 };
        let notes = played_by_house(Instrument::new(73, false, RATE_HZ), &grid);
        let seen: Vec<(f64, u8)> = notes.iter().map(|n| (n.pitch, n.velocity)).collect();
        assert_eq!(seen, [(60.0, 40), (60.0, 100), (72.0, 40), (72.0, 100)]);
        let energy = |n: &Recording| n.samples.iter().map(|x| f64::from(x * x)).sum::<f64>();
        assert!(energy(&notes[1]) > 2.0 * energy(&notes[0]) && energy(&notes[0]) > 0.0);
        assert_eq!(notes[3].samples.len(), 22_050);
        assert!((notes[3].hz() - 523.25).abs() < 0.01);
    }
}
