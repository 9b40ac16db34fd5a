//! The artifacts the product fetches, laid out as the public sites do: the
//! inventory's mirror.

use std::env::consts::ARCH;
use std::path::Path;
use std::process::Command;

use crate::command::capture;
use crate::recipe::{Recipe, sha256};
use crate::{Options, Paths, Progress, Result};

/// The release the stand-in answers to.
pub const K3S_VERSION: &str = "v1.36.3+k3s1";
/// The helm release built from its Go module.
pub const HELM_VERSION: &str = "v3.21.4";

/// What charts say of packages, which images then have.
const FROM_CHARTS: &[&str] = &[
    "../../helm/charts/fastapi/files/requirements.txt",
    "../../helm/charts/mongoku/files/package.json",
    "../../helm/charts/mongoku/files/package-lock.json",
];

/// Makes what is missing: k3s (or its stand-in), helm, the workload images.
pub(crate) fn ensure(paths: &Paths, options: &Options, progress: Progress<'_>) -> Result<()> {
    fs_err::create_dir_all(paths.images())?;
    if options.bare {
        return Ok(());
    }
    if let Some(binary) = &options.k3s {
        lay_out_k3s(paths, binary)?;
    } else {
        let built = paths.cache.join("k3s");
        folder_recipe("k3s", paths, &built, "k3s")?.ensure(paths, progress)?;
        lay_out_k3s(paths, &built.join("k3s"))?;
    }
    let built = paths.cache.join("helm");
    let script = paths.source("helm.sh")?;
    Recipe {
        name: "helm",
        inputs: vec![script.clone()],
        script,
        product: built.join("helm"),
        output: built.clone(),
    }
    .ensure(paths, progress)?;
    lay_out_helm(paths, &built.join("helm"))?;
    let mut images = folder_recipe("images", paths, &paths.images(), "")?;
    for name in FROM_CHARTS {
        images.inputs.push(paths.source(name)?);
    }
    images.ensure(paths, progress)
}

/// The recipe of a folder with a `build.sh` that makes `product` in `output`.
fn folder_recipe(
    name: &'static str,
    paths: &Paths,
    output: &Path,
    product: &str,
) -> Result<Recipe> {
    let folder = paths.source(name)?;
    Ok(Recipe {
        name,
        script: paths.source(&format!("{name}/build.sh"))?,
        inputs: vec![folder],
        output: output.to_owned(),
        product: output.join(product),
    })
}

/// `k3s-io/k3s/releases/download/<version>/`: the binary and its sums file.
fn lay_out_k3s(paths: &Paths, binary: &Path) -> Result<()> {
    let dir = paths.artifacts().join("k3s-io/k3s/releases/download").join(K3S_VERSION);
    let (name, sums) = k3s_names(ARCH);
    // Summing a hundred megabytes takes seconds, so the source is remembered.
    let source = origin(binary)?;
    let note = paths.cache.join("k3s.source");
    if std::fs::read_to_string(&note).is_ok_and(|text| text == source) && dir.join(sums).exists() {
        return Ok(());
    }
    fs_err::create_dir_all(&dir)?;
    let partial = dir.join(".k3s.partial");
    fs_err::copy(binary, &partial)?;
    fs_err::write(dir.join(sums), format!("{}  {name}\n", sha256(&partial)?))?;
    fs_err::rename(&partial, dir.join(name))?;
    Ok(fs_err::write(note, source)?)
}

/// What tells a file from what it was before, without reading it.
fn origin(file: &Path) -> Result<String> {
    let path = fs_err::canonicalize(file)?;
    let facts = fs_err::metadata(&path)?;
    Ok(format!("{} {} {:?}", path.display(), facts.len(), facts.modified()?))
}

/// The release's file names on a machine of that architecture.
fn k3s_names(arch: &str) -> (&'static str, &'static str) {
    match arch {
        "aarch64" => ("k3s-arm64", "sha256sum-arm64.txt"),
        _ => ("k3s", "sha256sum-amd64.txt"),
    }
}

