//! `provision credentials`

use serde::Serialize;

use super::owner;
use super::prepare::Ground;
use crate::cli::Common;
use crate::credentials::{self, Credential, Missing, Table};
use crate::error::{Code, Failure};
use crate::executor::kubectl;
use crate::report::terminal;
use crate::settings::Settings;
use crate::stack::objects;

/// The local authority that signs the user interfaces' certificates.
const AUTHORITY: &str = "terrarium-ca";
const CERTIFICATE: &str = "tls.crt";
const KUBECTL_SECONDS: u64 = 30;

/// What `credentials --json` prints.
#[derive(Serialize)]
struct Document<'a> {
    /// Version of this document.
    version: u32,
    logins: &'a [Credential],
    /// Logins whose Secret somebody deleted.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    missing: &'a [Missing<'a>],
}

/// Prints the logins of these services, of all when none is named; exit code 5 when a
/// Secret of one is missing.
pub(super) async fn run(
    common: &Common,
    settings: &Settings,
    services: &[String],
) -> Result<Code, Failure> {
    let ground = Ground::new(common, settings).await?;
    let chosen = credentials::choose(&ground.stack.catalogue, services)?;
    owner::hold(&ground).await?;
    let wanted = credentials::arguments(chosen.iter().map(|(.., login)| login.secret.as_str()));
    let answer = kubectl(ground.server()?, &wanted, KUBECTL_SECONDS).await?;
    let found = answer
        .parse(|answer| credentials::read(&chosen, answer, &ground.inventory.cluster.domain))?;
    let missing = if found.len() == chosen.len() {
        Vec::new()
    } else {
        // Some are not deployed; others may have lost their Secret.
        let cluster = objects::now(ground.server()?).await?;
        let objects = objects::read(cluster.as_ref())?;
        objects.map(|objects| credentials::missing(&chosen, &objects)).unwrap_or_default()
    };
    if common.json {
        terminal::reveal_json(&Document { version: 1, logins: &found, missing: &missing })?;
    } else if found.is_empty() && missing.is_empty() {
        terminal::line("No service with a login is deployed.");
    } else if !found.is_empty() {
        terminal::reveal(&Table(&found).to_string());
    }
    if !common.json {
        for missing in &missing {
            terminal::remark(&format!("{missing}\n"));
        }
    }
    Ok(if missing.is_empty() { Code::Done } else { Code::Drift })
}

/// Prints the certificate that browsers are to trust.
pub(super) async fn authority(common: &Common, settings: &Settings) -> Result<Code, Failure> {
    let ground = Ground::new(common, settings).await?;
    owner::hold(&ground).await?;
    let wanted = credentials::arguments([AUTHORITY].into_iter());
    let answer = kubectl(ground.server()?, &wanted, KUBECTL_SECONDS).await?;
    let secrets = answer.parse(|answer| credentials::secrets(answer))?;
    let Some(certificate) = secrets.get(AUTHORITY).and_then(|secret| secret.get(CERTIFICATE))
    else {
        return Err(Failure::plain(
            Code::Usage,
            "there is no local authority: the service `ingress` is not deployed",
        )
        .hint(Some("choose it in [stack], then run `provision`".to_owned())));
    };
    if common.json {
        terminal::json(&serde_json::json!({ "version": 1, "certificate": certificate }))?;
    } else {
        terminal::verbatim(&format!("{}\n", certificate.trim_end()));
    }
    Ok(Code::Done)
}
