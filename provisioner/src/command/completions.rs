//! `provision completions`

use clap_complete::Shell;

use crate::cli::command;
use crate::error::Code;
use crate::report::terminal;

/// Prints what a shell reads to complete our command line.
pub(super) fn run(shell: Shell) -> Code {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "provision", &mut script);
    terminal::program(&String::from_utf8_lossy(&script));
    Code::Done
}
