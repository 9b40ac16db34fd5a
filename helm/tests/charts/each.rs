//! Each chart by itself.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use terrarium_helm::catalogue::Service;

use crate::helm::{catalogue, helm, objects, pods, program, stderr, template};

fn each(check: impl Fn(&str, &Service)) {
    let catalogue = catalogue();
    assert!(catalogue.iter().count() >= 4);
    for (id, service) in catalogue.iter() {
        check(id.as_str(), service);
    }
}

#[test]
fn every_chart_lints() {
    each(|id, _| {
        let output = helm(&["lint", "--strict", id]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{id}: {said}{}", stderr(&output));
    });
}

#[test]
fn every_chart_renders_to_what_is_committed() {
    each(|id, _| {
        let mut rendered = String::new();
        let (mut secret, mut data) = (false, false);
        for line in template(id, &[]).lines() {
            // A Secret's data is new at every rendering.
            match line {
                "---" => (secret, data) = (false, false),
                "kind: Secret" => secret = true,
                _ if !line.starts_with(' ') => data = secret && line == "data:",
                _ => {}
            }
            let key = line.split_inclusive(": ").next().unwrap_or_default();
            let hidden = data && line.starts_with("  ");
            rendered.push_str(if hidden { key } else { line });
            rendered.push_str(if hidden { "GENERATED\n" } else { "\n" });
        }
        insta::assert_snapshot!(format!("chart_{id}"), rendered);
    });
}

#[test]
fn every_pod_keeps_the_house_rules() {
    each(|id, _| {
        for pod in pods(&template(id, &[])) {
            assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{id}");
            assert!(pod["securityContext"]["runAsUser"].as_u64() > Some(0), "{id}");
            assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{id}");
            assert!(pod["priorityClassName"].as_str().is_some_and(|n| n.starts_with("terrarium-")));
            assert!(pod["automountServiceAccountToken"].is_boolean(), "{id}");
            assert!(pod["terminationGracePeriodSeconds"].is_u64(), "{id}");
            for container in pod["containers"].as_array().expect("containers") {
                container_keeps_the_house_rules(id, container);
            }
        }
    });
}

fn container_keeps_the_house_rules(id: &str, container: &Value) {
    let context = &container["securityContext"];
    assert_eq!(context["readOnlyRootFilesystem"], true, "{id}");
    assert_eq!(context["allowPrivilegeEscalation"], false, "{id}");
    assert_eq!(context["capabilities"]["drop"], serde_json::json!(["ALL"]), "{id}");
    for (kind, what) in [("requests", "cpu"), ("requests", "memory"), ("limits", "memory")] {
        assert!(container["resources"][kind][what].is_string(), "{id}: no {what} in {kind}");
    }
    // What runs beside a service is well when the service is.
    if container["name"] == id {
        for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
            assert!(container[probe].is_object(), "{id}: no {probe}");
        }
    }
    // What is brought to the nodes has a name nobody can register, and nobody is
    // asked for it.
    let image = container["image"].as_str().expect("an image");
    let brought = image.starts_with("terrarium.invalid/");
    let policy = if brought { "Never" } else { "IfNotPresent" };
    assert_eq!(container["imagePullPolicy"], policy, "{id}: {image}");
    let (_, tag) = image.rsplit_once(':').expect("a tag");
    assert!(tag != "latest" && tag.contains(|c: char| c.is_ascii_digit()), "{id}: {tag}");
}

#[test]
fn card_chart_and_rendering_agree() {
    each(|id, service| {
        let image_tag = service.chart.values["image"]["tag"].as_str();
        if let Some(tag) = image_tag {
            let version = &service.chart.app_version;
            assert!(
                tag.trim_start_matches('v').starts_with(version.as_str()),
                "{id}: {tag} is not {version}"
            );
        }
        let objects = objects(&template(id, &[]));
        let own = objects.iter().find(|o| o["kind"] == "Service" && o["metadata"]["name"] == *id);
        let ports = own.map_or(Vec::new(), |service| {
            let ports = service["spec"]["ports"].as_array().expect("ports").iter();
            ports
                .map(|p| (p["name"].as_str().expect("a name").to_owned(), p["port"].as_u64()))
                .collect()
        });
        let card: Vec<_> =
            service.card.ports.iter().map(|(n, p)| (n.clone(), Some(u64::from(*p)))).collect();
        assert_eq!(card, ports, "{id}");
    });
}

#[test]
fn the_boards_a_card_names_exist() {
    let boards = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hardware/boards");
    each(|id, service| {
        for board in service.card.cannot_run.iter().flat_map(|case| &case.boards) {
            assert!(boards.join(format!("{board}.toml")).exists(), "{id}: no board {board}");
        }
    });
}

#[test]
fn a_schema_refuses_what_is_wrong() {
    for (service, set, expected) in [
        ("postgresql", "image.tag=latest", "/image/tag"),
        ("postgresql", "image.uid=0", "/image/uid"),
        ("postgresql", "settings.max_connections=50", "/settings/max_connections"),
        ("postgresql", "setings.jit=on", "'setings' not allowed"),
        ("postgresql", "resources.limits.memory=lots", "/resources/limits/memory"),
        ("postgresql", "resources.requests=null", "'requests'"),
        ("redis", "maxmemory=96MiB", "/maxmemory"),
        ("redis", "maxmemoryPolicy=lru", "/maxmemoryPolicy"),
        ("redis", "storage.size=1 gig", "/storage/size"),
        ("redis", "image.digest=sha256:12", "/image/digest"),
        ("prometheus", "agentPort=70000", "/agentPort"),
        ("prometheus", "retention.time=week", "/retention/time"),
        ("prometheus", "ingress.host=Pro_metheus", "/ingress/host"),
        ("foundation", "anything=1", "'anything' not allowed"),
    ] {
        let output = helm(&["template", service, service, "--set", set]);
        assert!(!output.status.success(), "{service} took {set}");
        let error = stderr(&output);
        assert!(error.contains(expected), "{service} {set}: {error}");
    }
}

