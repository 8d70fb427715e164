//! Progressions: how many chords a piece has, how fast they change, how their roots move, and whether they come back.
//!
//! All figures start from the chords that [`crate::recognise_chords`] hears. A *progression* is the chain of chords
//! with repetitions taken together; silence between two chords does not count as a change.

use crate::chords::ChordSegment;
use crate::excerpt::{Bar, Excerpt, Walk, share};
use crate::harmony::mean;
use aeolian_score::Chord;

/// Bars in which the chords of [`chord_coverage`] are counted: the usual period of two phrases.
const COVERAGE_BARS: usize = 8;

/// Share of the notes' sounding time that belongs to the chord recognised where they start, 0–1.
///
/// Σ duration of notes whose pitch class is in the chord of their onset's segment / Σ duration of all notes that
/// start in a segment with a chord. `None` if there is none.
pub fn chord_tone_share(excerpt: &Excerpt, segments: &[ChordSegment]) -> Option<f64> {
    let chords: Vec<Option<u16>> =
        segments.iter().map(|segment| segment.chord.map(|chord| chord.pitch_classes())).collect();
    let mut walk = Walk::new(segments, |segment: &ChordSegment| segment.end);
    let (mut inside, mut all) = (0, 0);
    for note in &excerpt.notes {
        if let Some(chord) = chords.get(walk.find(note.onset)).copied().flatten() {
            all += note.duration();
            inside += if chord >> note.pitch_class() & 1 == 1 { note.duration() } else { 0 };
        }
    }
    share(inside, all)
}

/// Chord coverage: how many different chords (root and quality) are heard in eight bars, ≥ 1.
///
/// The mean over all windows of eight consecutive bars in which a chord is heard; a shorter piece is one window. Yeh et
/// al. 2021 (arXiv:2001.02360, "Automatic melody harmonization with triad chords") count over the whole piece, which
/// grows with its length. `None` where no chord is heard.
pub fn chord_coverage(segments: &[ChordSegment], bars: &[Bar]) -> Option<f64> {
    let different = |window: &[Bar]| {
        let (start, end) = (window.first()?.start, window.last()?.end);
        let first = segments.partition_point(|segment| segment.start < start);
        let inside = segments.get(first..)?.iter().take_while(|segment| segment.start < end);
        let mut chords: Vec<Chord> = inside.filter_map(|segment| segment.chord).collect();
        chords.sort_unstable();
        chords.dedup();
        (!chords.is_empty()).then_some(chords.len() as f64)
    };
    mean(bars.windows(COVERAGE_BARS.min(bars.len()).max(1)).filter_map(different))
}

/// Chord progression irregularity: different trigrams of chords / all trigrams of chords, in (0, 1].
///
/// A trigram is three successive chords of the progression; 1 means that none comes back (Wu & Yang 2020,
/// arXiv:2008.01307, sec. 5). Their program leaves out the last trigram and calls three chords or fewer 1; here all
/// trigrams count. `None` with fewer than three chords.
pub fn trigram_irregularity(segments: &[ChordSegment]) -> Option<f64> {
    let chords = progression(segments);
    let mut different: Vec<&[Chord]> = chords.windows(3).collect();
    let all = different.len();
    different.sort_unstable();
    different.dedup();
    share(different.len(), all)
}

/// Harmonic rhythm: changes of chord a bar, ≥ 0. `None` where no chord is heard or there are no bars.
pub fn chord_changes_per_bar(excerpt: &Excerpt, segments: &[ChordSegment]) -> Option<f64> {
    let changes = progression(segments).len().checked_sub(1)?;
    let bars = excerpt.length_in_bars();
    (bars > 0.0).then(|| changes as f64 / bars)
}

/// How the roots move from chord to chord: shares of all moves, each 0–1; what is missing to 1 are tritones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RootMotion {
    /// By a fourth or fifth: 5 or 7 semitones, the strongest progressions of functional harmony.
    pub fifths: f64,
    /// By a third or sixth: 3, 4, 8 or 9 semitones.
    pub thirds: f64,
    /// By a second or seventh: 1, 2, 10 or 11 semitones.
    pub seconds: f64,
}

