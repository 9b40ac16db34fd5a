//! A small world around `provision`: a home, a cache, an inventory, a mirror
//! with made-up downloads, the agent's package, and made-up nodes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::model::{Cluster, Model};
use crate::node::Node;
use crate::run::{Ran, Running};

/// No release has this version, so that no digest of one is known to anybody.
pub(crate) const K3S_VERSION: &str = "v1.34.99+k3s1";
/// As dpkg, k3s and helm call the machine of this test.
pub(crate) const ARCH: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };

/// What the agent's package leaves on a node.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) program: String,
    pub(crate) unit: String,
}

/// Everything one test needs. Worlds share nothing.
pub(crate) struct World {
    dir: TempDir,
    /// In the inventory's order; the first is the server.
    pub(crate) nodes: Vec<Node>,
    pub(crate) cluster: Cluster,
    /// Variables `provision` is given besides those of the world.
    pub(crate) environment: BTreeMap<String, String>,
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl World {
    /// Freshly flashed nodes with these names, and an inventory of them.
    pub(crate) fn new(names: &[&str]) -> Self {
        static WORLDS: AtomicU16 = AtomicU16::new(0);
        let [high, low] = WORLDS.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        assert!(high < 64, "there are no more networks");
        let dir = tempfile::Builder::new().prefix("terrarium-nodes-").tempdir().unwrap();
        for folder in ["home/.ssh", "cache", "inventory"] {
            std::fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        let package = package(dir.path());
        mirror(dir.path());
        let cluster = Cluster::default();
        let node = |(name, host): (&&str, u8)| {
            let address = Ipv4Addr::new(10, 64 + high, low, host);
            let model = Model::fresh(name, &address.to_string(), cluster.clone(), package.clone());
            Node::start(address, model, &dir.path().join("nodes").join(name))
        };
        let nodes: Vec<Node> = names.iter().zip(11..).map(node).collect();
        let world = Self { dir, nodes, cluster, environment: BTreeMap::new() };
        world.inventory("");
        let known: String = world.nodes.iter().map(Node::known_line).collect();
        std::fs::write(world.known_hosts(), known).unwrap();
        world
    }

    /// Writes the inventory, with more lines at its end: tables of their own.
    pub(crate) fn inventory(&self, more: &str) {
        let (mirror, kubeconfig) = (self.path("mirror"), self.kubeconfig());
        let k3s = sha256(&std::fs::read(mirror.join(k3s_path())).unwrap());
        let mut text = format!(
            "[cluster]\nkubeconfig = \"{}\"\n\n[ssh]\nuser = \"pi\"\nknown_hosts = \"known_hosts\"\n\n\
             [k3s]\nversion = \"{K3S_VERSION}\"\nsha256 = {{ {ARCH} = \"{k3s}\" }}\n\n\
             [artifacts]\nmirror = \"file://{}\"\n",
            kubeconfig.display(),
            mirror.display()
        );
        for Node { name, address, .. } in &self.nodes {
            let _ = write!(text, "\n[[node]]\nname = \"{name}\"\nhost = \"{address}\"\n");
        }
        let _ = write!(text, "\n{more}");
        std::fs::write(self.inventory_path(), text).unwrap();
    }

    /// Writes the inventory without a pin, of a mirror that may be another one.
    pub(crate) fn unpinned(&self, mirror: Option<&str>) {
        self.inventory("");
        let text = std::fs::read_to_string(self.inventory_path()).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.retain(|line| !line.starts_with("sha256 = "));
        if let Some(mirror) = mirror {
            for line in lines.iter_mut().filter(|line| line.starts_with("mirror = ")) {
                *line = format!("mirror = \"{mirror}\"");
            }
        }
        std::fs::write(self.inventory_path(), lines.join("\n")).unwrap();
    }

    /// Puts another k3s of the same version into the mirror, and its checksum.
    pub(crate) fn release_anew(&self, program: &str) {
        release(self.dir.path(), program);
    }

    /// A path in the world's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn inventory_path(&self) -> PathBuf {
        self.path("inventory/pis.toml")
    }

    /// Has the keys of all nodes at first; without it every contact is the first.
    pub(crate) fn known_hosts(&self) -> PathBuf {
        self.path("inventory/known_hosts")
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.path("home/.kube/config")
    }

    /// A node by its name.
    pub(crate) fn node(&self, name: &str) -> &Node {
        self.nodes.iter().find(|node| node.name == name).unwrap()
    }

    /// The command line of the program as it was built, in the world's environment.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
        command.arg("--inventory").arg(self.inventory_path()).args(args);
        self.surround(&mut command);
        command
    }

