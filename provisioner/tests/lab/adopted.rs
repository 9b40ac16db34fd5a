//! A k3s that somebody else has set up, and a second inventory for the same nodes.

use std::fs;

use crate::trees;
use crate::world::{World, changed, ended_with, succeeded};

/// Makes of the server what k3s' own installer and its owner leave: the same k3s with
/// the same data, a configuration with a setting more, and no word of ours on it.
const THEIRS: &str = "set -e
sed -i '/^#/d' /etc/rancher/k3s/config.yaml
sed -i 's/^tls-san:$/&\\n- nas.lan/' /etc/rancher/k3s/config.yaml
grep -qx -- '- nas.lan' /etc/rancher/k3s/config.yaml
sed -i '/^#/d; /TERRARIUM_GENERATION/d' /etc/systemd/system/k3s.service
rm -f /var/lib/rancher/k3s/cluster.terrarium
systemctl daemon-reload
systemctl restart k3s";

const COPY: &str = "cat /etc/rancher/k3s/config.yaml.bak";
/// What a cluster that is begun anew would not have any more.
const KEPT: &str = "get namespaces kube-system terrarium -o jsonpath={.items[*].metadata.uid}";

/// A k3s with a configuration of its own runs on the server.
pub(crate) fn k3s(world: &mut World) {
    world.provisioned();
    world.touched();
    let before = world.kubectl(KEPT);
    world.sh("pi-1", THEIRS);
    let config = world.sh("pi-1", "cat /etc/rancher/k3s/config.yaml");

    let refused = world.provision(&["plan"]);
    ended_with(&refused, 6);
    let text = words(&refused.stdout);
    for part in ["/etc/rancher/k3s/config.yaml", "tls-san", "adopt = true"] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
    ended_with(&world.provision(&[]), 6);
    assert_eq!(world.sh("pi-1", "cat /etc/rancher/k3s/config.yaml"), config);

    let file = world.lab.inventory_path();
    let good = fs::read_to_string(&file).unwrap();
    let line = "name = \"pi-1\"\n";
    assert!(good.contains(line), "{good}");
    fs::write(&file, good.replace(line, &format!("{line}adopt = true\n"))).unwrap();
    let plan = world.provision(&["plan"]);
    succeeded(&plan);
    assert!(words(&plan.stdout).contains("tls-san (nas.lan)"), "what goes is told");
    let run = world.provision(&["--json"]);
    fs::write(&file, &good).unwrap();
    succeeded(&run);
    assert!(changed(&run).iter().all(|change| !change.starts_with("stack")), "pods stay");
    assert_eq!(world.sh("pi-1", COPY), config, "a copy of theirs is kept");
    assert_eq!(world.kubectl(KEPT), before, "another cluster was begun");
    succeeded(&world.provision(&["plan", "--exit-code"]));
    world.mended();
}

/// An inventory with another name is run against the first one's cluster.
pub(crate) fn inventory(world: &mut World) {
    world.provisioned();
    let before = trees::all(world);
    let file = world.lab.inventory_path();
    let good = fs::read_to_string(&file).unwrap();
    let name = "name = \"lab\"";
    assert!(good.contains(name), "{good}");
    fs::write(&file, good.replace(name, "name = \"other\"")).unwrap();
    let outputs = [&["plan"][..], &[], &["--only", "pi-2"]].map(|args| world.provision(args));
    fs::write(&file, good).unwrap();
    for output in outputs {
        ended_with(&output, 6);
        let text = words(&output.stdout) + &words(&output.stderr);
        for part in ["belongs to the cluster `lab`", "of `other`", "adopt = true"] {
            assert!(text.contains(part), "{part} is missing:\n{text}");
        }
    }
    trees::assert_equal(&before, &trees::all(world));
    succeeded(&world.provision(&["plan", "--exit-code"]));
}

/// What was said, without its lines of eighty columns.
fn words(said: &[u8]) -> String {
    String::from_utf8_lossy(said).split_whitespace().collect::<Vec<_>>().join(" ")
}
