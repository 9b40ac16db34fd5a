//! A pod from its metadata and spec.

use std::collections::{BTreeMap, BTreeSet};

use super::admission::{Admission, Amounts};
use super::at::At;
use super::autoscaler::Autoscalers;
use super::resized::Granted;
use super::{ManifestError, term, whole};
use crate::model::{Claim, Container, HostPort, Pod, Whole};
use crate::requests::{self, Kind, Part};

/// What else there is that pods refer to.
#[derive(Debug, Default)]
pub(super) struct Around {
    /// Priority classes.
    pub classes: BTreeMap<String, i32>,
    /// Those whose pods wait rather than have others give way.
    pub patient: BTreeSet<String>,
    /// The class of pods that name none.
    pub default_class: i32,
    /// Labels of namespaces, by name.
    pub namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// Claims by `namespace/name`.
    pub claims: BTreeMap<String, Claim>,
    /// What the API server changes, and what it refuses.
    pub admission: Admission,
    pub autoscalers: Autoscalers,
}

/// The pod a template makes; its name and owner are the caller's.
pub(super) fn template(
    at: &At<'_>,
    namespace: &str,
    around: &Around,
) -> Result<Pod, ManifestError> {
    let spec = at.get("spec");
    let labels = at.get("metadata").get("labels").texts()?;
    let granted = Granted::new(&at.get("status"))?;
    // What is there already was changed when it came.
    let there = !at.get("status").get("phase").is_null();
    let defaults = |amounts: &mut Amounts| {
        if !there {
            around.admission.defaults(namespace, amounts);
        }
    };
    let (parts, containers, host_ports) = containers(&spec, &granted, defaults)?;
    let own = spec.get("overhead");
    let overhead = match around.admission.runtime(&spec)? {
        Some(runtime) if !there && own.is_null() => runtime.overhead(),
        _ => own.resources()?,
    };
    let mut effective = requests::effective(&parts, &overhead);
    let mut scored = requests::scored(&parts, &overhead);
    whole::requests(&spec.get("resources"), &parts, &overhead, &mut effective, &mut scored)?;
    effective.pods = 1;
    let most = spec.get("resources").get("limits");
    let limits = whole::limits(requests::limits(&parts), &most.resources()?, &overhead);
    let mut namespace_labels = around.namespaces.get(namespace).cloned().unwrap_or_default();
    // The API sets it.
    namespace_labels.insert("kubernetes.io/metadata.name".to_owned(), namespace.to_owned());
    let affinity = spec.get("affinity");
    let tolerations = spec.get("tolerations").items()?;
    let spread = spec.get("topologySpreadConstraints").items()?;
    Ok(Pod {
        namespace: namespace.to_owned(),
        namespace_labels,
        priority: priority(&spec, around)?,
        patient: patient(&spec, around)?,
        node_name: Some(spec.get("nodeName").text_or("")?.to_owned()).filter(|n| !n.is_empty()),
        node_selector: spec.get("nodeSelector").texts()?,
        node_affinity: term::node_affinity(&affinity.get("nodeAffinity"))?,
        tolerations: tolerations.iter().map(term::toleration).collect::<Result<_, _>>()?,
        affinity: term::pod_affinity(&affinity.get("podAffinity"), namespace, &labels)?,
        anti_affinity: term::pod_affinity(&affinity.get("podAntiAffinity"), namespace, &labels)?,
        spread: spread.iter().map(|at| term::spread(at, &labels)).collect::<Result<_, _>>()?,
        claims: claims(&spec, namespace, around)?,
        requests: effective,
        overhead,
        scored,
        limits,
        whole: Whole {
            requested: !most.get("memory").is_null()
                || !spec.get("resources").get("requests").get("memory").is_null(),
            limited: !most.get("memory").is_null(),
        },
        labels,
        host_ports,
        containers,
        ..Pod::default()
    })
}

type Containers = (Vec<Part>, Vec<Container>, Vec<HostPort>);

