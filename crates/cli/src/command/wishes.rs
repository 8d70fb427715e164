//! What every verb understands: wishes as flags, put together into a request.

use super::values::{by_lane_within, chords, curves, within};
use aeolian_canvas::{Idiom, NoteLane};
use aeolian_compose::rules::Rule;
use aeolian_compose::soft::Soft;
use aeolian_compose::wish::{Curve, Instrument, LaneSet, LaneValues, Metre, Mood, RhythmGrid};
use aeolian_compose::{Request, USUAL_STEPS, Verb};
use aeolian_score::{ChordSymbol, Key, PitchRange, Progression, Scale};

/// Hands that play a lane of their own.
const HANDS: u8 = 2;

/// Wishes.
#[derive(clap::Args, Clone)]
#[command(next_help_heading = "Wishes (all of them optional)")]
pub struct Wishes {
    /// Key, such as C, Am, "F# minor" or "Bb major".
    #[arg(long)]
    pub key: Option<Key>,
    /// Quarters a minute, 20 to 400.
    #[arg(long, allow_negative_numbers = true, value_parser = within::<f64>("the tempo", 20.0..=400.0))]
    pub tempo: Option<f64>,
    /// Metre of a new piece, such as 3/4 or 6/8; 4/4 if absent.
    #[arg(long)]
    pub metre: Option<Metre>,
    /// The kind of music: pop-piano (if absent, for new pieces), band, lead-sheet, lied, quartet, chorale, folk, drum-kit, game
    /// or piano.
    #[arg(long)]
    pub style: Option<Idiom>,
    /// Chords by bars, such as "| C G/B | Am7 F |"; Roman numerals are fine too: "| I | V7 | vi | IV |".
    #[arg(long, value_parser = chords)]
    pub chords: Option<Progression>,
    /// Chord of the first bar.
    #[arg(long)]
    pub first_chord: Option<ChordSymbol>,
    /// Chord of the last bar.
    #[arg(long)]
    pub last_chord: Option<ChordSymbol>,
    /// A mood (happy, sad, calm, tense …), or valence and arousal from -1 to 1: "valence:0.5; arousal:0:-0.5, 16:0.8".
    #[arg(long)]
    pub mood: Option<Mood>,
    /// How dense, 0 (thin) to 1 (dense), over time by bars and by lane: 0.4, or "0:0.2,16:0.8", or "melody:0.7".
    #[arg(long, allow_negative_numbers = true, value_parser = curves("the density", 0.0..=1.0))]
    pub density: Option<LaneValues<Curve>>,
    /// Notes that sound at once: 3, or "0:2,16:5", or "harmony:3".
    #[arg(long, allow_negative_numbers = true, value_parser = curves("the polyphony", 0.1..=12.0))]
    pub polyphony: Option<LaneValues<Curve>>,
    /// Mean pitch by lane as a MIDI number (60 is middle C): "melody:76".
    #[arg(long, allow_negative_numbers = true, value_parser = curves("the register", 21.0..=108.0))]
    pub register: Option<LaneValues<Curve>>,
    /// Mean loudness as MIDI velocity: "0:50,16:100".
    #[arg(long, allow_negative_numbers = true, value_parser = curves("the loudness", 1.0..=127.0))]
    pub loudness: Option<LaneValues<Curve>>,
    /// Where notes may begin: straight (sixteenths), eighths, quarters, triplet, swing, or free (sixteenths with triplets among
    /// them). New pieces are straight if absent; a piece from a file keeps its own rhythm, straight or free.
    #[arg(long)]
    pub rhythm: Option<RhythmGrid>,
}

/// Rules: kept for certain.
#[derive(clap::Args, Clone)]
#[command(next_help_heading = "Rules (kept for certain, and proven in the report)")]
pub struct Rules {
    /// Instruments of new lanes, such as "melody:flute; harmony:strings": notes stay in their compass.
    #[arg(long)]
    pub instrument: Option<LaneValues<Instrument>>,
    /// Range of the notes of a lane, such as "melody:C4-C6; harmony:E2-C5".
    #[arg(long)]
    pub range: Option<LaneValues<PitchRange>>,
    /// Scale of all notes, such as "C major", "D dorian" or "A minor pentatonic".
    #[arg(long)]
    pub scale: Option<Scale>,
    /// Share of notes that may lie outside the scale, 0 to 1.
    #[arg(
        long,
        default_value_t = 0.0,
        requires = "scale",
        allow_negative_numbers = true,
        value_parser = within::<f64>("the share outside the scale", 0.0..=1.0)
    )]
    pub tension: f64,
    /// Lanes that play only chord tones on strong beats.
    #[arg(long)]
    pub chord_tones: Option<LaneSet>,
    /// Most notes at once: 4 for all lanes together, or "harmony:4; melody:1".
    #[arg(long, allow_negative_numbers = true, value_parser = by_lane_within::<usize>("the number of voices", 1..=100))]
    pub voices: Option<LaneValues<usize>>,
    /// Widest reach of a hand in semitones, for a lane that two hands play: "harmony:16" is a tenth.
    #[arg(long, allow_negative_numbers = true, value_parser = by_lane_within::<u8>("the reach of a hand", 1..=60))]
    pub hand_span: Option<LaneValues<u8>>,
    /// Two lanes without parallel fifths and octaves, such as "melody,harmony".
    #[arg(long)]
    pub no_parallels: Option<LaneSet>,
    /// Most onsets a second of a lane, such as "melody:8".
    #[arg(long, allow_negative_numbers = true, value_parser = by_lane_within::<f64>("the onsets a second", 0.1..=100.0))]
    pub speed: Option<LaneValues<f64>>,
    /// Lanes that stay silent, such as "counter".
    #[arg(long)]
    pub without: Option<LaneSet>,
}

