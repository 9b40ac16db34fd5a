//! `provision credentials`

use serde::Serialize;

use super::prepare::Ground;
use crate::cli::Common;
use crate::credentials::{self, Credential, Table};
use crate::error::{Code, Failure};
use crate::executor::kubectl;
use crate::report::terminal;
use crate::settings::Settings;

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
}

/// Prints the logins of these services, of all when none is named.
pub(super) async fn run(
    common: &Common,
    settings: &Settings,
    services: &[String],
) -> Result<Code, Failure> {
    let ground = Ground::new(common, settings).await?;
    let chosen = credentials::choose(&ground.stack.catalogue, services)?;
    let wanted = credentials::arguments(chosen.iter().map(|(.., login)| login.secret.as_str()));
    let answer = kubectl(ground.server()?, &wanted, KUBECTL_SECONDS).await?;
    let found = answer
        .parse(|answer| credentials::read(&chosen, answer, &ground.inventory.cluster.domain))?;
    if common.json {
        terminal::reveal_json(&Document { version: 1, logins: &found })?;
    } else if found.is_empty() {
        terminal::line("No service with a login is deployed.");
    } else {
        terminal::reveal(&Table(&found).to_string());
    }
    Ok(Code::Done)
}

/// Prints the certificate that browsers are to trust.
pub(super) async fn authority(common: &Common, settings: &Settings) -> Result<Code, Failure> {
    let ground = Ground::new(common, settings).await?;
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
        terminal::line(certificate.trim_end());
    }
    Ok(Code::Done)
}
