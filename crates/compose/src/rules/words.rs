//! Rules, notes and places in words.

use super::Rule;
use aeolian_canvas::NoteLane;
use aeolian_score::spelling::{name_pitch_class, spell};
use aeolian_score::{Key, Score, Tick};

/// "melody", "counter-melody", "harmony".
pub(super) fn lane_name(lane: NoteLane) -> String {
    lane.name().to_lowercase()
}

/// "the melody", "the melody and the harmony", "the piece" for all.
pub(super) fn lane_names(lanes: &[NoteLane]) -> String {
    if NoteLane::ALL.iter().all(|lane| lanes.contains(lane)) {
        return "the piece".to_owned();
    }
    list(&lanes.iter().map(|&lane| format!("the {}", lane_name(lane))).collect::<Vec<_>>())
}

/// "a", "a and b", "a, b and c".
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// "C#4", spelled as in the key.
pub(super) fn pitch_name(pitch: u8, key: Option<Key>) -> String {
    spell(pitch.min(127), key, None).to_string()
}

/// "C D E G A": the classes of a set, spelled as in the key.
pub(super) fn set_names(pitch_classes: u16, key: Option<Key>) -> String {
    let within = (0..12).filter(|pc| pitch_classes >> pc & 1 == 1);
    within.map(|pc| name_pitch_class(pc, key, None).to_string()).collect::<Vec<_>>().join(" ")
}

/// "bar 3, beat 2.5": the bar (from 0) and the sixteenths into it.
pub(super) fn place(bar: usize, sixteenths: usize) -> String {
    format!("bar {}, beat {}", bar + 1, 1.0 + sixteenths as f64 / 4.0)
}

/// The place of a tick in a score.
pub(super) fn place_in(score: &Score, bars: &[Tick], at: Tick) -> String {
    let bar = bars.partition_point(|start| *start <= at).saturating_sub(1);
    let into = at.0 - bars.get(bar).map_or(0, |start| start.0);
    place(bar, (u64::from(into) * 4 / u64::from(score.ticks_per_quarter.max(1))) as usize)
}

/// What a rule asks of its lane, as in "the melody cannot …". `chord` names the one chord in question, if there is one.
pub(super) fn demand(rule: &Rule, key: Option<Key>, chord: Option<String>) -> String {
    match rule {
        Rule::Range { lowest, highest, .. } => {
            format!("stay within {}–{}", pitch_name(*lowest, key), pitch_name(*highest, key))
        }
        Rule::Scale { pitch_classes, tension, .. } => {
            let scale = set_names(*pitch_classes, key);
            match *tension {
                tension if tension <= 0.0 => format!("use only {scale}"),
                tension => format!("use only {scale} but for {} % of its notes", (tension * 1e4).round() / 100.0),
            }
        }
        Rule::ChordTonesOnStrongBeats { .. } => {
            let chord = chord.map_or(String::new(), |name| format!("{name} "));
            format!("play only {chord}chord tones on strong beats")
        }
        Rule::MostVoices { voices: 1, .. } => "keep to one note at once".to_owned(),
        Rule::MostVoices { voices, .. } => format!("keep to {voices} notes at once"),
        Rule::HandSpan { semitones, hands: 1, .. } => format!("lie under one hand of {semitones} semitones"),
        Rule::HandSpan { semitones, .. } => format!("lie under two hands of {semitones} semitones"),
        Rule::NoParallels { lower, .. } => format!("avoid parallels with the {}", lane_name(*lower)),
        Rule::Speed { most_per_second, .. } => format!("start at most {most_per_second} notes a second"),
        Rule::Silent { .. } => "be silent".to_owned(),
        Rule::Onsets { allowed_steps, .. } => {
            let steps: Vec<String> = (0..4).filter(|&s| allowed_steps[s]).map(|s| (s + 1).to_string()).collect();
            format!("start only in sixteenth {} of a quarter", list(&steps))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_as_a_person_would_say_them() {
        let key: Option<Key> = "Bb minor".parse().ok();
        let range = Rule::Range { lane: NoteLane::Melody, lowest: 60, highest: 70 };
        assert_eq!(demand(&range, key, None), "stay within C4–Bb4");
        assert_eq!(set_names(0b10_0010_0010, key), "Db F A");
        assert_eq!(place(2, 6), "bar 3, beat 2.5");
        assert_eq!(lane_names(&NoteLane::ALL), "the piece");
        assert_eq!(lane_names(&[NoteLane::Melody, NoteLane::Harmony]), "the melody and the harmony");
        assert_eq!(list(&["a", "b", "c"].map(String::from)), "a, b and c");
        let eighths = Rule::Onsets { lane: NoteLane::Melody, allowed_steps: [true, false, true, false] };
        assert_eq!(demand(&eighths, None, None), "start only in sixteenth 1 and 3 of a quarter");
    }
}
