//! What the file may say, and how it is refused.

use proptest::prelude::*;

use super::*;

fn parsed(text: &str) -> Vec<Probe> {
    Config::parse("agent.toml", text).unwrap_or_else(|error| panic!("{error}")).probes
}

#[test]
fn every_kind_is_read() {
    let probes = parsed(
        r#"
        [[probe]]
        name = "postgresql"
        service = "store"
        kind = "postgresql"
        container = "terrarium/postgresql"
        port = 5432
        interval = "1m"
        timeout = "500ms"
        [[probe]]
        name = "api"
        kind = "http"
        url = "https://[::1]:6443/health?verbose=1"
        body = "ok"
        [[probe]]
        name = "dns"
        kind = "dns"
        target = "10.43.0.10:53"
        query = "kubernetes.default.svc.cluster.local."
        [[probe]]
        name = "k3s"
        kind = "systemd"
        unit = "k3s.service"
        [[probe]]
        name = "quick"
        kind = "tcp"
        target = "127.0.0.1:1"
        interval = "2s"
        "#,
    );
    let container = "postgresql".to_owned();
    assert_eq!(
        probes[0],
        Probe {
            name: "postgresql".to_owned(),
            service: "store".to_owned(),
            place: Place::Container { namespace: "terrarium".to_owned(), container, port: 5432 },
            check: Check::Postgresql,
            interval: Duration::from_mins(1),
            timeout: Duration::from_millis(500),
        }
    );
    assert_eq!(probes[1].place, Place::Address("[::1]:6443".parse().unwrap()));
    let (path, body) = ("/health?verbose=1".to_owned(), Some("ok".to_owned()));
    assert_eq!(probes[1].check, Check::Http { tls: true, path, body });
    assert_eq!(probes[1].service, "api");
    let query = "kubernetes.default.svc.cluster.local".to_owned();
    assert_eq!(probes[2].check, Check::Dns { query });
    assert_eq!(probes[3].place, Place::Host);
    assert_eq!(probes[4].timeout, Duration::from_secs(2));
    assert_eq!(parsed(""), []);
}

/// A probe that is right but for the lines given.
fn with(kind: &str, lines: &str) -> String {
    format!("[[probe]]\nname = \"a\"\nkind = \"{kind}\"\n{lines}\n")
}

#[test]
fn a_problem_is_told_with_its_line_and_what_was_expected() {
    let target = "target = \"127.0.0.1:1\"\n";
    let twice = format!("{}{}", with("tcp", target), with("tcp", target));
    for (text, line, expected) in [
        ("probe = 1".to_owned(), 1, "expected"),
        ("\n[[probes]]\n".to_owned(), 2, "expected `probe`"),
        (with("smtp", target), 3, "expected one of `http`"),
        (with("tcp", ""), 1, "expected container and port, or target"),
        (with("tcp", "target = \"localhost:1\""), 4, "expected an IP address and port"),
        (with("tcp", "target = \"127.0.0.1:0\""), 4, "expected an IP address and port"),
        (with("tcp", "container = \"a\"\nport = 1"), 4, "NAMESPACE/CONTAINER"),
        (with("tcp", "container = \"a/b\""), 4, "expected a port"),
        (with("tcp", "container = \"a/b\"\nport = 70000"), 5, "expected u16"),
        (with("tcp", "target = \"127.0.0.1:1\"\nport = 1"), 5, "goes with container"),
        (with("tcp", "target = \"127.0.0.1:1\"\npath = \"/\""), 5, "of kind http"),
        (with("http", "url = \"ftp://127.0.0.1/\""), 4, "expected a URL with an IP address"),
        (with("http", "url = \"http://pi/\""), 4, "expected a URL with an IP address"),
        (with("http", "target = \"127.0.0.1:1\"\npath = \"x\""), 5, "starts with /"),
        (with("tls", "target = \"127.0.0.1:1\"\nserver_name = \"a b\""), 5, "a host name"),
        (with("dns", target), 1, "expected query"),
        (with("dns", "target = \"127.0.0.1:1\"\nquery = \"a..b\""), 5, "a domain name"),
        (with("systemd", "unit = \"k3s\""), 4, "a unit's whole name"),
        (with("systemd", ""), 1, "expected unit"),
        (with("tcp", "target = \"127.0.0.1:1\"\ninterval = \"1\""), 5, "500ms, 30s or 5m"),
        (with("tcp", "target = \"127.0.0.1:1\"\ninterval = \"2h\""), 5, "500ms, 30s or 5m"),
        (with("tcp", "target = \"127.0.0.1:1\"\ninterval = \"61m\""), 5, "1s to 60m"),
        (with("tcp", "target = \"127.0.0.1:1\"\ntimeout = \"31s\""), 5, "10ms to the probe's"),
        (twice, 7, "an earlier probe"),
        (with("tcp", target).repeat(65), 0, ""),
    ] {
        let error = Config::parse("agent.toml", &text).expect_err(&text).to_string();
        if line == 0 {
            assert!(error.contains("at most 64 probes"), "{error}");
            continue;
        }
        let start = format!("agent.toml:{line}: ");
        assert!(error.starts_with(&start) && error.contains(expected), "{text}\n{error}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.toml");
    let error = Config::read(&path).unwrap_err().to_string();
    assert!(error.contains("agent.toml"), "{error}");
    std::fs::write(&path, " ".repeat(300_000)).unwrap();
    assert!(matches!(Config::read(&path), Err(ConfigError::Read { .. })));
    std::fs::write(&path, "").unwrap();
    assert_eq!(Config::read(&path).unwrap(), Config::default());
}

proptest! {
    #[test]
    fn whatever_it_says_is_read_or_refused_with_a_line_it_has(
        lines in proptest::collection::vec(
            prop_oneof![
                Just("[[probe]]".to_owned()),
                "(name|kind|target|container|port|url|interval|query) = (\"[a-z0-9.:/]{0,12}\"|[0-9]{1,6})",
                ".{0,20}",
            ],
            0..12,
        ),
    ) {
        let text = lines.join("\n");
        if let Err(ConfigError::Content { line, said, .. }) = Config::parse("f", &text) {
            prop_assert!(line >= 1 && line <= text.lines().count().max(1) + 1);
            prop_assert!(!said.is_empty() && !said.contains('\n'));
        }
    }
}
