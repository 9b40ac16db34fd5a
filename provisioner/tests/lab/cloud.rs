//! A card that cloud-init has set up, as Raspberry Pi Imager's are.

use std::time::Duration;

use crate::world::{World, changed, succeeded, wait_for};

/// What Imager writes when it is told a host name, a user and that there be SSH, as
/// far as it concerns what an inventory says, and a first start that takes a while.
/// The host keys stay: on a card they are made before anybody connects.
const SET_UP: &str = "set -e
d=/var/lib/cloud/seed/nocloud
mkdir -p $d
printf 'instance-id: rpi-imager-1\\n' >$d/meta-data
printf '#cloud-config\\nhostname: raspberrypi\\nmanage_etc_hosts: true\\nssh_pwauth: true\\nssh_deletekeys: false\\nruncmd:\\n- [sleep, \"20\"]\\n' >$d/user-data
printf 'datasource_list: [NoCloud]\\n' >/etc/cloud/cloud.cfg.d/90_dpkg.cfg
rm -f /etc/cloud/cloud-init.disabled";

const DONE: &str = "timeout 120 sh -c 'until [ -e /run/cloud-init/result.json ]; do sleep 1; done'";
const STATE: &str = "cat /etc/hostname; hostname; grep -c terrarium /etc/hosts || :";

/// It puts host name and `/etc/hosts` back at every start, until it is told not to.
pub(crate) fn host_name(world: &mut World) {
    world.provisioned();
    world.touched();
    world.sh("pi-2", SET_UP);
    world.lab.reboot("pi-2").unwrap();

    // It is still at its work, which is waited for.
    let output = world.provision(&["--json"]);
    succeeded(&output);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("cloud-init is still at its work"), "{said}");
    let changes = changed(&output);
    for change in ["cloud-init", "hostname", "hosts"] {
        assert!(changes.iter().any(|line| line.contains(change)), "{change}: {changes:?}");
    }
    for _ in 0..2 {
        world.lab.reboot("pi-2").unwrap();
        world.sh("pi-2", DONE);
        assert_eq!(
            world.sh("pi-2", STATE).split_whitespace().collect::<Vec<_>>(),
            ["pi-2", "pi-2", "2"]
        );
        // kubelet calls its node not ready until it has looked at its pods once.
        wait_for("pi-2 to be well after its restart", Duration::from_mins(5), || {
            world.provision(&["status"]).status.success().then_some(())
        });
    }
    world.sh("pi-2", "touch /etc/cloud/cloud-init.disabled; rm -rf /var/lib/cloud/seed");
    succeeded(&world.provision(&["plan", "--exit-code"]));
    world.mended();
}
