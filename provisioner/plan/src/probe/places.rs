//! What the probe asks about where things are kept: file systems, swap, files of
//! people and of the boot partition. And how the answers are read.

use super::parse::{ProbeError, bytes, number, seen, word};
use crate::os::{boot, storage};
use crate::{Facts, Mount, SwapService, SwapUnit};

/// The calls of [`FUNCTIONS`].
pub(super) fn calls() -> String {
    format!(
        "boot {}\nswaps\nmounts {}\nunmounted\n",
        boot::FOLDERS.join(" "),
        storage::places().join(" ")
    )
}

/// Functions in POSIX sh that write lines of the reply.
pub(super) const FUNCTIONS: &str = r#"# A place, or what is there of the way to it, without links.
near() { q=$(readlink -m "$1"); while [ ! -e "$q" ]; do q=${q%/*}; q=${q:-/}; done; printf %s "$q"; }
# What swaps, and what makes it: lines, units, and services whose program is a
# script (or whose command) calls swapon.
swaps() {
  awk 'NR>1 {print "swap\t" $1}' /proc/swaps
  [ -f /etc/fstab ] && b fstab </etc/fstab
  n() { systemctl "$@" --plain --no-legend --full 2>/dev/null | awk '{print $1}'; }
  { n list-units --all --type=swap; n list-unit-files --type=swap; } | sort -u | while read -r u; do
    a='' l='' s='' f='' g='' w=''
    while IFS='=' read -r k v; do case $k in ActiveState) a=$v;; LoadState) l=$v;; UnitFileState) s=$v;; FragmentPath) f=$v;; SourcePath) g=$v;; What) w=$v;; esac; done <<X
$(systemctl show -p ActiveState -p LoadState -p UnitFileState -p FragmentPath -p SourcePath -p What "$u")
X
    [ "$l" = loaded ] && [ -n "$f" ] && e "swap_unit $u" "$a ${s:--} $f ${g:--} $w"
  done
  set -f
  x=$(n list-unit-files --type=service --state=enabled,enabled-runtime,generated | grep -v '@\.')
  x=$([ -z "$x" ] || systemctl show -p Id -p ExecStart -p ExecStop $x 2>/dev/null | awk '
    function all() { if (i != "") print i t; i = t = "" }
    /^Id=/ {i = substr($0, 4)} /^Exec/ {t = t " " $0} /^$/ {all()} END {all()}')
  # Scripts only: a program of many megabytes is not searched.
  g=" $(printf '%s\n' "$x" | tr ' ;=' '\n' | grep '^/' | sort -u | xargs -r grep -Ils . /dev/null | tr '\n' ' ')"
  printf '%s\n' "$x" | while read -r u t; do
    f='' c=''
    case $t in *swapon*) f='its own command';; esac
    for w in $(printf '%s\n' "$t" | tr ' ;=' '\n' | grep '^/' | sort -u); do
      case $g in *" $w "*) ;; *) continue;; esac
      p=$(grep -v '^[[:space:]]*#' "$w"); c="$c $p"
      case $p in *swapon*) f=$w;; esac
    done
    [ -n "$f" ] || continue
    o=more
    case "$t $c" in *swapoff*) printf '%s\n' "$t $c" | grep -qw mount || o=only;; esac
    e swap_service "$u $o $f"
  done
  set +f
  for f in /etc/crontab /etc/cron.d/* /var/spool/cron/crontabs/* /etc/udev/rules.d/*; do
    grep -qs '^[^#]*swapon' "$f" && e swap_script "$f"
  done; :
}
# The file system under each place, and what it does not do.
mounts() {
  for p; do
    o=$(findmnt -nr -o OPTIONS -T "$(near "$p")" | tail -n 1)
    set -- $(findmnt -nr -o TARGET,FSTYPE,SOURCE -T "$(near "$p")" | tail -n 1)
    [ $# -ge 2 ] || continue
    f=rw
    case ,$o, in *,ro,*) f=ro;; esac
    case ,$o, in *,noexec,*) f=$f,noexec;; esac
    if [ "$2" = overlay ]; then
      u=$(printf '%s\n' "$o" | sed -n 's/.*upperdir=\([^,]*\).*/\1/p')
      k=overlay
      [ -z "$u" ] || [ ! -d "$u" ] || k=$(findmnt -nr -o FSTYPE -T "$u" | tail -n 1)
      case $k in
        tmpfs|ramfs) f=$f,forgets;;
        # What is above the root cannot be seen. A container's engine keeps it on a disk.
        overlay) [ -e /.dockerenv ] || [ -e /run/.containerenv ] || case $o in
          */docker/*|*/containerd/*|*/containers/*) ;;
          *) f=$f,forgets;;
          esac;;
      esac
    fi
    e "mount $p" "$1 $2 $f $(printf %s "${3:--}" | head -c 200)"
  done
}
unmounted() {
  { awk '$1 !~ /^#/ && $2 ~ /^\/./ {print $2}' /etc/fstab
    systemctl list-units --all --type=mount --state=inactive,failed --plain --no-legend | awk '{print $1}' |
      while read -r u; do systemctl show -p Where --value "$u"; done
  } 2>/dev/null | sort -u | while IFS= read -r p; do
    p=$(printf '%b' "$(printf '%s\n' "$p" | sed 's/\\\([0-7]\{3\}\)/\\0\1/g')")
    [ "${p#/}" = "$p" ] || mountpoint -q "$p" || e unmounted "$p"
  done
  for p in /var /var/lib /var/lib/rancher @DATA@; do [ -L "$p" ] && [ ! -e "$p" ] && e dangling "$p"; done
  e data_path "$(readlink -m @DATA@)"
  v=$(cat /etc/overlayroot.conf /etc/overlayroot.local.conf 2>/dev/null | sed -n "s/^[[:space:]]*overlayroot=//p" | tail -n 1 | tr -d "\"'")
  [ -n "$v" ] && e overlayroot "$v"
  e log_kib "$(df -Pk /var/log | awk 'NR==2 {print $2}')"
}
# config.txt, what it includes, and every file that these may name for the kernel's line.
boot() {
  f=/sys/firmware/devicetree/base/chosen/os_prefix
  [ -e "$f" ] && e os_prefix "$(tr -d '\0' <"$f")"
  set -f
  for d; do
    set -- config.txt; n=0 p='' l=cmdline.txt
    while [ $# -gt 0 ] && [ $n -lt 16 ]; do
      c=$d/$1; shift; n=$((n + 1))
      case $c in *..*) continue;; esac
      [ -f "$c" ] || continue
      head -c 65536 "$c" | b "boot_config $c"
      v() { tr -d '\r' <"$c" | sed -n "s/^[[:space:]]*$1[[:space:]]*[= ][[:space:]]*\([^[:space:]]*\).*/\1/p" | head -n 8; }
      set -- "$@" $(v include); p="$p $(v os_prefix)"; l="$l $(v cmdline)"
    done
    for o in '' $p; do for f in $l; do
      f=$d/$o$f
      case $f in *..*) continue;; esac
      [ -f "$f" ] && head -c 65536 "$f" | b "cmdline $f" && files "$f"
    done; done
  done
  set +f
}
"#;

