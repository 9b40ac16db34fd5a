//! `terrarium-source`: see the library.

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use terrarium_source::cli::Args;
use terrarium_source::{command, log};

fn main() -> ExitCode {
    let Err(failure) = command::run(&Args::parse()) else { return ExitCode::SUCCESS };
    let mut layer: Option<&dyn Error> = Some(&failure);
    let mut lead = "error";
    while let Some(error) = layer {
        log::line(format_args!("{lead}: {error}"));
        layer = error.source();
        lead = "  because";
    }
    ExitCode::from(failure.code())
}
