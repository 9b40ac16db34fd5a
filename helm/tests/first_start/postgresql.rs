//! The database's first start.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::chart::defined;
use crate::pod::{ADDRESS, PATH, Pod, id};

pub(crate) const READY: &str = "database system is ready to accept connections";
pub(crate) const PASSWORD: &str = "first start";

/// A chart's server: its start script, who owns the cluster, and what clients use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Server {
    pub(crate) script: &'static str,
    pub(crate) superuser: &'static str,
    pub(crate) database: &'static str,
    pub(crate) arguments: &'static [&'static str],
    /// What stands in the place of what this machine has not.
    pub(crate) prepare: fn(&Volume),
}

const POSTGRESQL: Server = Server {
    script: "charts/postgresql/files/start.sh",
    superuser: "postgres",
    database: "terrarium",
    arguments: &[],
    prepare: |_| {},
};

/// A volume with a database cluster.
pub(crate) struct Volume {
    folder: TempDir,
    programs: PathBuf,
    server: Server,
}

impl Volume {
    pub(crate) fn new() -> Self {
        Self::of(POSTGRESQL)
    }

    pub(crate) fn of(server: Server) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let volume = Self { folder, programs: programs(), server };
        fs::write(volume.path("password"), PASSWORD).expect("written");
        let (user, group) = (number("-u"), number("-g"));
        fs::create_dir(volume.path("sockets")).expect("made");
        for path in ["", "password", "sockets"].map(|name| volume.path(name)) {
            chown(path, Some(user), Some(group)).expect("root may");
        }
        fs::set_permissions(volume.path(""), fs::Permissions::from_mode(0o700)).expect("ours");
        (server.prepare)(&volume);
        volume
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the pod on this volume.
    pub(crate) fn start(&self) -> Pod {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(self.server.script);
        // Readable by the server's user, wherever this checkout lies.
        let copy = self.path("start.sh");
        fs::copy(script, &copy).expect("copied");
        let shared = defined("library/templates/_cluster.tpl", "terrarium.cluster");
        fs::write(self.path("cluster.sh"), shared).expect("written");
        let text = |path: PathBuf| path.to_str().expect("text").to_owned();
        // What a test puts in place of a program comes first.
        let (doubles, programs) = (self.path("doubles"), self.programs.display());
        let path = format!("{}:{programs}:{PATH}", doubles.display());
        Pod::start(
            "postgres",
            &copy,
            self.server.arguments,
            &[
                ("PATH", &path),
                ("LANG", "C.UTF-8"),
                ("PGDATA", &text(self.path("pgdata"))),
                ("POSTGRES_DB", self.server.database),
                ("POSTGRES_PASSWORD_FILE", &text(self.path("password"))),
            ],
            &[(&self.path("sockets"), "/var/run/postgresql")],
        )
    }

    /// Asks as a client in another pod does: by the network, with a password.
    pub(crate) fn ask(&self, pod: &Pod, password: &str, sql: &str) -> Output {
        pod.client(&self.programs.join("psql"))
            .args(["--no-psqlrc", "--no-password", "--tuples-only", "--no-align", "--command", sql])
            .env("PGHOST", ADDRESS)
            .env("PGUSER", self.server.superuser)
            .env("PGPASSWORD", password)
            .env("PGDATABASE", self.server.database)
            .output()
            .expect("psql runs")
    }

    /// Starts the pod and holds that a client gets into its database with the
    /// password, and not with another.
    pub(crate) fn serves(&self, cut: &str) {
        let mut pod = self.start();
        pod.until(READY);
        let answer = self.ask(&pod, PASSWORD, "SELECT 40 + 2");
        let stderr = String::from_utf8_lossy(&answer.stderr);
        assert!(answer.status.success() && answer.stdout == b"42\n", "{cut}: {stderr}");
        assert!(!self.ask(&pod, "another", "SELECT 1").status.success(), "{cut}: no password");
    }

