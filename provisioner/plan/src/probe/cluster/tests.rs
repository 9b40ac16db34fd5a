use super::*;
use crate::facts::{Cluster, Facts};
use crate::namespace::NAMESPACE;
use crate::systemd::tests::Fakes;

/// Records of helm 3.19 for three charts of ours, as kubectl prints them; one has a
/// former revision beside it. Their passwords were made for this file.
const RECORDS: &str = include_str!("records.txt");

const THERE: &str = "Secret terrarium redis <none>   <none>\nService   terrarium redis\n";

fn queries() -> Queries {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Queries {
        releases: owned(&["get", "releases"]),
        objects: owned(&["get", "objects"]),
        kinds: owned(&[
            "Secret",
            "ConfigMap",
            "Service",
            "StatefulSet",
            "NetworkPolicy",
            "PriorityClass",
        ]),
        others: owned(&["--all-namespaces"]),
    }
}

/// kubectl of a cluster with these records; `others` says what it does when it is
/// asked for kinds by their versions.
fn cluster(records: &str, others: &str, namespace: &str) -> (Cluster, Vec<String>) {
    let fakes = Fakes::new();
    fakes.file("records", records).file("there", THERE).file("namespace", namespace);
    fakes.file("nodes", include_str!("../../../../../k3s/src/storage.json"));
    fakes.otherwise("systemctl", "exit 0");
    fakes.otherwise(
        "k3s",
        &format!(
            r#"shift 3; case "$*" in
              'get nodes,'*) cat "$d/nodes";;
              'get releases') cat "$d/records";;
              'get objects') cat "$d/there";;
              'get namespace/'*) cat "$d/namespace";;
              *) {others};;
            esac"#
        ),
    );
    let at = fakes.path().join("k3s");
    let script = script(&queries())
        .replace("/usr/local/bin/k3s", at.to_str().unwrap())
        .replace("@NAMESPACE@", NAMESPACE);
    let head = "e() { printf '%s\\t%s\\n' \"$1\" \"$2\"; }\nb() { printf '%s\\t' \"$1\"; base64 -w0; echo; }\n";
    let output = fakes.run(&format!("{head}{script}"));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let reply = String::from_utf8(output.stdout).unwrap() + "now\t1\n";
    assert!(!reply.contains("cGFzc3dvcmQ6") && !reply.contains("password"), "{reply}");
    let facts: Facts = super::super::parse(&reply, None).unwrap();
    let calls = fakes.calls().into_iter().filter(|call| call.starts_with("k3s "));
    (facts.cluster.unwrap(), calls.collect())
}

#[test]
fn of_helms_records_the_names_leave_the_node_and_no_password_does() {
    let (cluster, calls) = cluster(RECORDS, "echo Middleware terrarium login", "");
    assert_eq!(
        cluster.releases,
        "terrarium foundation 1 deployed abc\nterrarium ingress 1 deployed abc\n\
         terrarium redis 1 superseded abc\nterrarium redis 2 deployed abc\n"
    );
    assert_eq!(cluster.nodes.len(), 1, "volumes and classes are no nodes");
    let storage = cluster.storage.unwrap().manifests().to_string();
    assert!(storage.contains("data-postgresql-0") && storage.contains("no-provisioner"));
    let objects = cluster.objects.unwrap();
    assert_eq!(objects.made, include_str!("made.txt"));
    assert_eq!(
        objects.there,
        "Secret terrarium redis <none> <none>\nService terrarium redis\nMiddleware terrarium login\n"
    );
    // A record holds what the whole chart is: none of it is needed, nor are passwords.
    assert!(objects.made.lines().all(|line| line.len() < 90), "{}", objects.made);
    // Nodes, releases, objects, objects of other kinds, the namespace with two Secrets.
    assert_eq!(calls.len(), 5, "{calls:?}");
    let others = "k3s kubectl --cache-dir=/dev/null --request-timeout=15s get HelmChartConfig.v1.helm.cattle.io,\
                  Middleware.v1alpha1.traefik.io --all-namespaces";
    assert!(calls.iter().any(|call| call == others), "{calls:?}");
}

#[test]
fn a_kind_the_api_does_not_know_is_named_and_an_api_that_is_away_says_nothing() {
    let unknown = r#"case "$*" in
        *,*) exit 1;;
        *Middleware*) echo "error: the server doesn't have a resource type \"Middleware\"" >&2; exit 1;;
        *) echo HelmChartConfig kube-system traefik;;
    esac"#;
    let (told, _) = cluster(RECORDS, unknown, "");
    let there = told.objects.unwrap().there;
    assert!(there.contains("unknown Middleware.v1alpha1.traefik.io\n"), "{there}");
    assert!(there.contains("HelmChartConfig kube-system traefik\n"), "{there}");
    let away = "echo 'The connection to the server was refused' >&2; exit 1";
    let (told, _) = cluster(RECORDS, away, "");
    assert_eq!(told.objects, None);
    assert!(told.releases.contains("redis"));
}

#[test]
fn a_cluster_without_releases_of_ours_is_asked_for_no_objects() {
    for records in ["", "default other 3 deployed <none>\n", "terrarium redis 1 failed abc\n"] {
        let (told, calls) = cluster(records, "exit 1", "");
        assert_eq!((told.objects, told.releases.trim()), (None, records.trim()));
        assert_eq!(calls.len(), 3, "{calls:?}");
    }
}

#[test]
fn the_namespace_the_certificate_and_the_login_are_told_at_once() {
    let said = "namespace terrarium a=b c=d\n\ningress Y2VydA== 17\nlogin cGFzcw== Y2E=\n";
    let (told, _) = cluster("", "exit 1", said);
    let labels = told.namespace.unwrap();
    assert_eq!(
        labels.into_iter().collect::<Vec<_>>(),
        [("a", "b"), ("c", "d")].map(|(k, v)| (k.to_owned(), v.to_owned()))
    );
    assert_eq!(told.namespace_ends, None);
    let (password, certificate) = told.agent_login.unwrap();
    assert_eq!(password, terrarium_k3s::sums::Sha256::of(b"pass").to_string());
    assert_eq!(certificate, terrarium_k3s::sums::Sha256::of(b"ca").to_string());
    let said = "namespace terrarium a=b\nends Some content in the namespace has finalizers \
                remaining: example.org/keep in 1 resource instances \n";
    let (told, _) = cluster("", "exit 1", said);
    assert!(told.namespace_ends.unwrap().contains("example.org/keep in 1 resource"));
}