fn containers(
    spec: &At<'_>,
    granted: &Granted,
    defaults: impl Fn(&mut Amounts),
) -> Result<Containers, ManifestError> {
    let host_network = spec.get("hostNetwork").flag()?;
    let (mut parts, mut all, mut ports) = (Vec::new(), Vec::new(), Vec::new());
    let lists = [("initContainers", true), ("containers", false)];
    for (list, before) in lists {
        for at in spec.get(list).items()? {
            let stays = at.get("restartPolicy").text_or("")? == "Always";
            let kind = Kind::new(before, stays);
            let mut amounts = Amounts::new(&at.get("resources"))?;
            defaults(&mut amounts);
            let (asked, most) = (amounts.asked(), amounts.most());
            let says = |name: &str| amounts.requests.contains_key(name);
            let (cpu, memory) = (says("cpu"), says("memory"));
            all.push(Container {
                name: at.get("name").text_or("")?.to_owned(),
                image: at.get("image").text_or("")?.to_owned(),
                init: kind == Kind::Init,
                sidecar: kind == Kind::Sidecar,
                memory_request: memory.then_some(asked.memory_bytes),
                memory_limit: amounts.limits.get("memory").copied(),
                cpu_request: cpu.then_some(asked.cpu_milli),
            });
            let mut part = Part { requests: asked, limits: most, says: (cpu, memory), kind };
            if kind != Kind::Init {
                granted.apply(at.get("name").text_or("")?, &mut part);
            }
            parts.push(part);
            if kind != Kind::Init {
                ports.extend(host_ports(&at, host_network)?);
            }
        }
    }
    if all.iter().all(|container| container.init) {
        return Err(spec.get("containers").wrong("expected one container or more, found none"));
    }
    Ok((parts, all, ports))
}

fn host_ports(container: &At<'_>, host_network: bool) -> Result<Vec<HostPort>, ManifestError> {
    let mut ports = Vec::new();
    for at in container.get("ports").items()? {
        let name =
            if host_network && at.get("hostPort").is_null() { "containerPort" } else { "hostPort" };
        let given = at.get(name);
        let port = given.number_or(0)?;
        if port == 0 {
            continue;
        }
        ports.push(HostPort {
            ip: match at.get("hostIP").text_or("")? {
                "" => "0.0.0.0".to_owned(),
                ip => ip.to_owned(),
            },
            protocol: at.get("protocol").text_or("TCP")?.to_owned(),
            port: u16::try_from(port)
                .map_err(|_| given.wrong(format!("expected a port, found {port}")))?,
        });
    }
    Ok(ports)
}

fn priority(spec: &At<'_>, around: &Around) -> Result<i32, ManifestError> {
    let given = spec.get("priority");
    if !given.is_null() {
        let value = given.integer_or(0)?;
        return i32::try_from(value)
            .map_err(|_| given.wrong(format!("expected a priority, found {value}")));
    }
    let named = spec.get("priorityClassName");
    Ok(match named.text_or("")? {
        "" => around.default_class,
        "system-cluster-critical" => 2_000_000_000,
        "system-node-critical" => 2_000_001_000,
        // One that is not there is told with what was not judged.
        class => around.classes.get(class).copied().unwrap_or_default(),
    })
}

/// Whether the pod, or else its class, lets others stay.
fn patient(spec: &At<'_>, around: &Around) -> Result<bool, ManifestError> {
    let own = spec.get("preemptionPolicy");
    if own.is_null() {
        return Ok(around.patient.contains(spec.get("priorityClassName").text_or("")?));
    }
    Ok(own.text()? == "Never")
}

fn claims(spec: &At<'_>, namespace: &str, around: &Around) -> Result<Vec<Claim>, ManifestError> {
    let mut claims = Vec::new();
    for volume in spec.get("volumes").items()? {
        let claim = volume.get("persistentVolumeClaim");
        if !claim.is_null() {
            let name = claim.get("claimName").text()?;
            let known = around.claims.get(&format!("{namespace}/{name}")).cloned();
            // One that is not among the manifests is there already, on no node
            // that could be known.
            claims.push(known.unwrap_or(Claim { name: name.to_owned(), ..Claim::default() }));
        }
        let own = volume.get("ephemeral").get("volumeClaimTemplate");
        if !own.is_null() {
            let name = volume.get("name").text()?.to_owned();
            let bytes = storage(&own)?;
            claims.push(Claim { name, bytes, ephemeral: true, ..Claim::default() });
        }
    }
    Ok(claims)
}

/// How much a claim asks for.
pub(super) fn storage(claim: &At<'_>) -> Result<u64, ManifestError> {
    let at = claim.get("spec").get("resources").get("requests").get("storage");
    if at.is_null() { Ok(0) } else { at.quantity(false) }
}
