mod real;
pub(crate) mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::json;
use terrarium_k3s::sums::Sha256;

use super::{Client, Reference, RegistryError, Why};
use server::{Answer, Server};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const PATH: &str = "/v2/library/redis/manifests/8";

fn client(mirrors: &[(&str, &str)]) -> Client {
    let mirrors = mirrors.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned()));
    Client {
        within: Duration::from_secs(2),
        pauses: vec![Duration::ZERO],
        ..Client::new(mirrors.collect(), 1.0)
    }
}

fn redis(server: &Server) -> Reference {
    Reference::new(&format!("{}/library/redis", server.host()), "8").unwrap()
}

fn machines(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn index() -> Vec<u8> {
    let of = |architecture| json!({"digest": "sha256:00", "platform": {"os": "linux", "architecture": architecture}});
    json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [of("arm64"), of("amd64")]})
        .to_string()
        .into_bytes()
}

fn asked(server: &Server) -> Result<Sha256, RegistryError> {
    client(&[]).digest(&redis(server), &machines(&["arm64"]))
}

fn refused(server: &Server) -> (String, String) {
    let error = asked(server).unwrap_err();
    let said = error.to_string();
    assert_eq!(said, format!("http://{0} says no digest of {0}/library/redis:8", server.host()));
    (error.why.to_string(), error.why.hint().to_owned())
}

