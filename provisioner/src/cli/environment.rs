//! What the environment says to the program, and the exit codes, under its help.

use std::fmt::Write as _;

use crate::report::look::Look;
use crate::report::terminal::wrapped;

/// Columns that names get.
const NAMES: usize = 22;

/// Every variable that is read, and what it says.
pub(super) const VARIABLES: &[(&str, &str)] = &[
    ("TERRARIUM_INVENTORY", "The inventory, where --inventory names none"),
    ("TERRARIUM_PASSWORD", "Password of the nodes, for login and sudo"),
    ("TERRARIUM_HOST_KEYS", "The same as --host-keys, which wins over it"),
    (
        "TERRARIUM_CACHE",
        "Where downloads are kept; else $XDG_CACHE_HOME/terrarium, else ~/.cache/terrarium",
    ),
    (
        "TERRARIUM_LOG_DIR",
        "Where logs of runs are kept, none for none; else $XDG_STATE_HOME/terrarium/logs, else ~/.local/state/terrarium/logs",
    ),
    ("TERRARIUM_AGENT_DIR", "Where the agent's packages lie; else agent/ beside the program"),
    (
        "TERRARIUM_SOURCE_DIR",
        "Where the program of the sources lies; else source/ beside the program",
    ),
    ("HTTPS_PROXY, NO_PROXY", "The proxy for downloads, and what goes past it"),
    ("SSH_AUTH_SOCK", "The ssh-agent, whose keys are offered first"),
    ("HOME", "~/ in the inventory, the usual keys and known_hosts of ~/.ssh"),
    ("USER, LOGNAME", "Who is named in a node's lock"),
    ("HOSTNAME", "Where that is, without an /etc/hostname"),
    ("SUDO_UID", "Whose files are one's own under sudo"),
    ("NO_COLOR", "Set and not empty: no colours"),
    ("TERM", "dumb: no colours and no progress bars"),
    ("LC_ALL, LC_CTYPE, LANG", "Without UTF-8 in the first that is set: ASCII only"),
    ("COLUMNS", "How wide text is laid out on a terminal"),
];

/// Every exit code in a few words; the page has the whole of it.
const CODES: &[(u8, &str)] = &[
    (0, "done, or nothing to do"),
    (1, "a fault of this program or this machine"),
    (2, "the command line or the inventory"),
    (3, "connection, login, host key or download"),
    (4, "a change failed"),
    (5, "status, plan --exit-code, verify: not as wished"),
    (6, "refused before anything was touched"),
    (130, "interrupted"),
];

/// What stands under the examples of the program's own help.
pub(super) fn after() -> String {
    let mut text = "\n\nEnvironment:\n".to_owned();
    for (name, says) in VARIABLES {
        let _ = writeln!(text, "{}", laid_out(&format!("  {name:<NAMES$}  "), says));
    }
    text.push_str("\nExit codes:\n");
    for (code, says) in CODES {
        let _ = writeln!(text, "{}", laid_out(&format!("  {code:<3}  "), says));
    }
    text.push_str(
        "\nDocumentation, in docs/ of the project:\n  guide/cluster.md, reference/inventory.md, reference/cli.md,\n  reference/exit-codes.md",
    );
    text
}

/// On a narrow terminal the explanation gets lines of its own.
fn laid_out(label: &str, text: &str) -> String {
    if Look::get().width >= 72 {
        return wrapped(label, text);
    }
    format!("{}\n{}", label.trim_end(), wrapped("      ", text))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::error::Code;

    /// What libraries read for us.
    const LIBRARIES: [&str; 2] = ["HTTPS_PROXY", "NO_PROXY"];

    /// What is read: names in quotes in the files that read the environment.
    fn read() -> BTreeSet<&'static str> {
        let code = [include_str!("../settings.rs"), include_str!("../report/look.rs")];
        let code = code.map(|text| text.split("#[cfg(test)]").next().unwrap_or_default());
        let quoted = code.into_iter().flat_map(|text| text.split('"').skip(1).step_by(2));
        let is_name = |text: &&str| {
            text.len() > 3 && text.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        };
        quoted.filter(is_name).filter(|name| !name.starts_with("XDG_")).collect()
    }

    #[test]
    fn every_variable_that_is_read_is_listed_and_no_other() {
        let listed: BTreeSet<&str> =
            VARIABLES.iter().flat_map(|(names, _)| names.split(", ")).collect();
        let mut read = read();
        read.extend(LIBRARIES);
        assert!(read.contains("TERRARIUM_INVENTORY") && read.len() > 10, "{read:?}");
        assert_eq!(listed, read);
        let page = include_str!("../../../docs/reference/cli.md");
        for name in read {
            assert!(page.contains(&format!("`{name}`")), "docs/reference/cli.md: `{name}`");
        }
    }

    #[test]
    fn every_exit_code_is_listed() {
        let all = [
            Code::Done,
            Code::Internal,
            Code::Usage,
            Code::Connection,
            Code::Change,
            Code::Drift,
            Code::Refused,
            Code::Interrupted,
        ];
        let listed: Vec<u8> = CODES.iter().map(|(code, _)| *code).collect();
        assert_eq!(listed, all.map(|code| code as u8));
    }
}
