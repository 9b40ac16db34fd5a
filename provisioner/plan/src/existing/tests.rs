//! What becomes of a k3s that is there, whoever has set it up.

use std::collections::BTreeMap;

use terrarium_k3s::nodes::KubeNode;
use terrarium_k3s::sums::Sha256;
use terrarium_k3s::{paths, unit};

use super::*;
use crate::fixture::{apply, context, facts, inventory, node};
use crate::{Action, Cluster, Content, Facts, FileFact, gate, k3s};

const INSTALLED: &str = "[Service]\nExecStart=/usr/local/bin/k3s \\\n    server \\\n";
const JOINED: &str = "[Service]\nEnvironmentFile=-/etc/systemd/system/k3s-agent.service.env\n\
    ExecStart=/usr/local/bin/k3s \\\n    agent \\\n";
const DATABASE: &str = "/var/lib/rancher/k3s/server/db/state.db";
const KUBELET: &str = "/var/lib/rancher/k3s/agent/client-kubelet.crt";

fn files(list: &[(&str, &str)]) -> Vec<(String, Bytes)> {
    list.iter().map(|(path, text)| ((*path).to_owned(), Bytes::from(*text))).collect()
}

fn file(text: &str) -> FileFact {
    FileFact {
        sha256: Sha256::of(text.as_bytes()).to_string(),
        mode: "644".to_owned(),
        owner: "root:root".to_owned(),
        modified: 0,
    }
}

/// A server that the installer has set up, with this configuration.
fn installed(config: &str) -> Facts {
    let existing = Existing {
        configs: files(&[(paths::CONFIG, config)]),
        units: files(&[(paths::SERVER_UNIT, INSTALLED)]),
        data: vec![DATABASE.to_owned()],
        uninstall: vec!["/usr/local/bin/k3s-uninstall.sh".to_owned()],
        ..Existing::default()
    };
    let files = [(paths::CONFIG, config), (paths::SERVER_UNIT, INSTALLED)];
    let files = files.map(|(path, text)| (path.to_owned(), file(text)));
    Facts {
        existing,
        files: files.into(),
        k3s_version: Some("k3s version v1.36.3+k3s1 (x)".to_owned()),
        ..facts()
    }
}

/// A node of the server at this address.
fn joined(url: &str, authority: &str) -> Facts {
    let existing = Existing {
        units: files(&[(paths::AGENT_UNIT, JOINED)]),
        variables: files(&[(paths::AGENT_ENV, &format!("K3S_URL='{url}'\nK3S_TOKEN=(hidden)\n"))]),
        data: vec![KUBELET.to_owned()],
        ..Existing::default()
    };
    let files = [(paths::AGENT_CA.to_owned(), file(authority))];
    Facts { existing, files: files.into(), hostname: "pi-2".to_owned(), ..facts() }
}

struct Word {
    adopt: bool,
    server: Facts,
    change: fn(&mut terrarium_inventory::Inventory),
}

impl Default for Word {
    fn default() -> Self {
        let mut server = facts();
        server.files.insert(paths::SERVER_CA.to_owned(), file("ours"));
        Self { adopt: false, server, change: |_| {} }
    }
}

