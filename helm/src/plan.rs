//! What has to happen to releases: wish against what is deployed.

use crate::drift::{Lost, Objects, told};
use crate::release::Release;
use crate::state::{Deployed, Status};

/// One release to change.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseChange {
    /// As it is to be.
    pub release: Release,
    /// What is done.
    pub kind: Kind,
    /// Why, as the user reads it.
    pub reason: String,
}

/// What is done to a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// It is not there.
    Install,
    /// It differs.
    Upgrade,
    /// Objects of it are not as helm made them. The revision in place is applied once
    /// more, as helm's record has it: with the same passwords.
    Repair(Restore),
    /// An earlier run left it unusable.
    Recover(Recovery),
}

/// What a repair is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restore {
    /// The revision in place.
    pub revision: u32,
    /// The objects that are made anew.
    pub lost: Vec<Lost>,
}

/// What helm demands before it takes a release in hand again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovery {
    /// Nothing: a failed revision is upgraded like any other.
    Retry,
    /// Back to a revision that was complete, then upgrade: helm refuses to
    /// touch a release that is pending.
    Rollback(u32),
    /// Removed, then installed: there is no revision to go back to. Volumes and
    /// passwords stay.
    Reinstall,
}

/// The changes that make `deployed` what is wanted, in the order wanted. A
/// release that is deployed with an equal digest needs none, as long as its objects
/// are there and no store that it logs in to is begun anew.
pub fn plan(
    wanted: &[Release],
    deployed: &[Deployed],
    objects: Option<&Objects>,
) -> Vec<ReleaseChange> {
    let find = |release: &Release| {
        deployed
            .iter()
            .find(|d| d.name == release.name.as_str() && d.namespace == release.namespace)
    };
    let begun: Vec<&Release> = wanted.iter().filter(|release| begins(find(release))).collect();
    wanted
        .iter()
        .filter_map(|release| {
            let found = find(release);
            let restore = found.and_then(|_| restore(release, objects?));
            let decided = decide(release, found).or_else(|| logs_in_anew(release, &begun));
            let (kind, reason) = mended(decided, restore)?;
            Some(ReleaseChange { release: release.clone(), kind, reason })
        })
        .collect()
}

/// Whether nothing of a release was ever complete, as far as helm knows: its chart
/// may then make other passwords than its clients have.
fn begins(found: Option<&Deployed>) -> bool {
    found.is_none_or(|found| match found.status {
        Status::Deployed => false,
        Status::Uninstalled => true,
        _ => found.last_good.is_none(),
    })
}

/// Clients that read their password at the start are rendered again after a store that
/// is begun anew: whose password is another one, its pod is another one.
fn logs_in_anew(release: &Release, begun: &[&Release]) -> Option<(Kind, String)> {
    let client = release.name.as_str();
    let store = begun.iter().find(|store| store.values["clients"].get(client).is_some())?;
    Some((Kind::Upgrade, format!("{}, which it logs in to, is installed anew", store.name)))
}

/// Releases of ours that nobody wants any more. They are reported, not removed.
pub fn leftover<'a>(wanted: &[Release], deployed: &'a [Deployed]) -> Vec<&'a Deployed> {
    let wanted = |d: &Deployed| {
        wanted.iter().any(|r| r.name.as_str() == d.name && r.namespace == d.namespace)
    };
    let gone = |d: &Deployed| d.status == Status::Uninstalled;
    deployed.iter().filter(|d| d.digest.is_some() && !gone(d) && !wanted(d)).collect()
}

/// What a release has lost, with the revision to restore it from.
fn restore(release: &Release, objects: &Objects) -> Option<Restore> {
    let name = release.name.as_str();
    let lost = objects.lost(name);
    (!lost.is_empty()).then_some(Restore { revision: objects.revision(name)?, lost })
}

/// A decision with what the release has lost. An upgrade makes anew what is missing,
/// but for a Secret with another password, which no store would take: that one comes
/// back from helm's record first.
fn mended(decided: Option<(Kind, String)>, restore: Option<Restore>) -> Option<(Kind, String)> {
    let Some(restore) = restore else { return decided };
    let told = told(&restore.lost);
    let secret = restore.lost.iter().any(Lost::is_secret);
    let Some((kind, reason)) = decided else { return Some((Kind::Repair(restore), told)) };
    let reason = format!("{told}; {reason}");
    Some(match kind {
        Kind::Upgrade | Kind::Recover(Recovery::Retry) if secret => {
            (Kind::Recover(Recovery::Rollback(restore.revision)), reason)
        }
        kind => (kind, reason),
    })
}

fn decide(release: &Release, found: Option<&Deployed>) -> Option<(Kind, String)> {
    let Some(found) = found else {
        return Some((Kind::Install, "not deployed".to_owned()));
    };
    let revision = found.revision;
    let pending = |what: &str| {
        let reason = format!("revision {revision} was left in the middle of {what}");
        let recovery = found.last_good.map_or(Recovery::Reinstall, Recovery::Rollback);
        (Kind::Recover(recovery), reason)
    };
    Some(match &found.status {
        Status::Deployed if found.digest.as_deref() == Some(release.short_digest()) => return None,
        Status::Deployed if found.digest.is_none() => {
            (Kind::Upgrade, format!("revision {revision} was not deployed by provision"))
        }
        Status::Deployed if found.digest.is_some() && found.digest == release.unpinned => {
            let what = format!(
                "only the digests of its images are new to revision {revision}: \
                 its pods are started anew"
            );
            (Kind::Upgrade, what)
        }
        Status::Deployed => {
            (Kind::Upgrade, format!("chart or values differ from revision {revision}"))
        }
        Status::Uninstalled => (Kind::Install, "was uninstalled".to_owned()),
        Status::PendingInstall => pending("an install"),
        Status::PendingUpgrade => pending("an upgrade"),
        Status::PendingRollback => pending("a rollback"),
        Status::Uninstalling => (
            Kind::Recover(Recovery::Reinstall),
            format!("revision {revision} was left in the middle of being removed"),
        ),
        Status::Failed => (Kind::Recover(Recovery::Retry), format!("revision {revision} failed")),
        // No complete revision follows a superseded one, or helm is newer than us.
        Status::Superseded | Status::Other(_) => {
            let word = format!("revision {revision} has no usable status");
            (Kind::Recover(Recovery::Retry), word)
        }
    })
}

#[cfg(test)]
mod tests;
