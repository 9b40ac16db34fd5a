use terrarium_inventory::Stack;

use super::*;

/// A store with a heap and a sidecar, and an app without either.
fn catalogue() -> Catalogue {
    let mut files = BTreeMap::new();
    let resources = "{requests: {cpu: 10m, memory: 64Mi}, limits: {memory: 192Mi}}";
    for (name, card, values) in [
        (
            "store",
            "[[resources]]\nvalues = 'resources'\ncontainers = ['store']\nheap = 'java.heap'\n\
             [[resources]]\nvalues = 'keeper.resources'\ncontainers = ['keeper']",
            format!(
                "java: {{heap: 96m}}\nresources: {resources}\nkeeper: {{resources: {resources}}}\n"
            ),
        ),
        (
            "app",
            "[[resources]]\nvalues = 'resources'\ncontainers = ['app', 'install']",
            format!("resources: {resources}\n"),
        ),
    ] {
        let card =
            format!("title = '{name}'\nsummary = 'x'\ngroup = 'Cluster'\nicon = 'i'\n{card}\n");
        files.insert(format!("{name}/service.toml"), card.into_bytes());
        let chart = format!("name: {name}\nversion: 0.1.0\nappVersion: '1'\n");
        files.insert(format!("{name}/Chart.yaml"), chart.into_bytes());
        files.insert(format!("{name}/values.yaml"), values.into_bytes());
    }
    Catalogue::from_files(files).expect("the services are right")
}

fn id(name: &str) -> ServiceId {
    ServiceId::new(name).expect("a name")
}

fn parse(text: &str) -> Overlay {
    Overlay::parse("pis.sizes.toml", text, &catalogue()).expect("the sizes are right")
}

fn written(text: &str) -> Stack {
    let values = toml::from_str(text).expect("valid TOML");
    Stack { profile: None, services: Vec::new(), without: Vec::new(), values }
}

