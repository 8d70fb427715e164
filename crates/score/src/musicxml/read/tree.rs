//! XML in pieces: the document is walked element by element, and only what is asked for becomes a small tree.
//!
//! Document type declarations are passed over and entities are never expanded: an unknown `&name;` stays as it is
//! written. Depth and number of elements are limited, so that no file takes more memory than a few times its size.

use super::super::MusicXmlError;
use quick_xml::Reader;
use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::{BytesStart, Event};

/// How deep elements may be nested; scores need about eight.
pub(super) const MAX_DEPTH: usize = 64;

/// The most elements in a file: three times what fits into the longest symphony.
pub(super) const MAX_ELEMENTS: usize = 5_000_000;

/// The most elements in one tree, which is a note, a direction, a header.
pub(super) const MAX_TREE: usize = 100_000;

/// An element and what is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub name: String,
    /// Where it begins, counted from 1.
    pub line: usize,
    attributes: Vec<(String, String)>,
    /// The text directly in it, as it is written.
    text: String,
    pub children: Vec<Element>,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    pub(super) fn children_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.child(name).is_some()
    }

    /// The text without the blanks around it.
    pub(super) fn text(&self) -> &str {
        self.text.trim()
    }

    /// The text, blanks included.
    pub(super) fn exact_text(&self) -> &str {
        &self.text
    }

    /// The trimmed text of a child, or "" without one.
    pub(super) fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", Element::text)
    }
}

/// What comes next in an element.
pub(super) enum Step {
    /// A child begins; its own children are still to come.
    Open(Element),
    /// The element ends.
    Close,
}

/// A document being walked.
pub(super) struct Xml<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    /// The names of the elements that are open.
    open: Vec<String>,
    elements: usize,
    /// Lines before `counted`, a place in the text.
    lines: usize,
    counted: usize,
}

