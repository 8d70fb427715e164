//! `aeolian voice`: instruments that learn their sound, and what they are good for.

use super::values::{existing, within};
use aeolian_compose::{Artefact, write_all};
use aeolian_picture::{Curve, curves};
use aeolian_synth::{SoundFont, Stereo, soundfont, wav};
use aeolian_voice::audio::{notes_of, read_wav};
use aeolian_voice::fit::{FitSettings, Progress};
use aeolian_voice::note::{RATE_HZ, Recording};
use aeolian_voice::pitch::Yin;
use aeolian_voice::plan::{Report, examine};
use aeolian_voice::transfer::transferred;
use aeolian_voice::workshop::{Origin, beside_font, beside_recordings, learn, learn_from_font};
use aeolian_voice::{Voice, builtin};
use anyhow::{Context, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Arguments of `aeolian voice`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Learn a playable voice from a SoundFont's program or from recordings; writes its file, its curve and a comparison to hear.
    Fit(FitArguments),
    /// The voices inside this program, what they learned from and how well.
    List,
    /// How far voices are from notes they never learned from, beside the house's voices and noise.
    Judge(JudgeArguments),
    /// Play what somebody sang or played (one note at a time) with a voice.
    Transfer(TransferArguments),
}

#[derive(clap::Args)]
struct FitArguments {
    /// Learn from a .sf2 or .sf3 file, or the name of one in the usual folders; with --preset.
    #[arg(long, requires = "preset", conflicts_with = "audio")]
    soundfont: Option<PathBuf>,
    /// Which General MIDI program of the SoundFont, 0–127.
    #[arg(long, allow_negative_numbers = true, value_parser = within::<u8>("a General MIDI program", 0..=127))]
    preset: Option<u8>,
    /// Learn from the .wav files of a folder, in which one note sounds at a time.
    #[arg(long, required_unless_present = "soundfont", value_parser = existing)]
    audio: Option<PathBuf>,
    /// Which General MIDI program the voice shall play; the preset if absent.
    #[arg(long, allow_negative_numbers = true, value_parser = within::<u8>("a General MIDI program", 0..=127))]
    program: Option<u8>,
    /// What to call it.
    #[arg(long)]
    name: Option<String>,
    /// Who made the recordings; kept in the file.
    #[arg(long)]
    source: Option<String>,
    /// The recordings' licence; kept in the file.
    #[arg(long, default_value = "not stated")]
    licence: String,
    /// The folder to write to.
    #[arg(short, long, default_value = "voices")]
    out: PathBuf,
    /// Learn the room of the recordings too, so that the voice itself is dry.
    #[arg(long)]
    room: bool,
    /// Steps of the second part, by sound; each takes about a tenth of a second.
    #[arg(
        long,
        default_value_t = FitSettings::default().sound_steps,
        allow_negative_numbers = true,
        value_parser = within::<usize>("the number of steps", 0..=100_000)
    )]
    steps: usize,
    /// Decides initial weights and draws.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_parser = within::<u64>("the seed", 0..=u64::MAX))]
    seed: u64,
}

#[derive(clap::Args)]
struct JudgeArguments {
    /// The SoundFont to judge by, or the name of one in the usual folders.
    #[arg(long)]
    soundfont: PathBuf,
    /// Names or files of voices; all inside this program if absent.
    voices: Vec<String>,
}

#[derive(clap::Args)]
struct TransferArguments {
    /// A .wav file in which one note sounds at a time.
    file: PathBuf,
    /// Name of a voice (see `aeolian voice list`), or its file.
    #[arg(long)]
    voice: String,
    /// The .wav file to write; FILE-VOICE.wav if absent.
    #[arg(short, long)]
    out: Option<PathBuf>,
}

/// Does it.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::Fit(arguments) => fit(&arguments),
        Command::List => list(),
        Command::Judge(arguments) => judge(&arguments),
        Command::Transfer(arguments) => transfer(&arguments),
    }
}

/// A voice inside this program, or in a file.
pub fn open(asked: &str) -> anyhow::Result<Arc<Voice>> {
    if let Some(voice) = builtin::named(asked) {
        return Ok(voice);
    }
    let path = Path::new(asked);
    let names: Vec<&str> = builtin::voices().iter().map(|v| v.card.name.as_str()).collect();
    ensure!(path.exists(), "there is no voice {asked}; inside this program are {}", names.join(", "));
    let bytes = std::fs::read(path).with_context(|| format!("{asked} cannot be read"))?;
    Ok(Arc::new(Voice::from_bytes(&bytes).with_context(|| format!("{asked} cannot be played"))?))
}

