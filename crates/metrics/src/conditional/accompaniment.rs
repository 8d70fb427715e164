//! An accompaniment against its lead sheet: does it play the chords that were given?
//!
//! Four looks, from strict to lenient. **Chord accuracy** takes the chords that a recogniser hears in the accompaniment
//! and compares them with the given ones by a rule of mir_eval. **Chord similarity** is the cosine
//! of what sounds under a chord with the chord's own notes. **Chord-tone share** asks each moment of each note.
//! **Downbeat bass** asks the lowest note at each bar line.
//!
//! A recogniser has ears of its own: the human accompaniment of the same songs does not reach 1 either, and its figure,
//! by the same recogniser, belongs beside every other.
//!
//! Chords are those of the lead sheet's `chords`, laid on the grid (nearest step); what lies between them is not judged.
//! Ninths count as chord tones, and so does a foreign bass.

use super::chord_labels::{LabelledSpan, labels_of};
use super::chord_recall::{ChordRecall, ChordRule, chord_recall};
use crate::chords::ChordSegment;
use crate::excerpt::{Excerpt, share};
use aeolian_canvas::canvas::STEPS;
use aeolian_score::{Chord, Score, Tick};
use serde::Serialize;

/// The notes of some lanes (or parts) of a piece, in the same bars.
pub fn only_lanes(excerpt: &Excerpt, lanes: &[usize]) -> Excerpt {
    let mut chosen = excerpt.clone();
    chosen.notes.retain(|note| lanes.contains(&note.lane));
    chosen
}

/// Recognised segments as labels; a silent segment is N.C.
pub fn labels_of_segments(segments: &[ChordSegment]) -> Vec<LabelledSpan> {
    let quarters = |step: usize| step as f64 / STEPS as f64;
    let span = |segment: &ChordSegment| LabelledSpan {
        start: quarters(segment.start),
        end: quarters(segment.end),
        label: segment.chord.into(),
    };
    segments.iter().map(span).collect()
}

/// Chord accuracy: the recall of the given chords in the chords that a recogniser hears in the accompaniment
/// ([`recognise_chords`](crate::recognise_chords) or [`track_chords`](crate::chord_tracking::track_chords)), weighted by
/// length.
///
/// Both know nine qualities, and the first hears no inversions: rules that ask for the bass (`*Inverted`) are not met
/// there by the best accompaniment.
pub fn chord_accuracy(heard: &[ChordSegment], lead_sheet: &Score, rule: ChordRule) -> ChordRecall {
    chord_recall(&labels_of(lead_sheet), &labels_of_segments(heard), rule)
}

/// Share of the given chords that are heard during more than half of their length, 0–1; each chord weighs the same.
/// `None` where the rule judges none of them.
pub fn chords_met(heard: &[ChordSegment], lead_sheet: &Score, rule: ChordRule) -> Option<f64> {
    let (given, heard) = (labels_of(lead_sheet), labels_of_segments(heard));
    let each = given.iter().filter_map(|span| chord_recall(&[*span], &heard, rule).recall());
    let (met, judged) = each.fold((0, 0), |(met, judged), recall| (met + usize::from(recall > 0.5), judged + 1));
    share(met, judged)
}

/// A given chord on the grid.
struct Given {
    start: usize,
    end: usize,
    chord: Chord,
}

/// The given chords as far as the accompaniment reaches; N.C. is none.
fn given_chords(accompaniment: &Excerpt, lead_sheet: &Score) -> Vec<Given> {
    let resolution = u64::from(lead_sheet.ticks_per_quarter);
    if resolution == 0 {
        return Vec::new();
    }
    let step = |tick: Tick| ((u64::from(tick.0) * STEPS as u64 + resolution / 2) / resolution) as usize;
    let on_grid = |event: &aeolian_score::ChordEvent| {
        let (start, end) = (step(event.at), step(event.end).min(accompaniment.steps));
        event.chord.filter(|_| start < end).map(|chord| Given { start, end, chord })
    };
    lead_sheet.chords.iter().filter_map(on_grid).collect()
}

/// The notes of a chord, its bass included; bit n is pitch class n.
fn chord_tones(chord: Chord) -> u16 {
    Chord { root: chord.root % 12, bass: chord.bass % 12, ..chord }.pitch_classes()
}

/// Steps each pitch class sounds between two steps, summed over its notes.
fn chroma(accompaniment: &Excerpt, start: usize, end: usize) -> [f64; 12] {
    let mut chroma = [0.0; 12];
    // Sorted by onset: what begins at or after the end cannot sound before it.
    for note in accompaniment.notes.iter().take_while(|note| note.onset < end) {
        chroma[note.pitch_class()] += note.end.min(end).saturating_sub(note.onset.max(start)) as f64;
    }
    chroma
}

