//! Repeats, endings and jumps: in which order the bars are played.
//!
//! The conventions are those of Gould, "Behind Bars", 2011, ch. "Repeat signs": a repeat without a beginning goes back
//! to the end of the last one; the endings of a repeat are played in turn; after "D.C." and "D.S." repeats are not
//! taken, and of endings the last is.

use super::super::{MusicXmlError, Repairs};
use super::document::MAX_BARS;
use super::tree::Element;

/// The signs of one bar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// A repeat begins.
    pub forward: bool,
    /// A repeat ends: how often it is played in all, or `None` where that is not said (twice, or what the endings need).
    pub backward: Option<Option<u32>>,
    /// An ending begins: its numbers.
    pub ending: Option<Vec<u32>>,
    /// An ending stops.
    pub ending_stops: bool,
    pub segno: bool,
    pub coda: bool,
    /// A coda sign of which nobody says whether it is the place to leave from or to go to.
    pub coda_sign: bool,
    pub to_coda: bool,
    pub da_capo: bool,
    pub dal_segno: bool,
    pub fine: bool,
}

impl Marks {
    /// Takes over what another part says about the same bar.
    pub(super) fn join(&mut self, other: &Self) {
        self.forward |= other.forward;
        self.backward = self.backward.max(other.backward);
        self.ending = self.ending.take().or_else(|| other.ending.clone());
        self.ending_stops |= other.ending_stops;
        self.segno |= other.segno;
        self.coda |= other.coda;
        self.coda_sign |= other.coda_sign;
        self.to_coda |= other.to_coda;
        self.da_capo |= other.da_capo;
        self.dal_segno |= other.dal_segno;
        self.fine |= other.fine;
    }

    /// Takes over what a `sound` element says.
    pub(super) fn sound(&mut self, sound: &Element) {
        let says = |name: &str| sound.attribute(name).is_some_and(|value| value != "no" && !value.is_empty());
        self.forward |= says("forward-repeat");
        self.segno |= says("segno");
        self.coda |= says("coda");
        self.to_coda |= says("tocoda");
        self.da_capo |= says("dacapo");
        self.dal_segno |= says("dalsegno");
        self.fine |= says("fine");
    }

    /// Takes over what words say.
    pub(super) fn words(&mut self, words: &str) {
        let words = words.trim().to_lowercase();
        let begins = |with: &[&str]| with.iter().any(|with| words.starts_with(with));
        self.da_capo |= begins(&["d.c.", "d. c.", "da capo"]);
        self.dal_segno |= begins(&["d.s.", "d. s.", "dal segno", "del segno"]);
        self.fine |= words == "fine" || words == "fine.";
        self.to_coda |= begins(&["to coda"]);
    }
}

/// Reads a `barline`; returns how many signs on it mean nothing.
pub(super) fn read_barline(barline: &Element, marks: &mut Marks) -> usize {
    let mut unread = 0;
    if let Some(repeat) = barline.child("repeat") {
        match repeat.attribute("direction") {
            Some("forward") => marks.forward = true,
            Some("backward") => {
                let times = repeat.attribute("times").map(|times| times.trim().parse::<u32>());
                unread += usize::from(matches!(times, Some(Err(_))));
                marks.backward = Some(times.and_then(Result::ok).map(|times| times.max(1)));
            }
            _ => unread += 1,
        }
    }
    if let Some(ending) = barline.child("ending") {
        match ending.attribute("type") {
            Some("start") => {
                let numbers = ending.attribute("number").unwrap_or_default();
                let numbers: Vec<u32> =
                    numbers.split([',', ' ', '.', '+']).filter_map(|number| number.parse().ok()).take(64).collect();
                unread += usize::from(numbers.is_empty());
                marks.ending = Some(numbers).filter(|numbers| !numbers.is_empty());
            }
            Some("stop" | "discontinue") => marks.ending_stops = true,
            _ => unread += 1,
        }
    }
    unread
}