/// The root motion of a progression. A change of quality over one root is no move. `None` without a move.
pub fn root_motion(segments: &[ChordSegment]) -> Option<RootMotion> {
    let mut counts = [0; 7];
    for pair in progression(segments).windows(2) {
        let up = (usize::from(pair[1].root) + 12 - usize::from(pair[0].root % 12)) % 12;
        counts[up.min(12 - up)] += 1;
    }
    let moves: usize = counts[1..].iter().sum();
    let share_of = |classes: &[usize]| share(classes.iter().map(|&class| counts[class]).sum(), moves);
    Some(RootMotion { fifths: share_of(&[5])?, thirds: share_of(&[3, 4])?, seconds: share_of(&[1, 2])? })
}

fn progression(segments: &[ChordSegment]) -> Vec<Chord> {
    let mut chords: Vec<Chord> = segments.iter().filter_map(|segment| segment.chord).collect();
    chords.dedup();
    chords
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;
    use aeolian_score::ChordQuality::{Dominant7, Major};

    /// Half-bar segments of major chords on these roots; 99 is silence.
    fn segments(roots: &[u8]) -> Vec<ChordSegment> {
        let chord = |root: u8| (root < 12).then(|| Chord::new(root, Major));
        let segment = |(i, &root): (usize, &u8)| ChordSegment { start: 8 * i, end: 8 * i + 8, chord: chord(root) };
        roots.iter().enumerate().map(segment).collect()
    }

    #[test]
    fn chord_tones_weigh_by_duration() {
        let melody = excerpt(4, &[(0, 3, 60), (3, 1, 62)]);
        let segments = [ChordSegment { start: 0, end: 16, chord: Some(Chord::new(0, Major)) }];
        assert_eq!(chord_tone_share(&melody, &segments), Some(0.75));
        assert_eq!(chord_tone_share(&melody, &[ChordSegment { chord: None, ..segments[0] }]), None);
        assert_eq!(chord_tone_share(&excerpt(4, &[]), &[]), None);
    }

    #[test]
    fn changes_are_counted_by_the_bar_and_silence_is_none() {
        let two_bars = excerpt(8, &[]);
        assert_eq!(chord_changes_per_bar(&two_bars, &segments(&[0, 0, 99, 0])), Some(0.0));
        assert_eq!(chord_changes_per_bar(&two_bars, &segments(&[0, 5, 7, 0])), Some(1.5));
        assert_eq!(chord_changes_per_bar(&two_bars, &segments(&[99])), None);
        assert_eq!(chord_changes_per_bar(&Excerpt::default(), &segments(&[0, 5])), None);
    }

    #[test]
    fn trigrams_that_return_lower_the_irregularity() {
        assert_eq!(trigram_irregularity(&segments(&[0, 5, 7])), Some(1.0));
        // C F G C F: CFG FGC GCF, all different. One more G: CFG again.
        assert_eq!(trigram_irregularity(&segments(&[0, 5, 7, 0, 5])), Some(1.0));
        assert_eq!(trigram_irregularity(&segments(&[0, 5, 7, 0, 5, 7])), Some(0.75));
        assert_eq!(trigram_irregularity(&segments(&[0, 0, 5, 5])), None);
    }

    #[test]
    fn coverage_is_the_mean_of_windows_of_eight_bars() {
        // Nine bars, two chords each: C F eight times, then G A.
        let roots = [[0, 5].repeat(8), vec![7, 9]].concat();
        let bars = excerpt(36, &[]).bars;
        assert_eq!(chord_coverage(&segments(&roots), &bars), Some(3.0), "windows with 2 and with 4 chords");
        assert_eq!(chord_coverage(&segments(&[0, 5]), &bars[..1]), Some(2.0), "a short piece is one window");
        assert_eq!(chord_coverage(&segments(&[99]), &bars), None);
        assert_eq!(chord_coverage(&[], &[]), None);
    }

    #[test]
    fn roots_move_by_fifths_thirds_and_seconds() {
        let motion = root_motion(&segments(&[0, 7, 0, 9, 11, 5])).unwrap();
        assert_eq!(motion, RootMotion { fifths: 0.4, thirds: 0.2, seconds: 0.2 }, "and one tritone");
        let seventh = ChordSegment { start: 8, end: 16, chord: Some(Chord::new(0, Dominant7)) };
        assert_eq!(root_motion(&[segments(&[0])[0], seventh]), None, "the root stays");
    }
}