/// A fact of one value.
pub(super) fn fact(facts: &mut Facts, key: &str, value: &str) -> Result<(), ProbeError> {
    match key {
        "swap_by" => facts.swap.mechanisms.push(word(key, value, "")?),
        "swap" => facts.swap.active.push(seen(key, value)?),
        "swap_service" => {
            let text = seen(key, value)?;
            let mut words = text.splitn(3, ' ').map(str::to_owned);
            let mut word = || words.next().unwrap_or_default();
            let (unit, only, program) = (word(), word() == "only", word());
            facts.swap.services.push(SwapService { unit, only, program });
        }
        "swap_script" => facts.swap.scripts.push(seen(key, value)?),
        "hosts" => facts.hosts = bytes(key, value)?,
        "fstab" => facts.fstab = bytes(key, value)?,
        "unmounted" => facts.unmounted.push(seen(key, value)?),
        "data_path" => facts.data_path = Some(seen(key, value)?),
        "dangling" => facts.dangling = Some(seen(key, value)?),
        "overlayroot" => facts.overlayroot = Some(seen(key, value)?),
        "log_kib" => facts.log_bytes = Some(number::<u64>(key, value)?.saturating_mul(1024)),
        "os_prefix" => facts.os_prefix = Some(word(key, value, "/")?),
        _ => {}
    }
    Ok(())
}

/// A fact about one named thing.
pub(super) fn about(
    facts: &mut Facts,
    kind: &str,
    name: &str,
    value: &str,
) -> Result<(), ProbeError> {
    let name = seen(kind, name)?;
    let mut words = value.split_whitespace();
    let mut word = || words.next().unwrap_or_default().to_owned();
    match kind {
        "cmdline" => {
            facts.cmdlines.insert(name.clone(), bytes(&name, value)?);
        }
        "boot_config" => {
            facts.boot_configs.insert(name.clone(), bytes(&name, value)?);
        }
        "swap_unit" => {
            seen(&name, value)?;
            let (active, enabled) = (word() == "active", word() == "enabled");
            let (fragment, source, what) = (word(), word(), word());
            facts.swap.units.push(SwapUnit { name, active, enabled, fragment, source, what });
        }
        "mount" => {
            seen(&name, value)?;
            let (target, kind, flags, source) = (word(), word(), word(), word());
            let flag = |name: &str| flags.split(',').any(|flag| flag == name);
            let (read_only, no_exec, forgets) = (flag("ro"), flag("noexec"), flag("forgets"));
            let mount = Mount { target, kind, source, read_only, no_exec, forgets };
            facts.mounts.insert(name, mount);
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests;
