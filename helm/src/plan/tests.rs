use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::card::ServiceId;
use crate::chart::Chart;

fn release(name: &str) -> Release {
    let manifest = format!("name: {name}\nversion: 1.0.0\nappVersion: '1'\n");
    let files = BTreeMap::from([
        ("Chart.yaml".to_owned(), manifest.into_bytes()),
        ("values.yaml".to_owned(), b"{}".to_vec()),
    ]);
    let chart = Arc::new(Chart::new(name, files).expect("a chart"));
    Release::new(ServiceId::new(name).expect("a name"), chart, serde_json::json!({}))
}

fn deployed(status: Status, digest: Option<&str>, last_good: Option<u32>) -> Deployed {
    Deployed {
        namespace: "terrarium".to_owned(),
        name: "redis".to_owned(),
        revision: 4,
        status,
        digest: digest.map(str::to_owned),
        last_good,
    }
}

#[test]
fn what_is_done_follows_from_wish_and_status() {
    let redis = release("redis");
    let same = Some(redis.short_digest());
    let reinstall = || Some(Kind::Recover(Recovery::Reinstall));
    let retry = || Some(Kind::Recover(Recovery::Retry));
    for (status, digest, last_good, expected) in [
        (Status::Deployed, same, None, None),
        (Status::Deployed, Some("00"), Some(3), Some(Kind::Upgrade)),
        (Status::Deployed, None, None, Some(Kind::Upgrade)),
        (Status::Failed, same, None, retry()),
        (Status::Failed, Some("00"), Some(3), retry()),
        (Status::PendingInstall, same, None, reinstall()),
        (Status::PendingUpgrade, same, Some(3), Some(Kind::Recover(Recovery::Rollback(3)))),
        (Status::PendingUpgrade, same, None, reinstall()),
        (Status::PendingRollback, same, Some(2), Some(Kind::Recover(Recovery::Rollback(2)))),
        (Status::Uninstalling, same, Some(3), reinstall()),
        (Status::Uninstalled, same, Some(3), Some(Kind::Install)),
        (Status::Superseded, same, None, retry()),
        (Status::Other("new".to_owned()), same, None, retry()),
    ] {
        let changes =
            plan(std::slice::from_ref(&redis), &[deployed(status.clone(), digest, last_good)]);
        let kind = changes.into_iter().next().map(|change| change.kind);
        assert_eq!(kind, expected, "{status:?} {digest:?} {last_good:?}");
    }
}

#[test]
fn a_change_that_only_names_images_by_digest_says_that_pods_are_started_anew() {
    let before = release("redis");
    let as_before = deployed(Status::Deployed, Some(before.short_digest()), None);
    let mut pinned = before;
    pinned.unpinned = Some(pinned.short_digest().to_owned());
    pinned.digest = "1".repeat(64);
    let changes = plan(std::slice::from_ref(&pinned), std::slice::from_ref(&as_before));
    assert_eq!(changes[0].kind, Kind::Upgrade);
    assert_eq!(
        changes[0].reason,
        "only the digests of its images are new to revision 4: its pods are started anew"
    );
    let other = deployed(Status::Deployed, Some("00"), None);
    let changes = plan(&[pinned], &[other]);
    assert_eq!(changes[0].reason, "chart or values differ from revision 4");
}

#[test]
fn a_release_of_the_same_name_elsewhere_is_another() {
    let elsewhere =
        Deployed { namespace: "default".to_owned(), ..deployed(Status::Deployed, None, None) };
    let changes = plan(&[release("redis")], &[elsewhere]);
    assert_eq!(changes[0].kind, Kind::Install);
    assert_eq!(changes[0].reason, "not deployed");
}

#[test]
fn changes_keep_the_order_wanted() {
    let changes = plan(&[release("foundation"), release("a"), release("b")], &[]);
    let names: Vec<_> = changes.iter().map(|change| change.release.name.as_str()).collect();
    assert_eq!(names, ["foundation", "a", "b"]);
}

#[test]
fn only_releases_of_ours_are_left_over() {
    let ours = deployed(Status::Deployed, Some("00"), None);
    let theirs = Deployed { name: "traefik".to_owned(), ..deployed(Status::Deployed, None, None) };
    let gone =
        Deployed { name: "old".to_owned(), ..deployed(Status::Uninstalled, Some("00"), None) };
    let all = [ours.clone(), theirs, gone];
    assert_eq!(leftover(&[release("kafka")], &all), [&ours]);
    assert!(leftover(&[release("redis")], &all).is_empty());
}
