//! Names of k3s releases and checksums of their binaries.

use super::Complaint;
use crate::defaults::DEFAULT_K3S_VERSION;
use crate::words::quote;

/// The oldest minor version of Kubernetes that has all that is relied on: cgroup v2
/// and the admission of pods by a namespace's labels.
const OLDEST_MINOR: u32 = 25;

/// Of these minor versions, the first patch whose Traefik knows the kinds of
/// `traefik.io`, which the stack's logins and certificates are made of.
const OLDEST_PATCHES: [(u32, u32); 4] = [(25, 16), (26, 11), (27, 8), (28, 4)];

/// `text` as a release of k3s: `v1.34.4+k3s1`, `v1.35.0-rc1+k3s1`.
pub(crate) fn version(text: &str) -> Result<String, Complaint> {
    let complaint = |message: String, why: &str, help: String| Complaint {
        code: "inventory::k3s-version",
        message,
        why: why.to_owned(),
        help,
    };
    if is_release(text) {
        let numbers = numbers(text);
        let number = |index: usize| numbers.get(index).copied().unwrap_or_default();
        let (minor, patch) = (number(1), number(2));
        if text.starts_with("v1.") && minor < OLDEST_MINOR {
            return Err(complaint(
                format!("{} is too old: v1.{OLDEST_MINOR} is the oldest that will do", quote(text)),
                "a release without cgroup v2 or Pod Security admission",
                format!("write for example `{DEFAULT_K3S_VERSION}`"),
            ));
        }
        let oldest = OLDEST_PATCHES.iter().find(|(of, _)| text.starts_with("v1.") && *of == minor);
        if let Some((_, oldest)) = oldest.filter(|(_, oldest)| patch < *oldest) {
            return Err(complaint(
                format!(
                    "{} is too old: v1.{minor}.{oldest} is the oldest of v1.{minor} that will do",
                    quote(text)
                ),
                "a release whose Traefik does not know the kinds of `traefik.io`",
                format!(
                    "write a later release of v1.{minor}, or for example `{DEFAULT_K3S_VERSION}`"
                ),
            ));
        }
        return Ok(text.to_owned());
    }
    let found = numbers(text);
    let numbered = match found[..] {
        [major, minor, patch] => Some((format!("v{major}.{minor}.{patch}+k3s1"), false)),
        [major, minor, patch, build] => {
            Some((format!("v{major}.{minor}.{patch}+k3s{build}"), true))
        }
        [major, minor] if DEFAULT_K3S_VERSION.starts_with(&format!("v{major}.{minor}.")) => {
            Some((DEFAULT_K3S_VERSION.to_owned(), false))
        }
        _ => None,
    };
    // As container images, banners and people write it.
    let better = numbered.filter(|(better, _)| is_release(better) && is_near(text));
    let (why, help) = match better {
        // With `k3s` in it, its last number counts the builds of k3s.
        Some((better, true)) => ("nearly the name of a release", format!("write `{better}`")),
        Some((better, false)) if text.to_lowercase().contains("k3s") => {
            ("nearly the name of a release", format!("write `{better}`"))
        }
        Some((better, false)) => {
            ("a release of Kubernetes, not of k3s", format!("write `{better}`"))
        }
        None if text.chars().all(|c| c.is_ascii_alphabetic()) => (
            "a channel, not a release",
            format!(
                "write one release, so that every run installs the same: `{DEFAULT_K3S_VERSION}`"
            ),
        ),
        None => ("not the name of a release", format!("write for example `{DEFAULT_K3S_VERSION}`")),
    };
    Err(complaint(format!("{} is not a release of k3s", quote(text)), why, help))
}

/// Whether only signs and the word `k3s` are in the way.
fn is_near(text: &str) -> bool {
    let letters = text.to_lowercase().replace("k3s", "");
    letters.len() <= 24 && letters.chars().all(|c| c.is_ascii_digit() || "v.+-_ ".contains(c))
}

/// The numbers of a version, in their order; that of `k3s` is its name's.
fn numbers(text: &str) -> Vec<u32> {
    let text = text.to_lowercase().replace("k3s", " ");
    let groups = text.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty());
    groups.filter_map(|group| group.parse().ok()).collect()
}

