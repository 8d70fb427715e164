//! A piece as a file of any kind, with its recipe inside where it has one.

use crate::error::{ApiError, Code};
use crate::making::Making;
use crate::piece::{PieceJson, bar_starts, lane_word};
use crate::zip::pack;
use aeolian_compose::Source;
use aeolian_picture::{RollStyle, piano_roll};
use aeolian_score::quantise::quantise;
use aeolian_score::{Score, Tick, midi, musicxml};
use aeolian_synth::formats::{Encoding, Tags, encode};
use aeolian_synth::{Instruments, RenderSettings, mixdown, render_with};
use aeolian_voice::builtin;
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use utoipa::ToSchema;

/// Quality of Ogg Vorbis: about 192 kbit a second.
const OGG_QUALITY: f32 = 0.6;
/// The longest piece that is rendered, in seconds: a quarter of an hour takes 0.3 GB.
const MOST_SECONDS: f64 = 900.0;

/// A kind of sound file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SoundFormat {
    /// 16-bit WAV.
    Wav,
    /// 16-bit FLAC.
    Flac,
    /// Ogg Vorbis.
    #[default]
    Ogg,
}

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FileFormat {
    /// Standard MIDI file.
    Mid,
    /// MusicXML.
    Musicxml,
    /// 16-bit WAV.
    Wav,
    /// 16-bit FLAC.
    Flac,
    /// Ogg Vorbis.
    Ogg,
    /// A picture: the piano roll.
    Svg,
    /// The recipe, or the piece where there is none.
    Json,
    /// The report.
    Txt,
}

impl FromStr for FileFormat {
    type Err = ApiError;

    /// The ending of a file's name.
    fn from_str(text: &str) -> Result<Self, ApiError> {
        let all = [
            ("mid", Self::Mid),
            ("musicxml", Self::Musicxml),
            ("wav", Self::Wav),
            ("flac", Self::Flac),
            ("ogg", Self::Ogg),
            ("svg", Self::Svg),
            ("json", Self::Json),
            ("txt", Self::Txt),
        ];
        all.into_iter().find(|(ending, _)| *ending == text).map(|(_, format)| format).ok_or_else(|| {
            ApiError::new(Code::NotFound, "there are file.mid, .musicxml, .wav, .flac, .ogg, .svg, .json and .txt")
        })
    }
}

impl SoundFormat {
    /// What such a file's name ends in.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Flac => "flac",
            Self::Ogg => "ogg",
        }
    }

    /// Its type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Wav => "audio/wav",
            Self::Flac => "audio/flac",
            Self::Ogg => "audio/ogg",
        }
    }

    fn encoding(self) -> Encoding {
        match self {
            Self::Wav => Encoding::Wav { bits: 16 },
            Self::Flac => Encoding::Flac { bits: 16 },
            Self::Ogg => Encoding::Ogg { quality: OGG_QUALITY },
        }
    }
}

impl FileFormat {
    /// Its type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Mid => "audio/midi",
            Self::Musicxml => "application/vnd.recordare.musicxml+xml",
            Self::Svg => "image/svg+xml",
            Self::Json => "application/json",
            Self::Txt => "text/plain; charset=utf-8",
            Self::Wav | Self::Flac | Self::Ogg => self.sound().unwrap_or_default().media_type(),
        }
    }

    /// What such a file's name ends in.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Mid => "mid",
            Self::Musicxml => "musicxml",
            Self::Svg => "svg",
            Self::Json => "json",
            Self::Txt => "txt",
            Self::Wav | Self::Flac | Self::Ogg => self.sound().unwrap_or_default().ending(),
        }
    }

    /// The sound file that it is, if it is one.
    pub fn sound(self) -> Option<SoundFormat> {
        match self {
            Self::Wav => Some(SoundFormat::Wav),
            Self::Flac => Some(SoundFormat::Flac),
            Self::Ogg => Some(SoundFormat::Ogg),
            _ => None,
        }
    }
}

