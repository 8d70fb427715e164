//! Repeats, endings and the order of parts, played out: which items sound, in which order.
//!
//! Standard 2.1, sections 4.8–4.10: `:|` without `|:` goes back to the latest of the beginning, a double bar line and the
//! end of another repeat; an ending ends at a double bar line or where a repeat ends or starts.

use super::MAX_EVENTS;
use super::body::{Item, MAX_ENDING};

/// Indices of items in the order they sound, and whether all fit.
pub(super) struct Played {
    pub order: Vec<usize>,
    /// Where in `order` a section begins to be played, and the item at which it is written: equal items, equal music.
    pub sections: Vec<(usize, usize)>,
    pub cut_short: bool,
}

/// Plays items out; with an order of parts, the labelled parts in that order.
pub(super) fn unfold(items: &[Item], parts: Option<&[char]>) -> Played {
    let mut played = Played { order: Vec::new(), sections: Vec::new(), cut_short: false };
    let labels: Vec<(char, usize)> = items
        .iter()
        .enumerate()
        .filter_map(|(i, item)| if let Item::Label(c) = item { Some((*c, i)) } else { None })
        .collect();
    let known =
        |parts: &&[char]| !labels.is_empty() && parts.iter().all(|p| labels.iter().any(|(label, _)| label == p));
    let Some(parts) = parts.filter(known) else {
        walk(items, 0, items.len(), &mut played);
        return played;
    };
    // What stands before the first label belongs to all of it: metre, key and tempo, and perhaps a pickup.
    walk(items, 0, labels[0].1, &mut played);
    for part in parts {
        // `known` has made sure that the label is there.
        let Some(index) = labels.iter().position(|(label, _)| label == part) else { continue };
        let end = labels.get(index + 1).map_or(items.len(), |(_, at)| *at);
        walk(items, labels[index].1, end, &mut played);
    }
    played
}

/// Where a walk through items stands.
struct Section {
    /// Where the next `:|` goes back to.
    start: usize,
    /// A `|:` has opened it and no `:|` closed it yet.
    opened: bool,
    /// Which time it is played, counted from 1.
    pass: u32,
    /// Inside an ending.
    in_ending: bool,
    /// How often it is played, once a `:|` has asked for it.
    passes: Option<u32>,
}

impl Section {
    fn from(start: usize, opened: bool) -> Self {
        Self { start, opened, pass: 1, in_ending: false, passes: None }
    }
}

fn walk(items: &[Item], from: usize, to: usize, played: &mut Played) {
    let mut section = Section::from(from, false);
    let mut at = from;
    played.sections.push((played.order.len(), from));
    while at < to {
        if played.order.len() >= MAX_EVENTS {
            played.cut_short = true;
            return;
        }
        match &items[at] {
            Item::Bar(bar) => {
                played.order.push(at);
                let passes = section.passes;
                if bar.ends_repeat
                    && section.pass
                        < *section.passes.insert(passes.unwrap_or_else(|| count_passes(items, section.start, at, to)))
                {
                    section = Section { pass: section.pass + 1, in_ending: false, ..section };
                    at = section.start;
                    played.sections.push((played.order.len(), at));
                    continue;
                }
                let before = section.start;
                if bar.starts_repeat {
                    section = Section::from(at + 1, true);
                } else if (bar.ends_repeat && !ending_follows(items, at, to)) || (bar.double && ends(&section)) {
                    section = Section::from(at + 1, false);
                }
                if section.start != before {
                    played.sections.push((played.order.len(), section.start));
                }
            }
            Item::Ending(passes) => {
                if passes & (1 << (section.pass - 1)) == 0 {
                    match skip_ending(items, at, to, section.pass) {
                        Some(next) => {
                            section.in_ending = true;
                            at = next + 1;
                        }
                        None => at = after_repeat(items, at, to),
                    }
                    continue;
                }
                section.in_ending = true;
            }
            _ => played.order.push(at),
        }
        at += 1;
    }
}

/// True where a double bar line begins a new section: not inside an opened repeat that has not come to its end.
fn ends(section: &Section) -> bool {
    !section.opened || (section.in_ending && section.pass > 1)
}

/// How often the section whose `:|` stands at `at` is played: twice, or as often as its endings say.
fn count_passes(items: &[Item], start: usize, at: usize, to: usize) -> u32 {
    let mut highest = 0;
    for (index, item) in items.iter().enumerate().take(to).skip(start) {
        match item {
            Item::Ending(passes) => highest = highest.max(u32::BITS - passes.leading_zeros()),
            Item::Bar(bar) if index >= at && bar.ends_repeat && !ending_follows(items, index, to) => break,
            Item::Bar(bar) if index > at && (bar.double || bar.starts_repeat) => break,
            _ => {}
        }
    }
    highest.clamp(2, MAX_ENDING)
}

