//! What [`RuleSet::settle`] promises, tried on random draws: they end obedient, what is locked stays, and what obeys
//! already comes back as it was.

use super::sketch::Sketch;
use super::sketch::tests::{layout, rows};
use super::{Frame, Rule, RuleError, RuleSet, parallels, verify};
use aeolian_canvas::canvas::{CELLS, LOWEST_PITCH, PITCHES, STEPS};
use aeolian_canvas::cells::{GROUPS, UNKNOWN, read_quarter};
use aeolian_canvas::{BarPosition, Canvas, ChordCell, DecodeContext, NOTE_LANES, NoteCell, NoteLane, Timing, decode};
use aeolian_diffusion::{Constraint, Look, Noise};
use aeolian_score::Score;
use std::collections::BTreeMap;

/// Quarters of a random draw: two bars of 4/4.
const QUARTERS: usize = 8;
const NOTES: usize = NOTE_LANES * CELLS;

/// Random numbers in a row.
struct Dice(Noise, u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(Noise::new(seed), 0)
    }

    fn chance(&mut self, p: f64) -> bool {
        self.1 += 1;
        self.0.uniform(self.1) < p
    }

    /// From 0 to below n.
    fn below(&mut self, n: usize) -> usize {
        self.1 += 1;
        (self.0.uniform(self.1) * n as f64) as usize
    }

    fn lane(&mut self) -> NoteLane {
        NoteLane::ALL[self.below(3)]
    }
}

fn random_rules(dice: &mut Dice) -> Vec<Rule> {
    let lowest = 30 + dice.below(30) as u8;
    let all = [
        Rule::Range { lane: dice.lane(), lowest, highest: lowest + 5 + dice.below(30) as u8 },
        Rule::Scale { pitch_classes: 0b1010_1011_0101, tension: dice.below(3) as f64 * 0.1, lanes: None },
        Rule::Scale { pitch_classes: 1 + dice.below(0xFFF) as u16, tension: 0.3, lanes: Some(vec![dice.lane()]) },
        Rule::ChordTonesOnStrongBeats { lanes: vec![NoteLane::Melody, dice.lane()] },
        Rule::MostVoices { lane: None, voices: 1 + dice.below(8) },
        Rule::MostVoices { lane: Some(dice.lane()), voices: 1 + dice.below(4) },
        Rule::HandSpan { lane: dice.lane(), semitones: 7 + dice.below(12) as u8, hands: 1 + dice.below(2) as u8 },
        Rule::NoParallels { upper: dice.lane(), lower: dice.lane() },
        Rule::NoParallels { upper: NoteLane::Melody, lower: NoteLane::Harmony },
        Rule::Speed { lane: dice.lane(), most_per_second: 1.0 + dice.below(8) as f64 },
        Rule::Silent { lane: NoteLane::Counter },
        Rule::Onsets { lane: dice.lane(), allowed_steps: [true, dice.chance(0.3), dice.chance(0.7), dice.chance(0.3)] },
    ];
    all.into_iter().filter(|rule| dice.chance(if matches!(rule, Rule::Silent { .. }) { 0.1 } else { 0.6 })).collect()
}

/// Whole notes, or with noise in every cell, and chords and timing at random.
fn random_canvas(dice: &mut Dice, noise: f64) -> Canvas {
    let mut canvas = Canvas::new(QUARTERS);
    let bar_eighths = [8, 6, 7, 4][dice.below(4)];
    for (quarter, position) in canvas.positions.iter_mut().enumerate() {
        *position = BarPosition { eighth: (2 * quarter % usize::from(bar_eighths)) as u8, bar_eighths };
    }
    let steps = QUARTERS * STEPS;
    for _ in 0..20 + dice.below(60) {
        let (lane, start, pitch) = (dice.lane(), dice.below(steps), 36 + dice.below(48) as u8);
        for step in start..(start + 1 + dice.below(8)).min(steps) {
            let cell = if step == start { NoteCell::Onset } else { NoteCell::Hold };
            *canvas.cell_mut(lane, step, pitch) = cell;
        }
    }
    for lane in NoteLane::ALL {
        for step in 0..steps {
            for key in 0..PITCHES as u8 {
                if noise > 0.0 && dice.chance(noise) {
                    let cell = [NoteCell::Silent, NoteCell::Onset, NoteCell::Hold][dice.below(3)];
                    *canvas.cell_mut(lane, step, LOWEST_PITCH + key) = cell;
                }
            }
            canvas.steps[lane as usize][step].timing = [Timing::On, Timing::Early, Timing::Late][dice.below(3)];
        }
    }
    for chord in &mut canvas.chords {
        let root = dice.chance(0.9).then(|| dice.below(12) as u8);
        *chord =
            Some(ChordCell { root, bass: root.map(|_| dice.below(12) as u8), pitch_classes: dice.below(4096) as u16 });
    }
    canvas
}

