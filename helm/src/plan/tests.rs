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
        let changes = plan(
            std::slice::from_ref(&redis),
            &[deployed(status.clone(), digest, last_good)],
            None,
        );
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
    let changes = plan(std::slice::from_ref(&pinned), std::slice::from_ref(&as_before), None);
    assert_eq!(changes[0].kind, Kind::Upgrade);
    assert_eq!(
        changes[0].reason,
        "only the digests of its images are new to revision 4: its pods are started anew"
    );
    let other = deployed(Status::Deployed, Some("00"), None);
    let changes = plan(&[pinned], &[other], None);
    assert_eq!(changes[0].reason, "chart or values differ from revision 4");
}

#[test]
fn a_release_of_the_same_name_elsewhere_is_another() {
    let elsewhere =
        Deployed { namespace: "default".to_owned(), ..deployed(Status::Deployed, None, None) };
    let changes = plan(&[release("redis")], &[elsewhere], None);
    assert_eq!(changes[0].kind, Kind::Install);
    assert_eq!(changes[0].reason, "not deployed");
}

#[test]
fn changes_keep_the_order_wanted() {
    let changes = plan(&[release("foundation"), release("a"), release("b")], &[], None);
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

/// The objects of these lines and of nothing else.
fn objects(there: &str) -> Objects {
    let made = "redis Secret v1 terrarium redis -\nredis Service v1 terrarium redis -\n\
                redis StatefulSet apps/v1 terrarium redis 1\nredis = 4\n";
    Objects::parse(made, there).expect("lines")
}

#[test]
fn what_somebody_deleted_or_scaled_to_nothing_is_repaired_from_helms_record() {
    let redis = release("redis");
    let rest = " <none> <none> <none> <none> <none> <none> <none> <none>";
    let line = |kind: &str, replicas: &str, ready: &str| {
        format!("{kind} terrarium redis <none> {replicas} {ready} <none>{rest}\n")
    };
    let none = |kind: &str| line(kind, "<none>", "<none>");
    let (secret, service) = (none("Secret"), none("Service"));
    let set = line("StatefulSet", "1", "<none>");
    let same = Some(redis.short_digest());
    let upgrade = Kind::Recover(Recovery::Rollback(4));
    for (there, digest, status, kind, reason) in [
        (format!("{secret}{service}{set}"), same, Status::Deployed, None, ""),
        (
            format!("{service}{set}"),
            same,
            Status::Deployed,
            Some("repair"),
            "Secret redis is missing",
        ),
        (
            format!("{secret}{}", line("StatefulSet", "0", "0")),
            same,
            Status::Deployed,
            Some("repair"),
            "Service redis is missing, StatefulSet redis is scaled to 0 of 1",
        ),
        (
            format!("{service}{set}"),
            Some("00"),
            Status::Deployed,
            Some("rollback"),
            "Secret redis is missing; chart or values differ from revision 4",
        ),
        (
            format!("{service}{set}"),
            same,
            Status::Failed,
            Some("rollback"),
            "Secret redis is missing; revision 4 failed",
        ),
        (
            format!("{secret}{set}"),
            Some("00"),
            Status::Deployed,
            Some("upgrade"),
            "Service redis is missing; chart or values differ from revision 4",
        ),
    ] {
        let found = [deployed(status, digest, Some(3))];
        let change = plan(std::slice::from_ref(&redis), &found, Some(&objects(&there))).pop();
        let word = change.as_ref().map(|change| match &change.kind {
            Kind::Repair(restore) => {
                assert_eq!(restore.revision, 4);
                "repair"
            }
            Kind::Upgrade => "upgrade",
            other => {
                assert_eq!(other, &upgrade);
                "rollback"
            }
        });
        let said = change.as_ref().map_or("", |change| change.reason.as_str());
        assert_eq!((word, said), (kind, reason), "{there}");
    }
    let lost = objects("");
    let changes = plan(&[redis], &[], Some(&lost));
    assert_eq!(changes[0].kind, Kind::Install, "what is not deployed has nothing to restore");
}

#[test]
fn whoever_logs_in_to_a_store_that_is_installed_anew_is_rendered_after_it() {
    let mut store = release("redis");
    store.values = serde_json::json!({ "clients": { "redis-commander": { "admin": true } } });
    let (client, other) = (release("redis-commander"), release("homepage"));
    let wanted = [store.clone(), client.clone(), other.clone()];
    let there = |release: &Release, status, last_good| Deployed {
        name: release.name.to_string(),
        ..deployed(status, Some(release.short_digest()), last_good)
    };
    let both = [there(&client, Status::Deployed, None), there(&other, Status::Deployed, None)];
    for (status, last_good, rendered) in [
        (None, None, true),
        (Some(Status::Uninstalled), Some(3), true),
        (Some(Status::PendingInstall), None, true),
        (Some(Status::Failed), None, true),
        (Some(Status::Failed), Some(3), false),
        (Some(Status::Deployed), None, false),
    ] {
        let of_store = status.clone().map(|status| there(&store, status, last_good));
        let found: Vec<_> = of_store.into_iter().chain(both.clone()).collect();
        let changes = plan(&wanted, &found, None);
        let of_client = changes.iter().find(|change| change.release.name == client.name);
        let said = of_client.map(|change| (&change.kind, change.reason.as_str()));
        let expected = "redis, which it logs in to, is installed anew";
        assert_eq!(said, rendered.then_some((&Kind::Upgrade, expected)), "{status:?}");
        assert!(changes.iter().all(|change| change.release.name != other.name), "{status:?}");
    }
}
