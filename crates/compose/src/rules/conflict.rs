//! Whether rules can be kept at all, asked before anything is composed; and if not, which few of them cannot stand together.
//!
//! Every rule can be kept by playing less, so two things only are impossible: given notes that break a rule, and a lane
//! that must sound but is left without a pitch. Contradictions are found for any subset of the claims, and more claims
//! never undo one; so leaving out claims as long as the rest contradicts itself ends in a subset of which none can be
//! spared (the deletion filter, Chinneck and Dravnieks 1991, ORSA J. on Computing 3, p. 157). That one need not be the
//! smallest, so all subsets of up to three claims that are smaller are tried as well.

use super::Rule;
use super::hand_span::can_hold;
use super::parallels::is_parallel;
use super::speed::fewest_steps;
use super::strong_beat::is_strong;
use super::words::{demand, lane_name, lane_names, list, pitch_name, place};
use aeolian_canvas::canvas::{LOWEST_PITCH, PITCHES, STEPS};
use aeolian_canvas::{BarPosition, NOTE_LANES, NoteLane};
use aeolian_score::names::chord_name;
use aeolian_score::{Chord, Key};

/// Claims tried together by brute force, at most.
const MOST_TOGETHER: usize = 3;
/// Subsets tried by brute force, at most: well below a second.
const MOST_SUBSETS: usize = 200_000;

/// A note that is given and stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockedNote {
    /// Its lane.
    pub lane: NoteLane,
    /// The sixteenth in which it starts, from the beginning of the piece.
    pub start: usize,
    /// The sixteenth at which it no longer sounds.
    pub end: usize,
    /// Sounding MIDI pitch.
    pub pitch: u8,
}

/// What is certain about a piece before it is composed.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Notes that are given.
    pub notes: Vec<LockedNote>,
    /// Lanes that are given whole: nothing is added to them.
    pub given: [bool; NOTE_LANES],
    /// Lanes that must be able to sound: at some time; and on some strong beat, if they are to play chord tones there.
    pub must_sound: [bool; NOTE_LANES],
    /// The chord of each quarter as it sounds, where it is given; may be shorter than `positions`.
    pub chords: Vec<Option<Chord>>,
    /// The key, for the spelling of names.
    pub key: Option<Key>,
    /// Where each quarter stands in its bar.
    pub positions: Vec<BarPosition>,
    /// Semitones from the canvas up to what sounds.
    pub up: i32,
    /// Quarters a minute.
    pub qpm: f64,
}

/// One thing that is asked or given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// A rule, as an index of the list given.
    Rule(usize),
    /// That a lane sounds.
    Sounds(NoteLane),
    /// A given note, as an index of [`Facts::notes`].
    Note(usize),
}

/// Claims that cannot all be met, none of which can be spared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Which: rules, then lanes, then notes.
    pub claims: Vec<Claim>,
    /// What is wrong, for people.
    pub sentences: Vec<String>,
    /// Whether every smaller subset of up to three claims was tried, and stands.
    pub proven_smallest: bool,
}

/// The smallest conflict among rules (which passed [`Rule::check`]) and facts, or `None` if they can be met together.
pub fn conflict(rules: &[Rule], facts: &Facts) -> Option<Conflict> {
    let case = Case::new(rules, facts);
    let mut claims: Vec<Claim> = (0..rules.len()).map(Claim::Rule).collect();
    claims.extend(NoteLane::ALL.into_iter().filter(|&l| facts.must_sound[l as usize]).map(Claim::Sounds));
    claims.extend((0..facts.notes.len()).map(Claim::Note));
    if !case.contradicts(&claims) {
        return None;
    }
    let minimal = deletion_filter(claims.clone(), &|subset| case.contradicts(subset));
    let (claims, proven_smallest) = match smaller(&claims, minimal.len(), &|subset| case.contradicts(subset)) {
        Search::Found(smaller) => (smaller, true),
        Search::None => (minimal, true),
        Search::GaveUp => (minimal, false),
    };
    let sentences = case.sentences(&claims);
    Some(Conflict { claims, sentences, proven_smallest })
}

