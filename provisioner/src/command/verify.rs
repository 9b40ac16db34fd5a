//! `provision verify`

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;
use terrarium_helm::card::{Proof, ServiceId};
use terrarium_helm::catalogue::Catalogue;
use terrarium_helm::edge::{Edge, edges};
use terrarium_helm::state::{self, Status};
use terrarium_k3s::sums::Sha256;
use terrarium_plan::Action;
use terrarium_ssh::Command;

use super::owner;
use super::prepare::Ground;
use crate::cli::Common;
use crate::clock;
use crate::error::{Code, Failure};
use crate::executor::kubectl;
use crate::host::Host;
use crate::report::terminal;
use crate::settings::Settings;
use crate::stack::deployed;
use crate::verify::{self, Outcome, Outcomes, StoreOutcome, Tried, Verdict};

/// Where the agent looks for what others measured.
const METRICS: &str = "/var/lib/terrarium/metrics";

/// What `verify --json` prints.
#[derive(Serialize)]
struct Document<'a> {
    /// Version of this document.
    version: u32,
    stores: &'a [StoreOutcome],
    edges: &'a [Outcome],
}

/// Proves the stores and the edges, or the edges with these numbers; exit code 5 when
/// one fails, and never 0 when nothing was proven.
pub(super) async fn run(
    common: &Common,
    settings: &Settings,
    numbers: &[u32],
) -> Result<Code, Failure> {
    let edges = chosen(numbers)?;
    let ground = Ground::new(common, settings).await?;
    owner::hold(&ground).await?;
    let server = ground.server()?;
    let deployed = services(server).await?;
    let stores =
        if numbers.is_empty() { stores(&ground.stack.catalogue, &deployed) } else { Vec::new() };
    let edges = edges.into_iter().map(|edge| {
        let missing = edge.missing(&deployed).into_iter().map(ToString::to_string).collect();
        (edge, missing)
    });
    let now = u64::try_from(clock::now_ms()).unwrap_or_default();
    let run_id = format!("{now:x}p{:x}", std::process::id());
    let tried = Tried { stores, edges: edges.collect() };
    let outcomes = verify::prove(server, tried, &run_id, common.patience).await?;
    // A look at a few edges does not replace what was found of all.
    if numbers.is_empty() {
        export(server, &verify::metrics(&outcomes.edges, now / 1000)).await?;
    }
    if common.json {
        terminal::json(&Document { version: 1, stores: &outcomes.stores, edges: &outcomes.edges })?;
    } else {
        let tables =
            [verify::stores(&outcomes.stores), verify::table(&outcomes.edges, !numbers.is_empty())];
        terminal::text(&tables.concat());
    }
    code(&outcomes)
}

/// What the outcomes come to.
fn code(outcomes: &Outcomes) -> Result<Code, Failure> {
    let stores = outcomes.stores.iter().map(|outcome| &outcome.verdict);
    let edges = outcomes.edges.iter().map(|outcome| &outcome.verdict);
    let verdicts: Vec<&Verdict> = stores.chain(edges).collect();
    if verdicts.iter().any(|verdict| verdict.failed()) {
        return Ok(Code::Drift);
    }
    if verdicts.iter().any(|verdict| verdict.proven()) {
        return Ok(Code::Done);
    }
    let what = "nothing was proven: of what was asked for, nothing is deployed that can be tried";
    Err(Failure::plain(Code::Refused, what).hint(Some(
        "`provision plan` shows what is not deployed; a store such as `redis` in [stack] is \
         proven by itself"
            .to_owned(),
    )))
}

/// The stores that are deployed and say how they are proven.
fn stores(catalogue: &Catalogue, deployed: &BTreeSet<ServiceId>) -> Vec<(ServiceId, Proof)> {
    let stores = catalogue.iter().filter(|(id, _)| deployed.contains(*id));
    stores.filter_map(|(id, service)| Some((id.clone(), service.card.proof.clone()?))).collect()
}

