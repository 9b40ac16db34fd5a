//! The image of our own services. No registry has it: its archive lies where
//! k3s imports images from at every start, and is imported at once where k3s
//! runs already.
//!
//! Its name begins with a host of the top-level domain `invalid`, which RFC 2606
//! keeps from ever being given to anybody: nobody can register the name, answer
//! for it or get a certificate for it. containerd takes what stands before the
//! first `/` for a host whenever it has a dot in it, so that the name is not
//! looked up on Docker Hub either.

use terrarium_k3s::paths;

use crate::planner::{Binary, Context};
use crate::{Action, Change, Content};

/// What charts and containerd call the image, without its tag.
pub const REPOSITORY: &str = "terrarium.invalid/source";
/// What earlier versions called it: a name on a public registry that anybody
/// may register.
pub const FORMER_REPOSITORY: &str = "docker.io/terrarium/source";

/// The label by which kubelet is kept from clearing an image, and its value.
pub(crate) const PINNED: (&str, &str) = ("io.cri-containerd.pinned", "pinned");

/// k3s imports every archive of this folder when it starts.
pub(crate) const ARCHIVE: &str = "/var/lib/rancher/k3s/agent/images/terrarium-source.tar";
/// Unpacking a few MiB onto a slow card.
const DEADLINE: u64 = 300;

pub(crate) fn plan(context: &Context<'_>) -> Option<Change> {
    let facts = context.facts;
    let image = context.artifacts.image.as_ref()?;
    let sha256 = image.archives.get(&facts.machine)?;
    let there = facts.files.get(ARCHIVE).map(|file| file.sha256 == *sha256);
    let imported = facts.images.contains(&image.reference);
    let reason = match (there, imported) {
        (Some(true), true) => return None,
        (Some(true), false) => {
            format!("containerd does not list {} as an image to keep", image.reference)
        }
        (Some(false), _) => format!("{ARCHIVE} differs"),
        (None, _) => format!("{ARCHIVE} missing"),
    };
    let title = format!("import the image {}", image.reference);
    let mut change = Change::new("image.source", title, reason);
    if there != Some(true) {
        change = change.act(Action::Write {
            path: ARCHIVE.to_owned(),
            mode: Some("0644".to_owned()),
            content: Content::Artifact(Binary::Image(facts.machine.clone())),
            backup: false,
            over: None,
        });
    }
    Some(change.act(Action::Run { script: import(&image.reference), deadline: DEADLINE }))
}

/// Pinned, as k3s pins what it imports at its start: kubelet clears images that
/// no pod of the node runs, and this one cannot be pulled again.
///
/// Images of earlier programs lose their pin and are not removed: pods run them
/// until their release moves to the new one. kubelet clears them when it needs
/// the space and no pod runs them any more.
fn import(reference: &str) -> String {
    let (k3s, (label, value)) = (paths::BINARY, PINNED);
    format!(
        "set -e; {k3s} ctr images import {ARCHIVE} >/dev/null; \
         {k3s} ctr images label {reference} {label}={value} >/dev/null; \
         for i in $({k3s} ctr images ls -q); do case $i in {reference}) ;; \
         {REPOSITORY}:*|{FORMER_REPOSITORY}:*) \
         {k3s} ctr images label \"$i\" {label}= >/dev/null;; esac; done"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Facts;
    use crate::fixture::{apply, context, facts};
    use crate::planner::{Artifacts, Image};

    const REFERENCE: &str = "terrarium.invalid/source:0.1.0-01234567";

    fn planned(facts: &Facts, wanted: bool) -> Option<Change> {
        let archives = [("aarch64".to_owned(), "d".repeat(64))].into();
        let image = wanted.then(|| Image { reference: REFERENCE.to_owned(), archives });
        let mut change = None;
        context(facts, |context| {
            let artifacts = Artifacts { image, ..context.artifacts.clone() };
            change = plan(&Context { artifacts: &artifacts, ..*context });
        });
        change
    }

    #[test]
    fn without_a_service_that_runs_it_no_node_gets_it() {
        assert_eq!(planned(&facts(), false), None);
    }

    #[test]
    fn it_is_brought_once_and_imported_wherever_it_is_not_listed() {
        let mut facts = facts();
        let first = planned(&facts, true).unwrap();
        assert_eq!((first.id.as_str(), first.actions.len()), ("image.source", 2));
        apply(&mut facts, &[first]);

        let again = planned(&facts, true).unwrap();
        assert!(matches!(&again.actions[..], [Action::Run { .. }]), "{:?}", again.actions);
        assert_eq!(
            again.reason,
            format!("containerd does not list {REFERENCE} as an image to keep")
        );

        facts.images.push(REFERENCE.to_owned());
        assert_eq!(planned(&facts, true), None);

        facts.files.get_mut(ARCHIVE).unwrap().sha256 = "0".repeat(64);
        let changed = planned(&facts, true).unwrap();
        assert_eq!(changed.actions.len(), 2, "{changed:?}");
    }
}
