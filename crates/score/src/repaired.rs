//! What a reader had to repair, in one sentence.

use std::fmt;

/// "Nothing needed repair.", or every count above 0 with what was counted.
pub(crate) fn tell(f: &mut fmt::Formatter<'_>, counts: impl IntoIterator<Item = (usize, &'static str)>) -> fmt::Result {
    let mut counts = counts.into_iter().filter(|(count, _)| *count > 0);
    let Some((count, what)) = counts.next() else {
        return f.write_str("Nothing needed repair.");
    };
    write!(f, "Repaired: {count} × {what}")?;
    counts.try_for_each(|(count, what)| write!(f, ", {count} × {what}"))?;
    f.write_str(".")
}
