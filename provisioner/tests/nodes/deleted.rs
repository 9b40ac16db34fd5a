//! What somebody deleted in the cluster with kubectl.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::world::World;

const MADE: &str = "redis Secret v1 terrarium redis -\nredis Service v1 terrarium redis -\n\
                    redis StatefulSet apps/v1 terrarium redis 1\nredis = 2\n";

/// A server with the release `redis` and these objects of it.
fn world(objects: &[(&str, &str)], more: &str) -> World {
    let world = World::new(&["pi-1"]);
    world.provision(&[]).succeeded();
    let line = |(kind, replicas): &(&str, &str)| {
        format!("{kind} terrarium redis <none> {replicas}{}\n", " <none>".repeat(10))
    };
    let there: String = objects.iter().map(line).collect();
    {
        let mut model = world.node("pi-1").model();
        "terrarium redis 2 deployed 0123456789abcdef\n".clone_into(&mut model.releases);
        model.extra = vec![
            format!("made\t{}", BASE64.encode(MADE)),
            format!("objects\t{}", BASE64.encode(there)),
        ];
        if !more.is_empty() {
            model.extra.push(more.to_owned());
        }
    }
    world.inventory("[stack]\nservices = [\"redis\"]\n");
    world
}

pub(crate) fn a_secret_that_was_deleted_is_named_by_all_that_looks() {
    let world = world(&[("Service", "<none>"), ("StatefulSet", "1")], "");
    world.provision(&["status"]).ended_with(5).says("Secret redis is missing");
    let ran = world.provision(&["credentials"]);
    ran.ended_with(5).says("the login of `redis` is not shown: Secret redis is missing");
    let ran = world.provision(&["credentials", "--json"]);
    ran.ended_with(5).says("\"secret\": \"redis\"");
    // What is not deployed has lost nothing.
    world.provision(&["credentials", "grafana"]).succeeded();
}

pub(crate) fn what_was_scaled_to_nothing_or_has_no_pod_is_told() {
    let scaled = world(&[("Service", "<none>"), ("StatefulSet", "0"), ("Secret", "<none>")], "");
    scaled.provision(&["status"]).ended_with(5).says("StatefulSet redis is scaled to 0 of 1");
    let idle = world(&[("Service", "<none>"), ("StatefulSet", "1"), ("Secret", "<none>")], "");
    idle.provision(&["status"]).says("`redis` has no pod that is ready: StatefulSet redis");
}

pub(crate) fn a_namespace_that_is_being_deleted_is_refused_with_what_holds_it() {
    let ends = "namespace_ends\tSome content in the namespace has finalizers remaining: \
                example.org/keep in 1 resource instances ";
    let world = world(&[("Service", "<none>"), ("StatefulSet", "1"), ("Secret", "<none>")], ends);
    for args in [&["plan"][..], &["status"], &[]] {
        world.provision(args).ended_with(6).says("example.org/keep in 1 resource instances");
    }
}
