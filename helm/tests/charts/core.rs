//! The profile `core` as it is deployed: on three Pi 5 and on three Pi 4.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use terrarium_helm::card::{Probe, ServiceId};
use terrarium_helm::catalogue::Catalogue;
use terrarium_helm::derive::Site;
use terrarium_helm::edge::edges;
use terrarium_helm::release::{Release, releases};
use terrarium_helm::select::select;
use terrarium_inventory::Stack;

use crate::helm::{all_containers, catalogue, charts, objects, template};

const DOMAIN: &str = "pis.local";

/// What is rendered, by service.
type Rendered = BTreeMap<String, Vec<Value>>;

fn stack() -> Stack {
    Stack {
        profile: Some("core".to_owned()),
        services: Vec::new(),
        without: Vec::new(),
        values: BTreeMap::new(),
    }
}

/// The values boards without ARMv8.2 ask for, by the cards' own word.
pub(crate) fn of_small_boards(catalogue: &Catalogue) -> BTreeMap<ServiceId, Value> {
    let instead = |(id, service): (&ServiceId, &terrarium_helm::catalogue::Service)| {
        let case = service.card.cannot_run.iter().find(|case| case.arch_below.is_some())?;
        let values = case.instead.clone().unwrap_or_else(|| panic!("{id} has no way out"));
        Some((id.clone(), Value::Object(values)))
    };
    catalogue.iter().filter_map(instead).collect()
}

/// The releases, with these values for their boards and these measured sizes.
pub(crate) fn wished(
    boards: BTreeMap<ServiceId, Value>,
    sizes: BTreeMap<ServiceId, Value>,
) -> Vec<Release> {
    let catalogue = catalogue();
    let selected = select(&stack(), &catalogue).expect("the profile is right");
    let site = Site {
        domain: DOMAIN.to_owned(),
        traefik: true,
        agent_login: true,
        nodes: ["pi-1", "pi-2", "pi-3"].map(str::to_owned).to_vec(),
        images: BTreeMap::new(),
        boards,
        sizes,
    };
    releases(&selected, &catalogue, &stack(), &site)
}

/// What helm makes of a release, with these arguments more.
pub(crate) fn rendered(release: &Release, more: &[&str]) -> Vec<Value> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), release.values.to_string()).expect("written");
    let values = format!("--values={}", file.path().display());
    objects(&template(release.name.as_str(), &[&[values.as_str()], more].concat()))
}

fn render(boards: BTreeMap<ServiceId, Value>) -> Rendered {
    let render = |release: Release| {
        let rendered = rendered(&release, &[]);
        (release.name.to_string(), rendered)
    };
    wished(boards, BTreeMap::new()).into_iter().map(render).collect()
}

fn both() -> [(&'static str, Rendered); 2] {
    [("3x pi5-8gb", render(BTreeMap::new())), ("3x pi4-8gb", render(of_small_boards(&catalogue())))]
}

/// The images a page of the documentation has an arm64 source for.
fn documented() -> BTreeSet<String> {
    let page = charts().join("../../docs/reference/images.md");
    let page = std::fs::read_to_string(page).expect("the page of images");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    rows.filter_map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let image = cells.first()?.trim_matches('`');
        cells.get(1).is_some_and(|arm64| arm64.starts_with("yes")).then(|| image.to_owned())
    })
    .collect()
}

#[test]
fn every_image_is_pinned_and_has_a_source_for_arm64() {
    let documented = documented();
    for (boards, rendered) in both() {
        for (service, objects) in &rendered {
            for container in all_containers(objects) {
                let image = container["image"].as_str().expect("an image");
                let (_, tag) = image.rsplit_once(':').expect("a tag");
                assert!(tag != "latest" && tag.contains(|c: char| c.is_ascii_digit()), "{image}");
                assert!(documented.contains(image), "{boards}, {service}: {image}");
            }
        }
    }
}

#[test]
fn every_container_has_requests_and_limits_and_none_is_privileged() {
    for (boards, rendered) in both() {
        for (service, objects) in &rendered {
            for container in all_containers(objects) {
                let name = &container["name"];
                let resources = &container["resources"];
                for (kind, what) in
                    [("requests", "cpu"), ("requests", "memory"), ("limits", "memory")]
                {
                    let found = &resources[kind][what];
                    assert!(found.is_string(), "{boards}, {service}/{name}: no {what} in {kind}");
                }
                let context = &container["securityContext"];
                assert_ne!(context["privileged"], true, "{service}");
                assert_eq!(context["allowPrivilegeEscalation"], false, "{service}/{name}");
                assert_eq!(
                    context["capabilities"]["drop"],
                    serde_json::json!(["ALL"]),
                    "{service}/{name}"
                );
            }
            for object in objects {
                let pod = &object["spec"]["template"]["spec"];
                for host in ["hostNetwork", "hostPID", "hostIPC"] {
                    assert_ne!(pod[host], true, "{service}");
                }
                let volumes = pod["volumes"].as_array().cloned().unwrap_or_default();
                assert!(volumes.iter().all(|volume| volume["hostPath"].is_null()), "{service}");
            }
        }
    }
}