/// Chord similarity: cosine of the chroma under a chord with the 0/1 set of its notes, mean over the given chords
/// weighted by their length, 0–1.
///
/// cos(h, c) = Σ_{p ∈ c} h_p / (‖h‖ √|c|), where h_p is the time pitch class p sounds, summed over its notes. It is 1
/// where all notes of the chord sound equally long and nothing else does. Chords under which nothing sounds are left
/// out. `None` where no chord remains.
pub fn chord_similarity(accompaniment: &Excerpt, lead_sheet: &Score) -> Option<f64> {
    let (mut sum, mut steps) = (0.0, 0.0);
    for given in given_chords(accompaniment, lead_sheet) {
        let heard = chroma(accompaniment, given.start, given.end);
        let norm = heard.iter().map(|h| h * h).sum::<f64>().sqrt();
        if norm > 0.0 {
            let set = chord_tones(given.chord);
            let inside: f64 = (0..12).filter(|pc| set >> pc & 1 == 1).map(|pc| heard[pc]).sum();
            let length = (given.end - given.start) as f64;
            sum += length * inside / (norm * f64::from(set.count_ones()).sqrt());
            steps += length;
        }
    }
    (steps > 0.0).then(|| sum / steps)
}

/// Share of the sounding time (notes × steps) under given chords that belongs to their notes, 0–1. `None` where
/// nothing sounds under a chord.
pub fn chord_tone_share(accompaniment: &Excerpt, lead_sheet: &Score) -> Option<f64> {
    let (mut inside, mut all) = (0.0, 0.0);
    for given in given_chords(accompaniment, lead_sheet) {
        let (heard, set) = (chroma(accompaniment, given.start, given.end), chord_tones(given.chord));
        inside += (0..12).filter(|pc| set >> pc & 1 == 1).map(|pc| heard[pc]).sum::<f64>();
        all += heard.iter().sum::<f64>();
    }
    (all > 0.0).then(|| inside / all)
}

/// What sounds lowest at the bar lines that lie under a given chord.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DownbeatBass {
    /// Bar lines under a chord.
    pub downbeats: usize,
    /// Of these, where something sounds, held or struck.
    pub sounding: usize,
    /// Of these, where the lowest pitch is the bass of the chord symbol (the root, unless it says otherwise).
    pub bass: usize,
    /// Where it is the root or the bass.
    pub root_or_bass: usize,
}

impl DownbeatBass {
    /// Share of the sounding downbeats on the symbol's bass, 0–1. `None` where nothing sounds at any.
    pub fn bass_share(&self) -> Option<f64> {
        share(self.bass, self.sounding)
    }

    /// Share of the sounding downbeats on root or bass, 0–1. `None` where nothing sounds at any.
    pub fn root_or_bass_share(&self) -> Option<f64> {
        share(self.root_or_bass, self.sounding)
    }
}

