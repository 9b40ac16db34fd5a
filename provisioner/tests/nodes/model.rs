//! What a made-up node is, and how it answers. A stand-in for a Raspberry Pi:
//! nothing it is sent is executed; each of `provision`'s scripts is recognised
//! and its effect is taken down in a few maps.

pub(crate) mod existing;
pub(crate) mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use tokens::{AGENT_CA, AGENT_TOKEN, TOKEN, TOKEN_MARK};

use crate::node::lock;
use crate::shell::words;
use crate::world::{Package, sha256};

const K3S: &str = "/usr/local/bin/k3s";
pub(crate) const CMDLINE: &str = "/boot/firmware/cmdline.txt";
const KUBECONFIG: &str = "/etc/rancher/k3s/k3s.yaml";
/// What a server of k3s writes, with keys that open nothing.
pub(crate) const K3S_YAML: &str = include_str!("../../../k3s/src/kubeconfig/k3s.yaml");
const ARCHIVE: &str = "/var/lib/terrarium/terrarium-agent.deb";
const AGENT: &str = "terrarium-agent.service";

/// What a command said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) status: u32,
}

impl Reply {
    /// Nothing but a success.
    pub(crate) fn done() -> Self {
        Self::default()
    }

    /// Standard output and a success.
    pub(crate) fn said(stdout: impl Into<Vec<u8>>) -> Self {
        Self { stdout: stdout.into(), ..Self::default() }
    }

    /// Standard error and a status.
    pub(crate) fn failed(status: u32, stderr: impl Into<Vec<u8>>) -> Self {
        Self { stderr: stderr.into(), status, ..Self::default() }
    }
}

/// What happens once the answer is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    Nothing,
    Restart,
}

/// A file: its content and octal mode.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) bytes: Vec<u8>,
    pub(crate) mode: String,
    pub(crate) modified: u64,
}

/// A unit: whether it runs, from which generation and with which join token.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    pub(crate) active: String,
    pub(crate) generation: String,
    pub(crate) token: String,
}

/// What Kubernetes knows: nodes and their labels. Shared by the nodes of a world.
pub(crate) type Cluster = Arc<Mutex<BTreeMap<String, BTreeMap<String, String>>>>;

/// One node.
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) files: BTreeMap<String, File>,
    pub(crate) units: BTreeMap<String, Unit>,
    pub(crate) packages: BTreeSet<String>,
    pub(crate) hostname: String,
    /// Restarts so far.
    pub(crate) boots: usize,
    boot_time: u64,
    memory_cgroup: bool,
    /// Whether the kernel heeds `cgroup_enable=memory` at the next boot.
    pub(crate) heeds_cmdline: bool,
    /// Facts of the probe that are said instead of the model's, by key.
    pub(crate) facts: BTreeMap<String, String>,
    /// Lines added to the probe's reply.
    pub(crate) extra: Vec<String>,
    /// What `cat /etc/rancher/k3s/k3s.yaml` gives on a server that has started.
    pub(crate) kubeconfig: String,
    /// The certificate of the authority of the cluster whose server this is.
    pub(crate) authority: String,
    /// Secrets made on this node so far.
    secrets: usize,
    /// What helm keeps in the cluster, as kubectl prints it.
    pub(crate) releases: String,
    /// Scripts the model does not know: a test of the honest run wants none.
    pub(crate) unknown: Vec<String>,
    pub(crate) cluster: Cluster,
    package: Package,
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// What keeps kubectl from writing on the node; no part of what is asked.
const UNCACHED: &str = " --cache-dir=/dev/null";

