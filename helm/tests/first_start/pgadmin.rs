//! pgAdmin's first start. Its image cannot be had here: a stand-in does in the same
//! order what the image's entrypoint does to the one file that decides, a real `SQLite`
//! database with pgAdmin's table of servers.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::pod::{PATH, Pod};

/// As the image: the database and its servers only where there is no database, with a
/// line after each step.
const ENTRYPOINT: &str = r#"#!/bin/sh
exec /usr/bin/python3 -u -c '
import os, sqlite3, sys
path = sys.argv[1]
if not os.path.exists(path):
    open(path, "w").close()
    print("an empty file", flush=True)
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE version (value INTEGER)")
    database.commit()
    print("a first table", flush=True)
    database.execute("CREATE TABLE server (id INTEGER PRIMARY KEY, name TEXT)")
    database.commit()
    print("all tables", flush=True)
    database.execute("INSERT INTO server (name) VALUES (\"postgresql\")")
    database.commit()
    print("the servers", flush=True)
print("Booting worker", flush=True)
import signal; signal.pause()
' "$1"
"#;

const READY: &str = "Booting worker";

struct Volume(TempDir);

impl Volume {
    fn new() -> Self {
        let volume = Self(tempfile::tempdir().expect("a folder"));
        fs::write(volume.path("entrypoint.sh"), ENTRYPOINT).expect("written");
        let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/pgadmin/files/start.sh");
        let text = fs::read_to_string(chart).expect("text");
        let data = volume.path("data");
        let start = text
            .replace("/var/lib/pgadmin", &data.display().to_string())
            .replace("/venv/bin/python3", "/usr/bin/python3")
            .replace(
                "exec /entrypoint.sh",
                &format!(
                    "exec sh {} {}/pgadmin4.db",
                    volume.path("entrypoint.sh").display(),
                    data.display()
                ),
            );
        fs::write(volume.path("start.sh"), start).expect("written");
        fs::create_dir(&data).expect("made");
        // The user `daemon` has the number 1 everywhere.
        chown(&data, Some(1), Some(1)).expect("root may");
        fs::set_permissions(volume.path(""), fs::Permissions::from_mode(0o755)).expect("ours");
        volume
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn start(&self) -> Pod {
        Pod::start("daemon", &self.path("start.sh"), &[], &[("PATH", PATH)], &[])
    }

    /// The names of the servers in pgAdmin's database.
    fn servers(&self) -> String {
        let ask = "import sqlite3, sys; print(*[row[0] for row in sqlite3.connect(sys.argv[1])\
                   .execute('SELECT name FROM server')])";
        let database = self.path("data/pgadmin4.db");
        let output =
            Command::new("python3").args(["-c", ask]).arg(database).output().expect("it runs");
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }
}

#[test]
fn pgadmin_cut_off_at_any_line_of_its_first_start_shows_its_servers_the_next_time() {
    let lines = Volume::new().start().until(READY).len();
    assert_eq!(lines, 5);
    for cut in 0..lines {
        let volume = Volume::new();
        let told = volume.start().cut_off(cut);
        volume.start().until(READY);
        assert_eq!(volume.servers(), "postgresql", "{told}");
    }
}

#[test]
fn what_a_user_keeps_in_pgadmin_outlives_a_restart_of_its_container() {
    let volume = Volume::new();
    volume.start().until(READY);
    let add = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); \
               c.execute('INSERT INTO server (name) VALUES (\"mine\")'); c.commit()";
    let mut added = Command::new("python3");
    added.args(["-c", add]).arg(volume.path("data/pgadmin4.db"));
    assert!(added.status().expect("it runs").success());
    volume.start().until(READY);
    assert_eq!(volume.servers(), "postgresql mine");
}
