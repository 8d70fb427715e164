//! What is said when a small text (a chord, a range, a form …) cannot be read, and how such values are stored.
//!
//! One sentence: the text seen, what it should have been, what is wrong with it and where, and what is allowed.

/// A text that does not say what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{seen}\" is not {what}: {reason}")]
pub struct TextError {
    what: &'static str,
    seen: String,
    reason: String,
    character: usize,
}

/// Characters of the text that an error repeats; of a longer one it shows the beginning.
const SHOWN: usize = 60;

impl TextError {
    /// `what` with its article ("a chord"), the whole text, the byte at which the trouble begins, and a reason that
    /// completes the sentence `"…" is not a chord: …`.
    pub fn new(what: &'static str, text: &str, at_byte: usize, reason: impl Into<String>) -> Self {
        Self { what, seen: shown(text), reason: reason.into(), character: character(text, at_byte) }
    }

    /// Which character of the text the trouble begins at; 1 is the first.
    pub fn character(&self) -> usize {
        self.character
    }

    /// What is wrong and what is allowed, without the text.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// Which character a byte belongs to, counted from 1 as people count.
pub fn character(text: &str, at_byte: usize) -> usize {
    text.char_indices().take_while(|&(byte, _)| byte < at_byte).count() + 1
}

/// A text short enough to be repeated in a sentence, without line breaks.
pub fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

/// Stores a type as its text: serde by way of `Display` and `FromStr`.
#[macro_export]
macro_rules! serde_as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_counted_not_bytes() {
        assert_eq!([0, 1, 4, 5].map(|byte| character("a♯b", byte)), [1, 2, 3, 4]);
        assert_eq!(character("", 9), 1);
    }

    #[test]
    fn long_texts_are_shown_by_their_beginning() {
        assert_eq!(shown(&"x".repeat(60)), "x".repeat(60));
        assert_eq!(shown(&"x".repeat(61)), format!("{}…", "x".repeat(60)));
        assert_eq!(shown("a\nb"), "a b");
    }
}
