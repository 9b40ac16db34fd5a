//! The probe's script: POSIX sh, run as root, one `key<TAB>value` a line.

use std::fmt::Write as _;

use terrarium_k3s::paths;

use super::{Part, Request};
use crate::action::DIGESTS;
use crate::agent::login::{LoginPart, SECRET};
use crate::image::PINNED;
use crate::namespace::NAMESPACE;
use crate::os::cloud;
use crate::quote;
use crate::systemd::{UNANSWERED, patient};

/// Seconds of a probe that a busy systemd is waited for.
const BUSY_S: u32 = 60;

/// The script that answers the request.
pub fn script(request: &Request) -> String {
    let words = |list: &[String]| list.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ");
    let mut script = format!("busy_until=$(($(uptime_s) + {BUSY_S}))\n{}{COMMON}", cloud::BUSY);
    let lists = [
        ("files", &request.files),
        ("units", &request.units),
        ("sysctls", &request.sysctls),
        ("modules", &request.modules),
        ("packages", &request.packages),
        ("images", &request.images),
        ("zones", &request.zones),
    ];
    for (function, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        let _ = writeln!(script, "{function} {}", words(list));
    }
    match &request.part {
        Part::Server(releases) => {
            let paths = [
                ("@SECRET@", paths::AGENT_SECRET),
                ("@AGENT_TOKEN@", paths::AGENT_TOKEN),
                ("@SERVER_TOKEN@", paths::SERVER_TOKEN),
                ("@HANDED_OUT@", paths::HANDED_OUT),
                ("@RELEASES@", &words(releases)),
            ];
            script.push_str(&with(SERVER, &paths));
        }
        Part::Agent => {
            let paths = [("@TOKEN@", paths::TOKEN), ("@ENV@", paths::AGENT_ENV)];
            script.push_str(&with(AGENT, &paths));
        }
    }
    // What was not answered is not there in this reply, which is worth nothing then.
    let _ = writeln!(
        script,
        "systemctl show -p Version >/dev/null\n[ \"$?\" != {UNANSWERED} ] || exit {UNANSWERED}"
    );
    // Last, so that nothing slow lies between reading the clock and its
    // arrival; its presence also shows that the reply is whole.
    // Whole seconds: parts of them have other forms in each userland.
    script.push_str("e now \"$(date +%s)\"\n");
    let (label, value) = PINNED;
    patient(&script)
        .replace("@EXCERPT@", EXCERPT)
        .replace("@DIGESTS@", DIGESTS)
        .replace("@PIN@", label)
        .replace("@PINNED@", value)
        .replace("@NAMESPACE@", NAMESPACE)
        .replace("@SHOWN@", LoginPart::Certificate.path())
        .replace("@LOGIN@", SECRET)
}

fn with(script: &str, names: &[(&str, &str)]) -> String {
    names.iter().fold(script.to_owned(), |script, (name, text)| script.replace(name, text))
}

/// Of a file of cloud-init's, the two keys that are asked about.
const EXCERPT: &str = r#"awk '/^[^ \t#-]/ {on = /^["\047]?(cloud_init_modules|preserve_hostname)["\047]?[ \t]*:/} on && !/^---/'"#;

#[cfg(test)]
pub(crate) fn cloud_excerpt(file: &str) -> String {
    format!("{EXCERPT} {}", quote(file))
}