fn chosen(numbers: &[u32]) -> Result<Vec<Edge>, Failure> {
    let all = edges().map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Failure::plain(Code::Internal, format!("the edges are wrong: {}", lines.join("; ")))
    })?;
    let last = all.len();
    if let Some(unknown) = numbers.iter().find(|number| all.iter().all(|e| e.number != **number)) {
        return Err(Failure::plain(Code::Usage, format!("there is no edge {unknown}"))
            .hint(Some(format!("they are numbered from 1 to {last}"))));
    }
    let wanted = |edge: &Edge| numbers.is_empty() || numbers.contains(&edge.number);
    Ok(all.into_iter().filter(wanted).collect())
}

/// The services that are in the cluster.
async fn services(server: &Host) -> Result<BTreeSet<ServiceId>, Failure> {
    let args = state::KUBECTL_ARGS.map(str::to_owned);
    let releases = kubectl(server, &args, 30).await?.parse(|said| deployed(said))?;
    let there = releases.into_iter().filter(|release| release.status != Status::Uninstalled);
    Ok(there.filter_map(|release| ServiceId::new(&release.name)).collect())
}

/// Leaves the result where the server's agent exports it: whole or not at all,
/// as every file of a node.
async fn export(server: &Host, metrics: &str) -> Result<(), Failure> {
    let path = format!("{METRICS}/edges.prom");
    let write = Action::text(&path, "0644", metrics);
    let digest = Sha256::of(metrics.as_bytes()).to_string();
    let step = write.step(Some(&digest)).ok_or_else(|| {
        Failure::plain(Code::Internal, format!("{path} is not written by a script"))
    })?;
    let command = Command::new("keep the result for the agent", step.script)
        .as_root()
        .stdin(metrics.as_bytes())
        .deadline(Duration::from_secs(step.deadline));
    let output = server.run(command).await?;
    if output.success() {
        return Ok(());
    }
    let mut failure =
        Failure::plain(Code::Change, format!("node `{}`: cannot write {path}", server.node.name));
    failure.causes.push(output.stderr.message());
    Err(failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_proven_is_never_a_success() {
        let outcomes = |verdicts: &[Verdict]| {
            let store = |verdict: &Verdict| StoreOutcome {
                service: "redis".to_owned(),
                verdict: verdict.clone(),
            };
            Outcomes { stores: verdicts.iter().map(store).collect(), edges: Vec::new() }
        };
        let proven = Verdict::Proven { seconds: 1.0, left: None };
        let failed = Verdict::Failed { seconds: 1.0, reason: String::new() };
        let cannot = Verdict::NotTried { reason: String::new() };
        let absent = Verdict::NotDeployed { missing: Vec::new() };
        for (verdicts, expected) in [
            (vec![proven.clone(), absent.clone(), cannot.clone()], Some(Code::Done)),
            (vec![proven, failed.clone()], Some(Code::Drift)),
            (vec![failed], Some(Code::Drift)),
            (vec![absent, cannot], None),
            (vec![], None),
        ] {
            let found = code(&outcomes(&verdicts));
            if let Some(code) = expected {
                assert_eq!(found.unwrap(), code, "{verdicts:?}");
                continue;
            }
            let failure = found.unwrap_err();
            assert_eq!(failure.code, Code::Refused, "{verdicts:?}");
            assert!(failure.what.starts_with("nothing was proven"), "{}", failure.what);
        }
    }

    #[test]
    fn every_data_store_of_the_catalogue_says_how_it_is_proven() {
        let catalogue = Catalogue::embedded().unwrap();
        let all = catalogue.iter().map(|(id, _)| id.clone()).collect();
        let proven: Vec<String> =
            stores(&catalogue, &all).iter().map(|(id, _)| id.to_string()).collect();
        assert_eq!(proven, ["kafka", "mongodb", "postgresql", "redis"]);
    }
}
