//! What the program says, to somebody who may have heard enough.
//!
//! `aeolian doctor | head -1` closes the pipe after a line, and the standard macros panic at the next one. These bear their
//! names, so that no command can forget them: whoever stops listening misses sentences, never pieces, for the work
//! goes on to its end. What cannot be written for another reason (a full disk behind `>`) is told, and the program fails.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write, stderr, stdout};

/// Says it on the standard output.
pub fn out(text: Arguments<'_>) {
    if let Err(error) = stdout().lock().write_fmt(text)
        && error.kind() != ErrorKind::BrokenPipe
    {
        err(format_args!("the answer cannot be written: {error}\n"));
        std::process::exit(1);
    }
}

/// Says it on the standard error. There is nobody left to tell of it when that fails.
pub fn err(text: Arguments<'_>) {
    let _ = stderr().lock().write_fmt(text);
}

macro_rules! print {
    ($($text:tt)*) => { $crate::say::out(format_args!($($text)*)) };
}

macro_rules! println {
    ($($text:tt)*) => { $crate::say::out(format_args!("{}\n", format_args!($($text)*))) };
}

macro_rules! eprintln {
    ($($text:tt)*) => { $crate::say::err(format_args!("{}\n", format_args!($($text)*))) };
}
