use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::Facts;
use crate::probe::{Part, Request, parse, script};

/// The functions of a script for a node whose `/etc` and `/var` are in this folder,
/// and what they need.
fn functions(root: &Path) -> String {
    let list = Vec::new;
    let request = Request {
        files: list(),
        units: list(),
        sysctls: list(),
        modules: list(),
        packages: list(),
        images: list(),
        zones: list(),
        part: Part::Agent,
    };
    let whole = script(&request);
    let calls = whole.rfind("boot /boot/firmware").unwrap();
    let (begin, end) = (whole.find("e machine").unwrap(), whole.find("digest() {").unwrap());
    let moved = |text: &str| {
        let mut text = text.to_owned();
        for folder in ["/etc/", "/var/", "/.dockerenv", "/run/.containerenv", "/sys/firmware/"] {
            text = text.replace(folder, &format!("{}{folder}", root.display()));
        }
        text
    };
    moved(&whole[..begin]) + &moved(&whole[end..calls])
}

/// What these calls say, in a mount namespace after `mounts`.
fn facts(root: &Path, mounts: &str, calls: &str) -> Facts {
    let bin = root.join("bin");
    let search = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--map-root-user", "sh", "-c"]).env("PATH", search);
    unshare.arg(format!("{mounts}\n{}\n{calls}\ne now 1", functions(root)));
    let output = unshare.current_dir(root).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    parse(&text, None).unwrap_or_else(|error| panic!("{error}\n{text}\n{said}"))
}

