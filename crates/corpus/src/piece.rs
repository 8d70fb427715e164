//! One [`Piece`] of a corpus: a quantised score and what a learner needs to know about it.

use aeolian_canvas::{Idiom, NoteLane};
use aeolian_score::Score;
use aeolian_score::role::Role;

/// What a piece is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Split {
    /// To learn from.
    Train,
    /// To choose with: never learned from.
    Valid,
}

impl Split {
    /// A split for music nobody has split: about one in ten names, decided by a hash of the name alone, is
    /// [`Split::Valid`]. A piece never changes sides when others are added or removed.
    pub fn by_name(name: &str) -> Self {
        let hash = blake3::hash(name.as_bytes());
        let number = u64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("a hash has 32 bytes"));
        if number.is_multiple_of(10) { Self::Valid } else { Self::Train }
    }
}

/// Who may use what has learned from a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Licence {
    /// The music is in the public domain or freely licensed: models of it may be passed on.
    Open,
    /// The music is in copyright, or nobody knows.
    Full,
}

impl Licence {
    /// The class of a known set; anything else counts as [`Licence::Full`].
    pub fn of_set(set: &str) -> Self {
        match set {
            "openewld"
            | "openscore_lieder"
            | "openscore_quartets"
            | "bach_chorales_music21"
            | "folk_pd"
            | "groove"
            | "game_multitrack"
            | "piano_midi_de" => Self::Open,
            // pop909: songs in copyright; mma_band: their melodies.
            _ => Self::Full,
        }
    }

    /// "open" or "full".
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Full => "full",
        }
    }
}

/// What kind of music a piece is, in the words of its collection; empty where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Style {
    /// Genre, dance or texture: "jig", "bossa nova", "chorale".
    pub genre: String,
    /// Who wrote it.
    pub composer: String,
}

impl Style {
    /// What goes without saying for a known set.
    pub fn of_set(set: &str) -> Self {
        let genre = if set == "pop909" { "pop" } else { "" };
        Self { genre: genre.to_owned(), composer: String::new() }
    }
}

/// The lane of the canvas for a role.
pub fn lane_of(role: Role) -> NoteLane {
    match role {
        Role::Melody => NoteLane::Melody,
        Role::Counter => NoteLane::Counter,
        Role::Harmony => NoteLane::Harmony,
        Role::Bass => NoteLane::Bass,
        Role::Drums => NoteLane::Drums,
        Role::Sustained => NoteLane::Sustained,
    }
}

/// The role of a lane of the canvas; the inverse of [`lane_of`].
pub fn role_of(lane: NoteLane) -> Role {
    Role::ALL[lane as usize]
}

/// The idiom of a known set; `None` for people's own music.
pub fn idiom_of_set(set: &str) -> Option<Idiom> {
    Some(match set {
        "pop909" => Idiom::PopPiano,
        "mma_band" => Idiom::Band,
        "openewld" => Idiom::LeadSheet,
        "openscore_lieder" => Idiom::Lied,
        "openscore_quartets" => Idiom::Quartet,
        "bach_chorales_music21" => Idiom::Chorale,
        "folk_pd" => Idiom::Folk,
        "groove" => Idiom::DrumKit,
        "game_multitrack" => Idiom::Game,
        "piano_midi_de" => Idiom::Piano,
        _ => return None,
    })
}

/// A piece of music in a corpus.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// Its name within the set, "002".
    pub id: String,
    /// The set it comes from, "pop909".
    pub set: String,
    /// What it is for.
    pub split: Split,
    /// Title, or empty.
    pub title: String,
    /// The music on the grid ([`aeolian_score::GRID`] ticks a quarter), with what is known of tempo, metre, keys, chords
    /// and sections.
    pub score: Score,
    /// The canvas lane of each part; `None` where none fits.
    pub lanes: Vec<Option<NoteLane>>,
    /// The role of each part; `None` where none fits.
    pub roles: Vec<Option<Role>>,
    /// What kind of music it is.
    pub style: Style,
    /// Who may use what has learned from it.
    pub licence: Licence,
    /// False where the bar lines are doubtful: leave such a piece out of anything that counts bars.
    pub confident_bars: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_music_is_not_open() {
        assert_eq!(Licence::of_set("folder"), Licence::Full);
        assert_eq!((Licence::of_set("pop909"), Licence::of_set("mma_band")), (Licence::Full, Licence::Full));
        assert_eq!(Licence::of_set("folk_pd"), Licence::Open);
    }

    #[test]
    fn roles_and_lanes_are_the_same_six() {
        assert!(Role::ALL.into_iter().all(|role| role_of(lane_of(role)) == role));
        assert_eq!(NoteLane::ALL.map(role_of), Role::ALL);
    }

    #[test]
    fn every_importer_but_that_of_folders_has_an_idiom() {
        let without = |name: &str| idiom_of_set(name).is_none();
        let names: Vec<&str> = crate::importer::ALL.iter().map(|i| i.name()).filter(|name| without(name)).collect();
        assert_eq!(names, ["folder"]);
    }
}
