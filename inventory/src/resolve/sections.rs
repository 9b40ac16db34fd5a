//! The sections that concern the cluster as a whole.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::at::At;
use crate::check::paths::Anchor;
use crate::check::{
    Findings, k3s as release, lists, mirror, names, options, packages, pins, timezone,
};
use crate::model::{Agent, Artifacts, Cluster, Images, K3s, Os, Stack, Swap};
use crate::problem::Problem;
use crate::{defaults, raw};

pub(super) fn cluster(raw: &raw::Cluster, anchor: Anchor<'_>, findings: &mut Findings) -> Cluster {
    let name = match &raw.name {
        Some(name) => findings.take(name, |text| names::label("a cluster's name", text)),
        None => Some(defaults::CLUSTER.to_owned()),
    };
    let name = name.unwrap_or_default();
    let domain = match &raw.domain {
        Some(domain) => findings.take(domain, names::domain).unwrap_or_default(),
        None => format!("{name}.{}", defaults::DOMAIN_PARENT),
    };
    Cluster { domain, kubeconfig: kubeconfig(raw.kubeconfig.as_ref(), anchor, findings), name }
}

fn kubeconfig(
    written: Option<&At<String>>,
    anchor: Anchor<'_>,
    findings: &mut Findings,
) -> PathBuf {
    if let Some(path) = written {
        return findings.take(path, |text| anchor.path(text)).unwrap_or_default();
    }
    anchor.path(defaults::KUBECONFIG).unwrap_or_else(|_| {
        findings.add(
            Problem::new("inventory::path", "the home directory is not known")
                .at(0..0, format!("`cluster.kubeconfig` would be {}", defaults::KUBECONFIG))
                .help("set HOME, or write `kubeconfig` in `[cluster]`"),
        );
        PathBuf::new()
    })
}

pub(super) fn os(raw: &raw::Os, findings: &mut Findings) -> Os {
    let timezone = raw.timezone.as_ref();
    Os {
        timezone: timezone.and_then(|zone| findings.take(zone, timezone::timezone)),
        swap: match raw.swap.as_ref().map(At::get) {
            Some(raw::Swap::Keep) => Swap::Keep,
            Some(raw::Swap::Off) | None => Swap::Off,
        },
        packages: sorted(texts("os.packages", &raw.packages, packages::package, findings)),
    }
}

pub(super) fn k3s(raw: &raw::K3s, findings: &mut Findings) -> K3s {
    lists::once("k3s.disable", &raw.disable, |part| part.as_str(), findings);
    let version = match &raw.version {
        Some(version) => findings.take(version, release::version).unwrap_or_default(),
        None => defaults::DEFAULT_K3S_VERSION.to_owned(),
    };
    let sums = [("arm64", &raw.sha256.arm64), ("amd64", &raw.sha256.amd64)];
    K3s {
        version,
        sha256: sums
            .into_iter()
            .filter_map(|(name, sum)| Some((name, sum.as_ref()?)))
            .filter_map(|(name, sum)| Some((name.to_owned(), findings.take(sum, release::sha256)?)))
            .collect(),
        disable: sorted(raw.disable.iter().map(|part| part.get().as_str().to_owned()).collect()),
        server: further(&raw.server, findings),
        agent: further(&raw.agent, findings),
    }
}

fn further(
    written: &BTreeMap<At<String>, At<toml::Value>>,
    findings: &mut Findings,
) -> BTreeMap<String, toml::Value> {
    let mut taken = BTreeMap::new();
    for (key, value) in written {
        let Some(name) = findings.take(key, options::name) else {
            continue;
        };
        match options::value(&name, value.get()) {
            Ok(()) => {
                taken.insert(name, value.get().clone());
            }
            Err(complaint) => findings.add(complaint.at(value.span())),
        }
    }
    taken
}

pub(super) fn artifacts(raw: &raw::Artifacts, k3s: &K3s, findings: &mut Findings) -> Artifacts {
    let mirror = raw.mirror.as_ref();
    let mirror = mirror.and_then(|address| findings.take(address, mirror::mirror));
    let mut sha256: BTreeMap<String, String> = k3s
        .sha256
        .iter()
        .map(|(architecture, sum)| (format!("k3s-{}-{architecture}", k3s.version), sum.clone()))
        .collect();
    // Which files there are is not known of a release that was refused.
    let known = if k3s.version.is_empty() { Vec::new() } else { pins::names(&k3s.version) };
    for (written, sum) in &raw.sha256 {
        let name = match known.as_slice() {
            [] => None,
            known => findings.take(written, |text| pins::name(text, known)),
        };
        let (Some(sum_text), Some(name)) = (findings.take(sum, release::sha256), name) else {
            continue;
        };
        if sha256.get(&name).is_some_and(|other| *other != sum_text) {
            findings.add(
                Problem::new("inventory::pin", format!("`{name}` is pinned twice"))
                    .at(sum.span(), "another digest than in `[k3s.sha256]`")
                    .help("take one of the two out"),
            );
        }
        sha256.insert(name, sum_text);
    }
    Artifacts { mirror, sha256 }
}

pub(super) fn images(raw: &raw::Images, findings: &mut Findings) -> Images {
    let mirrors = raw.mirrors.iter().filter_map(|(registry, address)| {
        let registry = findings.take(registry, mirror::registry);
        let address = findings.take(address, mirror::of_registry);
        Some((registry?, address?))
    });
    Images {
        mirrors: mirrors.collect(),
        lock: raw.lock.as_ref().map_or(defaults::LOCK, |lock| *lock.get()),
    }
}

pub(super) fn agent(raw: &raw::Agent) -> Agent {
    Agent { login: raw.login.as_ref().map_or(defaults::LOGIN, |login| *login.get()) }
}

pub(super) fn stack(raw: &raw::Stack, findings: &mut Findings) -> Stack {
    let service = |text: &str| names::label("a service's name", text);
    let profile = raw.profile.as_ref();
    Stack {
        profile: profile
            .and_then(|name| findings.take(name, |text| names::label("a profile's name", text))),
        services: texts("stack.services", &raw.services, service, findings),
        without: texts("stack.without", &raw.without, service, findings),
        values: raw
            .values
            .iter()
            .filter_map(|(name, values)| Some((findings.take(name, service)?, values.clone())))
            .collect(),
    }
}

/// The items of the list under `key`, each checked, none twice.
fn texts(
    key: &str,
    items: &[At<String>],
    check: impl Fn(&str) -> Result<String, crate::check::Complaint>,
    findings: &mut Findings,
) -> Vec<String> {
    lists::once(key, items, String::as_str, findings);
    items.iter().filter_map(|item| findings.take(item, &check)).collect()
}

fn sorted(mut list: Vec<String>) -> Vec<String> {
    list.sort();
    list
}
