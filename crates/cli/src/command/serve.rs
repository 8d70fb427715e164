//! `aeolian serve`: the studio in the browser, and the interface behind it for programs.

use super::values::within;
use aeolian_serve::{Settings, serve, user_data_folder};
use anyhow::Context;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// The port if nobody says one.
const USUAL_PORT: u16 = 7654;

/// Arguments of `aeolian serve`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The port; 0 takes any that is free.
    #[arg(long, default_value_t = USUAL_PORT)]
    port: u16,
    /// The address to listen on; any but this machine's own needs a token, which is printed.
    #[arg(long, default_value = "127.0.0.1", value_parser = address)]
    host: IpAddr,
    /// The folder for the library and the queue; the user's own data folder if absent.
    #[arg(long)]
    data: Option<PathBuf>,
    /// A PostgreSQL database instead, such as postgres://user@host/aeolian: several machines can work on one queue.
    #[arg(long, env = "AEOLIAN_DATABASE", hide_env_values = true)]
    database: Option<String>,
    /// The token that must be shown; drawn and printed if one is needed and none is given.
    #[arg(long, env = "AEOLIAN_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Jobs that are worked on at once; 0 only queues them, for other machines.
    #[arg(long, default_value_t = 1, allow_negative_numbers = true, value_parser = within::<usize>("the number of jobs", 0..=256))]
    workers: usize,
    /// Open the studio in the browser.
    #[arg(long)]
    open: bool,
    /// Write logs as JSON.
    #[arg(long)]
    log_json: bool,
}

/// An address of this machine.
fn address(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| "an address is four numbers such as 127.0.0.1, or in the longer form ::1".to_owned())
}

/// Serves until it is stopped.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    aeolian_serve::log(arguments.log_json);
    let data =
        arguments.data.or_else(user_data_folder).context("there is no home folder here; say a folder with --data")?;
    anyhow::ensure!(arguments.token.as_ref().is_none_or(|t| !t.trim().is_empty()), "an empty token opens to everybody");
    let settings = Settings {
        address: SocketAddr::new(arguments.host, arguments.port),
        database: arguments.database,
        token: arguments.token,
        workers: arguments.workers,
        ..Settings::local(data, arguments.port)
    };
    let open = arguments.open;
    serve(settings, |url| {
        println!("Aeolian is at {url} (Ctrl-C stops it)");
        if open {
            open_browser(url);
        }
    })?;
    Ok(())
}

/// Where there is no browser the address is on the screen.
fn open_browser(url: &str) {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    let quiet = std::process::Stdio::null;
    let _ = std::process::Command::new(program).arg(url).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn();
}
