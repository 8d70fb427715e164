//! Which clef a part is written in, and which of a keyboard player's hands takes each note.

use crate::{Note, Part};

/// A clef and the staff that it makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clef {
    Treble,
    /// Treble, sounding an octave lower: guitars.
    TrebleOctaveDown,
    Alto,
    Bass,
    /// Bass, sounding an octave lower: bass guitar, double bass.
    BassOctaveDown,
    Percussion,
}

impl Clef {
    /// The MusicXML sign, line and octave change.
    pub(super) fn sign(self) -> (&'static str, Option<u8>, Option<i8>) {
        match self {
            Self::Treble => ("G", Some(2), None),
            Self::TrebleOctaveDown => ("G", Some(2), Some(-1)),
            Self::Alto => ("C", Some(3), None),
            Self::Bass => ("F", Some(4), None),
            Self::BassOctaveDown => ("F", Some(4), Some(-1)),
            Self::Percussion => ("percussion", None, None),
        }
    }

    /// The sounding pitches between the ledger lines just below and just above the staff.
    fn range(self) -> (u8, u8) {
        match self {
            Self::Treble | Self::Percussion => (60, 81),
            Self::TrebleOctaveDown => (48, 69),
            Self::Alto => (50, 71),
            Self::Bass => (40, 60),
            Self::BassOctaveDown => (28, 48),
        }
    }

    /// Semitones by which a pitch leaves the clef's range.
    fn strain(self, pitch: u8) -> u32 {
        let (low, high) = self.range();
        u32::from(low.saturating_sub(pitch) + pitch.saturating_sub(high))
    }

    /// The usual clef of the instrument with the least strain; treble when there are no notes.
    pub(super) fn for_part(part: &Part) -> Self {
        let usual: &[Self] = match (part.is_drum, part.program) {
            (true, _) => &[Self::Percussion],
            (false, 24..=31) => &[Self::TrebleOctaveDown, Self::Treble],
            (false, 32..=39 | 43) => &[Self::BassOctaveDown, Self::Bass, Self::Treble],
            (false, 41) => &[Self::Alto, Self::Treble],
            _ => &[Self::Treble, Self::Bass],
        };
        let strain = |clef: &Self| part.notes.iter().map(|note| u64::from(clef.strain(note.pitch))).sum::<u64>();
        usual.iter().copied().min_by_key(strain).expect("every instrument has a usual clef")
    }
}

/// True for a keyboard or harp whose notes lie more than two ledger lines outside either single staff.
pub(super) fn needs_two_staves(part: &Part) -> bool {
    let is_keyboard = matches!(part.program, 0..=7 | 16..=21 | 46);
    let lowest = part.notes.iter().map(|note| note.pitch).min().unwrap_or(60);
    let highest = part.notes.iter().map(|note| note.pitch).max().unwrap_or(60);
    is_keyboard && !part.is_drum && lowest < 57 && highest > 64
}

/// Shares notes (sorted by onset, then pitch) between the right hand (staff 0) and the left (staff 1).
///
/// At each onset the lowest few notes go to the left hand; how many is a shortest path (Viterbi) over costs that say:
/// stay near the own staff, do not stretch beyond a tenth, do not tear a close chord apart, do not throw a line
/// from hand to hand because it crosses middle C.
pub(super) fn split_hands(notes: &[Note]) -> Vec<usize> {
    let mut states: Vec<Vec<State>> = Vec::new();
    let groups: Vec<&[Note]> = notes.chunk_by(|a, b| a.onset == b.onset).collect();
    for group in &groups {
        // Outside these pitches there is no choice; that also bounds the work on hostile chords.
        let mut counts: Vec<usize> = (46..=74).map(|split| group.partition_point(|n| n.pitch < split)).collect();
        counts.dedup();
        let previous = states.last();
        let reach = |left: usize| {
            let own = hand_cost(group, left);
            let from = previous.into_iter().flatten().enumerate();
            let best = from.map(|(i, state)| (state.cost + change_cost(state, group, left), i)).min();
            State::new(group, left, own + best.map_or(0, |(cost, _)| cost), best.map_or(0, |(_, i)| i))
        };
        let reached = counts.into_iter().map(reach).collect();
        states.push(reached);
    }
    let mut lefts = Vec::new();
    let mut best = states.last().and_then(|last| (0..last.len()).min_by_key(|&i| last[i].cost)).unwrap_or(0);
    for reached in states.iter().rev() {
        lefts.push(reached[best].left);
        best = reached[best].from;
    }
    let by_group = groups.iter().zip(lefts.into_iter().rev());
    by_group.flat_map(|(group, left)| (0..group.len()).map(move |i| usize::from(i < left))).collect()
}

