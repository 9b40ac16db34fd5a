//! Lists in which a value may stand only once.

use std::collections::BTreeMap;

use super::Findings;
use crate::at::At;
use crate::problem::Problem;
use crate::words::quote;

/// Reports what stands twice in the list under `key`: `os.packages`.
pub(crate) fn once<T: Ord>(
    key: &str,
    items: &[At<T>],
    as_text: impl Fn(&T) -> &str,
    findings: &mut Findings,
) {
    let mut seen: BTreeMap<&T, &At<T>> = BTreeMap::new();
    for item in items {
        match seen.get(item.get()) {
            None => {
                seen.insert(item.get(), item);
            }
            Some(first) => findings.add(
                Problem::new(
                    "inventory::duplicate",
                    format!("{} stands twice in `{key}`", quote(as_text(item.get()))),
                )
                .at(item.span(), "again here")
                .at(first.span(), "first here")
                .help("remove one of them"),
            ),
        }
    }
}
