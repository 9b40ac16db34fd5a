//! The command line.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Args, Parser, Subcommand};

use terrarium_lab::{Extent, Lab, Options, Paths, Result, Site, Stack, Status, Sudo, parse_memory};

/// Virtual Raspberry Pis for tests and for trying things out.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Build what is missing and power the nodes on.
    Up(Up),
    /// Remove nodes, volumes, network and inventory.
    Down {
        /// Stop the lab's docker daemon as well.
        #[arg(long)]
        all: bool,
    },
    /// Make every node freshly flashed again.
    Reset,
    /// Show the nodes and whether the machine's kernel is as it was.
    Status {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Run a program in a node as root, a shell when none is given.
    Shell {
        /// The node: its name or number.
        node: String,
        /// The program and its arguments.
        #[arg(last = true)]
        program: Vec<String>,
    },
    /// Print the inventory of the nodes.
    Inventory,
    /// Cut a node's power.
    Kill {
        /// The node: its name or number.
        node: String,
    },
    /// Shut a node down in good order.
    Stop {
        /// The node: its name or number.
        node: String,
    },
    /// Have a node reboot itself and wait for it.
    Reboot {
        /// The node: its name or number.
        node: String,
    },
    /// Power a node on.
    Start {
        /// The node: its name or number.
        node: String,
    },
}

#[derive(Debug, Args)]
struct Up {
    /// How many nodes.
    #[arg(long, default_value_t = 3)]
    nodes: u8,
    /// How sudo treats the user `pi`.
    #[arg(long, value_enum, default_value = "password")]
    sudo: Sudo,
    /// Board ids, node by node; the last one goes on. Default: pi5-8gb.
    #[arg(long, num_args = 1.., value_delimiter = ',')]
    board: Vec<String>,
    /// Memory each node presents, such as 4GiB. Default: what its board has.
    #[arg(long, value_parser = parse_memory)]
    memory: Option<u64>,
    /// A k3s binary to use in place of the stand-in.
    #[arg(long)]
    k3s: Option<PathBuf>,
    /// Nodes alone: build no artifacts and no workload images.
    #[arg(long)]
    bare: bool,
    /// What the inventory wishes deployed.
    #[arg(long, value_enum, default_value = "starter")]
    stack: Stack,
}

impl From<Up> for Options {
    fn from(up: Up) -> Self {
        Self {
            nodes: up.nodes,
            sudo: up.sudo,
            boards: up.board,
            memory_bytes: up.memory,
            k3s: up.k3s,
            bare: up.bare,
            stack: up.stack,
        }
    }
}

