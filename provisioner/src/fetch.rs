//! Which artifacts a run needs, fetched into the operator's cache.

use std::path::Path;

use terrarium_inventory::Inventory;
use terrarium_k3s::release::{Arch, HelmRelease, Os, Release};
use terrarium_k3s::sums::Sha256;
use terrarium_k3s::version::Version;
use terrarium_plan::State;

use crate::artifact::{Artifact, FetchError, Store, Wanted};
use crate::error::{Code, Failure};
use crate::view::Reporter;

/// The helm that drives the stack; the charts are tested with it.
const HELM_VERSION: &str = "v3.19.5";
/// Where a mirror keeps what the public site of helm has at its top.
const HELM_FOLDER: &str = "helm";
const MIB: u64 = 1024 * 1024;

/// The release of k3s for nodes that call themselves `machine`.
pub(crate) async fn k3s(
    inventory: &Inventory,
    machine: &str,
    cache: &Path,
    reporter: &Reporter,
) -> Result<Artifact, Failure> {
    let wrong =
        |error: &dyn std::error::Error| Failure::new(Code::Usage, "k3s cannot be fetched", error);
    let version = Version::parse(&inventory.k3s.version).map_err(|error| wrong(&error))?;
    let arch = Arch::from_uname(machine).map_err(|error| wrong(&error))?;
    let pin = inventory.k3s.sha256.get(arch.as_str()).map(|pin| Sha256::parse(pin)).transpose();
    let pin = pin.map_err(|error| wrong(&error))?;
    let release = Release { version, arch };
    let wanted = Wanted::k3s(&release, pin, inventory.artifacts.mirror.as_deref());
    let name = wanted.name.clone();
    blocking(cache, name, reporter, move |store, progress| store.fetch(&wanted, progress)).await
}

/// helm, for this machine.
pub(crate) async fn helm(
    inventory: &Inventory,
    cache: &Path,
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
    blocking(cache, name, reporter, move |store, progress| {
        store.helm(&release, mirror.as_deref(), progress)
    })
    .await
}

async fn blocking(
    cache: &Path,
    name: String,
    reporter: &Reporter,
    fetch: impl FnOnce(&Store, &dyn Fn(u64, Option<u64>)) -> Result<Artifact, FetchError>
    + Send
    + 'static,
) -> Result<Artifact, Failure> {
    let store = Store::new(cache.join("downloads"));
    let (done, what) = (reporter.clone(), name.clone());
    let reporter = reporter.clone();
    let fetched = tokio::task::spawn_blocking(move || {
        let shown = std::cell::Cell::new(0);
        fetch(&store, &|done, all| {
            let step = all.unwrap_or(100 * MIB) / 10;
            if done.saturating_sub(shown.get()) > step {
                shown.set(done);
                let of = all.map(|all| format!(" of {}", all / MIB)).unwrap_or_default();
                reporter.say("fetch", State::Progress(format!("{name}: {}{of} MiB", done / MIB)));
            }
        })
    })
    .await
    .map_err(|error| Failure::internal("a download ended", &error))?;
    let fetched = fetched.map_err(|error| {
        Failure::of(Code::Connection, &error).hint(Some(error.hint().to_owned()))
    })?;
    done.say("fetch", State::Unchanged(format!("{what} is in the cache, verified")));
    Ok(fetched)
}
