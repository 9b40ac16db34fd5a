//! A home of a user who is not root, and the program run as that user.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// Nobody has these numbers; the kernel asks for no more than a number.
pub(crate) const OPERATOR: u32 = 54_321;
pub(crate) const STRANGER: u32 = 54_322;
/// A group of several.
pub(crate) const TEAM: u32 = 54_400;

/// Everything one test needs; all of it belongs to the operator.
pub(crate) struct World {
    dir: TempDir,
    pub(crate) environment: BTreeMap<&'static str, PathBuf>,
}

impl World {
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("terrarium-places-").tempdir().unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut world = Self { dir, environment: BTreeMap::new() };
        for folder in ["home", "home/.ssh", "home/.kube", "work"] {
            std::fs::create_dir(world.path(folder)).unwrap();
            world.give(folder, OPERATOR, 0o755);
        }
        world.inventory("");
        for (file, mode) in [
            ("home/.ssh/known_hosts", 0o644),
            ("home/.ssh/key", 0o600),
            ("home/.kube/config", 0o600),
            ("work/known_hosts", 0o600),
            ("work/password", 0o600),
            ("work/pis.sizes.toml", 0o644),
        ] {
            world.put(file, if file.ends_with("password") { "secret\n" } else { "" }, mode);
        }
        world.put("work/pis.lock.toml", "version = 1\n", 0o644);
        let home = world.path("home");
        world.environment.insert("HOME", home);
        // Nothing is fetched: the mirror is a folder that is not there.
        world
    }

    /// An inventory of one node that does not answer, with more at its end.
    pub(crate) fn inventory(&self, more: &str) {
        let text = format!(
            "[ssh]\nidentity = \"~/.ssh/key\"\npassword_file = \"password\"\n\n\
             [artifacts]\nmirror = \"file:///nowhere\"\n\n[stack]\nprofile = \"starter\"\n\n\
             [[node]]\nname = \"pi-1\"\nhost = \"192.0.2.1\"\nboard = \"pi5-8gb\"\n{more}"
        );
        self.put("work/pis.toml", &text, 0o644);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A file of the operator's.
    pub(crate) fn put(&self, name: &str, text: &str, mode: u32) {
        std::fs::write(self.path(name), text).unwrap();
        self.give(name, OPERATOR, mode);
    }

    pub(crate) fn give(&self, name: &str, user: u32, mode: u32) {
        let path = self.path(name);
        chown(&path, Some(user), Some(user)).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    pub(crate) fn mode(&self, name: &str, mode: u32) {
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    /// The program, as the operator.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.run_as(OPERATOR, args)
    }

    pub(crate) fn run_as(&self, user: u32, args: &[&str]) -> Ran {
        let mut command = Command::new("setpriv");
        command
            .args([format!("--reuid={user}"), format!("--regid={user}")])
            .args(["--clear-groups", "--"])
            .arg(self.program())
            .arg("--inventory")
            .arg(self.path("work/pis.toml"))
            .args(args)
            .current_dir(self.path("work"))
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .envs(&self.environment);
        Ran::of(command.output().unwrap())
    }

    /// The program where every user may start it.
    pub(crate) fn program(&self) -> PathBuf {
        let program = self.path("provision");
        if !program.exists() {
            std::fs::copy(env!("CARGO_BIN_EXE_provision"), &program).unwrap();
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        program
    }
}

/// What came of a run, its text without line breaks.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        let all = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&all).split_whitespace().collect::<Vec<_>>().join(" ");
        Self { code: output.status.code(), text }
    }

    /// Ended with this code and said all of that.
    pub(crate) fn ended(&self, code: i32, says: &[&str]) {
        assert_eq!(self.code, Some(code), "{}", self.text);
        for part in says {
            assert!(self.text.contains(part), "{part} is missing: {}", self.text);
        }
    }
}

/// All that lies in a folder, by its name.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
