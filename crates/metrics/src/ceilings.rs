//! Music known to be bad, made from the reference itself: the ceiling of every comparison.
//!
//! A figure that hardly moves when the pitches of real pieces are shuffled does not hear pitch. Each [`Corruption`]
//! destroys one thing and leaves others alone; all are seeded and give valid excerpts (notes sorted, end > onset,
//! inside the excerpt) with the bars of the piece they were made from. As on a canvas, one lane sounds a pitch once at
//! a time: of notes that come to start together the longest stays, and a note ends where its pitch starts again.
//!
//! A corrupted piece belongs to the song of the piece it was made from (see
//! [`FeatureTable::groups`](crate::compare::FeatureTable)); so does one glued from many, by its place.

use crate::compare::random::Draws;
use crate::excerpt::{Bar, Excerpt, ExcerptNote};
use crate::key::estimate_key;
use crate::ngram::{NgramConfig, NgramModel};
use aeolian_score::Mode;
use rayon::prelude::*;
use serde::Serialize;

/// Share of the notes that [`Corruption::WrongNotes`] moves.
pub const WRONG_NOTE_SHARE: f64 = 0.05;
/// How many semitones a wrong note may be away, up or down.
pub const FARTHEST_WRONG_NOTE: usize = 6;

/// A way to spoil music.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Corruption {
    /// The pitches of a piece are dealt anew among its notes: the rhythm stays, melody and harmony go.
    ShuffledPitches,
    /// The onsets of a piece are dealt anew among its notes, durations kept: the pitches stay, their order and chords
    /// go. A note that would ring beyond the end is cut there.
    ShuffledTimes,
    /// Every complete bar comes from a random place in a random other piece: each bar is real, nothing fits.
    GluedBars,
    /// Each note moves with a chance of [`WRONG_NOTE_SHARE`] by 1 to [`FARTHEST_WRONG_NOTE`] semitones up or down.
    WrongNotes,
    /// The complete bars of a piece in random order (among bars of one length): the notes stay, the form goes.
    ReorderedBars,
    /// Each piece drawn anew, in its own bars, parts and key, from a 3-gram model of all pieces ([`crate::ngram`]): what
    /// a machine makes that knows three notes at a time.
    ThreeGram,
}

impl Corruption {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::ShuffledPitches,
        Self::ShuffledTimes,
        Self::GluedBars,
        Self::WrongNotes,
        Self::ReorderedBars,
        Self::ThreeGram,
    ];

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::ShuffledPitches => "shuffled pitches",
            Self::ShuffledTimes => "shuffled times",
            Self::GluedBars => "bars glued at random",
            Self::WrongNotes => "5 % wrong notes",
            Self::ReorderedBars => "bars reordered",
            Self::ThreeGram => "a 3-gram model",
        }
    }

    /// The same pieces, spoiled; the n-th comes from the n-th (for glued bars: has its bars) and has its own random
    /// numbers, whatever the others are.
    pub fn of_all(self, pieces: &[Excerpt], seed: u64) -> Vec<Excerpt> {
        let draws = Draws::new(seed).stream(self as u64);
        let each = |spoiled: &dyn Fn(usize, &Excerpt, Draws) -> Excerpt| {
            let of = |(place, piece): (usize, &Excerpt)| spoiled(place, piece, draws.stream(place as u64));
            pieces.iter().enumerate().map(of).collect()
        };
        match self {
            Self::ShuffledPitches => each(&|_, piece, draws| shuffled_pitches(piece, draws)),
            Self::ShuffledTimes => each(&|_, piece, draws| shuffled_times(piece, draws)),
            Self::GluedBars => each(&|place, _, draws| glued_bars(pieces, place, draws)),
            Self::WrongNotes => each(&|_, piece, draws| wrong_notes(piece, draws)),
            Self::ReorderedBars => each(&|_, piece, draws| reordered_bars(piece, draws)),
            Self::ThreeGram => three_gram(pieces, draws),
        }
    }
}

/// See [`Corruption::ShuffledPitches`].
pub fn shuffled_pitches(piece: &Excerpt, draws: Draws) -> Excerpt {
    let mut pitches: Vec<u8> = piece.notes.iter().map(|note| note.pitch).collect();
    draws.shuffle(&mut pitches);
    let notes = piece.notes.iter().zip(pitches).map(|(note, pitch)| ExcerptNote { pitch, ..*note });
    settled(piece, notes.collect())
}

