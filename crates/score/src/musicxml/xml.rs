//! A small XML writer: elements open, close and indent; text and attributes are escaped.

/// Writes one XML document into a string.
pub(super) struct XmlWriter {
    text: String,
    open: Vec<&'static str>,
}

impl XmlWriter {
    pub(super) fn new(prologue: &str) -> Self {
        Self { text: prologue.to_owned(), open: Vec::new() }
    }

    /// `<name a="b">`, to be closed by [`Self::close`].
    pub(super) fn open(&mut self, name: &'static str, attributes: &[(&str, &str)]) {
        self.start(name, attributes);
        self.text.push_str(">\n");
        self.open.push(name);
    }

    /// Closes the innermost open element.
    pub(super) fn close(&mut self) {
        let name = self.open.pop().expect("every close follows its open");
        self.indent();
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push_str(">\n");
    }

    /// `<name a="b">text</name>`.
    pub(super) fn leaf_with(&mut self, name: &str, attributes: &[(&str, &str)], text: impl ToString) {
        self.start(name, attributes);
        self.text.push('>');
        escape(&text.to_string(), &mut self.text);
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push_str(">\n");
    }

    /// Like [`Self::leaf_with`]; line ends and tabs stay what they are.
    pub(super) fn exact_leaf(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.start(name, attributes);
        self.text.push('>');
        for character in text.chars() {
            match character {
                // Written plainly, a reader would be allowed to change them.
                '\t' | '\n' | '\r' => self.text.push_str(&format!("&#{};", u32::from(character))),
                _ => escape(character.encode_utf8(&mut [0; 4]), &mut self.text),
            }
        }
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push_str(">\n");
    }

    /// `<name>text</name>`.
    pub(super) fn leaf(&mut self, name: &str, text: impl ToString) {
        self.leaf_with(name, &[], text);
    }

    /// `<name a="b"/>`.
    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.start(name, attributes);
        self.text.push_str("/>\n");
    }

    pub(super) fn finish(self) -> String {
        assert!(self.open.is_empty(), "every element is closed before the document ends");
        self.text
    }

    fn start(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.indent();
        self.text.push('<');
        self.text.push_str(name);
        for (key, value) in attributes {
            self.text.push(' ');
            self.text.push_str(key);
            self.text.push_str("=\"");
            escape(value, &mut self.text);
            self.text.push('"');
        }
    }

    fn indent(&mut self) {
        self.text.extend(std::iter::repeat_n(' ', self.open.len()));
    }
}

/// Appends `raw` as character data. What XML 1.0 cannot hold at all (most control characters) becomes U+FFFD.
fn escape(raw: &str, into: &mut String) {
    for character in raw.chars() {
        match character {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\t' | '\n' | '\r' => into.push(' '),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => into.push('\u{fffd}'),
            _ => into.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_are_escaped() {
        let mut xml = XmlWriter::new("");
        xml.open("a", &[("b", "\"<")]);
        xml.leaf("c", "x & y\u{0}\n");
        xml.empty("d", &[]);
        xml.close();
        assert_eq!(xml.finish(), "<a b=\"&quot;&lt;\">\n <c>x &amp; y\u{fffd} </c>\n <d/>\n</a>\n");
    }
}