/// Bars under one ending, both included.
#[derive(Debug)]
struct Ending {
    first: usize,
    last: usize,
    numbers: Vec<u32>,
    /// The highest number of the endings next to each other that this one belongs to.
    highest: u32,
}

/// The bars, counted from 0, in the order in which they are played.
///
/// # Errors   `TooManyRepeats` where that would be more than half a million, over `parts` parts.
pub(super) fn playing_order(marks: &[Marks], parts: usize, repairs: &mut Repairs) -> Result<Vec<usize>, MusicXmlError> {
    let mut marks = marks.to_vec();
    settle_coda_signs(&mut marks);
    let mut player = Player {
        endings: endings(&marks),
        last_coda: marks.iter().rposition(|marks| marks.coda),
        marks,
        pass: 1,
        repeat_start: 0,
        segno: None,
        has_jumped: false,
        unread_jumps: 0,
    };
    let mut order = Vec::new();
    let mut at = 0;
    while at < player.marks.len() {
        at = player.enter(at);
        if at >= player.marks.len() {
            break;
        }
        order.push(at);
        if order.len() * parts > MAX_BARS {
            return Err(MusicXmlError::TooManyRepeats { most: MAX_BARS });
        }
        match player.next(at) {
            Some(next) => at = next,
            None => break,
        }
    }
    repairs.unread_jumps += player.unread_jumps;
    Ok(order)
}

/// Of two coda signs that nobody explains the first is where to leave and the second where to go.
fn settle_coda_signs(marks: &mut [Marks]) {
    let signs: Vec<usize> = (0..marks.len()).filter(|&bar| marks[bar].coda_sign).collect();
    let leaves = marks.iter().any(|mark| mark.to_coda);
    let arrives = marks.iter().any(|mark| mark.coda);
    match (&signs[..], leaves, arrives) {
        (&[from, to], false, false) => (marks[from].to_coda, marks[to].coda) = (true, true),
        (&[.., to], true, false) => marks[to].coda = true,
        (&[from, ..], false, true) => marks[from].to_coda = true,
        _ => {}
    }
}

fn endings(marks: &[Marks]) -> Vec<Ending> {
    let mut endings: Vec<Ending> = Vec::new();
    let mut bar = 0;
    while bar < marks.len() {
        let Some(numbers) = &marks[bar].ending else {
            bar += 1;
            continue;
        };
        // An ending that does not say where it stops is one bar long, or reaches to the end of the repeat.
        let next = (bar + 1..marks.len()).find(|&next| marks[next].ending.is_some()).unwrap_or(marks.len());
        let last = (bar..next).find(|&b| marks[b].ending_stops || marks[b].backward.is_some()).unwrap_or(bar);
        endings.push(Ending { first: bar, last, numbers: numbers.clone(), highest: 0 });
        bar = last + 1;
    }
    for group in endings.chunk_by_mut(|a, b| a.last + 1 == b.first) {
        let highest = group.iter().flat_map(|ending| &ending.numbers).copied().max().unwrap_or(1);
        group.iter_mut().for_each(|ending| ending.highest = highest);
    }
    endings
}

/// Where a player stands.
struct Player {
    marks: Vec<Marks>,
    endings: Vec<Ending>,
    last_coda: Option<usize>,
    /// How often the repeat in which the player is has begun.
    pass: u32,
    repeat_start: usize,
    /// The segno that was passed last.
    segno: Option<usize>,
    has_jumped: bool,
    unread_jumps: usize,
}

impl Player {
    fn ending_at(&self, bar: usize) -> Option<&Ending> {
        let after = self.endings.partition_point(|ending| ending.first <= bar);
        self.endings[..after].last().filter(|ending| bar <= ending.last)
    }

