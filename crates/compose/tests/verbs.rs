//! Every verb on a small piece with the real model and few steps: these tests are about what is kept and what is new.

use aeolian_canvas::NoteLane;
use aeolian_canvas::encode::step_of;
use aeolian_compose::rules::{Rule, verify};
use aeolian_compose::{Composer, Composition, Kept, Request, RequestError, Source, Verb};
use aeolian_diffusion::Noise;
use aeolian_score::quantise::grid_position;
use aeolian_score::{Note, Part, Score, TempoChange, Tick};
use std::sync::LazyLock;

static COMPOSER: LazyLock<Composer> = LazyLock::new(|| Composer::builtin("transformer").unwrap());

/// Four bars of a tune over a bass and chords, at ticks that lie on no grid, and a drum.
fn piece() -> Score {
    let mut score = Score::new(480);
    let note = |onset: u32, pitch, duration| Note {
        onset: Tick(onset),
        pitch,
        duration: Tick(duration),
        velocity: 60 + (onset % 37) as u8,
    };
    let tune = [67u8, 69, 71, 72, 74, 72, 71, 69, 67, 71, 74, 79, 78, 76, 74, 67];
    let melody = tune.iter().enumerate().map(|(i, &p)| note(480 * i as u32 + i as u32 % 5, p, 450)).collect();
    let chords = [[43u8, 59, 62], [48, 60, 64], [50, 57, 66], [43, 59, 67]];
    let harmony = chords.iter().enumerate().flat_map(|(bar, chord)| chord.map(|p| note(1920 * bar as u32, p, 1900)));
    let kick = (0..16).map(|i| note(480 * i, 36, 60)).collect();
    score.parts = vec![
        Part { name: "Lead".into(), program: 73, notes: melody, ..Part::default() },
        Part { name: "Piano".into(), notes: harmony.collect(), ..Part::default() },
        Part { name: "Kit".into(), is_drum: true, notes: kick, ..Part::default() },
    ];
    score.parts.iter_mut().for_each(|part| part.notes.sort());
    score
}

fn source() -> Source {
    Source::new(piece())
}

fn request(verb: Verb) -> Request {
    Request { verb, steps: 3, ..Request::default() }
}

fn compose(request: &Request) -> Composition {
    COMPOSER.compose(request, &mut |_, _| true).unwrap()
}

/// Notes of a part inside or outside some bars (from 0, of 4/4), by where they stand on the grid.
fn notes_in(part: &Part, bars: std::ops::Range<usize>, inside: bool) -> Vec<Note> {
    let bar = |note: &Note| step_of(grid_position(note.onset, 480)) / 16;
    part.notes.iter().filter(|note| bars.contains(&bar(note)) == inside).copied().collect()
}

#[test]
fn a_gap_is_filled_and_everything_else_is_as_it_was() {
    let verb = Verb::Infill { source: source(), regions: "2-3:melody".parse().unwrap() };
    let made = compose(&request(verb)).score;
    let before = piece();
    assert_eq!(made.parts[1..3], before.parts[1..3]);
    assert_eq!(notes_in(&made.parts[0], 1..3, false), notes_in(&before.parts[0], 1..3, false));
    assert_ne!(notes_in(&made.parts[0], 1..3, true), notes_in(&before.parts[0], 1..3, true));
    assert_eq!((made.parts[0].program, made.ticks_per_quarter), (73, 480));
}

#[test]
fn whatever_is_masked_the_rest_survives_to_the_tick() {
    // Random bars and lanes of a random piece; the full thousand on real songs is `examples/locks_hold.rs`.
    for seed in 0..12u64 {
        let noise = Noise::new(seed);
        let first = (noise.uniform(0) * 4.0) as usize;
        let last = first + (noise.uniform(1) * (4 - first) as f64) as usize;
        let lanes = ["melody", "harmony", "melody,harmony", "counter"][(noise.uniform(2) * 4.0) as usize];
        let regions = format!("{}-{}:{lanes}", first + 1, last + 1).parse().unwrap();
        let made = compose(&Request { seed, steps: 2, ..request(Verb::Infill { source: source(), regions }) });
        for (index, lane) in [(0, "melody"), (1, "harmony")] {
            let masked = lanes.contains(lane);
            let kept = |score: &Score| {
                let part = &score.parts[index];
                if masked { notes_in(part, first..last + 1, false) } else { part.notes.clone() }
            };
            assert_eq!(kept(&made.score), kept(&piece()), "mask {seed}: {first}-{last} {lanes}");
        }
        assert_eq!(made.score.parts[2], piece().parts[2]);
        assert_eq!(made.controls[0].kept, Kept::Proven);
    }
}