#[test]
fn values_reach_where_they_belong() {
    let digest = format!("image.digest=sha256:{}", "a".repeat(64));
    let rendered = template(
        "prometheus",
        &[
            "--set=ingress.host=prometheus.pis.lan,nodeSelector.disk=ssd,storage.class=ssd",
            "--set",
            &digest,
        ],
    );
    let pod = pods(&rendered).pop().expect("a pod");
    assert_eq!(pod["nodeSelector"]["disk"], "ssd");
    assert!(
        pod["containers"][0]["image"]
            .as_str()
            .is_some_and(|image| image.contains("v3.14.0@sha256:aaaa"))
    );
    let objects = objects(&rendered);
    let ingress = objects.iter().find(|o| o["kind"] == "Ingress").expect("an ingress");
    assert_eq!(ingress["spec"]["rules"][0]["host"], "prometheus.pis.lan");
    let set = objects.iter().find(|o| o["kind"] == "StatefulSet").expect("a set");
    assert_eq!(set["spec"]["volumeClaimTemplates"][0]["spec"]["storageClassName"], "ssd");
    assert!(!template("prometheus", &[]).contains("kind: Ingress"));
}

/// Kubernetes' default order never replaces a pod that cannot start: the
/// revision that mends it would not arrive.
#[test]
fn a_broken_revision_can_be_replaced() {
    each(|id, _| {
        let sets = objects(&template(id, &[]));
        for set in sets.iter().filter(|object| object["kind"] == "StatefulSet") {
            assert_eq!(set["spec"]["podManagementPolicy"], "Parallel", "{id}");
        }
    });
}

#[test]
fn a_changed_configuration_is_a_changed_pod() {
    for (service, set) in
        [("redis", "--set=maxmemory=64mb"), ("prometheus", "--set=agentPort=9101")]
    {
        let annotation = |more: &[&str]| {
            let objects = objects(&template(service, more));
            let set = objects.iter().find(|o| o["kind"] == "StatefulSet").expect("a set");
            set["spec"]["template"]["metadata"]["annotations"]["terrarium/config"].clone()
        };
        assert!(annotation(&[]).is_string(), "{service}");
        assert_eq!(annotation(&[]), annotation(&[]), "{service}");
        assert_ne!(annotation(&[]), annotation(&[set]), "{service}");
    }
}

#[test]
fn no_password_is_written_outside_a_secret() {
    for service in ["postgresql", "redis"] {
        let objects = objects(&template(service, &[]));
        let secret = objects.iter().find(|o| o["kind"] == "Secret").expect("a Secret");
        assert_eq!(secret["metadata"]["annotations"]["helm.sh/resource-policy"], "keep");
        let encoded = secret["data"]["password"].as_str().expect("a password");
        let password = data_encoding::BASE64.decode(encoded.as_bytes()).expect("base64");
        assert_eq!(password.len(), 32, "{service}");
        let password = String::from_utf8(password).expect("text");
        for object in objects.iter().filter(|o| o["kind"] != "Secret") {
            assert!(!object.to_string().contains(&password), "{service}: {}", object["kind"]);
        }
    }
}

#[test]
fn prometheus_takes_its_configuration_and_rules() {
    let objects = objects(&template("prometheus", &[]));
    let map = objects.iter().find(|o| o["kind"] == "ConfigMap").expect("a ConfigMap");
    let folder = tempfile::tempdir().expect("a folder");
    let rules = folder.path().join("rules.yml");
    std::fs::write(&rules, map["data"]["rules.yml"].as_str().expect("rules")).expect("written");
    let promtool = |arguments: &[&str]| {
        let mut command = Command::new(program("TERRARIUM_PROMTOOL", "promtool"));
        let output = command.args(arguments).current_dir(folder.path()).output();
        let output =
            output.expect("promtool runs; apt-get install prometheus or set TERRARIUM_PROMTOOL");
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
        String::from_utf8_lossy(&said).into_owned()
    };
    let said = promtool(&["check", "rules", "rules.yml"]);
    assert!(said.contains("17 rules found"), "{said}");
    std::fs::write(folder.path().join("test.yml"), include_str!("../rules.test.yml"))
        .expect("written");
    promtool(&["test", "rules", "test.yml"]);
    // Debian's promtool lacks the Kubernetes discovery; everything else of the
    // configuration is checked with the discovery's own lines replaced.
    let config = map["data"]["prometheus.yml"].as_str().expect("a configuration");
    let config = config.replace("/etc/prometheus/rules.yml", "rules.yml");
    let config = config.replace("kubernetes_sd_configs:\n      - role: node", "static_configs: []");
    let config = config.replace("kubernetes_sd_configs:\n      - role: pod", "static_configs: []");
    assert_eq!(config.matches("static_configs: []").count(), 2, "{config}");
    std::fs::write(folder.path().join("prometheus.yml"), config).expect("written");
    promtool(&["check", "config", "prometheus.yml"]);
}

/// The image's own start would load modules for search, time series and more.
#[test]
fn redis_is_started_without_modules() {
    let pod = pods(&template("redis", &[])).remove(0);
    let container = &pod["containers"][0];
    let command = serde_json::json!(["redis-server", "/etc/redis/redis.conf"]);
    assert_eq!((&container["command"], &container["args"]), (&command, &Value::Null));
}
