//! The `provision` command: reads an inventory, observes its nodes, plans, and
//! carries the plan out. What is decided is decided in `terrarium-plan`,
//! `terrarium-k3s` and `terrarium-helm`; here is what touches the world.

mod access;
pub mod artifact;
mod binaries;
pub mod cancel;
mod cli;
mod clock;
mod command;
mod credentials;
mod departed;
mod doctor;
mod error;
mod executor;
mod fetch;
mod file;
mod fit;
mod host;
mod hostkeys;
mod image;
mod input;
mod interrupt;
pub mod kubeconfig;
mod lockfile;
mod log;
mod login;
mod measured;
mod observe;
#[cfg(test)]
mod outside;
mod overlay;
mod package;
mod passphrases;
mod password;
mod places;
mod prompt;
mod reach;
mod registry;
mod report;
mod settings;
mod stack;
mod trust;
mod verify;
mod view;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use error::{Code, Failure};

/// Runs the command line; prints the one error there may be.
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|fault| report::terminal::remark(&format!("{fault}\n"))));
    let settings = settings::Settings::from_environment();
    settings.look.set();
    let words: Vec<OsString> = std::env::args_os().collect();
    // As it is typed, since nothing is known of the rest where that is wrong.
    let json = words.iter().any(|word| word == "--json");
    let mut cli = match cli::parse(&words) {
        Ok(cli) => cli,
        // Help is ours alone; an error repeats what was typed.
        Err(cli::Unparsed::Clap(error)) if error.use_stderr() => {
            let text = error.render().to_string();
            report::terminal::remark(&text);
            if json {
                report::terminal::failure_json(&Failure::plain(Code::Usage, told(&text)));
            }
            return Code::Usage.into();
        }
        Err(cli::Unparsed::Clap(error)) => error.exit(),
        Err(cli::Unparsed::Ours(failure)) => return ended(&failure, json),
    };
    let here = std::env::current_dir().ok();
    cli.common.settle(settings.inventory.as_deref(), here.as_deref());
    if let Some(command) = cli.on_nodes() {
        let head = format!(
            "provision {}: {}; inventory {}",
            env!("CARGO_PKG_VERSION"),
            command::line(),
            cli.common.inventory.display()
        );
        let verbose = cli.common.verbose;
        log::begin(settings.logs.as_deref(), &settings.me, command, &head, verbose);
    }
    let (cancel, children) = (settings.cancel.clone(), settings.children.clone());
    match interrupt::supervise(&cancel, &children, move || work(&cli, &settings)) {
        Ok(code) => {
            log::end(&format!("ended with exit code {}", code as u8));
            code.into()
        }
        Err(failure) => ended(&failure, json),
    }
}

/// Prints the error, for programs too where they read along.
fn ended(failure: &Failure, json: bool) -> ExitCode {
    report::terminal::failure(failure);
    log::end(&format!("ended with exit code {}: {}", failure.code as u8, failure.line()));
    if let Some(path) = log::path() {
        report::terminal::remark(&format!("log: {}\n", path.display()));
    }
    if json {
        report::terminal::failure_json(failure);
    }
    failure.code.into()
}

/// What clap says first of an error, in one line.
fn told(text: &str) -> String {
    let text = text.trim_start_matches("error:").trim_start();
    let first = text.split("\n\n").next().unwrap_or_default();
    first.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Does what the command line asks for.
fn work(cli: &cli::Cli, settings: &settings::Settings) -> Result<Code, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(interrupt::STACK)
        .enable_all()
        .build()
        .map_err(|error| Failure::internal("cannot start the runtime", &error))?;
    let result = runtime.block_on(async {
        let result = command::run(cli, settings).await;
        // Helm is given its moment; who listens for signals ends it at last.
        while !settings.children.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        result
    });
    // A thread that waits for the network or for a name would be waited for.
    runtime.shutdown_background();
    result
}
