use std::collections::BTreeMap;

use super::*;

fn stack(values: &str) -> Stack {
    let values: BTreeMap<String, toml::Table> = toml::from_str(values).expect("valid TOML");
    Stack { profile: None, services: Vec::new(), without: Vec::new(), values }
}

fn release(name: &str, values: &str) -> Release {
    let catalogue = Catalogue::embedded().expect("services");
    let id = ServiceId::new(name).expect("a name");
    let site = Site { domain: "pis.lan".to_owned(), ..Site::default() };
    releases(&[id], &catalogue, &stack(values), &site).pop().expect("one release")
}

#[test]
fn what_is_written_wins_over_what_is_derived() {
    for (written, pointer, expected) in [
        ("", "/ingress/host", serde_json::json!("prometheus.pis.lan")),
        ("prometheus.ingress.host = ''", "/ingress/host", serde_json::json!("")),
        ("[prometheus]\nagentPort = 9101", "/agentPort", serde_json::json!(9101)),
        (
            "[prometheus]\nodd = [1.5, true, 2026-01-02]",
            "/odd",
            serde_json::json!([1.5, true, "2026-01-02"]),
        ),
        ("redis.maxmemory = '64mb'", "/maxmemory", Value::Null),
    ] {
        let values = release("prometheus", written).values;
        let found = values.pointer(pointer).cloned().unwrap_or_default();
        assert_eq!(found, expected, "{written}");
    }
}

#[test]
fn the_digest_changes_with_everything_that_is_rendered_and_nothing_else() {
    let plain = release("redis", "");
    assert_eq!(plain.digest, release("redis", "postgresql.database = 'x'").digest);
    assert_eq!(plain.digest.len(), 64);
    assert_eq!(plain.short_digest(), &plain.digest[..16]);
    assert_ne!(plain.digest, release("redis", "redis.maxmemory = '64mb'").digest);
    for file in ["templates/redis.yaml", "charts/terrarium-library/templates/_pod.tpl"] {
        let mut chart = Chart::clone(&plain.chart);
        chart.files.get_mut(file).expect("the file").push(b'\n');
        let changed = Release::new(plain.name.clone(), Arc::new(chart), plain.values.clone());
        assert_ne!(plain.digest, changed.digest, "{file}");
    }
}

#[test]
fn the_digest_is_the_same_on_every_machine() {
    let files = BTreeMap::from([
        ("Chart.yaml".to_owned(), b"name: x\nversion: 1.0.0\nappVersion: '1'\n".to_vec()),
        ("values.yaml".to_owned(), b"{}\n".to_vec()),
    ]);
    let chart = Arc::new(Chart::new("x", files).expect("a chart"));
    let one = serde_json::json!({"a": {"x": 1, "y": [2]}, "b": true});
    let name = ServiceId::new("x").expect("a name");
    let digest = Release::new(name, chart, one).digest;
    insta::assert_snapshot!(digest);
}

#[test]
fn values_never_show_in_debug_output() {
    let shown = format!("{:?}", release("redis", "redis.password = 'hunter2'"));
    assert!(shown.contains("redis") && !shown.contains("hunter2"), "{shown}");
}
