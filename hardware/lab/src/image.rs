//! The image a node boots from.

use crate::docker::Engine;
use crate::paths::text;
use crate::recipe::{Recipe, digest};
use crate::{Paths, Progress, Result};

/// The image's name; its tag is the beginning of its recipe's digest.
const REPOSITORY: &str = "terrarium-lab-node";

/// What runs in place of firmware and kernel.
const POWER_ON: &str = "/usr/lib/terrarium-lab/power-on";

/// Builds the image and gives it to the engine, where either is missing.
/// Its full name.
pub(crate) fn ensure(paths: &Paths, engine: &Engine, progress: Progress<'_>) -> Result<String> {
    let folder = paths.source("node")?;
    let digest = digest(std::slice::from_ref(&folder))?;
    let name = format!("{REPOSITORY}:{}", digest.get(..12).unwrap_or(&digest));
    if engine.has("image", &name)? {
        return Ok(name);
    }
    let tar = paths.cache.join("node.tar");
    Recipe {
        name: "boot-image",
        script: folder.join("build.sh"),
        inputs: vec![folder],
        output: tar.clone(),
        product: tar.clone(),
    }
    .ensure(paths, progress)?;
    let entry = format!("ENTRYPOINT [\"{POWER_ON}\"]");
    engine.run(["import", "--change", &entry, &text(&tar), &name])?;
    forget_others(engine, &name)?;
    Ok(name)
}

/// Removes images of earlier recipes that no container uses.
fn forget_others(engine: &Engine, keep: &str) -> Result<()> {
    let format = "{{.Repository}}:{{.Tag}}";
    for name in engine.list(["image", "ls", "--format", format, REPOSITORY])? {
        if name != keep && !name.ends_with(":latest") {
            // One that is in use stays, which is what is wanted.
            engine.succeeds(["image", "rm", &name])?;
        }
    }
    engine.run(["tag", keep, &format!("{REPOSITORY}:latest")]).map(drop)
}
