//! Examples under each command's help.

use std::fmt::Write as _;

/// What one wants, and what to type for it.
type Example = (&'static str, &'static str);

/// By the words of the command; "" is the program itself.
const EXAMPLES: &[(&str, &[Example])] = &[
    (
        "",
        &[
            (
                "Write pis.toml for two Pis, the first is the server",
                "provision init 192.168.1.11 192.168.1.12",
            ),
            ("See what a run would do; nothing is touched", "provision plan"),
            ("Do it, asking for the password once", "provision apply -K"),
        ],
    ),
    (
        "init",
        &[
            (
                "Three Pis, the first is the server",
                "provision init 192.168.1.11 192.168.1.12 192.168.1.13",
            ),
            (
                "Another login name, port and set of services",
                "provision init me@pi-1.local:2222 --profile core",
            ),
            (
                "No file: straight into a run",
                "provision init -i - pi-1.local | provision apply -i -",
            ),
        ],
    ),
    (
        "trust",
        &[
            ("Look at the host keys of all nodes, and say yes", "provision trust"),
            ("One node was flashed anew", "provision trust pi-2 --replace"),
            (
                "In a script, by a fingerprint from elsewhere",
                "provision trust pi-1 --fingerprint SHA256:…",
            ),
        ],
    ),
    (
        "doctor",
        &[
            ("Before the first run, or when something is wrong", "provision doctor"),
            ("For a report of a fault", "provision doctor --bundle report.tar.gz"),
            ("For a program", "provision doctor --json"),
        ],
    ),
    (
        "fit",
        &[
            ("Before anything is bought", "provision fit --boards 3xpi5-8gb --profile core"),
            ("The inventory, as a page with pictures", "provision fit --html fit.html"),
            ("The inventory, without asking a node", "provision fit --offline"),
        ],
    ),
    (
        "plan",
        &[
            ("What would change, and why", "provision plan"),
            ("Down to the objects of the stack", "provision plan --diff"),
            ("In a script: 5 when something would change", "provision plan --exit-code --json"),
        ],
    ),
    (
        "apply",
        &[
            ("Make the nodes what pis.toml says", "provision apply"),
            ("While one node is off", "provision apply --without-node pi-3"),
            ("For a program: one event a line", "provision apply --json"),
        ],
    ),
    (
        "status",
        &[
            ("One line a node, then what differs", "provision status"),
            ("In a script: 0 as wished, 5 when not", "provision status --json"),
        ],
    ),
    (
        "verify",
        &[
            ("A record through each edge of the stack", "provision verify"),
            ("Only two of the edges", "provision verify 3 7"),
        ],
    ),
    (
        "credentials",
        &[
            ("All logins", "provision credentials"),
            ("That of one service", "provision credentials grafana"),
            ("For the browser to trust", "provision credentials --ca >terrarium-ca.crt"),
        ],
    ),
    (
        "kubeconfig",
        &[
            ("Into the file that kubectl reads", "provision kubeconfig --merge"),
            ("Into a file of its own", "provision kubeconfig --out pis.kubeconfig"),
            ("For another program", "provision kubeconfig >pis.kubeconfig"),
        ],
    ),
    (
        "report",
        &[
            ("What is used, of what is there", "provision report"),
            ("Deploy with measured sizes from now on", "provision report --write"),
            (
                "Three days, as a page with pictures",
                "provision report --history 3d --html report.html",
            ),
        ],
    ),
    (
        "stack",
        &[
            (
                "Take a service out, keep what it stored",
                "provision stack remove kafka-ui --keep-data",
            ),
            ("Take it out with all it stored", "provision stack remove redis --delete-data"),
        ],
    ),
    (
        "stack remove",
        &[
            (
                "Take a service out, keep what it stored",
                "provision stack remove kafka-ui --keep-data",
            ),
            ("Take it out with all it stored", "provision stack remove redis --delete-data"),
        ],
    ),
    (
        "targets",
        &[
            ("Print the list", "provision targets"),
            ("For a Prometheus elsewhere to watch", "provision targets --output agents.json"),
        ],
    ),
    (
        "probe",
        &[
            ("The board file of a node", "provision probe pi-1 --save my-board.toml"),
            ("Everything the probe found", "provision probe pi-1 --json"),
        ],
    ),
    (
        "lock",
        &[
            ("Take the images there are now", "provision lock update"),
            ("Take a file's new digest", "provision lock accept NAME SHA256"),
        ],
    ),
    (
        "lock accept",
        &[
            ("As the refusal of a run prints it", "provision lock accept NAME SHA256"),
            ("For another inventory", "provision lock accept -i home.toml NAME SHA256"),
        ],
    ),
    (
        "lock update",
        &[
            ("All images of the inventory's services", "provision lock update"),
            ("Only one of them", "provision lock update redis:8"),
        ],
    ),
    (
        "schema",
        &[
            ("For an editor", "provision schema >pis.schema.json"),
            ("One key's description", "provision schema | jq .properties.ssh"),
        ],
    ),
    (
        "completions",
        &[
            (
                "bash, from the next shell on",
                "provision completions bash >~/.local/share/bash-completion/completions/provision",
            ),
            ("fish", "provision completions fish >~/.config/fish/completions/provision.fish"),
        ],
    ),
    (
        "man",
        &[
            ("For this user", "provision man --out ~/.local/share/man/man1"),
            (
                "Read one without installing it",
                "provision man --out man && man -l man/provision-plan.1",
            ),
        ],
    ),
    (
        "version",
        &[("Print it", "provision version"), ("For a program", "provision version --json")],
    ),
];

/// What stands under a command's help.
pub(super) fn after(path: &str) -> String {
    let examples = EXAMPLES.iter().filter(|(of, _)| *of == path).flat_map(|(_, list)| *list);
    let mut text = "Examples:\n".to_owned();
    for (what, line) in examples {
        let _ = writeln!(text, "  # {what}\n  {line}");
    }
    if !path.is_empty() {
        text.push_str("\nEnvironment variables and exit codes: provision --help\n");
    }
    text.truncate(text.trim_end().len());
    text
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::cli::{command, parse};

    fn paths(command: &clap::Command, path: &str, found: &mut Vec<String>) {
        found.push(path.to_owned());
        for below in command.get_subcommands() {
            paths(below, format!("{path} {}", below.get_name()).trim(), found);
        }
    }

    #[test]
    fn every_command_has_two_or_three_examples_and_each_is_understood() {
        let mut all = Vec::new();
        paths(&command(), "", &mut all);
        let listed: Vec<&str> = EXAMPLES.iter().map(|(path, _)| *path).collect();
        assert_eq!(listed, all, "in the order of the commands");
        for (path, examples) in EXAMPLES {
            assert!((2..=3).contains(&examples.len()), "{path}");
            for (what, line) in *examples {
                assert!(what.chars().count() <= 56, "{what}");
                // What a shell would take for itself is not ours.
                let commands = line.split([';', '|', '&']).map(str::trim);
                for command in commands.filter(|command| command.starts_with("provision")) {
                    let words = command.split_whitespace().filter(|word| !word.starts_with('>'));
                    let words: Vec<OsString> = words.map(OsString::from).collect();
                    let understood = parse(&words);
                    assert!(understood.is_ok(), "{line}: {understood:?}");
                }
                let begins = format!("provision {path}");
                assert!(line.starts_with(begins.trim()), "{path}: {line}");
            }
        }
    }
}
