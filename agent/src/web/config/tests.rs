//! What is taken, and what is refused by name.

use super::*;

fn parse(text: &str) -> Result<Config, WebError> {
    Config::parse(Path::new("/etc/terrarium/web.yml"), text)
}

const TLS: &str = "tls_server_config:\n  cert_file: a.crt\n  key_file: /keys/a.key\n";

#[test]
fn nothing_asks_for_nothing() {
    for text in [
        "",
        "# comment\n",
        "{}",
        "tls_server_config:\n",
        "tls_server_config: {}",
        "tls_server_config: {cert_file: \"\", key_file: \"\"}",
        "http_server_config: {http2: true}",
        "rate_limit: {interval: 0, burst: 0}",
    ] {
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
fn without_an_authority_clients_are_held_against_the_systems() {
    for kind in ["VerifyClientCertIfGiven", "RequireAndVerifyClientCert"] {
        let text = format!("{TLS}  client_auth_type: {kind}\n  client_ca_file: \"\"\n");
        let clients = parse(&text).unwrap().tls.unwrap().clients.unwrap();
        assert_eq!(clients.ca_file, Path::new("/etc/ssl/certs/ca-certificates.crt"));
    }
    let text = format!("{TLS}  client_auth_type: NoClientCert\n  client_ca_file: \"\"\n");
    assert!(parse(&text).unwrap().tls.unwrap().clients.is_none());
}

#[test]
fn an_alias_gives_two_users_one_hash() {
    let hash = "$2y$04$abcdefghijklmnopqrstuuWVS/PqgiIVVbh4LfBYMbTdKhHa7gLWi";
    let config = parse(&format!("basic_auth_users:\n  a: &x {hash}\n  b: *x\n")).unwrap();
    assert_eq!(config.users["a"], config.users["b"]);
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
        (tls("client_ca_file: x"), "client_auth_type"),
        ("rate_limit: {interval: 1s}".to_owned(), "rate_limit is not supported"),
        ("http_server_config: {http2: maybe}".to_owned(), "true or false"),
        (
            "http_server_config: {headers: {X-Frame-Options: never}}".to_owned(),
            "deny or sameorigin",
        ),
        ("http_server_config: {headers: {X-Content-Type-Options: sniff}}".to_owned(), "nosniff"),
        (
            "tls_server_config: {cert_file: \"\", key_file: x}".to_owned(),
            "tls_server_config.cert_file",
        ),
        (
            "tls_server_config: {cert_file: x, key_file: \"\"}".to_owned(),
            "tls_server_config.key_file",
        ),
        ("rate_limit: {intervall: 1s}".to_owned(), "interval or burst"),
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
