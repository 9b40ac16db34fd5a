//! The images of the wish: which content each tag stands for, as the lock file
//! beside the inventory has it, or its registry says the first time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use terrarium_helm::image::Image;
use terrarium_inventory::Inventory;
use terrarium_k3s::sums::Sha256;
use terrarium_plan::{Facts, Refusal, State};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{PART, Wish};
use crate::error::{Code, Failure};
use crate::lockfile::{ImageRef, LockError, LockFile, LockedImage, Mismatch};
use crate::registry::{Client, Reference, RegistryError, go_name};
use crate::trust::broken;
use crate::view::Reporter;

/// Registries asked at a time.
const AT_ONCE: usize = 4;
/// What images are for when no node has been asked.
const USUAL: &str = "arm64";

/// Whether registries may be asked for what the lock file does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// They are.
    Registries,
    /// They are not: such images stay without a digest.
    Nobody,
}

/// Digests of the wish's images.
#[derive(Debug)]
pub(crate) struct Pins {
    file: LockFile,
    digests: BTreeMap<Reference, Sha256>,
    /// Those that are not in the lock file, with who told them.
    fresh: Vec<(Reference, Sha256, String)>,
}

impl Wish {
    /// The images that a registry has and that nobody gave a digest by hand.
    pub(crate) fn images(&self) -> Result<BTreeSet<Reference>, Failure> {
        let all = self.releases.iter().flat_map(|release| {
            let name = release.name.to_string();
            release.images().into_iter().map(move |image| (name.clone(), image))
        });
        all.filter(|(_, image)| image.has_registry() && image.digest.is_none())
            .map(|(service, image)| {
                reference(&image).ok_or_else(|| {
                    let Image { repository, tag, .. } = image;
                    let what = format!("`{service}`: `{repository}:{tag}` is no name of an image");
                    Failure::plain(Code::Usage, what)
                        .hint(Some(format!("correct it under [stack.values.{service}]")))
                })
            })
            .collect()
    }

    /// Puts the digests into the releases.
    pub(crate) fn pin(&mut self, pins: &Pins) {
        for release in &mut self.releases {
            *release = release.pinned(|image| {
                let digest =
                    pins.digests.get(&reference(image).filter(|_| image.has_registry())?)?;
                Some(format!("sha256:{digest}"))
            });
        }
    }
}

fn reference(image: &Image) -> Option<Reference> {
    Reference::new(&image.repository, &image.tag)
}

/// The machines there are, as images name them.
pub(crate) fn machines<'a>(facts: impl Iterator<Item = &'a Facts>) -> BTreeSet<String> {
    facts.map(|facts| go_name(&facts.machine).to_owned()).collect()
}

impl Pins {
    /// The digests of the wish's images: recorded ones, and those of registries for
    /// what is not recorded. Nothing is written.
    pub(crate) async fn of(
        inventory: &Inventory,
        wish: &Wish,
        machines: &BTreeSet<String>,
        ask: Ask,
        patience: f64,
        reporter: &Reporter,
    ) -> Result<Self, Failure> {
        let file = LockFile::of(&inventory.path);
        let mut pins = Self { file, digests: BTreeMap::new(), fresh: Vec::new() };
        if !inventory.images.lock {
            return Ok(pins);
        }
        let lock = pins.file.read().map_err(|error| broken(&error))?;
        let mut unknown = Vec::new();
        for image in wish.images()? {
            match lock.images.get(&named(&image)?) {
                Some(locked) => {
                    pins.digests.insert(image, locked.digest);
                }
                None => unknown.push(image),
            }
        }
        if ask == Ask::Registries && !unknown.is_empty() {
            let client = Client::new(inventory.images.mirrors.clone(), patience);
            for (image, digest, from) in asked(&client, unknown, machines, reporter).await? {
                pins.digests.insert(image.clone(), digest);
                pins.fresh.push((image, digest, from));
            }
        }
        Ok(pins)
    }

    /// What the run will record.
    pub(crate) fn note(&self) -> Option<Refusal> {
        let count = self.fresh.len();
        let file = self.file.path().display();
        (count > 0).then(|| {
            let what = match count {
                1 => "1 image is not in the lock file yet".to_owned(),
                count => format!("{count} images are not in the lock file yet"),
            };
            let hint = format!(
                "this run records in {file} what their registries say now, and nodes run no other \
                 content under these names from then on"
            );
            Refusal::new(PART, "images", what, hint)
        })
    }

    /// Writes down what registries said the first time. What another run recorded
    /// meanwhile has to be the same.
    pub(crate) fn record(&self, today: Date) -> Result<(), Failure> {
        if self.fresh.is_empty() {
            return Ok(());
        }
        self.file.update(|lock| {
            for (image, digest, from) in &self.fresh {
                let found = LockedImage { digest: *digest, first_seen: today };
                lock.record_image(&named(image)?, found, from)?;
            }
            Ok(())
        })
    }
}

/// Asks the registries for all of these, some at a time.
pub(crate) async fn asked(
    client: &Client,
    images: Vec<Reference>,
    machines: &BTreeSet<String>,
    reporter: &Reporter,
) -> Result<Vec<(Reference, Sha256, String)>, Failure> {
    let usual = || BTreeSet::from([USUAL.to_owned()]);
    let machines = if machines.is_empty() { usual() } else { machines.clone() };
    let (total, mut tasks) = (images.len(), JoinSet::new());
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    for image in images {
        let (client, machines, turns) = (client.clone(), machines.clone(), Arc::clone(&turns));
        tasks.spawn(async move {
            // It is never closed.
            let _turn = turns.acquire_owned().await;
            let from = client.asked(&image);
            let ask = move || client.digest(&image, &machines).map(|digest| (image, digest, from));
            tokio::task::spawn_blocking(ask).await
        });
    }
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    while let Some(done) = tasks.join_next().await {
        match done.and_then(|asked| asked) {
            Ok(Ok(told)) => found.push(told),
            Ok(Err(error)) => failed.push(error),
            Err(error) => return Err(Failure::internal("asking a registry ended", &error)),
        }
        let done = found.len() + failed.len();
        reporter.say("images", State::Progress(format!("{done} of {total} digests")));
    }
    failed.sort_by(|one, other| one.image.cmp(&other.image));
    if let Some(failure) = first(&failed) {
        return Err(failure);
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    reporter.say("images", State::Unchanged(format!("{total} digests")));
    Ok(found)
}

fn first(failed: &[RegistryError]) -> Option<Failure> {
    let error = failed.first()?;
    let mut failure = Failure::of(Code::Connection, error).hint(Some(error.why.hint().to_owned()));
    if failed.len() > 1 {
        let others: Vec<String> =
            failed.iter().skip(1).map(|other| format!("{}: {}", other.image, other.why)).collect();
        failure.causes.push(format!("and {} more: {}", others.len(), others.join("; ")));
    }
    Some(failure)
}

/// As the lock file names it.
pub(crate) fn named(image: &Reference) -> Result<ImageRef, Failure> {
    ImageRef::parse(&image.to_string()).map_err(|error| Failure::plain(Code::Usage, error))
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        broken(&error)
    }
}

impl From<Box<Mismatch>> for Failure {
    fn from(error: Box<Mismatch>) -> Self {
        Self::of(Code::Refused, &*error).hint(Some(
            "another run recorded it meanwhile: run the same command again to go by the lock file"
                .to_owned(),
        ))
    }
}

#[cfg(test)]
mod tests;