impl Model {
    /// A freshly flashed Pi 5, whose kernel offers no memory cgroup yet.
    pub(super) fn fresh(name: &str, address: &str, cluster: Cluster, package: Package) -> Self {
        let mut model = Self {
            name: name.to_owned(),
            address: address.to_owned(),
            files: BTreeMap::new(),
            units: BTreeMap::new(),
            packages: BTreeSet::new(),
            hostname: "raspberrypi".to_owned(),
            boots: 0,
            boot_time: now() - 100,
            memory_cgroup: false,
            heeds_cmdline: true,
            facts: BTreeMap::new(),
            extra: Vec::new(),
            kubeconfig: K3S_YAML.to_owned(),
            authority: "an authority\n".to_owned(),
            secrets: 0,
            releases: String::new(),
            unknown: Vec::new(),
            cluster,
            package,
        };
        model.put(CMDLINE, "755", b"console=tty1 root=PARTUUID=1-02 rootwait\n");
        model.put("/etc/hosts", "644", b"127.0.0.1\tlocalhost\n127.0.1.1\traspberrypi\n");
        for file in model.files.values_mut() {
            file.modified = now() - 1000;
        }
        model
    }

    /// The same board with another card: nothing of before is on it.
    pub(super) fn flash(&mut self, authority: &str) {
        let fresh =
            Self::fresh(&self.name, &self.address, self.cluster.clone(), self.package.clone());
        *self = Self { authority: authority.to_owned(), ..fresh };
        lock(&self.cluster).clear();
    }

    /// Puts a file in place.
    pub(crate) fn put(&mut self, path: &str, mode: &str, bytes: &[u8]) {
        let file = File { bytes: bytes.to_vec(), mode: mode.to_owned(), modified: now() };
        self.files.insert(path.to_owned(), file);
    }

    /// A file's text; empty when there is none.
    pub(crate) fn text(&self, path: &str) -> String {
        String::from_utf8_lossy(self.bytes(path)).into_owned()
    }

    /// A file's content; empty when there is none.
    pub(crate) fn bytes(&self, path: &str) -> &[u8] {
        self.files.get(path).map(|file| &*file.bytes).unwrap_or_default()
    }

    pub(super) fn restart(&mut self) {
        self.boots += 1;
        // What was written before is older, in whole seconds too.
        let last = self.files.values().map(|file| file.modified).max().unwrap_or_default();
        self.boot_time = now().max(last + 1);
        self.memory_cgroup =
            self.heeds_cmdline && self.text(CMDLINE).contains("cgroup_enable=memory");
        let units: Vec<String> = self.units.keys().cloned().collect();
        for unit in units {
            self.start(&unit);
        }
    }

    fn boot(&self) -> String {
        format!("00000000-0000-0000-0000-{:012}/33", self.boots)
    }

    /// What a script is, in a few words; the model's own names for them.
    pub(super) fn name_of(script: &str) -> String {
        let script = bare(script);
        let line = script.lines().next().unwrap_or_default();
        let starts = |text: &str| script.starts_with(text);
        if script.contains("/run/terrarium") {
            "lock".to_owned()
        } else if script.contains("\ne machine ") {
            "probe".to_owned()
        } else if script.contains("\n  made() {") {
            "list the stack's objects".to_owned()
        } else if starts("set -- $(sed") {
            "boot".to_owned()
        } else if script.contains("systemctl --no-block reboot") {
            "reboot".to_owned()
        } else if let Some(path) = written(script) {
            format!("write {path}")
        } else if script.contains("/dev/random") {
            "make a secret".to_owned()
        } else if script.contains(ARCHIVE) {
            "install the agent".to_owned()
        } else if starts("u=") && script.contains("journalctl") {
            let verb = if script.contains("restart --no-block") { "start" } else { "watch" };
            format!("{verb} {}", words(line)[0].trim_start_matches("u="))
        } else {
            line.replace(UNCACHED, "")
        }
    }

