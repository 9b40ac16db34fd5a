//! The pages of the services: what cards, values and edges say of each.

use terrarium_helm::card::{Card, ServiceId, User};
use terrarium_helm::catalogue::{Catalogue, Service};
use terrarium_helm::derive::address;
use terrarium_helm::edge::{Edge, edges};

use crate::generated::{committed, memory_mib};

fn page(id: &ServiceId) -> String {
    format!("docs/services/{id}.md")
}

#[test]
fn every_service_has_a_page_with_what_its_card_says() {
    let catalogue = Catalogue::embedded().unwrap();
    let edges = edges().unwrap();
    for (id, service) in catalogue.iter() {
        committed(&page(id), "card", &card(id, service, &edges));
    }
}

#[test]
fn the_list_of_services_names_each_with_its_page() {
    let catalogue = Catalogue::embedded().unwrap();
    let mut text = String::new();
    for group in terrarium_helm::card::GROUPS {
        let of = catalogue.iter().filter(|(_, service)| service.card.group == group);
        let rows: String = of.map(|(id, service)| listed(id, &service.card)).collect();
        if !rows.is_empty() {
            let head = "| service | is | profiles |\n|---|---|---|\n";
            for part in ["\n### ", group, "\n\n", head, &rows] {
                text.push_str(part);
            }
        }
    }
    committed("docs/services/index.md", "services", &format!("{text}\n"));
}

#[test]
fn the_list_of_edges_is_the_diagram() {
    let catalogue = Catalogue::embedded().unwrap();
    let end = |id: &ServiceId| {
        let known = catalogue.get(id.as_str());
        known.map_or_else(|| format!("{id} (to come)"), |_| format!("[{id}](../services/{id}.md)"))
    };
    let row = |edge: &Edge| {
        let within = edge.check.as_ref().map_or("–".to_owned(), |c| format!("{} s", c.within));
        format!(
            "| {} | {} | {} | {} | {within} |\n",
            edge.number,
            end(&edge.from),
            end(&edge.to),
            edge.title
        )
    };
    let rows: String = edges().unwrap().iter().map(row).collect();
    let head = "| edge | from | to | says | proven within |\n|---|---|---|---|---|\n";
    committed("docs/reference/edges.md", "edges", &format!("{head}{rows}"));
}

fn listed(id: &ServiceId, card: &Card) -> String {
    let profiles = card.profiles.join(", ");
    format!("| [{}]({id}.md) | {} | {profiles} |\n", card.title, card.summary)
}

fn card(id: &ServiceId, service: &Service, edges: &[Edge]) -> String {
    let (card, values) = (&service.card, &service.chart.values);
    let mut rows: Vec<(&str, String)> = vec![("is", card.summary.clone())];
    if let Some(address) = address(service, "<domain>") {
        rows.push(("address", format!("`{address}`")));
    }
    if !card.ports.is_empty() {
        let ports = card.ports.iter().map(|(name, number)| format!("{name} {number}"));
        let ports = ports.collect::<Vec<_>>().join(", ");
        rows.push(("within the cluster", format!("`{id}.terrarium.svc`: {ports}")));
    }
    let logins = card.logins.iter().map(|login| {
        let user = match &login.user {
            User::Fixed(user) if user.is_empty() => "no user".to_owned(),
            User::Fixed(user) => format!("user `{user}`"),
            User::Key(_) => "a user of its own".to_owned(),
        };
        format!("{}: {user}, password in Secret `{}`", login.title, login.secret)
    });
    let mut logins: Vec<String> = logins.collect();
    if card.ui.as_ref().is_some_and(|ui| ui.login) {
        logins.push("asked for on the way in: the [shared login](ingress.md)".to_owned());
    }
    rows.push(("login", if logins.is_empty() { "none".to_owned() } else { logins.join("; ") }));
    let [request, limit] = ["requests", "limits"].map(|which| memory_mib(which, values));
    if request > 0 {
        rows.push(("memory, request / limit", format!("{request} MiB / {limit} MiB")));
    }
    if let Some(size) = values["storage"]["size"].as_str() {
        rows.push(("volume", size.to_owned()));
    }
    if let Some(repository) = values["image"]["repository"].as_str() {
        let tag = values["image"]["tag"].as_str().unwrap_or_default();
        rows.push(("image", format!("`{repository}:{tag}`")));
    }
    rows.push(("cannot do without", links(card.needs.iter())));
    rows.push(("connects to", links(card.uses.keys())));
    let touching = edges.iter().filter(|edge| edge.from == *id || edge.to == *id);
    let touching = touching.map(|edge| format!("{} ({})", edge.number, edge.title));
    rows.push(("[edges](../reference/edges.md)", touching.collect::<Vec<_>>().join("; ")));
    for case in &card.cannot_run {
        let which = match &case.arch_below {
            Some(level) => format!("boards below {level}"),
            None => case.boards.join(", "),
        };
        rows.push(("does not run on", format!("{which}: {}", case.reason)));
    }
    rows.push(("profiles", card.profiles.join(", ")));
    let rows = rows.into_iter().filter(|(_, text)| !text.is_empty());
    let rows: Vec<String> = rows.map(|(what, text)| format!("| {what} | {text} |\n")).collect();
    format!("| | |\n|---|---|\n{}", rows.concat())
}