/// Locks some of a canvas of whole notes: nothing, silences, notes, quarters, or a lane.
fn random_locks(dice: &mut Dice, given: &[u8], constraint: &mut Constraint) {
    let kind = dice.below(5);
    let (from, to) = [(0, 3), (5, QUARTERS), (3, 5)][dice.below(3)];
    let lane = dice.below(3);
    for token in 0..QUARTERS {
        for group in 0..NOTES {
            let choice = given[token * GROUPS + group];
            // A hold that begins in the given quarters must be a note there: two cells at the least.
            let first_step = group % CELLS < PITCHES;
            let lone = choice == 2 && first_step && given[token * GROUPS + group + PITCHES] != 2;
            match kind {
                1 if dice.chance(0.05) => constraint.lock(token, group, 0),
                2 if choice > 0 && whole_note_is_chosen(given, token, group) => constraint.lock(token, group, choice),
                3 if (from..to).contains(&token) => {
                    constraint.lock(token, group, if lone && token == from { 0 } else { choice });
                }
                4 if group / CELLS == lane => constraint.lock(token, group, choice),
                _ => {}
            }
        }
    }
}

/// Every third note, by where it starts.
fn whole_note_is_chosen(given: &[u8], token: usize, group: usize) -> bool {
    let mut step = token * STEPS + group % CELLS / PITCHES;
    let column = group / CELLS * CELLS + group % PITCHES;
    let at = |step: usize| given[step / STEPS * GROUPS + step % STEPS * PITCHES + column];
    while at(step) == 2 && step > 0 {
        step -= 1;
    }
    (step + column).is_multiple_of(3)
}

/// A random case: rules and their frame, a draw that keeps to what is allowed, its log-odds and locks.
struct Case {
    rules: Vec<Rule>,
    frame: Frame,
    constraint: Constraint,
    locks: Vec<Option<u8>>,
    drawn: Vec<u8>,
    odds: Vec<f32>,
}

/// Makes a draw one that the posterior could have drawn.
fn keep_to(constraint: &Constraint, drawn: &mut [u8]) {
    for (choice, set) in drawn.iter_mut().zip(constraint.allowed()) {
        if *choice != UNKNOWN && !set.contains(usize::from(*choice)) {
            *choice = (0..3).find(|&c| set.contains(usize::from(c))).expect("something is allowed");
        }
    }
}