/// See [`Corruption::ShuffledTimes`].
pub fn shuffled_times(piece: &Excerpt, draws: Draws) -> Excerpt {
    let mut onsets: Vec<usize> = piece.notes.iter().map(|note| note.onset).collect();
    draws.shuffle(&mut onsets);
    let notes = piece.notes.iter().zip(onsets).map(|(note, onset)| moved(note, onset));
    settled(piece, notes.collect())
}

/// See [`Corruption::WrongNotes`]. A note that would leave 0–127 moves the other way.
pub fn wrong_notes(piece: &Excerpt, draws: Draws) -> Excerpt {
    let spoiled = |(place, note): (usize, &ExcerptNote)| {
        let draws = draws.stream(place as u64);
        let distance = 1 + draws.below(1, FARTHEST_WRONG_NOTE) as i16;
        let away = if draws.uniform(2) < 0.5 { distance } else { -distance };
        let inside = |away: i16| u8::try_from(i16::from(note.pitch) + away).ok().filter(|pitch| *pitch < 128);
        let pitch = inside(away).or_else(|| inside(-away)).unwrap_or(note.pitch);
        if draws.uniform(0) < WRONG_NOTE_SHARE { ExcerptNote { pitch, ..*note } } else { *note }
    };
    settled(piece, piece.notes.iter().enumerate().map(spoiled).collect())
}

/// See [`Corruption::ReorderedBars`]. Notes move with the bar they start in, and keep their length.
pub fn reordered_bars(piece: &Excerpt, draws: Draws) -> Excerpt {
    let sources = reordered(&piece.bars, draws);
    let notes = piece.bars.iter().zip(sources).flat_map(|(to, from)| taken(piece, from, to));
    settled(piece, notes.chain(outside_bars(piece)).collect())
}

/// For each bar the one that comes to its place.
fn reordered(bars: &[Bar], draws: Draws) -> Vec<&Bar> {
    let mut sources: Vec<&Bar> = bars.iter().collect();
    let mut lengths: Vec<usize> = bars.iter().map(|bar| bar.length).collect();
    lengths.sort_unstable();
    lengths.dedup();
    for length in lengths {
        let alike = |place: &usize| bars[*place].is_complete() && bars[*place].length == length;
        let places: Vec<usize> = (0..bars.len()).filter(alike).collect();
        let mut order = places.clone();
        draws.stream(length as u64).shuffle(&mut order);
        places.iter().zip(order).for_each(|(&to, from)| sources[to] = &bars[from]);
    }
    sources
}

/// See [`Corruption::GluedBars`]: the piece at `place`, every complete bar replaced by one of the same length from
/// another piece. A bar that no other piece can give stays.
///
/// # Panics   where there is no piece at `place`
pub fn glued_bars(pieces: &[Excerpt], place: usize, draws: Draws) -> Excerpt {
    let piece = &pieces[place];
    let mut notes: Vec<ExcerptNote> = outside_bars(piece).collect();
    for (number, bar) in piece.bars.iter().enumerate() {
        let (source, from) = match bar.is_complete() {
            true => foreign_bar(pieces, place, bar.length, draws.stream(number as u64)).unwrap_or((piece, bar)),
            false => (piece, bar),
        };
        notes.extend(taken(source, from, bar));
    }
    settled(piece, notes)
}

/// Tries pieces at random, then all in order.
fn foreign_bar(pieces: &[Excerpt], place: usize, length: usize, draws: Draws) -> Option<(&Excerpt, &Bar)> {
    const ATTEMPTS: u64 = 16;
    let start = draws.below(0, pieces.len());
    let at_random = (1..=ATTEMPTS).map(|attempt| draws.below(attempt, pieces.len()));
    let in_order = (0..pieces.len()).map(|step| (start + step) % pieces.len());
    at_random.chain(in_order).filter(|&source| source != place).find_map(|source| {
        let fits = |bar: &&Bar| bar.is_complete() && bar.length == length;
        let bars: Vec<&Bar> = pieces[source].bars.iter().filter(fits).collect();
        (!bars.is_empty()).then(|| (&pieces[source], bars[draws.below(ATTEMPTS + 1, bars.len())]))
    })
}

