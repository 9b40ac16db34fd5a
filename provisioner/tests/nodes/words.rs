//! What a node says is data: it becomes no configuration of the operator's.

use std::fs;

use crate::model::K3S_YAML;
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
