//! The systemd units k3s runs under, in substance those of its own installer.

use sha2::{Digest as _, Sha256 as Hasher};
use terrarium_inventory::Role;

use crate::paths;
use crate::sums::Sha256;

/// The environment variable by which a running k3s says which inputs it was
/// started with: read it from `/proc/<pid>/environ`.
///
/// Files on disk prove what the next start will use; only this proves what the
/// running process used. A run that wrote the files and was cut off before the
/// restart is seen, and mended, by the next.
pub const GENERATION: &str = "TERRARIUM_GENERATION";

/// The environment variable by which a running agent node says which join token it
/// was started with: the digest of the file. The token belongs to what a start is
/// made of, and is not known before the server runs.
pub const TOKEN_DIGEST: &str = "TERRARIUM_TOKEN";

/// The text of [`paths::TOKEN_MARK`] for the join token of this digest.
pub fn token_mark(token: &Sha256) -> String {
    format!("{TOKEN_DIGEST}={token}\n")
}

/// The digest over binary, `config.yaml` and unit that a start is made of.
pub fn generation(role: Role, binary: &Sha256, config: &str, data: &str) -> Sha256 {
    let unit = text(role, "", data);
    let mut hasher = Hasher::new();
    hasher.update(binary.bytes());
    // Lengths keep one input's end from passing for another's beginning.
    for part in [config, &unit] {
        let length: u64 = part.len().try_into().unwrap_or(u64::MAX);
        hasher.update(length.to_be_bytes());
        hasher.update(part.as_bytes());
    }
    Sha256::new(hasher.finalize().into())
}

/// The unit file's text for a part in the cluster, to be started with these
/// inputs ([`generation`]). Goes to [`paths::unit_file`]. `data` is where its data
/// really lies: [`paths::DATA`], or where links on the way there lead.
pub fn render(role: Role, generation: &Sha256, data: &str) -> String {
    text(role, &generation.to_string(), data)
}

/// The generation a process says it was started with, from its
/// `/proc/<pid>/environ` (NUL-separated). `None`: not started by us, or long ago.
pub fn generation_of(environ: &str) -> Option<Sha256> {
    environ
        .split('\0')
        .filter_map(|variable| variable.split_once('='))
        .find_map(|(name, value)| (name == GENERATION).then_some(value))
        .and_then(|value| Sha256::parse(value).ok())
}

fn text(role: Role, generation: &str, data: &str) -> String {
    let (description, command, environment) = match role {
        Role::Server => ("Lightweight Kubernetes (server)", "server", paths::SERVER_ENV),
        Role::Agent => ("Lightweight Kubernetes (agent node)", "agent", paths::AGENT_ENV),
    };
    let mark = match role {
        Role::Server => String::new(),
        Role::Agent => format!("EnvironmentFile=-{}\n", paths::TOKEN_MARK),
    };
    let binary = paths::BINARY;
    // systemd does not follow links.
    let linked = if data == paths::DATA { String::new() } else { format!(" {data}") };
    format!(
        "\
# Written by `provision`; put changes of your own into a drop-in.
[Unit]
Description={description}
Documentation=https://docs.k3s.io
Wants=network-online.target
# A certificate issued before the clock is set is not valid yet afterwards.
After=network-online.target time-sync.target
# Without the disk that its data is on it would start a cluster anew, on the card.
RequiresMountsFor={mounts}{linked}

[Install]
WantedBy=multi-user.target

[Service]
Type=notify
# What this k3s was started with: binary, config.yaml and this unit.
Environment={GENERATION}={generation}
{mark}\
# Proxies and the like, from an administrator.
EnvironmentFile=-/etc/default/%N
EnvironmentFile=-{environment}
# Containers outlive a restart of k3s.
KillMode=process
Delegate=yes
# Databases in pods inherit these. Where systemd may not raise a limit (inside a
# container) it settles for the hard limit there is.
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
# The first start unpacks k3s and its images: minutes on an SD card. Who starts
# it watches the journal and keeps the deadline.
TimeoutStartSec=0
Restart=always
RestartSec=5s
# Built in or already loaded on many kernels; k3s says so if one is truly missing.
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
# Everything else is in {config}.
ExecStart={binary} {command}
",
        config = paths::CONFIG,
        mounts = paths::DATA
    )
}

#[cfg(test)]
mod tests {
    use terrarium_inventory::Role::{Agent, Server};