    /// Answers a script that was given `input` to read.
    pub(super) fn answer(&mut self, script: &str, input: &[u8]) -> (Reply, Then) {
        let script = bare(script);
        let name = Self::name_of(script);
        let first = words(&script.lines().next().unwrap_or_default().replace(UNCACHED, ""));
        let first: Vec<&str> = first.iter().map(String::as_str).collect();
        let reply = match (name.split_once(' ').unwrap_or((&name, "")), &first[..]) {
            (("probe", _), _) => Reply::said(self.probe(script)),
            (("list", "the stack's objects"), _) => Reply::said(self.objects()),
            (("boot", _), _) => Reply::said(format!("{}\n", self.boot())),
            (("reboot", _), _) => return (Reply::done(), Then::Restart),
            (("write", path), _) => self.write(path, script, input),
            (("install", _), _) => self.install(),
            (("make", "a secret"), _) => self.make_secret(script),
            (("start", unit), _) => self.started(unit),
            (("watch", unit), _) => self.watched(unit),
            (_, ["cat", paths @ ..]) => self.cat(paths),
            (_, ["hostnamectl", "set-hostname", name, ..]) => {
                (*name).clone_into(&mut self.hostname);
                Reply::done()
            }
            (_, ["exec", K3S, "kubectl", args @ ..]) => self.kubectl(args),
            (_, ["systemctl", "restart" | "reload", ..]) => Reply::done(),
            (_, ["systemctl", "stop", unit]) => {
                self.units
                    .entry((*unit).to_owned())
                    .and_modify(|unit| "inactive".clone_into(&mut unit.active));
                if script.contains("rm -f /var/lib/rancher/k3s/agent/") {
                    self.files.remove(AGENT_CA);
                }
                Reply::done()
            }
            _ => {
                self.unknown.push(script.to_owned());
                Reply::done()
            }
        };
        (reply, Then::Nothing)
    }

    /// What the API tells of the stack.
    fn objects(&self) -> String {
        let line = |(key, text): (&str, String)| format!("{key}\t{}", BASE64.encode(text));
        let told = [("nodes", self.nodes().to_string()), ("releases", self.releases.clone())];
        let told = told.into_iter().filter(|_| self.runs("k3s.service")).map(line);
        let lines: Vec<String> = told.chain(self.extra.iter().cloned()).collect();
        format!("{}\nnow\t{}\n", lines.join("\n"), now())
    }

    /// The reply to the probe's script.
    fn probe(&self, script: &str) -> String {
        let mut lines: Vec<(String, String)> = Vec::new();
        let mut say = |key: &str, value: String| lines.push((key.to_owned(), value));
        let controllers = if self.memory_cgroup { "cpu io memory pids" } else { "cpu io pids" };
        for (key, value) in [
            ("machine", std::env::consts::ARCH),
            ("bits", "64"),
            ("kernel", "6.18.39+rpt-rpi-2712"),
            ("page_size", "16384"),
            ("model", "Raspberry Pi 5 Model B Rev 1.0"),
            ("os", "Debian GNU/Linux 13 (trixie)"),
            ("memory_kib", "8241152"),
            ("disk_kib", "50000000"),
            ("data_device", "/dev/mmcblk0p2"),
            ("cpu_features", "fp asimd asimddp"),
            ("cpus", "4"),
            ("hostname", &self.hostname),
            ("machine_id", &sha256(self.name.as_bytes())[..32]),
            ("boot", &self.boot()),
            ("controllers", controllers),
            ("pressure", "yes"),
            ("ntp", "yes"),
            ("timezone", "Etc/UTC"),
        ] {
            say(key, value.to_owned());
        }
        say("boot_time", self.boot_time.to_string());
        say(&format!("cmdline {CMDLINE}"), BASE64.encode(self.bytes(CMDLINE)));
        if let Some(File { bytes, mode, modified }) = self.files.get(CMDLINE) {
            let value = format!("{} {mode} root:root {modified}", sha256(bytes));
            say(&format!("file {CMDLINE}"), value);
        }
        say("hosts", BASE64.encode(self.bytes("/etc/hosts")));
        let mac = &sha256(self.address.as_bytes())[..2];
        say("address", format!("eth0 {} 02:00:00:00:00:{mac}", self.address));
        if self.files.contains_key(K3S) {
            say("k3s", format!("k3s version {} (made up)", crate::world::K3S_VERSION));
        }
        lines.extend(self.asked(script));
        for (key, value) in &mut lines {
            if let Some(other) = self.facts.get(key) {
                value.clone_from(other);
            }
        }
        let lines = lines.iter().map(|(key, value)| format!("{key}\t{value}"));
        let mut text: Vec<String> = lines.chain(self.extra.iter().cloned()).collect();
        let now = self.facts.get("now").cloned().unwrap_or_else(|| now().to_string());
        text.push(format!("now\t{now}\n"));
        text.join("\n")
    }

