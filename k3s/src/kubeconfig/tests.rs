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
    preferences: {colors: true}
    x-tool: {version: 1.0, when: 2026-11-22}
    users:
    # the office
    - name: office
      user:
        exec:
          apiVersion: client.authentication.k8s.io/v1
          command: aws
          args: ["eks", 'get-token', "--cluster", "0123"]
          env: null
    - name: terrarium
      user:
        client-certificate-data: CERTIFICATE
        client-key-data: KEY
    contexts:
    - {name: office, context: {cluster: office, user: office, namespace: "yes"}}
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
          extension: {audience: 06f6ce97}
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

/// Files as other tools and people write them, with what they mean by a scalar.
const OF_OTHERS: &[&str] = &[
    // A password and a token that look like numbers, a name that kubectl calls 15.
    "apiVersion: v1\nkind: Config\nusers:\n- name: nas\n  user:\n    username: 007\n    password: 00123 # the old one\n    token: 1e10\n- name: 0o17\n  user: {token: 12345678901234567890123456789012345678901234}\n- name: yes\n  user: {token: on, password: ~}\nclusters: []\ncontexts: []\ncurrent-context: 1234\n",
    // Anchors, nothing for a list, an empty current context.
    "apiVersion: v1\nkind: Config\nx-common: &ca {certificate-authority-data: Q0E=}\nclusters:\n- name: a\n  cluster:\n    <<: *ca\n    server: https://a\n- name: b\n  cluster: {<<: *ca, server: https://b}\ncontexts: null\nusers:\ncurrent-context: \"\"\n",
    // kind and kubectl.
    "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: Q0E=\n    server: https://127.0.0.1:40123\n  name: kind-kind\ncontexts:\n- context:\n    cluster: kind-kind\n    user: kind-kind\n  name: kind-kind\ncurrent-context: kind-kind\nkind: Config\npreferences: {}\nusers:\n- name: kind-kind\n  user:\n    client-certificate-data: Q0U=\n    client-key-data: S0U=\n",
    // minikube, which indents its lists.
    "apiVersion: v1\nclusters:\n  - cluster:\n      certificate-authority: /home/me/.minikube/ca.crt\n      extensions:\n        - extension:\n            last-update: Mon, 30 Nov 2026 12:00:00 UTC\n            version: v1.38.0\n          name: cluster_info\n      server: https://192.168.49.2:8443\n    name: minikube\ncontexts:\n  - context: {cluster: minikube, namespace: default, user: minikube}\n    name: minikube\ncurrent-context: minikube\nkind: Config\nusers:\n  - name: minikube\n    user: {client-certificate: /home/me/c.crt, client-key: /home/me/c.key}\n",
    // A cloud's, with a program, comments of a person and a block of text.
    "# work\napiVersion: v1\nkind: Config\nusers:\n# asks for the token\n- name: eks\n  user:\n    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n      command: aws\n      args: [eks, get-token, --cluster-name, '0042']\n      installHint: |\n        install it\n        first\n      env:\n      - {name: AWS_PROFILE, value: 1.10}\nclusters: # one\n- cluster: {server: 'https://x.eks.amazonaws.com'} # far away\n  name: eks\ncontexts:\n- {name: eks, context: {cluster: eks, user: eks}}\n# the end\n",
    // JSON, as programs write it.
    "{\n  \"kind\": \"Config\", \"apiVersion\": \"v1\",\n  \"clusters\": [{\"name\": \"a\", \"cluster\": {\"server\": \"https://a\"}}],\n  \"contexts\": [], \"users\": [{\"name\": \"a\", \"user\": {\"token\": \"007\"}}],\n  \"current-context\": \"a\"\n}\n",
    // With marks of the document, Windows' line ends, and no end of line.
    "---\napiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\ncurrent-context: x\n...\n",
    "apiVersion: v1\r\nkind: Config\r\nusers:\r\n- name: a\r\n  user: {password: 0777}\r\ncurrent-context: a\r\n",
    "kind: Config\nusers: [{name: a, user: {token: 0x10}}]\nclusters: ~\ncontexts: []\ncurrent-context: a",
];

/// The lines of `text` that `after` has as well, in their order.
fn kept<'t>(text: &'t str, after: &str) -> Vec<&'t str> {
    let mut rest = after.lines();
    text.lines()
        .filter(|line| rest.clone().any(|other| other == *line) && rest.any(|other| other == *line))
        .collect()
}

