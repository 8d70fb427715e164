//! Who plays what: the lanes that are usual in an idiom, and the General MIDI programs of its lanes.

use crate::Request;
use aeolian_canvas::{Ensemble, Idiom, NoteLane, lanes_by_name};
use aeolian_score::Score;

/// The lanes of a new piece when nobody names them.
pub fn usual_lanes(idiom: Idiom) -> Ensemble {
    use NoteLane::{Bass, Counter, Drums, Harmony, Melody, Sustained};
    let lanes: &[NoteLane] = match idiom {
        Idiom::PopPiano => &[Melody, Counter, Harmony],
        Idiom::Band => &[Melody, Harmony, Bass, Drums],
        Idiom::LeadSheet | Idiom::Folk => &[Melody],
        Idiom::Lied => &[Melody, Harmony],
        Idiom::Quartet | Idiom::Chorale => &[Melody, Counter, Bass, Sustained],
        Idiom::DrumKit => &[Drums],
        Idiom::Game => &[Melody, Harmony, Bass, Drums, Sustained],
        Idiom::Piano => &[Harmony],
    };
    NoteLane::ALL.map(|lane| lanes.contains(&lane))
}

/// The General MIDI program (0–127) of a lane where nothing else is known: piano, bass guitar, strings.
pub fn usual_program(lane: NoteLane) -> u8 {
    match lane {
        NoteLane::Melody | NoteLane::Counter | NoteLane::Harmony | NoteLane::Drums => 0,
        NoteLane::Bass => 33,
        NoteLane::Sustained => 48,
    }
}

/// The General MIDI program (0–127) of a lane in a new piece.
pub fn program(idiom: Idiom, lane: NoteLane) -> u8 {
    let lane_number = lane as usize;
    match idiom {
        // Flute, clarinet, piano, bass guitar, drums, strings.
        Idiom::Band | Idiom::Game => [73, 71, 0, 33, 0, 48][lane_number],
        Idiom::LeadSheet => [73, 71, 0, 32, 0, 48][lane_number],
        // A voice and its piano.
        Idiom::Lied => [53, 53, 0, 0, 0, 48][lane_number],
        // Violin, violin, viola, cello.
        Idiom::Quartet => [40, 40, 41, 42, 0, 41][lane_number],
        Idiom::Chorale => 52,
        // Fiddle.
        Idiom::Folk => [40, 73, 24, 32, 0, 48][lane_number],
        Idiom::PopPiano | Idiom::DrumKit | Idiom::Piano => usual_program(lane),
    }
}

/// Gives the parts from number `first` on the instruments of their lanes; earlier ones are a person's own.
pub fn give(request: &Request, first: usize, score: &mut Score) {
    let asked = request.instruments_by_lane();
    let lanes = lanes_by_name(score);
    for (part, lane) in score.parts.iter_mut().zip(lanes).skip(first) {
        let instrument = asked.iter().find(|(of, _)| Some(*of) == lane);
        if let Some((_, instrument)) = instrument {
            part.program = instrument.program();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_score::Part;

    #[test]
    fn every_idiom_has_lanes_and_real_programs() {
        for idiom in Idiom::ALL {
            assert!(usual_lanes(idiom).contains(&true), "{idiom:?}");
            assert!(NoteLane::ALL.into_iter().all(|lane| program(idiom, lane) < 128));
        }
        assert_eq!(usual_lanes(Idiom::PopPiano), [true, true, true, false, false, false]);
    }

    #[test]
    fn new_parts_get_what_was_asked_and_others_keep_theirs() {
        let part = |name: &str| Part { name: name.into(), program: 5, ..Part::default() };
        let mut score = Score { parts: vec![part("Melody"), part("Counter"), part("Harmony")], ..Score::new(12) };
        let request = Request { instruments: "melody:flute; harmony:organ".parse().ok(), ..Request::default() };
        give(&request, 1, &mut score);
        assert_eq!(score.parts.iter().map(|p| p.program).collect::<Vec<_>>(), [5, 5, 19]);
        give(&request, 0, &mut score);
        assert_eq!(score.parts[0].program, 73);
    }
}
