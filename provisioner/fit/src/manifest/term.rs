//! Selectors, affinities, tolerations, spread constraints.

use super::ManifestError;
use super::at::At;
use super::node::effect;
use crate::model::{
    NodeAffinity, NodeTerm, Operator, PodAffinity, PodTerm, Requirement, Selector,
    SpreadConstraint, Toleration,
};

/// A label selector; missing, it selects nothing.
pub(super) fn selector(at: &At<'_>) -> Result<Selector, ManifestError> {
    if at.is_null() {
        return Ok(None);
    }
    let equal = at.get("matchLabels").texts()?.into_iter().map(|(key, value)| Requirement {
        key,
        operator: Operator::In,
        values: vec![value],
    });
    let expressions = at.get("matchExpressions").items()?;
    let expressions = expressions.iter().map(requirement).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(equal.chain(expressions).collect()))
}

fn requirement(at: &At<'_>) -> Result<Requirement, ManifestError> {
    let operator = at.get("operator");
    Ok(Requirement {
        key: at.get("key").text()?.to_owned(),
        operator: match operator.text()? {
            "In" => Operator::In,
            "NotIn" => Operator::NotIn,
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::DoesNotExist,
            "Gt" => Operator::Gt,
            "Lt" => Operator::Lt,
            other => {
                return Err(operator.wrong(format!(
                    "expected In, NotIn, Exists, DoesNotExist, Gt or Lt, found `{other}`"
                )));
            }
        },
        values: at.get("values").list()?,
    })
}

pub(super) fn node_affinity(at: &At<'_>) -> Result<NodeAffinity, ManifestError> {
    let required = at.get("requiredDuringSchedulingIgnoredDuringExecution");
    let terms = required.get("nodeSelectorTerms").items()?;
    let preferred = at.get("preferredDuringSchedulingIgnoredDuringExecution").items()?;
    Ok(NodeAffinity {
        required: if required.is_null() {
            None
        } else {
            Some(terms.iter().map(node_term).collect::<Result<_, _>>()?)
        },
        preferred: preferred
            .iter()
            .map(|at| Ok((weight(at)?, node_term(&at.get("preference"))?)))
            .collect::<Result<_, ManifestError>>()?,
    })
}

pub(super) fn node_term(at: &At<'_>) -> Result<NodeTerm, ManifestError> {
    let all = |at: At<'_>| at.items()?.iter().map(requirement).collect::<Result<Vec<_>, _>>();
    Ok(NodeTerm { labels: all(at.get("matchExpressions"))?, fields: all(at.get("matchFields"))? })
}

pub(super) fn pod_affinity(
    at: &At<'_>,
    namespace: &str,
    labels: &std::collections::BTreeMap<String, String>,
) -> Result<PodAffinity, ManifestError> {
    let required = at.get("requiredDuringSchedulingIgnoredDuringExecution").items()?;
    let preferred = at.get("preferredDuringSchedulingIgnoredDuringExecution").items()?;
    Ok(PodAffinity {
        required: required
            .iter()
            .map(|at| pod_term(at, namespace, labels))
            .collect::<Result<_, _>>()?,
        preferred: preferred
            .iter()
            .map(|at| Ok((weight(at)?, pod_term(&at.get("podAffinityTerm"), namespace, labels)?)))
            .collect::<Result<_, ManifestError>>()?,
    })
}

fn pod_term(
    at: &At<'_>,
    namespace: &str,
    labels: &std::collections::BTreeMap<String, String>,
) -> Result<PodTerm, ManifestError> {
    let named = at.get("namespaces").list()?;
    let chosen = at.get("namespaceSelector");
    let own = chosen.is_null() && named.is_empty();
    let mut selector = selector(&at.get("labelSelector"))?;
    own_labels(&at.get("matchLabelKeys"), &mut selector, labels, Operator::In)?;
    own_labels(&at.get("mismatchLabelKeys"), &mut selector, labels, Operator::NotIn)?;
    Ok(PodTerm {
        namespaces: if own { vec![namespace.to_owned()] } else { named },
        namespace_selector: self::selector(&chosen)?,
        selector,
        topology_key: at.get("topologyKey").text()?.to_owned(),
    })
}

/// Keys whose values are taken from the pod's own labels.
fn own_labels(
    at: &At<'_>,
    selector: &mut Selector,
    labels: &std::collections::BTreeMap<String, String>,
    operator: Operator,
) -> Result<(), ManifestError> {
    for key in at.list()? {
        if let (Some(all), Some(value)) = (selector.as_mut(), labels.get(&key)) {
            all.push(Requirement { key, operator, values: vec![value.clone()] });
        }
    }
    Ok(())
}

fn weight(at: &At<'_>) -> Result<u32, ManifestError> {
    let at = at.get("weight");
    let weight = at.number_or(0)?;
    match u32::try_from(weight) {
        Ok(weight) if (1..=100).contains(&weight) => Ok(weight),
        _ => Err(at.wrong(format!("expected 1 to 100, found {weight}"))),
    }
}

pub(super) fn toleration(at: &At<'_>) -> Result<Toleration, ManifestError> {
    let key = at.get("key").text_or("")?;
    let operator = at.get("operator");
    let value = match operator.text_or("Equal")? {
        "Exists" => None,
        "Equal" | "" => Some(at.get("value").text_or("")?.to_owned()),
        other => {
            return Err(operator.wrong(format!("expected Exists or Equal, found `{other}`")));
        }
    };
    let given = at.get("effect");
    Ok(Toleration {
        key: (!key.is_empty()).then(|| key.to_owned()),
        value,
        effect: match given.text_or("")? {
            "" => None,
            _ => Some(effect(&given)?),
        },
    })
}

pub(super) fn spread(
    at: &At<'_>,
    labels: &std::collections::BTreeMap<String, String>,
) -> Result<SpreadConstraint, ManifestError> {
    let skew = at.get("maxSkew");
    let when = at.get("whenUnsatisfiable");
    let mut selector = selector(&at.get("labelSelector"))?;
    own_labels(&at.get("matchLabelKeys"), &mut selector, labels, Operator::In)?;
    let small = |at: &At<'_>, number: u64| {
        u32::try_from(number).map_err(|_| at.wrong(format!("{number} is too large")))
    };
    let domains = at.get("minDomains");
    Ok(SpreadConstraint {
        max_skew: match small(&skew, skew.number_or(0)?)? {
            0 => return Err(skew.wrong("expected 1 or more, found 0 or nothing")),
            skew => skew,
        },
        topology_key: at.get("topologyKey").text()?.to_owned(),
        hard: match when.text()? {
            "DoNotSchedule" => true,
            "ScheduleAnyway" => false,
            other => {
                return Err(when
                    .wrong(format!("expected DoNotSchedule or ScheduleAnyway, found `{other}`")));
            }
        },
        selector,
        min_domains: if domains.is_null() {
            None
        } else {
            Some(small(&domains, domains.number_or(0)?)?)
        },
        honor_affinity: at.get("nodeAffinityPolicy").text_or("Honor")? != "Ignore",
        honor_taints: at.get("nodeTaintsPolicy").text_or("Ignore")? == "Honor",
    })
}
