//! A model at work: request in, [`Composition`] out.

use crate::plan;
use crate::{Recipe, Request, RequestError, dynamics};
use aeolian_canvas::canvas::{Canvas, NoteLane};
use aeolian_canvas::cells::{CHORD_LANE, GROUPS, read_quarter};
use aeolian_canvas::decode::{DecodeContext, DecodeReport, decode};
use aeolian_diffusion::{Denoiser, Levels, Method, Noise, Settings, sample, schedule};
use aeolian_nets::{Model, ModelError};
use aeolian_score::{Key, Score};

/// log snr where sampling starts: nothing can be seen yet.
const LOWEST_LOG_SNR: f64 = -7.0;
/// log snr where it ends: nearly everything is decided.
const HIGHEST_LOG_SNR: f64 = 4.5;
/// How far chords are ahead of the notes at first, in log snr: harmony is settled before its details.
const CHORD_LEAD: f64 = 2.0;
/// Quarters the models were trained on.
const WINDOW: usize = 32;
/// MIDI velocity of the lanes before accents: the tune in front.
const LEVELS: [u8; 3] = [92, 76, 66];

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// The wish itself.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The weight file.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A model of something else than canvases.
    #[error("these weights do not belong to this program's canvas")]
    OtherCanvas,
    /// No model of this name.
    #[error("there is no denoiser called \"{name}\"; there are transformer and lstm")]
    UnknownDenoiser {
        /// The name asked for.
        name: String,
    },
    /// The sampler, or a cancelled piece.
    #[error(transparent)]
    Sampling(#[from] aeolian_diffusion::Error),
}

/// A finished piece.
#[derive(Clone, Debug, PartialEq)]
pub struct Composition {
    /// The music, in its key, at 12 ticks a quarter.
    pub score: Score,
    /// The cells the model drew, in C major or A minor.
    pub canvas: Canvas,
    /// What had to be understood rather than read.
    pub repairs: DecodeReport,
    /// The key of the piece.
    pub key: Key,
    /// Quarters a minute.
    pub tempo: f64,
    /// How it was made.
    pub recipe: Recipe,
}

/// A model ready to compose.
pub struct Composer {
    model: Model,
    digest: String,
}

/// Streams of a piece's seed.
const CHOICES: u64 = 1;
const SAMPLING: u64 = 2;

impl Composer {
    /// Reads a weight file.
    pub fn new(weights: &[u8]) -> Result<Self, ComposeError> {
        let model = Model::from_bytes(weights)?;
        if !plan::fits_the_canvas(model.layout()) {
            return Err(ComposeError::OtherCanvas);
        }
        Ok(Self { model, digest: blake3::hash(weights).to_hex().to_string() })
    }

    /// Digest of the weight file, as recipes carry it.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The network with its weights.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Composes one piece on the calling thread. `progress(done, of)` is told of every network evaluation and may
    /// answer false to stop.
    pub fn compose(
        &self,
        request: &Request,
        progress: &mut dyn FnMut(usize, usize) -> bool,
    ) -> Result<Composition, ComposeError> {
        request.check()?;
        let noise = Noise::new(request.seed);
        let chosen = noise.stream(CHOICES);
        let key = request.key.unwrap_or_else(|| plan::choose_key(chosen, self.model.layout(), self.model.prior()));
        let tempo = request.tempo.unwrap_or_else(|| plan::choose_tempo(chosen));
        let home = plan::home_key(key.mode);
        let mut canvas = plan::blank(request.bars, home);
        let windows = plan::windows(canvas.quarters, WINDOW);
        let evaluations = windows.len() * Method::Ancestral.evaluations(request.steps);
        let mut done_before = 0;
        for (index, &window) in windows.iter().enumerate() {
            let seed = u64::from(noise.stream(SAMPLING).bits(index as u64));
            self.fill(&mut canvas, window, seed, request, &mut |done| progress(done_before + done, evaluations))?;
            done_before += evaluations / windows.len();
        }
        let context =
            DecodeContext { qpm: tempo, default_velocities: LEVELS, title: title(request), ..DecodeContext::default() };
        let (score, repairs) = decode(&canvas, &context);
        // From C major or A minor to the key, by the shorter way.
        let up = (i32::from(key.tonic) - i32::from(home.tonic)).rem_euclid(12);
        let mut score = score.transposed(if up > 5 { up - 12 } else { up });
        dynamics::add_accents(&mut score);
        let recipe = Recipe {
            aeolian: env!("CARGO_PKG_VERSION").to_owned(),
            model: self.digest.clone(),
            request: request.clone(),
        };
        Ok(Composition { score, canvas, repairs, key, tempo, recipe })
    }

    /// Samples one window into the canvas.
    fn fill(
        &self,
        canvas: &mut Canvas,
        window: (usize, usize, usize),
        seed: u64,
        request: &Request,
        progress: &mut dyn FnMut(usize) -> bool,
    ) -> Result<(), ComposeError> {
        let task = plan::task(self.model.layout(), canvas, window, seed);
        let log_snr = schedule::log_snr_levels(request.steps, LOWEST_LOG_SNR, HIGHEST_LOG_SNR, 1)?;
        let lead = |lane, progress| if lane == CHORD_LANE { CHORD_LEAD * (1.0 - progress) } else { 0.0 };
        let levels = Levels::with_offsets(&log_snr, self.model.layout(), lead)?;
        let settings = Settings { temperature: request.temperature, ..Settings::default() };
        let items = sample(Method::Ancestral, &self.model, &[task], &levels, settings, &mut |p| progress(p.done))?;
        let (start, length, done) = window;
        let mut drawn = Canvas::new(length);
        for (quarter, row) in items[0].chunks_exact(GROUPS).enumerate().skip(done) {
            read_quarter(&mut drawn, quarter, row);
            copy_quarter(&drawn, quarter, canvas, start + quarter);
        }
        Ok(())
    }
}

fn copy_quarter(from: &Canvas, quarter: usize, to: &mut Canvas, target: usize) {
    use aeolian_canvas::CELLS;
    for lane in NoteLane::ALL {
        let lane = lane as usize;
        let cells = &from.notes[lane][quarter * CELLS..][..CELLS];
        to.notes[lane][target * CELLS..][..CELLS].copy_from_slice(cells);
    }
    to.chords[target] = from.chords[quarter];
}

fn title(request: &Request) -> String {
    format!("Aeolian no. {}", request.seed)
}
