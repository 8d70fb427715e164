//! `aeolian evaluate`: folders of pieces against human music, and models beside a 3-gram model.

use super::values::{existing, within};
use aeolian_compose::builtin::BUILTIN;
use aeolian_compose::{Composer, USUAL_STEPS};
use aeolian_corpus::Split;
use aeolian_evaluate::steps::{self, StepsSettings};
use aeolian_evaluate::verbs::{self, VerbSettings};
use aeolian_evaluate::{Candidate, Material, Settings, WINDOW, bands, report};
use aeolian_report::{Cut, html, text};
use aeolian_train::Dataset;
use anyhow::Context;
use std::path::{Path, PathBuf};

/// Arguments of `aeolian evaluate`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Compare a folder of MIDI files, whoever made them, with a folder of human music.
    Pieces(Pieces),
    /// Judge models on held-out music: likelihood, figures and originality, beside a 3-gram model.
    Models(Models),
    /// Do bass, drums and harmony of composed bands agree, beside real bands?
    Bands(Bands),
    /// Judge verbs where the answer is known: accompaniments, gaps and chords of held-out music.
    Verbs(Verbs),
    /// What fewer evaluations of the network cost in the music, sampler by sampler.
    Steps(Steps),
}

#[derive(clap::Args)]
struct Steps {
    /// Corpus files; their validation pieces are the real music.
    #[arg(long, required = true, value_parser = existing)]
    corpus: Vec<PathBuf>,
    /// Weight file to judge instead of the built-in transformer.
    #[arg(long, value_parser = existing)]
    weights: Option<PathBuf>,
    /// Pieces of each set.
    #[arg(long, default_value_t = 60, allow_negative_numbers = true, value_parser = within::<usize>("the number of pieces", 1..=100_000))]
    pieces: usize,
    /// Numbers of steps to try.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "8,12,16,24,32,64",
        allow_negative_numbers = true,
        value_parser = within::<usize>("the number of steps", 2..=1000)
    )]
    steps: Vec<usize>,
    /// Only samplers whose name begins so; may be repeated.
    #[arg(long)]
    sampler: Vec<String>,
}

#[derive(clap::Args)]
struct Verbs {
    /// Corpus files; their validation pieces are the real music.
    #[arg(long, required = true, value_parser = existing)]
    corpus: Vec<PathBuf>,
    /// Weight file to judge instead of the built-in transformer.
    #[arg(long, value_parser = existing)]
    weights: Option<PathBuf>,
    /// Excerpts of eight bars; each held-out song has its turn.
    #[arg(long, default_value_t = 74, allow_negative_numbers = true, value_parser = within::<usize>("the number of excerpts", 1..=100_000))]
    excerpts: usize,
    /// Steps from noise to music.
    #[arg(long, default_value_t = USUAL_STEPS, allow_negative_numbers = true, value_parser = within::<usize>("the number of steps", 2..=1000))]
    steps: usize,
    /// Below 1 surer, above 1 more adventurous.
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true, value_parser = within::<f32>("the temperature", 0.1..=3.0))]
    temperature: f32,
    /// How much given chords are listened to: 1 as learned; as the verbs do, if absent.
    #[arg(long, allow_negative_numbers = true, value_parser = within::<f32>("the guidance by chords", 0.0..=4.0))]
    chord_guidance: Option<f32>,
    /// File to write the report to; printed if absent.
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(clap::Args)]
struct Pieces {
    /// Folder of the MIDI files to be judged.
    folder: PathBuf,
    /// Folder of the music they should be like: human, and not trained on.
    #[arg(long, value_parser = existing)]
    reference: PathBuf,
    /// Folder of the music a model was trained on; without it nothing is said about copying.
    #[arg(long, value_parser = existing)]
    training: Option<PathBuf>,
    /// Compare windows of this many bars; 0 compares whole pieces.
    #[arg(long, default_value_t = 8, allow_negative_numbers = true, value_parser = within::<usize>("the number of bars", 0..=256))]
    bars: usize,
    /// Pieces of each set at most; files take turns.
    #[arg(long, default_value_t = 200, allow_negative_numbers = true, value_parser = within::<usize>("the number of pieces", 1..=1_000_000))]
    most: usize,
    /// Decides which pieces, and every random draw.
    #[arg(long, default_value_t = 1, allow_negative_numbers = true, value_parser = within::<u64>("the seed", 0..=u64::MAX))]
    seed: u64,
    /// Page to write, with pictures.
    #[arg(long)]
    html: Option<PathBuf>,
    /// File to write every number to.
    #[arg(long)]
    json: Option<PathBuf>,
}

#[derive(clap::Args)]
struct Bands {
    /// Corpus files that hold bands.
    #[arg(long, required = true, value_parser = existing)]
    corpus: Vec<PathBuf>,
    /// Pieces to compose, and windows of each collection.
    #[arg(long, default_value_t = 40, allow_negative_numbers = true, value_parser = within::<usize>("the number of pieces", 1..=100_000))]
    pieces: usize,
    /// Steps from noise to music.
    #[arg(long, default_value_t = USUAL_STEPS, allow_negative_numbers = true, value_parser = within::<usize>("the number of steps", 2..=1000))]
    steps: usize,
}

