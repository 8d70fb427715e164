//! What training tells the network about each window: which lanes are certain, noisy or unknown, and where.
//!
//! The mixture follows the design's table of tasks (§1, §2): one noise level for all notes, a level a lane, some lanes
//! given, a gap to fill, scattered locks, a flat score to perform; key, form and chords given, noisy or unknown;
//! loudness and timing with the notes, behind them, given or unknown. One network serves them all.

use aeolian_canvas::cells::{
    CHORD_LANE, ENSEMBLE_LANE, FORM_LANE, IDIOM_LANE, KEY_LANE, LANES, LOUDNESS_LANE, TIMING_LANE, UNKNOWN,
};
use aeolian_canvas::{Ensemble, NOTE_LANES};
use aeolian_diffusion::schedule::NoiseDensity;
use aeolian_diffusion::{Layout, Noise, Observation};

/// How one window is seen.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// log snr of every lane. (T, lanes)
    pub log_snr: Vec<f32>,
    /// Weight in the loss: 1 where there is something to learn ([`EXPRESSION_WEIGHT`] in loudness and timing), 0 where
    /// the lane is certain. (T, lanes)
    pub weights: Vec<f32>,
    /// Share of the groups of noisy lanes that are certain all the same.
    pub locks: f64,
}

/// Weight of loudness and timing in the loss. How loud a note is played can hardly be guessed, and its many nats would
/// drown what the notes have to teach.
pub const EXPRESSION_WEIGHT: f32 = 0.25;
const CERTAIN: f32 = Observation::LOG_SNR_CERTAIN;
const NOTHING: f32 = Observation::LOG_SNR_NOTHING;

/// Draws how a window of `tokens` quarters, in which the lanes of `playing` have notes, is seen. `u` in (0, 1) carries the main noise level, so that a batch can
/// spread its levels evenly.
pub fn draw_view(tokens: usize, playing: Ensemble, density: &NoiseDensity, u: f64, noise: Noise) -> View {
    let (playing, silent): (Vec<usize>, Vec<usize>) = (0..NOTE_LANES).partition(|&lane| playing[lane]);
    let random = |counter: u64| noise.uniform(counter);
    let own_level = |counter: u64| density.quantile(random(counter)) as f32;
    let level = density.quantile(u) as f32;
    let mut log_snr = vec![level; tokens * LANES];
    let mut locks = 0.0;
    let kind = random(0);
    if kind < 0.38 {
        // One level for every note.
    } else if kind < 0.43 {
        (0..NOTE_LANES).for_each(|lane| fill(&mut log_snr, lane, CERTAIN));
    } else if kind < 0.60 {
        for lane in 0..NOTE_LANES {
            fill(&mut log_snr, lane, own_level(10 + lane as u64));
        }
    } else if kind < 0.78 {
        for lane in given_lanes(&playing, random(1), &|lane| random(70 + lane as u64)) {
            fill(&mut log_snr, lane, CERTAIN);
        }
        if random(2) < 0.25 && !playing.is_empty() {
            // A lane nobody speaks of: an accompaniment without its counter-melody, a lead sheet alone.
            fill(&mut log_snr, playing[(random(3) * playing.len() as f64) as usize], NOTHING);
        }
    } else if kind < 0.92 {
        let longest = (tokens / 2).max(1);
        let length = 1 + (random(1) * longest as f64) as usize;
        let start = (random(2) * (tokens - length + 1) as f64) as usize;
        for (token, row) in log_snr.chunks_exact_mut(LANES).enumerate() {
            if !(start..start + length).contains(&token) {
                row.fill(CERTAIN);
            }
        }
    } else {
        locks = 0.5 * random(1);
    }
    set_labels(&mut log_snr, level, random(20), &own_level, [random(21), random(22), random(23)]);
    // Lanes that do not play: mostly nobody speaks of them, sometimes their silence is certain.
    match random(26) {
        u if u < 0.5 => silent.iter().for_each(|&lane| fill(&mut log_snr, lane, NOTHING)),
        u if u < 0.75 => silent.iter().for_each(|&lane| fill(&mut log_snr, lane, CERTAIN)),
        _ => {}
    }
    // What plays and in which manner is nearly always said; what nobody says the model has to hear.
    fill(&mut log_snr, ENSEMBLE_LANE, if random(24) < 0.85 { CERTAIN } else { NOTHING });
    fill(&mut log_snr, IDIOM_LANE, if random(25) < 0.75 { CERTAIN } else { NOTHING });
    set_expression(&mut log_snr, LOUDNESS_LANE, random(40), &own_level);
    set_expression(&mut log_snr, TIMING_LANE, random(41), &own_level);
    let weight = |(i, &level): (usize, &f32)| match i % LANES {
        _ if level >= CERTAIN => 0.0,
        lane if lane >= LOUDNESS_LANE => EXPRESSION_WEIGHT,
        _ => 1.0,
    };
    let weights = log_snr.iter().enumerate().map(weight).collect();
    View { log_snr, weights, locks }
}

/// Loudness or timing of all note lanes: where the task left them, unknown (notation has no loudness), at a level of
/// their own, or as far as the notes they belong to.
fn set_expression(log_snr: &mut [f32], first: usize, u: f64, own: &impl Fn(u64) -> f32) {
    match u {
        u if u < 0.25 => {}
        u if u < 0.50 => (0..NOTE_LANES).for_each(|lane| fill(log_snr, first + lane, NOTHING)),
        u if u < 0.70 => {
            let level = own(50 + first as u64);
            (0..NOTE_LANES).for_each(|lane| fill(log_snr, first + lane, level));
        }
        _ => log_snr.chunks_exact_mut(LANES).for_each(|row| row.copy_within(0..NOTE_LANES, first)),
    }
}

