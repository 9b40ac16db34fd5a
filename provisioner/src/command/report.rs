//! `provision report`

use std::time::Duration;

use terrarium_fit::sizing::{Method, Rules};

use super::prepare::Ground;
use super::{code, made, write_page};
use crate::cli::{Common, Report, Tool};
use crate::error::{Code, Failure};
use crate::fit::allowance::{Allowance, BESIDE};
use crate::measured::answer::{Answer, Silent, Written};
use crate::measured::gather::{self, Agents};
use crate::measured::history::History;
use crate::measured::join::{Joined, join};
use crate::measured::judge::{Found, judge};
use crate::measured::predict::{predict, sites};
use crate::measured::sizes::{Sizes, sizes};
use crate::measured::{About, html, prometheus, table};
use crate::report::terminal;
use crate::settings::Settings;
use crate::view::{self, Reporter};
use crate::{clock, overlay};

/// Asks, joins and judges; exit code 6 when it does not fit as measured.
pub(super) async fn run(
    common: &Common,
    settings: &Settings,
    options: &Report,
) -> Result<Code, Failure> {
    let ground = Ground::new(common, settings).await?;
    let (reporter, done) = view::open(false, &ground.names());
    let answer = Box::pin(answer(&ground, common, settings, options, &reporter)).await;
    drop(reporter);
    done.await.map_err(|error| Failure::internal("the view ended", &error))?;
    let answer = answer?;
    write_page(options.html.as_deref(), || html::page(&answer, &made()))?;
    if common.json {
        terminal::json(&answer)?;
    } else {
        terminal::text(&table::table(&answer));
        if let Some(written) = &answer.written {
            terminal::remark(&format!("{}\n", told(written)));
        }
        if let Some(path) = &options.html {
            terminal::remark(&format!("wrote {}\n", path.display()));
        }
    }
    Ok(code(answer.word))
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
        // Before the first run nobody can say anything, and that is the reason.
        let reached = silent.iter().any(|(_, failure)| failure.code != Code::Connection);
        let first =
            if reached { gather::cluster(&ground.hosts, reporter).await.err() } else { None };
        let first = first.filter(|first| first.code == Code::Refused);
        return Err(first.unwrap_or_else(|| no_node(failure, silent.len())));
    }
    let cluster = gather::cluster(&ground.hosts, reporter).await?;
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
    let joined = join(&cluster, &snapshots, &history);
    let rules = rules(options.min_history);
    let tool = options.tool.map(|tool| match tool {
        Tool::Krr => Method::Krr,
        Tool::Vpa => Method::Vpa,
    });
    let advise = || sizes(&cluster.problem, &joined.containers, &rules, tool);
    let allowance = Allowance::new(BESIDE, &settings.cancel);
    let sizes = tokio::task::block_in_place(|| allowance.spend(advise));
    settings.cancel.check()?;
    match &sizes {
        None => notes.push(format!(
            "no sizes are advised: {}",
            allowance.used_up().unwrap_or_else(|| "there was no time".to_owned())
        )),
        Some(sizes) if !sizes.placed => {
            notes.push("no placement of all pods was found with the sizes advised".to_owned());
        }
        Some(_) => {}
    }
    let sizes = sizes.unwrap_or_default();
    let written =
        if options.write { write(ground, common, &joined, &sizes, &mut notes)? } else { None };
    let sites = sites(&ground.inventory, &cluster, &snapshots);
    let predicted =
        predict(&ground.stack, &ground.inventory, &cluster, sites, common, settings, reporter)
            .await;
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
        sizes: sizes.told,
        sources,
        notes,
    };
    Ok(Answer { written, ..judge(found, &About::new(&ground.stack.catalogue)) })
}

/// Writes the sizes the stack's containers can be given, unless that would be
/// the end of the fit or there is nothing to write.
fn write(
    ground: &Ground,
    common: &Common,
    joined: &Joined,
    sizes: &Sizes,
    notes: &mut Vec<String>,
) -> Result<Option<Written>, Failure> {
    if !sizes.placed || sizes.given.is_empty() {
        let why =
            if sizes.placed { "no container was watched long enough" } else { "they do not fit" };
        notes.push(format!("no sizes were written: {why}"));
        return Ok(None);
    }
    let given: Vec<_> = sizes
        .given
        .iter()
        .map(|(index, size)| (joined.containers[*index].clone(), size.clone()))
        .collect();
    let path = overlay::path(&common.inventory);
    let overlay::Written { path, changed, skipped } = overlay::write(&path, &given, &ground.stack)?;
    Ok(Some(Written { file: path.display().to_string(), changed, skipped }))
}

/// What became of the file, and what to do with it.
fn told(written: &Written) -> String {
    let Written { file, changed, .. } = written;
    if *changed {
        format!(
            "wrote {file}; `provision plan --diff` shows what it changes, `provision` applies it"
        )
    } else {
        format!("{file} has these sizes already")
    }
}

/// How much history an advice needs: of a shorter time fewer samples, by the same
/// measure.
fn rules(min_history: Duration) -> Rules {
    let Rules { least_seconds, least_samples } = Rules::default();
    let seconds = min_history.as_secs();
    let samples = least_samples.saturating_mul(seconds) / least_seconds;
    Rules { least_seconds: seconds, least_samples: samples.clamp(1, least_samples) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shorter_history_has_fewer_samples_and_never_none() {
        for (seconds, samples) in [(0, 1), (120, 1), (43_200, 50), (86_400, 100), (864_000, 100)] {
            let rules = rules(Duration::from_secs(seconds));
            assert_eq!((rules.least_seconds, rules.least_samples), (seconds, samples));
        }
    }
}
