//! Pods that never start whatever room there is: the API server does not take them, or
//! a volume that one pod alone may use has more than one.

use std::collections::BTreeMap;

use terrarium_fit::limit;
use terrarium_fit::model::Pod;

use super::answer::{Remark, Weight};
use super::problem::Asked;
use super::words::listed;
use crate::report::terminal::count;

/// A refusal for each service with such pods.
pub(super) fn remarks(asked: &Asked) -> Vec<Remark> {
    let mut remarks: Vec<Remark> = asked.refused.iter().map(refused).collect();
    remarks.extend(claims(asked));
    remarks
}

fn refused(refusal: &terrarium_fit::manifest::Refusal) -> Remark {
    let (service, why) = (&refusal.service, &refusal.why);
    let which = match (refusal.pods, refusal.of) {
        (1, 1) => format!("the pod of `{service}` is not"),
        (pods, of) if pods == of => format!("none of the {of} pods of `{service}` is"),
        (1, of) => format!("1 of the {of} pods of `{service}` is not"),
        (pods, of) => format!("{pods} of the {of} pods of `{service}` are not"),
    };
    Remark {
        about: "admission",
        service: Some(service.clone()),
        weight: Weight::Refusal,
        what: format!("{which} taken by the API server: {why}"),
        hint: Some("change what the namespace allows, or what the pods ask for".to_owned()),
    }
}

/// Claims for one pod alone that several pods name, of which one starts.
fn claims(asked: &Asked) -> Vec<Remark> {
    let mut users: BTreeMap<(&str, &str), Vec<&Pod>> = BTreeMap::new();
    for pod in asked.low.pods.iter().filter(|pod| !pod.ends()) {
        limit::check();
        for claim in pod.claims.iter().filter(|claim| claim.alone && !claim.ephemeral) {
            users.entry((&pod.namespace, &claim.name)).or_default().push(pod);
        }
    }
    let several = users.into_iter().filter(|(_, pods)| pods.len() > 1);
    several
        .map(|((namespace, claim), pods)| {
            let mut services: Vec<String> =
                pods.iter().map(|pod| format!("`{}`", pod.service)).collect();
            services.dedup();
            Remark {
                about: "volume",
                service: pods.last().map(|pod| pod.service.clone()),
                weight: Weight::Refusal,
                what: format!(
                    "{} of {} name the claim {namespace}/{claim}, which one pod alone may use \
                     (ReadWriteOncePod): one starts and {} never",
                    count(pods.len(), "pod"),
                    listed(&services),
                    if pods.len() == 2 { "the other" } else { "the others" },
                ),
                hint: Some("give each its own claim, or the mode ReadWriteOnce".to_owned()),
            }
        })
        .collect()
}