/// `helm/helm-<version>-<os>-<arch>.tar.gz` and its sum beside it.
fn lay_out_helm(paths: &Paths, binary: &Path) -> Result<()> {
    let platform = if ARCH == "aarch64" { "linux-arm64" } else { "linux-amd64" };
    let dir = paths.artifacts().join("helm");
    let name = format!("helm-{HELM_VERSION}-{platform}.tar.gz");
    let archive = dir.join(&name);
    let made = archive.metadata().and_then(|file| file.modified());
    if made.is_ok_and(|made| binary.metadata().and_then(|b| b.modified()).is_ok_and(|b| b < made)) {
        return Ok(());
    }
    fs_err::create_dir_all(&dir)?;
    let partial = dir.join(".helm.partial");
    let mut tar = Command::new("tar");
    tar.args(["--owner=0", "--group=0", "-czf"]).arg(&partial);
    tar.arg("-C").arg(binary.parent().unwrap_or(binary));
    tar.arg(format!("--transform=s,^,{platform}/,")).arg("helm");
    capture(&mut tar)?;
    let line = format!("{}  {name}\n", sha256(&partial)?);
    fs_err::write(dir.join(format!("{name}.sha256sum")), line)?;
    Ok(fs_err::rename(&partial, &archive)?)
}

/// What the product calls these files, and their digests: the inventory pins
/// them, for what the lab builds is neither what a release has nor the same
/// after the next change.
pub(crate) fn pins(paths: &Paths) -> Vec<(String, String)> {
    let architecture = if ARCH == "aarch64" { "arm64" } else { "amd64" };
    let (_, sums) = k3s_names(ARCH);
    let k3s = paths.artifacts().join("k3s-io/k3s/releases/download").join(K3S_VERSION).join(sums);
    let helm = format!("helm-{HELM_VERSION}-linux-{architecture}");
    let archive = paths.artifacts().join("helm").join(format!("{helm}.tar.gz.sha256sum"));
    [(format!("k3s-{K3S_VERSION}-{architecture}"), k3s), (helm, archive)]
        .into_iter()
        // A bare lab has made neither.
        .filter_map(|(name, sums)| Some((name, std::fs::read_to_string(sums).ok()?)))
        .filter_map(|(name, sums)| Some((name, sums.split_whitespace().next()?.to_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k3s_is_laid_out_with_a_sum_that_matches_and_follows_a_change() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::under(dir.path());
        let binary = dir.path().join("built");
        let (name, sums) = k3s_names(ARCH);
        let out = paths.artifacts().join("k3s-io/k3s/releases/download/v1.36.3+k3s1");
        for content in ["one", "two"] {
            std::fs::write(&binary, content).unwrap();
            lay_out_k3s(&paths, &binary).unwrap();
            assert_eq!(std::fs::read_to_string(out.join(name)).unwrap(), content);
            let expected = format!("{}  {name}\n", sha256(&binary).unwrap());
            assert_eq!(std::fs::read_to_string(out.join(sums)).unwrap(), expected);
            let [(name, pin)] = pins(&paths).try_into().unwrap();
            assert!(name.starts_with("k3s-v1.36.3+k3s1-"), "{name}");
            assert_eq!(pin, sha256(&binary).unwrap());
        }
    }

    #[test]
    fn helm_is_packed_as_its_site_packs_it() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::under(dir.path());
        let binary = dir.path().join("helm");
        std::fs::write(&binary, "#!").unwrap();
        lay_out_helm(&paths, &binary).unwrap();
        let found: Vec<_> = std::fs::read_dir(paths.artifacts().join("helm"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        let archive = found.iter().find(|path| path.extension().unwrap() == "gz").unwrap();
        let listed = capture(Command::new("tar").arg("-tzf").arg(archive)).unwrap();
        assert!(
            listed.trim().starts_with("linux-") && listed.trim().ends_with("/helm"),
            "{listed}"
        );
        let sum = std::fs::read_to_string(format!("{}.sha256sum", archive.display())).unwrap();
        assert!(sum.starts_with(&sha256(archive).unwrap()));
        let [(name, pin)] = pins(&paths).try_into().unwrap();
        assert!(name.starts_with(&format!("helm-{HELM_VERSION}-linux-")), "{name}");
        assert_eq!(pin, sha256(archive).unwrap());
    }

    #[test]
    fn a_bare_lab_builds_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::under(dir.path());
        let options = Options { bare: true, ..Options::default() };
        ensure(&paths, &options, &mut |line| panic!("{line}")).unwrap();
        assert!(paths.images().is_dir());
        assert!(!paths.artifacts().exists());
        assert_eq!(pins(&paths), []);
    }
}
