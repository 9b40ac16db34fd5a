//! A problem in numbers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::arrival::Arrival;
use super::counter::{Counter, Spread, Topology};
use super::row::{ByNode, NodeRow, PodRow, Wishes, extended, node_row, row, wishes};
use crate::filter::wants;
use crate::limit;
use crate::model::{Node, Pod, PodTerm, Problem, Selector, SpreadConstraint, selects, shared};

/// The system's defaults for pods that say nothing of spreading: label and skew.
const DEFAULTS: [(&str, u32); 2] =
    [("kubernetes.io/hostname", 3), ("topology.kubernetes.io/zone", 5)];

/// A problem, ready to be run any number of times.
#[derive(Debug, Clone)]
pub struct Compiled {
    pub(super) nodes: Vec<NodeRow>,
    pub(super) pods: Vec<PodRow>,
    pub(super) topologies: Vec<Topology>,
    pub(super) counters: Vec<Counter>,
    /// Extended resources, in the order of the rows' lists.
    pub(super) extended: usize,
    /// Distinct host ports.
    pub(super) ports: usize,
    /// Ports that exclude each other, by number.
    pub(super) clashes: Vec<Vec<usize>>,
    /// How many volumes several pods share that are on no node yet.
    pub(super) volumes: usize,
    /// Who comes after whom, and who gives way to whom.
    pub(super) arrival: Arrival,
}

/// What a counter counts: the pods some terms mean together, or those that have
/// a term themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum What {
    Meant(usize),
    /// Those that stay.
    Copies(usize),
    Holders(usize),
    Liked(usize),
}

struct Builder<'p> {
    problem: &'p Problem,
    topologies: Vec<Topology>,
    counters: Vec<Counter>,
    known: BTreeMap<(What, usize, Vec<bool>), usize>,
    /// Distinct sets of terms, and which pods all of a set mean.
    meanings: Vec<(Vec<PodTerm>, Vec<bool>)>,
    rows: Vec<PodRow>,
}

impl Compiled {
    /// Works out what does not change from run to run.
    pub fn new(problem: &Problem) -> Self {
        let names = extended(problem);
        let mut all_ports = Vec::new();
        for port in problem.pods.iter().flat_map(|pod| &pod.host_ports) {
            if !all_ports.contains(&port) {
                all_ports.push(port);
            }
        }
        let clash = |a: &crate::model::HostPort, b: &crate::model::HostPort| {
            a.port == b.port
                && a.protocol == b.protocol
                && (a.ip == b.ip || a.ip == "0.0.0.0" || b.ip == "0.0.0.0")
        };
        let clashes = all_ports
            .iter()
            .map(|a| (0..all_ports.len()).filter(|&b| clash(a, all_ports[b])).collect())
            .collect();
        let shared = shared(problem);
        let mut builder = Builder {
            problem,
            topologies: Vec::new(),
            counters: Vec::new(),
            known: BTreeMap::new(),
            meanings: Vec::new(),
            rows: Vec::new(),
        };
        let names_of = problem.nodes.iter().enumerate();
        let places: HashMap<&str, usize> =
            names_of.map(|(place, node)| (node.name.as_str(), place)).collect();
        // Most pods ask the same of the nodes, or nothing.
        let mut decided: HashMap<Wishes<'_>, Arc<ByNode>> = HashMap::new();
        for pod in &problem.pods {
            limit::check();
            let by_node = decided
                .entry(wishes(pod))
                .or_insert_with(|| Arc::new(ByNode::new(pod, &problem.nodes)));
            let row = row(pod, &places, &names, Arc::clone(by_node));
            builder.rows.push(PodRow {
                ports: pod
                    .host_ports
                    .iter()
                    .filter_map(|port| all_ports.iter().position(|known| *known == port))
                    .collect(),
                volumes: pod.claims.iter().filter_map(|claim| claim.among(pod, &shared)).collect(),
                ..row
            });
        }
        builder.neighbours();
        builder.spreading();
        let nodes = problem.nodes.iter().map(|node| node_row(node, &names)).collect();
        Self {
            nodes,
            pods: builder.rows,
            topologies: builder.topologies,
            counters: builder.counters,
            extended: names.len(),
            ports: all_ports.len(),
            clashes,
            volumes: shared.len(),
            arrival: Arrival::new(problem),
        }
    }