/// Counts [`DownbeatBass`] over the accompaniment's bars; a first bar whose beginning is cut off has no downbeat.
pub fn downbeat_bass(accompaniment: &Excerpt, lead_sheet: &Score) -> DownbeatBass {
    let (given, sounding) = (given_chords(accompaniment, lead_sheet), accompaniment.sounding());
    let mut found = DownbeatBass::default();
    for bar in accompaniment.bars.iter().filter(|bar| bar.missing == 0) {
        let Some(under) = given.iter().find(|g| (g.start..g.end).contains(&bar.start)) else { continue };
        found.downbeats += 1;
        let Some(&pitches) = sounding.get(bar.start).filter(|&&set| set != 0) else { continue };
        found.sounding += 1;
        let lowest = pitches.trailing_zeros() % 12;
        let (bass, root) = (u32::from(under.chord.bass % 12), u32::from(under.chord.root % 12));
        found.bass += usize::from(lowest == bass);
        found.root_or_bass += usize::from(lowest == bass || lowest == root);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chords::recognise_chords;
    use crate::excerpt::tests::excerpt;
    use aeolian_score::{ChordEvent, ChordQuality};

    /// A lead sheet at one tick a quarter.
    fn lead_sheet(chords: &[(u32, u32, Option<Chord>)]) -> Score {
        let mut score = Score::new(1);
        score.chords =
            chords.iter().map(|&(at, end, chord)| ChordEvent { at: Tick(at), end: Tick(end), chord }).collect();
        score
    }

    fn c_then_g() -> Score {
        let chord = |root| Some(Chord::new(root, ChordQuality::Major));
        lead_sheet(&[(0, 4, chord(0)), (4, 8, chord(7))])
    }

    /// C major triad in bar 1, then these pitches through bar 2.
    fn c_then(pitches: &[u8]) -> Excerpt {
        let mut notes: Vec<_> = [48, 52, 55].map(|pitch| (0, 16, pitch)).to_vec();
        notes.extend(pitches.iter().map(|&pitch| (16, 16, pitch)));
        excerpt(8, &notes)
    }

    #[test]
    fn the_given_chords_played_in_full_are_met_by_every_figure() {
        let played = c_then(&[43, 50, 59]);
        assert_eq!(chord_accuracy(&recognise_chords(&played), &c_then_g(), ChordRule::Tetrads).recall(), Some(1.0));
        assert_eq!(chords_met(&recognise_chords(&played), &c_then_g(), ChordRule::Tetrads), Some(1.0));
        assert!((chord_similarity(&played, &c_then_g()).unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(chord_tone_share(&played, &c_then_g()), Some(1.0));
        let bass = downbeat_bass(&played, &c_then_g());
        assert_eq!(bass, DownbeatBass { downbeats: 2, sounding: 2, bass: 2, root_or_bass: 2 });
    }

    #[test]
    fn a_wrong_chord_costs_its_share() {
        // F major under G: no common tone.
        let played = c_then(&[41, 45, 48]);
        assert_eq!(chord_accuracy(&recognise_chords(&played), &c_then_g(), ChordRule::Root).recall(), Some(0.5));
        assert_eq!(chords_met(&recognise_chords(&played), &c_then_g(), ChordRule::Root), Some(0.5));
        assert!((chord_similarity(&played, &c_then_g()).unwrap() - 0.5).abs() < 1e-12);
        assert_eq!(chord_tone_share(&played, &c_then_g()), Some(0.5));
        assert_eq!(downbeat_bass(&played, &c_then_g()).bass_share(), Some(0.5));
    }

    #[test]
    fn similarity_of_a_bare_root_is_one_over_root_three() {
        let bare = excerpt(4, &[(0, 16, 48)]);
        let expected = 1.0 / 3f64.sqrt();
        assert!((chord_similarity(&bare, &c_then_g()).unwrap() - expected).abs() < 1e-12);
        assert_eq!(chord_tone_share(&bare, &c_then_g()), Some(1.0));
    }

    #[test]
    fn silence_is_left_out_of_similarity_but_not_of_accuracy() {
        let played = c_then(&[]);
        assert!((chord_similarity(&played, &c_then_g()).unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(chord_accuracy(&recognise_chords(&played), &c_then_g(), ChordRule::Root).recall(), Some(0.5));
        assert_eq!(
            downbeat_bass(&played, &c_then_g()),
            DownbeatBass { downbeats: 2, sounding: 1, bass: 1, root_or_bass: 1 }
        );
    }

    #[test]
    fn root_under_a_slash_chord_is_root_but_not_bass() {
        let over_e = Chord { root: 0, quality: ChordQuality::Major, bass: 4 };
        let bass = downbeat_bass(&c_then(&[]), &lead_sheet(&[(0, 4, Some(over_e))]));
        assert_eq!((bass.bass_share(), bass.root_or_bass_share()), (Some(0.0), Some(1.0)));
        let over_d = Chord { bass: 2, ..over_e };
        let with_d = excerpt(4, &[(0, 16, 38), (0, 16, 60)]);
        assert_eq!(
            chord_tone_share(&with_d, &lead_sheet(&[(0, 4, Some(over_d))])),
            Some(1.0),
            "a foreign bass belongs"
        );
    }

    #[test]
    fn a_chord_that_is_right_for_half_its_length_is_not_met() {
        let four_bars = lead_sheet(&[(0, 8, Some(Chord::new(0, ChordQuality::Major)))]);
        let played = c_then(&[41, 45, 48]);
        assert_eq!(chord_accuracy(&recognise_chords(&played), &four_bars, ChordRule::Root).recall(), Some(0.5));
        assert_eq!(chords_met(&recognise_chords(&played), &four_bars, ChordRule::Root), Some(0.0));
    }

    #[test]
    fn without_chords_or_notes_nothing_is_defined() {
        let (silent, none) = (excerpt(4, &[]), lead_sheet(&[(0, 4, None)]));
        assert_eq!(chord_similarity(&silent, &c_then_g()), None);
        assert_eq!(chord_similarity(&c_then(&[]), &none), None);
        assert_eq!(chord_tone_share(&c_then(&[]), &none), None);
        assert_eq!(chords_met(&recognise_chords(&c_then(&[])), &Score::new(0), ChordRule::Root), None);
        assert_eq!(downbeat_bass(&silent, &none).root_or_bass_share(), None);
        let beyond = lead_sheet(&[(100, 200, Some(Chord::new(0, ChordQuality::Major))), (5, 2, None)]);
        assert_eq!(chord_similarity(&c_then(&[]), &beyond), None);
    }

    #[test]
    fn other_lanes_are_not_heard() {
        let mut piece = c_then(&[]);
        piece.notes[0].lane = 3;
        assert_eq!(only_lanes(&piece, &[3]).notes, [piece.notes[0]]);
        assert_eq!(only_lanes(&piece, &[3]).bars, piece.bars);
    }
}