/// Leaves out claims while the rest contradicts itself, in ever smaller chunks; in the last round one by one, so that
/// none of what is left can be spared.
fn deletion_filter(mut claims: Vec<Claim>, contradicts: &dyn Fn(&[Claim]) -> bool) -> Vec<Claim> {
    let mut chunk = claims.len().div_ceil(2).max(1);
    loop {
        // From the end, where the notes are: what is asked is a better explanation than what else could be spared.
        let mut end = claims.len();
        while end > 0 {
            let start = end.saturating_sub(chunk);
            let rest: Vec<Claim> = claims[..start].iter().chain(&claims[end..]).copied().collect();
            if contradicts(&rest) {
                claims = rest;
            }
            end = start;
        }
        if chunk == 1 {
            return claims;
        }
        chunk = chunk.div_ceil(2);
    }
}

enum Search {
    Found(Vec<Claim>),
    None,
    GaveUp,
}

/// Looks for a contradiction among fewer than `size` claims and at most [`MOST_TOGETHER`], fewest first. Without a rule
/// there is none; rules come first in the list.
fn smaller(claims: &[Claim], size: usize, contradicts: &dyn Fn(&[Claim]) -> bool) -> Search {
    let mut tried = 0;
    for count in 1..size.min(MOST_TOGETHER + 1) {
        let mut picked: Vec<usize> = (0..count).collect();
        while picked.last().is_some_and(|&last| last < claims.len()) && matches!(claims[picked[0]], Claim::Rule(_)) {
            let subset: Vec<Claim> = picked.iter().map(|&i| claims[i]).collect();
            if contradicts(&subset) {
                return Search::Found(subset);
            }
            tried += 1;
            if tried == MOST_SUBSETS {
                return Search::GaveUp;
            }
            next_combination(&mut picked, claims.len());
        }
    }
    Search::None
}

/// The next ascending choice of so many of `n`, in dictionary order; past the last one, a choice that is out of bounds.
fn next_combination(picked: &mut [usize], n: usize) {
    let count = picked.len();
    let Some(at) = (0..count).rfind(|&i| picked[i] + count - i < n) else {
        picked[count - 1] = n;
        return;
    };
    let first = picked[at] + 1;
    picked[at..].iter_mut().enumerate().for_each(|(i, slot)| *slot = first + i);
}

/// Rules and facts, and what is known of them as a whole.
struct Case<'a> {
    rules: &'a [Rule],
    facts: &'a Facts,
    /// Notes (indices) that make a parallel in two lanes given whole, by rule.
    parallels: Vec<(usize, [usize; 4])>,
    /// Rules whose share of foreign notes the given lanes exceed.
    too_foreign: Vec<usize>,
}

/// A set of MIDI pitches.
type Pitches = u128;

impl<'a> Case<'a> {
    fn new(rules: &'a [Rule], facts: &'a Facts) -> Self {
        let mut case = Self { rules, facts, parallels: Vec::new(), too_foreign: Vec::new() };
        for (index, rule) in rules.iter().enumerate() {
            match rule {
                Rule::NoParallels { upper, lower } if case.given(*upper) && case.given(*lower) => {
                    let found = case.given_parallels(*upper, *lower);
                    case.parallels.extend(found.into_iter().map(|notes| (index, notes)));
                }
                Rule::Scale { pitch_classes, tension, .. } if *tension > 0.0 => {
                    let whole = NoteLane::ALL.into_iter().all(|lane| !rule.concerns(lane) || case.given(lane));
                    let notes = || facts.notes.iter().filter(|n| rule.concerns(n.lane));
                    let foreign = notes().filter(|n| !is_in(*pitch_classes, n.pitch)).count();
                    if whole && foreign as f64 > *tension * notes().count() as f64 + 1e-9 {
                        case.too_foreign.push(index);
                    }
                }
                _ => {}
            }
        }
        case
    }

