//! `kubectl get nodes -o json`, as far as it is needed.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use terrarium_untrusted::{is_subdomain, is_word};

/// One node as the cluster sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct KubeNode {
    /// Its name.
    pub name: String,
    /// Whether its `Ready` condition is `True`.
    pub ready: bool,
    /// Why not: the condition's reason and message. Empty when ready.
    pub reason: String,
    /// The running kubelet's version, `v1.36.3+k3s1`.
    pub version: String,
    /// All its labels.
    pub labels: BTreeMap<String, String>,
    /// The first `InternalIP`.
    pub internal_ip: Option<String>,
    /// Its taints.
    pub taints: Vec<Taint>,
    /// Whether pods may be scheduled (it is not cordoned).
    pub schedulable: bool,
    /// Processor time for pods, in thousandths of a core.
    pub cpu_allocatable_millis: Option<u64>,
    /// Memory for pods, in bytes.
    pub memory_allocatable_bytes: Option<u64>,
}

/// A taint: what keeps pods away that do not tolerate it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taint {
    /// Its key.
    pub key: String,
    /// Its value, often empty.
    #[serde(default)]
    pub value: String,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: String,
}

/// A reply that is no list of nodes.
#[derive(Debug, thiserror::Error)]
#[error("not a list of nodes as `kubectl get nodes -o json` prints it")]
pub struct NodesError {
    #[source]
    source: serde_json::Error,
}

/// Reads the reply. Fields we do not know are passed over, those that are
/// missing are empty: a node that has just registered has few. Objects of other kinds
/// are passed over as well.
pub fn parse(json: &str) -> Result<Vec<KubeNode>, NodesError> {
    let wrong = |source| NodesError { source };
    let list: List = serde_json::from_str(json).map_err(wrong)?;
    let is_node = |item: &serde_json::Value| item["kind"].as_str().is_none_or(|it| it == "Node");
    let items = list.items.into_iter().filter(is_node).map(Item::deserialize);
    let items: Vec<Item> = items.collect::<Result<_, _>>().map_err(wrong)?;
    let nodes: Vec<KubeNode> = items.into_iter().map(KubeNode::from).collect();
    match nodes.iter().find_map(KubeNode::wrong) {
        None => Ok(nodes),
        Some(what) => Err(NodesError { source: serde_json::Error::custom(what) }),
    }
}

/// A Kubernetes quantity in thousandths: `4`, `3500m`, `0.5`, `16Gi`.
/// `None` when it is none or too large.
fn thousandths(quantity: &str) -> Option<u128> {
    let digits = quantity.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
    let (number, suffix) = quantity.split_at(digits.unwrap_or(quantity.len()));
    let unit: u128 = match suffix {
        "m" => 1,
        "" => 1000,
        "k" => 1000 * 1000,
        "M" => 1000 * 1000_u128.pow(2),
        "G" => 1000 * 1000_u128.pow(3),
        "T" => 1000 * 1000_u128.pow(4),
        "Ki" => 1000 << 10,
        "Mi" => 1000 << 20,
        "Gi" => 1000 << 30,
        "Ti" => 1000 << 40,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    // Nine places are more than Kubernetes keeps.
    if whole.len() > 20 || fraction.len() > 9 || whole.is_empty() {
        return None;
    }
    let mut value = whole.parse::<u128>().ok()?.checked_mul(unit)?;
    if !fraction.is_empty() {
        let places = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
        value = value.checked_add(fraction.parse::<u128>().ok()?.checked_mul(unit)? / places)?;
    }
    Some(value)
}

#[derive(Deserialize)]
struct List {
    items: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Item {
    metadata: Metadata,
    #[serde(default)]
    spec: Option<Spec>,
    #[serde(default)]
    status: Option<Status>,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize, Default)]
struct Spec {
    #[serde(default)]
    taints: Option<Vec<Taint>>,
    #[serde(default)]
    unschedulable: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(default)]
    conditions: Option<Vec<Condition>>,
    #[serde(default)]
    addresses: Option<Vec<Address>>,
    #[serde(default)]
    allocatable: Option<BTreeMap<String, String>>,
    #[serde(default)]
    node_info: Option<NodeInfo>,
}

