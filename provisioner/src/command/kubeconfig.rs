//! `provision kubeconfig`

use std::path::Path;

use serde::Serialize;

use super::owner;
use super::prepare::Ground;
use crate::access;
use crate::cli::{Common, Kubeconfig};
use crate::error::{Code, Failure};
use crate::executor::kubectl;
use crate::report::terminal;
use crate::settings::Settings;

const KUBECTL_SECONDS: u64 = 30;

/// What `kubeconfig --json` prints.
#[derive(Serialize)]
struct Document<'a> {
    /// Version of this document.
    version: u32,
    /// Its context, cluster and user are called so.
    context: &'a str,
    /// All of it, where no file was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    kubeconfig: Option<&'a str>,
    /// The file it was merged into.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a Path>,
}

/// Prints the way into the cluster, or merges it into a file.
pub(super) async fn run(
    common: &Common,
    settings: &Settings,
    options: &Kubeconfig,
) -> Result<Code, Failure> {
    let ground = Ground::new(common, settings).await?;
    let inventory = &*ground.inventory;
    let file = match &options.out {
        Some(file) => Some(file.as_path()),
        None if options.merge => Some(inventory.cluster.kubeconfig.as_path()),
        None => None,
    };
    owner::hold(&ground).await?;
    let server = ground.server()?;
    let entrance = match access::read(server, file).await {
        Ok(entrance) => entrance,
        Err(failure) => {
            // Where k3s is not even installed, that is the reason.
            let nodes = ["get", "nodes", "-o", "json"].map(str::to_owned);
            return Err(match kubectl(server, &nodes, KUBECTL_SECONDS).await {
                Err(none) if none.code == Code::Refused => none,
                _ => failure,
            });
        }
    };
    let context = &inventory.cluster.name;
    match file {
        None => {
            let text = entrance.text(inventory)?;
            if common.json {
                let kubeconfig = Some(text.as_str());
                terminal::reveal_json(&Document { version: 1, context, kubeconfig, file: None })?;
            } else {
                terminal::reveal(&text);
            }
        }
        Some(file) => {
            let outcome = entrance.install(inventory, file)?;
            if common.json {
                let file = Some(file);
                terminal::json(&Document { version: 1, context, kubeconfig: None, file })?;
            } else {
                terminal::line(&access::told(&outcome, inventory, file));
            }
        }
    }
    Ok(Code::Done)
}
