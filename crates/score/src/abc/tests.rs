//! Tunes written for these tests, and their notes worked out by hand.

use super::*;
use crate::{Key, Mode, Note, Tick};
use proptest::prelude::*;

const QUARTER: u32 = TICKS_PER_QUARTER;

/// One tune in 4/4 and quarters.
fn tune(key_and_music: &str) -> Tune {
    tunes(format!("X:1\nM:4/4\nL:1/4\nK:{key_and_music}\n").as_bytes()).remove(0)
}

/// (pitch, onset, duration) of the first voice, times in quarters.
fn notes(tune: &Tune) -> Vec<(u8, f64, f64)> {
    let quarters = |t: Tick| f64::from(t.0) / f64::from(QUARTER);
    let note = |n: &Note| (n.pitch, quarters(n.onset), quarters(n.duration));
    tune.score.parts[0].notes.iter().map(note).collect()
}

fn pitches(tune: &Tune) -> Vec<u8> {
    tune.score.parts[0].notes.iter().map(|n| n.pitch).collect()
}

#[test]
fn letters_and_marks_are_pitches() {
    assert_eq!(pitches(&tune("C\nC,Cc c'[CEG]")), [48, 60, 72, 84, 60, 64, 67]);
}

#[test]
fn lengths_rests_and_spaces() {
    let read = tune("C\nC2 D/ z/ E3/2 F//|Z|x y G");
    assert_eq!(notes(&read), [(60, 0.0, 2.0), (62, 2.0, 0.5), (64, 3.0, 1.5), (65, 4.5, 0.25), (67, 9.75, 1.0)]);
    assert!(read.repairs.unknown_symbols == 0);
}

#[test]
fn accidentals_last_through_the_bar_in_every_octave_and_end_with_it() {
    assert_eq!(pitches(&tune("G\nf ^c C =f|f c _B B")), [78, 73, 61, 77, 78, 72, 70, 70]);
    assert_eq!(pitches(&tune("C\n^^F __B")), [67, 69]);
}

#[test]
fn a_tied_note_keeps_its_accidental_over_the_bar_line() {
    assert_eq!(notes(&tune("C\nz2 z ^f-|f f")), [(78, 3.0, 2.0), (77, 5.0, 1.0)]);
}

#[test]
fn ties_join_equal_notes_only() {
    assert_eq!(notes(&tune("C\n[CE]-[CG] D2")), [(60, 0.0, 2.0), (64, 0.0, 1.0), (67, 1.0, 1.0), (62, 2.0, 2.0)]);
    assert_eq!(tune("C\n[CE]-[CG]").repairs.loose_ties, 1);
}

#[test]
fn broken_rhythms_are_three_to_one_and_seven_to_one() {
    assert_eq!(notes(&tune("C\nC>D E<F")), [(60, 0.0, 1.5), (62, 1.5, 0.5), (64, 2.0, 0.5), (65, 2.5, 1.5)]);
    assert_eq!(notes(&tune("C\nC>>D")), [(60, 0.0, 1.75), (62, 1.75, 0.25)]);
    assert_eq!(notes(&tune("C\nC > {g} D")), [(60, 0.0, 1.5), (62, 1.5, 0.5)], "over spaces and grace notes");
}

#[test]
fn tuplets_fit_their_notes_into_the_time_of_others() {
    let third = 1.0 / 3.0;
    let close = |a: &Tune, b: &[(u8, f64, f64)]| {
        let a = notes(a);
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && (a.1 - b.1).abs() + (a.2 - b.2).abs() < 1e-9)
    };
    assert!(close(
        &tune("C\n(3C/D/E/ F"),
        &[(60, 0.0, third), (62, third, third), (64, 2.0 * third, third), (65, 1.0, 1.0)]
    ));
    assert!(close(&tune("C\n(2CD"), &[(60, 0.0, 1.5), (62, 1.5, 1.5)]));
    assert!(close(&tune("C\n(5:4:2CDE"), &[(60, 0.0, 0.8), (62, 0.8, 0.8), (64, 1.6, 1.0)]));
    assert!(close(&tune("C\n(C D)"), &[(60, 0.0, 1.0), (62, 1.0, 1.0)]), "a slur is no tuplet");
}

#[test]
fn keys_metres_and_tempos_change_inline_and_between_lines() {
    let read = tune("C\nF2F2|[K:D][M:3/4][Q:1/4=60]F3|\nM:2/4\nL:1/8\nF4|\n");
    assert_eq!(notes(&read), [(65, 0.0, 2.0), (65, 2.0, 2.0), (66, 4.0, 3.0), (66, 7.0, 2.0)]);
    let meters: Vec<_> = read.score.meters.iter().map(|m| (m.at.0 / QUARTER, m.numerator, m.denominator)).collect();
    assert_eq!(meters, [(0, 4, 4), (4, 3, 4), (7, 2, 4)]);
    assert_eq!(read.score.key_at(Tick(5 * QUARTER)), Some(Key { tonic: 2, mode: Mode::Major }));
    assert_eq!(read.score.tempos.iter().map(|t| (t.at.0 / QUARTER, t.qpm)).collect::<Vec<_>>(), [(4, 60.0)]);
}

#[test]
fn a_pickup_is_a_short_first_bar() {
    let read = tune("C\nG|c4|c3:|");
    let bars: Vec<u32> = read.score.bar_starts(read.score.end()).iter().map(|t| t.0 / QUARTER).collect();
    assert_eq!(bars, [0, 1, 5, 9, 13], "the last bar of the first pass and the pickup of the second are one");
    assert_eq!(read.repairs.irregular_bars, 0);
}

