//! `os-release`: which operating system this is.

use std::path::PathBuf;

use super::Collector;
use super::rescan::Rescan;
use crate::encoder::{Encoder, Family};
use crate::failure::Failure;
use crate::settings::Settings;
use crate::value::Value;

const INFO: Family = Family::gauge("node_os_info", "The operating system; always 1.");
const VERSION: Family = Family::gauge("node_os_version", "Major and minor version of the system.");

/// Keys of the file and the labels they go to.
const KEYS: [(&str, &str); 12] = [
    ("BUILD_ID", "build_id"),
    ("ID", "id"),
    ("ID_LIKE", "id_like"),
    ("IMAGE_ID", "image_id"),
    ("IMAGE_VERSION", "image_version"),
    ("NAME", "name"),
    ("PRETTY_NAME", "pretty_name"),
    ("VARIANT", "variant"),
    ("VARIANT_ID", "variant_id"),
    ("VERSION", "version"),
    ("VERSION_CODENAME", "version_codename"),
    ("VERSION_ID", "version_id"),
];
const VERSION_ID: usize = 11;

/// The values in the order of the keys; empty where there is none.
pub type Release = [Vec<u8>; KEYS.len()];

/// Reads shell-like assignments; what is no such line is left out.
pub fn parse(text: &str) -> Release {
    let mut release = Release::default();
    for line in text.lines() {
        let Some((key, value)) = line.trim().split_once('=') else { continue };
        if let Some(at) = KEYS.iter().position(|(known, _)| *known == key) {
            let quoted = ['"', '\'']
                .iter()
                .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
            release[at] = quoted.unwrap_or(value).replace('\\', "").into_bytes();
        }
    }
    release
}

/// `12.5.1` is 12.5: what of it is a number.
fn version(id: &[u8]) -> Option<Value> {
    let id = str::from_utf8(id).ok()?;
    let mut parts = id.split('.');
    let number = match (parts.next(), parts.next()) {
        (Some(major), Some(minor)) => format!("{major}.{minor}"),
        _ => id.to_owned(),
    };
    crate::scan::decimal(number.as_bytes())
}

/// Encodes the release and its version.
pub fn encode(release: &Release, version: Option<Value>, out: &mut Encoder) {
    out.family(&INFO);
    let labels: [(&'static str, &[u8]); KEYS.len()] =
        std::array::from_fn(|at| (KEYS[at].1, &release[at][..]));
    out.sample(&INFO, &labels, true);
    if let Some(version) = version {
        out.family(&VERSION);
        let labels = [("id", &release[1][..]), ("id_like", &release[2]), ("name", &release[5])];
        out.sample(&VERSION, &labels, version);
    }
}

/// The collector.
#[derive(Debug)]
pub struct Os {
    files: [PathBuf; 2],
    /// With the version as a number, where it is one.
    release: Option<(Release, Option<Value>)>,
    rescan: Rescan,
}

impl Os {
    /// Reads below the root file system.
    pub fn new(settings: &Settings) -> Self {
        Self {
            files: ["etc/os-release", "usr/lib/os-release"].map(|file| settings.rootfs.join(file)),
            release: None,
            rescan: Rescan::default(),
        }
    }
}

impl Collector for Os {
    fn name(&self) -> &'static str {
        "os"
    }

    fn collect(&mut self, _: &mut Vec<u8>, out: &mut Encoder) -> Result<(), Failure> {
        if self.rescan.due() {
            let text = self.files.iter().find_map(|file| {
                crate::source::whole(file).ok().and_then(|text| String::from_utf8(text).ok())
            });
            self.release = text.as_deref().map(parse).map(|release| {
                let version = version(&release[VERSION_ID]);
                (release, version)
            });
        }
        let Some((release, version)) = &self.release else {
            return Err(Failure::Absent { what: "os-release file" });
        };
        encode(release, *version, out);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_are_read_with_and_without_quotes() {
        let release =
            parse("ID=debian\nNAME=\"Debian GNU/Linux\"\nVERSION_ID='12'\n# x\nnonsense\n");
        assert_eq!(release[1], b"debian");
        assert_eq!(release[5], b"Debian GNU/Linux");
        assert_eq!(release[VERSION_ID], b"12");
        assert_eq!(release[0], b"");
    }

    #[test]
    fn versions_are_numbers_or_left_out() {
        for (id, shown) in
            [("12", true), ("24.04", true), ("12.5.1", true), ("", false), ("sid", false)]
        {
            assert_eq!(version(id.as_bytes()).is_some(), shown, "{id}");
        }
    }
}
