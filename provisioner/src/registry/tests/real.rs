//! The registry that Docker publishes, as Debian packages it: `docker-registry`,
//! from `$TERRARIUM_REGISTRY`, where `provisioner/tests/registry.sh` lays it down,
//! or the `PATH`.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use terrarium_k3s::sums::Sha256;
use ureq::Agent;

use super::server::{Answer, Server};
use super::{client, machines};
use crate::registry::{Reference, Why};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";

struct Registry {
    process: Child,
    base: String,
    /// Sent with what is put in.
    login: Option<&'static str>,
    _data: tempfile::TempDir,
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> PathBuf {
    let built = || {
        let cache = std::env::var_os("TERRARIUM_CACHE")
            .map(PathBuf::from)
            .or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cache/terrarium")))?;
        Some(cache.join("registry/docker-registry")).filter(|path| path.exists())
    };
    let named = std::env::var_os("TERRARIUM_REGISTRY").map(PathBuf::from);
    named.or_else(built).unwrap_or_else(|| "docker-registry".into())
}

impl Registry {
    /// With this more in its configuration.
    fn start(more: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let config = format!(
            "version: 0.1\nlog: {{level: info, formatter: json}}\n\
             storage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: '127.0.0.1:0'}}\n{more}",
            data.path().display()
        );
        let file = data.path().join("config.yml");
        std::fs::write(&file, config).unwrap();
        let mut process = Command::new(program())
            .arg("serve")
            .arg(&file)
            .env("OTEL_TRACES_EXPORTER", "none")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("docker-registry runs: provisioner/tests/registry.sh lays it down");
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                let said: Value = serde_json::from_str(&line).ok()?;
                Some(said["msg"].as_str()?.strip_prefix("listening on ")?.to_owned())
            })
            .expect("it says where it listens");
        // Read on, or it stops when the pipe is full.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, base: format!("http://{address}"), login: None, _data: data }
    }

    fn agent() -> Agent {
        Agent::config_builder().proxy(None).build().into()
    }

    fn put(&self, path: &str, kind: &str, body: &[u8]) {
        let path =
            if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        let mut request = Self::agent().put(path).header("Content-Type", kind);
        if let Some(login) = self.login {
            request = request.header("Authorization", login);
        }
        request.send(body).unwrap();
    }

    fn blob(&self, repository: &str, body: &[u8]) -> Value {
        let mut request =
            Self::agent().post(format!("{}/v2/{repository}/blobs/uploads/", self.base));
        if let Some(login) = self.login {
            request = request.header("Authorization", login);
        }
        let begun = request.send_empty().unwrap();
        let place = begun.headers()["Location"].to_str().unwrap();
        let digest = format!("sha256:{}", Sha256::of(body));
        self.put(&format!("{place}&digest={digest}"), "application/octet-stream", body);
        json!({"mediaType": "application/octet-stream", "digest": digest, "size": body.len()})
    }

    /// An image of one machine under this tag; its descriptor and its manifest.
    fn image(&self, repository: &str, tag: &str, machine: &str, kind: &str) -> (Value, Vec<u8>) {
        let config = json!({"architecture": machine, "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}});
        let mut config = self.blob(repository, config.to_string().as_bytes());
        config["mediaType"] = match kind {
            DOCKER => "application/vnd.docker.container.image.v1+json".into(),
            _ => "application/vnd.oci.image.config.v1+json".into(),
        };
        let manifest =
            json!({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": []});
        let body = manifest.to_string().into_bytes();
        self.put(&format!("/v2/{repository}/manifests/{tag}"), kind, &body);
        let descriptor = json!({"mediaType": kind, "size": body.len(),
            "digest": format!("sha256:{}", Sha256::of(&body)),
            "platform": {"os": "linux", "architecture": machine}});
        (descriptor, body)
    }

    /// An image for several machines under this tag.
    fn index(&self, repository: &str, tag: &str, kind: &str) -> Vec<u8> {
        let one = if kind == LIST { DOCKER } else { MANIFEST };
        let parts: Vec<Value> = ["arm64", "amd64"]
            .map(|machine| self.image(repository, &format!("{tag}-{machine}"), machine, one).0)
            .to_vec();
        let body = json!({"schemaVersion": 2, "mediaType": kind, "manifests": parts}).to_string();
        self.put(&format!("/v2/{repository}/manifests/{tag}"), kind, body.as_bytes());
        body.into_bytes()
    }

    fn reference(&self, repository: &str, tag: &str) -> Reference {
        let host = self.base.trim_start_matches("http://");
        Reference::new(&format!("{host}/{repository}"), tag).unwrap()
    }
}

#[test]
fn a_real_registry_says_what_a_tag_names_and_for_which_machines() {
    let registry = Registry::start("");
    for kind in [INDEX, LIST] {
        let body = registry.index("library/redis", "8", kind);
        let redis = registry.reference("library/redis", "8");
        let found = client(&[]).digest(&redis, &machines(&["arm64", "amd64"])).unwrap();
        assert_eq!(found, Sha256::of(&body), "{kind}");
        let why = client(&[]).digest(&redis, &machines(&["riscv64"])).unwrap_err().why;
        assert!(why.to_string().ends_with("there is for: arm64, amd64"), "{why}");
    }
    for kind in [MANIFEST, DOCKER] {
        let (_, body) = registry.image("one", "1", "amd64", kind);
        let one = registry.reference("one", "1");
        assert_eq!(client(&[]).digest(&one, &machines(&["amd64"])).unwrap(), Sha256::of(&body));
        let why = client(&[]).digest(&one, &machines(&["arm64"])).unwrap_err().why;
        assert!(matches!(*why, Why::Machine { .. }), "{why}");
    }
    for absent in [registry.reference("one", "2"), registry.reference("two", "1")] {
        let why = client(&[]).digest(&absent, &machines(&[])).unwrap_err().why;
        assert!(matches!(*why, Why::Absent), "{absent}: {why}");
    }
}

#[test]
fn a_real_registry_that_wants_a_token_gets_one() {
    let tokens = Server::start(|_, _| Answer::ok(r#"{"token":"for-anybody"}"#));
    let realm = format!("http://{}/token", tokens.host());
    let mut registry =
        Registry::start(&format!("auth: {{silly: {{realm: '{realm}', service: registry.lan}}}}\n"));
    registry.login = Some("Bearer mine");
    let body = registry.index("library/redis", "8", INDEX);
    let redis = registry.reference("library/redis", "8");
    assert_eq!(client(&[]).digest(&redis, &machines(&["arm64"])).unwrap(), Sha256::of(&body));
    let scope = "/token?service=registry.lan&scope=repository:library/redis:pull";
    assert_eq!(tokens.asked(), [scope]);
}

#[test]
fn a_real_registry_in_front_of_another_answers_for_it() {
    let origin = Registry::start("");
    let body = origin.index("library/redis", "8", INDEX);
    let cache = Registry::start(&format!("proxy: {{remoteurl: '{}'}}\n", origin.base));
    let redis = Reference::new("redis", "8").unwrap();
    let found = client(&[("docker.io", &cache.base)]).digest(&redis, &machines(&["arm64"]));
    assert_eq!(found.unwrap(), Sha256::of(&body));
}
