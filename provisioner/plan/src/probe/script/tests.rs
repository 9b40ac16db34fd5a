use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::systemd::tests::Fakes;

fn request() -> Request {
    let list = |item: &str| vec![item.to_owned()];
    Request {
        files: list("/etc/hostname"),
        units: list("ssh.service"),
        sysctls: list("vm.max_map_count"),
        modules: list("overlay"),
        packages: list("bash"),
        images: list("terrarium.invalid/source:0.1.0"),
        zones: list("Etc/UTC"),
        part: Part::Server(Queries::default()),
    }
}

#[test]
fn the_script_is_shell_that_parses() {
    let status =
        std::process::Command::new("sh").args(["-n", "-c", &script(&request())]).status().unwrap();
    assert!(status.success());
}

#[test]
fn the_reply_of_a_real_shell_can_be_read() {
    let reply =
        std::process::Command::new("sh").args(["-c", &script(&request())]).output().unwrap();
    let facts = super::super::parse(&String::from_utf8(reply.stdout).unwrap(), None).unwrap();
    assert_eq!(facts.machine, std::env::consts::ARCH);
    assert_eq!(facts.files["/etc/hostname"].sha256.len(), 64);
    assert!(facts.page_size >= 4096 && facts.memory_bytes > 0 && facts.boot_time > 0, "{facts:?}");
}

/// What the script for this part says of files in a folder that stands for
/// the node's own; `path=text`, `path->target` for a link.
fn said(part: Part, files: &[(&str, &str)]) -> Vec<String> {
    let root = tempfile::tempdir().unwrap();
    let at = |path: &str| root.path().join(path.trim_start_matches('/'));
    for (second, (path, text)) in (1_u64..).zip(files) {
        std::fs::create_dir_all(at(path).parent().unwrap()).unwrap();
        if let Some(target) = text.strip_prefix("->") {
            std::os::unix::fs::symlink(at(target), at(path)).unwrap();
            continue;
        }
        std::fs::write(at(path), text).unwrap();
        // What is named later was written later.
        let file = std::fs::File::options().write(true).open(at(path)).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(second)).unwrap();
    }
    let script = script(&Request { files: Vec::new(), part, ..request() });
    let start = script.rfind("packages bash").unwrap();
    let script = format!("{}{}", &script[..script.find("e machine").unwrap()], &script[start..]);
    let moved = script
        .replace("/etc/", &format!("{}/etc/", root.path().display()))
        .replace("/var/lib/", &format!("{}/var/lib/", root.path().display()));
    let output = std::process::Command::new("sh").args(["-c", &moved]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let own = ["agent_secret", "token", "handed_out", "server_token", "foreign_token"];
    text.lines()
        .filter(|line| own.contains(&line.split('\t').next().unwrap()))
        .map(|line| line.replace(root.path().to_str().unwrap(), ""))
        .collect()
}

#[test]
fn a_server_tells_of_its_join_token_and_of_no_other() {
    use terrarium_k3s::sums::Sha256;
    let server = || Part::Server(Queries::default());
    let hash = "a".repeat(64);
    let (admins, nodes) =
        (format!("K10{hash}::server:{hash}\n"), format!("K10{hash}::node:{hash}\n"));
    let digest = Sha256::of(nodes.as_bytes());
    let told = format!("{}\n", Sha256::of(admins.as_bytes()));
    let link = format!("->{}", paths::SERVER_TOKEN);
    let (secret, token, own) = (paths::AGENT_SECRET, paths::AGENT_TOKEN, paths::SERVER_TOKEN);
    let in_force = format!("token\t{digest}");
    for (files, expected) in [
        (vec![], vec!["agent_secret\tmissing"]),
        (vec![(own, &*admins), (token, &link)], vec!["agent_secret\tmissing"]),
        (vec![(secret, "")], vec!["agent_secret\tmissing"]),
        (vec![(secret, "x")], vec!["agent_secret\tpending"]),
        (vec![(token, &*nodes), (secret, "x")], vec!["agent_secret\tpending", &in_force]),
        (vec![(secret, "x"), (token, &*nodes)], vec!["agent_secret\tin-force", &in_force]),
        (vec![(secret, "x"), (token, &*admins)], vec!["agent_secret\tin-force"]),
        (
            vec![(own, &*admins), (paths::HANDED_OUT, &*told)],
            vec!["agent_secret\tmissing", "handed_out\tyes"],
        ),
        (vec![(own, &*nodes), (paths::HANDED_OUT, &*told)], vec!["agent_secret\tmissing"]),
    ] {
        assert_eq!(said(server(), &files), expected, "{files:?}");
    }
}