const COMMON: &str = r#"LC_ALL=C; export LC_ALL
e() { printf '%s\t%s\n' "$1" "$2"; }
b() { printf '%s\t' "$1"; base64 -w0; echo; }
e machine "$(uname -m)"
e bits "$(getconf LONG_BIT)"
e kernel "$(uname -r)"
e page_size "$(getconf PAGE_SIZE)"
e model "$(tr -d '\0' 2>/dev/null </sys/firmware/devicetree/base/model)"
e os "$(. /etc/os-release; printf %s "$PRETTY_NAME")"
e memory_kib "$(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo)"
e disk_kib "$(df -Pk /var/lib | awk 'NR==2 {print $4}')"
e data_device "$(findmnt -nvo SOURCE -T /var/lib)"
e cpu_features "$(sed -n 's/^Features[[:space:]]*: *//p' /proc/cpuinfo | head -n 1)"
e cpus "$(getconf _NPROCESSORS_ONLN)"
e hostname "$(uname -n)"
e static_hostname "$(head -n 1 /etc/hostname 2>/dev/null)"
e kernel_cmdline "$(cat /proc/cmdline)"
e machine_id "$(cat /etc/machine-id 2>/dev/null)"
set -- $(sed 's/.*) //' /proc/1/stat)
e boot "$(cat /proc/sys/kernel/random/boot_id)/${20}"
e boot_time "$(awk -v now="$(date +%s)" -v ticks="${20}" -v hz="$(getconf CLK_TCK)" '{printf "%d", now - $1 + ticks / hz}' /proc/uptime)"
[ -r /sys/fs/cgroup/cgroup.controllers ] && e controllers "$(cat /sys/fs/cgroup/cgroup.controllers)"
[ -r /proc/pressure/memory ] && e pressure yes
for f in /boot/firmware/cmdline.txt /boot/cmdline.txt; do [ -f "$f" ] && b "cmdline $f" <"$f"; done
# timesyncd's own mark first: timedatectl starts a service to answer.
if [ -e /run/systemd/timesync/synchronized ]; then e ntp yes
elif systemctl is-active --quiet systemd-timesyncd.service; then e ntp no
else e ntp "$(timedatectl show -p NTPSynchronized --value 2>/dev/null)"; fi
# No such file means UTC.
if [ -e /etc/localtime ]; then z=/etc/localtime; else z=/usr/share/zoneinfo/UTC; fi
e timezone "$(readlink -f "$z" | sed 's,.*/zoneinfo/,,')"
[ -e /etc/rpi/swap.conf ] && e swap_by rpi-swap
systemctl is-enabled --quiet dphys-swapfile.service 2>/dev/null && e swap_by dphys-swapfile
grep -Eq '^[^#[:space:]]+[[:space:]]+[^[:space:]]+[[:space:]]+swap[[:space:]]' /etc/fstab 2>/dev/null && e swap_by fstab
awk 'NR>1 {print "swap\t" $1}' /proc/swaps
# Of each file no more than is asked about: others have passwords in them.
if [ -e /run/cloud-init/enabled ] && [ ! -e /etc/cloud/cloud-init.disabled ]; then
  cloud_busy && e cloud_busy yes || e cloud_busy no
  for f in /etc/cloud/cloud.cfg /etc/cloud/cloud.cfg.d/*.cfg; do
    [ -f "$f" ] && @EXCERPT@ "$f" | head -c 16384 | b "cloud $f"
  done
  for k in 'cloud_init_modules:' 'preserve_hostname:[[:space:]]*([Ff]alse|[Nn]o|off|0)'; do
    grep -qsE "^$k" /var/lib/cloud/instance/cloud-config.txt && e cloud_says "${k%%:*}"
  done
fi
undone_by() {
  w=$1 x=$2; shift 2
  for f; do [ -f "$f" ] && grep -qE "$x" "$f" && e "undone_by $w" "$f"; done; :
}
undone_by hostname '^[[:space:]]*env[[:space:]]+force_hostname=([Yy]|[Tt]|1)' /etc/dhcpcd.conf
for w in 'hostname ^[^#]*(hostnamectl[[:space:]]+(set-)?hostname[[:space:]]|>[[:space:]]*/etc/hostname|(^|[[:space:];&|(/])hostname[[:space:]]+[^-|;&)[:space:]])' \
  'timezone ^[^#]*(timedatectl[[:space:]]+set-timezone|(ln|cp)[[:space:]].*/etc/localtime|tzupdate)'; do
  undone_by "${w%% *}" "${w#* }" /etc/rc.local /etc/dhcp/dhclient-enter-hooks.d/* /etc/dhcp/dhclient-exit-hooks.d/* /etc/dhcpcd.enter-hook /etc/dhcpcd.exit-hook \
    /etc/NetworkManager/dispatcher.d/* /etc/NetworkManager/dispatcher.d/*/* /etc/network/if-up.d/* /etc/cron.d/* /etc/cron.daily/* /var/spool/cron/crontabs/root
done
undone_by restart '^[^/#]*Unattended-Upgrade::Automatic-Reboot[[:space:]]+"true"' /etc/apt/apt.conf.d/*
b hosts </etc/hosts
ip -o addr show scope global | awk '{print $2, $4}' | while read -r i a; do e address "$i ${a%/*} $(cat "/sys/class/net/${i%@*}/address" 2>/dev/null)"; done
command -v ufw >/dev/null && ufw status 2>/dev/null | grep -q '^Status: active' && e ufw active
command -v vcgencmd >/dev/null && e throttled "$(vcgencmd get_throttled 2>/dev/null | sed 's/.*=//')"
[ -x /usr/local/bin/k3s ] && e k3s "$(/usr/local/bin/k3s --version 2>/dev/null | head -n 1)"
digest() {
  r=$(grep " $1\$" @DIGESTS@ 2>/dev/null)
  if [ -n "$r" ] && [ "${r#* }" = "$(stat -c '%s %Y %Z %i %n' "$1")" ]; then printf %s "${r%% *}"
  else s=$(sha256sum <"$1"); printf %s "${s%% *}"; fi
}
files() { for f; do [ -f "$f" ] && e "file $f" "$(digest "$f") $(stat -c '%a %U:%G %Y' "$f")"; done; :; }
units() {
  for u; do
    a='' l='' n='' p=0 m=0
    while IFS='=' read -r k v; do case $k in ActiveState) a=$v;; UnitFileState) l=$v;; NeedDaemonReload) n=$v;; MainPID) p=$v;; ExecMainStartTimestampMonotonic) m=$v;; esac; done <<X
$(systemctl show -p ActiveState -p UnitFileState -p NeedDaemonReload -p MainPID -p ExecMainStartTimestampMonotonic "$u")
X
    v=''
    [ "${p:-0}" -gt 0 ] && v=$(tr '\0' '\n' 2>/dev/null <"/proc/$p/environ" | grep '^TERRARIUM_')
    [ -n "$l" ] || continue
    e "unit $u" "$a $l $n $(printf '%s\n' "$v" | sed -n 's/^TERRARIUM_GENERATION=//p')"
    t=$(printf '%s\n' "$v" | sed -n 's/^TERRARIUM_TOKEN=//p')
    [ -n "$t" ] && e "unit_token $u" "$t"
    read -r up _ </proc/uptime
    m=$((${up%%.*} - ${m:-0} / 1000000))
    [ "${p:-0}" -gt 0 ] && [ "$m" -ge 0 ] && e "unit_age $u" "$m"
  done; :
}
# As at boot: of all files the last by name counts, and of one name that of /etc.
settings() {
  for f in /usr/lib/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf /run/sysctl.d/*.conf /etc/sysctl.d/*.conf; do
    [ -f "$f" ] && printf '%s %s\n' "${f##*/}" "$f"
  done | sort -s -k 1,1 | while read -r n f; do cat "$f"; echo; done
}
# The first of each file: what follows are those that signed it.
certificates() {
  for f; do [ -f "$f" ] && sed '/END CERTIFICATE/q' "$f" | head -c 16384 | b "certificate $f"; done; :
}
sysctls() {
  s=$(settings)
  for k; do
    f=/proc/sys/$(printf %s "$k" | tr . /)
    [ -r "$f" ] || continue
    e "sysctl $k" "$(cat "$f")"
    v=$(printf '%s\n' "$s" | sed -n "s/^[[:space:]]*-\{0,1\}$(printf %s "$k" | sed 's,\.,[./],g')[[:space:]]*=[[:space:]]*//p" | tail -n 1)
    e "boot_sysctl $k" "${v:-none}"
  done; :
}
modules() {
  for m; do
    if [ -e "/sys/module/$m/initstate" ]; then s=loaded
    elif [ -d "/sys/module/$m" ]; then s=built-in
    elif [ "$m" = br_netfilter ] && [ -d /proc/sys/net/bridge ]; then s=built-in
    elif grep -qw "$m" /proc/filesystems; then s=built-in
    elif modprobe -nq "$m" 2>/dev/null; then s=available
    else s=missing; fi
    e "module $m" "$s"
  done
}
images() {
  systemctl is-active --quiet k3s.service || systemctl is-active --quiet k3s-agent.service || return 0
  l=$(timeout 20 /usr/local/bin/k3s ctr images ls -q 'labels."@PIN@"==@PINNED@' 2>/dev/null)
  for i; do printf '%s\n' "$l" | grep -qxF "$i" && e image "$i"; done; :
}
# A name that several packages can stand for is there with any of them.
packages() {
  dpkg-query -W -f '${db:Status-Status} ${db:Status-Eflag} ${Package} ${Provides}\n' 2>/dev/null | awk -v names="$*" '
    BEGIN { n = split(names, list, " "); for (i = 1; i <= n; i++) asked[list[i]] }
    $1 == "installed" && $2 == "ok" { for (i = 3; i <= NF; i++) { sub(/,$/, "", $i); if ($i in asked) there[$i] } }
    END { for (name in there) print "package\t" name }'; :
}
zones() {
  for z; do
    if [ -f "/usr/share/zoneinfo/$z" ]; then e "zone $z" "$(readlink -f "/usr/share/zoneinfo/$z" | sed 's,.*/zoneinfo/,,')"
    else e "zone $z" missing; fi
  done; :
}
"#;