    /// What this script asks for by name, and of the cluster.
    fn asked(&self, script: &str) -> Vec<(String, String)> {
        let mut lines: Vec<(String, String)> = Vec::new();
        let mut say = |key: &str, value: String| lines.push((key.to_owned(), value));
        for line in script.lines() {
            let words = words(line);
            let Some((list, names)) = words.split_first() else { continue };
            for name in names {
                match list.as_str() {
                    "files" => {
                        if let Some(File { bytes, mode, modified }) = self.files.get(name) {
                            let value = format!("{} {mode} root:root {modified}", sha256(bytes));
                            say(&format!("file {name}"), value);
                        }
                    }
                    "units" => {
                        if let Some(Unit { active, generation, token }) = self.units.get(name) {
                            let value = format!("{active} enabled no {generation}");
                            say(&format!("unit {name}"), value);
                            if !token.is_empty() {
                                say(&format!("unit_token {name}"), token.clone());
                            }
                        }
                    }
                    "sysctls" => say(&format!("sysctl {name}"), "1048576".to_owned()),
                    "modules" => say(&format!("module {name}"), "loaded".to_owned()),
                    "certificates" => {
                        if let Some(File { bytes, .. }) = self.files.get(name) {
                            say(&format!("certificate {name}"), BASE64.encode(bytes));
                        }
                    }
                    "packages" if self.packages.contains(name) => say("package", name.clone()),
                    _ => {}
                }
            }
        }
        lines.extend(self.tokens(script));
        lines.extend(self.existing());
        if script.contains(AGENT_TOKEN) && self.runs("k3s.service") {
            let mut say = |key: &str, value: String| lines.push((key.to_owned(), value));
            say("nodes", BASE64.encode(self.nodes().to_string()));
            say("releases", BASE64.encode(&self.releases));
        }
        lines
    }

    fn runs(&self, unit: &str) -> bool {
        self.units.get(unit).is_some_and(|unit| unit.active == "active")
    }

    /// As the script does: what came must have the digest that was told.
    fn write(&mut self, path: &str, script: &str, input: &[u8]) -> Reply {
        let after = |text: &str| {
            script.split_once(text).map(|(_, rest)| rest.split(' ').next().unwrap_or_default())
        };
        let wanted = after("is \"$t\" ").unwrap_or_default();
        let got = sha256(input);
        if wanted != got {
            return Reply::failed(65, format!("{path}: expected sha256 {wanted}, got {got}\n"));
        }
        let mode = after("chmod ").unwrap_or("755").trim_start_matches('0').to_owned();
        let copy = format!("{path}.bak");
        let former = self.files.get(path).filter(|file| file.bytes != input).cloned();
        if script.contains("$d.bak") && !self.files.contains_key(&copy) {
            self.files.extend(former.map(|file| (copy, file)));
        }
        self.put(path, &mode, input);
        Reply::done()
    }

    fn install(&mut self) -> Reply {
        if self.files.remove(ARCHIVE).is_none() {
            // Sent again because the answer to the first was lost.
            if self.packages.contains("terrarium-agent") {
                return Reply::done();
            }
            return Reply::failed(1, "dpkg: error: cannot access archive\n");
        }
        let Package { program, unit, .. } = self.package.clone();
        self.put("/usr/bin/terrarium-agent", "755", program.as_bytes());
        self.put("/usr/lib/systemd/system/terrarium-agent.service", "644", unit.as_bytes());
        self.packages.insert("terrarium-agent".to_owned());
        self.start(AGENT);
        Reply::done()
    }

