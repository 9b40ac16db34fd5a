//! Workloads, opened into the pods their controllers would make.

use std::collections::{BTreeMap, BTreeSet};

use super::admission::{Admission, Bill, Refusal};
use super::at::At;
use super::autoscaler::{Autoscalers, Scale, has_target};
use super::beyond::{elsewhere, missing, spec_of};
use super::daemon::{daemon_set, name_node};
use super::kind::Part;
use super::pod::{Around, storage, template};
use super::running::Running;
use super::taken::Taken;
use super::volume;
use super::{ManifestError, Manifests, Object, PODS_MAX, Place, Why, balancer, term};
use crate::limit;
use crate::model::{Claim, Node, Operator, Owner, Pod, Requirement, selects};

/// Pods of a rollout, in per cent of the replicas, where nothing else is said.
const QUARTER: u64 = 25;

pub(super) fn pods(
    objects: &[Object],
    nodes: &[Node],
    scale: Scale,
    taken: &mut Taken,
) -> Result<Manifests, ManifestError> {
    let mut around = around(objects, scale)?;
    around.claims = volume::claims(objects, nodes, taken)?;
    let mut bill = Bill::new(objects)?;
    let services = services(objects)?;
    let running = Running::new(objects, nodes)?;
    let owners = objects
        .iter()
        .map(|o| (o.kind.name.as_str(), o.namespace.as_str(), o.name.as_str()))
        .collect();
    let known: BTreeSet<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
    let mut found = Manifests { objects: objects.len(), ..Manifests::default() };
    let mut places: BTreeMap<String, &Place> = BTreeMap::new();
    for object in objects {
        limit::check();
        if is_owned(object, &owners)? || is_left(object, objects, &mut found)? {
            continue;
        }
        let at = object.at();
        let Some(mut made) = made(&at, object, &around, nodes)? else { continue };
        let whose = spec_of(&at, &object.kind);
        if let Some(why) = elsewhere(&whose, &known)? {
            found.leave(why, format!("pod of {}", object.at().object()), made.len());
            continue;
        }
        let replicas = at.get("spec").get("replicas").number_or(1).unwrap_or_default();
        found.growth.extend(around.autoscalers.growth(object, replicas));
        if let Some(why) = admitted(object, &around, &whose, &mut made)? {
            let (service, pods) = (object.name.clone(), made.len());
            found.refused.push(Refusal { service, pods, of: pods, why });
            continue;
        }
        bill.add(&whose, &object.namespace, &around.admission, made.len())?;
        running.place(object, &mut made);
        missing(&whose, &object.namespace, &around, &mut found)?;
        for pod in &mut made {
            limit::check();
            pod.service.clone_from(&object.name);
            copies(pod, &services);
            if let Some(first) = places.insert(pod.key(), &object.place) {
                return Err(ManifestError::Twice {
                    what: format!("Pod {}", pod.key()),
                    first: first.clone(),
                    second: object.place.clone(),
                });
            }
        }
        if found.pods.is_empty() {
            // Not copied: there may be very many.
            found.pods = made;
        } else {
            found.pods.append(&mut made);
        }
        if found.pods.len() as u64 > PODS_MAX {
            return Err(at.wrong(format!("more than {PODS_MAX} pods are asked for in all")));
        }
    }
    apart(&mut found.pods);
    found.refused.extend(bill.keep(&mut found.pods));
    found.refused.retain(|refusal| refusal.pods > 0);
    balancer::collisions(objects, &mut found)?;
    Ok(found)
}

/// Whether its controller is here as well and makes it.
fn is_owned(object: &Object, owners: &BTreeSet<(&str, &str, &str)>) -> Result<bool, ManifestError> {
    let mut owned = false;
    for owner in object.at().get("metadata").get("ownerReferences").items()? {
        let (kind, name) = (owner.get("kind").text()?, owner.get("name").text()?);
        owned |= owners.contains(&(kind, object.namespace.as_str(), name));
    }
    Ok(owned)
}

/// Whether it makes no pods that are judged; told where it may make a difference.
fn is_left(
    object: &Object,
    objects: &[Object],
    found: &mut Manifests,
) -> Result<bool, ManifestError> {
    let why = match object.kind.part() {
        Part::Read if object.kind.is("HorizontalPodAutoscaler") => {
            (!has_target(object, objects)?).then_some(Why::NoTarget)
        }
        Part::Read => return Ok(false),
        Part::Nothing => None,
        Part::MakesPods => Some(Why::MakesPods),
        Part::ChangesPods => Some(Why::ChangesPods),
    };
    if let Some(why) = why {
        found.leave(why, object.kind.told(), 1);
    }
    Ok(true)
}

