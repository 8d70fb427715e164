//! Whole evaluations of small folders made in code.

use aeolian_metrics::compare::{self, ClassifierSettings};
use aeolian_report::sentences::Verdict;
use aeolian_report::{Cut, Error, Evaluation, Settings, evaluate, html, text};
use aeolian_score::{Note, Part, Score, Tick, midi};
use std::path::Path;

/// Random numbers: SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ z >> 31) >> 33) as u32 % limit
    }
}

/// Four bars of a tune in C major over held chords; `step` is the largest step of the tune in degrees.
fn tune(seed: u64, step: u32) -> Score {
    const SCALE: [u8; 7] = [0, 2, 4, 5, 7, 9, 11];
    let mut dice = Dice(seed);
    let mut score = Score::new(480);
    let (mut notes, mut degree, mut at) = (Vec::new(), 7i32, 0);
    while at < 16 * 480 {
        let length = [240, 480, 480, 960][dice.below(4) as usize];
        degree = (degree + dice.below(2 * step + 1) as i32 - step as i32).clamp(0, 20);
        let pitch = 55 + 12 * (degree / 7) as u8 + SCALE[degree as usize % 7];
        let velocity = 70 + dice.below(20) as u8;
        notes.push(Note { onset: Tick(at), pitch, duration: Tick(length), velocity });
        at += length;
    }
    let bass = (0..4).map(|bar| Note {
        onset: Tick(bar * 1920),
        pitch: 36 + SCALE[dice.below(7) as usize],
        duration: Tick(1920),
        velocity: 60,
    });
    let bass = bass.collect();
    score.parts = vec![Part { notes, ..Part::default() }, Part { notes: bass, ..Part::default() }];
    score
}

fn folder(seeds: std::ops::Range<u64>, step: u32) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for seed in seeds {
        let bytes = midi::write(&tune(seed, step)).unwrap();
        std::fs::write(folder.path().join(format!("{seed:03}.mid")), bytes).unwrap();
    }
    folder
}

fn quick(candidate: &Path, reference: &Path) -> Settings {
    let classifier = ClassifierSettings { folds: 3, repeats: 1, deals: 12 };
    let comparison = compare::Settings { resamples: 40, mmd_deals: 40, classifier, ..compare::Settings::default() };
    Settings { comparison, ..Settings::new(candidate, reference) }
}

fn quiet(settings: &Settings) -> Evaluation {
    evaluate(settings, |_| {}).unwrap()
}

/// Panics unless every element is closed; returns how many there are of `name`.
fn elements(page: &str, name: &str) -> usize {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(page);
    let (mut depth, mut count) = (0, 0);
    loop {
        match reader.read_event().expect("well-formed markup") {
            Event::Eof => break,
            Event::Start(tag) => {
                assert!(tag.attributes().all(|attribute| attribute.is_ok()), "{tag:?}");
                (depth, count) = (depth + 1, count + usize::from(tag.name().as_ref() == name.as_bytes()));
            }
            Event::Empty(tag) => count += usize::from(tag.name().as_ref() == name.as_bytes()),
            Event::End(_) => depth -= 1,
            _ => {}
        }
    }
    assert_eq!(depth, 0, "every element is closed");
    count
}

