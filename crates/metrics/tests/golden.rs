//! Our figures beside those of five programs that are not ours: muspy, music21, pretty_midi, mir_eval, smg-metrics.
//!
//! `testdata/golden/make.py` wrote their figures down (`figures.json`); its README says how, and what differs on
//! purpose. The eight tiny pieces always run. Forty pieces of the training music run where it is: in the folder that
//! AEOLIAN_DATA names, else in `shared/data` beside the workspace; they are skipped where it is not.
//!
//! Every figure was rounded to nine digits, so EXACT is what two equal computations may differ by. Where a definition
//! differs, our own notes are counted by *their* definition, or the difference is worked out by hand and the rest must
//! be equal.

use aeolian_metrics::entropy::entropy_bits;
use aeolian_metrics::expression::{loudness, tempo_curve};
use aeolian_metrics::groove::{groove_consistency, groove_of_all_pairs};
use aeolian_metrics::key::estimate_key;
use aeolian_metrics::onsets::{BarOnsets, onsets_by_bar};
use aeolian_metrics::{Excerpt, harmony, texture};
use aeolian_score::{ChordQuality, Key, Mode, Score, Tick, midi};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Relative, or absolute below 1.
const EXACT: f64 = 1e-8;
/// Steps of a quarter, as in an [`Excerpt`].
const STEPS: usize = 4;

/// A piece as we read it, and what the others say of it.
struct Golden {
    name: String,
    score: Score,
    repairs: midi::Repairs,
    excerpt: Excerpt,
    sounding: Vec<u128>,
    figures: Value,
}

impl Golden {
    fn new(name: &str, path: &Path, figures: &Value) -> Self {
        let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let read = midi::read(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let excerpt = Excerpt::from_score(&read.score).expect("it is no longer than music is");
        let sounding = excerpt.sounding();
        let (name, figures) = (name.to_owned(), figures.clone());
        Self { name, score: read.score, repairs: read.repairs, excerpt, sounding, figures }
    }

    /// A figure of theirs; `None` where they have none (it is not in the file, or was no number).
    fn theirs(&self, tool: &str, figure: &str) -> Option<f64> {
        self.figures[tool][figure].as_f64()
    }

    fn their_words(&self, tool: &str, figure: &str) -> Option<&str> {
        self.figures[tool][figure].as_str()
    }

    /// Whether they read the notes that we read. Of two notes of one key struck together we keep one and they keep both;
    /// one that ends where it begins has a tick with us; one without an end lasts to the end of the track with us.
    fn has_the_same_notes(&self) -> bool {
        let midi::Repairs { doubled_notes, zero_length_notes, unended_notes, .. } = self.repairs;
        doubled_notes + zero_length_notes + unended_notes == 0
    }

    /// Whether these notes are also as long. Where a key is struck while it is down, we end the first note there and
    /// they let it ring until its own note-off: what sounds is the same, but some of it counts twice with them.
    fn has_the_same_lengths(&self) -> bool {
        self.has_the_same_notes() && self.repairs.cut_overlaps == 0
    }

    /// First step after the last pitched note.
    fn last_end(&self) -> usize {
        self.excerpt.notes.iter().map(|note| note.end).max().unwrap_or(0)
    }

    /// Steps in which at least so many pitches sound.
    fn steps_with(&self, pitches: u32) -> usize {
        self.sounding.iter().filter(|set| set.count_ones() >= pitches).count()
    }
}

fn golden_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/golden")
}

fn figures() -> &'static Value {
    static FIGURES: OnceLock<Value> = OnceLock::new();
    FIGURES.get_or_init(|| {
        let text = std::fs::read_to_string(golden_folder().join("figures.json")).expect("figures.json is there");
        serde_json::from_str(&text).expect("make.py writes JSON")
    })
}

/// Every piece that is here.
fn pieces() -> &'static [Golden] {
    static PIECES: OnceLock<Vec<Golden>> = OnceLock::new();
    PIECES.get_or_init(|| {
        let data = std::env::var_os("AEOLIAN_DATA")
            .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
        let here = |name: &str| if name.starts_with("pieces/") { golden_folder() } else { data.clone() }.join(name);
        let all = figures()["pieces"].as_object().expect("pieces by name");
        let found: Vec<Golden> = all
            .iter()
            .filter(|(name, _)| name.starts_with("pieces/") || here(name).exists())
            .map(|(name, figures)| Golden::new(name, &here(name), figures))
            .collect();
        if found.len() < all.len() {
            eprintln!("{} of {} pieces skipped: no music in {}", all.len() - found.len(), all.len(), data.display());
        }
        for piece in found.iter().filter(|piece| !piece.has_the_same_lengths()) {
            eprintln!("{}: {}", piece.name, piece.repairs);
        }
        found
    })
}

