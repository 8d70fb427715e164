//! One piece as bytes.
//!
//! All numbers are varints (LEB128: seven bits a byte, lowest first, the top bit set where more follow) unless said
//! otherwise. A *text* is a varint length and UTF-8. A *list* is a varint count and its items. Times are stored as the
//! distance from the previous item of their list, so that most take one byte.
//!
//! ```text
//! piece    = id:text set:text title:text split:u8(0 train, 1 valid) confident_bars:u8(0, 1)
//!            parts:list(part) tempos:list(tempo) meters:list(meter) keys:list(key) chords:list(chord)
//!            sections:list(section) markers:list(word) score_title:text [extension]
//! extension = roles:list(u8: 0 none, 1 melody, 2 counter, 3 harmony, 4 bass, 5 drums, 6 sustained) genre:text
//!            composer:text licence:u8(0 open, 1 full)
//! part     = name:text program:u8 is_drum:u8 lane:u8(0 none, 1 melody, 2 counter, 3 harmony, 4 bass, 5 drums,
//!            6 sustained) notes:list(note) lyrics:list(word)
//! note     = onset:distance duration pitch:u8 velocity:u8
//! word     = at:distance text
//! tempo    = at:distance qpm:f64 (8 bytes, little-endian)
//! meter    = at:distance numerator:u8 denominator:u8
//! key      = at:distance tonic:u8 mode:u8(0 major, 1 minor)
//! chord    = at:distance length root:u8(255 N.C.) [quality:u8 bass:u8, absent for N.C.]
//! section  = at:distance length label:text
//! ```
//!
//! The extension stands only where it says more than the rest does: without it, roles are those of the lanes, and style and licence are those of the set. So pieces of pop909 are written as they were before there
//! were roles, and a corpus of them keeps its digest.
//!
//! Reading checks everything: a record that breaks off, goes on too long, or holds a value music does not have is
//! refused with a reason. A count is never believed before its items are there, so a false one cannot ask for memory.

use crate::piece::{lane_of, role_of};
use crate::{Licence, Piece, Split, Style};
use aeolian_canvas::NoteLane;
use aeolian_score::role::Role;
use aeolian_score::{
    Chord, ChordEvent, ChordQuality, GRID, Key, KeyChange, MeterChange, Mode, Note, Part, Score, Section, TempoChange,
    TextEvent, Tick,
};

/// What a record says that cannot be.
type Reason = &'static str;

/// The byte for "no chord" in place of a root.
const NO_CHORD: u8 = 255;

/// The piece as bytes; the same piece always gives the same bytes.
///
/// # Panics   if the score is not quantised or times in a list do not ascend (`build` sorts them).
pub(crate) fn write(piece: &Piece) -> Vec<u8> {
    assert_eq!(piece.score.ticks_per_quarter, GRID, "a corpus holds quantised scores");
    assert_eq!(piece.score.parts.len(), piece.lanes.len(), "every part has a lane or None");
    assert_eq!(piece.score.parts.len(), piece.roles.len(), "every part has a role or None");
    let score = &piece.score;
    let mut out = Writer::default();
    out.text(&piece.id);
    out.text(&piece.set);
    out.text(&piece.title);
    out.byte(u8::from(piece.split == Split::Valid));
    out.byte(u8::from(piece.confident_bars));
    out.number(score.parts.len());
    for (part, lane) in score.parts.iter().zip(&piece.lanes) {
        write_part(&mut out, part, *lane);
    }
    out.timed(&score.tempos, |t| t.at, |out, t| out.0.extend(t.qpm.to_le_bytes()));
    out.timed(&score.meters, |m| m.at, |out, m| out.0.extend([m.numerator, m.denominator]));
    out.timed(&score.keys, |k| k.at, |out, k| out.0.extend([k.key.tonic, u8::from(k.key.mode == Mode::Minor)]));
    out.timed(&score.chords, |c| c.at, write_chord);
    out.timed(
        &score.sections,
        |s| s.at,
        |out, s| {
            out.number(s.end.0.saturating_sub(s.at.0) as usize);
            out.text(&s.label);
        },
    );
    out.timed(&score.markers, |m| m.at, |out, m| out.text(&m.text));
    out.text(&score.title);
    if is_extended(piece) {
        out.number(piece.roles.len());
        for role in &piece.roles {
            out.byte(role.map_or(0, |role| role as u8 + 1));
        }
        out.text(&piece.style.genre);
        out.text(&piece.style.composer);
        out.byte(u8::from(piece.licence == Licence::Full));
    }
    out.0
}