    /// Starts a unit from what its files say now.
    pub(crate) fn start(&mut self, unit: &str) {
        let file = match unit {
            AGENT => "/etc/systemd/system/terrarium-agent.service.d/10-generation.conf".to_owned(),
            other => format!("/etc/systemd/system/{other}"),
        };
        let text = self.text(&file);
        let generation = text.split_once("TERRARIUM_GENERATION=").map_or("", |(_, rest)| {
            rest.split(|c: char| !c.is_ascii_hexdigit()).next().unwrap_or_default()
        });
        let server = unit == "k3s.service";
        let mut active = "active";
        let mut token = String::new();
        if server {
            self.start_server();
        } else if unit == "k3s-agent.service" && self.text(TOKEN).is_empty() {
            active = "failed";
        } else if unit == "k3s-agent.service" {
            token = self.text(TOKEN_MARK).trim().replace("TERRARIUM_TOKEN=", "");
            // The authority a node joins under is the one its token names.
            if !self.files.contains_key(AGENT_CA) {
                self.put(AGENT_CA, "644", self.authority.clone().as_bytes());
            }
        }
        let k3s = unit.starts_with("k3s");
        if k3s && active == "active" {
            lock(&self.cluster).entry(self.name.clone()).or_default();
        }
        let unit_now = Unit { active: active.to_owned(), generation: generation.to_owned(), token };
        self.units.insert(unit.to_owned(), unit_now);
    }

    fn started(&mut self, unit: &str) -> Reply {
        self.start(unit);
        self.watched(unit)
    }

    fn watched(&self, unit: &str) -> Reply {
        let state = self.units.get(unit).map_or("inactive", |unit| unit.active.as_str());
        Reply::said(format!("{state} 0 {}\n", now()))
    }

    fn cat(&self, paths: &[&str]) -> Reply {
        let mut reply = Reply::done();
        for path in paths {
            match self.files.get(*path) {
                Some(file) => reply.stdout.extend(&file.bytes),
                None => {
                    return Reply::failed(1, format!("cat: {path}: No such file or directory\n"));
                }
            }
        }
        reply
    }

    /// What the API lists.
    fn nodes(&self) -> Value {
        let node = |(name, labels): (&String, &BTreeMap<String, String>)| {
            json!({
                "metadata": { "name": name, "labels": labels },
                "spec": {},
                "status": {
                    "conditions": [{ "type": "Ready", "status": "True" }],
                    "addresses": [],
                    "allocatable": { "cpu": "4", "memory": "7Gi" },
                    "nodeInfo": { "kubeletVersion": crate::world::K3S_VERSION },
                },
            })
        };
        json!({ "items": lock(&self.cluster).iter().map(node).collect::<Vec<_>>() })
    }

    fn kubectl(&mut self, args: &[&str]) -> Reply {
        if !self.files.contains_key(K3S) {
            // As dash says it.
            return Reply::failed(127, "sh: 1: exec: /usr/local/bin/k3s: not found\n");
        }
        if !self.runs("k3s.service") {
            return Reply::failed(1, "The connection to the server 127.0.0.1:6443 was refused\n");
        }
        match args {
            ["get", "nodes", ..] => Reply::said(self.nodes().to_string()),
            ["get", "secrets", "--all-namespaces", ..] => Reply::said(self.releases.clone()),
            ["get", "secrets", ..] => Reply::done(),
            ["label", "node", name, "--overwrite", labels @ ..] => {
                let mut cluster = lock(&self.cluster);
                let Some(node) = cluster.get_mut(*name) else {
                    return Reply::failed(1, format!("nodes \"{name}\" not found\n"));
                };
                node.extend(labels.iter().filter_map(|label| {
                    label.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()))
                }));
                Reply::said("node labeled\n")
            }
            _ => {
                self.unknown.push(format!("kubectl {}", args.join(" ")));
                Reply::done()
            }
        }
    }
}

/// The script without the lines before it that make it wait for a busy systemd.
fn bare(script: &str) -> &str {
    let waits = script.starts_with("uptime_s() {");
    let rest = script.split_once("\n# The script:\n").filter(|_| waits);
    rest.map_or(script, |(_, script)| script)
}

/// The path a script puts a file at, when it is one that does.
fn written(script: &str) -> Option<String> {
    if !script.contains("cat >\"$t\"") {
        return None;
    }
    let path = script.lines().find_map(|line| line.strip_prefix("d="))?;
    words(path).into_iter().next()
}