/// Carries the command out.
pub(crate) fn run(cli: Cli) -> Result<ExitCode> {
    let paths = Paths::from_env()?;
    let site = Site::Main;
    let start = Instant::now();
    let mut progress =
        |line: &str| say(&format!("{:7.1} s  {line}", start.elapsed().as_secs_f64()));
    match cli.command {
        Verb::Up(up) => {
            let lab = Lab::up(paths, site, up.into(), &mut progress)?;
            progress(&format!("inventory: {}", lab.inventory_path().display()));
        }
        Verb::Down { all } => {
            let extent = if all { Extent::WithDaemon } else { Extent::Lab };
            Lab::down(&paths, site, extent, &mut progress)?;
        }
        Verb::Reset => Lab::open(paths, site)?.reset(&mut progress)?,
        Verb::Status { json } => {
            let status = Lab::open(paths, site)?.status()?;
            print(&if json { as_json(&status) } else { as_text(&status) });
        }
        Verb::Shell { node, program } => {
            let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
            let lab = Lab::open(paths, site)?;
            let status = lab.shell(&node, &program, terminal)?.status()?;
            let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
            return Ok(ExitCode::from(code));
        }
        Verb::Inventory => print(&Lab::open(paths, site)?.inventory()),
        Verb::Kill { node } => Lab::open(paths, site)?.kill(&node)?,
        Verb::Stop { node } => Lab::open(paths, site)?.stop(&node)?,
        Verb::Reboot { node } => Lab::open(paths, site)?.reboot(&node)?,
        Verb::Start { node } => Lab::open(paths, site)?.start(&node)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(status: &Status) -> String {
    serde_json::to_string_pretty(status).unwrap_or_default() + "\n"
}

fn as_text(status: &Status) -> String {
    let mut lines: Vec<String> = status
        .nodes
        .iter()
        .map(|node| {
            let system = node.system.as_deref().unwrap_or("-");
            let power = node.power.as_str();
            format!("{:6} {:12} {:16} {power:8} {system}", node.name, node.address, node.board)
        })
        .collect();
    lines.push(format!("inventory  {}", status.inventory));
    lines.push(match &status.docker_host {
        Some(host) => format!("docker     DOCKER_HOST={host}"),
        None => "docker     the machine's own daemon".to_owned(),
    });
    let compared = status.kernel_compared;
    lines.push(match status.kernel_changes.len() {
        0 => format!("kernel     unchanged: {compared} settings and cgroup mounts compared"),
        count => format!("kernel     {count} of {compared} settings and cgroup mounts changed:"),
    });
    for change in &status.kernel_changes {
        lines.push(format!("  {}: {} -> {}", change.what, change.before, change.after));
    }
    lines.join("\n") + "\n"
}

fn say(line: &str) {
    print(&format!("{line}\n"));
}

/// Prints; a reader that went away is no failure of ours.
fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use terrarium_lab::{Change, NodeStatus, Power};

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn up_takes_boards_and_memory() {
        let cli = Cli::try_parse_from([
            "lab",
            "up",
            "--nodes",
            "2",
            "--board",
            "pi5-8gb,pi4-4gb",
            "--memory",
            "2GiB",
        ]);
        let Verb::Up(up) = cli.unwrap().command else { panic!("not up") };
        let options = Options::from(up);
        assert_eq!(options.boards, ["pi5-8gb", "pi4-4gb"]);
        assert_eq!(options.memory_bytes, Some(2 << 30));
        assert!(Cli::try_parse_from(["lab", "up", "--memory", "much"]).is_err());
    }

    #[test]
    fn a_program_follows_two_dashes() {
        let cli = Cli::try_parse_from(["lab", "shell", "pi-1", "--", "ls", "-l"]).unwrap();
        let Verb::Shell { node, program } = cli.command else { panic!("not shell") };
        assert_eq!((node.as_str(), program), ("pi-1", vec!["ls".to_owned(), "-l".to_owned()]));
    }

    fn status(changes: Vec<Change>) -> Status {
        Status {
            docker_host: None,
            inventory: "/s/pis.toml".to_owned(),
            nodes: vec![NodeStatus {
                name: "pi-1".to_owned(),
                container: "terrarium-lab-1".to_owned(),
                address: "10.99.0.11".to_owned(),
                board: "pi5-8gb".to_owned(),
                power: Power::On,
                system: Some("running".to_owned()),
            }],
            kernel_compared: 900,
            kernel_changes: changes,
        }
    }

    #[test]
    fn a_changed_setting_is_shown() {
        assert!(as_text(&status(Vec::new())).contains("unchanged: 900"));
        let change = Change {
            what: "vm.swappiness".to_owned(),
            before: "60".to_owned(),
            after: "5".to_owned(),
        };
        let text = as_text(&status(vec![change]));
        assert!(text.contains("1 of 900") && text.contains("vm.swappiness: 60 -> 5"), "{text}");
        assert!(text.lines().all(|line| line.len() <= 80));
    }

    #[test]
    fn json_has_the_same() {
        let value: serde_json::Value = serde_json::from_str(&as_json(&status(Vec::new()))).unwrap();
        assert_eq!(value["nodes"][0]["power"], "on");
        assert_eq!(value["kernel_compared"], 900);
    }
}