/// True if a piece's record needs the extension.
pub(crate) fn is_extended(piece: &Piece) -> bool {
    piece.roles != roles_of_lanes(&piece.lanes)
        || piece.style != Style::of_set(&piece.set)
        || piece.licence != Licence::of_set(&piece.set)
}

/// The roles that go without saying.
fn roles_of_lanes(lanes: &[Option<NoteLane>]) -> Vec<Option<Role>> {
    lanes.iter().map(|lane| lane.map(role_of)).collect()
}

fn write_part(out: &mut Writer, part: &Part, lane: Option<NoteLane>) {
    out.text(&part.name);
    out.byte(part.program);
    out.byte(u8::from(part.is_drum));
    out.byte(lane.map_or(0, |lane| lane as u8 + 1));
    out.timed(
        &part.notes,
        |n| n.onset,
        |out, note| {
            out.number(note.duration.0 as usize);
            out.0.extend([note.pitch, note.velocity]);
        },
    );
    out.timed(&part.lyrics, |l| l.at, |out, word| out.text(&word.text));
}

fn write_chord(out: &mut Writer, event: &ChordEvent) {
    out.number(event.end.0.saturating_sub(event.at.0) as usize);
    match event.chord {
        Some(chord) => {
            let quality = ChordQuality::ALL.iter().position(|q| *q == chord.quality).expect("ALL names every quality");
            out.0.extend([chord.root, quality as u8, chord.bass]);
        }
        None => out.byte(NO_CHORD),
    }
}

/// Bytes under construction.
#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    fn number(&mut self, mut number: usize) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.0.extend(text.as_bytes());
    }

    /// A list of items in time, each behind its distance from the one before.
    fn timed<T>(&mut self, items: &[T], at: impl Fn(&T) -> Tick, write: impl Fn(&mut Self, &T)) {
        self.number(items.len());
        let mut before = 0;
        for item in items {
            let now = at(item).0;
            self.number(now.checked_sub(before).expect("`build` sorts every list by time") as usize);
            before = now;
            write(self, item);
        }
    }
}

/// A piece from the bytes of [`write`].
pub(crate) fn read(bytes: &[u8]) -> Result<Piece, Reason> {
    let mut from = Reader(bytes);
    let (id, set, title) = (from.text()?, from.text()?, from.text()?);
    let split = if from.flag()? { Split::Valid } else { Split::Train };
    let confident_bars = from.flag()?;
    let mut score = Score::new(GRID);
    let mut lanes = Vec::new();
    for _ in 0..from.number()? {
        let (part, lane) = read_part(&mut from)?;
        score.parts.push(part);
        lanes.push(lane);
    }
    score.tempos = from.timed(|from, at| {
        let qpm = f64::from_le_bytes(from.array()?);
        let possible = qpm.is_finite() && qpm > 0.0;
        possible.then_some(TempoChange { at, qpm }).ok_or("an impossible tempo")
    })?;
    score.meters = from.timed(read_meter)?;
    score.keys = from.timed(|from, at| {
        let [tonic, mode] = from.array()?;
        match (tonic, mode) {
            (0..12, 0) => Ok(KeyChange { at, key: Key { tonic, mode: Mode::Major } }),
            (0..12, 1) => Ok(KeyChange { at, key: Key { tonic, mode: Mode::Minor } }),
            _ => Err("an impossible key"),
        }
    })?;
    score.chords = from.timed(read_chord)?;
    score.sections = from.timed(|from, at| Ok(Section { at, end: from.end(at)?, label: from.text()? }))?;
    score.markers = from.timed(|from, at| Ok(TextEvent { at, text: from.text()? }))?;
    score.title = from.text()?;
    let (roles, style, licence) = if from.0.is_empty() {
        (roles_of_lanes(&lanes), Style::of_set(&set), Licence::of_set(&set))
    } else {
        read_extension(&mut from, &lanes)?
    };
    if !from.0.is_empty() {
        return Err("a record is longer than its piece");
    }
    Ok(Piece { id, set, split, title, score, lanes, roles, style, licence, confident_bars })
}

