//! `provision report`

use terrarium_fit::sizing::{Method, Rules};

use super::prepare::Ground;
use crate::cli::{Common, Report, Tool};
use crate::clock;
use crate::error::{Code, Failure};
use crate::fit::answer::Word;
use crate::measured::answer::{Answer, Silent};
use crate::measured::gather::{self, Agents};
use crate::measured::history::History;
use crate::measured::join::join;
use crate::measured::judge::{Found, judge};
use crate::measured::predict::{predict, sites};
use crate::measured::sizes::sizes;
use crate::measured::{About, prometheus, table};
use crate::report::terminal;
use crate::settings::Settings;
use crate::view::{self, Reporter};

/// Asks, joins and judges; exit code 6 when it does not fit as measured.
pub(super) async fn run(
    common: &Common,
    settings: &Settings,
    options: &Report,
) -> Result<Code, Failure> {
    let ground = Ground::new(common, settings)?;
    let (reporter, done) = view::open(false, &ground.names());
    let answer = Box::pin(answer(&ground, common, settings, options, &reporter)).await;
    drop(reporter);
    done.await.map_err(|error| Failure::internal("the view ended", &error))?;
    let answer = answer?;
    if common.json {
        terminal::json(&answer)?;
    } else {
        terminal::text(&table::table(&answer));
    }
    Ok(if answer.word == Word::DoesNotFit { Code::Refused } else { Code::Done })
}

async fn answer(
    ground: &Ground,
    common: &Common,
    settings: &Settings,
    options: &Report,
    reporter: &Reporter,
) -> Result<Answer, Failure> {
    let Agents { snapshots, silent } = gather::agents(&ground.hosts, reporter).await;
    if let (true, Some((_, failure))) = (snapshots.is_empty(), silent.first()) {
        return Err(no_node(failure, silent.len()));
    }
    let cluster = gather::cluster(ground.server()?, reporter).await?;
    let now = u64::try_from(clock::now_ms() / 1000).unwrap_or(0);
    let mut sources = vec!["agents"];
    let mut notes = Vec::new();
    let mut history = History::default();
    if let Some(pod) = prometheus::pod(&cluster) {
        let (found, failure) =
            prometheus::ask(pod, &ground.hosts, now, options.history, reporter).await;
        history = found;
        if !history.containers.is_empty() {
            sources.push("prometheus");
        }
        notes.extend(failure.map(|failure| format!("not all of the history: {}", failure.line())));
    }
    let joined = join(&cluster, &snapshots, &history, now);
    let rules = Rules { least_seconds: options.min_history.as_secs(), ..Rules::default() };
    let tool = options.tool.map(|tool| match tool {
        Tool::Krr => Method::Krr,
        Tool::Vpa => Method::Vpa,
    });
    let advise = || sizes(&cluster.problem, &joined.containers, &rules, tool);
    let (sizes, placed) = tokio::task::block_in_place(advise);
    if !placed {
        notes.push("no placement of all pods was found with the sizes advised".to_owned());
    }
    let sites = sites(&ground.inventory, &cluster, &snapshots);
    let predicted =
        predict(&ground.stack, &ground.inventory, sites, common, settings, reporter).await;
    let predicted = predicted
        .inspect_err(|failure| notes.push(format!("nothing is predicted: {}", failure.line())))
        .ok();
    let found = Found {
        inventory: &ground.inventory,
        cluster: &cluster,
        snapshots: &snapshots,
        silent: silent
            .into_iter()
            .map(|(node, failure)| Silent { node, why: failure.line() })
            .collect(),
        joined: &joined,
        predicted: predicted.as_ref(),
        sizes,
        sources,
        notes,
        now,
    };
    Ok(judge(found, &About::new(&ground.stack.catalogue)))
}

/// The first node's failure stands for all.
fn no_node(failure: &Failure, nodes: usize) -> Failure {
    let mut whole = Failure::plain(
        Code::Connection,
        format!("nothing was measured: {} gave no snapshot", terminal::count(nodes, "node")),
    );
    whole.causes = vec![failure.line()];
    whole
}
