//! What helm would send to the cluster, and what it sent last.

use serde::Deserialize;

use super::{Helm, HelmError};
use crate::release::Release;

/// What `--output=json` of a dry run has that matters here.
#[derive(Deserialize)]
struct DryRun {
    manifest: String,
}

impl Helm {
    /// The manifest of the newest revision. It has the passwords in it.
    pub async fn manifest(&self, namespace: &str, release: &str) -> Result<String, HelmError> {
        let namespace = format!("--namespace={namespace}");
        let arguments = ["get", "manifest", release, &namespace].map(str::to_owned);
        self.run(release, &arguments).await
    }

    /// The manifest an upgrade would send: rendered with what the charts look up
    /// in the cluster, written nowhere. It has the passwords in it.
    pub async fn upgraded(&self, release: &Release) -> Result<String, HelmError> {
        let folder = self.lay_out(release)?;
        let name = release.name.as_str();
        let arguments = [
            "upgrade",
            name,
            &folder.path().join("chart").display().to_string(),
            "--install",
            "--dry-run=server",
            "--output=json",
            &format!("--values={}", folder.path().join("values.json").display()),
            &format!("--namespace={}", release.namespace),
        ];
        let output = self.run(name, &arguments.map(str::to_owned)).await?;
        let read: Result<DryRun, _> = serde_json::from_str(&output);
        // The parser's words could have a password in them.
        let unreadable = |_| HelmError::Answer { release: name.to_owned() };
        Ok(read.map_err(unreadable)?.manifest)
    }

    /// The manifest of a first install, made without asking any cluster.
    pub async fn rendered(&self, release: &Release) -> Result<String, HelmError> {
        let folder = self.lay_out(release)?;
        let name = release.name.as_str();
        let arguments = [
            "template",
            name,
            &folder.path().join("chart").display().to_string(),
            &format!("--values={}", folder.path().join("values.json").display()),
            &format!("--namespace={}", release.namespace),
        ];
        self.run(name, &arguments.map(str::to_owned)).await
    }
}
