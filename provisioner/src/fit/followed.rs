//! Advice, followed: what is left of the question once it is taken, judged anew.
//! Nothing is advised that was not judged so.

use std::sync::Arc;

use terrarium_fit::model::Problem;
use terrarium_fit::verdict::Budget;

use super::answer::{Remark, Word};
use super::judge::{Terms, word_of};
use super::kubelet::node;
use super::problem::Asked;
use super::site::Site;

/// The same question on other nodes, and the services that run on none of them.
pub(crate) type Again<'a> = &'a (dyn Fn(&[Site]) -> Option<(Asked, Vec<Remark>)> + Send + Sync);

/// As much as the gate before a deployment takes.
const BUDGET: Budget = Budget { search: 200_000, proof: 0, runs: 200, seed: 1 };

/// The word once these services are left out.
pub(crate) fn without(asked: &Asked, terms: &Terms<'_>, services: &[String]) -> Word {
    let stays = |service: &str| !services.iter().any(|gone| gone == service);
    let pods = |problem: &Problem| Problem {
        nodes: problem.nodes.clone(),
        pods: problem.pods.iter().filter(|pod| stays(&pod.service)).cloned().collect(),
    };
    let left = Asked {
        low: Arc::new(pods(&asked.low)),
        high: Arc::new(pods(&asked.high)),
        jobs: asked.jobs.iter().filter(|pod| stays(&pod.service)).cloned().collect(),
        about: asked.about.clone(),
        sites: asked.sites.clone(),
        unjudged: asked.unjudged.clone(),
        refused: asked.refused.iter().filter(|of| stays(&of.service)).cloned().collect(),
        growth: Vec::new(),
        at_most: None,
    };
    let refused = terms.refused.iter();
    let refused = refused.filter(|remark| remark.service.as_deref().is_none_or(stays));
    word_of(&left, &Terms { refused: refused.cloned().collect(), ..short(terms) })
}

/// The word on these nodes; nothing where it cannot be told, as for a chart that has
/// to be rendered for a board nobody has.
pub(crate) fn on(asked: &Asked, terms: &Terms<'_>, sites: Vec<Site>) -> Option<Word> {
    if let Some(again) = terms.again {
        let (asked, refused) = again(&sites)?;
        return Some(word_of(&asked, &Terms { refused, ..short(terms) }));
    }
    if !terms.refused.is_empty() {
        return None;
    }
    let nodes = |memory: fn(&Site) -> u64| {
        sites.iter().map(|site| node(site, memory(site), terms.stock).ok()).collect::<Option<_>>()
    };
    let problem = |nodes, problem: &Problem| Problem { nodes, pods: problem.pods.clone() };
    let other = Asked {
        low: Arc::new(problem(nodes(|site| site.memory.low)?, &asked.low)),
        high: Arc::new(problem(nodes(|site| site.memory.high)?, &asked.high)),
        jobs: asked.jobs.clone(),
        about: asked.about.clone(),
        sites,
        unjudged: asked.unjudged.clone(),
        refused: asked.refused.clone(),
        growth: Vec::new(),
        at_most: None,
    };
    Some(word_of(&other, &short(terms)))
}

fn short<'a>(terms: &Terms<'a>) -> Terms<'a> {
    Terms {
        subject: terms.subject.clone(),
        budget: BUDGET,
        stock: terms.stock,
        prices: terms.prices,
        refused: Vec::new(),
        notes: Vec::new(),
        again: None,
        allowance: terms.allowance,
    }
}
