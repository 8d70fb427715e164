//! One [`Piece`] of a corpus: a quantised score and what a learner needs to know about it.

use aeolian_canvas::NoteLane;
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

/// The lane of today's canvas for a role: bass and sustained parts share the harmony's, drums have none.
pub fn lane_of(role: Role) -> Option<NoteLane> {
    match role {
        Role::Melody => Some(NoteLane::Melody),
        Role::Counter => Some(NoteLane::Counter),
        Role::Harmony | Role::Bass | Role::Sustained => Some(NoteLane::Harmony),
        Role::Drums => None,
    }
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
    fn only_drums_have_no_lane() {
        let without: Vec<Role> = Role::ALL.into_iter().filter(|role| lane_of(*role).is_none()).collect();
        assert_eq!(without, [Role::Drums]);
    }
}