    /// Whether pods placed later can open a node to it.
    pub(super) fn waits_for_neighbours(&self, pod: usize) -> bool {
        let row = &self.pods[pod];
        !row.needs.is_empty() || row.spread.iter().any(|spread| spread.hard)
    }
}

impl Builder<'_> {
    fn topology(&mut self, key: &str) -> usize {
        self.topologies.iter().position(|known| known.key == key).unwrap_or_else(|| {
            self.topologies.push(Topology::new(key, &self.problem.nodes));
            self.topologies.len() - 1
        })
    }

    /// The number of a set of terms that have to mean a pod together.
    fn meaning(&mut self, terms: &[PodTerm]) -> usize {
        self.meanings.iter().position(|(known, _)| known == terms).unwrap_or_else(|| {
            let meant = |pod: &Pod| {
                limit::check();
                terms.iter().all(|term| term.means(pod))
            };
            let meant = self.problem.pods.iter().map(meant).collect();
            self.meanings.push((terms.to_vec(), meant));
            self.meanings.len() - 1
        })
    }

    /// A counter, made when it is new, together with the pods it counts.
    fn counter(&mut self, what: What, topology: usize, among: &[bool]) -> usize {
        limit::check();
        let key = (what, topology, among.to_vec());
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let number = self.counters.len();
        self.counters.push(Counter { topology, among: among.to_vec() });
        self.known.insert(key, number);
        let (meaning, all) = match what {
            What::Meant(meaning) => (meaning, true),
            What::Copies(meaning) => (meaning, false),
            What::Holders(_) | What::Liked(_) => return number,
        };
        let pods = self.rows.iter_mut().zip(&self.problem.pods).zip(&self.meanings[meaning].1);
        for ((row, _), _) in pods.filter(|((_, pod), meant)| **meant && (all || !pod.leaving)) {
            row.adds.push((number, 1));
        }
        number
    }

    /// Affinity and anti-affinity between pods, both ways.
    fn neighbours(&mut self) {
        let problem = self.problem;
        for (place, pod) in problem.pods.iter().enumerate() {
            limit::check();
            let required = &pod.affinity.required;
            if !required.is_empty() {
                // Only pods that all terms mean count for any of them.
                let meaning = self.meaning(required);
                self.rows[place].needs_itself = self.meanings[meaning].1[place];
                for term in required {
                    let topology = self.topology(&term.topology_key);
                    let counter = self.counter(What::Meant(meaning), topology, &[]);
                    self.rows[place].needs.push(counter);
                    // Pods like to join those that require them.
                    self.holder(place, term, 1);
                }
            }
            for term in &pod.anti_affinity.required {
                let meaning = self.meaning(std::slice::from_ref(term));
                let topology = self.topology(&term.topology_key);
                let counter = self.counter(What::Meant(meaning), topology, &[]);
                self.rows[place].excludes.push(counter);
                let before = self.counters.len();
                let holders = self.counter(What::Holders(meaning), topology, &[]);
                if !self.rows[place].adds.iter().any(|(known, _)| *known == holders) {
                    self.rows[place].adds.push((holders, 1));
                }
                // Those it means are the same for all that hold it.
                if holders == before {
                    let meant = self.rows.iter_mut().zip(&self.meanings[meaning].1);
                    for (row, _) in meant.filter(|(_, meant)| **meant) {
                        row.excludes.push(holders);
                    }
                }
            }
            let liked =
                pod.affinity.preferred.iter().map(|(weight, term)| (i64::from(*weight), term));
            let disliked = pod
                .anti_affinity
                .preferred
                .iter()
                .map(|(weight, term)| (-i64::from(*weight), term));
            for (weight, term) in liked.chain(disliked) {
                let meaning = self.meaning(std::slice::from_ref(term));
                let topology = self.topology(&term.topology_key);
                let counter = self.counter(What::Meant(meaning), topology, &[]);
                self.rows[place].likes.push((counter, weight));
                self.holder(place, term, weight);
            }
        }
    }

    /// What a placed pod wishes scores those it means.
    fn holder(&mut self, place: usize, term: &PodTerm, weight: i64) {
        let meaning = self.meaning(std::slice::from_ref(term));
        let topology = self.topology(&term.topology_key);
        let before = self.counters.len();
        let counter = self.counter(What::Liked(meaning), topology, &[]);
        self.rows[place].adds.push((counter, weight));
        // Those it means are the same for all that hold it.
        if counter == before {
            let meant = self.rows.iter_mut().zip(&self.meanings[meaning].1);
            for (row, _) in meant.filter(|(_, meant)| **meant) {
                row.likes.push((counter, 1));
            }
        }
    }

    fn spreading(&mut self) {
        let problem = self.problem;
        for (place, pod) in problem.pods.iter().enumerate() {
            limit::check();
            // Neighbours in the list are often copies of one template.
            if let Some(before) = place.checked_sub(1)
                && spread_alike(&problem.pods[before], pod)
            {
                self.rows[place].spread = Arc::clone(&self.rows[before].spread);
                continue;
            }
            let mut constraints: Vec<(SpreadConstraint, bool)> =
                pod.spread.iter().map(|one| (one.clone(), false)).collect();
            if constraints.is_empty() && pod.copies.as_ref().is_some_and(|all| !all.is_empty()) {
                constraints =
                    DEFAULTS.iter().map(|row| (default(*row, &pod.copies), true)).collect();
            }
            let spread = constraints
                .iter()
                .map(|(constraint, default)| self.constraint(pod, constraint, *default))
                .collect();
            self.rows[place].spread = spread;
        }
    }

    fn constraint(&mut self, pod: &Pod, one: &SpreadConstraint, default: bool) -> Spread {
        let nodes = &self.problem.nodes;
        let topology = self.topology(&one.topology_key);
        // Nodes that lack a label of any of the pod's own constraints are no
        // part of it.
        let same_kind = |other: &&SpreadConstraint| other.hard == one.hard;
        let keys: Vec<&str> =
            pod.spread.iter().filter(same_kind).map(|other| other.topology_key.as_str()).collect();
        let tolerated = |node: &Node| {
            node.taints.iter().all(|taint| {
                taint.effect == crate::model::Effect::PreferNoSchedule
                    || pod.tolerations.iter().any(|toleration| toleration.tolerates(taint))
            })
        };
        let among: Vec<bool> = nodes
            .iter()
            .map(|node| {
                (!one.honor_affinity || wants(pod, node))
                    && (!one.honor_taints || tolerated(node))
                    && keys.iter().all(|key| node.labels.contains_key(*key))
            })
            .collect();
        let own = selects(&one.selector, &pod.labels);
        let term = PodTerm {
            namespaces: vec![pod.namespace.clone()],
            namespace_selector: None,
            selector: one.selector.clone(),
            topology_key: String::new(),
        };
        let meaning = self.meaning(&[term]);
        let counter = self.counter(What::Copies(meaning), topology, &among);
        let topology_row = &self.topologies[topology];
        let mut eligible = vec![false; topology_row.domains];
        for (node, domain) in topology_row.domain.iter().enumerate() {
            if let (true, Some(domain)) = (among[node], domain) {
                eligible[*domain as usize] = true;
            }
        }
        Spread {
            counter,
            topology,
            max_skew: one.max_skew,
            hard: one.hard,
            min_domains: one.min_domains,
            own,
            eligible,
            default,
        }
    }
}

/// Whether two pods are spread alike.
fn spread_alike(one: &Pod, other: &Pod) -> bool {
    one.namespace == other.namespace
        && one.labels == other.labels
        && one.spread == other.spread
        && one.copies == other.copies
        && one.node_selector == other.node_selector
        && one.node_affinity == other.node_affinity
        && one.tolerations == other.tolerations
}

fn default((key, max_skew): (&str, u32), copies: &Selector) -> SpreadConstraint {
    SpreadConstraint {
        max_skew,
        topology_key: key.to_owned(),
        hard: false,
        selector: copies.clone(),
        min_domains: None,
        honor_affinity: true,
        honor_taints: false,
    }
}
