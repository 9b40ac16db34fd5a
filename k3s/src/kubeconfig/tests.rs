use proptest::prelude::*;

use super::{Access, KubeconfigError, Merged, Which, merge};
use crate::yaml::Value;

/// A file as k3s writes it.
const SERVER: &str = include_str!("k3s.yaml");

/// Another cluster, fields we do not know, an order of its own, a comment.
const OTHER: &str = "\
kind: Config
apiVersion: v1
preferences: {colors: true}
x-tool: {version: 1.0, when: 2026-11-22}
users:
# the office
- name: office
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: aws
      args: [\"eks\", 'get-token', \"--cluster\", \"0123\"]
      env: null
contexts:
- {name: office, context: {cluster: office, user: office, namespace: \"yes\"}}
clusters:
- name: office
  cluster:
    server: https://default.example.org:443
    insecure-skip-tls-verify: true
    extensions:
    - name: client.authentication.k8s.io/exec
      extension: {audience: 06f6ce97}
current-context: office
";

const URL: &str = "https://192.168.1.11:6443";

fn access() -> Access {
    Access::parse(SERVER).unwrap()
}

fn lay(existing: &str) -> Merged {
    merge(Some(existing), &access(), "terrarium", URL).unwrap()
}

fn merged(existing: Option<&str>) -> String {
    merge(existing, &access(), "terrarium", URL).unwrap().text
}

/// With the long values shortened to what they are.
fn short(mut text: String) -> String {
    for (key, word) in [
        ("certificate-authority-data", "AUTHORITY"),
        ("client-certificate-data", "CERTIFICATE"),
        ("client-key-data", "KEY"),
    ] {
        text = text.replace(data(key), word);
    }
    text
}

/// The value of a key that is once in the server's file.
fn data(key: &str) -> &'static str {
    let (_, rest) = SERVER.split_once(&format!("{key}: ")).unwrap();
    rest.lines().next().unwrap()
}

#[test]
fn a_new_file() {
    insta::assert_snapshot!(short(merged(None)), @r#"
    apiVersion: v1
    clusters:
    - cluster:
        certificate-authority-data: AUTHORITY
        server: https://192.168.1.11:6443
      name: terrarium
    contexts:
    - context:
        cluster: terrarium
        user: terrarium
      name: terrarium
    current-context: terrarium
    kind: Config
    preferences: {}
    users:
    - name: terrarium
      user:
        client-certificate-data: CERTIFICATE
        client-key-data: KEY
    "#);
    assert_eq!(merged(Some(" \n")), merged(None));
    assert_eq!(merged(Some("# nothing yet\n")), merged(None));
}

#[test]
fn beside_another_cluster() {
    insta::assert_snapshot!(short(merged(Some(OTHER))), @r#"
    kind: Config
    apiVersion: v1
    preferences:
      colors: true
    x-tool:
      version: 1.0
      when: "2026-11-22"
    users:
    - name: office
      user:
        exec:
          apiVersion: client.authentication.k8s.io/v1
          command: aws
          args:
          - eks
          - get-token
          - "--cluster"
          - "0123"
          env: null
    - name: terrarium
      user:
        client-certificate-data: CERTIFICATE
        client-key-data: KEY
    contexts:
    - name: office
      context:
        cluster: office
        user: office
        namespace: "yes"
    - context:
        cluster: terrarium
        user: terrarium
      name: terrarium
    clusters:
    - name: office
      cluster:
        server: https://default.example.org:443
        insecure-skip-tls-verify: true
        extensions:
        - name: client.authentication.k8s.io/exec
          extension:
            audience: "06f6ce97"
    - cluster:
        certificate-authority-data: AUTHORITY
        server: https://192.168.1.11:6443
      name: terrarium
    current-context: office
    "#);
}

#[test]
fn others_stay_value_for_value_and_in_order() {
    let (before, after) =
        (Value::parse(OTHER).unwrap(), Value::parse(&merged(Some(OTHER))).unwrap());
    let (Value::Map(before), Value::Map(after)) = (before, after) else {
        panic!("both are mappings");
    };
    assert_eq!(before.len(), after.len());
    for ((key, old), (key_after, new)) in before.iter().zip(&after) {
        assert_eq!(key, key_after);
        match (old, new) {
            (Value::Seq(old), Value::Seq(new)) => assert_eq!(new[..old.len()], old[..], "{key}"),
            _ => assert_eq!(old, new, "{key}"),
        }
    }
}

#[test]
fn ours_is_made_anew_in_place_and_what_it_had_beyond_is_named() {
    let existing = "\
apiVersion: v1
kind: Config
clusters:
- name: terrarium
  cluster:
    proxy-url: socks5://localhost:1080
    insecure-skip-tls-verify: true
    certificate-authority: /old.crt
    server: https://10.9.9.9:6443
  note: [1]
- name: last
  cluster: {server: https://last}
- name: terrarium
  cluster: {server: https://second}
contexts:
- name: terrarium
  context: {cluster: elsewhere, namespace: data, user: elsewhere, extensions: []}
users:
- name: terrarium
  user:
    exec: {command: /bin/sh, apiVersion: client.authentication.k8s.io/v1}
    tokenFile: /home/op/.ssh/id_ed25519
current-context: ''
";
    let merged = lay(existing);
    insta::assert_snapshot!(short(merged.text), @r"
    apiVersion: v1
    kind: Config
    clusters:
    - name: terrarium
      cluster:
        server: https://192.168.1.11:6443
        certificate-authority-data: AUTHORITY
    - name: last
      cluster:
        server: https://last
    contexts:
    - name: terrarium
      context:
        cluster: terrarium
        namespace: data
        user: terrarium
    users:
    - name: terrarium
      user:
        client-certificate-data: CERTIFICATE
        client-key-data: KEY
    current-context: terrarium
    ");
    assert_eq!(
        merged.removed,
        [
            "clusters.terrarium",
            "clusters.terrarium.proxy-url",
            "clusters.terrarium.insecure-skip-tls-verify",
            "clusters.terrarium.certificate-authority",
            "clusters.terrarium.note",
            "users.terrarium.exec",
            "users.terrarium.tokenFile",
            "contexts.terrarium.extensions",
        ]
    );
}

#[test]
fn a_namespace_that_is_none_goes() {
    for (namespace, stays) in [("data", true), ("'../x'", false), ("[a]", false), ("'-a'", false)] {
        let existing = format!(
            "contexts:\n- name: terrarium\n  context: {{cluster: terrarium, user: terrarium, namespace: {namespace}}}\n"
        );
        assert_eq!(lay(&existing).removed.is_empty(), stays, "{namespace}");
    }
}

#[test]
fn the_current_context() {
    for (existing, expected) in [
        (None, "terrarium"),
        (Some("current-context: \"\"\n"), "terrarium"),
        (Some("current-context: null\n"), "terrarium"),
        (Some("current-context: terrarium\n"), "terrarium"),
        (Some("current-context: office\n"), "office"),
    ] {
        let after = Value::parse(&merged(existing)).unwrap();
        assert_eq!(
            after.get("current-context").and_then(Value::as_str),
            Some(expected),
            "{existing:?}"
        );
    }
}

#[test]
fn empty_lists_as_kubectl_writes_them() {
    let empty = "apiVersion: v1\nclusters: null\ncontexts: null\ncurrent-context: \"\"\nkind: Config\npreferences: {}\nusers: null\n";
    assert_eq!(merged(Some(empty)), merged(None));
}

#[test]
fn what_is_not_understood_is_refused_and_not_repeated() {
    let place = |line, column| KubeconfigError::Syntax { which: Which::Existing, line, column };
    for existing in [
        "users: [s3cr3t",
        "a: 1\na: 2\n",
        "a: 1\n---\nb: 2\n",
        "kind: \"s3cr3t\n",
        "users: *s3cr3t\n",
    ] {
        let error = merge(Some(existing), &access(), "terrarium", URL).unwrap_err();
        assert!(
            matches!(error, KubeconfigError::Syntax { which: Which::Existing, .. }),
            "{existing}"
        );
        assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error:?}");
    }
    assert_eq!(merge(Some("a: 1\na: 2\n"), &access(), "t", URL), Err(place(2, 1)));
    for (existing, named) in [
        ("- a\n", "not a mapping"),
        ("just text\n", "not a mapping"),
        ("clusters: {}\n", "`clusters`"),
        ("users: 3\n", "`users`"),
        ("kind: Secret\n", "kind"),
        ("services:\n  web: {}\n", "none of"),
    ] {
        let error = merge(Some(existing), &access(), "terrarium", URL).unwrap_err();
        assert!(error.to_string().contains(named), "{existing}: {error}");
    }
}

#[test]
fn unchanged_means_untouched() {
    let with_comment = format!("# mine\n{}", merged(Some(OTHER)));
    assert_eq!(merged(Some(&with_comment)), with_comment);
}

proptest! {
    #[test]
    fn twice_is_once(name in "[a-z][a-z0-9-]{0,8}", namespace in any::<String>(), current in any::<Option<bool>>()) {
        let quoted = serde_json::to_string(&namespace).unwrap();
        let current = match current {
            None => String::new(),
            Some(true) => format!("current-context: {name}\n"),
            Some(false) => "current-context: other\n".to_owned(),
        };
        let existing = format!(
            "{current}contexts:\n- name: {name}\n  context: {{namespace: {quoted}, unknown: [1, {{}}]}}\n"
        );
        let access = access();
        if let Ok(once) = merge(Some(&existing), &access, "terrarium", URL) {
            let twice = merge(Some(&once.text), &access, "terrarium", URL);
            prop_assert_eq!(twice, Ok(Merged { text: once.text, removed: Vec::new() }));
        }
    }

    #[test]
    fn no_text_panics(existing in any::<String>()) {
        let _ = merge(Some(&existing), &access(), "terrarium", URL);
    }
}
