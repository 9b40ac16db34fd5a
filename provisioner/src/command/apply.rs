//! `provision`: observe, plan, apply, verify.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use terrarium_inventory::Inventory;
use terrarium_plan::{Change, Plan, State};
use tokio::sync::OnceCell;

use super::prepare::{Ground, Picture};
use crate::cli::{Anyway, Common, Selection};
use crate::error::{Code, Failure};
use crate::executor::{self, Run};
use crate::report::terminal::count;
use crate::report::{Summary, terminal};
use crate::settings::Settings;
use crate::stack::{Ask, Wish};
use crate::trust::Keep;
use crate::view::{self, Reporter};
use crate::{access, clock, observe};

/// How long what was just started may take to be seen by the last look.
const SETTLE: Duration = Duration::from_mins(1);

/// Brings the nodes to what the inventory wishes.
pub(super) async fn run(
    common: &Common,
    settings: &Settings,
    anyway: Anyway,
    selection: &Selection,
) -> Result<Code, Failure> {
    let begun = Instant::now();
    let ground = Ground::selected(common, settings, selection).await?;
    let (reporter, done) = view::open(common.json, &ground.names());
    let result = converge(&ground, common, settings, anyway.ignore_fit, &reporter).await;
    reporter.ended(&result);
    drop(reporter);
    let report = done.await.map_err(|error| Failure::internal("the view ended", &error))?;
    let mut round_trips = BTreeMap::new();
    for host in &ground.hosts {
        round_trips.insert(host.node.name.clone(), host.counts().await);
    }
    let summary = Summary {
        took: begun.elapsed(),
        round_trips,
        report,
        inventory: &ground.inventory,
        well: result.is_ok(),
    };
    if common.json {
        terminal::json_line(&summary.to_json())?;
    } else {
        terminal::text(&summary.to_string());
    }
    result.map(|()| Code::Done)
}

/// Carries out what differs.
async fn converge(
    ground: &Ground,
    common: &Common,
    settings: &Settings,
    ignore_fit: bool,
    reporter: &Reporter,
) -> Result<(), Failure> {
    let mut picture =
        ground.picture(settings, Some(&settings.operator), Ask::Registries, reporter).await?;
    picture.judge(ground, common, settings, ignore_fit, Keep::Record, reporter).await?;
    for note in &picture.plan.notes {
        let node = note.node.as_deref().unwrap_or("cluster");
        reporter.of(node).say(&note.id, State::Note(format!("{}; {}", note.what, note.hint)));
    }
    let held =
        picture.observation.failures.iter().find(|(_, failure)| failure.code == Code::Refused);
    if let Some((_, failure)) = held {
        return Err(failure.clone());
    }
    refuse(&picture.plan, reporter)?;
    // Before anything is deployed: a run that is cut off is taken up with the same.
    picture.pins.record(clock::today())?;
    let Picture { observation, artifacts, login, binaries, wish, plan, pins: _ } = picture;
    let mut failures = observation.failures;
    let run = Arc::new(Run {
        inventory: Arc::clone(&ground.inventory),
        hosts: ground.hosts.iter().map(|host| (host.node.name.clone(), Arc::clone(host))).collect(),
        facts: observation.facts,
        artifacts,
        binaries,
        login: OnceCell::new_with(login),
        patience: common.patience,
    });
    let waiting = plan.nodes.values().any(|changes| !changes.is_empty());
    if waiting {
        failures.extend(executor::nodes(&run, &plan, reporter).await);
    }
    first(failures, &ground.inventory, reporter)?;
    if !ground.scope.deploys() {
        return look_again(ground, &run, None, reporter, waiting).await;
    }
    let Some(server) = run.hosts.get(&ground.inventory.server().name) else {
        return Err(Failure::plain(Code::Internal, "the inventory has no server"));
    };
    access::kubeconfig(&run.inventory, server, reporter)
        .await
        .inspect_err(|failure| reporter.say("kubeconfig", State::Failed(failure.line())))?;
    let changes = waiting || !plan.stack.is_empty();
    if changes {
        wish.deploy(&run, server, settings, &reporter.of("stack")).await?;
    }
    look_again(ground, &run, Some(&wish), reporter, changes).await
}

