//! The verbs that start from a person's own music.

use super::produce::{Order, produce};
use super::transcribe::{is_recording, read_music};
use super::values::{self, within};
use super::wishes::Common;
use aeolian_canvas::NoteLane;
use aeolian_compose::wish::{LaneSet, Regions, read_lane};
use aeolian_compose::{Request, Source, Verb};
use anyhow::Context;
use std::path::{Path, PathBuf};

/// Candidates where a verb does not say otherwise.
const CANDIDATES: u64 = 4;
/// All candidates are kept in memory, sound included, until they are ranked.
const MOST_CANDIDATES: u64 = 100;

/// The piece to start from, and what to do with it.
#[derive(clap::Args, Clone)]
pub struct From {
    /// A MIDI, MusicXML or ABC file, or a recording of one voice.
    file: PathBuf,
    /// The lane of each part, in order, such as "melody,harmony,none"; told by names and texture if absent.
    #[arg(long, value_parser = parts)]
    parts: Option<Parts>,
    /// How many candidates.
    #[arg(
        short,
        default_value_t = CANDIDATES,
        allow_negative_numbers = true,
        value_parser = within::<u64>("the number of candidates", 1..=MOST_CANDIDATES)
    )]
    n: u64,
    #[command(flatten)]
    common: Common,
}

/// `aeolian continue`, `extend`, `shorten`.
#[derive(clap::Args)]
pub struct WithBars {
    /// How many bars: more ones for `continue`, in all for `extend` and `shorten`.
    #[arg(long, allow_negative_numbers = true, value_parser = values::bars)]
    bars: usize,
    #[command(flatten)]
    from: From,
}

/// `aeolian infill`.
#[derive(clap::Args)]
pub struct Infill {
    /// Which bars (from 1), and lanes if not all: "5-8", "5-8:melody,harmony", "3:melody; 7-8".
    #[arg(long = "where")]
    regions: Regions,
    #[command(flatten)]
    from: From,
}

/// `aeolian accompany`.
#[derive(clap::Args)]
pub struct Accompany {
    /// The lanes to write; all but the melody if absent.
    #[arg(long, default_value = "counter,harmony")]
    lanes: LaneSet,
    #[command(flatten)]
    from: From,
}

/// `aeolian harmonize`, `reharmonize`.
#[derive(clap::Args)]
pub struct Plain {
    #[command(flatten)]
    from: From,
}

/// `aeolian perform`, `arrange`: one result unless more are asked for.
#[derive(clap::Args)]
pub struct One {
    /// A MIDI, MusicXML or ABC file, or a recording of one voice.
    file: PathBuf,
    /// The lane of each part, in order, such as "melody,harmony,none"; told by names and texture if absent.
    #[arg(long, value_parser = parts)]
    parts: Option<Parts>,
    /// How many candidates.
    #[arg(
        short,
        default_value_t = 1,
        allow_negative_numbers = true,
        value_parser = within::<u64>("the number of candidates", 1..=MOST_CANDIDATES)
    )]
    n: u64,
    #[command(flatten)]
    common: Common,
}

/// `aeolian arrange`.
#[derive(clap::Args)]
pub struct Arrange {
    /// The lanes to divide the notes among, such as "melody,harmony,bass"; melody, counter and harmony if absent.
    #[arg(long)]
    lanes: Option<LaneSet>,
    #[command(flatten)]
    one: One,
}

/// `aeolian melody`.
#[derive(clap::Args)]
pub struct Melody {
    /// A MIDI, MusicXML or ABC file whose other parts the melody goes over; or none, with --chords.
    file: Option<PathBuf>,
    /// How many bars, without a file; by the chords if absent.
    #[arg(long, allow_negative_numbers = true, value_parser = values::bars)]
    bars: Option<usize>,
    /// The lane of each part, in order; told by names and texture if absent.
    #[arg(long, value_parser = parts)]
    parts: Option<Parts>,
    /// How many candidates.
    #[arg(
        short,
        default_value_t = CANDIDATES,
        allow_negative_numbers = true,
        value_parser = within::<u64>("the number of candidates", 1..=MOST_CANDIDATES)
    )]
    n: u64,
    #[command(flatten)]
    common: Common,
}

/// `aeolian vary`.
#[derive(clap::Args)]
pub struct Vary {
    /// How far to go: 0 changes nothing, 1 keeps hardly anything.
    #[arg(
        long,
        default_value_t = 0.4,
        allow_negative_numbers = true,
        value_parser = within::<f64>("the strength of a variation", 0.0..=1.0)
    )]
    strength: f64,
    #[command(flatten)]
    from: From,
}

