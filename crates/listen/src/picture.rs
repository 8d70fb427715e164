//! What was heard, drawn: the pitch of every moment as a line over the notes it was taken for, with the beats behind.
//!
//! Time goes to the right in rows of twelve seconds, pitch goes up. The colours are those of the piano roll (`aeolian-picture`), so that the melody has
//! the same blue in both.

use crate::beats::Beats;
use crate::notes::HeardNote;
use crate::pitch_track::seconds_of;
use crate::transcribe::Transcription;
use std::fmt::Write;

const WIDTH: f64 = 1_200.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 1_176.0;
const TOP: f64 = 40.0;
const ROW_SECONDS: f64 = 12.0;
const SEMITONE: f64 = 8.0;
const GAP: f64 = 34.0;
const NOTE: &str = "#0072B2";
const TRACK: &str = "#D55E00";
const LABEL: &str = "#5C6473";
const STRONG: &str = "#B4BAC4";
const FAINT: &str = "#E4E7EC";
const FONTS: &str = "system-ui, sans-serif";

/// The picture as SVG; without notes it says so.
pub fn picture(transcription: &Transcription) -> String {
    let notes = &transcription.heard.notes;
    let page = Page::of(transcription);
    let mut body = String::new();
    text(&mut body, LEFT, 24.0, 13.0, &heading(transcription));
    let mut y = TOP;
    for row in 0..page.rows {
        page.row(&mut body, row as f64 * ROW_SECONDS, y, transcription, notes);
        y += page.height() + GAP;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{y:.0}\" viewBox=\"0 0 {WIDTH} {y:.0}\" \
         font-family=\"{FONTS}\" role=\"img\">\n<title>What was heard</title>\n\
         <rect width=\"{WIDTH}\" height=\"{y:.0}\" fill=\"#FFFFFF\"/>\n{body}</svg>\n"
    )
}

fn heading(transcription: &Transcription) -> String {
    let count = transcription.heard.notes.len();
    match &transcription.beats {
        Some(beats) => {
            let tuning = transcription.heard.tuning_cents;
            format!("{count} notes at {:.1} quarters a minute, tuned {tuning:+.0} cents from 440 Hz", beats.qpm)
        }
        None => "No notes were heard.".to_owned(),
    }
}

struct Page {
    lowest: f64,
    highest: f64,
    rows: usize,
    tuning: f64,
}

impl Page {
    fn of(transcription: &Transcription) -> Self {
        let pitches = transcription.heard.notes.iter().map(|n| f64::from(n.pitch));
        let (low, high) = pitches.fold((f64::MAX, f64::MIN), |(l, h), p| (l.min(p), h.max(p)));
        let (low, high) = if low <= high { (low, high) } else { (60.0, 72.0) };
        let seconds = seconds_of(transcription.track.len());
        Self {
            lowest: low - 3.0,
            highest: high + 3.0,
            rows: ((seconds / ROW_SECONDS).ceil() as usize).max(1),
            tuning: transcription.heard.tuning_cents / 100.0,
        }
    }

    fn height(&self) -> f64 {
        (self.highest - self.lowest) * SEMITONE
    }

    fn row(&self, svg: &mut String, from: f64, top: f64, transcription: &Transcription, notes: &[HeardNote]) {
        let x = |seconds: f64| LEFT + (seconds - from) / ROW_SECONDS * (RIGHT - LEFT);
        let y = |pitch: f64| top + (self.highest - pitch) * SEMITONE;
        let until = from + ROW_SECONDS;
        for octave in 0..11 {
            let c = f64::from(12 * octave);
            if (self.lowest..=self.highest).contains(&c) {
                line(svg, (LEFT, y(c)), (RIGHT, y(c)), STRONG);
                text(svg, LEFT - 28.0, y(c) + 4.0, 11.5, &format!("C{}", octave - 1));
            }
        }
        for beat in visible_beats(transcription.beats.as_ref(), from, until) {
            line(svg, (x(beat), top), (x(beat), top + self.height()), FAINT);
        }
        for note in notes.iter().filter(|n| n.onset < until && n.offset > from) {
            let (left, right) = (x(note.onset.max(from)), x(note.offset.min(until)));
            // Writing to a String cannot fail.
            let _ = writeln!(
                svg,
                "<rect x=\"{left:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{SEMITONE}\" rx=\"2\" fill=\"{NOTE}\" \
                 fill-opacity=\"0.35\"/>",
                y(f64::from(note.pitch) + 0.5),
                (right - left).max(0.5)
            );
        }
        self.track(svg, transcription, from, until, &x, &y);
        text(svg, LEFT, top + self.height() + 15.0, 11.5, &format!("{from:.0} s"));
    }

