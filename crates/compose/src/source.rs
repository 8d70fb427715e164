//! A person's own music, as verbs start from it: the score as it came, and which part plays which lane.
//!
//! The score is kept tick for tick, so that whatever a verb does not ask for comes back unchanged. Inside a request it
//! travels as deflated JSON in base64: a recipe rebuilds its piece from the recipe alone.

use crate::RequestError;
use crate::likely_key::likely_key;
use aeolian_canvas::encode::{encode, lanes_by_name};
use aeolian_canvas::{Canvas, NoteLane};
use aeolian_metrics::Excerpt;
use aeolian_score::quantise::quantise;
use aeolian_score::{GRID, Key, Mode, Part, Score};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::io::{Read, Write};
use std::sync::Arc;

/// No score inside a request is larger than this when unpacked, in bytes.
const LARGEST: u64 = 64 << 20;

/// Music to start from; cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    score: Arc<Score>,
    lanes: Vec<Option<NoteLane>>,
}

/// The music on the canvas, in the model's own frame (C major or A minor).
#[derive(Clone, Debug, PartialEq)]
pub struct Ground {
    /// Notes, chords, form and places in the bar.
    pub canvas: Canvas,
    /// Semitones from the frame back to what sounds, −5 to 6.
    pub up: i32,
    /// The key that sounds.
    pub key: Key,
}

impl Source {
    /// A score whose parts are told apart by their names, else by how they are played ([`assign_lanes`]).
    pub fn new(score: Score) -> Self {
        let lanes = assign_lanes(&score);
        Self { score: Arc::new(in_twelfths(score)), lanes }
    }

    /// A score with a lane for each part; `None` leaves a part out of the model's sight.
    ///
    /// # Errors   `Lanes` unless there is one entry a part
    pub fn with_lanes(score: Score, lanes: Vec<Option<NoteLane>>) -> Result<Self, RequestError> {
        if lanes.len() != score.parts.len() {
            return Err(RequestError::Lanes { parts: score.parts.len(), lanes: lanes.len() });
        }
        Ok(Self { score: Arc::new(in_twelfths(score)), lanes })
    }

    /// The score; its resolution is a multiple of [`GRID`].
    pub fn score(&self) -> &Score {
        &self.score
    }

    /// The lane of each part.
    pub fn lanes(&self) -> &[Option<NoteLane>] {
        &self.lanes
    }

    /// On the canvas, as it sounds.
    pub fn canvas(&self) -> Canvas {
        let (grid, _) = quantise(&self.score);
        let mut canvas = encode(&grid, &self.lanes).0;
        if !is_played(&self.score) {
            canvas.steps.iter_mut().flatten().for_each(|step| step.loudness = None);
        }
        canvas
    }

    /// Bars of the canvas: those until the last note of a lane ends.
    pub fn num_bars(&self) -> usize {
        self.canvas().bars().len()
    }

    /// On the canvas, in the model's frame. The key is the one given, else the score's own, else the one it sounds like
    /// (C major for silence).
    pub fn ground(&self, key: Option<Key>) -> Ground {
        let mut canvas = self.canvas();
        let key = key
            .or_else(|| canvas.prevailing_key())
            .or_else(|| likely_key(&Excerpt::from_canvas(&canvas)))
            .unwrap_or(Key { tonic: 0, mode: Mode::Major });
        canvas.keys.fill(Some(key));
        let (canvas, down) = canvas.to_tonic_frame();
        Ground { canvas, up: -down, key }
    }
}

/// True unless every note is equally loud, which says that nobody played it.
fn is_played(score: &Score) -> bool {
    let mut velocities = score.parts.iter().filter(|p| !p.is_drum).flat_map(|p| &p.notes).map(|n| n.velocity);
    let first = velocities.next();
    velocities.any(|v| Some(v) != first)
}