/// See [`Corruption::ThreeGram`]. The model learns in C major and A minor; a piece without a key stays as it is.
///
/// It has learned from the very pieces it stands for: compare what it draws with *others*.
pub fn three_gram(pieces: &[Excerpt], draws: Draws) -> Vec<Excerpt> {
    let shifts: Vec<i16> = pieces.par_iter().map(to_the_common_tonic).collect();
    let moved: Vec<Excerpt> = pieces.iter().zip(&shifts).map(|(piece, &shift)| transposed(piece, shift)).collect();
    let Ok(model) = NgramModel::train_on_excerpts(&moved, NgramConfig::default()) else { return moved };
    let drawn = |(place, (piece, shift)): (usize, (&Excerpt, &i16))| {
        transposed(&model.sample_like(piece, draws.stream(place as u64).bits(0)), -shift)
    };
    moved.par_iter().zip(&shifts).enumerate().map(drawn).collect()
}

/// Semitones to C major or A minor, −5 to 6.
fn to_the_common_tonic(piece: &Excerpt) -> i16 {
    let up = estimate_key(piece).map_or(0, |key| match key.mode {
        Mode::Major => (12 - i16::from(key.tonic % 12)) % 12,
        Mode::Minor => (21 - i16::from(key.tonic % 12)) % 12,
    });
    if up > 6 { up - 12 } else { up }
}

/// Every pitch moved; what would leave 0–127 moves by the other octave.
fn transposed(piece: &Excerpt, shift: i16) -> Excerpt {
    let moved = |note: &ExcerptNote| {
        let pitch = i16::from(note.pitch) + shift;
        let pitch = if pitch < 0 {
            pitch + 12
        } else if pitch > 127 {
            pitch - 12
        } else {
            pitch
        };
        ExcerptNote { pitch: pitch.clamp(0, 127) as u8, ..*note }
    };
    settled(piece, piece.notes.iter().map(moved).collect())
}

/// The notes that start in bar `from`, moved to bar `to`.
fn taken<'a>(source: &'a Excerpt, from: &'a Bar, to: &'a Bar) -> impl Iterator<Item = ExcerptNote> + 'a {
    let inside = source.notes.iter().filter(|note| (from.start..from.end).contains(&note.onset));
    inside.map(|note| moved(note, note.onset - from.start + to.start))
}

/// Notes that start in no bar: an excerpt made by hand may have some.
fn outside_bars(piece: &Excerpt) -> impl Iterator<Item = ExcerptNote> + '_ {
    let in_bar = |note: &ExcerptNote| piece.bars.iter().any(|bar| (bar.start..bar.end).contains(&note.onset));
    piece.notes.iter().filter(move |note| !in_bar(note)).copied()
}

fn moved(note: &ExcerptNote, onset: usize) -> ExcerptNote {
    ExcerptNote { onset, end: onset + note.duration(), ..*note }
}