    fn given(&self, lane: NoteLane) -> bool {
        self.facts.given[lane as usize]
    }

    /// The four notes of every parallel between two lanes that are given whole.
    fn given_parallels(&self, upper: NoteLane, lower: NoteLane) -> Vec<[usize; 4]> {
        let notes = &self.facts.notes;
        let line = |lane: NoteLane, step: usize, highest: bool| {
            let here = (0..notes.len()).filter(|&i| notes[i].lane == lane && sounds(&notes[i], step));
            let pitch = |&i: &usize| notes[i].pitch;
            let found = if highest { here.max_by_key(pitch) } else { here.min_by_key(pitch) };
            found.filter(|&i| notes[i].start == step)
        };
        let mut steps: Vec<usize> = notes.iter().filter(|n| n.lane == upper).map(|n| n.start).collect();
        steps.sort_unstable();
        steps.dedup();
        let moments: Vec<(usize, usize)> = steps
            .into_iter()
            .filter_map(|step| Some((line(upper, step, true)?, line(lower, step, lower == NoteLane::Melody)?)))
            .filter(|(u, l)| u != l)
            .collect();
        let pitches = |(u, l): (usize, usize)| (usize::from(notes[u].pitch), usize::from(notes[l].pitch));
        let parallel = moments.windows(2).filter(|pair| is_parallel(pitches(pair[0]), pitches(pair[1])));
        parallel.map(|pair| [pair[0].0, pair[0].1, pair[1].0, pair[1].1]).collect()
    }

    fn chord(&self, step: usize) -> Option<Chord> {
        *self.facts.chords.get(step / STEPS)?
    }

    fn is_strong(&self, step: usize) -> bool {
        let Some(position) = self.facts.positions.get(step / STEPS) else { return false };
        let length = 2 * usize::from(position.bar_eighths).max(1);
        is_strong((2 * usize::from(position.eighth) + step % STEPS) % length, length)
    }

    /// Whether these claims cannot all be met. A superset of a contradiction is one.
    fn contradicts(&self, claims: &[Claim]) -> bool {
        let notes: Vec<usize> =
            claims.iter().filter_map(|c| if let Claim::Note(note) = c { Some(*note) } else { None }).collect();
        claims.iter().any(|claim| match claim {
            Claim::Rule(rule) => self.breaks(*rule, &notes),
            Claim::Sounds(lane) => self.is_left_silent(*lane, claims),
            Claim::Note(_) => false,
        })
    }

    /// Whether given notes break a rule by themselves.
    fn breaks(&self, index: usize, numbers: &[usize]) -> bool {
        let rule = &self.rules[index];
        let notes = || numbers.iter().map(|&n| &self.facts.notes[n]).filter(|n| rule.concerns(n.lane));
        match rule {
            Rule::Silent { .. } => notes().next().is_some(),
            Rule::Range { lowest, highest, .. } => notes().any(|n| !(*lowest..=*highest).contains(&n.pitch)),
            Rule::Scale { tension, .. } if *tension > 0.0 => self.too_foreign.contains(&index),
            Rule::Scale { pitch_classes, .. } => notes().any(|n| !is_in(*pitch_classes, n.pitch)),
            Rule::Onsets { allowed_steps, .. } => notes().any(|n| !allowed_steps[n.start % STEPS]),
            Rule::ChordTonesOnStrongBeats { .. } => notes().any(|n| {
                let chord = self.chord(n.start).filter(|_| self.is_strong(n.start));
                chord.is_some_and(|chord| !is_in(chord.pitch_classes(), n.pitch))
            }),
            Rule::MostVoices { voices, .. } => {
                notes().any(|n| notes().filter(|other| sounds(other, n.start)).count() > *voices)
            }
            Rule::HandSpan { semitones, hands, .. } => notes().any(|n| {
                let here = notes().filter(|other| sounds(other, n.start));
                let mut keys: Vec<usize> = here.map(|other| usize::from(other.pitch)).collect();
                keys.sort_unstable();
                !can_hold(&keys, usize::from(*semitones), *hands)
            }),
            Rule::Speed { most_per_second, .. } => {
                let apart = fewest_steps(*most_per_second, self.facts.qpm);
                let mut starts: Vec<usize> = notes().map(|n| n.start).collect();
                starts.sort_unstable();
                starts.windows(2).any(|pair| pair[0] != pair[1] && pair[1] - pair[0] < apart)
            }
            Rule::NoParallels { .. } => {
                let here = self.parallels.iter().filter(|(rule, _)| *rule == index);
                here.into_iter().any(|(_, four)| four.iter().all(|note| numbers.contains(note)))
            }
        }
    }

