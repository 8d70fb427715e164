//! Cutting a stretch out of a piece, so that it stands on its own.

use crate::{Note, Part, Score, TextEvent, Tick};

impl Score {
    /// The piece from `from` up to (not including) `to`, starting again at 0.
    ///
    /// Tempo, metre and key in force at `from` are stated anew at 0; so a metre's bars are counted from the cut, and
    /// callers who want bars to stay whole cut at one of [`Score::bar_starts`]. Notes, chords and sections are cut at
    /// both edges: what rings in from before is struck again at 0. Lyrics and markers are kept where they lie inside.
    /// Empty parts stay, so that part numbers mean the same. With `from ≥ to` only the maps' state is left.
    ///
    /// ```
    /// use aeolian_score::{Note, Part, Score, Tick};
    /// let mut score = Score::new(4);
    /// let long = Note { onset: Tick(2), pitch: 60, duration: Tick(10), velocity: 80 };
    /// score.parts.push(Part { notes: vec![long], ..Part::default() });
    /// let cut = score.crop(Tick(4), Tick(8)).parts[0].notes[0];
    /// assert_eq!((cut.onset, cut.duration), (Tick(0), Tick(4)));
    /// ```
    pub fn crop(&self, from: Tick, to: Tick) -> Self {
        let window = Window { from, to };
        Self {
            ticks_per_quarter: self.ticks_per_quarter,
            title: self.title.clone(),
            parts: self.parts.iter().map(|p| window.part(p)).collect(),
            tempos: window.map(&self.tempos, |t| &mut t.at),
            meters: window.map(&self.meters, |m| &mut m.at),
            keys: window.map(&self.keys, |k| &mut k.at),
            chords: window.spans(&self.chords, |c| (&mut c.at, &mut c.end)),
            sections: window.spans(&self.sections, |s| (&mut s.at, &mut s.end)),
            markers: window.texts(&self.markers),
        }
    }
}

/// The stretch that is kept.
#[derive(Clone, Copy)]
struct Window {
    from: Tick,
    to: Tick,
}

impl Window {
    /// Where a moment is after the cut; moments outside move to the nearer edge.
    fn moment(self, at: Tick) -> Tick {
        Tick(at.0.min(self.to.0).saturating_sub(self.from.0))
    }

    fn contains(self, at: Tick) -> bool {
        self.from <= at && at < self.to
    }

    fn part(self, part: &Part) -> Part {
        Part {
            name: part.name.clone(),
            program: part.program,
            is_drum: part.is_drum,
            notes: self.notes(&part.notes),
            lyrics: self.texts(&part.lyrics),
        }
    }

    fn notes(self, notes: &[Note]) -> Vec<Note> {
        let sounds = |n: &&Note| self.contains(n.onset) || (n.onset < self.from && self.from < n.offset());
        let mut kept: Vec<_> = notes
            .iter()
            .filter(sounds)
            .filter(|_| self.from < self.to)
            .map(|note| {
                let onset = self.moment(note.onset);
                Note { onset, duration: Tick(self.moment(note.offset()).0 - onset.0), ..*note }
            })
            .collect();
        // Notes that ring in are now as early as those that start at the cut, and may stand in another order.
        kept.sort();
        kept
    }

    fn texts(self, texts: &[TextEvent]) -> Vec<TextEvent> {
        let inside = texts.iter().filter(|t| self.contains(t.at));
        inside.map(|t| TextEvent { at: self.moment(t.at), text: t.text.clone() }).collect()
    }

    /// Changes of a map: the last one up to `from`, now at 0, and those after it.
    fn map<T: Clone>(self, changes: &[T], at: impl Fn(&mut T) -> &mut Tick) -> Vec<T> {
        let mut kept: Vec<T> = Vec::new();
        for mut change in changes.iter().cloned() {
            let when = at(&mut change);
            let in_force_at_start = *when <= self.from;
            if !in_force_at_start && !self.contains(*when) {
                continue;
            }
            *when = self.moment(*when);
            if in_force_at_start {
                kept.clear();
            }
            kept.push(change);
        }
        kept
    }

