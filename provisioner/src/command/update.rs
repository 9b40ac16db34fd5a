//! `provision lock update`

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::Serialize;
use terrarium_k3s::sums::Sha256;

use super::load;
use crate::cli::Common;
use crate::clock;
use crate::error::{Code, Failure};
use crate::lockfile::{Lock, LockFile, LockedImage};
use crate::registry::{Client, Reference};
use crate::report::terminal;
use crate::settings::Settings;
use crate::stack::{Stack, asked, named};
use crate::view;

/// What became of one image's digest.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Renewed {
    image: String,
    /// What was recorded, and since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    new: String,
}

/// Asks registries anew what images are, and records that.
pub(super) async fn run(
    common: &Common,
    settings: &Settings,
    names: &[String],
) -> Result<Code, Failure> {
    let inventory = load(common, settings)?;
    if !inventory.images.lock {
        let what = format!("{} has `lock = false` in [images]", inventory.path.display());
        return Err(Failure::plain(Code::Usage, what)
            .hint(Some("take it out to have digests of images recorded".to_owned())));
    }
    // Of all boards there are: what a service runs on some of them is among its values.
    let images = chosen(Stack::new(&inventory)?.wish(&[], None).images()?, names)?;
    let client = Client::new(inventory.images.mirrors.clone(), common.patience);
    let (reporter, done) = view::open(false, &[]);
    let told = asked(&client, images, &BTreeSet::new(), &reporter.of("stack")).await;
    drop(reporter);
    done.await.map_err(|error| Failure::internal("the view ended", &error))?;
    let told: Vec<(Reference, Sha256)> =
        told?.into_iter().map(|(image, digest, _)| (image, digest)).collect();
    let file = LockFile::of(&inventory.path);
    let renewed = file.update(|lock| renew(lock, &told, clock::today()))?;
    if common.json {
        terminal::json(&serde_json::json!({ "version": 1, "images": renewed }))?;
        return Ok(Code::Done);
    }
    for image in &renewed {
        terminal::line(&image.to_string());
    }
    if renewed.iter().any(Renewed::changed) {
        terminal::remark("The next run of `provision` starts the pods of these images anew.\n");
    }
    Ok(Code::Done)
}

/// All images, or those named: in full, or as the charts write them.
fn chosen(all: BTreeSet<Reference>, names: &[String]) -> Result<Vec<Reference>, Failure> {
    let mut chosen = BTreeSet::new();
    for name in names {
        let short = |image: &Reference| image.to_string().ends_with(&format!("/{name}"));
        let found: Vec<&Reference> =
            all.iter().filter(|image| image.to_string() == *name || short(image)).collect();
        if found.is_empty() {
            let known: Vec<String> = all.iter().map(ToString::to_string).collect();
            let what = format!("the inventory's services use no image `{}`", name.escape_debug());
            return Err(Failure::plain(Code::Usage, what)
                .hint(Some(format!("they use {}", known.join(", ")))));
        }
        chosen.extend(found.into_iter().cloned());
    }
    Ok(if names.is_empty() { all } else { chosen }.into_iter().collect())
}

fn renew(
    lock: &mut Lock,
    told: &[(Reference, Sha256)],
    today: Date,
) -> Result<Vec<Renewed>, Failure> {
    let mut renewed = Vec::new();
    for (image, digest) in told {
        let name = named(image)?;
        let old = lock.images.get(&name).copied();
        if old.is_none_or(|old| old.digest != *digest) {
            lock.images.insert(name, LockedImage { digest: *digest, first_seen: today });
        }
        renewed.push(Renewed {
            image: image.to_string(),
            old: old.map(|old| format!("sha256:{}", old.digest)),
            since: old.map(|old| old.first_seen.to_string()),
            new: format!("sha256:{digest}"),
        });
    }
    Ok(renewed)
}

impl Renewed {
    fn changed(&self) -> bool {
        self.old.as_ref() != Some(&self.new)
    }
}

impl std::fmt::Display for Renewed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { image, old, since, new } = self;
        match (old, since) {
            (Some(old), Some(since)) if old == new => {
                write!(f, "{image}: {new}, as recorded on {since}")
            }
            (Some(old), Some(since)) => write!(f, "{image}: {old} (of {since}) → {new}"),
            _ => write!(f, "{image}: {new}, recorded for the first time"),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn redis() -> Reference {
        Reference::new("redis", "8").unwrap()
    }

    #[test]
    fn what_was_recorded_and_what_takes_its_place_are_both_said() {
        let [one, two] = ["one", "two"].map(|text| Sha256::of(text.as_bytes()));
        let mut lock = Lock::default();
        let mut line = |digest, day| {
            let renewed = renew(&mut lock, &[(redis(), digest)], date(2026, 1, day)).unwrap();
            renewed[0].to_string()
        };
        let name = "docker.io/library/redis:8";
        assert_eq!(line(one, 1), format!("{name}: sha256:{one}, recorded for the first time"));
        assert_eq!(line(one, 2), format!("{name}: sha256:{one}, as recorded on 2026-01-01"));
        assert_eq!(line(two, 3), format!("{name}: sha256:{one} (of 2026-01-01) → sha256:{two}"));
        let locked = lock.images[&named(&redis()).unwrap()];
        assert_eq!((locked.digest, locked.first_seen), (two, date(2026, 1, 3)));
    }

    #[test]
    fn images_are_chosen_in_full_or_by_their_end_and_an_unknown_one_is_said() {
        let all = || BTreeSet::from([redis(), Reference::new("quay.io/a/redis", "9").unwrap()]);
        assert_eq!(chosen(all(), &[]).unwrap().len(), 2);
        for name in ["docker.io/library/redis:8", "redis:8", "library/redis:8"] {
            assert_eq!(chosen(all(), &[name.to_owned()]).unwrap(), [redis()], "{name}");
        }
        let failure = chosen(all(), &["edis:8".to_owned()]).unwrap_err();
        assert_eq!(failure.code, Code::Usage);
        assert!(failure.hint.unwrap().contains("quay.io/a/redis:9"));
    }
}