/// Compares one figure of all pieces that have it and the same notes. At least so many tiny pieces must.
fn check(tool: &str, figure: &str, tolerance: f64, tiny: usize, ours: impl Fn(&Golden) -> Option<f64>) {
    check_where(Golden::has_the_same_notes, tool, figure, tolerance, tiny, ours);
}

/// The same, where it is fair to compare.
fn check_where(
    is_fair: impl Fn(&Golden) -> bool,
    tool: &str,
    figure: &str,
    tolerance: f64,
    tiny: usize,
    ours: impl Fn(&Golden) -> Option<f64>,
) {
    let (mut compared, mut compared_tiny, mut differing) = (0, 0, Vec::new());
    for piece in pieces().iter().filter(|piece| is_fair(piece)) {
        let (Some(theirs), Some(ours)) = (piece.theirs(tool, figure), ours(piece)) else { continue };
        compared += 1;
        compared_tiny += usize::from(piece.name.starts_with("pieces/"));
        if (theirs - ours).abs() > tolerance * theirs.abs().max(1.0) {
            differing.push(format!("{}: theirs {theirs}, ours {ours}", piece.name));
        }
    }
    eprintln!("{tool} {figure}: {compared} pieces, {} differ", differing.len());
    assert!(differing.is_empty(), "{tool} {figure}:\n{}", differing.join("\n"));
    assert!(compared_tiny >= tiny, "{tool} {figure}: only {compared_tiny} of the tiny pieces were compared");
}

/// The bars that muspy and smg-metrics see: as many as begin at or before the end of the last note. A piece that ends
/// on a bar line has an empty one more.
fn their_bars(excerpt: &Excerpt) -> Vec<BarOnsets> {
    let mut bars = onsets_by_bar(excerpt);
    let length = bars.first().map_or(1, |bar| bar.length);
    let last_end = excerpt.notes.iter().map(|note| note.end).max().unwrap_or(0);
    bars.resize(last_end / length + 1, BarOnsets { length, is_complete: true, ..BarOnsets::default() });
    bars
}

/// As make.py writes a key: "9 minor".
fn in_words(key: Key) -> String {
    let mode = match key.mode {
        Mode::Major => "major",
        Mode::Minor => "minor",
    };
    format!("{} {mode}", key.tonic)
}

#[test]
fn muspy_counts_the_same_pitches() {
    let pitches = |piece: &Golden| {
        let mut counts = [0.0; 128];
        piece.excerpt.notes.iter().for_each(|note| counts[usize::from(note.pitch)] += 1.0);
        counts
    };
    let used = |counts: &[f64]| Some(counts.iter().filter(|&&count| count > 0.0).count() as f64);
    check("muspy", "pitch_entropy", EXACT, 8, |piece| entropy_bits(&pitches(piece)));
    check("muspy", "n_pitches_used", 0.0, 8, |piece| used(&pitches(piece)));
    check("muspy", "n_pitch_classes_used", 0.0, 8, |piece| used(&piece.excerpt.pitch_class_counts()));
    check("muspy", "pitch_range", 0.0, 8, |piece| texture::pitch_range(&piece.excerpt));
}

#[test]
fn muspy_has_the_same_pitch_class_entropy_and_scale_consistency() {
    check("muspy", "pitch_class_entropy", EXACT, 8, |piece| harmony::pitch_class_entropy(&piece.excerpt));
    // muspy also tries the natural minor scales; each has the notes of a major one.
    check("muspy", "scale_consistency", EXACT, 8, |piece| harmony::scale_consistency(&piece.excerpt));
}

#[test]
fn muspy_hears_the_same_polyphony() {
    check("muspy", "polyphony", EXACT, 8, |piece| texture::polyphony(&piece.sounding));
}

/// Ours: steps with two pitches or more, of the steps that sound. Theirs: of all steps up to the last note's end, and
/// by default with *more* than two.
#[test]
fn muspy_polyphony_rate_divides_by_silence_too_and_wants_more_than_two_pitches() {
    let of_all_steps = |piece: &Golden| piece.steps_with(1) as f64 / piece.last_end() as f64;
    check("muspy", "polyphony_rate_above_1", EXACT, 8, |piece| {
        Some(texture::polyphony_rate(&piece.sounding)? * of_all_steps(piece))
    });
    check("muspy", "polyphony_rate", EXACT, 8, |piece| Some(piece.steps_with(3) as f64 / piece.last_end() as f64));
}

