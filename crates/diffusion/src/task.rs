//! What is asked for, stated as evidence: of every lane of every token whether it is free, given, unknown or weakly known.

use crate::{ChoiceSet, Constraint, Error, Layout, Observation, UNKNOWN};

/// What is known of one lane in one token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LaneState {
    /// To be drawn.
    Free,
    /// Certain: the task's choices come back exactly.
    Given,
    /// Left out: no evidence, never revealed, comes back as [`UNKNOWN`].
    Unknown,
    /// To be drawn, starting from weak evidence of the task's choices at this log snr (a variation of them).
    Weak(f32),
}

/// A second thing that weak lanes resemble: their evidence is the sum of two looks, one at [`Task::choices`] and one at
/// these. Evidence adds up, so a share of 1/2 lies as near to one as to the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Blend {
    /// The other choices; no [`UNKNOWN`] where a lane is weak. (T, groups)
    pub choices: Vec<u8>,
    /// Share of a weak lane's snr that is spent on them, strictly between 0 and 1.
    pub share: f32,
}

/// One item to be drawn (or scored), with T tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// All randomness of this item, whatever else is in the batch.
    pub seed: u64,
    /// Position of each token in a short cycle, as in [`Observation::positions`]. (T)
    pub positions: Vec<[u8; 2]>,
    /// What is known of every lane. (T, lanes)
    pub states: Vec<LaneState>,
    /// The choices that given and weak lanes speak of; [`UNKNOWN`] elsewhere. (T, groups)
    pub choices: Vec<u8>,
    /// What weak lanes resemble as well, if anything.
    pub blend: Option<Blend>,
    /// Hard rules. They bind free and weak lanes; given lanes come back as given.
    pub constraint: Constraint,
    /// Log-odds added to the network's context: a lean, not a rule. (T, bits), or empty for none.
    pub lean: Vec<f32>,
}

impl Task {
    /// Everything free, no rules, positions (t mod 4, 4).
    pub fn free(layout: &Layout, tokens: usize, seed: u64) -> Self {
        Self {
            seed,
            positions: (0..tokens).map(|t| [(t % 4) as u8, 4]).collect(),
            states: vec![LaneState::Free; tokens * layout.lanes()],
            choices: vec![UNKNOWN; tokens * layout.groups()],
            blend: None,
            constraint: Constraint::none(layout, tokens),
            lean: Vec::new(),
        }
    }

    /// Tokens, T.
    pub fn tokens(&self) -> usize {
        self.positions.len()
    }

    /// Sets the state of one lane in one token.
    ///
    /// # Panics   if token or lane lie outside.
    pub fn set(&mut self, token: usize, lane: usize, state: LaneState) {
        let lanes = self.states.len() / self.tokens();
        assert!(lane < lanes, "lane {lane} of {lanes}");
        self.states[token * lanes + lane] = state;
    }

    /// Sets the state of one lane in every token.
    ///
    /// # Panics   if the lane lies outside.
    pub fn set_lane(&mut self, lane: usize, state: LaneState) {
        (0..self.tokens()).for_each(|token| self.set(token, lane, state));
    }

    /// What a group may be: its rule where its lane is to be drawn, anything elsewhere.
    pub(crate) fn allowed(&self, token: usize, group: usize, state: LaneState, layout: &Layout) -> ChoiceSet {
        match state {
            LaneState::Free | LaneState::Weak(_) => self.constraint.allowed()[token * layout.groups() + group],
            LaneState::Given | LaneState::Unknown => ChoiceSet::ALL,
        }
    }

    /// Checks the task against a layout.
    ///
    /// # Errors   `Length` where an array does not fit; `Choice` where a given or weak choice does not exist (a given one may
    /// be [`UNKNOWN`], a weak one not); `NothingAllowed` where rules leave no choice; `Range` for a weak log snr outside
    /// (−10, 6), a lean that is not a number, or a group with more than 31 choices
    pub fn check(&self, layout: &Layout) -> Result<(), Error> {
        let tokens = self.tokens();
        length("states", tokens * layout.lanes(), self.states.len())?;
        length("choices", tokens * layout.groups(), self.choices.len())?;
        length("constraint", tokens * layout.groups(), self.constraint.allowed().len())?;
        if !self.lean.is_empty() {
            length("lean", tokens * layout.bits(), self.lean.len())?;
        }
        if let Some(blend) = &self.blend {
            length("choices of the blend", tokens * layout.groups(), blend.choices.len())?;
            if !(blend.share > 0.0 && blend.share < 1.0) {
                let value = f64::from(blend.share);
                return Err(Error::Range { what: "share of the blend", value, allowed: "0 < share < 1" });
            }
        }
        if self.lean.iter().any(|lean| lean.is_nan()) {
            return Err(Error::Range { what: "lean", value: f64::NAN, allowed: "any number" });
        }
        for token in 0..tokens {
            for (block, first_group, _) in layout.spans() {
                if block.choices > ChoiceSet::HIGHEST {
                    let value = block.choices as f64;
                    return Err(Error::Range { what: "choices in a group", value, allowed: "1 to 31" });
                }
                let state = self.states[token * layout.lanes() + block.lane];
                check_state(state)?;
                for group in first_group..first_group + block.groups {
                    self.check_group(layout, token, group, block.choices, state)?;
                }
            }
        }
        Ok(())
    }