impl<'a> Xml<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Self { text, reader, open: Vec::new(), elements: 0, lines: 0, counted: 0 }
    }

    /// The first element.
    ///
    /// # Errors   `NotMusicXml` in a text without elements; else as [`Xml::step`].
    pub(super) fn root(&mut self) -> Result<Element, MusicXmlError> {
        loop {
            match self.event()? {
                Event::Start(start) => return self.opened(&start),
                Event::Eof => return Err(MusicXmlError::NotMusicXml { root: String::new() }),
                _ => {}
            }
        }
    }

    /// Goes on inside the innermost open element; text there is passed over.
    ///
    /// # Errors   `NotXml`, `CutShort`, `TooDeep`, `TooManyElements`.
    pub(super) fn step(&mut self) -> Result<Step, MusicXmlError> {
        loop {
            match self.event()? {
                Event::Start(start) => return self.opened(&start).map(Step::Open),
                Event::End(_) => {
                    self.open.pop();
                    return Ok(Step::Close);
                }
                Event::Eof => return Err(self.cut_short()),
                _ => {}
            }
        }
    }

    /// Everything in an element that was just opened.
    ///
    /// # Errors   as [`Xml::step`].
    pub(super) fn rest_of(&mut self, element: Element) -> Result<Element, MusicXmlError> {
        let first = self.elements;
        let mut path = vec![element];
        loop {
            let event = self.event()?;
            let here = path.last_mut().expect("the loop ends with the outermost element");
            match event {
                Event::Start(start) => {
                    let child = self.opened(&start)?;
                    path.push(child);
                    if self.elements - first > MAX_TREE {
                        let place = format!("in one <{}>", path[0].name);
                        return Err(MusicXmlError::TooManyElements { line: self.line(), most: MAX_TREE, place });
                    }
                }
                Event::End(_) => {
                    self.open.pop();
                    let done = path.pop().expect("the loop ends with the outermost element");
                    match path.last_mut() {
                        Some(parent) => parent.children.push(done),
                        None => return Ok(done),
                    }
                }
                Event::Text(text) => here.text.push_str(&text.decode().map_err(|e| self.not_xml(&e))?),
                Event::CData(text) => here.text.push_str(&text.decode().map_err(|e| self.not_xml(&e))?),
                Event::GeneralRef(reference) => {
                    let name = reference.decode().map_err(|e| self.not_xml(&e))?;
                    match reference.resolve_char_ref() {
                        Ok(Some(character)) => here.text.push(character),
                        _ => match resolve_predefined_entity(&name) {
                            Some(text) => here.text.push_str(text),
                            None => here.text.extend(["&", &name, ";"]),
                        },
                    }
                }
                Event::Eof => return Err(self.cut_short()),
                _ => {}
            }
        }
    }

    /// Passes over everything in an element that was just opened.
    ///
    /// # Errors   as [`Xml::step`].
    pub(super) fn skip(&mut self) -> Result<(), MusicXmlError> {
        let depth = self.open.len();
        while self.open.len() >= depth {
            self.step()?;
        }
        Ok(())
    }

    /// The line that was read last, counted from 1.
    fn line(&mut self) -> usize {
        let here = usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX).min(self.text.len());
        let new = &self.text.as_bytes()[self.counted.min(here)..here];
        self.lines += new.iter().filter(|&&byte| byte == b'\n').count();
        self.counted = here;
        self.lines + 1
    }

    fn event(&mut self) -> Result<Event<'a>, MusicXmlError> {
        self.reader.read_event().map_err(|error| match error {
            // An end inside a tag or a comment.
            quick_xml::Error::Syntax(_) if self.reader.buffer_position() as usize >= self.text.len() => {
                self.cut_short()
            }
            error => self.not_xml(&error),
        })
    }

    fn opened(&mut self, start: &BytesStart<'_>) -> Result<Element, MusicXmlError> {
        let line = self.line();
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(MusicXmlError::TooManyElements { line, most: MAX_ELEMENTS, place: "in the file".to_owned() });
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(MusicXmlError::TooDeep { line, most: MAX_DEPTH });
        }
        let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
        self.open.push(name.clone());
        let mut attributes = Vec::new();
        // Without the check that no attribute comes twice, which takes the square of their number.
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|e| self.not_xml(&e))?;
            let raw = String::from_utf8_lossy(&attribute.value);
            let value = unescape(&raw).map_or_else(|_| raw.to_string(), |value| value.into_owned());
            attributes.push((String::from_utf8_lossy(attribute.key.local_name().as_ref()).into_owned(), value));
        }
        Ok(Element { name, line, attributes, ..Element::default() })
    }

    fn not_xml(&mut self, error: &dyn std::fmt::Display) -> MusicXmlError {
        MusicXmlError::NotXml { line: self.line(), what: error.to_string() }
    }

    fn cut_short(&self) -> MusicXmlError {
        MusicXmlError::CutShort { element: self.open.last().cloned().unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Result<Element, MusicXmlError> {
        let mut xml = Xml::new(text);
        let root = xml.root()?;
        xml.rest_of(root)
    }

    #[test]
    fn elements_know_their_children_attributes_text_and_line() {
        let root = tree("<?xml version='1.0'?>\n<!-- a -->\n<a x='1 &amp; 2'>\n <b/> <b>&#228;<![CDATA[<&>]]></b></a>")
            .unwrap();
        assert_eq!((root.name.as_str(), root.line, root.attribute("x")), ("a", 3, Some("1 & 2")));
        let texts: Vec<_> = root.children_named("b").map(|b| (b.line, b.text())).collect();
        assert_eq!(texts, [(4, ""), (4, "ä<&>")]);
        assert!(root.has("b") && !root.has("c"));
    }

    #[test]
    fn entities_are_never_expanded() {
        let text =
            "<!DOCTYPE a [<!ENTITY b \"bang\"><!ENTITY c SYSTEM \"file:///etc/passwd\">]><a x='&b;'>&b;&c;&lt;</a>";
        let root = tree(text).unwrap();
        assert_eq!((root.text(), root.attribute("x")), ("&b;&c;<", Some("&b;")));
    }

    #[test]
    fn damage_is_told_with_its_line() {
        let line_of = |text: &str| match tree(text) {
            Err(MusicXmlError::NotXml { line, .. }) => line,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(line_of("<a>\n<b></c></a>"), 2);
        assert_eq!(line_of("<a>\n\n<b x=1></b></a>"), 3);
        let cut_in = |text: &str| match tree(text) {
            Err(MusicXmlError::CutShort { element }) => element,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(cut_in("<a><b></b>"), "a");
        assert_eq!(cut_in("<a><b>text"), "b");
        assert_eq!(cut_in("<a><b"), "a");
        assert_eq!(cut_in("<a><!-- "), "a");
        assert_eq!(tree(" "), Err(MusicXmlError::NotMusicXml { root: String::new() }));
    }

    #[test]
    fn depth_and_number_of_elements_are_limited() {
        let nested = |depth: usize| tree(&("<a>".repeat(depth) + &"</a>".repeat(depth)));
        assert!(nested(MAX_DEPTH).is_ok());
        assert_eq!(nested(MAX_DEPTH + 1), Err(MusicXmlError::TooDeep { line: 1, most: MAX_DEPTH }));
        let wide = |width: usize| tree(&format!("<a>{}</a>", "<b/>".repeat(width)));
        assert!(wide(MAX_TREE).is_ok());
        assert!(matches!(wide(MAX_TREE + 1), Err(MusicXmlError::TooManyElements { most: MAX_TREE, .. })));
    }

    #[test]
    fn what_is_skipped_is_behind() {
        let mut xml = Xml::new("<a><b><c/><c>1</c></b><d/></a>");
        xml.root().unwrap();
        assert!(matches!(xml.step(), Ok(Step::Open(e)) if e.name == "b"));
        xml.skip().unwrap();
        assert!(matches!(xml.step(), Ok(Step::Open(e)) if e.name == "d"));
        xml.skip().unwrap();
        assert!(matches!(xml.step(), Ok(Step::Close)));
    }
}
