//! What the tests of the planners share: a healthy, prepared node without
//! programs, and a way to carry a plan out on facts.

use std::collections::BTreeMap;
use std::path::PathBuf;

use terrarium_inventory::{
    Agent, Artifacts as Source, Cluster, Images, Inventory, K3s, Node, Os, Role, Ssh, SshConfig,
    Stack, Swap,
};
use terrarium_k3s::sums::Sha256;
use terrarium_k3s::unit;

use crate::planner::{Artifacts, Binary, Context, Package};
use crate::{
    Action, AgentPage, Certificate, Change, Clock, Content, Facts, FileFact, LoginDigests,
    LoginPart, ModuleState, UnitFact, Validity, agent,
};

/// The digest of the token that agent nodes join by.
pub(crate) const TOKEN: &str = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";

pub(crate) fn node(name: &str) -> Node {
    Node {
        name: name.to_owned(),
        host: format!("10.0.0.{}", &name[3..]),
        alias: format!("10.0.0.{}", &name[3..]),
        role: if name == "pi-1" { Role::Server } else { Role::Agent },
        host_keys: Vec::new(),
        board: None,
        labels: BTreeMap::new(),
        adopt: false,
        ssh: Ssh {
            user: "pi".to_owned(),
            port: 22,
            identities: Vec::new(),
            password_file: None,
            known_hosts: PathBuf::from("/tmp/known_hosts"),
            jump: None,
            connect_timeout: None,
            config: SshConfig::Usual,
            has_user: false,
            has_port: false,
        },
    }
}

pub(crate) fn inventory() -> Inventory {
    Inventory {
        path: PathBuf::from("/tmp/pis.toml"),
        cluster: Cluster {
            name: "desk".to_owned(),
            domain: "desk.local".to_owned(),
            kubeconfig: PathBuf::from("/tmp/kubeconfig"),
        },
        os: Os { timezone: None, swap: Swap::Off, packages: Vec::new() },
        k3s: K3s {
            version: "v1.36.3+k3s1".to_owned(),
            sha256: BTreeMap::new(),
            disable: Vec::new(),
            server: BTreeMap::new(),
            agent: BTreeMap::new(),
        },
        artifacts: Source { mirror: None, sha256: BTreeMap::new() },
        agent: Agent { login: true },
        images: Images { lock: true, mirrors: BTreeMap::new() },
        stack: Stack {
            profile: None,
            services: Vec::new(),
            without: Vec::new(),
            values: BTreeMap::new(),
        },
        nodes: vec![node("pi-1"), node("pi-2"), node("pi-3")],
        written: terrarium_inventory::Written::default(),
    }
}

/// A Pi 5 whose operating system needs nothing.
pub(crate) fn facts() -> Facts {
    Facts {
        machine: "aarch64".to_owned(),
        userland_bits: 64,
        kernel: "6.18.39+rpt-rpi-2712".to_owned(),
        cpu_features: ["fp", "asimd", "asimddp"].map(str::to_owned).to_vec(),
        cpus: 4,
        page_size: 16384,
        model: "Raspberry Pi 5 Model B Rev 1.0".to_owned(),
        os: "Debian GNU/Linux 13 (trixie)".to_owned(),
        memory_bytes: 8048 * 1024 * 1024,
        disk_free_bytes: 50 << 30,
        hostname: "pi-1".to_owned(),
        machine_id: String::new(),
        boot: "b".to_owned(),
        boot_time: 1000,
        cgroup_controllers: Some(["cpu", "memory", "pids"].map(str::to_owned).to_vec()),
        pressure: true,
        cmdlines: [(
            "/boot/firmware/cmdline.txt".to_owned(),
            "root=/dev/mmcblk0p2 rootwait\n".into(),
        )]
        .into(),
        clock: Clock { now: 0, synchronized: true, skew_ms: 0 },
        timezone: "Etc/UTC".to_owned(),
        modules: ["br_netfilter", "overlay"].map(|m| (m.to_owned(), ModuleState::BuiltIn)).into(),
        ..Facts::default()
    }
}

