//! Evaluates a folder of MIDI files: `report_folder CANDIDATE REFERENCE OUT.html [BARS [TRAINING]]`.
//!
//! BARS: cut files into windows of so many bars (default 8; 0: whole pieces). Prints the text report, writes the page,
//! and the figures as JSON beside it.

use aeolian_report::{Cut, Settings, evaluate, html, text};
use std::path::{Path, PathBuf};
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [candidate, reference, out, rest @ ..] = &arguments[..] else {
        return Err("usage: report_folder CANDIDATE REFERENCE OUT.html [BARS [TRAINING]]".into());
    };
    let bars: usize = rest.first().map_or(Ok(8), |bars| bars.parse())?;
    let cut = if bars == 0 { Cut::Whole } else { Cut::Bars(bars) };
    let training = rest.get(1).map(PathBuf::from);
    let settings = Settings { cut, training, ..Settings::new(candidate, reference) };
    let start = Instant::now();
    let evaluation = evaluate(&settings, |step| eprintln!("{:6.1} s  {step}", start.elapsed().as_secs_f64()))?;
    eprintln!("{:6.1} s  Done", start.elapsed().as_secs_f64());
    print!("{}", text::terminal(&evaluation));
    std::fs::write(out, html::page(&evaluation))?;
    std::fs::write(Path::new(out).with_extension("json"), serde_json::to_string_pretty(&evaluation)?)?;
    Ok(())
}
