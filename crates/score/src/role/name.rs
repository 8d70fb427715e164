//! What the names of parts tell.

use super::Role;
use crate::{Part, Score};

/// Words that name a role by themselves, in small letters; the first that a name contains counts:
/// "strings lead" a
/// lead. Words of up to three letters must stand alone.
const WORDS: [(&str, Role); 49] = [
    ("counter", Role::Counter),
    ("melody", Role::Melody),
    ("melodie", Role::Melody),
    ("melodia", Role::Melody),
    ("bassoon", Role::Counter),
    ("bass clarinet", Role::Bass),
    ("bass drum", Role::Drums),
    ("bass", Role::Bass),
    ("baß", Role::Bass),
    ("baixo", Role::Bass),
    ("basu", Role::Bass),
    ("basso", Role::Bass),
    ("bas", Role::Bass),
    ("base", Role::Bass),
    ("walk", Role::Bass),
    ("tuba", Role::Bass),
    ("bridge", Role::Counter),
    ("descant", Role::Counter),
    ("obbligato", Role::Counter),
    ("chord-sus", Role::Sustained),
    ("chord-strings", Role::Sustained),
    ("chord-warm", Role::Sustained),
    ("chord", Role::Harmony),
    ("arpeggio", Role::Harmony),
    ("plectrum", Role::Harmony),
    ("rhythm", Role::Harmony),
    ("comping", Role::Harmony),
    ("accomp", Role::Harmony),
    ("harmony", Role::Harmony),
    ("continuo", Role::Bass),
    ("lead", Role::Melody),
    ("solo", Role::Melody),
    ("vocal", Role::Melody),
    ("voice oohs", Role::Sustained),
    ("choir", Role::Sustained),
    ("synth voice", Role::Sustained),
    ("voice", Role::Melody),
    ("singstimme", Role::Melody),
    ("gesang", Role::Melody),
    ("chant", Role::Melody),
    ("canto", Role::Melody),
    ("stimme", Role::Melody),
    ("theme", Role::Melody),
    ("pizzicato", Role::Harmony),
    ("string", Role::Sustained),
    ("cordas", Role::Sustained),
    ("strgs", Role::Sustained),
    ("pad", Role::Sustained),
    ("drum", Role::Drums),
];

/// Instruments of chords; their names tell harmony only beside a part whose name says that it has the tune.
const ACCOMPANISTS: [&str; 8] = ["piano", "pianoforte", "klavier", "organ", "harpsichord", "guitar", "harp", "keys"];

/// Sounds of General MIDI whose names hold a word that is not meant: a square lead may play anything.
const SOUNDS: [&str; 10] = [
    "square lead",
    "sawtooth lead",
    "saw lead",
    "calliope lead",
    "chiff lead",
    "charang lead",
    "bass lead",
    "lead 1 (",
    "lead 2 (",
    "drive",
];

/// Singers and strings from top to bottom. In company the first of a family is the melody, the last the bass; alone, a
/// singer has the melody.
const SINGERS: [&[&str]; 6] = [
    &["soprano", "sopran", "cantus", "dessus"],
    &["mezzo"],
    &["alto", "alt", "contralto"],
    &["tenor", "ténor", "tenore"],
    &["baritone", "bariton", "baryton"],
    &["bass", "basse", "baß", "basso"],
];
const STRINGS: [&[&str]; 4] = [
    &["violin 1", "violin i", "violino i"],
    &["violin 2", "violin ii", "violino ii"],
    &["viola"],
    &["violoncello", "cello"],
];

/// The role of each part by its name, and of drums by their channel; `None` where a name tells nothing.
///
/// The words are English, and those German, French, Italian and Portuguese ones that our corpora hold. "Soprano", "Viola" and
/// their like tell a role only beside each other: "Tenor" is the melody of a song and an inner voice of a choir. Names of
/// instruments that may do anything (flute, violin, brass) tell nothing.
pub fn by_name(score: &Score) -> Vec<Option<Role>> {
    let mut roles: Vec<Option<Role>> = score.parts.iter().map(single).collect();
    layers(&score.parts, &SINGERS, 1, &mut roles);
    layers(&score.parts, &STRINGS, 3, &mut roles);
    if roles.contains(&Some(Role::Melody)) {
        for (role, part) in roles.iter_mut().zip(&score.parts) {
            let name = part.name.to_lowercase();
            let accompanies = ACCOMPANISTS.iter().any(|word| contains(&name, word));
            if role.is_none() && accompanies && !SOUNDS.iter().any(|sound| name.contains(sound)) {
                *role = Some(Role::Harmony);
            }
        }
    }
    roles
}