/// The agent's package.
pub(crate) fn package() -> Package {
    Package { sha256: "b".repeat(64), program: "e".repeat(64), unit: "f".repeat(64) }
}

/// What a new certificate lasts, in seconds.
const YEARS: i64 = 10 * 365 * 86_400;

/// The agents' login.
pub(crate) fn login() -> LoginDigests {
    let [certificate, key, password, web] = ["6", "7", "8", "9"].map(|digit| digit.repeat(64));
    LoginDigests { certificate, key, password, web }
}

/// Runs `test` with a context around these facts, as the server's.
pub(crate) fn context(facts: &Facts, test: impl FnOnce(&Context<'_>)) {
    let inventory = inventory();
    let addresses: Vec<_> =
        inventory.nodes.iter().map(|n| (n.name.clone(), n.host.clone())).collect();
    let artifacts = Artifacts {
        k3s: [("aarch64".to_owned(), "a".repeat(64))].into(),
        agent: [("aarch64".to_owned(), package())].into(),
        image: None,
        agent_page: AgentPage::Login(login()),
        agent_config: "# None.\n".to_owned(),
    };
    test(&Context {
        inventory: &inventory,
        facts,
        server: Some(facts),
        artifacts: &artifacts,
        addresses: &addresses,
    });
}

/// Carries changes out on the facts as a node would, generations included.
pub(crate) fn converge(facts: &mut Facts, plan: impl Fn(&Context<'_>) -> Vec<Change>) {
    let mut changes = Vec::new();
    context(facts, |context| changes = plan(context));
    apply(facts, &changes);
}

/// What these changes make of the facts.
pub(crate) fn apply(facts: &mut Facts, changes: &[Change]) {
    for action in changes.iter().flat_map(|change| &change.actions) {
        match action {
            Action::Write { path, mode, content, .. } => {
                let sha256 = match content {
                    Content::Text(text) => Sha256::of(text.as_bytes()).to_string(),
                    Content::Bytes(bytes) => Sha256::of(&bytes.0).to_string(),
                    Content::Artifact(Binary::K3s(_)) => "a".repeat(64),
                    Content::Artifact(Binary::Agent(_)) => "b".repeat(64),
                    Content::Artifact(Binary::Image(_)) => "d".repeat(64),
                    Content::Login(part) => login().of(*part).to_owned(),
                    Content::JoinToken => TOKEN.to_owned(),
                    Content::JoinTokenMark => {
                        let token = Sha256::parse(TOKEN).unwrap();
                        Sha256::of(unit::token_mark(&token).as_bytes()).to_string()
                    }
                };
                let mode = mode.as_deref().unwrap_or("0755").trim_start_matches('0').to_owned();
                if *content == Content::Login(LoginPart::Certificate) {
                    facts.certificates.retain(|shown| shown.path != *path);
                    let end = Some(Validity { end: facts.clock.now + YEARS, authority: false });
                    facts.certificates.push(Certificate { path: path.clone(), end });
                }
                facts.files.insert(path.clone(), file(sha256, mode));
            }
            Action::Package { archive, program, .. } => {
                facts.files.remove(archive);
                facts.files.insert(program.clone(), file(package().program, "755".to_owned()));
                let unit = file(package().unit, "644".to_owned());
                facts.files.insert(Package::UNIT.to_owned(), unit);
                facts.packages.push(agent::PACKAGE.to_owned());
            }
            Action::Start(wait) => {
                let unit = UnitFact {
                    active: "active".to_owned(),
                    enabled: "enabled".to_owned(),
                    needs_reload: false,
                    generation: Some(wait.generation.clone()),
                    token: wait.token.as_ref().map(|path| facts.files[path].sha256.clone()),
                    age: Some(0),
                };
                facts.units.insert(wait.unit.clone(), unit);
            }
            _ => {}
        }
    }
}

fn file(sha256: String, mode: String) -> FileFact {
    FileFact { sha256, mode, owner: "root:root".to_owned(), modified: 0 }
}