/// A way to play one onset: the `left` lowest notes in the left hand.
struct State {
    left: usize,
    cost: u64,
    from: usize,
    /// Mean pitch of the only hand that plays, and which; `None` when both play.
    only: Option<(u32, bool)>,
}

impl State {
    fn new(group: &[Note], left: usize, cost: u64, from: usize) -> Self {
        Self { left, cost, from, only: only_hand(group, left) }
    }
}

fn only_hand(group: &[Note], left: usize) -> Option<(u32, bool)> {
    let mean = group.iter().map(|note| u32::from(note.pitch)).sum::<u32>() / group.len() as u32;
    (left == 0 || left == group.len()).then_some((mean, left > 0))
}

/// Cost of one onset on its own.
fn hand_cost(group: &[Note], left: usize) -> u64 {
    let (low, high) = group.split_at(left);
    let stretch = |hand: &[Note]| match (hand.first(), hand.last()) {
        (Some(first), Some(last)) => 3 * u64::from((last.pitch - first.pitch).saturating_sub(16)),
        _ => 0,
    };
    let off_staff = |clef: Clef, hand: &[Note]| hand.iter().map(|n| u64::from(clef.strain(n.pitch))).sum::<u64>();
    let torn = match (low.last(), high.first()) {
        (Some(a), Some(b)) if group[group.len() - 1].pitch - group[0].pitch <= 12 => {
            6u64.saturating_sub(u64::from(b.pitch - a.pitch) / 2)
        }
        _ => 0,
    };
    stretch(low) + stretch(high) + off_staff(Clef::Bass, low) + off_staff(Clef::Treble, high) + torn
}

/// Cost of handing a line over: high when it moves by a small step.
fn change_cost(before: &State, group: &[Note], left: usize) -> u64 {
    match (before.only, only_hand(group, left)) {
        (Some((from, was_left)), Some((to, is_left))) if was_left != is_left => {
            8u64.saturating_sub(u64::from(from.abs_diff(to)))
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tick;

    fn hands(onsets: &[&[u8]]) -> Vec<Vec<usize>> {
        let notes: Vec<Note> = onsets
            .iter()
            .enumerate()
            .flat_map(|(i, pitches)| {
                pitches.iter().map(move |&pitch| Note {
                    onset: Tick(12 * i as u32),
                    pitch,
                    duration: Tick(12),
                    velocity: 64,
                })
            })
            .collect();
        let mut staves = split_hands(&notes).into_iter();
        onsets.iter().map(|pitches| staves.by_ref().take(pitches.len()).collect()).collect()
    }

    #[test]
    fn a_wide_chord_is_shared_and_a_close_one_is_not() {
        assert_eq!(hands(&[&[48, 64, 67, 72]]), [vec![1, 0, 0, 0]]);
        assert_eq!(hands(&[&[57, 60, 64]]), [vec![0, 0, 0]]);
        assert_eq!(hands(&[&[52, 55, 60]]), [vec![1, 1, 1]]);
    }

    #[test]
    fn a_line_dips_below_middle_c_in_the_same_hand() {
        assert_eq!(hands(&[&[64], &[62], &[60], &[59], &[57], &[59], &[60], &[64]]).concat(), [0; 8]);
    }

    #[test]
    fn clefs_follow_range_and_instrument() {
        let part = |program, pitches: &[u8]| Part {
            program,
            notes: pitches
                .iter()
                .map(|&pitch| Note { onset: Tick(0), pitch, duration: Tick(1), velocity: 1 })
                .collect(),
            ..Part::default()
        };
        assert_eq!(Clef::for_part(&part(40, &[60, 72])), Clef::Treble);
        assert_eq!(Clef::for_part(&part(42, &[40, 55])), Clef::Bass);
        assert_eq!(Clef::for_part(&part(33, &[28, 43])), Clef::BassOctaveDown);
        assert!(needs_two_staves(&part(0, &[48, 72])));
        assert!(!needs_two_staves(&part(0, &[57, 84])));
        assert!(!needs_two_staves(&part(40, &[48, 72])));
    }
}
