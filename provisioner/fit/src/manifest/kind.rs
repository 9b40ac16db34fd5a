//! Which objects are read, which make no pods, and which may and are not judged.

use std::collections::BTreeMap;

/// An object's kind with the group of its API; empty for the core's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    pub group: String,
    pub name: String,
}

/// What an object is to the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// It is read.
    Read,
    /// It makes no pods and decides about none.
    Nothing,
    /// A controller may make pods of it.
    MakesPods,
    /// It changes pods or where they may go, and is not read.
    ChangesPods,
}

/// Why something was not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// A controller may make pods of it.
    MakesPods,
    /// It changes pods or decides where they go.
    ChangesPods,
    /// A pod that is bound to a node which is not among those given.
    Elsewhere,
    /// A pod that waits for somebody to let it be scheduled.
    Gated,
    /// A pod of another scheduler.
    OtherScheduler,
    /// A claim that is not there: its pods wait until it is.
    NoClaim,
    /// A priority class that is not there.
    NoClass,
    /// A class of runtimes that is not there.
    NoRuntime,
    /// An autoscaler whose workload is not there.
    NoTarget,
    /// Load balancers on one port.
    Balancers,
}

impl Why {
    /// In words, after what and how many.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MakesPods => "pods may be made of them",
            Self::ChangesPods => "they change pods, or where pods may go",
            Self::Elsewhere => "bound to a node that is not given",
            Self::Gated => "with scheduling gates, not scheduled until those are gone",
            Self::OtherScheduler => "of another scheduler",
            Self::NoClass => {
                "not among the manifests: the API takes no pod that names it; judged as priority 0"
            }
            Self::NoRuntime => {
                "not among the manifests: judged without what it takes and the nodes it is for"
            }
            Self::NoTarget => "of a workload that is not among the manifests",
            Self::Balancers => {
                "where k3s' own load balancer serves them, one has the port of each node and the \
                 others wait"
            }
            Self::NoClaim => "not among the manifests: pods that name it wait until it is there",
        }
    }
}

/// What was not judged, and how many of each.
pub type Unjudged = BTreeMap<(Why, String), usize>;

/// Groups of Kubernetes itself, besides the core's.
const OWN: [&str; 23] = [
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "metrics.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];

/// Groups of others whose objects are rules, certificates, routes and the like.
const RULES: [&str; 17] = [
    "bitnami.com",
    "cert-manager.io",
    "cilium.io",
    "crd.projectcalico.org",
    "external-secrets.io",
    "generators.external-secrets.io",
    "gateway.networking.k8s.io",
    "image.toolkit.fluxcd.io",
    "kyverno.io",
    "metallb.io",
    "networking.istio.io",
    "notification.toolkit.fluxcd.io",
    "security.istio.io",
    "snapshot.storage.k8s.io",
    "source.toolkit.fluxcd.io",
    "traefik.containo.us",
    "traefik.io",
];

/// Of the Prometheus operator's kinds, those it makes pods of.
const MONITORS: [&str; 4] = ["Alertmanager", "Prometheus", "PrometheusAgent", "ThanosRuler"];

impl Kind {
    /// Of an `apiVersion`, `group/version` or the core's `version`.
    pub(super) fn new(version: &str, name: &str) -> Self {
        let group = version.split_once('/').map_or("", |(group, _)| group);
        Self { group: group.to_owned(), name: name.to_owned() }
    }

    /// Whether it is Kubernetes' own kind of that name. Manifests written by hand
    /// may leave the version out.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name == name && self.is_own()
    }

    fn is_own(&self) -> bool {
        self.group.is_empty() || OWN.contains(&self.group.as_str())
    }

    pub(super) fn part(&self) -> Part {
        if self.is_own() {
            return match self.name.as_str() {
                "Pod"
                | "Deployment"
                | "ReplicaSet"
                | "ReplicationController"
                | "StatefulSet"
                | "DaemonSet"
                | "Job"
                | "CronJob"
                | "Node"
                | "Namespace"
                | "PriorityClass"
                | "PersistentVolume"
                | "PersistentVolumeClaim"
                | "Service"
                | "LimitRange"
                | "ResourceQuota"
                | "RuntimeClass"
                | "HorizontalPodAutoscaler" => Part::Read,
                "ResourceClaim"
                | "ResourceClaimTemplate"
                | "DeviceClass"
                | "MutatingWebhookConfiguration"
                | "MutatingAdmissionPolicy"
                | "MutatingAdmissionPolicyBinding" => Part::ChangesPods,
                "PodTemplate" => Part::MakesPods,
                _ => Part::Nothing,
            };
        }
        match (self.group.as_str(), self.name.as_str()) {
            ("monitoring.coreos.com", name) if !MONITORS.contains(&name) => Part::Nothing,
            ("autoscaling.k8s.io" | "keda.sh", _) => Part::ChangesPods,
            (group, _) if RULES.contains(&group) => Part::Nothing,
            _ => Part::MakesPods,
        }
    }

    /// For people: what is not of Kubernetes' own kinds with its group.
    pub(super) fn told(&self) -> String {
        if self.is_own() { self.name.clone() } else { format!("{} ({})", self.name, self.group) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_known_by_its_group_and_not_by_its_name_alone() {
        for (version, name, part) in [
            ("v1", "Node", Part::Read),
            ("", "Deployment", Part::Read),
            ("apps/v1", "Deployment", Part::Read),
            ("extensions/v1beta1", "Deployment", Part::Read),
            ("longhorn.io/v1beta2", "Node", Part::MakesPods),
            ("serving.knative.dev/v1", "Service", Part::MakesPods),
            ("v1", "ConfigMap", Part::Nothing),
            ("rbac.authorization.k8s.io/v1", "ClusterRole", Part::Nothing),
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition", Part::Nothing),
            ("v1", "LimitRange", Part::Read),
            ("autoscaling/v2", "HorizontalPodAutoscaler", Part::Read),
            ("resource.k8s.io/v1", "ResourceClaim", Part::ChangesPods),
            ("autoscaling.k8s.io/v1", "VerticalPodAutoscaler", Part::ChangesPods),
            ("monitoring.coreos.com/v1", "ServiceMonitor", Part::Nothing),
            ("monitoring.coreos.com/v1", "Prometheus", Part::MakesPods),
            ("kafka.strimzi.io/v1beta2", "Kafka", Part::MakesPods),
            ("helm.toolkit.fluxcd.io/v2", "HelmRelease", Part::MakesPods),
            ("traefik.io/v1alpha1", "IngressRoute", Part::Nothing),
            ("cert-manager.io/v1", "Certificate", Part::Nothing),
        ] {
            assert_eq!(Kind::new(version, name).part(), part, "{version} {name}");
        }
    }
}
