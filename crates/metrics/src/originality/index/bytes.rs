//! The `.index` file.
//!
//! ```text
//! 0   magic     8 bytes "AEOLORIG"
//! 8   version   u32     1                    (little-endian, as all numbers of fixed size)
//! 12  checksum  u64     FNV-1a of everything from byte 20 on
//! 20  tokens    n, then the n tokens that occur, the most frequent first
//!     lines     pieces; for each its lines; for each line its length and, of every token, the place in the list above
//!     bars      for each piece their number, then fingerprints ascending: the gap from the one before, lowest pitch (u8)
//!     reference lengths; for each: bars, excerpts, a spread of the runs, and of both shares a u8 (0 none, 1) and spread
//! ```
//!
//! Numbers without a size are LEB128 (seven bits a byte, the lowest first); a spread is mean, median, 95 % and largest as
//! f64. The checksum (Fowler, Noll & Vo, RFC 9923) notices every changed byte; it does not keep out a forger, so
//! whatever passes it is still checked.

use super::bars::{BarPrints, Place};
use super::text::{END, LineText};
use super::{Index, Reference, Spread};
use std::collections::HashMap;

const MAGIC: [u8; 8] = *b"AEOLORIG";
const VERSION: u32 = 1;
const CONTENT: usize = 20;

/// Why bytes are no originality index.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// They do not begin as one.
    #[error("this is not an originality index")]
    NotAnIndex,
    /// It is of another version of Aeolian.
    #[error("the originality index is of format {found}; this version reads format {known}: please build it again")]
    Version {
        /// Its format.
        found: u32,
        /// The format this version reads and writes.
        known: u32,
    },
    /// The content does not match its checksum, or makes no sense.
    #[error("the originality index is damaged at byte {at}: {reason}")]
    Damaged {
        /// What does not fit.
        reason: &'static str,
        /// Where it was noticed, from the start of the file.
        at: usize,
    },
}

impl Index {
    /// The index as a file. The same index always gives the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut content = Vec::new();
        write_lines(&self.lines, &mut content);
        write_bars(&self.bars, self.pieces(), &mut content);
        write_number(self.references.len() as u64, &mut content);
        self.references.iter().for_each(|reference| write_reference(reference, &mut content));
        [&MAGIC[..], &VERSION.to_le_bytes(), &fnv1a(&content).to_le_bytes(), &content].concat()
    }

    /// Reads what [`Index::to_bytes`] wrote.
    ///
    /// # Errors   [`IndexError::NotAnIndex`] by the first bytes; [`IndexError::Version`]; [`IndexError::Damaged`]
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, IndexError> {
        if !bytes.starts_with(&MAGIC) {
            return Err(IndexError::NotAnIndex);
        }
        let mut reader = Reader { bytes, at: MAGIC.len() };
        let found = u32::from_le_bytes(reader.array()?);
        if found != VERSION {
            return Err(IndexError::Version { found, known: VERSION });
        }
        if u64::from_le_bytes(reader.array()?) != fnv1a(&bytes[CONTENT..]) {
            return Err(IndexError::Damaged { reason: "its content does not match its checksum", at: CONTENT });
        }
        let lines = read_lines(&mut reader)?;
        let bars = read_bars(&mut reader, lines.pieces())?;
        let references = read_references(&mut reader)?;
        if reader.at != bytes.len() {
            return Err(reader.damaged("it goes on after its end"));
        }
        Ok(Self { lines, bars, references })
    }
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn write_number(mut number: u64, out: &mut Vec<u8>) {
    while number > 127 {
        out.push(number as u8 | 128);
        number >>= 7;
    }
    out.push(number as u8);
}

fn write_lines(text: &LineText, out: &mut Vec<u8>) {
    let lines = || (0..text.pieces()).map(|piece| text.lines(piece));
    let mut counts: HashMap<u16, usize> = HashMap::new();
    lines()
        .flatten()
        .flatten()
        .filter(|&&token| token != END)
        .for_each(|&token| *counts.entry(token).or_default() += 1);
    let mut tokens: Vec<(u16, usize)> = counts.into_iter().collect();
    tokens.sort_unstable_by_key(|&(token, count)| (std::cmp::Reverse(count), token));
    write_number(tokens.len() as u64, out);
    tokens.iter().for_each(|&(token, _)| write_number(token.into(), out));
    let places: HashMap<u16, u64> = tokens.iter().map(|token| token.0).zip(0..).collect();
    write_number(text.pieces() as u64, out);
    for lines in lines() {
        let lines: Vec<&[u16]> = lines.collect();
        write_number(lines.len() as u64, out);
        for line in lines {
            let tokens = &line[..line.len() - 1];
            write_number(tokens.len() as u64, out);
            tokens.iter().for_each(|token| write_number(places[token], out));
        }
    }
}

