//! `aeolian doctor`: what was found on this machine, in a few lines to read or to send along with a question.

use aeolian_compose::Composer;
use aeolian_compose::builtin::BUILTIN;
use aeolian_kernels::Isa;
use aeolian_synth::soundfont;
use anyhow::Context;
use std::path::{Path, PathBuf};

/// Arguments of `aeolian doctor`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Folder whose writability is tried.
    #[arg(long, default_value = ".")]
    out: PathBuf,
}

/// Looks around and tells. A model that does not load is the only thing that nothing can be done without.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    println!("Aeolian {} on {} ({})", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    println!("cores: {}", rayon::current_num_threads());
    let sets: Vec<&str> = Isa::available().into_iter().map(set_name).collect();
    println!("instruction sets: {}; at work: {}", sets.join(", "), set_name(Isa::detected()));
    for model in &BUILTIN {
        Composer::builtin(model.name)
            .with_context(|| format!("the {} model inside this program is damaged", model.name))?;
        println!("model: {}, {}, loads", model.name, size(model.weights.len() as u64));
    }
    println!("sound files: WAV (16, 24, 32 bits), FLAC (16, 24 bits), Ogg Vorbis");
    let fonts = soundfont::found();
    for font in &fonts {
        let bytes = std::fs::metadata(font).map_or(0, |m| m.len());
        println!("SoundFont: {} ({})", font.display(), size(bytes));
    }
    if fonts.is_empty() {
        println!("SoundFonts: none found; the house instruments need none (Debian has one in fluid-soundfont-gm)");
    }
    match try_to_write(&arguments.out) {
        Ok(()) => println!("folder {}: files can be written", arguments.out.display()),
        Err(error) => println!("folder {}: nothing can be written ({error})", arguments.out.display()),
    }
    Ok(())
}

fn set_name(isa: Isa) -> &'static str {
    match isa {
        Isa::Portable => "portable",
        Isa::Avx2 => "AVX2",
        Isa::Avx512 => "AVX-512",
    }
}

fn size(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn try_to_write(folder: &Path) -> std::io::Result<()> {
    let trial = folder.join(format!(".aeolian-{}.part", std::process::id()));
    std::fs::write(&trial, b"a trial")?;
    std::fs::remove_file(&trial)
}
