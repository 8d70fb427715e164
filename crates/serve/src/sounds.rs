//! Sounds that were made lately: players ask for the same file again and again, a range at a time.

use axum::body::Bytes;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Bytes that are kept in all.
const MOST_BYTES: usize = 96 << 20;

/// The latest first.
#[derive(Default)]
pub struct Sounds(Mutex<VecDeque<(String, Bytes)>>);

impl Sounds {
    /// A sound that is still there; it is then the latest.
    pub fn find(&self, key: &str) -> Option<Bytes> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|(k, _)| k == key)?;
        let found = kept.remove(place)?;
        let bytes = found.1.clone();
        kept.push_front(found);
        Some(bytes)
    }

    /// Keeps a sound; the oldest go when it becomes too much.
    pub fn keep(&self, key: String, bytes: Bytes) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(k, _)| *k != key);
        kept.push_front((key, bytes));
        let mut sum = 0;
        kept.retain(|(_, bytes)| {
            sum += bytes.len();
            sum <= MOST_BYTES
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first() {
        let sounds = Sounds::default();
        let half = Bytes::from(vec![0u8; MOST_BYTES / 2]);
        sounds.keep("a".into(), half.clone());
        sounds.keep("b".into(), half.clone());
        assert!(sounds.find("a").is_some());
        sounds.keep("c".into(), half);
        assert_eq!(
            [sounds.find("a").is_some(), sounds.find("b").is_some(), sounds.find("c").is_some()],
            [true, false, true]
        );
    }
}
