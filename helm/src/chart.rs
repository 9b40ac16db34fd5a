//! A helm chart as a value: its files, and what we read of them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A chart, the shared library included.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Its name, which is the service's.
    pub name: String,
    /// The chart's own version.
    pub version: String,
    /// The version of what it runs.
    pub app_version: String,
    /// Its values where the inventory says nothing.
    pub values: Value,
    /// Its files by path within the chart, `/`-separated, the card left out.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// Why a folder is no chart of ours.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// A file every chart has is not there.
    #[error("{folder}/{file} is missing")]
    Missing {
        /// The chart's folder.
        folder: String,
        /// The file within it.
        file: &'static str,
    },
    /// A file is not what it should be.
    #[error("{folder}/{file} is not the YAML expected: {why}")]
    Malformed {
        /// The chart's folder.
        folder: String,
        /// The file within it.
        file: &'static str,
        /// The parser's words, with the place.
        why: String,
    },
    /// The chart is named otherwise than its folder.
    #[error("{folder}/Chart.yaml names the chart `{name}`; a chart is named as its folder")]
    Misnamed {
        /// The chart's folder.
        folder: String,
        /// The name it gives.
        name: String,
    },
    /// The symbolic link to the shared library did not survive the checkout.
    #[error(
        "{folder}/charts/terrarium-library holds no chart; it is a symbolic link to ../../library: \
         clone with `git config core.symlinks true`"
    )]
    NoLibrary {
        /// The chart's folder.
        folder: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    name: String,
    version: String,
    app_version: String,
    #[serde(default)]
    dependencies: Vec<serde::de::IgnoredAny>,
}

impl Chart {
    /// Makes a chart of the files of one folder.
    pub fn new(folder: &str, files: BTreeMap<String, Vec<u8>>) -> Result<Self, ChartError> {
        let manifest: Manifest = yaml(folder, &files, "Chart.yaml")?;
        let values = yaml(folder, &files, "values.yaml")?;
        if manifest.name != folder {
            return Err(ChartError::Misnamed { folder: folder.to_owned(), name: manifest.name });
        }
        if !manifest.dependencies.is_empty()
            && !files.contains_key("charts/terrarium-library/Chart.yaml")
        {
            return Err(ChartError::NoLibrary { folder: folder.to_owned() });
        }
        let Manifest { name, version, app_version, .. } = manifest;
        Ok(Self { name, version, app_version, values, files })
    }
}

fn yaml<T: serde::de::DeserializeOwned>(
    folder: &str,
    files: &BTreeMap<String, Vec<u8>>,
    file: &'static str,
) -> Result<T, ChartError> {
    let missing = || ChartError::Missing { folder: folder.to_owned(), file };
    let text = String::from_utf8_lossy(files.get(file).ok_or_else(missing)?);
    serde_saphyr::from_str(&text).map_err(|error| ChartError::Malformed {
        folder: folder.to_owned(),
        file,
        why: error.to_string(),
    })
}
