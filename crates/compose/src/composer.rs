//! A model at work: request in, [`Composition`] out.
//!
//! A verb states the wish as evidence ([`verbs`]), the sampler draws it window by window, and the canvas becomes a
//! score: a new one, or a person's own with new notes in it.

use crate::control::{self, Control};
use crate::manners::Manners;
use crate::merge::merge;
use crate::own_rule::{OwnRule, Reader};
use crate::pattern::Pattern;
use crate::plan::{choose_tempo, fits_the_canvas};
use crate::rules::{Frame, RuleSet};
use crate::statement::{Statement, WINDOW, Window};
use crate::tilt::Tilts;
use crate::verbs::{self, Job, OneLaneEach, Outcome, Stage, Verb};
use crate::watch::{Guess, Progress, Watch};
use crate::wish::RhythmGrid;
use crate::{
    Recipe, Request, RequestError, Source, dynamics, feasible, instruments, letters, performance, rhythm, whole_notes,
};
use aeolian_canvas::cells::CHORD_LANE;
use aeolian_canvas::decode::{DecodeContext, DecodeReport, decode};
use aeolian_canvas::encode::lanes_by_name;
use aeolian_canvas::{Canvas, ChordCell, NOTE_LANES, NoteLane};
use aeolian_diffusion::{Denoiser, Guided, Layout, Levels, Look, Method, Noise, Settings, Steering};
use aeolian_diffusion::{posterior, sample, schedule};
use aeolian_nets::{Model, ModelError};
use aeolian_score::{Key, Score};

/// log snr where sampling starts: nothing can be seen yet.
const LOWEST_LOG_SNR: f64 = -7.0;
/// log snr where it ends: nearly everything is decided.
const HIGHEST_LOG_SNR: f64 = 4.5;
/// log snr around which most is decided, how far around, and the share of even spacing: where the steps lie. 32 pieces of 24
/// steps, even and so: notes a bar 17.1 and 18.2 (pop909 21), groove .83 and .85 (.85), bar similarity of neighbours .10 and
/// .115 (.12); with centres −.3 and −2 as good within errors.
const MOST_IS_DECIDED: f64 = -1.0;
const DECIDED_WITHIN: f64 = 1.5;
const EVEN: f64 = 0.4;
/// How far chords are ahead of the notes at first, in log snr: harmony is settled before its details.
const CHORD_LEAD: f64 = 2.0;
/// MIDI velocity of the lanes where the model says nothing of loudness: the tune in front.
const LEVELS: [u8; NOTE_LANES] = [92, 76, 66, 84, 78, 60];

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
    /// The music, in its key: at 12 ticks a quarter if it is new, at its own resolution if it was somebody's.
    pub score: Score,
    /// The lane of each part; `None` for drums and whatever else no lane holds.
    pub lanes: Vec<Option<NoteLane>>,
    /// The cells the model drew and was given, in C major or A minor.
    pub canvas: Canvas,
    /// What had to be understood rather than read.
    pub repairs: DecodeReport,
    /// The key of the piece.
    pub key: Key,
    /// Quarters a minute at the beginning.
    pub tempo: f64,
    /// What was asked and what came of it.
    pub controls: Vec<Control>,
    /// Network evaluations, each of one window.
    pub evaluations: usize,
    /// How it was made.
    pub recipe: Recipe,
}

/// A model ready to compose.
pub struct Composer {
    model: Model,
    digest: String,
    method: Method,
}

/// Is told how many evaluations are done, and can ask for the likeliest choices after the last of them; false stops.
type Looking<'a> = dyn FnMut(usize, &dyn Fn() -> Vec<u8>) -> bool + 'a;

/// Stream of a piece's seed.
const SAMPLING: u64 = 2;

impl Composer {
    /// Reads a weight file.
    pub fn new(weights: &[u8]) -> Result<Self, ComposeError> {
        let model = Model::from_bytes(weights)?;
        if !fits_the_canvas(model.layout()) {
            return Err(ComposeError::OtherCanvas);
        }
        Ok(Self { model, digest: blake3::hash(weights).to_hex().to_string(), method: Method::default() })
    }

