//! What can be wrong with a request to the diffusion process.

/// Why nothing could be sampled or scored.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An array does not have the length its documentation states.
    #[error("{what}: expected {expected} values, found {found}")]
    Length {
        /// Which array.
        what: &'static str,
        /// The length asked for.
        expected: usize,
        /// The length seen.
        found: usize,
    },
    /// A choice that its group does not have.
    #[error("token {token}, group {group}: there is no choice {choice}, only 0 to {choices}")]
    Choice {
        /// Where.
        token: usize,
        /// Where.
        group: usize,
        /// The choice seen.
        choice: u8,
        /// The highest choice of the group.
        choices: usize,
    },
    /// Every choice of a group is forbidden.
    #[error("token {token}, group {group}: every choice is forbidden")]
    NothingAllowed {
        /// Where.
        token: usize,
        /// Where.
        group: usize,
    },
    /// Noise levels are log snr values within ±30, each at least as large as the one before.
    #[error("noise levels must lie within ±30 and ascend; level {index} of lane {lane} is {level}")]
    Levels {
        /// Index of the level that breaks the rule.
        index: usize,
        /// Its lane.
        lane: usize,
        /// The log snr seen.
        level: f64,
    },
    /// Too few noise levels to go anywhere.
    #[error("at least {least} noise levels are needed, {found} were given")]
    TooFewLevels {
        /// The smallest number allowed.
        least: usize,
        /// The number seen.
        found: usize,
    },
    /// A number outside its range.
    #[error("{what} is {value}, allowed is {allowed}")]
    Range {
        /// Which number.
        what: &'static str,
        /// The value seen.
        value: f64,
        /// The range allowed, in words.
        allowed: &'static str,
    },
    /// The denoiser returned something that is not a number.
    #[error("item {item}: the network's answer is not a number")]
    NotANumber {
        /// Index of the item in the batch.
        item: usize,
    },
    /// The progress callback asked to stop.
    #[error("cancelled")]
    Cancelled,
}
