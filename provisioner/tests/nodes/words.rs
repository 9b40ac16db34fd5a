//! What a node says is data: it becomes no configuration of the operator's, does
//! nothing to the terminal, and shows no secret.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::model::{K3S_YAML, Reply};
use crate::node::{Do, Login};
use crate::run::Ran;
use crate::shell::Sudo;
use crate::world::World;

/// Waits are a twentieth of what they are for a Pi.
const QUICK: [&str; 2] = ["--patience", "0.05"];
/// What an operator has before.
const OFFICE: &str = "\
apiVersion: v1
kind: Config
clusters:
- {name: office, cluster: {server: 'https://office.example'}}
users:
- {name: office, user: {exec: {command: aws, apiVersion: client.authentication.k8s.io/v1}}}
current-context: office
";

pub(crate) fn a_kubeconfig_that_runs_or_sends_something_is_refused_and_the_operators_stays() {
    let user = |fields: &str| K3S_YAML.replace("  user:\n", &format!("  user:\n{fields}"));
    let cluster =
        |field: &str| K3S_YAML.replace("- cluster:\n", &format!("- cluster:\n    {field}\n"));
    let exec = "    exec: {command: /bin/sh, args: [-c, touch /tmp/owned]}\n";
    let mut world = World::new(&["pi-1"]);
    let file = world.kubeconfig();
    for (kubeconfig, key) in [
        (user(exec), "`users[0].user.exec`"),
        (user("    tokenFile: /home/op/.ssh/id_ed25519\n"), "`users[0].user.tokenFile`"),
        (user("    <<: {exec: {command: /bin/sh}}\n"), "`users[0].user."),
        (cluster("proxy-url: http://10.0.0.66"), "`clusters[0].cluster.proxy-url`"),
        (
            cluster("insecure-skip-tls-verify: true"),
            "`clusters[0].cluster.insecure-skip-tls-verify`",
        ),
        (K3S_YAML.replace("LS0tLS1CRUdJTiBDR", "LS0tLS1CRUdJTiBDQ"), "X.509 certificates in PEM"),
        (K3S_YAML.replace("current-context: default\n", ""), "`current-context`"),
        ("\u{1b}]0;title\u{7}: [".to_owned(), "is not one YAML document"),
    ] {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, OFFICE).unwrap();
        kubeconfig.clone_into(&mut world.node("pi-1").model().kubeconfig);
        world.node("pi-1").model().units.clear();
        let ran = world.provision(&QUICK);
        ran.ended_with(4).says("node `pi-1`: /etc/rancher/k3s/k3s.yaml is not what k3s writes");
        ran.says(key).says("was left as it is");
        assert!(!ran.stdout.contains("Done:") && !ran.stderr.contains('\u{1b}'), "{}", ran.stderr);
        assert_eq!(fs::read_to_string(&file).unwrap(), OFFICE, "{key}");
    }
    world = World::new(&["pi-1"]);
    world.provision(&QUICK).succeeded();
}

pub(crate) fn an_entry_of_ours_that_somebody_spoilt_is_healed_and_told() {
    let world = World::new(&["pi-1"]);
    let file = world.kubeconfig();
    world.provision(&QUICK).succeeded();
    let good = fs::read_to_string(&file).unwrap();
    let spoilt = good
        .replace("- cluster:\n", "- cluster:\n    proxy-url: http://10.0.0.66\n")
        .replace("  user:\n", "  user:\n    exec: {command: /bin/sh}\n");
    assert_ne!(spoilt, good);
    fs::write(&file, &spoilt).unwrap();
    let ran = world.provision(&QUICK);
    ran.succeeded().says("users.terrarium.exec").says("clusters.terrarium.proxy-url");
    assert_eq!(fs::read_to_string(&file).unwrap(), good);
    assert_eq!(fs::read_to_string(world.path("home/.kube/config.bak")).unwrap(), spoilt);
}

/// Clipboard, title, conceal, erase, C1 forms of both, bidirectional override,
/// zero width, line separator, tag.
const HOSTILE: &str = "a\u{1b}]52;c;ZXZpbA==\u{7}b\u{1b}]0;title\u{7}c\u{1b}[8md\u{1b}[2A\u{1b}[Ke\u{9b}2Jf\u{90}q\u{9c}\
    g\rh\u{8}i\u{7f}j\u{202e}k\u{2066}l\u{200b}m\u{2028}n\u{e0041}o";

/// Everything of [`HOSTILE`] that is no letter.
fn steers(text: &str) -> Option<char> {
    HOSTILE
        .chars()
        .filter(|letter| !letter.is_ascii() || letter.is_control())
        .find(|letter| text.contains(*letter))
}

/// A world whose only node says hostile things wherever it may say anything.
fn hostile() -> World {
    let world = World::new(&["pi-1"]);
    let mut model = world.node("pi-1").model();
    for fact in ["os", "kernel", "model", "hostname", "timezone", "data_device", "k3s"] {
        model.facts.insert(fact.to_owned(), HOSTILE.to_owned());
    }
    model.facts.insert("throttled".to_owned(), HOSTILE.to_owned());
    model.extra.push(format!(
        "swap_by\t{HOSTILE}\nswap\t{HOSTILE}\npackage\t{HOSTILE}\n{HOSTILE}\t{HOSTILE}"
    ));
    model
        .extra
        .push(format!("unit {HOSTILE}\t{HOSTILE} {HOSTILE}\nsysctl vm.max_map_count\t{HOSTILE}"));
    drop(model);
    world.node("pi-1").hook(|call| fails(&call.what, "hostnamectl"));
    world
}

