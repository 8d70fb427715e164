//! A person's own music, as verbs start from it: the score as it came, and which part plays which lane.
//!
//! The score is kept tick for tick, so that whatever a verb does not ask for comes back unchanged. Inside a request it
//! travels as deflated JSON in base64: a recipe rebuilds its piece from the recipe alone.

use crate::RequestError;
use crate::likely_key::likely_key;
use crate::wish::RhythmGrid;
use aeolian_canvas::encode::{encode, lanes_by_name};
use aeolian_canvas::{Canvas, NoteLane};
use aeolian_metrics::Excerpt;
use aeolian_score::quantise::{grid_position, quantise};
use aeolian_score::role::{self, Role};
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

/// Quarters that a bar can have: its eighths are stored in a byte.
const LONGEST_BAR: usize = 128;

/// A straight piece has fewer than one onset in so many off the sixteenths.
const ODD_ONSETS: usize = 50;

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
    /// A score whose parts are told apart by their names, else by what they play ([`assign_lanes`]).
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
        let mut canvas = up_to_the_form(encode(&grid, &self.lanes).0, &self.score);
        if !is_played(&self.score) {
            canvas.steps.iter_mut().flatten().for_each(|step| step.loudness = None);
        }
        canvas
    }

    /// Whether its lanes keep to sixteenths: fewer than one onset in fifty lies elsewhere.
    pub fn is_straight(&self) -> bool {
        let resolution = self.score.ticks_per_quarter;
        let of_lanes = self.score.parts.iter().zip(&self.lanes).filter(|(_, lane)| lane.is_some());
        let (mut all, mut elsewhere) = (0usize, 0usize);
        for note in of_lanes.flat_map(|(part, _)| &part.notes) {
            all += 1;
            elsewhere += usize::from(!RhythmGrid::Straight.allows(grid_position(note.onset, resolution)));
        }
        ODD_ONSETS * elsewhere < all.max(1)
    }

    /// Whether all that its lanes play are drums; false where they play nothing.
    pub fn holds_only_drums(&self) -> bool {
        let mut playing =
            self.score.parts.iter().zip(&self.lanes).filter(|(p, lane)| lane.is_some() && !p.notes.is_empty());
        let is_drums = |(part, _): (&Part, &Option<NoteLane>)| part.is_drum;
        playing.next().is_some_and(is_drums) && playing.all(is_drums)
    }

    /// Bars of the canvas: those until the last note of a lane ends, or the last section.
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

/// The canvas in whole bars up to the end of the last section: a rest at the end is silence that somebody meant, and what
/// continues the piece comes after it. Music without a note stays empty.
fn up_to_the_form(canvas: Canvas, score: &Score) -> Canvas {
    let end = score.sections.iter().map(|section| section.end.0).max().unwrap_or(0);
    let quarters = end.div_ceil(score.ticks_per_quarter.max(1)) as usize;
    if canvas.quarters == 0 || quarters <= canvas.quarters {
        return canvas;
    }
    // A quarter with which a bar begins starts in the first eighth of it.
    let is_bar_line = |at: usize| canvas.window(at, 1).positions[0].eighth < 2;
    let whole = (quarters..quarters + LONGEST_BAR).find(|&at| is_bar_line(at)).unwrap_or(quarters);
    let mut longer = canvas.window(0, whole);
    longer.ensembles[canvas.quarters..].fill(canvas.ensembles.last().copied().flatten());
    longer
}

/// True unless every note is equally loud, which says that nobody played it. Drums are asked only where they are alone:
/// a machine's have accents as well.
fn is_played(score: &Score) -> bool {
    let has_pitches = score.parts.iter().any(|part| !part.is_drum && !part.notes.is_empty());
    let asked = score.parts.iter().filter(|part| !(has_pitches && part.is_drum));
    let mut velocities = asked.flat_map(|part| &part.notes).map(|note| note.velocity);
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

/// The lane of each part: the one it is called by, as our own files have it, else the one of its role ([`role::assign`]);
/// silent parts of other names have none.
pub fn assign_lanes(score: &Score) -> Vec<Option<NoteLane>> {
    let lane = |(role, part): (Option<Role>, &Part)| {
        role.filter(|_| !part.notes.is_empty()).map(|role| NoteLane::ALL[role as usize])
    };
    let by_role = role::assign(score).into_iter().zip(&score.parts).map(lane);
    lanes_by_name(score).into_iter().zip(by_role).map(|(called, by_role)| called.or(by_role)).collect()
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
    use aeolian_score::{MeterChange, Note, Section, Tick};

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
        assert_eq!(source.lanes(), [Some(NoteLane::Melody), Some(NoteLane::Drums)]);
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
    fn our_own_names_come_first() {
        let mut score = Score::new(480);
        score.parts = NoteLane::ALL.map(|lane| part(lane.name(), &[(0, 60)])).to_vec();
        score.parts[NoteLane::Drums as usize].is_drum = true;
        assert_eq!(assign_lanes(&score), NoteLane::ALL.map(Some));
        score.parts.push(part("Walking bass", &[(0, 40)]));
        assert!(assign_lanes(&score).iter().all(Option::is_some));
    }

    #[test]
    fn nameless_parts_are_told_apart_by_what_they_play() {
        let tune: Vec<(u32, u8)> = (0..8).map(|i| (480 * i, 72 + [0, 2, 4, 5, 4, 2, 0, 2][i as usize])).collect();
        let bass: Vec<(u32, u8)> = tune.iter().map(|&(at, pitch)| (at, pitch - 36)).collect();
        let chords: Vec<(u32, u8)> = (0..8).flat_map(|i| [60, 64, 67].map(|p| (480 * i, p))).collect();
        let mut score = Score::new(480);
        score.parts = vec![part("", &bass), part("", &tune), part("", &chords), part("", &[])];
        let drums = Part { is_drum: true, ..part("", &[(0, 36)]) };
        score.parts.push(drums);
        // A low line on a piano would be its left hand.
        score.parts[0].program = 33;
        let lanes = assign_lanes(&score);
        let [bass, melody, harmony, drums] =
            [NoteLane::Bass, NoteLane::Melody, NoteLane::Harmony, NoteLane::Drums].map(Some);
        assert_eq!(lanes, [bass, melody, harmony, None, drums]);
    }

    #[test]
    fn a_rest_at_the_end_counts_as_far_as_the_form_goes() {
        let mut score = Score::new(480);
        score.parts = vec![part("melody", &[(0, 60)])];
        assert_eq!(Source::new(score.clone()).num_bars(), 1);
        let section = |end: u32| Section { at: Tick(0), end: Tick(480 * end), label: "A".into() };
        for (quarters, bars) in [(4, 1), (5, 2), (8, 2), (9, 3)] {
            score.sections = vec![section(quarters)];
            assert_eq!(Source::new(score.clone()).num_bars(), bars, "{quarters} quarters");
        }
        score.meters = vec![MeterChange { at: Tick(0), numerator: 3, denominator: 4 }];
        assert_eq!(Source::new(score.clone()).num_bars(), 3, "three bars of three quarters");
        score.parts.clear();
        assert_eq!(Source::new(score).num_bars(), 0, "silence stays empty");
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
