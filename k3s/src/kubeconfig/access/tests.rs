use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;

/// A file as k3s writes it.
const SERVER: &str = include_str!("../k3s.yaml");
/// Every key Kubernetes' own types have.
const KEYS: &str = include_str!("../keys.txt");

fn parsed() -> Value {
    Value::parse(SERVER).unwrap()
}

/// The mapping at a place of the file.
fn at<'a>(file: &'a mut Value, place: &[&str]) -> &'a mut Vec<(String, Value)> {
    let mut value = file;
    for step in place {
        value = match value {
            Value::Map(entries) => &mut entries.iter_mut().find(|(key, _)| key == step).unwrap().1,
            Value::Seq(items) => &mut items[0],
            other => panic!("{other:?} has no {step}"),
        };
    }
    match value {
        Value::Map(entries) => entries,
        other => panic!("{other:?} is no mapping"),
    }
}

/// Where in the file a value of this type is.
fn place(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "Config" => &[],
        "Preferences" => &["preferences"],
        "NamedCluster" => &["clusters", "0"],
        "Cluster" => &["clusters", "0", "cluster"],
        "NamedAuthInfo" => &["users", "0"],
        "AuthInfo" => &["users", "0", "user"],
        "NamedContext" => &["contexts", "0"],
        "Context" => &["contexts", "0", "context"],
        // Their only place is a key that is refused.
        "ExecConfig" | "AuthProviderConfig" => return None,
        other => panic!("a type nobody thought of: {other}"),
    })
}

/// What is taken; everything else is refused by name.
const TAKEN: [(&str, &[&str]); 8] = [
    (
        "Config",
        &["apiVersion", "clusters", "contexts", "current-context", "kind", "preferences", "users"],
    ),
    ("Preferences", &[]),
    ("NamedCluster", &["cluster", "name"]),
    ("Cluster", &["certificate-authority-data", "server"]),
    ("NamedAuthInfo", &["name", "user"]),
    ("AuthInfo", &["client-certificate-data", "client-key-data", "token"]),
    ("NamedContext", &["context", "name"]),
    ("Context", &["cluster", "user"]),
];

fn with(place: &[&str], key: &str, value: Value) -> String {
    let mut file = parsed();
    let entries = at(&mut file, place);
    entries.retain(|(name, _)| name != key);
    entries.push((key.to_owned(), value));
    file.render()
}

#[test]
fn what_k3s_writes_is_read_and_comes_out_byte_for_byte() {
    let access = Access::parse(SERVER).unwrap();
    let mut file = parsed();
    let url = "https://127.0.0.1:6443";
    assert_eq!(&access.cluster(url), at(&mut file, &["clusters", "0", "cluster"]));
    assert_eq!(&access.user(), at(&mut file, &["users", "0", "user"]));
    assert!(!format!("{access:?}").contains("UFJJVkFURSBLRVk"), "no key in a debug text");
}

#[test]
fn every_key_of_kubernetes_types_is_taken_or_refused_by_name() {
    let known: Vec<(&str, &str)> = KEYS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once(' ').unwrap())
        .collect();
    assert!(known.len() > 50, "{}", known.len());
    let mut refused = 0;
    for (kind, key) in &known {
        let Some(place) = place(kind) else { continue };
        let taken = TAKEN.iter().any(|(name, keys)| name == kind && keys.contains(key));
        if taken {
            continue;
        }
        let mut file = parsed();
        at(&mut file, &[]).push(("preferences".into(), Value::Map(Vec::new())));
        refused += 1;
        for value in [
            Value::str("x"),
            Value::Bool(true),
            Value::Null,
            Value::Map(vec![("command".into(), Value::str("/bin/sh"))]),
            Value::Seq(vec![Value::str("x")]),
        ] {
            let mut file = file.clone();
            at(&mut file, place).push(((*key).to_owned(), value));
            let error = Access::parse(&file.render()).unwrap_err();
            let KubeconfigError::Key { key: named, .. } = &error else {
                panic!("{kind}.{key}: {error}");
            };
            assert!(named.ends_with(key), "{kind}.{key}: {error}");
        }
    }
    assert_eq!(refused, 23, "the list of keys is not the one this test was written for");
    for (kind, keys) in TAKEN {
        for key in keys {
            assert!(known.contains(&(kind, key)), "{kind} has no {key} any more");
        }
    }
}

#[test]
fn what_would_run_or_send_something_is_refused_with_its_place() {
    for (place, key) in [
        (&["users", "0", "user"][..], "exec"),
        (&["users", "0", "user"], "tokenFile"),
        (&["users", "0", "user"], "client-key"),
        (&["clusters", "0", "cluster"], "proxy-url"),
        (&["clusters", "0", "cluster"], "insecure-skip-tls-verify"),
    ] {
        let error = Access::parse(&with(place, key, Value::str("x"))).unwrap_err().to_string();
        assert!(error.contains(&format!("[0].{}.{key}`", place[2])), "{error}");
        assert!(error.contains("expected `c"), "{error}");
    }
}