/// Sorted, inside the excerpt, and every lane sounding a pitch once at a time.
fn settled(piece: &Excerpt, mut notes: Vec<ExcerptNote>) -> Excerpt {
    notes.retain(|note| note.onset < piece.steps);
    notes.iter_mut().for_each(|note| note.end = note.end.min(piece.steps));
    // By lane and pitch; of equal onsets the longest first, which the others then follow in vain.
    notes.sort_unstable_by_key(|note| (note.lane, note.pitch, note.onset, std::cmp::Reverse(note.end)));
    notes.dedup_by_key(|note| (note.lane, note.pitch, note.onset));
    for place in 1..notes.len() {
        let next = notes[place];
        let note = &mut notes[place - 1];
        if (note.lane, note.pitch) == (next.lane, next.pitch) {
            note.end = note.end.min(next.onset);
        }
    }
    notes.retain(|note| note.end > note.onset);
    notes.sort_unstable();
    Excerpt { steps: piece.steps, notes, bars: piece.bars.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// Four bars of quarters, all pitches different.
    fn scale(lowest: u8) -> Excerpt {
        excerpt(16, &(0..16).map(|i| (i * 4, 4, lowest + i as u8)).collect::<Vec<_>>())
    }

    fn pitches(piece: &Excerpt) -> Vec<u8> {
        piece.notes.iter().map(|note| note.pitch).collect()
    }

    fn sorted<T: Ord>(mut values: Vec<T>) -> Vec<T> {
        values.sort();
        values
    }

    #[test]
    fn shuffled_pitches_keep_the_rhythm_and_the_pitches_but_not_their_order() {
        let piece = scale(60);
        let spoiled = shuffled_pitches(&piece, Draws::new(1));
        assert_eq!(sorted(pitches(&spoiled)), pitches(&piece));
        assert_ne!(pitches(&spoiled), pitches(&piece));
        let rhythm = |piece: &Excerpt| piece.notes.iter().map(|note| (note.onset, note.end)).collect::<Vec<_>>();
        assert_eq!(rhythm(&spoiled), rhythm(&piece));
    }

    #[test]
    fn shuffled_times_keep_durations_with_pitches() {
        let piece = excerpt(16, &[(0, 1, 60), (4, 2, 62), (8, 3, 64), (12, 4, 65), (20, 5, 67), (30, 6, 69)]);
        let spoiled = shuffled_times(&piece, Draws::new(1));
        let lengths = |piece: &Excerpt| sorted(piece.notes.iter().map(|n| (n.pitch, n.duration())).collect());
        assert_eq!(lengths(&spoiled), lengths(&piece));
        let onsets = |piece: &Excerpt| piece.notes.iter().map(|note| note.onset).collect::<Vec<_>>();
        assert_eq!(onsets(&spoiled), onsets(&piece));
        assert_ne!(spoiled, piece);
    }

    #[test]
    fn a_late_onset_cuts_a_long_note() {
        let piece = excerpt(4, &[(0, 12, 60), (15, 1, 62)]);
        let swapped = (0..20).map(|seed| shuffled_times(&piece, Draws::new(seed))).find(|s| s.notes[0].pitch == 62);
        assert_eq!(swapped.unwrap().notes[1], ExcerptNote { onset: 15, pitch: 60, end: 16, lane: 0 });
    }

    #[test]
    fn about_five_percent_of_the_notes_are_wrong_by_one_to_six_semitones() {
        // 4,000 notes: standard error of the share √(.05 · .95 / 4000) = .0034; bound: five of them.
        let piece = excerpt(1000, &(0..4000).map(|i| (i, 1, 60)).collect::<Vec<_>>());
        let spoiled = wrong_notes(&piece, Draws::new(2));
        let wrong: Vec<i16> = spoiled.notes.iter().map(|n| i16::from(n.pitch) - 60).filter(|away| *away != 0).collect();
        assert!((wrong.len() as f64 / 4000.0 - 0.05).abs() < 0.018, "{}", wrong.len());
        let kinds: BTreeSet<i16> = wrong.into_iter().collect();
        assert_eq!(kinds, (-6..=6).filter(|away| *away != 0).collect());
    }

    #[test]
    fn reordered_bars_are_the_same_bars() {
        let piece = scale(60);
        let spoiled = reordered_bars(&piece, Draws::new(3));
        let bars = |piece: &Excerpt| piece.bars.iter().map(|bar| piece.onsets_in(bar)).collect::<Vec<_>>();
        assert_eq!(sorted(bars(&spoiled)), sorted(bars(&piece)));
        assert_ne!(bars(&spoiled), bars(&piece));
        assert_eq!(spoiled.notes.len(), 16);
    }

    #[test]
    fn a_bar_of_another_length_and_a_cut_bar_stay_in_place() {
        let mut piece = scale(60);
        let bar = |start, end, missing, length| Bar { start, end, missing, length };
        piece.bars =
            vec![bar(0, 8, 8, 16), bar(8, 20, 0, 12), bar(20, 36, 0, 16), bar(36, 52, 0, 16), bar(52, 64, 0, 16)];
        for seed in 0..10 {
            let spoiled = reordered_bars(&piece, Draws::new(seed));
            for place in [0, 1, 4] {
                assert_eq!(spoiled.onsets_in(&piece.bars[place]), piece.onsets_in(&piece.bars[place]));
            }
        }
    }

    #[test]
    fn glued_bars_come_from_other_pieces() {
        let pieces: Vec<Excerpt> = (0..5).map(|i| scale(24 + 16 * i)).collect();
        for (place, glued) in Corruption::GluedBars.of_all(&pieces, 7).iter().enumerate() {
            assert_eq!(glued.notes.len(), 16);
            let of_piece = |pitch: u8| usize::from((pitch - 24) / 16);
            assert!(pitches(glued).iter().all(|pitch| of_piece(*pitch) != place));
            for bar in &glued.bars {
                let sources: BTreeSet<_> = glued.onsets_in(bar).iter().map(|(_, pitch)| of_piece(*pitch)).collect();
                assert_eq!(sources.len(), 1);
            }
        }
        assert_eq!(Corruption::GluedBars.of_all(&pieces[..1], 7), pieces[..1], "there is nobody to take from");
    }

    #[test]
    fn a_three_gram_keeps_key_parts_and_bars_and_draws_other_notes() {
        // Scales of two octaves in D major.
        let degrees = [0, 2, 4, 5, 7, 9, 11, 12, 14, 16, 17, 19, 21, 23, 24, 12];
        let scale = excerpt(16, &degrees.iter().enumerate().map(|(i, d)| (i * 4, 4, 62 + d)).collect::<Vec<_>>());
        let pieces = vec![scale; 8];
        let drawn = Corruption::ThreeGram.of_all(&pieces, 1);
        assert_eq!(drawn, Corruption::ThreeGram.of_all(&pieces, 1));
        assert!(drawn[0] != drawn[1] || drawn[1] != drawn[2]);
        let notes: Vec<&ExcerptNote> = drawn.iter().flat_map(|piece| &piece.notes).collect();
        let in_key = notes.iter().filter(|note| [2, 4, 6, 7, 9, 11, 1].contains(&(note.pitch % 12))).count();
        assert!(in_key * 10 > notes.len() * 7 && notes.len() > 64, "{in_key} of {}", notes.len());
    }

    #[test]
    fn a_piece_is_brought_to_c_major_or_a_minor_by_the_shorter_way() {
        let degrees = [0, 2, 4, 5, 7, 9, 11, 12, 7, 4, 0];
        let scale =
            |tonic: u8| excerpt(8, &degrees.iter().enumerate().map(|(i, d)| (2 * i, 2, tonic + d)).collect::<Vec<_>>());
        assert_eq!([60, 61, 66, 67, 71].map(|tonic| to_the_common_tonic(&scale(tonic))), [0, -1, 6, 5, 1]);
        assert_eq!(to_the_common_tonic(&excerpt(4, &[])), 0);
    }

    #[test]
    fn a_piece_is_spoiled_alike_in_any_company() {
        let pieces = [scale(40), scale(60), scale(80)];
        for corruption in [Corruption::ShuffledPitches, Corruption::WrongNotes, Corruption::ReorderedBars] {
            assert_eq!(corruption.of_all(&pieces, 5)[..2], corruption.of_all(&pieces[..2], 5)[..]);
            assert_ne!(Corruption::ShuffledPitches.of_all(&pieces, 5), Corruption::ShuffledPitches.of_all(&pieces, 6));
        }
    }

    #[test]
    fn notes_that_meet_are_settled_as_on_a_canvas() {
        let piece = excerpt(4, &[]);
        let note = |onset, end| ExcerptNote { onset, pitch: 60, end, lane: 0 };
        let settled = settled(&piece, vec![note(4, 6), note(0, 8), note(4, 12), note(15, 99), note(16, 17)]);
        assert_eq!(settled.notes, [note(0, 4), note(4, 12), note(15, 16)]);
    }

    fn any_piece() -> impl Strategy<Value = Excerpt> {
        let note = (0usize..40, 1usize..20, prop_oneof![0u8..3, 60u8..64, 125u8..128], 0usize..3);
        (prop::collection::vec(note, 0..30), 0usize..4).prop_map(|(notes, cut)| {
            let notes = notes.into_iter().map(|(onset, length, pitch, lane)| ExcerptNote {
                onset,
                pitch,
                end: (onset + length).min(40),
                lane,
            });
            let empty = Excerpt { steps: 40, notes: vec![], bars: excerpt(10, &[]).bars };
            let mut piece = settled(&empty, notes.collect());
            piece.bars.truncate(cut);
            piece
        })
    }

    proptest! {
        #[test]
        fn whatever_is_spoiled_stays_valid(pieces in prop::collection::vec(any_piece(), 0..4), seed: u64) {
            for corruption in Corruption::ALL {
                let spoiled = corruption.of_all(&pieces, seed);
                prop_assert_eq!(spoiled.len(), pieces.len());
                for (piece, spoiled) in pieces.iter().zip(&spoiled) {
                    prop_assert!(spoiled.notes.is_sorted() && spoiled.steps == piece.steps);
                    let valid = |n: &ExcerptNote| n.onset < n.end && n.end <= spoiled.steps && n.pitch < 128;
                    prop_assert!(spoiled.notes.iter().all(valid));
                    prop_assert_eq!(&spoiled.bars, &piece.bars);
                    for (i, a) in spoiled.notes.iter().enumerate() {
                        let alike = |b: &&ExcerptNote| (b.lane, b.pitch) == (a.lane, a.pitch);
                        prop_assert!(spoiled.notes[i + 1..].iter().filter(alike).all(|b| b.onset >= a.end));
                    }
                }
            }
        }
    }
}
