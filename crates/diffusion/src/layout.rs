//! How the cells of one token are grouped: which exclude one another, and which share a noise level.

/// A choice that is not known: no evidence is given for it and no loss is taken.
pub const UNKNOWN: u8 = 255;

/// A run of equal groups under one noise level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Index of the noise level that governs these cells.
    pub lane: usize,
    /// Groups in a token.
    pub groups: usize,
    /// Cells in a group, of which at most one is on: 1 for a plain yes/no cell, 2 for silent/onset/hold.
    pub choices: usize,
}

/// The cells of one token. Bits are stored block by block, group by group, choice by choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    blocks: Vec<Block>,
    lanes: usize,
    groups: usize,
    bits: usize,
}

impl Layout {
    /// A layout of these blocks.
    ///
    /// # Panics   if there is no block, or one has no group or no choice.
    pub fn new(blocks: Vec<Block>) -> Self {
        assert!(!blocks.is_empty() && blocks.iter().all(|b| b.groups > 0 && b.choices > 0), "an empty block");
        let lanes = blocks.iter().map(|b| b.lane + 1).max().expect("checked above");
        let groups = blocks.iter().map(|b| b.groups).sum();
        let bits = blocks.iter().map(|b| b.groups * b.choices).sum();
        Self { blocks, lanes, groups, bits }
    }

    /// The blocks in storage order.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Noise levels a token has.
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    /// Groups in a token (length of a row of choices).
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// Cells in a token (length of a row of evidence).
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// Each block with the index of its first group and of its first bit.
    pub fn spans(&self) -> impl Iterator<Item = (Block, usize, usize)> + '_ {
        let (mut group, mut bit) = (0, 0);
        self.blocks.iter().map(move |&block| {
            let here = (block, group, bit);
            group += block.groups;
            bit += block.groups * block.choices;
            here
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_tile_the_token() {
        let layout =
            Layout::new(vec![Block { lane: 0, groups: 3, choices: 2 }, Block { lane: 1, groups: 1, choices: 12 }]);
        assert_eq!((layout.lanes(), layout.groups(), layout.bits()), (2, 4, 18));
        assert_eq!(layout.spans().map(|(_, g, b)| (g, b)).collect::<Vec<_>>(), [(0, 0), (3, 6)]);
    }
}