    /// Whether the rules among these claims leave a lane no pitch: nowhere, or on no strong beat if it is to play chord
    /// tones there. A strong beat on which the piece's grid of onsets lets nothing start asks for no chord tone.
    fn is_left_silent(&self, lane: NoteLane, claims: &[Claim]) -> bool {
        let rules: Vec<&Rule> = claims
            .iter()
            .filter_map(|c| if let Claim::Rule(rule) = c { Some(&self.rules[*rule]) } else { None })
            .filter(|rule| rule.concerns(lane))
            .collect();
        let steps = self.facts.positions.len() * STEPS;
        if steps == 0 {
            return false;
        }
        let silent_somehow = |step: usize| self.pitches_left(lane, &rules, step) == 0;
        if (0..steps).all(silent_somehow) {
            return true;
        }
        let chords_asked = rules.iter().any(|rule| matches!(rule, Rule::ChordTonesOnStrongBeats { .. }));
        let on_grid = |step: usize| {
            let grids = self.rules.iter().filter(|rule| rule.concerns(lane));
            grids
                .into_iter()
                .all(|rule| !matches!(rule, Rule::Onsets { allowed_steps, .. } if !allowed_steps[step % STEPS]))
        };
        let mut strong = (0..steps).filter(|&step| self.is_strong(step) && on_grid(step)).peekable();
        chords_asked && strong.peek().is_some() && strong.all(silent_somehow)
    }

    /// The pitches that rules leave for an onset of a lane in a step.
    fn pitches_left(&self, lane: NoteLane, rules: &[&Rule], step: usize) -> Pitches {
        let lowest = i32::from(LOWEST_PITCH) + self.facts.up;
        rules.iter().fold(span(lowest, lowest + PITCHES as i32 - 1), |left, rule| {
            let allowed = match rule {
                Rule::Silent { .. } => 0,
                Rule::Range { lowest, highest, .. } => span(i32::from(*lowest), i32::from(*highest)),
                // A lane cannot play foreign notes only, unless others make up for it.
                Rule::Scale { pitch_classes, tension, lanes }
                    if *tension <= 0.0
                        || *tension < 1.0 && lanes.as_ref().is_some_and(|l| l.iter().all(|&l| l == lane)) =>
                {
                    // On a strong beat it may, as long as others are not.
                    if *tension > 0.0 && self.is_strong(step) { Pitches::MAX } else { of_classes(*pitch_classes) }
                }
                Rule::Onsets { allowed_steps, .. } if !allowed_steps[step % STEPS] => 0,
                Rule::ChordTonesOnStrongBeats { .. } if self.is_strong(step) => {
                    self.chord(step).map_or(Pitches::MAX, |chord| of_classes(chord.pitch_classes()))
                }
                _ => Pitches::MAX,
            };
            left & allowed
        })
    }

