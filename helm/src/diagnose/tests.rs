use std::cell::RefCell;

use super::*;

const CRASHING: &str = r#"{"items": [{"kind": "Pod",
    "metadata": {"name": "redis-0", "labels": {"app.kubernetes.io/instance": "redis"}},
    "status": {"phase": "Running", "containerStatuses": [{"name": "redis", "restartCount": 2,
        "lastState": {"terminated": {"reason": "Error", "exitCode": 1}}}]}}]}"#;

#[tokio::test]
async fn a_crash_is_asked_for_its_log() {
    let asked = RefCell::new(Vec::new());
    let kubectl = async |args: Vec<String>| {
        let line = args.join(" ");
        let answer = if line.starts_with("get") {
            CRASHING
        } else {
            "# start\nBad directive 'x'\nerror: stop\n"
        };
        asked.borrow_mut().push(line);
        Ok(answer.to_owned())
    };
    let failure =
        diagnose("terrarium", "redis", kubectl).await.expect("answers").expect("a failure");
    assert_eq!(failure.log_line.as_deref(), Some("error: stop"));
    assert_eq!(
        asked.into_inner(),
        [
            "get pods,events,persistentvolumeclaims --namespace terrarium --output json",
            "logs --namespace terrarium --container redis --tail=40 redis-0 --previous",
        ]
    );
}

#[tokio::test]
async fn a_log_that_cannot_be_read_leaves_the_finding() {
    let kubectl = async |args: Vec<String>| match args[0].as_str() {
        "get" => Ok(CRASHING.to_owned()),
        _ => Err(KubectlError::from("gone")),
    };
    let failure =
        diagnose("terrarium", "redis", kubectl).await.expect("an answer").expect("a failure");
    assert_eq!(failure.log_line, None);
    assert!(failure.reason.contains("exit code 1"), "{failure}");
}

#[tokio::test]
async fn what_fails_is_named_with_its_source() {
    let error = diagnose("terrarium", "redis", async |_| Err(KubectlError::from("no route")))
        .await
        .expect_err("no answer");
    assert_eq!(error.to_string(), "cannot ask the cluster about release redis");
    assert_eq!(error.source().expect("a source").to_string(), "no route");
    let error = diagnose("terrarium", "redis", async |_| Ok("<html>".to_owned()))
        .await
        .expect_err("no JSON");
    assert!(matches!(error, DiagnoseError::Answer { .. }));
}
