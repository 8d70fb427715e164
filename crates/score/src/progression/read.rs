//! Reading a progression: words and bar lines, then bars with their repeats played out.

use super::*;
use crate::text_error::{character, shown};
use std::str::FromStr;

/// What a progression is made of, and the byte where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    BarLine,
    RepeatStart,
    RepeatEnd,
    LineBreak,
    Word(&'a str),
}

fn tokens(text: &str) -> Vec<(usize, Token<'_>)> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        let rest = &text[at..];
        let start = at;
        if rest.starts_with('|') || rest.starts_with(":|") {
            let ends = rest.starts_with(':');
            at += rest[usize::from(ends)..].bytes().take_while(|&byte| byte == b'|').count() + usize::from(ends);
            let begins = text[at..].starts_with(':');
            at += usize::from(begins);
            if ends {
                tokens.push((start, Token::RepeatEnd));
            }
            if begins || !ends {
                tokens.push((start, if begins { Token::RepeatStart } else { Token::BarLine }));
            }
        } else if next == '\n' {
            at += 1;
            tokens.push((start, Token::LineBreak));
        } else if next.is_whitespace() || next == ',' {
            at += next.len_utf8();
        } else {
            at += word_length(rest);
            tokens.push((start, Token::Word(&text[start..at])));
        }
    }
    tokens
}

/// Bytes up to the next space, comma outside brackets, or bar line; ≥ 1 if the first is none of these.
fn word_length(text: &str) -> usize {
    let mut depth = 0;
    for (at, sign) in text.char_indices() {
        match sign {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth > 0 => {}
            ',' | '|' => return at,
            ':' if text[at..].starts_with(":|") => return at,
            sign if sign.is_whitespace() => return at,
            _ => {}
        }
    }
    text.len()
}

impl FromStr for Progression {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        if text.len() > LONGEST_TEXT {
            let reason = format!("it is longer than {LONGEST_TEXT} bytes; {ALLOWED}");
            return Err(TextError::new(WHAT, text, 0, reason));
        }
        let tokens = tokens(text);
        let barred = tokens.iter().any(|(_, token)| !matches!(token, Token::Word(_) | Token::LineBreak));
        let mut reader = Reader { text, barred, bars: Vec::new(), bar: Vec::new(), repeat_from: 0 };
        let mut before = None;
        for (index, &(at, token)) in tokens.iter().enumerate() {
            reader.read(at, token, before, tokens.get(index + 1).map(|&(_, token)| token))?;
            before = Some(token);
        }
        reader.end_bar(text.len())?;
        if reader.bars.is_empty() {
            return Err(TextError::new(WHAT, text, 0, format!("it has no chord; {ALLOWED}")));
        }
        Ok(Self { bars: reader.bars })
    }
}

struct Reader<'a> {
    text: &'a str,
    /// Whether there are bar lines.
    barred: bool,
    bars: Vec<Vec<Slot>>,
    /// The bar being read; `%` is a copy of the one before.
    bar: Vec<Slot>,
    /// The first bar that the next repeat repeats.
    repeat_from: usize,
}

