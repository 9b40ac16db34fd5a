//! Every alert can fire: what its expression names is exported by something.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use promql_parser::label::MatchOp;
use promql_parser::parser::{Expr, VectorSelector, parse};

use super::probes;
use crate::verify::outcome;

const RULES: &str = include_str!("../../../helm/charts/prometheus/files/rules.yml");
/// Generated from what the agent really exports.
const AGENT: &str = include_str!("../../../docs/agent/metrics.md");
/// Prometheus' own word on each target: no exporter has it.
const PROMETHEUS: [&str; 1] = ["up"];
/// What Prometheus' configuration sets on targets.
const TARGET: [&str; 5] = ["job", "instance", "node", "namespace", "pod"];
/// The kinds of probe that a metric needs, where not every one gives it.
const KINDS: [(&str, &str); 3] =
    [("probe_ssl_", "tls"), ("probe_dns_", "dns"), ("probe_http_", "http")];

/// Metrics with their labels.
type Metrics = BTreeMap<String, BTreeSet<String>>;

/// The rows of a generated table: a name, a type, labels.
fn of_agent() -> Metrics {
    let quoted = |cell: &str| -> Vec<String> {
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    AGENT
        .lines()
        .filter(|line| line.starts_with("| `"))
        .filter_map(|line| {
            let cells: Vec<&str> = line.split('|').collect();
            let name = quoted(cells.get(1)?).first()?.clone();
            Some((name, quoted(cells.get(3)?).into_iter().collect()))
        })
        .collect()
}

/// What `provision verify` leaves for the agent to export.
fn of_verify() -> Metrics {
    let labels = ["number", "from", "to"].map(str::to_owned);
    let text = outcome::metrics(&[], 0);
    let names = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    names.map(|name| (name.to_owned(), labels.clone().into())).collect()
}

fn exported() -> Metrics {
    let own = PROMETHEUS.map(|name| (name.to_owned(), BTreeSet::new()));
    of_agent().into_iter().chain(of_verify()).chain(own).collect()
}

/// The expressions of the rules, by the name of the alert.
fn alerts() -> Vec<(String, String)> {
    let rules: serde_json::Value = serde_saphyr::from_str(RULES).unwrap();
    let groups = rules["groups"].as_array().unwrap();
    let all = groups.iter().flat_map(|group| group["rules"].as_array().unwrap());
    all.map(|rule| {
        let text = |key: &str| rule[key].as_str().unwrap().to_owned();
        (text("alert"), text("expr"))
    })
    .collect()
}

fn selectors(expression: &Expr, found: &mut Vec<VectorSelector>) {
    match expression {
        Expr::VectorSelector(selector) => found.push(selector.clone()),
        Expr::MatrixSelector(matrix) => found.push(matrix.vs.clone()),
        Expr::Aggregate(aggregate) => selectors(&aggregate.expr, found),
        Expr::Unary(unary) => selectors(&unary.expr, found),
        Expr::Paren(paren) => selectors(&paren.expr, found),
        Expr::Subquery(query) => selectors(&query.expr, found),
        Expr::Binary(binary) => {
            selectors(&binary.lhs, found);
            selectors(&binary.rhs, found);
        }
        Expr::Call(call) => call.args.args.iter().for_each(|one| selectors(one, found)),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) => {}
        Expr::Extension(other) => panic!("{other:?}"),
    }
}

/// What is wrong with an expression: a name or a label that nothing exports.
fn faults(expression: &str, exported: &Metrics) -> Vec<String> {
    let parsed = parse(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
    let mut found = Vec::new();
    selectors(&parsed, &mut found);
    assert!(!found.is_empty(), "{expression}");
    let mut faults = Vec::new();
    for selector in found {
        let matchers = &selector.matchers.matchers;
        let by_pattern = matchers.iter().find(|matcher| matcher.name == "__name__");
        let names: Vec<String> = match (&selector.name, by_pattern.map(|m| (&m.op, &m.value))) {
            (Some(name), _) => vec![name.clone()],
            (None, Some((MatchOp::Re(_), value))) => value.split('|').map(str::to_owned).collect(),
            other => panic!("{expression}: {other:?}"),
        };
        for name in names {
            let Some(labels) = exported.get(&name) else {
                faults.push(name);
                continue;
            };
            let known = |label: &str| labels.contains(label) || TARGET.contains(&label);
            let strange = matchers.iter().filter(|matcher| matcher.name != "__name__");
            let strange = strange.filter(|matcher| !known(&matcher.name));
            faults.extend(strange.map(|matcher| format!("{name}{{{}}}", matcher.name)));
        }
    }
    faults
}

#[test]
fn every_alert_names_what_something_exports() {
    let exported = exported();
    assert!(exported.len() > 100, "the agent's page is read: {}", exported.len());
    let alerts = alerts();
    assert!(alerts.len() > 10);
    for (alert, expression) in alerts {
        assert_eq!(faults(&expression, &exported), [""; 0], "{alert}");
    }
}

/// A metric that only some kinds of probe give needs one of that kind.
#[test]
fn every_alert_on_probes_has_probes_that_give_its_metric() {
    let server = Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)));
    let configuration = probes::config(std::iter::empty(), server, Some("desk.local"));
    for (alert, expression) in alerts() {
        for (prefix, kind) in KINDS {
            let told = configuration.contains(&format!("kind = \"{kind}\""));
            assert!(told || !expression.contains(prefix), "{alert}: no probe is of kind {kind}");
        }
    }
}

#[test]
fn a_name_or_label_that_nobody_exports_is_found_wherever_it_stands() {
    let exported = exported();
    for (expression, expected) in [
        ("up == 0", None),
        ("min by (node) (probe_ssl_earliest_cert_expiry) - time() < 5", None),
        ("kube_pod_status_ready == 0", Some("kube_pod_status_ready")),
        ("rate(node_nothing_total[5m]) > 0", Some("node_nothing_total")),
        ("up == 1 and on (node) (1 - gone) > 0", Some("gone")),
        ("max_over_time((gone > 1)[5m:1m])", Some("gone")),
        ("{__name__=~\"node_thermal_zone_temp|gone\"} > 1", Some("gone")),
        ("rpi_throttled_state{flags=\"x\"} == 1", Some("rpi_throttled_state{flags}")),
    ] {
        let found = faults(expression, &exported);
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{expression}");
    }
}
