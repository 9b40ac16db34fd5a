//! Why a release does not come up, read from its pods and events.

use std::fmt::{self, Display};

use crate::objects::{Claim, ContainerStatus, Event, List, Object, Pod};

/// Why a release failed, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseFailure {
    /// The release.
    pub release: String,
    /// The pod it is about; `None` when there is none.
    pub pod: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// Kubernetes' own last warning about it.
    pub event: Option<String>,
    /// The telling line of the container's log.
    pub log_line: Option<String>,
    /// What to do next.
    pub hint: String,
}

impl Display for ReleaseFailure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pod {
            Some(pod) => write!(out, "release {}, pod {pod}: {}", self.release, self.reason),
            None => write!(out, "release {}: {}", self.release, self.reason),
        }
    }
}

/// What the objects say, before any log is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The failure, its `log_line` still open.
    pub failure: ReleaseFailure,
    /// The log that should tell more.
    pub logs: Option<Logs>,
}

/// Which log to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logs {
    /// The pod.
    pub pod: String,
    /// The container.
    pub container: String,
    /// Of the container before this one, which ended.
    pub previous: bool,
}

/// A cause and how much it explains: of several pods' causes the greatest is
/// told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    NotReady,
    NoPod {
        message: Option<String>,
    },
    ProbeFailing {
        container: String,
        message: String,
    },
    Unschedulable {
        message: String,
    },
    VolumePending {
        claim: String,
        message: String,
    },
    Crashing {
        container: String,
        code: i32,
        restarts: u32,
    },
    Unstartable {
        container: String,
        message: String,
    },
    Image {
        image: String,
        message: String,
    },
    /// One that is brought to the nodes, and not to this one.
    NotBrought {
        image: String,
    },
    OutOfMemory {
        container: String,
        limit: Option<String>,
        restarts: u32,
    },
}

/// Reads what `kubectl get pods,events,persistentvolumeclaims -o json` printed.
/// `None` when every pod of the release is ready.
pub fn explain(release: &str, objects: &str) -> Result<Option<Finding>, serde_json::Error> {
    let List { items } = serde_json::from_str(objects)?;
    let (mut pods, mut events, mut claims) = (Vec::new(), Vec::new(), Vec::new());
    for item in items {
        match item {
            Object::Pod(pod) if instance(&pod) == Some(release) => pods.push(*pod),
            Object::Event(event) => events.push(*event),
            Object::PersistentVolumeClaim(claim) => claims.push(claim),
            Object::Pod(_) | Object::Other => {}
        }
    }
    events.sort_by(|one, other| one.when().cmp(other.when()));
    let told = match pods
        .iter()
        .filter_map(|pod| Some((cause(pod, &events, &claims)?, pod)))
        .max_by(|(one, _), (other, _)| one.cmp(other))
    {
        Some((cause, pod)) => Some((cause, Some(pod.metadata.name.as_str()))),
        None if pods.is_empty() => Some((no_pod(release, &events), None)),
        None => None,
    };
    Ok(told.map(|(cause, pod)| finding(release, cause, pod, &events)))
}

/// The line of a log that most likely tells why: the last that complains, else
/// the last.
pub fn telling_line(log: &str) -> Option<String> {
    const COMPLAINTS: [&str; 7] =
        ["fatal", "panic", "error", "denied", "refused", "cannot", "failed"];
    let lines = || log.lines().map(str::trim).filter(|line| !line.is_empty());
    let complains = |line: &&str| {
        let line = line.to_lowercase();
        COMPLAINTS.iter().any(|word| line.contains(word))
    };
    lines().rfind(complains).or_else(|| lines().next_back()).map(shorten)
}

fn instance(pod: &Pod) -> Option<&str> {
    pod.metadata.labels.get("app.kubernetes.io/instance").map(String::as_str)
}