/// `aeolian morph`.
#[derive(clap::Args)]
pub struct Morph {
    /// The piece to start from.
    from: PathBuf,
    /// The piece to arrive at.
    to: PathBuf,
    /// How many pieces from one to the other, both ends included.
    #[arg(
        long = "in",
        default_value_t = 5,
        allow_negative_numbers = true,
        value_parser = within::<usize>("the number of pieces", 2..=64)
    )]
    pieces: usize,
    #[command(flatten)]
    common: Common,
}

/// More bars after the last.
pub fn continue_(a: WithBars) -> anyhow::Result<()> {
    let bars = a.bars;
    go(a.from, |source| Ok(Verb::Continue { source, bars }))
}

/// In exactly so many bars, not fewer than there are.
pub fn extend(a: WithBars) -> anyhow::Result<()> {
    fit(a, "shorten", |bars, there| bars >= there)
}

/// In exactly so many bars, not more than there are.
pub fn shorten(a: WithBars) -> anyhow::Result<()> {
    fit(a, "extend", |bars, there| bars <= there)
}

fn fit(a: WithBars, other: &str, is_right: impl FnOnce(usize, usize) -> bool) -> anyhow::Result<()> {
    let bars = a.bars;
    go(a.from, |source| {
        let there = source.num_bars();
        anyhow::ensure!(is_right(bars, there), "--bars {bars}: the piece has {there} bars already; say {other}");
        Ok(Verb::Fit { source, bars })
    })
}

/// Some bars anew.
pub fn infill(a: Infill) -> anyhow::Result<()> {
    let regions = a.regions;
    go(a.from, |source| {
        regions.check(source.num_bars()).context("in --where")?;
        Ok(Verb::Infill { source, regions })
    })
}

/// Lanes to others.
pub fn accompany(a: Accompany) -> anyhow::Result<()> {
    let lanes = a.lanes;
    go(a.from, |source| {
        let others = source.lanes().iter().flatten().any(|&lane| !lanes.contains(lane));
        anyhow::ensure!(
            others,
            "--lanes {lanes} leaves nothing to go with; name lanes (melody, counter, harmony, bass, drums or sustained) so that one with notes stays"
        );
        Ok(Verb::Accompany { source, lanes })
    })
}

/// Chords and harmony.
pub fn harmonize(a: Plain) -> anyhow::Result<()> {
    go(a.from, |source| Ok(Verb::Harmonize { source }))
}

/// Other chords and harmony.
pub fn reharmonize(a: Plain) -> anyhow::Result<()> {
    go(a.from, |source| Ok(Verb::Reharmonize { source }))
}

/// The same, only different.
pub fn vary(a: Vary) -> anyhow::Result<()> {
    let strength = a.strength;
    go(a.from, |source| Ok(Verb::Vary { source, strength }))
}

/// Loudness and a tempo that breathes.
pub fn perform(a: One) -> anyhow::Result<()> {
    go(a.into(), |source| Ok(Verb::Perform { source }))
}

/// Notes into lanes.
pub fn arrange(a: Arrange) -> anyhow::Result<()> {
    let lanes = a.lanes;
    go_with(a.one.into(), |request| request.lanes = lanes, |source| Ok(Verb::Arrange { source }))
}

/// A tune over chords or over a piece.
pub fn melody(a: Melody) -> anyhow::Result<()> {
    match a.file {
        Some(file) => {
            anyhow::ensure!(a.bars.is_none(), "--bars is for a melody without a file; {} has bars", file.display());
            let from = From { file, parts: a.parts, n: a.n, common: a.common };
            go(from, |source| Ok(Verb::Melody { source: Some(source) }))
        }
        None => {
            anyhow::ensure!(a.parts.is_none(), "--parts names the parts of a file, and there is no file");
            let request = Request { bars: a.bars, ..a.common.request(Verb::Melody { source: None })? };
            request.check()?;
            produce(Order::several(request, a.n, "melody", true, a.common.sampling.out))
        }
    }
}

/// Pieces between two.
pub fn morph(a: Morph) -> anyhow::Result<()> {
    let (from, to) = (read(&a.from, None)?, read(&a.to, None)?);
    refuse_metre(&a.common)?;
    let request = a.common.request(Verb::Compose)?;
    let positions = (0..a.pieces).map(|i| i as f64 / (a.pieces - 1) as f64);
    let requests: Vec<Request> = positions
        .map(|position| Request {
            verb: Verb::Morph { from: from.clone(), to: to.clone(), position },
            ..request.clone()
        })
        .collect();
    let stem = |i: usize| format!("{}-morph-{}-{}", stem_of(&a.from), request.seed, i + 1);
    let stems = (0..a.pieces).map(stem).collect();
    produce(Order { requests, stems, ranked: false, out: a.common.sampling.out })
}

