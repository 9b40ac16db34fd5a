//! Boards whose memory is known only within bounds: judged at both ends.

use super::{Ends, Kind, Verdict, Word};

/// The verdict that holds from the smaller nodes to the larger: theirs if they
/// agree, else `possible` where any placement is known, else `unknown`.
#[must_use]
pub fn between(low: Verdict, high: Verdict) -> Verdict {
    let span = |of: fn(&Verdict) -> Ends| {
        let (low, high) = (of(&low), of(&high));
        Ends { low: low.low.min(high.low), high: low.high.max(high.high) }
    };
    let (share, any_order) = (span(|verdict| verdict.share), span(|verdict| verdict.any_order));
    let cut = low.cut.clone().or(high.cut);
    if low.verdict == high.verdict {
        return Verdict { share, any_order, cut, ..low };
    }
    let reason =
        format!("at the boards' smallest, {}; at their largest, {}", low.reason, high.reason);
    let placed = !high.placement.is_empty() || !low.placement.is_empty();
    let placement = if low.placement.is_empty() { high.placement } else { low.placement };
    let services = low
        .services
        .into_iter()
        .map(|(name, mut service)| {
            let other = high.services.get(&name).map(|service| service.verdict);
            if other.is_some_and(|other| other != service.verdict) {
                service.verdict =
                    if other == Some(Kind::Unknown) { Kind::Unknown } else { Kind::Possible };
                service.certificate = None;
            }
            (name, service)
        })
        .collect();
    Verdict {
        verdict: if placed { Kind::Possible } else { Kind::Unknown },
        word: if low.word == high.word { low.word } else { Word::Tight },
        reason,
        placement,
        share,
        any_order,
        services,
        certificate: None,
        guarantee: None,
        cut,
        ..low
    }
}
