//! `aeolian render FILE`: any MIDI, MusicXML or ABC file as a sound file.

use super::values::within;
use aeolian_compose::{Artefact, write_all};
use aeolian_picture::{spectrogram, waveform};
use aeolian_score::{Score, file};
use aeolian_synth::formats::{Encoding, Tags, encode};
use aeolian_synth::master::master;
use aeolian_synth::{FittedVoices, Instruments, RenderSettings, SoundFont, Stem, Stereo, mix, mixdown, soundfont};
use aeolian_voice::builtin;
use anyhow::{Context, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Instant;

/// Quality of Ogg Vorbis: about 192 kbit a second, where few ears still hear a difference.
const OGG_QUALITY: f32 = 0.6;

/// Arguments of `aeolian render`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The MIDI, MusicXML or ABC file to play.
    file: PathBuf,
    /// The sound file to write; beside FILE and named like it if absent.
    #[arg(short, long)]
    out: Option<PathBuf>,
    /// wav, flac or ogg; what OUT ends in, or wav.
    #[arg(long)]
    format: Option<Format>,
    /// Bits a sample: 16, 24, or for wav 32 (floating point).
    #[arg(long, allow_negative_numbers = true, value_parser = bits)]
    bits: Option<u32>,
    /// Samples a second.
    #[arg(
        long,
        default_value_t = 44_100,
        allow_negative_numbers = true,
        value_parser = within::<u32>("the number of samples a second", 8_000..=192_000)
    )]
    sample_rate: u32,
    /// A .sf2 or .sf3 file to play with, or the name of one in the usual folders; `aeolian doctor` lists those.
    #[arg(long)]
    soundfont: Option<PathBuf>,
    /// Who plays without a SoundFont: the voices that were learned from recordings where there are any (fitted), or only those that
    /// are made from physics (house).
    #[arg(long, default_value = "fitted", conflicts_with = "soundfont")]
    voices: Voices,
    /// Let another fitted voice play its program too: a file of `aeolian voice fit`; may be given several times.
    #[arg(long = "voice", conflicts_with = "soundfont")]
    more_voices: Vec<String>,
    /// General MIDI programs (0-based) for the parts in turn, instead of their own; drums keep theirs. For example 73,71,24.
    #[arg(long, value_delimiter = ',', allow_negative_numbers = true, value_parser = within::<u8>("a General MIDI program", 0..=127))]
    programs: Vec<u8>,
    /// Also write every part and the hall alone, as they are before the master stage, into a folder beside OUT
    /// (32-bit WAV unless --format or --bits say otherwise).
    #[arg(long)]
    stems: bool,
    /// Make a loop: whole bars, and what rings on at the end is heard at the beginning.
    #[arg(long = "loop")]
    seamless: bool,
    /// Integrated loudness in LUFS, or "off".
    #[arg(long, default_value = "-16", allow_hyphen_values = true)]
    loudness: Loudness,
    /// Also write the waveform and the spectrogram as .svg beside OUT.
    #[arg(long)]
    pictures: bool,
}

/// What kind of file.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Wav,
    Flac,
    Ogg,
}

/// Who plays without a SoundFont.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Voices {
    Fitted,
    House,
}

/// A loudness, or none.
#[derive(Clone, Copy)]
struct Loudness(Option<f64>);

impl FromStr for Loudness {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self(None));
        }
        let lufs = text.parse().ok().filter(|lufs| (-70.0..=-5.0).contains(lufs));
        lufs.map(|lufs| Self(Some(lufs))).ok_or_else(|| "a loudness can be -70 to -5 LUFS, or \"off\"".to_owned())
    }
}

