//! Registries of container images, asked for one thing: which content a tag names
//! now. OCI's distribution API, as anybody: there are no logins.
//!
//! What a registry says is data. Its digest is computed from what it sent, not
//! taken from its headers; every answer has a largest size and a latest moment.
//! The code blocks; call it through `spawn_blocking`.

mod challenge;
mod error;
mod manifest;
mod reference;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::time::{Duration, Instant};

use terrarium_k3s::sums::Sha256;
use ureq::Agent;
use ureq::http::Response;
use ureq::tls::{RootCerts, TlsConfig};

pub(crate) use error::{RegistryError, Why};
pub(crate) use manifest::go_name;
pub(crate) use reference::Reference;

use challenge::Challenge;
use manifest::Manifest;
use reference::is_loopback;

/// The largest manifest a registry has to take, by OCI's specification.
const MANIFEST_MAX: u64 = 4 << 20;
/// A token is some kilobytes.
const TOKEN_MAX: u64 = 256 << 10;
/// To a content store, perhaps over its own balancer.
const REDIRECTS: u32 = 3;
/// Which registry of `[images.mirrors]` stands for all others.
const ALL: &str = "*";

/// How registries are asked.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    mirrors: BTreeMap<String, String>,
    /// For one answer, from name resolution to its last byte.
    within: Duration,
    pauses: Vec<Duration>,
}

/// One registry and the way to it.
struct Site<'c> {
    client: &'c Client,
    agent: Agent,
    /// Scheme, host and path before `/v2/`.
    base: String,
    /// Which registry a mirror is to stand for.
    query: String,
}

impl Client {
    /// With the inventory's mirrors: address by registry, `*` for all others.
    pub(crate) fn new(mirrors: BTreeMap<String, String>, patience: f64) -> Self {
        Self {
            mirrors,
            within: Duration::from_secs(20).mul_f64(patience),
            pauses: vec![Duration::from_secs(1), Duration::from_secs(4)],
        }
    }

    /// The digest of what the tag names now: an index, or the one image there is.
    /// There has to be one for each of the machines, named as Go does.
    pub(crate) fn digest(
        &self,
        image: &Reference,
        machines: &BTreeSet<String>,
    ) -> Result<Sha256, RegistryError> {
        let site = self.site(image);
        let mut pauses = self.pauses.iter();
        loop {
            match (site.digest(image, machines), pauses.next()) {
                (Err(why), Some(pause)) if why.is_transient() => std::thread::sleep(*pause),
                (result, _) => {
                    let registry = site.base.clone();
                    return result.map_err(|why| RegistryError {
                        image: image.clone(),
                        registry,
                        why: Box::new(why),
                    });
                }
            }
        }
    }

    /// Whom to ask for an image, as messages say it.
    pub(crate) fn asked(&self, image: &Reference) -> String {
        self.mirror(image).cloned().unwrap_or_else(|| image.address())
    }

    fn mirror(&self, image: &Reference) -> Option<&String> {
        self.mirrors.get(&image.registry).or_else(|| self.mirrors.get(ALL))
    }

    fn site(&self, image: &Reference) -> Site<'_> {
        let mirror = self.mirror(image);
        let base = self.asked(image);
        // A cache of several registries has to be told which one is meant.
        let query = mirror.map(|_| format!("?ns={}", image.registry)).unwrap_or_default();
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let builder = Agent::config_builder();
        let builder = if is_loopback(host(&base)) { builder.proxy(None) } else { builder };
        let config = builder
            .tls_config(tls)
            // Neither a redirect nor the way to a token leads out of TLS.
            .https_only(base.starts_with("https://"))
            .http_status_as_error(false)
            .max_redirects(REDIRECTS)
            .timeout_global(Some(self.within))
            .user_agent(concat!("terrarium/", env!("CARGO_PKG_VERSION")))
            .build();
        Site { client: self, agent: config.new_agent(), base, query }
    }
}