    /// Runs one of the database's programs as its user.
    fn run(&self, program: &str, arguments: &[&str]) {
        let output = Command::new("setpriv")
            .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
            .arg(self.programs.join(program))
            .args(arguments)
            .current_dir("/")
            .output()
            .expect("setpriv runs");
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A cluster as `initdb` of the image's own start leaves it, before anything else.
    pub(crate) fn initdb(&self) -> PathBuf {
        let data = self.path("pgdata");
        let (at, file) = (data.display(), self.path("password"));
        let password = format!("--pwfile={}", file.display());
        let folder = format!("--pgdata={at}");
        let user = format!("--username={}", self.server.superuser);
        self.run("initdb", &[&folder, &user, &password, "--no-sync"]);
        data
    }
}

pub(crate) fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL of Debian");
    let version = versions.map(|entry| entry.expect("read").path()).max().expect("a version");
    version.join("bin")
}

fn number(kind: &str) -> u32 {
    id(kind, "postgres")
}

/// Cuts a first start off after each line of its log, and holds what the next
/// one does.
pub(crate) fn cut_off_at_each_line(server: Server, next: impl Fn(&Volume, &str) + Sync) {
    let lines = Volume::of(server).start().until(READY).len();
    assert!(lines > 5, "{lines}");
    let ends: Vec<usize> = (0..lines).collect();
    // Two at once: a first start waits for its disk most of the time.
    let next = &next;
    std::thread::scope(|scope| {
        for half in ends.chunks(lines.div_ceil(2)) {
            scope.spawn(move || {
                for &cut in half {
                    let volume = Volume::of(server);
                    let told = volume.start().cut_off(cut);
                    next(&volume, &told);
                }
            });
        }
    });
}

#[test]
fn a_first_start_cut_off_at_any_line_of_its_log_serves_its_clients_the_next_time() {
    cut_off_at_each_line(POSTGRESQL, Volume::serves);
}

/// Cut off between the making of a lock file and its writing, which a cut at a line
/// of the log meets by chance only.
pub(crate) fn starts_beside_empty_locks(server: Server, next: impl Fn(&Volume, &str)) {
    let volume = Volume::of(server);
    next(&volume, "a first start");
    let names =
        ["pgdata/postmaster.pid", "sockets/.s.PGSQL.5432.lock", "sockets/.s.PGSQL.5433.lock"];
    for name in names {
        fs::write(volume.path(name), "").expect("written");
        chown(volume.path(name), Some(number("-u")), Some(number("-g"))).expect("root may");
        next(&volume, name);
    }
}

#[test]
fn an_empty_lock_file_is_no_server_that_runs() {
    starts_beside_empty_locks(POSTGRESQL, Volume::serves);
}

#[test]
fn what_an_earlier_version_left_unfinished_is_put_aside_and_made_anew() {
    let (bare, cut) = (Volume::new(), Volume::new());
    bare.initdb();
    // Cut off within initdb itself.
    fs::remove_file(cut.initdb().join("global/pg_control")).expect("there");
    for volume in [bare, cut] {
        volume.serves("an unfinished cluster");
        let names = fs::read_dir(volume.path("")).expect("a folder");
        let aside = |name: &std::ffi::OsStr| name.to_string_lossy().contains(".unfinished-");
        assert!(names.map(|entry| entry.expect("read").file_name()).any(|name| aside(&name)));
    }
}

#[test]
fn a_database_that_an_earlier_version_did_not_come_to_make_is_made_and_data_stays() {
    let volume = Volume::new();
    let data = volume.initdb();
    let hba = data.join("pg_hba.conf");
    let line = "\nhost all all all scram-sha-256\n";
    fs::write(&hba, fs::read_to_string(&hba).expect("text") + line).expect("written");
    // A power cut leaves the lock file of a server that was process 1 of its pod.
    fs::write(data.join("postmaster.pid"), format!("1\n{}\n", data.display())).expect("written");
    chown(data.join("postmaster.pid"), Some(number("-u")), Some(number("-g"))).expect("root may");
    volume.serves("a cluster without its database");
    {
        let mut pod = volume.start();
        pod.until(READY);
        let made = volume.ask(&pod, PASSWORD, "CREATE TABLE kept AS SELECT 7 AS number");
        assert!(made.status.success());
    }
    let mut pod = volume.start();
    pod.until(READY);
    assert_eq!(volume.ask(&pod, PASSWORD, "SELECT number FROM kept").stdout, b"7\n");
}

