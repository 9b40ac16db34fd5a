//! The real apt and dpkg of this machine, in a root of their own.

use std::fs;
use std::os::fd::AsFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, fcntl_lock};

use super::install;

/// A system of its own for apt, with a repository beside it.
struct System(tempfile::TempDir);

const FOLDERS: [&str; 12] = [
    "root/etc/apt/apt.conf.d",
    "root/etc/apt/preferences.d",
    "root/etc/apt/sources.list.d",
    "root/etc/apt/trusted.gpg.d",
    "root/var/cache/apt/archives/partial",
    "root/var/lib/apt/lists/partial",
    "root/var/lib/dpkg/info",
    "root/var/lib/dpkg/triggers",
    "root/var/lib/dpkg/updates",
    "root/var/log/apt",
    "repository",
    "bin",
];

const INDEX: &str = "for d in *.deb; do dpkg-deb --field $d; echo Filename: ./$d; \
                     echo Size: $(stat -c %s $d); echo SHA256: $(sha256sum $d | cut -d' ' -f1); \
                     echo; done >Packages";

impl System {
    /// Nothing where there is no apt to ask, or not the right to.
    fn new() -> Option<Self> {
        if !Path::new("/usr/bin/apt-get").exists() || !rustix::process::geteuid().is_root() {
            return None;
        }
        let system = Self(tempfile::tempdir().unwrap());
        for folder in FOLDERS {
            fs::create_dir_all(system.at(folder)).unwrap();
        }
        system.write("root/var/lib/dpkg/status", "");
        let configuration = format!(
            "Dir \"{0}\";\nDir::State::status \"{0}/var/lib/dpkg/status\";\n\
             Dir::Bin::dpkg \"/usr/bin/dpkg\";\nAPT::Sandbox::User \"root\";\n",
            system.at("root").display()
        );
        system.write("apt.conf", &configuration);
        system.sources("");
        Some(system)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        fs::write(self.at(path), text).unwrap();
    }

    /// The repository as a source, and more of them.
    fn sources(&self, more: &str) {
        let repository = self.at("repository");
        let text = format!("deb [trusted=yes] file:{} ./\n{more}", repository.display());
        self.write("root/etc/apt/sources.list", &text);
    }

    /// Puts a package with a configuration file into the repository.
    fn offer(&self, name: &str, version: &str) -> PathBuf {
        let control = format!(
            "Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: A <a@b.c>\n\
             Description: {name}\n"
        );
        self.write("made/DEBIAN/control", &control);
        self.write("made/DEBIAN/conffiles", &format!("/etc/{name}.conf\n"));
        let _ = fs::remove_dir_all(self.at("made/etc"));
        self.write(&format!("made/etc/{name}.conf"), &format!("version {version}\n"));
        let archive = self.at(&format!("repository/{name}_{version}_all.deb"));
        let mut build = Command::new("dpkg-deb");
        build.args(["--root-owner-group", "--build"]).arg(self.at("made")).arg(&archive);
        well(&build.output().unwrap());
        let mut index = Command::new("sh");
        index.args(["-c", INDEX]).current_dir(self.at("repository"));
        well(&index.output().unwrap());
        archive
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("APT_CONFIG", self.at("apt.conf")).env("DPKG_ROOT", self.at("root"));
        command.env("PATH", format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", self.at("bin").display()));
        command.stdin(Stdio::null());
        command
    }

    /// What `provision` runs on the node, without systemd around it.
    fn install(&self, name: &str) -> Output {
        self.command("sh").args(["-c", &install(name)]).output().unwrap()
    }

    fn installed(&self, name: &str) -> String {
        let administration = self.at("root/var/lib/dpkg");
        let mut query = self.command("dpkg-query");
        query.arg(format!("--admindir={}", administration.display()));
        query.args(["--show", "--showformat=${Status} ${Version}", name]);
        String::from_utf8(query.output().unwrap().stdout).unwrap()
    }
}

#[track_caller]
fn well(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr].concat();
    let said = String::from_utf8_lossy(&both).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

#[test]
fn a_file_that_somebody_edited_stays_when_a_package_brings_another() {
    let Some(system) = System::new() else { return };
    system.offer("thing", "1");
    well(&system.install("thing"));
    system.write("root/etc/thing.conf", "mine\n");
    system.offer("thing", "2");
    well(&system.install("thing"));
    assert_eq!(system.installed("thing"), "install ok installed 2");
    assert_eq!(fs::read_to_string(system.at("root/etc/thing.conf")).unwrap(), "mine\n");
}

#[test]
fn a_mirror_that_is_dead_is_told_and_the_others_serve() {
    let Some(system) = System::new() else { return };
    system.offer("thing", "1");
    system.sources("deb [trusted=yes] http://127.0.0.1:9/gone ./\n");
    let said = well(&system.install("thing"));
    let told = said.lines().any(|line| line.starts_with("W: ") && line.contains("127.0.0.1:9"));
    assert!(told, "{said}");
    assert_eq!(system.installed("thing"), "install ok installed 1");
}

#[test]
fn what_was_unpacked_and_never_set_up_is_set_up_first() {
    let Some(system) = System::new() else { return };
    let half = system.offer("half", "1");
    system.offer("thing", "1");
    well(&system.command("dpkg").arg("--unpack").arg(half).output().unwrap());
    assert_eq!(system.installed("half"), "install ok unpacked 1");
    well(&system.install("thing"));
    for name in ["half", "thing"] {
        assert_eq!(system.installed(name), "install ok installed 1", "{name}");
    }
}

#[test]
fn a_package_nobody_has_is_told_in_apts_words() {
    let Some(system) = System::new() else { return };
    system.offer("thing", "1");
    let output = system.install("nothing-of-the-kind");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("E: Unable to locate package nothing-of-the-kind"), "{said}");
}

#[test]
fn who_holds_any_of_the_locks_is_waited_for() {
    for lock in ["var/lib/dpkg/lock", "var/lib/dpkg/lock-frontend", "var/lib/apt/lists/lock"] {
        let Some(system) = System::new() else { return };
        system.offer("thing", "1");
        // The first pause of the script is seen, and gives the lock free.
        let seen = system.at("paused");
        let pause = format!("#!/bin/sh\n: >{}\nexec /bin/sleep \"$@\"\n", seen.display());
        system.write("bin/sleep", &pause);
        fs::set_permissions(system.at("bin/sleep"), fs::Permissions::from_mode(0o755)).unwrap();
        let file = fs::File::create(system.at("root").join(lock)).unwrap();
        fcntl_lock(file.as_fd(), FlockOperation::LockExclusive).unwrap();
        let output = std::thread::scope(|scope| {
            let installing = scope.spawn(|| system.install("thing"));
            let begun = Instant::now();
            while !seen.exists() {
                assert!(!installing.is_finished(), "{lock} was not waited for");
                assert!(begun.elapsed() < Duration::from_mins(1), "{lock}: no pause was made");
                std::thread::sleep(Duration::from_millis(20));
            }
            drop(file);
            installing.join().unwrap()
        });
        well(&output);
        assert_eq!(system.installed("thing"), "install ok installed 1", "{lock}");
    }
}