    /// The same composer with another sampler than the usual one, for comparisons: recipes do not tell it.
    pub fn with_method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// Digest of the weight file, as recipes carry it.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The network with its weights.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// A request stated as evidence for this model.
    ///
    /// # Errors   what [`Request::check`] and the verb find
    pub fn state(&self, request: &Request) -> Result<Job, RequestError> {
        request.check()?;
        let job = verbs::state(request, Stage { layout: self.model.layout(), prior: self.model.prior() })?;
        feasible::check(request, &job, tempo_of(request, &job))?;
        Ok(job)
    }

    /// Composes one piece on the calling thread. `progress(done, of)` is told of every network evaluation and may
    /// answer false to stop.
    pub fn compose(
        &self,
        request: &Request,
        progress: &mut dyn FnMut(usize, usize) -> bool,
    ) -> Result<Composition, ComposeError> {
        self.compose_watched(request, &mut Progress(progress))
    }

    /// Like [`Self::compose`], for somebody who looks on.
    pub fn compose_watched(&self, request: &Request, watch: &mut dyn Watch) -> Result<Composition, ComposeError> {
        self.compose_guided(request, None, watch)
    }

    /// As [`Self::compose`], under a rule of one's own besides. Its recipe does not hold the rule: without it, the same
    /// recipe makes another piece.
    pub fn compose_with(
        &self,
        request: &Request,
        own: &dyn OwnRule,
        progress: &mut dyn FnMut(usize, usize) -> bool,
    ) -> Result<Composition, ComposeError> {
        self.compose_guided(request, Some(own), &mut Progress(progress))
    }

    fn compose_guided(
        &self,
        request: &Request,
        own: Option<&dyn OwnRule>,
        watch: &mut dyn Watch,
    ) -> Result<Composition, ComposeError> {
        let request = &request.with_usual_form();
        let job = self.state(request)?;
        let tempo = tempo_of(request, &job);
        let (mut canvas, evaluations) = self.draw(request, &job, tempo, own, watch)?;
        let completed = whole_notes::complete(&mut canvas);
        let (mut score, read) = self.finish(request, &job, &canvas, tempo);
        let repairs = DecodeReport { loudness_assumed: read.loudness_assumed, ..completed };
        if score.title.is_empty() {
            score.title = format!("Aeolian no. {}", request.seed);
        }
        let recipe = Recipe {
            aeolian: env!("CARGO_PKG_VERSION").to_owned(),
            model: self.digest.clone(),
            request: request.clone(),
        };
        let mut controls = control::report(request, &job, &canvas, &score);
        controls.extend(own.map(|own| control::of_own_rule(own, &canvas, job.up, tempo)));
        let lanes = control::lanes_of_result(&job, &score);
        Ok(Composition { score, lanes, canvas, repairs, key: job.key, tempo, controls, evaluations, recipe })
    }

    /// Draws everything that a job asks for; also says how many evaluations that took.
    fn draw(
        &self,
        request: &Request,
        job: &Job,
        tempo: f64,
        own: Option<&dyn OwnRule>,
        watch: &mut dyn Watch,
    ) -> Result<(Canvas, usize), ComposeError> {
        let mut statement = job.statement.clone();
        let a_window = self.method.evaluations(request.steps);
        let of = statement.windows() * a_window;
        let noise = Noise::new(request.seed).stream(SAMPLING);
        let (mut done, mut evaluations) = (0, 0);
        while let Some(window) = statement.next_window() {
            statement.recall(&window);
            let seed = u64::from(noise.bits((done / a_window) as u64));
            // A guided evaluation looks twice.
            evaluations += a_window * if guidance(request, &statement, &window) == 1.0 { 1 } else { 2 };
            let drawn = self.draw_window(request, job, &statement, &window, tempo, own, seed, &mut |d, best| {
                let goes_on = watch.progress(done + d, of);
                if goes_on && watch.wants_a_guess() {
                    let mut guessed = statement.clone();
                    guessed.take(&window, &best());
                    let (score, _) = self.finish(request, job, &guessed.canvas, tempo);
                    watch.guess(Guess { score, quarters: window.quarters.clone() });
                }
                goes_on
            })?;
            statement.take(&window, &drawn);
            done += a_window;
        }
        Ok((statement.canvas, evaluations))
    }