fn fill(log_snr: &mut [f32], lane: usize, level: f32) {
    log_snr.chunks_exact_mut(LANES).for_each(|row| row[lane] = level);
}

/// A proper, non-empty subset of the lanes that play; often the first, the melody, alone. Empty where fewer than two play.
fn given_lanes(playing: &[usize], u: f64, coin: &impl Fn(usize) -> f64) -> Vec<usize> {
    if playing.len() < 2 {
        return Vec::new();
    }
    let chosen: Vec<usize> = playing.iter().copied().filter(|&lane| coin(lane) < 0.5).collect();
    if u < 0.3 || chosen.is_empty() || chosen.len() == playing.len() { vec![playing[0]] } else { chosen }
}

/// Key, form and chords: given, unknown, or as noisy as the notes or at a level of their own.
fn set_labels(log_snr: &mut [f32], level: f32, chords: f64, own: &impl Fn(u64) -> f32, u: [f64; 3]) {
    match chords {
        c if c < 0.20 => fill(log_snr, CHORD_LANE, CERTAIN),
        c if c < 0.50 => fill(log_snr, CHORD_LANE, NOTHING),
        c if c < 0.75 => fill(log_snr, CHORD_LANE, level),
        _ => fill(log_snr, CHORD_LANE, own(30)),
    }
    fill(
        log_snr,
        KEY_LANE,
        if u[0] < 0.75 {
            CERTAIN
        } else if u[0] < 0.9 {
            NOTHING
        } else {
            level
        },
    );
    fill(
        log_snr,
        FORM_LANE,
        if u[1] < 0.6 {
            CERTAIN
        } else if u[1] < 0.85 {
            NOTHING
        } else {
            own(31)
        },
    );
}

/// Makes a share of the groups in noisy note lanes certain: evidence ±[`Observation::CERTAIN`].
///
/// Whole tokens × lanes are locked half of the time, single cells otherwise, as people lock bars or notes.
pub fn lock_cells(layout: &Layout, choices: &[u8], share: f64, noise: Noise, evidence: &mut [f32]) {
    if share == 0.0 {
        return;
    }
    let whole = noise.uniform(0) < 0.5;
    let cell_noise = noise.stream(1);
    for (token, (row, cells)) in
        choices.chunks_exact(layout.groups()).zip(evidence.chunks_exact_mut(layout.bits())).enumerate()
    {
        for (block, group, bit) in layout.spans().take(NOTE_LANES) {
            let locked_whole = cell_noise.uniform((token * NOTE_LANES + block.lane) as u64) < share;
            for g in 0..block.groups {
                let counter = 1_000_000 + (token * layout.groups() + group + g) as u64;
                let locked = if whole { locked_whole } else { cell_noise.uniform(counter) < share };
                if !locked || row[group + g] == UNKNOWN {
                    continue;
                }
                for choice in 0..block.choices {
                    let on = usize::from(row[group + g]) == choice + 1;
                    let sign = if on { 1.0 } else { -1.0 };
                    cells[bit + g * block.choices + choice] = sign * Observation::CERTAIN;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A trio without its second voice: lanes 0, 2 and 3.
    const PLAYING: Ensemble = [true, false, true, true, false, false];

    fn views() -> Vec<View> {
        let density = NoiseDensity::Uniform { lo: -6.0, hi: 4.0 };
        (0..2000).map(|i| draw_view(16, PLAYING, &density, 0.3, Noise::new(i))).collect()
    }

    #[test]
    fn every_task_appears_and_none_teaches_what_is_certain() {
        let views = views();
        for view in &views {
            for (level, weight) in view.log_snr.iter().zip(&view.weights) {
                assert_eq!(*weight == 0.0, *level >= CERTAIN);
            }
        }
        let notes = |v: &View, t: usize| [0, 2, 3].map(|lane| v.log_snr[t * LANES + lane]);
        let gap = |v: &View| notes(v, 0) != notes(v, 8);
        let accompany = |v: &View| notes(v, 0)[0] == CERTAIN && notes(v, 0)[1] < CERTAIN && notes(v, 0) == notes(v, 8);
        let flat = |v: &View| (0..16).all(|t| notes(v, t) == [CERTAIN; 3]);
        let perform = |v: &View| flat(v) && v.log_snr[LOUDNESS_LANE] < CERTAIN;
        let share = |f: &dyn Fn(&View) -> bool| views.iter().filter(|v| f(v)).count() as f64 / 2000.0;
        assert!((0.05..0.15).contains(&share(&gap)), "{}", share(&gap));
        assert!((0.07..0.17).contains(&share(&accompany)), "{}", share(&accompany));
        assert!((0.02..0.06).contains(&share(&perform)), "{}", share(&perform));
        assert!((0.05..0.11).contains(&share(&|v| v.locks > 0.0)));
        assert!((0.70..0.80).contains(&share(&|v| v.log_snr[KEY_LANE] == CERTAIN)));
        assert!((0.70..0.80).contains(&share(&|v| v.log_snr[IDIOM_LANE] == CERTAIN)));
        assert!((0.45..0.55).contains(&share(&|v| (0..16).all(|t| v.log_snr[t * LANES + 4] == NOTHING))));
    }
}
