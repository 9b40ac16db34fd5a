//! A lab: bringing it up, resetting it, breaking it.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::daemon::Daemon;
use crate::docker::Engine;
use crate::node::{Node, nodes};
use crate::state::State;
use crate::status::{Phase, node_status, phase, power};
use crate::wait::{Look, until};
use crate::{
    Extent, LabError, Options, Paths, Power, Progress, Result, Site, Snapshot, Status, artifacts,
    command, image, inventory, network, removal,
};

const BOOT: Duration = Duration::from_mins(2);
/// New at each boot of a node.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
/// Looks in a row that see a container restart before it counts as broken: a
/// node that reboots is seen so once or twice.
const RESTARTS: u32 = 8;
const SSH_PORT: u16 = 22;
/// How long an orderly shutdown may take before the power goes, in seconds.
const SHUTDOWN: &str = "30";

/// A lab that has been brought up. Dropping the value leaves it up.
#[derive(Debug)]
pub struct Lab {
    paths: Paths,
    site: Site,
    options: Options,
    engine: Engine,
    nodes: Vec<Node>,
}

impl Lab {
    /// Builds what is missing and brings the lab up; nodes that are there stay
    /// as they are. Returns when every node answers on its SSH port.
    ///
    /// # Errors
    /// [`LabError::Locked`] while another command is at work, [`LabError::OtherLab`]
    /// when a lab of another shape is up, and whatever building and booting
    /// can meet.
    pub fn up(paths: Paths, site: Site, options: Options, progress: Progress<'_>) -> Result<Self> {
        options.check()?;
        let state = State::new(&paths);
        let _lock = state.lock()?;
        if let Some(present) = state.options()?
            && !present.same_nodes(&options)
        {
            return Err(LabError::OtherLab { present: present.to_string() });
        }
        state.note_kernel()?;
        let engine = Daemon::new(&paths).ensure(progress)?;
        let image = image::ensure(&paths, &engine, progress)?;
        artifacts::ensure(&paths, &options, progress)?;
        state.save_options(&options)?;
        let lab = Self::assemble(paths, site, options, engine);
        lab.write_inventory()?;
        network::ensure(&lab.engine)?;
        lab.power_all_on(&image, progress)?;
        Ok(lab)
    }

    /// The lab that is up already.
    ///
    /// # Errors
    /// [`LabError::NoLab`] when there is none.
    pub fn open(paths: Paths, site: Site) -> Result<Self> {
        let none = || LabError::NoLab { state: paths.state.clone() };
        let options = State::new(&paths).options()?.ok_or_else(none)?;
        let engine = Daemon::new(&paths).running()?.ok_or_else(none)?;
        Ok(Self::assemble(paths, site, options, engine))
    }

    fn assemble(paths: Paths, site: Site, options: Options, engine: Engine) -> Self {
        let nodes = nodes(site, &options);
        Self { paths, site, options, engine, nodes }
    }

    /// Takes a lab away, also what a crash has left of one; fine when there is none.
    pub fn down(paths: &Paths, site: Site, extent: Extent, progress: Progress<'_>) -> Result<()> {
        removal::remove(paths, site, extent, progress)
    }

    /// Makes every node anew, as freshly flashed, and waits until all answer.
    pub fn reset(&self, progress: Progress<'_>) -> Result<()> {
        let state = State::new(&self.paths);
        let _lock = state.lock()?;
        let image = image::ensure(&self.paths, &self.engine, progress)?;
        removal::remove_nodes(&self.engine, self.site)?;
        // New nodes have new host keys and no cluster.
        state.forget(&["known_hosts", "kubeconfig"])?;
        network::ensure(&self.engine)?;
        self.power_all_on(&image, progress)
    }

    /// Cuts a node's power: everything in it ends at once, without a goodbye.
    pub fn kill(&self, node: &str) -> Result<()> {
        let node = self.node(node)?;
        if phase(&self.engine, node)? == Phase::Running {
            self.engine.run(["kill", &node.container])?;
        }
        Ok(())
    }

    /// Shuts a node down in good order.
    pub fn stop(&self, node: &str) -> Result<()> {
        let container = &self.node(node)?.container;
        self.engine.run(["stop", "--time", SHUTDOWN, container]).map(drop)
    }

    /// Powers a node on and waits until it answers on its SSH port; fine when
    /// it is on already.
    pub fn start(&self, node: &str) -> Result<()> {
        let node = self.node(node)?;
        if power(&self.engine, node)? != Power::On {
            self.engine.run(["restart", "--time", "0", &node.container])?;
        }
        self.wait(node)
    }

