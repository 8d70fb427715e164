//! `aeolian compose`: from a few words, or none, to new pieces in a folder.

use super::produce::{Order, produce};
use super::values::{self, within};
use super::wishes::Common;
use aeolian_compose::wish::{FormPlan, LaneSet};
use aeolian_compose::{Request, Verb};

/// Arguments of `aeolian compose`.
#[derive(clap::Args)]
pub struct Arguments {
    /// How many bars; by the form or the chords, or 8, if absent.
    #[arg(long, allow_negative_numbers = true, value_parser = values::bars)]
    bars: Option<usize>,
    /// Sections and their bars, such as "A8 A8 B8 A8" or "i4 A8 B8 o4"; letters that come again return.
    #[arg(long, value_parser = values::form)]
    form: Option<FormPlan>,
    /// The lanes that play: melody, counter, harmony, bass, drums, sustained; those usual in the style if absent.
    #[arg(long)]
    lanes: Option<LaneSet>,
    /// How many pieces; piece i has number seed + i.
    #[arg(
        short,
        default_value_t = 1,
        allow_negative_numbers = true,
        value_parser = within::<u64>("the number of pieces", 1..=10_000)
    )]
    n: u64,
    #[command(flatten)]
    common: Common,
}

/// Composes.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { bars, form, lanes, n, common } = arguments;
    let first = Request { bars, form, lanes, ..common.request(Verb::Compose)? };
    first.check()?;
    produce(Order::several(first, n, "aeolian", false, common.sampling.out))
}
