//! The part of a release's values nobody writes: it follows from the cards of
//! what is deployed together. A chart gets what its own values have a key for.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::card::{Card, Health, Probe, ServiceId};
use crate::catalogue::{Catalogue, Service};

/// The one that reads what others say of themselves, wherever they say it. It
/// needs none of them, so its card names none.
const SCRAPER: &str = "prometheus";

/// What the cluster is like, where charts depend on it.
#[derive(Debug, Clone, Default)]
pub struct Site {
    /// The domain under which user interfaces get host names.
    pub domain: String,
    /// Whether k3s' own Traefik is the way in.
    pub traefik: bool,
    /// Whether the node agents ask for a login.
    pub agent_login: bool,
    /// The nodes' names.
    pub nodes: Vec<String>,
    /// Tags of the images we bring ourselves, by repository.
    pub images: BTreeMap<String, String>,
    /// Values the nodes' boards ask for, by service.
    pub boards: BTreeMap<ServiceId, Value>,
    /// Requests and limits measured in the cluster, by service.
    pub sizes: BTreeMap<ServiceId, Value>,
}

/// The derived values of `id`, deployed together with `selected`.
pub(crate) fn values(
    id: &ServiceId,
    service: &Service,
    selected: &[ServiceId],
    catalogue: &Catalogue,
    site: &Site,
) -> Value {
    let mut derived = Map::new();
    let mut give = |key: &str, value: Value| {
        if service.chart.values.get(key).is_some() {
            derived.insert(key.to_owned(), value);
        }
    };
    give("network", network(id, service, selected, catalogue));
    give("clients", clients(id, selected, catalogue));
    give("domain", site.domain.clone().into());
    give("traefik", site.traefik.into());
    give("agentLogin", site.agent_login.into());
    give("nodes", site.nodes.clone().into());
    give("tiles", tiles(selected, catalogue, &site.domain));
    give("prometheus", selected.iter().any(|other| other.as_str() == SCRAPER).into());
    if let Some(ui) = &service.card.ui {
        give("ingress", json!({"host": host(&ui.host, &site.domain), "login": ui.login}));
    }
    let repository = service.chart.values["image"]["repository"].as_str().unwrap_or_default();
    if let Some(tag) = site.images.get(repository) {
        give("image", json!({"tag": tag}));
    }
    let mut derived = Value::Object(derived);
    for values in [&site.boards, &site.sizes].into_iter().filter_map(|values| values.get(id)) {
        merge(&mut derived, values.clone());
    }
    derived
}

/// Lays `over` onto `under`: tables are merged, anything else is replaced.
pub(crate) fn merge(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                merge(under.entry(key).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over,
    }
}

/// The address of a user interface.
pub fn address(service: &Service, domain: &str) -> Option<String> {
    let ui = service.card.ui.as_ref()?;
    Some(format!("https://{}{}", host(&ui.host, domain), ui.path))
}

/// The home page is the domain itself: what a person types first.
fn host(label: &str, domain: &str) -> String {
    if label == "homepage" { domain.to_owned() } else { format!("{label}.{domain}") }
}

/// Who may connect to it, and to whom it may connect.
fn network(
    id: &ServiceId,
    service: &Service,
    selected: &[ServiceId],
    catalogue: &Catalogue,
) -> Value {
    let from: Vec<&str> = users(id, selected, catalogue).map(|(user, _)| user.as_str()).collect();
    let scraped = |other: &ServiceId| {
        id.as_str() == SCRAPER
            && catalogue.get(other.as_str()).is_some_and(|s| s.card.metrics.is_some())
    };
    let to = catalogue.iter().map(|(other, _)| other).filter(|other| {
        *other != id
            && selected.contains(other)
            && (service.card.uses.contains_key(*other) || scraped(other))
    });
    let to: Vec<&str> = to.map(ServiceId::as_str).collect();
    json!({"from": from, "to": to})
}

/// What each client wants of a store.
fn clients(id: &ServiceId, selected: &[ServiceId], catalogue: &Catalogue) -> Value {
    let clients = users(id, selected, catalogue);
    Value::Object(
        clients.map(|(user, wants)| (user.to_string(), Value::Object(wants.clone()))).collect(),
    )
}

fn users<'a>(
    id: &'a ServiceId,
    selected: &'a [ServiceId],
    catalogue: &'a Catalogue,
) -> impl Iterator<Item = (&'a ServiceId, &'a Map<String, Value>)> {
    // By name, not in start order: a service more must not reorder the others.
    let all = catalogue.iter().filter(|(user, _)| selected.contains(user));
    all.filter_map(move |(user, service)| Some((user, service.card.uses.get(id)?)))
}

/// One tile of the home page for each service that has something to open or
/// to reach.
fn tiles(selected: &[ServiceId], catalogue: &Catalogue, domain: &str) -> Value {
    let shown = catalogue.iter().filter(|(id, service)| {
        selected.contains(id) && !service.card.ports.is_empty() && id.as_str() != "homepage"
    });
    let tile = |(id, service): (&ServiceId, &Service)| {
        let card = &service.card;
        let port = card.health.as_ref().map(|health| &health.port);
        let port =
            port.and_then(|port| card.ports.get(port)).or_else(|| card.ports.values().next());
        json!({
            "service": id.as_str(),
            "title": card.title,
            "summary": card.summary,
            "group": card.group,
            "icon": card.icon,
            "href": address(service, domain),
            "port": port,
            "monitor": monitor(id, card),
        })
    };
    shown.map(tile).collect()
}

/// What says whether a service without a user interface answers: what its own probe
/// asks. Of one that speaks no HTTP there is nothing to ask.
fn monitor(id: &ServiceId, card: &Card) -> Option<String> {
    let (None, Some(Health { port, probe: Probe::Http(path) })) = (&card.ui, &card.health) else {
        return None;
    };
    let number = card.ports.get(port)?;
    Some(format!("http://{id}:{number}{path}"))
}

#[cfg(test)]
mod tests;
