//! Certificates as sentences.

use std::fmt::{self, Display, Formatter};

use super::Certificate;
use crate::pack::Cause;

impl Display for Certificate {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere { pod, nodes } => {
                write!(out, "{pod} is accepted by none of {}", counted(*nodes, "node"))
            }
            Self::TooLarge { pod, short } => {
                write!(out, "{pod} is larger than every node it may go to:")?;
                for (index, short) in short.iter().enumerate() {
                    let (needs, has) = (&short.needs, &short.has);
                    let comma = if index == 0 { "" } else { ";" };
                    write!(
                        out,
                        "{comma} it needs {} and {} has {}",
                        amount(&short.dimension, *needs),
                        short.node,
                        amount(&short.dimension, *has)
                    )?;
                }
                Ok(())
            }
            Self::Confined { nodes, pods, dimension, needs, has } => write!(
                out,
                "{} that can only go to {} need {} together, {} there",
                counted(pods.len(), "pod"),
                list(nodes),
                amount(dimension, *needs),
                format_args!("{} left", amount(dimension, *has)),
            ),
            Self::Copies { pods, places, cause } => {
                let total: u64 = places.iter().map(|places| places.most).sum();
                let why = match cause {
                    Cause::HostPort => "each takes the same port of its node",
                    Cause::AntiAffinity => "they exclude each other",
                    Cause::Size => "a node holds only so many of that size",
                    Cause::Spread => "a domain that stays empty limits the others",
                };
                let nodes: Vec<String> = places
                    .iter()
                    .map(|places| format!("{} on {}", places.most, list(&places.nodes)))
                    .collect();
                write!(
                    out,
                    "{} like {} have {} ({}): {why}",
                    counted(pods.len(), "pod"),
                    pods.first().map_or("", String::as_str),
                    counted(usize::try_from(total).unwrap_or(usize::MAX), "place"),
                    if nodes.is_empty() {
                        "no node takes one".to_owned()
                    } else {
                        nodes.join(", ")
                    },
                )
            }
            Self::Apart { pods, nodes } => write!(
                out,
                "{} no two of which share a node ({}) have only {}: {}",
                counted(pods.len(), "pod"),
                list(pods),
                counted(nodes.len(), "node"),
                list(nodes)
            ),
            Self::Searched { pods, nodes, steps, again } => write!(
                out,
                "no placement of {} on {} exists: one search ruled all out in {steps} steps, \
                 another in {again}",
                counted(*pods, "pod"),
                counted(*nodes, "node")
            ),
        }
    }
}

/// An amount in a dimension's unit: `1500m cpu`, `512 MiB memory`, `3 pods`.
pub fn amount(dimension: &str, value: u64) -> String {
    match dimension {
        "cpu" => format!("{value}m cpu"),
        "memory" | "ephemeral-storage" => {
            // The largest unit that says it exactly: two amounts never look alike.
            let units = [(1 << 20, "MiB"), (1 << 10, "KiB"), (1, "bytes")];
            let (size, unit) = units
                .into_iter()
                .find(|(size, _)| value.is_multiple_of(*size))
                .unwrap_or((1, "bytes"));
            format!("{} {unit} {dimension}", value / size)
        }
        "pods" => counted(usize::try_from(value).unwrap_or(usize::MAX), "pod"),
        other => format!("{value} {other}"),
    }
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// Names in a row; a long row is cut and says by how much.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 6;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{shown} and {more} more"),
        _ => shown,
    }
}