fn open_font(asked: &Path) -> anyhow::Result<SoundFont> {
    let named = || asked.to_str().and_then(soundfont::named);
    let path = if asked.exists() { Some(asked.to_owned()) } else { named() };
    let path = path
        .with_context(|| format!("--soundfont {}: there is none; aeolian doctor lists those found", asked.display()))?;
    SoundFont::open(&path).with_context(|| format!("{} cannot play", path.display()))
}

fn fit(arguments: &FitArguments) -> anyhow::Result<()> {
    let settings = FitSettings {
        sound_steps: arguments.steps,
        has_room: arguments.room,
        seed: arguments.seed,
        ..FitSettings::default()
    };
    let mut watch = Watch::new(&settings);
    let (voice, report, compared) = match (&arguments.soundfont, arguments.preset, &arguments.audio) {
        (Some(font), Some(preset), _) => {
            let font = open_font(font)?;
            let source = || format!("{}, program {preset}", font.name());
            let origin = origin(arguments, preset, &format!("program{preset}"), source);
            let learned = learn_from_font(&font, origin, &settings, |p| watch.see(p))?;
            let (voice, report) = learned.with_context(|| format!("the SoundFont is silent on program {preset}"))?;
            let compared = beside_font(&font, &voice)?;
            (voice, Some(report), compared)
        }
        (_, _, Some(folder)) => {
            let program = arguments.program.context("say with --program which General MIDI program it shall play")?;
            let recordings = recordings(folder)?;
            eprintln!("{} notes in {}", recordings.len(), folder.display());
            let name = folder.file_name().map_or("voice".to_owned(), |n| n.to_string_lossy().into_owned());
            let origin = origin(arguments, program, &name, || folder.display().to_string());
            let voice = learn(&recordings, origin, &settings, |p| watch.see(p));
            let voice = voice.context("no note was heard in these recordings")?;
            let compared = beside_recordings(&recordings, &voice);
            (voice, None, compared)
        }
        _ => bail!("learn from what? Give --soundfont and --preset, or --audio"),
    };
    watch.bar.finish_and_clear();
    let stem = file_stem(&voice.card.name);
    let sound = Stereo { sample_rate_hz: RATE_HZ, left: compared.clone(), right: compared };
    let paths = write_all(
        &arguments.out,
        &stem,
        &[
            Artefact { extension: "safetensors", bytes: voice.to_bytes()? },
            Artefact { extension: "loss.svg", bytes: watch.drawn(&voice.card.name).into_bytes() },
            Artefact { extension: "ab.wav", bytes: wav::to_bytes(&sound)? },
        ],
    )?;
    println!("{}: {}", paths[0].display(), described(&voice));
    if let Some(report) = report {
        println!("{TITLE}\n{}", row(&voice.card.name, &report));
    }
    println!("{}: recorded and played in turn", paths[2].display());
    Ok(())
}

fn origin(arguments: &FitArguments, program: u8, name: &str, source: impl Fn() -> String) -> Origin {
    Origin {
        name: arguments.name.clone().unwrap_or_else(|| name.to_owned()),
        program: arguments.program.unwrap_or(program),
        source: arguments.source.clone().unwrap_or_else(source),
        licence: arguments.licence.clone(),
    }
}

/// All notes of all .wav files of a folder, in the order of their names.
fn recordings(folder: &Path) -> anyhow::Result<Vec<Recording>> {
    let shown = folder.display();
    let entries = std::fs::read_dir(folder).with_context(|| format!("{shown} cannot be read"))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e.eq_ignore_ascii_case("wav")));
    paths.sort();
    ensure!(!paths.is_empty(), "there is no .wav file in {shown}");
    let mut all = Vec::new();
    for path in paths {
        all.extend(notes_of(&read_wav(&path)?, &Yin::default()));
    }
    Ok(all)
}

/// Follows a fit on a progress bar and keeps its curve.
struct Watch {
    bar: ProgressBar,
    analysed: usize,
    amplitude_steps: usize,
    amplitudes: Vec<f32>,
    sound: Vec<f32>,
}

impl Watch {
    fn new(settings: &FitSettings) -> Self {
        let style =
            ProgressStyle::with_template("{elapsed_precise} [{wide_bar}] {msg}, {eta} left").expect("a valid template");
        let steps = settings.amplitude_steps + 20 * settings.sound_steps;
        let bar = ProgressBar::new(steps as u64).with_style(style);
        Self { bar, analysed: 0, amplitude_steps: settings.amplitude_steps, amplitudes: Vec::new(), sound: Vec::new() }
    }

