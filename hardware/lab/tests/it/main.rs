//! One node, really brought up: that it is a freshly flashed Pi to whoever
//! logs in, that faults and reboots are what they say, and that the machine
//! under it stays as it was.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test's helpers fail by panicking and tell their steps"
)]

mod bootstrap;

use std::process::Command;

use terrarium_lab::{Extent, Lab, LabError, Options, Paths, Power, Site, Snapshot};

const NODE: &str = "pi-1";
const CONTROLLERS: &str = "/sys/fs/cgroup/cgroup.controllers";

/// A lab that is taken away at the end, also of a failed test.
struct Guard {
    lab: Lab,
    paths: Paths,
    _state: tempfile::TempDir,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Err(error) = Lab::down(&self.paths, Site::Test, Extent::Lab, &mut |_| {}) {
            eprintln!("the test's lab is still up: {error}");
        }
    }
}

/// What a lab needs and this machine lacks, with what mends it.
fn lacking(root: bool, installed: impl Fn(&str) -> bool) -> Vec<String> {
    let mut lacking = Vec::new();
    if !root {
        lacking
            .push("run as root (`sudo -E make test`): it makes containers and networks".to_owned());
    }
    for tool in ["mmdebstrap", "docker", "dockerd", "iptables", "ip"] {
        if !installed(tool) {
            lacking.push(format!("`{tool}` is missing: hardware/lab/bootstrap.sh installs it"));
        }
    }
    lacking
}

/// A one-node lab. A machine that cannot have one fails the test: passed over,
/// it would be called tested where it is not.
fn lab() -> Guard {
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    let installed = |tool: &str| std::env::split_paths(&path).any(|dir| dir.join(tool).is_file());
    let lacking = lacking(root, installed);
    assert!(lacking.is_empty(), "the lab cannot run here:\n  {}", lacking.join("\n  "));
    let state = tempfile::tempdir().unwrap();
    let paths = Paths::from_env().unwrap().with_state(state.path().join("lab"));
    let options =
        Options { nodes: 1, bare: true, boards: vec!["pi4-4gb".to_owned()], ..Options::default() };
    let mut progress = |line: &str| eprintln!("{line}");
    let lab = Lab::up(paths.clone(), Site::Test, options, &mut progress).unwrap();
    Guard { lab, paths, _state: state }
}

fn sh(lab: &Lab, script: &str) -> Result<String, LabError> {
    lab.exec(NODE, &["sh", "-c", script]).map(|text| text.trim().to_owned())
}

#[test]
fn a_node_is_a_freshly_flashed_pi_and_the_machine_stays_as_it_was() {
    let before = Snapshot::take().unwrap();
    let guard = lab();
    let lab = &guard.lab;

    presents_a_board(lab);
    lets_pi_in_with_a_password(lab);
    installs_packages_offline(lab);
    keeps_settings_to_itself(lab);
    reads_its_command_line_at_boot(lab);
    obeys_power(lab);

    assert_eq!(before.changes(&Snapshot::take().unwrap()), [], "the machine's kernel changed");
    assert_eq!(lab.status().unwrap().kernel_changes, []);
    forgets_everything_at_a_reset(lab);
}

#[test]
fn a_machine_that_cannot_have_a_lab_is_told_what_to_install() {
    assert_eq!(lacking(true, |_| true), [""; 0]);
    let told = lacking(false, |tool| tool == "docker").join("\n");
    for part in ["as root", "`mmdebstrap` is missing", "`iptables` is missing", "bootstrap.sh"] {
        assert!(told.contains(part), "{told}");
    }
    assert!(!told.contains("`docker`"), "{told}");
}

fn presents_a_board(lab: &Lab) {
    let model = sh(lab, "cat /sys/firmware/devicetree/base/model").unwrap();
    assert_eq!(model, "Raspberry Pi 4 Model B Rev 1.0\0");
    let memory: u64 = sh(lab, "cat /etc/lab/memory").unwrap().parse().unwrap();
    let total = sh(lab, "awk '/^MemTotal/ {print $2}' /proc/meminfo").unwrap();
    assert_eq!(total, (memory / 1024).to_string());
    assert_eq!(sh(lab, "hostname").unwrap(), "raspberrypi");
    assert_eq!(sh(lab, "findmnt -no TARGET /boot/firmware").unwrap(), "/boot/firmware");
    assert_eq!(
        sh(lab, "timedatectl show -p NTP -p NTPSynchronized").unwrap(),
        "NTP=yes\nNTPSynchronized=no"
    );
    // Every unit came up.
    assert_eq!(sh(lab, "systemctl is-system-running --wait").unwrap(), "running");
}

