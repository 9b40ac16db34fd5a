//! From the file as written to the inventory with no doubt left: defaults
//! filled in, paths made absolute, every value checked.
//!
//! A value that fails its check is written down and stands empty until the end:
//! the inventory made here is handed out only when nothing was written down.

mod nodes;
mod sections;

use std::path::Path;

use crate::check::Findings;
use crate::check::paths::Anchor;
use crate::model::Inventory;
use crate::problem::Problem;
use crate::raw::Raw;
use crate::written::Written;

/// Resolves `raw`, read from the file at `path`.
///
/// # Errors
/// Everything that is wrong, as the first problem and the rest.
pub(crate) fn resolve(
    raw: &Raw,
    path: &Path,
    home: Option<&Path>,
) -> Result<Inventory, Vec<Problem>> {
    let anchor = Anchor { folder: path.parent().unwrap_or(Path::new("")), home };
    let mut findings = Findings::default();
    let k3s = sections::k3s(&raw.k3s, &mut findings);
    let inventory = Inventory {
        path: path.to_owned(),
        cluster: sections::cluster(&raw.cluster, anchor, &mut findings),
        os: sections::os(&raw.os, &mut findings),
        artifacts: sections::artifacts(&raw.artifacts, &k3s, &mut findings),
        k3s,
        agent: sections::agent(&raw.agent),
        images: sections::images(&raw.images, &mut findings),
        stack: sections::stack(&raw.stack, &mut findings),
        nodes: nodes::nodes(raw, anchor, &mut findings),
        written: Written::default(),
    };
    if findings.0.is_empty() { Ok(inventory) } else { Err(findings.0) }
}
