//! The forms that exporter-toolkit's file can have: what starts the agent, and what
//! it is told where it does not.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::running::{Running, agent};
use crate::web::{Folder, authority};

const TLS: &str = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";

/// Below the server's certificate and key.
fn tls(more: &str) -> String {
    more.lines().fold(TLS.to_owned(), |text, line| format!("{text}  {line}\n"))
}

fn folder(config: &str) -> Folder {
    let folder = Folder::new(config);
    let authority = authority();
    folder.certify(&authority, "server");
    std::fs::write(folder.path("clients.crt"), authority.pem()).unwrap();
    folder
}

/// What it says when it does not start.
fn refusal(folder: &Folder) -> String {
    // One that starts all the same is ended.
    let mut command = Command::new("timeout");
    command.arg("20").arg(agent().get_program()).arg(folder.flag());
    command.arg("--web.listen-address=127.0.0.1:0").stdin(Stdio::null());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn what_the_toolkit_takes_and_the_agent_can_do_starts_it() {
    const HASH: &str = "$2y$04$abcdefghijklmnopqrstuuWVS/PqgiIVVbh4LfBYMbTdKhHa7gLWi";
    for config in [
        String::new(),
        "tls_server_config: {}\n".to_owned(),
        "tls_server_config:\nbasic_auth_users:\n".to_owned(),
        TLS.to_owned(),
        tls("client_auth_type: VerifyClientCertIfGiven"),
        tls("client_auth_type: RequireAndVerifyClientCert"),
        tls("client_auth_type: RequireAndVerifyClientCert\nclient_ca_file: clients.crt"),
        tls("client_auth_type: NoClientCert\nclient_ca_file: \"\""),
        tls("client_auth_type: \"\"\nmin_version: TLS12\nmax_version: TLS13"),
        tls("max_version: TLS12") + "http_server_config:\n  http2: false\n",
        "http_server_config:\n  http2: true\n".to_owned(),
        "http_server_config:\n  headers:\n    X-Frame-Options: Deny\n    X-XSS-Protection: 1\n    \
         X-Content-Type-Options: nosniff\n    Strict-Transport-Security: max-age=31536000\n    \
         Content-Security-Policy: \"default-src 'self' *.example.net\"\n"
            .to_owned(),
        format!("basic_auth_users:\n  a: &hash {HASH}\n  b: *hash\n"),
        format!("basic_auth_users: {{a: {HASH}, b: \"{HASH}\"}}\n"),
        "rate_limit:\n  interval: 0\n  burst: 0\n".to_owned(),
    ] {
        // It has said that it listens.
        drop(folder(&config).start());
    }
}

#[test]
fn what_it_refuses_it_names_with_what_can_stand_there() {
    for (config, expected) in [
        ("words that are no\nconfiguration\n".to_owned(), "web.yml, line 1"),
        ("tls_server_config:\n  cert_filse: server.crt\n".to_owned(), "cert_file"),
        (
            "tls_server_config: {cert_file: \"\", key_file: server.key}".to_owned(),
            "cert_file cannot be \"\"",
        ),
        (
            "tls_server_config: {cert_file: server.crt, key_file: \"\"}".to_owned(),
            "key_file cannot be \"\"",
        ),
        (
            "tls_server_config: {cert_file: none, key_file: server.key}".to_owned(),
            "none cannot be used as cert_file",
        ),
        (
            "tls_server_config: {cert_file: server.crt, key_file: none}".to_owned(),
            "none cannot be used as key_file",
        ),
        (
            "tls_server_config: {cert_file: server.crt, key_file: server.crt}".to_owned(),
            "as key_file: nothing of the kind in it",
        ),
        (tls("client_ca_file: clients.crt"), "client_auth_type"),
        (
            tls("client_auth_type: RequireAndVerifyClientCert\nclient_ca_file: none"),
            "none cannot be used as client_ca_file",
        ),
        (
            tls("client_auth_type: RequireAndVerifyClientCert\nclient_ca_file: /dev/null"),
            "as client_ca_file: no certificate in it",
        ),
        (tls("client_auth_type: RequireAnyClientCert"), "use RequireAndVerifyClientCert"),
        (tls("client_auth_type: Whoever"), "NoClientCert, VerifyClientCertIfGiven"),
        (tls("min_version: TLS111"), "TLS12 or TLS13"),
        (tls("cipher_suites: [TLS_AES_128_GCM_SHA256]"), "cipher_suites is not supported"),
        (tls("curve_preferences: [CurveP256]"), "curve_preferences is not supported"),
        (tls("client_allowed_sans: [one]"), "client_allowed_sans is not supported"),
        (tls("cert: x"), "put it into a file"),
        ("rate_limit: {interval: 1s, burst: 1}".to_owned(), "rate_limit is not supported"),
        (
            "http_server_config: {headers: {X-Frame-Options: foo}}".to_owned(),
            "expected deny or sameorigin",
        ),
        (
            "http_server_config: {headers: {X-Content-Type-Options: sniff}}".to_owned(),
            "expected nosniff",
        ),
        ("http_server_config: {headers: {Content-Type: foo}}".to_owned(), "X-Frame-Options"),
        ("basic_auth_users: {john: doe}".to_owned(), "a bcrypt hash"),
        ("a: &x [*x]\n".to_owned(), "web.yml, line 1"),
    ] {
        let said = refusal(&folder(&config));
        assert!(said.contains(expected), "{config}\n{said}");
        assert!(!said.contains("doe"), "{said}");
    }
}

/// Runs openssl in the folder.
fn openssl(folder: &Folder, line: &str) {
    let done = Command::new("openssl")
        .args(line.split(' '))
        .current_dir(folder.path("."))
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .unwrap_or_else(|error| panic!("openssl ({error}): apt-get install openssl"));
    assert!(done.success(), "openssl {line}");
}

#[test]
fn a_key_of_openssls_is_taken_or_the_key_is_what_is_named() {
    for (kind, taken) in [
        ("ecparam -name prime256v1 -genkey -noout -out server.key", true),
        ("ecparam -name secp384r1 -genkey -noout -out server.key", true),
        ("genpkey -algorithm ed25519 -out server.key", true),
        ("genrsa -out server.key 2048", true),
        ("genrsa -traditional -out server.key 2048", true),
        ("ecparam -name secp521r1 -genkey -noout -out server.key", false),
        ("genrsa -out server.key 1024", false),
    ] {
        let folder = Folder::new(TLS);
        openssl(&folder, kind);
        openssl(
            &folder,
            "req -x509 -new -key server.key -subj /CN=localhost -days 30 -out server.crt",
        );
        if taken {
            drop(folder.start());
            continue;
        }
        let said = refusal(&folder);
        assert!(
            said.contains("server.key cannot be used as key_file: a key that"),
            "{kind}: {said}"
        );
        assert!(said.contains("ECDSA P-256 or P-384") && !said.contains("server.crt"), "{said}");
    }
    // Another's key, and one under a password.
    let folder = folder(TLS);
    openssl(&folder, "ecparam -name prime256v1 -genkey -noout -out server.key");
    let said = refusal(&folder);
    assert!(
        said.contains("server.key cannot be used as key_file: it does not belong to"),
        "{said}"
    );
    openssl(&folder, "genpkey -algorithm ed25519 -aes256 -pass pass:x -out server.key");
    let said = refusal(&folder);
    assert!(said.contains("server.key cannot be used as key_file"), "{said}");
}

#[test]
fn the_systems_authorities_are_there_for_clients() {
    assert!(
        Path::new("/etc/ssl/certs/ca-certificates.crt").exists(),
        "apt-get install ca-certificates"
    );
    let folder = folder(&tls("client_auth_type: VerifyClientCertIfGiven"));
    let running: Running = folder.start();
    assert_ne!(running.address.port(), 0);
}
