//! The script in a real shell, over trees as other products leave them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::existing::Existing;
use crate::probe::parse;

/// What is said of these files; `->` begins a link's target, a path that ends with
/// `/` is a folder.
fn found(files: &[(&str, &str)]) -> Existing {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let at = root.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        if path.ends_with('/') {
            fs::create_dir_all(at).unwrap();
        } else if let Some(target) = text.strip_prefix("->") {
            std::os::unix::fs::symlink(target, at).unwrap();
        } else {
            fs::write(at, text).unwrap();
        }
    }
    said(root.path())
}

fn said(root: &Path) -> Existing {
    let mut functions = super::functions().replace("@DATA@", terrarium_k3s::paths::DATA);
    let at = root.display().to_string();
    for folder in
        [" /etc/", " /var/", " /usr/", " /lib/", " /run/", " /snap/", "=/etc/", "=/var/", "\"/var/"]
    {
        let (before, folder) = folder.split_at(1);
        functions =
            functions.replace(&format!("{before}{folder}"), &format!("{before}{at}{folder}"));
    }
    let functions = functions.replace("-L /lib ]", "-L /nowhere ]");
    let head = "LC_ALL=C; export LC_ALL\ne() { printf '%s\\t%s\\n' \"$1\" \"$2\"; }\nb() { printf '%s\\t' \"$1\"; base64 -w0; echo; }\n";
    let script = format!("{head}{functions}\nexisting\ne now 1\n");
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let text = String::from_utf8(output.stdout).unwrap().replace(&at, "");
    parse(&text, None).unwrap_or_else(|error| panic!("{error}\n{text}")).existing
}

fn text(files: &[(&str, &str)]) -> String {
    let existing = found(files);
    let all = [existing.configs, existing.units, existing.drop_ins, existing.variables].concat();
    all.into_iter().map(|(_, bytes)| bytes.text()).collect()
}

const CONFIG: &str = "/etc/rancher/k3s/config.yaml";
const UNIT: &str = "/etc/systemd/system/k3s.service";
const ENV: &str = "/etc/systemd/system/k3s.service.env";

#[test]
fn a_fresh_node_and_one_with_docker_have_nothing() {
    assert_eq!(found(&[]), Existing::default());
    let docker = [
        ("/usr/lib/systemd/system/docker.service", "[Service]\nExecStart=/usr/bin/dockerd\n"),
        ("/usr/lib/systemd/system/containerd.service", ""),
        ("/etc/docker/daemon.json", "{}"),
        ("/var/lib/docker/", ""),
        ("/etc/kubernetes/manifests/", ""),
        ("/usr/local/bin/k3s", "a binary alone is a run that was cut off"),
    ];
    assert_eq!(found(&docker), Existing::default());
}

#[test]
fn a_server_of_the_installer_is_told_with_its_files_and_its_data() {
    let data = "/var/lib/rancher/k3s";
    let existing = found(&[
        (CONFIG, "cluster-init: true\n"),
        (&format!("{CONFIG}.d/10-more.yaml"), "disable: traefik\n"),
        (&format!("{CONFIG}.d/notes.txt"), "no"),
        (UNIT, "[Service]\nExecStart=/usr/local/bin/k3s server\n"),
        ("/etc/systemd/system/k3s-again.service", "->k3s.service"),
        ("/etc/systemd/system/k3s-node.service", "->/opt/k3s-node.service"),
        ("/usr/lib/systemd/system/k3s-agent.service", "[Service]\n"),
        (ENV, "HTTP_PROXY=p\n"),
        (&format!("{UNIT}.d/own.conf"), "[Service]\nCPUWeight=50\n"),
        ("/usr/local/bin/k3s-uninstall.sh", "#!/bin/sh\n"),
        (&format!("{data}/server/db/etcd/member/"), ""),
        (
            &format!("{data}/server/db/etcd/config"),
            "advertise-client-urls: https://10.0.0.7:2379\nlisten-client-urls: https://127.0.0.1:2379\n",
        ),
        (&format!("{data}/server/token"), "K10aa::server:s3cret\n"),
        (&format!("{data}/agent/client-kubelet.crt"), ""),
        (&format!("{data}/cluster.terrarium"), &terrarium_k3s::told::mark("desk")),
    ]);
    let paths = |files: &[(String, crate::Bytes)]| {
        files.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>()
    };
    assert_eq!(paths(&existing.configs), [CONFIG, "/etc/rancher/k3s/config.yaml.d/10-more.yaml"]);
    assert_eq!(paths(&existing.units), [UNIT, "/usr/lib/systemd/system/k3s-agent.service"]);
    assert_eq!(paths(&existing.variables), [ENV]);
    assert_eq!(paths(&existing.drop_ins), [format!("{UNIT}.d/own.conf")]);
    assert_eq!(existing.uninstall, ["/usr/local/bin/k3s-uninstall.sh"]);
    assert_eq!(existing.etcd.as_deref(), Some("10.0.0.7"));
    assert_eq!(existing.cluster.as_deref(), Some("desk"));
    let left = ["server/db/etcd/member", "server/token", "agent/client-kubelet.crt"];
    assert_eq!(existing.data, left.map(|name| format!("{data}/{name}")));
    assert!(existing.others.is_empty());
}

