use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use super::*;
use crate::card::ServiceId;
use crate::chart::Chart;

fn change(kind: Kind) -> ReleaseChange {
    let files = BTreeMap::from([
        ("Chart.yaml".to_owned(), b"name: redis\nversion: 1.0.0\nappVersion: '1'\n".to_vec()),
        ("values.yaml".to_owned(), b"{}".to_vec()),
        ("charts/terrarium-library/Chart.yaml".to_owned(), b"name: terrarium-library\n".to_vec()),
    ]);
    let chart = Arc::new(Chart::new("redis", files).expect("a chart"));
    let values = serde_json::json!({"password": "hunter2"});
    let release = Release::new(ServiceId::new("redis").expect("a name"), chart, values);
    ReleaseChange { release, kind, reason: String::new() }
}

/// A helm that is a shell script.
fn helm(folder: &Path, script: &str) -> Helm {
    let program = folder.join("helm");
    fs_err::write(&program, format!("#!/bin/sh\n{script}\n")).expect("written");
    fs_err::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("executable");
    Helm {
        program,
        kubeconfig: folder.join("config"),
        context: Some("pis".to_owned()),
        cache: folder.join("cache"),
        timeout: Duration::from_mins(5),
        children: Children::default(),
    }
}

#[test]
fn the_calls_of_helm_follow_from_the_kind() {
    let lines = |kind| {
        let mut change = change(kind);
        "d".repeat(64).clone_into(&mut change.release.digest);
        let steps = steps(&change, Path::new("/tmp/r"), Duration::from_mins(10));
        steps.into_iter().map(|step| step.join(" ")).collect::<Vec<_>>()
    };
    let upgrade = "upgrade redis /tmp/r/chart --install \
                   --values=/tmp/r/values.json --labels=terrarium-digest=dddddddddddddddd \
                   --history-max=3 --wait --wait-for-jobs --namespace=terrarium --timeout=600s";
    assert_eq!(lines(Kind::Install), [upgrade]);
    assert_eq!(lines(Kind::Upgrade), [upgrade]);
    assert_eq!(lines(Kind::Recover(Recovery::Retry)), [upgrade]);
    let rollback = "rollback redis 3 --history-max=3 --namespace=terrarium --timeout=600s";
    assert_eq!(lines(Kind::Recover(Recovery::Rollback(3))), [rollback, upgrade]);
    let uninstall =
        "uninstall redis --ignore-not-found --wait --namespace=terrarium --timeout=600s";
    assert_eq!(lines(Kind::Recover(Recovery::Reinstall)), [uninstall, upgrade]);
}

#[tokio::test]
async fn helm_sees_the_chart_and_private_values_and_nothing_of_the_users() {
    let home = tempfile::tempdir().expect("a folder");
    let seen = home.path().join("seen");
    let script = format!(
        "exec >{seen}; for a; do case $a in --values=*) v=${{a#*=}};; esac; done\n\
         stat -c %a \"$v\"; cat \"$v\"; echo; ls \"$3\" \"$3\"/charts; env | grep ^HELM | sed s:{home}::; echo \"$*\" | sed s:{home}::g | grep -o -e '--kube.*'",
        seen = seen.display(),
        home = home.path().display()
    );
    helm(home.path(), &script).apply(&change(Kind::Install)).await.expect("helm succeeds");
    let seen = fs_err::read_to_string(seen)
        .expect("helm ran")
        .replace(home.path().to_str().expect("a path"), "");
    let (seen, folder) = (seen.clone(), seen.lines().nth(2).unwrap_or_default().to_owned());
    assert!(seen.starts_with("600\n{\"password\":\"hunter2\"}\n"), "{seen}");
    assert!(folder.ends_with("/chart:"), "{seen}");
    assert!(seen.contains("\nChart.yaml\n") && seen.contains("\nterrarium-library\n"), "{seen}");
    assert!(seen.contains("HELM_CONFIG_HOME=/cache/helm-home/config"), "{seen}");
    assert!(seen.ends_with("--kubeconfig /config --kube-context pis\n"), "{seen}");
    let left: Vec<_> = fs_err::read_dir(home.path().join("cache")).expect("a folder").collect();
    assert!(left.is_empty(), "the temporary chart is gone: {left:?}");
}

