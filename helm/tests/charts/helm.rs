//! The real helm, and what it renders.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use terrarium_helm::catalogue::Catalogue;

pub(crate) fn charts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("charts")
}

pub(crate) fn catalogue() -> Catalogue {
    Catalogue::load(&charts()).expect("the services are right")
}

pub(crate) fn program(variable: &str, name: &str) -> PathBuf {
    if let Some(path) = std::env::var_os(variable) {
        return path.into();
    }
    let cache = std::env::var_os("TERRARIUM_CACHE").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache/terrarium"));
    let built = cache.or_else(home).map(|cache| cache.join(name).join(name));
    built.filter(|path| path.exists()).unwrap_or_else(|| name.into())
}

pub(crate) fn helm(arguments: &[&str]) -> Output {
    helm_with(arguments, &[])
}

/// helm, with this in its environment as well.
pub(crate) fn helm_with(arguments: &[&str], env: &[(&str, &Path)]) -> Output {
    let home = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(program("TERRARIUM_HELM", "helm"));
    command.args(arguments).envs(env.iter().copied()).current_dir(charts());
    for name in ["CACHE", "CONFIG", "DATA"] {
        command.env(format!("HELM_{name}_HOME"), home.path());
    }
    command.output().expect("helm runs; build one with hardware/lab/helm.sh or set TERRARIUM_HELM")
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn template(service: &str, more: &[&str]) -> String {
    let arguments = [&["template", service, service, "--namespace=terrarium"], more].concat();
    let output = helm(&arguments);
    assert!(output.status.success(), "{service}: {}", stderr(&output));
    String::from_utf8(output.stdout).expect("text")
}

pub(crate) fn objects(rendered: &str) -> Vec<Value> {
    let documents = rendered.split("\n---\n").filter(|text| {
        text.lines().any(|l| !l.starts_with('#') && !l.starts_with("---") && !l.trim().is_empty())
    });
    documents.map(|text| serde_saphyr::from_str(text).expect("YAML")).collect()
}

/// The pod specs of rendered objects that stay: Jobs are left out.
pub(crate) fn pods(rendered: &str) -> Vec<Value> {
    let lasting = objects(rendered).into_iter().filter(|object| object["kind"] != "Job");
    let specs = lasting.map(|object| object["spec"]["template"]["spec"].clone());
    specs.filter(|spec| !spec.is_null()).collect()
}

/// Every container of rendered objects, those that only prepare included.
pub(crate) fn all_containers(objects: &[Value]) -> Vec<Value> {
    let pods = objects.iter().map(|object| &object["spec"]["template"]["spec"]);
    let lists = pods.flat_map(|pod| [&pod["initContainers"], &pod["containers"]]);
    lists.filter_map(Value::as_array).flatten().cloned().collect()
}