/// Each as its own installation leaves it.
#[test]
fn another_kubernetes_is_told_by_what_shows_it() {
    for (kind, path) in [
        ("rke2", "/etc/rancher/rke2/config.yaml"),
        ("rke2", "/var/lib/rancher/rke2/server/"),
        ("rke2", "/usr/local/lib/systemd/system/rke2-server.service"),
        ("rke2", "/usr/lib/systemd/system/rke2-agent.service"),
        ("microk8s", "/var/snap/microk8s/current"),
        ("microk8s", "/etc/systemd/system/snap.microk8s.daemon-kubelite.service"),
        ("k8s", "/snap/k8s/current"),
        ("kubeadm", "/etc/kubernetes/admin.conf"),
        ("kubeadm", "/etc/kubernetes/kubelet.conf"),
        ("kubeadm", "/etc/kubernetes/manifests/etcd.yaml"),
        ("kubeadm", "/etc/systemd/system/multi-user.target.wants/kubelet.service"),
        ("k0s", "/etc/systemd/system/k0scontroller.service"),
        ("k0s", "/etc/systemd/system/k0sworker.service"),
        ("k0s", "/var/lib/k0s/"),
    ] {
        let text =
            if path.ends_with("current") || path.contains(".wants/") { "->/nowhere" } else { "x" };
        let shown = path.trim_end_matches('/').to_owned();
        assert_eq!(found(&[(path, text)]).others, [(kind.to_owned(), shown)], "{path}");
    }
}