fn with<T>(name: &str, own: &Facts, word: &Word, look: impl FnOnce(&Node, &Context<'_>) -> T) -> T {
    let mut all = inventory();
    (word.change)(&mut all);
    let node = Node { adopt: word.adopt, ..node(name) };
    let mut look = Some(look);
    let mut found = None;
    context(own, |context| {
        let server = if name == "pi-1" { own } else { &word.server };
        let context = Context { inventory: &all, server: Some(server), ..*context };
        found = look.take().map(|look| look(&node, &context));
    });
    found.unwrap()
}

fn refused(name: &str, own: &Facts, word: &Word) -> Vec<Refusal> {
    with(name, own, word, gate::node)
}

fn ids(refusals: &[Refusal]) -> Vec<&str> {
    refusals.iter().map(|refusal| refusal.id.as_str()).collect()
}

fn planned(name: &str, own: &Facts, word: &Word) -> Vec<Change> {
    with(name, own, word, k3s::plan)
}

fn adopt() -> Word {
    Word { adopt: true, ..Word::default() }
}

#[test]
fn one_that_is_not_ours_is_refused_with_all_that_was_found_and_what_to_do() {
    let own = installed("cluster-init: true\ncluster-cidr: 10.52.0.0/16\ndisable: traefik\n");
    let found = refused("pi-1", &own, &Word::default());
    let [Refusal { id, what, hint, .. }] = &found[..] else { panic!("{found:?}") };
    assert_eq!(id, "existing-k3s");
    for word in [
        paths::SERVER_UNIT,
        "starts a server",
        paths::CONFIG,
        "cluster-cidr, cluster-init, disable",
        DATABASE,
        "v1.36.3+k3s1",
    ] {
        assert!(what.contains(word), "{word}: {what}");
    }
    for word in ["adopt = true", "k3s-uninstall.sh", "cluster-cidr 10.52.0.0/16"] {
        assert!(hint.contains(word), "{word}: {hint}");
    }
}

/// Each trace alone is enough.
#[test]
fn a_unit_a_configuration_or_data_alone_is_somebody_elses() {
    let with = |change: fn(&mut Existing)| {
        let mut own = facts();
        change(&mut own.existing);
        own
    };
    for own in [
        with(|e| e.units = files(&[(paths::SERVER_UNIT, INSTALLED)])),
        with(|e| e.units = files(&[("/usr/lib/systemd/system/k3s.service", INSTALLED)])),
        with(|e| e.units = files(&[("/etc/systemd/system/k3s-master.service", INSTALLED)])),
        with(|e| e.units = files(&[(paths::SERVER_UNIT, "[Service]\nExecStart=/root/k3s.sh\n")])),
        with(|e| e.configs = files(&[(paths::CONFIG, "tls-san: a\n")])),
        with(|e| e.configs = files(&[(paths::CONFIG, "{\n")])),
        with(|e| e.data = vec![DATABASE.to_owned()]),
        with(|e| e.data = vec![KUBELET.to_owned()]),
    ] {
        assert_eq!(ids(&refused("pi-1", &own, &Word::default())), ["existing-k3s"], "{own:?}");
    }
    for own in [
        with(|e| {
            e.units = files(&[("/etc/systemd/system/k3s-backup.service", "ExecStart=/root/b\n")]);
        }),
        with(|e| {
            e.units = files(&[(
                "/etc/systemd/system/k3s-snap.service",
                "ExecStart=k3s etcd-snapshot save\n",
            )]);
        }),
        with(|e| e.configs = files(&[(paths::CONFIG, "# nothing\n")])),
        with(|e| e.configs = files(&[("/etc/rancher/k3s/config.yaml.d/a.yaml", "x: 1\n")])),
        with(|e| e.variables = files(&[(paths::SERVER_ENV, "HTTP_PROXY=p\n")])),
        with(|e| e.uninstall = vec!["/usr/local/bin/k3s-uninstall.sh".to_owned()]),
    ] {
        assert_eq!(ids(&refused("pi-1", &own, &Word::default())), [""; 0], "{own:?}");
    }
}

/// A first run writes configuration, unit and mark, in this order, and then starts;
/// versions before the mark wrote the first two.
#[test]
fn what_a_run_of_ours_left_wherever_it_was_cut_off_is_ours() {
    let config = "# Written by `provision`; a change made here is undone by its next run.\nnode-name: pi-1\n";
    let unit = unit::render(Role::Server, &Sha256::new([1; 32]), paths::DATA);
    let steps = [
        Existing { configs: files(&[(paths::CONFIG, config)]), ..Existing::default() },
        Existing {
            configs: files(&[(paths::CONFIG, config)]),
            units: files(&[(paths::SERVER_UNIT, &unit)]),
            ..Existing::default()
        },
        Existing {
            configs: files(&[(paths::CONFIG, config)]),
            units: files(&[(paths::SERVER_UNIT, &unit)]),
            data: vec![DATABASE.to_owned()],
            ..Existing::default()
        },
        // Its configuration was written by hand since, or its unit was.
        Existing {
            configs: files(&[(paths::CONFIG, "tls-san: a\n")]),
            units: files(&[(paths::SERVER_UNIT, &unit)]),
            data: vec![DATABASE.to_owned()],
            ..Existing::default()
        },
        Existing {
            configs: files(&[(paths::CONFIG, config)]),
            units: files(&[(paths::SERVER_UNIT, INSTALLED)]),
            data: vec![DATABASE.to_owned()],
            ..Existing::default()
        },
        // The card died, and the disk with the data did not.
        Existing {
            data: vec![DATABASE.to_owned()],
            cluster: Some("desk".to_owned()),
            ..Existing::default()
        },
    ];
    for existing in steps {
        let own = Facts { existing, ..facts() };
        assert_eq!(ids(&refused("pi-1", &own, &Word::default())), [""; 0], "{own:?}");
    }
}

#[test]
fn another_kubernetes_is_never_taken_over() {
    for (kind, path, gone) in [
        ("rke2", "/etc/rancher/rke2/config.yaml", "rke2-uninstall.sh"),
        ("microk8s", "/var/snap/microk8s/current", "snap remove --purge microk8s"),
        ("k8s", "/snap/k8s/current", "snap remove --purge k8s"),
        ("kubeadm", "/etc/kubernetes/admin.conf", "kubeadm reset"),
        ("k0s", "/var/lib/k0s", "k0s reset"),
    ] {
        let mut own = facts();
        own.existing.others = vec![(kind.to_owned(), path.to_owned())];
        for word in [Word::default(), adopt()] {
            let found = refused("pi-2", &own, &word);
            let [Refusal { id, what, hint, .. }] = &found[..] else { panic!("{found:?}") };
            assert_eq!(id, "other-kubernetes");
            assert!(what.contains(path) && hint.contains(gone), "{what}; {hint}");
        }
    }
}

#[test]
fn with_the_word_it_is_taken_over_with_a_diff_and_copies_and_once() {
    let own = installed("# mine\ndisable: traefik\ntls-san: nas.lan\ntoken: (hidden)\n");
    assert_eq!(ids(&refused("pi-1", &own, &adopt())), [""; 0]);
    let note = with("pi-1", &own, &adopt(), notes).unwrap();
    assert!(note.what.contains("disable (traefik), tls-san (nas.lan)"), "{note:?}");
    assert!(!note.what.contains("token"), "{note:?}");
    let changes = planned("pi-1", &own, &adopt());
    for (id, path, gone) in [
        ("k3s.config", paths::CONFIG, "- token: (hidden)"),
        ("k3s.unit", paths::SERVER_UNIT, "-     server \\"),
    ] {
        let change = changes.iter().find(|change| change.id == id).unwrap();
        let [Action::Write { backup: true, over: Some(over), .. }] = &change.actions[..] else {
            panic!("{change:?}")
        };
        assert_eq!(*over, own.files[path].sha256);
        let [replaced] = &change.replaces[..] else { panic!("{change:?}") };
        assert!(
            replaced.path == path && replaced.lines.iter().any(|line| line == gone),
            "{replaced:?}"
        );
        assert!(
            replaced.lines.iter().any(|line| line.starts_with("+ # Written by")),
            "{replaced:?}"
        );
    }
    assert!(changes.iter().any(|change| change.id == "k3s.start"));
    // As the node says it afterwards.
    let mut after = own.clone();
    apply(&mut after, &changes);
    let text = |path: &str| {
        changes.iter().flat_map(|change| &change.actions).find_map(|action| match action {
            Action::Write { path: to, content: Content::Text(text), .. } if to == path => {
                Some((path.to_owned(), Bytes::from(text.as_str())))
            }
            _ => None,
        })
    };
    after.existing.configs = text(paths::CONFIG).into_iter().collect();
    after.existing.units = text(paths::SERVER_UNIT).into_iter().collect();
    after.existing.cluster = Some("desk".to_owned());
    for word in [Word::default(), adopt()] {
        assert_eq!(ids(&refused("pi-1", &after, &word)), [""; 0]);
    }
    let left: Vec<String> =
        planned("pi-1", &after, &Word::default()).into_iter().map(|change| change.id).collect();
    assert!(
        left.iter().all(
            |id| !["k3s.config", "k3s.unit", "k3s.cluster", "k3s.start"].contains(&id.as_str())
        ),
        "{left:?}"
    );
    let note = with("pi-1", &after, &adopt(), notes).unwrap();
    assert!(note.hint.contains("take the line out"), "{note:?}");
    assert_eq!(with("pi-1", &after, &Word::default(), notes), None);
}

/// What lives on in the cluster cannot change: it is kept, by the inventory, or it is
/// not taken over.
#[test]
fn what_cannot_change_in_a_cluster_is_kept_or_refused_with_what_to_write() {
    for (config, what, hint) in [
        (
            "cluster-cidr: 10.52.0.0/16\n",
            "cluster-cidr 10.52.0.0/16",
            "`cluster-cidr = \"10.52.0.0/16\"` into [k3s.server]",
        ),
        ("service-cidr: 10.53.0.0/16\n", "service-cidr", "[k3s.server]"),
        ("cluster-dns: 10.43.0.11\n", "cluster-dns", "[k3s.server]"),
        ("cluster-domain: lan\n", "cluster-domain", "[k3s.server]"),
        ("flannel-backend: none\n", "flannel-backend none", "flannel-backend = \"none\""),
        ("secrets-encryption: true\n", "secrets-encryption true", "secrets-encryption = true"),
        ("docker: true\n", "docker true", "docker = true"),
        ("https-listen-port: 7443\n", "https-listen-port 7443", "https-listen-port = 7443"),
        ("data-dir: /mnt/k3s\n", "data-dir /mnt/k3s", "cannot be taken over"),
        ("datastore-endpoint: (hidden)\n", "datastore-endpoint", "cannot be taken over"),
        ("with-node-id: true\n", "with-node-id", "cannot be taken over"),
        (
            "server: https://10.0.0.9:6443\n",
            "further servers (https://10.0.0.9:6443)",
            "one server",
        ),
        ("node-name: berry\n", "knows it as berry", "`name = \"berry\"`"),
        ("{\n", "cannot be read", "correct it"),
    ] {
        let own = installed(config);
        let found = refused("pi-1", &own, &adopt());
        let [refusal] = &found[..] else { panic!("{config}: {found:?}") };
        assert_eq!(refusal.id, "adopt");
        assert!(
            refusal.what.contains(what) && refusal.hint.contains(hint),
            "{config}: {refusal:?}"
        );
    }
    for same in [
        "cluster-init: true\n",
        "cluster-cidr: 10.42.0.0/16\nservice-cidr: 10.43.0.0/16\nflannel-backend: vxlan\n",
        "data-dir: /var/lib/rancher/k3s\nsecrets-encryption: false\nnode-name: pi-1\n",
        "kubelet-arg: a=b\nnode-label:\n- a=b\nwrite-kubeconfig-mode: \"644\"\n",
    ] {
        assert_eq!(ids(&refused("pi-1", &installed(same), &adopt())), [""; 0], "{same}");
    }
}

#[test]
fn what_the_inventory_writes_is_kept_and_must_not_differ_from_the_cluster() {
    let written = Word {
        adopt: true,
        change: |inventory| {
            inventory.k3s.server.insert("cluster-cidr".to_owned(), "10.52.0.0/16".into());
        },
        ..Word::default()
    };
    let own = installed("cluster-cidr: 10.52.0.0/16\n");
    assert_eq!(ids(&refused("pi-1", &own, &written)), [""; 0]);
    let found = refused("pi-1", &installed("tls-san: a\n"), &written);
    assert_eq!(ids(&found), ["adopt"]);
    assert!(found[0].hint.contains("take `cluster-cidr` out of [k3s.server]"), "{found:?}");
}

/// The same option says the same wherever it stands.
#[test]
fn flags_and_variables_count_as_the_configuration_does() {
    let unit =
        INSTALLED.replace("server \\", "server \\\n\t'--cluster-cidr' \\\n\t'10.52.0.0/16' \\");
    let variable = INSTALLED.replace("[Service]", "[Service]\nEnvironment=K3S_DATA_DIR=/mnt/k3s");
    for (units, env) in [
        (unit.as_str(), ""),
        (variable.as_str(), ""),
        (INSTALLED, "K3S_DATASTORE_ENDPOINT=(hidden)\n"),
    ] {
        let mut own = installed("tls-san: a\n");
        own.existing.units = files(&[(paths::SERVER_UNIT, units)]);
        own.existing.variables = files(&[(paths::SERVER_ENV, env)]);
        assert_eq!(ids(&refused("pi-1", &own, &adopt())), ["adopt"], "{units}{env}");
    }
    let mut own = installed("tls-san: a\n");
    own.existing.configs.extend(files(&[(
        "/etc/rancher/k3s/config.yaml.d/a.yaml",
        "cluster-cidr: 10.52.0.0/16\n",
    )]));
    assert_eq!(ids(&refused("pi-1", &own, &adopt())), ["adopt"]);
}

#[test]
fn a_cluster_that_an_inventory_cannot_describe_is_not_taken_over() {
    let mut more = installed("tls-san: a\n");
    let labels: BTreeMap<String, String> =
        [("node-role.kubernetes.io/control-plane".to_owned(), "true".to_owned())].into();
    let server = |name: &str| KubeNode {
        name: name.to_owned(),
        labels: labels.clone(),
        ..KubeNode::default()
    };
    more.cluster =
        Some(Cluster { nodes: vec![server("pi-1"), server("pi-9")], ..Cluster::default() });
    let found = refused("pi-1", &more, &adopt());
    assert_eq!(ids(&found), ["adopt"]);
    assert!(found[0].what.contains("further servers (pi-9)"), "{found:?}");

    let mut etcd = installed("cluster-init: true\n");
    etcd.existing.etcd = Some("10.0.0.1".to_owned());
    assert_eq!(ids(&refused("pi-1", &etcd, &adopt())), [""; 0]);
    etcd.existing.etcd = Some("10.0.0.77".to_owned());
    assert_eq!(ids(&refused("pi-1", &etcd, &adopt())), ["adopt"]);

    let mut named = installed("tls-san: a\n");
    named.hostname = "raspberrypi".to_owned();
    assert!(refused("pi-1", &named, &adopt())[0].hint.contains("name = \"raspberrypi\""));

    let mut over = installed("tls-san: a\n");
    let drop_in = "/etc/systemd/system/k3s.service.d/own.conf";
    over.existing.drop_ins = files(&[(drop_in, "[Service]\nCPUWeight=50\n")]);
    assert_eq!(ids(&refused("pi-1", &over, &adopt())), [""; 0]);
    over.existing.drop_ins = files(&[(drop_in, "[Service]\nExecStart=\nExecStart=/root/k3s.sh\n")]);
    let found = refused("pi-1", &over, &adopt());
    assert!(ids(&found) == ["adopt"] && found[0].what.contains(drop_in), "{found:?}");

    let mut beside = installed("tls-san: a\n");
    beside.existing.units.extend(files(&[("/etc/systemd/system/k3s-node.service", JOINED)]));
    let found = refused("pi-1", &beside, &adopt());
    assert!(found[0].hint.contains("systemctl disable --now k3s-node.service"), "{found:?}");
}

#[test]
fn the_other_part_is_refused_with_the_word_too() {
    let mut server = installed("tls-san: a\n");
    server.hostname = "pi-2".to_owned();
    assert_eq!(ids(&refused("pi-2", &server, &adopt())), ["other-role"]);
    let mut agent = joined("https://10.0.0.1:6443", "ours");
    agent.hostname = "pi-1".to_owned();
    assert!(ids(&refused("pi-1", &agent, &adopt())).contains(&"other-role"));
}

#[test]
fn an_agent_node_of_another_cluster_is_told_and_not_forgotten() {
    let ours = "# Written by `provision`; x\nserver: https://10.9.9.9:6443\n";
    let of_ours = |url: &str, authority: Option<&str>| {
        let config = ours.replace("https://10.9.9.9:6443", url);
        let mut own = facts();
        own.existing.configs = files(&[(paths::CONFIG, &config)]);
        own.files.extend(authority.map(|text| (paths::AGENT_CA.to_owned(), file(text))));
        own
    };
    let forgets = |own: &Facts, word: &Word| with("pi-2", own, word, crate::join::forget).is_some();
    let word = Word::default();
    for (url, authority, refusal, forgotten) in [
        ("https://10.0.0.1:6443", Some("ours"), None, false),
        // Flashed anew, at the same place.
        ("https://10.0.0.1:6443", Some("former"), None, true),
        ("https://pi-1:6443", Some("former"), None, true),
        // The same cluster, which had another address.
        ("https://10.9.9.9:6443", Some("ours"), None, false),
        // It has not joined anything yet.
        ("https://10.9.9.9:6443", None, None, false),
        ("https://10.9.9.9:6443", Some("another"), Some("other-cluster"), false),
    ] {
        let own = of_ours(url, authority);
        let found = refused("pi-2", &own, &word);
        assert_eq!(ids(&found), refusal.into_iter().collect::<Vec<_>>(), "{url} {authority:?}");
        assert_eq!(forgets(&own, &word), forgotten, "{url} {authority:?}");
        assert!(
            found
                .iter()
                .all(|refusal| refusal.what.contains(url) && refusal.hint.contains("adopt = true"))
        );
    }
    let taken = of_ours("https://10.9.9.9:6443", Some("another"));
    assert_eq!(ids(&refused("pi-2", &taken, &adopt())), [""; 0]);
    assert!(forgets(&taken, &adopt()));
    // One that was not set up by us, the same.
    let theirs = joined("https://10.9.9.9:6443", "another");
    let found = refused("pi-2", &theirs, &word);
    assert_eq!(ids(&found), ["existing-k3s"]);
    assert!(found[0].what.contains("its cluster is at https://10.9.9.9:6443"), "{found:?}");
    assert!(!forgets(&theirs, &word));
    let mut holds = theirs;
    holds.foreign_tokens = vec![paths::AGENT_ENV.to_owned()];
    let found = refused("pi-2", &holds, &adopt());
    assert_eq!(ids(&found), ["adopt"]);
    assert!(found[0].hint.contains("take K3S_TOKEN and K3S_URL out"), "{found:?}");
    let mut same = joined("https://10.0.0.1:6443", "ours");
    same.foreign_tokens = vec![paths::AGENT_ENV.to_owned()];
    assert_eq!(ids(&refused("pi-2", &same, &adopt())), [""; 0]);
}

#[test]
fn a_cluster_of_another_inventory_is_told_with_both_names() {
    let noted = |name: &str| {
        let mut own = facts();
        own.existing.configs = files(&[(
            paths::CONFIG,
            "# Written by `provision`; x\nserver: https://10.9.9.9:6443\n",
        )]);
        own.existing.cluster = Some(name.to_owned());
        own
    };
    assert_eq!(ids(&refused("pi-1", &noted("desk"), &Word::default())), [""; 0]);
    let found = refused("pi-1", &noted("shelf"), &Word::default());
    assert_eq!(ids(&found), ["other-inventory"]);
    assert!(found[0].what.contains("`shelf`") && found[0].what.contains("`desk`"), "{found:?}");
    assert!(found[0].hint.contains("name = \"shelf\""), "{found:?}");
    assert_eq!(ids(&refused("pi-1", &noted("shelf"), &adopt())), [""; 0]);
    assert_eq!(ids(&refused("pi-2", &noted("shelf"), &Word::default())), ["other-inventory"]);
    // The name is changed on the server, by its word; its nodes go with it.
    let mut with_it = noted("shelf");
    with_it.files.insert(paths::AGENT_CA.to_owned(), file("ours"));
    let renamed = |name: &str, adopt: fn(&mut terrarium_inventory::Inventory)| {
        let mut word = Word { change: adopt, ..Word::default() };
        word.server.existing.cluster = Some(name.to_owned());
        word
    };
    for (server, adopt, refusal) in [
        ("shelf", (|_| {}) as fn(&mut terrarium_inventory::Inventory), Some("other-inventory")),
        ("shelf", |inventory| inventory.nodes[0].adopt = true, None),
        ("desk", |_| {}, None),
    ] {
        let found = refused("pi-2", &with_it, &renamed(server, adopt));
        assert_eq!(ids(&found), refusal.into_iter().collect::<Vec<_>>(), "{server}");
    }
    let change = planned("pi-1", &noted("shelf"), &adopt());
    let Some(Action::Write { content: Content::Text(text), .. }) = change
        .iter()
        .find(|change| change.id == "k3s.cluster")
        .and_then(|change| change.actions.first())
    else {
        panic!("{change:?}")
    };
    assert!(text.ends_with("\ncluster=desk\n"), "{text}");
}

/// In a real shell: the copy is of what was read, with its mode; what has changed since
/// is neither copied nor written over.
#[test]
fn a_file_that_is_taken_over_is_copied_before_it_is_written() {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;
    use std::{fs, process};

    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("config.yaml");
    let bin = root.path().join("bin");
    fs::create_dir(&bin).unwrap();
    // Only root may give a file away.
    fs::write(bin.join("chown"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(bin.join("chown"), fs::Permissions::from_mode(0o755)).unwrap();
    let (theirs, ours) = ("tls-san: a\n", "# Written by `provision`\n");
    fs::write(&path, theirs).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let read = Sha256::of(theirs.as_bytes()).to_string();
    let change = Change::new("x", "x", "x")
        .act(Action::text(path.to_str().unwrap(), "0600", ours))
        .keeping(Some(&read));
    let digest = Sha256::of(ours.as_bytes()).to_string();
    let step = change.actions[0].step(Some(&digest)).unwrap();
    let run = || {
        let search = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let mut sh = process::Command::new("sh")
            .args(["-c", &step.script])
            .env("PATH", search)
            .stdin(process::Stdio::piped())
            .stderr(process::Stdio::null())
            .spawn()
            .unwrap();
        let _ = sh.stdin.take().unwrap().write_all(ours.as_bytes());
        sh.wait().unwrap().code()
    };
    let copy = root.path().join("config.yaml.bak");
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    // Twice: the first answer may be lost.
    for _ in 0..2 {
        assert_eq!(run(), Some(0));
        assert_eq!(fs::read_to_string(&path).unwrap(), ours);
        assert_eq!(fs::read_to_string(&copy).unwrap(), theirs);
        assert_eq!((mode(&path), mode(&copy)), (0o600, 0o640));
    }
    assert!(!root.path().join("config.yaml.bak.1").exists());
    fs::write(&path, "tls-san: b\n").unwrap();
    assert_eq!(run(), Some(66));
    assert_eq!(fs::read_to_string(&path).unwrap(), "tls-san: b\n");
}
