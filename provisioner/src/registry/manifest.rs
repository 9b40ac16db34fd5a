//! What a registry's answer says of an image: for which machines it is.

use serde::Deserialize;
use terrarium_k3s::sums::Sha256;

/// What is asked for: lists of images for several machines first.
pub(super) const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// A manifest, as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Manifest {
    /// One image for each of these machines, as Go names them.
    Index(Vec<String>),
    /// One image; its configuration says for which machine.
    Single { config: Sha256 },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    schema_version: u32,
    #[serde(default)]
    manifests: Option<Vec<Entry>>,
    #[serde(default)]
    config: Option<Descriptor>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Platform {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
}

impl Manifest {
    /// Of a body; the error says what it is instead.
    pub(super) fn parse(body: &[u8]) -> Result<Self, String> {
        let document: Document =
            serde_json::from_slice(body).map_err(|error| format!("it is no manifest: {error}"))?;
        if document.schema_version != 2 {
            return Err(format!("it is a manifest of version {}", document.schema_version));
        }
        match (document.manifests, document.config) {
            (Some(entries), _) => {
                let platforms = entries.into_iter().filter_map(|entry| entry.platform);
                let linux = platforms.filter(|platform| platform.os == "linux");
                Ok(Self::Index(linux.map(|platform| platform.architecture).collect()))
            }
            (None, Some(config)) => {
                let digits =
                    config.digest.strip_prefix("sha256:").and_then(|text| Sha256::parse(text).ok());
                let config = digits.ok_or("its configuration has no sha256")?;
                Ok(Self::Single { config })
            }
            (None, None) => Err("it names no image".to_owned()),
        }
    }
}

/// The machine that an image's configuration is for.
pub(super) fn architecture(config: &[u8]) -> Result<String, String> {
    #[derive(Deserialize)]
    struct Config {
        architecture: String,
        os: String,
    }
    let config: Config = serde_json::from_slice(config)
        .map_err(|error| format!("its configuration cannot be read: {error}"))?;
    if config.os == "linux" {
        Ok(config.architecture)
    } else {
        Err(format!("it is for {}", config.os))
    }
}

/// What Go calls a machine, and with it every image.
pub(crate) fn go_name(machine: &str) -> &str {
    match machine {
        "aarch64" => "arm64",
        "x86_64" => "amd64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_of_every_kind_say_for_whom_they_are() {
        let index = br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json",
            "manifests":[{"digest":"sha256:00","platform":{"architecture":"arm64","os":"linux","variant":"v8"}},
            {"digest":"sha256:01","platform":{"architecture":"amd64","os":"windows"}},
            {"digest":"sha256:02","platform":{"architecture":"unknown","os":"unknown"}},{"digest":"sha256:03"}]}"#;
        assert_eq!(Manifest::parse(index), Ok(Manifest::Index(vec!["arm64".to_owned()])));
        let hex = "ab".repeat(32);
        let single =
            format!(r#"{{"schemaVersion":2,"config":{{"digest":"sha256:{hex}"}},"layers":[]}}"#);
        let config = Sha256::parse(&hex).unwrap();
        assert_eq!(Manifest::parse(single.as_bytes()), Ok(Manifest::Single { config }));
    }

    #[test]
    fn whatever_else_it_is_is_said() {
        for (body, expected) in [
            ("<html>", "it is no manifest: expected value at line 1"),
            (r#"{"schemaVersion":1,"fsLayers":[]}"#, "it is a manifest of version 1"),
            (r#"{"schemaVersion":2}"#, "it names no image"),
            (r#"{"schemaVersion":2,"config":{"digest":"sha512:00"}}"#, "its configuration has no"),
            ("", "it is no manifest"),
        ] {
            let said = Manifest::parse(body.as_bytes()).unwrap_err();
            assert!(said.starts_with(expected), "{said}");
        }
        let deep = "[".repeat(100_000);
        assert!(Manifest::parse(deep.as_bytes()).is_err());
    }
}
