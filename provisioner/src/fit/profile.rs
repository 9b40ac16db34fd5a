//! Profiles that stand in for services whose charts do not exist yet: budgets
//! written down by hand, named so wherever they are shown.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::{Code, Failure};

/// The files, by the name `--profile` knows them under.
const FILES: [(&str, &str); 8] = [
    ("full", include_str!("../../fit/profiles/full.toml")),
    ("small", include_str!("../../fit/profiles/small.toml")),
    ("openmetadata", include_str!("../../fit/profiles/openmetadata.toml")),
    ("datahub", include_str!("../../fit/profiles/datahub.toml")),
    ("mlflow-feast", include_str!("../../fit/profiles/mlflow-feast.toml")),
    ("flink", include_str!("../../fit/profiles/flink.toml")),
    ("mongodb", include_str!("../../fit/profiles/mongodb.toml")),
    ("ferretdb", include_str!("../../fit/profiles/ferretdb.toml")),
];

/// One file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[expect(dead_code, reason = "for whoever reads the file")]
    title: String,
    service: Vec<Service>,
}

/// One service of a stand-in.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Service {
    pub name: String,
    pub title: String,
    /// One of the cards' groups.
    pub group: String,
    /// `store`, `app` or `tool`: the foundation's classes.
    pub priority: String,
    /// What it cannot do without, when that is deployed at all.
    #[serde(default)]
    pub needs: Vec<String>,
    pods: Vec<Pod>,
    #[serde(default)]
    pub cannot_run: Vec<CannotRun>,
}

/// Boards a service cannot run on.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CannotRun {
    /// Boards below this architecture level.
    pub arch_below: String,
    /// As it is read after "because".
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pod {
    name: String,
    kind: Kind,
    request_mib: u64,
    limit_mib: u64,
    cpu_milli: u64,
    volume_gib: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Deployment,
    StatefulSet,
    Job,
}

/// Whether `name` is made of stand-ins only: `full`, `small+flink`.
pub(crate) fn is_one(name: &str) -> bool {
    name.split('+').all(|part| FILES.iter().any(|(known, _)| *known == part))
}

/// The names there are.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

/// The services of `name`, parts joined by `+`; a part's service takes the place
/// of one of that name in an earlier part.
pub(crate) fn load(name: &str, without: &[String]) -> Result<Vec<Service>, Failure> {
    let mut services: Vec<Service> = Vec::new();
    for part in name.split('+') {
        let Some((_, text)) = FILES.iter().find(|(known, _)| *known == part) else {
            let advice = terrarium_helm::words::advice(part, names());
            return Err(Failure::plain(
                Code::Usage,
                format!("--profile: there are no charts and no stand-in for `{part}`: {advice}"),
            ));
        };
        let file: File = toml::from_str(text).map_err(|error| {
            Failure::internal(&format!("the profile `{part}` is malformed"), &error)
        })?;
        for service in file.service {
            services.retain(|earlier| earlier.name != service.name);
            services.push(service);
        }
    }
    if let Some(unknown) = without.iter().find(|out| services.iter().all(|s| s.name != **out)) {
        let known = services.iter().map(|service| service.name.as_str());
        let advice = terrarium_helm::words::advice(unknown, known);
        return Err(Failure::plain(
            Code::Usage,
            format!("--without: `{name}` has no service `{unknown}`: {advice}"),
        ));
    }
    services.retain(|service| !without.contains(&service.name));
    Ok(services)
}

/// The waves they start in: each after what it needs. A circle, which a test
/// rules out, starts together at the end.
pub(crate) fn waves(services: &[Service]) -> Vec<Vec<&Service>> {
    let mut waiting: Vec<&Service> = services.iter().collect();
    let mut waves = Vec::new();
    while !waiting.is_empty() {
        let names: BTreeSet<&str> = waiting.iter().map(|service| service.name.as_str()).collect();
        let ready = |s: &Service| !s.needs.iter().any(|need| names.contains(need.as_str()));
        let (mut now, later): (Vec<_>, Vec<_>) = waiting.iter().partition(|s| ready(s));
        waiting = later;
        if now.is_empty() {
            now = std::mem::take(&mut waiting);
        }
        waves.push(now);
    }
    waves
}

impl Service {
    /// Its workloads as Kubernetes would be given them.
    pub(crate) fn manifests(&self, namespace: &str, selector: &Value) -> Value {
        let mut items: Vec<Value> =
            self.pods.iter().map(|pod| self.workload(pod, namespace, selector)).collect();
        // Helm installs jobs after all else.
        items.sort_by_key(|item| item["kind"] == "Job");
        json!({"apiVersion": "v1", "kind": "List", "items": items})
    }