    /// Samples one window: choices (T, groups). `progress` is told how many evaluations are done, and can ask for the
    /// likeliest choices (T, groups) after the last of them.
    fn draw_window(
        &self,
        request: &Request,
        job: &Job,
        statement: &Statement,
        window: &Window,
        tempo: f64,
        own: Option<&dyn OwnRule>,
        seed: u64,
        progress: &mut Looking<'_>,
    ) -> Result<Vec<u8>, ComposeError> {
        debug_assert!(window.quarters.len() <= WINDOW);
        let layout = self.model.layout();
        let mut task = statement.task(layout, window, seed);
        let positions = &statement.canvas.positions[window.quarters.clone()];
        let frame = Frame {
            up: job.up,
            qpm: tempo,
            positions: positions.to_vec(),
            chords: given_chords(statement, window),
            starts_piece: window.quarters.start == 0,
        };
        let grid = rhythm::grid_of(request);
        let of_rhythm = rhythm::rules(grid);
        let rules = RuleSet::new(&[request.all_rules(), of_rhythm].concat(), frame);
        rules.restrict(&mut task.constraint);
        rhythm::restrict(grid, layout, &mut task.constraint);
        let wishes = request.soft_wishes(statement.canvas.bars().len());
        let steering = Guide {
            rules,
            manners: Manners::of(request, statement, window.quarters.clone(), job.up, layout),
            pattern: Pattern::of(request, statement, window.quarters.clone(), layout),
            tilts: Tilts::new(&wishes, statement, window, job.up, layout),
            arranging: matches!(request.verb, Verb::Arrange { .. }),
            bits: layout.bits(),
            own: own.map(|rule| Reader {
                rule,
                up: job.up,
                qpm: tempo,
                first_quarter: window.quarters.start,
                positions: positions.to_vec(),
                left_out: window.quarters.clone().map(|quarter| statement.left_out(quarter)).collect(),
            }),
        };
        let (centre, deviation, even) = (MOST_IS_DECIDED, DECIDED_WITHIN, EVEN);
        let log_snr = schedule::levels_around(request.steps, LOWEST_LOG_SNR, HIGHEST_LOG_SNR, centre, deviation, even)?;
        let lead = |lane, progress| if lane == CHORD_LANE { CHORD_LEAD * (1.0 - progress) } else { 0.0 };
        let levels = Levels::with_offsets(&log_snr, layout, lead)?;
        let settings = Settings { temperature: request.temperature, steering: Some(&steering), ..Settings::default() };
        let guided = Guided::new(&self.model, guidance(request, statement, window), chords_only(layout));
        let allowed = task.constraint.allowed().to_vec();
        let mut items = sample(self.method, &guided, &[task], &levels, settings, &mut |p| {
            progress(p.done, &|| {
                let mut choices = vec![0; allowed.len()];
                posterior::best(layout, p.evidence, p.context, &allowed, &mut choices);
                choices
            })
        })?;
        Ok(items.swap_remove(0))
    }

    /// From the finished canvas to a score.
    fn finish(&self, request: &Request, job: &Job, canvas: &Canvas, tempo: f64) -> (Score, DecodeReport) {
        let six_eighths = request.metre.is_compound();
        let context = DecodeContext { qpm: tempo, default_velocities: LEVELS, title: String::new(), six_eighths };
        let as_new = || {
            let (score, report) = decode(canvas, &context);
            let mut score = score.transposed(job.up);
            letters::letter(&mut score.sections, canvas, request.form.as_ref());
            let lanes = lanes_by_name(&score);
            for (part, lane) in score.parts.iter_mut().zip(lanes) {
                part.program = lane.map_or(0, |lane| instruments::program(request.idiom_of_new_piece(), lane));
            }
            (score, report)
        };
        let (mut score, report) = match &job.outcome {
            Outcome::New => as_new(),
            Outcome::Merged { source, asked } => merge(source.score(), source.lanes(), asked, canvas, job.up, &context),
            Outcome::Performed { source } => (performance::performed(source, canvas), DecodeReport::default()),
            Outcome::Arranged { source } => (performance::arranged(source, canvas, job.up), DecodeReport::default()),
        };
        let theirs = match &job.outcome {
            Outcome::New => 0,
            Outcome::Merged { source, .. } | Outcome::Performed { source } | Outcome::Arranged { source } => {
                source.score().parts.len()
            }
        };
        instruments::give(request, theirs, &mut score);
        let notes: usize = score.parts.iter().map(|part| part.notes.len()).sum();
        if report.loudness_assumed == notes && matches!(job.outcome, Outcome::New) {
            dynamics::add_accents(&mut score);
        }
        if request.rhythm == Some(RhythmGrid::Swing) && job.outcome == Outcome::New {
            rhythm::swing(&mut score);
        }
        (score, report)
    }
}

