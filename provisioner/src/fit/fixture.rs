//! An answer for the tests of the views.

use std::collections::BTreeMap;

use super::answer::{
    Answer, Certificate, Change, Fate, Left, Loss, Node, Own, Pod, Range, Remark, Service, Share,
    Subject, VERSION, Weight, Word,
};

use super::html::parts::Made;

const MIB: u64 = 1024 * 1024;

fn mib(low: u64, high: u64) -> Range {
    Range { low: low * MIB, high: high * MIB }
}

fn pod(service: &str, group: &str, request: u64, limit: Option<u64>) -> Pod {
    Pod {
        key: format!("terrarium/{service}-0"),
        service: service.to_owned(),
        group: group.to_owned(),
        request: request * MIB,
        limit: limit.map(|limit| limit * MIB),
    }
}

fn node(name: &str, role: &'static str, bears: Word, pods: Vec<Pod>) -> Node {
    let server = role == "server";
    Node {
        name: name.to_owned(),
        board: Some("Raspberry Pi 5, 8 GB".to_owned()),
        role: Some(role),
        memory: mib(8040, 8062),
        allocatable: if server { mib(5940, 5962) } else { mib(7240, 7262) },
        allocatable_cpu: 4000,
        requested: pods.iter().map(|pod| pod.request).sum(),
        requested_cpu: 750,
        limited: pods.iter().map(|pod| pod.limit.unwrap_or(pod.request)).sum(),
        without_request: 0,
        without_limit: pods.iter().filter(|pod| pod.limit.is_none()).count(),
        own: Some(Own {
            system: mib(120, 250),
            kubernetes: if server { mib(1215, 1588) } else { mib(268, 350) },
            agent: mib(1, 5),
        }),
        bears,
        reading: "the board has room for every limit at once".to_owned(),
        volumes: 20 * 1024 * MIB,
        disk_free: server.then_some(48 * 1024 * MIB),
        pods,
    }
}

fn service(name: &str, group: &str, verdict: &'static str, nodes: &[&str]) -> Service {
    Service {
        name: name.to_owned(),
        title: name.to_owned(),
        group: group.to_owned(),
        verdict,
        reason: (verdict == "impossible").then(|| "no node has its CPU".to_owned()),
        request: 512 * MIB,
        limit: Some(832 * MIB),
        cpu: 150,
        volumes: if group == "Data stores" { 20 * 1024 * MIB } else { 0 },
        nodes: nodes.iter().map(|node| (*node).to_owned()).collect(),
        largest_request: Some(2048 * MIB),
        largest_cpu: Some(1850),
    }
}

fn nodes() -> Vec<Node> {
    let kube = |request| pod("coredns", "Cluster", request, Some(170));
    vec![
        node(
            "pi-1",
            "server",
            Word::Fits,
            vec![
                kube(70),
                pod("grafana", "Monitoring", 128, Some(384)),
                pod("airflow", "Orchestration", 896, Some(2048)),
                pod("homepage", "Applications", 96, Some(256)),
            ],
        ),
        node(
            "pi-2",
            "agent",
            Word::Tight,
            vec![
                pod("postgresql", "Data stores", 384, Some(1024)),
                pod("flink", "Streaming", 2048, Some(3072)),
                pod("spark", "Analytics", 2304, Some(4592)),
                pod("feast", "Machine learning", 288, None),
            ],
        ),
        node("pi-3", "agent", Word::Fits, vec![pod("kafka", "Streaming", 512, Some(832))]),
    ]
}

fn remarks() -> Vec<Remark> {
    vec![
        Remark {
            about: "cpu",
            service: Some("mongodb".to_owned()),
            weight: Weight::Refusal,
            what: "no node can run `mongodb` (pi4-8gb), because its CPU is ARMv8.0-A".to_owned(),
            hint: Some("add a Pi 5".to_owned()),
        },
        Remark {
            about: "disk",
            service: None,
            weight: Weight::Note,
            what: "how much disk is free is unknown; 21.0 GiB of volumes go there".to_owned(),
            hint: Some("say it with --disk".to_owned()),
        },
    ]
}

/// When and by what the pages of tests are made.
pub(crate) fn made() -> Made {
    Made { at: "2026-01-31 12:00 UTC".to_owned(), command: "provision fit --html <p>".to_owned() }
}

/// Three nodes, one of them short of memory, and one service that cannot run.
pub(crate) fn answer() -> Answer {
    let nodes = nodes();
    let placement = nodes
        .iter()
        .flat_map(|node| node.pods.iter().map(|pod| (pod.key.clone(), node.name.clone())));
    let fate = |here, best| Fate { here, best: Some(best) };
    Answer {
        version: VERSION,
        verdict: "possible",
        word: Word::Tight,
        reasons: vec![
            "pi-2 has 6 MiB too little should all its pods use what they may".to_owned(),
            "one more pod of `flink`, which an update starts before it ends the old one, fits \
             nowhere"
                .to_owned(),
        ],
        subject: Subject {
            title: "Profile <full> on 3 x Raspberry Pi 5, 8 GB".to_owned(),
            source: "stand-in",
        },
        placement: placement.collect(),
        left: vec![Left {
            pod: "terrarium/metabase-0".to_owned(),
            service: "metabase".to_owned(),
            why: "1152 MiB of memory are free nowhere".to_owned(),
        }],
        share: Some(Share { low: 0.996, high: 1.0, runs: 1000, complete: 999 }),
        any_order: Some(Share { low: 0.95, high: 0.98, runs: 1000, complete: 969 }),
        certificate: Some(Certificate {
            sentence: "the pods need 9000 MiB and the nodes have 8270 MiB".to_owned(),
            proof: serde_json::json!({"kind": "confined"}),
        }),
        services: vec![
            service("postgresql", "Data stores", "possible", &["pi-2"]),
            service("kafka", "Streaming", "guaranteed", &["pi-3"]),
            service("mongodb", "Data stores", "impossible", &[]),
        ],
        not_judged: Vec::new(),
        remarks: remarks(),
        change: vec![Change { kind: "drop", what: "leave out `spark`".to_owned() }],
        loss: vec![Loss {
            node: "pi-2".to_owned(),
            summary: "1 of 3 services is lost with its volume".to_owned(),
            services: BTreeMap::from([
                ("postgresql".to_owned(), fate("lost", "lost")),
                ("mongodb".to_owned(), fate("degraded", "survives")),
            ]),
        }],
        nodes,
    }
}
