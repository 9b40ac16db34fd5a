//! The stack: which releases differ, and helm driven wave by wave.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use terrarium_helm::catalogue::Catalogue;
use terrarium_helm::derive::Site;
use terrarium_helm::diagnose::{KubectlError, diagnose};
use terrarium_helm::failure::ReleaseFailure;
use terrarium_helm::plan::{Kind, ReleaseChange, plan};
use terrarium_helm::release::{Release, releases};
use terrarium_helm::runner::{Helm, HelmError};
use terrarium_helm::{select, state};
use terrarium_inventory::Inventory;
use terrarium_plan::{Facts, StackChange, State};
use tokio::task::JoinSet;

use crate::error::{Code, Failure};
use crate::executor::{Run, kubectl};
use crate::fetch;
use crate::host::Host;
use crate::settings::Settings;
use crate::view::Reporter;

/// How long one release may take to become ready: an image pulled onto a slow
/// card, a first start that lays out its data.
const READY_WITHIN: Duration = Duration::from_mins(15);
/// How often a release that is not ready yet is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(15);
const KUBECTL_SECONDS: u64 = 60;

/// What the inventory wants deployed.
#[derive(Debug)]
pub(crate) struct Stack {
    releases: Vec<Release>,
    /// The wave of each service, from 0.
    waves: BTreeMap<String, usize>,
}

impl Stack {
    /// Selects the services; an unknown one is the inventory's mistake.
    pub(crate) fn new(inventory: &Inventory) -> Result<Self, Failure> {
        let catalogue = Catalogue::embedded().map_err(|error| {
            Failure::internal("the charts of this program cannot be read", &error)
        })?;
        let wrong = |error: &dyn std::error::Error| {
            Failure::new(
                Code::Usage,
                format!("{}: [stack] cannot be used", inventory.path.display()),
                error,
            )
        };
        let selected =
            select::select(&inventory.stack, &catalogue).map_err(|error| wrong(&error))?;
        let waves = select::waves(&selected, &catalogue).map_err(|error| wrong(&error))?;
        let site = Site {
            domain: inventory.cluster.domain.clone(),
            traefik: !inventory.k3s.disable.iter().any(|part| part == "traefik"),
            nodes: inventory.nodes.iter().map(|node| node.name.clone()).collect(),
            ..Site::default()
        };
        let releases = releases(&selected, &catalogue, &inventory.stack, &site);
        let numbered = waves.into_iter().enumerate();
        let waves = numbered
            .flat_map(|(wave, ids)| ids.into_iter().map(move |id| (id.as_str().to_owned(), wave)))
            .collect();
        Ok(Self { releases, waves })
    }

    /// What differs, as far as the server's facts tell.
    pub(crate) fn changes(&self, server: &Facts) -> Result<Vec<StackChange>, Failure> {
        let deployed = server.cluster.as_ref().map_or("", |cluster| cluster.releases.as_str());
        let changes = self.differing(deployed)?;
        Ok(changes
            .into_iter()
            .map(|change| StackChange {
                service: change.release.name.to_string(),
                kind: verb(&change.kind).to_owned(),
                reason: change.reason,
                wave: self.wave(change.release.name.as_str()),
            })
            .collect())
    }

    /// Brings every release to what is wanted, wave by wave, the services of a
    /// wave side by side.
    pub(crate) async fn deploy(
        &self,
        run: &Run,
        server: &Arc<Host>,
        settings: &Settings,
        reporter: &Reporter,
    ) -> Result<(), Failure> {
        let args = state::KUBECTL_ARGS.map(str::to_owned);
        let changes = self.differing(&kubectl(server, &args, KUBECTL_SECONDS).await?)?;
        if changes.is_empty() {
            return Ok(());
        }
        let helm = Arc::new(Helm {
            program: fetch::helm(&run.inventory, &settings.cache, reporter).await?.path,
            kubeconfig: run.inventory.cluster.kubeconfig.clone(),
            context: Some(run.inventory.cluster.name.clone()),
            cache: settings.cache.join("releases"),
            timeout: READY_WITHIN.mul_f64(run.patience),
        });
        let mut waves: BTreeMap<usize, Vec<ReleaseChange>> = BTreeMap::new();
        for change in changes {
            waves.entry(self.wave(change.release.name.as_str())).or_default().push(change);
        }
        for (_, wave) in waves {
            deploy_wave(&helm, server, wave, reporter).await?;
        }
        Ok(())
    }

