//! The lab's images, as far as a pod needs one: its files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::pod::cache;

/// The files of an image, made by its recipe where the lab has not made it yet, with
/// the folders that things are mounted on.
pub(crate) fn unpacked(name: &str, folders: &[&str]) -> PathBuf {
    let images = cache().join("images/core");
    let build = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hardware/lab/images/build.sh");
    let built = Command::new("sh").arg(build).arg(&images).arg(name).output().expect("sh runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let digest = fs::read_to_string(images.join(format!("{name}.digest"))).expect("text");
    let all = cache().join("first-start");
    let folder = all.join(format!("{name}-{}", digest.trim()));
    if !folder.exists() {
        fs::create_dir_all(&all).expect("made");
        // Under another name first: what is there is whole.
        let new = tempfile::tempdir_in(&all).expect("a folder");
        unpack(&images.join(format!("{name}.tar")), new.path());
        for mounted in folders {
            fs::create_dir_all(new.path().join(mounted)).expect("made");
        }
        fs::set_permissions(new.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .expect("ours");
        former(&all, name);
        fs::rename(new.keep(), &folder).expect("renamed");
    }
    folder
}

/// Layer upon layer; the lab's recipes take nothing away in a later one.
fn unpack(archive: &Path, folder: &Path) {
    let read = |file: &str| {
        let mut tar = Command::new("tar");
        tar.arg("--extract").arg("--to-stdout").arg("--file").arg(archive).arg(file);
        tar.stdout(Stdio::piped()).spawn().expect("tar runs")
    };
    let manifest = read("manifest.json").wait_with_output().expect("tar runs").stdout;
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
    for layer in manifest[0]["Layers"].as_array().expect("layers") {
        let mut layer = read(layer.as_str().expect("text"));
        let mut tar = Command::new("tar");
        tar.arg("--extract")
            .arg("--directory")
            .arg(folder)
            .stdin(layer.stdout.take().expect("piped"));
        assert!(tar.status().expect("tar runs").success());
        assert!(layer.wait().expect("ours").success());
    }
}

/// Takes away what an earlier recipe made.
fn former(all: &Path, name: &str) {
    for entry in fs::read_dir(all).expect("read").map(|entry| entry.expect("read")) {
        if entry.file_name().to_string_lossy().starts_with(&format!("{name}-")) {
            fs::remove_dir_all(entry.path()).expect("removed");
        }
    }
}
