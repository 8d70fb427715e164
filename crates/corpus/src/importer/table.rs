//! Tables of comma-separated values (RFC 4180), as collections describe their pieces in.

use super::read_file;
use crate::CorpusError;
use std::path::Path;

/// The rows of a table, as text; quotation marks and what is between them stay as they are.
///
/// # Errors   `Io` if the file cannot be read.
pub(super) fn lines(path: &Path) -> Result<Vec<String>, CorpusError> {
    let bytes = read_file(path).map_err(|reason| CorpusError::io(path)(std::io::Error::other(reason)))?;
    Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
}

/// The fields of one row; a quoted field may hold commas and doubled quotation marks, but no line ends.
pub(super) fn fields(row: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut letters = row.chars().peekable();
    while let Some(c) = letters.next() {
        let field = fields.last_mut().expect("there is always a field");
        match c {
            '"' if quoted && letters.peek() == Some(&'"') => {
                field.push('"');
                letters.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => field.push(c),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_divide_and_quotation_marks_hold_together() {
        assert_eq!(fields("a,\"b, \"\"c\"\"\",,d"), ["a", "b, \"c\"", "", "d"]);
        assert_eq!(fields(""), [""]);
        assert_eq!(fields("\"open, for ever"), ["open, for ever"]);
    }
}