type Extension = (Vec<Option<Role>>, Style, Licence);

fn read_extension(from: &mut Reader<'_>, lanes: &[Option<NoteLane>]) -> Result<Extension, Reason> {
    if from.number()? as usize != lanes.len() {
        return Err("roles for other parts");
    }
    let mut roles = Vec::new();
    for lane in lanes {
        let role = match from.byte()? {
            0 => None,
            role => Some(*Role::ALL.get(usize::from(role) - 1).ok_or("an unknown role")?),
        };
        if role.map(lane_of) != *lane {
            return Err("a role outside its lane");
        }
        roles.push(role);
    }
    let style = Style { genre: from.text()?, composer: from.text()? };
    let licence = if from.flag()? { Licence::Full } else { Licence::Open };
    Ok((roles, style, licence))
}

fn read_part(from: &mut Reader<'_>) -> Result<(Part, Option<NoteLane>), Reason> {
    let name = from.text()?;
    let program = from.byte()?;
    let is_drum = from.flag()?;
    let lane = match from.byte()? {
        0 => None,
        lane => Some(*NoteLane::ALL.get(usize::from(lane) - 1).ok_or("an unknown lane")?),
    };
    let notes = from.timed(|from, onset| {
        let duration = Tick(from.number()?);
        let [pitch, velocity] = from.array()?;
        let possible = duration.0 > 0 && pitch < 128 && (1..128).contains(&velocity);
        onset.0.checked_add(duration.0).filter(|_| possible).ok_or("an impossible note")?;
        Ok(Note { onset, pitch, duration, velocity })
    })?;
    let lyrics = from.timed(|from, at| Ok(TextEvent { at, text: from.text()? }))?;
    Ok((Part { name, program, is_drum, notes, lyrics }, lane))
}

fn read_meter(from: &mut Reader<'_>, at: Tick) -> Result<MeterChange, Reason> {
    let [numerator, denominator] = from.array()?;
    let possible = numerator > 0 && denominator.is_power_of_two() && denominator <= 32;
    possible.then_some(MeterChange { at, numerator, denominator }).ok_or("an impossible metre")
}

fn read_chord(from: &mut Reader<'_>, at: Tick) -> Result<ChordEvent, Reason> {
    let end = from.end(at)?;
    let root = from.byte()?;
    if root == NO_CHORD {
        return Ok(ChordEvent { at, end, chord: None });
    }
    let [quality, bass] = from.array()?;
    let quality = *ChordQuality::ALL.get(usize::from(quality)).ok_or("an unknown chord")?;
    let possible = root < 12 && bass < 12;
    let chord = possible.then_some(Chord { root, quality, bass }).ok_or("an impossible chord")?;
    Ok(ChordEvent { at, end, chord: Some(chord) })
}

