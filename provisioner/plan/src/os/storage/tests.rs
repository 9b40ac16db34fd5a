use super::*;
use crate::fixture::facts;

const CMDLINE: &str = "/boot/firmware/cmdline.txt";

fn mount(target: &str, kind: &str) -> Mount {
    Mount { target: target.to_owned(), kind: kind.to_owned(), ..Mount::default() }
}

fn on_a_card() -> Facts {
    let mut facts = facts();
    facts.mounts = places().into_iter().map(|at| (at.to_owned(), mount("/", "ext4"))).collect();
    facts
}

/// What is refused, by its id, and all words of it.
fn refused(facts: &Facts) -> (Vec<String>, String) {
    let changes = [Change::new("hostname", "", ""), Change::new("boot.cmdline", "", "")];
    assert_eq!(refusals("pi-1", facts, &[]), [], "nothing is to be done");
    let all = refusals("pi-1", facts, &changes);
    let words: Vec<&str> = all.iter().flat_map(|one| [&*one.what, &*one.hint]).collect();
    let words = words.join(" ");
    (all.into_iter().map(|one| one.id).collect(), words)
}

#[test]
fn an_ordinary_card_is_fine() {
    assert_eq!(refused(&on_a_card()).0, [""; 0]);
    // A disk of its own for the data, and what a container's engine stacks.
    let mut facts = on_a_card();
    facts.mounts.insert("/".to_owned(), mount("/", "overlay"));
    facts.mounts.insert(paths::DATA.to_owned(), mount("/var/lib/rancher", "xfs"));
    facts.unmounted = ["/mnt/usb", "/tmp", "/boot/efi", "/home"].map(str::to_owned).to_vec();
    assert_eq!(refused(&facts).0, [""; 0]);
}

#[test]
fn a_root_that_forgets_is_refused_now_and_when_the_next_boot_brings_it() {
    for line in [
        "boot=overlay",
        "overlayroot=tmpfs",
        "overlayroot=tmpfs:recurse=0",
        "systemd.volatile=state",
    ] {
        let mut facts = on_a_card();
        facts.cmdlines =
            [(CMDLINE.to_owned(), format!("root=x {line} rootwait\n").as_str().into())].into();
        let (ids, words) = refused(&facts);
        assert_eq!(ids, ["passing-root"], "{line}");
        assert!(words.contains(line) && words.contains(CMDLINE), "{words}");
    }
    for line in
        ["root=x", "root=x overlayroot=disabled", "root=x\n# overlayroot=tmpfs", "root=x boot=live"]
    {
        let mut facts = on_a_card();
        facts.cmdlines = [(CMDLINE.to_owned(), line.into())].into();
        assert_eq!(refused(&facts).0, [""; 0], "{line}");
    }
    let mut facts = on_a_card();
    facts.overlayroot = Some("tmpfs".to_owned());
    assert_eq!(refused(&facts).0, ["passing-root"]);
    facts.cmdlines = [(CMDLINE.to_owned(), "root=x overlayroot=disabled".into())].into();
    assert_eq!(refused(&facts).0, [""; 0], "the line counts before the file");

    let mut facts = on_a_card();
    facts.mounts.insert("/".to_owned(), Mount { forgets: true, ..mount("/", "overlay") });
    let (ids, words) = refused(&facts);
    assert_eq!(ids, ["passing-root"]);
    assert!(words.contains("/, overlay, is in memory: nothing"), "{words}");
    let mut facts = on_a_card();
    facts.mounts.insert("/var/lib".to_owned(), mount("/var", "tmpfs"));
    assert_eq!(refused(&facts).0, ["passing-root"]);
}

#[test]
fn what_cannot_be_written_to_is_refused_once_for_each_mount() {
    let mut facts = on_a_card();
    for mount in facts.mounts.values_mut() {
        mount.read_only = true;
    }
    let (ids, words) = refused(&facts);
    assert_eq!(ids, ["read-only"], "{words}");
    let mut facts = on_a_card();
    let boot = Mount { read_only: true, ..mount("/boot/firmware", "vfat") };
    facts.mounts.insert("/boot/firmware".to_owned(), boot);
    assert_eq!(refused(&facts).0, ["read-only"]);
    assert_eq!(refusals("pi-1", &facts, &[Change::new("hostname", "", "")]), [], "not written to");
}

#[test]
fn a_disk_that_is_not_mounted_where_the_data_goes_is_refused() {
    for place in [
        "/var/lib/rancher",
        "/var",
        "/var/lib/rancher/k3s/storage",
        "/var/lib/kubelet",
        "/usr/local",
    ] {
        let mut facts = on_a_card();
        facts.unmounted = vec![place.to_owned()];
        let (ids, words) = refused(&facts);
        assert_eq!(ids, ["not-mounted"], "{place}");
        assert!(words.contains(place), "{words}");
    }
    // A link leads to a disk.
    let mut facts = on_a_card();
    facts.data_path = Some("/mnt/ssd/k3s".to_owned());
    facts.unmounted = vec!["/mnt/ssd".to_owned()];
    assert_eq!(refused(&facts).0, ["not-mounted"]);
    facts.unmounted = vec!["/mnt/ss".to_owned()];
    assert_eq!(refused(&facts).0, [""; 0]);
    facts.dangling = Some("/var/lib/rancher".to_owned());
    assert_eq!(refused(&facts).0, ["data-disk"]);
    // The boot partition matters as long as its file is wanted.
    let mut facts = on_a_card();
    facts.unmounted = vec!["/boot/firmware".to_owned()];
    assert_eq!(refused(&facts).0, [""; 0]);
    facts.pressure = false;
    assert_eq!(refused(&facts).0, ["not-mounted"]);
}

#[test]
fn data_on_a_file_system_that_is_none_for_it_is_refused() {
    for kind in ["tmpfs", "overlay", "vfat", "nfs4", "ext4", "xfs", "btrfs"] {
        let mut facts = on_a_card();
        facts.mounts.insert(paths::DATA.to_owned(), mount("/var/lib/rancher", kind));
        let fine = ["ext4", "xfs", "btrfs"].contains(&kind);
        assert_eq!(refused(&facts).0 == ["data-disk"], !fine, "{kind}");
    }
}

#[test]
fn noexec_is_refused_where_programs_are_started() {
    let mut facts = on_a_card();
    for at in ["/var/lib", paths::DATA] {
        facts.mounts.insert(at.to_owned(), Mount { no_exec: true, ..mount("/var", "ext4") });
    }
    let (ids, words) = refused(&facts);
    assert_eq!(ids, ["noexec", "noexec"], "{words}");
    let mut facts = on_a_card();
    facts.mounts.insert("/tmp".to_owned(), Mount { no_exec: true, ..mount("/tmp", "tmpfs") });
    assert_eq!(refused(&facts).0, [""; 0]);
}

#[test]
fn logs_in_memory_are_told() {
    for (target, kind, source, told) in [
        ("/", "ext4", "/dev/mmcblk0p2", false),
        ("/var/log", "tmpfs", "log2ram", true),
        ("/var/log", "ext4", "/dev/zram1", true),
        ("/var/log", "ext4", "/dev/sda1", false),
    ] {
        let mut facts = on_a_card();
        let mount = Mount { source: source.to_owned(), ..mount(target, kind) };
        facts.mounts.insert(LOGS.to_owned(), mount);
        facts.log_bytes = Some(128 << 20);
        let note = note("pi-1", &facts);
        assert_eq!(note.is_some(), told, "{source}");
        assert!(note.iter().all(|note| note.what.contains("128 MiB")), "{note:?}");
    }
}
