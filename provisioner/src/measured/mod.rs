//! What a cluster that runs was measured to use: whether it bears that, and what
//! its containers should ask for.
//!
//! ```text
//! agents ─▶ snapshot ─┐
//! kubectl ─▶ cluster ─┼▶ join ─▶ node, service, sizes ─▶ judge ─▶ answer ─▶ table, JSON, html
//! Prometheus ─▶ history ┘                    provision fit ──┘
//! ```

pub(crate) mod answer;
mod causes;
pub(crate) mod cluster;
pub(crate) mod gather;
pub(crate) mod history;
pub(crate) mod html;
mod http;
pub(crate) mod join;
pub(crate) mod judge;
mod node;
pub(crate) mod predict;
pub(crate) mod prometheus;
mod service;
pub(crate) mod sizes;
pub(crate) mod snapshot;
pub(crate) mod table;
mod victims;
mod words;

use std::collections::BTreeMap;

use terrarium_fit::k3s::SERVICE as K3S;
use terrarium_helm::card::GROUPS;
use terrarium_helm::catalogue::Catalogue;

/// What services are called, and the heading they stand under.
#[derive(Debug, Clone, Default)]
pub(crate) struct About(BTreeMap<String, (String, String)>);

impl About {
    /// From the cards.
    pub(crate) fn new(catalogue: &Catalogue) -> Self {
        let cards = catalogue.iter().map(|(id, service)| {
            let card = &service.card;
            (id.to_string(), (card.title.clone(), card.group.clone()))
        });
        let k3s = (K3S.to_owned(), ("Pods of k3s".to_owned(), GROUPS[0].to_owned()));
        Self(cards.chain([k3s]).collect())
    }

    /// Title and group; its own name and its namespace where there is no card.
    fn of(&self, service: &str, namespace: &str) -> (String, String) {
        let unknown = || (service.to_owned(), namespace.to_owned());
        self.0.get(service).cloned().unwrap_or_else(unknown)
    }
}

/// Where a group stands; unknown ones last.
fn rank(group: &str) -> usize {
    GROUPS.iter().position(|known| *known == group).unwrap_or(GROUPS.len())
}
