//! `lab`: virtual Raspberry Pis.

mod cli;

use std::error::Error;
use std::io::Write;
use std::iter::successors;
use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::run(cli::Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            let first: &dyn Error = &error;
            let chain = successors(Some(first), |error| (*error).source());
            let text: Vec<String> = chain.map(ToString::to_string).collect();
            let _ = writeln!(std::io::stderr(), "lab: {}", text.join(": "));
            ExitCode::FAILURE
        }
    }
}
