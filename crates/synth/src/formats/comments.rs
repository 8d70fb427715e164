//! Tags as FLAC and Ogg Vorbis hold them: "NAME=value" in UTF-8 (Xiph.Org, "Ogg Vorbis I format specification: comment field").

use super::{SOFTWARE, Tags};

/// Name and value of each comment. A loop's bounds have the names that game engines look for.
pub fn pairs(tags: &Tags, frames: usize) -> Vec<(&'static str, String)> {
    let mut pairs = vec![("ENCODER", SOFTWARE.to_owned())];
    if !tags.title.is_empty() {
        pairs.push(("TITLE", without_nul(&tags.title)));
    }
    if !tags.recipe.is_empty() {
        pairs.push(("AEOLIAN_RECIPE", without_nul(&tags.recipe)));
    }
    if tags.is_loop {
        pairs.push(("LOOPSTART", "0".to_owned()));
        pairs.push(("LOOPLENGTH", frames.to_string()));
    }
    pairs
}

/// The block as bytes: vendor, count, and every comment after its length.
pub fn block(tags: &Tags, frames: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let text = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend(text.as_bytes());
    };
    text(&mut bytes, SOFTWARE);
    let pairs = pairs(tags, frames);
    bytes.extend((pairs.len() as u32).to_le_bytes());
    for (name, value) in pairs {
        text(&mut bytes, &format!("{name}={value}"));
    }
    bytes
}

/// Encoders in C take a zero for the end.
fn without_nul(text: &str) -> String {
    text.replace('\0', " ")
}