/// Two renderings have no secret in common, so none is written in a chart.
#[test]
fn every_secret_is_generated() {
    let (one, other) = (render(BTreeMap::new()), render(BTreeMap::new()));
    let mut seen = 0;
    for (service, objects) in &one {
        for secret in objects.iter().filter(|object| object["kind"] == "Secret") {
            let name = &secret["metadata"]["name"];
            let same = other[service]
                .iter()
                .find(|o| o["kind"] == "Secret" && o["metadata"]["name"] == *name);
            let same = same.expect("rendered again");
            for (key, value) in secret["data"].as_object().expect("data") {
                let value = value.as_str().expect("base64");
                let value = data_encoding::BASE64.decode(value.as_bytes()).expect("base64");
                let text = String::from_utf8(value).expect("text");
                if key.contains("user") && !text.contains(['\n', ':', '$']) {
                    continue;
                }
                assert_ne!(
                    secret["data"][key], same["data"][key],
                    "{service}: {name} {key} is fixed"
                );
                assert!(text.len() >= 22, "{service}: {name} {key} is short");
                seen += 1;
            }
        }
    }
    assert!(seen >= 12, "only {seen} secrets");
}

/// Who may connect to whom, by the policies: `(from, to)`.
fn allowed(rendered: &Rendered) -> BTreeSet<(String, String)> {
    let mut into = BTreeSet::new();
    let mut out = BTreeSet::new();
    for (service, objects) in rendered {
        let own = objects.iter().filter(|object| {
            object["kind"] == "NetworkPolicy"
                && object["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/name"]
                    == **service
        });
        for policy in own {
            for (rules, peers, set) in [("ingress", "from", &mut into), ("egress", "to", &mut out)]
            {
                let rules = policy["spec"][rules].as_array().cloned().unwrap_or_default();
                for peer in rules.iter().filter_map(|rule| rule[peers].as_array()).flatten() {
                    for name in names(&peer["podSelector"]) {
                        set.insert(match peers {
                            "from" => (name, service.clone()),
                            _ => (service.clone(), name),
                        });
                    }
                }
            }
        }
    }
    let known = |name: &String| rendered.contains_key(name);
    let both: BTreeSet<_> = into.intersection(&out).cloned().collect();
    let half: Vec<_> =
        into.symmetric_difference(&out).filter(|(a, b)| known(a) && known(b)).collect();
    assert!(half.is_empty(), "allowed at one end only: {half:?}");
    both
}

/// The service names a pod selector selects.
fn names(selector: &Value) -> Vec<String> {
    const NAME: &str = "app.kubernetes.io/name";
    let label = selector["matchLabels"][NAME].as_str().map(str::to_owned);
    let expressions = selector["matchExpressions"].as_array().cloned().unwrap_or_default();
    let listed = expressions.iter().filter(|e| e["key"] == NAME && e["operator"] == "In");
    let listed = listed.filter_map(|e| e["values"].as_array()).flatten();
    label.into_iter().chain(listed.filter_map(|name| name.as_str().map(str::to_owned))).collect()
}

#[test]
fn policies_allow_exactly_what_the_cards_use() {
    let catalogue = catalogue();
    let rendered = render(BTreeMap::new());
    let mut wished = BTreeSet::new();
    for service in rendered.keys() {
        let card = &catalogue.get(service).expect("a service").card;
        wished.extend(card.uses.keys().map(|used| (service.clone(), used.to_string())));
    }
    let scraped = rendered.keys().filter(|service| {
        *service != "prometheus" && catalogue.get(service).is_some_and(|s| s.card.metrics.is_some())
    });
    let scrapes: BTreeSet<_> =
        scraped.map(|service| ("prometheus".to_owned(), service.clone())).collect();
    wished.extend(scrapes);
    assert_eq!(allowed(&rendered), wished);
}

#[test]
fn the_namespace_is_closed_by_default() {
    let foundation = render(BTreeMap::new()).remove("foundation").expect("the foundation");
    let closed = foundation.iter().find(|object| object["kind"] == "NetworkPolicy");
    let closed = &closed.expect("a policy")["spec"];
    assert_eq!(closed["podSelector"], serde_json::json!({}));
    assert_eq!(closed["policyTypes"], serde_json::json!(["Ingress", "Egress"]));
    assert!(closed["ingress"].is_null() && closed["egress"].is_null());
}

