//! What a piece shares with the training music, said in sentences.

use super::Reference;
use crate::originality::copied_bars::FEWEST_ONSETS;
use crate::originality::{CopiedBars, SharedRun};

/// What a piece shares with the training pieces.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Judgement {
    /// Length of the piece in bars.
    pub bars: f64,
    /// The longest run of notes that some line of the training pieces has too. Never below the exact figure; 0 below 7
    /// notes.
    pub longest_run: SharedRun,
    /// The largest share of its bars that one training piece has, note for note and transposed as a whole, 0–1. Never
    /// below the exact figure. `None` without bars to look at.
    pub largest_bar_share: Option<f64>,
    /// The bars in numbers.
    pub copied: CopiedBars,
    /// What human music of its length shares. `None` where the index does not say.
    pub reference: Option<Reference>,
}

impl Judgement {
    /// Whether the run is longer (>) than in 95 % of human pieces. False where no reference says what those have.
    pub fn run_is_unusual(&self) -> bool {
        self.reference.is_some_and(|human| self.longest_run.notes as f64 > human.notes.at_most_95)
    }

    /// Whether one training piece gives a larger share (>) of the bars than in 95 % of human pieces. False where no
    /// reference says what those have.
    pub fn bars_are_unusual(&self) -> bool {
        let human = self.reference.and_then(|human| human.share_from_one);
        self.largest_bar_share.zip(human).is_some_and(|(share, human)| share > human.at_most_95)
    }

    /// The longest shared run in one sentence, beside that of human pieces.
    pub fn sentence(&self) -> String {
        let run = match self.longest_run.notes {
            0 => "No run of notes is shared with the training music".to_owned(),
            notes => format!("The longest run shared with the training music is {notes} notes"),
        };
        match self.reference.map(|human| human.notes) {
            None => run + ".",
            Some(human) => format!(
                "{run} (human pieces nobody trained on: {:.0} on average, 95 % at most {:.0}).",
                human.mean, human.at_most_95
            ),
        }
    }

    /// The copied bars in one sentence, beside those of human pieces. `None` without bars to look at.
    pub fn bars_sentence(&self) -> Option<String> {
        let share = self.largest_bar_share?;
        let CopiedBars { from_one, bars, .. } = self.copied;
        let human = self.reference.and_then(|human| human.share_from_one).map_or(String::new(), |human| {
            let (mean, most) = (percent(human.mean), percent(human.at_most_95));
            format!("; human pieces nobody trained on: {mean} on average, 95 % at most {most}")
        });
        Some(format!(
            "Of its bars with {FEWEST_ONSETS} notes or more, {from_one} of {bars} stand note for note in one training \
             piece ({}{human}).",
            percent(share)
        ))
    }

    /// What is unusual, a sentence each; empty for a piece that shares no more than human music does.
    pub fn warnings(&self) -> Vec<String> {
        let Some(human) = self.reference else { return Vec::new() };
        let mut warnings = Vec::new();
        if self.run_is_unusual() {
            warnings.push(format!(
                "Please listen for a quotation: the training music has a run of {} of its notes too; in 95 % of human \
                 pieces nobody trained on it is at most {:.0}.",
                self.longest_run.notes, human.notes.at_most_95
            ));
        }
        if let (true, Some(share), Some(human)) =
            (self.bars_are_unusual(), self.largest_bar_share, human.share_from_one)
        {
            warnings.push(format!(
                "Please listen for a copy: one training piece has {} of its bars note for note; in 95 % of human pieces \
                 nobody trained on it is at most {}.",
                percent(share),
                percent(human.at_most_95)
            ));
        }
        warnings
    }
}

/// "12 %", or "0.4 %" below one per cent.
fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent > 0.0 && percent < 1.0 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::originality::index::Spread;

    fn judgement(notes: usize, from_one: usize) -> Judgement {
        let notes_spread = Spread { mean: 9.2, median: 8.0, at_most_95: 15.0, most: 33.0 };
        let shares = Spread { mean: 0.004, median: 0.0, at_most_95: 0.125, most: 0.5 };
        let copied = CopiedBars { bars: 8, from_one, from_any: from_one, ..CopiedBars::default() };
        Judgement {
            bars: 8.0,
            longest_run: SharedRun { notes, ..SharedRun::default() },
            largest_bar_share: copied.share_from_one(),
            copied,
            reference: Some(Reference {
                bars: 8,
                excerpts: 100,
                notes: notes_spread,
                share_from_one: Some(shares),
                share_from_any: None,
            }),
        }
    }

    #[test]
    fn sentences_set_the_piece_beside_human_music() {
        let usual = judgement(9, 1);
        assert_eq!(
            usual.sentence(),
            "The longest run shared with the training music is 9 notes (human pieces nobody trained on: 9 on average, \
             95 % at most 15)."
        );
        assert_eq!(
            usual.bars_sentence().unwrap(),
            "Of its bars with 4 notes or more, 1 of 8 stand note for note in one training piece (12 %; human pieces \
             nobody trained on: 0.4 % on average, 95 % at most 12 %)."
        );
        let alone = Judgement { reference: None, ..judgement(0, 0) };
        assert_eq!(alone.sentence(), "No run of notes is shared with the training music.");
        assert_eq!(
            alone.bars_sentence().unwrap(),
            "Of its bars with 4 notes or more, 0 of 8 stand note for note in one training piece (0 %)."
        );
        assert_eq!(Judgement::default().bars_sentence(), None);
    }

    #[test]
    fn warnings_begin_above_what_95_per_cent_of_human_pieces_have() {
        assert!(judgement(15, 1).warnings().is_empty());
        assert_eq!(
            judgement(16, 1).warnings(),
            ["Please listen for a quotation: the training music has a run of 16 of its notes too; in 95 % of human \
              pieces nobody trained on it is at most 15."]
        );
        assert_eq!(
            judgement(15, 2).warnings(),
            [
                "Please listen for a copy: one training piece has 25 % of its bars note for note; in 95 % of human pieces \
              nobody trained on it is at most 12 %."
            ]
        );
        assert_eq!(judgement(99, 8).warnings().len(), 2);
        assert!(Judgement { reference: None, ..judgement(99, 8) }.warnings().is_empty());
    }
}