#[test]
fn leaping_tunes_are_told_apart_and_everything_says_so() {
    let (reference, candidate, training) = (folder(0..24, 2), folder(100..116, 7), folder(200..206, 2));
    std::fs::write(candidate.path().join("<b>&broken.mid"), b"").unwrap();
    let settings = Settings { training: Some(training.path().to_owned()), ..quick(candidate.path(), reference.path()) };
    let evaluation = quiet(&settings);
    assert_eq!(evaluation.verdict(), Verdict::ToldApart, "{}", evaluation.headline());
    assert!(evaluation.features.iter().take(12).any(|row| row.family == "Melody" && row.outside == Some(true)));
    assert_eq!(evaluation.candidate.left_out.len(), 1);
    assert_eq!(evaluation.shown.len(), 4);
    assert!(evaluation.shown[0].distance <= evaluation.shown[3].distance);
    let scale = evaluation.scale.as_ref().unwrap();
    assert_eq!(scale.ceilings.len(), 6);
    let splits = scale.splits.as_ref().unwrap();
    assert_eq!((splits.areas.len(), splits.areas[0]), (10, scale.floor.classifier.as_ref().unwrap().auc.value));
    assert!(
        splits.lowest < splits.mean && splits.mean < splits.highest && (splits.mean - 0.5).abs() < 0.15,
        "{splits:?}"
    );
    assert!(!evaluation.originality.as_ref().unwrap().figures.is_empty());

    let page = html::page(&evaluation);
    for sentence in evaluation.sentences() {
        assert!(page.contains(&aeolian_picture::escape(&sentence)), "{sentence}");
    }
    assert!(page.contains("&lt;b&gt;&amp;broken.mid") && !page.contains("<b>&broken"));
    // The scale, the families, the legend, a picture of every feature, four piano rolls.
    assert_eq!(elements(&page, "svg"), 3 + evaluation.features.len() + 4);
    assert_eq!(elements(&page, "script") + elements(&page, "link"), 0);

    let text = text::terminal(&evaluation);
    assert!(text.lines().all(|line| line.chars().count() <= text::WIDTH), "{text}");
    let unwrapped = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(evaluation.sentences().iter().all(|sentence| unwrapped.contains(sentence.as_str())), "{text}");

    let json: serde_json::Value = serde_json::from_str(&serde_json::to_string(&evaluation).unwrap()).unwrap();
    let auc = evaluation.comparison.classifier.as_ref().unwrap().auc.value;
    assert_eq!(json["comparison"]["classifier"]["auc"]["value"].as_f64(), Some(auc));
    let difference = evaluation.features[0].difference.value;
    assert_eq!(json["features"][0]["difference"]["value"].as_f64(), Some(difference));
    assert_eq!(json["candidate"]["left_out"][0]["reason"].as_str(), Some("The file is empty."));
}

#[test]
fn a_folder_against_itself_is_at_the_floor() {
    let reference = folder(0..24, 2);
    let evaluation = quiet(&quick(reference.path(), reference.path()));
    assert_eq!(evaluation.verdict(), Verdict::NotToldApart, "{}", evaluation.headline());
    assert_eq!(evaluation.candidate_files_in_reference, 24);
    assert!(evaluation.features.iter().all(|row| row.difference.value == 0.0 && row.outside != Some(true)));
    assert!(evaluation.sentences().iter().any(|sentence| sentence.starts_with("24 files of the candidate also lie")));
}

#[test]
fn one_song_is_too_few_and_the_report_says_so() {
    let (reference, candidate) = (folder(0..1, 2), folder(1..2, 2));
    let evaluation = quiet(&Settings { cut: Cut::Bars(2), ..quick(candidate.path(), reference.path()) });
    assert_eq!(evaluation.verdict(), Verdict::Untested);
    assert!(evaluation.scale.is_none());
    assert!(evaluation.headline().starts_with("Too few songs to say anything: the reference has 1, the candidate 1"));
    assert!(text::terminal(&evaluation).contains("Too few songs"));
    elements(&html::page(&evaluation), "svg");
}

#[test]
fn a_folder_without_music_is_an_error_that_says_what_was_there() {
    let (reference, candidate) = (folder(0..2, 2), tempfile::tempdir().unwrap());
    let settings = quick(candidate.path(), reference.path());
    let error = evaluate(&settings, |_| {}).unwrap_err();
    assert!(error.to_string().ends_with("there is no .mid or .midi file in it."), "{error}");
    std::fs::write(candidate.path().join("a.mid"), b"").unwrap();
    assert!(matches!(evaluate(&settings, |_| {}), Err(Error::Nothing { files: 1, .. })));
}
