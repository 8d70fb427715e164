//! Pages of an Ogg stream put together to packets (RFC 3533), for one stream in memory.
//!
//! A page is a head of 27 bytes, a table of segment lengths, and the segments; a segment shorter than 255 bytes ends a packet.

/// The packets of the first stream in some bytes.
pub struct Packets<'a> {
    bytes: &'a [u8],
    /// Segment lengths of the page being read, and its contents.
    segments: &'a [u8],
    body: &'a [u8],
    serial: Option<[u8; 4]>,
    /// Where the last page read says that its sound ends, in samples.
    pub end: Option<u64>,
}

const HEAD: usize = 27;

impl<'a> Packets<'a> {
    /// Begins at the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, segments: &[], body: &[], serial: None, end: None }
    }

    /// How many samples the stream says it has, from its pages alone.
    pub fn length(bytes: &'a [u8]) -> Option<u64> {
        let mut pages = Self::new(bytes);
        while pages.turn_page().is_some() {}
        pages.end
    }

    /// The next packet into `packet`; false where the stream ends or is no Ogg any more.
    pub fn next_into(&mut self, packet: &mut Vec<u8>) -> bool {
        packet.clear();
        loop {
            let Some((&length, rest)) = self.segments.split_first() else {
                if self.turn_page().is_none() {
                    return false;
                }
                continue;
            };
            let Some((segment, body)) = self.body.split_at_checked(usize::from(length)) else { return false };
            (self.segments, self.body) = (rest, body);
            packet.extend_from_slice(segment);
            if length < 255 {
                return true;
            }
        }
    }

    fn turn_page(&mut self) -> Option<()> {
        loop {
            let (head, rest) = self.bytes.split_at_checked(HEAD)?;
            if &head[..5] != b"OggS\0" {
                return None;
            }
            let (segments, rest) = rest.split_at_checked(usize::from(head[26]))?;
            let size = segments.iter().map(|&l| usize::from(l)).sum();
            let (body, rest) = rest.split_at_checked(size)?;
            self.bytes = rest;
            let serial: [u8; 4] = head[14..18].try_into().ok()?;
            if *self.serial.get_or_insert(serial) != serial {
                continue;
            }
            (self.segments, self.body) = (segments, body);
            let end = u64::from_le_bytes(head[6..14].try_into().ok()?);
            // All ones: no packet ends on this page.
            if end != u64::MAX {
                self.end = Some(end);
            }
            return Some(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(serial: u8, end: u64, segments: &[u8]) -> Vec<u8> {
        let mut bytes = [&b"OggS\0\0"[..], &end.to_le_bytes(), &[serial, 0, 0, 0], &[0; 8]].concat();
        bytes.push(segments.len() as u8);
        bytes.extend(segments);
        bytes.extend(segments.iter().flat_map(|&n| vec![n; usize::from(n)]));
        bytes
    }

    fn lengths(bytes: &[u8]) -> (Vec<usize>, Option<u64>) {
        let (mut packets, mut packet, mut lengths) = (Packets::new(bytes), Vec::new(), Vec::new());
        while packets.next_into(&mut packet) {
            lengths.push(packet.len());
        }
        (lengths, packets.end)
    }

    #[test]
    fn packets_run_over_segments_and_pages_and_strangers_are_left_out() {
        let bytes = [page(1, 0, &[3, 255]), page(2, 9, &[7]), page(1, u64::MAX, &[255]), page(1, 70, &[0, 5])].concat();
        assert_eq!(lengths(&bytes), (vec![3, 510, 5], Some(70)));
        assert_eq!((Packets::length(&bytes), Packets::length(b"OggS")), (Some(70), None));
    }

    #[test]
    fn cut_short_anywhere_it_ends() {
        let bytes = [page(1, 5, &[3, 4]), page(1, 9, &[255, 1])].concat();
        for length in 0..bytes.len() {
            assert!(lengths(&bytes[..length]).0.len() <= 2);
        }
        assert_eq!(lengths(&bytes), (vec![3, 4, 256], Some(9)));
        assert_eq!(lengths(b"no Ogg at all, though long enough for a head"), (vec![], None));
    }
}
