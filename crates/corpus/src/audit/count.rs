//! The counting.

use super::{ROLE_NAMES, role_index};
use crate::{BuildReport, Corpus, CorpusError, Licence, Piece, Skipped, Split};
use aeolian_score::{ChordQuality, GRID, Mode, Score, Tick};
use std::collections::BTreeMap;

/// Counts by role, the last for no role.
pub(super) const ROLES: usize = ROLE_NAMES.len();

/// Bars with this many notes or more are counted together.
pub(super) const MANY_NOTES: usize = 64;

/// Notes of this many grid positions (more than a whole note) or more are counted together.
pub(super) const LONG: usize = 49;

/// Everything that was counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Audit {
    /// One for each set, in the order of the corpus.
    pub sets: Vec<SetAudit>,
}

/// What one set holds.
#[derive(Clone, Debug, PartialEq)]
pub struct SetAudit {
    /// Name of the set.
    pub set: String,
    /// Who may use what has learned from it.
    pub licence: Licence,
    /// Pieces to learn from.
    pub train: usize,
    /// Pieces to choose with.
    pub valid: usize,
    /// Files that the splits file does not name; `None` where only the corpus file is known.
    pub not_in_splits: Option<usize>,
    /// Files that could not be read, and why.
    pub left_out: Vec<Skipped>,
    /// Bars in all pieces.
    pub bars: usize,
    /// Notes in all pieces.
    pub notes: usize,
    /// Hours of music at its own tempo.
    pub hours: f64,
    /// Pieces whose bar lines are doubtful.
    pub doubtful_bars: usize,
    /// Pieces with sections.
    pub with_sections: usize,
    /// Onsets on neither a sixteenth nor a triplet of a quarter.
    pub weak_onsets: usize,
    /// Notes of each role by pitch.
    pub pitches: [Vec<f64>; ROLES],
    /// By metre: onsets at each twelfth of a quarter in the bar.
    pub onsets: BTreeMap<(u8, u8), Vec<f64>>,
    /// By metre: quarters of music.
    pub metres: BTreeMap<(u8, u8), f64>,
    /// Bars by the number of their notes.
    pub notes_a_bar: Vec<f64>,
    /// Notes by duration in twelfths of a quarter.
    pub durations: Vec<f64>,
    /// Quarters by chord quality, in the order of [`ChordQuality::ALL`], then "no chord", then unknown.
    pub chords: Vec<f64>,
    /// Quarters under chords by their root above the tonic of the key.
    pub degrees: Vec<f64>,
    /// Quarters by key: C major to B major, C minor to B minor, unknown.
    pub keys: Vec<f64>,
    /// Bars of each piece.
    pub piece_bars: Vec<usize>,
    /// Pieces that have a role.
    pub role_pieces: [usize; ROLES],
    /// Notes of each role.
    pub role_notes: [usize; ROLES],
    /// Notes by velocity.
    pub velocities: Vec<f64>,
    /// Mean tempo of each piece in quarters a minute.
    pub tempos: Vec<f64>,
    /// Pieces of each genre.
    pub genres: BTreeMap<String, usize>,
    /// Pieces of each composer.
    pub composers: BTreeMap<String, usize>,
}

impl Audit {
    /// Counts a corpus; the report of its build tells what was left out.
    ///
    /// # Errors   those of [`Corpus::piece`].
    pub fn of(corpus: &Corpus, build: Option<&BuildReport>) -> Result<Self, CorpusError> {
        let mut audit = Self::default();
        for piece in corpus.pieces() {
            audit.add(&piece?);
        }
        for set in &mut audit.sets {
            let Some(build) = build else { continue };
            let counts = || build.sets.iter().filter(|count| count.set == set.set);
            set.not_in_splits = Some(counts().map(|count| count.not_in_splits).sum());
            let ours = |path: &std::path::Path| counts().any(|count| path.starts_with(&count.source));
            set.left_out = build.skipped.iter().filter(|skipped| ours(&skipped.path)).cloned().collect();
        }
        Ok(audit)
    }

    /// Counts one more piece.
    pub fn add(&mut self, piece: &Piece) {
        let index = self.sets.iter().position(|set| set.set == piece.set).unwrap_or_else(|| {
            self.sets.push(SetAudit::new(piece));
            self.sets.len() - 1
        });
        self.sets[index].add(piece);
    }
}

