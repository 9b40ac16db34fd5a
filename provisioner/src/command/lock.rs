//! `provision lock accept`

use terrarium_k3s::sums::Sha256;
use terrarium_ssh::places::Rule;

use crate::cli::Common;
use crate::clock;
use crate::error::{Code, Failure};
use crate::lockfile::{Checked, ImageRef, Lock, LockError, LockFile, Name};
use crate::places;
use crate::report::terminal;
use crate::settings::Settings;
use crate::trust::broken;

/// Takes another digest than the one recorded. Asks nothing of any node.
pub(super) fn run(
    common: &Common,
    settings: &Settings,
    name: &str,
    digest: &str,
) -> Result<Code, Failure> {
    let digits = digest.strip_prefix("sha256:").unwrap_or(digest);
    let sha256 = Sha256::parse(digits).map_err(|error| {
        Failure::new(Code::Usage, format!("`{}` is not accepted", digest.escape_debug()), &error)
            .hint(Some("give the digest as the refusal prints it".to_owned()))
    })?;
    super::name(common);
    let file = LockFile::of(&common.inventory);
    places::hold("the lock file", file.path(), Rule::Shared, &settings.me)?;
    let changed = file.update(|lock| -> Result<_, Refused> {
        accept(lock, name, sha256).ok_or_else(|| Refused::Unknown(known(lock)))
    });
    let was = changed.map_err(|refused| match refused {
        Refused::Lock(error) => broken(&error),
        Refused::Unknown(known) => {
            let what = format!("{} has no `{}`", file.path().display(), name.escape_debug());
            Failure::plain(Code::Usage, what).hint(Some(known))
        }
    })?;
    terminal::line(&match was {
        was if was == sha256 => format!("{name}: sha256 {sha256} was recorded already"),
        was => format!("{name}: sha256 {sha256} in place of {was}"),
    });
    Ok(Code::Done)
}

enum Refused {
    Lock(LockError),
    Unknown(String),
}

impl From<LockError> for Refused {
    fn from(error: LockError) -> Self {
        Self::Lock(error)
    }
}

/// Puts the digest in the place of the recorded one, which is returned; `None`
/// when nothing of that name is recorded: what was never seen needs no word.
fn accept(lock: &mut Lock, name: &str, sha256: Sha256) -> Option<Sha256> {
    let today = clock::today();
    if let Some(image) = ImageRef::parse(name).ok().and_then(|name| lock.images.get_mut(&name)) {
        let was = image.digest;
        if was != sha256 {
            (image.digest, image.first_seen) = (sha256, today);
        }
        return Some(was);
    }
    let name = Name::parse(name).ok()?;
    let artifact = lock.artifacts.get_mut(&name)?;
    let was = artifact.sha256;
    if was != sha256 {
        artifact.sha256 = sha256;
        artifact.first_seen = today;
        artifact.checked = Checked::Accepted;
    }
    Some(was)
}

/// What there is, for a hint.
fn known(lock: &Lock) -> String {
    let artifacts = lock.artifacts.keys().map(ToString::to_string);
    let names: Vec<String> =
        artifacts.chain(lock.images.keys().map(ToString::to_string)).take(40).collect();
    if names.is_empty() {
        "nothing is recorded yet: the next run of `provision` records what it fetches".to_owned()
    } else {
        format!("recorded are {}", names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::lockfile::{LockedArtifact, LockedImage};

    #[test]
    fn a_recorded_digest_is_replaced_and_an_unknown_name_is_not_made() {
        let [one, two] = ["one", "two"].map(|text| Sha256::of(text.as_bytes()));
        let long_ago = date(2020, 1, 1);
        let mut lock = Lock::default();
        let (k3s, redis) = ("k3s-v1.34.4+k3s1-arm64", "docker.io/library/redis:8");
        lock.artifacts.insert(
            Name::parse(k3s).unwrap(),
            LockedArtifact {
                sha256: one,
                from: "https://github.com/k3s".to_owned(),
                first_seen: long_ago,
                checked: Checked::ReleaseChecksum,
            },
        );
        let image = LockedImage { digest: one, first_seen: long_ago };
        lock.images.insert(ImageRef::parse(redis).unwrap(), image);

        let before = lock.clone();
        for unknown in ["k3s", "docker.io/library/redis:9", "", "../x"] {
            assert_eq!(accept(&mut lock, unknown, two), None, "{unknown}");
        }
        assert_eq!(accept(&mut lock, k3s, one), Some(one));
        assert_eq!(lock, before, "the same again is no change");
        for name in [k3s, redis] {
            assert_eq!(accept(&mut lock, name, two), Some(one));
        }
        let artifact = &lock.artifacts[&Name::parse(k3s).unwrap()];
        assert_eq!((artifact.sha256, artifact.checked), (two, Checked::Accepted));
        assert_ne!(artifact.first_seen, long_ago);
        assert_eq!(lock.images[&ImageRef::parse(redis).unwrap()].digest, two);
        assert!(known(&lock).contains(redis) && known(&Lock::default()).contains("nothing"));
    }
}
