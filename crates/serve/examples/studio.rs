//! The server without the rest of the program, for whoever works on it: builds in a fraction of the time.
//!
//!     cargo run -p aeolian-serve --example studio -- serve --port 7654 --data /tmp/studio

use aeolian_serve::{Settings, serve};

fn main() {
    aeolian_serve::log(false);
    let words: Vec<String> = std::env::args().collect();
    let after = |flag: &str| words.iter().position(|word| word == flag).and_then(|at| words.get(at + 1)).cloned();
    let port = after("--port").and_then(|port| port.parse().ok()).unwrap_or(7654);
    let data = after("--data").unwrap_or_else(|| "/tmp/aeolian-studio".into());
    let settings = Settings {
        database: after("--database").or_else(|| std::env::var("AEOLIAN_DATABASE").ok()),
        ..Settings::local(data.into(), port)
    };
    if let Err(error) = serve(settings, |url| println!("Aeolian is at {url} (Ctrl-C stops it)")) {
        eprintln!("{error}");
        std::process::exit(1);
    }
}