    /// Stretches of time, cut at both edges.
    fn spans<T: Clone>(self, spans: &[T], edges: impl Fn(&mut T) -> (&mut Tick, &mut Tick)) -> Vec<T> {
        let mut cut = spans.to_vec();
        cut.retain_mut(|span| {
            let (at, end) = edges(span);
            (*at, *end) = (self.moment(*at), self.moment(*end));
            at < end
        });
        cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChordEvent, MeterChange, Section, TempoChange};

    fn note(onset: u32, pitch: u8, duration: u32) -> Note {
        Note { onset: Tick(onset), pitch, duration: Tick(duration), velocity: 80 }
    }

    /// Notes before, into, inside, out of and after the stretch 10–20.
    fn piece() -> Score {
        let mut score = Score::new(4);
        score.title = "Cut".into();
        let notes =
            vec![note(0, 60, 10), note(8, 70, 4), note(10, 61, 2), note(12, 62, 0), note(18, 63, 9), note(20, 64, 1)];
        let lyrics = [9, 10, 19, 20].map(|at| TextEvent { at: Tick(at), text: at.to_string() }).to_vec();
        score.parts.push(Part { notes, lyrics, ..Part::default() });
        score.tempos =
            [(0, 60.0), (8, 70.0), (15, 80.0), (20, 90.0)].map(|(at, qpm)| TempoChange { at: Tick(at), qpm }).to_vec();
        score.meters = vec![MeterChange { at: Tick(10), numerator: 3, denominator: 4 }];
        score.chords = vec![
            ChordEvent { at: Tick(0), end: Tick(10), chord: None },
            ChordEvent { at: Tick(10), end: Tick(24), chord: None },
        ];
        score.sections = vec![Section { at: Tick(0), end: Tick(16), label: "A".into() }];
        score
    }

    #[test]
    fn notes_are_cut_at_both_edges_and_struck_again_at_the_start() {
        let cut = piece().crop(Tick(10), Tick(20));
        assert_eq!(cut.parts[0].notes, [note(0, 61, 2), note(0, 70, 2), note(2, 62, 0), note(8, 63, 2)]);
        assert_eq!(cut.parts[0].lyrics.iter().map(|l| l.text.as_str()).collect::<Vec<_>>(), ["10", "19"]);
    }

    #[test]
    fn what_is_in_force_at_the_cut_is_stated_at_the_start() {
        let cut = piece().crop(Tick(10), Tick(20));
        assert_eq!(cut.tempos, [(0, 70.0), (5, 80.0)].map(|(at, qpm)| TempoChange { at: Tick(at), qpm }));
        assert_eq!(cut.meters, [MeterChange { at: Tick(0), numerator: 3, denominator: 4 }]);
        assert_eq!(cut.chords, [ChordEvent { at: Tick(0), end: Tick(10), chord: None }]);
        assert_eq!(cut.sections, [Section { at: Tick(0), end: Tick(6), label: "A".into() }]);
        assert_eq!(cut.title, "Cut");
    }

    #[test]
    fn a_change_at_the_cut_replaces_the_one_before() {
        let cut = piece().crop(Tick(8), Tick(12));
        assert_eq!(cut.tempos, [TempoChange { at: Tick(0), qpm: 70.0 }]);
    }

    #[test]
    fn cropping_nothing_away_changes_nothing() {
        let score = piece();
        assert_eq!(score.crop(Tick(0), Tick(u32::MAX)), score);
    }

    #[test]
    fn an_empty_stretch_keeps_the_parts_and_no_notes() {
        for (from, to) in [(10, 10), (12, 10), (100, 200)] {
            let cut = piece().crop(Tick(from), Tick(to));
            assert_eq!((cut.parts.len(), cut.parts[0].notes.len(), cut.chords.len()), (1, 0, 0));
        }
    }
}