    fn wave(&self, service: &str) -> usize {
        self.waves.get(service).copied().unwrap_or_default()
    }

    fn differing(&self, deployed: &str) -> Result<Vec<ReleaseChange>, Failure> {
        let deployed = state::parse(deployed).map_err(|error| {
            Failure::internal("the cluster's list of releases cannot be read", &error)
        })?;
        Ok(plan(&self.releases, &deployed))
    }
}

async fn deploy_wave(
    helm: &Arc<Helm>,
    server: &Arc<Host>,
    wave: Vec<ReleaseChange>,
    reporter: &Reporter,
) -> Result<(), Failure> {
    let mut tasks = JoinSet::new();
    for change in wave {
        let (helm, server, reporter) = (Arc::clone(helm), Arc::clone(server), reporter.clone());
        tasks.spawn(async move {
            let name = change.release.name.to_string();
            reporter.say(&name, State::Started(format!("{} the release", verb(&change.kind))));
            let result = match apply(&helm, &server, &change, &reporter).await {
                Ok(()) => Ok(()),
                Err(error) => Err(explain(&server, &change.release, &error).await),
            };
            match &result {
                Ok(()) => {
                    reporter.say(&name, State::Changed(format!("{}, ready", done(&change.kind))));
                }
                Err(failure) => reporter.say(&name, State::Failed(failure.line())),
            }
            result
        });
    }
    let mut result = Ok(());
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(release) => result = result.and(release),
            Err(error) => return Err(Failure::internal("a release's task ended", &error)),
        }
    }
    result
}

/// Has helm apply a change and, while it waits, tells why it has to.
async fn apply(
    helm: &Helm,
    server: &Host,
    change: &ReleaseChange,
    reporter: &Reporter,
) -> Result<(), HelmError> {
    let applied = helm.apply(change);
    tokio::pin!(applied);
    let mut told = String::new();
    loop {
        tokio::select! {
            result = &mut applied => return result,
            () = tokio::time::sleep(LOOK_EVERY) => {
                let Some(found) = look(server, &change.release).await else { continue };
                // Ports and times in what follows differ from look to look.
                let what = found.reason.split(": ").next().unwrap_or_default().to_owned();
                if what != told {
                    let name = change.release.name.as_str();
                    reporter.say(name, State::Note(format!("not ready yet: {found}")));
                    told = what;
                }
            }
        }
    }
}

/// Which pod keeps a release from being ready, and why.
async fn look(server: &Host, release: &Release) -> Option<ReleaseFailure> {
    let found =
        diagnose(&release.namespace, release.name.as_str(), |args: Vec<String>| async move {
            kubectl(server, &args, KUBECTL_SECONDS)
                .await
                .map_err(|failure| KubectlError::from(failure.line()))
        });
    found.await.ok().flatten()
}

/// What helm cannot say: which pod, which event, which log line.
async fn explain(server: &Host, release: &Release, error: &HelmError) -> Failure {
    let Some(found) = look(server, release).await else {
        return Failure::of(Code::Change, error)
            .hint(Some("run the same command again to take it up".to_owned()));
    };
    let mut failure = Failure::plain(Code::Change, found.to_string());
    failure.causes.extend(found.event.map(|event| format!("event: {event}")));
    failure.causes.extend(found.log_line.map(|line| format!("log: {line}")));
    failure.hint(Some(found.hint))
}

fn verb(kind: &Kind) -> &'static str {
    match kind {
        Kind::Install => "install",
        Kind::Upgrade => "upgrade",
        Kind::Recover(_) => "recover",
    }
}

fn done(kind: &Kind) -> &'static str {
    match kind {
        Kind::Install => "installed",
        Kind::Upgrade => "upgraded",
        Kind::Recover(_) => "recovered",
    }
}