/// What is heard, and how.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Listening {
    /// As which file.
    pub format: SoundFormat,
    /// Only these lanes; all parts if empty.
    pub lanes: Vec<String>,
    /// Only these parts; all if empty.
    pub parts: Vec<usize>,
    /// From this bar (0 is the first).
    pub from_bar: usize,
    /// To this bar, exclusive; to the end if absent.
    pub to_bar: Option<usize>,
    /// A loop: it ends at a bar line, and what rings on is heard at its beginning.
    pub seamless: bool,
    /// Samples a second; 44,100 if absent.
    pub sample_rate: Option<u32>,
    /// How much of the room, 0–1; .22 if absent.
    pub reverb: Option<f32>,
}

/// Sound as a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    /// The file.
    pub bytes: Vec<u8>,
    /// How long it lasts.
    pub seconds: f64,
}

/// A piece as a file.
pub fn file(source: &Source, making: &Making, format: FileFormat, lanes: Vec<String>) -> Result<Vec<u8>, ApiError> {
    let recipe = (!making.recipe.is_empty()).then_some(making.recipe.as_str());
    // Notation has a grid; a person's own ticks need not lie on it.
    let written = || quantise(source.score()).0;
    match format {
        FileFormat::Mid => midi::write_with_text(source.score(), recipe).map_err(cannot),
        FileFormat::Musicxml => {
            let legible = musicxml::legible(&written()).map_err(cannot)?;
            Ok(musicxml::write_with_text(&legible, recipe).map_err(cannot)?.into_bytes())
        }
        FileFormat::Svg => Ok(piano_roll(&written(), &RollStyle::default()).into_bytes()),
        FileFormat::Json => match recipe {
            Some(recipe) => Ok(format!("{recipe}\n").into_bytes()),
            None => serde_json::to_vec(&PieceJson::from_source(source)).map_err(ApiError::internal),
        },
        FileFormat::Txt if making.report_text.is_empty() => {
            Ok(b"There is no report: this was not composed here.\n".to_vec())
        }
        FileFormat::Txt => Ok(making.report_text.clone().into_bytes()),
        FileFormat::Wav | FileFormat::Flac | FileFormat::Ogg => {
            let listening = Listening { format: format.sound().unwrap_or_default(), lanes, ..Listening::default() };
            Ok(sound(source, &listening, &making.recipe)?.bytes)
        }
    }
}

fn cannot(error: impl std::fmt::Display) -> ApiError {
    ApiError::new(Code::CannotBeMet, format!("this piece cannot be written so: {error}"))
}

/// A piece as sound. Some parts of it alone sound as loud as in the mix before its master stage.
pub fn sound(source: &Source, listening: &Listening, recipe: &str) -> Result<Sound, ApiError> {
    let (score, is_whole) = heard(source, listening)?;
    let settings = settings(listening, is_whole);
    let instruments = Instruments::Fitted(builtin::fitted());
    let sound = render_with(&score, &settings, instruments).map_err(|e| ApiError::cannot("score", e.to_string()))?;
    let tags = Tags { title: score.title.clone(), recipe: recipe.to_owned(), is_loop: listening.seamless };
    let bytes =
        encode(&sound, &listening.format.encoding(), &tags).map_err(|e| ApiError::cannot("format", e.to_string()))?;
    Ok(Sound { bytes, seconds: sound.seconds() })
}

/// Every part alone, before the master stage, all of one length, in a ZIP archive.
pub fn stems(source: &Source, listening: &Listening) -> Result<Vec<u8>, ApiError> {
    let (score, _) = heard(source, listening)?;
    let settings = settings(listening, false);
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    mixdown(&score, &settings, Instruments::Fitted(builtin::fitted()), |stem| {
        let word: String =
            stem.name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let name = format!("{:02}-{}.{}", files.len() + 1, word.trim_matches('-'), listening.format.ending());
        let tags = Tags { title: stem.name.clone(), ..Tags::default() };
        files.push((name, encode(&stem.sound, &listening.format.encoding(), &tags)?));
        Ok::<(), aeolian_synth::Error>(())
    })
    .map_err(|e| ApiError::cannot("score", e.to_string()))?;
    pack(&files, true).map_err(ApiError::internal)
}