#[test]
fn continuing_adds_bars_and_keeps_all_others() {
    let made = compose(&request(Verb::Continue { source: source(), bars: 2 })).score;
    for (part, before) in made.parts.iter().zip(&piece().parts).take(2) {
        assert_eq!(notes_in(part, 0..4, true), before.notes);
    }
    assert!(made.end().0 > 4 * 1920 && made.end().0 <= 6 * 1920, "{:?}", made.end());
}

#[test]
fn lanes_are_written_to_what_is_there() {
    let mut tune = piece();
    tune.parts.truncate(1);
    for verb in [
        Verb::Accompany { source: Source::new(tune.clone()), lanes: "harmony".parse().unwrap() },
        Verb::Harmonize { source: Source::new(tune.clone()) },
    ] {
        let made = compose(&request(verb)).score;
        assert_eq!(made.parts[0], tune.parts[0]);
        assert_eq!(made.parts[1].name, "Harmony");
        assert!(!made.chords.is_empty(), "chords come with the harmony");
    }
    let reharmonized = compose(&request(Verb::Reharmonize { source: source() })).score;
    assert_eq!(reharmonized.parts[0], piece().parts[0]);
    assert_ne!(reharmonized.parts[1].notes, piece().parts[1].notes);
    let over = compose(&request(Verb::Melody { source: Some(source()) })).score;
    assert_eq!(over.parts[1], piece().parts[1]);
    assert_ne!(over.parts[0].notes, piece().parts[0].notes);
}

#[test]
fn a_melody_over_chords_alone_has_nothing_else() {
    let chords = "| C G/B | Am7 F |".parse().ok();
    let made = compose(&Request { chords, bars: Some(4), ..request(Verb::Melody { source: None }) });
    assert!(made.score.parts.iter().all(|part| part.name == "Melody"));
    let roots: Vec<u8> = made.score.chords.iter().filter_map(|c| Some(c.chord?.root)).collect();
    assert_eq!(roots, [0, 7, 9, 5, 0, 7, 9, 5]);
    let silent = COMPOSER.state(&request(Verb::Melody { source: None })).unwrap_err();
    assert_eq!(silent, RequestError::NoChords);
}

#[test]
fn no_variation_is_the_piece_itself_and_more_is_less_of_it() {
    let shared = |strength: f64| {
        let made = compose(&Request { steps: 8, ..request(Verb::Vary { source: source(), strength }) }).score;
        let before = piece();
        let onsets = |score: &Score| -> Vec<(usize, u8)> {
            let tune = score.parts[0].notes.iter();
            tune.map(|n| (step_of(grid_position(n.onset, 480)), n.pitch)).collect()
        };
        let (made, before) = (onsets(&made), onsets(&before));
        before.iter().filter(|note| made.contains(note)).count()
    };
    let counts = [0.0, 0.1, 0.9].map(shared);
    assert_eq!(counts[0], 16);
    assert!(counts[1] >= 10 && counts[2] <= 8, "{counts:?}");
}

#[test]
fn a_morph_ends_at_both_pieces() {
    let (a, b) = (source(), Source::new(piece().transposed(5)));
    let at = |position| compose(&request(Verb::Morph { from: a.clone(), to: b.clone(), position })).score;
    let pitches = |score: &Score| score.parts[0].notes.iter().map(|n| n.pitch).collect::<Vec<_>>();
    assert_eq!(pitches(&at(0.0)), pitches(&piece()));
    assert_eq!(pitches(&at(1.0)), pitches(&piece().transposed(5)));
    assert!(!at(0.5).parts.is_empty());
}

#[test]
fn a_morph_goes_from_one_tempo_to_the_other() {
    let with = |qpm| {
        let mut score = piece();
        score.tempos = vec![TempoChange { at: Tick(0), qpm }];
        Source::new(score)
    };
    let tempo = |position| compose(&request(Verb::Morph { from: with(60.0), to: with(100.0), position })).tempo;
    assert_eq!([0.0, 0.25, 1.0].map(tempo), [60.0, 70.0, 100.0]);
}

#[test]
fn asked_chords_of_a_continuation_are_those_of_the_new_bars() {
    let chords = |first_chord| {
        let verb = Verb::Continue { source: source(), bars: 2 };
        COMPOSER.state(&Request { first_chord, ..request(verb) }).unwrap().statement.canvas.chords
    };
    let (without, with) = (chords(None), chords("Eb".parse().ok()));
    assert_eq!(with[..16], without[..16], "four bars are given");
    assert_ne!(with[16], without[16]);
}