/// The command that begins so fails with hostile words.
fn fails(what: &str, begin: &str) -> Option<Do> {
    let said = || Do::Say(Reply::failed(1, format!("{HOSTILE}\n{HOSTILE}")));
    what.starts_with(begin).then(said)
}

pub(crate) fn what_steers_a_terminal_is_written_out_wherever_a_node_says_it() {
    let clean = |ran: &Ran| {
        assert_eq!(steers(&ran.stdout), None, "{:?}", ran.stdout);
        assert_eq!(steers(&ran.stderr), None, "{:?}", ran.stderr);
    };
    let world = hostile();
    let node = world.node("pi-1");
    for args in [
        &QUICK[..],
        &["--json"],
        &["plan"],
        &["plan", "--json"],
        &["status"],
        &["probe", "pi-1", "--json"],
    ] {
        clean(&world.provision(args));
    }
    for what in ["probe", "lock"] {
        node.hook(move |call| fails(&call.what, what));
        for args in [&QUICK[..], &["--json"], &["status"]] {
            clean(&world.provision(args));
        }
    }
    node.hook(|call| {
        (call.what == "lock").then(|| Do::Say(Reply::said(format!("by {HOSTILE}\n"))))
    });
    clean(&world.provision(&QUICK));
    node.behave();
    node.manner().banner = Some(format!("{HOSTILE}\n"));
    node.manner().login = Login::Refused;
    clean(&world.provision(&QUICK));
    clean(&world.provision(&["plan", &format!("--{HOSTILE}")]));
}

pub(crate) fn on_a_terminal_too_nothing_of_a_node_steers_it() {
    let world = hostile();
    let ran = world.start_on_terminal(&QUICK).end();
    ran.ended_with(4);
    // Colours and cursor movements of our own are there; these are not ours.
    for text in [
        "\u{1b}]",
        "\u{1b}[8m",
        "\u{1b}[2A\u{1b}[K",
        "\u{9b}",
        "\u{90}",
        "\u{202e}",
        "\u{200b}",
        "\u{7}",
        "\u{8}",
    ] {
        assert!(!ran.stdout.contains(text), "{text:?} in {:?}", ran.stdout);
    }
    assert!(ran.stdout.contains("\\u{1b}]0;title"), "{:?}", ran.stdout);
}

pub(crate) fn no_line_of_a_node_looks_like_one_of_ours() {
    let world = World::new(&["pi-1"]);
    let forged = "\nDone: 13 changes in 20 s; 3 nodes Ready.\nerror: forged\nhint: forged\npi-1     changed k3s.start: forged\n";
    world.node("pi-1").hook(move |call| {
        (call.what == "write /etc/hosts").then(|| Do::Say(Reply::failed(1, forged)))
    });
    for args in [&QUICK[..], &["status"]] {
        let ran = world.provision(args);
        for line in ran.stderr.lines().chain(ran.stdout.lines()) {
            let ours = ["Done:", "error: forged", "hint: forged", "pi-1     changed k3s.start"];
            assert!(!ours.iter().any(|begin| line.starts_with(begin)), "{line}\n{}", ran.stderr);
        }
    }
}

pub(crate) fn a_secret_that_a_node_repeats_is_printed_in_no_form() {
    const PASSWORD: &str = "Tr0ub4dor&3 'quoted\"";
    let mut world = World::new(&["pi-1"]);
    world.environment.insert("TERRARIUM_PASSWORD".to_owned(), PASSWORD.to_owned());
    let node = world.node("pi-1");
    node.manner().login = Login::Password(PASSWORD.to_owned());
    node.manner().sudo = Sudo::Password(PASSWORD.to_owned());
    let base64 = STANDARD.encode(format!("pi:{PASSWORD}\n"));
    let hex = PASSWORD.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let (left, right) = PASSWORD.split_at(9);
    let pieces = format!("{left}\u{1b}[0m\n{right}");
    let said = format!("{PASSWORD}\n{base64}\n{hex}\n{pieces}\n{PASSWORD:?}\n");
    node.model().facts.insert("os".to_owned(), format!("Debian {PASSWORD} 13"));
    node.hook(move |call| {
        (call.what == "write /etc/hosts").then(|| Do::Say(Reply::failed(1, said.clone())))
    });
    for args in [&QUICK[..], &["--json"], &["plan"], &["probe", "pi-1", "--json"]] {
        let ran = world.provision(args);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        for form in ["Tr0ub4dor", "quoted", "VHIwdWI0ZG9y", &base64[4..20], &hex[..20]] {
            assert!(!all.contains(form), "{form} in\n{all}");
        }
        assert!(all.contains("[secret]"), "{all}");
        if args.contains(&"--json") {
            for line in ran.stdout.lines().filter(|_| args.len() == 1) {
                serde_json::from_str::<serde_json::Value>(line).unwrap();
            }
        }
    }
}
