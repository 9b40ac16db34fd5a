//! Which pod a service's commands are run in.

use std::collections::BTreeMap;

use serde::Deserialize;
use terrarium_helm::release::NAMESPACE;
use terrarium_untrusted::is_subdomain;

use crate::error::{Code, Failure};
use crate::executor::kubectl;
use crate::host::Host;

/// The label a pod carries its service's name in.
const NAME: &str = "app.kubernetes.io/name";

#[derive(Deserialize)]
struct List {
    items: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
    status: Status,
}

#[derive(Default, Deserialize)]
struct Spec {
    #[serde(default)]
    containers: Vec<Container>,
}

#[derive(Deserialize)]
struct Container {
    name: String,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(rename = "deletionTimestamp")]
    ends: Option<String>,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    phase: String,
    #[serde(default)]
    conditions: Vec<Condition>,
}

#[derive(Deserialize)]
struct Condition {
    r#type: String,
    status: String,
}

/// A pod that commands are run in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pod {
    pub(super) name: String,
    pub(super) containers: Vec<String>,
}

/// A ready pod for each service that has one.
pub(super) async fn ready(server: &Host) -> Result<BTreeMap<String, Pod>, Failure> {
    let args = ["get", "pods", "--namespace", NAMESPACE, "--output", "json"].map(str::to_owned);
    kubectl(server, &args, 30).await?.parse(|json| parse(json))
}

fn parse(json: &str) -> Result<BTreeMap<String, Pod>, Failure> {
    let list: List = serde_json::from_str(json)
        .map_err(|error| Failure::new(Code::Internal, "cannot read the list of pods", &error))?;
    let ready = list.items.into_iter().filter(|pod| {
        let conditions = &pod.status.conditions;
        pod.metadata.ends.is_none()
            && pod.status.phase == "Running"
            && conditions.iter().any(|c| c.r#type == "Ready" && c.status == "True")
    });
    Ok(ready
        // A pod's name becomes an argument: it must not look like an option.
        .filter(|pod| is_subdomain(&pod.metadata.name))
        .filter_map(|mut pod| {
            let containers = pod.spec.containers.into_iter().map(|one| one.name).collect();
            let found = Pod { name: pod.metadata.name, containers };
            Some((pod.metadata.labels.remove(NAME)?, found))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_ready_pod_that_stays_is_taken() {
        let pod = |name: &str, service: &str, more: &str, ready: &str| {
            format!(
                r#"{{"metadata":{{"name":"{name}","labels":{{"{NAME}":"{service}"}}{more}}},
                "spec":{{"containers":[{{"name":"{service}"}}]}},
                "status":{{"phase":"Running","conditions":[{{"type":"Ready","status":"{ready}"}}]}}}}"#
            )
        };
        let ends = r#","deletionTimestamp":"2026-01-01T00:00:00Z""#;
        let items = [
            pod("redis-0", "redis", "", "True"),
            pod("kafka-0", "kafka", "", "False"),
            pod("fastapi-a", "fastapi", ends, "True"),
            pod("fastapi-b", "fastapi", "", "True"),
            pod("--kubeconfig=/x", "kafka", "", "True"),
            r#"{"metadata":{"name":"bare"},"status":{}}"#.to_owned(),
        ];
        let json = format!(r#"{{"items":[{}]}}"#, items.join(","));
        let found = parse(&json).expect("a list");
        let expected = [("fastapi", "fastapi-b"), ("redis", "redis-0")];
        let pod = |service: &str, name: &str| Pod {
            name: name.to_owned(),
            containers: vec![service.to_owned()],
        };
        assert_eq!(found, expected.map(|(s, p)| (s.to_owned(), pod(s, p))).into());
        assert!(parse("{").is_err());
    }
}