/// Renders.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let start = Instant::now();
    let target = Target::of(&arguments)?;
    let shown = arguments.file.display();
    let bytes = std::fs::read(&arguments.file).with_context(|| format!("{shown} cannot be read"))?;
    let mut read = file::read(&bytes).with_context(|| format!("{shown} cannot be played"))?;
    if !read.repairs.is_empty() {
        eprintln!("{shown} was put right: {}", read.repairs);
    }
    if read.left_out > 0 {
        eprintln!("{} pedals, bends and other marks of expression of {shown} are not heard", read.left_out);
    }
    if read.other_tunes > 0 {
        eprintln!("{shown} holds {} tunes; the first is played", read.other_tunes + 1);
    }
    assign_programs(&mut read.score, &arguments.programs);
    let font = arguments.soundfont.as_deref().map(|asked| open_font(asked, &read.score)).transpose()?;
    let settings = RenderSettings {
        sample_rate_hz: arguments.sample_rate,
        loudness_lufs: arguments.loudness.0,
        seamless: arguments.seamless,
        ..RenderSettings::default()
    };
    let tags = Tags {
        title: title(&read.score, &arguments.file),
        recipe: read.recipe.clone().unwrap_or_default(),
        is_loop: arguments.seamless,
    };
    let fitted = fitted(&arguments)?;
    let instruments = match &font {
        Some(font) => Instruments::SoundFont(font),
        None => Instruments::Fitted(&fitted),
    };
    let (sound, loudness) = play(&read.score, &settings, instruments, arguments.stems, |stem, number| {
        if arguments.stems { target.write_stem(stem, number, &arguments, &tags) } else { Ok(()) }
    })?;
    let mut artefacts = vec![target.artefact(encode(&sound, &target.encoding, &tags)?)];
    if arguments.pictures {
        let picture = |extension, svg: String| Artefact { extension, bytes: svg.into_bytes() };
        artefacts.push(picture("waveform.svg", waveform(&[&sound.left, &sound.right], sound.sample_rate_hz)?));
        artefacts.push(picture("spectrogram.svg", spectrogram(&sound.to_mono(), sound.sample_rate_hz)?));
    }
    let paths = write_all(&target.folder, &target.stem, &artefacts)?;
    println!("{}: {}, {:.1} seconds", paths[0].display(), described(&sound, loudness), start.elapsed().as_secs_f64());
    Ok(())
}

/// Where the sound goes, and as what.
struct Target {
    folder: PathBuf,
    stem: String,
    encoding: Encoding,
}

impl Target {
    fn of(arguments: &Arguments) -> anyhow::Result<Self> {
        let default = arguments.file.with_extension("");
        let out = arguments.out.as_ref().unwrap_or(&default);
        let name =
            out.file_name().and_then(|n| n.to_str()).with_context(|| format!("{} names no file", out.display()))?;
        // A point in a default name is part of it; in a name that was typed, what follows is the format.
        let (stem, ending) = match name.rsplit_once('.').filter(|_| arguments.out.is_some()) {
            Some((stem, ending)) if !stem.is_empty() => (stem, Some(ending.to_lowercase())),
            _ => (name, None),
        };
        let implied = match ending.as_deref() {
            None => None,
            Some("wav") => Some(Format::Wav),
            Some("flac") => Some(Format::Flac),
            Some("ogg" | "oga") => Some(Format::Ogg),
            Some(other) => bail!("a file ending in .{other} cannot be written; there are wav, flac and ogg"),
        };
        if let (Some(asked), Some(implied)) = (arguments.format, implied) {
            ensure!(asked == implied, "--format and the ending of {name} do not agree");
        }
        let format = arguments.format.or(implied).unwrap_or(Format::Wav);
        let folder = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        Ok(Self { folder, stem: stem.to_owned(), encoding: encoding(format, arguments.bits, 16)? })
    }

    fn artefact(&self, bytes: Vec<u8>) -> Artefact {
        Artefact { extension: self.encoding.extension(), bytes }
    }

    /// "03 Bass.wav" in the folder of stems.
    fn write_stem(&self, stem: Stem, number: usize, arguments: &Arguments, tags: &Tags) -> anyhow::Result<()> {
        let plain =
            arguments.format.is_none() && arguments.bits.is_none() && matches!(self.encoding, Encoding::Wav { .. });
        let encoding = if plain { Encoding::Wav { bits: 32 } } else { self.encoding };
        let tags = Tags { title: format!("{}: {}", tags.title, stem.name), ..tags.clone() };
        let bytes = encode(&stem.sound, &encoding, &tags)?;
        let folder = self.folder.join(format!("{}-stems", self.stem));
        let name = format!("{number:02} {}", file_name(&stem.name));
        write_all(&folder, name.trim_end(), &[Artefact { extension: encoding.extension(), bytes }])?;
        Ok(())
    }
}

fn encoding(format: Format, bits: Option<u32>, usual: u32) -> anyhow::Result<Encoding> {
    let depths: &[u32] = match format {
        Format::Wav => &[16, 24, 32],
        Format::Flac => &[16, 24],
        Format::Ogg => &[],
    };
    if let Some(bits) = bits {
        ensure!(format != Format::Ogg, "Ogg Vorbis has no fixed number of bits; leave --bits out");
        let name = if format == Format::Wav { "WAV" } else { "FLAC" };
        let possible: Vec<String> = depths.iter().map(u32::to_string).collect();
        ensure!(depths.contains(&bits), "--bits {bits}: {name} has samples of {} bits", possible.join(" or "));
    }
    let bits = bits.unwrap_or(usual);
    Ok(match format {
        Format::Wav => Encoding::Wav { bits },
        Format::Flac => Encoding::Flac { bits },
        Format::Ogg => Encoding::Ogg { quality: OGG_QUALITY },
    })
}

