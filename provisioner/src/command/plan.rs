//! `provision plan`

use serde::Serialize;
use terrarium_plan::Plan;

use crate::cli::{Common, Selection};
use crate::command::prepare::{Ground, Picture, Unseen};
use crate::error::{Code, Failure};
use crate::report::{self, terminal};
use crate::settings::Settings;
use crate::stack::{Ask, ReleaseDiff, helm};
use crate::trust::Keep;
use crate::view::{self, Reporter};

/// What `plan --json` prints.
#[derive(Serialize)]
struct Document<'a> {
    /// Version of this document.
    version: u32,
    #[serde(flatten)]
    plan: &'a Plan,
    /// Nodes that could not be looked at: nothing is known of them.
    unseen: &'a [Unseen],
    /// Whether the cluster was looked at, without which nothing is known of the
    /// stack.
    stack_seen: bool,
    /// With `--diff`: what changes in each object.
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<&'a [ReleaseDiff]>,
}

/// How the plan is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    /// Whether the exit code tells of changes.
    pub exit_code: bool,
    /// Down to the stack's objects.
    pub diff: bool,
    /// Whether a stack that does not fit is no reason to refuse.
    pub ignore_fit: bool,
}

/// Shows what would change. Touches nothing.
pub(super) async fn run(
    common: &Common,
    settings: &Settings,
    options: Options,
    selection: &Selection,
) -> Result<Code, Failure> {
    let Options { exit_code, diff, ignore_fit } = options;
    let ground = Ground::selected(common, settings, selection).await?;
    let (reporter, done) = view::open(false, &ground.names());
    let picture = look(&ground, common, settings, ignore_fit, &reporter).await;
    drop(reporter);
    done.await.map_err(|error| Failure::internal("the view ended", &error))?;
    let picture = picture?;
    let unseen = picture.unseen();
    if !common.json {
        terminal::text(&report::plan(&picture.plan, &unseen, ground.hosts.len()));
    }
    let diffs = if diff { compare(&ground, common, settings, &picture).await? } else { Vec::new() };
    if common.json {
        terminal::json(&Document {
            version: 1,
            plan: &picture.plan,
            unseen: &unseen,
            stack_seen: picture.has_seen(&ground.inventory.server().name),
            diff: diff.then_some(&diffs),
        })?;
    } else {
        let color = settings.look.color && terminal::output_is_terminal();
        for diff in &diffs {
            terminal::coloured(&format!("\n{}", diff.show(color)));
        }
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

async fn look(
    ground: &Ground,
    common: &Common,
    settings: &Settings,
    ignore_fit: bool,
    reporter: &Reporter,
) -> Result<Picture, Failure> {
    let mut picture = ground.picture(settings, None, Ask::Registries, reporter).await?;
    picture.judge(ground, common, settings, ignore_fit, Keep::Look, reporter).await?;
    Ok(picture)
}

/// The stack's objects, as far as the server could be asked.
async fn compare(
    ground: &Ground,
    common: &Common,
    settings: &Settings,
    picture: &Picture,
) -> Result<Vec<ReleaseDiff>, Failure> {
    let server = picture.observation.facts.get(&ground.inventory.server().name);
    let Some(server) = server.filter(|_| !picture.plan.stack.is_empty()) else {
        return Ok(Vec::new());
    };
    let (reporter, done) = view::open(false, &ground.names());
    let helm = helm(&ground.inventory, common.patience, settings, Keep::Look, &reporter).await;
    drop(reporter);
    done.await.map_err(|error| Failure::internal("the view ended", &error))?;
    picture.wish.diff(server, &helm?).await
}