    /// The pitch of every other moment, tuned as the notes are; a gap where none sounds or where it leaps out of the picture.
    fn track(
        &self,
        svg: &mut String,
        transcription: &Transcription,
        from: f64,
        until: f64,
        x: &impl Fn(f64) -> f64,
        y: &impl Fn(f64) -> f64,
    ) {
        let mut points = String::new();
        let mut flush = |points: &mut String| {
            if !points.is_empty() {
                let _ = writeln!(
                    svg,
                    "<polyline points=\"{}\" fill=\"none\" stroke=\"{TRACK}\" stroke-width=\"1.3\"/>",
                    points.trim_end()
                );
                points.clear();
            }
        };
        for (i, frame) in transcription.track.iter().enumerate().step_by(2) {
            let seconds = seconds_of(i);
            if seconds < from || seconds >= until {
                continue;
            }
            match frame.pitch.map(|p| p - self.tuning).filter(|p| (self.lowest..=self.highest).contains(p)) {
                Some(pitch) => {
                    let _ = write!(points, "{:.1},{:.1} ", x(seconds), y(pitch));
                }
                None => flush(&mut points),
            }
        }
        flush(&mut points);
    }
}

fn visible_beats(beats: Option<&Beats>, from: f64, until: f64) -> impl Iterator<Item = f64> {
    beats.into_iter().flat_map(|b| &b.times).copied().filter(move |t| (from..until).contains(t))
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64), stroke: &str) {
    let _ = writeln!(
        svg,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{stroke}\"/>",
        from.0, from.1, to.0, to.1
    );
}

/// `content` must be free of markup; all that comes here is numbers and our own words.
fn text(svg: &mut String, x: f64, y: f64, size: f64, content: &str) {
    let _ = writeln!(svg, "<text x=\"{x}\" y=\"{y:.1}\" font-size=\"{size}\" fill=\"{LABEL}\">{content}</text>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notes::Heard;
    use crate::pitch_track::Frame;
    use aeolian_score::Score;

    #[test]
    fn every_note_is_drawn_in_each_row_it_sounds_in() {
        let note = |onset, offset| HeardNote { onset, offset, pitch: 60, cents: 0.0, level_db: -20.0 };
        let transcription = Transcription {
            score: Score::new(480),
            heard: Heard { notes: vec![note(1.0, 2.0), note(11.5, 12.5)], tuning_cents: 10.0 },
            track: vec![Frame { pitch: Some(60.1), probability: 1.0 }; 3_000],
            beats: Some(Beats { times: vec![1.0, 2.0, 13.0], qpm: 60.0 }),
        };
        let svg = picture(&transcription);
        // One background, one note in one row, one in two.
        assert_eq!(svg.matches("<rect").count(), 1 + 1 + 2);
        // 3,000 moments are 17.4 s: two rows, each with the C and its line of pitch, and three beats.
        assert_eq!((svg.matches("<polyline").count(), svg.matches("<line").count()), (2, 2 + 3));
        assert!(svg.contains("2 notes at 60.0") && svg.contains("+10 cents"));
    }

    #[test]
    fn nothing_heard_is_said() {
        let nothing = Transcription { score: Score::new(480), heard: Heard::default(), track: Vec::new(), beats: None };
        assert!(picture(&nothing).contains("No notes were heard."));
    }
}