/// True if an ending stands right behind the bar line at `at`, or the lines of the text part them by nothing that sounds.
fn ending_follows(items: &[Item], at: usize, to: usize) -> bool {
    let next = items[at + 1..to]
        .iter()
        .find(|item| !matches!(item, Item::Chord(_) | Item::Meter(_) | Item::Key(_) | Item::Tempo(_)));
    matches!(next, Some(Item::Ending(_)))
}

/// The ending for `pass` behind the one at `at`, within its section.
fn skip_ending(items: &[Item], at: usize, to: usize, pass: u32) -> Option<usize> {
    for (index, item) in items.iter().enumerate().take(to).skip(at + 1) {
        match item {
            Item::Ending(passes) if passes & (1 << (pass - 1)) != 0 => return Some(index),
            Item::Bar(bar)
                if (bar.starts_repeat || bar.double || bar.ends_repeat) && !ending_follows(items, index, to) =>
            {
                return None;
            }
            _ => {}
        }
    }
    None
}

/// Behind the bar line at which the ending at `at` ends.
fn after_repeat(items: &[Item], at: usize, to: usize) -> usize {
    let ends = |item: &Item| matches!(item, Item::Bar(bar) if bar.starts_repeat || bar.double || bar.ends_repeat);
    items[at..to].iter().position(ends).map_or(to, |index| at + index + 1)
}

#[cfg(test)]
mod tests {
    use super::super::lines;
    use super::*;

    /// The pitches of a tune in C as letters, in the order they sound.
    fn played(music: &str) -> String {
        let written = lines::read(&format!("X:1\nL:1/4\nM:4/4\nK:C\n{music}\n"));
        let items = &written.voices[0].items;
        let sound = |index: &usize| match &items[*index] {
            Item::Sound { pitches, .. } => {
                pitches.first().map(|p| "c.d.ef.g.a.b".as_bytes()[usize::from(p.pitch % 12)] as char)
            }
            _ => None,
        };
        unfold(items, written.header.order.as_deref()).order.iter().filter_map(sound).collect()
    }

    #[test]
    fn repeats_are_played_twice() {
        assert_eq!(played("C|:D:|E"), "cdde");
        assert_eq!(played("C|D:|E"), "cdcde", "without a start, from the beginning");
        assert_eq!(played("C::D:|"), "ccdd");
        assert_eq!(played("C||D:|E"), "cdde", "from the last double bar line");
        assert_eq!(played("|:C||D:|"), "cdcd", "a double bar line does not break an opened repeat");
        assert_eq!(played("C:|D:|"), "ccdd");
        assert_eq!(played("C:||:D:|"), "ccdd");
        assert_eq!(played("|:C|:D:|"), "cdd", "a second start replaces the first");
    }

    #[test]
    fn endings_are_chosen_by_pass() {
        assert_eq!(played("|:C|1D:|2E||F"), "cdcef");
        assert_eq!(played("C|1D:|2E|]F"), "cdcef");
        assert_eq!(played("C|[1D:|[2E|F:|G"), "cdcefg", "the second ending's repeat sign does not repeat again");
        assert_eq!(played("|:C|1,3D:|2E:|4F||"), "cdcecdcf");
        assert_eq!(played("|:C|1-3D:|4E||"), "cdcdcdce");
        assert_eq!(played("|:C|1D:|2E::F:|"), "cdceff");
        assert_eq!(played("|:C|1D:|\n[2E||F:|"), "cdceff", "a section starts after the second ending");
        assert_eq!(played("|:C|1D:|E"), "cdce", "where the second pass has no ending, it goes on behind");
    }

    #[test]
    fn parts_are_played_in_the_order_of_the_header() {
        let music = |order: &str| format!("{order}\nK:C\n");
        let written = |order: &str| {
            let text = format!("X:1\nL:1/4\nM:4/4\nP:{}P:A\nC:|\nP:B\nD|]\n", music(order));
            let read = lines::read(&text);
            unfold(&read.voices[0].items, read.header.order.as_deref())
                .order
                .iter()
                .filter(|i| matches!(read.voices[0].items[**i], Item::Sound { .. }))
                .count()
        };
        assert_eq!(written("ABA"), 2 + 1 + 2);
        assert_eq!(written("AC"), 2 + 1, "an order with a part that is not there is not followed");
    }

    #[test]
    fn a_walk_never_grows_without_end() {
        let music = "|:C|1-16D:|".repeat(2_000);
        assert!(played(&music).len() < 200_000);
    }
}