#[test]
fn what_is_not_ours_stays_as_it_is_written() {
    for text in OF_OTHERS {
        let after = merged(Some(text));
        // A list that was empty, or on one line, is the only line that changes.
        let list = |line: &&str| {
            let bare = line.trim().trim_end_matches('\r');
            let key = |key: &str| bare.starts_with(&format!("{key}:"));
            let json = bare.starts_with('"');
            let on_one_line = ["clusters", "contexts", "users"].into_iter().any(key);
            let unset = key("current-context") && bare.ends_with("\"\"");
            !json && !unset && (!on_one_line || bare.ends_with(':'))
        };
        let wanted: Vec<&str> = text.lines().filter(list).collect();
        let found: Vec<&str> = kept(text, &after).into_iter().filter(list).collect();
        assert_eq!(found, wanted, "{after}");
        for word in [
            "00123 # the old one",
            "1e10",
            "0o17",
            "12345678901234567890123456789012345678901234",
            "password: ~",
            "'0042'",
            "1.10",
            "\"007\"",
            "0777",
            "0x10",
        ] {
            assert_eq!(text.contains(word), after.contains(word), "{word}: {after}");
        }
        assert_eq!(merged(Some(&after)), after, "twice is once");
        let entries = Value::parse(&after).unwrap();
        for list in ["clusters", "users", "contexts"] {
            let Some(Value::Seq(items)) = entries.get(list) else { panic!("{list}: {after}") };
            let ours = items.iter().filter(|item| super::names::is(item, "terrarium"));
            assert_eq!(ours.count(), 1, "{after}");
        }
    }
}

#[test]
fn the_current_context_of_somebody_else_stays_whatever_it_looks_like() {
    for (written, stays) in [
        ("1234", true),
        ("0o17", true),
        ("true", true),
        ("office # mine", true),
        ("'office'", true),
        ("\"\"", false),
        ("null", false),
        ("~", false),
        ("", false),
    ] {
        let text = format!("kind: Config\nusers: []\ncurrent-context: {written}\nclusters: []\n");
        let after = merged(Some(&text));
        assert_eq!(after.contains(&format!("current-context: {written}\n")), stays, "{after}");
        assert_eq!(after.contains("current-context: terrarium\n"), !stays, "{after}");
    }
}

#[test]
fn stale_keys_of_our_own_entries_go_and_the_comments_around_stay() {
    let text = "# mine\nkind: Config\nclusters:\n# before\n- name: terrarium\n  cluster: {server: https://old, tls-server-name: foo}\n# behind\n- name: other\n  cluster: {server: https://other, tls-server-name: bar}\nusers: []\ncontexts: []\ncurrent-context: other\n";
    let Merged { text: after, removed } = lay(text);
    assert_eq!(removed, ["clusters.terrarium.tls-server-name"]);
    assert!(!after.contains("foo") && after.contains("tls-server-name: bar"), "{after}");
    for line in ["# mine", "# before", "# behind"] {
        assert!(after.contains(line), "{after}");
    }
}

/// A scalar as people and programs write one.
fn any_scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9.-]{0,8}",
        "0[0-7]{1,5}",
        "[0-9]{1,40}",
        "0[xob][0-7]{1,4}",
        "[0-9]e[0-9]{1,2}",
        "[0-9]\\.[0-9]{1,2}",
        Just("~".to_owned()),
        Just("null".to_owned()),
        Just("yes".to_owned()),
        Just("True".to_owned()),
        Just("'it''s'".to_owned()),
        Just("\"a\\tb\"".to_owned()),
    ]
}

proptest! {
    #[test]
    fn scalars_of_others_keep_every_letter(
        scalars in prop::collection::vec(any_scalar(), 6),
        flow in any::<bool>(),
        comment in "( # [a-z ]{0,9})?",
        indent in 0_usize..3,
    ) {
        let pad = " ".repeat(indent);
        let user = if flow {
            format!("{pad}- {{name: a-1, user: {{password: {}, token: {}}}}}", scalars[0], scalars[1])
        } else {
            format!("{pad}- name: a-1\n{pad}  user:\n{pad}    password: {}{comment}\n{pad}    token: {}", scalars[0], scalars[1])
        };
        let text = format!(
            "x-{}: {}\nkind: Config{comment}\nusers:\n{user}\nclusters:{comment}\ncontexts: []\ncurrent-context: a-1\nz: [{}, {}]\n",
            "y", scalars[2], scalars[4], scalars[5],
        );
        let after = merged(Some(&text));
        for line in text.lines().filter(|line| !line.starts_with("contexts")) {
            prop_assert!(after.lines().any(|other| other == line), "{}\n{}", line, after);
        }
        prop_assert_eq!(merged(Some(&after)), after);
    }
}