    fn surround(&self, command: &mut Command) {
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", self.path("home"))
            .env("USER", "op")
            .env("TERRARIUM_CACHE", self.path("cache"))
            .env("TERRARIUM_AGENT_DIR", self.path("agent"))
            .envs(&self.environment)
            .current_dir(self.path("inventory"));
    }

    /// Runs `provision` to its end, which comes within a minute.
    pub(crate) fn provision(&self, args: &[&str]) -> Ran {
        self.start(args).end()
    }

    /// Starts `provision`, its output captured and its input empty.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        Running::start(self.command(args))
    }

    /// Starts `provision` on a terminal of its own, with which the test speaks by
    /// [`Running::type_in`]. All that is shown comes on standard output.
    pub(crate) fn start_on_terminal(&self, args: &[&str]) -> Running {
        self.start_at(80, args)
    }

    /// The same on a terminal with so many columns.
    pub(crate) fn start_at(&self, columns: u16, args: &[&str]) -> Running {
        let mut line = format!(
            "stty cols {columns}; exec '{}' --inventory '{}'",
            env!("CARGO_BIN_EXE_provision"),
            self.inventory_path().display()
        );
        for arg in args {
            let _ = write!(line, " '{arg}'");
        }
        let mut command = Command::new("script");
        command.args(["--quiet", "--flush", "--return", "--command", &line, "/dev/null"]);
        self.surround(&mut command);
        if !self.environment.contains_key("TERM") {
            command.env("TERM", "xterm");
        }
        Running::start(command)
    }
}

pub(crate) fn k3s_path() -> String {
    let name = if ARCH == "amd64" { "k3s" } else { "k3s-arm64" };
    format!("k3s-io/k3s/releases/download/{K3S_VERSION}/{name}")
}

/// A mirror with a k3s of a few bytes, and its checksum file.
fn mirror(dir: &Path) {
    release(dir, &format!("#!/bin/sh\necho k3s version {K3S_VERSION}\n"));
}

fn release(dir: &Path, program: &str) {
    let path = dir.join("mirror").join(k3s_path());
    let folder = path.parent().unwrap();
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(&path, program).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    let sums = format!("{}  {name}\n", sha256(program.as_bytes()));
    std::fs::write(folder.join(format!("sha256sum-{ARCH}.txt")), sums).unwrap();
}

/// The agent's package as the build makes it, with a program of a few bytes.
fn package(dir: &Path) -> Package {
    let (program, unit) =
        ("the agent's program", "[Service]\nExecStart=/usr/bin/terrarium-agent\n");
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, text) in [
        ("./usr/bin/terrarium-agent", program),
        ("./usr/lib/systemd/system/terrarium-agent.service", unit),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    let data = tar.into_inner().unwrap().finish().unwrap();
    let folder = dir.join("agent").join(std::env::consts::ARCH);
    std::fs::create_dir_all(&folder).unwrap();
    let name = format!("terrarium-agent_{}_{ARCH}.deb", env!("CARGO_PKG_VERSION"));
    let mut deb = ar::Builder::new(std::fs::File::create(folder.join(name)).unwrap());
    for (name, bytes) in [("debian-binary", &b"2.0\n"[..]), ("data.tar.gz", &data)] {
        deb.append(&ar::Header::new(name.into(), bytes.len() as u64), bytes).unwrap();
    }
    Package { program: program.to_owned(), unit: unit.to_owned() }
}
