//! Measured sizes, against what the inventory writes itself.

use std::collections::BTreeMap;

use terrarium_helm::overlay::Overlay;
use terrarium_plan::Refusal;

use super::{PART, Stack};
use crate::error::{Code, Failure};
use crate::fit::words::mib;

impl Stack {
    /// What was measured.
    pub(crate) fn overlay(&self) -> &Overlay {
        &self.overlay
    }

    /// Services with measured sizes, each with the file they are in.
    pub(super) fn sized(&self) -> BTreeMap<String, String> {
        let named = self.selected.iter().filter(|id| self.overlay.names(id.as_str()));
        named.map(|id| (id.to_string(), self.file())).collect()
    }

    /// A request and a limit that come from two files and exclude each other:
    /// Kubernetes would take neither.
    pub(super) fn contradiction(&self) -> Option<Failure> {
        let found = self.overlay.conflicts(&self.catalogue, &self.written);
        let first = found.iter().find(|conflict| self.selected.contains(&conflict.service))?;
        let (file, id) = (self.file(), &first.service);
        let what = format!(
            "{file}:{}: of {id}, the request of {}, {}, would be above the limit, {}",
            first.line, first.what, first.request, first.limit
        );
        Some(Failure::plain(Code::Usage, what).hint(Some(format!(
            "one of the two is in [stack.values.{id}]: delete it there, or the entry in {file}"
        ))))
    }

    /// Entries without effect, and limits that are too low by now.
    pub(super) fn notes_on_sizes(&self) -> Vec<Refusal> {
        let file = self.file();
        let note = |what, hint| Refusal::new(PART, "sizes", what, hint);
        let hidden = self.overlay.hidden(&self.written).into_iter().map(|entry| {
            let (line, id, key) = (entry.line, entry.service, entry.key);
            let what =
                format!("{file}:{line} has no effect: [stack.values.{id}] sets {key} itself");
            (id, note(what, format!("delete `{key}` there for the measured size")))
        });
        let cramped =
            self.overlay.cramped(&self.catalogue, &self.written).into_iter().map(|entry| {
                let (line, id, heap) = (entry.line, entry.service, entry.heap);
                let (limit, least) = (entry.limit, mib(entry.least));
                let what =
                    format!("{file}:{line}: the limit, {limit}, is low for `{heap}` of {id}");
                (id, note(what, format!("{least} leave beside it what the chart does")))
            });
        let all = hidden.chain(cramped);
        all.filter(|(id, _)| self.selected.contains(id)).map(|(_, note)| note).collect()
    }

    fn file(&self) -> String {
        self.overlay_path.display().to_string()
    }
}