fn lets_pi_in_with_a_password(lab: &Lab) {
    let asked = sh(lab, "su pi -c 'sudo -n true'").unwrap_err().to_string();
    assert!(asked.contains("password is required"), "{asked}");
    let login = "
        printf '#!/bin/sh\\necho raspberry\\n' > /tmp/askpass; chmod +x /tmp/askpass
        export SSH_ASKPASS=/tmp/askpass SSH_ASKPASS_REQUIRE=force
        ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
            pi@$(hostname -i) 'echo raspberry | sudo -S -p \"\" id -un'";
    assert_eq!(sh(lab, login).unwrap(), "root");
    sh(lab, &login.replace("necho raspberry", "necho wrong")).unwrap_err();
}

fn installs_packages_offline(lab: &Lab) {
    sh(lab, "command -v jq").unwrap_err();
    sh(lab, "apt-get update -q && apt-get install -q -y jq").unwrap();
    assert_eq!(sh(lab, "echo '{\"a\":1}' | jq .a").unwrap(), "1");
}

/// Settings hold in the node, also over a reload; the machine is compared by
/// the caller.
fn keeps_settings_to_itself(lab: &Lab) {
    let settings = "\
        vm.swappiness = 7\nvm.max_map_count = 262144\nvm.overcommit_memory = 1\n\
        kernel.panic = 33\nkernel.panic_on_oops = 1\nkernel.keys.root_maxkeys = 1000000\n\
        fs.inotify.max_user_watches = 1000001\nfs.protected_regular = 0\n\
        net.ipv4.ip_forward = 1\n";
    sh(lab, &format!("printf '{settings}' > /etc/sysctl.d/99-test.conf; sysctl --system")).unwrap();
    for line in settings.lines() {
        let (name, value) = line.split_once(" = ").unwrap();
        assert_eq!(sh(lab, &format!("sysctl -n {name}")).unwrap(), value, "{name}");
    }
    for forbidden in ["swapon /etc/hostname", "date -s 2001-01-01", "rmmod overlay"] {
        sh(lab, forbidden).unwrap_err();
    }
}

fn reads_its_command_line_at_boot(lab: &Lab) {
    let facts = || {
        let started = sh(lab, "cut -d' ' -f22 /proc/1/stat").unwrap();
        let keys = sh(lab, "cat /etc/machine-id /etc/ssh/ssh_host_*_key.pub").unwrap();
        (sh(lab, &format!("cat {CONTROLLERS}")).unwrap(), started, keys)
    };
    let (controllers, started, keys) = facts();
    assert_eq!(controllers, "cpuset cpu io pids");

    // On a second line it does not count.
    sh(lab, "echo cgroup_enable=memory >> /boot/firmware/cmdline.txt").unwrap();
    sh(lab, "hostnamectl set-hostname pi-9").unwrap();
    lab.reboot(NODE).unwrap();
    let (controllers, restarted, same_keys) = facts();
    assert_eq!(controllers, "cpuset cpu io pids");
    assert_ne!(restarted, started);
    assert_eq!(same_keys, keys);
    assert_eq!(sh(lab, "hostname").unwrap(), "pi-9");

    sh(lab, "sed -i '1s/$/ cgroup_enable=memory/; 2d' /boot/firmware/cmdline.txt").unwrap();
    assert_eq!(facts().0, "cpuset cpu io pids", "only a boot reads the command line");
    lab.reboot(NODE).unwrap();
    assert_eq!(facts().0, "cpuset cpu io memory pids");
    assert_eq!(sh(lab, "sysctl -n vm.swappiness").unwrap(), "7", "applied again at boot");
}

fn obeys_power(lab: &Lab) {
    let power = || lab.status().unwrap().nodes[0].power;
    lab.kill(NODE).unwrap();
    assert_eq!(power(), Power::Off);
    lab.kill(NODE).unwrap();
    lab.start(NODE).unwrap();
    assert_eq!(power(), Power::On);
    lab.stop(NODE).unwrap();
    assert_eq!(power(), Power::Off);
    lab.start(NODE).unwrap();
    assert_eq!(sh(lab, "hostname").unwrap(), "pi-9");
    let unknown = lab.kill("pi-2").unwrap_err().to_string();
    assert!(unknown.contains("pi-2") && unknown.contains("pi-1"), "{unknown}");
}

fn forgets_everything_at_a_reset(lab: &Lab) {
    let id = sh(lab, "cat /etc/machine-id").unwrap();
    lab.reset(&mut |_| {}).unwrap();
    assert_eq!(sh(lab, "hostname").unwrap(), "raspberrypi");
    assert_eq!(sh(lab, &format!("cat {CONTROLLERS}")).unwrap(), "cpuset cpu io pids");
    assert_ne!(sh(lab, "cat /etc/machine-id").unwrap(), id);
}