#[test]
fn an_agent_node_tells_where_it_holds_the_servers_token() {
    let (admins, nodes) = ("K10aa::server:x\n", "K10aa::node:x\n");
    let left = format!("{}.terrarium-new", paths::TOKEN);
    for (path, text, expected) in [
        (paths::TOKEN, nodes, None),
        (paths::TOKEN, admins, Some("server_token\t/etc/rancher/k3s/cluster-token".to_owned())),
        (&*left, admins, Some(format!("server_token\t{left}"))),
        (paths::AGENT_ENV, "# K3S_TOKEN=x\nHTTP_PROXY=y\n", None),
        (paths::AGENT_ENV, "K3S_TOKEN=x\n", Some(format!("foreign_token\t{}", paths::AGENT_ENV))),
    ] {
        let lines = said(Part::Agent, &[(path, text)]);
        assert_eq!(lines, expected.into_iter().collect::<Vec<_>>(), "{path} {text}");
    }
}

/// What a part of the script says, of files in a folder that stands for the
/// node's own and among these programs.
fn says(from: &str, to: &str, call: &str, files: &[(&str, &str)], fakes: &Fakes) -> Vec<String> {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path.trim_start_matches('/'));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let script = script(&request());
    let start = script.find(from).unwrap();
    let part = &script[start..start + script[start..].find(to).unwrap()];
    let part = ["/etc/", "/var/", "/run/"].iter().fold(part.to_owned(), |part, it| {
        part.replace(&format!(" {it}"), &format!(" {}{it}", root.path().display()))
    });
    let e = "e() { printf '%s\\t%s\\n' \"$1\" \"$2\"; }\nb() { printf '%s\\t' \"$1\"; tr -d '\\n'; echo; }\ncloud_busy() { false; }\n";
    let output = fakes.run(&format!("{e}{part}\n{call}"));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| line.replace(root.path().to_str().unwrap(), "")).collect()
}

#[test]
fn a_package_is_there_by_its_own_name_and_by_those_it_provides() {
    let fakes = Fakes::new();
    // As dpkg-query of Debian 12 prints them.
    let lines = "installed ok netcat-openbsd netcat\\ninstalled ok libc6 libc6-2.36, libcrypt-dev (= 2.36)\\n\
                 config-files ok ntp \\nunpacked ok vim editor, vim-runtime\\ninstalled reinstreq jq \\ninstalled ok htop \\n";
    fakes.otherwise("dpkg-query", &format!("printf '{lines}'"));
    let asked = "packages netcat libc6 libcrypt-dev ntp editor jq htop cat 2.36";
    let mut said = says("packages() {", "zones() {", asked, &[], &fakes);
    said.sort();
    let expected = ["htop", "libc6", "libcrypt-dev", "netcat"];
    assert_eq!(said, expected.map(|name| format!("package\t{name}")));
}

