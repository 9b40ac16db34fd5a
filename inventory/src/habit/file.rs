//! Whole files of another kind: YAML, INI, JSON.

use std::net::IpAddr;

use crate::check::host::host;
use crate::problem::Problem;

/// Addresses of such a file that are repeated in the command to type.
const ADDRESSES: usize = 9;

/// A file that was written for another reader than TOML's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Yaml,
    Ini,
    Json,
}

/// The one problem of a file that is no TOML at all, with the command that writes
/// an inventory for the addresses in it.
pub(super) fn whole(text: &str) -> Option<Problem> {
    let kind = kind(text)?;
    let (name, users) = match kind {
        Kind::Yaml => ("YAML", "as Ansible and k0sctl read it"),
        Kind::Ini => ("an INI file", "as Ansible reads it"),
        Kind::Json => ("JSON", "as programs write it"),
    };
    let start =
        text.len() - text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').len();
    let first = text[start..].lines().next().unwrap_or_default();
    let found = addresses(text);
    let addresses =
        if found.is_empty() { "192.168.1.11 192.168.1.12".to_owned() } else { found.join(" ") };
    let host = found.first().map_or("192.168.1.11", String::as_str);
    Some(
        Problem::new("inventory::syntax", format!("this is {name}, {users}; an inventory is TOML"))
            .at(start..start + first.len(), format!("{name} from here on"))
            .help(format!(
                "write three lines for each Pi: `[[node]]`, `name = \"pi-1\"`, `host = \
                 \"{host}\"`; or move this file away and let `provision init {addresses}` write \
                 them"
            )),
    )
}

fn kind(text: &str) -> Option<Kind> {
    let mut lines = text
        .lines()
        .map(|line| line.trim_start_matches('\u{feff}'))
        .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with(['#', ';']));
    let first = lines.clone().next()?.trim();
    if first.starts_with('{') || first == "[" {
        return Some(Kind::Json);
    }
    let (mut yaml, mut toml, mut ini) = (0_usize, 0_usize, 0_usize);
    let mut in_table = false;
    for line in lines.by_ref() {
        let line = line.trim();
        if line == "---" || line.starts_with("- ") || line == "-" || is_yaml_key(line) {
            yaml += 1;
        } else if line.starts_with('[') && line.ends_with(']') {
            in_table = true;
        } else if in_table && is_ini_host(line) {
            ini += 1;
        } else if line.contains('=') {
            toml += 1;
        }
    }
    if yaml > toml.max(ini) && (first == "---" || first.starts_with("- ") || is_yaml_key(first)) {
        Some(Kind::Yaml)
    } else if ini > toml {
        Some(Kind::Ini)
    } else {
        None
    }
}

/// `key:` or `key: value`.
fn is_yaml_key(line: &str) -> bool {
    let Some((key, rest)) = line.split_once(':') else { return false };
    let word = |c: char| c.is_alphanumeric() || "_-. '\"".contains(c);
    !key.is_empty() && key.chars().all(word) && (rest.is_empty() || rest.starts_with(' '))
}

/// `pi-1`, `192.168.1.11 ansible_user=pi`, `pi-[1:3].lan`.
fn is_ini_host(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let Some(first) = words.next() else { return false };
    let is_host = first.chars().all(|c| c.is_ascii_alphanumeric() || ".-_:[]@".contains(c));
    is_host && words.all(|word| word.contains('='))
}

/// What reads like an address in the file: IP addresses, and what stands under a
/// key for hosts.
fn addresses(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let ends = |c: char| c.is_whitespace() || "\"',;=[]{}".contains(c);
    for word in text.lines().filter_map(|line| line.split('#').next()).flat_map(|l| l.split(ends)) {
        let word = word.trim_matches([':', '.']);
        let is_address = word.parse::<IpAddr>().is_ok();
        if let (true, Ok(form)) = (is_address, host(word))
            && !found.contains(&form)
            && found.len() < ADDRESSES
        {
            found.push(form);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_for_other_readers_are_told_by_their_kind() {
        for (text, expected) in [
            ("all:\n  hosts:\n    pi-1:\n      ansible_host: 10.0.0.1\n", Some(Kind::Yaml)),
            ("---\n- name: pi-1\n  host: 10.0.0.1\n", Some(Kind::Yaml)),
            ("apiVersion: k0sctl.k0sproject.io/v1beta1\nkind: Cluster\n", Some(Kind::Yaml)),
            ("node:\n  - name: pi-1\n    host: \"10.0.0.1\"\n", Some(Kind::Yaml)),
            ("[master]\n10.0.0.1\n\n[node]\n10.0.0.2 ansible_user=pi\n", Some(Kind::Ini)),
            ("[all:vars]\nansible_user=pi\n[node]\npi-1\npi-2\n", Some(Kind::Ini)),
            ("{\"node\": [{\"host\": \"10.0.0.1\"}]}", Some(Kind::Json)),
            ("[\n {\"ip\": \"10.0.0.1\"}\n]", Some(Kind::Json)),
            ("[[node]]\nname: pi-1\nhost: 10.0.0.1\n", None),
            ("[[node]]\nname = \"a\"\nhost = 10.0.0.1\n", None),
            ("# only: this\n", None),
            ("", None),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }

    #[test]
    fn the_addresses_of_such_a_file_are_in_the_command() {
        let text =
            "[master]\n10.0.0.1 ansible_port=22\n[node]\npi2 ansible_host=10.0.0.2\n10.0.0.1\n";
        let problem = whole(text).unwrap();
        assert!(
            problem.hint().unwrap().contains("`provision init 10.0.0.1 10.0.0.2`"),
            "{problem:?}"
        );
    }
}
