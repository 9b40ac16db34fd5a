//! Which artifacts a run needs, fetched into the operator's cache, and what they
//! were compared with.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use terrarium_inventory::{HELM_VERSION, Inventory};
use terrarium_k3s::digests;
use terrarium_k3s::release::{Arch, HelmRelease, Os, Release};
use terrarium_k3s::sums::Sha256;
use terrarium_k3s::version::Version;
use terrarium_plan::State;
use terrarium_ssh::places::Me;

use crate::artifact::{Artifact, FetchError, Fetched, Source, Store, Timeouts, Wanted};
use crate::clock;
use crate::error::{Code, Failure};
use crate::trust::{Keep, Known, Trust};
use crate::view::Reporter;

/// Where a mirror keeps what the public site of helm has at its top.
const HELM_FOLDER: &str = "helm";
const MIB: u64 = 1024 * 1024;

/// How things are fetched in a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way<'a> {
    pub cache: &'a Path,
    pub patience: f64,
    /// Whether what is seen the first time is recorded.
    pub keep: Keep,
    pub me: &'a Me,
}

/// The release of k3s for nodes that call themselves `machine`.
pub(crate) async fn k3s(
    inventory: &Inventory,
    machine: &str,
    way: Way<'_>,
    reporter: &Reporter,
) -> Result<Artifact, Failure> {
    let wrong =
        |error: &dyn std::error::Error| Failure::new(Code::Usage, "k3s cannot be fetched", error);
    let version = Version::parse(&inventory.k3s.version).map_err(|error| wrong(&error))?;
    let arch = Arch::from_uname(machine).map_err(|error| wrong(&error))?;
    let release = Release { version, arch };
    let trust = Trust::new(inventory)?;
    let known = trust.known(&release.cache_name(), digests::k3s(&release))?;
    let wanted =
        Wanted::k3s(&release, known.expected.clone(), inventory.artifacts.mirror.as_deref());
    let name = wanted.name.clone();
    let fetch = move |store: &Store, progress: &dyn Fn(u64, Option<u64>)| {
        let fetched = store.fetch(&wanted, progress)?;
        Ok((fetched.clone(), fetched.artifact))
    };
    blocking(&trust, known, way, name, reporter, fetch).await
}

/// helm, for this machine.
pub(crate) async fn helm(
    inventory: &Inventory,
    way: Way<'_>,
    reporter: &Reporter,
) -> Result<Artifact, Failure> {
    let unsupported = || {
        Failure::plain(
            Code::Usage,
            format!("there is no helm for {} on {}", std::env::consts::OS, std::env::consts::ARCH),
        )
        .hint(Some("run provision on Linux or macOS".to_owned()))
    };
    let os = Os::from_rust(std::env::consts::OS).ok_or_else(unsupported)?;
    let arch = Arch::from_uname(std::env::consts::ARCH).map_err(|_| unsupported())?;
    let release = HelmRelease { version: HELM_VERSION.to_owned(), os, arch };
    let mirror = inventory
        .artifacts
        .mirror
        .as_ref()
        .map(|base| format!("{}/{HELM_FOLDER}", base.trim_end_matches('/')));
    let name = release.cache_name();
    let trust = Trust::new(inventory)?;
    let known = trust.known(&name, digests::helm(&release))?;
    let expected = known.expected.clone();
    let fetch = move |store: &Store, progress: &dyn Fn(u64, Option<u64>)| {
        store.helm(&release, expected, mirror.as_deref(), progress)
    };
    blocking(&trust, known, way, name, reporter, fetch).await
}

/// Ends a download whose run is not waited for any more, and gives it the moment
/// it needs to take away what it has begun.
struct Waiting {
    cancel: Arc<AtomicBool>,
    /// Nothing comes here; the other end goes when the download has ended.
    ended: Receiver<()>,
}

/// Several times as often as a download looks whether to go on.
const ENDS_WITHIN: Duration = Duration::from_millis(500);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.cancel.store(true, Ordering::Relaxed);
        let _ = self.ended.recv_timeout(ENDS_WITHIN);
    }
}

/// Fetches on a thread that may block, and holds what came against what is known.
async fn blocking(
    trust: &Trust,
    known: Known,
    way: Way<'_>,
    name: String,
    reporter: &Reporter,
    fetch: impl FnOnce(&Store, &dyn Fn(u64, Option<u64>)) -> Result<(Fetched, Artifact), FetchError>
    + Send
    + 'static,
) -> Result<Artifact, Failure> {
    let (running, ended) = channel::<()>();
    let waiting = Waiting { cancel: Arc::default(), ended };
    let store = Store::new(way.cache.join("downloads"))
        .timeouts(Timeouts::default().times(way.patience))
        .owned_by(way.me.clone())
        .cancelled_by(Arc::clone(&waiting.cancel));
    let (teller, what) = (reporter.clone(), name.clone());
    let result = tokio::task::spawn_blocking(move || {
        let _running = running;
        let shown = std::cell::Cell::new(0);
        fetch(&store, &|done, all| {
            let step = all.unwrap_or(100 * MIB) / 10;
            if done.saturating_sub(shown.get()) > step {
                shown.set(done);
                let of = all.map(|all| format!(" of {}", all / MIB)).unwrap_or_default();
                teller.say("fetch", State::Progress(format!("{what}: {}{of} MiB", done / MIB)));
            }
        })
    })
    .await
    .map_err(|error| Failure::internal("a download ended", &error))?;
    drop(waiting);
    let (fetched, artifact) = result.map_err(|error| failed(trust, &error))?;
    let kept = trust.keep(&known, &fetched, way.keep, clock::today())?;
    let said = format!("{name} is in the cache, {}{kept}", fetched.check);
    reporter.say("fetch", State::Unchanged(said));
    Ok(artifact)
}

fn failed(trust: &Trust, error: &FetchError) -> Failure {
    let (code, hint) = match error {
        FetchError::Cancelled { .. } => (Code::Interrupted, error.hint().to_owned()),
        FetchError::PlainHttp { .. } => (Code::Refused, error.hint().to_owned()),
        FetchError::Disagrees(found) => {
            let accept = match found.expected.source {
                Source::Locked { .. } => trust.accept(&found.name, found.got),
                Source::Pinned | Source::BuiltIn => String::new(),
            };
            (Code::Refused, format!("{}{accept}", error.hint()))
        }
        FetchError::Place(fault) => (Code::Usage, format!("`{}`, or {}", fault.mend, error.hint())),
        _ => (Code::Connection, error.hint().to_owned()),
    };
    Failure::of(code, error).hint(Some(hint))
}

/// The digest the inventory pins, which its reader has checked.
pub(crate) fn pinned(inventory: &Inventory, name: &str) -> Option<Sha256> {
    Sha256::parse(inventory.artifacts.sha256.get(name)?).ok()
}
