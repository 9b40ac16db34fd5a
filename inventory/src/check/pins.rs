//! Names of files from the network whose digests are pinned by hand.

use super::Complaint;
use crate::defaults::HELM_VERSION;
use crate::words::{either, nearest, quote};

/// The files that runs with this release of k3s fetch, for every machine they
/// may be of.
pub(crate) fn names(k3s: &str) -> Vec<String> {
    let architectures = ["arm64", "amd64"];
    let k3s = architectures.map(|architecture| format!("k3s-{k3s}-{architecture}"));
    let helm = ["linux", "darwin"].into_iter().flat_map(|system| {
        architectures.map(|architecture| format!("helm-{HELM_VERSION}-{system}-{architecture}"))
    });
    k3s.into_iter().chain(helm).collect()
}

/// `text` as one of these names.
pub(crate) fn name(text: &str, known: &[String]) -> Result<String, Complaint> {
    if known.iter().any(|name| name == text) {
        return Ok(text.to_owned());
    }
    let known = || known.iter().map(String::as_str);
    Err(Complaint {
        code: "inventory::pin",
        message: format!("{} is no file that this inventory fetches", quote(text)),
        why: "no such file".to_owned(),
        help: match nearest(text, known()) {
            Some(meant) => format!("write `\"{meant}\"`, if that is meant"),
            None => format!("the files are {}", either(known())),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_run_is_known_and_one_of_another_version_is_told() {
        let known = names("v1.36.3+k3s1");
        assert_eq!(known.len(), 6);
        for good in &known {
            assert_eq!(name(good, &known).as_ref(), Ok(good));
        }
        let help = |text: &str| name(text, &known).expect_err(text).help;
        assert!(help("k3s-v1.36.2+k3s1-arm64").contains("`\"k3s-v1.36.3+k3s1-arm64\"`"));
        assert!(help("k3s-arm64").starts_with("the files are `k3s-v1.36.3+k3s1-arm64`"));
        for other in ["", "kubectl", &"x".repeat(1 << 16)] {
            assert!(name(other, &known).is_err());
        }
    }
}
