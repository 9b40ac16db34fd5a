//! The command line as a whole: what clap makes of [`Cli`], with examples, and
//! what it is answered where it is wrong.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, CommandFactory as _, FromArgMatches as _};

use super::{Cli, Command, Selection, environment, examples, meant};
use crate::error::{Code, Failure};

/// What a command has no use for, by its words: it is understood, as an alias of
/// the shell may have it always, and not listed.
const UNUSED: &[(&str, &[&str])] = &[
    ("init", &["ask_password", "host_keys", "patience", "verbose"]),
    ("trust", &["ask_password", "host_keys"]),
    ("targets", &["ask_password", "host_keys", "patience", "json", "verbose"]),
    ("lock", &["ask_password", "host_keys", "verbose"]),
    ("lock accept", &["patience", "json"]),
    ("schema", &["named", "ask_password", "host_keys", "patience", "json", "verbose"]),
    ("completions", &["named", "ask_password", "host_keys", "patience", "json", "verbose"]),
    ("man", &["named", "ask_password", "host_keys", "patience", "json", "verbose"]),
    ("version", &["named", "ask_password", "host_keys", "patience", "verbose"]),
];

/// Why a command line was not understood, or is no work.
#[derive(Debug)]
pub(crate) enum Unparsed {
    /// In clap's words; help and the version are among them.
    Clap(clap::Error),
    /// In ours.
    Ours(Failure),
}

/// The command line's whole definition.
pub(crate) fn command() -> clap::Command {
    let command = Cli::command();
    let globals = command.get_arguments().filter(|arg| arg.is_global_set());
    let globals: Vec<Arg> = globals.cloned().collect();
    dress(command, "", &globals)
        .after_help(examples::after(""))
        .after_long_help(examples::after("") + &environment::after())
}

/// Adds to a command and those below it what clap cannot know.
fn dress(mut command: clap::Command, path: &str, globals: &[Arg]) -> clap::Command {
    let unused = UNUSED.iter().filter(|(of, _)| *of == path).flat_map(|(_, ids)| *ids);
    for id in unused {
        if let Some(arg) = globals.iter().find(|arg| arg.get_id() == id) {
            command = command.arg(arg.clone().hide(true));
        }
    }
    command.after_help(examples::after(path)).mut_subcommands(|below| {
        let path = format!("{path} {}", below.get_name());
        dress(below, path.trim_start(), globals)
    })
}

/// Reads the command line, the program's own name first.
pub(crate) fn parse(words: &[OsString]) -> Result<Cli, Unparsed> {
    let matches = command().try_get_matches_from(words).map_err(|error| told(error, words))?;
    let mut cli = Cli::from_arg_matches(&matches).map_err(Unparsed::Clap)?;
    carry_over(&mut cli).map_err(Unparsed::Ours)?;
    Ok(cli)
}

/// What a run understands may stand before a command that runs, plans or looks, and
/// before no other: nothing that is said is passed over.
fn carry_over(cli: &mut Cli) -> Result<(), Failure> {
    let Some(command) = &mut cli.command else { return Ok(()) };
    let (anyway, selection) = match command {
        Command::Plan { anyway, selection, .. } | Command::Apply { anyway, selection } => {
            (Some(anyway), Some(selection))
        }
        Command::Status(selection) => (None, Some(selection)),
        _ => (None, None),
    };
    let refuse = |option: &str, why: &str, understood: &str| {
        let hint = format!("leave it out; {understood} understand it");
        Err(Failure::plain(Code::Usage, format!("`{option}` is about {why}")).hint(Some(hint)))
    };
    match anyway {
        Some(anyway) => anyway.ignore_fit |= cli.anyway.ignore_fit,
        None if cli.anyway.ignore_fit => {
            let why = "what a run deploys: this command deploys nothing";
            return refuse("--ignore-fit", why, "`provision apply` and `provision plan`");
        }
        None => {}
    }
    let before = std::mem::take(&mut cli.selection);
    match selection {
        Some(selection) => {
            selection.without_node.extend(before.without_node);
            selection.only.extend(before.only);
        }
        None if before != Selection::default() => {
            let option = if before.only.is_empty() { "--without-node" } else { "--only" };
            let why = "the nodes of a run: this command has no use for it";
            return refuse(option, why, "`provision apply`, `plan` and `status`");
        }
        None => {}
    }
    Ok(())
}