/// How to sample.
#[derive(clap::Args, Clone)]
#[command(next_help_heading = "How to compose")]
pub struct Sampling {
    /// Number of the first piece; the same number gives the same piece. Chosen by the clock if absent.
    #[arg(long, allow_negative_numbers = true, value_parser = within::<u64>("the seed", 0..=u64::MAX))]
    pub seed: Option<u64>,
    /// Steps from noise to music: more is finer and slower.
    #[arg(
        long,
        default_value_t = USUAL_STEPS,
        allow_negative_numbers = true,
        value_parser = within::<usize>("the number of steps", 2..=1000)
    )]
    pub steps: usize,
    /// Below 1 surer, above 1 more adventurous.
    #[arg(
        long,
        default_value_t = 1.0,
        allow_negative_numbers = true,
        value_parser = within::<f32>("the temperature", 0.1..=3.0)
    )]
    pub temperature: f32,
    /// How much given chords are listened to, 0 to 4: 1 as learned, other values at twice the time; 1.6 where most chords
    /// are given, if absent.
    #[arg(long, value_parser = within::<f32>("the guidance by chords", 0.0..=4.0), allow_hyphen_values = true)]
    pub chord_guidance: Option<f32>,
    /// Leave out the usual manners (comfortable registers, a counter-melody that goes its own way): everything as learned.
    #[arg(long)]
    pub as_learned: bool,
    /// Which model composes: transformer or lstm.
    #[arg(long, default_value = "transformer", value_parser = ["transformer", "lstm"])]
    pub denoiser: String,
    /// Folder to write to.
    #[arg(long, default_value = "out")]
    pub out: std::path::PathBuf,
}

/// Everything but the verb.
#[derive(clap::Args, Clone)]
pub struct Common {
    #[command(flatten)]
    pub wishes: Wishes,
    #[command(flatten)]
    pub rules: Rules,
    #[command(flatten)]
    pub sampling: Sampling,
}

impl Common {
    /// The request of the first piece.
    pub fn request(&self, verb: Verb) -> anyhow::Result<Request> {
        let Wishes { key, tempo, metre, style, chords, first_chord, last_chord, mood, rhythm, .. } =
            self.wishes.clone();
        Ok(Request {
            denoiser: self.sampling.denoiser.clone(),
            verb,
            seed: self.sampling.seed.unwrap_or_else(seed_of_the_moment),
            // A scale without a key says the key as well.
            key: key.or_else(|| self.rules.scale.and_then(Scale::key)),
            tempo,
            metre: metre.unwrap_or_default(),
            idiom: style,
            chords,
            first_chord,
            last_chord,
            rhythm,
            mood,
            soft: Soft {
                density: self.wishes.density.clone(),
                polyphony: self.wishes.polyphony.clone(),
                register: self.wishes.register.clone(),
                loudness: self.wishes.loudness.clone(),
            },
            instruments: self.rules.instrument.clone(),
            rules: self.rules.list()?,
            as_learned: self.sampling.as_learned,
            chord_guidance: self.sampling.chord_guidance,
            steps: self.sampling.steps,
            temperature: self.sampling.temperature,
            ..Request::default()
        })
    }
}

impl Rules {
    fn list(&self) -> anyhow::Result<Vec<Rule>> {
        let mut rules = Vec::new();
        rules.extend(by_lane(&self.range).map(|(lane, range)| Rule::Range {
            lane,
            lowest: range.lowest(),
            highest: range.highest(),
        }));
        if let Some(scale) = self.scale {
            rules.push(Rule::Scale { pitch_classes: scale.pitch_classes(), tension: self.tension, lanes: None });
        }
        if let Some(lanes) = self.chord_tones {
            rules.push(Rule::ChordTonesOnStrongBeats { lanes: lanes.lanes().collect() });
        }
        if let Some(voices) = &self.voices {
            let own = NoteLane::ALL.into_iter().filter_map(|lane| Some((Some(lane), *voices.own(lane)?)));
            let all = voices.others().map(|&most| (None, most));
            rules.extend(own.chain(all).map(|(lane, voices)| Rule::MostVoices { lane, voices }));
        }
        rules.extend(by_lane(&self.hand_span).map(|(lane, semitones)| Rule::HandSpan {
            lane,
            semitones,
            hands: HANDS,
        }));
        if let Some(lanes) = self.no_parallels {
            let lanes: Vec<NoteLane> = lanes.lanes().collect();
            let [upper, lower] = lanes[..] else {
                anyhow::bail!("--no-parallels names two lanes, such as \"melody,harmony\", not {}", lanes.len());
            };
            rules.push(Rule::NoParallels { upper, lower });
        }
        rules.extend(by_lane(&self.speed).map(|(lane, most_per_second)| Rule::Speed { lane, most_per_second }));
        anyhow::ensure!(self.without != Some(LaneSet::ALL), "--without all leaves nothing to hear; leave one out");
        let silent = self.without.into_iter().flat_map(LaneSet::lanes);
        rules.extend(silent.map(|lane| Rule::Silent { lane }));
        Ok(rules)
    }
}

/// The value of every lane that has one.
fn by_lane<T: Copy>(values: &Option<LaneValues<T>>) -> impl Iterator<Item = (NoteLane, T)> + '_ {
    values.iter().flat_map(|values| NoteLane::ALL.into_iter().filter_map(|lane| Some((lane, *values.of(lane)?))))
}

fn seed_of_the_moment() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    // Six digits are easy to say and to type again.
    now.map_or(1, |t| t.as_millis() as u64 % 1_000_000)
}
