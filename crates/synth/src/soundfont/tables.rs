//! The tables of a SoundFont: presets refer to zones, zones to instruments, instruments to zones again, and those to samples.
//!
//! In each table a row says where its part of the next table begins, and the next row where it ends (SoundFont 2.04, §7).
//! Rows that never point backwards or beyond the end cannot be turned into more memory than a few times their own size.

use super::damage::Damage;
use std::collections::BTreeSet;
use std::ops::Range;

/// Generator numbers (§8.1.2) that end a zone of a preset and of an instrument.
const INSTRUMENT: u16 = 41;
const SAMPLE: u16 = 53;

/// Zones that one preset may set off on a key; the largest libraries have a few thousand.
const MAX_LAYERS: usize = 65_536;

/// Bytes of a row.
pub const SAMPLE_ROW: usize = 46;
const PRESET_ROW: usize = 38;
const INSTRUMENT_ROW: usize = 22;
const ZONE_ROW: usize = 4;

/// Where in a row the index into the next table stands.
const PRESET_INDEX: usize = 24;
/// Where program and bank of a preset stand.
const PROGRAM: usize = 20;
const BANK: usize = 22;
const INSTRUMENT_INDEX: usize = 20;
const ZONE_INDEX: usize = 0;

/// The type of a sample (§7.10); this bit says that it is compressed.
const SAMPLE_TYPE: usize = 44;
pub const COMPRESSED: u16 = 0x10;

/// The rows of every table as bytes.
#[derive(Default)]
pub struct Tables {
    presets: Vec<u8>,
    preset_zones: Vec<u8>,
    preset_values: Vec<u8>,
    instruments: Vec<u8>,
    instrument_zones: Vec<u8>,
    instrument_values: Vec<u8>,
    /// Sample headers; the last ends the table.
    pub samples: Vec<u8>,
}

impl Tables {
    /// The table of this chunk name.
    pub fn named(&mut self, id: &[u8; 4]) -> Option<&mut Vec<u8>> {
        Some(match id {
            b"phdr" => &mut self.presets,
            b"pbag" => &mut self.preset_zones,
            b"pgen" => &mut self.preset_values,
            b"inst" => &mut self.instruments,
            b"ibag" => &mut self.instrument_zones,
            b"igen" => &mut self.instrument_values,
            b"shdr" => &mut self.samples,
            _ => return None,
        })
    }