fn single(part: &Part) -> Option<Role> {
    if part.is_drum {
        return Some(Role::Drums);
    }
    let name = part.name.to_lowercase();
    if SOUNDS.iter().any(|sound| name.contains(sound)) {
        return None;
    }
    let role = WORDS.iter().find(|(word, _)| contains(&name, word)).map(|(_, role)| *role);
    // Only channel 10 sounds like drums, whatever a part is called.
    role.filter(|role| *role != Role::Drums)
}

/// True if a name contains a word; a short one only as a word of its own ("alt" is not in "Walter").
fn contains(name: &str, word: &str) -> bool {
    if word.chars().count() > 3 {
        return name.contains(word);
    }
    name.split(|c: char| !c.is_alphabetic()).any(|w| w == word)
}

/// Gives roles to the parts of a family that has at least `least` layers here.
fn layers(parts: &[Part], family: &[&[&str]], least: usize, roles: &mut [Option<Role>]) {
    let is_name = |name: &str, word: &str| {
        // "violin i" must not be found in "violin ii", nor "bass" in "bassoon"; "Bass I" is a bass.
        name == word || name.strip_prefix(word).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    };
    let layer = |part: &Part| {
        let name = part.name.trim().to_lowercase();
        let found = family.iter().rposition(|words| words.iter().any(|word| is_name(&name, word)));
        found.filter(|_| !part.is_drum)
    };
    let of_parts: Vec<Option<usize>> = parts.iter().map(layer).collect();
    let mut present: Vec<usize> = of_parts.iter().flatten().copied().collect();
    present.sort_unstable();
    present.dedup();
    // A lone bass may be anything; a lone singer of any other kind sings the tune.
    if present.len() < least || present == [family.len() - 1] {
        return;
    }
    for (role, layer) in roles.iter_mut().zip(&of_parts) {
        let Some(layer) = layer else { continue };
        let place = present.iter().position(|p| p == layer).unwrap_or_default();
        *role = Some(match place {
            0 => Role::Melody,
            last if last + 1 == present.len() && last >= 2 => Role::Bass,
            1 => Role::Counter,
            _ => Role::Sustained,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(names: &[&str]) -> Vec<Option<Role>> {
        let part = |name: &&str| Part { name: (*name).into(), ..Part::default() };
        by_name(&Score { parts: names.iter().map(part).collect(), ..Score::new(12) })
    }

    #[test]
    fn words_tell_roles() {
        use Role::*;
        for (name, role) in [
            ("MELODY", Melody),
            ("Counter-melody", Counter),
            ("Walk", Bass),
            ("Bass-Sax", Bass),
            ("Chord-Sus", Sustained),
            ("Chord-Sax", Harmony),
            ("Arpeggio-8", Harmony),
            ("Singstimme\nVoice", Melody),
            ("Synth Strings 1", Sustained),
            ("Lead Vocal", Melody),
            ("BRIDGE", Counter),
            ("Pad 1", Sustained),
        ] {
            assert_eq!(roles(&[name]), [Some(role)], "{name}");
        }
        for name in ["", "Track 3", "Flute", "Padme", "Brass", "Drums", "Square Lead", "Overdrive Guitar", "Piano"] {
            assert_eq!(roles(&[name]), [None], "{name}");
        }
    }

    #[test]
    fn a_piano_accompanies_whoever_has_the_tune() {
        assert_eq!(roles(&["Voice", "Piano 1"]), [Role::Melody, Role::Harmony].map(Some));
        assert_eq!(roles(&["Flute", "Piano 1"]), [None, None]);
    }

    #[test]
    fn a_choir_and_a_quartet_are_layers() {
        let expected = [Role::Melody, Role::Counter, Role::Sustained, Role::Bass].map(Some);
        assert_eq!(roles(&["Soprano", "Alto", "Tenor", "Bass"]), expected);
        assert_eq!(roles(&["Violin 1", "Violin 2", "Viola", "Violoncello"]), expected);
        assert_eq!(roles(&["Violin 1", "Viola"]), [None, None]);
    }

    #[test]
    fn a_lone_singer_has_the_melody_whatever_the_voice() {
        assert_eq!(roles(&["Tenor", "Piano 1"]), [Role::Melody, Role::Harmony].map(Some));
        assert_eq!(roles(&["Tenor", "Soprano"]), [Role::Counter, Role::Melody].map(Some));
    }
}