    fn check_group(
        &self,
        layout: &Layout,
        token: usize,
        group: usize,
        choices: usize,
        state: LaneState,
    ) -> Result<(), Error> {
        let choice = self.choices[token * layout.groups() + group];
        let other = self.blend.as_ref().map_or(0, |blend| blend.choices[token * layout.groups() + group]);
        let possible = match state {
            LaneState::Given => choice as usize <= choices || choice == UNKNOWN,
            LaneState::Weak(_) => choice as usize <= choices && other as usize <= choices,
            LaneState::Free | LaneState::Unknown => true,
        };
        if !possible {
            return Err(Error::Choice { token, group, choice, choices });
        }
        if self.allowed(token, group, state, layout).within(choices).is_empty() {
            return Err(Error::NothingAllowed { token, group });
        }
        Ok(())
    }
}

fn check_state(state: LaneState) -> Result<(), Error> {
    match state {
        LaneState::Weak(level) if !(level > Observation::LOG_SNR_NOTHING && level < Observation::LOG_SNR_CERTAIN) => {
            Err(Error::Range { what: "log snr of a weak lane", value: f64::from(level), allowed: "−10 < level < 6" })
        }
        _ => Ok(()),
    }
}

fn length(what: &'static str, expected: usize, found: usize) -> Result<(), Error> {
    if expected == found { Ok(()) } else { Err(Error::Length { what, expected, found }) }
}

/// Checks tasks that go through the network together: each by itself, and that all have the same number of tokens.
pub(crate) fn check_batch(tasks: &[Task], layout: &Layout) -> Result<usize, Error> {
    let tokens = tasks.first().map_or(0, Task::tokens);
    for task in tasks {
        length("tokens of every item of a batch", tokens, task.tokens())?;
        task.check(layout)?;
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Block;

    #[test]
    fn damaged_tasks_are_refused() {
        let layout =
            Layout::new(vec![Block { lane: 0, groups: 2, choices: 2 }, Block { lane: 1, groups: 1, choices: 4 }]);
        let good = Task::free(&layout, 3, 1);
        good.check(&layout).unwrap();
        let refused = |change: &dyn Fn(&mut Task)| {
            let mut task = good.clone();
            change(&mut task);
            task.check(&layout).is_err()
        };
        assert!(refused(&|t| t.states.push(LaneState::Free)));
        assert!(refused(&|t| t.positions.push([0, 4])));
        assert!(refused(&|t| t.lean = vec![0.0; 5]));
        assert!(refused(&|t| t.lean = vec![f32::NAN; 24]));
        assert!(refused(&|t| t.set(0, 1, LaneState::Weak(0.0))), "weak evidence of what?");
        let blend = |share, choice| Some(Blend { choices: vec![choice; 9], share });
        assert!(refused(&|t| t.blend = blend(1.0, 0)) && refused(&|t| t.blend = blend(f32::NAN, 0)));
        assert!(refused(&|t| {
            t.choices.fill(0);
            t.blend = blend(0.5, UNKNOWN);
            t.set(0, 1, LaneState::Weak(0.0));
        }));
        assert!(refused(&|t| {
            t.choices.fill(0);
            t.set(0, 1, LaneState::Weak(f32::NAN));
        }));
        assert!(refused(&|t| {
            t.choices[2] = 5;
            t.set(0, 1, LaneState::Given);
        }));
        assert!(refused(&|t| (0..5).for_each(|c| t.constraint.forbid(1, 2, c))));
        assert!(refused(&|t| t.constraint.lock(1, 0, 3)), "a lock to a choice that is not there");
        assert!(!refused(&|t| t.set_lane(1, LaneState::Given)), "a given label may be unknown");
    }
}
