//! Nodes that are as wished, and nodes that nearly are.

use crate::trees;
use crate::world::{NODES, World, changed, ended_with, events, succeeded};

pub(crate) fn second_run(world: &mut World) {
    world.provisioned();
    let (trees_before, alive_before) = (trees::all(world), alive(world));
    let output = world.provision(&["--json"]);
    succeeded(&output);
    let (events, summary) = events(&output);
    assert_eq!(summary["changed"], 0);
    assert!(events.iter().all(|event| event["state"] != "changed"), "{events:?}");
    for node in NODES {
        let ssh = &summary["ssh"][node];
        assert_eq!(ssh["handshakes"], 1, "{node}");
        assert!(ssh["round_trips"].as_u64().unwrap() <= 3, "{node}: {ssh}");
    }
    trees::assert_equal(&trees_before, &trees::all(world));
    assert_eq!(alive_before, alive(world), "something was restarted");
    succeeded(&world.provision(&["plan", "--exit-code"]));
    succeeded(&world.provision(&["status"]));

    // A board file holds what the node itself says.
    let probed = world.provision(&["probe", "pi-2"]);
    succeeded(&probed);
    let board = String::from_utf8(probed.stdout).unwrap();
    let model = world.sh("pi-2", "tr -d '\\0' </sys/firmware/devicetree/base/model");
    assert!(board.contains(&format!("\"{}\"", model.trim())), "{board}");
    ended_with(&world.provision(&["probe", "pi-9"]), 2);
}

/// Start times of our units and of every pod's containers.
fn alive(world: &World) -> Vec<String> {
    let units =
        "systemctl show -p ActiveEnterTimestampMonotonic -p MainPID k3s k3s-agent terrarium-agent";
    let mut alive: Vec<String> = NODES.iter().map(|node| world.sh(node, units)).collect();
    alive.push(world.kubectl(
        "get pods -A --no-headers -o custom-columns=N:.metadata.name,U:.metadata.uid,R:.status.containerStatuses[*].restartCount",
    ));
    alive
}

pub(crate) fn drift(world: &mut World) {
    world.provisioned();
    world.touched();
    world.sh(
        "pi-2",
        "systemctl stop terrarium-agent; echo '# by hand' >>/etc/rancher/k3s/config.yaml",
    );
    world.sh("pi-3", "sed -i 's/^# BEGIN terrarium$/&\\n10.9.9.9 stranger/' /etc/hosts");
    world.kubectl("label node pi-3 terrarium/board-");
    world.kubectl("label namespace terrarium pod-security.kubernetes.io/enforce-");
    ended_with(&world.provision(&["status"]), 5);

    let server_before = world.sh("pi-1", "systemctl show -p MainPID k3s terrarium-agent");
    let output = world.provision(&["--json"]);
    succeeded(&output);
    world.mended();
    // The configuration's content was mended before k3s read it: the running
    // k3s is of the wished generation and is left alone.
    assert_eq!(
        changed(&output),
        [
            "pi-1: k3s.namespace",
            "pi-2: agent.start",
            "pi-2: k3s.config",
            "pi-3: hosts",
            "pi-3: k3s.labels"
        ]
    );
    only_restricted_pods(world);
    assert_eq!(server_before, world.sh("pi-1", "systemctl show -p MainPID k3s terrarium-agent"));
}

/// The API refuses a pod that asks for more than services of ours do.
fn only_restricted_pods(world: &World) {
    let asked = "run of-a-stranger -n terrarium --image=terrarium.invalid/none";
    let said = world.sh("pi-1", &format!("k3s kubectl {asked} 2>&1 || true"));
    assert!(said.contains("violates PodSecurity \"restricted:v1.36\""), "{said}");
}
