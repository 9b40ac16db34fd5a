//! What is taken, and what is refused by name.

use super::*;

fn parse(text: &str) -> Result<Config, WebError> {
    Config::parse(Path::new("/etc/terrarium/web.yml"), text)
}

const TLS: &str = "tls_server_config:\n  cert_file: a.crt\n  key_file: /keys/a.key\n";

#[test]
fn nothing_asks_for_nothing() {
    for text in ["", "# comment\n", "{}", "tls_server_config:\n"] {
        let config = parse(text).unwrap();
        assert!(config.tls.is_none() && config.headers.is_empty() && config.users.is_empty());
    }
}

#[test]
fn paths_are_relative_to_the_file() {
    let tls = parse(TLS).unwrap().tls.unwrap();
    assert_eq!(tls.cert_file, Path::new("/etc/terrarium/a.crt"));
    assert_eq!(tls.key_file, Path::new("/keys/a.key"));
    assert_eq!(tls.versions, [true, true]);
    assert!(tls.clients.is_none());
}

#[test]
fn versions_and_clients_are_as_asked() {
    for (more, versions) in [
        ("min_version: TLS13", [false, true]),
        ("max_version: TLS12", [true, false]),
        ("max_version: TLS13", [true, true]),
    ] {
        assert_eq!(parse(&format!("{TLS}  {more}\n")).unwrap().tls.unwrap().versions, versions);
    }
    for (kind, required) in
        [("RequireAndVerifyClientCert", true), ("VerifyClientCertIfGiven", false)]
    {
        let text = format!("{TLS}  client_auth_type: {kind}\n  client_ca_file: ca.crt\n");
        let clients = parse(&text).unwrap().tls.unwrap().clients.unwrap();
        assert_eq!(clients.required, required);
        assert_eq!(clients.ca_file, Path::new("/etc/terrarium/ca.crt"));
    }
}

#[test]
fn what_cannot_be_done_is_refused_by_name() {
    let tls = |more: &str| format!("{TLS}  {more}\n");
    for (text, expected) in [
        ("tls_server: {}".to_owned(), "tls_server"),
        ("tls_server_config: {cert_fil: x}".to_owned(), "cert_fil"),
        ("a: b: c".to_owned(), "web.yml"),
        ("tls_server_config: {key_file: x}".to_owned(), "tls_server_config.cert_file"),
        ("tls_server_config: {cert_file: x}".to_owned(), "tls_server_config.key_file"),
        (tls("cipher_suites: [X]"), "tls_server_config.cipher_suites is not supported"),
        (tls("curve_preferences: [X]"), "tls_server_config.curve_preferences is not supported"),
        (tls("client_allowed_sans: [x]"), "tls_server_config.client_allowed_sans"),
        (tls("cert: x"), "name that"),
        (tls("min_version: TLS10"), "TLS12 or TLS13"),
        (tls("min_version: TLS13\n  max_version: TLS12"), "no less than min_version"),
        (tls("client_auth_type: Requires"), "RequireAndVerifyClientCert"),
        (tls("client_auth_type: RequireAnyClientCert"), "is not supported"),
        (tls("client_auth_type: RequireAndVerifyClientCert"), "client_ca_file"),
        (tls("client_ca_file: x"), "client_auth_type"),
        ("rate_limit: {interval: 1s}".to_owned(), "rate_limit is not supported"),
        ("http_server_config: {http2: true}".to_owned(), "HTTP/1.1"),
        ("http_server_config: {headers: {Server: x}}".to_owned(), "X-Frame-Options"),
        ("http_server_config: {headers: {X-Frame-Options: \"a\\nb\"}}".to_owned(), "one line"),
        ("basic_auth_users: {a: hunter2}".to_owned(), "bcrypt"),
        ("basic_auth_users: {\"a:b\": x}".to_owned(), "without a colon"),
    ] {
        let said = parse(&text).unwrap_err().to_string();
        assert!(said.contains(expected), "{text}\n{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}
