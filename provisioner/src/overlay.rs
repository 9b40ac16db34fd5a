//! Measured sizes beside the inventory: `pis.toml` has them in `pis.sizes.toml`.
//! Written by `provision report --write`, read by whatever renders charts.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use terrarium_fit::sizing::{Container, Size};
use terrarium_helm::card::{Resources, ServiceId};
use terrarium_helm::catalogue::{Catalogue, Service};
use terrarium_helm::overlay::{Entry, Overlay, floor, place};
use terrarium_helm::quantity::{of_memory, of_millicores};

use crate::error::{Code, Failure};
use crate::file;
use crate::fit::words::mib;
use crate::stack::Stack;

/// Columns of a comment's text, its mark left out.
const WIDTH: usize = 78;

/// What came of writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    /// The file.
    pub path: PathBuf,
    /// Whether it says anything else than before.
    pub changed: bool,
    /// Containers no card names, so that no value of a chart sizes them.
    pub skipped: Vec<String>,
}

/// One place's sizes, of all containers that get them.
#[derive(Debug, Default)]
struct Wanted {
    cpu: Option<u64>,
    memory: Option<u64>,
    cpu_limit: Option<u64>,
    memory_limit: Option<u64>,
    basis: Vec<String>,
}

/// Where the sizes of an inventory are.
pub(crate) fn path(inventory: &Path) -> PathBuf {
    inventory.with_extension("sizes.toml")
}

/// Reads the file; one that is not there says nothing.
pub(crate) fn read(path: &Path, catalogue: &Catalogue) -> Result<Overlay, Failure> {
    let text = match fs_err::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Overlay::default()),
        Err(error) => {
            return Err(Failure::new(Code::Usage, "cannot read the measured sizes", &error));
        }
    };
    let name = path.display().to_string();
    Overlay::parse(&name, &text, catalogue).map_err(|problems| {
        let mut failure = Failure::plain(Code::Usage, format!("invalid file of sizes `{name}`"));
        failure.causes = problems.iter().map(ToString::to_string).collect();
        failure.hint(Some(
            "correct it, or delete it: `provision report --write` writes it again".to_owned(),
        ))
    })
}

/// Writes these sizes, whole or not at all. Of the former file what is said of
/// other containers of the stack stays: a container that was just started anew
/// has no history, and its size is right all the same.
pub(crate) fn write(
    path: &Path,
    sizes: &[(Container, Size)],
    stack: &Stack,
) -> Result<Written, Failure> {
    let mut overlay = stack.overlay().clone();
    let former = overlay.text();
    overlay.keep(stack.selected());
    let (wanted, skipped) = sorted(sizes, &stack.catalogue);
    for ((id, key), (service, place, mut wanted)) in wanted {
        wanted.hold(floor(service, place, &stack.values(id)), place);
        overlay.put(id, key, wanted.entry());
    }
    let text = overlay.text();
    let changed = text != former || (!overlay.is_empty() && !path.exists());
    if changed {
        file::replace(path, &text).map_err(|error| {
            Failure::new(Code::Usage, format!("cannot write {}", path.display()), &error)
        })?;
    }
    Ok(Written { path: path.to_owned(), changed, skipped })
}

/// By service and place of its chart.
type Sorted<'a> = BTreeMap<(&'a ServiceId, &'a str), (&'a Service, &'a Resources, Wanted)>;

/// The sizes by the places that take them, and the containers without one.
fn sorted<'a>(sizes: &[(Container, Size)], catalogue: &'a Catalogue) -> (Sorted<'a>, Vec<String>) {
    let (mut wanted, mut skipped) = (Sorted::new(), Vec::new());
    for (container, size) in sizes {
        let service = catalogue.iter().find(|(id, _)| id.as_str() == container.service);
        let found = service
            .and_then(|(id, service)| Some((id, service, place(service, &container.container)?)));
        let Some((id, service, place)) = found else {
            skipped.push(format!("{}/{}", container.workload, container.container));
            continue;
        };
        let entry = wanted.entry((id, place.values.as_str()));
        entry.or_insert_with(|| (service, place, Wanted::default())).2.add(container, size);
    }
    (wanted, skipped)
}

impl Wanted {
    /// Another container: the place's sizes are enough for each.
    fn add(&mut self, container: &Container, size: &Size) {
        self.cpu = self.cpu.max(size.request.cpu);
        self.memory = self.memory.max(size.request.memory);
        self.cpu_limit = self.cpu_limit.max(size.limit.cpu);
        // Nothing wished of the limit leaves the one there is.
        self.memory_limit = self.memory_limit.max(size.limit.memory.or(container.limit.memory));
        self.basis.push(history(container));
        self.basis.extend(size.why.iter().map(ToString::to_string));
        self.basis.extend(interval(size));
        let (least, most) = size.spread;
        if container.pods.len() > 1 {
            self.basis.push(format!("peaks among its pods: {} to {}", mib(least), mib(most)));
        }
    }

    /// Keeps the limit above what the heap may grow to, and above the request.
    fn hold(&mut self, least: Option<u64>, place: &Resources) {
        if let (Some(limit), Some(least), Some(heap)) = (self.memory_limit, least, &place.heap)
            && limit < least
        {
            self.memory_limit = Some(least);
            let what = format!("memory limit: kept at {} for `{}`", mib(least), heap.value);
            self.basis.push(what);
        }
        self.memory_limit = self.memory_limit.map(|limit| limit.max(self.memory.unwrap_or(0)));
        self.cpu_limit = self.cpu_limit.map(|limit| limit.max(self.cpu.unwrap_or(0)));
    }

    fn entry(self) -> Entry {
        let quantities = |cpu: Option<u64>, memory: Option<u64>| {
            let cpu = cpu.filter(|cpu| *cpu > 0).map(|cpu| ("cpu", of_millicores(cpu)));
            let memory = memory.filter(|memory| *memory > 0);
            cpu.into_iter().chain(memory.map(|memory| ("memory", of_memory(memory)))).collect()
        };
        let options = textwrap::Options::new(WIDTH).subsequent_indent("  ").break_words(false);
        let lines = self.basis.iter().flat_map(|line| textwrap::wrap(line, &options));
        Entry {
            basis: lines.map(std::borrow::Cow::into_owned).collect(),
            requests: quantities(self.cpu, self.memory),
            limits: quantities(self.cpu_limit, self.memory_limit),
            ..Entry::default()
        }
    }
}

/// `redis of StatefulSet/redis: 1 pod, 26 h, 1560 samples`.
fn history(container: &Container) -> String {
    let (seconds, samples) = container.history();
    let watched = match seconds {
        0..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    };
    let pods = crate::report::terminal::count(container.pods.len(), "pod");
    let Container { container, workload, .. } = container;
    format!("{container} of {workload}: {pods}, {watched}, {samples} samples")
}

/// How far off the memory request may be.
fn interval(size: &Size) -> Option<String> {
    let (low, high) = size.low.memory.zip(size.high.memory)?;
    (low != high).then(|| {
        format!("with so much history the memory request may be {} to {}", mib(low), mib(high))
    })
}

#[cfg(test)]
mod tests;