impl Site<'_> {
    fn digest(&self, image: &Reference, machines: &BTreeSet<String>) -> Result<Sha256, Why> {
        let path = format!("{}/manifests/{}", image.repository, image.tag);
        let mut token = None;
        let (body, said) = self.get(image, &path, &mut token)?;
        let got = Sha256::of(&body);
        if let Some(said) = said
            && said != format!("sha256:{got}")
        {
            return Err(Why::Lie { said, got });
        }
        let found = match Manifest::parse(&body).map_err(Why::Content)? {
            Manifest::Index(machines) => machines,
            Manifest::Single { config } => {
                let path = format!("{}/blobs/sha256:{config}", image.repository);
                let (body, _) = self.get(image, &path, &mut token)?;
                let got = Sha256::of(&body);
                if got != config {
                    return Err(Why::Lie { said: format!("sha256:{config}"), got });
                }
                vec![manifest::architecture(&body).map_err(Why::Content)?]
            }
        };
        match machines.iter().find(|machine| !found.contains(machine)) {
            None => Ok(got),
            Some(wanted) => {
                let mut found: Vec<String> = found;
                found.dedup();
                Err(Why::Machine { wanted: wanted.clone(), found: found.join(", ") })
            }
        }
    }

    /// A body, and what the registry says its digest is. A registry that wants a
    /// token gets one, once.
    fn get(
        &self,
        image: &Reference,
        path: &str,
        token: &mut Option<String>,
    ) -> Result<(Vec<u8>, Option<String>), Why> {
        let address = format!("{}/v2/{path}{}", self.base, self.query);
        let mut realm = None;
        loop {
            let until = Instant::now() + self.client.within;
            let mut request = self.agent.get(&address).header("Accept", manifest::ACCEPTED);
            if let Some(token) = &token {
                // ureq sends it to no other place that this one leads to.
                request = request.header("Authorization", format!("Bearer {token}"));
            }
            let mut response = request.call().map_err(|error| self.failed(error))?;
            match response.status().as_u16() {
                200 => {
                    let said = header(&response, "Docker-Content-Digest");
                    let body = self.body(&mut response, MANIFEST_MAX, until)?;
                    return Ok((body, said));
                }
                401 if realm.is_none() => {
                    let header = header(&response, "WWW-Authenticate").unwrap_or_default();
                    let challenge = Challenge::parse(&header).ok_or(Why::Login)?;
                    *token = Some(self.token(&challenge, &image.repository)?);
                    realm = Some(challenge.realm);
                }
                401 => return Err(Why::Token { realm: realm.unwrap_or_default() }),
                403 => return Err(Why::Login),
                404 => return Err(Why::Absent),
                status => return Err(Why::Status { address, status }),
            }
        }
    }

    /// A token for anybody. Nothing of ours goes along.
    fn token(&self, challenge: &Challenge, repository: &str) -> Result<String, Why> {
        #[derive(serde::Deserialize)]
        struct Answer {
            token: Option<String>,
            access_token: Option<String>,
        }
        let realm = &challenge.realm;
        let refused = |reason| Why::Address { address: shown(realm), reason };
        if !realm.starts_with("https://") && !realm.starts_with("http://") {
            return Err(refused("is no address of the web"));
        }
        if self.base.starts_with("https://") && !realm.starts_with("https://") {
            return Err(refused("leads out of TLS"));
        }
        if realm.split('/').nth(2).is_none_or(|host| host.is_empty() || host.contains('@')) {
            return Err(refused("names no host, or a login"));
        }
        let until = Instant::now() + self.client.within;
        let asked = self.agent.get(challenge.address(repository)).call();
        let mut response = asked.map_err(|error| self.failed(error))?;
        match response.status().as_u16() {
            200 => {}
            401 | 403 => return Err(Why::Login),
            status => return Err(Why::Status { address: shown(realm), status }),
        }
        let body = self.body(&mut response, TOKEN_MAX, until)?;
        let none = || Why::NoToken { realm: shown(realm) };
        let answer: Answer = serde_json::from_slice(&body).map_err(|_| none())?;
        let token = answer.token.or(answer.access_token).filter(|token| !token.is_empty());
        // A line break in it would be a header of somebody else's making.
        token.filter(|token| token.bytes().all(|byte| byte.is_ascii_graphic())).ok_or_else(none)
    }

    fn body(
        &self,
        response: &mut Response<ureq::Body>,
        limit: u64,
        until: Instant,
    ) -> Result<Vec<u8>, Why> {
        let mut reader = response.body_mut().as_reader();
        let mut body = Vec::new();
        let mut chunk = vec![0; 64 << 10];
        loop {
            let read = reader.read(&mut chunk).map_err(|error| self.failed(error.into()))?;
            if read == 0 {
                return Ok(body);
            }
            body.extend_from_slice(&chunk[..read]);
            if body.len() as u64 > limit {
                return Err(Why::TooLarge { limit });
            }
            if Instant::now() > until {
                return Err(Why::Timeout(self.client.within));
            }
        }
    }

    fn failed(&self, error: ureq::Error) -> Why {
        match error {
            ureq::Error::Timeout(_) => Why::Timeout(self.client.within),
            error => Why::Transport(Box::new(error)),
        }
    }
}

/// Host and port of an address.
fn host(address: &str) -> &str {
    address.split('/').nth(2).unwrap_or_default()
}

fn header(response: &Response<ureq::Body>, name: &str) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}

/// An address of a registry's making, as a message shows it.
fn shown(address: &str) -> String {
    address.escape_debug().take(200).collect()
}

#[cfg(test)]
pub(crate) mod tests;