/// Every arrow between two services of ours has a connection that carries it.
#[test]
fn every_edge_of_deployed_services_has_a_way() {
    let allowed = allowed(&render(BTreeMap::new()));
    for edge in edges().expect("the edges are right").iter().filter(|edge| edge.check.is_some()) {
        let (from, to) = (edge.from.to_string(), edge.to.to_string());
        // A sink pulls from Kafka, a browser's tool from its store.
        let way = [(from.clone(), to.clone()), (to, from)];
        assert!(way.iter().any(|way| allowed.contains(way)), "edge {}: {way:?}", edge.number);
    }
}

#[test]
fn the_home_page_lists_what_is_deployed_in_its_documented_format() {
    let schema = std::fs::read_to_string(charts().join("../tests/homepage.schema.json"));
    let schema: Value = serde_json::from_str(&schema.expect("the schema")).expect("JSON");
    let catalogue = catalogue();
    let rendered = render(BTreeMap::new());
    let map = rendered["homepage"].iter().find(|object| object["kind"] == "ConfigMap");
    let files = map.expect("a ConfigMap")["data"].as_object().expect("files").clone();
    let home = catalogue.get("homepage").expect("there");
    let named = |object: &&Value| object["metadata"]["name"] == "homepage-icons";
    let icons = &rendered["homepage"].iter().find(named).expect("icons")["data"];
    let validators = schema["$defs"].as_object().expect("definitions");
    for (file, content) in &files {
        let Some(name) = file.strip_suffix(".yaml") else { continue };
        assert!(validators.contains_key(name), "{file} is a file of Homepage's");
        let content: Value =
            serde_saphyr::from_str(content.as_str().expect("text")).unwrap_or(Value::Null);
        let root = serde_json::json!({"$ref": format!("#/$defs/{name}"), "$defs": validators});
        let validator = jsonschema::validator_for(&root).expect("a schema");
        let errors: Vec<_> = validator.iter_errors(&content).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{file}: {errors:?}\n{content:#}");
    }
    let services: Value =
        serde_saphyr::from_str(files["services.yaml"].as_str().expect("text")).expect("YAML");
    let groups =
        services.as_array().expect("groups").iter().flat_map(|g| g.as_object().expect("a group"));
    let tiles = groups.flat_map(|(_, tiles)| tiles.as_array().expect("tiles"));
    let tiles = tiles.flat_map(|tile| tile.as_object().expect("a tile"));
    let shown: BTreeMap<String, Value> =
        tiles.map(|(name, tile)| (name.clone(), tile.clone())).collect();
    let wished = catalogue.iter().filter(|(id, service)| {
        rendered.contains_key(id.as_str())
            && !service.card.ports.is_empty()
            && id.as_str() != "homepage"
    });
    for (id, service) in wished {
        let tile = shown.get(&service.card.title).unwrap_or_else(|| panic!("{id} has no tile"));
        if let Some(ui) = &service.card.ui {
            let expected = format!("https://{}.{DOMAIN}{}", ui.host, ui.path);
            assert_eq!(tile["href"], *expected, "{id}");
        }
        // Whatever speaks HTTP has a dot; a picture comes from inside.
        let http =
            matches!(&service.card.health, Some(health) if matches!(health.probe, Probe::Http(_)));
        assert!(!http || tile["siteMonitor"].is_string(), "{id}: nothing is asked");
        let asked = tile["siteMonitor"].is_string();
        assert!(!asked || home.card.uses.contains_key(id), "{id}: the network refuses it");
        let picture = tile["icon"].as_str().and_then(|icon| icon.strip_prefix("/icons/"));
        let picture = picture.unwrap_or_else(|| panic!("{id}: {}", tile["icon"]));
        assert!(icons[picture].as_str().is_some_and(|text| text.starts_with("<svg")), "{id}");
    }
    let known: BTreeSet<&str> = catalogue
        .iter()
        .filter(|(id, _)| rendered.contains_key(id.as_str()))
        .map(|(_, service)| service.card.title.as_str())
        .chain(["pi-1", "pi-2", "pi-3"])
        .collect();
    for title in shown.keys() {
        assert!(known.contains(title.as_str()), "{title} is not deployed");
    }
}

/// What the profile asks of the boards, told where it changes.
#[test]
fn the_profile_fits_three_boards_of_8_gb_by_its_requests() {
    for (boards, rendered) in both() {
        let mut requests = 0;
        for objects in rendered.values() {
            let lasting = objects.iter().filter(|object| object["kind"] != "Job");
            for object in lasting {
                let containers = object["spec"]["template"]["spec"]["containers"].as_array();
                for container in containers.into_iter().flatten() {
                    let memory = container["resources"]["requests"]["memory"].as_str();
                    let memory = memory.and_then(|text| text.strip_suffix("Mi")).expect("MiB");
                    requests += memory.parse::<u32>().expect("a number");
                }
            }
        }
        // Of three boards, less what system, k3s and its reserve take.
        assert!(requests < 19_700, "{boards}: {requests} MiB");
    }
}
