use super::*;

const WHOLE: &str = r#"
title = "Grafana"
summary = "Dashboards"
group = "Monitoring"
icon = "grafana"
profiles = ["small", "full"]
needs = ["prometheus", "foundation"]

internet = true
metrics = "http"
crds = ["dashboards.example.org"]

[uses.prometheus]
[uses.postgresql]
databases = ["grafana"]

[ports]
http = 3000

[ui]
port = "http"
host = "grafana"
login = true

[[login]]
title = "administrator"
secret = "grafana"
user = "admin"

[[login]]
title = "reader"
secret = "grafana-reader"
user_key = "name"
password_key = "key"

[health]
port = "http"
kind = "http"
path = "/api/health"

[[resources]]
values = "resources"
containers = ["grafana", "install"]
heap = "heap"

[[resources]]
values = "keeper.resources"
containers = ["keeper"]
heap = "cache"
heap_unit = "GiB"

[[cannot_run]]
boards = ["zero2w-512mb"]
arch_below = "armv8.2-a"
reason = "it is too small"
instead = { replicas = 1, small = true }
"#;

fn problems(text: &str) -> Vec<String> {
    let found = Card::parse("x/service.toml", text).expect_err("the card is wrong");
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn a_whole_card_is_read() {
    let card = Card::parse("x/service.toml", WHOLE).expect("the card is right");
    assert_eq!(card.profiles, ["full", "small"]);
    assert_eq!(
        card.needs.iter().map(ServiceId::as_str).collect::<Vec<_>>(),
        ["foundation", "prometheus"]
    );
    assert_eq!(
        serde_json::to_value(&card.uses).expect("JSON"),
        serde_json::json!({"postgresql": {"databases": ["grafana"]}, "prometheus": {}})
    );
    assert!(card.internet);
    assert_eq!((card.metrics.as_deref(), card.crds.len()), (Some("http"), 1));
    let users: Vec<_> = card.logins.iter().map(|l| (&l.user, l.password_key.as_str())).collect();
    let (fixed, key) = (User::Fixed("admin".to_owned()), User::Key("name".to_owned()));
    assert_eq!(users, [(&fixed, "password"), (&key, "key")]);
    assert_eq!(card.ports, BTreeMap::from([("http".to_owned(), 3000)]));
    let ui = card.ui.expect("a user interface");
    assert_eq!((ui.port.as_str(), ui.host.as_str(), ui.path.as_str()), ("http", "grafana", "/"));
    assert_eq!(card.health.expect("a probe").probe, Probe::Http("/api/health".to_owned()));
    let places: Vec<_> = card.resources.iter().map(|p| (&*p.values, p.containers.len())).collect();
    assert_eq!(places, [("resources", 2), ("keeper.resources", 1)]);
    let heaps: Vec<_> = card.resources.iter().filter_map(|p| p.heap.as_ref()).collect();
    assert_eq!((&*heaps[0].value, heaps[0].unit), ("heap", 1 << 20));
    assert_eq!((&*heaps[1].value, heaps[1].unit), ("cache", 1 << 30));
    assert_eq!(card.cannot_run[0].arch_below.as_deref(), Some("armv8.2-a"));
    let instead = card.cannot_run[0].instead.clone().expect("values");
    assert_eq!(Value::Object(instead), serde_json::json!({"replicas": 1, "small": true}));
}

#[test]
fn every_problem_is_told_with_its_line() {
    let text = r#"
titel = "Redis"
summary = ""
group = "Data store"
icon = 7
needs = ["Foundation", 3]

internet = "yes"
metrics = "http"

[uses]
redis = 1
Postgres = {}

[ports]
redis = 70000
a-name-beyond-fifteen = 1

[ui]
port = "http"
host = "redis"
path = "ui"

[health]
port = "redis"
kind = "http"

[[cannot_run]]
reason = "of its size"
colour = "red"
"#;
    insta::assert_snapshot!(problems(text).join("\n"));
}

#[test]
fn a_syntax_error_has_its_line() {
    let found = problems("title = \"x\"\nsummary = \n");
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("x/service.toml:2: "), "{found:?}");
}

#[test]
fn each_rule_is_checked_alone() {
    for (from, to, expected) in [
        ("kind = \"http\"", "kind = \"tcp\"", "only a health probe of kind `http` has a `path`"),
        ("path = \"/api/health\"\n", "", "a health probe of kind `http` asks for a `path`"),
        ("armv8.2-a", "armv9-a", "`arch_below` cannot be `armv9-a`"),
        ("http = 3000", "http = 0", "port 0 is not within 1 to 65535"),
        ("[[cannot_run]]", "[cannot_run]", "`cannot_run` is written `[[cannot_run]]`"),
        ("user = \"admin\"", "user = \"a\"\nuser_key = \"b\"", "not both"),
        ("metrics = \"http\"", "metrics = \"htp\"", "`[ports]` has no `htp`"),
        ("internet = true", "internet = 1", "`internet` is true or false, not an integer"),
        ("[uses.prometheus]", "[uses.Pro]", "`Pro` is no name of a-z, 0-9 and -"),
        ("[ports]", "[[ports]]", "`ports` is a table, not an array"),
        ("host = \"grafana\"", "host = \"a.b\"", "`a.b` is no name of a-z, 0-9 and -"),
        ("heap_unit = \"GiB\"", "heap_unit = \"GB\"", "`heap_unit` cannot be `GB`"),
        ("heap = \"cache\"\n", "", "`heap_unit` is the unit of `heap`, which is missing"),
        ("containers = [\"keeper\"]", "", "`resources` names no container"),
        ("[ui]\n", "[ui]\nlogo = 1\n", "`logo` is unknown here"),
    ] {
        let found = problems(&WHOLE.replacen(from, to, 1));
        assert!(found.iter().any(|problem| problem.contains(expected)), "{expected}: {found:?}");
    }
}

#[test]
fn a_service_id_is_a_dns_label() {
    for (name, good) in [
        ("redis", true),
        ("kafka-connect2", true),
        ("", false),
        ("-a", false),
        ("a-", false),
        ("a_b", false),
        ("Redis", false),
        (&"a".repeat(63), true),
        (&"a".repeat(64), false),
    ] {
        assert_eq!(ServiceId::new(name).is_some(), good, "{name}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,200}") {
        let _ = Card::parse("x", &text);
    }

    #[test]
    fn no_cut_or_changed_card_makes_the_reader_panic(cut in 0..WHOLE.len(), put in "\\PC{0,8}") {
        let mut text = WHOLE.to_owned();
        text.replace_range(cut..=cut, &put);
        let _ = Card::parse("x", &text);
    }
}