#[derive(Deserialize)]
struct Condition {
    r#type: String,
    status: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Address {
    r#type: String,
    address: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NodeInfo {
    #[serde(default)]
    kubelet_version: String,
}

impl KubeNode {
    /// What of it is not as Kubernetes has it. Its reason is free text.
    fn wrong(&self) -> Option<&'static str> {
        let label = |text: &str| is_word(text, "/");
        let taint =
            |taint: &Taint| label(&taint.key) && label(&taint.value) && label(&taint.effect);
        let address = |text: &String| text.parse::<IpAddr>().is_ok();
        [
            (is_subdomain(&self.name), "a node's name is no DNS subdomain"),
            (is_word(&self.version, "+"), "a node's version is no word"),
            (
                self.labels.iter().all(|(key, value)| label(key) && label(value)),
                "a node has a label that is none",
            ),
            (self.internal_ip.iter().all(address), "a node's address is none"),
            (self.taints.iter().all(taint), "a node has a taint that is none"),
        ]
        .into_iter()
        .find_map(|(fine, what)| (!fine).then_some(what))
    }
}

impl From<Item> for KubeNode {
    fn from(item: Item) -> Self {
        let spec = item.spec.unwrap_or_default();
        let status = item.status.unwrap_or_default();
        let conditions = status.conditions.unwrap_or_default();
        let ready = conditions.iter().find(|condition| condition.r#type == "Ready");
        let is_ready = ready.is_some_and(|ready| ready.status == "True");
        let reason = match ready {
            _ if is_ready => String::new(),
            Some(ready) if ready.message.is_empty() => ready.reason.clone(),
            Some(ready) => format!("{}: {}", ready.reason, ready.message),
            None => "the node has not reported its condition yet".to_owned(),
        };
        let allocatable = status.allocatable.unwrap_or_default();
        let amount = |name: &str| allocatable.get(name).and_then(|text| thousandths(text));
        Self {
            name: item.metadata.name,
            ready: is_ready,
            reason,
            version: status.node_info.map(|info| info.kubelet_version).unwrap_or_default(),
            labels: item.metadata.labels.unwrap_or_default(),
            internal_ip: status
                .addresses
                .unwrap_or_default()
                .into_iter()
                .find_map(|address| (address.r#type == "InternalIP").then_some(address.address)),
            taints: spec.taints.unwrap_or_default(),
            schedulable: !spec.unschedulable,
            cpu_allocatable_millis: amount("cpu").and_then(|millis| millis.try_into().ok()),
            memory_allocatable_bytes: amount("memory")
                .and_then(|millis| (millis / 1000).try_into().ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{parse, thousandths};

    const REPLY: &str = r#"{
      "apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""},
      "items": [
        {"apiVersion": "v1", "kind": "Node",
         "metadata": {"name": "pi-1", "uid": "x", "labels": {"kubernetes.io/arch": "arm64"},
                      "annotations": {"flannel.alpha.coreos.com/public-ip": "10.0.0.1"}},
         "spec": {"podCIDR": "10.42.0.0/24",
                  "taints": [{"effect": "NoSchedule", "key": "node.kubernetes.io/unschedulable", "timeAdded": "2026-11-22T10:00:00Z"}],
                  "unschedulable": true},
         "status": {
           "addresses": [{"type": "Hostname", "address": "pi-1"}, {"type": "InternalIP", "address": "10.0.0.1"}],
           "allocatable": {"cpu": "3900m", "memory": "5939200Ki", "pods": "110"},
           "capacity": {"cpu": "4"},
           "conditions": [{"type": "MemoryPressure", "status": "False"},
                          {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status"}],
           "images": [{"names": ["x"], "sizeBytes": 1}],
           "nodeInfo": {"kubeletVersion": "v1.36.3+k3s1", "architecture": "arm64"}}},
        {"metadata": {"name": "pi-2", "labels": null},
         "spec": {"taints": null},
         "status": {"conditions": [{"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown", "message": "Kubelet stopped posting node status."}]}},
        {"metadata": {"name": "pi-3"}}
      ]}"#;

    #[test]
    fn reads_a_reply() {
        let nodes = parse(REPLY).unwrap();
        assert_eq!(nodes.len(), 3);
        let first = &nodes[0];
        assert!(first.ready && first.reason.is_empty() && !first.schedulable);
        assert_eq!(first.version, "v1.36.3+k3s1");
        assert_eq!(first.internal_ip.as_deref(), Some("10.0.0.1"));
        assert_eq!(first.labels["kubernetes.io/arch"], "arm64");
        assert_eq!(first.taints[0].effect, "NoSchedule");
        assert_eq!(first.cpu_allocatable_millis, Some(3900));
        assert_eq!(first.memory_allocatable_bytes, Some(5_939_200 * 1024));
        assert!(!nodes[1].ready && nodes[1].schedulable);
        assert_eq!(nodes[1].reason, "NodeStatusUnknown: Kubelet stopped posting node status.");
        assert!(!nodes[2].ready && nodes[2].reason.contains("not reported"));
    }

    #[test]
    fn an_empty_cluster_is_no_error_and_an_error_page_is() {
        assert_eq!(parse(r#"{"items": []}"#).unwrap(), []);
        for bad in ["", "error: the server doesn't have a resource type", "{}", "[]"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn quantities() {
        for (text, expected) in [
            ("4", Some(4000)),
            ("3500m", Some(3500)),
            ("0.5", Some(500)),
            ("1Ki", Some(1_024_000)),
            ("1.5Gi", Some(1_610_612_736_000)),
            ("1M", Some(1_000_000_000)),
            ("", None),
            ("m", None),
            (".5", None),
            ("1.2.3", None),
            ("-1", None),
            ("1e3", None),
            ("99999999999999999999999", None),
        ] {
            assert_eq!(thousandths(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), quantity in "[0-9.]{0,40}[a-zA-Z]{0,2}") {
            let _ = parse(&text);
            let _ = thousandths(&quantity);
        }
    }
}
