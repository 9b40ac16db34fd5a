//! `terrarium-agent`: see the library.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use terrarium_agent::{cli::Args, foreign, server};

fn main() -> ExitCode {
    let (given, said) = foreign::translate(std::env::args_os());
    let args = Args::parse_from(given);
    for line in said {
        let _ = writeln!(std::io::stderr(), "{line}");
    }
    match server::run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut stderr = std::io::stderr().lock();
            let mut layer: Option<&dyn Error> = Some(&error);
            let mut lead = "error";
            while let Some(error) = layer {
                // With standard error gone there is nobody left to tell.
                let _ = writeln!(stderr, "{lead}: {error}");
                layer = error.source();
                lead = "  because";
            }
            ExitCode::FAILURE
        }
    }
}