/// Theirs: quarters from the start of the piece, one more where the piece ends on a quarter, and a note touches the
/// quarter it ends at. So they never find more empty quarters than there are; counted their way ours are the same.
#[test]
fn muspy_empty_beats_are_ours_without_those_a_note_ends_at() {
    check("muspy", "empty_beat_rate", EXACT, 8, |piece| {
        let mut is_empty = vec![true; piece.last_end() / STEPS + 1];
        for note in &piece.excerpt.notes {
            is_empty[note.onset / STEPS..=note.end / STEPS].fill(false);
        }
        Some(is_empty.iter().filter(|&&empty| empty).count() as f64 / is_empty.len() as f64)
    });
    for piece in pieces().iter().filter(|piece| piece.has_the_same_notes()) {
        let Some(rate) = piece.theirs("muspy", "empty_beat_rate") else { continue };
        let theirs = rate * (piece.last_end() / STEPS + 1) as f64;
        let silent = piece.sounding.chunks_exact(STEPS).filter(|beat| beat.iter().all(|&set| set == 0)).count();
        assert!(silent as f64 > theirs - 1e-6, "{}: {silent} silent beats, theirs {theirs}", piece.name);
    }
}

/// At four ticks a quarter muspy's groove is ours, but for the empty bar it adds where a piece ends on a bar line.
#[test]
fn muspy_groove_is_ours_with_its_phantom_bar() {
    check("muspy", "groove", EXACT, 6, |piece| groove_consistency(&their_bars(&piece.excerpt)));
    check("muspy", "groove_of_drums", EXACT, 1, |piece| {
        groove_consistency(&their_bars(&Excerpt::of_drums(&piece.score).ok()?))
    });
    // Eight bars whose neighbours differ in two of sixteen places; the phantom ninth lacks the seven of the last.
    let ostinato = pieces().iter().find(|piece| piece.name == "pieces/ostinato.mid").expect("a tiny piece");
    assert_eq!(groove_consistency(&onsets_by_bar(&ostinato.excerpt)), Some(1.0 - 2.0 / 16.0));
    assert_eq!(ostinato.theirs("muspy", "groove"), Some(0.835_937_5), "1 − (7 · 2 + 7) / (8 · 16)");
}

/// At the ticks of the file their figure tends to 1: 1 − theirs = (1 − ours) · steps of a bar / ticks of a bar, exactly
/// so where every onset lies on a sixteenth.
#[test]
fn muspy_groove_in_ticks_shrinks_every_difference() {
    check("muspy", "groove_in_ticks", EXACT, 4, |piece| {
        let resolution = piece.score.ticks_per_quarter;
        let on_sixteenths = |tick: Tick| (tick.0 * STEPS as u32).is_multiple_of(resolution);
        let mut notes = piece.score.parts.iter().flat_map(|part| &part.notes);
        let bars = their_bars(&piece.excerpt);
        let ticks = piece.theirs("muspy", "bar_ticks")?;
        let shrunk = bars[0].length as f64 / ticks;
        notes
            .all(|note| on_sixteenths(note.onset))
            .then(|| groove_consistency(&bars).map(|ours| 1.0 - (1.0 - ours) * shrunk))?
    });
}

/// smg-metrics has 64 places in a bar where we have 16; onsets on sixteenths leave three of four empty. It has the same
/// phantom bar.
#[test]
fn smg_grooving_similarity_is_ours_of_all_pairs_in_64_places() {
    check("smg-metrics", "grooving_pattern_similarity", EXACT, 5, |piece| {
        let bars = their_bars(&piece.excerpt);
        if bars.len() < 2 {
            return Some(0.0); // by its definition; we say None
        }
        groove_of_all_pairs(&bars).map(|ours| 1.0 - (1.0 - ours) * 16.0 / 64.0)
    });
}

#[test]
fn smg_finds_the_same_key() {
    let mut compared = 0;
    for piece in pieces().iter().filter(|piece| piece.has_the_same_lengths()) {
        let Some(theirs) = piece.their_words("smg-metrics", "key") else { continue };
        let ours = estimate_key(&piece.excerpt).map(in_words);
        assert_eq!(ours.as_deref(), Some(theirs), "{}", piece.name);
        compared += 1;
    }
    assert!(compared >= 8);
}