fn read_lines(reader: &mut Reader) -> Result<LineText, IndexError> {
    let mut tokens = Vec::new();
    for _ in 0..reader.number()? {
        let token = u16::try_from(reader.number()?).ok().filter(|&token| token != END);
        tokens.push(token.ok_or_else(|| reader.damaged("a token is out of range"))?);
    }
    let mut text = LineText::default();
    for _ in 0..reader.number()? {
        text.push_piece();
        for _ in 0..reader.number()? {
            let mut line = Vec::new();
            for _ in 0..reader.number()? {
                let token = usize::try_from(reader.number()?).ok().and_then(|place| tokens.get(place));
                line.push(*token.ok_or_else(|| reader.damaged("a token is not in the list"))?);
            }
            text.push_line(line);
        }
    }
    Ok(text)
}

fn write_bars(bars: &BarPrints, pieces: usize, out: &mut Vec<u8>) {
    let mut places = bars.places().to_vec();
    places.sort_by_key(|place| place.piece);
    for piece in 0..pieces {
        let begin = places.partition_point(|place| (place.piece as usize) < piece);
        let end = places.partition_point(|place| place.piece as usize <= piece);
        write_number((end - begin) as u64, out);
        let mut last = 0;
        for place in &places[begin..end] {
            write_number((place.print - last).into(), out);
            out.push(place.lowest);
            last = place.print;
        }
    }
}

fn read_bars(reader: &mut Reader, pieces: usize) -> Result<BarPrints, IndexError> {
    let mut places = Vec::new();
    for piece in 0..pieces {
        let mut print = 0u32;
        for _ in 0..reader.number()? {
            let next = u32::try_from(reader.number()?).ok().and_then(|gap| print.checked_add(gap));
            print = next.ok_or_else(|| reader.damaged("a fingerprint is out of range"))?;
            let [lowest] = reader.array()?;
            places.push(Place { print, piece: piece as u32, lowest });
        }
    }
    places.sort_unstable();
    BarPrints::of_sorted(places).ok_or_else(|| reader.damaged("a bar comes twice"))
}

fn write_reference(reference: &Reference, out: &mut Vec<u8>) {
    write_number(reference.bars.into(), out);
    write_number(reference.excerpts.into(), out);
    write_spread(&reference.notes, out);
    for share in [&reference.share_from_one, &reference.share_from_any] {
        out.push(u8::from(share.is_some()));
        share.iter().for_each(|spread| write_spread(spread, out));
    }
}

fn write_spread(spread: &Spread, out: &mut Vec<u8>) {
    let Spread { mean, median, at_most_95, most } = *spread;
    [mean, median, at_most_95, most].iter().for_each(|value| out.extend(value.to_le_bytes()));
}

fn read_references(reader: &mut Reader) -> Result<Vec<Reference>, IndexError> {
    let mut references: Vec<Reference> = Vec::new();
    for _ in 0..reader.number()? {
        let reference = Reference {
            bars: reader.count()?,
            excerpts: reader.count()?,
            notes: read_spread(reader)?,
            share_from_one: read_share(reader)?,
            share_from_any: read_share(reader)?,
        };
        if references.last().is_some_and(|last| last.bars >= reference.bars) {
            return Err(reader.damaged("the references are not in order"));
        }
        references.push(reference);
    }
    Ok(references)
}

fn read_share(reader: &mut Reader) -> Result<Option<Spread>, IndexError> {
    match reader.array()? {
        [0] => Ok(None),
        [1] => read_spread(reader).map(Some),
        _ => Err(reader.damaged("a reference is neither there nor missing")),
    }
}

fn read_spread(reader: &mut Reader) -> Result<Spread, IndexError> {
    let mut value = || reader.array().map(f64::from_le_bytes);
    let spread = Spread { mean: value()?, median: value()?, at_most_95: value()?, most: value()? };
    // Runs and shares are all at least 0 and finite; comparisons with a NaN are false.
    let in_order = 0.0 <= spread.median && spread.median <= spread.at_most_95 && spread.at_most_95 <= spread.most;
    if in_order && 0.0 <= spread.mean && spread.mean <= spread.most && spread.most.is_finite() {
        Ok(spread)
    } else {
        Err(reader.damaged("the figures of a reference contradict each other"))
    }
}

