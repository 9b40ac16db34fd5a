//! The agent's package: installed by hand, in place of what an earlier version
//! brought, and over what a power cut left of it.

use std::process::Stdio;

use crate::world::{NODES, World, changed, ended_with, succeeded};

/// dpkg's own record of the package, as a cut would have left it.
const STANZA: &str = "/^Package: terrarium-agent$/,/^$/";

pub(crate) fn mended(world: &mut World) {
    world.provisioned();
    world.touched();
    by_hand(world, "pi-1");
    of_an_earlier_version(world, "pi-1");
    cut_while_unpacking(world, "pi-2");
    cut_before_the_end(world, "pi-3");
    ended_with(&world.provision(&["status"]), 5);

    let output = world.provision(&["--json"]);
    succeeded(&output);
    world.mended();
    assert_eq!(
        changed(&output),
        [
            "pi-1: agent.former",
            "pi-1: agent.package",
            "pi-2: agent.package",
            "pi-2: packages",
            "pi-3: agent.package",
            "pi-3: agent.start"
        ]
    );
    for node in NODES {
        whole(world, node);
    }
    succeeded(&world.provision(&["plan", "--exit-code"]));
}

/// The node runs what is in the package, and nothing else of ours is left.
fn whole(world: &World, node: &str) {
    let said = |script: &str| world.sh(node, script);
    assert_eq!(said("dpkg-query -W -f '${Status}' terrarium-agent"), "install ok installed");
    // The lab's nodes take no documentation.
    let verified = said("dpkg --verify terrarium-agent | grep -v /usr/share/doc || :");
    assert_eq!(verified, "", "{node}");
    assert_eq!(said("dpkg --audit; ls /var/lib/dpkg/updates"), "", "{node}");
    let unit = "systemctl show --value -p ActiveState -p UnitFileState -p FragmentPath";
    let unit = said(&format!("{unit} terrarium-agent"));
    for part in ["active", "enabled", "/lib/systemd/system/terrarium-agent.service"] {
        assert!(unit.lines().any(|line| line.ends_with(part)), "{node}: {unit}");
    }
    let exe = said("readlink /proc/$(systemctl show --value -p MainPID terrarium-agent)/exe");
    assert_eq!(exe, "/usr/bin/terrarium-agent", "{node}");
    let left = "ls -d /usr/local/bin/terrarium-agent /etc/systemd/system/terrarium-agent.service \
                /var/lib/terrarium/*.deb 2>/dev/null || :";
    assert_eq!(said(left), "", "{node}");
}

/// As on a machine that no `provision` knows: the package alone starts the agent.
fn by_hand(world: &World, node: &str) {
    world.sh(node, "dpkg --purge terrarium-agent 2>&1; ! systemctl is-active terrarium-agent");
    let shell = ["sh", "-c", "cat >/tmp/terrarium-agent.deb"].map(str::to_owned);
    let package = std::fs::File::open(world.package()).unwrap();
    let mut copy = world.lab.shell(node, &shell, false).unwrap();
    assert!(copy.stdin(Stdio::from(package)).status().unwrap().success());
    world.sh(
        node,
        "apt-get -q -y install /tmp/terrarium-agent.deb && rm /tmp/terrarium-agent.deb && \
         systemctl is-active terrarium-agent && systemctl is-enabled terrarium-agent",
    );
}

/// Program and unit lie where they did before there was a package, and run.
fn of_an_earlier_version(world: &World, node: &str) {
    world.sh(
        node,
        "set -e
         program=/usr/local/bin/terrarium-agent
         unit=/etc/systemd/system/terrarium-agent.service
         cp /usr/bin/terrarium-agent $program
         sed s,/usr/bin/,/usr/local/bin/, /usr/lib/systemd/system/terrarium-agent.service >$unit
         dpkg --purge terrarium-agent
         systemctl daemon-reload
         systemctl enable --now terrarium-agent
         systemctl is-active terrarium-agent",
    );
}

/// Half a program, a package that dpkg wants again, and dpkg's journal not yet
/// merged into its status: apt installs nothing on such a node.
fn cut_while_unpacking(world: &World, node: &str) {
    world.sh(
        node,
        &format!(
            "set -e
             dpkg --remove jq
             head -c 4096 /usr/bin/terrarium-agent >/tmp/half
             mv /tmp/half /usr/bin/terrarium-agent
             sed -n '{STANZA} p' /var/lib/dpkg/status |
               sed 's/^Status: .*/Status: install reinstreq half-installed/' >/tmp/0000
             mv /tmp/0000 /var/lib/dpkg/updates/0000
             if apt-get -q -y install jq; then exit 1; fi"
        ),
    );
}

/// Everything is in place, but dpkg did not come to say so.
fn cut_before_the_end(world: &World, node: &str) {
    let edit = format!("{STANZA} s/^Status: .*/Status: install ok half-configured/");
    world
        .sh(node, &format!("sed -i '{edit}' /var/lib/dpkg/status; systemctl stop terrarium-agent"));
}
