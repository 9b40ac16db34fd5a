//! helm driven wave by wave, the services of a wave side by side.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use terrarium_helm::diagnose::{KubectlError, diagnose};
use terrarium_helm::failure::ReleaseFailure;
use terrarium_helm::plan::{Kind, ReleaseChange};
use terrarium_helm::release::Release;
use terrarium_helm::runner::{Helm, HelmError};
use terrarium_helm::state::{self, Deployed};
use terrarium_inventory::Inventory;
use terrarium_plan::{Cluster, State};
use tokio::task::JoinSet;

use super::{Wish, deployed, objects, verb, watch};
use crate::error::{Code, Failure};
use crate::executor::{Run, kubectl};
use crate::fetch::{self, Way};
use crate::host::Host;
use crate::settings::Settings;
use crate::trust::Keep;
use crate::view::Reporter;

/// How long one release may take to become ready: an image pulled onto a slow
/// card, a first start that lays out its data.
const READY_WITHIN: Duration = Duration::from_mins(15);
/// How long k3s' own components may take to tell the API their kinds of objects.
const KINDS_WITHIN: Duration = Duration::from_mins(10);
/// How often a release that is not ready yet is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(15);
const KUBECTL_SECONDS: u64 = 60;
/// How often the stack's objects are asked for before that is a failure.
const ATTEMPTS: u32 = 3;
/// How long the cluster's API may be away while releases are deployed: its node
/// is being restarted, or k3s is.
const BACK_WITHIN: Duration = Duration::from_mins(5);

/// Why a wave of releases was not deployed.
enum Undeployed {
    /// The API went away: what came of the wave has to be looked at.
    Away(Failure),
    /// Something else.
    Failed(Failure),
}

/// helm, speaking to the inventory's cluster.
pub(crate) async fn helm(
    inventory: &Inventory,
    patience: f64,
    settings: &Settings,
    keep: Keep,
    reporter: &Reporter,
) -> Result<Helm, Failure> {
    let cache = settings.cache()?;
    let way = Way { cache: &cache, patience, keep, me: &settings.me };
    Ok(Helm {
        program: fetch::helm(inventory, way, reporter).await?.path,
        kubeconfig: inventory.cluster.kubeconfig.clone(),
        context: Some(inventory.cluster.name.clone()),
        cache: cache.join("releases"),
        timeout: READY_WITHIN.mul_f64(patience),
        children: settings.children.clone(),
    })
}

impl Wish {
    /// Brings every release to what is wanted. When the API goes away meanwhile,
    /// it is waited for, and what is left to do is found out anew.
    pub(crate) async fn deploy(
        &self,
        run: &Run,
        server: &Arc<Host>,
        settings: &Settings,
        reporter: &Reporter,
    ) -> Result<(), Failure> {
        let begun = Instant::now();
        let within = READY_WITHIN.mul_f64(run.patience);
        loop {
            let failure = match self.deploy_what_differs(run, server, settings, reporter).await {
                Ok(()) => return Ok(()),
                Err(Undeployed::Failed(failure)) => return Err(failure),
                Err(Undeployed::Away(failure)) => failure,
            };
            if begun.elapsed() > within
                || !is_back(server, BACK_WITHIN.mul_f64(run.patience), reporter).await
            {
                reporter.say("stack", State::Failed(failure.line()));
                return Err(failure);
            }
        }
    }

    async fn deploy_what_differs(
        &self,
        run: &Run,
        server: &Arc<Host>,
        settings: &Settings,
        reporter: &Reporter,
    ) -> Result<(), Undeployed> {
        let args = state::KUBECTL_ARGS.map(str::to_owned);
        let facts = run.facts.get(&server.node.name).cloned().unwrap_or_default();
        let releases = kubectl(server, &args, KUBECTL_SECONDS).await.map_err(Undeployed::Failed)?;
        // Not what the run began with: the API may have been down then, and a Secret
        // that is missing would be made anew with another password.
        let in_place = releases.parse(|said| has_in_place(said)).map_err(Undeployed::Failed)?;
        let cluster = objects_now(server, in_place).await.map_err(Undeployed::Failed)?;
        let changes = releases
            .parse(|said| self.differing(said, cluster.as_ref(), &facts))
            .map_err(Undeployed::Failed)?;
        if changes.is_empty() {
            return Ok(());
        }
        let helm = helm(&run.inventory, run.patience, settings, Keep::Record, reporter).await;
        let helm = Arc::new(helm.map_err(Undeployed::Failed)?);
        let mut waves: BTreeMap<usize, Vec<ReleaseChange>> = BTreeMap::new();
        for change in changes {
            waves.entry(self.wave(change.release.name.as_str())).or_default().push(change);
        }
        let within = KINDS_WITHIN.mul_f64(run.patience);
        for (_, wave) in waves {
            for change in &wave {
                let name = change.release.name.as_str();
                for kind in self.kinds.get(name).into_iter().flatten() {
                    known(server, name, kind, within, reporter)
                        .await
                        .map_err(Undeployed::Failed)?;
                }
            }
            let mut seen = watch::Nodes::default();
            let result = tokio::select! {
                result = deploy_wave(&helm, server, wave, reporter) => result,
                never = seen.watch(run, server, reporter) => match never {},
            };
            seen.last_look(run, server, reporter).await;
            result?;
        }
        Ok(())
    }
}

/// What is there of what helm made. Where releases are in place it has to be known: no
/// release is upgraded as long as nobody can tell whether its Secrets are there.
async fn objects_now(server: &Host, in_place: bool) -> Result<Option<Cluster>, Failure> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        let cluster = objects::now(server).await?;
        if !in_place || cluster.as_ref().is_some_and(|cluster| cluster.objects.is_some()) {
            return Ok(cluster);
        }
    }
    let what = "the cluster lists its releases and not their objects; a Secret that is missing \
                would be made anew with another password";
    Err(Failure::plain(Code::Change, what)
        .hint(Some("run the same command again; the API may have been busy".to_owned())))
}

