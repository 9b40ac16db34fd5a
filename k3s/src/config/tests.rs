use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use terrarium_inventory::{
    Agent, Artifacts, Cluster, Images, Inventory, K3s, Node, Os, Problem, Role, Ssh, SshConfig,
    Stack, Swap,
};

use super::{
    Machine, OWNED, agent_config, joining_server_config, kubelet_args, server_config, server_url,
};
use crate::yaml::Value;

fn node(name: &str, host: &str, role: Role) -> Node {
    Node {
        name: name.into(),
        host: host.into(),
        alias: host.into(),
        role,
        host_keys: Vec::new(),
        board: None,
        labels: BTreeMap::new(),
        adopt: false,
        ssh: Ssh {
            user: "pi".into(),
            port: 22,
            identities: Vec::new(),
            password_file: None,
            known_hosts: PathBuf::from("/home/pi/known_hosts"),
            jump: None,
            connect_timeout: None,
            config: SshConfig::Usual,
            has_user: false,
            has_port: false,
        },
    }
}

fn inventory() -> Inventory {
    Inventory {
        path: PathBuf::from("/home/pi/pis.toml"),
        cluster: Cluster {
            name: "terrarium".into(),
            domain: "terrarium.home.arpa".into(),
            kubeconfig: PathBuf::from("/home/pi/.kube/config"),
        },
        os: Os { timezone: None, swap: Swap::Keep, packages: Vec::new() },
        k3s: K3s {
            version: "v1.36.3+k3s1".into(),
            sha256: BTreeMap::new(),
            disable: vec!["metrics-server".into(), "traefik".into()],
            server: BTreeMap::new(),
            agent: BTreeMap::new(),
        },
        artifacts: Artifacts { mirror: None, sha256: BTreeMap::new() },
        agent: Agent { login: true },
        images: Images { lock: true, mirrors: BTreeMap::new() },
        stack: Stack {
            profile: None,
            services: Vec::new(),
            without: Vec::new(),
            values: BTreeMap::new(),
        },
        nodes: vec![
            node("pi-1", "pi-1.local", Role::Server),
            node("pi-2", "192.168.1.12", Role::Agent),
        ],
        written: terrarium_inventory::Written::default(),
    }
}

fn labels() -> BTreeMap<String, String> {
    BTreeMap::from([
        ("terrarium.dev/board".into(), "pi-5-8gb".into()),
        ("terrarium.dev/disk".into(), "sd".into()),
    ])
}

fn machine<'a>(ip: &'a str, labels: &'a BTreeMap<String, String>) -> Machine<'a> {
    Machine { ip, iface: Some("eth0"), memory_bytes: 7900 << 20, labels }
}

fn items<'a>(parsed: &'a Value, key: &str) -> Vec<&'a str> {
    match parsed.get(key) {
        Some(Value::Seq(items)) => items.iter().filter_map(Value::as_str).collect(),
        other => panic!("{key}: {other:?}"),
    }
}

