//! Folders of MIDI files turned into an honest evaluation: is a candidate told apart from a reference, and by what?
//!
//! [`evaluate()`] reads both folders ([`pieces`]), measures every piece ([`mod@table`]), compares the sets and puts every
//! figure between its two yardsticks ([`scale`]): the *floor* (one half of the reference against the other) and the
//! *ceilings* (the reference spoiled in known ways). With a training folder it also says how much is copied
//! ([`originality`]). The result says itself in plain sentences ([`Evaluation::sentences`]), as text for a terminal
//! ([`text::terminal`]), as one page of HTML ([`html::page`]), and in JSON through `serde`.
//!
//! ```no_run
//! use aeolian_report::{Cut, Settings, evaluate, html, text};
//!
//! let settings = Settings { cut: Cut::Bars(8), ..Settings::new("composed", "human") };
//! let evaluation = evaluate(&settings, |step| eprintln!("{step}"))?;
//! println!("{}", text::terminal(&evaluation));
//! std::fs::write("evaluation.html", html::page(&evaluation))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod evaluation;
pub mod features;
pub mod html;
pub mod originality;
pub mod pictures;
pub mod pieces;
pub mod scale;
pub mod sentences;
pub mod table;
pub mod text;

pub use evaluation::{Evaluation, Settings, evaluate};
pub use originality::{Originality, Spread};
pub use pieces::{Cut, NamedPiece, Set, read_folder};
pub use scale::{Ceiling, Scale};

use std::path::PathBuf;

/// Why there is no evaluation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A folder that cannot be listed.
    #[error("The folder {} cannot be read.", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A folder without a single piece that can be measured.
    #[error("{} holds no piece that can be measured: {}.", path.display(), nothing(*files))]
    Nothing {
        /// The folder.
        path: PathBuf,
        /// MIDI files in it, all of them left out.
        files: usize,
    },
}

fn nothing(files: usize) -> String {
    match files {
        0 => "there is no .mid or .midi file in it".to_owned(),
        1 => "its one MIDI file is damaged, empty or too short".to_owned(),
        files => format!("its {files} MIDI files are damaged, empty or too short"),
    }
}