    fn sentences(&self, claims: &[Claim]) -> Vec<String> {
        let rules: Vec<&Rule> = claims
            .iter()
            .filter_map(|c| if let Claim::Rule(rule) = c { Some(&self.rules[*rule]) } else { None })
            .collect();
        let demands: Vec<String> = rules.iter().map(|rule| demand(rule, self.facts.key, self.one_chord())).collect();
        let sounding = claims.iter().find_map(|c| if let Claim::Sounds(lane) = c { Some(*lane) } else { None });
        let notes: Vec<&LockedNote> = claims
            .iter()
            .filter_map(|c| if let Claim::Note(note) = c { Some(&self.facts.notes[*note]) } else { None })
            .collect();
        let sentence = match (sounding, notes.as_slice()) {
            (Some(lane), _) => {
                let chords = rules.iter().any(|rule| matches!(rule, Rule::ChordTonesOnStrongBeats { .. }));
                let end = match (rules.as_slice(), chords) {
                    ([Rule::Silent { .. }], _) => "it is asked to sound",
                    (_, true) => "no pitch is left on any strong beat",
                    _ => "no pitch is left",
                };
                format!("the {} cannot {}: {end}", lane_name(lane), list(&demands))
            }
            (None, []) => {
                let all = self.facts.notes.iter().filter(|n| rules.iter().any(|rule| rule.concerns(n.lane))).count();
                format!("{} cannot {}: its {all} notes are given", self.subject(&rules), list(&demands))
            }
            (None, notes) => {
                let verb = if notes.len() == 1 { "is" } else { "are" };
                let names: Vec<String> = notes.iter().map(|note| self.note_name(note)).collect();
                format!("{} cannot {}: {} {verb} given", self.subject(&rules), list(&demands), list(&names))
            }
        };
        vec![sentence]
    }

    /// Whom the rules of a conflict speak of.
    fn subject(&self, rules: &[&Rule]) -> String {
        if let [Rule::NoParallels { upper, .. }] = rules {
            return lane_names(&[*upper]);
        }
        let concerned = |&lane: &NoteLane| rules.iter().any(|rule| rule.concerns(lane));
        lane_names(&NoteLane::ALL.into_iter().filter(concerned).collect::<Vec<_>>())
    }

    /// "G5 of the melody at bar 1, beat 1".
    fn note_name(&self, note: &LockedNote) -> String {
        let quarter = (note.start / STEPS).min(self.facts.positions.len().saturating_sub(1));
        let bars = self.facts.positions[..(quarter + 1).min(self.facts.positions.len())]
            .windows(2)
            .filter(|pair| pair[1].eighth <= pair[0].eighth)
            .count();
        let into = self.facts.positions.get(quarter).map_or(0, |p| 2 * usize::from(p.eighth)) + note.start % STEPS;
        let pitch = pitch_name(note.pitch, self.facts.key);
        format!("{pitch} of the {} at {}", lane_name(note.lane), place(bars, into))
    }

    /// The name of the chord of all strong beats, if there is only one.
    fn one_chord(&self) -> Option<String> {
        let strong = (0..self.facts.positions.len() * STEPS).filter(|&step| self.is_strong(step));
        let mut chords = strong.map(|step| self.chord(step));
        let first = chords.next()??;
        chords.all(|chord| chord == Some(first)).then(|| chord_name(first, self.facts.key))
    }
}

fn sounds(note: &LockedNote, step: usize) -> bool {
    note.start <= step && step < note.end.max(note.start + 1)
}

fn is_in(pitch_classes: u16, pitch: u8) -> bool {
    pitch_classes >> (pitch % 12) & 1 == 1
}

/// The MIDI pitches from `lowest` to `highest`.
fn span(lowest: i32, highest: i32) -> Pitches {
    (lowest.clamp(0, 127)..=highest.clamp(-1, 127)).fold(0, |set, pitch| set | 1 << pitch)
}

