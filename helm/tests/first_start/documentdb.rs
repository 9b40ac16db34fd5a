//! The first start of `FerretDB`'s `PostgreSQL`. Its extension is no package of this
//! machine: in the place of `documentdb` stands `earthdistance`, of `PostgreSQL`'s own
//! distribution, which needs another one as that does.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::postgresql::{
    PASSWORD, READY, Server, Volume, cut_off_at_each_line, follows_its_secret, programs,
    starts_beside_empty_locks,
};

const DOCUMENTDB: Server = Server {
    script: "charts/mongodb/files/documentdb.sh",
    superuser: "root",
    database: "postgres",
    // That clients can be held to the password, which `FerretDB` need not give.
    arguments: &["-c", "listen_addresses=*", "-c", "shared_preload_libraries=auto_explain"],
    prepare: double,
};

/// A `psql` that asks for the other extension.
fn double(volume: &Volume) {
    let folder = volume.path("doubles");
    fs::create_dir(&folder).expect("made");
    let psql = folder.join("psql");
    let real = programs().join("psql");
    let text = format!(
        "#!/bin/sh\nsed 's/EXISTS documentdb/EXISTS earthdistance/' | {} \"$@\"\n",
        real.display()
    );
    fs::write(&psql, text).expect("written");
    for path in [&folder, &psql] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("ours");
    }
}

/// The second start has the extension before it can be asked on the port `FerretDB`
/// asks.
fn extended(volume: &Volume, cut: &str) {
    let mut pod = volume.start();
    let said = pod.until("port 5432");
    pod.until(READY);
    let extensions = "SELECT count(*) FROM pg_extension WHERE extname IN ('earthdistance', 'cube')";
    let answer = volume.ask(&pod, PASSWORD, extensions);
    let stderr = String::from_utf8_lossy(&answer.stderr);
    assert_eq!(answer.stdout, b"2\n", "{cut}: {stderr}{}", said.join("\n"));
    assert!(!volume.ask(&pod, "another", "SELECT 1").status.success(), "{cut}: no password");
}

#[test]
fn ferretdbs_store_cut_off_in_its_first_start_has_its_extension_the_next_time() {
    cut_off_at_each_line(DOCUMENTDB, extended);
}

#[test]
fn an_empty_lock_file_is_no_server_of_ferretdbs_that_runs() {
    starts_beside_empty_locks(DOCUMENTDB, extended);
}

#[test]
fn ferretdbs_store_takes_the_password_of_a_secret_that_was_made_anew() {
    follows_its_secret(DOCUMENTDB, |pod| {
        let mut said = pod.until("port 5432");
        said.extend(pod.until(READY));
        said
    });
}
