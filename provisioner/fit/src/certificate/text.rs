//! Certificates as sentences.

use std::fmt::{self, Display, Formatter};

use super::{Certificate, Places, Short};
use crate::pack::{Cause, Tie};

impl Display for Certificate {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere { pod, nodes } => write!(
                out,
                "{pod} may {}: cordons, taints, labels, volumes or neighbours keep it off",
                match nodes {
                    1 => "not run on the only node".to_owned(),
                    nodes => format!("run on none of {nodes} nodes"),
                }
            ),
            Self::TooLarge { pod, short } => {
                write!(out, "{pod} is larger than every node it may go to: {}", shortages(short))
            }
            Self::Confined { nodes, pods, dimension, needs, has } => write!(
                out,
                "{} together need {}; {} left",
                counted(pods.len(), "pod"),
                amount(dimension, *needs, *needs),
                match nodes.as_slice() {
                    [node] => format!(
                        "{node}, the only node they may run on, has {}",
                        bare(dimension, *has, *needs)
                    ),
                    nodes => format!(
                        "the nodes they may run on, {}, have {}",
                        list(nodes),
                        bare(dimension, *has, *needs)
                    ),
                }
            ),
            Self::Copies { pods, places, cause } => write!(
                out,
                "{} like {} have {}: {}",
                counted(pods.len(), "pod"),
                pods.first().map_or("", String::as_str),
                room(places),
                match cause {
                    Cause::HostPort => "each takes the same port of its node",
                    Cause::AntiAffinity => "they exclude each other",
                    Cause::Size => "no node holds more of that size",
                    Cause::Spread => "a domain that stays empty limits the others",
                }
            ),
            Self::Apart { pods, nodes } => write!(
                out,
                "no two of {} can share a node, and they may run on only {}: {}",
                list(pods),
                counted(nodes.len(), "node"),
                list(nodes)
            ),
            Self::Together { pods, tie, domains } => {
                write!(out, "{}", together(pods, *tie, domains))
            }
            Self::Searched { pods, nodes, steps, again } => write!(
                out,
                "there is no way to place {} on {}: one search ruled all out in {steps} steps, \
                 another in {again}",
                counted(*pods, "pod"),
                counted(*nodes, "node")
            ),
        }
    }
}

/// Pods that no place takes all of.
fn together(pods: &[String], tie: Tie, domains: &[Vec<String>]) -> String {
    let pods = list(pods);
    let one = domains.iter().all(|nodes| nodes.len() == 1);
    let (place, why) = match (tie, one) {
        (Tie::Volume, _) => ("node", "where the volume is that they share"),
        (Tie::Affinity, true) => ("node", "as they require each other"),
        (Tie::Affinity, false) => ("domain", "as they require each other"),
    };
    format!("{pods} have to be on one {place}, {why}, and no {place} takes all of them")
}

/// Where a pod falls short, nodes that lack the same told together.
fn shortages(short: &[Short]) -> String {
    let groups = short.chunk_by(|a, b| a.dimension == b.dimension && a.needs == b.needs);
    let told: Vec<String> = groups
        .filter_map(|group| {
            let Short { dimension, needs, .. } = group.first()?;
            let has = |short: &Short| {
                format!("{} has {}", short.node, bare(dimension, short.has, *needs))
            };
            let nodes: Vec<String> = group.iter().map(has).collect();
            Some(format!("it needs {}, and {}", amount(dimension, *needs, *needs), list(&nodes)))
        })
        .collect();
    told.join("; ")
}

/// How many copies find a place, and where.
fn room(places: &[Places]) -> String {
    let total: u64 = places.iter().map(|places| places.most).sum();
    let each: Vec<String> =
        places.iter().map(|places| format!("{} on {}", places.most, list(&places.nodes))).collect();
    match (total, each.as_slice()) {
        (0, _) => "no place".to_owned(),
        (1, _) => format!("only 1 place, {}", list(&each)),
        _ => format!("only {total} places, {}", list(&each)),
    }
}

/// An amount of a dimension: `1.5 cores`, `512 MiB of memory`, `3 places`.
/// `of` is what it is held against: what is needed is rounded up and what there
/// is down, so that a shortage stays one.
fn amount(dimension: &str, value: u64, of: u64) -> String {
    let what = match dimension {
        "memory" => " of memory",
        "ephemeral-storage" => " of ephemeral storage",
        _ => "",
    };
    format!("{}{what}", bare(dimension, value, of))
}

/// The same without saying of what.
fn bare(dimension: &str, value: u64, of: u64) -> String {
    let plural = |amount: &str, noun: &str| {
        format!("{amount} {noun}{}", if amount == "1" { "" } else { "s" })
    };
    match dimension {
        "cpu" => {
            let cores = format!("{}.{:03}", value / 1000, value % 1000);
            plural(cores.trim_end_matches('0').trim_end_matches('.'), "core")
        }
        "memory" | "ephemeral-storage" => {
            let units = [(1 << 20, "MiB"), (1 << 10, "KiB"), (1, "bytes")];
            let (size, unit) =
                units.into_iter().find(|(size, _)| of >= *size).unwrap_or((1, "bytes"));
            format!("{} {unit}", if value < of { value / size } else { value.div_ceil(size) })
        }
        "pods" => plural(&value.to_string(), "place"),
        other => format!("{value} {other}"),
    }
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// `a, b and c`; of a long row the first and how many more.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 6;
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] if first.len() < SHOWN => format!("{} and {last}", first.join(", ")),
        all => format!("{} and {} more", all[..SHOWN].join(", "), all.len() - SHOWN),
    }
}