#[test]
fn strains_are_sections_and_a_repeated_one_is_named_alike() {
    let read = tune("G\nD|:G4|A4|B3:|D|:e4|f4|e3:|");
    let sections: Vec<_> =
        read.score.sections.iter().map(|s| (s.at.0 / QUARTER, s.end.0 / QUARTER, s.label.as_str())).collect();
    assert_eq!(sections, [(0, 12, "A"), (12, 23, "A"), (23, 35, "B"), (35, 46, "B")]);
    assert_eq!(tune("G\nG4|A4|B4|").score.sections, [], "a single strain is no form");
}

#[test]
fn chord_symbols_last_until_the_next() {
    let read = tune("G\n\"G\"G2 \"D.C.\"A2|\"D7\"d4|\"4\"d4|");
    let chords: Vec<_> = read.score.chords.iter().map(|c| (c.at.0 / QUARTER, c.end.0 / QUARTER)).collect();
    assert_eq!(chords, [(0, 4), (4, 12)]);
    assert_eq!(read.score.chords[1].chord.unwrap().to_string(), "D7");
    assert_eq!(read.repairs.jumps_not_followed, 1);
}

#[test]
fn voices_are_parts() {
    let text = "X:1\nM:4/4\nL:1/4\nV:1 name=\"Flute\"\nV:2\nK:G\nV:1\ng2|f2\nV:2\nG,2|F,2\n[V:1]e2|\n";
    let read = &tunes(text.as_bytes())[0];
    let names: Vec<&str> = read.score.parts.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["Flute", "2"]);
    assert_eq!(pitches(read), [79, 78, 76]);
    assert_eq!(read.score.parts[1].notes.iter().map(|n| n.pitch).collect::<Vec<_>>(), [55, 54]);
}

#[test]
fn what_is_no_note_is_passed_over_and_counted() {
    let read = tune("C\n{gab}!trill!.C ~D uE \"tr\"F|`G&A|B % c d e\n");
    assert_eq!(pitches(&read), [60, 62, 64, 65, 67, 71]);
    let expected = Repairs { grace_notes: 3, overlays: 1, irregular_bars: 1, ..Repairs::default() };
    assert_eq!(read.repairs, expected);
    let text = read.repairs.to_string();
    assert_eq!(text, "Repaired: 3 × grace note dropped, 1 × second voice of a bar dropped, 1 × irregular bar.");
}

#[test]
fn a_file_holds_many_tunes_and_each_ends_at_an_empty_line() {
    let text = b"%abc\nT:no tune\n\nX: 3\r\nT:A\r\nT:The B\r\nR:jig\r\nC:Trad.\r\nM:6/8\r\nL:1/8\r\nK:D\r\nd3 e3|\r\n\r\nabc\r\nX:12\nK:C\nc|";
    let read = tunes(text);
    assert_eq!(read.iter().map(|t| t.number).collect::<Vec<_>>(), [3, 12]);
    assert_eq!((read[0].titles.len(), read[0].rhythm.as_str(), read[0].composer.as_str()), (2, "jig", "Trad."));
    assert_eq!(pitches(&read[0]), [74, 76]);
    assert_eq!(pitches(&read[1]), [72]);
}

#[test]
fn latin_1_is_read_where_utf_8_is_not() {
    assert_eq!(tunes(b"X:1\nT:Caf\xe9\nK:C\nC\n")[0].titles, ["Café"]);
    assert_eq!(tunes("X:1\nT:Café\nK:C\nC\n".as_bytes())[0].titles, ["Café"]);
}

#[test]
fn nothing_gives_no_tunes_and_an_empty_tune_no_notes() {
    assert_eq!(tunes(b""), []);
    assert_eq!(tunes(b"K:C\nCDE"), []);
    assert_eq!(tunes(b"X:1\n")[0].score.parts, []);
    assert_eq!(tunes(b"X:99999999999999")[0].number, u32::MAX);
}

#[test]
fn extreme_lengths_and_octaves_stay_bounded() {
    let read = tune(
        "C\nC99999999999 D/99999999 C,,,,,,,,,,,,,,, c'''''''''''''''' Z999999999|Z999999999|Z99999|Z99999|Z99999|Z99999|Z99999|c",
    );
    assert_eq!(read.repairs.notes_out_of_range, 2);
    assert_eq!(read.repairs.cut_short, 1);
    assert!(read.score.parts[0].notes.iter().all(|n| n.duration.0 > 0));
}

proptest! {
    #[test]
    fn reading_never_panics(text in "\\PC{0,200}") {
        let _ = tunes(format!("X:1\nK:C\n{text}").as_bytes());
        let _ = tunes(text.as_bytes());
    }

    #[test]
    fn music_like_text_never_panics(music in "[A-Ga-gz\\[\\]|:()<>^_=,'/0-9{}\"!+&\\- \n.~XKMLQPVZ%]{0,300}") {
        let read = tunes(format!("X:1\nP:ABA\nK:C\n{music}").as_bytes());
        for part in read.iter().flat_map(|tune| &tune.score.parts) {
            prop_assert!(part.notes.iter().all(|n| n.duration.0 > 0 && n.pitch < 128));
            prop_assert!(part.notes.is_sorted());
        }
    }
}