fn cause(pod: &Pod, events: &[Event], claims: &[Claim]) -> Option<Cause> {
    let statuses = &pod.status;
    if statuses.phase == "Succeeded" {
        return None;
    }
    let unscheduled = statuses
        .conditions
        .iter()
        .find(|c| c.kind == "PodScheduled" && c.status == "False" && c.reason == "Unschedulable");
    if let Some(condition) = unscheduled {
        return Some(
            pending_claim(pod, events, claims)
                .unwrap_or_else(|| Cause::Unschedulable { message: condition.message.clone() }),
        );
    }
    let containers = statuses.init_container_statuses.iter().chain(&statuses.container_statuses);
    if let Some(cause) = containers.filter_map(|status| container(pod, status, events)).max() {
        return Some(cause);
    }
    // A volume that cannot be attached leaves the containers merely waiting.
    if let Some(cause) = pending_claim(pod, events, claims) {
        return Some(cause);
    }
    let waiting = statuses.container_statuses.iter().find(|status| !status.ready);
    match (waiting, probing(pod, events)) {
        (Some(status), Some(event)) => Some(Cause::ProbeFailing {
            container: status.name.clone(),
            message: event.message.clone(),
        }),
        (Some(_), None) => Some(Cause::NotReady),
        (None, _) if statuses.container_statuses.is_empty() => Some(Cause::NotReady),
        (None, _) => None,
    }
}

fn container(pod: &Pod, status: &ContainerStatus, events: &[Event]) -> Option<Cause> {
    let name = status.name.clone();
    let ended = status.state.terminated.as_ref().or(status.last_state.terminated.as_ref());
    if let Some(ended) = ended.filter(|_| !status.ready)
        && ended.reason == "OOMKilled"
    {
        let container = pod.spec.containers.iter().find(|c| c.name == name);
        let limit = container.and_then(|c| c.resources.limits.get("memory").cloned());
        return Some(Cause::OutOfMemory { container: name, limit, restarts: status.restart_count });
    }
    if let Some(waiting) = &status.state.waiting {
        let message = waiting.message.clone();
        match waiting.reason.as_str() {
            "ErrImageNeverPull" => {
                return Some(Cause::NotBrought { image: status.image.clone() });
            }
            "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" => {
                let message = events
                    .iter()
                    .rev()
                    .find(|event| about(event, pod) && tells_pull(event))
                    .map_or(message, |event| event.message.clone());
                return Some(Cause::Image { image: status.image.clone(), message });
            }
            "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
                return Some(Cause::Unstartable { container: name, message });
            }
            _ => {}
        }
    }
    let ended = ended.filter(|_| !status.ready)?;
    // A probe that fails ends the container too, by a signal: then the probe is
    // the cause, not the exit.
    let by_probe = probing(pod, events).is_some() && matches!(ended.exit_code, 0 | 137 | 143);
    (!by_probe).then_some(Cause::Crashing {
        container: name,
        code: ended.exit_code,
        restarts: status.restart_count,
    })
}

fn pending_claim(pod: &Pod, events: &[Event], claims: &[Claim]) -> Option<Cause> {
    let names = pod.spec.volumes.iter().filter_map(|v| v.persistent_volume_claim.as_ref());
    names.map(|claim| claim.claim_name.as_str()).find_map(|name| {
        let claim = claims.iter().find(|c| c.metadata.name == name)?;
        // A claim waits for its pod as long as that has no node: only a
        // complaint of the provisioner's makes the claim the cause.
        let complaint = events.iter().rev().find(|event| {
            event.involved_object.kind == "PersistentVolumeClaim"
                && event.involved_object.name == name
                && (event.kind == "Warning" || event.reason == "FailedBinding")
        })?;
        (claim.status.phase != "Bound").then(|| Cause::VolumePending {
            claim: name.to_owned(),
            message: complaint.message.clone(),
        })
    })
}

fn no_pod(release: &str, events: &[Event]) -> Cause {
    let refused = events.iter().rev().find(|event| {
        event.reason == "FailedCreate"
            && event.involved_object.kind != "Pod"
            && event.involved_object.name.starts_with(release)
    });
    Cause::NoPod { message: refused.map(|event| event.message.clone()) }
}

fn about(event: &Event, pod: &Pod) -> bool {
    event.involved_object.kind == "Pod" && event.involved_object.name == pod.metadata.name
}

fn finding(release: &str, cause: Cause, pod: Option<&str>, events: &[Event]) -> Finding {
    let warning = events.iter().rev().find(|event| {
        event.kind == "Warning" && pod.is_some_and(|pod| event.involved_object.name == pod)
    });
    // An image's reason is its event already.
    let event = warning.filter(|_| !matches!(cause, Cause::Image { .. }));
    let logs = pod.and_then(|pod| logs(&cause, pod));
    let (reason, hint) = words(release, cause);
    // Not the same words twice.
    let event = event
        .filter(|event| !reason.ends_with(&shorten(&event.message)))
        .map(|event| shorten(&format!("{}: {}", event.reason, event.message)));
    let failure = ReleaseFailure {
        release: release.to_owned(),
        pod: pod.map(str::to_owned),
        reason,
        event,
        log_line: None,
        hint,
    };
    Finding { failure, logs }
}

