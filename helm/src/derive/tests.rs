use super::*;

/// A store, two that use it, and a home page.
fn catalogue() -> Catalogue {
    let mut files = BTreeMap::new();
    for (name, card, values) in [
        ("store", "[ports]\nsql = 5432", "network: {}\nclients: {}\n"),
        (
            "app",
            "[uses.store]\ndatabases = ['app']\n[uses.cache]",
            "network: {}\nimage: {repository: terrarium/app}\n",
        ),
        ("cache", "metrics = 'http'\n[ports]\nhttp = 9121\n[uses.store]", "network: {}\n"),
        ("prometheus", "", "network: {}\n"),
        (
            "homepage",
            "[ports]\nhttp = 3000\n[ui]\nport = 'http'\nhost = 'homepage'",
            "ingress: {}\ntiles: []\nnodes: []\nprometheus: false\n",
        ),
        (
            "admin",
            "[ports]\nhttp = 80\n[ui]\nport = 'http'\nhost = 'admin'\npath = '/ui'\nlogin = true",
            "ingress: {}\n",
        ),
    ] {
        let card =
            format!("title = '{name}'\nsummary = 'x'\ngroup = 'Cluster'\nicon = 'i'\n{card}\n");
        files.insert(format!("{name}/service.toml"), card.into_bytes());
        let chart = format!("name: {name}\nversion: 0.1.0\nappVersion: '1'\n");
        files.insert(format!("{name}/Chart.yaml"), chart.into_bytes());
        files.insert(format!("{name}/values.yaml"), values.as_bytes().to_vec());
    }
    Catalogue::from_files(files).expect("the services are right")
}

fn derived(name: &str, selected: &[&str], site: &Site) -> Value {
    let catalogue = catalogue();
    let id = |name: &str| ServiceId::new(name).expect("a name");
    let selected: Vec<_> = selected.iter().map(|name| id(name)).collect();
    let service = catalogue.get(name).expect("there");
    values(&id(name), service, &selected, &catalogue, site)
}

fn site() -> Site {
    Site { domain: "pis.lan".to_owned(), nodes: vec!["pi-1".to_owned()], ..Site::default() }
}

#[test]
fn a_store_gets_its_clients_and_everyone_its_neighbours() {
    let all = ["store", "cache", "app"];
    for (name, selected, expected) in [
        (
            "store",
            &all[..],
            json!({
                "clients": {"app": {"databases": ["app"]}, "cache": {}},
                "network": {"from": ["app", "cache"], "to": []},
            }),
        ),
        ("store", &["store"], json!({"clients": {}, "network": {"from": [], "to": []}})),
        ("app", &all, json!({"network": {"from": [], "to": ["cache", "store"]}})),
        (
            "prometheus",
            &["prometheus", "cache", "app"],
            json!({"network": {"from": [], "to": ["cache"]}}),
        ),
        ("app", &["app", "store"], json!({"network": {"from": [], "to": ["store"]}})),
    ] {
        assert_eq!(derived(name, selected, &site()), expected, "{name} of {selected:?}");
    }
}

#[test]
fn the_home_page_is_the_domain_and_shows_what_is_deployed() {
    let found = derived("homepage", &["homepage", "admin", "app", "store"], &site());
    assert_eq!(found["ingress"], json!({"host": "pis.lan", "login": false}));
    assert_eq!((&found["nodes"], &found["prometheus"]), (&json!(["pi-1"]), &json!(false)));
    let tiles: Vec<_> = found["tiles"].as_array().expect("tiles").iter().collect();
    let shown: Vec<_> = tiles.iter().map(|tile| (&tile["service"], &tile["href"])).collect();
    assert_eq!(
        shown,
        [(&json!("admin"), &json!("https://admin.pis.lan/ui")), (&json!("store"), &Value::Null)]
    );
}

#[test]
fn an_image_of_ours_gets_its_tag_and_a_board_its_values() {
    let mut site = site();
    site.images.insert("terrarium/app".to_owned(), "1.2".to_owned());
    let app = ServiceId::new("app").expect("a name");
    site.boards.insert(app, json!({"network": {"to": ["x"]}, "small": true}));
    let expected = json!({
        "network": {"from": [], "to": ["x"]}, "image": {"tag": "1.2"}, "small": true
    });
    assert_eq!(derived("app", &["app"], &site), expected);
}