fn is_release(text: &str) -> bool {
    let number = |part: &str| {
        (1..=4).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    let Some((kubernetes, build)) = text.strip_prefix('v').and_then(|rest| rest.split_once("+k3s"))
    else {
        return false;
    };
    let (release, candidate) = match kubernetes.split_once('-') {
        Some((release, candidate)) => (release, Some(candidate)),
        None => (kubernetes, None),
    };
    let candidate_fits = candidate.is_none_or(|text| {
        ["alpha", "beta", "rc"].iter().any(|stage| {
            text.strip_prefix(stage).is_some_and(|n| number(n.trim_start_matches('.')))
        })
    });
    number(build)
        && candidate_fits
        && release.split('.').count() == 3
        && release.split('.').all(number)
}

/// `text` as a sha256 in lower case.
pub(crate) fn sha256(text: &str) -> Result<String, Complaint> {
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    let why = match text.chars().find(|c| !c.is_ascii_hexdigit()) {
        Some(c) => format!("{} is not a hexadecimal digit", quote(&c.to_string())),
        None => format!("{} digits, 64 are needed", text.len()),
    };
    Err(Complaint {
        code: "inventory::sha256",
        message: format!("{} is not a sha256", quote(text)),
        why,
        help: "`sha256sum` prints it: 64 hexadecimal digits; the release's own list is \
               sha256sum-arm64.txt"
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for good in [DEFAULT_K3S_VERSION, "v1.35.0-rc1+k3s1", "v1.34.10+k3s12"] {
            assert_eq!(version(good).as_deref(), Ok(good));
        }
        for (minor, patch) in OLDEST_PATCHES {
            assert!(version(&format!("v1.{minor}.{patch}+k3s2")).is_ok());
            let older = format!("v1.{minor}.{}+k3s2", patch - 1);
            let complaint = version(&older).expect_err(&older);
            let oldest = format!("v1.{minor}.{patch} is the oldest of v1.{minor}");
            assert!(complaint.message.contains(&oldest), "{}", complaint.message);
            assert!(complaint.help.starts_with("write a later release of"), "{}", complaint.help);
        }
        assert!(version("v1.29.0+k3s1").is_ok());
        for (bad, hint) in [
            ("1.34.4+k3s1", "write `v1.34.4+k3s1`"),
            ("v1.34.4-k3s1", "write `v1.34.4+k3s1`"),
            ("v1.34.4", "write `v1.34.4+k3s1`"),
            ("1.34.4", "write `v1.34.4+k3s1`"),
            ("stable", "write one release"),
            ("v1.36", "write `v1.36.3+k3s1`"),
            ("1.36", "write `v1.36.3+k3s1`"),
            ("v1.31", "write for example"),
            ("v1.34.4+k3s", "write `v1.34.4+k3s1`"),
            ("V1.34.4+K3S2", "write `v1.34.4+k3s2`"),
            ("v1.34.4k3s1", "write `v1.34.4+k3s1`"),
            ("k3s v1.34.4+k3s1", "write `v1.34.4+k3s1`"),
            (" v1.34.4+k3s1", "write `v1.34.4+k3s1`"),
            ("v1.19.0+k3s1", "write for example"),
            ("v1.034.4+k3s1", "write `v1.34.4+k3s1`"),
            ("v1.34.4+k3s1; reboot", "write for example"),
            ("v1.34.4-x+k3s1", "write for example"),
            ("v1.34.4+rke2r1", "write for example"),
        ] {
            let help = version(bad).expect_err(bad).help;
            assert!(help.starts_with(hint), "{bad}: {help}");
        }
        assert!(version("").is_err());
    }

    #[test]
    fn checksums() {
        let digits = "0123456789abcdef".repeat(4);
        assert_eq!(sha256(&digits), Ok(digits.clone()));
        assert_eq!(sha256(&digits.to_uppercase()), Ok(digits.clone()));
        for (bad, why) in [
            ("abc", "3 digits, 64 are needed"),
            ("", "0 digits, 64 are needed"),
            ("xyz", "`x` is not a hexadecimal digit"),
        ] {
            assert_eq!(sha256(bad).expect_err(bad).why, why);
        }
        assert!(sha256(&format!("{digits}0")).is_err());
    }
}
