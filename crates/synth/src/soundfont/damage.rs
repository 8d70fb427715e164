//! What can be wrong with a SoundFont.

/// Why a file cannot be used as a SoundFont.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// It does not begin as one.
    #[error("it is no SoundFont (it does not begin with \"RIFF … sfbk\")")]
    NotSoundFont,
    /// A chunk announces more bytes than there are.
    #[error("it is cut short: a chunk of {claimed} bytes is announced, but only {left} bytes are left")]
    CutShort {
        /// Bytes the chunk says it has.
        claimed: u64,
        /// Bytes that follow.
        left: u64,
    },
    /// A chunk that every SoundFont has is not there.
    #[error("its part \"{0}\" is missing")]
    Missing(&'static str),
    /// A table whose size is no number of rows, or has too few or too many of them.
    #[error("its table \"{table}\" of {bytes} bytes is damaged")]
    Table {
        /// The chunk's name.
        table: &'static str,
        /// Its size.
        bytes: usize,
    },
    /// A row points to a place that does not exist, or backwards.
    #[error("row {row} of its table \"{table}\" points nowhere")]
    Index {
        /// The chunk's name.
        table: &'static str,
        /// Which row, counted from 0.
        row: usize,
    },
    /// One key would set off more layers than any music needs.
    #[error("its preset {preset} has {layers} layers; at most {max} can be played")]
    TooManyLayers {
        /// Which preset, counted from 0.
        preset: usize,
        /// Layers of sound it consists of.
        layers: usize,
        /// The most allowed.
        max: usize,
    },
    /// A compressed sample that is no mono Ogg Vorbis.
    #[error("its compressed sample {sample} is damaged")]
    Sample {
        /// Which sample, counted from 0.
        sample: usize,
    },
    /// Unpacked, the samples would fill the memory.
    #[error("its samples would take more than {max} bytes when unpacked")]
    TooLarge {
        /// The most allowed.
        max: u64,
    },
    /// The player refused it, in its words.
    #[error("it cannot be played ({0})")]
    Refused(String),
    /// The player tripped over it.
    #[error("it is damaged and cannot be played")]
    Unplayable,
    /// The file could not be read to its end.
    #[error("it cannot be read: {0}")]
    Io(#[source] std::io::Error),
}