#[test]
fn a_k3s_that_lies_elsewhere_is_found_by_its_unit() {
    let fakes = Fakes::new();
    fakes.otherwise("k3s", "echo k3s version v1.36.0+k3s1");
    let at = fakes.path().display();
    let versions = |line: &str| {
        let unit = [("/etc/systemd/system/k3s.service", line)];
        let mut said = says("k3s=/usr", "digest() {", "", &unit, &fakes);
        said.retain(|line| line.starts_with("k3s\t"));
        said
    };
    let version = ["k3s\tk3s version v1.36.0+k3s1"];
    assert_eq!(versions(&format!("ExecStart={at}/k3s \\\n    server\n")), version);
    assert_eq!(versions(&format!("ExecStart=-\"{at}/k3s\" server\n")), version);
    assert!(versions("ExecStart=/nowhere/k3s server\n").is_empty());
    assert!(versions("ExecStart=/bin/sh server\n").is_empty());
}

#[test]
fn who_sets_a_host_name_or_time_zone_of_his_own_is_named() {
    let none: [&str; 0] = [];
    for (path, text, named) in [
        ("/etc/dhcpcd.conf", "# env force_hostname=YES\nhostname\n", &none[..]),
        ("/etc/dhcpcd.conf", "env force_hostname=YES\n", &["hostname"]),
        ("/etc/dhcp/dhclient-exit-hooks.d/name", "hostname \"$new_host_name\"\n", &["hostname"]),
        (
            "/etc/dhcp/dhclient-exit-hooks.d/name",
            "echo $new_host_name > /etc/hostname\n",
            &["hostname"],
        ),
        (
            "/etc/NetworkManager/dispatcher.d/10-name",
            "  hostnamectl set-hostname x\n",
            &["hostname"],
        ),
        (
            "/etc/NetworkManager/dispatcher.d/10-zone",
            "timedatectl set-timezone \"$z\"\n",
            &["timezone"],
        ),
        (
            "/etc/cron.d/zone",
            "@daily root ln -sf /usr/share/zoneinfo/UTC /etc/localtime\n",
            &["timezone"],
        ),
        // What Raspberry Pi OS has there itself.
        (
            "/etc/rc.local",
            "_IP=$(hostname -I) || true\nif [ \"$_IP\" ]; then printf x; fi\n",
            &none,
        ),
        ("/etc/dhcp/dhclient-exit-hooks.d/timesyncd", "SERVERS_FILE=/run/x\n# hostname x\n", &none),
        (
            "/etc/apt/apt.conf.d/50unattended-upgrades",
            "//Unattended-Upgrade::Automatic-Reboot \"true\";\n",
            &none,
        ),
        (
            "/etc/apt/apt.conf.d/50unattended-upgrades",
            "Unattended-Upgrade::Automatic-Reboot \"false\";\n",
            &none,
        ),
        (
            "/etc/apt/apt.conf.d/51mine",
            "  Unattended-Upgrade::Automatic-Reboot \"true\";\n",
            &["restart"],
        ),
    ] {
        let said = says("undone_by() {", "b hosts", "", &[(path, text)], &Fakes::new());
        let expected: Vec<String> =
            named.iter().map(|wish| format!("undone_by {wish}\t{path}")).collect();
        assert_eq!(said, expected, "{text}");
    }
}

#[test]
fn cloud_init_is_told_of_only_where_it_works() {
    let (cfg, user) = ("/etc/cloud/cloud.cfg", "/var/lib/cloud/instance/cloud-config.txt");
    let files = [
        ("/run/cloud-init/enabled", ""),
        (cfg, "preserve_hostname: false\nusers: [s3cret]\n"),
        (user, "password: s3cret\npreserve_hostname: false\n"),
    ];
    let say = |files: &[(&str, &str)]| {
        says("if [ -e /run/cloud-init", "undone_by() {", "", files, &Fakes::new())
    };
    let cloud = format!("cloud {cfg}\tpreserve_hostname: false");
    assert_eq!(say(&files), ["cloud_busy\tno", &cloud, "cloud_says\tpreserve_hostname"]);
    let off = [&files[..], &[("/etc/cloud/cloud-init.disabled", "")]].concat();
    assert!(say(&off).is_empty() && say(&files[1..]).is_empty());
}