/// Theirs: of all steps from the first onset to the last end, silent ones too; a note touches the step it ends at; and
/// a minor key has the seven notes of natural minor. Ours: of the sounding steps, to the end and no further; a minor
/// key has the raised sixth and seventh too.
#[test]
fn smg_out_of_key_fraction_is_ours_counted_its_way() {
    check("smg-metrics", "out_of_key_fraction", EXACT, 8, |piece| {
        let key = estimate_key(&piece.excerpt).filter(|_| piece.has_the_same_lengths())?;
        let first = piece.excerpt.notes.first()?.onset;
        let mut is_out = vec![false; piece.last_end() - first];
        for note in piece.excerpt.notes.iter().filter(|note| key.scale() >> note.pitch_class() & 1 == 0) {
            let end = (note.end - first).min(is_out.len() - 1);
            is_out[note.onset - first..=end].fill(true);
        }
        Some(is_out.iter().filter(|&&out| out).count() as f64 / is_out.len() as f64)
    });
    for piece in pieces().iter().filter(|piece| piece.has_the_same_lengths()) {
        let (Some(theirs), Some(key)) =
            (piece.theirs("smg-metrics", "out_of_key_fraction"), estimate_key(&piece.excerpt))
        else {
            continue;
        };
        let steps = (piece.last_end() - piece.excerpt.notes[0].onset) as f64;
        let out = harmony::out_of_key_steps(&piece.sounding, key).expect("it sounds") * piece.steps_with(1) as f64;
        assert!(out <= theirs * steps + 1e-3, "{}: {out} steps are out of key, theirs {}", piece.name, theirs * steps);
    }
}

/// music21 has the same profiles and weighs by length too, but hears the file through its own notation (ties, tuplets),
/// so that lengths differ a little. Its second choice counts where the two are closer than .02 in correlation.
#[test]
fn music21_finds_the_same_key_by_krumhansls_profiles() {
    let (mut compared, mut first) = (0, 0);
    for piece in pieces() {
        let Some(theirs) = piece.their_words("music21", "key") else { continue };
        let ours = estimate_key(&piece.excerpt).map(in_words).expect("it has notes");
        let r = |figure| piece.theirs("music21", figure).expect("a correlation");
        compared += 1;
        first += usize::from(ours == theirs);
        let close_second =
            r("key_r") - r("second_key_r") < 0.02 && piece.their_words("music21", "second_key") == Some(&ours);
        assert!(ours == theirs || close_second, "{}: theirs {theirs}, ours {ours}", piece.name);
    }
    eprintln!("music21 key: {compared} pieces, {first} by its first choice");
    assert!(compared >= 8 && first * 10 >= compared * 9, "{first} of {compared}");
}

#[test]
fn music21_measures_the_same_ambitus() {
    check("music21", "ambitus", 0.0, 8, |piece| texture::pitch_range(&piece.excerpt));
}

/// Every note-on is a note to muspy; of those that strike a key twice at one moment we keep one and say so.
#[test]
fn muspy_counts_the_same_notes() {
    for piece in pieces() {
        let theirs = |figure| piece.theirs("muspy", figure).expect("a count");
        let ours = notes_of(piece, false) + notes_of(piece, true) + piece.repairs.doubled_notes as f64;
        assert_eq!(ours, theirs("notes") + theirs("drum_strokes"), "{}: {}", piece.name, piece.repairs);
    }
    check("muspy", "notes", 0.0, 8, |piece| Some(notes_of(piece, false)));
    check("muspy", "drum_strokes", 0.0, 8, |piece| Some(notes_of(piece, true)));
}

fn notes_of(piece: &Golden, drums: bool) -> f64 {
    let parts = piece.score.parts.iter().filter(|part| part.is_drum == drums);
    parts.map(|part| part.notes.len()).sum::<usize>() as f64
}

/// Where strokes of a key overlap, pretty_midi ends all of them at the first note-off, and a later note-off can take
/// the next stroke away (of 1,749 strokes of a samba drummer it reads 1,746): only files without are compared.
#[test]
fn pretty_midi_counts_the_same_notes_and_hears_the_same_loudness() {
    let check = |figure, tolerance, ours: fn(&Golden) -> Option<f64>| {
        check_where(Golden::has_the_same_lengths, "pretty_midi", figure, tolerance, 8, ours);
    };
    check("notes", 0.0, |piece| Some(notes_of(piece, false)));
    check("drum_strokes", 0.0, |piece| Some(notes_of(piece, true)));
    check("velocity_mean", EXACT, |piece| Some(loudness(&piece.score)?.mean));
    check("onset_seconds_sum", EXACT, |piece| {
        let notes = piece.score.parts.iter().flat_map(|part| &part.notes);
        Some(notes.map(|note| piece.score.seconds_at(note.onset)).sum())
    });
}