// Only k3s' own token for agent nodes is told of, and only by its digest: beside
// it lie `token` and `node-token`, which are the server's.
const SERVER: &str = r#"s=@SECRET@ t=@AGENT_TOKEN@ o=@SERVER_TOKEN@ h=@HANDED_OUT@
if [ ! -s "$s" ]; then e agent_secret missing
elif [ ! -e "$t" ] || [ "$s" -nt "$t" ]; then e agent_secret pending
else e agent_secret in-force; fi
[ ! -L "$t" ] && grep -q '^K10[0-9a-f]*::node:' "$t" 2>/dev/null && { d=$(sha256sum <"$t"); e token "${d%% *}"; }
[ -s "$h" ] && [ -s "$o" ] && { d=$(sha256sum <"$o"); [ "$(cat "$h")" = "${d%% *}" ] && e handed_out yes; }
certificates @SHOWN@ /var/lib/rancher/k3s/server/tls/*.crt /var/lib/rancher/k3s/server/tls/etcd/*.crt /var/lib/rancher/k3s/agent/*.crt
# What the API's port shows; the key beside it stays where it is.
f=/var/lib/rancher/k3s/server/tls/dynamic-cert.json
c=$(sed -n 's,.*"tls.crt":"\([A-Za-z0-9+/=]*\)".*,\1,p' "$f" 2>/dev/null | head -c 32768)
[ -n "$c" ] && e "certificate $f" "$c"
if systemctl is-active --quiet k3s.service; then
  k() { timeout 20 /usr/local/bin/k3s kubectl --request-timeout=15s "$@" 2>/dev/null; }
  n=$(k get nodes -o json) && printf %s "$n" | b nodes && k @RELEASES@ | b releases && e namespace "$(k get namespace @NAMESPACE@ --ignore-not-found -o go-template='{{.metadata.name}}{{range $k, $v := .metadata.labels}} {{$k}}={{$v}}{{end}}')"
  c=$(k get secret terrarium-tls --namespace @NAMESPACE@ --ignore-not-found -o go-template='{{index .data "tls.crt"}} {{if .metadata.annotations}}{{index .metadata.annotations "terrarium/renew-after"}}{{end}}')
  [ -n "$c" ] && e ingress "$c"
  h() { d=$(printf %s "$1" | base64 -d | sha256sum); printf %s "${d%% *}"; }
  c=$(k get secret @LOGIN@ --namespace @NAMESPACE@ --ignore-not-found -o go-template='{{index .data "password"}} {{index .data "ca.crt"}}')
  [ -n "$c" ] && e agent_login "$(h "${c%% *}") $(h "${c#* }")"
fi
"#;

const AGENT: &str = r#"certificates @SHOWN@ /var/lib/rancher/k3s/agent/*.crt
for f in @TOKEN@ @TOKEN@.terrarium-new; do grep -qs '::server:' "$f" && e server_token "$f"; done
for f in /etc/default/k3s-agent @ENV@; do grep -qsE '^[[:space:]]*K3S_TOKEN' "$f" && e foreign_token "$f"; done
"#;

#[cfg(test)]
mod tests {
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
            part: Part::Server(list("get")),
        }
    }

    #[test]
    fn the_script_is_shell_that_parses() {
        let status = std::process::Command::new("sh")
            .args(["-n", "-c", &script(&request())])
            .status()
            .unwrap();
        assert!(status.success());
    }

    #[test]
    fn the_reply_of_a_real_shell_can_be_read() {
        let reply =
            std::process::Command::new("sh").args(["-c", &script(&request())]).output().unwrap();
        let facts = super::super::parse(&String::from_utf8(reply.stdout).unwrap(), None).unwrap();
        assert_eq!(facts.machine, std::env::consts::ARCH);
        assert_eq!(facts.files["/etc/hostname"].sha256.len(), 64);
        assert!(
            facts.page_size >= 4096 && facts.memory_bytes > 0 && facts.boot_time > 0,
            "{facts:?}"
        );
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
        let script =
            format!("{}{}", &script[..script.find("e machine").unwrap()], &script[start..]);
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
        let server = || Part::Server(vec!["get".to_owned()]);
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
            (
                paths::AGENT_ENV,
                "K3S_TOKEN=x\n",
                Some(format!("foreign_token\t{}", paths::AGENT_ENV)),
            ),
        ] {
            let lines = said(Part::Agent, &[(path, text)]);
            assert_eq!(lines, expected.into_iter().collect::<Vec<_>>(), "{path} {text}");
        }
    }

    /// What a part of the script says, of files in a folder that stands for the
    /// node's own and among these programs.
    fn says(
        from: &str,
        to: &str,
        call: &str,
        files: &[(&str, &str)],
        fakes: &Fakes,
    ) -> Vec<String> {
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
    fn who_sets_a_host_name_or_time_zone_of_his_own_is_named() {
        let none: [&str; 0] = [];
        for (path, text, named) in [
            ("/etc/dhcpcd.conf", "# env force_hostname=YES\nhostname\n", &none[..]),
            ("/etc/dhcpcd.conf", "env force_hostname=YES\n", &["hostname"]),
            (
                "/etc/dhcp/dhclient-exit-hooks.d/name",
                "hostname \"$new_host_name\"\n",
                &["hostname"],
            ),
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
            (
                "/etc/dhcp/dhclient-exit-hooks.d/timesyncd",
                "SERVERS_FILE=/run/x\n# hostname x\n",
                &none,
            ),
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
}
