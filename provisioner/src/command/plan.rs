//! `provision plan`

use crate::cli::Common;
use crate::command::prepare::Ground;
use crate::error::{Code, Failure};
use crate::report::terminal;
use crate::settings::Settings;

/// Shows what would change. Touches nothing.
pub(super) async fn run(
    common: &Common,
    settings: &Settings,
    exit_code: bool,
) -> Result<Code, Failure> {
    let ground = Ground::new(common, settings)?;
    let picture = ground.look(settings).await?;
    if common.json {
        terminal::json(&picture.plan)?;
    } else {
        let unseen: Vec<&str> =
            picture.observation.failures.iter().map(|(name, _)| name.as_str()).collect();
        terminal::text(&terminal::plan(&picture.plan, &unseen));
    }
    if let Some((_, failure)) = picture.observation.failures.into_iter().next() {
        return Err(failure);
    }
    Ok(if !picture.plan.refusals.is_empty() {
        Code::Refused
    } else if exit_code && !picture.plan.is_empty() {
        Code::Drift
    } else {
        Code::Done
    })
}