#[test]
fn pretty_midi_has_the_same_bar_lines() {
    let starts = |piece: &Golden| piece.score.bar_starts(piece.score.end());
    check("pretty_midi", "downbeats", 0.0, 8, |piece| Some(starts(piece).len() as f64));
    check("pretty_midi", "downbeat_seconds_sum", EXACT, 8, |piece| {
        Some(starts(piece).into_iter().map(|at| piece.score.seconds_at(at)).sum())
    });
}

/// The tempos up to the last note, 120 before the first, equal neighbours as one: (moment, quarters a minute).
fn tempos(score: &Score) -> Vec<(Tick, f64)> {
    let mut tempos = vec![(Tick(0), 120.0)];
    for change in score.tempos.iter().filter(|change| change.at < score.end()) {
        if change.at == Tick(0) {
            tempos.clear();
        }
        tempos.push((change.at, change.qpm));
    }
    tempos.dedup_by_key(|&mut (_, qpm)| qpm);
    tempos
}

/// Of two tempos at one tick we keep the last, the only one ever in force; pretty_midi lists both. And a note that never
/// ends has no end to agree on. Elsewhere the tempos are the same, and so are our two figures of them, from their
/// counts: changes a minute, and all quarters by all minutes.
#[test]
fn pretty_midi_reads_the_same_tempos() {
    let check = |figure, tolerance, ours: fn(&Golden) -> Option<f64>| {
        let is_fair = |piece: &Golden| piece.repairs.overruled_signatures + piece.repairs.unended_notes == 0;
        check_where(is_fair, "pretty_midi", figure, tolerance, 8, ours);
    };
    check("end_seconds", EXACT, |piece| Some(piece.score.seconds_at(piece.score.end())));
    check("tempo_changes", 0.0, |piece| Some(tempos(&piece.score).len() as f64));
    check("tempo_qpm_sum", EXACT, |piece| Some(tempos(&piece.score).iter().map(|tempo| tempo.1).sum()));
    check("tempo_seconds_sum", EXACT, |piece| {
        Some(tempos(&piece.score).iter().map(|&(at, _)| piece.score.seconds_at(at)).sum())
    });
    check("tempo_changes", EXACT, |piece| {
        let minutes = piece.theirs("pretty_midi", "end_seconds")? / 60.0;
        Some(tempo_curve(&piece.score)?.changes_per_minute * minutes + 1.0)
    });
    check("end_seconds", EXACT, |piece| {
        let quarters = f64::from(piece.score.end().0) / f64::from(piece.score.ticks_per_quarter);
        Some(quarters / tempo_curve(&piece.score)?.mean_qpm * 60.0)
    });
}

#[test]
fn pretty_midi_gives_every_pitch_class_the_same_time() {
    let mut compared = 0;
    for piece in pieces().iter().filter(|piece| piece.has_the_same_lengths()) {
        let Some(theirs) = piece.figures["pretty_midi"]["pitch_class_shares"].as_array() else { continue };
        let ours = piece.excerpt.pitch_class_durations();
        let total: f64 = ours.iter().sum();
        for (pitch_class, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
            let (ours, theirs) = (ours / total, theirs.as_f64().expect("a share"));
            assert!((ours - theirs).abs() < EXACT, "{}, {pitch_class}: theirs {theirs}, ours {ours}", piece.name);
        }
        compared += 1;
    }
    assert!(compared >= 8);
}

#[test]
fn mir_eval_means_the_same_notes_by_every_chord_quality() {
    for quality in ChordQuality::ALL {
        let name = format!("{quality:?}");
        let theirs: Vec<u64> = figures()["mir_eval"][&name]
            .as_array()
            .unwrap_or_else(|| panic!("make.py does not know {name}"))
            .iter()
            .filter_map(Value::as_u64)
            .collect();
        let ours: Vec<u64> = quality.intervals().iter().map(|&semitones| semitones.into()).collect();
        assert_eq!(ours, theirs, "{name}");
    }
}
