//! `LimitRange`: what containers ask for that do not say so, and how much may be asked
//! for at least and at most.

use super::amounts::{Amounts, ByName, Container, by_name};
use crate::manifest::{ManifestError, Object};

/// What a range is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Container,
    Pod,
    /// Claims, which are no pods.
    Other,
}

/// One entry of a `LimitRange`.
#[derive(Debug)]
pub(super) struct Range {
    name: String,
    about: About,
    default: ByName,
    default_request: ByName,
    min: ByName,
    max: ByName,
    /// Of limit and request at most, in thousandths.
    ratio: ByName,
}

/// The entries of a `LimitRange`, with what the API server sets in them: a missing
/// default is the maximum, a missing default request the default, or else the minimum.
pub(super) fn ranges(object: &Object) -> Result<Vec<Range>, ManifestError> {
    let mut ranges = Vec::new();
    for at in object.at().get("spec").get("limits").items()? {
        let about = match at.get("type").text()? {
            "Container" => About::Container,
            "Pod" => About::Pod,
            _ => About::Other,
        };
        let (min, max) = (by_name(&at.get("min"))?, by_name(&at.get("max"))?);
        let mut default = by_name(&at.get("default"))?;
        let mut default_request = by_name(&at.get("defaultRequest"))?;
        if about == About::Container {
            absent(&mut default, &max);
            absent(&mut default_request, &default);
            absent(&mut default_request, &min);
        }
        let mut ratio = ByName::new();
        for (name, at) in at.get("maxLimitRequestRatio").entries()? {
            ratio.insert(name.to_owned(), at.quantity(true)?);
        }
        let name = object.name.clone();
        ranges.push(Range { name, about, default, default_request, min, max, ratio });
    }
    Ok(ranges)
}

/// Sets what is not there.
fn absent(own: &mut ByName, other: &ByName) {
    for (name, amount) in other {
        own.entry(name.clone()).or_insert(*amount);
    }
}

impl Range {
    pub(super) fn defaults(&self, amounts: &mut Amounts) {
        if self.about == About::Container {
            absent(&mut amounts.limits, &self.default);
            absent(&mut amounts.requests, &self.default_request);
        }
    }

    /// Why a pod of these containers, and of so much as a whole, is not taken.
    pub(super) fn refuses(&self, containers: &[Container], whole: &Amounts) -> Option<String> {
        match self.about {
            About::Container => containers.iter().find_map(|(name, _, amounts)| {
                Some(format!("container `{name}` {}", self.breaks(amounts)?))
            }),
            About::Pod => Some(format!("the pod {}", self.breaks(whole)?)),
            About::Other => None,
        }
    }

    /// What it breaks, in words.
    fn breaks(&self, amounts: &Amounts) -> Option<String> {
        let told = |what: &str, resource: &str| {
            format!("{what} of {resource} that the LimitRange `{}` sets", self.name)
        };
        let (asked, most) = (&amounts.requests, &amounts.limits);
        for (resource, min) in &self.min {
            match asked.get(resource) {
                None => return Some(told("requests nothing, beside a minimum", resource)),
                Some(asked) if asked < min => {
                    return Some(told("requests less than the minimum", resource));
                }
                Some(_) if most.get(resource).is_some_and(|most| most < min) => {
                    return Some(told("has a limit below the minimum", resource));
                }
                Some(_) => {}
            }
        }
        for (resource, max) in &self.max {
            match most.get(resource) {
                None => return Some(told("has no limit, beside a maximum", resource)),
                Some(most) if most > max => {
                    return Some(told("has a limit above the maximum", resource));
                }
                Some(_) if asked.get(resource).is_some_and(|asked| asked > max) => {
                    return Some(told("requests more than the maximum", resource));
                }
                Some(_) => {}
            }
        }
        for (resource, ratio) in &self.ratio {
            let of = |amounts: &ByName| amounts.get(resource).copied().filter(|most| *most > 0);
            let wide = |amount: u64, by: u64| u128::from(amount) * u128::from(by);
            let within = match (of(asked), of(most)) {
                (Some(asked), Some(most)) => wide(most, 1000) <= wide(asked, *ratio),
                _ => false,
            };
            if !within {
                return Some(told("has no limit within the ratio to its request", resource));
            }
        }
        None
    }
}