    use super::{generation, generation_of, render};
    use crate::paths;
    use crate::sums::Sha256;

    const BINARY: Sha256 = Sha256::new([7; 32]);

    #[test]
    fn server_unit() {
        insta::assert_snapshot!(render(Server, &Sha256::new([0xab; 32]), paths::DATA), @r#"
        # Written by `provision`; put changes of your own into a drop-in.
        [Unit]
        Description=Lightweight Kubernetes (server)
        Documentation=https://docs.k3s.io
        Wants=network-online.target
        # A certificate issued before the clock is set is not valid yet afterwards.
        After=network-online.target time-sync.target
        # Without the disk that its data is on it would start a cluster anew, on the card.
        RequiresMountsFor=/var/lib/rancher/k3s

        [Install]
        WantedBy=multi-user.target

        [Service]
        Type=notify
        # What this k3s was started with: binary, config.yaml and this unit.
        Environment=TERRARIUM_GENERATION=abababababababababababababababababababababababababababababababab
        # Proxies and the like, from an administrator.
        EnvironmentFile=-/etc/default/%N
        EnvironmentFile=-/etc/systemd/system/k3s.service.env
        # Containers outlive a restart of k3s.
        KillMode=process
        Delegate=yes
        # Databases in pods inherit these. Where systemd may not raise a limit (inside a
        # container) it settles for the hard limit there is.
        LimitNOFILE=1048576
        LimitNPROC=infinity
        LimitCORE=infinity
        TasksMax=infinity
        # The first start unpacks k3s and its images: minutes on an SD card. Who starts
        # it watches the journal and keeps the deadline.
        TimeoutStartSec=0
        Restart=always
        RestartSec=5s
        # Built in or already loaded on many kernels; k3s says so if one is truly missing.
        ExecStartPre=-/sbin/modprobe br_netfilter
        ExecStartPre=-/sbin/modprobe overlay
        # Everything else is in /etc/rancher/k3s/config.yaml.
        ExecStart=/usr/local/bin/k3s server
        "#);
    }

    #[test]
    fn agent_differs_in_command_and_environment_only() {
        let digest = Sha256::new([1; 32]);
        let (server, agent) =
            (render(Server, &digest, paths::DATA), render(Agent, &digest, paths::DATA));
        let only = |one: &str, other: &str| -> Vec<String> {
            let other: Vec<&str> = other.lines().collect();
            one.lines().filter(|line| !other.contains(line)).map(str::to_owned).collect()
        };
        assert_eq!(
            only(&agent, &server),
            [
                "Description=Lightweight Kubernetes (agent node)",
                "EnvironmentFile=-/etc/rancher/k3s/cluster-token.env",
                "EnvironmentFile=-/etc/systemd/system/k3s-agent.service.env",
                "ExecStart=/usr/local/bin/k3s agent",
            ]
        );
        assert_eq!(only(&server, &agent).len(), 3);
    }

    #[test]
    fn each_input_changes_the_generation() {
        let base = generation(Server, &BINARY, "a: 1\n", paths::DATA);
        assert_eq!(base, generation(Server, &BINARY, "a: 1\n", paths::DATA));
        assert_ne!(base, generation(Agent, &BINARY, "a: 1\n", paths::DATA));
        assert_ne!(base, generation(Server, &Sha256::new([8; 32]), "a: 1\n", paths::DATA));
        assert_ne!(base, generation(Server, &BINARY, "a: 2\n", paths::DATA));
        assert_ne!(base, generation(Server, &BINARY, "a: 1\n", "/mnt/ssd/k3s"));
    }

    #[test]
    fn it_waits_for_the_disk_that_a_link_leads_to() {
        let unit = render(Server, &Sha256::new([1; 32]), "/mnt/ssd/k3s");
        let line = "\nRequiresMountsFor=/var/lib/rancher/k3s /mnt/ssd/k3s\n";
        assert!(unit.contains(line), "{unit}");
    }

    #[test]
    fn a_process_says_its_generation() {
        let digest = generation(Server, &BINARY, "", paths::DATA);
        let environ = format!("PATH=/bin\0TERRARIUM_GENERATION={digest}\0NOTIFY_SOCKET=/run/x\0");
        assert_eq!(generation_of(&environ), Some(digest));
        for none in ["", "PATH=/bin\0", "TERRARIUM_GENERATION=\0", "XTERRARIUM_GENERATION=1\0"] {
            assert_eq!(generation_of(none), None, "{none:?}");
        }
    }
}
