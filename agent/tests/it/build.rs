//! The artifact for the nodes: `build.sh`, and what comes out of it.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;

use crate::exposition;
use crate::running::Running;

/// The static program for `arch`: the file that `TERRARIUM_AGENT_<ARCH>`
/// names, or else a fresh build that lives in the folder given back with it.
pub(crate) fn artifact(arch: &str) -> (PathBuf, Option<tempfile::TempDir>) {
    let variable = format!("TERRARIUM_AGENT_{}", arch.to_uppercase());
    if let Some(path) = std::env::var_os(&variable) {
        return (path.into(), None);
    }
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("build.sh");
    let built = Command::new(script).arg(folder.path()).arg(arch).output().unwrap();
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "build.sh failed (or name a build in {variable}):\n{said}");
    (folder.path().join(arch).join("terrarium-agent"), Some(folder))
}

#[test]
fn the_arm64_program_answers() {
    let emulator = "qemu-aarch64-static";
    assert!(
        Command::new(emulator).arg("--version").output().is_ok(),
        "{emulator} is not there; install it: apt-get install qemu-user-static"
    );
    let (program, _folder) = artifact("aarch64");
    let running = Running::start(Command::new(emulator).arg(program));
    let page = exposition::read_unique(&running.get("/metrics")).unwrap();
    assert_eq!(page["terrarium_agent_build_info"].samples[0].labels["arch"], "aarch64");
    assert!(page["node_cpu_seconds_total"].samples.len() >= 8);
    assert_eq!(running.get("/healthz"), b"ok\n");
    assert_eq!(running.terminate().0, Some(0));
}

/// The program headers of a 64-bit little-endian ELF file: type and alignment.
fn segments(elf: &[u8]) -> Vec<(u32, u64)> {
    assert_eq!(&elf[..6], b"\x7fELF\x02\x01");
    let long = |at: usize| u64::from_le_bytes(elf[at..at + 8].try_into().unwrap());
    let short = |at: usize| usize::from(u16::from_le_bytes(elf[at..at + 2].try_into().unwrap()));
    let start = usize::try_from(long(32)).unwrap();
    let header = |index: usize| start + index * short(54);
    let kind = |at: usize| u32::from_le_bytes(elf[at..at + 4].try_into().unwrap());
    (0..short(56)).map(header).map(|at| (kind(at), long(at + 48))).collect()
}

#[test]
fn the_arm64_program_is_static_and_loads_with_16_kib_pages() {
    const LOAD: u32 = 1;
    const INTERPRETER: u32 = 3;
    let (program, _folder) = artifact("aarch64");
    let segments = segments(&std::fs::read(program).unwrap());
    assert!(!segments.iter().any(|(kind, _)| *kind == INTERPRETER), "{segments:x?}");
    let loaded = segments.iter().filter(|(kind, _)| *kind == LOAD);
    assert!(loaded.clone().count() > 0);
    for (_, alignment) in loaded {
        assert!(*alignment >= 16 * 1024, "{segments:x?}");
    }
}

#[test]
fn without_an_unwinder_a_panic_still_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let (source, program) = (folder.path().join("main.rs"), folder.path().join("main"));
    std::fs::write(&source, "fn main() {\n    panic!(\"at sea\");\n}\n").unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("link.ld");
    let built = Command::new("rustc")
        .args(["-C", "panic=abort", "-C", "linker=rust-lld", "--target"])
        .arg(format!("{}-unknown-linux-musl", std::env::consts::ARCH))
        .arg(format!("-Clink-arg=-T{}", script.display()))
        .arg(&source)
        .arg("-o")
        .arg(&program)
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let ended = Command::new(program).env("RUST_BACKTRACE", "1").output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains("main.rs:2:5:\nat sea\nstack backtrace:\n"), "{said}");
    assert_eq!(ended.status.signal(), Some(Signal::ABORT.as_raw()), "{said}");
}

#[test]
fn an_unknown_architecture_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("build.sh");
    let refused = Command::new(script).arg(folder.path()).arg("riscv64").output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("no recipe for architecture"));
}
