//! What a plan means for the stack's objects. Nothing is written: neither to the
//! cluster nor to the kubeconfig.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use serde::Serialize;
use terrarium_helm::diff::{self, Change, Difference};
use terrarium_helm::plan::{Kind, ReleaseChange};
use terrarium_helm::runner::{Helm, HelmError};
use terrarium_plan::Facts;
use terrarium_untrusted::visible;

use super::{Wish, releases_of, verb};
use crate::error::{Code, Failure};
use crate::report::terminal::{count, wrapped};

/// One release's objects.
#[derive(Debug, Serialize)]
pub(crate) struct ReleaseDiff {
    service: String,
    /// `install`, `upgrade`, `repair`, `recover`.
    kind: &'static str,
    /// The file its measured sizes are from.
    #[serde(skip_serializing_if = "Option::is_none")]
    sizes: Option<String>,
    #[serde(flatten)]
    objects: Objects,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Objects {
    /// Nothing is there: how many of each kind will be.
    Create(BTreeMap<String, usize>),
    /// Those that differ.
    Differ(Vec<Difference>),
    /// Some are not as they were made, and will be again.
    Restore(Vec<String>),
    /// They cannot be compared, and why.
    Unknown(String),
}

impl Wish {
    /// The objects of every release that differs, in the plan's order.
    pub(crate) async fn diff(
        &self,
        server: &Facts,
        helm: &Helm,
    ) -> Result<Vec<ReleaseDiff>, Failure> {
        let mut diffs = Vec::new();
        for change in self.differing(releases_of(server), server.cluster.as_ref(), server)? {
            let objects = objects(helm, &change).await.map_err(|error| {
                Failure::of(Code::Change, &error).hint(Some(
                    "helm reads the inventory's kubeconfig, which `provision` writes".to_owned(),
                ))
            })?;
            let (service, kind) = (change.release.name.to_string(), verb(&change.kind));
            let sizes = self.sized.get(&service).cloned();
            diffs.push(ReleaseDiff { service, kind, sizes, objects });
        }
        Ok(diffs)
    }
}

async fn objects(helm: &Helm, change: &ReleaseChange) -> Result<Objects, HelmError> {
    let release = &change.release;
    Ok(match &change.kind {
        // Without the cluster: what a first release is made of may be unknown to it yet.
        Kind::Install => Objects::Create(diff::kinds(&helm.rendered(release).await?)),
        Kind::Upgrade => {
            let old = helm.manifest(&release.namespace, release.name.as_str()).await?;
            Objects::Differ(diff::compare(&old, &helm.upgraded(release).await?))
        }
        Kind::Repair(restore) => {
            Objects::Restore(restore.lost.iter().map(ToString::to_string).collect())
        }
        // Helm renders no upgrade of a release it refuses to touch.
        Kind::Recover(_) => Objects::Unknown(change.reason.clone()),
    })
}

impl ReleaseDiff {
    /// Printed, with or without colours.
    pub(crate) fn show(&self, color: bool) -> String {
        let mut text = format!("{}\n", visible(&wrapped("", &self.to_string())));
        if let Objects::Differ(differences) = &self.objects {
            for difference in differences {
                // Before the colours: what is left of the terminal's codes is ours.
                for line in visible(&difference.diff).lines() {
                    let _ = match paint(line).filter(|_| color) {
                        Some(code) => writeln!(text, "\x1b[{code}m{line}\x1b[0m"),
                        None => writeln!(text, "{line}"),
                    };
                }
            }
        }
        text
    }
}

/// The colour of a line of a diff, as terminals number them.
fn paint(line: &str) -> Option<u8> {
    match line.chars().next()? {
        '+' => Some(32),
        '-' => Some(31),
        '@' => Some(36),
        _ => None,
    }
}

impl fmt::Display for ReleaseDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: ", self.service, self.kind)?;
        match &self.objects {
            Objects::Create(kinds) => {
                let all = kinds.values().sum();
                let kinds: Vec<String> =
                    kinds.iter().map(|(kind, number)| format!("{number} {kind}")).collect();
                write!(f, "{} to create: {}", count(all, "object"), kinds.join(", "))?;
            }
            Objects::Differ(differences) if differences.is_empty() => {
                f.write_str("no object differs")?;
            }
            Objects::Differ(differences) => {
                let of = |change| differences.iter().filter(|found| found.change == change).count();
                let parts: Vec<String> = [
                    (of(Change::Create), "created"),
                    (of(Change::Change), "changed"),
                    (of(Change::Delete), "deleted"),
                    (of(Change::Keep), "let go and kept"),
                ]
                .into_iter()
                .filter(|(number, _)| *number > 0)
                .map(|(number, what)| format!("{} {what}", count(number, "object")))
                .collect();
                f.write_str(&parts.join(", "))?;
            }
            Objects::Restore(lost) => {
                let all = count(lost.len(), "object");
                write!(f, "{all} to be as helm's record has it: {}", lost.join(", "))?;
            }
            Objects::Unknown(why) => write!(f, "its objects cannot be compared: {why}")?,
        }
        match &self.sizes {
            Some(file) => write!(f, "; sizes are from {file}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(objects: Objects, color: bool) -> String {
        let (service, sizes) = ("redis".to_owned(), None);
        ReleaseDiff { service, kind: "upgrade", sizes, objects }.show(color)
    }

    #[test]
    fn a_first_release_is_told_by_its_kinds() {
        let kinds = [("Secret".to_owned(), 1), ("Service".to_owned(), 2)].into();
        assert_eq!(
            shown(Objects::Create(kinds), false),
            "redis: upgrade: 3 objects to create: 1 Secret, 2 Service\n"
        );
    }

    #[test]
    fn differences_are_counted_then_shown_and_coloured_only_when_asked() {
        let old = "kind: Service\nmetadata: {name: redis}\nspec: 1\n";
        let new = old.replace("spec: 1", "spec: 2");
        let differences = || Objects::Differ(diff::compare(old, &new));
        let plain = shown(differences(), false);
        assert!(
            plain.starts_with("redis: upgrade: 1 object changed\n--- Service/redis"),
            "{plain}"
        );
        assert!(plain.contains("\n-spec: 1\n+spec: 2\n") && !plain.contains('\x1b'), "{plain}");
        let coloured = shown(differences(), true);
        assert!(coloured.contains("\x1b[32m+spec: 2\x1b[0m\n"), "{coloured}");
        assert_eq!(shown(Objects::Differ(Vec::new()), true), "redis: upgrade: no object differs\n");
    }

    #[test]
    fn for_programs_it_is_one_object_a_release() {
        let kinds = [("Secret".to_owned(), 1)].into();
        let one = ReleaseDiff {
            service: "redis".to_owned(),
            kind: "install",
            sizes: Some("pis.sizes.toml".to_owned()),
            objects: Objects::Create(kinds),
        };
        assert_eq!(
            serde_json::to_string(&one).unwrap(),
            r#"{"service":"redis","kind":"install","sizes":"pis.sizes.toml","create":{"Secret":1}}"#
        );
        assert_eq!(
            one.show(false),
            "redis: install: 1 object to create: 1 Secret; sizes are from pis.sizes.toml\n"
        );
    }
}