fn settings(listening: &Listening, is_whole: bool) -> RenderSettings {
    let usual = RenderSettings::default();
    RenderSettings {
        sample_rate_hz: listening.sample_rate.unwrap_or(usual.sample_rate_hz),
        reverb: listening.reverb.unwrap_or(usual.reverb),
        loudness_lufs: if is_whole { usual.loudness_lufs } else { None },
        seamless: listening.seamless,
        max_seconds: MOST_SECONDS,
        ..usual
    }
}

/// The score with only the bars and parts that are to be heard, and whether that is all of its parts.
fn heard(source: &Source, listening: &Listening) -> Result<(Score, bool), ApiError> {
    let mut score = source.score().clone();
    for lane in &listening.lanes {
        crate::piece::lane_of(lane)?;
    }
    if let Some(part) = listening.parts.iter().find(|&&part| part >= score.parts.len()) {
        return Err(ApiError::cannot("parts", format!("there is no part {part}: the piece has {}", score.parts.len())));
    }
    let is_whole = listening.lanes.is_empty() && listening.parts.is_empty();
    if !is_whole {
        let has_lane = |index: usize| {
            let lane = source.lanes().get(index).copied().flatten().map(lane_word);
            lane.is_some_and(|lane| listening.lanes.contains(&lane))
        };
        for index in 0..score.parts.len() {
            // Emptied, not taken out: the others keep their places in the room.
            if !has_lane(index) && !listening.parts.contains(&index) {
                score.parts[index].notes.clear();
            }
        }
    }
    if listening.from_bar > 0 || listening.to_bar.is_some() {
        let starts = bar_starts(source.score());
        let bars = starts.len().saturating_sub(1);
        let to = listening.to_bar.unwrap_or(bars);
        if listening.from_bar >= to || to > bars {
            let sentence = format!("bars {} to {to} are not in the piece, which has {bars}", listening.from_bar);
            return Err(ApiError::cannot("from_bar", sentence));
        }
        let end: Tick = starts[to];
        score = score.crop(starts[listening.from_bar], end);
    }
    Ok((score, is_whole))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_score::file;

    fn source() -> Source {
        let text = r#"{"notes": [{"lane": "melody", "pitch": 72, "start": 0, "length": 12},
            {"lane": "harmony", "pitch": 48, "start": 0, "length": 48}, {"lane": "melody", "pitch": 74, "start": 48, "length": 12}]}"#;
        serde_json::from_str::<PieceJson>(text).unwrap().to_source().unwrap()
    }

    #[test]
    fn every_ending_is_read_and_others_are_not() {
        for ending in ["mid", "musicxml", "wav", "flac", "ogg", "svg", "json", "txt"] {
            assert_eq!(ending.parse::<FileFormat>().unwrap().ending(), ending);
        }
        assert!("../x".parse::<FileFormat>().is_err() && "MID".parse::<FileFormat>().is_err());
    }

    #[test]
    fn notes_come_back_from_midi_and_notation() {
        let making = Making { recipe: "{\"a\":1}".into(), ..Making::default() };
        for format in [FileFormat::Mid, FileFormat::Musicxml] {
            let read = file::read(&file(&source(), &making, format, vec![]).unwrap()).unwrap();
            assert_eq!(read.recipe.as_deref(), Some("{\"a\":1}"));
            assert_eq!(read.score.parts.iter().map(|p| p.notes.len()).sum::<usize>(), 3, "{format:?}");
        }
    }

    #[test]
    fn bars_and_lanes_can_be_heard_alone() {
        let listening = Listening { lanes: vec!["melody".into()], from_bar: 1, ..Listening::default() };
        let (score, is_whole) = heard(&source(), &listening).unwrap();
        assert!(!is_whole);
        let notes: Vec<(u8, u32)> = score.parts.iter().flat_map(|p| &p.notes).map(|n| (n.pitch, n.onset.0)).collect();
        assert_eq!(notes, [(74, 0)]);
        for (from_bar, to_bar) in [(2, None), (1, Some(1)), (0, Some(3))] {
            assert!(heard(&source(), &Listening { from_bar, to_bar, ..Listening::default() }).is_err());
        }
        assert!(heard(&source(), &Listening { parts: vec![2], ..Listening::default() }).is_err());
        assert!(heard(&source(), &Listening { lanes: vec!["tuba".into()], ..Listening::default() }).is_err());
    }
}
