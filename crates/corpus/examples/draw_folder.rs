//! Draws what folders of music hold, one sheet of charts for each set.
//!
//! Run: `cargo run --release -p aeolian-corpus --example draw_folder -- OUT FOLDER…`
//! You should see a table here, and OUT/SET.svg for every set.

use aeolian_corpus::audit::{Audit, sheet, table};
use aeolian_corpus::{Corpus, build};
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let out = arguments.next().ok_or("say where to write, and which folders to read")?;
    let folders: Vec<PathBuf> = arguments.collect();
    std::fs::create_dir_all(&out)?;
    let corpus = out.join("music.corpus");
    let report = build(&folders, None, &corpus, &mut |_| {})?;
    let audit = Audit::of(&Corpus::open(&corpus)?, Some(&report))?;
    print!("{}", table(&audit));
    for set in &audit.sets {
        std::fs::write(out.join(&set.set).with_extension("svg"), sheet(set))?;
    }
    Ok(())
}
