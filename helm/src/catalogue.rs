//! All services: a card and a chart each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use include_dir::{Dir, include_dir};

use crate::card::{Card, Problem, ServiceId};
use crate::chart::{Chart, ChartError};
use crate::words::advice;

/// The charts as they were when the program was compiled.
static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/charts");

const CARD: &str = "service.toml";

/// Folders below a chart are few; more means that links run in a circle.
const DEPTH: usize = 8;

/// One service.
#[derive(Debug, Clone)]
pub struct Service {
    /// Its card.
    pub card: Card,
    /// Its chart.
    pub chart: Arc<Chart>,
}

/// The services there are.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    services: BTreeMap<ServiceId, Service>,
}

/// Why the services cannot be read. It is a fault of ours, unless
/// [`Catalogue::load`] was pointed at another folder.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// A folder or file cannot be read.
    #[error("cannot read the charts in {folder}")]
    Unreadable {
        /// The folder given.
        folder: PathBuf,
        /// Names the file.
        #[source]
        source: std::io::Error,
    },
    /// Links among the charts run in a circle.
    #[error("{0} lies more than {DEPTH} folders deep: a link leads in a circle")]
    TooDeep(PathBuf),
    /// Cards say what they cannot say.
    #[error("service cards are wrong:\n{}", lines(.0))]
    Cards(Vec<Problem>),
    /// A chart is not one.
    #[error("a chart is wrong")]
    Chart(#[source] ChartError),
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
}

impl Catalogue {
    /// The services this program carries.
    pub fn embedded() -> Result<Self, CatalogueError> {
        let mut files = BTreeMap::new();
        collect(&EMBEDDED, &mut files);
        Self::from_files(files)
    }

    /// The services of a folder laid out as `helm/charts`, for whoever works on
    /// a chart.
    pub fn load(folder: &Path) -> Result<Self, CatalogueError> {
        let mut files = BTreeMap::new();
        walk(folder, folder, 0, &mut files)?;
        Self::from_files(files)
    }

    /// `files` by path below the charts' folder. A folder without a card (the
    /// library) is no service.
    pub fn from_files(files: BTreeMap<String, Vec<u8>>) -> Result<Self, CatalogueError> {
        let mut folders: BTreeMap<String, BTreeMap<String, Vec<u8>>> = BTreeMap::new();
        for (path, content) in files {
            if let Some((folder, inside)) = path.split_once('/') {
                folders.entry(folder.to_owned()).or_default().insert(inside.to_owned(), content);
            }
        }
        let mut services = BTreeMap::new();
        let mut problems = Vec::new();
        for (folder, mut files) in folders {
            let Some(card) = files.remove(CARD) else { continue };
            let file = format!("{folder}/{CARD}");
            let text = String::from_utf8_lossy(&card);
            match (ServiceId::new(&folder), Card::parse(&file, &text)) {
                (Some(id), Ok(card)) => {
                    let chart = Chart::new(&folder, files).map_err(CatalogueError::Chart)?;
                    services.insert(id, Service { card, chart: Arc::new(chart) });
                }
                (_, Err(found)) => problems.extend(found),
                (None, Ok(_)) => problems.push(Problem {
                    file,
                    line: 1,
                    message: format!("`{folder}` is no name of a-z, 0-9 and -"),
                }),
            }
        }
        let catalogue = Self { services };
        // A card that failed to parse would make those that need it look wrong too.
        if problems.is_empty() {
            problems = catalogue.unknown_needs();
        }
        if problems.is_empty() { Ok(catalogue) } else { Err(CatalogueError::Cards(problems)) }
    }

    fn unknown_needs(&self) -> Vec<Problem> {
        let named = self.services.iter().flat_map(|(id, s)| s.card.earlier().map(move |n| (id, n)));
        named
            .filter(|(_, need)| !self.services.contains_key(*need))
            .map(|(id, need)| Problem {
                file: format!("{id}/{CARD}"),
                line: 1,
                message: format!("`{need}` is no service: {}", advice(need.as_str(), self.names())),
            })
            .collect()
    }

    /// The service of that name.
    pub fn get(&self, id: &str) -> Option<&Service> {
        self.services.get(id)
    }

    /// Every service, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&ServiceId, &Service)> {
        self.services.iter()
    }

    /// The names of all services, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.services.keys().map(ServiceId::as_str)
    }

    /// Every profile a card names.
    pub fn profiles(&self) -> BTreeSet<&str> {
        self.services.values().flat_map(|s| s.card.profiles.iter().map(String::as_str)).collect()
    }
}

fn collect(dir: &Dir<'_>, files: &mut BTreeMap<String, Vec<u8>>) {
    for file in dir.files() {
        files.insert(slashed(file.path()), file.contents().to_vec());
    }
    for below in dir.dirs() {
        collect(below, files);
    }
}

fn walk(
    root: &Path,
    folder: &Path,
    depth: usize,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Result<(), CatalogueError> {
    if depth > DEPTH {
        return Err(CatalogueError::TooDeep(folder.to_owned()));
    }
    let unreadable = |source| CatalogueError::Unreadable { folder: root.to_owned(), source };
    for entry in fs_err::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            walk(root, &path, depth + 1, files)?;
        } else {
            let inside = path.strip_prefix(root).unwrap_or(&path);
            files.insert(slashed(inside), fs_err::read(&path).map_err(unreadable)?);
        }
    }
    Ok(())
}

fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests;