fn put(root: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        if text.starts_with("#!") {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
}

#[test]
fn every_file_that_config_txt_may_name_is_read_with_its_digest() {
    let root = tempfile::tempdir().unwrap();
    let boot = |name: &str| format!("{}/boot/{name}", root.path().display());
    put(
        root.path(),
        &[
            (
                "boot/config.txt",
                "[all]\r\nos_prefix=current/\r\ninclude more.txt\r\n[tryboot]\r\nos_prefix=new/\r\n",
            ),
            (
                "boot/more.txt",
                "include more.txt\ncmdline=own.txt\ncmdline=../etc/shadow\n#cmdline=x\n",
            ),
            ("boot/cmdline.txt", "stray\n"),
            ("boot/current/own.txt", "root=x\n"),
            ("boot/new/own.txt", "root=y\n"),
            ("etc/shadow", "secret"),
            ("boot/other.txt", "no"),
        ],
    );
    let facts =
        facts(root.path(), ":", &format!("boot {} /nowhere", boot("").trim_end_matches('/')));
    let paths: Vec<&String> = facts.cmdlines.keys().collect();
    assert_eq!(paths, [&boot("cmdline.txt"), &boot("current/own.txt"), &boot("new/own.txt")]);
    assert_eq!(facts.boot_configs.len(), 2);
    assert_eq!(facts.cmdlines[&boot("current/own.txt")], "root=x\n".into());
    assert!(facts.files.contains_key(&boot("current/own.txt")), "{:?}", facts.files);
    assert_eq!(facts.os_prefix, None);
    put(root.path(), &[("sys/firmware/devicetree/base/chosen/os_prefix", "current/\0")]);
    let facts = self::facts(root.path(), ":", "boot /nowhere");
    assert_eq!(facts.os_prefix.as_deref(), Some("current/"));
}

#[test]
fn bytes_that_are_no_text_arrive_as_they_are() {
    let root = tempfile::tempdir().unwrap();
    let bytes = b"root=x caf\xe9\0\r\n\xff";
    fs::write(root.path().join("cmdline.txt"), bytes).unwrap();
    let facts = facts(root.path(), ":", &format!("boot {}", root.path().display()));
    let [file] = &facts.cmdlines.values().collect::<Vec<_>>()[..] else { panic!("{facts:?}") };
    assert_eq!(file.0, bytes);
}

#[test]
fn file_systems_are_seen_as_they_are_mounted() {
    let root = tempfile::tempdir().unwrap();
    for folder in ["log", "ro", "noexec", "low", "disk", "forgets", "keeps"] {
        fs::create_dir(root.path().join(folder)).unwrap();
    }
    let mounts = "mount -t tmpfs log2ram log
        mount -t tmpfs -o ro none ro
        mount -t tmpfs -o noexec none noexec
        mount -t tmpfs none up; mkdir up/d up/w; mkdir disk/d disk/w
        mount -t overlay -o lowerdir=low,upperdir=up/d,workdir=up/w overlay forgets
        mount -t overlay -o lowerdir=low,upperdir=disk/d,workdir=disk/w overlay keeps";
    fs::create_dir(root.path().join("up")).unwrap();
    let at = |name: &str| root.path().join(name).display().to_string();
    // A place that is not there yet lies where it will be made.
    let places = ["log/pods/x", "ro", "noexec", "forgets/etc", "keeps"].map(at);
    let facts = facts(root.path(), mounts, &format!("mounts {}", places.join(" ")));
    let seen: Vec<_> = places
        .iter()
        .map(|place| {
            let mount = &facts.mounts[place];
            let folder = mount.target.rsplit('/').next().unwrap();
            (folder, &*mount.kind, mount.read_only, mount.no_exec, mount.forgets)
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("log", "tmpfs", false, false, false),
            ("ro", "tmpfs", true, false, false),
            ("noexec", "tmpfs", false, true, false),
            ("forgets", "overlay", false, false, true),
            ("keeps", "overlay", false, false, false),
        ]
    );
    assert_eq!(facts.mounts[&places[0]].source, "log2ram");
}

#[test]
fn an_overlay_whose_upper_part_cannot_be_seen_forgets_but_in_a_container() {
    let root = tempfile::tempdir().unwrap();
    for folder in ["low", "up", "all"] {
        fs::create_dir(root.path().join(folder)).unwrap();
    }
    let mounts = "mount -t tmpfs none up; mkdir up/d up/w
        mount -t overlay -o lowerdir=low,upperdir=up/d,workdir=up/w overlay all; umount -l up";
    let all = root.path().join("all").display().to_string();
    let calls = format!("mounts {all}");
    assert!(facts(root.path(), mounts, &calls).mounts[&all].forgets);
    put(root.path(), &[(".dockerenv", "")]);
    assert!(!facts(root.path(), mounts, &calls).mounts[&all].forgets);
}

#[test]
fn what_fstab_wants_mounted_and_is_not_is_named() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name).display().to_string();
    for folder in ["is", "is not", "unit"] {
        fs::create_dir(root.path().join(folder)).unwrap();
    }
    let fstab = format!(
        "# UUID=1 {commented} ext4 defaults 0 2\nUUID=2 {is} ext4 defaults,nofail 0 2\n  UUID=3\t{not} ext4\n/var/swap none swap\n",
        commented = at("commented"),
        is = at("is"),
        not = at("is\\040not"),
    );
    // As systemd tells of a unit for a mount point that it did not mount.
    let systemctl = format!(
        "#!/bin/sh\ncase $1 in list-units) echo 'x-unit.mount loaded failed failed /x';; show) echo {};; esac\n",
        at("unit")
    );
    put(
        root.path(),
        &[
            ("etc/fstab", &fstab),
            ("bin/systemctl", &systemctl),
            (
                "etc/overlayroot.local.conf",
                "# overlayroot=\"tmpfs\"\noverlayroot=\"tmpfs:recurse=0\"\n",
            ),
            ("var/log/x", ""),
        ],
    );
    fs::create_dir_all(at("var/lib")).unwrap();
    std::os::unix::fs::symlink(at("disk/rancher"), at("var/lib/rancher")).unwrap();
    let found = facts(root.path(), "mount -t tmpfs none is", "unmounted");
    assert_eq!(found.unmounted, [at("is not"), at("unit")]);
    assert_eq!(found.dangling, Some(at("var/lib/rancher")));
    assert_eq!(found.data_path, Some(at("disk/rancher/k3s")));
    assert_eq!(found.overlayroot.as_deref(), Some("tmpfs:recurse=0"));
    assert!(found.log_bytes.is_some());
    // The disk is there.
    fs::create_dir_all(at("disk/rancher")).unwrap();
    assert_eq!(facts(root.path(), ":", "unmounted").dangling, None);
}