/// A word of another program's gets an answer of its own.
fn told(error: clap::Error, words: &[OsString]) -> Unparsed {
    let said = |kind| match error.get(kind) {
        Some(ContextValue::String(said)) => Some(said.as_str()),
        _ => None,
    };
    let answer = match error.kind() {
        ErrorKind::InvalidSubcommand => said(ContextKind::InvalidSubcommand)
            .and_then(|word| meant::command(parent(words, word), word)),
        ErrorKind::UnknownArgument => said(ContextKind::InvalidArg).and_then(meant::option),
        _ => None,
    };
    answer.map_or(Unparsed::Clap(error), Unparsed::Ours)
}

/// The command that a word stands behind, where that has commands of its own.
fn parent<'a>(words: &'a [OsString], word: &str) -> Option<&'a str> {
    let before = words.iter().skip(1).map_while(|said| said.to_str().filter(|said| *said != word));
    before.into_iter().find(|said| ["stack", "lock"].contains(said))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Anyway;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn what_is_said_of_a_stack_that_does_not_fit_counts_before_and_after_the_command() {
        for line in ["provision --ignore-fit apply", "provision apply --ignore-fit"] {
            let cli = parse(&words(line)).unwrap();
            let Some(Command::Apply { anyway: Anyway { ignore_fit: true }, .. }) = cli.command
            else {
                panic!("{cli:?}");
            };
        }
        for line in ["provision --ignore-fit plan", "provision plan --ignore-fit --diff"] {
            let cli = parse(&words(line)).unwrap();
            let Some(Command::Plan { anyway: Anyway { ignore_fit: true }, .. }) = cli.command
            else {
                panic!("{cli:?}");
            };
        }
        for command in ["status", "init", "verify", "lock update", "schema", "fit", "probe"] {
            let line = words(&format!("provision --ignore-fit {command}"));
            let Err(Unparsed::Ours(failure)) = parse(&line) else { panic!("{command}") };
            assert_eq!(failure.code, Code::Usage);
            assert!(parse(&words(&format!("provision {command} --ignore-fit"))).is_err());
        }
    }

    /// Of a command and all below it, the words and itself.
    fn all(command: &clap::Command, path: &str, found: &mut Vec<(String, clap::Command)>) {
        found.push((path.to_owned(), command.clone()));
        for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
            all(below, format!("{path} {}", below.get_name()).trim(), found);
        }
    }

    #[test]
    fn own_options_and_those_of_every_command_stand_apart_and_in_one_order() {
        let mut built = command();
        built.build();
        let mut commands = Vec::new();
        all(&built, "", &mut commands);
        assert!(commands.len() > 15);
        let mut usual: Option<Vec<String>> = None;
        for (path, command) in &mut commands {
            let shown = |arg: &&Arg| !arg.is_hide_set() && !arg.is_positional();
            let globals = command.get_arguments().filter(shown).filter(|arg| arg.is_global_set());
            let ids: Vec<String> = globals.map(|arg| arg.get_id().to_string()).collect();
            let usual = usual.get_or_insert_with(|| ids.clone());
            let mut rest = usual.iter();
            assert!(ids.iter().all(|id| rest.any(|other| other == id)), "{path}: {ids:?}");
            for arg in command.get_arguments().filter(shown) {
                let global = arg.get_help_heading() == Some("Global options");
                assert_eq!(global, arg.is_global_set(), "{path}: {}", arg.get_id());
            }
            let help = command.render_long_help().to_string();
            assert!(help.contains("\nGlobal options:\n"), "{help}");
            assert!(help.contains("\nExamples:\n"), "{help}");
        }
    }

    #[test]
    fn what_a_command_has_no_use_for_is_understood_and_not_listed() {
        let mut built = command();
        built.build();
        let mut commands = Vec::new();
        all(&built, "", &mut commands);
        for (of, ids) in UNUSED {
            let (_, command) = commands.iter().find(|(path, _)| path == of).expect(of);
            for id in *ids {
                let arg = command.get_arguments().find(|arg| arg.get_id() == *id).expect(id);
                assert!(arg.is_hide_set(), "{of}: {id}");
            }
        }
        let cli = parse(&words("provision init 10.0.0.1 -K --patience 2")).unwrap();
        assert!(cli.common.ask_password && cli.common.patience > 1.9);
        let cli = parse(&words("provision -K schema --json")).unwrap();
        assert!(cli.common.ask_password && cli.common.json);
    }
}