impl std::convert::From<One> for From {
    fn from(a: One) -> Self {
        Self { file: a.file, parts: a.parts, n: a.n, common: a.common }
    }
}

fn go(from: From, verb: impl FnOnce(Source) -> anyhow::Result<Verb>) -> anyhow::Result<()> {
    go_with(from, |_| (), verb)
}

fn go_with(
    mut from: From,
    more: impl FnOnce(&mut Request),
    verb: impl FnOnce(Source) -> anyhow::Result<Verb>,
) -> anyhow::Result<()> {
    // A recording keeps its own tempo too, but may be told which it is.
    let heard = if is_recording(&from.file) { from.common.wishes.tempo.take() } else { None };
    let source = read_at(&from.file, from.parts.as_ref(), heard)?;
    refuse_metre(&from.common)?;
    let has_tempo = !source.score().tempos.is_empty();
    anyhow::ensure!(
        !has_tempo || from.common.wishes.tempo.is_none(),
        "--tempo is for pieces that have none; {} keeps its own",
        from.file.display()
    );
    let verb = verb(source)?;
    refuse_drums_alone(&verb, &from.file)?;
    let mut request = from.common.request(verb)?;
    more(&mut request);
    request.check()?;
    let stem = format!("{}-{}", stem_of(&from.file), request.verb.name());
    produce(Order::several(request, from.n, &stem, true, from.common.sampling.out))
}

/// A person's own music keeps its metre.
fn refuse_metre(common: &Common) -> anyhow::Result<()> {
    match common.wishes.metre {
        None => Ok(()),
        Some(metre) => anyhow::bail!("--metre {metre} is for new pieces; a piece from a file keeps its own"),
    }
}

/// Some verbs have nothing to do with drums.
fn refuse_drums_alone(verb: &Verb, path: &Path) -> anyhow::Result<()> {
    let alone = verb.sources().into_iter().any(Source::holds_only_drums);
    let (name, path) = (verb.name(), path.display());
    anyhow::ensure!(!alone || !verb.needs_pitches(), "{path} holds only drums, and {name} needs notes with pitches");
    Ok(())
}

fn stem_of(path: &Path) -> String {
    path.file_stem().map_or_else(|| "piece".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// The lane of each part, in order; none leaves a part out.
#[derive(Clone)]
pub struct Parts {
    text: String,
    lanes: Vec<Option<NoteLane>>,
}

/// Lanes between commas, "none" or "-" among them.
pub fn parts(text: &str) -> Result<Parts, String> {
    let lane = |word: &str| match word.trim() {
        "none" | "-" => Ok(None),
        word => read_lane(word).map(Some).map_err(|error| format!("{error}, or none to leave a part out")),
    };
    Ok(Parts { text: text.to_owned(), lanes: text.split(',').map(lane).collect::<Result<_, _>>()? })
}

/// Reads a piece from a file; `parts` names its lanes. Refuses what no lane could begin with.
pub fn read(path: &Path, parts: Option<&Parts>) -> anyhow::Result<Source> {
    read_at(path, parts, None)
}

/// The same; `qpm` is about how fast a recording goes, if that is known.
fn read_at(path: &Path, parts: Option<&Parts>, qpm: Option<f64>) -> anyhow::Result<Source> {
    let bytes = read_music(path, qpm)?;
    let read = aeolian_score::file::read(&bytes).with_context(|| format!("{} cannot be read", path.display()))?;
    if read.other_tunes > 0 {
        eprintln!("{} holds {} tunes; the first is read", path.display(), read.other_tunes + 1);
    }
    let plays = read.score.parts.iter().any(|part| !part.notes.is_empty());
    anyhow::ensure!(plays, "{} has no notes to start from: it is silent", path.display());
    let Some(Parts { text, lanes }) = parts else { return Ok(Source::new(read.score)) };
    let source = Source::with_lanes(read.score, lanes.clone()).with_context(|| format!("in --parts {text}"))?;
    let mut of_parts = source.score().parts.iter().zip(source.lanes());
    anyhow::ensure!(
        of_parts.any(|(part, lane)| !part.notes.is_empty() && lane.is_some()),
        "--parts {text} leaves out every part with notes; say melody, counter, harmony, bass, drums or sustained for one of them"
    );
    Ok(source)
}