#[test]
fn the_server() {
    let mut inventory = inventory();
    inventory.nodes[0].labels.insert("terrarium.dev/disk".into(), "nvme".into());
    let text = server_config(&inventory, &inventory.nodes[0], machine("192.168.1.11", &labels()));
    insta::assert_snapshot!(text, @r#"
    # Written by `provision`; a change made here is undone by its next run.
    # The inventory's name: a host name changed by hand must not make a second node.
    node-name: pi-1
    # The address the node was reached at; left to itself k3s takes the default route's.
    node-ip: "192.168.1.11"
    # The interface that carries it: flannel does not follow node-ip.
    flannel-iface: eth0
    node-label:
    - terrarium.dev/board=pi-5-8gb
    - terrarium.dev/disk=nvme
    # Names the API's certificate is valid for: all a kubeconfig may use.
    tls-san:
    - pi-1.local
    - "192.168.1.11"
    - pi-1
    # The administrator's credentials are root's alone.
    write-kubeconfig-mode: "0600"
    # Agent nodes join by a token of their own: the server's is an administrator's.
    agent-token-file: /etc/rancher/k3s/agent-token
    disable:
    - metrics-server
    - traefik
    # k3s replaces the kubelet's eviction rules by two for disk, so that memory pressure ends
    # in the kernel's OOM killer, and reserves nothing for itself. Both are put right here.
    # Images go from 75 % disk use on: an SD card slows down and wears when nearly full.
    kubelet-arg:
    - "eviction-hard=memory.available<250Mi,nodefs.available<5%,imagefs.available<5%,nodefs.inodesFree<5%"
    - image-gc-high-threshold=75
    - image-gc-low-threshold=65
    - kube-reserved=memory=1600Mi
    - system-reserved=memory=250Mi
    "#);
}

#[test]
fn an_agent_node() {
    let inventory = inventory();
    let none = BTreeMap::new();
    let machine = Machine { iface: None, ..machine("192.168.1.12", &none) };
    let text = agent_config(&inventory, &inventory.nodes[1], machine, "192.168.1.11");
    insta::assert_snapshot!(text, @r#"
    # Written by `provision`; a change made here is undone by its next run.
    # The inventory's name: a host name changed by hand must not make a second node.
    node-name: pi-2
    # The address the node was reached at; left to itself k3s takes the default route's.
    node-ip: "192.168.1.12"
    server: https://192.168.1.11:6443
    # By file, so that the token is neither here nor in a process list.
    token-file: /etc/rancher/k3s/cluster-token
    # k3s replaces the kubelet's eviction rules by two for disk, so that memory pressure ends
    # in the kernel's OOM killer, and reserves nothing for itself. Both are put right here.
    # Images go from 75 % disk use on: an SD card slows down and wears when nearly full.
    kubelet-arg:
    - "eviction-hard=memory.available<250Mi,nodefs.available<5%,imagefs.available<5%,nodefs.inodesFree<5%"
    - image-gc-high-threshold=75
    - image-gc-low-threshold=65
    - kube-reserved=memory=300Mi
    - system-reserved=memory=250Mi
    "#);
}

#[test]
fn further_keys_of_the_user() {
    let mut inventory = inventory();
    inventory.k3s.server = toml::from_str(
        r#"
        kubelet-arg = ["max-pods=60", "image-gc-high-threshold=80"]
        tls-san = "pi.example.org"
        disable = ["traefik", "servicelb"]
        write-kubeconfig-mode = "0640"
        etcd-expose-metrics = true
        node-label = ["site=attic"]
        kube-controller-manager-arg = "node-monitor-grace-period=20s"
        token = "hunter2"
        node-name = "other"
        "#,
    )
    .unwrap();
    let text = server_config(&inventory, &inventory.nodes[0], machine("192.168.1.11", &labels()));
    let parsed = Value::parse(&text).unwrap();
    let kubelet = items(&parsed, "kubelet-arg");
    assert!(kubelet.contains(&"max-pods=60") && kubelet.contains(&"image-gc-high-threshold=80"));
    assert!(!kubelet.contains(&"image-gc-high-threshold=75"), "{kubelet:?}");
    assert_eq!(items(&parsed, "tls-san").last(), Some(&"pi.example.org"));
    assert_eq!(items(&parsed, "disable"), ["metrics-server", "traefik", "servicelb"]);
    assert_eq!(parsed.get("write-kubeconfig-mode"), Some(&Value::str("0640")));
    assert_eq!(parsed.get("etcd-expose-metrics"), Some(&Value::Bool(true)));
    assert_eq!(items(&parsed, "node-label").last(), Some(&"site=attic"));
    assert_eq!(parsed.get("node-name"), Some(&Value::str("pi-1")));
    assert_eq!(parsed.get("token"), None);
    assert!(!text.contains("hunter2"));
}

#[test]
fn several_servers_share_an_etcd() {
    let mut inventory = inventory();
    let none = BTreeMap::new();
    let one = server_config(&inventory, &inventory.nodes[0], machine("10.0.0.1", &none));
    assert_eq!(Value::parse(&one).unwrap().get("cluster-init"), None);

    inventory.nodes.push(node("pi-3", "10.0.0.3", Role::Server));
    let first = server_config(&inventory, &inventory.nodes[0], machine("10.0.0.1", &none));
    assert_eq!(Value::parse(&first).unwrap().get("cluster-init"), Some(&Value::Bool(true)));

    let third = &inventory.nodes[2];
    let text = joining_server_config(&inventory, third, machine("10.0.0.3", &none), "10.0.0.1");
    let joining = Value::parse(&text).unwrap();
    assert_eq!(joining.get("cluster-init"), None);
    assert_eq!(joining.get("server"), Some(&Value::str("https://10.0.0.1:6443")));
    assert_eq!(items(&joining, "tls-san"), ["10.0.0.3", "pi-3"]);
}

#[test]
fn equal_inputs_give_equal_bytes() {
    let inventory = inventory();
    let labels = labels();
    let render = || server_config(&inventory, &inventory.nodes[0], machine("10.0.0.1", &labels));
    assert_eq!(render(), render());
}

#[test]
fn addresses() {
    assert_eq!(server_url("10.0.0.1"), "https://10.0.0.1:6443");
    assert_eq!(server_url("fd00::1"), "https://[fd00::1]:6443");
}

#[test]
fn owned_keys_are_sorted() {
    assert!(OWNED.is_sorted());
}

#[test]
fn the_inventory_refuses_every_key_that_is_ours() {
    let written = |table: &str, key: &str| {
        format!(
            "[k3s.{table}]\n{key} = \"x\"\n[[node]]\nname = \"pi-1\"\nhost = \"10.0.0.1\"\nrole = \"server\"\n"
        )
    };
    for table in ["server", "agent"] {
        let parse = |key| {
            Inventory::parse(Path::new("/x/pis.toml"), &written(table, key), Some(Path::new("/x")))
        };
        // Else anything at all would be refused.
        parse("debug").unwrap();
        for key in OWNED {
            let problems = parse(key).expect_err(key);
            let codes: Vec<&str> = problems.iter().map(Problem::code).collect();
            assert_eq!(codes, ["inventory::k3s-option"], "{table} {key}");
        }
    }
}

#[test]
fn the_kubelets_arguments_are_those_the_node_gets() {
    let wish = toml::Value::Array(vec!["system-reserved=memory=1Gi".into(), "max-pods=60".into()]);
    let mut inventory = inventory();
    inventory.k3s.agent.insert("kubelet-arg".to_owned(), wish);
    let memory_bytes = 8000 * 1024 * 1024;
    let args = kubelet_args(&inventory.k3s.agent, Role::Agent, memory_bytes);
    assert!(args.contains(&"kube-reserved=memory=300Mi".to_owned()), "{args:?}");
    let reserved: Vec<_> = args.iter().filter(|arg| arg.starts_with("system-reserved")).collect();
    assert_eq!(reserved, ["system-reserved=memory=1Gi"]);
    let labels = BTreeMap::new();
    let machine = Machine { ip: "192.168.1.12", iface: None, memory_bytes, labels: &labels };
    let written = agent_config(&inventory, &inventory.nodes[1], machine, "192.168.1.11");
    for arg in args {
        assert!(written.contains(&arg), "{arg} is missing:\n{written}");
    }
}
