//! Grafana's password, which the product keeps in its database. Its image cannot be
//! had here: a stand-in does what `run.sh` and `grafana cli` do to that database, a
//! real `SQLite` one, as far as the account goes.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::pod::{PATH, Pod};

/// As the image: the account only where there is no database.
const RUN: &str = r#"#!/bin/sh
exec /usr/bin/python3 -u -c '
import os, sqlite3, signal
database = sqlite3.connect(os.environ["GF_PATHS_DATA"] + "/grafana.db")
database.execute("CREATE TABLE IF NOT EXISTS user (id INTEGER PRIMARY KEY, password TEXT)")
database.commit()
print("all tables", flush=True)
with open(os.environ["GF_SECURITY_ADMIN_PASSWORD__FILE"]) as file:
    password = file.read()
if not database.execute("SELECT count(*) FROM user").fetchone()[0]:
    database.execute("INSERT INTO user VALUES (1, ?)", (password,))
    database.commit()
print("HTTP Server Listen", flush=True)
signal.pause()
'
"#;

/// As the image's program: the first line of its input becomes the password of the
/// account with the number 1, or there is none.
const GRAFANA: &str = r#"#!/usr/bin/python3
import os, sqlite3, sys
words = ["cli", "--homepath", os.environ["GF_PATHS_HOME"], "--config",
         os.environ["GF_PATHS_CONFIG"], "admin", "reset-admin-password", "--password-from-stdin"]
if sys.argv[1:] != words:
    sys.exit(f"unexpected: {sys.argv[1:]}")
database = sqlite3.connect(os.environ["GF_PATHS_DATA"] + "/grafana.db")
database.execute("CREATE TABLE IF NOT EXISTS user (id INTEGER PRIMARY KEY, password TEXT)")
if not database.execute("SELECT count(*) FROM user").fetchone()[0]:
    database.execute("INSERT INTO user VALUES (1, 'admin')")
password = sys.stdin.readline().rstrip("\n")
changed = database.execute("UPDATE user SET password = ? WHERE id = 1", (password,))
if changed.rowcount != 1:
    sys.exit("could not read user from database. Error: user not found")
database.commit()
"#;

const READY: &str = "HTTP Server Listen";

struct Volume(TempDir);

impl Volume {
    fn new() -> Self {
        let volume = Self(tempfile::tempdir().expect("a folder"));
        for folder in ["data", "bin"] {
            fs::create_dir(volume.path(folder)).expect("made");
        }
        let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/grafana/files/start.sh");
        let text = fs::read_to_string(chart).expect("text");
        let run = volume.path("run.sh");
        let start = text.replace("exec /run.sh", &format!("exec sh {}", run.display()));
        assert_ne!(start, text);
        fs::write(volume.path("start.sh"), start).expect("written");
        fs::write(run, RUN).expect("written");
        fs::write(volume.path("bin/grafana"), GRAFANA).expect("written");
        fs::set_permissions(volume.path("bin/grafana"), fs::Permissions::from_mode(0o755))
            .expect("ours");
        // The user `daemon` has the number 1 everywhere.
        chown(volume.path("data"), Some(1), Some(1)).expect("root may");
        fs::set_permissions(volume.path(""), fs::Permissions::from_mode(0o755)).expect("ours");
        volume
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn start(&self, password: &str) -> Pod {
        fs::write(self.path("password"), password).expect("written");
        let text = |path: PathBuf| path.display().to_string();
        let (data, secret) = (text(self.path("data")), text(self.path("password")));
        let path = format!("{}:{PATH}", text(self.path("bin")));
        let env = [
            ("PATH", path.as_str()),
            ("GF_PATHS_DATA", &data),
            ("GF_PATHS_HOME", "/usr/share/grafana"),
            ("GF_PATHS_CONFIG", "/etc/grafana/grafana.ini"),
            ("GF_SECURITY_ADMIN_PASSWORD__FILE", &secret),
        ];
        Pod::start("daemon", &self.path("start.sh"), &[], &env, &[])
    }

    /// What an SQL statement on Grafana's database answers.
    fn sql(&self, statement: &str) -> String {
        let ask = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); \
                   print(*[row[0] for row in c.execute(sys.argv[2])]); c.commit()";
        let database = self.path("data/grafana.db");
        let python =
            Command::new("python3").args(["-c", ask]).arg(database).arg(statement).output();
        String::from_utf8(python.expect("it runs").stdout).expect("text").trim().to_owned()
    }

    fn password(&self) -> String {
        self.sql("SELECT password FROM user WHERE id = 1")
    }
}

#[test]
fn grafana_takes_the_password_of_a_secret_that_was_made_anew() {
    let volume = Volume::new();
    volume.start("first").until(READY);
    assert_eq!(volume.password(), "first");
    let said = volume.start("second").until(READY).join("\n");
    assert_eq!(volume.password(), "second");
    assert!(!said.contains("second"), "{said}");
    // One that somebody changes in Grafana is theirs, as long as the Secret is the same.
    volume.sql("UPDATE user SET password = 'theirs'");
    volume.start("second").until(READY);
    assert_eq!(volume.password(), "theirs");
    // The volume of an earlier version, which wrote down nothing.
    fs::remove_file(volume.path("data/terrarium-password")).expect("there");
    volume.start("third").until(READY);
    assert_eq!(volume.password(), "third");
}

#[test]
fn grafana_cut_off_in_its_first_start_has_the_password_of_the_next() {
    let lines = Volume::new().start("first").until(READY).len();
    assert_eq!(lines, 2);
    for cut in 0..lines {
        for next in ["first", "second"] {
            let volume = Volume::new();
            let told = volume.start("first").cut_off(cut);
            volume.start(next).until(READY);
            assert_eq!(volume.password(), next, "{told}");
        }
    }
}

#[test]
fn grafana_whose_account_somebody_deleted_starts_and_says_so() {
    let volume = Volume::new();
    volume.start("first").until(READY);
    volume.sql("INSERT INTO user VALUES (2, 'theirs')");
    volume.sql("DELETE FROM user WHERE id = 1");
    let said = volume.start("second").until(READY).join("\n");
    assert!(said.contains("the account admin has not the password of its Secret"), "{said}");
    assert_eq!(volume.sql("SELECT password FROM user"), "theirs");
}
