//! Prints the notes heard in sound files, one a line: onset and offset in seconds, MIDI pitch.
use aeolian_listen::attack::attack;
use aeolian_listen::pitch_track::pitch_track;
use aeolian_listen::{decode, notes};
fn main() {
    let dump = std::env::var("DUMP").is_ok();
    for path in std::env::args().skip(1) {
        if let Ok(text) = std::fs::read_to_string(format!("{path}.frames")) {
            cached(&path, &text);
            continue;
        }
        let recording = match decode(&std::fs::read(&path).expect("a file")) {
            Ok(r) => r,
            Err(e) => {
                println!("# {path} {e}");
                continue;
            }
        };
        let t = std::time::Instant::now();
        let track = pitch_track(&recording);
        let t1 = t.elapsed().as_secs_f64();
        let attack = attack(&recording);
        let t2 = t.elapsed().as_secs_f64();
        let heard = notes::notes(&track, &attack);
        show(&path, recording.seconds(), [t1, t2 - t1, t.elapsed().as_secs_f64() - t2], &heard);
        if dump {
            let mut s = String::new();
            for i in 0..track.len() {
                s += &format!(
                    "{} {} {} {}\n",
                    track[i].pitch.unwrap_or(0.0),
                    track[i].probability,
                    attack.flux[i],
                    attack.level_db[i]
                );
            }
            std::fs::write(format!("{path}.frames"), s).unwrap();
        }
    }
}

fn cached(path: &str, text: &str) {
    let mut attack = aeolian_listen::attack::Attack::default();
    let mut track = Vec::new();
    for line in text.lines() {
        let w: Vec<f64> = line.split(' ').map(|w| w.parse().unwrap()).collect();
        track.push(aeolian_listen::pitch_track::Frame { pitch: (w[0] > 0.0).then_some(w[0]), probability: w[1] });
        attack.flux.push(w[2] as f32);
        attack.level_db.push(w[3] as f32);
    }
    show(path, 1.0, [1.0; 3], &notes::notes(&track, &attack));
}

fn show(path: &str, seconds: f64, took: [f64; 3], heard: &notes::Heard) {
    let onsets: Vec<f64> = heard.notes.iter().map(|n| n.onset).collect();
    // Of what was only cached, notes alone are of interest.
    let beats = if seconds > 1.0 { aeolian_listen::beats::beats(&onsets, None) } else { None };
    let score = beats.as_ref().map(|b| aeolian_listen::score::to_score(&heard.notes, b, 4));
    println!("# {path} {seconds} {} {} {} {}", took[0], took[1], took[2], beats.map_or(0.0, |b| b.qpm));
    for (i, n) in heard.notes.iter().enumerate() {
        let quarter = score.as_ref().map_or(0.0, |s| s.parts[0].notes[i].onset.0 as f64 / s.ticks_per_quarter as f64);
        println!("{} {} {} {} {} {}", n.onset, n.offset, n.pitch, n.cents, n.level_db, quarter);
    }
}
