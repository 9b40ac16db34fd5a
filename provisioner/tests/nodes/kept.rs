//! Files of people: what is not ours in them stays, and what is not plain is left alone.

use crate::model::CMDLINE;
use crate::world::World;

/// Comments above the kernel's line: nobody sees which line the firmware reads.
pub(crate) fn a_kernel_line_that_is_not_plain_is_refused_before_anything_is_changed() {
    let world = World::new(&["pi-1", "pi-2"]);
    let file = b"# NOTES\nroot=PARTUUID=1-02 rootwait\n";
    world.node("pi-2").model().put(CMDLINE, "755", file);
    for args in [&[][..], &["--json"]] {
        world
            .provision(args)
            .ended_with(6)
            .says(CMDLINE)
            .says("# NOTES")
            .says("root=PARTUUID=1-02 rootwait cgroup_enable=memory");
    }
    for node in &world.nodes {
        let wrote = |what: &str| what.starts_with("write") || what.starts_with("hostnamectl");
        assert!(node.calls().iter().all(|call| !wrote(&call.what)), "{:?}", node.calls());
    }
    assert_eq!(world.node("pi-2").model().bytes(CMDLINE), file);
}

/// Nothing of what people wrote is text that we could read, and it is all there
/// afterwards.
pub(crate) fn bytes_of_people_stay_as_they_are() {
    let world = World::new(&["pi-1"]);
    let hosts = b"127.0.1.1 raspberrypi.example.org raspberrypi mail # caf\xe9\r\n10.9.9.9 nas";
    world.node("pi-1").model().put("/etc/hosts", "640", hosts);
    world.node("pi-1").model().put(CMDLINE, "755", b"root=x note=caf\xe9\r\n# old\xff\n");
    world
        .provision(&["plan"])
        .says("- root=x note=")
        .says("+ 127.0.1.1 pi-1.example.org pi-1 mail");
    world.provision(&[]).succeeded();
    let model = world.node("pi-1").model();
    let kept =
        b"127.0.1.1 pi-1.example.org pi-1 mail # caf\xe9\r\n10.9.9.9 nas\n# BEGIN terrarium\n";
    assert!(model.bytes("/etc/hosts").starts_with(kept), "{}", model.text("/etc/hosts"));
    assert_eq!(model.bytes(CMDLINE), b"root=x note=caf\xe9 cgroup_enable=memory\r\n# old\xff\n");
}