/// Bytes not read yet.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Reason> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or("a record breaks off")?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Reason> {
        Ok(self.take(N)?.try_into().expect("took N bytes"))
    }

    fn byte(&mut self) -> Result<u8, Reason> {
        Ok(self.array::<1>()?[0])
    }

    fn flag(&mut self) -> Result<bool, Reason> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err("a flag that is neither yes nor no"),
        }
    }

    fn number(&mut self) -> Result<u32, Reason> {
        let mut number = 0u64;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return u32::try_from(number).map_err(|_| "a number is too large");
            }
        }
        Err("a number is too large")
    }

    fn text(&mut self) -> Result<String, Reason> {
        let length = self.number()? as usize;
        let bytes = self.take(length)?;
        Ok(std::str::from_utf8(bytes).map_err(|_| "a text is not UTF-8")?.to_owned())
    }

    /// The end of something that starts `at`, stored as its length.
    fn end(&mut self, at: Tick) -> Result<Tick, Reason> {
        at.0.checked_add(self.number()?).map(Tick).ok_or("a time is too late")
    }

    fn timed<T>(&mut self, read: impl Fn(&mut Self, Tick) -> Result<T, Reason>) -> Result<Vec<T>, Reason> {
        let mut items = Vec::new();
        let mut at = Tick(0);
        for _ in 0..self.number()? {
            at = self.end(at)?;
            items.push(read(self, at)?);
        }
        Ok(items)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A piece with something in every field.
    pub(crate) fn sample() -> Piece {
        let mut score = Score::new(GRID);
        score.title = "Träumerei".into();
        let note = |onset, pitch, duration| Note { onset: Tick(onset), pitch, duration: Tick(duration), velocity: 90 };
        score.parts = vec![
            Part {
                name: "MELODY".into(),
                program: 40,
                notes: vec![note(0, 60, 12), note(0, 64, 200), note(40_000, 72, 1)],
                lyrics: vec![TextEvent { at: Tick(0), text: "la".into() }],
                ..Part::default()
            },
            Part { name: "Drums".into(), is_drum: true, ..Part::default() },
            Part { name: "Walk".into(), ..Part::default() },
        ];
        score.tempos = vec![TempoChange { at: Tick(0), qpm: 63.84 }];
        score.meters = vec![MeterChange { at: Tick(48), numerator: 7, denominator: 8 }];
        score.keys = vec![KeyChange { at: Tick(0), key: Key { tonic: 11, mode: Mode::Minor } }];
        let slash = Chord { root: 9, quality: ChordQuality::Power, bass: 4 };
        score.chords = vec![
            ChordEvent { at: Tick(0), end: Tick(24), chord: Some(slash) },
            ChordEvent { at: Tick(24), end: Tick(48), chord: None },
        ];
        score.sections = vec![Section { at: Tick(0), end: Tick(96), label: "i".into() }];
        score.markers = vec![TextEvent { at: Tick(5), text: "segno".into() }];
        Piece {
            id: "002".into(),
            set: "pop909".into(),
            split: Split::Valid,
            title: "123木头人".into(),
            score,
            lanes: vec![Some(NoteLane::Counter), Some(NoteLane::Drums), Some(NoteLane::Bass)],
            roles: vec![Some(Role::Counter), Some(Role::Drums), Some(Role::Bass)],
            style: Style { genre: "swing".into(), composer: "Anon.".into() },
            licence: Licence::Open,
            confident_bars: true,
        }
    }

    #[test]
    fn write_and_read_is_identity() {
        assert_eq!(read(&write(&sample())), Ok(sample()));
    }

    /// The sample as it would be with nothing to say beyond its lanes and its set.
    pub(crate) fn plain() -> Piece {
        let mut piece = sample();
        piece.style = Style::of_set(&piece.set);
        piece.licence = Licence::of_set(&piece.set);
        piece
    }

    #[test]
    fn what_goes_without_saying_is_not_written() {
        let (plain, extended) = (plain(), sample());
        assert!(!is_extended(&plain) && is_extended(&extended));
        let (plain_bytes, extended_bytes) = (write(&plain), write(&extended));
        assert_eq!(extended_bytes[..plain_bytes.len()], plain_bytes);
        assert_eq!(read(&plain_bytes), Ok(plain));
    }

    #[test]
    fn a_role_that_does_not_fit_its_lane_is_refused() {
        let mut piece = sample();
        piece.roles[0] = Some(Role::Melody);
        assert_eq!(read(&write(&piece)), Err("a role outside its lane"));
    }

    #[test]
    fn every_shortened_record_is_refused() {
        let bytes = write(&sample());
        let plain = write(&plain()).len();
        // A record without its extension is a whole record.
        for length in (0..bytes.len()).filter(|length| *length != plain) {
            assert!(read(&bytes[..length]).is_err(), "{length} of {} bytes", bytes.len());
        }
        let longer = [bytes, vec![0]].concat();
        assert_eq!(read(&longer), Err("a record is longer than its piece"));
    }

    #[test]
    fn no_changed_byte_makes_reading_panic() {
        let bytes = write(&sample());
        for place in 0..bytes.len() {
            for value in [0, 1, 12, 127, 128, 255] {
                let mut damaged = bytes.clone();
                damaged[place] = value;
                let _ = read(&damaged);
            }
        }
    }

    #[test]
    fn a_false_count_asks_for_no_memory() {
        let mut out = Writer::default();
        for text in ["id", "set", "title"] {
            out.text(text);
        }
        out.0.extend([0, 1]);
        out.number(u32::MAX as usize);
        assert_eq!(read(&out.0), Err("a record breaks off"));
    }
}
