//! The lock file's text: strict to read, in one order to write.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use terrarium_k3s::sums::Sha256;

use super::model::{Checked, Lock, LockedArtifact, LockedImage};

/// The one form of the file there is.
const VERSION: u32 = 1;

const HEAD: &str = "\
# Digests of what `provision` fetched, as they were the first time. Keep this
# file with the inventory. When something has another digest under the same
# name, `provision` stops and says which command accepts it.
";

/// A text that is no lock file, and the line where it stops being one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// From 1; `None` where it is about the whole file.
    pub line: Option<usize>,
    pub what: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    artifacts: BTreeMap<Name, ArtifactText>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    images: BTreeMap<ImageRef, ImageText>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ArtifactText {
    sha256: Digits,
    from: String,
    first_seen: Day,
    checked: Checked,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ImageText {
    digest: Prefixed,
    first_seen: Day,
}

/// A file's name in the lock: what it is, which version, for which machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Name(String);

/// An image's full reference: `registry/repository:tag`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct ImageRef(String);

/// 64 hexadecimal digits.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Digits(Sha256);

/// The same after `sha256:`, as registries write it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Prefixed(Sha256);

/// A day, `2026-11-30`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Day(Date);

/// The lock the text says. An empty text says nothing: a run that was cut off
/// while it made the file leaves one.
pub(super) fn parse(text: &str) -> Result<Lock, Fault> {
    if text.is_empty() {
        return Ok(Lock::default());
    }
    let document: Document = toml::from_str(text).map_err(|error| Fault {
        line: error.span().map(|span| line(text, span.start)),
        what: error.message().to_owned(),
    })?;
    if document.version != VERSION {
        return Err(Fault {
            line: None,
            what: format!(
                "it is of version {}, and this program reads version {VERSION}",
                document.version
            ),
        });
    }
    let artifacts = document.artifacts.into_iter().map(|(name, text)| {
        let ArtifactText { sha256, from, first_seen, checked } = text;
        (name, LockedArtifact { sha256: sha256.0, from, first_seen: first_seen.0, checked })
    });
    let images = document.images.into_iter().map(|(reference, text)| {
        let ImageText { digest, first_seen } = text;
        (reference, LockedImage { digest: digest.0, first_seen: first_seen.0 })
    });
    Ok(Lock { artifacts: artifacts.collect(), images: images.collect() })
}

/// The lock as a text: equal locks give equal bytes, and one entry more is a
/// few lines more.
pub(super) fn render(lock: &Lock) -> Result<String, toml::ser::Error> {
    let artifacts = lock.artifacts.iter().map(|(name, locked)| {
        let LockedArtifact { sha256, from, first_seen, checked } = locked;
        let text = ArtifactText {
            sha256: Digits(*sha256),
            from: from.clone(),
            first_seen: Day(*first_seen),
            checked: *checked,
        };
        (name.clone(), text)
    });
    let images = lock.images.iter().map(|(reference, locked)| {
        let text =
            ImageText { digest: Prefixed(locked.digest), first_seen: Day(locked.first_seen) };
        (reference.clone(), text)
    });
    let document =
        Document { version: VERSION, artifacts: artifacts.collect(), images: images.collect() };
    Ok(format!("{HEAD}{}", toml::to_string(&document)?))
}

fn line(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

impl Name {
    /// As it is written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Letters, digits and `._+-`, as file names of releases have them.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
        if (1..=200).contains(&text.len()) && text.chars().all(fits) && !text.starts_with('.') {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("`{}` is not the name of a file from the network", shown(text)))
        }
    }
}

impl ImageRef {
    /// A registry, a repository and a tag, all written out.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let refused =
            || format!("`{}` is not a full image reference: registry/repository:tag", shown(text));
        let (path, tag) = text.rsplit_once(':').ok_or_else(refused)?;
        let (registry, repository) = path.split_once('/').ok_or_else(refused)?;
        let of = |text: &str, more: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
        };
        // Without one of these, the first part is not a registry but a folder of
        // Docker's.
        let is_host = registry == "localhost" || registry.contains(['.', ':']);
        if text.len() <= 500
            && is_host
            && of(registry, ".-:[]")
            && of(repository, "._-/")
            && of(tag, "._-")
        {
            Ok(Self(text.to_owned()))
        } else {
            Err(refused())
        }
    }
}

/// What is quoted in an error: short, and without control characters.
fn shown(text: &str) -> String {
    text.escape_debug().take(80).collect()
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl TryFrom<String> for ImageRef {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<ImageRef> for String {
    fn from(reference: ImageRef) -> Self {
        reference.0
    }
}

impl TryFrom<String> for Digits {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Sha256::parse(&text).map(Self).map_err(|error| error.to_string())
    }
}

impl From<Digits> for String {
    fn from(digits: Digits) -> Self {
        digits.0.to_string()
    }
}

impl TryFrom<String> for Prefixed {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = text
            .strip_prefix("sha256:")
            .ok_or("not the digest of an image: expected `sha256:` and 64 hexadecimal digits")?;
        Sha256::parse(digits).map(Self).map_err(|error| error.to_string())
    }
}

impl From<Prefixed> for String {
    fn from(digest: Prefixed) -> Self {
        format!("sha256:{}", digest.0)
    }
}

impl TryFrom<String> for Day {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| {
            format!("`{}` is not a day: expected for example 2026-01-31", shown(&text))
        })
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.0.to_string()
    }
}
