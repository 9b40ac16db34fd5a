//! Requests and limits: every container's are where its card says, and a
//! measured size changes those of its containers and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use terrarium_helm::card::{Resources, ServiceId};
use terrarium_helm::overlay::{Entry, Overlay, floor};
use terrarium_helm::release::Release;

use crate::core::{of_small_boards, rendered, wished};
use crate::helm::catalogue;

/// What brings out containers a chart leaves away by itself.
fn more(service: &str) -> &'static [&'static str] {
    match service {
        "github-source" => &["--set=recorded=true"],
        "ingress" => &["--api-versions=helm.cattle.io/v1/HelmChartConfig"],
        _ => &[],
    }
}

/// Requests and limits by container. Two of one name in one chart could not be
/// told apart.
fn containers(service: &str, objects: &[Value]) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for object in objects {
        let pod = &object["spec"]["template"]["spec"];
        let lists = [&pod["initContainers"], &pod["containers"]];
        for container in lists.into_iter().filter_map(Value::as_array).flatten() {
            let name = container["name"].as_str().expect("a name").to_owned();
            let twice = found.insert(name, container["resources"].clone());
            assert_eq!(twice, None, "{service}: two containers {}", container["name"]);
        }
        // k3s makes Traefik's pod of the values of its own chart.
        if object["kind"] == "HelmChartConfig" {
            let text = object["spec"]["valuesContent"].as_str().expect("values");
            let values: Value = serde_saphyr::from_str(text).expect("YAML");
            found.insert("traefik".to_owned(), values["resources"].clone());
        }
    }
    found
}

/// The releases' containers, by service.
fn all(releases: &[Release]) -> BTreeMap<ServiceId, BTreeMap<String, Value>> {
    let of = |release: &Release| {
        let service = release.name.as_str();
        (release.name.clone(), containers(service, &rendered(release, more(service))))
    };
    releases.iter().map(of).collect()
}

fn entry() -> Entry {
    let quantity = |what, text: &str| (what, text.to_owned());
    Entry {
        requests: BTreeMap::from([quantity("cpu", "1m"), quantity("memory", "3Mi")]),
        limits: BTreeMap::from([quantity("memory", "5Mi")]),
        ..Entry::default()
    }
}

#[test]
fn a_measured_size_changes_its_containers_and_no_others() {
    let catalogue = catalogue();
    let mut seen: BTreeSet<(ServiceId, String)> = BTreeSet::new();
    for boards in [BTreeMap::new(), of_small_boards(&catalogue)] {
        let plain = all(&wished(boards.clone(), BTreeMap::new()));
        // One place of each service at a time.
        for turn in 0.. {
            let mut overlay = Overlay::default();
            let mut places: BTreeMap<ServiceId, &Resources> = BTreeMap::new();
            for (id, service) in catalogue.iter() {
                if let Some(place) = service.card.resources.get(turn) {
                    overlay.put(id, &place.values, entry());
                    places.insert(id.clone(), place);
                }
            }
            if overlay.is_empty() {
                break;
            }
            let mut sized = wished(boards.clone(), overlay.values());
            sized.retain(|release| places.contains_key(&release.name));
            for (id, after) in all(&sized) {
                let changed: Vec<&str> = after
                    .iter()
                    .filter(|(name, resources)| plain[&id].get(*name) != Some(resources))
                    .map(|(name, resources)| {
                        assert_eq!(*resources, json!(entry()), "{id}: {name}");
                        name.as_str()
                    })
                    .collect();
                let mut named: Vec<&str> =
                    places[&id].containers.iter().map(String::as_str).collect();
                named.retain(|name| after.contains_key(*name));
                named.sort_unstable();
                assert_eq!(changed, named, "{id}: {}", places[&id].values);
            }
        }
        for (id, containers) in &plain {
            seen.extend(containers.keys().map(|name| (id.clone(), name.clone())));
        }
    }
    let of_card = |(id, card): (&ServiceId, &[Resources])| {
        let names = card.iter().flat_map(|place| &place.containers);
        names.map(|name| (id.clone(), name.clone())).collect::<Vec<_>>()
    };
    let cards = catalogue.iter().map(|(id, service)| (id, &*service.card.resources));
    let named: Vec<_> = cards.flat_map(of_card).collect();
    let distinct: BTreeSet<_> = named.iter().cloned().collect();
    assert_eq!(distinct, seen, "of the cards, and of the charts");
    assert_eq!(distinct.len(), named.len(), "a container is named twice");
}

/// A card that names a value nobody can read would bound nothing.
#[test]
fn a_card_names_a_heap_its_chart_has() {
    let mut heaps = 0;
    for (id, service) in catalogue().iter() {
        for place in service.card.resources.iter().filter(|place| place.heap.is_some()) {
            let floor = floor(service, place, &Value::Null).unwrap_or_else(|| panic!("{id}"));
            assert!(floor >= 64 << 20, "{id}: {floor} bytes");
            heaps += 1;
        }
    }
    assert!(heaps >= 10, "only {heaps} heaps");
}
