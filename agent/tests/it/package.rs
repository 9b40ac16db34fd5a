//! The Debian packages: what is in them, and that equal input makes equal ones.

use std::path::Path;
use std::process::Command;

use crate::build::artifact;

fn packaged(out: &Path, arch: &str) -> std::process::Output {
    let (program, _folder) = artifact("x86_64");
    let programs = out.join("programs");
    std::fs::create_dir_all(programs.join("x86_64")).unwrap();
    std::fs::copy(program, programs.join("x86_64/terrarium-agent")).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("deb/build.sh");
    Command::new(script).arg(programs).arg(arch).output().unwrap()
}

fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_package_has_the_program_and_a_unit_that_starts_it() {
    let folder = tempfile::tempdir().unwrap();
    let output = packaged(folder.path(), "x86_64");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let package = String::from_utf8(output.stdout).unwrap();
    let package = package.trim();
    let name = format!("programs/x86_64/terrarium-agent_{}_amd64.deb", env!("CARGO_PKG_VERSION"));
    assert!(package.ends_with(&name), "{package}");

    let field = |name: &str| said(Command::new("dpkg-deb").args(["--field", package, name]));
    assert_eq!(field("Package"), "terrarium-agent\n");
    assert_eq!(field("Architecture"), "amd64\n");
    let sums = said(Command::new("dpkg-deb").args(["--info", package, "md5sums"]));
    for path in ["usr/bin/terrarium-agent", "usr/lib/systemd/system/terrarium-agent.service"] {
        assert!(sums.contains(path), "dpkg --verify compares {path}: {sums}");
    }
    // Static: nothing else is needed.
    assert_eq!(field("Depends").trim(), "");

    let root = folder.path().join("root");
    said(Command::new("dpkg-deb").arg("--extract").arg(package).arg(&root));
    let version = said(Command::new(root.join("usr/bin/terrarium-agent")).arg("--version"));
    assert!(version.contains(env!("CARGO_PKG_VERSION")), "{version}");
    let unit = root.join("usr/lib/systemd/system/terrarium-agent.service");
    let unit = std::fs::read_to_string(unit).unwrap();
    assert!(unit.contains("ExecStart=/usr/bin/terrarium-agent "), "{unit}");
    assert!(!unit.contains("/usr/local"), "{unit}");

    let files = said(Command::new("dpkg-deb").args(["--contents", package]));
    for line in files.lines() {
        assert!(line.contains("root/root"), "{line}");
    }
}

#[test]
fn equal_programs_make_equal_packages() {
    let packages = [0, 1].map(|_| {
        let folder = tempfile::tempdir().unwrap();
        let output = packaged(folder.path(), "x86_64");
        let name = String::from_utf8(output.stdout).unwrap();
        std::fs::read(name.trim()).unwrap()
    });
    assert!(packages[0] == packages[1]);
}

#[test]
fn a_program_that_is_not_built_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let output = packaged(folder.path(), "aarch64");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("aarch64/terrarium-agent is not there"), "{said}");
    assert_eq!(packaged(folder.path(), "riscv64").status.code(), Some(2));
}
