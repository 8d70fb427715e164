//! Learns voices from a SoundFont, in turn, without the rest of the program; `aeolian voice fit` does the same with a progress bar.
//!
//!     cargo run --release -p aeolian-voice --example learn -- FONT.sf2 models/voices flute:73 trumpet:56
//!
//! You should see the loss fall, and of each voice its distances on held-out notes beside the house's voice and noise.

use aeolian_synth::SoundFont;
use aeolian_voice::fit::{FitSettings, Progress};
use aeolian_voice::workshop::{Origin, beside_font, learn_from_font};
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [font, folder, voices @ ..] = &arguments[..] else {
        return Err("usage: learn FONT FOLDER NAME:PROGRAM…".into());
    };
    let (font, folder) = (SoundFont::open(font)?, PathBuf::from(folder));
    std::fs::create_dir_all(&folder)?;
    for voice in voices {
        let (name, program) = voice.split_once(':').ok_or("a voice is NAME:PROGRAM")?;
        let origin = Origin {
            name: name.to_owned(),
            program: program.parse()?,
            source: format!("{} by Frank Wen, program {program}", font.name()),
            licence: "MIT".to_owned(),
        };
        let start = std::time::Instant::now();
        let told = |progress| match progress {
            Progress::Amplitudes(step, loss) if step % 100 == 0 => println!("{name} amplitudes {step} {loss:.3}"),
            Progress::Sound(step, loss) if step % 10 == 0 => println!("{name} sound {step} {loss:.3}"),
            _ => {}
        };
        let Some((voice, report)) = learn_from_font(&font, origin, &FitSettings::default(), told)? else {
            println!("{name}: the font is silent");
            continue;
        };
        std::fs::write(folder.join(format!("{name}.safetensors")), voice.to_bytes()?)?;
        let sound = beside_font(&font, &voice)?;
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 44_100,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut wav = hound::WavWriter::create(std::env::temp_dir().join(format!("{name}-ab.wav")), spec)?;
        sound.iter().try_for_each(|x| wav.write_sample((x * 32_767.0) as i16))?;
        wav.finalize()?;
        let seconds = start.elapsed().as_secs();
        println!("{name}: {report:?}\n{:?}\nbetter: {}, {seconds} s", voice.card, report.is_better());
    }
    Ok(())
}
