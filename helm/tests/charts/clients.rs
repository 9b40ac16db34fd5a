//! The job that makes `MongoDB`'s users, against recorded answers of both engines.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::helm::{charts, stderr};

/// What the job does for these clients when those of `already` are there.
fn made(engine: &str, clients: &Value, already: &str) -> Value {
    let double = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/charts/recorded_answers.js");
    let output = Command::new("node")
        .arg(double)
        .arg(charts().join("mongodb/files/clients.js"))
        .args([engine, &clients.to_string(), already])
        .output()
        .expect("node runs");
    assert!(output.status.success(), "{engine}, {already}: {}", stderr(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn mongodbs_clients_get_their_users_from_both_engines_and_keep_them() {
    let clients = json!({ "connect": { "databases": ["DataGen"] }, "mongoku": { "admin": true } });
    let (connect, mongoku) =
        ("of /run/clients/connect/password", "of /run/clients/mongoku/password");
    let none = json!([
        { "create": "connect", "pwd": connect, "roles": [] },
        { "create": "mongoku", "pwd": mongoku, "roles": [] },
    ]);
    assert_eq!(made("ferretdb", &clients, ""), none);
    let one = json!([
        { "update": "connect", "pwd": connect },
        { "create": "mongoku", "pwd": mongoku, "roles": [] },
    ]);
    assert_eq!(made("ferretdb", &clients, "connect"), one);

    let own = json!([
        { "role": "readWrite", "db": "DataGen" },
        { "role": "dbAdmin", "db": "DataGen" },
    ]);
    let all = json!([{ "role": "root", "db": "admin" }]);
    let both = json!([
        { "create": "connect", "pwd": connect, "roles": own },
        { "update": "mongoku", "pwd": mongoku, "roles": all },
    ]);
    assert_eq!(made("mongodb", &clients, "mongoku"), both);
}

#[test]
fn ferretdbs_store_neither_depends_on_its_first_start_nor_writes_for_ever() {
    let rendered = crate::helm::template("mongodb", &["--set=engine=ferretdb"]);
    let pods = crate::helm::pods(&rendered);
    let store = &pods.first().expect("a pod")["initContainers"][0];
    let arguments = store["args"].as_array().expect("arguments");
    for setting in [
        "shared_preload_libraries=pg_cron,pg_documentdb_core,pg_documentdb",
        "cron.database_name=postgres",
        "cron.log_run=off",
        "cron.log_statement=off",
        "documentdb.enableUserCrud=on",
        "documentdb.maxUserLimit=100",
    ] {
        assert!(arguments.contains(&json!(setting)), "{setting}: {arguments:?}");
    }
    assert_eq!(store["command"], json!(["sh", "/etc/mongodb/documentdb.sh"]));
    assert!(rendered.contains("CREATE EXTENSION IF NOT EXISTS documentdb CASCADE"));
}
