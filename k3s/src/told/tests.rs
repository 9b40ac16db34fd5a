use proptest::prelude::*;
use terrarium_inventory::Role::{Agent, Server};

use super::*;

fn options(pairs: &[(&str, &[&str])]) -> Options {
    let owned = |list: &&[&str]| list.iter().map(|item| (*item).to_owned()).collect();
    pairs.iter().map(|(key, list)| ((*key).to_owned(), owned(list))).collect()
}

/// The form in which k3s' installer writes arguments: each in quotes, on its line.
const INSTALLED: &str = "[Unit]\nDescription=x\n\n[Service]\nType=notify\n\
    EnvironmentFile=-/etc/default/%N\nEnvironmentFile=-/etc/systemd/system/k3s.service.env\n\
    ExecStartPre=-/sbin/modprobe overlay\nExecStart=/usr/local/bin/k3s \\\n    server \\\n\
    \t'--cluster-init' \\\n\t'--tls-san' \\\n\t'nas.lan' \\\n\t'--tls-san=10.0.0.9' \\\n\
    # by hand\n\t'--token' \\\n\t'(hidden)' \\\n\n";

#[test]
fn a_unit_of_the_installer_says_its_part_and_its_options() {
    let started = unit(INSTALLED);
    assert_eq!(started.part, Some(Server));
    let expected = [
        ("cluster-init", &["true"][..]),
        ("tls-san", &["nas.lan", "10.0.0.9"]),
        ("token", &["(hidden)"]),
    ];
    assert_eq!(started.options, options(&expected));
}

#[test]
fn other_forms_of_a_command_are_read_and_what_is_no_k3s_is_none() {
    for (line, part, expected) in [
        (
            "ExecStart=/usr/bin/k3s agent -s https://a:6443 -d /x",
            Some(Agent),
            &[("server", &["https://a:6443"][..]), ("data-dir", &["/x"])][..],
        ),
        (
            "ExecStart=-/opt/bin/k3s --debug=true server --docker",
            Some(Server),
            &[("debug", &["true"]), ("docker", &["true"])],
        ),
        (
            "ExecStart=/usr/local/bin/k3s \"server\" --data-dir=\"/a b\"",
            Some(Server),
            &[("data-dir", &["/a b"])],
        ),
        ("ExecStart=/usr/bin/env HOME=/root k3s server", Some(Server), &[]),
        ("ExecStart=/usr/local/bin/k3s server\nExecStart=", None, &[]),
        ("ExecStart=/usr/local/bin/k3s etcd-snapshot save", None, &[]),
        ("ExecStart=/usr/local/bin/k3s-backup server", None, &[]),
        ("ExecStart=/root/start.sh", None, &[]),
        ("ExecStart=/usr/local/bin/k3s \\\n  agent \\\n", Some(Agent), &[]),
        ("", None, &[]),
    ] {
        let started = unit(line);
        assert_eq!((started.part, started.options), (part, options(expected)), "{line}");
    }
    let text = "Environment=K3S_URL=https://a:6443 \"K3S_NODE_NAME=pi x\"\nEnvironment=PATH=/bin\n";
    let expected = [("server", &["https://a:6443"][..]), ("node-name", &["pi x"])];
    assert_eq!(unit(text).variables, options(&expected));
}

#[test]
fn variables_are_the_options_they_stand_for() {
    let text = "K3S_URL='https://a:6443'\n# K3S_TOKEN=x\nHTTP_PROXY=p\nK3S_DATA_DIR=\"/data\"\nK3S_NODE_NAME=\n";
    let expected = [("server", &["https://a:6443"][..]), ("data-dir", &["/data"])];
    assert_eq!(variables(text), options(&expected));
}

#[test]
fn a_configuration_says_its_options_as_text() {
    let text = "cluster-init: true\ncluster-cidr: 10.52.0.0/16\ndisable:\n- traefik\n- servicelb\n\
        tls-san: nas.lan\nhttps-listen-port: 6443\nnode-label+:\n- a=b\ntoken: (hidden)\n";
    let expected = [
        ("cluster-init", &["true"][..]),
        ("cluster-cidr", &["10.52.0.0/16"]),
        ("disable", &["traefik", "servicelb"]),
        ("tls-san", &["nas.lan"]),
        ("https-listen-port", &["6443"]),
        ("node-label", &["a=b"]),
        ("token", &["(hidden)"]),
    ];
    assert_eq!(config(text), Ok(options(&expected)));
    assert_eq!(config("# nothing\n"), Ok(Options::new()));
    assert_eq!(config(""), Ok(Options::new()));
    for wrong in ["- a\n", "{\n", "a: {b: c}\n", "a: [[b]]\n", "text\n"] {
        assert!(config(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn ours_is_known_by_its_mark() {
    let digest = crate::sums::Sha256::new([1; 32]);
    for role in [Server, Agent] {
        assert!(is_ours(&crate::unit::render(role, &digest, paths::DATA)));
    }
    for other in [INSTALLED, "", "tls-san: x\n", "# not # Written by `provision`\n"] {
        assert!(!is_ours(other), "{other}");
    }
}

#[test]
fn a_mark_says_whose_cluster_it_is_and_nothing_else_does() {
    assert_eq!(marked(&mark("desk")).as_deref(), Some("desk"));
    for none in
        ["", "cluster=\n", "cluster=a b\n", "cluster=\u{1b}[2J\n", "# cluster=desk\n", "desk\n"]
    {
        assert_eq!(marked(none), None, "{none:?}");
    }
}

#[test]
fn the_host_of_a_servers_address() {
    for (url, expected) in [
        ("https://10.0.0.1:6443", "10.0.0.1"),
        ("https://pi.lan", "pi.lan"),
        ("https://[fd00::1]:6443/", "fd00::1"),
        ("", ""),
    ] {
        assert_eq!(host(url), expected, "{url}");
    }
}

proptest! {
    #[test]
    fn nothing_that_a_node_says_makes_the_reader_panic(text in ".{0,200}") {
        let _ = (config(&text), unit(&text), unit(&format!("ExecStart=k3s {text}")));
        let _ = (variables(&text), host(&text), is_ours(&text));
    }
}
