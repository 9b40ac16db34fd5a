//! A service that does not come up.

use std::fs;

use crate::world::{World, ended_with, succeeded};

pub(crate) fn broken(world: &mut World) {
    world.provisioned();
    world.touched();
    let file = world.lab.inventory_path();
    let good = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{good}\n[stack.values.redis.image]\ntag = \"no-such-tag\"\n"))
        .unwrap();

    let plan = world.provision(&["plan"]);
    succeeded(&plan);
    let text = String::from_utf8_lossy(&plan.stdout).into_owned();
    assert!(text.contains("redis") && !text.contains("postgresql"), "{text}");

    // Forty-five seconds instead of fifteen minutes.
    let output = world.provision(&["--patience", "0.05"]);
    ended_with(&output, 4);
    let text = String::from_utf8_lossy(&output.stderr);
    for part in ["release redis, pod redis-0", "no-such-tag", "cannot be pulled", "hint: "] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }

    fs::write(&file, good).unwrap();
    succeeded(&world.provision(&[]));
    world.mended();
    let pods = world.kubectl("get pods -n terrarium --no-headers");
    assert_eq!(pods.matches(" Running ").count(), 3, "{pods}");
}