/// Whether helm has a release of ours in place.
fn has_in_place(releases: &str) -> Result<bool, Failure> {
    let in_place =
        |found: &Deployed| found.digest.is_some() && found.status == state::Status::Deployed;
    Ok(deployed(releases)?.iter().any(in_place))
}

/// Waits until the API answers; whether it does.
async fn is_back(server: &Host, within: Duration, reporter: &Reporter) -> bool {
    let begun = Instant::now();
    let name = &server.node.name;
    reporter.say("stack", State::Note(format!("the API of {name} is away; waiting for it")));
    let args = ["get", "--raw=/readyz"].map(str::to_owned);
    loop {
        if kubectl(server, &args, KUBECTL_SECONDS).await.is_ok() {
            return true;
        }
        if begun.elapsed() > within {
            return false;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

/// Waits until the API knows a kind of object that a release is made of.
async fn known(
    server: &Host,
    service: &str,
    kind: &str,
    within: Duration,
    reporter: &Reporter,
) -> Result<(), Failure> {
    let wanted = "--for=condition=Established";
    let args = ["wait", wanted, "--timeout=10s", &format!("crd/{kind}")].map(str::to_owned);
    let begun = Instant::now();
    loop {
        let Err(failure) = kubectl(server, &args, KUBECTL_SECONDS).await else { return Ok(()) };
        if failure.code == Code::Connection {
            return Err(failure);
        }
        if begun.elapsed() > within {
            return Err(Failure::plain(
                Code::Change,
                format!("`{service}` needs {kind}, which the cluster does not know"),
            )
            .hint(Some(
                "k3s installs it with its own components: `kubectl -n kube-system get jobs`; \
                 `kubectl -n kube-system delete job helm-install-traefik-crd` has Traefik's \
                 installed again"
                    .to_owned(),
            )));
        }
        reporter.say(service, State::Progress(format!("waiting for {kind}")));
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

async fn deploy_wave(
    helm: &Arc<Helm>,
    server: &Arc<Host>,
    wave: Vec<ReleaseChange>,
    reporter: &Reporter,
) -> Result<(), Undeployed> {
    let mut tasks = JoinSet::new();
    let mut names = BTreeMap::new();
    let all = reporter;
    for change in wave {
        let (helm, server, reporter) = (Arc::clone(helm), Arc::clone(server), reporter.clone());
        let name = change.release.name.to_string();
        let service = name.clone();
        let task = tasks.spawn(async move {
            reporter.say(&name, State::Started(format!("{} the release", verb(&change.kind))));
            let result = match apply(&helm, &server, &change, &reporter).await {
                Ok(()) => Ok(()),
                Err(error) if error.is_away() => Err(Undeployed::Away(said_by_helm(&error))),
                Err(error) => {
                    Err(Undeployed::Failed(explain(&server, &change.release, &error).await))
                }
            };
            match &result {
                Ok(()) => {
                    reporter.say(&name, State::Changed(format!("{}, ready", done(&change.kind))));
                }
                Err(Undeployed::Failed(failure)) => {
                    reporter.say(&name, State::Failed(failure.line()));
                }
                // Nothing is known of it yet.
                Err(Undeployed::Away(failure)) => {
                    reporter.say(&name, State::Progress(failure.line()));
                }
            }
            result
        });
        names.insert(task.id(), service);
    }
    let mut result = Ok(());
    while let Some(ended) = tasks.join_next_with_id().await {
        let failed = |error: tokio::task::JoinError| {
            let name = names.get(&error.id()).map_or("?", String::as_str);
            let what = format!("release `{name}`: its task ended before its work");
            let failure = Failure::internal(&what, &error);
            all.say(name, State::Failed(failure.line()));
            Err(Undeployed::Failed(failure))
        };
        let release = ended.map_or_else(failed, |(_, release)| release);
        // A release that failed of itself ends the run, whatever of the others.
        result = match (result, release) {
            (Ok(()), release) => release,
            (Err(Undeployed::Away(_)), failed @ Err(Undeployed::Failed(_))) => failed,
            (first, _) => first,
        };
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
            // Read by `diagnose`, which makes words for messages of it.
            kubectl(server, &args, KUBECTL_SECONDS)
                .await
                .map(|said| said.parse(String::clone))
                .map_err(|failure| KubectlError::from(failure.line()))
        });
    found.await.ok().flatten()
}

/// Why a release was not deployed. Only where helm waited in vain do the pods
/// tell more than helm: which of them, which event, which log line. Helm's own
/// words are never left out.
async fn explain(server: &Host, release: &Release, error: &HelmError) -> Failure {
    let found = if error.waited() { look(server, release).await } else { None };
    found.map_or_else(|| said_by_helm(error), |found| said_by_pods(found, error))
}

fn said_by_pods(found: ReleaseFailure, error: &HelmError) -> Failure {
    let mut failure = Failure::plain(Code::Change, found.to_string());
    failure.causes.extend(found.event.map(|event| format!("event: {event}")));
    failure.causes.extend(found.log_line.map(|line| format!("log: {line}")));
    failure.causes.push(error.to_string());
    failure.hint(Some(found.hint))
}

fn said_by_helm(error: &HelmError) -> Failure {
    Failure::of(Code::Change, error)
        .hint(Some("run the same command again to take it up".to_owned()))
}

fn done(kind: &Kind) -> &'static str {
    match kind {
        Kind::Install => "installed",
        Kind::Upgrade => "upgraded",
        Kind::Repair(_) => "repaired",
        Kind::Recover(_) => "recovered",
    }
}
