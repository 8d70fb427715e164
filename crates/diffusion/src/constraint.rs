//! Hard rules: which choices a group may take. Guaranteed in the posterior, not hoped for from the network.

use crate::Layout;

/// A set of choices of one group. Choice 0 is "none"; at most 31 others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChoiceSet(u32);

impl ChoiceSet {
    /// Anything goes.
    pub const ALL: Self = Self(u32::MAX);
    /// The highest choice a set can hold.
    pub const HIGHEST: usize = 31;

    /// Only this choice; the empty set beyond [`Self::HIGHEST`].
    pub fn only(choice: u8) -> Self {
        Self(1u32.checked_shl(u32::from(choice)).unwrap_or(0))
    }

    /// The same set without this choice.
    pub fn without(self, choice: u8) -> Self {
        Self(self.0 & !Self::only(choice).0)
    }

    /// Choices in either set.
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Choices in both sets.
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the choice is in the set.
    pub fn contains(self, choice: usize) -> bool {
        choice <= Self::HIGHEST && self.0 >> choice & 1 == 1
    }

    /// Bit k says whether choice k is in the set.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// The set within a group of this many choices (and none).
    pub fn within(self, choices: usize) -> Self {
        Self(self.0 & (u32::MAX >> (Self::HIGHEST - choices.min(Self::HIGHEST))))
    }

    /// Whether nothing is allowed.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The one choice of a set that has exactly one.
    pub fn single(self) -> Option<u8> {
        (self.0.count_ones() == 1).then(|| self.0.trailing_zeros() as u8)
    }
}

/// What every group of an item may be. (T, groups)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    groups: usize,
    allowed: Vec<ChoiceSet>,
}

impl Constraint {
    /// No rule yet.
    pub fn none(layout: &Layout, tokens: usize) -> Self {
        Self { groups: layout.groups(), allowed: vec![ChoiceSet::ALL; tokens * layout.groups()] }
    }

    /// This group will be this choice, exactly.
    ///
    /// # Panics   if token or group lie outside.
    pub fn lock(&mut self, token: usize, group: usize, choice: u8) {
        self.restrict(token, group, ChoiceSet::only(choice));
    }

    /// This group will never be this choice.
    ///
    /// # Panics   if token or group lie outside.
    pub fn forbid(&mut self, token: usize, group: usize, choice: u8) {
        self.restrict(token, group, ChoiceSet::ALL.without(choice));
    }

    /// This group will be one of these; adds to earlier rules.
    ///
    /// # Panics   if token or group lie outside.
    pub fn restrict(&mut self, token: usize, group: usize, allowed: ChoiceSet) {
        assert!(group < self.groups, "group {group} of {}", self.groups);
        let set = &mut self.allowed[token * self.groups + group];
        *set = set.and(allowed);
    }

    /// The rules of some of the tokens, in order.
    ///
    /// # Panics   if a token lies outside.
    pub fn slice(&self, tokens: std::ops::Range<usize>) -> Self {
        let allowed = self.allowed[tokens.start * self.groups..tokens.end * self.groups].to_vec();
        Self { groups: self.groups, allowed }
    }

    /// What every group may be. (T, groups)
    pub fn allowed(&self) -> &[ChoiceSet] {
        &self.allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Block;

    #[test]
    fn rules_add_up() {
        let layout = Layout::new(vec![Block { lane: 0, groups: 2, choices: 2 }]);
        let mut rules = Constraint::none(&layout, 1);
        assert!(rules.allowed()[1].contains(2));
        rules.forbid(0, 1, 0);
        rules.forbid(0, 1, 2);
        assert_eq!(rules.allowed()[1].within(2).single(), Some(1));
        rules.lock(0, 1, 2);
        assert!(rules.allowed()[1].within(2).is_empty());
        assert_eq!(rules.allowed()[0], ChoiceSet::ALL);
    }

    #[test]
    fn the_edges_of_a_set() {
        assert!(ChoiceSet::only(31).contains(31) && !ChoiceSet::ALL.contains(32) && ChoiceSet::only(32).is_empty());
        assert_eq!(ChoiceSet::ALL.within(31), ChoiceSet::ALL);
        assert!(ChoiceSet::ALL.within(2).contains(2) && !ChoiceSet::ALL.within(2).contains(3));
    }
}
