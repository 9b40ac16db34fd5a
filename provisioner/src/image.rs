//! The image of our own services, made of one static binary: no registry has
//! it, so its archive is written here and brought to the nodes.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use serde_json::json;
use terrarium_k3s::sums::Sha256;
use terrarium_plan::{IMAGE_REPOSITORY, Image};
use terrarium_ssh::places::Rule;

use crate::binaries::{self, Local};
use crate::error::Failure;
use crate::places;
use crate::settings::Settings;

/// Where the binary lies in the image.
const PROGRAM: &str = "terrarium-source";
/// Nobody in particular, as distroless images have it.
const USER: u32 = 65532;

/// Whether a chart's repository is the image that comes from here.
pub(crate) fn is_ours(repository: &str) -> bool {
    repository == IMAGE_REPOSITORY
}

/// The tag of the image made of these binaries. Charts get it as a value: a
/// changed binary is another image, which pods then move to. All machines share
/// it, because a pod does not know beforehand where it will run.
pub(crate) fn tag(binaries: &BTreeMap<String, Local>) -> String {
    let all: Vec<String> =
        binaries.iter().map(|(machine, local)| format!("{machine} {}\n", local.sha256)).collect();
    let digest = Sha256::of(all.concat().as_bytes()).to_string();
    format!("{}-{}", env!("CARGO_PKG_VERSION"), &digest[..8])
}

/// The image's full name.
pub(crate) fn reference(tag: &str) -> String {
    format!("{IMAGE_REPOSITORY}:{tag}")
}

/// Writes the archive for each machine into the cache.
pub(crate) fn archives<'a>(
    tag: &str,
    machines: impl Iterator<Item = &'a str>,
    settings: &Settings,
) -> Result<(Image, BTreeMap<String, PathBuf>), Failure> {
    let reference = reference(tag);
    let (mut digests, mut paths) = (BTreeMap::new(), BTreeMap::new());
    for (machine, local) in binaries::sources(machines, settings)? {
        let cannot =
            |error: &io::Error| Failure::internal("cannot write the archive of our image", error);
        let path = settings.cache()?.join("images").join(format!("{PROGRAM}-{machine}.tar"));
        places::hold("the image", &path, Rule::Ours, &settings.me)?;
        let bytes = fs_err::read(&local.path)
            .and_then(|binary| archive(&reference, &machine, &binary))
            .and_then(|bytes| keep(&path, &bytes).map(|()| bytes))
            .map_err(|error| cannot(&error))?;
        digests.insert(machine.clone(), Sha256::of(&bytes).to_string());
        paths.insert(machine, path);
    }
    Ok((Image { reference, archives: digests }, paths))
}

/// Beside its place, then renamed: another run may be reading the former one.
fn keep(path: &std::path::Path, bytes: &[u8]) -> io::Result<()> {
    if std::fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(path);
    places::make(folder)?;
    let mut file = tempfile::Builder::new().prefix(".image-").tempfile_in(folder)?;
    io::Write::write_all(&mut file, bytes)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// An image of one layer with one program, as `docker save` lays images out:
/// what containerd, Docker and Podman all import. Equal inputs, equal bytes.
fn archive(reference: &str, machine: &str, binary: &[u8]) -> io::Result<Vec<u8>> {
    let layer = tar(&[(PROGRAM, 0o755, binary)])?;
    let digest = Sha256::of(&layer).to_string();
    let config = json!({
        "architecture": architecture(machine),
        "config": { "Entrypoint": [format!("/{PROGRAM}")], "User": format!("{USER}:{USER}") },
        "created": "1970-01-01T00:00:00Z",
        "history": [{ "created": "1970-01-01T00:00:00Z", "created_by": "provision" }],
        "os": "linux",
        "rootfs": { "diff_ids": [format!("sha256:{digest}")], "type": "layers" },
    })
    .to_string();
    let config_name = format!("{}.json", Sha256::of(config.as_bytes()));
    let layer_name = format!("{digest}.tar");
    let manifest =
        json!([{ "Config": config_name, "Layers": [layer_name], "RepoTags": [reference] }]);
    tar(&[
        (&config_name, 0o644, config.as_bytes()),
        (&layer_name, 0o644, &layer),
        ("manifest.json", 0o644, manifest.to_string().as_bytes()),
    ])
}

/// What Go calls a machine, and with it every image.
fn architecture(machine: &str) -> &str {
    match machine {
        "aarch64" => "arm64",
        "x86_64" => "amd64",
        other => other,
    }
}

/// Files of root's without a time.
fn tar(files: &[(&str, u32, &[u8])]) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, mode, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(*mode);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        archive.append_data(&mut header, name, *content)?;
    }
    archive.into_inner()
}

#[cfg(test)]
mod tests;
