//! The images a release names, and their digests.

use serde_json::{Value, json};

use crate::derive::merge;
use crate::release::Release;

/// The key of a chart's values under which an image stands, at whatever depth.
const IMAGE: &str = "image";
/// The end of hosts that nobody can have (RFC 2606): such an image is brought to
/// the nodes and never asked for.
const NOBODYS: &str = ".invalid";

/// One image as a release names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Image {
    /// The registry and the repository, the registry left out where the chart
    /// leaves it out.
    pub repository: String,
    /// The tag.
    pub tag: String,
    /// The digest, where it is given.
    pub digest: Option<String>,
    path: Vec<String>,
}

impl Image {
    /// Whether a registry could be asked for it.
    pub fn has_registry(&self) -> bool {
        let host = self.repository.split('/').next().unwrap_or_default();
        !host.ends_with(NOBODYS)
    }
}

impl Release {
    /// Its images, in the order of their keys.
    pub fn images(&self) -> Vec<Image> {
        let mut values = self.chart.values.clone();
        merge(&mut values, self.values.clone());
        let mut images = Vec::new();
        collect(&values, &mut Vec::new(), &mut images);
        images
    }

    /// With the digests that `digest_of` knows for its images; one that is given
    /// by hand stays.
    #[must_use]
    pub fn pinned(&self, digest_of: impl Fn(&Image) -> Option<String>) -> Self {
        let mut values = self.values.clone();
        for image in self.images().iter().filter(|image| image.digest.is_none()) {
            let Some(digest) = digest_of(image) else { continue };
            let pin = image
                .path
                .iter()
                .rev()
                .fold(json!({"digest": digest}), |value, key| json!({ (key): value }));
            merge(&mut values, pin);
        }
        let unpinned = self.short_digest().to_owned();
        let pinned = Self::new(self.name.clone(), self.chart.clone(), values);
        Self { unpinned: (pinned.digest != self.digest).then_some(unpinned), ..pinned }
    }
}

fn collect(value: &Value, path: &mut Vec<String>, images: &mut Vec<Image>) {
    let Some(table) = value.as_object() else { return };
    let mut keys: Vec<&String> = table.keys().collect();
    keys.sort();
    for key in keys {
        path.push(key.clone());
        let below = &table[key];
        let text = |part: &str| below[part].as_str().map(str::to_owned);
        if key == IMAGE
            && let (Some(repository), Some(tag)) = (text("repository"), text("tag"))
        {
            let digest = text("digest").filter(|digest| !digest.is_empty());
            images.push(Image { repository, tag, digest, path: path.clone() });
        }
        collect(below, path, images);
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::card::ServiceId;
    use crate::catalogue::Catalogue;
    use crate::chart::Chart;

    const CHART: &str = "image: {repository: docker.io/library/mongo, tag: '7', digest: ''}\n\
        ferretdb: {image: {repository: ghcr.io/f/db, tag: '2', digest: ''}}\n\
        source: {image: {repository: terrarium.invalid/source, tag: '1'}}\n";

    fn release(values: Value) -> Release {
        let files = BTreeMap::from([
            ("Chart.yaml".to_owned(), b"name: a\nversion: 1.0.0\nappVersion: '1'\n".to_vec()),
            ("values.yaml".to_owned(), CHART.as_bytes().to_vec()),
        ]);
        let chart = Arc::new(Chart::new("a", files).expect("a chart"));
        Release::new(ServiceId::new("a").expect("a name"), chart, values)
    }

    #[test]
    fn images_are_found_at_every_depth_as_the_values_leave_them() {
        let images = release(json!({"image": {"tag": "8"}})).images();
        let names: Vec<String> =
            images.iter().map(|image| format!("{}:{}", image.repository, image.tag)).collect();
        let expected =
            ["ghcr.io/f/db:2", "docker.io/library/mongo:8", "terrarium.invalid/source:1"];
        assert_eq!(names, expected);
        let asked: Vec<bool> = images.iter().map(Image::has_registry).collect();
        assert_eq!(asked, [true, true, false]);
    }

    #[test]
    fn a_known_digest_is_put_in_and_one_given_by_hand_stays() {
        let by_hand = format!("sha256:{}", "b".repeat(64));
        let before = release(json!({"image": {"tag": "8", "digest": by_hand}}));
        let known = format!("sha256:{}", "a".repeat(64));
        let pinned = before.pinned(|image| image.has_registry().then(|| known.clone()));
        assert_eq!(
            pinned.values,
            json!({"image": {"tag": "8", "digest": by_hand}, "ferretdb": {"image": {"digest": known}}})
        );
        assert_ne!(pinned.digest, before.digest);
        assert_eq!(pinned.unpinned.as_deref(), Some(before.short_digest()));
        let same = before.pinned(|_| None);
        assert_eq!((same.digest, same.unpinned), (before.digest.clone(), None));
    }

    #[test]
    fn every_image_a_chart_renders_is_among_its_values() {
        let catalogue = Catalogue::embedded().expect("the charts");
        for (id, service) in catalogue.iter() {
            let mentions = service
                .chart
                .files
                .iter()
                .filter(|(path, _)| path.starts_with("templates/"))
                .any(|(_, text)| String::from_utf8_lossy(text).contains("terrarium.container"));
            let release = Release::new(id.clone(), Arc::clone(&service.chart), json!({}));
            assert_eq!(mentions, !release.images().is_empty(), "{id}");
        }
    }
}
