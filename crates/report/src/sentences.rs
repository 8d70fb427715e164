//! The evaluation in plain words: is it told apart, by what, and what must be known to believe it.

use crate::Evaluation;
use crate::evaluation::SetSummary;
use crate::features::{by_chance, outside};
use crate::scale::{Ceiling, Scale, Splits};
use aeolian_metrics::compare::classifier::ClassifierTest;
use aeolian_metrics::compare::{Estimate, Interval};

/// Tells that are named at most.
const TELLS: usize = 5;

/// What the classifier test says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The area is above what chance gives.
    ToldApart,
    /// It is not.
    NotToldApart,
    /// There are too few songs for a test.
    Untested,
}

impl Evaluation {
    /// Whether the area lies above the null interval (without one: whether its own interval lies above 1/2).
    pub fn verdict(&self) -> Verdict {
        let Some(test) = &self.comparison.classifier else { return Verdict::Untested };
        let chance = test.null.map(|null| null.high).unwrap_or(0.5);
        let surely = if test.null.is_some() { Some(test.auc.value) } else { test.auc.interval.map(|own| own.low) };
        match surely {
            Some(area) if area > chance => Verdict::ToldApart,
            Some(_) => Verdict::NotToldApart,
            None => Verdict::Untested,
        }
    }

    /// One sentence: is the candidate told apart?
    pub fn headline(&self) -> String {
        let Some(test) = self.comparison.classifier.as_ref().filter(|_| self.verdict() != Verdict::Untested) else {
            return format!(
                "Too few songs to say anything: the reference has {}, the candidate {}, and both need at least two.",
                self.reference.songs, self.candidate.songs
            );
        };
        let area = with_interval(&test.auc);
        let chance = test.null.map_or(String::new(), |null| format!(", where chance gives {}", range(null)));
        match self.verdict() {
            Verdict::ToldApart => format!("The candidate is told apart from the reference: AUC {area}{chance}."),
            _ => format!("The candidate cannot be told apart from the reference: AUC {area}{chance}."),
        }
    }

    /// The whole summary, a sentence or two an entry; the first is [`Evaluation::headline`].
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences = vec![self.headline()];
        if let Some(test) = &self.comparison.classifier {
            sentences.extend(self.power(test));
            if let Some(scale) = &self.scale {
                sentences.extend(floor_and_ceilings(scale));
                sentences.extend(place_among_ceilings(scale, test));
            }
        }
        sentences.extend(self.tells());
        sentences.extend(self.copying());
        if self.candidate_files_in_reference > 0 {
            sentences.push(format!(
                "{} of the candidate also {} in the reference; each counts as one song with its twin.",
                counted(self.candidate_files_in_reference, "file"),
                if self.candidate_files_in_reference == 1 { "lies" } else { "lie" },
            ));
        }
        sentences.push(format!(
            "Compared: {} of {} and {} of {}, as {}.",
            pieces(&self.candidate),
            self.candidate.name,
            pieces(&self.reference),
            self.reference.name,
            self.settings.cut.name()
        ));
        sentences.extend(self.left_out());
        sentences
    }

    /// What a test of this size could see at all.
    fn power(&self, test: &ClassifierTest) -> Option<String> {
        let null = test.null?;
        Some(format!("With sets of this size only an AUC above {:.2} would be noticed.", null.high))
    }

    fn tells(&self) -> Option<String> {
        let compared = self.features.iter().filter(|row| row.outside.is_some()).count();
        if compared == 0 {
            return None;
        }
        let by_chance = by_chance(&self.features, self.comparison.settings.confidence);
        let mut sentence = format!(
            "{} of {compared} features differ by more than two halves of the reference may; at most \
             about {by_chance:.0} would by chance.",
            outside(&self.features)
        );
        let strongest: Vec<&str> = self
            .features
            .iter()
            .filter(|row| row.outside == Some(true))
            .take(TELLS)
            .map(|row| row.sentence.as_str())
            .collect();
        if !strongest.is_empty() {
            sentence.push_str(&format!(" The strongest: {}.", strongest.join("; ")));
        }
        Some(sentence)
    }

    fn copying(&self) -> Vec<String> {
        let Some(found) = &self.originality else { return Vec::new() };
        let mut sentences = Vec::new();
        if let Some(run) = found.figures.first() {
            sentences.push(format!(
                "Copying: the longest run of notes shared with {} is {:.0} notes on average, in the reference {:.0} \
                 (95 % between {:.0} and {:.0}); {:.0} % of the candidate lie above that, 2.5 % would by chance.",
                found.training,
                run.candidate.mean,
                run.reference.mean,
                run.band.low,
                run.band.high,
                100.0 * run.beyond
            ));
        }
        if found.candidate_files_in_training > 0 {
            let files = counted(found.candidate_files_in_training, "file");
            sentences.push(format!("Note for note in the training folder: {files} of the candidate."));
        }
        if found.reference_files_in_training > 0 {
            let files = counted(found.reference_files_in_training, "file");
            sentences.push(format!(
                "Beware: note for note in the training folder: {files} of the reference, which makes copying look human."
            ));
        }
        sentences
    }

    fn left_out(&self) -> Vec<String> {
        let sets = [("candidate", &self.candidate), ("reference", &self.reference)];
        let some = sets.into_iter().filter(|(_, set)| !set.left_out.is_empty());
        some.map(|(role, set)| {
            let (left_out, all) = (set.left_out.len(), set.left_out.len() + set.files);
            format!("Left out: {left_out} of {} of the {role}, each with its reason below.", counted(all, "file"))
        })
        .collect()
    }
}

