use super::*;

/// What kubectl lists of a cluster with a release of Redis in it.
const THERE: &str = include_str!("../drift/there.txt");

const REDIS: &str = "\
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: redis
  namespace: terrarium
spec:
  replicas: 1
  podManagementPolicy: Parallel
  serviceName: redis-pods
  selector:
    matchLabels:
      app.kubernetes.io/name: redis
      app.kubernetes.io/instance: redis
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        resources:
          requests:
            storage: 1Gi
---
apiVersion: v1
kind: Service
metadata: {name: redis-pods, namespace: terrarium}
spec:
  clusterIP: None
---
apiVersion: v1
kind: Service
metadata: {name: redis, namespace: terrarium}
spec: {}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: terrarium-app}
value: 750000
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: cluster-admin}
roleRef: {name: cluster-admin}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: new, namespace: terrarium}
spec: {serviceName: any}
";

fn found(manifest: &str) -> Vec<Stuck> {
    stuck(manifest, &Objects::parse("", THERE).expect("lines"))
}

/// Each of these was held against a real API server, which refused it.
#[test]
fn what_kubernetes_lets_nobody_change_is_found_before_anything_runs() {
    assert_eq!(found(REDIS), []);
    for (from, to, field, old, new) in [
        ("storage: 1Gi", "storage: 50Gi", Field::Size, "1Gi", "50Gi"),
        ("storage: 1Gi", "storage: 500Mi", Field::Size, "1Gi", "500Mi"),
        (
            "        resources:",
            "        storageClassName: ssd\n        resources:",
            Field::Class,
            "not set",
            "ssd",
        ),
        ("serviceName: redis-pods", "serviceName: r", Field::ServiceName, "redis-pods", "r"),
        ("  podManagementPolicy: Parallel\n", "", Field::PodManagement, "Parallel", "OrderedReady"),
        (
            "      app.kubernetes.io/name: redis\n",
            "      app: redis\n",
            Field::Selector,
            "map[app.kubernetes.io/instance:redis app.kubernetes.io/name:redis]",
            "map[app:redis app.kubernetes.io/instance:redis]",
        ),
        ("value: 750000", "value: 5", Field::Value, "750000", "5"),
        ("{name: cluster-admin}\n---", "{name: view}\n---", Field::Role, "cluster-admin", "view"),
        ("spec: {}", "spec: {clusterIP: None}", Field::ClusterIp, "10.43.95.95", "None"),
    ] {
        let manifest = REDIS.replace(from, to);
        assert_ne!(manifest, REDIS, "{from}");
        let stuck = found(&manifest);
        let [one] = &stuck[..] else { panic!("{to}: {stuck:?}") };
        assert_eq!((one.field, &*one.found, &*one.wished), (field, old, new), "{to}");
    }
}

#[test]
fn what_may_change_or_is_the_same_in_other_words_is_not_found() {
    for (from, to) in [
        ("storage: 1Gi", "storage: 1024Mi"),
        ("storage: 1Gi", "storage: \"1Gi\""),
        ("replicas: 1", "replicas: 2"),
        // A headless Service that is to be one no more stays headless.
        ("  clusterIP: None", "  type: ClusterIP"),
    ] {
        assert_eq!(found(&REDIS.replace(from, to)), [], "{to}");
    }
}

#[test]
fn what_to_do_instead_names_the_value_the_service_and_the_commands() {
    let size = found(&REDIS.replace("storage: 1Gi", "storage: 50Gi")).remove(0).hint("redis");
    for part in [
        "`storage = { size = \"1Gi\" }` under [stack.values.redis]",
        "`provision stack remove redis --delete-data`",
        "grow the claim data-redis-0",
        "delete statefulset redis --cascade=orphan",
    ] {
        assert!(size.contains(part), "{part}: {size}");
    }
    let class = found(
        &REDIS.replace("        resources:", "        storageClassName: x\n        resources:"),
    );
    let class = class[0].hint("redis");
    assert!(class.contains("no `storage.class` under") && !class.contains("grow"), "{class}");
    let name = found(&REDIS.replace("serviceName: redis-pods", "serviceName: r")).remove(0);
    assert!(name.hint("redis").contains("--cascade=orphan"), "{name:?}");
}