impl Case {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let rules = random_rules(&mut dice);
        let noise = [0.0, 0.003, 0.02, 0.15][dice.below(4)];
        let canvas = random_canvas(&mut dice, noise);
        let mut given_canvas = random_canvas(&mut dice, 0.0);
        given_canvas.positions.clone_from(&canvas.positions);
        let given = rows(&given_canvas);
        let mut constraint = Constraint::none(&layout(), QUARTERS);
        random_locks(&mut dice, &given, &mut constraint);
        let locks = constraint.allowed().iter().map(|set| set.single()).collect();
        let (up, qpm) = (dice.below(12) as i32 - 6, 60.0 + dice.below(90) as f64);
        let mut frame = Frame::of(&canvas, up, qpm, dice.chance(0.8));
        for chord in &mut frame.chords {
            *chord = chord.filter(|_| dice.chance(0.3));
        }
        RuleSet::new(&rules, frame.clone()).restrict(&mut constraint);
        let mut drawn = rows(&canvas);
        keep_to(&constraint, &mut drawn);
        let mut odds = vec![0.0; QUARTERS * layout().bits()];
        Noise::new(seed).stream(1).fill_normal(&mut odds, 0);
        odds.iter_mut().for_each(|o| *o *= 3.0);
        Self { rules, frame, constraint, locks, drawn, odds }
    }

    fn look<'a>(&'a self, evidence: &'a [f32]) -> Look<'a> {
        Look {
            item: 0,
            progress: 0.5,
            evidence,
            allowed: self.constraint.allowed(),
            temperature: 1.0,
            noise: aeolian_diffusion::Noise::new(0),
        }
    }

    fn settle(&self, choices: &mut [u8]) {
        let evidence = vec![0.0; self.odds.len()];
        RuleSet::new(&self.rules, self.frame.clone()).settle(self.look(&evidence), &self.odds, choices);
    }

    fn score(&self, choices: &[u8]) -> Score {
        self.score_at(choices, &self.frame.positions)
    }

    fn score_at(&self, choices: &[u8], positions: &[BarPosition]) -> Score {
        let mut canvas = Canvas::new(positions.len());
        canvas.positions = positions.to_vec();
        for (quarter, row) in choices.chunks_exact(GROUPS).enumerate() {
            read_quarter(&mut canvas, quarter, row);
        }
        decode(&canvas, &DecodeContext { qpm: self.frame.qpm, ..DecodeContext::default() }).0.transposed(self.frame.up)
    }

    /// Whether something sounds that is locked.
    fn gives_notes(&self) -> bool {
        self.locks.iter().enumerate().any(|(i, lock)| i % GROUPS < NOTES && lock.is_some_and(|choice| choice > 0))
    }

    /// The choices without the notes that are not locked.
    fn only_given(&self, choices: &[u8]) -> Vec<u8> {
        let keep = |(i, &choice): (usize, &u8)| if i % GROUPS < NOTES { self.locks[i].unwrap_or(0) } else { choice };
        choices.iter().enumerate().map(keep).collect()
    }

    /// Parallels of which some note could go.
    fn curable_parallels(&self, choices: &[u8]) -> usize {
        let evidence = vec![0.0; self.odds.len()];
        let mut choices = choices.to_vec();
        let sketch = Sketch::read(&self.frame, self.look(&evidence), &self.odds, &mut choices);
        let lines = self.rules.iter().filter_map(|rule| match rule {
            Rule::NoParallels { upper, lower } => Some((*upper, *lower)),
            _ => None,
        });
        lines
            .flat_map(|(upper, lower)| {
                let moments = parallels::moments(&sketch, upper, lower);
                moments.windows(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>()
            })
            .filter(|&(first, second)| parallels::are_parallel(&sketch, first, second))
            .filter(|(a, b)| {
                [a.upper, a.lower, b.upper, b.lower].iter().any(|&n| sketch.can_silence(n, sketch.note(n).start))
            })
            .count()
    }
}

/// Whether locks may break a rule of their own accord even where the locked notes alone do not: a share, or lines.
fn depends_on_the_whole(rule: &Rule) -> bool {
    matches!(rule, Rule::NoParallels { .. }) || matches!(rule, Rule::Scale { tension, .. } if *tension > 0.0)
}

