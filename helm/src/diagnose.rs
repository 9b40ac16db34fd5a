//! Asking the cluster why a release failed. How `kubectl` is run is the
//! caller's: on the server node over SSH, or here.

use std::error::Error;

use crate::failure::{Finding, Logs, ReleaseFailure, explain, telling_line};

/// What a caller's `kubectl` may fail with.
pub type KubectlError = Box<dyn Error + Send + Sync>;

/// The question could not be asked, or the answer not read.
#[derive(Debug, thiserror::Error)]
pub enum DiagnoseError {
    /// `kubectl` failed.
    #[error("cannot ask the cluster about release {release}")]
    Kubectl {
        /// The release.
        release: String,
        /// The caller's error.
        #[source]
        source: KubectlError,
    },
    /// Its answer is no JSON of the kinds asked for.
    #[error("the cluster's answer about release {release} cannot be read")]
    Answer {
        /// The release.
        release: String,
        /// The parser's error.
        #[source]
        source: serde_json::Error,
    },
}

/// What `kubectl` is asked first.
pub fn objects_args(namespace: &str) -> Vec<String> {
    let kinds = "pods,events,persistentvolumeclaims";
    ["get", kinds, "--namespace", namespace, "--output", "json"].map(str::to_owned).into()
}

/// What `kubectl` is asked when a log should tell more.
pub fn logs_args(namespace: &str, logs: &Logs) -> Vec<String> {
    let mut args: Vec<String> =
        ["logs", "--namespace", namespace, "--container", &logs.container, "--tail=40", &logs.pod]
            .map(str::to_owned)
            .into();
    if logs.previous {
        args.push("--previous".to_owned());
    }
    args
}

/// Why `release` does not come up; `None` when all its pods are ready. At most
/// two calls of `kubectl`, which takes arguments and gives its standard output.
pub async fn diagnose<F, R>(
    namespace: &str,
    release: &str,
    kubectl: F,
) -> Result<Option<ReleaseFailure>, DiagnoseError>
where
    F: Fn(Vec<String>) -> R,
    R: Future<Output = Result<String, KubectlError>>,
{
    let objects = kubectl(objects_args(namespace))
        .await
        .map_err(|source| DiagnoseError::Kubectl { release: release.to_owned(), source })?;
    let finding = explain(release, &objects)
        .map_err(|source| DiagnoseError::Answer { release: release.to_owned(), source })?;
    let Some(Finding { mut failure, logs }) = finding else { return Ok(None) };
    if let Some(logs) = logs {
        // The log is an extra: without it the finding still stands.
        failure.log_line =
            kubectl(logs_args(namespace, &logs)).await.ok().and_then(|log| telling_line(&log));
    }
    Ok(Some(failure))
}

#[cfg(test)]
mod tests;