#[test]
fn fewer_bars_are_called_shorten_and_others_extend() {
    let name = |bars| Verb::Fit { source: source(), bars }.name();
    assert_eq!([3, 4, 5].map(name), ["shorten", "extend", "extend"]);
}

#[test]
fn performing_changes_loudness_and_tempo_and_no_note() {
    let made = compose(&request(Verb::Perform { source: source() })).score;
    let bare = |score: &Score| -> Vec<(u32, u8, u32)> {
        score.parts.iter().flat_map(|p| &p.notes).map(|n| (n.onset.0, n.pitch, n.duration.0)).collect()
    };
    assert_eq!(bare(&made), bare(&piece()));
    assert_ne!(made, piece());
    assert!(made.tempos.len() > 1);
}

#[test]
fn arranging_keeps_every_note_in_exactly_one_part() {
    let made = compose(&request(Verb::Arrange { source: source() })).score;
    let all = |score: &Score| {
        let mut notes: Vec<Note> = score.parts.iter().filter(|p| !p.is_drum).flat_map(|p| p.notes.clone()).collect();
        notes.sort();
        notes
    };
    assert_eq!(all(&made), all(&piece()));
}

#[test]
fn a_piece_fits_into_exactly_so_many_bars() {
    for bars in [2, 3, 4, 7] {
        let made = compose(&request(Verb::Fit { source: source(), bars }));
        assert_eq!(made.canvas.bars().len(), bars, "{bars} bars");
        let (first, kept) = (&made.score.parts[1].notes[..3], &piece().parts[1].notes[..3]);
        assert_eq!(first, kept, "the beginning stays");
    }
}

#[test]
fn rules_hold_in_what_is_new_and_cost_no_evaluation() {
    let rules = vec![
        Rule::Range { lane: NoteLane::Melody, lowest: 62, highest: 74 },
        Rule::MostVoices { lane: None, voices: 3 },
        Rule::Silent { lane: NoteLane::Counter },
        Rule::Scale { pitch_classes: 0b1010_1101_0101, tension: 0.0, lanes: None },
    ];
    let free = compose(&Request { bars: Some(4), ..request(Verb::Compose) });
    for seed in 1..6 {
        let key = "C".parse().ok();
        let made = compose(&Request { seed, key, bars: Some(4), rules: rules.clone(), ..request(Verb::Compose) });
        assert_eq!(verify(&made.score, &rules), [], "seed {seed}");
        assert_eq!(made.evaluations, free.evaluations);
    }
}

#[test]
fn what_cannot_be_met_is_refused_with_the_reason() {
    let rules = vec![
        Rule::Range { lane: NoteLane::Melody, lowest: 60, highest: 61 },
        Rule::Scale { pitch_classes: 0b0000_0001_0000, tension: 0.0, lanes: None },
        Rule::MostVoices { lane: None, voices: 4 },
    ];
    let refused = COMPOSER.state(&Request { rules, ..request(Verb::Compose) }).unwrap_err().to_string();
    assert!(refused.contains("C4") && refused.contains('E') && !refused.contains("4 notes"), "{refused}");
}

#[test]
fn asked_density_is_met_bar_by_bar() {
    let with = |density: &str| {
        let soft = aeolian_compose::soft::Soft { density: density.parse().ok(), ..Default::default() };
        let made = compose(&Request { soft, steps: 12, ..request(Verb::Compose) });
        made.score.parts.iter().map(|p| p.notes.len()).sum::<usize>()
    };
    // 1.5, 4.5 and 8.25 notes in each of 32 quarters.
    let counts = [with("0"), with("0.5"), with("1")];
    // In thin bars a held cell that nothing began becomes a note when it is read, so that there are some more.
    for (count, (expected, off)) in counts.into_iter().zip([(48.0, 0.5), (144.0, 0.2), (264.0, 0.2)]) {
        assert!((count as f64 / expected - 1.0).abs() < off, "{counts:?}");
    }
}