#[derive(clap::Args)]
struct Models {
    /// Corpus files; their validation pieces are the real music.
    #[arg(long, required = true, value_parser = existing)]
    corpus: Vec<PathBuf>,
    /// Weight files to judge instead of the built-in models.
    #[arg(long, value_parser = existing)]
    weights: Vec<PathBuf>,
    /// Pieces of each set; 0 leaves their table out.
    #[arg(long, default_value_t = 200, allow_negative_numbers = true, value_parser = within::<usize>("the number of pieces", 0..=100_000))]
    pieces: usize,
    /// Held-out windows whose likelihood is bounded; 0 leaves that table out.
    #[arg(long, default_value_t = 200, allow_negative_numbers = true, value_parser = within::<usize>("the number of windows", 0..=1_000_000))]
    windows: usize,
    /// Held-out windows of each collection in the corpora whose likelihood is bounded; 0 leaves that table out.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_parser = within::<usize>("the number of windows", 0..=1_000_000))]
    windows_a_set: usize,
    /// Looks at each window along the noise levels.
    #[arg(long, default_value_t = 24, allow_negative_numbers = true, value_parser = within::<usize>("the number of looks", 1..=10_000))]
    draws: usize,
    /// Steps from noise to music.
    #[arg(long, default_value_t = USUAL_STEPS, allow_negative_numbers = true, value_parser = within::<usize>("the number of steps", 2..=1000))]
    steps: usize,
    /// Below 1 surer, above 1 more adventurous.
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true, value_parser = within::<f32>("the temperature", 0.1..=3.0))]
    temperature: f32,
    /// File to write the report to; printed if absent.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Judges.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::Pieces(pieces) => judge_pieces(&pieces),
        Command::Models(models) => judge_models(models),
        Command::Bands(bands) => judge_bands(bands),
        Command::Verbs(verbs) => judge_verbs(verbs),
        Command::Steps(steps) => judge_steps(&steps),
    }
}

/// The transformer of a weight file, else the built-in one.
fn transformer(weights: Option<&Path>) -> anyhow::Result<Candidate> {
    let composer = match weights {
        Some(path) => {
            Composer::new(&std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?)?
        }
        None => Composer::builtin("transformer")?,
    };
    Ok(Candidate { name: "transformer".to_owned(), composer })
}

fn judge_steps(arguments: &Steps) -> anyhow::Result<()> {
    let mut methods = StepsSettings::all_methods();
    for wanted in &arguments.sampler {
        let is_there = methods.iter().any(|(name, _)| name.starts_with(wanted.as_str()));
        anyhow::ensure!(is_there, "--sampler {wanted}: there are ancestral, ddpm, ddim and second order");
    }
    if !arguments.sampler.is_empty() {
        methods.retain(|(name, _)| arguments.sampler.iter().any(|wanted| name.starts_with(wanted.as_str())));
    }
    let settings = StepsSettings { pieces: arguments.pieces, methods, steps: arguments.steps.clone() };
    eprintln!("reading the corpus …");
    let material = Material::load(&arguments.corpus)?;
    let candidate = transformer(arguments.weights.as_deref())?;
    print!("{}", steps::table(&settings, &material, candidate, &mut |doing| eprintln!("{doing} …"))?);
    Ok(())
}

fn judge_verbs(arguments: Verbs) -> anyhow::Result<()> {
    let candidate = transformer(arguments.weights.as_deref())?;
    let settings = VerbSettings {
        excerpts: arguments.excerpts,
        steps: arguments.steps,
        temperature: arguments.temperature,
        chord_guidance: arguments.chord_guidance,
    };
    eprintln!("reading the corpus …");
    let material = Material::load(&arguments.corpus)?;
    let text = verbs::tables(settings, &material, &candidate, &mut |doing| eprintln!("{doing} …"))?;
    match &arguments.out {
        Some(path) => write(path, &text)?,
        None => print!("{text}"),
    }
    Ok(())
}

fn judge_pieces(arguments: &Pieces) -> anyhow::Result<()> {
    let mut settings = aeolian_report::Settings::new(&arguments.folder, &arguments.reference);
    settings.training = arguments.training.clone();
    settings.cut = if arguments.bars == 0 { Cut::Whole } else { Cut::Bars(arguments.bars) };
    settings.most = Some(arguments.most);
    settings.comparison.seed = arguments.seed;
    let evaluation = aeolian_report::evaluate(&settings, |doing| eprintln!("{doing}"))?;
    print!("{}", text::terminal(&evaluation));
    if let Some(path) = &arguments.html {
        write(path, &html::page(&evaluation))?;
    }
    if let Some(path) = &arguments.json {
        write(path, &serde_json::to_string_pretty(&evaluation)?)?;
    }
    Ok(())
}

fn judge_bands(arguments: Bands) -> anyhow::Result<()> {
    let valid = Dataset::load(&arguments.corpus, Split::Valid, WINDOW)?;
    let composer = Composer::builtin("transformer")?;
    print!("{}", bands::table(valid, &composer, arguments.pieces, arguments.steps)?);
    Ok(())
}

fn judge_models(arguments: Models) -> anyhow::Result<()> {
    let settings = Settings {
        corpora: arguments.corpus,
        pieces: arguments.pieces,
        windows: arguments.windows,
        windows_a_set: arguments.windows_a_set,
        draws: arguments.draws,
        steps: arguments.steps,
        temperature: arguments.temperature,
    };
    let mut candidates = Vec::new();
    for path in &arguments.weights {
        let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        candidates.push(Candidate { name: path.display().to_string(), composer: Composer::new(&bytes)? });
    }
    if candidates.is_empty() {
        for builtin in &BUILTIN {
            candidates.push(Candidate { name: builtin.name.to_owned(), composer: Composer::builtin(builtin.name)? });
        }
    }
    let text = report(&settings, &candidates, &mut |doing| eprintln!("{doing} …"))?;
    match &arguments.out {
        Some(path) => write(path, &text)?,
        None => print!("{text}"),
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}
