use proptest::prelude::*;

use super::*;

const WHOLE: &str = r#"
[kafka]
bootstrap = "kafka:9092, [::1]:9092"
username_file = "/run/secrets/kafka/username"
password_file = "/run/secrets/kafka/password"

[registry]
url = "http://schema-registry:8080/apis/ccompat/v7/"

[github]
api = "http://127.0.0.1:8090"
token_file = "/run/secrets/github/token"
repositories = ["postgres/postgres", "fastapi/fastapi"]
every = "1m"
history = "30d"

[devices]
every = "2s"
seed = 7

[http]
listen = "127.0.0.1:9000"
"#;

fn problems(text: &str) -> Vec<String> {
    Config::parse("s.toml", text).unwrap_err().0.iter().map(ToString::to_string).collect()
}

#[test]
fn a_whole_file_is_read() {
    let config = Config::parse("s.toml", WHOLE).unwrap();
    assert_eq!(config.kafka.bootstrap, ["kafka:9092", "[::1]:9092"]);
    assert_eq!(config.kafka.login.unwrap().1, Path::new("/run/secrets/kafka/password"));
    assert_eq!(config.registry, "http://schema-registry:8080/apis/ccompat/v7");
    assert_eq!(config.github.repositories, ["postgres/postgres", "fastapi/fastapi"]);
    assert_eq!(config.github.history, Duration::from_hours(30 * 24));
    assert_eq!(config.devices, Devices { every: Duration::from_secs(2), seed: 7 });
    assert_eq!(config.listen.to_string(), "127.0.0.1:9000");
}

#[test]
fn little_is_required() {
    let text = "[kafka]\nbootstrap = \"kafka:9092\"\n[registry]\nurl = \"http://r\"\n";
    let config = Config::parse("s.toml", text).unwrap();
    assert_eq!(config.kafka.login, None);
    assert_eq!(config.github.api, "https://api.github.com");
    assert_eq!(config.github.every, Duration::from_mins(5));
    assert_eq!(config.devices.every, Duration::from_secs(10));
    assert_eq!(config.listen.to_string(), ":8080");
}

#[test]
fn all_that_is_wrong_is_told_at_once_with_its_line() {
    let text = r#"
[kafka]
bootstrap = "kafka, :9092"
password_file = "p"
[registry]
uri = "x"
[github]
api = "ftp://example"
repositories = ["postgres", "a/b", "A/B", 3, "../x"]
every = "5"
token = "secret"
[devices]
every = true
seed = -1
[http]
listen = 8080
[extra]
"#;
    assert_eq!(
        problems(text),
        [
            "s.toml:3: no port in \"kafka\"; expected host:port, [v6]:port or :port",
            "s.toml:3: \":9092\" has no host",
            "s.toml:4: `username_file` and `password_file` go together",
            "s.toml:5: `url` is missing",
            "s.toml:6: unknown key `uri`; did you mean `url`?",
            "s.toml:8: `api` is no address of a service: http(s)://host[:port][/path]",
            "s.toml:9: `repositories` is a list of texts",
            "s.toml:9: \"postgres\" is no owner/name",
            "s.toml:9: A/B is there twice",
            "s.toml:9: \"../x\" is no owner/name",
            "s.toml:10: `every`: \"5\" has no unit; expected ms, s, m, h or d",
            "s.toml:11: unknown key `token`; known are api, repositories, token_file, every, history",
            "s.toml:13: `every` is a text, and not an empty one",
            "s.toml:14: `seed` is a whole number from 0 on",
            "s.toml:16: `listen` is a text, and not an empty one",
            "s.toml:17: unknown key `extra`; known are kafka, registry, github, devices, http",
        ]
    );
}

#[test]
fn what_is_missing_altogether_is_told_once() {
    assert_eq!(problems(""), ["s.toml:1: [kafka] is missing", "s.toml:1: [registry] is missing"]);
    assert_eq!(
        problems("[kafka]\n[registry]\nurl = \"http://r\""),
        ["s.toml:1: `bootstrap` is missing"]
    );
    assert!(problems("a = [")[0].starts_with("s.toml:1: "));
    let nowhere = Config::load(Path::new("/nonexistent/s.toml")).unwrap_err().to_string();
    assert!(nowhere.contains("/nonexistent/s.toml"), "{nowhere}");
}

#[test]
fn a_password_in_an_address_is_refused_without_being_shown() {
    let text = "[kafka]\nbootstrap = \"k:1\"\n[registry]\nurl = \"http://me:hunter2@r\"\n";
    assert!(!problems(text).concat().contains("hunter2"));
}

proptest! {
    #[test]
    fn no_text_breaks_the_parser(text in "(\\PC|\n){0,200}") {
        let _ = Config::parse("s.toml", &text);
    }

    #[test]
    fn nor_does_a_broken_file(cut in 0..WHOLE.len(), insert in "[\\[\\]\"={}a1.]{0,3}") {
        let (before, after) = WHOLE.split_at(cut);
        let _ = Config::parse("s.toml", &format!("{before}{insert}{after}"));
    }
}