fn links<'a>(ids: impl Iterator<Item = &'a ServiceId>) -> String {
    ids.map(|id| format!("[{id}]({id}.md)")).collect::<Vec<_>>().join(", ")
}

#[test]
fn no_page_is_left_of_a_service_that_is_gone() {
    let catalogue = Catalogue::embedded().unwrap();
    for file in crate::files("docs/services") {
        let name = file.rsplit('/').next().unwrap().trim_end_matches(".md");
        assert!(name == "index" || catalogue.get(name).is_some(), "{file}");
    }
    let nav = crate::read("docs/theme/mkdocs.yml");
    for (id, _) in catalogue.iter() {
        assert!(nav.contains(&format!(" services/{id}.md")), "{id} is not in the site's list");
    }
}

/// A service that nobody could run must not look like one that was.
#[test]
fn every_service_says_what_holds_its_configuration() {
    let catalogue = Catalogue::embedded().unwrap();
    let text = crate::read("docs/services/index.md");
    let (_, section) = text.split_once("## What holds each configuration").unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| [")?.strip_suffix(" |"));
    let mut proofs: Vec<(&str, &str)> = Vec::new();
    for row in rows {
        let cells: Vec<&str> = row.split(" | ").collect();
        let &[service, proof, what] = cells.as_slice() else { panic!("three cells: {row}") };
        let link = service.split_once("](").and_then(|(_, link)| link.strip_suffix(".md)"));
        let id = link.unwrap_or_else(|| panic!("a link to its page: {service}"));
        assert!(catalogue.get(id).is_some(), "{id} is no service");
        assert!(["lab", "once", "schema", "reading"].contains(&proof), "{id}: {proof}");
        assert!(!what.is_empty(), "{id}: of what?");
        proofs.push((id, proof));
    }
    let images = crate::files("hardware/lab/images");
    let described = images.iter().filter(|file| file.ends_with("/image.toml"));
    let lab: String = described.map(|file| crate::read(file)).collect();
    for (id, service) in catalogue.iter() {
        let of: Vec<&str> =
            proofs.iter().filter(|(of, _)| *of == id.as_str()).map(|(_, proof)| *proof).collect();
        let &[proof] = of.as_slice() else { panic!("{id} has {} rows, not one", of.len()) };
        // Nothing runs in the lab whose image the lab has not; ours are built there.
        let image = service.chart.values["image"]["repository"].as_str();
        let ours = image.is_none_or(|image| image.contains("terrarium"));
        let named = format!("hardware/lab/images/{id}/image.toml");
        let there = images.contains(&named)
            || image.is_some_and(|image| lab.contains(&format!("{image}:")));
        assert!(proof != "lab" || ours || there, "{id}: the lab has no {image:?}");
    }
}
