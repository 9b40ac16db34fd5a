//! The `provision` command: reads an inventory, observes its nodes, plans, and
//! carries the plan out. What is decided is decided in `terrarium-plan`,
//! `terrarium-k3s` and `terrarium-helm`; here is what touches the world.

mod access;
pub mod artifact;
mod binaries;
mod cli;
mod clock;
mod command;
mod credentials;
mod error;
mod executor;
mod fetch;
mod file;
mod fit;
mod host;
mod image;
pub mod kubeconfig;
#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "fetching begins to use it next"))]
mod lockfile;
mod measured;
mod observe;
mod overlay;
mod package;
mod report;
mod settings;
mod stack;
mod verify;
mod view;

use std::process::ExitCode;

use clap::Parser as _;

/// Runs the command line; prints the one error there may be.
pub fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let settings = settings::Settings::from_environment();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(command::run(&cli, &settings)),
        Err(error) => Err(error::Failure::internal("cannot start the runtime", &error)),
    };
    match result {
        Ok(code) => code.into(),
        Err(failure) => {
            report::terminal::failure(&failure);
            failure.code.into()
        }
    }
}