#[test]
fn a_token_is_got_where_the_registry_says_and_given_to_nobody_else() {
    let tokens = Server::start(|request, _| {
        assert_eq!(request.header("authorization"), None, "nothing of ours goes along");
        Answer::ok(r#"{"token":"t0ken"}"#)
    });
    let realm = format!("http://{}/token", tokens.host());
    let elsewhere = Server::start(|request, _| {
        assert_eq!(request.header("authorization"), None, "the token is the registry's alone");
        Answer::ok(index())
    });
    let content = format!("http://{}/content", elsewhere.host());
    let registry = Server::start(move |request, _| match request.header("authorization") {
        Some("Bearer t0ken") => Answer::status(307).with("Location", &content),
        _ => Answer::status(401)
            .with("WWW-Authenticate", &format!("Bearer realm=\"{realm}\",service=\"r\"")),
    });
    assert_eq!(asked(&registry).unwrap(), Sha256::of(&index()));
    let scope = "/token?service=r&scope=repository:library/redis:pull";
    assert_eq!(tokens.asked(), [scope]);
    assert_eq!(elsewhere.asked(), ["/content"]);
}

#[test]
fn a_mirror_stands_for_its_registry_and_is_told_for_which() {
    let mirror = Server::start(|_, _| Answer::ok(index()));
    let base = format!("http://{}/cache", mirror.host());
    for key in ["docker.io", "*"] {
        let redis = Reference::new("redis", "8").unwrap();
        let found = client(&[(key, &base)]).digest(&redis, &machines(&["amd64"]));
        assert_eq!(found.unwrap(), Sha256::of(&index()), "{key}");
    }
    assert_eq!(mirror.asked(), vec![format!("/cache{PATH}?ns=docker.io"); 2]);
}

#[test]
fn what_a_registry_should_not_say_is_refused_with_its_reason() {
    let other = format!("sha256:{}", "0".repeat(64));
    let own = format!("sha256:{}", Sha256::of(&index()));
    let single = json!({"schemaVersion": 2, "config": {"digest": other}}).to_string();
    let arm = json!({"schemaVersion": 2, "manifests": [
        {"platform": {"os": "linux", "architecture": "amd64"}}]})
    .to_string();
    for (name, answer, expected) in [
        (
            "another digest than that of what is sent",
            Answer::ok(index()).with("Docker-Content-Digest", &other),
            format!("it calls what it sent {other}, but that has {own}"),
        ),
        (
            "a digest that is none",
            Answer::ok(index()).with("Docker-Content-Digest", "sha256:"),
            format!("it calls what it sent sha256:, but that has {own}"),
        ),
        ("a page", Answer::ok("<html>captive portal</html>"), "it is no manifest".to_owned()),
        ("nothing", Answer::ok(""), "it is no manifest".to_owned()),
        ("another machine's", Answer::ok(arm), "there is none for arm64, which a node".to_owned()),
        (
            "a configuration that is another",
            Answer::ok(single),
            format!("it calls what it sent {other}"),
        ),
        (
            "too much",
            Answer::ok(vec![b'['; 5 << 20]),
            "the answer is larger than 4194304".to_owned(),
        ),
        (
            "a login",
            Answer::status(401).with("WWW-Authenticate", "Basic realm=\"x\""),
            "it wants a login".to_owned(),
        ),
        ("no way in", Answer::status(401), "it wants a login".to_owned()),
        ("forbidden", Answer::status(403), "it wants a login".to_owned()),
        ("absent", Answer::status(404), "it has no such image".to_owned()),
        ("too often", Answer::status(429), "http://127.0.0.1".to_owned()),
        ("broken", Answer::status(502), "http://127.0.0.1".to_owned()),
        ("a circle", Answer::status(302).with("Location", PATH), "it is not reached".to_owned()),
        ("hung up", Answer::cut(100, "{"), "it is not reached".to_owned()),
    ] {
        let server = Server::start(move |_, _| answer.clone());
        let (said, hint) = refused(&server);
        assert!(said.starts_with(&expected), "{name}: {said}");
        assert!(!hint.is_empty(), "{name}");
    }
}

#[test]
fn a_registry_that_is_busy_is_asked_once_more() {
    for status in [429, 500, 503] {
        let server = Server::start(move |_, before| match before {
            0 => Answer::status(status),
            _ => Answer::ok(index()),
        });
        assert_eq!(asked(&server).unwrap(), Sha256::of(&index()), "{status}");
    }
}

#[test]
fn a_token_that_is_not_taken_is_not_got_again_and_again() {
    let registry = Server::start(|request, _| {
        if request.path.starts_with("/token") {
            return Answer::ok(r#"{"access_token":"t"}"#);
        }
        let host = request.header("host").unwrap_or_default().to_owned();
        Answer::status(401)
            .with("WWW-Authenticate", &format!("Bearer realm=\"http://{host}/token\""))
    });
    let (said, _) = refused(&registry);
    assert!(said.starts_with("it does not take the token"), "{said}");
    assert_eq!(registry.asked().len(), 3, "{:?}", registry.asked());
}

#[test]
fn where_a_token_is_to_be_had_is_held_to_rules() {
    for (realm, answer, expected) in [
        ("file:///etc/passwd", Answer::status(200), "it leads to file:///etc/passwd"),
        ("http://", Answer::status(200), "it leads to http://"),
        ("http://me:secret@HOST/", Answer::status(200), "it leads to http://me"),
        ("http://HOST/token", Answer::ok("<html>"), "http://HOST/token answers without a token"),
        ("http://HOST/token", Answer::ok("{}"), "http://HOST/token answers without a token"),
        (
            "http://HOST/token",
            Answer::ok(r#"{"token":"a\r\nX-Header: b"}"#),
            "http://HOST/token answers without a token",
        ),
        ("http://HOST/token", Answer::status(403), "it wants a login"),
        ("http://HOST/token", Answer::status(500), "http://HOST/token answers with HTTP status"),
        ("http://HOST/token", Answer::ok(vec![b' '; 1 << 20]), "the answer is larger than"),
    ] {
        let server = Server::start(move |request, _| {
            if request.path.starts_with("/token") {
                return answer.clone();
            }
            let host = request.header("host").unwrap_or_default();
            let realm = realm.replace("HOST", host);
            Answer::status(401).with("WWW-Authenticate", &format!("Bearer realm=\"{realm}\""))
        });
        let (said, _) = refused(&server);
        let expected = expected.replace("HOST", &server.host());
        assert!(said.starts_with(&expected), "{realm}: {said}");
    }
}

/// From a registry over TLS, no way leads to a place without.
#[test]
fn the_way_to_a_token_does_not_leave_tls() {
    let site = client(&[]);
    let site = site.site(&Reference::new("quay.io/a", "1").unwrap());
    let challenge = super::Challenge::parse("Bearer realm=\"http://127.0.0.1:1/token\"").unwrap();
    let why = site.token(&challenge, "a").unwrap_err();
    assert!(matches!(why, Why::Address { reason: "leads out of TLS", .. }), "{why}");
}

#[test]
fn an_answer_that_drips_ends_at_its_deadline() {
    for answer in [Answer::drip(index()), Answer::silence()] {
        let server = Server::start(move |_, _| answer.clone());
        let begun = Instant::now();
        let quick =
            Client { within: Duration::from_millis(300), pauses: Vec::new(), ..client(&[]) };
        let error = quick.digest(&redis(&server), &machines(&["arm64"])).unwrap_err();
        assert!(matches!(*error.why, Why::Timeout(_)), "{}", error.why);
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
}

#[test]
fn nobody_at_the_address_is_said_with_the_address() {
    let redis = Reference::new("127.0.0.1:1/redis", "8").unwrap();
    let error = client(&[]).digest(&redis, &BTreeSet::new()).unwrap_err();
    assert_eq!(error.to_string(), "http://127.0.0.1:1 says no digest of 127.0.0.1:1/redis:8");
    assert!(error.why.hint().contains("`[images.mirrors]`"), "{}", error.why.hint());
    assert_eq!(client(&[]).mirrors, BTreeMap::new());
}
