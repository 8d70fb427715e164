//! Laws of the whole reader, on small scores written by hand.

use super::archive::tests::archive;
use super::*;
use crate::{Chord, ChordEvent, ChordQuality, Marker, MeterChange, Note, TempoChange, TextEvent, Tick};

/// A score of one part, whose bars hold this; units are quarters.
fn score(bars: &[&str]) -> String {
    let bars: String = bars.iter().map(|bar| format!("<measure>{bar}</measure>\n")).collect();
    format!("<score-partwise><part id='P1'>\n{bars}</part></score-partwise>")
}

/// A note, as "C4 2" with a length or "C4" without.
fn note(name: &str, more: &str) -> String {
    let (pitch, duration) = name.split_once(' ').unwrap_or((name, ""));
    let duration = if duration.is_empty() { String::new() } else { format!("<duration>{duration}</duration>") };
    let (step, octave) = pitch.split_at(1);
    format!("<note>{more}<pitch><step>{step}</step><octave>{octave}</octave></pitch>{duration}</note>")
}

fn read_text(text: &str) -> Read {
    read(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Onset, pitch and duration of all notes, in ticks.
fn notes(read: &Read) -> Vec<(u32, u8, u32)> {
    let all = read.score.parts.iter().flat_map(|part| &part.notes);
    all.map(|note| (note.onset.0, note.pitch, note.duration.0)).collect()
}

fn meters(read: &Read) -> Vec<(u32, u8, u8)> {
    read.score.meters.iter().map(|meter| (meter.at.0, meter.numerator, meter.denominator)).collect()
}

#[test]
fn grace_notes_come_before_their_main_note_and_shorten_what_is_before() {
    let grace = |pitch: &str| note(pitch, "<grace/>");
    let bar = [note("C4 1", ""), grace("D4"), grace("E4"), note("F4 1", "")].concat();
    let read = read_text(&score(&[&bar]));
    assert_eq!(notes(&read), [(0, 60, 10), (10, 62, 1), (11, 64, 1), (12, 65, 12)]);
    assert_eq!(read.repairs.grace_notes, 2);
    let read = read_text(&score(&[&(grace("B3") + &note("C4 1", "")), &(grace("D4") + &note("E4 1", ""))]));
    assert_eq!(notes(&read), [(0, 60, 11), (11, 62, 1), (12, 64, 12)], "the first would come before the beginning");
    assert_eq!((read.repairs.grace_notes, read.repairs.dropped_grace_notes), (1, 1));
}

#[test]
fn ties_join_and_loose_ends_stand_alone_and_are_counted() {
    let tie = |name: &str, kinds: &[&str]| {
        note(name, &kinds.iter().map(|kind| format!("<tie type='{kind}'/>")).collect::<String>())
    };
    let tied =
        read_text(&score(&[&tie("C4 4", &["start"]), &tie("C4 4", &["stop", "start"]), &tie("C4 4", &["stop"])]));
    assert_eq!(notes(&tied), [(0, 60, 144)]);
    assert!(tied.repairs.loose_ties == 0);
    let loose = read_text(&score(&[&tie("C4 4", &["start"]), &tie("D4 4", &["stop"])]));
    assert_eq!(notes(&loose), [(0, 60, 48), (48, 62, 48)]);
    assert_eq!(loose.repairs.loose_ties, 2);
}

#[test]
fn a_tie_into_a_repeat_joins_each_time_it_is_played() {
    let tied =
        note("C4 4", "<tie type='stop'/><tie type='start'/>") + "<barline><repeat direction='backward'/></barline>";
    let read = read_text(&score(&[&tied, &note("C4 4", "<tie type='stop'/>")]));
    assert_eq!(notes(&read), [(0, 60, 144)]);
    assert_eq!(read.repairs.loose_ties, 1, "the first has no beginning");
}

#[test]
fn a_pickup_cuts_its_bar_short_and_a_long_bar_gets_its_own_metre() {
    let time = "<attributes><time><beats>3</beats><beat-type>4</beat-type></time></attributes>";
    let read = read_text(&score(&[
        &(time.to_owned() + &note("C4 1", "")),
        &note("D4 3", ""),
        &note("E4 4", ""),
        &note("F4 3", ""),
    ]));
    assert_eq!(meters(&read), [(0, 3, 4), (12, 3, 4), (48, 4, 4), (96, 3, 4)]);
    assert_eq!(read.score.bar_starts(read.score.end()), [0, 12, 48, 96].map(Tick));
    let odd = read_text(&score(&[&note("C4 4.0703125", ""), &note("D4 4", "")]));
    assert_eq!(odd.score.bar_starts(odd.score.end()), [0, 48, 49].map(Tick), "no metre is that long");
    assert_eq!(odd.repairs.rounded_times, 1);
}

#[test]
fn an_empty_bar_is_as_long_as_its_metre() {
    let time = "<attributes><time><beats>5</beats><beat-type>8</beat-type></time></attributes>";
    let read = read_text(&score(&[time, "", &note("C4 1", "")]));
    assert_eq!(notes(&read), [(60, 60, 12)]);
}

#[test]
fn bars_that_come_back_have_the_tempo_of_their_place() {
    let sound = |qpm: u8| format!("<sound tempo='{qpm}'/>");
    let last = sound(60) + &note("D4 4", "") + "<barline><repeat direction='backward'/></barline>";
    let read = read_text(&score(&[&(sound(90) + &note("C4 4", "")), &note("C4 4", ""), &last]));
    let tempos: Vec<_> = read.score.tempos.iter().map(|tempo| (tempo.at.0, tempo.qpm)).collect();
    assert_eq!(tempos, [(0, 90.0), (96, 60.0), (144, 90.0), (240, 60.0)]);
    let inner = "<barline><repeat direction='forward'/></barline>".to_owned() + &note("C4 4", "");
    let read = read_text(&score(&[&(sound(90) + &note("C4 4", "")), &inner, &last]));
    assert_eq!(read.score.tempos[2], TempoChange { at: Tick(144), qpm: 90.0 }, "said again where the repeat begins");
}

#[test]
fn velocity_follows_marks_and_each_note_may_differ() {
    let marked =
        |mark: &str| format!("<direction><direction-type><dynamics><{mark}/></dynamics></direction-type></direction>");
    let own = note("F4 1", "").replace("<note>", "<note dynamics='111.11'>");
    let bar = [note("C4 1", ""), marked("p"), note("D4 1", ""), marked("sfz"), note("E4 1", ""), own].concat();
    let read = read_text(&score(&[&bar]));
    let velocities: Vec<_> = read.score.parts[0].notes.iter().map(|note| note.velocity).collect();
    assert_eq!(velocities, [80, 49, 49, 100]);
}

#[test]
fn chord_symbols_hold_until_the_next_and_sound_transposed() {
    let symbol = |step: &str, kind: &str| {
        format!("<harmony><root><root-step>{step}</root-step></root><kind>{kind}</kind></harmony>")
    };
    let transpose = "<attributes><transpose><chromatic>-2</chromatic></transpose></attributes>";
    let bar = [transpose, &symbol("D", "minor-seventh"), &note("D4 4", "")].concat();
    let read = read_text(&score(&[&bar, &(symbol("C", "none") + &note("D4 4", ""))]));
    let event = |at, chord| ChordEvent { at: Tick(at), end: Tick(at + 48), chord };
    assert_eq!(read.score.chords, [event(0, Some(Chord::new(0, ChordQuality::Minor7))), event(48, None)]);
    assert_eq!(notes(&read)[0].1, 60);
}

#[test]
fn a_part_with_drums_and_pitches_becomes_two_of_one_name() {
    let list = "<score-partwise><part-list><score-part id='P1'><part-name>Stage\n band</part-name>\
        <score-instrument id='X'/><midi-instrument id='X'><midi-channel>10</midi-channel>\
        <midi-unpitched>57</midi-unpitched></midi-instrument><midi-instrument id='Y'><midi-channel>1</midi-channel>\
        <midi-program>57</midi-program></midi-instrument></score-part></part-list>";
    let stroke = "<note><unpitched/><duration>1</duration><instrument id='X'/></note>";
    let text = score(&[&(stroke.to_owned() + &note("C5 1", ""))]).replace("<score-partwise>", list);
    let read = read_text(&text);
    let seen: Vec<_> =
        read.score.parts.iter().map(|p| (p.name.as_str(), p.program, p.is_drum, p.notes[0].pitch)).collect();
    assert_eq!(seen, [("Stage  band", 56, false, 72), ("Stage  band", 56, true, 56)]);
    assert!(read.repairs.is_empty(), "{}", read.repairs);
}

#[test]
fn of_two_parts_that_contradict_each_other_the_earlier_is_believed() {
    let part = |id: &str, fifths: i8, tempo: u8| {
        let key = format!("<attributes><key><fifths>{fifths}</fifths><mode>major</mode></key></attributes>");
        let marker = "<direction><direction-type><rehearsal>A</rehearsal></direction-type></direction>";
        let sound = format!("<sound tempo='{tempo}'/>");
        format!("<part id='{id}'><measure>{key}{marker}{sound}{}</measure></part>", note("C4 4", ""))
    };
    let read = read_text(&format!("<score-partwise>{}{}</score-partwise>", part("1", 1, 70), part("2", 2, 70)));
    assert_eq!(read.score.keys.iter().map(|key| key.key.to_string()).collect::<Vec<_>>(), ["G major"]);
    assert_eq!(read.score.tempos, [TempoChange { at: Tick(0), qpm: 70.0 }]);
    assert_eq!(read.score.markers, [Marker { at: Tick(0), text: "A".into() }]);
    assert_eq!(read.repairs.overruled_signatures, 1);
}

#[test]
fn voices_in_unison_and_cues_are_counted() {
    let two = note("C4 4", "") + "<backup><duration>4</duration></backup>" + &note("C4 2", "") + &note("C4 2", "");
    let read = read_text(&score(&[&two, &note("E4 4", "<cue/>"), &note("E4 4", "")]));
    assert_eq!(notes(&read), [(0, 60, 24), (24, 60, 24), (96, 64, 48)]);
    assert_eq!((read.repairs.doubled_notes, read.repairs.cut_overlaps, read.repairs.cue_notes), (1, 1, 1));
    let far = note("C4 1", "")
        + "<backup><duration>3</duration></backup>"
        + &note("G9 1", "")
        + "<forward><duration>1</duration></forward>";
    let read = read_text(&score(&[&far]));
    assert_eq!((notes(&read), read.repairs.far_backups), (vec![(0, 60, 12), (0, 127, 12)], 1));
}

#[test]
fn pitches_that_sound_outside_of_midi_are_dropped() {
    let transpose = "<attributes><transpose><octave-change>1</octave-change></transpose></attributes>".to_owned();
    let read = read_text(&score(&[&(transpose + &note("G8 1", "") + &note("A8 1", ""))]));
    assert_eq!((notes(&read), read.repairs.out_of_range), (vec![(0, 127, 12)], 1));
}

#[test]
fn headers_tell_title_composer_program_and_recipe() {
    let header = "<score-partwise><movement-title>Movement</movement-title><work><work-title> Work &amp; play </work-title></work>\
        <identification><creator type='lyricist'>L</creator><creator type='composer'>C</creator>\
        <encoding><software>S</software></encoding><miscellaneous><miscellaneous-field name='x'>1</miscellaneous-field>\
        <miscellaneous-field name='aeolian-recipe'> seed = 7&#10;</miscellaneous-field></miscellaneous></identification>";
    let read = read_text(&score(&[""]).replace("<score-partwise>", header));
    assert_eq!(read.score.title, "Work & play");
    assert_eq!((read.composer.as_deref(), read.software.as_deref()), (Some("C"), Some("S")));
    assert_eq!(read.recipe.as_deref(), Some(" seed = 7\n"));
}

#[test]
fn a_timewise_score_is_the_same_music() {
    let bars = ["C4 4", "D4 4"].map(|name| format!("<measure><part id='P1'>{}</part></measure>", note(name, "")));
    let timewise = read_text(&format!("<score-timewise>{}</score-timewise>", bars.concat()));
    assert_eq!(timewise, read_text(&score(&[&note("C4 4", ""), &note("D4 4", "")])));
}

#[test]
fn compressed_and_utf_16_scores_are_the_same_music() {
    let text = score(&[&note("C4 4", "<lyric><text>Für</text></lyric>")]);
    let plain = read_text(&text);
    assert_eq!(plain.score.parts[0].lyrics, [TextEvent { at: Tick(0), text: "Für".into() }]);
    assert_eq!(read(&archive(&[("score.xml", text.as_bytes())])).unwrap(), plain);
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(read(&utf16).unwrap(), plain);
    let nested = archive(&[("score.xml", &archive(&[("score.xml", text.as_bytes())]))]);
    assert!(matches!(read(&nested), Err(MusicXmlError::NotText { .. } | MusicXmlError::NotMusicXml { .. })));
}

#[test]
fn what_is_no_score_is_told_in_a_sentence() {
    let told = |text: &str| read(text.as_bytes()).unwrap_err().to_string();
    assert_eq!(told(""), "The file is empty.");
    assert_eq!(
        told("<html><body/></html>"),
        "This is not a MusicXML score: its first element is <html>, not <score-partwise> or <score-timewise>."
    );
    assert_eq!(told("<score-partwise><part><measure>"), "The file is cut short: it ends inside <measure>.");
    let bad = note("C4 1", "").replace("<octave>4", "\n<octave>four");
    assert_eq!(told(&score(&[&bad])), "Line 3: <octave> is \"four\"; it must be a whole number of -9 to 19.");
    let long = format!("<attributes><divisions>0.000001</divisions></attributes>{}", note("C4 1000", ""));
    assert_eq!(told(&score(&[&long])), "The piece is longer than 4294967295 ticks, at 12 ticks a quarter.");
    let endless = note("C4 1", "") + "<barline><repeat direction='backward' times='4000000000'/></barline>";
    assert_eq!(told(&score(&[&endless])), "With its repeats the piece has more than 500000 bars.");
}

#[test]
fn a_score_without_bars_is_an_empty_piece() {
    let read = read_text("<score-partwise/>");
    assert_eq!(read.score, Score::new(12));
    let read = read_text("<score-partwise><part id='P'/></score-partwise>");
    assert_eq!((read.score.parts.len(), read.score.end()), (1, Tick(0)));
}

#[test]
fn a_file_cut_anywhere_is_an_error_and_never_less_music() {
    let good = score(&[&note("C4 1", "<tie type='start'/>")]);
    let good = good.trim_end();
    for length in 0..good.len() {
        assert!(read(&good.as_bytes()[..length]).is_err(), "cut to {length} bytes");
    }
}

#[test]
fn the_writers_metre_and_note_come_back() {
    let mut score = Score::new(12);
    score.meters = vec![MeterChange { at: Tick(0), numerator: 4, denominator: 4 }];
    let note = Note { onset: Tick(6), pitch: 60, duration: Tick(50), velocity: 33 };
    score.parts.push(crate::Part { name: "Violin".into(), program: 40, notes: vec![note], ..crate::Part::default() });
    let read = read_text(&super::super::write(&score).unwrap());
    assert_eq!((read.score.parts, read.score.meters), (score.parts, score.meters));
}
