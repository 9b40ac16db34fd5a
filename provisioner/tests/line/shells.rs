//! Completions in the shells they are for, and manual pages as man reads them.

use std::path::Path;
use std::process::Command;

use crate::world::{self, provision};

/// The completions of a shell, written into a file.
fn completions(shell: &str, folder: &Path) -> String {
    let ran = provision(folder, &["completions", shell], "");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let file = folder.join(format!("completions.{shell}"));
    std::fs::write(&file, ran.stdout).unwrap();
    file.to_str().unwrap().to_owned()
}

/// Has a shell run a script; its output in words.
fn told(shell: &str, words: &[&str], folder: &Path) -> Vec<String> {
    let mut command: Command = world::command(shell, folder);
    command.args(words);
    let ran = world::run(command, "");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", ran.stdout);
    ran.stdout.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

/// What is typed, what has to be among the proposals, and what must not be.
const CASES: [(&[&str], &[&str], &[&str]); 4] = [
    (&["pl"], &["plan"], &["apply", "status"]),
    (&["plan", "--ex"], &["--exit-code"], &["--ignore-fit"]),
    (&["plan", "--host-keys", ""], &["ask", "accept-new", "strict"], &["plan"]),
    (&["stack", "re"], &["remove"], &["report"]),
];

fn check(propose: impl Fn(&[&str]) -> Vec<String>) {
    for (typed, there, absent) in CASES {
        let proposed = propose(typed);
        for word in there {
            assert!(proposed.iter().any(|found| found == word), "{typed:?}: {proposed:?}");
        }
        for word in absent {
            assert!(!proposed.iter().any(|found| found == word), "{typed:?}: {proposed:?}");
        }
    }
}

#[test]
fn bash_completes_commands_options_and_values() {
    let folder = tempfile::tempdir().unwrap();
    let file = completions("bash", folder.path());
    check(|typed| {
        let words = format!("'{}'", typed.join("' '"));
        let script = format!(
            "source {file}; complete -p provision >/dev/null; COMP_WORDS=(provision {words}); \
             COMP_CWORD={}; _provision provision '{}' '{}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            typed.len(),
            typed.last().unwrap(),
            typed.len().checked_sub(2).map_or("provision", |at| typed[at]),
        );
        told("bash", &["--noprofile", "--norc", "-euc", &script], folder.path())
    });
}

#[test]
fn fish_completes_commands_options_and_values() {
    let folder = tempfile::tempdir().unwrap();
    let file = completions("fish", folder.path());
    check(|typed| {
        let line = format!("provision {}", typed.join(" "));
        let script = format!("source {file}; complete --do-complete '{line}'");
        told("fish", &["--no-config", "-c", &script], folder.path())
    });
}

#[test]
fn zsh_completes_commands_options_and_values() {
    let folder = tempfile::tempdir().unwrap();
    let file = completions("zsh", folder.path());
    // Where zsh looks for functions, the name tells what it completes.
    std::fs::create_dir(folder.path().join("functions")).unwrap();
    std::fs::rename(file, folder.path().join("functions/_provision")).unwrap();
    check(|typed| {
        // A terminal of its own, in which tab is pressed; what is proposed is caught
        // where every completion hands it to zsh.
        let line = format!("provision {}", typed.join(" "));
        let script = format!(
            r#"
            zmodload zsh/zpty
            zpty inner zsh -f -i
            zpty -w inner 'fpath=({functions} $fpath); autoload -Uz compinit; compinit -u -D'
            zpty -w inner 'compadd() {{ local -a all; builtin compadd -O all "$@"; print -l -- "<<${{^all}}>>" >>{out}; builtin compadd "$@" }}'
            zpty -w inner 'zstyle ":completion:*" menu no; : >{out}'
            zpty -w inner 'finish() {{ print fin""ished }}; zle -N finish; bindkey "^G" finish'
            # The prompt comes when keys are read one by one.
            zpty -w inner 'PS1="rea""dy>"'
            zpty -r inner _ '*ready>*'
            zpty -n -w inner $'{line}\t\x07'
            zpty -r inner _ '*finished*'
            zpty -d inner
            cat {out}
            "#,
            functions = folder.path().join("functions").display(),
            out = folder.path().join("proposed").display(),
        );
        let lines = told("zsh", &["-f", "-c", &script], folder.path());
        let trimmed = lines.iter().map(|line| line.trim_start_matches('<').trim_end_matches('>'));
        trimmed.flat_map(str::split_whitespace).map(str::to_owned).collect()
    });
}

#[test]
fn what_other_shells_read_is_printed_too() {
    let folder = tempfile::tempdir().unwrap();
    for (shell, begins) in [("elvish", "use builtin"), ("powershell", "using namespace")] {
        let ran = provision(folder.path(), &["completions", shell], "");
        assert_eq!(ran.code, Some(0));
        assert!(ran.stdout.trim_start().starts_with(begins), "{}", ran.stdout);
        assert!(ran.stdout.contains("--exit-code"));
    }
    let ran = provision(folder.path(), &["completions", "csh"], "");
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("possible values: bash"), "{}", ran.stderr);
}

#[test]
fn each_command_has_a_manual_page_without_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let ran = provision(folder.path(), &["man", "--out", "share/man1"], "");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let pages = folder.path().join("share/man1");
    for name in ["provision.1", "provision-plan.1", "provision-stack-remove.1"] {
        assert!(pages.join(name).is_file(), "{name}");
    }
    for page in std::fs::read_dir(&pages).unwrap() {
        let page = page.unwrap().path();
        let name = page.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut command = world::command("man", folder.path());
        command.args(["--warnings=w", "-E", "UTF-8", "-l"]).arg(&page).env("MANWIDTH", "80");
        let ran = world::run(command, "");
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{name}");
        assert!(
            ran.stdout.contains(&name.replace("provision-", "provision "))
                || ran.stdout.contains(&name),
            "{}",
            ran.stdout
        );
        assert!(
            ran.stdout.contains("GLOBAL OPTIONS") && ran.stdout.contains("Examples:"),
            "{name}"
        );
    }
    let ran = provision(folder.path(), &["man", "--out", "share/man1/provision.1/below"], "");
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("cannot write the manual pages"), "{}", ran.stderr);
}

#[test]
fn on_a_narrow_terminal_lines_are_broken_between_words() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["fit", "--boards", "pi5-8gb:server,2xpi4-4gb", "--profile", "small"];
    let wide = provision(folder.path(), &words, "").stdout;
    for columns in [60, 80, 200] {
        // What takes longer than a second says so on standard error.
        let line = format!(
            "stty cols {columns}; exec '{}' {} 2>/dev/null",
            env!("CARGO_BIN_EXE_provision"),
            words.join(" ")
        );
        let mut command = world::command("script", folder.path());
        command.args(["--quiet", "--return", "--command", &line, "/dev/null"]).env("TERM", "dumb");
        let narrow = world::run(command, "").stdout.replace('\r', "");
        for line in narrow.lines() {
            assert!(line.chars().count() <= columns, "{columns}: {line}");
        }
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let figures = |text: &str| {
            let words = text.split_whitespace().map(|word| word.trim_end_matches(',').to_owned());
            words.filter(|word| word.starts_with(|first: char| first.is_ascii_digit())).collect()
        };
        // Below eighty columns the headings of a table may stand beside its cells.
        let told: fn(&str) -> Vec<String> = if columns < 80 { figures } else { words };
        assert_eq!(told(&narrow), told(&wide), "{columns}: {narrow}");
    }
}
