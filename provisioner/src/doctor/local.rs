//! What a run needs of the operator's machine.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access, statvfs};
use terrarium_inventory::Inventory;

use super::{Check, HERE};
use crate::binaries::{self, MACHINES};
use crate::cli::{Common, Found};
use crate::error::Code;
use crate::report::terminal;
use crate::settings::Settings;
use crate::{clock, file};

const GIB: u64 = 1 << 30;
/// What k3s and helm take in the cache, and the same again.
const CACHE_BYTES: u64 = 512 << 20;
/// No release of this program is older: 2026-01-01.
const OLDEST_MS: i64 = 1_767_225_600_000;

/// The program itself and where it is read from.
pub(crate) fn program(common: &Common, inventory: &Inventory) -> Vec<Check> {
    let (os, machine) = (std::env::consts::OS, std::env::consts::ARCH);
    let version = env!("CARGO_PKG_VERSION");
    let why = match common.found {
        Found::Here => "",
        Found::Environment => ", by TERRARIUM_INVENTORY",
        Found::Above => ", found in a folder above",
        Found::Input => " would be its file, it came on standard input",
    };
    let nodes = terminal::count(inventory.nodes.len(), "node");
    vec![
        Check::ok(HERE, "program", format!("provision {version} on {os}, {machine}")),
        Check::ok(HERE, "inventory", format!("{}{why}: {nodes}", common.inventory.display())),
    ]
}

/// What logs in, what is written to, and what is brought to the nodes.
pub(crate) fn machine(inventory: &Inventory, common: &Common, settings: &Settings) -> Vec<Check> {
    let mut checks = vec![login(inventory, common, settings)];
    let known_hosts = inventory.nodes.iter().map(|node| node.ssh.known_hosts.as_path());
    let mut known_hosts: Vec<&Path> = known_hosts.collect();
    known_hosts.dedup();
    let elsewhere = "make it yours to write, or name another with `known_hosts` in [ssh]";
    checks.extend(known_hosts.iter().map(|path| place("host keys", path, elsewhere)));
    let elsewhere = "make it yours to write, or name another with `kubeconfig` in [cluster]";
    checks.push(place("kubeconfig", &inventory.cluster.kubeconfig, elsewhere));
    checks.push(cache(settings));
    checks.push(agents(settings));
    checks.push(logs(settings));
    checks.push(kubectl(std::env::var_os("PATH").as_deref()));
    checks.push(now(clock::now_ms()));
    checks.push(look(settings));
    checks
}

fn login(inventory: &Inventory, common: &Common, settings: &Settings) -> Check {
    let mut ways = Vec::new();
    let mut silent = None;
    if let Some(socket) = &settings.agent_socket {
        match UnixStream::connect(socket) {
            Ok(_) => ways.push("the ssh-agent".to_owned()),
            Err(error) => {
                silent = Some(format!("SSH_AUTH_SOCK is set and does not answer: {error}"));
            }
        }
    }
    let named = inventory.nodes.iter().flat_map(|node| &node.ssh.identities);
    let mut keys: Vec<PathBuf> = named.filter(|key| key.is_file()).cloned().collect();
    keys.extend(settings.usual_keys().into_iter().flat_map(|folder| usual(&folder)));
    keys.sort();
    keys.dedup();
    ways.extend(keys.iter().map(|key| key.display().to_string()));
    let has_file = inventory.nodes.iter().any(|node| node.ssh.password_file.is_some());
    if common.ask_password || has_file || matches!(settings.password, Ok(Some(_))) {
        ways.push("a password".to_owned());
    }
    match (ways.is_empty(), silent) {
        (true, silent) => Check::failed(
            HERE,
            "login",
            Code::Usage,
            silent.unwrap_or_else(|| "there is no key, no ssh-agent and no password".to_owned()),
            "ssh-keygen -t ed25519, then for each node: ssh-copy-id USER@NODE; or -K for a password",
        ),
        (false, None) => Check::ok(HERE, "login", ways.join(", ")),
        (false, Some(silent)) => Check::note(
            HERE,
            "login",
            format!("{}; {silent}", ways.join(", ")),
            "start it anew: eval $(ssh-agent) && ssh-add",
        ),
    }
}

/// Private keys of the usual names.
fn usual(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_key = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("id_") && !name.ends_with(".pub") && path.is_file()
    };
    entries.map(|entry| entry.path()).filter(is_key).collect()
}

/// The path itself, or the nearest folder above that is there.
fn nearest(path: &Path) -> Option<&Path> {
    path.ancestors()
        .find(|path| path.exists() || path.as_os_str().is_empty())
        .map(|path| if path.as_os_str().is_empty() { Path::new(".") } else { path })
}