/// Bits a sample that some format has.
fn bits(text: &str) -> Result<u32, String> {
    let bits = text.trim().parse().ok().filter(|bits| [16, 24, 32].contains(bits));
    bits.ok_or_else(|| "the bits of a sample can be 16, 24 or, for wav, 32".to_owned())
}

/// A path if there is such a file, else a name in the usual folders.
fn open_font(asked: &Path, score: &Score) -> anyhow::Result<SoundFont> {
    let named = || asked.to_str().and_then(soundfont::named);
    let path = if asked.exists() { Some(asked.to_owned()) } else { named() };
    let path = path
        .with_context(|| format!("--soundfont {}: there is none; aeolian doctor lists those found", asked.display()))?;
    SoundFont::open_for(&path, score).with_context(|| format!("{} cannot play", path.display()))
}

/// The fitted voices asked for; none leaves everything to the house.
fn fitted(arguments: &Arguments) -> anyhow::Result<FittedVoices> {
    let mut voices = FittedVoices::default();
    if arguments.voices == Voices::Fitted {
        builtin::voices().iter().for_each(|voice| voices.assign(voice.card.program, voice.clone()));
    }
    for asked in &arguments.more_voices {
        let voice = super::voice::open(asked).context("in --voice")?;
        voices.assign(voice.card.program, voice);
    }
    Ok(voices)
}

fn assign_programs(score: &mut Score, programs: &[u8]) {
    if programs.is_empty() {
        return;
    }
    let parts = score.parts.iter_mut().filter(|part| !part.is_drum && !part.notes.is_empty());
    parts.zip(programs.iter().cycle()).for_each(|(part, program)| part.program = *program);
}

/// Plays and masters; `each` gets every stem with its number, from 1 on, unless a SoundFont plays and stems are not wanted: then none is ever
/// whole. Also returns the loudness reached.
fn play(
    score: &Score,
    settings: &RenderSettings,
    instruments: Instruments,
    with_stems: bool,
    mut each: impl FnMut(Stem, usize) -> anyhow::Result<()>,
) -> anyhow::Result<(Stereo, Option<f64>)> {
    let heard = score.parts.iter().filter(|p| !p.notes.is_empty()).count();
    let style = ProgressStyle::with_template("playing part {pos} of {len} [{wide_bar}]").expect("a valid template");
    let bar = ProgressBar::new(heard as u64 + 1).with_style(style);
    let mut number = 0;
    let mut sound = if matches!(instruments, Instruments::SoundFont(_)) && !with_stems {
        mix(score, settings, instruments)?
    } else {
        mixdown(score, settings, instruments, |stem| {
            number += 1;
            bar.set_position(number as u64);
            each(stem, number)
        })?
    };
    bar.finish_and_clear();
    let loudness = master(&mut sound, settings.loudness_lufs, settings.ends());
    Ok((sound, loudness))
}

fn title(score: &Score, file: &Path) -> String {
    let name = || file.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if score.title.trim().is_empty() { name() } else { score.title.trim().to_owned() }
}

/// "2:05.3 at 44100 Hz, -16.0 LUFS".
fn described(sound: &Stereo, loudness: Option<f64>) -> String {
    let tenths = (sound.seconds() * 10.0).round() as u64;
    let length = format!("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10);
    let loudness = loudness.map(|lufs| format!(", {lufs:.1} LUFS")).unwrap_or_default();
    let silent = if sound.peak() == 0.0 { ", silent" } else { "" };
    format!("{length} at {} Hz{loudness}{silent}", sound.sample_rate_hz)
}

/// A part's name without what file systems cannot bear, and not too long.
fn file_name(name: &str) -> String {
    let safe = |c: char| if c.is_control() || "/\\:*?\"<>|.".contains(c) { '_' } else { c };
    name.trim().chars().take(60).map(safe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_names_become_harmless_file_names() {
        assert_eq!(file_name("  Violin I / II "), "Violin I _ II");
        assert_eq!(file_name("../../etc/passwd"), "______etc_passwd");
        assert_eq!(file_name(&"x".repeat(500)).len(), 60);
        assert_eq!(file_name("\u{7}Größe"), "_Größe");
    }

    #[test]
    fn a_loudness_is_a_number_or_off() {
        assert_eq!(Loudness::from_str("-14.5").map(|l| l.0), Ok(Some(-14.5)));
        assert_eq!(Loudness::from_str("off").map(|l| l.0), Ok(None));
        assert!(Loudness::from_str("loud").is_err());
    }
}