    /// The bar to play where `bar` comes next: itself, or the first behind endings that are not played now.
    fn enter(&mut self, mut bar: usize) -> usize {
        while let Some(ending) = self.ending_at(bar).filter(|ending| ending.first == bar && !self.plays(ending)) {
            bar = ending.last + 1;
        }
        let Some(marks) = self.marks.get(bar) else { return bar };
        if marks.forward && bar != self.repeat_start {
            (self.repeat_start, self.pass) = (bar, 1);
        }
        if marks.segno {
            self.segno = Some(bar);
        }
        bar
    }

    /// Played more often than there are endings, a repeat takes the last again.
    fn plays(&self, ending: &Ending) -> bool {
        let pass = if self.has_jumped { ending.highest } else { self.pass.min(ending.highest) };
        ending.numbers.contains(&pass)
    }

    /// The bar after `bar`, or `None` at the end.
    fn next(&mut self, bar: usize) -> Option<usize> {
        let backward = self.marks[bar].backward;
        let ending = self.ending_at(bar).map(|ending| (ending.highest, ending.last == bar));
        let highest = ending.map_or(1, |(highest, _)| highest);
        if let Some(times) = backward {
            let passes = times.unwrap_or(2).max(highest);
            if self.pass < passes && !self.has_jumped {
                self.pass += 1;
                return Some(self.repeat_start);
            }
        }
        let ends_last_ending =
            ending.is_some_and(|(highest, is_end)| is_end && (self.pass >= highest || self.has_jumped));
        let behind = if ends_last_ending { self.behind_endings(bar) } else { bar + 1 };
        if backward.is_some() || ends_last_ending {
            (self.repeat_start, self.pass) = (behind, 1);
        }
        self.jump(bar).unwrap_or(Some(behind))
    }

    /// The first bar behind the endings that follow directly on one that ends with `bar`.
    fn behind_endings(&self, bar: usize) -> usize {
        let after = self.endings.partition_point(|ending| ending.first <= bar);
        let joined = self.endings[after..].iter();
        joined.fold(bar + 1, |behind, ending| if ending.first == behind { ending.last + 1 } else { behind })
    }