    fn see(&mut self, progress: Progress) {
        match progress {
            Progress::Analysed(done, of) => {
                self.analysed = done;
                self.bar.set_message(format!("{done} of {of} notes taken apart"));
            }
            Progress::Amplitudes(step, loss) => {
                self.amplitudes.push(loss);
                self.bar.set_position(step as u64);
                self.bar.set_message(format!("learning amplitudes, loss {loss:.3}"));
            }
            // A step by sound takes about as long as twenty by amplitudes.
            Progress::Sound(step, loss) => {
                self.sound.push(loss);
                self.bar.set_position((self.amplitude_steps + 20 * step) as u64);
                self.bar.set_message(format!("learning sound, distance {loss:.2}"));
            }
        }
    }

    fn drawn(&self, name: &str) -> String {
        let smoothed = |values: &[f32], over: usize| -> Vec<(f64, f64)> {
            let mean = |c: &[f32]| f64::from(c.iter().sum::<f32>() / c.len() as f32);
            values.chunks(over).enumerate().map(|(i, c)| ((i * over) as f64, mean(c))).collect()
        };
        let first = Curve { name: "amplitudes: squared logarithm".to_owned(), points: smoothed(&self.amplitudes, 15) };
        let shift = self.amplitudes.len() as f64;
        let points = smoothed(&self.sound, 5).into_iter().map(|(x, y)| (shift + 10.0 * x, y)).collect();
        let second = Curve { name: "sound: spectral distance (a step drawn as ten)".to_owned(), points };
        curves(&[first, second], &format!("Learning {name}"), "steps", "loss", false)
    }
}

const TITLE: &str = "voice             program   spectral distance: fitted  house  noise   loudness error in dB: fitted  house  noise   notes";

fn row(name: &str, report: &Report) -> String {
    let Report { fitted, house, noise } = report;
    format!(
        "{name:25} {:>27.2} {:>6.2} {:>6.2} {:>30.2} {:>6.2} {:>6.2} {:>7}{}",
        fitted.spectral,
        house.spectral,
        noise.spectral,
        fitted.loudness_db,
        house.loudness_db,
        noise.loudness_db,
        fitted.notes,
        if report.is_better() { "   better than the house's" } else { "" }
    )
}

fn described(voice: &Voice) -> String {
    let card = &voice.card;
    let kind = if card.is_struck { "struck" } else { "held" };
    let [low, high] = card.pitches;
    format!(
        "program {}, {kind}, keys {low}–{high}, {} weights, from {} ({})",
        card.program,
        voice.weights(),
        card.source,
        card.licence
    )
}

fn list() -> anyhow::Result<()> {
    for voice in builtin::voices() {
        println!("{}: {}", voice.card.name, described(voice));
        let figures: Vec<String> = voice.card.figures.iter().map(|(name, value)| format!("{name} {value}")).collect();
        println!("    on held-out notes: {}", figures.join(", "));
    }
    if builtin::voices().is_empty() {
        println!("there is no fitted voice inside this program; the house's voices play everything");
    }
    Ok(())
}

fn judge(arguments: &JudgeArguments) -> anyhow::Result<()> {
    let font = open_font(&arguments.soundfont)?;
    let voices = match &arguments.voices[..] {
        [] => builtin::voices().to_vec(),
        asked => asked.iter().map(|name| open(name)).collect::<anyhow::Result<Vec<_>>>()?,
    };
    println!("{TITLE}");
    for voice in voices {
        match examine(&font, &voice)? {
            Some(report) => println!("{}", row(&voice.card.name, &report)),
            None => println!("{}: the SoundFont is silent on program {}", voice.card.name, voice.card.program),
        }
    }
    Ok(())
}

fn transfer(arguments: &TransferArguments) -> anyhow::Result<()> {
    let voice = open(&arguments.voice).context("in --voice")?;
    let played = transferred(&read_wav(&arguments.file)?, &voice, &Yin::default());
    ensure!(!played.is_empty(), "no melody was heard in {}", arguments.file.display());
    let stem = arguments.file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let name = format!("{stem}-{}.wav", file_stem(&voice.card.name));
    let out = arguments.out.clone().unwrap_or_else(|| arguments.file.with_file_name(name));
    let sound = Stereo { sample_rate_hz: RATE_HZ, left: played.clone(), right: played };
    wav::write(&sound, &out)?;
    println!("{}: {:.1} seconds by {}", out.display(), sound.seconds(), voice.card.name);
    Ok(())
}

/// A name without what file systems cannot bear.
fn file_stem(name: &str) -> String {
    name.chars().take(60).map(|c| if c.is_alphanumeric() || c == '-' || c == '_' { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_harmless_file_names() {
        assert_eq!(file_stem("../a b"), "---a-b");
        assert_eq!(file_stem("violin_2"), "violin_2");
    }

    #[test]
    fn a_voice_that_is_not_there_is_named_with_those_that_are() {
        let told = open("kazoo of Babylon").expect_err("no such voice").to_string();
        assert!(told.contains("kazoo of Babylon"), "{told}");
    }
}
