//! Certificates as another program makes them, and what is planned for them.

use base64::Engine as _;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};

use super::*;
use crate::fixture::{context, facts, node};
use crate::probe::parse;
use crate::{Change, Ingress, UnitFact, k3s};

/// 2030-01-01.
const END: i64 = 1_893_456_000;

/// In PEM, in base64, as the probe tells of a file.
fn made(authority: bool) -> String {
    let mut params = CertificateParams::new(vec!["pi-1".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2030, 1, 1);
    if authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let pem = params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
    base64::engine::general_purpose::STANDARD.encode(pem)
}

/// A node of that role whose k3s has run for `age` seconds, with one certificate,
/// `left` seconds before its end.
fn found(name: &str, path: &str, authority: bool, left: i64, age: i64) -> Facts {
    let reply = format!("certificate {path}\t{}\nnow\t{}\n", made(authority), END - left);
    let parsed = parse(&reply, None).unwrap();
    let mut facts = Facts { certificates: parsed.certificates, clock: parsed.clock, ..facts() };
    let unit = UnitFact { age: Some(age), active: "active".to_owned(), ..UnitFact::default() };
    facts.units.insert(paths::service(node(name).role).to_owned(), unit);
    facts
}

fn noted(name: &str, facts: &Facts) -> Vec<String> {
    let mut said = Vec::new();
    context(facts, |context| {
        said = notes(&node(name), context).into_iter().map(|note| note.what).collect();
    });
    said
}

const LEAF: &str = "/var/lib/rancher/k3s/server/tls/client-admin.crt";
const CA: &str = "/var/lib/rancher/k3s/server/tls/server-ca.crt";

#[test]
fn what_ends_is_noted_then_renewed_and_one_restart_is_tried() {
    for (days, age, renewed, note) in [
        (200, 10, false, None),
        (91, 10, false, None),
        (89, 10, false, Some("ends in 89 days")),
        (61, 300, false, Some("ends in 61 days")),
        (59, 300, true, None),
        (0, 300, true, None),
        (-3, 363, true, None),
        // It was started within the last 60 days, and that did not renew it.
        (59, 0, false, Some("ends in 59 days")),
        (-3, 62, false, Some("ended 2 days ago")),
    ] {
        let facts = found("pi-1", LEAF, false, days * DAY + 60, age * DAY);
        let reason = ending(&node("pi-1"), &facts);
        assert_eq!(reason.is_some(), renewed, "{days} {age}: {reason:?}");
        assert_eq!(!noted("pi-1", &facts).is_empty(), note.is_some(), "{days} {age}");
        if let Some(note) = note {
            assert!(noted("pi-1", &facts)[0].contains(note), "{days}: {:?}", noted("pi-1", &facts));
        }
    }
}

#[test]
fn a_restart_is_the_change_and_after_it_nothing_is_planned() {
    for name in ["pi-1", "pi-2"] {
        let mut facts = found(name, LEAF, false, 30 * DAY, 300 * DAY);
        let plan = |facts: &Facts| -> Vec<Change> {
            let mut changes = Vec::new();
            context(facts, |context| changes = k3s::plan(&node(name), context));
            changes.retain(|change| {
                !matches!(change.id.as_str(), "k3s.ready" | "k3s.labels" | "k3s.namespace")
            });
            changes
        };
        let changes = plan(&facts);
        crate::fixture::apply(&mut facts, &changes);
        facts.units.get_mut(paths::service(node(name).role)).unwrap().age = Some(300 * DAY);
        facts.agent_secret = Some(crate::AgentSecret::InForce);
        facts.token_sha256 = Some(crate::fixture::TOKEN.to_owned());
        let changes = plan(&facts);
        let [change] = &changes[..] else { panic!("{name}: {changes:?}") };
        assert_eq!(change.id, "k3s.certificates");
        assert_eq!(change.effect, restarts(&node(name)));
        assert!(change.reason.contains("client-admin.crt ends in 30 days"), "{}", change.reason);
        // It restarted and renewed nothing: the plan is empty all the same.
        crate::fixture::apply(&mut facts, &changes.clone());
        assert_eq!(plan(&facts), [], "{name}");
        assert!(noted(name, &facts)[0].contains("ends in 30 days"));
    }
}

/// It is no certificate of k3s: what becomes of it is planned with the login.
#[test]
fn the_agents_certificate_is_noted_on_the_server_and_restarts_no_k3s() {
    for (days, notes) in [(91, 0), (89, 1), (61, 1), (59, 0), (-1, 0)] {
        let facts = found("pi-1", CERTIFICATE, false, days * DAY + 60, 300 * DAY);
        assert_eq!(ending(&node("pi-1"), &facts), None, "{days}");
        assert_eq!(noted("pi-1", &facts).len(), notes, "{days}");
        let copy = found("pi-2", CERTIFICATE, false, days * DAY + 60, 300 * DAY);
        assert_eq!(noted("pi-2", &copy), [""; 0], "{days}");
    }
    let broken = Certificate { path: CERTIFICATE.to_owned(), end: None };
    let facts = Facts { certificates: vec![broken], ..facts() };
    assert_eq!(noted("pi-1", &facts), [""; 0]);
}

#[test]
fn authorities_are_noted_a_year_before_and_on_the_server_alone() {
    for (days, notes) in [(366, 0), (364, 1), (-1, 1)] {
        let facts = found("pi-1", CA, true, days * DAY + 60, 300 * DAY);
        assert_eq!(ending(&node("pi-1"), &facts), None);
        assert_eq!(noted("pi-1", &facts).len(), notes, "{days}");
    }
    let copy = format!("{}/server-ca.crt", paths::AGENT_DIR);
    assert_eq!(noted("pi-2", &found("pi-2", &copy, true, DAY, 0)), [""; 0]);
}

#[test]
fn the_ingress_is_deployed_anew_when_its_chart_would_make_another() {
    for (left, renew_after, renews, notes) in [
        (700, Some(580), false, 0),
        (100, Some(-20), true, 0),
        (80, Some(10), false, 1),
        (80, None, false, 1),
        (-1, Some(-121), true, 0),
    ] {
        let mut facts = facts();
        facts.clock.now = END;
        let renew_after = renew_after.map(|days| END + days * DAY);
        facts.ingress = Some(Ingress { end: END + left * DAY, renew_after });
        assert_eq!(ingress_ends(&facts).is_some(), renews, "{left} {renew_after:?}");
        assert_eq!(noted("pi-1", &facts).len(), notes, "{left} {renew_after:?}");
    }
}

#[test]
fn what_is_no_certificate_is_told_and_a_flood_is_cut_off() {
    let noise = base64::engine::general_purpose::STANDARD
        .encode("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let lines = (0..500).map(|number| format!("certificate /x{number}\t{noise}\n"));
    let reply = lines.collect::<String>() + &format!("ingress\t{noise} 12\nnow\t1\n");
    let parsed = parse(&reply, None).unwrap();
    assert_eq!((parsed.certificates.len(), parsed.ingress), (64, None));
    assert!(noted("pi-1", &parsed)[0].contains("/x0 holds no certificate"));
    let ingress = format!("ingress\t{} 1893000000\nnow\t1\n", made(false));
    let parsed = parse(&ingress, None).unwrap().ingress;
    assert_eq!(parsed, Some(Ingress { end: END, renew_after: Some(1_893_000_000) }));
}
