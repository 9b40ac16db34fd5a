//! What somebody deleted or scaled with kubectl is seen and comes back as it was.

use std::fs;
use std::time::Duration;

use crate::world::{World, changed, ended_with, succeeded, wait_for};

const PASSWORD: &str = "get secret postgresql -n terrarium -o jsonpath={.data.password}";

pub(crate) fn objects(world: &mut World) {
    world.provisioned();
    world.touched();
    let password = world.kubectl(PASSWORD);
    assert!(!password.is_empty());
    world.kubectl("delete secret postgresql -n terrarium");
    world.kubectl("delete service redis-pods -n terrarium");
    world.kubectl("scale statefulset prometheus --replicas=0 -n terrarium");

    let plan = world.provision(&["plan", "--exit-code"]);
    ended_with(&plan, 5);
    let text = String::from_utf8_lossy(&plan.stdout);
    for lost in [
        "Secret postgresql is missing",
        "Service redis-pods is missing",
        "StatefulSet prometheus is scaled to 0 of 1",
    ] {
        assert!(text.contains(lost), "{lost} is not in:\n{text}");
    }
    ended_with(&world.provision(&["status"]), 5);
    let credentials = world.provision(&["credentials"]);
    ended_with(&credentials, 5);
    let text = String::from_utf8_lossy(&credentials.stderr);
    assert!(text.contains("Secret postgresql is missing"), "{text}");
    succeeded(&world.provision(&["plan", "--diff"]));

    let output = world.provision(&["--json"]);
    succeeded(&output);
    let repaired = ["stack: postgresql", "stack: prometheus", "stack: redis"];
    assert_eq!(changed(&output), repaired);
    assert_eq!(world.kubectl(PASSWORD), password, "another password was made");
    logs_in(world);
    succeeded(&world.provision(&["plan", "--exit-code"]));

    // Together with a changed value, which makes a new pod.
    world.kubectl("delete secret postgresql -n terrarium");
    let file = world.lab.inventory_path();
    let good = fs::read_to_string(&file).unwrap();
    let limit = "\n[stack.values.postgresql.resources.limits]\nmemory = \"900Mi\"\n";
    fs::write(&file, format!("{good}{limit}")).unwrap();
    succeeded(&world.provision(&[]));
    assert_eq!(world.kubectl(PASSWORD), password, "another password was made");
    logs_in(world);
    fs::write(&file, good).unwrap();
    succeeded(&world.provision(&[]));
    world.mended();
}

/// The database takes the password of the Secret, from where it asks for one.
fn logs_in(world: &World) {
    let query = "PGPASSWORD=$(cat /run/secrets/postgresql/password) \
                 psql -h $(hostname -i) -U postgres -Atc \"select 40 + 2\"";
    let answer = wait_for("the database", Duration::from_mins(2), || {
        let said = world.sh(
            "pi-1",
            &format!("k3s kubectl exec -n terrarium postgresql-0 -- sh -c '{query}' || true"),
        );
        (!said.is_empty()).then_some(said)
    });
    assert_eq!(answer, "42");
    // The profile `starter` has no edge, and two stores.
    let output = world.provision(&["verify", "--json"]);
    succeeded(&output);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.matches("\"proven\"").count(), 2, "{text}");
}

/// The namespace is deleted, and something in it is held.
pub(crate) fn namespace(world: &mut World) {
    world.provisioned();
    world.touched();
    world.kubectl("create configmap held -n terrarium");
    let finalizers = |list: &str| {
        let patch = format!(r#"{{"metadata":{{"finalizers":{list}}}}}"#);
        world.kubectl(&format!("patch configmap held -n terrarium --type=merge -p '{patch}'"));
    };
    finalizers(r#"["example.org/held"]"#);
    world.kubectl("delete namespace terrarium --wait=false");
    wait_for("Kubernetes' word on what holds it", Duration::from_mins(3), || {
        let plan = world.provision(&["plan"]);
        ended_with(&plan, 6);
        String::from_utf8_lossy(&plan.stdout).contains("example.org/held").then_some(())
    });
    ended_with(&world.provision(&[]), 6);
    finalizers("[]");
    world.kubectl("wait namespace/terrarium --for=delete --timeout=120s");
    succeeded(&world.provision(&[]));
    world.mended();
}

/// The size of a volume that is there is refused with its line, and nothing is run.
pub(crate) fn size(world: &mut World) {
    world.provisioned();
    let file = world.lab.inventory_path();
    let good = fs::read_to_string(&file).unwrap();
    let size = "\n[stack.values.redis]\nstorage = { size = \"7Gi\" }\n";
    fs::write(&file, format!("{good}{size}")).unwrap();
    let line = good.lines().count() + 3;
    for args in [&["plan"][..], &["--json"]] {
        let output = world.provision(args);
        ended_with(&output, 6);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.replace('\n', " ").contains("7Gi"), "{text}");
        assert!(text.contains(&format!("pis.toml:{line}")), "{text}");
    }
    fs::write(&file, good).unwrap();
    succeeded(&world.provision(&["plan", "--exit-code"]));
}