/// What the API server makes of pods on their way; in words, why it does not take them.
fn admitted(
    object: &Object,
    around: &Around,
    spec: &At<'_>,
    made: &mut [Pod],
) -> Result<Option<String>, ManifestError> {
    if !matches!(object.kind.name.as_str(), "Pod" | "DaemonSet") {
        made.iter_mut().for_each(name_node);
    }
    // What is there already was taken once.
    if object.kind.is("Pod") && !object.at().get("status").get("phase").is_null() {
        return Ok(None);
    }
    around.admission.dress(spec, made)?;
    around.admission.refuses(spec, &object.namespace)
}

/// Workloads of one name in several namespaces are several services.
fn apart(pods: &mut [Pod]) {
    let mut namespaces: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for pod in pods.iter() {
        limit::check();
        namespaces.entry(&pod.service).or_default().insert(&pod.namespace);
    }
    let several = namespaces.into_iter().filter(|(_, namespaces)| namespaces.len() > 1);
    let several: BTreeSet<String> = several.map(|(name, _)| name.to_owned()).collect();
    for pod in pods.iter_mut().filter(|pod| several.contains(&pod.service)) {
        pod.service = format!("{}/{}", pod.namespace, pod.service);
    }
}

/// The pods of a workload; nothing when the object is none.
fn made(
    at: &At<'_>,
    object: &Object,
    around: &Around,
    nodes: &[Node],
) -> Result<Option<Vec<Pod>>, ManifestError> {
    let made = match object.kind.name.as_str() {
        "Pod" => pod(at, object, around)?,
        "Deployment" | "ReplicaSet" | "ReplicationController" => deployment(at, object, around)?,
        "StatefulSet" => stateful_set(at, object, around)?,
        "DaemonSet" => daemon_set(at, object, around, nodes)?,
        "Job" => job(at, object, around, &at.get("spec"))?,
        "CronJob" => {
            let spec = at.get("spec").get("jobTemplate").get("spec");
            if at.get("spec").get("suspend").flag()? {
                Vec::new()
            } else {
                job(at, object, around, &spec)?
            }
        }
        _ => return Ok(None),
    };
    Ok(Some(made))
}

/// Adds to those who count as copies what Services select it by.
fn copies(pod: &mut Pod, services: &[(String, Vec<Requirement>)]) {
    for (namespace, selector) in services {
        limit::check();
        if *namespace == pod.namespace && selects(&Some(selector.clone()), &pod.labels) {
            pod.copies.get_or_insert_default().extend(selector.iter().cloned());
        }
    }
}

/// What a selector that only names labels and values asks for; nothing when it is
/// empty.
fn equal(labels: BTreeMap<String, String>) -> Option<Vec<Requirement>> {
    let equal = |(key, value)| Requirement { key, operator: Operator::In, values: vec![value] };
    (!labels.is_empty()).then(|| labels.into_iter().map(equal).collect())
}

fn services(objects: &[Object]) -> Result<Vec<(String, Vec<Requirement>)>, ManifestError> {
    let mut services = Vec::new();
    for object in objects.iter().filter(|object| object.kind.is("Service")) {
        let labels = object.at().get("spec").get("selector").texts()?;
        if !labels.is_empty() {
            services.push((object.namespace.clone(), equal(labels).unwrap_or_default()));
        }
    }
    Ok(services)
}

fn around(objects: &[Object], scale: Scale) -> Result<Around, ManifestError> {
    let (admission, autoscalers) = (Admission::new(objects)?, Autoscalers::new(objects, scale)?);
    let mut around = Around { admission, autoscalers, ..Around::default() };
    for object in objects {
        let at = object.at();
        if object.kind.is("PriorityClass") {
            let value = at.get("value");
            let priority = i32::try_from(value.integer_or(0)?)
                .map_err(|_| value.wrong("expected a priority of 32 bits"))?;
            around.classes.insert(object.name.clone(), priority);
            if at.get("preemptionPolicy").text_or("")? == "Never" {
                around.patient.insert(object.name.clone());
            }
            if at.get("globalDefault").flag()? {
                around.default_class = priority;
            }
        } else if object.kind.is("Namespace") {
            let labels = at.get("metadata").get("labels").texts()?;
            around.namespaces.insert(object.name.clone(), labels);
        }
    }
    Ok(around)
}

fn pod(at: &At<'_>, object: &Object, around: &Around) -> Result<Vec<Pod>, ManifestError> {
    let phase = at.get("status").get("phase").text_or("")?;
    if matches!(phase, "Succeeded" | "Failed") {
        return Ok(Vec::new());
    }
    let pod = template(at, &object.namespace, around)?;
    let leaving = !at.get("metadata").get("deletionTimestamp").is_null();
    if leaving && pod.node_name.is_none() {
        return Ok(Vec::new());
    }
    let owner = at.get("metadata").get("ownerReferences").items()?.into_iter().next();
    let owner = match owner {
        None => Owner::Pod,
        Some(owner) => {
            let name = owner.get("name").text()?.to_owned();
            match owner.get("kind").text()? {
                "ReplicaSet" => Owner::Deployment { name, max_surge: 0, max_unavailable: 0 },
                // It is there already.
                "StatefulSet" => Owner::StatefulSet { name, ordered: false },
                "DaemonSet" => Owner::DaemonSet { name, max_surge: 0 },
                "Job" => Owner::Job { name },
                _ => Owner::Pod,
            }
        }
    };
    Ok(vec![Pod { name: object.name.clone(), owner, leaving, ..pod }])
}