fn floor_and_ceilings(scale: &Scale) -> Option<String> {
    let floor = scale.floor.classifier.as_ref()?.auc.value;
    let ceilings: Vec<String> = ascending(scale)
        .into_iter()
        .map(|(area, ceiling)| format!("{area:.2} ({})", ceiling.corruption.name()))
        .collect();
    let halves = &scale.halves;
    let splits = scale.splits.as_ref().filter(|splits| splits.areas.len() > 1).map_or(String::new(), |splits| {
        let (count, Splits { mean, lowest, highest, .. }) = (splits.areas.len(), splits);
        format!(", and over {count} random splits {mean:.2} on average, from {lowest:.2} to {highest:.2}")
    });
    Some(format!(
        "For scale: one half of the reference against the other gives {floor:.2} ({} and {} pieces){splits}; against the \
         other half spoiled it gives {}.",
        halves[0].pieces,
        halves[1].pieces,
        listed(&ceilings)
    ))
}

fn place_among_ceilings(scale: &Scale, test: &ClassifierTest) -> Option<String> {
    let (area, ceilings) = (test.auc.value, ascending(scale));
    let (_, worst) = ceilings.last()?;
    let noticed = test.null.map_or(0.5, |null| null.high);
    let hidden: Vec<&str> =
        ceilings.iter().filter(|(area, _)| *area <= noticed).map(|(_, ceiling)| ceiling.corruption.name()).collect();
    let below = ceilings.iter().rev().find(|(ceiling, _)| *ceiling <= area);
    let above = ceilings.iter().find(|(ceiling, _)| *ceiling > area);
    let place = match (below, above) {
        (Some((_, below)), Some((_, above))) => format!(
            "It gives itself away more than real music with {}, less than with {}.",
            below.corruption.name(),
            above.corruption.name()
        ),
        (None, _) => "It gives itself away less than any kind of spoiled music.".to_owned(),
        (Some(_), None) => {
            format!("It gives itself away as much as real music with {}, or more.", worst.corruption.name())
        }
    };
    let blind = match hidden.is_empty() {
        true => String::new(),
        false => format!(" Beware: a test of this size does not notice {} either.", listed(&hidden)),
    };
    Some(place + &blind)
}

/// Ceilings with an area, the lowest first.
pub(crate) fn ascending(scale: &Scale) -> Vec<(f64, &Ceiling)> {
    let area = |ceiling: &Ceiling| ceiling.comparison.classifier.as_ref().map(|test| test.auc.value);
    let mut ceilings: Vec<(f64, &Ceiling)> =
        scale.ceilings.iter().filter_map(|ceiling| Some((area(ceiling)?, ceiling))).collect();
    ceilings.sort_by(|a, b| a.0.total_cmp(&b.0));
    ceilings
}

/// "0.62 (0.56–0.68)".
pub(crate) fn with_interval(estimate: &Estimate) -> String {
    let interval = estimate.interval.map_or(String::new(), |interval| format!(" ({})", range(interval)));
    format!("{:.2}{interval}", estimate.value)
}

/// "0.56–0.68".
pub(crate) fn range(interval: Interval) -> String {
    format!("{:.2}–{:.2}", interval.low, interval.high)
}

fn pieces(set: &SetSummary) -> String {
    format!("{} from {}", counted(set.pieces, "piece"), counted(set.songs, "file"))
}

/// "1 file", "2 files".
pub(crate) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// "a, b and c".
fn listed<T: AsRef<str>>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [rest @ .., last] => {
            let rest: Vec<&str> = rest.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", rest.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_like_speech() {
        assert_eq!(listed::<&str>(&[]), "");
        assert_eq!(listed(&["a"]), "a");
        assert_eq!(listed(&["a", "b", "c"]), "a, b and c");
        assert_eq!((counted(1, "file"), counted(0, "file")), ("1 file".to_owned(), "0 files".to_owned()));
    }
}