impl SetAudit {
    fn new(piece: &Piece) -> Self {
        Self {
            set: piece.set.clone(),
            licence: piece.licence,
            train: 0,
            valid: 0,
            not_in_splits: None,
            left_out: Vec::new(),
            bars: 0,
            notes: 0,
            hours: 0.0,
            doubtful_bars: 0,
            with_sections: 0,
            weak_onsets: 0,
            pitches: std::array::from_fn(|_| vec![0.0; 128]),
            onsets: BTreeMap::new(),
            metres: BTreeMap::new(),
            notes_a_bar: vec![0.0; MANY_NOTES + 1],
            durations: vec![0.0; LONG + 1],
            chords: vec![0.0; ChordQuality::ALL.len() + 2],
            degrees: vec![0.0; 12],
            keys: vec![0.0; 25],
            piece_bars: Vec::new(),
            role_pieces: [0; ROLES],
            role_notes: [0; ROLES],
            velocities: vec![0.0; 128],
            tempos: Vec::new(),
            genres: BTreeMap::new(),
            composers: BTreeMap::new(),
        }
    }

    /// Pieces in the set.
    pub fn pieces(&self) -> usize {
        self.train + self.valid
    }

    fn add(&mut self, piece: &Piece) {
        *(if piece.split == Split::Train { &mut self.train } else { &mut self.valid }) += 1;
        self.doubtful_bars += usize::from(!piece.confident_bars);
        self.with_sections += usize::from(!piece.score.sections.is_empty());
        for (name, counts) in [(&piece.style.genre, &mut self.genres), (&piece.style.composer, &mut self.composers)] {
            if !name.is_empty() {
                *counts.entry(name.clone()).or_default() += 1;
            }
        }
        self.add_notes(piece);
        self.add_bars(&piece.score);
        self.add_harmony(&piece.score);
        let end = piece.score.end();
        let seconds = piece.score.seconds_at(end);
        self.hours += seconds / 3600.0;
        if seconds > 0.0 {
            self.tempos.push(f64::from(end.0) / f64::from(GRID) * 60.0 / seconds);
        }
    }

    fn add_notes(&mut self, piece: &Piece) {
        let mut present = [false; ROLES];
        for (part, role) in piece.score.parts.iter().zip(&piece.roles) {
            let role = role_index(*role);
            self.notes += part.notes.len();
            self.role_notes[role] += part.notes.len();
            present[role] |= !part.notes.is_empty();
            for note in &part.notes {
                self.pitches[role][usize::from(note.pitch & 127)] += 1.0;
                self.velocities[usize::from(note.velocity & 127)] += 1.0;
                self.durations[(note.duration.0 as usize).min(LONG)] += 1.0;
                let position = note.onset.0 % GRID;
                self.weak_onsets += usize::from(!position.is_multiple_of(3) && !position.is_multiple_of(4));
            }
        }
        for (count, present) in self.role_pieces.iter_mut().zip(present) {
            *count += usize::from(present);
        }
    }

    fn add_bars(&mut self, score: &Score) {
        let end = score.end();
        let starts = score.bar_starts(end);
        self.bars += starts.len();
        self.piece_bars.push(starts.len());
        let mut onsets: Vec<u32> = score.parts.iter().flat_map(|p| &p.notes).map(|n| n.onset.0).collect();
        onsets.sort_unstable();
        let mut rest = onsets.as_slice();
        for (index, start) in starts.iter().enumerate() {
            let bar_end = starts.get(index + 1).map_or(end.0, |next| next.0);
            let (inside, later) = rest.split_at(rest.partition_point(|onset| *onset < bar_end));
            rest = later;
            let metre = score.meter_at(*start);
            let length = (u32::from(metre.0) * 4 * GRID / u32::from(metre.1.max(1))).max(1) as usize;
            let positions = self.onsets.entry(metre).or_insert_with(|| vec![0.0; length]);
            for onset in inside {
                if let Some(count) = positions.get_mut((onset - start.0) as usize) {
                    *count += 1.0;
                }
            }
            *self.metres.entry(metre).or_default() += f64::from(bar_end - start.0) / f64::from(GRID);
            self.notes_a_bar[inside.len().min(MANY_NOTES)] += 1.0;
        }
    }