#[test]
fn random_draws_end_obedient_and_locks_stay() {
    let (mut broken_before, mut with_given) = (BTreeMap::<String, usize>::new(), 0);
    for seed in 0..300 {
        let case = Case::new(seed);
        let mut choices = case.drawn.clone();
        case.settle(&mut choices);
        for (i, (choice, lock)) in choices.iter().zip(&case.locks).enumerate() {
            assert!(lock.is_none_or(|lock| lock == *choice), "seed {seed}: group {i} was locked");
            let set = case.constraint.allowed()[i];
            assert!(i % GROUPS >= NOTES || set.contains(usize::from(*choice)), "seed {seed}: group {i} is forbidden");
            assert!(i % GROUPS < NOTES || *choice == case.drawn[i], "seed {seed}: only notes change");
        }
        assert_eq!(case.curable_parallels(&choices), 0, "seed {seed}");
        let mut again = choices.clone();
        case.settle(&mut again);
        assert!(again == choices, "seed {seed}: an obedient draw has changed");
        if !case.frame.starts_piece {
            continue;
        }
        let broken = verify(&case.score(&choices), &case.rules);
        let given = verify(&case.score(&case.only_given(&choices)), &case.rules);
        for violation in verify(&case.score(&case.drawn), &case.rules) {
            let kind = format!("{:?}", case.rules[violation.rule]);
            *broken_before.entry(kind.split(' ').next().unwrap_or_default().to_owned()).or_default() += 1;
        }
        with_given += usize::from(case.gives_notes());
        for violation in broken {
            let rule = &case.rules[violation.rule];
            let excused = case.gives_notes()
                && (depends_on_the_whole(rule) || given.iter().any(|other| other.rule == violation.rule));
            assert!(excused, "seed {seed}: {rule:?}: {}", violation.sentence);
        }
    }
    // Every rule was broken by draws, but for the two that no draw can break (only what is given).
    let hard = broken_before.values().filter(|&&times| times > 20).count();
    assert!(hard >= 7 && with_given > 50, "the cases are too easy: {broken_before:?}, {with_given}");
}

#[test]
fn a_share_is_kept_beside_given_notes_that_keep_it() {
    // Given notes all in the scale: the drawn ones keep their own share, so the whole keeps it.
    let scale = 0b1010_1011_0101;
    for seed in 0..40 {
        let mut case = Case::new(seed);
        case.rules = vec![Rule::Scale { pitch_classes: scale, tension: 0.15, lanes: None }];
        case.frame.starts_piece = true;
        let mut choices = case.drawn.clone();
        case.settle(&mut choices);
        let given = verify(&case.score(&case.only_given(&choices)), &case.rules);
        let all = verify(&case.score(&choices), &case.rules);
        assert!(all.is_empty() || !given.is_empty(), "seed {seed}: {all:?}");
    }
}

#[test]
fn a_piece_of_two_windows_is_obedient_as_a_whole() {
    const DONE: usize = 4;
    for seed in 0..100 {
        // The second window begins in the middle of the first; what they share is given to it.
        let (mut first, mut second) = (Case::new(seed), Case::new(seed + 1000));
        let bar_eighths = first.frame.positions[0].bar_eighths;
        let place = |quarter| BarPosition { eighth: (2 * quarter % usize::from(bar_eighths)) as u8, bar_eighths };
        let positions: Vec<BarPosition> = (0..DONE + QUARTERS).map(place).collect();
        second.rules.clone_from(&first.rules);
        second.frame = Frame { positions: positions[DONE..].to_vec(), starts_piece: false, ..first.frame.clone() };
        first.frame.starts_piece = true;
        for case in [&mut first, &mut second] {
            case.frame.chords.fill(None);
            case.constraint = Constraint::none(&layout(), QUARTERS);
        }
        let rules = RuleSet::new(&first.rules, first.frame.clone());
        rules.restrict(&mut first.constraint);
        keep_to(&first.constraint, &mut first.drawn);
        let mut piece = first.drawn.clone();
        first.settle(&mut piece);

        let shared = &piece[DONE * GROUPS..];
        second.drawn[..shared.len()].copy_from_slice(shared);
        for (i, &choice) in shared.iter().enumerate().filter(|(i, _)| i % GROUPS < NOTES) {
            second.constraint.lock(i / GROUPS, i % GROUPS, choice);
        }
        RuleSet::new(&second.rules, second.frame.clone()).restrict(&mut second.constraint);
        keep_to(&second.constraint, &mut second.drawn);
        let mut rest = second.drawn.clone();
        second.settle(&mut rest);
        assert!(rest[..shared.len()] == *shared, "seed {seed}: what is done stays");
        piece.extend_from_slice(&rest[shared.len()..]);
        let broken = verify(&first.score_at(&piece, &positions), &first.rules);
        assert!(broken.is_empty(), "seed {seed}: {:?}: {}", first.rules[broken[0].rule], broken[0].sentence);
    }
}

