//! The General MIDI drum kit: which key is which drum, where it stands, and which strokes silence others.
//!
//! Every stroke is built anew from its velocity and from how often the drum was struck before, so that a roll does not sound
//! like a machine: stick position, noise and level vary a little, always in the same order.

mod hand;
mod metal;
mod skins;

use crate::elementary::gain_from_db;
use crate::note_on::NoteOn;
use crate::voice::Layer;

/// Level of the kit beside the pitched instruments.
pub(crate) const LEVEL_DB: f64 = 0.0;

/// The layers of one stroke; `note.pitch` is the key of the General MIDI (level 2) percussion map.
pub(crate) fn layers(note: &NoteOn) -> Vec<Layer> {
    let note = NoteOn { pan: note.pan + place(note.pitch), ..*note };
    match note.pitch {
        27 => hand::high_q(&note),
        28 => hand::slap(&note),
        29 | 30 => hand::scratch(&note),
        31 | 32 => hand::click(&note, 1_900.0),
        33 => hand::click(&note, 1_300.0),
        34 => metal::bell(&note, 1_600.0),
        35 => skins::kick(&note, 46.0, 0.8),
        36 => skins::kick(&note, 53.0, 1.0),
        37 => hand::side_stick(&note),
        38 => skins::snare(&note, 186.0, 1.0),
        39 => hand::clap(&note),
        40 => skins::snare(&note, 215.0, 1.35),
        41 => skins::tom(&note, 72.0),
        43 => skins::tom(&note, 88.0),
        45 => skins::tom(&note, 107.0),
        47 => skins::tom(&note, 130.0),
        48 => skins::tom(&note, 155.0),
        50 => skins::tom(&note, 184.0),
        42 => metal::hat(&note, metal::Hat::Closed),
        44 => metal::hat(&note, metal::Hat::Pedal),
        46 => metal::hat(&note, metal::Hat::Open),
        49 => metal::cymbal(&note, &metal::Cymbal::CRASH),
        57 => metal::cymbal(&note, &metal::Cymbal::LOW_CRASH),
        55 => metal::cymbal(&note, &metal::Cymbal::SPLASH),
        52 => metal::cymbal(&note, &metal::Cymbal::CHINA),
        51 => metal::cymbal(&note, &metal::Cymbal::RIDE),
        59 => metal::cymbal(&note, &metal::Cymbal::LOW_RIDE),
        53 => metal::ride_bell(&note),
        54 => metal::tambourine(&note),
        56 => metal::cowbell(&note),
        58 => hand::vibraslap(&note),
        60 => skins::hand_drum(&note, &skins::HandDrum::HIGH_BONGO),
        61 => skins::hand_drum(&note, &skins::HandDrum::LOW_BONGO),
        62 => skins::hand_drum(&note, &skins::HandDrum::MUTE_CONGA),
        63 => skins::hand_drum(&note, &skins::HandDrum::OPEN_CONGA),
        64 => skins::hand_drum(&note, &skins::HandDrum::LOW_CONGA),
        65 => skins::hand_drum(&note, &skins::HandDrum::HIGH_TIMBALE),
        66 => skins::hand_drum(&note, &skins::HandDrum::LOW_TIMBALE),
        67 => metal::agogo(&note, 930.0),
        68 => metal::agogo(&note, 690.0),
        69 => hand::shaker(&note, 5_500.0, 0.018, 260.0),
        70 => hand::shaker(&note, 6_500.0, 0.008, 700.0),
        71 => hand::whistle(&note, 330.0),
        72 => hand::whistle(&note, 120.0),
        73 => hand::guiro(&note, 6, 0.012),
        74 => hand::guiro(&note, 14, 0.020),
        75 => hand::wood(&note, 2_480.0, 210.0),
        76 => hand::wood(&note, 880.0, 330.0),
        77 => hand::wood(&note, 640.0, 300.0),
        78 => hand::cuica(&note, 320.0, 560.0),
        79 => hand::cuica(&note, 520.0, 300.0),
        80 => metal::triangle(&note, 170.0),
        81 => metal::triangle(&note, 15.0),
        82 => hand::shaker(&note, 5_000.0, 0.014, 420.0),
        83 => metal::jingle(&note),
        84 => metal::bell_tree(&note),
        85 => hand::castanets(&note),
        86 => skins::hand_drum(&note, &skins::HandDrum::MUTE_SURDO),
        87 => skins::hand_drum(&note, &skins::HandDrum::OPEN_SURDO),
        _ => hand::wood(&note, 760.0, 320.0),
    }
}

