//! Images that need more of a node than its architecture.

use std::sync::LazyLock;

use serde::Deserialize;

use super::answer::{Remark, Weight};
use super::site::Site;

static HAZARDS: LazyLock<Vec<Hazard>> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("hazards.toml"))
        .unwrap_or_else(|error| unreachable!("the table is malformed: {error}"));
    file.hazard
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    hazard: Vec<Hazard>,
}

/// One row of the table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hazard {
    image: String,
    from: Option<String>,
    before: Option<String>,
    about: String,
    arch_below: Option<String>,
    address_bits_below: Option<u32>,
    page_bytes_above: Option<u64>,
    kernel_from: Option<String>,
    kernel_before: Option<String>,
    weight: Weight,
    what: String,
    hint: String,
    #[expect(dead_code, reason = "for whoever doubts the row")]
    source: String,
}

/// What the table says of `image` on a node, if anything.
pub(crate) fn hazards<'a>(image: &'a str, site: &'a Site) -> impl Iterator<Item = Remark> + 'a {
    let found = HAZARDS.iter().filter(move |row| row.concerns(image) && row.holds(site));
    found.map(|row| Remark {
        about: about(&row.about),
        service: None,
        weight: row.weight,
        what: row.what.clone(),
        hint: Some(row.hint.clone()),
    })
}

fn about(word: &str) -> &'static str {
    match word {
        "cpu" => "cpu",
        "kernel" => "kernel",
        _ => "pages",
    }
}

impl Hazard {
    /// Whether the row is about the image: `mongo:7` and
    /// `docker.io/library/mongo:7` are one.
    fn concerns(&self, image: &str) -> bool {
        let image = image.split('@').next().unwrap_or_default();
        let last = image.rfind('/').map_or(0, |at| at + 1);
        let (name, tag) = match image[last..].split_once(':') {
            Some((name, tag)) => (format!("{}{name}", &image[..last]), tag),
            None => (image.to_owned(), "latest"),
        };
        let name = if name.contains('/') { name } else { format!("library/{name}") };
        if name != self.image && !name.ends_with(&format!("/{}", self.image)) {
            return false;
        }
        // A tag without a version is the newest there is.
        let Some(version) = numbers(tag) else {
            return self.before.is_none();
        };
        let bound = |bound: &Option<String>| bound.as_deref().and_then(numbers);
        bound(&self.from).is_none_or(|from| version >= from)
            && bound(&self.before).is_none_or(|before| version < before)
    }

    /// Whether the node meets every condition; what is unknown meets none.
    fn holds(&self, site: &Site) -> bool {
        let kernel = || site.kernel.as_deref().and_then(numbers);
        let bound = |bound: &Option<String>| bound.as_deref().and_then(numbers);
        self.arch_below.as_ref().is_none_or(|limit| site.level.as_ref().is_some_and(|l| l < limit))
            && self.address_bits_below.is_none_or(|n| site.address_bits.is_some_and(|b| b < n))
            && self.page_bytes_above.is_none_or(|n| site.page_bytes.is_some_and(|b| b > n))
            && bound(&self.kernel_from).is_none_or(|from| kernel().is_some_and(|k| k >= from))
            && bound(&self.kernel_before).is_none_or(|end| kernel().is_some_and(|k| k < end))
    }
}

/// The numbers a version begins with: `7.0.40-jammy` is 7, 0, 40.
fn numbers(version: &str) -> Option<Vec<u64>> {
    let version = version.strip_prefix('v').unwrap_or(version);
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    let numbers = version[..end].split('.').filter(|part| !part.is_empty());
    let numbers: Vec<u64> = numbers.map(|part| part.parse().unwrap_or(u64::MAX)).collect();
    (!numbers.is_empty()).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::boards::parse;

    fn site(board: &str, kernel: Option<&str>) -> Site {
        let mut site = Site::of_board(&parse(board).unwrap()[0], None);
        site.kernel = kernel.map(str::to_owned);
        site
    }

    fn about(image: &str, site: &Site) -> Vec<&'static str> {
        hazards(image, site).map(|remark| remark.about).collect()
    }

    #[test]
    fn an_image_is_held_against_cpu_pages_and_kernel() {
        let (pi4, pi5) = (site("pi4-8gb", None), site("pi5-8gb", None));
        for (image, site, expected) in [
            ("mongo:7.0.40-jammy", &pi4, &["cpu"][..]),
            ("docker.io/library/mongo:7.0.40-jammy", &pi4, &["cpu"]),
            ("mongo:4.4.18", &pi4, &[]),
            ("mongo:4.4.19", &pi4, &["cpu"]),
            ("mongo:7.0.40", &pi5, &[]),
            ("mongo", &pi4, &["cpu", "pages"]),
            ("mongo:8.0.29@sha256:0123", &pi4, &["cpu", "pages"]),
            ("mongo:8.0.29", &site("pi5-8gb", Some("6.18.39+rpt-rpi-2712")), &[]),
            ("mongo:8.0.29", &site("pi5-8gb", Some("7.0.0-1004-raspi")), &["kernel"]),
            ("mongo:8.0.29", &site("pi5-8gb", Some("7.0.14")), &[]),
            ("my.registry:5000/library/mongo:8.0.29", &pi4, &["cpu", "pages"]),
            ("notmongo:8", &pi4, &[]),
            ("greptime/greptimedb:v1.0", &pi5, &["pages"]),
            ("greptime/greptimedb:v1.0", &pi4, &[]),
            ("", &pi4, &[]),
            (":::", &pi4, &[]),
        ] {
            assert_eq!(about(image, site), expected, "{image}");
        }
    }
}