/// Every form in which somebody writes a secret, and what is said of it.
const SECRETS: &[(&str, &str, &str)] = &[
    (CONFIG, "token: s3cret\ntls-san: a\n", "token: (hidden)\ntls-san: a\n"),
    (CONFIG, "\"agent-token\" : 's3cret'\nx: 1\n", "\"agent-token\" : (hidden)\nx: 1\n"),
    (CONFIG, "token: >\n  s3cret\n  s3cret\n\nx: 1\n", "token: (hidden)\nx: 1\n"),
    (CONFIG, "token:\n- s3cret\n# token s3cret\nx: 1\n", "token: (hidden)\nx: 1\n"),
    (CONFIG, "datastore-endpoint: postgres://u:s3cret@h/d\n", "datastore-endpoint: (hidden)\n"),
    (
        CONFIG,
        "etcd-s3-secret-key: s3cret\netcd-s3-access-key: s3cret\n",
        "etcd-s3-secret-key: (hidden)\netcd-s3-access-key: (hidden)\n",
    ),
    (CONFIG, "vpn-auth: name=tailscale,joinKey=s3cret\n", "vpn-auth: (hidden)\n"),
    (CONFIG, "# old token: s3cret\nx: 1\n", "# (hidden)\nx: 1\n"),
    (CONFIG, "# K10aa::server:s3cret\nx: 1\n", "# (hidden)\nx: 1\n"),
    (
        CONFIG,
        "system-default-registry: https://u:s3cret@h\n",
        "system-default-registry: https://(hidden)@h\n",
    ),
    (CONFIG, "{token: s3cret, x: 1}\n", "{\n"),
    (
        CONFIG,
        "kube-apiserver-arg:\n- \"x-password=s3cret\"\n- a=b\n",
        "kube-apiserver-arg:\n# (hidden)\n- a=b\n",
    ),
    (
        CONFIG,
        "token-file: /root/file\nagent-token-file: /f\nsecrets-encryption: true\n",
        "token-file: /root/file\nagent-token-file: /f\nsecrets-encryption: true\n",
    ),
    (
        UNIT,
        "ExecStart=/k3s server --token s3cret --docker\n",
        "ExecStart=/k3s server --token (hidden) --docker\n",
    ),
    (
        UNIT,
        "ExecStart=/k3s server -t s3cret --docker\n",
        "ExecStart=/k3s server -t (hidden) --docker\n",
    ),
    (
        UNIT,
        "ExecStart=/k3s server --token=s3cret --docker\n",
        "ExecStart=/k3s server --token=(hidden) --docker\n",
    ),
    (
        UNIT,
        "ExecStart=/k3s \\\n\tserver \\\n\t'--token' \\\n\t's3cret' \\\n\t'--docker' \\\n\n",
        "ExecStart=/k3s \\\nserver \\\n'--token' \\\n(hidden) \\\n'--docker' \\\n\n",
    ),
    (
        UNIT,
        "ExecStart=/k3s server '--token=s3cret s3cret' --docker\n",
        "ExecStart=/k3s server '--token=(hidden)'  --docker\n",
    ),
    (
        UNIT,
        "ExecStart=/k3s server --token \"s3cret s3cret x\" --docker\n",
        "ExecStart=/k3s server --token (hidden)   --docker\n",
    ),
    (
        UNIT,
        "ExecStart=/k3s server --datastore-endpoint mysql://u:s3cret@h/d\n",
        "ExecStart=/k3s server --datastore-endpoint (hidden)\n",
    ),
    (
        UNIT,
        "Environment=K3S_TOKEN=s3cret\nEnvironment=\"K3S_AGENT_TOKEN=s3cret s3cret\"\n",
        "Environment=K3S_TOKEN=(hidden)\nEnvironment=\"K3S_AGENT_TOKEN=(hidden)\" \n",
    ),
    (
        UNIT,
        "Environment=\"A=b\" \"K3S_TOKEN=s3cret\" C=d\n",
        "Environment=\"A=b\" \"K3S_TOKEN=(hidden)\" C=d\n",
    ),
    (
        UNIT,
        "ExecStart=/bin/sh -c 'k3s server --token s3cret'\n",
        "ExecStart=/bin/sh -c 'k3s server --token (hidden)\n",
    ),
    (
        ENV,
        "K3S_TOKEN='s3cret'\nK3S_URL=https://a:6443\n",
        "K3S_TOKEN=(hidden)\nK3S_URL=https://a:6443\n",
    ),
    (
        "/etc/systemd/system/k3s.service.d/a.conf",
        "Environment=K3S_TOKEN=s3cret\n",
        "Environment=K3S_TOKEN=(hidden)\n",
    ),
    (ENV, "K3S_DATASTORE_ENDPOINT=\"s3cret s3cret\"\n", "K3S_DATASTORE_ENDPOINT=(hidden)\n"),
    (ENV, "HTTPS_PROXY=http://u:s3cret@p:3128\n", "HTTPS_PROXY=http://(hidden)@p:3128\n"),
    (CONFIG, "? token\n: s3cret\n", "{\n"),
    (CONFIG, "{token:\n s3cret}\n", "{\n"),
    (CONFIG, "token: >\r\n  s3cret\r\n\r\n  s3cret\r\nx: 1\r\n", "token: (hidden)\nx: 1\r\n"),
    (CONFIG, "x:\n- token: >\n    s3cret\n- b\n", "x:\n# (hidden)\n- b\n"),
    (CONFIG, "token:s3cret\n", "# (hidden)\n"),
    (
        CONFIG,
        "a: https://u:s3cret@s3cret@h\nb: https://u:s3/cret@h\n",
        "a: https://(hidden)@h\nb: https://(hidden)@h\n",
    ),
    (
        UNIT,
        "ExecStart=/k3s server --token\\\n s3cret --docker\n",
        "ExecStart=/k3s server --token\\\n(hidden) --docker\n",
    ),
    (
        UNIT,
        "ExecStart=/k3s server --token=s3cret\\ s3cret --docker\n",
        "ExecStart=/k3s server --token=(hidden) (hidden) --docker\n",
    ),
    (
        UNIT,
        "ExecStart=/k3s server --token=s3cret\\\n --docker\n",
        "ExecStart=/k3s server --token=(hidden)\\\n--docker\n",
    ),
    (
        UNIT,
        "ExecStart=/bin/sh -c \"K3S_TOKEN=s3cret k3s server\"\n",
        "ExecStart=/bin/sh -c \"K3S_TOKEN=(hidden)\"  \n",
    ),
    (UNIT, "SetCredential=token:s3cret\n", "SetCredential=(hidden)\n"),
    (ENV, "K3S_TOKEN=s3cret s3cret\nA=b\n", "K3S_TOKEN=(hidden)\nA=b\n"),
    (ENV, "K3S_TOKEN=s3cret\\\ns3cret\\\ns3cret\nA=b\n", "K3S_TOKEN=(hidden)\nA=b\n"),
    (ENV, "K3S_TOKEN=\"s3cret\n#s3cret\ns3cret\"\nA=b\n", "K3S_TOKEN=(hidden)\nA=b\n"),
    (ENV, "export K3S_TOKEN=s3cret\nA=\"b\"\n", "export K3S_TOKEN=(hidden)\nA=\"b\"\n"),
];