/// Verifies where something was changed.
async fn look_again(
    ground: &Ground,
    run: &Run,
    wish: Option<&Wish>,
    reporter: &Reporter,
    changed: bool,
) -> Result<(), Failure> {
    if changed { verify(ground, run, wish, reporter).await } else { Ok(()) }
}

fn refuse(plan: &Plan, reporter: &Reporter) -> Result<(), Failure> {
    for refusal in &plan.refusals {
        let node = refusal.node.as_deref().unwrap_or("cluster");
        reporter
            .of(node)
            .say(&refusal.id, State::Failed(format!("{}; {}", refusal.what, refusal.hint)));
    }
    let Some(first) = plan.refusals.first() else { return Ok(()) };
    let node = first.node.as_deref().map(|node| format!("node `{node}` ")).unwrap_or_default();
    let more = match plan.refusals.len() {
        1 => String::new(),
        count => format!(" (and {} more, above)", count - 1),
    };
    Err(Failure::plain(Code::Refused, format!("nothing was changed: {node}{}{more}", first.what))
        .hint(Some(first.hint.clone())))
}

/// The first failure ends the run; all have been reported.
fn first(
    failures: Vec<(String, Failure)>,
    inventory: &Inventory,
    reporter: &Reporter,
) -> Result<(), Failure> {
    let count = failures.len();
    let Some((node, mut failure)) = failures.into_iter().next() else { return Ok(()) };
    if failure.code == Code::Connection && node != inventory.server().name {
        let hint = failure.hint.map_or_else(String::new, |hint| format!("{hint}; "));
        failure.hint = Some(format!(
            "{hint}`--without-node {node}` goes on without it for as long as it is off"
        ));
    }
    reporter.of("stack").say("stack", State::Skipped("not every node is up".to_owned()));
    if count > 1 {
        failure.what = format!("{} (and {} more, above)", failure.what, count - 1);
    }
    Err(failure)
}

/// Looks again: a plan that was carried out must be empty now.
async fn verify(
    ground: &Ground,
    run: &Run,
    wish: Option<&Wish>,
    reporter: &Reporter,
) -> Result<(), Failure> {
    let begun = Instant::now();
    loop {
        let observation =
            observe::all(&run.inventory, &ground.hosts, run.image(), None, reporter).await;
        for (name, failure) in &observation.failures {
            reporter.of(name).say("verify", State::Failed(failure.line()));
        }
        if let Some((_, failure)) = observation.failures.into_iter().next() {
            return Err(failure);
        }
        let mut plan = terrarium_plan::plan(&run.inventory, &observation.facts, &run.artifacts);
        let server = observation.facts.get(&run.inventory.server().name);
        if let (Some(server), Some(wish)) = (server, wish) {
            plan.stack = wish.changes(server)?;
        }
        ground.scope.narrow(&mut plan);
        if plan.is_empty() {
            return Ok(());
        }
        if begun.elapsed() > SETTLE.mul_f64(run.patience) {
            let left = left(&plan);
            for (part, what) in &left {
                let what = format!("still different after the run: {what}");
                reporter.of(part).say("verify", State::Failed(what));
            }
            let left: Vec<String> =
                left.iter().map(|(part, what)| format!("{part}: {what}")).collect();
            return Err(Failure::plain(
                Code::Change,
                format!("still different after the run: {}", left.join("; ")),
            )
            .hint(Some(
                "something on the node undoes it; `provision plan` shows what is left".to_owned(),
            )));
        }
        reporter
            .say("verify", State::Progress(format!("{} to settle", count(plan.len(), "change"))));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// What is not as wished, by node or part.
fn left(plan: &Plan) -> Vec<(&str, String)> {
    let nodes = plan.nodes.iter().flat_map(|(node, changes)| {
        let what = |change: &Change| format!("{}: {}", change.id, change.reason);
        changes.iter().map(move |change| (node.as_str(), what(change)))
    });
    let refusals = plan
        .refusals
        .iter()
        .map(|refusal| (refusal.node.as_deref().unwrap_or("cluster"), refusal.what.clone()));
    let stack =
        plan.stack.iter().map(|change| ("stack", format!("{}: {}", change.service, change.reason)));
    nodes.chain(refusals).chain(stack).collect()
}
