//! `ResourceQuota`: pods of a namespace beyond it are not taken. What is about other
//! objects than pods is passed over.

use std::collections::{BTreeMap, BTreeSet};

use super::amounts::{self, Amounts};
use super::{Admission, Refusal, Runtime};
use crate::limit;
use crate::manifest::at::At;
use crate::manifest::{ManifestError, Object};
use crate::model::Pod;

/// Of these each container has to say something where a quota bounds them.
const REQUIRED: [&str; 6] =
    ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];
/// A quota on pods themselves, in both ways to write it.
const COUNTS: [&str; 2] = ["pods", "count/pods"];

/// The quotas among the objects.
#[derive(Debug, Default)]
pub(in crate::manifest) struct Quotas(BTreeMap<String, Vec<Quota>>);

#[derive(Debug)]
struct Quota {
    name: String,
    /// The most by resource, and as it is written.
    hard: BTreeMap<String, (u64, String)>,
    scopes: Vec<Scope>,
    used: BTreeMap<String, u64>,
}

/// Which pods a quota is about.
#[derive(Debug)]
struct Scope {
    name: String,
    operator: String,
    values: Vec<String>,
}

/// One pod of an object, as quotas see it.
#[derive(Debug, Clone)]
pub(in crate::manifest) struct Charge {
    namespace: String,
    /// What it counts for, by the quotas' names.
    usage: BTreeMap<String, u64>,
    /// Of each container the names of [`REQUIRED`] it says nothing of.
    silent: Vec<(String, BTreeSet<&'static str>)>,
    /// Whether it has a deadline.
    terminating: bool,
    /// Whether no container says anything of CPU or memory.
    best_effort: bool,
    class: String,
    /// Whether it wants, or does not want, neighbours of other namespaces.
    across: bool,
}

impl Charge {
    /// Of the pods of that spec.
    pub(in crate::manifest) fn new(
        spec: &At<'_>,
        namespace: &str,
        admission: &Admission,
    ) -> Result<Self, ManifestError> {
        let containers =
            amounts::of_containers(spec, |amounts| admission.defaults(namespace, amounts))?;
        let mut whole = amounts::of_pod(spec, &containers)?;
        let own = Amounts::new(&spec.get("resources"))?;
        let says = |amounts: &Amounts, name: &str| match name.split_once('.') {
            Some(("limits", name)) => amounts.limits.contains_key(name),
            Some((_, name)) => amounts.requests.contains_key(name),
            None => amounts.requests.contains_key(name),
        };
        let silent = containers.iter().map(|(container, _, amounts)| {
            let missing = |name: &&str| !says(amounts, name) && !says(&own, name);
            (container.clone(), REQUIRED.into_iter().filter(missing).collect())
        });
        let silent = silent.collect();
        let computes = |amounts: &Amounts| {
            let mut said = amounts.requests.keys().chain(amounts.limits.keys());
            said.any(|name| matches!(name.as_str(), "cpu" | "memory"))
        };
        let best_effort = !computes(&whole);
        let overhead = match spec.get("overhead") {
            own if !own.is_null() => amounts::by_name(&own)?,
            _ => admission.runtime(spec)?.map(Runtime::by_name).unwrap_or_default(),
        };
        for (name, more) in overhead {
            if let Some(limit) = whole.limits.get_mut(&name) {
                *limit = limit.saturating_add(more);
            }
            let sum = whole.requests.entry(name).or_default();
            *sum = sum.saturating_add(more);
        }
        Ok(Self {
            namespace: namespace.to_owned(),
            usage: usage(&whole),
            silent,
            terminating: !spec.get("activeDeadlineSeconds").is_null(),
            best_effort,
            class: spec.get("priorityClassName").text_or("")?.to_owned(),
            across: across(spec)?,
        })
    }
}

fn usage(whole: &Amounts) -> BTreeMap<String, u64> {
    let mut usage: BTreeMap<String, u64> = COUNTS.map(|name| (name.to_owned(), 1)).into();
    for (name, amount) in &whole.requests {
        usage.insert(format!("requests.{name}"), *amount);
        if matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage")
            || name.starts_with("hugepages-")
        {
            usage.insert(name.clone(), *amount);
        }
    }
    usage.extend(whole.limits.iter().map(|(name, amount)| (format!("limits.{name}"), *amount)));
    usage
}

/// Whether any of its terms on neighbours names namespaces.
fn across(spec: &At<'_>) -> Result<bool, ManifestError> {
    let affinity = spec.get("affinity");
    for which in ["podAffinity", "podAntiAffinity"] {
        let of = affinity.get(which);
        let mut terms = of.get("requiredDuringSchedulingIgnoredDuringExecution").items()?;
        for one in of.get("preferredDuringSchedulingIgnoredDuringExecution").items()? {
            terms.push(one.get("podAffinityTerm"));
        }
        for term in terms {
            let named = !term.get("namespaces").items()?.is_empty();
            if named || !term.get("namespaceSelector").is_null() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

impl Scope {
    fn holds(&self, pod: &Charge) -> bool {
        match self.name.as_str() {
            "Terminating" => pod.terminating,
            "NotTerminating" => !pod.terminating,
            "BestEffort" => pod.best_effort,
            "NotBestEffort" => !pod.best_effort,
            "CrossNamespacePodAffinity" => pod.across,
            "PriorityClass" => match self.operator.as_str() {
                "In" => self.values.contains(&pod.class),
                "NotIn" => !self.values.contains(&pod.class),
                "DoesNotExist" => pod.class.is_empty(),
                _ => !pod.class.is_empty(),
            },
            // One that is yet to be invented is about some pods that are not known.
            _ => false,
        }
    }
}

impl Quotas {
    pub(in crate::manifest) fn new(objects: &[Object]) -> Result<Self, ManifestError> {
        let mut all = Self::default();
        for object in objects.iter().filter(|object| object.kind.is("ResourceQuota")) {
            let spec = object.at().get("spec");
            let mut hard = BTreeMap::new();
            for (name, at) in spec.get("hard").entries()? {
                let milli = matches!(name, "cpu" | "requests.cpu" | "limits.cpu");
                let written = at.value.as_str().map_or_else(|| at.value.to_string(), str::to_owned);
                hard.insert(name.to_owned(), (at.quantity(milli)?, written));
            }
            let mut scopes = Vec::new();
            for name in spec.get("scopes").list()? {
                scopes.push(Scope { name, operator: "Exists".to_owned(), values: Vec::new() });
            }
            for at in spec.get("scopeSelector").get("matchExpressions").items()? {
                scopes.push(Scope {
                    name: at.get("scopeName").text()?.to_owned(),
                    operator: at.get("operator").text()?.to_owned(),
                    values: at.get("values").list()?,
                });
            }
            let quota = Quota { name: object.name.clone(), hard, scopes, used: BTreeMap::new() };
            all.0.entry(object.namespace.clone()).or_default().push(quota);
        }
        Ok(all)
    }

    pub(in crate::manifest) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes away the pods beyond the quotas, `charges` having one for each: first come
    /// those that are there, then the others in order. A pod of a job waits until others
    /// have ended, so it is refused only where what stays leaves it no room at all.
    pub(in crate::manifest) fn keep(
        mut self,
        pods: &mut Vec<Pod>,
        charges: &[&Charge],
    ) -> Vec<Refusal> {
        let stays = |pod: &Pod| pod.node_name.is_some();
        for (_, charge) in pods.iter().zip(charges).filter(|(pod, _)| stays(pod)) {
            self.add(charge);
        }
        let mut refused: BTreeMap<usize, String> = BTreeMap::new();
        for ends in [false, true] {
            let new = pods.iter().zip(charges).enumerate();
            for (place, (pod, charge)) in new.filter(|(_, (pod, _))| !stays(pod)) {
                limit::check();
                if pod.ends() != ends {
                    continue;
                }
                match self.refuses(charge) {
                    Some(why) => drop(refused.insert(place, why)),
                    None if !ends => self.add(charge),
                    None => {}
                }
            }
        }
        let mut of: BTreeMap<&str, usize> = BTreeMap::new();
        for pod in pods.iter() {
            *of.entry(&pod.service).or_default() += 1;
        }
        let mut told: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for (place, why) in &refused {
            *told.entry((&pods[*place].service, why)).or_default() += 1;
        }
        let refusals = told.into_iter().map(|((service, why), count)| Refusal {
            service: service.to_owned(),
            pods: count,
            of: of.get(service).copied().unwrap_or(count),
            why: why.to_owned(),
        });
        let refusals = refusals.collect();
        let mut place = 0;
        pods.retain(|_| {
            place += 1;
            !refused.contains_key(&(place - 1))
        });
        refusals
    }

    fn of<'q>(&'q mut self, charge: &'q Charge) -> impl Iterator<Item = &'q mut Quota> {
        let quotas = self.0.get_mut(&charge.namespace).into_iter().flatten();
        quotas.filter(move |quota| quota.scopes.iter().all(|scope| scope.holds(charge)))
    }

    fn add(&mut self, charge: &Charge) {
        for quota in self.of(charge) {
            for (name, amount) in &charge.usage {
                let used = quota.used.entry(name.clone()).or_default();
                *used = used.saturating_add(*amount);
            }
        }
    }

    fn refuses(&mut self, charge: &Charge) -> Option<String> {
        self.of(charge).find_map(|quota| quota.refuses(charge))
    }
}

impl Quota {
    fn refuses(&self, charge: &Charge) -> Option<String> {
        for (container, silent) in &charge.silent {
            if let Some(name) = silent.iter().find(|name| self.hard.contains_key(**name)) {
                return Some(format!(
                    "container `{container}` says nothing of {name}, which the ResourceQuota `{}` \
                     bounds",
                    self.name
                ));
            }
        }
        self.hard.iter().find_map(|(name, (hard, written))| {
            let more = charge.usage.get(name)?;
            let used = self.used.get(name).copied().unwrap_or_default();
            (used.saturating_add(*more) > *hard)
                .then(|| format!("the ResourceQuota `{}` allows {name}: {written}", self.name))
        })
    }
}
