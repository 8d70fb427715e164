//! Classifier-free guidance: push away from what the network would do without seeing the given lanes.
//!
//! c = c_without + w (c_with − c_without)     (Ho and Salimans 2022, arXiv:2207.12598, eq. 6, with w = 1 + their w)

use crate::{Denoiser, Layout, Observation};

/// A denoiser that listens more (weight above 1) or less (below 1) to given lanes.
#[derive(Debug)]
pub struct Guided<'a, D: Denoiser + ?Sized> {
    denoiser: &'a D,
    weight: f32,
    hidden: Vec<bool>,
}

impl<'a, D: Denoiser + ?Sized> Guided<'a, D> {
    /// Guides by the lanes marked in `hidden` (lanes): the second evaluation sees nothing of them where they are certain.
    ///
    /// Both evaluations go through the network as one batch. At weight 1 nothing changes and nothing is added.
    ///
    /// # Panics   if `hidden` does not have one entry a lane.
    pub fn new(denoiser: &'a D, weight: f32, hidden: Vec<bool>) -> Self {
        assert_eq!(hidden.len(), denoiser.layout().lanes(), "one entry a lane");
        Self { denoiser, weight, hidden }
    }

    /// Blanks the certain lanes in a copy of an observation's evidence and levels.
    fn hide(&self, evidence: &mut [f32], log_snr: &mut [f32]) {
        let layout = self.denoiser.layout();
        for (evidence, levels) in evidence.chunks_exact_mut(layout.bits()).zip(log_snr.chunks_exact_mut(layout.lanes()))
        {
            for (block, _, first) in layout.spans() {
                if self.hidden[block.lane] && levels[block.lane] >= Observation::LOG_SNR_CERTAIN {
                    evidence[first..first + block.groups * block.choices].fill(0.0);
                }
            }
            for (level, &hidden) in levels.iter_mut().zip(&self.hidden) {
                if hidden && *level >= Observation::LOG_SNR_CERTAIN {
                    *level = Observation::LOG_SNR_NOTHING;
                }
            }
        }
    }
}

impl<D: Denoiser + ?Sized> Denoiser for Guided<'_, D> {
    fn layout(&self) -> &Layout {
        self.denoiser.layout()
    }

    fn context(&self, seen: Observation<'_>, context: &mut [f32]) {
        if self.weight == 1.0 {
            return self.denoiser.context(seen, context);
        }
        let (mut evidence, mut log_snr) = (seen.evidence.repeat(2), seen.log_snr.repeat(2));
        self.hide(&mut evidence[seen.evidence.len()..], &mut log_snr[seen.log_snr.len()..]);
        let positions = seen.positions.repeat(2);
        let mut both = vec![0.0; 2 * context.len()];
        let twice = Observation {
            items: 2 * seen.items,
            tokens: seen.tokens,
            evidence: &evidence,
            log_snr: &log_snr,
            positions: &positions,
        };
        self.denoiser.context(twice, &mut both);
        let (with, without) = both.split_at(context.len());
        for (c, (with, without)) in context.iter_mut().zip(with.iter().zip(without)) {
            *c = without + self.weight * (with - without);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Block;
    use crate::analytic::Corpus;

    #[test]
    fn guidance_extrapolates_between_two_contexts() {
        // One cell in each lane, 3 : 1 equal against different, so the log-odds given the other are ± ln 3, and 0 without.
        let layout =
            Layout::new(vec![Block { lane: 0, groups: 1, choices: 1 }, Block { lane: 1, groups: 1, choices: 1 }]);
        let pieces = vec![(3.0, vec![0, 0]), (3.0, vec![1, 1]), (1.0, vec![0, 1]), (1.0, vec![1, 0])];
        let corpus = Corpus::new(layout, 1, pieces);
        let seen = Observation {
            items: 2,
            tokens: 1,
            evidence: &[0.0, Observation::CERTAIN, 0.0, -Observation::CERTAIN],
            log_snr: &[Observation::LOG_SNR_NOTHING, Observation::LOG_SNR_CERTAIN].repeat(2),
            positions: &[[0, 4]; 2],
        };
        for (weight, hidden, factor) in
            [(1.0, true, 1.0), (0.0, true, 0.0), (2.5, true, 2.5), (-1.0, true, -1.0), (2.5, false, 1.0)]
        {
            let mut context = [0.0; 4];
            Guided::new(&corpus, weight, vec![false, hidden]).context(seen, &mut context);
            assert!((context[0] - factor * 3f32.ln()).abs() < 1e-5, "{weight}: {context:?}");
            assert!((context[2] + factor * 3f32.ln()).abs() < 1e-5, "{weight}: {context:?}");
        }
    }
}
