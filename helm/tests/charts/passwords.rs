//! Secrets that somebody deleted, after helm's record was gone as well: their charts
//! make other passwords. A made-up API answers helm's questions for what is there.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};

use serde_json::{Value, json};
use terrarium_helm::release::Release;

use crate::core::{of_small_boards, wished};
use crate::helm::{catalogue, helm_with, objects, stderr};

/// A cluster in which every Secret is there, each with one password.
struct Cluster {
    kubeconfig: tempfile::NamedTempFile,
}

impl Cluster {
    fn of(password: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || answer(stream, password));
            }
        });
        let kubeconfig = tempfile::NamedTempFile::new().expect("a file");
        let text = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "it",
            "clusters": [{ "name": "it", "cluster": { "server": format!("http://127.0.0.1:{port}") } }],
            "contexts": [{ "name": "it", "context": { "cluster": "it", "user": "it" } }],
            "users": [{ "name": "it", "user": {} }],
        });
        std::fs::write(kubeconfig.path(), text.to_string()).expect("written");
        Self { kubeconfig }
    }

    /// What helm makes of a release when it finds this cluster.
    fn rendered(&self, release: &Release) -> Vec<Value> {
        let values = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(values.path(), release.values.to_string()).expect("written");
        let name = release.name.as_str();
        let values = format!("--values={}", values.path().display());
        let arguments =
            ["template", name, name, "--namespace=terrarium", "--dry-run=server", &values];
        let output = helm_with(&arguments, &[("KUBECONFIG", self.kubeconfig.path())]);
        assert!(output.status.success(), "{name}: {}", stderr(&output));
        objects(&String::from_utf8(output.stdout).expect("text"))
    }
}

/// Answers requests, one after the other, until the other end has no more.
fn answer(mut stream: TcpStream, password: &str) {
    let mut lines = BufReader::new(stream.try_clone().expect("a handle"));
    let mut path = String::new();
    let mut line = String::new();
    while lines.read_line(&mut line).is_ok_and(|read| read > 0) {
        if let Some((_, rest)) = line.split_once(' ').filter(|_| path.is_empty()) {
            rest.split([' ', '?']).next().unwrap_or_default().clone_into(&mut path);
        }
        if line == "\r\n" {
            let (code, body) = reply(&path, password);
            let body = body.to_string();
            let head = format!(
                "HTTP/1.1 {code}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            if stream.write_all((head + &body).as_bytes()).is_err() {
                return;
            }
            path.clear();
        }
        line.clear();
    }
}

fn reply(path: &str, password: &str) -> (&'static str, Value) {
    let resource = |name: &str, kind: &str, namespaced: bool| json!({ "name": name, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": ["get"] });
    let words: Vec<&str> = path.trim_matches('/').split('/').collect();
    let body = match words[..] {
        ["version"] => json!({ "major": "1", "minor": "34", "gitVersion": "v1.34.1+k3s1" }),
        ["api"] => json!({ "kind": "APIVersions", "versions": ["v1"] }),
        ["apis"] => json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": [] }),
        ["api", "v1"] => {
            let resources =
                [resource("secrets", "Secret", true), resource("namespaces", "Namespace", false)];
            json!({ "kind": "APIResourceList", "groupVersion": "v1", "resources": resources })
        }
        ["api", "v1", "namespaces", name] => {
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } })
        }
        ["api", "v1", "namespaces", namespace, "secrets", name] => {
            let keys = ["password", "username", "users", "cluster-id"];
            let text = data_encoding::BASE64.encode(password.as_bytes());
            let data: BTreeMap<_, _> = keys.iter().map(|key| (*key, text.clone())).collect();
            let metadata = json!({ "name": name, "namespace": namespace });
            json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data })
        }
        _ => {
            let status = json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404 });
            return ("404 Not Found", status);
        }
    };
    ("200 OK", body)
}

/// Whether a pod has a Secret.
fn has_a_secret(pod: &Value) -> bool {
    let text = pod.to_string();
    text.contains("secretName") || text.contains("secretKeyRef") || text.contains("projected")
}

/// Pods and jobs by their name, jobs without the digest that makes them new.
fn made(objects: &[Value]) -> BTreeMap<String, Value> {
    let with_pods = objects.iter().filter(|object| object["spec"]["template"].is_object());
    with_pods
        .map(|object| {
            let name = object["metadata"]["name"].as_str().expect("a name");
            let job = object["kind"] == "Job";
            let known = if job { name.rsplit_once('-').expect("a digest").0 } else { name };
            (known.to_owned(), json!([name, object["spec"]["template"]]))
        })
        .collect()
}

#[test]
fn a_new_password_is_a_new_pod_of_whoever_reads_it_at_the_start() {
    const AGAIN_AND_AGAIN: [&str; 4] = ["fastapi", "github-source", "device-source", "prometheus"];
    let (before, after) = (Cluster::of("before"), Cluster::of("after"));
    let catalogue = catalogue();
    let mut seen = Vec::new();
    for boards in [BTreeMap::new(), of_small_boards(&catalogue)] {
        let releases = wished(boards, BTreeMap::new());
        // The way in has no pods of its own.
        for release in releases.into_iter().filter(|release| release.name.as_str() != "ingress") {
            let old = made(&before.rendered(&release));
            assert_eq!(old, made(&before.rendered(&release)), "the same password, the same pods");
            let new = made(&after.rendered(&release));
            for (name, pod) in old.iter().filter(|(_, pod)| has_a_secret(pod)) {
                if AGAIN_AND_AGAIN.contains(&name.as_str()) {
                    continue;
                }
                assert_ne!(Some(pod), new.get(name), "{name} keeps the former password");
                let text = pod.to_string();
                assert!(!text.contains("before") && !text.contains("YmVmb3Jl"), "{name}: {text}");
                seen.push(name.clone());
            }
        }
    }
    seen.sort();
    seen.dedup();
    let all = [
        "connect",
        "grafana",
        "kafka",
        "kafka-clients",
        "kafka-ui",
        "mongodb",
        "mongodb-clients",
        "mongoku",
        "pgadmin",
        "postgresql",
        "postgresql-clients",
        "redis",
        "redis-commander",
        "schema-registry",
    ];
    assert_eq!(seen, all);
}