    fn add_harmony(&mut self, score: &Score) {
        let quarters = score.end().0.div_ceil(GRID);
        let unknown = self.chords.len() - 1;
        for quarter in 0..quarters {
            let at = Tick(quarter * GRID);
            let key = score.key_at(at);
            let place = key.map_or(24, |key| usize::from(key.tonic % 12) + 12 * usize::from(key.mode == Mode::Minor));
            self.keys[place] += 1.0;
            let index = score.chords.partition_point(|chord| chord.at <= at);
            let chord = score.chords[..index].last().filter(|chord| at < chord.end);
            let Some(chord) = chord else {
                self.chords[unknown] += 1.0;
                continue;
            };
            let Some(chord) = chord.chord else {
                self.chords[unknown - 1] += 1.0;
                continue;
            };
            let quality = ChordQuality::ALL.iter().position(|quality| *quality == chord.quality);
            self.chords[quality.unwrap_or(unknown)] += 1.0;
            if let Some(key) = key {
                self.degrees[usize::from((12 + chord.root % 12 - key.tonic % 12) % 12)] += 1.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Style;
    use aeolian_score::role::Role;
    use aeolian_score::{Chord, ChordEvent, Key, KeyChange, MeterChange, Note, Part};

    fn piece() -> Piece {
        let mut score = Score::new(GRID);
        let note = |onset, duration| Note { onset: Tick(onset), pitch: 60, duration: Tick(duration), velocity: 80 };
        score.parts = vec![Part { notes: vec![note(0, 12), note(36, 36), note(38, 200)], ..Part::default() }];
        score.meters = vec![MeterChange { at: Tick(0), numerator: 3, denominator: 4 }];
        score.keys = vec![KeyChange { at: Tick(0), key: Key { tonic: 2, mode: Mode::Minor } }];
        let chord = Some(Chord::new(9, ChordQuality::Dominant7));
        score.chords = vec![ChordEvent { at: Tick(0), end: Tick(24), chord }];
        Piece {
            id: "1".into(),
            set: "own".into(),
            split: Split::Train,
            title: String::new(),
            score,
            lanes: vec![None],
            roles: vec![Some(Role::Melody)],
            style: Style { genre: "jig".into(), composer: String::new() },
            licence: Licence::Full,
            confident_bars: true,
        }
    }

    #[test]
    fn a_piece_is_counted_by_hand() {
        let mut audit = Audit::default();
        audit.add(&piece());
        audit.add(&Piece { split: Split::Valid, confident_bars: false, ..piece() });
        let set = &audit.sets[0];
        assert_eq!((set.train, set.valid, set.notes, set.doubtful_bars), (1, 1, 6, 1));
        // 238 positions are seven bars of 36: the first holds one note, the second two.
        assert_eq!((set.bars, set.piece_bars.clone()), (14, vec![7, 7]));
        assert_eq!(set.notes_a_bar[..3], [10.0, 2.0, 2.0]);
        let onsets = &set.onsets[&(3, 4)];
        assert_eq!((onsets.len(), onsets[0], onsets[2], onsets.iter().sum::<f64>()), (36, 4.0, 2.0, 6.0));
        assert_eq!((set.durations[12], set.durations[36], set.durations[LONG]), (2.0, 2.0, 2.0));
        assert_eq!(set.weak_onsets, 2, "position 2 is neither a sixteenth nor a triplet");
        assert_eq!(set.keys[12 + 2], 40.0);
        assert_eq!((set.chords[8], set.chords[21], set.degrees[7]), (4.0, 36.0, 4.0));
        assert_eq!((set.role_pieces[0], set.role_notes[0]), (2, 6));
        assert_eq!(set.genres["jig"], 2);
        assert!(set.composers.is_empty());
    }

    #[test]
    fn an_empty_piece_counts_as_a_piece() {
        let mut audit = Audit::default();
        audit.add(&Piece { score: Score::new(GRID), lanes: vec![], roles: vec![], ..piece() });
        assert_eq!((audit.sets[0].pieces(), audit.sets[0].bars, audit.sets[0].tempos.len()), (1, 0, 0));
    }
}
