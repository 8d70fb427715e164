//! Bytes to text: which encoding a file is in, by its first bytes and by what it says itself.
//!
//! Source: XML 1.0 (Fifth Edition), appendix F. UTF-8 and UTF-16 are read with and without a byte order mark; Latin-1
//! where the file declares it (or windows-1252, which agrees with it in all that is letters).

use super::super::MusicXmlError;
use std::borrow::Cow;

/// The text of a file.
///
/// # Errors   [`MusicXmlError::NotText`] where the bytes are not what they seem or claim to be.
pub(super) fn decoded(bytes: &[u8]) -> Result<Cow<'_, str>, MusicXmlError> {
    let not = |encoding: &str| MusicXmlError::NotText { encoding: encoding.to_owned() };
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => str::from_utf8(rest).map(Cow::Borrowed).map_err(|_| not("UTF-8")),
        [0xff, 0xfe, rest @ ..] | rest @ [b'<', 0, ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] | rest @ [0, b'<', ..] => utf16(rest, u16::from_be_bytes),
        _ => match str::from_utf8(bytes) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(_) => match declared_encoding(bytes).as_deref() {
                Some("iso-8859-1" | "latin1" | "windows-1252") => {
                    Ok(Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect()))
                }
                Some(other) => Err(not(other)),
                None => Err(not("UTF-8")),
            },
        },
    }
}

fn utf16(bytes: &[u8], from_bytes: fn([u8; 2]) -> u16) -> Result<Cow<'_, str>, MusicXmlError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|&pair| from_bytes(pair));
    char::decode_utf16(units)
        .collect::<Result<String, _>>()
        .ok()
        .filter(|_| rest.is_empty())
        .map(Cow::Owned)
        .ok_or_else(|| MusicXmlError::NotText { encoding: "UTF-16".to_owned() })
}

/// The encoding that the XML declaration names, in small letters.
fn declared_encoding(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).to_lowercase();
    let declaration = head.strip_prefix("<?xml")?.split("?>").next()?;
    let value = declaration.split("encoding").nth(1)?.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value[1..].split(quote).next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_gives_the_same_text() {
        let text = "<a>Für 𝄞</a>";
        let mut utf8 = b"\xef\xbb\xbf".to_vec();
        utf8.extend(text.as_bytes());
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let marked = |mark: [u8; 2], bytes: &[u8]| [&mark[..], bytes].concat();
        for bytes in
            [text.as_bytes(), &utf8, &little, &big, &marked([0xff, 0xfe], &little), &marked([0xfe, 0xff], &big)]
        {
            assert_eq!(decoded(bytes).unwrap(), text);
        }
        let latin1 = b"<?xml version='1.0' encoding = 'ISO-8859-1'?><a>F\xfcr</a>";
        assert!(decoded(latin1).unwrap().ends_with("<a>Für</a>"));
    }

    #[test]
    fn broken_text_is_refused_by_the_name_of_its_encoding() {
        let not = |bytes: &[u8]| match decoded(bytes) {
            Err(MusicXmlError::NotText { encoding }) => encoding,
            other => panic!("{other:?}"),
        };
        assert_eq!(not(b"<a>\xff</a>"), "UTF-8");
        assert_eq!(not(b"<?xml version=\"1.0\" encoding=\"Shift_JIS\"?>\xff"), "shift_jis");
        assert_eq!(not(b"<\0a\0>"), "UTF-16", "half a character at the end");
        assert_eq!(not(b"\xff\xfe\x00\xd8<\0"), "UTF-16", "half a surrogate pair");
        assert_eq!(decoded(b"").unwrap(), "");
    }
}