const WHOLE: &str = "\
[app.resources]
requests = { cpu = \"5m\" }

[store.keeper.resources]
requests = { memory = \"8Mi\" }
limits = { memory = \"16Mi\" }

[store.resources]
requests = { cpu = \"20m\", memory = \"1.5Gi\" }
limits = { memory = \"2Gi\" }
";

#[test]
fn each_chart_gets_its_values_where_its_card_says() {
    let values = parse(WHOLE).values();
    assert_eq!(values[&id("app")], json!({"resources": {"requests": {"cpu": "5m"}, "limits": {}}}));
    assert_eq!(
        values[&id("store")],
        json!({
            "resources": {
                "requests": {"cpu": "20m", "memory": "1.5Gi"}, "limits": {"memory": "2Gi"},
            },
            "keeper": {"resources": {"requests": {"memory": "8Mi"}, "limits": {"memory": "16Mi"}}},
        })
    );
}

#[test]
fn what_is_written_is_read_again_with_what_it_stands_on() {
    let mut overlay = parse(WHOLE);
    let entry = Entry {
        requests: BTreeMap::from([("memory", "9Mi".to_owned())]),
        basis: vec!["26 h, 1560 samples".to_owned(), String::new(), "# odd".to_owned()],
        ..Entry::default()
    };
    overlay.put(&id("store"), "keeper.resources", entry);
    let text = overlay.text();
    assert!(text.starts_with("# Requests and limits measured in the cluster"), "{text}");
    assert!(
        text.contains(
            "\n\n# 26 h, 1560 samples\n#\n# # odd\n[store.keeper.resources]\n\
             requests = { memory = \"9Mi\" }\n\n[store.resources]\n"
        ),
        "{text}"
    );
    let again = parse(&text);
    assert_eq!(again.text(), text);
    assert!(again.names("app") && !again.names("other") && !again.is_empty());
}

#[test]
fn every_problem_of_the_file_is_told_with_its_line() {
    let text = "\
[strore.resources]
requests = { memory = '1Mi' }
[store.keeper.resource]
[store.heap]
[app]
resources = 'small'
[store.resources]
requests = { memory = '2GB', cpu = 1, disk = '1Gi' }
limits = { memory = '1Mi' }
limit = {}
[store.keeper.resources]
requests = { memory = '2Mi', cpu = '0m' }
limits = { memory = '1Mi' }
";
    let problems = Overlay::parse("p.sizes.toml", text, &catalogue()).expect_err("it is wrong");
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_service_that_is_wanted_no_more_loses_its_entries() {
    let mut overlay = parse(WHOLE);
    overlay.keep(&[id("app")]);
    assert_eq!(overlay.values().keys().collect::<Vec<_>>(), [&id("app")]);
    overlay.keep(&[]);
    assert!(overlay.is_empty());
}

#[test]
fn what_the_inventory_says_hides_an_entry_and_is_told() {
    for (values, expected) in [
        ("", &[][..]),
        ("app.replicas = 2\nother.resources = 1", &[]),
        ("app.resources.requests.memory = '1Gi'", &[]),
        ("app.resources.requests.cpu = '1'", &[("app", "resources.requests.cpu", 1)]),
        ("app.resources = 'none'", &[("app", "resources.requests.cpu", 1)]),
        (
            "store.keeper.resources.limits = { memory = '1Gi' }",
            &[("store", "keeper.resources.limits.memory", 4)],
        ),
    ] {
        let hidden = parse(WHOLE).hidden(&written(values));
        let found: Vec<_> =
            hidden.iter().map(|h| (h.service.as_str(), h.key.as_str(), h.line)).collect();
        assert_eq!(found, expected, "{values}");
    }
}

#[test]
fn a_limit_leaves_the_heap_what_the_chart_leaves_beside_it() {
    let catalogue = catalogue();
    let store = catalogue.get("store").expect("there");
    let own = place(store, "store").expect("a place");
    for (values, expected) in [
        (json!(null), Some(192)),
        (json!({"java": {"heap": "32m"}}), Some(128)),
        (json!({"java": {"heap": "1g"}}), Some(1120)),
        (json!({"java": {"heap": "lots"}}), None),
    ] {
        assert_eq!(floor(store, own, &values), expected.map(|mib| mib << 20), "{values}");
    }
    let keeper = place(store, "keeper").expect("a place");
    assert_eq!(
        (keeper.values.as_str(), floor(store, keeper, &json!({}))),
        ("keeper.resources", None)
    );
    assert_eq!(place(store, "app"), None);
    let app = catalogue.get("app").expect("there");
    assert_eq!(place(app, "app"), place(app, "install"));
}

#[test]
fn a_request_above_a_limit_the_inventory_sets_is_a_conflict() {
    for (values, expected) in [
        ("", None),
        ("store.keeper.resources.limits.memory = '8Mi'", None),
        ("store.keeper.resources.limits.memory = '7Mi'", Some(("memory", "8Mi", "7Mi", 4))),
        ("store.keeper.resources.requests.memory = '17Mi'", Some(("memory", "17Mi", "16Mi", 4))),
        ("app.resources.limits.cpu = '4m'", Some(("cpu", "5m", "4m", 1))),
    ] {
        let conflicts = parse(WHOLE).conflicts(&catalogue(), &written(values));
        let found: Vec<_> =
            conflicts.iter().map(|c| (c.what, &*c.request, &*c.limit, c.line)).collect();
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{values}");
    }
}

#[test]
fn a_heap_the_inventory_raises_above_a_measured_limit_is_told() {
    for (values, expected) in
        [("", None), ("store.java.heap = '2g'", Some(2144)), ("store.java.heap = '1952m'", None)]
    {
        let cramped = parse(WHOLE).cramped(&catalogue(), &written(values));
        let found: Vec<_> =
            cramped.iter().map(|c| (&*c.heap, &*c.limit, c.least, c.line)).collect();
        let expected = expected.map(|mib: u64| ("java.heap", "2Gi", mib << 20, 8));
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{values}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,200}") {
        let _ = Overlay::parse("x", &text, &catalogue());
    }

    #[test]
    fn no_cut_or_changed_file_makes_the_reader_panic(cut in 0..WHOLE.len(), put in "\\PC{0,8}") {
        let mut text = WHOLE.to_owned();
        text.replace_range(cut..=cut, &put);
        let _ = Overlay::parse("x", &text, &catalogue());
    }
}