    /// Has a node reboot itself and waits until it answers again, booted anew.
    pub fn reboot(&self, node: &str) -> Result<()> {
        let node = self.node(node)?;
        let boot = || self.engine.run(["exec", &node.container, "cat", BOOT_ID]);
        let before = boot()?;
        self.engine.run(["exec", &node.container, "systemctl", "reboot"])?;
        until(format!("node {} has rebooted", node.name), BOOT, || {
            // Between two boots there is nothing to run a program in.
            Ok(match boot() {
                Ok(after) if after != before => Look::Done(()),
                Ok(_) => Look::NotYet("it is still up".to_owned()),
                Err(error) => Look::NotYet(error.to_string()),
            })
        })?;
        self.wait(node)
    }

    /// Runs a program as root in a node and gives its standard output.
    pub fn exec(&self, node: &str, program: &[&str]) -> Result<String> {
        let container = self.node(node)?.container.as_str();
        self.engine.run(["exec", container].iter().chain(program))
    }

    /// The command that runs a program (or a shell, when none is given) as root
    /// in a node; `terminal` says whether there is one to hand on.
    pub fn shell(&self, node: &str, program: &[String], terminal: bool) -> Result<Command> {
        let mut args = vec!["exec", if terminal { "-it" } else { "-i" }];
        args.push(&self.node(node)?.container);
        if program.is_empty() {
            args.extend(["bash", "-l"]);
        }
        args.extend(program.iter().map(String::as_str));
        Ok(self.engine.command(args))
    }

    /// The address of the n-th node, counted from 1.
    pub fn node_ip(&self, number: u8) -> Ipv4Addr {
        self.site.address(number)
    }

    /// The inventory of this lab's nodes.
    pub fn inventory_path(&self) -> PathBuf {
        State::new(&self.paths).file("pis.toml")
    }

    /// The text of that inventory.
    pub fn inventory(&self) -> String {
        let boards = self.options.memory_bytes.is_none();
        let pins = artifacts::pins(&self.paths);
        let mirror = self.paths.artifacts();
        inventory::render(&self.nodes, &mirror, &pins, boards, self.options.stack)
    }

    /// What the lab looks like now.
    pub fn status(&self) -> Result<Status> {
        let before = State::new(&self.paths).kernel()?.unwrap_or_default();
        let nodes = self.nodes.iter().map(|node| node_status(&self.engine, node));
        Ok(Status {
            docker_host: self.engine.host().map(str::to_owned),
            inventory: self.inventory_path().display().to_string(),
            nodes: nodes.collect::<Result<_>>()?,
            kernel_compared: before.len(),
            kernel_changes: before.changes(&Snapshot::take()?),
        })
    }

    fn node(&self, word: &str) -> Result<&Node> {
        self.nodes.iter().find(|node| node.answers_to(word)).ok_or_else(|| {
            let known: Vec<&str> = self.nodes.iter().map(|node| node.name.as_str()).collect();
            LabError::NoNode { name: word.to_owned(), known: known.join(", ") }
        })
    }

    fn write_inventory(&self) -> Result<()> {
        let state = State::new(&self.paths);
        state.write_private("password", &format!("{}\n", inventory::PASSWORD))?;
        Ok(fs_err::write(self.inventory_path(), self.inventory())?)
    }

    fn power_all_on(&self, image: &str, progress: Progress<'_>) -> Result<()> {
        for node in &self.nodes {
            match power(&self.engine, node)? {
                Power::Missing => {
                    node.create(&self.engine, self.site, &self.options, &self.paths, image)?;
                }
                Power::Off => {
                    self.engine.run(["restart", "--time", "0", &node.container])?;
                }
                Power::On => {}
            }
        }
        for node in &self.nodes {
            self.wait(node)?;
            progress(&format!("{}: {} answers", node.name, node.address));
        }
        Ok(())
    }

    fn wait(&self, node: &Node) -> Result<()> {
        let what = format!("node {} answers on port {SSH_PORT}", node.name);
        let mut restarts = 0;
        until(what, BOOT, || {
            let Err(error) = greeting(node.address) else { return Ok(Look::Done(())) };
            restarts = match phase(&self.engine, node)? {
                Phase::Running => 0,
                Phase::Restarting => restarts + 1,
                Phase::Ended | Phase::Missing => RESTARTS,
            };
            if restarts < RESTARTS {
                return Ok(Look::NotYet(error.to_string()));
            }
            Err(LabError::NodeDied {
                node: node.name.clone(),
                output: command::tail(&self.engine.run(["logs", &node.container])?),
            })
        })
    }
}

/// Whether an SSH server greets at that address.
fn greeting(address: Ipv4Addr) -> std::io::Result<()> {
    let patience = Duration::from_secs(2);
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from((address, SSH_PORT)), patience)?;
    stream.set_read_timeout(Some(patience))?;
    let mut start = [0; 4];
    stream.read_exact(&mut start)?;
    if &start == b"SSH-" { Ok(()) } else { Err(std::io::Error::other("not an SSH server")) }
}
