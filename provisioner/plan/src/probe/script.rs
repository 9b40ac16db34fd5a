//! The probe's script: POSIX sh, run as root, one `key<TAB>value` a line.

use std::fmt::Write as _;

use terrarium_k3s::paths;

use super::{Part, Queries, Request, cluster, existing, places};
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
    let mut script = format!(
        "{HEAD}busy_until=$(($(uptime_s) + {BUSY_S}))\n{}{}{}{COMMON}",
        cloud::BUSY,
        places::FUNCTIONS,
        existing::functions()
    );
    let lists = [
        ("files", &request.files),
        ("units", &request.units),
        ("sysctls", &request.sysctls),
        ("modules", &request.modules),
        ("packages", &request.packages),
        ("images", &request.images),
        ("zones", &request.zones),
    ];
    script.push_str(&places::calls());
    script.push_str("existing\n");
    for (function, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        let _ = writeln!(script, "{function} {}", words(list));
    }
    match &request.part {
        Part::Server(queries) => {
            let paths = [
                ("@SECRET@", paths::AGENT_SECRET),
                ("@AGENT_TOKEN@", paths::AGENT_TOKEN),
                ("@SERVER_TOKEN@", paths::SERVER_TOKEN),
                ("@HANDED_OUT@", paths::HANDED_OUT),
            ];
            script.push_str(&with(SERVER, &paths));
            script.push_str(&cluster::script(queries));
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
        .replace("@DATA@", paths::DATA)
        .replace("@PIN@", label)
        .replace("@PINNED@", value)
        .replace("@NAMESPACE@", NAMESPACE)
        .replace("@SHOWN@", LoginPart::Certificate.path())
        .replace("@LOGIN@", SECRET)
}

/// The script that answers what is asked about the stack, and nothing else: its reply
/// is read as that of the whole probe.
pub fn stack_script(queries: &Queries) -> String {
    format!("{HEAD}{}e now \"$(date +%s)\"\n", cluster::script(queries))
        .replace("@NAMESPACE@", NAMESPACE)
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

const HEAD: &str = r#"LC_ALL=C; export LC_ALL
e() { printf '%s\t%s\n' "$1" "$2"; }
b() { printf '%s\t' "$1"; base64 -w0; echo; }
"#;

const COMMON: &str = r#"e machine "$(uname -m)"
e bits "$(getconf LONG_BIT)"
e kernel "$(uname -r)"
e page_size "$(getconf PAGE_SIZE)"
e model "$(tr -d '\0' 2>/dev/null </sys/firmware/devicetree/base/model)"
e os "$(. /etc/os-release; printf %s "$PRETTY_NAME")"
e memory_kib "$(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo)"
d=$(near @DATA@)
e disk_kib "$(df -Pk "$d" | awk 'NR==2 {print $4}')"
e data_device "$(findmnt -nvo SOURCE -T "$d")"
e cpu_features "$(sed -n 's/^Features[[:space:]]*: *//p' /proc/cpuinfo | head -n 1)"
e cpus "$(getconf _NPROCESSORS_ONLN)"
e hostname "$(uname -n)"
# As systemd reads it: the first line that is no comment.
e static_hostname "$(sed 's/^[[:space:]]*//; /^#/d; /^$/d; s/[[:space:]]*$//; q' /etc/hostname 2>/dev/null | tr -c '[:alnum:]._\n-' '?')"
e kernel_cmdline "$(cat /proc/cmdline)"
e machine_id "$(cat /etc/machine-id 2>/dev/null)"
set -- $(sed 's/.*) //' /proc/1/stat)
e boot "$(cat /proc/sys/kernel/random/boot_id)/${20}"
e boot_time "$(awk -v now="$(date +%s)" -v ticks="${20}" -v hz="$(getconf CLK_TCK)" '{printf "%d", now - $1 + ticks / hz}' /proc/uptime)"
[ -r /sys/fs/cgroup/cgroup.controllers ] && e controllers "$(cat /sys/fs/cgroup/cgroup.controllers)"
[ -r /proc/pressure/memory ] && e pressure yes
# timesyncd's own mark first: timedatectl starts a service to answer.
if [ -e /run/systemd/timesync/synchronized ]; then e ntp yes
elif systemctl is-active --quiet systemd-timesyncd.service; then e ntp no
else e ntp "$(timedatectl show -p NTPSynchronized --value 2>/dev/null)"; fi
# No such file means UTC.
if [ -e /etc/localtime ]; then z=/etc/localtime; else z=/usr/share/zoneinfo/UTC; fi
e timezone "$(readlink -f "$z" | sed 's,.*/zoneinfo/,,')"
[ -e /etc/rpi/swap.conf ] && e swap_by rpi-swap
systemctl is-enabled --quiet dphys-swapfile.service 2>/dev/null && e swap_by dphys-swapfile
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
# Somebody else's may lie elsewhere: its unit says where.
k3s=/usr/local/bin/k3s
[ -x "$k3s" ] || k3s=$(cat /etc/systemd/system/k3s*.service /usr/local/lib/systemd/system/k3s*.service /usr/lib/systemd/system/k3s*.service 2>/dev/null | sed -n 's/^ExecStart=[-@:+!]*"\{0,1\}\(\/[^ "]*\/k3s\)[ "].*/\1/p' | head -n 1)
[ -n "$k3s" ] && [ -x "$k3s" ] && e k3s "$(timeout 20 "$k3s" --version 2>/dev/null | head -n 1)"
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
"#;

const AGENT: &str = r#"certificates @SHOWN@ /var/lib/rancher/k3s/agent/*.crt
for f in @TOKEN@ @TOKEN@.terrarium-new; do grep -qs '::server:' "$f" && e server_token "$f"; done
for f in /etc/default/k3s-agent @ENV@; do grep -qsE '^[[:space:]]*K3S_TOKEN' "$f" && e foreign_token "$f"; done
"#;

#[cfg(test)]
mod tests;