    fn workload(&self, pod: &Pod, namespace: &str, selector: &Value) -> Value {
        let name = if self.pods.len() == 1 {
            pod.name.clone()
        } else {
            format!("{}-{}", self.name, pod.name)
        };
        let labels = json!({"app": name});
        let template = json!({
            "metadata": {"labels": labels},
            "spec": {
                "priorityClassName": format!("terrarium-{}", self.priority),
                "nodeSelector": selector,
                "restartPolicy": if pod.kind == Kind::Job { "OnFailure" } else { "Always" },
                "containers": [{
                    "name": pod.name,
                    "image": "stand-in",
                    "resources": {
                        "requests": {
                            "cpu": format!("{}m", pod.cpu_milli),
                            "memory": format!("{}Mi", pod.request_mib),
                        },
                        "limits": {"memory": format!("{}Mi", pod.limit_mib)},
                    },
                }],
            },
        });
        let (api, kind) = match pod.kind {
            Kind::Deployment => ("apps/v1", "Deployment"),
            Kind::StatefulSet => ("apps/v1", "StatefulSet"),
            Kind::Job => ("batch/v1", "Job"),
        };
        let mut spec = json!({"template": template});
        if pod.kind != Kind::Job {
            spec["replicas"] = 1.into();
            spec["selector"] = json!({"matchLabels": labels});
        }
        if let Some(gib) = pod.volume_gib {
            spec["volumeClaimTemplates"] = json!([{
                "metadata": {"name": "data"},
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": format!("{gib}Gi")}},
                },
            }]);
        }
        json!({
            "apiVersion": api,
            "kind": kind,
            "metadata": {"name": name, "namespace": namespace},
            "spec": spec,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums of requests and limits, in MiB, without jobs.
    fn sums(name: &str, without: &[&str]) -> (u64, u64) {
        let without: Vec<String> = without.iter().map(|s| (*s).to_owned()).collect();
        let services = load(name, &without).unwrap();
        let pods = services.iter().flat_map(|service| &service.pods);
        pods.filter(|pod| pod.kind != Kind::Job)
            .fold((0, 0), |(r, l), pod| (r + pod.request_mib, l + pod.limit_mib))
    }

    /// The budgets were made as a table with k3s' own pods (236/554) and 48/160
    /// for each of three nodes in it; here are its rows without those.
    #[test]
    fn the_profiles_are_the_budgets_they_were_made_from() {
        const OWN: (u64, u64) = (236 + 3 * 48, 554 + 3 * 160);
        for (name, without, request, limit) in [
            ("full", &[][..], 9500, 16586),
            ("full+openmetadata", &[], 12060, 20682),
            ("full+datahub", &[], 13084, 22218),
            ("full+openmetadata+datahub", &[], 15644, 26314),
            ("full", &["mongodb", "mongo-express"], 9100, 15754),
            ("full+ferretdb", &[], 9500, 16778),
            ("small", &[], 4108, 8458),
            ("small+mlflow-feast", &[], 4844, 9610),
            ("small+flink", &[], 6156, 10506),
            ("small+mongodb", &[], 4508, 9290),
            ("small+openmetadata", &["kafka", "connect", "airflow"], 5036, 9290),
            ("small+datahub", &["connect", "airflow", "metabase"], 5324, 9930),
        ] {
            let found = sums(name, without);
            assert_eq!((found.0 + OWN.0, found.1 + OWN.1), (request, limit), "{name} {without:?}");
        }
    }

    #[test]
    fn every_file_is_of_known_groups_and_its_services_start_after_what_they_need() {
        for name in names() {
            let services = load(name, &[]).unwrap();
            for service in &services {
                assert!(terrarium_helm::card::GROUPS.contains(&service.group.as_str()), "{name}");
                assert!(["store", "app", "tool"].contains(&service.priority.as_str()), "{name}");
                assert!(!service.pods.is_empty() && !service.title.is_empty(), "{name}");
            }
            let mut started = BTreeSet::new();
            for wave in waves(&services) {
                for service in &wave {
                    let open = service.needs.iter().find(|need| {
                        services.iter().any(|s| s.name == **need) && !started.contains(*need)
                    });
                    assert_eq!(open, None, "{name}: {}", service.name);
                }
                started.extend(wave.iter().map(|service| service.name.clone()));
            }
        }
    }

    #[test]
    fn an_unknown_part_or_service_is_told_with_what_may_be_meant() {
        let failure = load("full+openmetdata", &[]).unwrap_err();
        assert!(failure.line().contains("did you mean `openmetadata`"), "{}", failure.line());
        let failure = load("full", &["kafak".to_owned()]).unwrap_err();
        assert!(failure.line().contains("did you mean `kafka`"), "{}", failure.line());
        assert!(is_one("small+flink") && !is_one("core") && !is_one("full+core"));
    }

    #[test]
    fn a_service_of_several_pods_prefixes_their_names_and_jobs_come_last() {
        let services = load("datahub", &[]).unwrap();
        let list = services[0].manifests("terrarium", &json!({"terrarium/cpu": "armv8.2-a"}));
        let items = list["items"].as_array().unwrap();
        let names: Vec<_> =
            items.iter().map(|item| item["metadata"]["name"].as_str().unwrap()).collect();
        assert_eq!(names[0], "datahub-gms");
        assert_eq!(names.last(), Some(&"datahub-system-update"));
        assert_eq!(
            items[0]["spec"]["template"]["spec"]["nodeSelector"]["terrarium/cpu"],
            "armv8.2-a"
        );
    }
}