    /// Every table with its chunk name.
    pub fn rows(&self) -> [(&'static [u8; 4], &[u8]); 7] {
        [
            (b"phdr", &self.presets),
            (b"pbag", &self.preset_zones),
            (b"pgen", &self.preset_values),
            (b"inst", &self.instruments),
            (b"ibag", &self.instrument_zones),
            (b"igen", &self.instrument_values),
            (b"shdr", &self.samples),
        ]
    }

    /// Whether any sample is compressed.
    pub fn is_compressed(&self) -> bool {
        self.samples.chunks_exact(SAMPLE_ROW).any(|row| word(row, SAMPLE_TYPE) & COMPRESSED != 0)
    }

    /// The samples that the presets of these (bank, program) pairs may play, and those of the lowest preset, which stands in for
    /// any that is missing. Only for tables that passed [`check`](Self::check).
    pub fn samples_of(&self, wanted: &BTreeSet<(u16, u16)>) -> BTreeSet<usize> {
        let id = |row: &[u8]| (word(row, BANK), word(row, PROGRAM));
        let count = self.presets.len() / PRESET_ROW - 1;
        let lowest = self.presets.chunks_exact(PRESET_ROW).take(count).map(id).min();
        let ids = self.presets.chunks_exact(PRESET_ROW).map(id);
        let presets = ids.zip(spans(&self.presets, PRESET_ROW, PRESET_INDEX));
        let played = presets.filter(|(id, _)| wanted.contains(id) || Some(*id) == lowest);
        // What a zone leaves open is instrument 0 and sample 0.
        let zones: Vec<Range<usize>> = played.map(|(_, zones)| zones).collect();
        let mut instruments = values_of(&self.preset_zones, &self.preset_values, INSTRUMENT, &zones);
        instruments.insert(0);
        let spans: Vec<Range<usize>> = spans(&self.instruments, INSTRUMENT_ROW, INSTRUMENT_INDEX).collect();
        let zones: Vec<Range<usize>> = instruments.iter().filter_map(|&i| spans.get(i).cloned()).collect();
        let mut samples = values_of(&self.instrument_zones, &self.instrument_values, SAMPLE, &zones);
        samples.insert(0);
        samples
    }

    /// Checks sizes and indices.
    pub fn check(&self) -> Result<(), Damage> {
        sized("phdr", &self.presets, PRESET_ROW, 2)?;
        sized("inst", &self.instruments, INSTRUMENT_ROW, 2)?;
        sized("shdr", &self.samples, SAMPLE_ROW, 2)?;
        sized("pbag", &self.preset_zones, ZONE_ROW, 2)?;
        sized("ibag", &self.instrument_zones, ZONE_ROW, 2)?;
        sized("pgen", &self.preset_values, ZONE_ROW, 1)?;
        sized("igen", &self.instrument_values, ZONE_ROW, 1)?;
        let rows = |table: &[u8]| table.len() / ZONE_ROW;
        ascending("phdr", &self.presets, PRESET_ROW, PRESET_INDEX, rows(&self.preset_zones) - 1)?;
        ascending("inst", &self.instruments, INSTRUMENT_ROW, INSTRUMENT_INDEX, rows(&self.instrument_zones) - 1)?;
        // The row that ends a table of values need not be there; the player takes the last one for it.
        ascending("pbag", &self.preset_zones, ZONE_ROW, ZONE_INDEX, rows(&self.preset_values) - 1)?;
        ascending("ibag", &self.instrument_zones, ZONE_ROW, ZONE_INDEX, rows(&self.instrument_values) - 1)?;
        self.check_layers()
    }

    /// No preset may consist of so many zones of instruments that one key would keep the player busy for seconds.
    fn check_layers(&self) -> Result<(), Damage> {
        let zones_of: Vec<usize> =
            spans(&self.instruments, INSTRUMENT_ROW, INSTRUMENT_INDEX).map(|s| s.len()).collect();
        let values: Vec<Range<usize>> = spans(&self.preset_zones, ZONE_ROW, ZONE_INDEX).collect();
        let instrument = |zone: &Range<usize>| {
            let mut rows = self.preset_values.chunks_exact(ZONE_ROW).take(zone.end).skip(zone.start);
            rows.rfind(|row| word(row, 0) == INSTRUMENT).map(|row| usize::from(word(row, 2)))
        };
        for (preset, zones) in spans(&self.presets, PRESET_ROW, PRESET_INDEX).enumerate() {
            let zones = &values[zones];
            // What a zone does not say, the first may say for all of them; else it is instrument 0.
            let common = zones.first().and_then(instrument).unwrap_or(0);
            let layers =
                zones.iter().map(|z| zones_of.get(instrument(z).unwrap_or(common)).copied().unwrap_or(0)).sum();
            if layers > MAX_LAYERS {
                return Err(Damage::TooManyLayers { preset, layers, max: MAX_LAYERS });
            }
        }
        Ok(())
    }
}

/// Every value that a generator has in these stretches of zones.
fn values_of(zones: &[u8], values: &[u8], generator: u16, stretches: &[Range<usize>]) -> BTreeSet<usize> {
    let index = |zone: usize| usize::from(word(zones, zone * ZONE_ROW + ZONE_INDEX));
    let rows = stretches.iter().flat_map(|stretch| index(stretch.start)..index(stretch.end));
    let found = rows.map(|row| (word(values, row * ZONE_ROW), word(values, row * ZONE_ROW + 2)));
    found.filter(|(kind, _)| *kind == generator).map(|(_, value)| usize::from(value)).collect()
}

fn sized(table: &'static str, rows: &[u8], row: usize, least: usize) -> Result<(), Damage> {
    if rows.is_empty() {
        return Err(Damage::Missing(table));
    }
    let count = rows.len() / row;
    let right = rows.len().is_multiple_of(row) && (least..=65_537).contains(&count);
    if right { Ok(()) } else { Err(Damage::Table { table, bytes: rows.len() }) }
}

/// Every row's index is at least that of the row before, and at most `last`.
fn ascending(table: &'static str, rows: &[u8], row: usize, index: usize, last: usize) -> Result<(), Damage> {
    let mut previous = 0;
    for (number, bytes) in rows.chunks_exact(row).enumerate() {
        let here = usize::from(word(bytes, index));
        if here < previous || here > last {
            return Err(Damage::Index { table, row: number });
        }
        previous = here;
    }
    Ok(())
}

/// For each row but the last, its part of the next table.
fn spans(rows: &[u8], row: usize, index: usize) -> impl Iterator<Item = Range<usize>> {
    let at = move |bytes: &[u8]| usize::from(word(bytes, index));
    rows.chunks_exact(row).zip(rows.chunks_exact(row).skip(1)).map(move |(here, next)| at(here)..at(next))
}

/// A 16-bit number; 0 beyond the end.
pub fn word(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |b| u16::from_le_bytes([b[0], b[1]]))
}

/// A 32-bit number; 0 beyond the end.
pub fn long(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}