/// What stands around a secret is said.
#[test]
fn no_secret_of_a_file_leaves_the_node() {
    for (path, file, kept) in SECRETS {
        assert_eq!(text(&[(path, file)]), *kept, "{file}");
        assert!(!kept.contains("s3cret"));
    }
}

/// From files to the word: what the installer has written for one server, with its
/// token on the command line.
#[test]
fn a_tree_of_the_installer_is_refused_and_with_the_word_it_is_not() {
    use crate::fixture::{context, facts, node};
    use crate::{Facts, gate};

    let unit = "[Unit]\nDescription=x\n\n[Service]\nType=notify\nEnvironmentFile=-/etc/default/%N\n\
                EnvironmentFile=-/etc/systemd/system/k3s.service.env\nExecStart=/usr/local/bin/k3s \\\n    server \\\n\
                \t'--token' \\\n\t's3cret' \\\n\t'--tls-san' \\\n\t'nas.lan' \\\n\n";
    let existing = found(&[
        (UNIT, unit),
        (ENV, "K3S_TOKEN='s3cret'\n"),
        ("/usr/local/bin/k3s-uninstall.sh", "#!/bin/sh\n"),
        ("/var/lib/rancher/k3s/server/db/state.db", ""),
        ("/var/lib/rancher/k3s/server/token", "K10aa::server:s3cret\n"),
    ]);
    let own = Facts { existing, ..facts() };
    let refused = |adopt: bool| {
        let mut refusals = Vec::new();
        context(&own, |context| {
            refusals = gate::node(&terrarium_inventory::Node { adopt, ..node("pi-1") }, context);
        });
        refusals
    };
    let found = refused(false);
    let [refusal] = &found[..] else { panic!("{found:?}") };
    assert_eq!(refusal.id, "existing-k3s");
    assert!(refusal.what.contains("starts a server with tls-san, token"), "{refusal:?}");
    assert!(refusal.hint.contains("`sudo /usr/local/bin/k3s-uninstall.sh`"), "{refusal:?}");
    assert_eq!(refused(true), []);
    assert!(!format!("{own:?}{found:?}").contains("s3cret"));
}

/// Ours is told from others' by what is left of it when it comes.
#[test]
fn a_tree_of_ours_is_refused_nothing() {
    use terrarium_inventory::Role;
    use terrarium_k3s::sums::Sha256;
    use terrarium_k3s::{paths, unit};

    use crate::fixture::{context, facts, node};
    use crate::{Facts, gate, k3s};

    for (name, role) in [("pi-1", Role::Server), ("pi-2", Role::Agent)] {
        let text = unit::render(role, &Sha256::new([1; 32]), paths::DATA);
        let mut config = String::new();
        context(&facts(), |context| config = k3s::configuration(&node(name), context));
        let data = ("/var/lib/rancher/k3s/agent/client-kubelet.crt", "");
        let unit = (paths::unit_file(role), text.as_str());
        for files in
            [&[(CONFIG, config.as_str())][..], &[unit, data], &[(CONFIG, &config), unit, data]]
        {
            let own = Facts { existing: found(files), ..facts() };
            let mut refusals = Vec::new();
            context(&own, |context| refusals = gate::node(&node(name), context));
            assert_eq!(refusals, [], "{name}");
        }
    }
}

#[test]
fn what_is_too_long_or_no_text_does_not_break_the_reply() {
    let long = "a: 1\n".repeat(100_000);
    assert!(text(&[(CONFIG, &long)]).len() <= 65_537);
    let root = tempfile::tempdir().unwrap();
    let at = root.path().join("etc/rancher/k3s");
    fs::create_dir_all(&at).unwrap();
    fs::write(at.join("config.yaml"), b"a: \xff\x1b[2J\ntoken: s3cret\n").unwrap();
    let said = said(root.path()).configs[0].1.text();
    assert!(said.starts_with("a: ") && !said.contains("s3cret"), "{said:?}");
}