/// Whether it can be written, or made.
fn is_writable(path: &Path) -> bool {
    let Some(there) = nearest(path) else { return false };
    // A file is replaced in its folder, and nothing is below one.
    let folder = if there == path && !there.is_dir() { file::folder(there) } else { there };
    folder.is_dir() && access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

fn place(check: &str, path: &Path, hint: &str) -> Check {
    let at = path.display();
    if !is_writable(path) {
        return Check::failed(HERE, check, Code::Usage, format!("{at} cannot be written"), hint);
    }
    let new = if path.exists() { "" } else { ", will be made" };
    Check::ok(HERE, check, format!("{at}{new}"))
}

fn cache(settings: &Settings) -> Check {
    let hint = "set TERRARIUM_CACHE to a folder of yours with room";
    let Some(path) = &settings.cache else {
        return Check::failed(HERE, "cache", Code::Usage, "the home directory is not known", hint);
    };
    let check = place("cache", path, hint);
    let free = nearest(path).and_then(|there| statvfs(there).ok());
    let Some(free) = free.map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize)) else {
        return check;
    };
    if free < CACHE_BYTES {
        let found = format!("{}: {} MiB are free on its disk", path.display(), free >> 20);
        return Check::failed(HERE, "cache", Code::Usage, found, hint);
    }
    Check { found: format!("{}, {} GiB free", check.found, free / GIB), ..check }
}

fn agents(settings: &Settings) -> Check {
    let found: Vec<_> =
        MACHINES.iter().map(|machine| binaries::agents([*machine].into_iter(), settings)).collect();
    let there: Vec<&str> = MACHINES
        .iter()
        .zip(&found)
        .filter(|(_, found)| found.is_ok())
        .map(|(machine, _)| *machine)
        .collect();
    match found.into_iter().find_map(Result::err) {
        None => Check::ok(HERE, "agents", format!("packages for {}", there.join(" and "))),
        Some(failure) if there.is_empty() => Check::of(HERE, "agents", &failure),
        Some(failure) => Check::note(
            HERE,
            "agents",
            format!("a package for {} alone", there.join(" and ")),
            failure.hint.unwrap_or_default(),
        ),
    }
}

fn logs(settings: &Settings) -> Check {
    match &settings.logs {
        None => Check::note(HERE, "logs", "none are kept", ""),
        Some(path) if is_writable(path) => Check::ok(HERE, "logs", path.display().to_string()),
        Some(path) => Check::note(
            HERE,
            "logs",
            format!("{} cannot be written: none will be kept", path.display()),
            "set TERRARIUM_LOG_DIR to a folder of yours",
        ),
    }
}

fn kubectl(path: Option<&std::ffi::OsStr>) -> Check {
    let folders = path.map(std::env::split_paths).into_iter().flatten();
    let found = folders.map(|folder| folder.join("kubectl")).find(|program| program.is_file());
    match found {
        Some(program) => Check::ok(HERE, "kubectl", program.display().to_string()),
        None => Check::note(
            HERE,
            "kubectl",
            "not found; no run needs it",
            "on the server: sudo k3s kubectl get nodes",
        ),
    }
}

fn now(ms: i64) -> Check {
    if ms < OLDEST_MS {
        let found = "the clock is before the year 2026: certificates are not valid yet";
        return Check::failed(
            HERE,
            "clock",
            Code::Usage,
            found,
            "set it: timedatectl set-ntp true",
        );
    }
    Check::ok(HERE, "clock", clock::minute())
}

fn look(settings: &Settings) -> Check {
    let look = settings.look;
    let letters = if look.ascii { "ASCII alone" } else { "UTF-8" };
    let colours = if look.color { "colours" } else { "no colours" };
    let bars = if look.moves && terminal::is_terminal() { "bars" } else { "plain lines" };
    Check::ok(HERE, "terminal", format!("{} columns, {letters}, {colours}, {bars}", look.width))
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn a_place_is_writable_when_the_nearest_folder_above_is() {
        let folder = tempfile::tempdir().unwrap();
        assert!(is_writable(&folder.path().join("a/b/c")));
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(is_writable(&file));
        let below = file.join("below");
        assert!(!is_writable(&below));
        let check = place("kubeconfig", &below, "name another");
        assert_eq!((check.state, check.hint.as_deref()), (State::Failed, Some("name another")));
    }

    #[test]
    fn a_clock_of_another_year_is_told() {
        assert_eq!(now(0).state, State::Failed);
        assert_eq!(now(OLDEST_MS + 1).state, State::Ok);
    }

    #[test]
    fn kubectl_is_looked_for_and_not_needed() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(kubectl(Some(folder.path().as_os_str())).state, State::Note);
        std::fs::write(folder.path().join("kubectl"), "").unwrap();
        assert_eq!(kubectl(Some(folder.path().as_os_str())).state, State::Ok);
        assert_eq!(kubectl(None).state, State::Note);
    }
}
