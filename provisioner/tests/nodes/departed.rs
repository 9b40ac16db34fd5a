//! Nodes that left the inventory, and cards that were made anew.

use std::fs;
use std::time::Duration;

use crate::model::Reply;
use crate::node::Do;
use crate::world::World;

pub(crate) fn a_node_that_is_taken_out_or_renamed_is_noted_with_what_it_holds() {
    let world = World::new(&["pi-1", "pi-2", "pi-3"]);
    world.provision(&[]).succeeded();
    world.node("pi-1").hook(|call| {
        if call.what.contains("get pods") {
            return Some(Do::Say(Reply::said("pi-3 terrarium redis-0 StatefulSet\n")));
        }
        let volumes = call.what.contains("get persistentvolumes");
        volumes.then(|| Do::Say(Reply::said("pi-3 terrarium data-redis-0\n")))
    });
    let text = fs::read_to_string(world.inventory_path()).unwrap();
    let at = text.find("[[node]]\nname = \"pi-3\"").unwrap();
    fs::write(world.inventory_path(), &text[..at]).unwrap();
    for args in [&[][..], &["plan"], &["status"]] {
        let ran = world.provision(args);
        ran.succeeded().says("`pi-3` is in the cluster (Ready) and not in the inventory");
        ran.says("terrarium/redis-0").says("terrarium/data-redis-0").says("delete node pi-3");
        ran.says("delete secret pi-3.node-password.k3s");
    }
    fs::write(world.inventory_path(), text).unwrap();
    let back = world.provision(&["plan"]);
    back.succeeded();
    assert!(!format!("{}{}", back.stdout, back.stderr).contains("not in the inventory"));
}

pub(crate) fn a_fresh_card_under_an_old_name_is_told_soon_with_the_whole_command() {
    let world = World::new(&["pi-1", "pi-2"]);
    let line = "level=error msg=\"Failed to retrieve agent config: Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' may not match server node-passwd entry\"\n";
    world.node("pi-2").hook(move |call| {
        let looks =
            call.what == "start k3s-agent.service" || call.what == "watch k3s-agent.service";
        looks.then(|| Do::Say(Reply::said(format!("activating 0 1700000000\n{line}{line}"))))
    });
    let ran = world.provision(&[]);
    ran.ended_with(4).says("another machine has the name, or this one was reinstalled");
    let command = format!(
        "ssh pi@{} sudo k3s kubectl --namespace kube-system delete secret pi-2.node-password.k3s",
        world.node("pi-1").address
    );
    let said: String = format!("{}{}", ran.stdout, ran.stderr).split_whitespace().collect();
    let command: String = command.split_whitespace().collect();
    assert!(said.contains(&command), "{}", ran.stderr);
    assert!(ran.took < Duration::from_secs(30), "{:?}", ran.took);
}
