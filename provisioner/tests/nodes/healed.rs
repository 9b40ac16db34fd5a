//! What an earlier run has left half done, or somebody has done by hand: the end is
//! judged, not the file that is a means to it.

use crate::world::World;

const DROP_IN: &str = "/etc/rpi/swap.conf.d/90-terrarium.conf";

/// The drop-in was written and the run was cut off before the restart.
pub(crate) fn swap_that_is_still_active_restarts_the_node() {
    let world = World::new(&["pi-1"]);
    world.provision(&[]).succeeded();
    {
        let mut model = world.node("pi-1").model();
        model.extra = ["swap_by\trpi-swap", "swap\t/dev/zram0"].map(str::to_owned).to_vec();
        model.put(DROP_IN, "644", b"[Main]\nMechanism=none\n");
        // The model's last boot was in this very second or the next.
        model.files.get_mut(DROP_IN).unwrap().modified += 10;
    }
    world
        .provision(&["plan"])
        .says("still swaps to /dev/zram0")
        .says("swap.rpi take effect at boot");
    // It restarts, swaps all the same, and `swapoff` does not help: it is said,
    // and the node is not restarted again.
    let boots = world.node("pi-1").model().boots;
    world.provision(&["--patience", "0.02"]).ended_with(4).says("swaps to /dev/zram0");
    world.provision(&["--patience", "0.02"]).ended_with(4).says("swaps to /dev/zram0");
    assert_eq!(world.node("pi-1").model().boots, boots + 1);
    // Gone at last: nothing is left to do.
    world.node("pi-1").model().extra = vec!["swap_by\trpi-swap".to_owned()];
    assert_eq!(world.provision(&["--json"]).succeeded().changed(), [""; 0]);
}

pub(crate) fn a_host_name_that_only_runs_is_written_down() {
    let world = World::new(&["pi-1"]);
    world.provision(&[]).succeeded();
    world.node("pi-1").model().extra = vec!["static_hostname\traspberrypi".to_owned()];
    world.provision(&["plan"]).says("is `raspberrypi` in /etc/hostname");
}