fn of_classes(pitch_classes: u16) -> Pitches {
    (0..128).filter(|&pitch| is_in(pitch_classes, pitch)).fold(0, |set, pitch| set | 1 << pitch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use NoteLane::{Counter, Harmony, Melody};
    use aeolian_score::ChordQuality;

    fn facts(bars: usize, chord: Option<Chord>) -> Facts {
        Facts {
            notes: Vec::new(),
            given: [false; NOTE_LANES],
            must_sound: [true, false, false, false, false, false],
            chords: vec![chord; 4 * bars],
            key: None,
            positions: aeolian_canvas::Canvas::new(4 * bars).positions,
            up: 0,
            qpm: 60.0,
        }
    }

    fn note(lane: NoteLane, start: usize, end: usize, pitch: u8) -> LockedNote {
        LockedNote { lane, start, end, pitch }
    }

    fn range(lowest: u8, highest: u8) -> Rule {
        Rule::Range { lane: Melody, lowest, highest }
    }

    fn told(rules: &[Rule], facts: &Facts) -> Option<(Vec<Claim>, String)> {
        conflict(rules, facts).map(|c| {
            assert!(c.proven_smallest && c.sentences.len() == 1);
            (c.claims, c.sentences[0].clone())
        })
    }

    #[test]
    fn rules_that_leave_no_pitch_are_named_and_others_are_not() {
        let b_flat_minor = Some(Chord::new(10, ChordQuality::Minor));
        let rules = [
            Rule::MostVoices { lane: None, voices: 3 },
            range(62, 64),
            Rule::ChordTonesOnStrongBeats { lanes: vec![Melody, Harmony] },
        ];
        let (claims, sentence) = told(&rules, &facts(2, b_flat_minor)).expect("D4 to E4 has no B flat minor");
        assert_eq!(claims, [Claim::Rule(1), Claim::Rule(2), Claim::Sounds(Melody)]);
        let expected = "the melody cannot stay within D4–E4 and play only Bbm chord tones on strong beats: \
                        no pitch is left on any strong beat";
        assert_eq!(sentence, expected);
        assert_eq!(told(&rules, &facts(2, None)), None, "no chord is given");
        let wide = [range(61, 64), rules[2].clone()];
        assert_eq!(told(&wide, &facts(2, b_flat_minor)), None, "D flat is enough");
        let mut may_rest = facts(2, b_flat_minor);
        may_rest.must_sound = [false; NOTE_LANES];
        assert_eq!(told(&rules, &may_rest), None, "a lane that may rest keeps every rule");
        let mut off = rules.to_vec();
        off.push(Rule::Onsets { lane: Melody, allowed_steps: [false, true, false, true] });
        assert_eq!(told(&off, &facts(2, b_flat_minor)), None, "nothing starts on a beat at all");
    }

    #[test]
    fn scales_ranges_and_grids_may_exclude_one_another() {
        let scale = |pitch_classes, tension| Rule::Scale { pitch_classes, tension, lanes: Some(vec![Melody]) };
        let told = |rules: &[Rule]| told(rules, &facts(1, None)).map(|c| c.1);
        let end = "no pitch is left";
        assert_eq!(
            told(&[range(61, 61), scale(1, 0.0)]),
            Some(format!("the melody cannot stay within C#4–C#4 and use only C: {end}"))
        );
        assert!(told(&[range(61, 61), scale(1, 0.9)]).is_none(), "tension on strong beats");
        assert!(told(&[scale(1, 0.0), scale(2, 0.0)]).is_some());
        let grid = |allowed_steps| Rule::Onsets { lane: Melody, allowed_steps };
        assert!(told(&[grid([true, false, false, false]), grid([false, true, true, true])]).is_some());
        assert_eq!(
            told(&[Rule::Silent { lane: Melody }]).as_deref(),
            Some("the melody cannot be silent: it is asked to sound")
        );
        assert!(told(&[range(109, 127)]).is_some(), "beyond the keys of the canvas");
        assert!(told(&[range(108, 127)]).is_none());
    }

    #[test]
    fn given_notes_that_break_a_rule_are_named() {
        let mut facts = facts(2, None);
        facts.notes = vec![note(Melody, 0, 4, 60), note(Melody, 20, 24, 79), note(Harmony, 20, 22, 79)];
        let (claims, sentence) = told(&[range(60, 72)], &facts).expect("G5 is given");
        assert_eq!(claims, [Claim::Rule(0), Claim::Note(1)]);
        assert_eq!(sentence, "the melody cannot stay within C4–C5: G5 of the melody at bar 2, beat 2 is given");
        assert_eq!(told(&[range(60, 79)], &facts), None);
    }

    #[test]
    fn only_as_many_notes_as_conflict_are_named() {
        let mut facts = facts(1, None);
        facts.notes = (0..8).map(|i| note(Harmony, usize::from(i), 8, 40 + 5 * i)).collect();
        let voices = |voices| Rule::MostVoices { lane: Some(Harmony), voices };
        assert_eq!(told(&[voices(8)], &facts), None);
        assert_eq!(told(&[voices(2)], &facts).map(|c| c.0.len()), Some(4), "the rule and three notes");
        let hand = |semitones| Rule::HandSpan { lane: Harmony, semitones, hands: 1 };
        assert_eq!(told(&[hand(16)], &facts).map(|c| c.0.len()), Some(3));
        // Speed is broken by two notes, and needs fewer than the five of the voices.
        let speed = Rule::Speed { lane: Harmony, most_per_second: 2.0 };
        let (claims, _) = told(&[voices(3), speed], &facts).expect("a sixteenth apart");
        assert!(claims.len() == 3 && claims[0] == Claim::Rule(1), "{claims:?}");
    }

    #[test]
    fn parallels_and_shares_conflict_only_between_lanes_given_whole() {
        let mut facts = facts(1, None);
        facts.notes =
            vec![note(Melody, 0, 4, 67), note(Melody, 4, 8, 69), note(Counter, 0, 4, 60), note(Counter, 4, 8, 62)];
        let rules = [
            Rule::NoParallels { upper: Melody, lower: Counter },
            Rule::Scale { pitch_classes: 0b1000_0000, tension: 0.5, lanes: Some(vec![Melody]) },
        ];
        assert_eq!(told(&rules, &facts), None);
        facts.given = [true, true, false, false, false, false];
        let (claims, sentence) = told(&rules[..1], &facts).expect("parallel fifths");
        assert_eq!(claims.len(), 5);
        assert!(sentence.starts_with("the melody cannot avoid parallels with the counter-melody: G4"), "{sentence}");
        facts.notes.push(note(Melody, 8, 9, 61));
        assert_eq!(told(&rules, &facts).map(|c| c.0), Some(vec![Claim::Rule(1)]), "two of three are foreign");
    }

    #[test]
    fn a_conflict_is_found_in_a_long_piece() {
        let mut facts = facts(200, None);
        facts.notes = (0..1500).map(|i| note(Harmony, 2 * i, 2 * i + 2, 48 + (i % 12) as u8)).collect();
        let rules =
            [Rule::MostVoices { lane: None, voices: 2 }, Rule::HandSpan { lane: Harmony, semitones: 12, hands: 1 }];
        assert_eq!(told(&rules, &facts), None);
        facts.notes.push(note(Harmony, 2001, 2003, 84));
        let (claims, sentence) = told(&rules, &facts).expect("two octaves apart");
        assert_eq!((claims[0], claims.len()), (Claim::Rule(1), 3));
        assert!(sentence.starts_with("the harmony cannot lie under one hand of 12 semitones: "), "{sentence}");
    }

    #[test]
    fn combinations_come_in_order_and_end() {
        let mut picked = vec![0, 1];
        let mut seen = Vec::new();
        while picked[1] < 4 {
            seen.push((picked[0], picked[1]));
            next_combination(&mut picked, 4);
        }
        assert_eq!(seen, [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]);
    }

    #[test]
    fn the_deletion_filter_spares_all_but_what_contradicts() {
        let claims: Vec<Claim> = (0..100).map(Claim::Note).collect();
        let needs = |subset: &[Claim]| [3, 50, 99].iter().all(|&n| subset.contains(&Claim::Note(n)));
        assert_eq!(deletion_filter(claims, &needs), [3, 50, 99].map(Claim::Note));
    }
}
