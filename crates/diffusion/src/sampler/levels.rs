//! The levels a sampler walks through, with room for a pace of its own for every lane.

use crate::{Error, Layout};

/// log snr of each lane at each stop, ascending.
#[derive(Clone, Debug, PartialEq)]
pub struct Levels {
    lanes: usize,
    values: Vec<f64>,
}

impl Levels {
    /// Levels lie within ± this: far beyond any use, and evidence keeps well inside single precision.
    pub const LIMIT: f64 = 30.0;

    /// The same levels for every lane.
    ///
    /// # Errors   `TooFewLevels` for none; `Levels` unless within ±30 and ascending (equal neighbours are allowed)
    pub fn shared(levels: &[f64], layout: &Layout) -> Result<Self, Error> {
        Self::with_offsets(levels, layout, |_, _| 0.0)
    }

    /// Each lane at the shared level plus `offset(lane, progress)`, progress from 0 to 1: chords before notes, say.
    ///
    /// # Errors   `TooFewLevels` for none; `Levels` unless the sums are within ±30 and ascending in every lane
    pub fn with_offsets(levels: &[f64], layout: &Layout, offset: impl Fn(usize, f64) -> f64) -> Result<Self, Error> {
        if levels.is_empty() {
            return Err(Error::TooFewLevels { least: 1, found: 0 });
        }
        let lanes = layout.lanes();
        let mut values = Vec::with_capacity(levels.len() * lanes);
        for (index, shared) in levels.iter().enumerate() {
            let progress = index as f64 / (levels.len() - 1).max(1) as f64;
            for lane in 0..lanes {
                let level = shared + offset(lane, progress);
                let ascends = index == 0 || values[(index - 1) * lanes + lane] <= level;
                if !(level.abs() <= Self::LIMIT && ascends) {
                    return Err(Error::Levels { index, lane, level });
                }
                values.push(level);
            }
        }
        Ok(Self { lanes, values })
    }

    /// Stops along the way.
    pub fn len(&self) -> usize {
        self.values.len() / self.lanes
    }

    /// Never: there is at least one level.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Lanes, as in the layout.
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    /// log snr of a lane at a stop.
    pub fn at(&self, stop: usize, lane: usize) -> f64 {
        self.values[stop * self.lanes + lane]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Block;

    #[test]
    fn levels_ascend_in_every_lane() {
        let layout =
            Layout::new(vec![Block { lane: 0, groups: 1, choices: 1 }, Block { lane: 1, groups: 1, choices: 1 }]);
        let ahead = |lane: usize, progress: f64| if lane == 1 { 2.0 * (1.0 - progress) } else { 0.0 };
        let levels = Levels::with_offsets(&[-4.0, 0.0, 4.0], &layout, ahead).unwrap();
        assert_eq!((levels.len(), levels.at(0, 1), levels.at(1, 1), levels.at(2, 1)), (3, -2.0, 1.0, 4.0));
        assert!(Levels::with_offsets(&[-1.0, 0.0], &layout, |_, progress| -2.0 * progress).is_err());
        assert!(Levels::shared(&[], &layout).is_err() && Levels::shared(&[0.0, f64::NAN], &layout).is_err());
        assert!(Levels::shared(&[0.0, -1.0], &layout).is_err() && Levels::shared(&[f64::INFINITY], &layout).is_err());
        assert!(Levels::shared(&[0.0, 0.0], &layout).is_ok());
    }
}
