//! Runs and nodes that end in the middle of it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::world::{World, ended_with, succeeded};

pub(crate) fn node_off(world: &mut World) {
    world.fresh();
    world.touched();
    world.lab.kill("pi-3").unwrap();
    let output = world.provision(&["--json"]);
    ended_with(&output, 3);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("`pi-3`"), "{text}");
    let ready = world.kubectl("get nodes -o name");
    assert_eq!(ready, "node/pi-1\nnode/pi-2", "the others did their part");

    world.lab.start("pi-3").unwrap();
    succeeded(&world.provision(&[]));
    succeeded(&world.provision(&["plan", "--exit-code"]));
    world.mended();
}

pub(crate) fn killed(world: &mut World) {
    world.fresh();
    world.touched();
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos();
    for (round, longest) in [(0, 12_u32), (1, 25), (2, 40)] {
        let after =
            Duration::from_millis(u64::from(1000 + (seed >> (round * 8)) % (longest * 1000)));
        eprintln!("killed after {after:?}");
        let mut run = world
            .command(&[])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // The moment is the test's input, not a wait for something.
        std::thread::sleep(after);
        run.kill().unwrap();
        run.wait().unwrap();
    }
    succeeded(&world.provision(&[]));
    succeeded(&world.provision(&["plan", "--exit-code"]));
    let nodes = world.kubectl("get nodes --no-headers");
    assert_eq!(nodes.matches(" Ready ").count(), 3, "{nodes}");
    let releases = world.kubectl("get secrets -n terrarium -l owner=helm,status=deployed -o name");
    assert_eq!(releases.lines().count(), 4, "{releases}");
    world.mended();
}