#[test]
fn sections_that_return_come_back_recognisably() {
    let form = "A2 B2 A2".parse().ok();
    let made = compose(&Request { form, steps: 12, ..request(Verb::Compose) });
    let bars = made.canvas.bars();
    let onsets = |from: usize| -> Vec<(usize, usize)> {
        let steps = bars[from].start * 4..bars[from + 1].end * 4;
        let lane = &made.canvas.notes[2];
        let here = steps.clone().flat_map(|s| (0..88).map(move |k| (s, k)));
        here.filter(|(s, k)| lane[s * 88 + k] as u8 == 1).map(|(s, k)| (s - steps.start, k)).collect()
    };
    let shared = |a: &[(usize, usize)], b: &[(usize, usize)]| a.iter().filter(|n| b.contains(n)).count();
    let (first, other, again) = (onsets(0), onsets(2), onsets(4));
    assert!(2 * shared(&first, &again) > first.len(), "{first:?} {again:?}");
    assert!(shared(&first, &again) > shared(&first, &other));
}

#[test]
fn a_recipe_rebuilds_its_piece_from_any_of_its_files() {
    let made = compose(&request(Verb::Infill { source: source(), regions: "2".parse().unwrap() }));
    let artefacts = made.artefacts().unwrap();
    for extension in ["json", "mid", "musicxml", "wav"] {
        let file = artefacts.iter().find(|a| a.extension == extension).unwrap();
        let recipe = aeolian_compose::Recipe::from_file(&file.bytes).unwrap();
        assert_eq!(recipe, made.recipe, "{extension}");
    }
    assert_eq!(compose(&made.recipe.request).score, made.score);
}

#[test]
fn chords_key_and_phrases_are_read_off_the_notes() {
    let analysis = COMPOSER.analyze(&source(), None, &mut |_, _| true).unwrap();
    assert_eq!(analysis.key, "G".parse().unwrap());
    let roots: Vec<u8> = analysis.chords.iter().filter_map(|c| Some(c.chord?.root)).collect();
    assert!(roots.first() == Some(&7) && roots.contains(&0) && roots.contains(&2), "{roots:?}");
    assert_eq!(analysis.chords.iter().map(|c| c.end.0).max(), Some(4 * 1920));
}

/// Its drums alone, as a machine that has accents plays them.
fn drums() -> Source {
    let mut score = piece();
    score.parts.retain(|part| part.is_drum);
    Source::new(score)
}

#[test]
fn drums_alone_are_continued_filled_varied_and_performed_as_drums() {
    let source = drums;
    assert!(source().holds_only_drums() && !self::source().holds_only_drums());
    let kit = |verb| {
        let made = compose(&request(verb)).score;
        assert!(made.parts.iter().all(|part| part.is_drum || part.notes.is_empty()), "drums and nothing else");
        assert!(made.chords.is_empty(), "drums have no chords");
        made.parts[0].notes.clone()
    };
    let theirs = &piece().parts[2];
    let longer = kit(Verb::Continue { source: source(), bars: 2 });
    assert_eq!(longer[..theirs.notes.len()], theirs.notes[..]);
    let filled =
        Part { notes: kit(Verb::Infill { source: source(), regions: "2".parse().unwrap() }), ..Part::default() };
    assert_eq!(notes_in(&filled, 1..2, false), notes_in(theirs, 1..2, false));
    assert_eq!(kit(Verb::Vary { source: source(), strength: 0.0 }), theirs.notes);
    kit(Verb::Vary { source: source(), strength: 0.5 });
    kit(Verb::Fit { source: source(), bars: 6 });
    let placed = |notes: Vec<Note>| notes.iter().map(|note| (note.onset, note.pitch)).collect::<Vec<_>>();
    assert_eq!(placed(kit(Verb::Perform { source: source() })), placed(theirs.notes.clone()));
    let lanes = "bass".parse().unwrap();
    let with_bass = compose(&request(Verb::Accompany { source: source(), lanes })).score;
    assert_eq!(with_bass.parts[0].notes, theirs.notes);
}

#[test]
fn what_needs_pitches_refuses_drums_alone() {
    for verb in [
        Verb::Harmonize { source: drums() },
        Verb::Reharmonize { source: drums() },
        Verb::Melody { source: Some(drums()) },
        Verb::Arrange { source: drums() },
    ] {
        let name = verb.name();
        let refused = COMPOSER.state(&request(verb)).unwrap_err();
        assert_eq!(refused, RequestError::OnlyDrums { verb: name });
        assert!(refused.to_string().contains("only drums"), "{refused}");
    }
}

#[test]
fn silence_and_cancelling_are_told_in_a_sentence() {
    let empty = Source::new(Score::new(480));
    let refused = COMPOSER.state(&request(Verb::Vary { source: empty, strength: 0.5 })).unwrap_err();
    assert!(refused.to_string().contains("no notes to vary"), "{refused}");
    let stopped = COMPOSER.compose(&request(Verb::Compose), &mut |done, _| done < 2);
    assert!(stopped.is_err());
}