/// A Secret that nobody can bring back is made anew, and the data stays. `up` reads a
/// pod's log until clients are served.
pub(crate) fn follows_its_secret(server: Server, up: impl Fn(&mut Pod) -> Vec<String>) -> Volume {
    let volume = Volume::of(server);
    {
        let mut pod = volume.start();
        up(&mut pod);
        assert!(
            volume.ask(&pod, PASSWORD, "CREATE TABLE kept AS SELECT 7 AS number").status.success()
        );
    }
    for password in ["made anew", "it's \"quoted\" \\ $HOME"] {
        fs::write(volume.path("password"), password).expect("written");
        let mut pod = volume.start();
        let said = up(&mut pod);
        let answer = volume.ask(&pod, password, "SELECT number FROM kept");
        assert_eq!(answer.stdout, b"7\n", "{}", String::from_utf8_lossy(&answer.stderr));
        assert!(!volume.ask(&pod, PASSWORD, "SELECT 1").status.success(), "the former one");
        assert!(!said.iter().any(|line| line.contains(password)), "{said:?}");
    }
    volume
}

#[test]
fn the_superusers_password_is_the_secrets_at_every_start() {
    let volume = follows_its_secret(POSTGRESQL, |pod| pod.until(READY));
    let mode = fs::metadata(volume.path("pgdata/terrarium-password")).expect("there");
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
}

/// What an earlier version left: a Secret made anew that the database refuses.
#[test]
fn a_database_of_an_earlier_version_follows_its_secret_too() {
    let volume = Volume::new();
    drop({
        let mut pod = volume.start();
        pod.until(READY);
        pod
    });
    fs::remove_file(volume.path("pgdata/terrarium-password")).expect("there");
    fs::write(volume.path("password"), "another").expect("written");
    let mut pod = volume.start();
    pod.until(READY);
    assert!(volume.ask(&pod, "another", "SELECT 1").status.success());
}

/// The registry holds a lock while it looks after its tables: that of a node without
/// power would keep the next one from its start.
#[test]
fn with_the_charts_settings_a_client_without_a_node_is_found_out_within_two_minutes() {
    let values = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/postgresql/values.yaml");
    let values = fs::read_to_string(values).expect("text");
    let values: serde_json::Value = serde_saphyr::from_str(&values).expect("YAML");
    let settings = values["settings"].as_object().expect("settings").iter();
    let settings =
        settings.map(|(name, value)| format!("{name}={}", value.as_str().expect("text")));
    let arguments = settings.flat_map(|setting| ["-c", &*setting.leak()]);
    let arguments = arguments.collect::<Vec<&'static str>>().leak();
    let volume = Volume::of(Server { arguments, ..POSTGRESQL });
    let mut pod = volume.start();
    pod.until(READY);
    // As a connection has them in force, and not only the server's configuration.
    let ask = |name: &str| {
        let answer = volume.ask(&pod, PASSWORD, &format!("SELECT ({name})::int"));
        String::from_utf8(answer.stdout).expect("text").trim().parse::<u32>().expect("a number")
    };
    let setting = |name: &str| ask(&format!("current_setting('tcp_keepalives_{name}')"));
    assert!(setting("idle") + setting("interval") * setting("count") <= 120);
    let unanswered = "(SELECT setting FROM pg_settings WHERE name = 'tcp_user_timeout')";
    assert_eq!(ask(unanswered), 120_000);
}