/// The score at a resolution that [`GRID`] divides; nothing moves.
fn in_twelfths(mut score: Score) -> Score {
    let resolution = score.ticks_per_quarter.max(1);
    let factor = GRID / gcd(resolution, GRID);
    if factor > 1 {
        scale_time(&mut score, factor);
    }
    score
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Multiplies every time and the resolution; what would pass the end of time stays there.
pub(crate) fn scale_time(score: &mut Score, factor: u32) {
    let scale = |tick: &mut aeolian_score::Tick| tick.0 = tick.0.saturating_mul(factor);
    score.ticks_per_quarter = score.ticks_per_quarter.saturating_mul(factor);
    for part in &mut score.parts {
        part.notes.iter_mut().for_each(|note| {
            scale(&mut note.onset);
            scale(&mut note.duration);
        });
        part.lyrics.iter_mut().for_each(|lyric| scale(&mut lyric.at));
    }
    score.tempos.iter_mut().for_each(|t| scale(&mut t.at));
    score.meters.iter_mut().for_each(|m| scale(&mut m.at));
    score.keys.iter_mut().for_each(|k| scale(&mut k.at));
    score.markers.iter_mut().for_each(|m| scale(&mut m.at));
    score.chords.iter_mut().for_each(|c| {
        scale(&mut c.at);
        scale(&mut c.end);
    });
    score.sections.iter_mut().for_each(|s| {
        scale(&mut s.at);
        scale(&mut s.end);
    });
}

/// Which lane each part plays: by name where names say it, else by texture. Drums play none.
///
/// By texture: a part that mostly plays one note at a time is a tune if it is the highest such part, a counter-melody
/// if not; a part that plays several at once is harmony, and so is a low single line (a bass) beside others.
pub fn assign_lanes(score: &Score) -> Vec<Option<NoteLane>> {
    let exact = lanes_by_name(score);
    if exact.iter().flatten().next().is_some() {
        return exact;
    }
    let named: Vec<Option<NoteLane>> = score.parts.iter().map(lane_by_word).collect();
    let textures: Vec<Option<Texture>> = score.parts.iter().map(Texture::of).collect();
    let has_melody = named.contains(&Some(NoteLane::Melody));
    let highest_line = (0..score.parts.len())
        .filter(|&i| named[i].is_none() && textures[i].as_ref().is_some_and(Texture::is_a_line))
        .max_by(|&a, &b| height(&textures[a]).total_cmp(&height(&textures[b])));
    (0..score.parts.len())
        .map(|i| {
            let texture = textures[i].as_ref()?;
            named[i].or(Some(match () {
                () if !has_melody && Some(i) == highest_line => NoteLane::Melody,
                () if texture.is_a_line() && texture.mean_pitch >= LOWEST_COUNTER => NoteLane::Counter,
                () => NoteLane::Harmony,
            }))
        })
        .collect()
}

/// A single line whose mean pitch lies below this (E3) is a bass, not a voice.
const LOWEST_COUNTER: f64 = 52.0;
/// Notes that start together in a line, on average, are fewer than this.
const LINE_WIDTH: f64 = 1.25;

struct Texture {
    mean_pitch: f64,
    /// Notes that start together, on average.
    width: f64,
}

impl Texture {
    /// `None` for drums and silence.
    fn of(part: &Part) -> Option<Self> {
        if part.is_drum || part.notes.is_empty() {
            return None;
        }
        let notes = part.notes.len() as f64;
        let moments = 1 + part.notes.windows(2).filter(|pair| pair[0].onset != pair[1].onset).count();
        let mean_pitch = part.notes.iter().map(|n| f64::from(n.pitch)).sum::<f64>() / notes;
        Some(Self { mean_pitch, width: notes / moments as f64 })
    }

    fn is_a_line(&self) -> bool {
        self.width < LINE_WIDTH
    }
}

fn height(texture: &Option<Texture>) -> f64 {
    texture.as_ref().map_or(0.0, |t| t.mean_pitch)
}

fn lane_by_word(part: &Part) -> Option<NoteLane> {
    if part.is_drum || part.notes.is_empty() {
        return None;
    }
    let name = part.name.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has(&["counter", "bridge", "descant", "second voice"]) {
        Some(NoteLane::Counter)
    } else if has(&["melody", "lead", "vocal", "voice", "tune", "soprano", "right hand"]) {
        Some(NoteLane::Melody)
    } else if has(&["piano", "harmony", "chord", "accomp", "left hand", "bass", "guitar", "keys", "strings", "pad"]) {
        Some(NoteLane::Harmony)
    } else {
        None
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Packed {
    score: String,
    lanes: Vec<Option<NoteLane>>,
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = serde_json::to_vec(&*self.score).map_err(serde::ser::Error::custom)?;
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        let packed = encoder.write_all(&json).and_then(|()| encoder.finish()).map_err(serde::ser::Error::custom)?;
        Packed { score: STANDARD.encode(packed), lanes: self.lanes.clone() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let packed = Packed::deserialize(deserializer)?;
        let bytes = STANDARD.decode(packed.score).map_err(D::Error::custom)?;
        let mut json = Vec::new();
        ZlibDecoder::new(&bytes[..]).take(LARGEST).read_to_end(&mut json).map_err(D::Error::custom)?;
        let score: Score = serde_json::from_slice(&json).map_err(D::Error::custom)?;
        Self::with_lanes(score, packed.lanes).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_score::{Note, Tick};

    fn part(name: &str, notes: &[(u32, u8)]) -> Part {
        let notes = notes.iter().map(|&(at, pitch)| Note { onset: Tick(at), pitch, duration: Tick(100), velocity: 80 });
        Part { name: name.into(), notes: notes.collect(), ..Part::default() }
    }

    #[test]
    fn a_source_comes_back_from_its_text() {
        let mut score = Score::new(100);
        score.parts = vec![part("Lead Vocal", &[(0, 72), (100, 74)]), part("Kit", &[(0, 36)])];
        score.parts[1].is_drum = true;
        let source = Source::new(score);
        assert_eq!(source.lanes(), [Some(NoteLane::Melody), None]);
        let text = serde_json::to_string(&source).unwrap();
        assert_eq!(serde_json::from_str::<Source>(&text).unwrap(), source);
        assert!(serde_json::from_str::<Source>(&text.replace("\"melody\",", "")).is_err(), "a lane is missing");
        assert!(serde_json::from_str::<Source>(r#"{"score":"AAAA","lanes":[]}"#).is_err());
    }

    #[test]
    fn resolutions_become_multiples_of_the_grid_and_nothing_moves() {
        let mut score = Score::new(100);
        score.parts = vec![part("", &[(50, 60)])];
        let source = Source::new(score);
        assert_eq!((source.score().ticks_per_quarter, source.score().parts[0].notes[0].onset), (300, Tick(150)));
        assert_eq!(Source::new(Score::new(480)).score().ticks_per_quarter, 480);
    }

    #[test]
    fn nameless_parts_are_told_apart_by_texture() {
        let mut score = Score::new(480);
        score.parts = vec![
            part("", &[(0, 40), (480, 43)]),
            part("", &[(0, 76), (480, 77)]),
            part("", &[(0, 60), (0, 64), (0, 67)]),
            part("", &[(0, 65), (480, 64)]),
            part("", &[]),
        ];
        use NoteLane::{Counter, Harmony, Melody};
        assert_eq!(assign_lanes(&score), [Some(Harmony), Some(Melody), Some(Harmony), Some(Counter), None]);
    }

    #[test]
    fn the_frame_is_c_major_or_a_minor_and_goes_back() {
        let mut score = Score::new(480);
        let scale = [62u8, 64, 66, 67, 69, 71, 73, 74, 69, 66, 62];
        score.parts =
            vec![part("melody", &scale.iter().enumerate().map(|(i, &p)| (480 * i as u32, p)).collect::<Vec<_>>())];
        let ground = Source::new(score).ground(None);
        assert_eq!(ground.key, Key { tonic: 2, mode: Mode::Major });
        assert_eq!(ground.up, 2);
        assert_eq!(ground.canvas.cell(NoteLane::Melody, 0, 60), aeolian_canvas::NoteCell::Onset);
    }
}