/// The tempo asked for, else the source's (between two pieces, one between theirs), else the seed's in the mood asked for.
fn tempo_of(request: &Request, job: &Job) -> f64 {
    let own = |source: &Source| source.score().tempos.first().map_or(120.0, |t| t.qpm);
    match &job.outcome {
        Outcome::New => match &request.verb {
            Verb::Morph { from, to, position } => {
                request.tempo.unwrap_or_else(|| own(from) + (own(to) - own(from)) * position)
            }
            _ => request.tempo_of_new_piece(choose_tempo(request.choices())),
        },
        Outcome::Merged { source, .. } | Outcome::Performed { source } | Outcome::Arranged { source } => {
            request.tempo.unwrap_or_else(|| own(source))
        }
    }
}

/// Guidance by given chords where nobody says how much. On 24 held-out melodies with their chords, 32 steps: chords heard in
/// the accompaniment .920 without and .954 with it (majmin; the real accompaniment .931), polyphony 3.32 and 3.65 (real 3.78).
const CHORD_GUIDANCE: f32 = 1.6;

/// How much a window listens to its chords: as asked, else more where at least half of the quarters that are asked for have
/// a given chord.
fn guidance(request: &Request, statement: &Statement, window: &Window) -> f32 {
    let asked = |q: &usize| (0..NOTE_LANES).any(|lane| statement.is_open(*q, lane));
    let has_chord = |q: &usize| statement.canvas.chords[*q].is_some() && !statement.is_open(*q, CHORD_LANE);
    let quarters: Vec<usize> = window.quarters.clone().filter(asked).collect();
    let given = quarters.iter().filter(|q| has_chord(q)).count();
    let usual = if given > 0 && 2 * given >= quarters.len() { CHORD_GUIDANCE } else { 1.0 };
    request.chord_guidance.unwrap_or(usual)
}

/// The lanes whose guidance can be asked for: one entry a lane.
fn chords_only(layout: &Layout) -> Vec<bool> {
    (0..layout.lanes()).map(|lane| lane == CHORD_LANE).collect()
}

/// The chords of a window that are certain.
fn given_chords(statement: &Statement, window: &Window) -> Vec<Option<ChordCell>> {
    let given = |q: usize| statement.canvas.chords[q].filter(|_| !statement.is_open(q, CHORD_LANE));
    window.quarters.clone().map(given).collect()
}

/// Rules and leans of one window, as the sampler asks for them.
struct Guide<'a> {
    own: Option<Reader<'a>>,
    rules: RuleSet,
    manners: Option<Manners>,
    pattern: Option<Pattern>,
    tilts: Tilts,
    arranging: bool,
    bits: usize,
}

impl Steering for Guide<'_> {
    fn lean(&self, look: Look<'_>, context: &mut [f32]) {
        if let Some(manners) = &self.manners {
            manners.lean(look, context);
        }
        if let Some(pattern) = &self.pattern {
            pattern.lean(look, context);
        }
        self.tilts.lean(look, context);
    }

    fn settle(&self, look: Look<'_>, context: &[f32], choices: &mut [u8]) {
        if self.arranging {
            OneLaneEach::settle(look, context, self.bits, choices);
        }
        self.rules.settle(look, context, choices);
    }

    fn candidates(&self) -> usize {
        self.own.as_ref().map_or(1, |own| own.rule.candidates())
    }

    fn value(&self, look: Look<'_>, choices: &[u8]) -> f64 {
        self.own.as_ref().map_or(0.0, |own| own.value(look.progress, choices))
    }
}
