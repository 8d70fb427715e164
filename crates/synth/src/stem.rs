//! The notes of one part as dry sound.

use crate::instrument::Instrument;
use crate::stereo::Stereo;
use aeolian_score::Part;

/// Frames mixed at once; any number gives the same sound.
const BLOCK: usize = 1_024;

/// Adds a part to `mix`. `times` are the frames of onset and release of its notes, in their order.
pub(crate) fn add_part(part: &Part, times: &[(usize, usize)], mut instrument: Instrument, mix: &mut Stereo) {
    for (index, note) in part.notes.iter().enumerate() {
        let Some(&(onset, written_release)) = times.get(index) else { break };
        let release = if instrument.is_held() {
            written_release
        } else {
            choke(part, times, index, &instrument).unwrap_or(usize::MAX)
        };
        let mut player = instrument.note_on(note.pitch, note.velocity);
        let mut at = onset.min(mix.frames());
        let mut let_go = false;
        while at < mix.frames() && !player.is_over() {
            if at >= release && !let_go {
                player.release();
                let_go = true;
            }
            let until = if let_go { mix.frames() } else { release.min(mix.frames()) };
            let end = until.min(at + BLOCK);
            player.render(&mut mix.left[at..end], &mut mix.right[at..end]);
            at = end;
        }
    }
}

/// When a later stroke silences this one, if ever. Notes are sorted by onset, so the first that does is the earliest.
fn choke(part: &Part, times: &[(usize, usize)], index: usize, kit: &Instrument) -> Option<usize> {
    let (onset, ringing) = (times[index].0, part.notes[index].pitch);
    if !kit.chokes(ringing, ringing) {
        return None;
    }
    let mut later = part.notes.iter().zip(times).skip(index + 1);
    later.find(|(next, at)| at.0 > onset && kit.chokes(next.pitch, ringing)).map(|(_, at)| at.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_score::{Note, Tick};

    fn energy(samples: &[f32]) -> f64 {
        samples.iter().map(|x| f64::from(x * x)).sum()
    }

    fn drums(strokes: &[(usize, u8)]) -> Stereo {
        let note =
            |&(at, pitch): &(usize, u8)| Note { onset: Tick(at as u32), pitch, duration: Tick(1), velocity: 100 };
        let part = Part { is_drum: true, notes: strokes.iter().map(note).collect(), ..Part::default() };
        let times: Vec<_> = strokes.iter().map(|&(at, _)| (at, at + 1)).collect();
        let mut mix = Stereo::silence(44_100, 44_100);
        add_part(&part, &times, Instrument::new(0, true, 44_100), &mut mix);
        mix
    }

    #[test]
    fn a_closed_hat_silences_the_open_one() {
        let rings = drums(&[(0, 46)]);
        let choked = drums(&[(0, 46), (10_000, 42)]);
        assert_eq!(rings.left[..10_000], choked.left[..10_000]);
        assert!(energy(&choked.left[22_000..]) < 0.01 * energy(&rings.left[22_000..]));
    }

    #[test]
    fn a_drum_does_not_silence_another() {
        let alone = drums(&[(0, 49)]);
        let beside = drums(&[(0, 49), (30_000, 36)]);
        assert_eq!(alone.left[..30_000], beside.left[..30_000]);
        assert!(energy(&beside.left[20_000..30_000]) > 0.0);
    }
}