/// Reads one number after the other and never beyond the end.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn damaged(&self, reason: &'static str) -> IndexError {
        IndexError::Damaged { reason, at: self.at }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], IndexError> {
        let found = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk());
        let found = *found.ok_or_else(|| self.damaged("it breaks off"))?;
        self.at += N;
        Ok(found)
    }

    fn number(&mut self) -> Result<u64, IndexError> {
        let mut number = 0;
        for shift in (0..63).step_by(7) {
            let [byte] = self.array()?;
            number |= u64::from(byte & 127) << shift;
            if byte < 128 {
                return Ok(number);
            }
        }
        Err(self.damaged("a number is too large"))
    }

    fn count(&mut self) -> Result<u32, IndexError> {
        u32::try_from(self.number()?).map_err(|_| self.damaged("a number is too large"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::Excerpt;
    use crate::excerpt::tests::excerpt;
    use proptest::prelude::*;

    fn pieces() -> [Excerpt; 3] {
        let tune = [(0, 1, 60), (1, 1, 64), (2, 2, 67), (4, 1, 60), (16, 4, 72), (20, 4, 71), (24, 1, 70), (30, 1, 50)];
        [excerpt(8, &tune), excerpt(8, &[]), excerpt(4, &tune[..4])]
    }

    fn sample() -> Index {
        let [first, silent, _] = pieces();
        Index::build(&pieces()).with_reference(8, &[silent.clone(), first]).with_reference(4, &[silent])
    }

    /// A file whose checksum fits whatever it says.
    fn file(content: &[u8]) -> Vec<u8> {
        [&MAGIC[..], &VERSION.to_le_bytes(), &fnv1a(content).to_le_bytes(), content].concat()
    }

    #[test]
    fn what_was_written_is_read() {
        for index in [sample(), Index::default(), Index::build(&pieces())] {
            assert_eq!(Index::from_bytes(&index.to_bytes()), Ok(index));
        }
    }

    #[test]
    fn the_same_pieces_give_the_same_bytes() {
        assert_eq!(sample().to_bytes(), sample().to_bytes());
    }

    #[test]
    fn the_checksum_is_fnv1a() {
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8); // RFC 9923, test vectors
    }

    #[test]
    fn numbers_of_every_size_come_back() {
        for number in [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), (1 << 63) - 1] {
            let mut bytes = Vec::new();
            write_number(number, &mut bytes);
            assert_eq!(Reader { bytes: &bytes, at: 0 }.number(), Ok(number));
        }
        let endless = [255; 20];
        assert!(matches!(Reader { bytes: &endless, at: 0 }.number(), Err(IndexError::Damaged { at: 9, .. })));
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let bytes = sample().to_bytes();
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x10;
            assert!(Index::from_bytes(&damaged).is_err(), "byte {place}");
        }
    }

    #[test]
    fn every_shortened_or_lengthened_file_is_refused() {
        let bytes = sample().to_bytes();
        for length in 0..bytes.len() {
            assert!(Index::from_bytes(&bytes[..length]).is_err(), "{length} bytes");
            // Nor does a fitting checksum help.
            if length >= CONTENT {
                assert!(Index::from_bytes(&file(&bytes[CONTENT..length])).is_err(), "{length} bytes");
            }
        }
        let longer = file(&[&bytes[CONTENT..], &[0]].concat());
        assert_eq!(
            Index::from_bytes(&longer),
            Err(IndexError::Damaged { reason: "it goes on after its end", at: bytes.len() })
        );
    }

    #[test]
    fn another_file_and_a_later_format_are_named() {
        assert_eq!(Index::from_bytes(b"MThd, and so on"), Err(IndexError::NotAnIndex));
        assert_eq!(Index::from_bytes(b""), Err(IndexError::NotAnIndex));
        let mut later = sample().to_bytes();
        later[8] = 9;
        assert_eq!(Index::from_bytes(&later), Err(IndexError::Version { found: 9, known: 1 }));
    }

    #[test]
    fn counts_beyond_the_file_cost_nothing() {
        // 2⁶³ − 1 tokens in the list.
        let endless = file(&[255, 255, 255, 255, 255, 255, 255, 255, 127]);
        assert!(matches!(Index::from_bytes(&endless), Err(IndexError::Damaged { reason: "it breaks off", .. })));
    }

    proptest! {
        #[test]
        fn bytes_with_a_fitting_checksum_never_panic(content in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(index) = Index::from_bytes(&file(&content)) {
                index.judge(&pieces()[0]);
            }
        }

        #[test]
        fn a_forged_change_is_refused_or_judges_without_panic(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut content = sample().to_bytes().split_off(CONTENT);
            let place = place.index(content.len());
            content[place] = byte;
            if let Ok(index) = Index::from_bytes(&file(&content)) {
                for piece in pieces() {
                    let judgement = index.judge(&piece);
                    judgement.warnings();
                    prop_assert!(!judgement.sentence().is_empty());
                }
            }
        }
    }
}