/// A pull's event that says why it failed, which "back-off" does not.
fn tells_pull(event: &Event) -> bool {
    event.kind == "Warning" && event.message.to_lowercase().starts_with("failed to pull")
}

fn probing<'a>(pod: &Pod, events: &'a [Event]) -> Option<&'a Event> {
    events.iter().rev().find(|event| about(event, pod) && event.reason == "Unhealthy")
}

fn logs(cause: &Cause, pod: &str) -> Option<Logs> {
    let (container, previous) = match cause {
        Cause::Crashing { container, restarts, .. }
        | Cause::OutOfMemory { container, restarts, .. } => (container, *restarts > 0),
        Cause::ProbeFailing { container, .. } => (container, false),
        _ => return None,
    };
    Some(Logs { pod: pod.to_owned(), container: container.clone(), previous })
}

fn words(release: &str, cause: Cause) -> (String, String) {
    match cause {
        Cause::OutOfMemory { container, limit, .. } => {
            let limit = limit.map_or_else(String::new, |limit| format!(" of {limit}"));
            (
                format!("container {container} was killed: it passed its memory limit{limit}"),
                format!("raise `resources.limits.memory` under `[stack.values.{release}]`"),
            )
        }
        Cause::Image { image, message } => (
            format!("image {image} cannot be pulled: {}", shorten(innermost(&message))),
            "check the image's name and that the node reaches its registry".to_owned(),
        ),
        Cause::NotBrought { image } => (
            format!("image {image} is not on the pod's node, and no registry has it"),
            "run provision again: it brings the image to every node".to_owned(),
        ),
        Cause::Unstartable { container, message } => (
            format!("container {container} cannot be created: {}", shorten(&message)),
            "the chart names what the cluster does not have; run provision again after mending it"
                .to_owned(),
        ),
        Cause::Crashing { container, code, restarts } => (
            format!("container {container} ended with exit code {code} ({restarts} restarts)"),
            "read the log line; a changed setting under `[stack.values]` is the usual cause"
                .to_owned(),
        ),
        Cause::VolumePending { claim, message } => (
            format!("volume claim {claim} is not served: {}", shorten(&message)),
            "check free space on the nodes and that a default storage class exists".to_owned(),
        ),
        Cause::Unschedulable { message } => (
            format!("no node takes the pod: {}", shorten(&message)),
            unschedulable_hint(&message).to_owned(),
        ),
        Cause::ProbeFailing { container, message } => (
            format!("container {container} runs but does not answer: {}", shorten(&message)),
            "a slow disk makes a first start long; run provision again to wait on".to_owned(),
        ),
        Cause::NoPod { message: Some(message) } => (
            format!("its pod was refused: {}", shorten(&message)),
            "the cluster's admission said no; see the message".to_owned(),
        ),
        Cause::NoPod { message: None } => (
            "it has no pod yet".to_owned(),
            "the controller manager may be busy; run provision again".to_owned(),
        ),
        Cause::NotReady => {
            ("the pod is still starting".to_owned(), "run provision again to wait on".to_owned())
        }
    }
}

/// The kubelet's own taints name what is wrong with the node; else it is the pod.
fn unschedulable_hint(message: &str) -> &'static str {
    let taints = |taint: &str| message.contains(&format!("node.kubernetes.io/{taint}"));
    if taints("disk-pressure") {
        "a node's disk is nearly full: free some of it or take a larger one; the kubelet takes \
         the pod again minutes later"
    } else if taints("memory-pressure") {
        "a node is short of memory: end what uses it or leave a service out"
    } else if taints("not-ready") || taints("unreachable") {
        "a node is down or cut off: `provision status` tells which"
    } else {
        "lower its requests, free memory, or bring back the node its volume is bound to"
    }
}

/// Of a chain of errors that each repeat the image's name, the last.
fn innermost(message: &str) -> &str {
    message.rsplit_once("\": ").map_or(message, |(_, last)| last)
}

/// One line of at most 300 characters.
fn shorten(text: &str) -> String {
    const MOST: usize = 300;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST {
        return line;
    }
    line.chars().take(MOST - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests;