/// `systemctl` as it answers about one unit of each kind.
const SYSTEMCTL: &str = r#"#!/bin/sh
case "$*" in
*list-units*swap*) echo 'dev-zram0.swap loaded active active Compressed Swap on /dev/zram0';;
*list-unit-files*swap*) printf '%s\n' 'dev-disk-by\x2duuid-1.swap generated -' 'gone.swap masked enabled';;
*list-unit-files*service*) printf '%s\n' 'getty@.service enabled enabled' 'zramswap.service enabled enabled' 'ztab.service enabled enabled' 'inline.service enabled enabled' 'ssh.service enabled enabled';;
*LoadState*zram0*) printf '%s\n' What=/dev/zram0 LoadState=loaded ActiveState=active FragmentPath=/run/systemd/generator/dev-zram0.swap UnitFileState=generated SourcePath=;;
*LoadState*uuid*) printf '%s\n' What=/dev/disk/by-uuid/1 LoadState=loaded ActiveState=inactive FragmentPath=/run/systemd/generator/x.swap UnitFileState=generated SourcePath=/etc/fstab;;
*LoadState*gone*) printf '%s\n' What= LoadState=masked ActiveState=inactive FragmentPath=/etc/systemd/system/gone.swap UnitFileState=masked;;
*ExecStart*) cat <<X
ExecStart={ path=@ROOT@/zramswap ; argv[]=@ROOT@/zramswap start ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }
ExecStop={ path=@ROOT@/zramswap ; argv[]=@ROOT@/zramswap stop ; ignore_errors=no ; pid=0 ; code=(null) ; status=0/0 }
Id=zramswap.service

ExecStart={ path=/bin/bash ; argv[]=/bin/bash @ROOT@/ztab start ; ignore_errors=no ; pid=0 ; code=(null) ; status=0/0 }
Id=ztab.service

ExecStart={ path=/bin/sh ; argv[]=/bin/sh -c mkswap /x && swapon /x ; ignore_errors=no ; pid=0 ; code=(null) ; status=0/0 }
Id=inline.service

ExecStart={ path=/bin/ls ; argv[]=/bin/ls @ROOT@/harmless ; ignore_errors=no ; pid=0 ; code=(null) ; status=0/0 }
Id=ssh.service
X
;;
esac
"#;

#[test]
fn what_makes_the_node_swap_is_found_whatever_its_name() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name).display().to_string();
    put(
        root.path(),
        &[
            ("bin/systemctl", &SYSTEMCTL.replace("@ROOT@", &root.path().display().to_string())),
            (
                "zramswap",
                "#!/bin/bash\nstart() { mkswap /dev/zram0; swapon -p 100 /dev/zram0; }\nstop() { swapoff /dev/zram0; }\n",
            ),
            ("ztab", "#!/bin/bash\nswapon /dev/zram0; swapoff x\nmount -t overlay x /var/log\n"),
            ("harmless", "#!/bin/sh\n# calls no swapon\n"),
            ("etc/fstab", " /var/swap none swap\n"),
            ("etc/cron.d/swap", "@reboot root swapon /extra\n"),
            ("etc/cron.d/other", "#@reboot root swapon /extra\n"),
        ],
    );
    let swap = facts(root.path(), ":", "swaps");
    assert_eq!(swap.fstab, " /var/swap none swap\n".into());
    let units: Vec<_> = swap
        .swap
        .units
        .iter()
        .map(|unit| (&*unit.name, unit.active, &*unit.fragment, &*unit.source, &*unit.what))
        .collect();
    let generator = "/run/systemd/generator";
    let (zram, line) = (format!("{generator}/dev-zram0.swap"), format!("{generator}/x.swap"));
    assert_eq!(
        units,
        [
            ("dev-disk-by\\x2duuid-1.swap", false, &*line, "/etc/fstab", "/dev/disk/by-uuid/1"),
            ("dev-zram0.swap", true, &*zram, "-", "/dev/zram0"),
        ]
    );
    let services: Vec<_> =
        swap.swap.services.iter().map(|one| (&*one.unit, one.only, &*one.program)).collect();
    assert_eq!(
        services,
        [
            ("zramswap.service", true, &*at("zramswap")),
            ("ztab.service", false, &*at("ztab")),
            ("inline.service", false, "its own command"),
        ]
    );
    assert_eq!(swap.swap.scripts, [at("etc/cron.d/swap")]);
}
