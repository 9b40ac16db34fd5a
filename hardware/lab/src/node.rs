//! One node: the container that presents a Pi.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use crate::docker::Engine;
use crate::network::{NETWORK, ROUTER, Site};
use crate::paths::text;
use crate::{Options, Paths, Result, board};

/// What systemd, a container runtime and Kubernetes need beyond the engine's
/// default set. No clock, no modules, no reboot of the machine.
const CAPABILITIES: &[&str] = &[
    "SYS_ADMIN",
    "NET_ADMIN",
    "SYS_PTRACE",
    "NET_RAW",
    "MKNOD",
    "SYSLOG",
    "DAC_READ_SEARCH",
    "SYS_CHROOT",
    "AUDIT_WRITE",
    "IPC_LOCK",
    "SYS_NICE",
];

/// What a node keeps on a file system of its own: overlay does not stack on
/// overlay, and the boot partition is one.
const VOLUMES: &[(&str, &str)] =
    &[("boot", "/boot/firmware"), ("rancher", "/var/lib/rancher"), ("kubelet", "/var/lib/kubelet")];

/// One node of a lab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// Its name in the inventory: `pi-1`.
    pub(crate) name: String,
    /// Its container.
    pub(crate) container: String,
    /// Its address.
    pub(crate) address: Ipv4Addr,
    /// Its board's id.
    pub(crate) board: String,
    /// Whether the inventory makes it a server.
    pub(crate) server: bool,
    /// Its number, from 1.
    number: u8,
}

/// The nodes these options ask for.
pub(crate) fn nodes(site: Site, options: &Options) -> Vec<Node> {
    (1..=options.nodes)
        .map(|number| Node {
            name: format!("pi-{number}"),
            container: site.container(number),
            address: site.address(number),
            board: options.board(number).to_owned(),
            server: number == 1,
            number,
        })
        .collect()
}

impl Node {
    /// Whether a person means this node by that word.
    pub(crate) fn answers_to(&self, word: &str) -> bool {
        word == self.name || word == self.container || word == self.number.to_string()
    }

    /// Makes the node and powers it on.
    pub(crate) fn create(
        &self,
        engine: &Engine,
        site: Site,
        options: &Options,
        paths: &Paths,
        image: &str,
    ) -> Result<()> {
        for (volume, _) in VOLUMES {
            let name = self.volume(volume);
            engine.run(["volume", "create", "--label", site.label(), &name])?;
        }
        engine.run(self.run_args(site, options, paths, image)?).map(drop)
    }

    fn volume(&self, name: &str) -> String {
        format!("{}-{name}", self.container)
    }

    /// The arguments of `docker run`.
    fn run_args(
        &self,
        site: Site,
        options: &Options,
        paths: &Paths,
        image: &str,
    ) -> Result<Vec<String>> {
        let board = board::present(&self.board, options.memory_bytes)?;
        let mut args: Vec<String> = ["run", "--detach", "--tty"].map(str::to_owned).to_vec();
        let mut option = |name: &str, value: &str| args.push(format!("--{name}={value}"));
        // The image is made here: there is nobody to ask for its name.
        option("pull", "never");
        option("name", &self.container);
        option("label", site.label());
        option("network", NETWORK);
        option("ip", &self.address.to_string());
        option("hostname", "raspberrypi");
        for capability in CAPABILITIES {
            option("cap-add", capability);
        }
        option("security-opt", &format!("seccomp={}", text(&seccomp(paths)?)));
        option("security-opt", "apparmor=unconfined");
        option("cgroupns", "private");
        option("device", "/dev/kmsg");
        for tmpfs in ["/run", "/run/lock", "/tmp:exec"] {
            option("tmpfs", tmpfs);
        }
        let bytes = board.memory_bytes.to_string();
        option("memory", &bytes);
        option("memory-swap", &bytes);
        // A reboot is an end of PID 1 that nobody asked the engine for.
        option("restart", "unless-stopped");
        option("stop-signal", "SIGRTMIN+3");
        for (key, value) in [
            ("container", "docker"),
            ("LAB_MODEL", &board.model),
            ("LAB_COMPATIBLE", &board.compatible),
            ("LAB_MEMORY", &bytes),
            ("LAB_SUDO", options.sudo.as_str()),
            ("LAB_ROUTER", &ROUTER.to_string()),
            ("LAB_STACK", options.stack.as_str()),
        ] {
            option("env", &format!("{key}={value}"));
        }
        for (volume, place) in VOLUMES {
            option("volume", &format!("{}:{place}", self.volume(volume)));
        }
        option("volume", &format!("{}:/opt/lab/images:ro", text(&paths.images())));
        args.push(image.to_owned());
        Ok(args)
    }
}

/// The file that keeps a node from swapping on the machine's disks, setting
/// its clock and loading modules into its kernel.
fn seccomp(paths: &Paths) -> Result<PathBuf> {
    paths.source("node/seccomp.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sudo;

    fn args(options: &Options) -> Vec<String> {
        let paths = Paths::under(std::path::Path::new("/x"));
        let node = &nodes(Site::Main, options)[0];
        node.run_args(Site::Main, options, &paths, "image:1").unwrap()
    }

    #[test]
    fn the_first_node_is_the_server_and_all_have_addresses() {
        let options = Options { nodes: 4, ..Options::default() };
        let nodes = nodes(Site::Main, &options);
        let servers: Vec<bool> = nodes.iter().map(|node| node.server).collect();
        assert_eq!(servers, [true, false, false, false]);
        assert_eq!(nodes[3].address.to_string(), "10.99.0.14");
        assert!(["4", "pi-4", "terrarium-lab-4"].iter().all(|word| nodes[3].answers_to(word)));
        assert!(!nodes[3].answers_to("pi-1"));
    }

    #[test]
    fn a_node_is_a_pi_and_not_the_machine() {
        let args = args(&Options {
            boards: vec!["pi4-8gb".to_owned()],
            memory_bytes: Some(1 << 30),
            sudo: Sudo::Nopasswd,
            ..Options::default()
        });
        for wanted in [
            "--hostname=raspberrypi",
            "--ip=10.99.0.11",
            "--memory=1073741824",
            "--env=LAB_MODEL=Raspberry Pi 4 Model B Rev 1.0",
            "--env=LAB_SUDO=nopasswd",
            "--env=container=docker",
            "--volume=terrarium-lab-1-boot:/boot/firmware",
            "--volume=/x/cache/images:/opt/lab/images:ro",
            "--restart=unless-stopped",
        ] {
            assert!(args.iter().any(|arg| arg == wanted), "{wanted} in {args:#?}");
        }
        for never in ["--privileged", "SYS_MODULE", "SYS_TIME", "SYS_BOOT", "systempaths"] {
            assert!(args.iter().all(|arg| !arg.contains(never)), "{never}");
        }
        assert_eq!(args.last().unwrap(), "image:1");
    }

    #[test]
    fn the_machines_swap_clock_and_modules_are_out_of_reach() {
        let text = include_str!("../node/seccomp.json");
        let profile: serde_json::Value = serde_json::from_str(text).unwrap();
        let names = profile["syscalls"][0]["names"].as_array().unwrap();
        for call in ["swapon", "swapoff", "finit_module", "clock_settime", "kexec_load"] {
            assert!(names.iter().any(|name| name == call), "{call}");
        }
        assert_eq!(profile["syscalls"][0]["action"], "SCMP_ACT_ERRNO");
    }
}
