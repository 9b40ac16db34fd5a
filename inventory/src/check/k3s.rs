//! Names of k3s releases and checksums of their binaries.

use super::Complaint;
use crate::defaults::DEFAULT_K3S_VERSION;
use crate::words::quote;

/// `text` as a release of k3s: `v1.34.4+k3s1`, `v1.35.0-rc1+k3s1`.
pub(crate) fn version(text: &str) -> Result<String, Complaint> {
    if is_release(text) {
        return Ok(text.to_owned());
    }
    // As container images and people write it.
    let better =
        format!("v{}", text.trim().trim_start_matches(['v', 'V']).replacen("-k3s", "+k3s", 1));
    let (why, help) = if is_release(&better) {
        ("nearly the name of a release", format!("write `{better}`"))
    } else if is_release(&format!("{better}+k3s1")) {
        ("a release of Kubernetes, not of k3s", format!("write `{better}+k3s1`"))
    } else if text.chars().all(|c| c.is_ascii_alphabetic()) {
        (
            "a channel, not a release",
            format!(
                "write one release, so that every run installs the same: `{DEFAULT_K3S_VERSION}`"
            ),
        )
    } else {
        ("not the name of a release", format!("write for example `{DEFAULT_K3S_VERSION}`"))
    };
    Err(Complaint {
        code: "inventory::k3s-version",
        message: format!("{} is not a release of k3s", quote(text)),
        why: why.to_owned(),
        help,
    })
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
        for (bad, hint) in [
            ("1.34.4+k3s1", "write `v1.34.4+k3s1`"),
            ("v1.34.4-k3s1", "write `v1.34.4+k3s1`"),
            ("v1.34.4", "write `v1.34.4+k3s1`"),
            ("1.34.4", "write `v1.34.4+k3s1`"),
            ("stable", "write one release"),
            ("v1.34", "write for example"),
            ("v1.34.4+k3s", "write for example"),
            ("v1.034.4+k3s1", "write for example"),
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
