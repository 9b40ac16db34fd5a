//! The pod of one workload.

use serde_json::{Map, Value, json};

use super::random::Random;

/// A pod's spec, asking for so many thousandths of a core and MiB.
pub(super) fn spec(
    name: &str,
    index: usize,
    size: (u64, u64),
    features: &[&str],
    random: &mut Random,
) -> Value {
    let mut asks = |feature: &str, of: u64| features.contains(&feature) && random.one_in(of);
    let mut spec = Map::new();
    if asks("taints", 2) {
        spec.insert("tolerations".into(), json!([{"key": "server", "operator": "Exists"}]));
    }
    if asks("selectors", 4) {
        let disk = if index.is_multiple_of(3) { "nvme" } else { "sd" };
        spec.insert("nodeSelector".into(), json!({"disk": disk}));
    }
    if asks("priorities", 3) {
        spec.insert("priority".into(), json!(1_000 * (1 + index % 3)));
    }
    let parts = [
        ("initContainers", init(size, &mut asks)),
        ("containers", vec![main(index, size, &mut asks)]),
        ("topologySpreadConstraints", spread(name, index, &mut asks)),
    ];
    for (field, items) in parts {
        if !items.is_empty() {
            spec.insert(field.into(), json!(items));
        }
    }
    let mut affinity = Map::new();
    if asks("node-affinity", 3) {
        let wish = nodes(index, asks("node-affinity", 2));
        affinity.insert("nodeAffinity".into(), wish);
    }
    for (feature, field) in [("affinity", "podAffinity"), ("anti-affinity", "podAntiAffinity")] {
        if asks(feature, 4) {
            // Copies that stay together, or copies apart, or one near another.
            let own = feature == "anti-affinity" || index == 0;
            let app = if own { name.to_owned() } else { format!("w{:02}", index / 2) };
            affinity.insert(field.into(), neighbours(&app, index, asks(feature, 2)));
        }
    }
    if !affinity.is_empty() {
        spec.insert("affinity".into(), Value::Object(affinity));
    }
    Value::Object(spec)
}

/// Decides whether a feature is asked for, one time in so many.
type Asks<'a> = dyn FnMut(&str, u64) -> bool + 'a;

fn amounts(milli: u64, mebibytes: u64) -> Value {
    json!({"cpu": format!("{milli}m"), "memory": format!("{mebibytes}Mi")})
}

fn main(index: usize, (milli, mebibytes): (u64, u64), asks: &mut Asks<'_>) -> Value {
    let amounts = amounts(milli, mebibytes);
    // A limit alone is a request as well.
    let (nothing, limits) = (asks("requestless", 4), asks("requestless", 4));
    let resources = match (nothing, limits) {
        (true, _) => json!({}),
        (false, true) => json!({"limits": amounts}),
        (false, false) => json!({"requests": amounts}),
    };
    let mut main = json!({"name": "main", "image": "main:1", "resources": resources});
    if asks("ports", 5) {
        let port = 8_000 + index % 3;
        main["ports"] = json!([{"containerPort": port, "hostPort": port, "protocol": "TCP"}]);
    }
    main
}

/// One that needs more than the main container, and sometimes one that stays.
fn init((milli, mebibytes): (u64, u64), asks: &mut Asks<'_>) -> Vec<Value> {
    let mut all = Vec::new();
    if asks("init", 3) {
        let requests = amounts(milli / 2, mebibytes * 5 / 4);
        all.push(json!({"name": "first", "image": "first:1", "resources": {"requests": requests}}));
        if asks("init", 2) {
            let requests = amounts(milli / 8, mebibytes / 8);
            all.push(json!({
                "name": "side", "image": "side:1", "restartPolicy": "Always",
                "resources": {"requests": requests},
            }));
        }
    }
    all
}

fn spread(name: &str, index: usize, asks: &mut Asks<'_>) -> Vec<Value> {
    let kinds = [("spread", "DoNotSchedule"), ("soft-spread", "ScheduleAnyway")];
    let wanted = kinds.into_iter().filter(|(feature, _)| asks(feature, 2));
    let key = if index % 4 == 3 { "rack" } else { "kubernetes.io/hostname" };
    let constraint = |(_, unsatisfied)| {
        json!({
            "maxSkew": 1 + index % 2, "topologyKey": key, "whenUnsatisfiable": unsatisfied,
            "labelSelector": {"matchLabels": {"app": name}},
        })
    };
    wanted.map(constraint).collect()
}

fn nodes(index: usize, required: bool) -> Value {
    let term = if index.is_multiple_of(2) {
        json!({"key": "slot", "operator": "Gt", "values": ["1"]})
    } else {
        json!({"key": "rack", "operator": "NotIn", "values": ["b"]})
    };
    let term = json!({"matchExpressions": [term]});
    if required {
        json!({"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}})
    } else {
        json!({"preferredDuringSchedulingIgnoredDuringExecution":
            [{"weight": 1 + index % 100, "preference": term}]})
    }
}

fn neighbours(app: &str, index: usize, required: bool) -> Value {
    let term = json!({
        "labelSelector": {"matchLabels": {"app": app}},
        "topologyKey": "kubernetes.io/hostname",
    });
    if required {
        json!({"requiredDuringSchedulingIgnoredDuringExecution": [term]})
    } else {
        json!({"preferredDuringSchedulingIgnoredDuringExecution":
            [{"weight": 10 + index % 90, "podAffinityTerm": term}]})
    }
}