/// Where a drum stands as the audience sees it.
fn place(key: u8) -> f32 {
    match key {
        35 | 36 => 0.0,
        38 | 40 | 37 => 0.06,
        42 | 44 | 46 => 0.32,
        41 => -0.42,
        43 => -0.3,
        45 => -0.16,
        47 => 0.0,
        48 => 0.14,
        50 => 0.28,
        49 | 55 => 0.4,
        57 | 52 => -0.45,
        51 | 53 | 59 => -0.34,
        39 => -0.05,
        54 | 69 | 70 | 82 => 0.22,
        60..=66 => -0.25,
        _ => (f32::from(key % 7) - 3.0) * 0.08,
    }
}

/// True if the stroke `next` stops what still rings of `ringing`: hi-hats, whistles, guiros, cuicas, triangles and surdos have
/// one sound at a time (General MIDI level 2, exclusive classes).
pub(crate) fn chokes(next: u8, ringing: u8) -> bool {
    const CLASSES: [&[u8]; 6] = [&[42, 44, 46], &[71, 72], &[73, 74], &[78, 79], &[80, 81], &[86, 87]];
    CLASSES.iter().any(|class| class.contains(&next) && class.contains(&ringing))
}

/// Level of a stroke: the velocity, the place of the drum in the balance of the kit, and half a decibel either way by chance.
fn stroke(note: &NoteOn) -> f64 {
    note.level() * gain_from_db(balance_db(note.pitch) + 0.5 * note.luck(1))
}

/// What brings the drums into balance: with kick and snare about equally loud, toms and bells a little below, hats and shakers well
/// below (measured like the levels of the programs).
fn balance_db(key: u8) -> f64 {
    match key {
        38 => 3.0,
        37 | 40 => 2.0,
        41 | 43 | 45 | 47 | 48 | 50 => -1.0,
        63..=68 | 56 => -2.0,
        70 | 71 | 82 | 84 => 3.0,
        _ => 0.0,
    }
}

fn together(layers: impl IntoIterator<Item = Option<Layer>>) -> Vec<Layer> {
    layers.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::NotePlayer;

    fn sound(key: u8, velocity: u8, take: u32) -> Vec<f32> {
        let note = NoteOn { take, ..NoteOn::plain(key, velocity, 44_100.0) };
        let mut player = NotePlayer::new(layers(&note), 1.0, 44_100.0);
        let (mut left, mut right) = (Vec::new(), Vec::new());
        while !player.is_over() && left.len() < 20 * 44_100 {
            let at = left.len();
            left.resize(at + 1_024, 0.0);
            right.resize(at + 1_024, 0.0);
            player.render(&mut left[at..], &mut right[at..]);
        }
        left.iter().zip(&right).map(|(l, r)| l + r).collect()
    }

    fn peak(sound: &[f32]) -> f32 {
        sound.iter().fold(0.0, |p, x| p.max(x.abs()))
    }

    #[test]
    fn every_key_is_heard_starts_in_silence_and_ends_by_itself() {
        for key in 0..=127 {
            let sound = sound(key, 127, 0);
            assert!(sound.len() < 12 * 44_100, "key {key}: {} frames", sound.len());
            assert!(sound[0].abs() < 0.02, "key {key} starts at {}", sound[0]);
            assert!((0.05..1.6).contains(&peak(&sound)), "key {key}: peak {}", peak(&sound));
            assert!(sound[sound.len() - 1].abs() < 1e-3);
        }
    }

    #[test]
    fn a_harder_stroke_is_louder_and_two_strokes_differ() {
        for key in [36, 38, 42, 46, 49, 51, 60, 63, 70, 75] {
            assert!(peak(&sound(key, 110, 0)) > 1.8 * peak(&sound(key, 50, 0)), "key {key}");
            let (first, second) = (sound(key, 100, 0), sound(key, 100, 1));
            assert_ne!(first[..2_000], second[..2_000], "key {key}");
            let ratio = peak(&first) / peak(&second);
            assert!((0.5..2.0).contains(&ratio), "key {key}: {ratio}");
        }
    }

    #[test]
    fn a_kick_is_lower_than_a_snare_and_a_snare_than_a_hat() {
        let crossings = |key| sound(key, 100, 0)[..2_000].windows(2).filter(|w| (w[0] < 0.0) != (w[1] < 0.0)).count();
        assert!(crossings(36) * 2 < crossings(38));
        assert!(crossings(38) * 2 < crossings(42));
    }

    #[test]
    fn hats_choke_hats_and_nothing_else() {
        assert!(chokes(42, 46) && chokes(44, 46) && chokes(46, 46) && chokes(80, 81));
        assert!(!chokes(36, 46) && !chokes(42, 49) && !chokes(38, 38));
    }
}
