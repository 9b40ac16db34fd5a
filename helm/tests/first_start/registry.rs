//! The schema registry's first start: Apicurio's own application with the chart's start
//! script and environment, on the chart's `PostgreSQL`.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::chart::environment;
use crate::pod::{ADDRESS, PATH, Pod, cache, java};
use crate::postgresql::{PASSWORD, READY, Volume, programs};

/// The last line of a start.
const STARTED: &str = "Installed features";

/// A schema is taken and given back.
const ASK: &str = r#"
import json, sys, urllib.request
def ask(path, body=None):
    request = urllib.request.Request(f"http://{sys.argv[1]}:8080/apis/ccompat/v7/{path}", body)
    request.add_header("Content-Type", "application/json")
    return json.load(urllib.request.urlopen(request, timeout=60))
schema = json.dumps({"type": "record", "name": "Foo", "fields": []})
number = ask("subjects/foo-value/versions", json.dumps({"schema": schema}).encode())["id"]
assert json.loads(ask(f"schemas/ids/{number}")["schema"])["name"] == "Foo"
assert ask("subjects") == ["foo-value"]
"#;

/// A database server with an empty database for the registry.
struct Store {
    server: Pod,
    _volume: Volume,
    folder: TempDir,
}

impl Store {
    fn new() -> Self {
        let volume = Volume::new();
        let mut server = volume.start();
        server.until(READY);
        let folder = tempfile::tempdir().expect("a folder");
        let store = Self { server, _volume: volume, folder };
        for (name, text) in [("username", "postgres"), ("password", PASSWORD)] {
            fs::write(store.path(name), text).expect("written");
        }
        let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/schema-registry");
        let start = fs::read_to_string(chart.join("files/start.sh")).expect("text");
        let start = start
            .replace("/run/secrets/postgresql", &store.folder.path().display().to_string())
            .replace("/deployments", &home().display().to_string())
            .replace("exec java", &format!("exec {}", java(21).display()));
        fs::write(store.path("start.sh"), start).expect("written");
        store.ask("postgres", "CREATE DATABASE \"schema-registry\"");
        store
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn ask(&self, database: &str, sql: &str) -> String {
        let output = self
            .server
            .client(&programs().join("psql"))
            .args(["--no-psqlrc", "--tuples-only", "--no-align", "--command", sql])
            .env("PGHOST", ADDRESS)
            .env("PGUSER", "postgres")
            .env("PGPASSWORD", PASSWORD)
            .env("PGDATABASE", database)
            .output()
            .expect("psql runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    /// What a cut would leave in the database: the tables that others can see.
    fn tables(&self) -> String {
        let sql = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'";
        self.ask("schema-registry", sql)
    }

    fn start(&self) -> Pod {
        let template = "schema-registry/templates/schema-registry.yaml";
        let store = format!("//{ADDRESS}:5432");
        let words = [
            ("{{ .Values.heap }}", "160m"),
            ("{{ .Values.connections | quote }}", "8"),
            ("//postgresql:5432", &store),
        ];
        let environment = environment(template, &words);
        let mut all = vec![("PATH", PATH)];
        all.extend(environment.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        Pod::beside(&self.server, "root", &self.path("start.sh"), &[], &all)
    }

    /// Starts the registry and ends it at the first line with the words.
    fn cut_off_at(&self, words: &str) {
        self.start().until(words);
    }

    fn serves(&self) {
        let mut pod = self.start();
        let said = pod.until(STARTED);
        let asked = pod.client(Path::new("python3")).args(["-c", ASK, ADDRESS]).output();
        let asked = asked.expect("python3 runs");
        let stderr = String::from_utf8_lossy(&asked.stderr);
        assert!(asked.status.success(), "{stderr}{}", said.join("\n"));
    }
}

/// Apicurio's application; see `.ci/python`, whose tests run it too.
fn home() -> PathBuf {
    let given = std::env::var_os("TERRARIUM_REGISTRY_HOME").map(PathBuf::from);
    let home = given.unwrap_or_else(|| cache().join("python-servers/registry"));
    let jar = home.join("quarkus-run.jar");
    assert!(jar.is_file(), "no {}: set TERRARIUM_REGISTRY_HOME", jar.display());
    home
}

#[test]
fn the_registrys_tables_are_there_all_or_none_at_every_line_of_its_first_start() {
    let store = Store::new();
    let mut pod = store.start();
    let mut seen: Vec<String> = Vec::new();
    while let Some(line) = pod.line() {
        pod.hold();
        let tables = store.tables();
        pod.release();
        seen.extend(Some(tables).filter(|tables| seen.last() != Some(tables)));
        if line.contains(STARTED) {
            break;
        }
    }
    // None, and then all.
    assert!(seen.len() == 2 && seen[0] == "0", "{seen:?}");
    drop(pod);
    store.serves();
    assert_eq!(store.tables(), seen[1]);
}

#[test]
fn the_registry_cut_off_where_it_makes_its_tables_takes_schemas_the_next_time() {
    let store = Store::new();
    for words in ["initialization lock acquired", "Database type"] {
        store.cut_off_at(words);
    }
    store.cut_off_at("initialization lock released");
    store.serves();
}
