//! One file per subcommand.

mod apply;
mod completions;
mod credentials;
mod doctor;
mod fit;
mod init;
mod kubeconfig;
mod lock;
mod man;
mod owner;
mod plan;
pub(crate) mod prepare;
mod probe;
mod report;
mod schema;
mod scope;
mod stack;
pub(crate) mod status;
mod targets;
mod trust;
mod update;
mod verify;
mod version;

use std::path::Path;

use terrarium_inventory::Inventory;
use terrarium_ssh::places::Rule;

use crate::cancel::interrupted;
use crate::cli::{Cli, Command, Common, Found, LockCommand};
use crate::error::{Code, Failure};
use crate::fit::answer::Word;
use crate::fit::html::parts::Made;
use crate::lockfile::LockFile;
use crate::report::secrets::masked;
use crate::report::terminal;
use crate::settings::Settings;
use crate::{clock, file, input, overlay, places, reach};

/// What an inventory of standard input is called.
const STANDARD_INPUT: &str = "standard input";

/// The exit code of a verdict's word.
fn code(word: Word) -> Code {
    if word == Word::DoesNotFit { Code::Refused } else { Code::Done }
}

/// When this is, and how the program was called.
fn made() -> Made {
    Made { at: clock::minute(), command: line() }
}

/// How the program was called.
pub(crate) fn line() -> String {
    let quoted = |word: String| {
        let plain = |letter: char| letter.is_alphanumeric() || "-_./,:=@%+".contains(letter);
        if !word.is_empty() && word.chars().all(plain) { word } else { format!("'{word}'") }
    };
    let options =
        std::env::args_os().skip(1).map(|word| quoted(word.to_string_lossy().into_owned()));
    let command: Vec<String> = std::iter::once("provision".to_owned()).chain(options).collect();
    command.join(" ")
}

/// Writes a page where one is asked for.
fn write_page(path: Option<&Path>, page: impl FnOnce() -> String) -> Result<(), Failure> {
    let Some(path) = path else { return Ok(()) };
    file::replace(path, &masked(&page()))
        .map_err(|error| Failure::new(Code::Usage, "cannot write the page", &error))
}

/// Runs what the command line asks for.
pub(crate) async fn run(cli: &Cli, settings: &Settings) -> Result<Code, Failure> {
    let work = async {
        match &cli.command {
            None => apply::run(&cli.common, settings, cli.anyway, &cli.selection).await,
            Some(Command::Apply { anyway, selection }) => {
                apply::run(&cli.common, settings, *anyway, selection).await
            }
            Some(Command::Plan { exit_code, diff, anyway, selection }) => {
                let options = plan::Options {
                    exit_code: *exit_code,
                    diff: *diff,
                    ignore_fit: anyway.ignore_fit,
                };
                plan::run(&cli.common, settings, options, selection).await
            }
            Some(Command::Status(selection)) => status::run(&cli.common, settings, selection).await,
            Some(Command::Probe { node, save }) => {
                probe::run(&cli.common, settings, node.as_deref(), save.as_deref()).await
            }
            Some(Command::Trust(options)) => trust::run(&cli.common, settings, options).await,
            Some(Command::Doctor { bundle }) => {
                doctor::run(&cli.common, settings, bundle.as_deref()).await
            }
            Some(Command::Fit(fit)) => fit::run(&cli.common, settings, fit).await,
            Some(Command::Report(options)) => report::run(&cli.common, settings, options).await,
            Some(Command::Verify { edges }) => verify::run(&cli.common, settings, edges).await,
            Some(Command::Credentials { ca: true, .. }) => {
                credentials::authority(&cli.common, settings).await
            }
            Some(Command::Credentials { services, .. }) => {
                credentials::run(&cli.common, settings, services).await
            }
            Some(Command::Kubeconfig(options)) => {
                kubeconfig::run(&cli.common, settings, options).await
            }
            Some(Command::Stack { command }) => stack::run(&cli.common, settings, command).await,
            Some(Command::Targets { output }) => {
                targets::run(&cli.common, settings, output.as_deref())
            }
            Some(Command::Lock { command: LockCommand::Accept { name, digest } }) => {
                lock::run(&cli.common, settings, name, digest)
            }
            Some(Command::Lock { command: LockCommand::Update { images } }) => {
                update::run(&cli.common, settings, images).await
            }
            Some(Command::Init(options)) => init::run(&cli.common, settings, options),
            Some(Command::Schema) => schema::run(),
            Some(Command::Completions { shell }) => Ok(completions::run(*shell)),
            Some(Command::Man { out }) => man::run(out),
            Some(Command::Version) => version::run(&cli.common),
        }
    };
    tokio::select! {
        result = work => result,
        () = settings.cancel.wait() => Err(interrupted()),
    }
}

/// Says which inventory is used, where it is not the one everybody would expect.
fn name(common: &Common) {
    if let Some(remark) = common.remark() {
        terminal::remark(&format!("{remark}\n"));
    }
}

/// Reads the inventory; its problems are shown with the file's own lines.
fn load(common: &Common, settings: &Settings) -> Result<Inventory, Failure> {
    let path = common.inventory.as_path();
    name(common);
    // Whoever writes one of these says what root does on every node.
    let lock = LockFile::of(path);
    for (what, path) in [
        ("the inventory", path),
        ("the file of measured sizes", &overlay::path(path)),
        ("the lock file", lock.path()),
    ] {
        places::hold(what, path, Rule::Shared, &settings.me)?;
    }
    let mut inventory = if common.found == Found::Input {
        let read = Inventory::read(STANDARD_INPUT, path, input::standard(&settings.cancel));
        // What was cut off has problems of its own.
        settings.cancel.check()?;
        read.map_err(|problems| Failure::inventory(Path::new(STANDARD_INPUT), problems))?
    } else {
        Inventory::load(path).map_err(|problems| Failure::inventory(path, problems))?
    };
    reach::follow(&mut inventory, settings)?;
    Ok(inventory)
}
