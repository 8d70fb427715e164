//! A small writer of SVG: shapes and text in document order, everything foreign escaped.

use crate::palette;
use std::fmt::{Display, Write};

const FONTS: &str = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif";

/// Where a text is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Its left end.
    Start,
    /// Its middle.
    Middle,
    /// Its right end.
    End,
}

/// The looks of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextStyle {
    /// Height of the font in pixels.
    pub size: f64,
    /// Colour.
    pub fill: &'static str,
    /// Bold or not.
    pub bold: bool,
    /// Where it is held.
    pub anchor: Anchor,
}

impl TextStyle {
    /// Plain text held at its left end.
    pub fn new(size: f64, fill: &'static str) -> Self {
        Self { size, fill, bold: false, anchor: Anchor::Start }
    }

    /// The same in bold.
    pub fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// The same held elsewhere.
    pub fn held(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    /// About how wide `text` will be, in pixels, for a wide system font; narrow ones need some 15 per cent less.
    pub fn width_of(&self, text: &str) -> f64 {
        let letter = |c: char| match c {
            'i' | 'j' | 'l' | ' ' | '.' | ',' | '(' | ')' | '/' => 0.36,
            'a'..='z' | '0'..='9' => 0.6,
            _ => 0.76,
        };
        text.chars().map(letter).sum::<f64>() * self.size * if self.bold { 1.1 } else { 1.0 }
    }
}

/// A document being written; its height may be set at the end.
pub struct Svg {
    width: f64,
    body: String,
}

impl Svg {
    /// An empty document of this width in pixels.
    pub fn new(width: f64) -> Self {
        Self { width, body: String::new() }
    }

    /// A filled rectangle; `attributes` is further SVG, already safe.
    pub fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, attributes: impl Display) {
        let (x, y, width, height) = (Number(x), Number(y), Number(width.max(0.0)), Number(height.max(0.0)));
        self.push(format_args!("<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" {attributes}/>\n"));
    }

    /// A straight line.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: &str, width: f64) {
        let (x1, y1, x2, y2) = (Number(from.0), Number(from.1), Number(to.0), Number(to.1));
        let width = Number(width);
        self.push(format_args!(
            "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"{stroke}\" stroke-width=\"{width}\"/>\n"
        ));
    }

    /// Text on the baseline `y`; `content` is escaped.
    pub fn text(&mut self, x: f64, y: f64, style: TextStyle, content: &str) {
        self.text_with(x, y, style, content, "");
    }

    /// Text with further attributes, already safe.
    pub fn text_with(&mut self, x: f64, y: f64, style: TextStyle, content: &str, attributes: &str) {
        let anchor = match style.anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let weight = if style.bold { " font-weight=\"600\"" } else { "" };
        let (x, y, size, fill) = (Number(x), Number(y), Number(style.size), style.fill);
        self.push(format_args!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{fill}\"{anchor}{weight}{attributes}>"
        ));
        self.body.push_str(&escape(content));
        self.body.push_str("</text>\n");
    }

    /// A line through these points.
    pub fn polyline(&mut self, points: &[(f64, f64)], stroke: &str, width: f64) {
        let mut places = String::new();
        for (x, y) in points {
            // Writing to a String cannot fail.
            let _ = write!(places, "{},{} ", Number(*x), Number(*y));
        }
        let (places, width) = (places.trim_end(), Number(width));
        self.push(format_args!(
            "<polyline points=\"{places}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"{width}\" \
             stroke-linejoin=\"round\" stroke-linecap=\"round\"/>\n"
        ));
    }

    /// Opens a group; `attributes` is already safe.
    pub fn open_group(&mut self, attributes: impl Display) {
        self.push(format_args!("<g {attributes}>\n"));
    }

    /// Closes the last group opened.
    pub fn close_group(&mut self) {
        self.body.push_str("</g>\n");
    }

    /// Markup that is already well formed and safe.
    pub fn raw(&mut self, markup: impl Display) {
        self.push(format_args!("{markup}\n"));
    }

    /// The finished document, described by `title` for those who cannot see it.
    pub fn finish(self, height: f64, title: &str) -> String {
        let (width, height) = (Number(self.width), Number(height));
        let (title, body, paper) = (escape(title), self.body, palette::PAPER);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"{FONTS}\" role=\"img\">\n<title>{title}</title>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"{paper}\"/>\n{body}</svg>\n"
        )
    }

    fn push(&mut self, markup: std::fmt::Arguments) {
        // Writing to a String cannot fail.
        let _ = self.body.write_fmt(markup);
    }
}

/// A coordinate with at most two decimals; what is not finite becomes 0, for SVG has no word for it.
struct Number(f64);

impl Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hundredths = if self.0.is_finite() { (self.0 * 100.0).round() as i64 } else { 0 };
        let sign = if hundredths < 0 { "-" } else { "" };
        let (whole, rest) = (hundredths.unsigned_abs() / 100, hundredths.unsigned_abs() % 100);
        match rest {
            0 => write!(f, "{sign}{whole}"),
            _ if rest % 10 == 0 => write!(f, "{sign}{whole}.{}", rest / 10),
            _ => write!(f, "{sign}{whole}.{rest:02}"),
        }
    }
}

/// Text as XML content: markup becomes entities, and characters XML forbids become U+FFFD.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\t' | '\n' | '\r' => safe.push(' '),
            '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => safe.push('\u{FFFD}'),
            _ => safe.push(c),
        }
    }
    safe
}

/// `text`, cut to at most `letters` characters with an ellipsis for what is missing.
pub fn shortened(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    text.chars().take(letters.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Counts the start tags of each name, and panics unless the document is well-formed XML.
    pub fn well_formed(svg: &str) -> std::collections::BTreeMap<String, usize> {
        use quick_xml::events::Event;
        let mut reader = quick_xml::Reader::from_str(svg);
        reader.config_mut().check_end_names = true;
        let mut counts = std::collections::BTreeMap::new();
        let mut depth = 0i32;
        loop {
            match reader.read_event().expect("well-formed XML") {
                Event::Eof => break,
                Event::Start(tag) | Event::Empty(tag) if tag.attributes().any(|a| a.is_err()) => {
                    panic!("bad attribute")
                }
                Event::Start(tag) => {
                    depth += 1;
                    *counts.entry(String::from_utf8_lossy(tag.name().as_ref()).into_owned()).or_insert(0) += 1;
                }
                Event::Empty(tag) => {
                    *counts.entry(String::from_utf8_lossy(tag.name().as_ref()).into_owned()).or_insert(0) += 1;
                }
                Event::End(_) => depth -= 1,
                _ => {}
            }
        }
        assert_eq!(depth, 0, "every element is closed");
        counts
    }

    #[test]
    fn numbers_are_short_and_always_numbers() {
        let shown: Vec<String> = [0.0, 1.5, -0.25, 3.0, 0.004, -0.004, 7.05, f64::NAN, f64::INFINITY]
            .iter()
            .map(|&x| Number(x).to_string())
            .collect();
        assert_eq!(shown, ["0", "1.5", "-0.25", "3", "0", "0", "7.05", "0", "0"]);
    }

    #[test]
    fn markup_in_text_stays_text() {
        assert_eq!(escape("a<b & \"c\" > \u{7}\n"), "a&lt;b &amp; &quot;c&quot; &gt; \u{FFFD} ");
    }

    #[test]
    fn long_names_end_in_an_ellipsis() {
        assert_eq!((shortened("Größe", 5).as_str(), shortened("Größen", 5).as_str()), ("Größe", "Größ…"));
    }
}
