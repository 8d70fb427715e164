//! How large the codebooks of a Vorbis stream are, found without building them.
//!
//! A few bytes can announce a codebook of 2⁴⁰ values (Vorbis I, §3.2.1: 2²⁴ entries of 2¹⁶ dimensions), and the decoder makes
//! room for all of them. Here the setup packet is only walked through, bit by bit.

/// Values in all codebooks together. Encoders come to less than a hundred thousand.
const MAX_VALUES: u64 = 1 << 20;

/// Whether the codebooks of this setup packet are of a size that real encoders make.
pub fn is_modest(packet: &[u8]) -> bool {
    values(packet).is_some_and(|values| values <= MAX_VALUES)
}

/// Entries times dimensions, summed over the codebooks; `None` if the packet is damaged or the sum grows beyond the limit.
fn values(packet: &[u8]) -> Option<u64> {
    let mut bits = Bits { bytes: packet.strip_prefix(b"\x05vorbis")?, at: 0 };
    let books = bits.take(8)? + 1;
    let mut sum = 0u64;
    for _ in 0..books {
        sum += codebook(&mut bits)?;
        if sum > MAX_VALUES {
            return None;
        }
    }
    Some(sum)
}

fn codebook(bits: &mut Bits) -> Option<u64> {
    if bits.take(24)? != 0x56_43_42 {
        return None;
    }
    let (dimensions, entries) = (bits.take(16)?, bits.take(24)?);
    let size = u64::from(entries) * u64::from(dimensions.max(1));
    if size > MAX_VALUES {
        return None;
    }
    if bits.take(1)? == 1 {
        // Lengths in ascending order: how many entries have each.
        bits.take(5)?;
        let mut entry = 0;
        while entry < entries {
            let many = bits.take(u32::BITS - (entries - entry).leading_zeros())?;
            entry += many;
            // Steps of nothing are possible, but every step takes a bit, and bits run out.
        }
        if entry > entries {
            return None;
        }
    } else if bits.take(1)? == 1 {
        for _ in 0..entries {
            if bits.take(1)? == 1 {
                bits.take(5)?;
            }
        }
    } else {
        bits.skip(5 * u64::from(entries))?;
    }
    let lookup = bits.take(4)?;
    if lookup > 0 {
        bits.skip(64)?;
        let value_bits = u64::from(bits.take(4)? + 1);
        bits.take(1)?;
        let values = match lookup {
            1 => u64::from(lookup_values(entries, dimensions)),
            2 => size,
            _ => return None,
        };
        bits.skip(value_bits * values)?;
    }
    Some(size)
}

/// The greatest r with r^dimensions ≤ entries (Vorbis I, §9.2.3).
fn lookup_values(entries: u32, dimensions: u32) -> u32 {
    let fits = |r: u32| r.checked_pow(dimensions).is_some_and(|power| power <= entries);
    if dimensions == 0 {
        return 0;
    }
    let (mut low, mut high) = (0, entries);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        (low, high) = if fits(middle) { (middle, high) } else { (low, middle - 1) };
    }
    low
}

/// Bits of a packet, the lowest of each byte first (Vorbis I, §2).
struct Bits<'a> {
    bytes: &'a [u8],
    at: u64,
}

impl Bits<'_> {
    /// A number of `count` ≤ 32 bits.
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut number = 0;
        for bit in 0..count {
            let byte = *self.bytes.get((self.at / 8) as usize)?;
            number |= u32::from(byte >> (self.at % 8) & 1) << bit;
            self.at += 1;
        }
        Some(number)
    }

    fn skip(&mut self, count: u64) -> Option<()> {
        self.at = self.at.checked_add(count)?;
        (self.at <= 8 * self.bytes.len() as u64).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes (value, bits) pairs, lowest bit first.
    fn packet(fields: &[(u64, u32)]) -> Vec<u8> {
        let mut bytes = b"\x05vorbis".to_vec();
        let (mut byte, mut filled) = (0u8, 0);
        for &(value, bits) in fields {
            for bit in 0..bits {
                byte |= ((value >> bit & 1) as u8) << filled;
                filled += 1;
                if filled == 8 {
                    bytes.push(byte);
                    (byte, filled) = (0, 0);
                }
            }
        }
        bytes.push(byte);
        bytes
    }

    #[test]
    fn the_greatest_root_is_found() {
        assert_eq!(
            [(81, 4), (80, 4), (0, 3), (7, 1), (5, 40), (9, 0)].map(|(e, d)| lookup_values(e, d)),
            [3, 2, 0, 7, 1, 0]
        );
    }

    #[test]
    fn small_books_are_counted_and_bombs_refused() {
        // One book: 2 dimensions, 4 entries, plain lengths of 5 bits each, no lookup.
        let small = [(0, 8), (0x56_43_42, 24), (2, 16), (4, 24), (0, 1), (0, 1), (0, 20), (0, 4)];
        assert_eq!(values(&packet(&small)), Some(8));
        assert!(is_modest(&packet(&small)) && !is_modest(&packet(&small)[..12]));
        // A bomb: 65,535 dimensions, 2²⁴ − 1 entries, all of one length, in a few bytes.
        let bomb = [(0, 8), (0x56_43_42, 24), (65_535, 16), (0xFF_FF_FF, 24), (1, 1), (3, 5), (0xFF_FF_FF, 24), (1, 4)];
        assert!(!is_modest(&packet(&bomb)));
        assert!(!is_modest(b"") && !is_modest(b"\x05vorbis") && !is_modest(&[0xFF; 100]));
    }
}