#[tokio::test]
async fn a_failure_carries_helms_words_and_no_value() {
    let home = tempfile::tempdir().expect("a folder");
    let helm = helm(home.path(), "echo noise >&2; echo 'Error: UPGRADE FAILED: no' >&2; exit 3");
    let error = helm.apply(&change(Kind::Upgrade)).await.expect_err("helm fails");
    assert_eq!(
        error.to_string(),
        "`helm upgrade redis` failed (exit status: 3): noise; Error: UPGRADE FAILED: no"
    );
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_failed_recovery_stops_before_the_upgrade() {
    let home = tempfile::tempdir().expect("a folder");
    let helm = helm(home.path(), "[ $1 = upgrade ]");
    let recover = change(Kind::Recover(Recovery::Rollback(1)));
    let error = helm.apply(&recover).await.expect_err("the rollback fails");
    assert!(error.to_string().starts_with("`helm rollback redis` failed"), "{error}");
}

#[tokio::test]
async fn a_helm_that_is_not_there_is_named() {
    let home = tempfile::tempdir().expect("a folder");
    let mut helm = helm(home.path(), "");
    helm.program = PathBuf::from("/nowhere/helm");
    let error = helm.apply(&change(Kind::Install)).await.expect_err("no helm");
    assert_eq!(error.to_string(), "cannot run /nowhere/helm");
}

#[tokio::test]
async fn a_release_is_removed_by_name_and_its_absence_is_no_error() {
    let home = tempfile::tempdir().expect("a folder");
    let seen = home.path().join("seen");
    let helm = helm(home.path(), &format!("echo \"$*\" >{}", seen.display()));
    helm.remove("terrarium", "redis").await.expect("helm succeeds");
    let seen = fs_err::read_to_string(seen).expect("helm ran");
    let wanted = "uninstall redis --ignore-not-found --wait --namespace=terrarium --timeout=300s ";
    assert!(seen.starts_with(wanted), "{seen}");
}

#[tokio::test]
async fn manifests_are_what_helm_prints() {
    let home = tempfile::tempdir().expect("a folder");
    let script = "case $1 in get) echo \"$3 old\";; template) echo \"$2 new\";; \
                  upgrade) printf '%s' '{\"name\":\"redis\",\"manifest\":\"kind: X\\n\"}';; esac";
    let helm = helm(home.path(), script);
    let release = change(Kind::Upgrade).release;
    assert_eq!(helm.manifest("terrarium", "redis").await.expect("old"), "redis old\n");
    assert_eq!(helm.rendered(&release).await.expect("new"), "redis new\n");
    assert_eq!(helm.upgraded(&release).await.expect("both"), "kind: X\n");
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_repeated() {
    let home = tempfile::tempdir().expect("a folder");
    let helm = helm(home.path(), "echo '{\"manifest\": hunter2'");
    let error = helm.upgraded(&change(Kind::Upgrade).release).await.expect_err("no JSON");
    assert_eq!(error.to_string(), "helm's answer about release redis cannot be read");
    assert!(std::error::Error::source(&error).is_none());
}

#[tokio::test]
async fn a_failed_command_of_two_words_is_named_by_both() {
    let home = tempfile::tempdir().expect("a folder");
    let helm = helm(home.path(), "exit 1");
    let error = helm.manifest("terrarium", "redis").await.expect_err("helm fails");
    assert!(error.to_string().starts_with("`helm get manifest redis` failed"), "{error}");
}

/// As helm 3 and the API say it; from the reports of clusters in trouble.
#[test]
fn what_helm_says_tells_whether_the_api_is_away_and_whether_pods_tell_more() {
    use std::os::unix::process::ExitStatusExt as _;
    let said = |stderr: &str| HelmError::Failed {
        release: "redis".to_owned(),
        command: "upgrade".to_owned(),
        status: ExitStatus::from_raw(256),
        stderr: stderr.to_owned(),
    };
    for (stderr, away, waited) in [
        (
            "Error: Kubernetes cluster unreachable: Get \"https://10.0.0.11:6443/version\": dial \
             tcp 10.0.0.11:6443: connect: connection refused",
            true,
            false,
        ),
        (
            "Error: UPGRADE FAILED: an error occurred while finding last successful release. \
             original upgrade error: read tcp 10.0.0.2:51234->10.0.0.11:6443: read: connection \
             reset by peer",
            true,
            false,
        ),
        ("Error: UPGRADE FAILED: Get \"https://10.0.0.11:6443/api\": EOF", true, false),
        ("Error: query: failed to query with labels: http2: client connection lost", true, false),
        (
            "Error: INSTALLATION FAILED: the server is currently unable to handle the request",
            true,
            false,
        ),
        ("Error: UPGRADE FAILED: context deadline exceeded", false, true),
        ("Error: UPGRADE FAILED: timed out waiting for the condition", false, true),
        (
            "Error: UPGRADE FAILED: resource StatefulSet/terrarium/redis not ready. status: \
             InProgress",
            false,
            true,
        ),
        (
            "Error: UPGRADE FAILED: post-upgrade hooks failed: job failed: BackoffLimitExceeded",
            false,
            true,
        ),
        (
            "Error: UPGRADE FAILED: cannot patch \"redis\" with kind StatefulSet: StatefulSet.apps \
             \"redis\" is invalid: spec: Forbidden: updates to statefulset spec for fields other \
             than 'replicas' are forbidden",
            false,
            false,
        ),
        (
            "Error: INSTALLATION FAILED: secrets \"redis\" is forbidden: unable to create new \
             content in namespace terrarium because it is being terminated",
            false,
            false,
        ),
    ] {
        let error = said(stderr);
        assert_eq!((error.is_away(), error.waited()), (away, waited), "{stderr}");
    }
}

/// The chart would make another password where a Secret is missing: helm's record of
/// the revision in place comes before an upgrade, and instead of it where nothing else
/// differs.
#[test]
fn what_is_missing_comes_back_from_helms_record() {
    let restore = Restore { revision: 4, lost: Vec::new() };
    let calls = |kind: Kind| {
        let steps = steps(&change(kind), Path::new("/folder"), Duration::from_mins(5));
        steps.iter().map(|words| words.join(" ")).collect::<Vec<_>>()
    };
    assert_eq!(
        calls(Kind::Repair(restore)),
        [
            "rollback redis 4 --history-max=3 --wait --wait-for-jobs --namespace=terrarium --timeout=300s"
        ]
    );
    let two = calls(Kind::Recover(Recovery::Rollback(4)));
    assert!(two[0].starts_with("rollback redis 4 ") && two[1].starts_with("upgrade redis "));
}
