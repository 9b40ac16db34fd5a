//! What the ingress' chart tells k3s' own Traefik, held against every chart of
//! Traefik's that a k3s the inventory accepts brings. Their own schemas and templates
//! are not here: what they know of the keys used is written down in a table.

use std::ops::RangeInclusive;
use std::path::Path;

use serde_json::{Value, json};
use terrarium_inventory::Inventory;

use crate::helm::{objects, template};

/// Releases of k3s with the chart of Traefik each brings: the oldest of each minor
/// version that the inventory accepts, and the first seen with each chart after it.
const BROUGHT: [(&str, u32); 16] = [
    ("v1.25.16+k3s4", 25),
    ("v1.26.11+k3s2", 25),
    ("v1.27.8+k3s2", 25),
    ("v1.28.4+k3s2", 25),
    ("v1.29.0+k3s1", 25),
    ("v1.30.0+k3s1", 25),
    ("v1.30.8+k3s1", 27),
    ("v1.31.4+k3s1", 27),
    ("v1.32.0+k3s1", 27),
    ("v1.32.4+k3s1", 34),
    ("v1.33.1+k3s1", 34),
    ("v1.34.1+k3s1", 37),
    ("v1.34.3+k3s3", 38),
    ("v1.34.6+k3s1", 39),
    ("v1.35.5+k3s1", 39),
    ("v1.36.4+k3s1", 40),
];

/// Releases the inventory refuses, with charts whose Traefik has the kinds of
/// `traefik.containo.us` only.
const REFUSED: [(&str, u32); 7] = [
    ("v1.24.17+k3s1", 10),
    ("v1.25.0+k3s1", 10),
    ("v1.25.3+k3s1", 12),
    ("v1.25.15+k3s1", 21),
    ("v1.26.10+k3s1", 21),
    ("v1.27.7+k3s1", 21),
    ("v1.28.3+k3s1", 21),
];

/// The newest chart that was looked at.
const NEWEST: u32 = 41;

/// The first chart whose Traefik has the kinds of `traefik.io`.
const KINDS: u32 = 22;

/// The first chart that refuses keys it does not know.
const CLOSED: u32 = 39;

/// Keys of the charts' values: those that have them, and what they take. A chart that
/// has not the key takes no notice of it, or refuses all values, from `CLOSED` on.
fn known() -> Vec<(&'static str, RangeInclusive<u32>, Value)> {
    let text = || json!({"type": "string"});
    let object = || json!({"type": "object"});
    let strategy = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {"type": text(), "rollingUpdate": {"type": ["object", "null"]}},
    });
    let persistence = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {"enabled": {"type": "boolean"}, "size": text()},
    });
    vec![
        ("additionalArguments", 10..=NEWEST, json!({"type": "array", "items": text()})),
        ("envFrom", 10..=NEWEST, json!({"type": "array", "items": object()})),
        ("globalArguments", 10..=35, json!({"type": "array", "items": text()})),
        ("persistence", 10..=NEWEST, persistence),
        ("podSecurityContext", 10..=NEWEST, object()),
        ("resources", 10..=NEWEST, object()),
        ("rollingUpdate", 10..=19, object()),
        ("updateStrategy", 20..=NEWEST, strategy),
    ]
}

/// The schema of one chart's values, as far as they are known here.
fn schema(chart: u32) -> Value {
    let known = known().into_iter().filter(|(_, charts, _)| charts.contains(&chart));
    let properties: Value = known
        .map(|(key, _, value)| (key.to_owned(), value))
        .collect::<serde_json::Map<_, _>>()
        .into();
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}

/// What is rendered for the inventory's choices of certificates.
fn rendered() -> Vec<(String, Vec<Value>)> {
    let api = "--api-versions=helm.cattle.io/v1/HelmChartConfig";
    let plain = vec!["--set=traefik=true,domain=pis.local", api];
    let challenges = ["http", "tls", "dns"].map(|challenge| {
        format!(
            "--set=acme.email=a@b.example,acme.secret=token,acme.challenge={challenge},\
             acme.provider=hetzner"
        )
    });
    let mut all = vec![plain.clone()];
    all.extend(challenges.iter().map(|challenge| [&plain[..], &[challenge]].concat()));
    all.iter().map(|given| (given.join(" "), objects(&template("ingress", given)))).collect()
}

#[test]
fn every_key_told_to_traefik_means_something_to_every_chart_that_some_k3s_brings() {
    for (given, objects) in rendered() {
        let config = objects.iter().find(|object| object["kind"] == "HelmChartConfig");
        let values = config.expect("a HelmChartConfig")["spec"]["valuesContent"].as_str();
        let values: Value = serde_saphyr::from_str(values.expect("text")).expect("YAML");
        let charts = BROUGHT.into_iter().chain([("the next", NEWEST)]);
        for (release, chart) in charts {
            let validator = jsonschema::validator_for(&schema(chart)).expect("a schema");
            let errors: Vec<_> = validator.iter_errors(&values).map(|e| e.to_string()).collect();
            assert!(errors.is_empty(), "{release}, chart {chart}, {given}: {errors:?}");
        }
    }
}

#[test]
fn every_kind_the_ingress_makes_is_known_to_every_traefik_that_some_k3s_brings() {
    let groups = rendered().into_iter().flat_map(|(_, objects)| objects);
    let groups = groups.map(|object| object["apiVersion"].as_str().expect("text").to_owned());
    let groups: std::collections::BTreeSet<_> =
        groups.filter(|api| api.contains("traefik")).collect();
    assert_eq!(groups.into_iter().collect::<Vec<_>>(), ["traefik.io/v1alpha1"]);
    for (release, chart) in BROUGHT {
        assert!(chart >= KINDS, "{release}: chart {chart}");
    }
}

fn accepts(release: &str) -> bool {
    let text =
        format!("[k3s]\nversion = '{release}'\n[[node]]\nname = 'pi-1'\nhost = '10.0.0.1'\n");
    Inventory::parse(Path::new("/pis.toml"), &text, Some(Path::new("/"))).is_ok()
}

#[test]
fn the_inventory_accepts_the_releases_whose_traefik_was_looked_at_and_none_older() {
    for (release, _) in BROUGHT {
        assert!(accepts(release), "{release}");
    }
    for (release, chart) in REFUSED {
        assert!(chart < KINDS && !accepts(release), "{release}");
    }
}

/// The table is one: what once was wrong fails in the charts it was wrong for.
#[test]
fn a_key_that_a_chart_has_no_more_or_not_yet_is_found() {
    let fits = |chart, values: &Value| {
        jsonschema::validator_for(&schema(chart)).expect("a schema").is_valid(values)
    };
    let former = json!({"globalArguments": []});
    assert!(fits(34, &former) && !fits(37, &former) && !fits(CLOSED, &former));
    assert!(!fits(12, &json!({"updateStrategy": {"type": "Recreate"}})));
    assert!(!fits(40, &json!({"persistence": {"enabled": "yes"}})));
}
