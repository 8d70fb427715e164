//! Plays a MIDI file with a SoundFont and the hall, without mastering, into a 16-bit WAV: what fluidsynth does, for comparison.
//!
//!     cargo build --release -p aeolian-synth --example soundfont_speed
//!     time target/release/examples/soundfont_speed FONT.sf2 FILE.mid ours.wav
//!     time fluidsynth -ni -q -r 44100 -F theirs.wav FONT.sf2 FILE.mid
//!
//! A fourth argument "dry" leaves the hall out. `docs/soundfont-speed.sh` measures both alike.

use aeolian_synth::{Instruments, RenderSettings, SoundFont, mix, wav};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [font, file, out, dry @ ..] = &arguments[..] else {
        return Err("usage: soundfont_speed FONT FILE.mid OUT.wav [dry]".into());
    };
    let score = aeolian_score::midi::read(&std::fs::read(file)?)?.score;
    let font = SoundFont::open_for(font, &score)?;
    let reverb = if dry.is_empty() { RenderSettings::default().reverb } else { 0.0 };
    let settings = RenderSettings { reverb, ..RenderSettings::default() };
    let mix = mix(&score, &settings, Instruments::SoundFont(&font))?;
    wav::write(&mix, out)?;
    println!("{out}: {:.1} seconds of {} parts", mix.seconds(), score.parts.len());
    Ok(())
}