#[test]
fn one_cluster_one_user_one_context() {
    for list in ["clusters", "users", "contexts"] {
        let mut none = parsed();
        let mut two = parsed();
        for (file, count) in [(&mut none, 0), (&mut two, 2)] {
            let entries = at(file, &[]);
            let slot = &mut entries.iter_mut().find(|(key, _)| key == list).unwrap().1;
            let Value::Seq(items) = slot else { panic!("{list} is a list") };
            let item = items[0].clone();
            *items = vec![item; count];
        }
        for file in [none, two] {
            let error = Access::parse(&file.render()).unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{list}` of the server's")), "{error}");
        }
    }
}

#[test]
fn a_token_is_one_word_of_its_grammar() {
    let file = |token: Value| {
        let mut file = parsed();
        *at(&mut file, &["users", "0", "user"]) = vec![("token".into(), token)];
        Access::parse(&file.render())
    };
    assert!(file(Value::str("abc.DEF-_~+/0==")).is_ok());
    for token in ["", "=", "a b", "a\nb", "a=b", "\u{1b}[31m", "ä", &"a".repeat(10_000)] {
        assert!(matches!(file(Value::str(token)), Err(KubeconfigError::Value { .. })), "{token:?}");
    }
    assert!(file(Value::Int(7)).is_err());
    assert!(
        Access::parse(&with(&["users", "0", "user"], "token", Value::str("abc"))).is_err(),
        "a token beside a certificate"
    );
}

#[test]
fn a_certificate_or_key_that_is_none_is_refused() {
    let text = |key: &str| {
        let (_, rest) = SERVER.split_once(&format!("{key}: ")).unwrap();
        String::from_utf8(STANDARD.decode(rest.lines().next().unwrap()).unwrap()).unwrap()
    };
    let (certificate, key) = (text("certificate-authority-data"), text("client-key-data"));
    let empty = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
    let short = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    let locked = key.replacen('\n', "\nProc-Type: 4,ENCRYPTED\n\n", 1);
    let user = &["users", "0", "user"][..];
    let cluster = &["clusters", "0", "cluster"][..];
    for (place, name, pem) in [
        (cluster, "certificate-authority-data", String::new()),
        (cluster, "certificate-authority-data", "/etc/passwd".to_owned()),
        (cluster, "certificate-authority-data", key.clone()),
        (cluster, "certificate-authority-data", format!("{certificate}{key}")),
        (cluster, "certificate-authority-data", certificate.repeat(17)),
        (cluster, "certificate-authority-data", empty.to_owned()),
        (cluster, "certificate-authority-data", short.to_owned()),
        (cluster, "certificate-authority-data", certificate.replace("-----END", "----END")),
        (user, "client-certificate-data", key.clone()),
        (user, "client-key-data", certificate.clone()),
        (user, "client-key-data", key.repeat(2)),
        (user, "client-key-data", locked),
        (
            user,
            "client-key-data",
            short.replace("CERTIFICATE", "EC PRIVATE KEY").replace("MAA=", "AgEB"),
        ),
    ] {
        let error =
            Access::parse(&with(place, name, Value::str(STANDARD.encode(&pem)))).unwrap_err();
        assert!(matches!(error, KubeconfigError::Value { .. }), "{pem}: {error}");
    }
    let raw = Access::parse(&with(user, "client-key-data", Value::str(key))).unwrap_err();
    assert!(raw.to_string().starts_with("`users[0].user.client-key-data`"), "{raw}");
}

#[test]
fn text_around_a_certificate_is_not_passed_on() {
    let access = Access::parse(SERVER).unwrap();
    let (_, rest) = SERVER.split_once("certificate-authority-data: ").unwrap();
    let pem = STANDARD.decode(rest.lines().next().unwrap()).unwrap();
    let noisy = [b"exec: /bin/sh\r\n".as_slice(), &pem, b"\x1b]0;title\x07\n"].concat();
    let noisy = with(
        &["clusters", "0", "cluster"],
        "certificate-authority-data",
        Value::str(STANDARD.encode(noisy)),
    );
    assert_eq!(Access::parse(&noisy), Ok(access));
}

#[test]
fn what_is_no_kubeconfig_is_refused_and_not_repeated() {
    let huge = format!("{SERVER}# {}\n", "s3cr3t".repeat(100_000));
    let laughs = (1..30).fold("a0: &a0 [s3cr3t]\n".to_owned(), |text, level| {
        let before = format!("*a{},", level - 1).repeat(10);
        format!("{text}a{level}: &a{level} [{before}]\n")
    });
    let deep = format!("clusters: {}s3cr3t", "[".repeat(50_000));
    for text in [
        "",
        "s3cr3t",
        "<html>s3cr3t",
        "- s3cr3t",
        "clusters: s3cr3t\n",
        "apiVersion: s3cr3t\n",
        "\0s3cr3t",
        "\u{feff}\u{feff}key: s3cr3t",
        &format!("{SERVER}---\n{SERVER}"),
        &format!("{SERVER}kind: Config\n"),
        &format!("{SERVER}kind: s3cr3t\n"),
        &SERVER.replace("kind: Config", "kind: s3cr3t"),
        &SERVER.replace("apiVersion: v1", "apiVersion: v2"),
        &SERVER.replace("kind: Config", "kind: Config\npreferences: {colors: true}"),
        &SERVER.replace("  user:\n", "  user: &s3cr3t\n").replace("kind: Config", "kind: *s3cr3t"),
        &huge,
        &laughs,
        &deep,
    ] {
        let error = Access::parse(text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error:?}");
        assert!(error.to_string().contains("the server's kubeconfig"), "{error}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = Access::parse(&text);
    }
}
