//! Removing a release. What its chart asks to be kept stays: volumes, passwords.

use super::{Helm, HelmError};

impl Helm {
    /// Removes a release and waits until its pods are gone; one that is not
    /// there is no error.
    pub async fn remove(&self, namespace: &str, release: &str) -> Result<(), HelmError> {
        let arguments = [
            "uninstall",
            release,
            "--ignore-not-found",
            "--wait",
            &format!("--namespace={namespace}"),
            &format!("--timeout={}s", self.timeout.as_secs()),
        ];
        self.run(release, &arguments.map(str::to_owned)).await.map(drop)
    }
}