#[test]
fn odds_that_are_no_numbers_do_no_harm() {
    for (seed, odd) in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e38].into_iter().cycle().take(40).enumerate() {
        let mut case = Case::new(seed as u64);
        case.odds.iter_mut().step_by(3).for_each(|o| *o = odd);
        let mut choices = case.drawn.clone();
        case.settle(&mut choices);
        let mut again = choices.clone();
        case.settle(&mut again);
        assert!(again == choices, "seed {seed}");
    }
}

#[test]
fn nothing_is_done_without_rules_or_in_an_empty_window() {
    let case = Case { rules: Vec::new(), ..Case::new(7) };
    let mut choices = case.drawn.clone();
    case.settle(&mut choices);
    assert!(choices == case.drawn);
    let frame = Frame { positions: Vec::new(), chords: Vec::new(), ..case.frame };
    let rules = RuleSet::new(&[Rule::MostVoices { lane: None, voices: 1 }], frame);
    rules.restrict(&mut Constraint::none(&layout(), 0));
    let look = Look {
        item: 0,
        progress: 0.0,
        evidence: &[],
        allowed: &[],
        temperature: 1.0,
        noise: aeolian_diffusion::Noise::new(0),
    };
    rules.settle(look, &[], &mut []);
}

#[test]
fn rules_are_written_and_read_back_and_unknown_words_are_refused() {
    for seed in 0..20 {
        for rule in random_rules(&mut Dice::new(seed)) {
            assert_eq!(rule.check(), Ok(()));
            let text = serde_json::to_string(&rule).expect("plain data");
            assert_eq!(serde_json::from_str::<Rule>(&text).expect(&text), rule);
        }
    }
    for text in [
        r#"{"silent": {"lane": "melody", "loud": true}}"#,
        r#"{"silent": {"lane": "bass guitar"}}"#,
        r#"{"hand_span": {"lane": "harmony", "semitones": 300, "hands": 1}}"#,
        r#"{"quiet": {"lane": "melody"}}"#,
    ] {
        assert!(serde_json::from_str::<Rule>(text).is_err(), "{text}");
    }
}

#[test]
fn nonsense_is_refused_at_its_bounds() {
    let lane = NoteLane::Melody;
    let scale = |pitch_classes, tension| Rule::Scale { pitch_classes, tension, lanes: None };
    for (good, bad) in [
        (Rule::Range { lane, lowest: 60, highest: 60 }, Rule::Range { lane, lowest: 61, highest: 60 }),
        (Rule::Range { lane, lowest: 0, highest: 127 }, Rule::Range { lane, lowest: 0, highest: 128 }),
        (scale(1, 0.0), scale(0, 0.0)),
        (scale(0xFFF, 1.0), scale(0x1000, 1.0)),
        (scale(1, 1.0), scale(1, f64::NAN)),
        (Rule::ChordTonesOnStrongBeats { lanes: vec![lane] }, Rule::ChordTonesOnStrongBeats { lanes: vec![] }),
        (Rule::MostVoices { lane: None, voices: 1 }, Rule::MostVoices { lane: None, voices: 0 }),
        (Rule::HandSpan { lane, semitones: 0, hands: 2 }, Rule::HandSpan { lane, semitones: 0, hands: 3 }),
        (Rule::Speed { lane, most_per_second: 0.1 }, Rule::Speed { lane, most_per_second: 0.0 }),
        (
            Rule::Onsets { lane, allowed_steps: [false, false, false, true] },
            Rule::Onsets { lane, allowed_steps: [false; 4] },
        ),
    ] {
        assert_eq!(good.check(), Ok(()), "{good:?}");
        assert!(bad.check().is_err(), "{bad:?}");
    }
    let error = scale(1, 1.5).check().expect_err("more than all");
    assert_eq!(error.to_string(), "the share outside the scale can be 0 to 1, not 1.5");
    assert!(matches!(error, RuleError::Number { .. }));
}