impl Reader<'_> {
    fn error(&self, at: usize, reason: &str) -> TextError {
        let (bar, character) = (self.bars.len() + 1, character(self.text, at));
        TextError::new(WHAT, self.text, at, format!("in bar {bar}, at character {character}, {reason}"))
    }

    fn read(&mut self, at: usize, token: Token, before: Option<Token>, after: Option<Token>) -> Result<(), TextError> {
        match token {
            Token::LineBreak => {}
            Token::BarLine if before == Some(Token::BarLine) => {
                return Err(self.error(at, "the bar is empty; say % to repeat the one before, or N.C. for no chord"));
            }
            Token::BarLine => self.end_bar(at)?,
            Token::RepeatStart => {
                self.end_bar(at)?;
                self.repeat_from = self.bars.len();
            }
            Token::RepeatEnd => {
                self.end_bar(at)?;
                if after.and_then(times).is_none() {
                    self.repeat(at, 2)?;
                }
            }
            Token::Word(word) => match times(token) {
                Some(times) => {
                    if self.barred && !self.bar.is_empty() {
                        return Err(self.error(at, "a number of times stands after a bar line, as in \"| C | x4\""));
                    }
                    self.repeat(at, times)?;
                }
                None => self.word(at, word)?,
            },
        }
        Ok(())
    }

    fn word(&mut self, at: usize, word: &str) -> Result<(), TextError> {
        if word == "%" {
            let last = self.bars.last().cloned();
            let Some(last) = last.filter(|_| self.bar.is_empty()) else {
                return Err(self.error(at, "% stands alone in a bar and repeats the bar before"));
            };
            self.bar = last;
            return self.end_bar(at);
        }
        if word == "/" {
            if !self.barred || self.bars.is_empty() && self.bar.is_empty() {
                return Err(
                    self.error(at, "a slash holds the chord before it, between bar lines, as in \"| C / G / |\"")
                );
            }
            self.bar.push(Slot::Again);
        } else {
            let slot = self.chord(at, word)?;
            self.bar.push(slot);
        }
        if self.bar.len() > MOST_SLOTS_PER_BAR {
            return Err(self.error(at, &format!("there are more than {MOST_SLOTS_PER_BAR} chords in one bar")));
        }
        if self.barred { Ok(()) } else { self.end_bar(at) }
    }

    fn chord(&self, at: usize, word: &str) -> Result<Slot, TextError> {
        if matches!(word, "-" | "–" | "—") {
            return Err(self.error(at, "leave the dash out between chords, and say N.C. for no chord"));
        }
        let (name, length) = match word.rsplit_once(':') {
            Some((name, length)) => (name, Some(self.length(at + name.len() + 1, length)?)),
            None => (word, None),
        };
        let chord = match (name.parse::<ChordSymbol>(), name.parse::<RomanNumeral>()) {
            (Ok(chord), _) => ProgressionChord::Symbol(chord),
            (_, Ok(numeral)) => ProgressionChord::Roman(numeral),
            (Err(chord), Err(numeral)) => {
                let like_numeral = name.trim_start_matches(['b', '#', '♭', '♯']).starts_with(['I', 'V', 'i', 'v']);
                let error = if like_numeral { numeral } else { chord };
                return Err(self.error(at, &error.to_string()));
            }
        };
        Ok(Slot::Chord(chord, length))
    }

    /// A length in quarters, as grid positions.
    fn length(&self, at: usize, text: &str) -> Result<u32, TextError> {
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let quarters = text.parse::<f64>().ok().filter(|quarters| plain && *quarters <= LONGEST_CHORD_QUARTERS);
        let positions = quarters.map_or(0.0, |quarters| quarters * f64::from(GRID));
        // Thirds are written with a few digits.
        if positions.round() < 1.0 || (positions - positions.round()).abs() > 0.1 {
            let reason = format!(
                "\"{}\" is no length in quarters, 0.083 to {LONGEST_CHORD_QUARTERS} in twelfths, as in \"C:3\" or \
                 \"C:1.5\"",
                shown(text)
            );
            return Err(self.error(at, &reason));
        }
        if !self.barred {
            return Err(self.error(at, "without bar lines every chord lasts a bar and has no other length"));
        }
        Ok(positions.round() as u32)
    }

    fn end_bar(&mut self, at: usize) -> Result<(), TextError> {
        if !self.bar.is_empty() {
            self.bars.push(std::mem::take(&mut self.bar));
        }
        self.at_most(self.bars.len(), at)
    }

    fn repeat(&mut self, at: usize, times: usize) -> Result<(), TextError> {
        let block = self.bars[self.repeat_from..].to_vec();
        if block.is_empty() || times == 0 {
            return Err(self.error(at, "there is nothing to repeat"));
        }
        self.at_most(self.bars.len().saturating_add(block.len().saturating_mul(times - 1)), at)?;
        for _ in 1..times {
            self.bars.extend_from_slice(&block);
        }
        self.repeat_from = self.bars.len();
        Ok(())
    }

    fn at_most(&self, bars: usize, at: usize) -> Result<(), TextError> {
        if bars > MOST_BARS {
            return Err(self.error(at, &format!("there are more than {MOST_BARS} bars with all repeats")));
        }
        Ok(())
    }
}

/// "x4" and "×4" say how many times.
fn times(token: Token) -> Option<usize> {
    let Token::Word(word) = token else { return None };
    let digits = word.strip_prefix(['x', '×'])?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().unwrap_or(usize::MAX))
}