    /// Where a jump at the end of `bar` leads: `Some(None)` to the end, `None` if there is no jump.
    fn jump(&mut self, bar: usize) -> Option<Option<usize>> {
        let marks = &self.marks[bar];
        if self.has_jumped {
            if marks.fine {
                return Some(None);
            }
            let coda = self.last_coda.filter(|&coda| coda > bar);
            self.unread_jumps += usize::from(marks.to_coda && coda.is_none());
            return coda.filter(|_| marks.to_coda).map(Some);
        }
        let target = match (marks.da_capo, marks.dal_segno) {
            (true, _) => Some(0),
            (false, true) => self.segno,
            (false, false) => return None,
        };
        self.unread_jumps += usize::from(target.is_none());
        self.has_jumped = target.is_some();
        (self.repeat_start, self.pass) = (target.unwrap_or(self.repeat_start), 1);
        target.map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bars as words: "|:" and ":|" repeats, ":|3" three times, "1[" and "1,2[" begin an ending, "]" stops it, "S" segno,
    /// "C" coda, "toC", "DC", "DS", "fine", "o" an unexplained coda sign. Returns the order, counted from 1.
    fn order(bars: &[&str]) -> (Vec<usize>, usize) {
        let marks: Vec<Marks> = bars
            .iter()
            .map(|bar| {
                let mut marks = Marks::default();
                for sign in bar.split_whitespace() {
                    match sign {
                        "|:" => marks.forward = true,
                        ":|" => marks.backward = Some(None),
                        "]" => marks.ending_stops = true,
                        "S" => marks.segno = true,
                        "C" => marks.coda = true,
                        "o" => marks.coda_sign = true,
                        "toC" => marks.to_coda = true,
                        "DC" => marks.da_capo = true,
                        "DS" => marks.dal_segno = true,
                        "fine" => marks.fine = true,
                        other => match other.strip_prefix(":|") {
                            Some(times) => marks.backward = Some(Some(times.parse().unwrap())),
                            None => {
                                let numbers = other.strip_suffix('[').expect("a known sign").split(',');
                                marks.ending = Some(numbers.map(|n| n.parse().unwrap()).collect());
                            }
                        },
                    }
                }
                marks
            })
            .collect();
        let mut repairs = Repairs::default();
        let order = playing_order(&marks, 1, &mut repairs).unwrap();
        (order.into_iter().map(|bar| bar + 1).collect(), repairs.unread_jumps)
    }

    fn played(bars: &[&str]) -> Vec<usize> {
        let (order, unread_jumps) = order(bars);
        assert_eq!(unread_jumps, 0);
        order
    }

    #[test]
    fn repeats_go_back_to_their_beginning_or_the_last_end() {
        assert_eq!(played(&["", "", ""]), [1, 2, 3]);
        assert_eq!(played(&["", ":|", "", ":|", ""]), [1, 2, 1, 2, 3, 4, 3, 4, 5]);
        assert_eq!(played(&["", "|:", ":|3", ""]), [1, 2, 3, 2, 3, 2, 3, 4]);
        assert_eq!(played(&["|: :|", "|: :|"]), [1, 1, 2, 2]);
        assert_eq!(played(&["", "|:", ""]), [1, 2, 3], "a beginning without an end is nothing");
        assert_eq!(played(&[":|1", ""]), [1, 2]);
    }

    #[test]
    fn endings_are_played_in_turn() {
        assert_eq!(played(&["|:", "1[ ] :|", "2[ ]", ""]), [1, 2, 1, 3, 4]);
        assert_eq!(played(&["|:", "1,2[", "] :|", "3[ ]", ""]), [1, 2, 3, 1, 2, 3, 1, 4, 5]);
        assert_eq!(played(&["|:", "1[ ] :|", "2[ ] :|", "3[ ]", ""]), [1, 2, 1, 3, 1, 4, 5]);
        assert_eq!(
            played(&["", "1[ ] :|", "2[ ] :|", ""]),
            [1, 2, 1, 3, 4],
            "the sign at the last ending only closes it"
        );
        assert_eq!(played(&["", "1[ ] :|", "2[ ]", "", "1[ ] :|", "2[ ]"]), [1, 2, 1, 3, 4, 5, 4, 6]);
        assert_eq!(played(&["", "1[", ":|", "2[", "]", ""]), [1, 2, 3, 1, 4, 5, 6], "a repeat stops an ending");
    }

    #[test]
    fn after_a_jump_repeats_are_not_taken_and_the_last_ending_is() {
        assert_eq!(played(&["", "fine", "DC"]), [1, 2, 3, 1, 2]);
        assert_eq!(played(&["", ":|", "1[ ] :|", "2[ ] DC"]), [1, 2, 1, 2, 3, 4, 1, 2, 4]);
        assert_eq!(played(&["", "S", "toC", "DS", "C", ""]), [1, 2, 3, 4, 2, 3, 5, 6]);
        assert_eq!(played(&["", "S", "o", "DS", "o", ""]), [1, 2, 3, 4, 2, 3, 5, 6]);
    }

    #[test]
    fn jumps_that_lead_nowhere_are_counted_and_passed() {
        assert_eq!(order(&["", "DS", ""]), (vec![1, 2, 3], 1));
        assert_eq!(order(&["toC", "DC"]), (vec![1, 2, 1, 2], 1));
    }

    #[test]
    fn endless_repeats_are_refused() {
        let marks = vec![Marks { backward: Some(Some(u32::MAX)), ..Marks::default() }];
        let refused = playing_order(&marks, 1, &mut Repairs::default());
        assert_eq!(refused, Err(MusicXmlError::TooManyRepeats { most: MAX_BARS }));
        let marks = vec![Marks::default(); MAX_BARS / 2];
        assert!(playing_order(&marks, 2, &mut Repairs::default()).is_ok());
        assert!(playing_order(&marks, 3, &mut Repairs::default()).is_err());
    }
}