/// Copies of the template, numbered from 0.
fn numbered(
    at: &At<'_>,
    object: &Object,
    around: &Around,
    replicas: u64,
    owner: &Owner,
) -> Result<Vec<Pod>, ManifestError> {
    let spec = at.get("spec");
    let pod = template(&spec.get("template"), &object.namespace, around)?;
    let selector = spec.get("selector");
    let copies = if object.kind.is("ReplicationController") {
        equal(selector.texts()?)
    } else {
        term::selector(&selector)?
    };
    if replicas > PODS_MAX {
        return Err(spec.get("replicas").wrong(format!("{replicas} is more than {PODS_MAX}")));
    }
    let name = |number| format!("{}-{number}", object.name);
    Ok((0..replicas)
        .inspect(|_| limit::check())
        .map(|number| Pod {
            name: name(number),
            owner: owner.clone(),
            copies: copies.clone(),
            ..pod.clone()
        })
        .collect())
}

fn deployment(at: &At<'_>, object: &Object, around: &Around) -> Result<Vec<Pod>, ManifestError> {
    let spec = at.get("spec");
    let replicas = around.autoscalers.pods(object, spec.get("replicas").number_or(1)?);
    let name = object.name.clone();
    let strategy = spec.get("strategy");
    let rolled = object.kind.is("Deployment")
        && strategy.get("type").text_or("RollingUpdate")? != "Recreate";
    let owner = if rolled {
        let rolling = strategy.get("rollingUpdate");
        let surge = part(&rolling.get("maxSurge"), replicas, true)?;
        let unavailable = part(&rolling.get("maxUnavailable"), replicas, false)?;
        // Both zero would be a rollout that cannot begin.
        let unavailable = if surge == 0 { unavailable.max(1) } else { unavailable };
        Owner::Deployment { name, max_surge: surge, max_unavailable: unavailable }
    } else {
        Owner::Deployment { name, max_surge: 0, max_unavailable: replicas }
    };
    numbered(at, object, around, replicas, &owner)
}

/// A number of pods, or per cent of the replicas: rounded up above them, down
/// below.
pub(super) fn part(at: &At<'_>, replicas: u64, up: bool) -> Result<u64, ManifestError> {
    if at.value.is_u64() {
        return at.number_or(0);
    }
    let text = at.text_or("25%")?;
    let percent = text.strip_suffix('%').and_then(|text| text.parse::<u64>().ok());
    let percent = percent.filter(|percent| *percent <= 10_000);
    let percent = match percent {
        Some(percent) => percent,
        None if at.is_null() => QUARTER,
        None => return Err(at.wrong(format!("expected a number or per cent, found `{text}`"))),
    };
    let product = replicas.saturating_mul(percent);
    Ok(if up { product.div_ceil(100) } else { product / 100 })
}

fn stateful_set(at: &At<'_>, object: &Object, around: &Around) -> Result<Vec<Pod>, ManifestError> {
    let spec = at.get("spec");
    let ordered = spec.get("podManagementPolicy").text_or("OrderedReady")? == "OrderedReady";
    let owner = Owner::StatefulSet { name: object.name.clone(), ordered };
    let replicas = around.autoscalers.pods(object, spec.get("replicas").number_or(1)?);
    let mut pods = numbered(at, object, around, replicas, &owner)?;
    for own in spec.get("volumeClaimTemplates").items()? {
        let (name, bytes) = (own.get("metadata").get("name").text()?, storage(&own)?);
        for pod in &mut pods {
            limit::check();
            let name = format!("{name}-{}", pod.name);
            let known = around.claims.get(&format!("{}/{name}", object.namespace)).cloned();
            pod.claims.push(known.unwrap_or(Claim { name, bytes, ..Claim::default() }));
        }
    }
    Ok(pods)
}

fn job(
    at: &At<'_>,
    object: &Object,
    around: &Around,
    spec: &At<'_>,
) -> Result<Vec<Pod>, ManifestError> {
    let done = !at.get("status").get("completionTime").is_null();
    if spec.get("suspend").flag()? || done {
        return Ok(Vec::new());
    }
    let pod = template(&spec.get("template"), &object.namespace, around)?;
    let parallel = spec.get("parallelism").number_or(1)?;
    let number = parallel.min(spec.get("completions").number_or(parallel)?);
    if number > PODS_MAX {
        return Err(spec.get("parallelism").wrong(format!("{number} is more than {PODS_MAX}")));
    }
    let owner = Owner::Job { name: object.name.clone() };
    Ok((0..number)
        .inspect(|_| limit::check())
        .map(|number| Pod {
            name: format!("{}-{number}", object.name),
            owner: owner.clone(),
            ..pod.clone()
        })
        .collect())
}
