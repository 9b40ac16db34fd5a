//! The log of a run: what is in it, what is not, and that it never stands in the way.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::model::Reply;
use crate::node::{Do, Login};
use crate::run::Ran;
use crate::shell::Sudo;
use crate::world::World;

const QUICK: [&str; 2] = ["--patience", "0.05"];
const FOLDER: &str = "home/.local/state/terrarium/logs";

/// The logs there are, oldest first.
fn logs(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut logs: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    logs.sort();
    logs
}

/// The last line of a run that failed names its log.
#[track_caller]
fn named(ran: &Ran) -> PathBuf {
    let last = ran.stderr.lines().last().unwrap_or_default();
    let path = last.strip_prefix("log: ").unwrap_or_else(|| panic!("no log: {}", ran.stderr));
    PathBuf::from(path)
}

pub(crate) fn a_run_that_fails_names_its_log_which_has_the_command_and_no_secret() {
    const PASSWORD: &str = "correct horse battery";
    let token = format!("K10{}::server:{}", "ab".repeat(32), "cd".repeat(16));
    let mut world = World::new(&["pi-1"]);
    world.environment.insert("TERRARIUM_PASSWORD".to_owned(), PASSWORD.to_owned());
    let node = world.node("pi-1");
    node.manner().login = Login::Password(PASSWORD.to_owned());
    node.manner().sudo = Sudo::Password(PASSWORD.to_owned());
    let said = format!("disk on fire\ntoken is {token}\npassword is {PASSWORD}\n");
    node.hook(move |call| {
        (call.what == "write /etc/hosts").then(|| Do::Say(Reply::failed(7, said.clone())))
    });
    let ran = world.provision(&QUICK);
    ran.ended_with(4);
    let path = named(&ran);
    assert_eq!(logs(&world.path(FOLDER)), std::slice::from_ref(&path));
    let text = fs::read_to_string(&path).unwrap();
    for part in [
        "provision --inventory",
        "connection as pi to",
        "> probe (as root)",
        "/etc/hosts",
        "status 7",
        "disk on fire",
        "FAILED",
        "ended with exit code 4: node `pi-1`",
        "[secret]",
    ] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
    for part in [PASSWORD, &token, "horse", &"cd".repeat(16)] {
        assert!(!text.contains(part), "`{part}` is in\n{text}");
    }
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    // One that ends well has a log, and says nothing of it.
    node.behave();
    let ran = world.provision(&["--json"]);
    ran.succeeded();
    assert!(!ran.stderr.contains("log: "), "{}", ran.stderr);
    let all = logs(&world.path(FOLDER));
    assert_eq!(all.len(), 2);
    let text = fs::read_to_string(&all[1]).unwrap();
    assert!(text.ends_with("ended with exit code 0\n"), "{text}");
    assert!(!text.contains(PASSWORD) && !text.contains("PRIVATE KEY"), "{text}");
    for secret in ["::server:", "::node:"] {
        assert!(!text.contains(secret), "{text}");
    }
}

pub(crate) fn what_never_comes_to_a_node_has_no_log() {
    let world = World::new(&["pi-1"]);
    world.provision(&["targets"]).succeeded();
    world.provision(&["fit", "--boards", "3xpi5-8gb", "--profile", "small"]);
    world.provision(&["fit", "--offline"]);
    fs::write(world.inventory_path(), "broken").unwrap();
    let ran = world.provision(&["plan"]);
    ran.ended_with(2);
    assert!(!ran.stderr.contains("log: "), "{}", ran.stderr);
    assert!(!world.path("home/.local").exists());
}

pub(crate) fn a_run_that_is_killed_leaves_what_it_has_said() {
    let world = World::new(&["pi-1"]);
    world.node("pi-1").hook(|call| (call.what == "write /etc/hosts").then_some(Do::Hang));
    let running = world.start(&[]);
    running.wait_for("hosts");
    running.signal("KILL");
    running.end();
    let all = logs(&world.path(FOLDER));
    let text = fs::read_to_string(&all[0]).unwrap();
    assert_eq!(all.len(), 1);
    assert!(text.contains("connection as pi to") && text.ends_with('\n'), "{text}");
    // Every line begins with its time, or belongs to the one before.
    assert!(text.lines().all(|line| line.starts_with("20") || line.starts_with("    ")), "{text}");
}

pub(crate) fn two_runs_at_once_have_two_logs_and_the_oldest_go() {
    let world = World::new(&["pi-1", "pi-2"]);
    world.provision(&[]).succeeded();
    let runs = [world.start(&["status"]), world.start(&["plan"])];
    for run in runs {
        run.end().succeeded();
    }
    let all = logs(&world.path(FOLDER));
    let ends = all.iter().map(|log| fs::read_to_string(log).unwrap());
    assert!(ends.clone().all(|text| text.ends_with("ended with exit code 0\n")));
    assert_eq!(ends.count(), 3);
    let name = all[0].file_name().unwrap().to_str().unwrap();
    for number in 0..30 {
        let older = name.replace("-apply-", &format!("-apply-{number}"));
        fs::write(world.path(FOLDER).join(older.replace("20", "19")), "").unwrap();
    }
    world.provision(&["status"]).succeeded();
    assert_eq!(logs(&world.path(FOLDER)).len(), 20);
}

pub(crate) fn a_folder_that_cannot_be_written_is_told_once_and_harms_nothing() {
    let mut world = World::new(&["pi-1"]);
    let file = world.path("a-file");
    fs::write(&file, "mine").unwrap();
    for folder in [file.join("logs"), PathBuf::from("/proc/logs")] {
        let folder = folder.display().to_string();
        world.environment.insert("TERRARIUM_LOG_DIR".to_owned(), folder.clone());
        let ran = world.provision(&["status"]);
        ran.ended_with(5).says("note: there is no log of this run").says(&folder);
        assert_eq!(ran.stderr.matches("no log of this run").count(), 1, "{}", ran.stderr);
    }
    world.provision(&[]).succeeded().says("note: there is no log of this run");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    world.environment.insert("TERRARIUM_LOG_DIR".to_owned(), "none".to_owned());
    let ran = world.provision(&["status"]);
    ran.succeeded();
    assert!(!ran.stderr.contains("log"), "{}", ran.stderr);
    assert!(!world.path("home/.local").exists());
}

pub(crate) fn verbose_says_on_standard_error_what_the_log_has() {
    let world = World::new(&["pi-1"]);
    let ran = world.provision(&["-v", "--json"]);
    ran.succeeded();
    ran.events();
    let all = logs(&world.path(FOLDER));
    let log = fs::read_to_string(&all[0]).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    // The first says how it was called.
    assert!(lines.len() > 50, "{log}");
    assert!(log.contains(" changed hosts: ") && log.contains(" > write /etc/hosts"), "{log}");
    for line in &lines[1..] {
        assert!(ran.stderr.contains(line), "{line}\n{}", ran.stderr);
    }
    assert!(!world.provision(&["status"]).stderr.contains("> probe"));
}
