//! The way in: what a browser reaches, and the manifests of what no lab can run.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use terrarium_helm::catalogue::Catalogue;
use terrarium_helm::derive::Site;
use terrarium_helm::release::{Release, releases};
use terrarium_helm::select::select;
use terrarium_inventory::Stack;

use crate::world::{World, succeeded};

const DOMAIN: &str = "lab.local";

/// The services no registry has an image's parts of.
const NOWHERE: [&str; 3] = ["grafana", "homepage", "kafka-ui"];

/// The profile as a cluster with everything would get it.
fn wished() -> Vec<Release> {
    let catalogue = Catalogue::embedded().unwrap();
    let stack = Stack {
        profile: Some("core".to_owned()),
        services: Vec::new(),
        without: Vec::new(),
        values: BTreeMap::new(),
    };
    let site = Site {
        domain: DOMAIN.to_owned(),
        traefik: true,
        nodes: crate::world::NODES.map(str::to_owned).to_vec(),
        ..Site::default()
    };
    releases(&select(&stack, &catalogue).unwrap(), &catalogue, &stack, &site)
}

/// Every link of the home page to what the lab runs answers, over TLS with the
/// cluster's own certificate, and asks for the shared login where it should.
pub(crate) fn links(world: &mut World) {
    world.core();
    let output = world.provision(&["credentials", "--ca"]);
    succeeded(&output);
    let authority = world.file("ca.pem");
    std::fs::write(&authority, &output.stdout).unwrap();
    let login = format!("terrarium:{}", password(world));
    let releases = wished();
    let home = releases.iter().find(|release| release.name.as_str() == "homepage").unwrap();
    let tiles = home.values["tiles"].as_array().unwrap();
    let catalogue = Catalogue::embedded().unwrap();
    let mut seen = 0;
    for tile in tiles {
        let service = tile["service"].as_str().unwrap();
        let Some(address) = tile["href"].as_str().filter(|_| !NOWHERE.contains(&service)) else {
            continue;
        };
        // The lab's Prometheus is built without its web pages.
        let address =
            if service == "prometheus" { format!("{address}-/ready") } else { address.to_owned() };
        let asked =
            catalogue.get(service).and_then(|s| s.card.ui.as_ref()).is_some_and(|ui| ui.login);
        let curl = |more: &[&str]| {
            let mut curl = Command::new("curl");
            curl.args(["-sSL", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "20"]);
            curl.arg("--cacert").arg(&authority);
            curl.arg("--connect-to").arg(format!("::{}:", world.lab.node_ip(1)));
            let output = curl.args(more).arg(&address).output().unwrap();
            assert!(output.status.success(), "{address}: {output:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        assert_eq!(curl(&[]), if asked { "401" } else { "200" }, "{address} without a login");
        assert_eq!(curl(&["--user", &login]), "200", "{address}");
        seen += 1;
    }
    assert_eq!(seen, 5, "{tiles:?}");
    pages(world, &login);
}

fn password(world: &World) -> String {
    let output = world.provision(&["credentials", "ingress", "--json"]);
    succeeded(&output);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    found["logins"][0]["password"].as_str().unwrap().to_owned()
}

/// What a browser shows: pgAdmin's tree without a question, and the API's page.
fn pages(world: &World, login: &str) {
    let page = |address: &str| {
        let profile = tempfile::tempdir().unwrap();
        let output = Command::new("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update"])
            .args(["--disable-sync", "--ignore-certificate-errors"])
            .arg(format!("--host-resolver-rules=MAP *.{DOMAIN} {}", world.lab.node_ip(1)))
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(["--virtual-time-budget=60000", "--dump-dom", address])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let pgadmin = page(&format!("https://{login}@pgadmin.{DOMAIN}/browser/"));
    assert!(pgadmin.contains("Servers") && pgadmin.contains("Add New Server"), "{pgadmin}");
    for prompt in ["Please enter the password", "Unlock Saved Passwords", "Forgotten your password"]
    {
        assert!(!pgadmin.contains(prompt), "pgAdmin asks: {prompt}");
    }
    let api = page(&format!("https://fastapi.{DOMAIN}/docs"));
    assert!(api.contains("opblock-summary-path") && api.contains("/foo"), "{api}");
}

/// The API server takes the very manifests of what the lab has no image for.
pub(crate) fn manifests(world: &mut World) {
    world.core();
    for release in wished().iter().filter(|r| NOWHERE.contains(&r.name.as_str())) {
        let name = release.name.as_str();
        let rendered = rendered(world, release);
        let mut kubectl = Command::new("kubectl");
        kubectl.arg("--kubeconfig").arg(world.file("kubeconfig"));
        kubectl.args(["--context", "lab", "apply", "--dry-run=server", "--filename", "-"]);
        let mut kubectl = kubectl
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        kubectl.stdin.take().unwrap().write_all(&rendered.stdout).unwrap();
        let output = kubectl.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains("server dry run"), "{name}: {said}");
        let pods = ["deployment.apps", "statefulset.apps"].map(|kind| format!("{kind}/{name}"));
        assert!(pods.iter().any(|object| said.contains(object)), "{name}: {said}");
    }
}

fn rendered(world: &World, release: &Release) -> Output {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in &release.chart.files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let values = folder.path().join("given.json");
    std::fs::write(&values, release.values.to_string()).unwrap();
    let output = Command::new(world.helm())
        .args(["template", release.name.as_str()])
        .arg(folder.path())
        .args(["--namespace", "terrarium", "--values"])
        .arg(&values)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}
