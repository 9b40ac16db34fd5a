//! What the probe asks about a Kubernetes that is on the node. And how the answers
//! are read.

use terrarium_k3s::{paths, told};

use super::parse::{ProbeError, bytes, seen, word};
use crate::Facts;

/// Functions in POSIX sh that write lines of the reply. Secrets are taken out of
/// files before they are said: values of options with such names, what looks like a
/// token or has a login in it.
pub(super) fn functions() -> String {
    FUNCTIONS.replace("@MARK@", paths::CLUSTER_MARK).replace("@MARKED@", told::MARKED)
}

const FUNCTIONS: &str = r##"masked() {
  head -c 65536 "$2" | awk -v kind="${1#k3s_}" '
    function secret(k) {
      k = tolower(k); gsub(/_/, "-", k); gsub(/secrets-encryption|[a-z-]*-file|(runtime|image)[a-z-]*-endpoint/, "", k)
      return k ~ /token|secret|passw|access-key|endpoint|vpn-auth|credential/ || k ~ /^-t(=|$)/
    }
    function bare(w) { gsub(/["\047]/, "", w); return w }
    function quote(c) { return c == "\"" || c == "\047" }
    # A value begins: whether it goes on in the words that follow, up to which sign.
    function take(v) {
      q = substr(v, 1, 1)
      hide = quote(q) ? (length(v) == 1 || substr(v, length(v)) != q ? 2 : 0) : v ~ /\\$/
    }
    # A word of a command line or of a variable.
    function part(w,  p, c, m) {
      if (hide == 2) { if (index(w, q)) hide = 0; return "" }
      if (hide == 1) { take(w); return "(hidden)" }
      if (!secret(bare(w))) return w
      p = index(w, "=")
      if (tolower(w) ~ /^environment=/) { m = index(substr(w, p + 1), "="); p = m ? p + m : 0 }
      if (p == 0) { hide = bare(w) ~ /^-/; return w }
      m = substr(w, 1, p); gsub(/[^"\047]/, "", m)
      c = length(m) % 2 ? substr(m, length(m)) : ""
      take(c substr(w, p + 1))
      return substr(w, 1, p) "(hidden)" c
    }
    # A variable: all behind its name is the value, on further lines too.
    function variable(  v) {
      if (held == "\\") { if ($0 !~ /\\$/) held = ""; return }
      if (held != "") { if (index($0, held)) held = ""; return }
      if (!match($0, /^[ \t]*[A-Za-z_ \t]*[A-Za-z0-9_]*=/)) { print secret($0) ? "# (hidden)" : $0; return }
      if (!secret(substr($0, 1, RLENGTH))) { print; return }
      print substr($0, 1, RLENGTH) "(hidden)"
      v = substr($0, RLENGTH + 1); q = substr(v, 1, 1)
      if (quote(q)) { if (!index(substr(v, 2), q)) held = q }
      else if (v ~ /\\$/) held = "\\"
    }
    {
      gsub(/K10[0-9a-f]*::[^ "\047]*/, "(hidden)"); gsub(/:\/\/[^ "\047]*@/, "://(hidden)@")
      if (held == "" && $0 ~ /^[ \t]*[#;]/) { if (!block) print secret($0) ? "# (hidden)" : $0; next }
      if (kind == "env") { variable(); next }
      if (kind != "config") {
        line = ""
        for (i = 1; i <= NF; i++) {
          w = $i; end = ""
          if (i == NF && w ~ /\\$/) { w = substr(w, 1, length(w) - 1); end = "\\" }
          line = line (i > 1 ? " " : "") (w == "" ? "" : part(w)) end
        }
        if ($0 !~ /\\$/) hide = 0
        print line; next
      }
      # Of a list only what is further in belongs to the item that is hidden.
      if (block && ($0 ~ /^[ \t\r]*$/ || block == 1 && $0 ~ /^[ \t-]/ || block == 2 && $0 ~ /^[ \t]+[^ \t-]/)) next
      block = 0
      if ($0 ~ /^[ \t]*["\047]?[A-Za-z0-9_.+-]+["\047]?[ \t]*:([ \t\r]|$)/) {
        k = substr($0, 1, index($0, ":") - 1)
        if (secret(bare(k))) { print k ": (hidden)"; block = 1; next }
      }
      # Where it is not plain which text belongs to a name, nothing more is said; what
      # is left cannot be read, which is a reason to refuse.
      else if ($0 ~ /[{]/ && secret($0) || $0 ~ /^[ \t]*[?:]([ \t\r]|$)/) { print "{"; exit }
      else if (secret($0)) { print "# (hidden)"; block = 2; next }
      print
    }' | b "$1 $2"
}
existing() {
  c=/etc/rancher/k3s/config.yaml
  for f in $c $c.d/*.yaml $c.d/*.yml; do [ -f "$f" ] && masked k3s_config "$f"; done
  for d in /etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system; do
    [ "$d" = /lib/systemd/system ] && [ -L /lib ] && continue
    for f in "$d"/k3s*.service; do
      [ -f "$f" ] || continue
      # A second name of a unit.
      l=$(readlink "$f")
      case ${l##*/} in ''|"${f##*/}") masked k3s_unit "$f";; esac
    done
    for f in "$d"/k3s.service.d/*.conf "$d"/k3s-agent.service.d/*.conf; do [ -f "$f" ] && masked k3s_drop_in "$f"; done
  done
  for f in /etc/systemd/system/k3s.service.env /etc/systemd/system/k3s-agent.service.env /etc/default/k3s /etc/default/k3s-agent; do
    [ -f "$f" ] && masked k3s_env "$f"
  done
  for f in server/db/state.db server/db/etcd/member server/token agent/client-kubelet.crt; do
    [ -e "@DATA@/$f" ] && e k3s_data "@DATA@/$f"
  done
  f=@DATA@/server/db/etcd/config
  [ -f "$f" ] && e k3s_etcd "$(sed -n 's/^advertise-client-urls: *"\{0,1\}https:..\[\{0,1\}\([^],"]*\)\]\{0,1\}:2379.*/\1/p' "$f" | head -n 1)"
  for f in /usr/local/bin/k3s-uninstall.sh /usr/local/bin/k3s-agent-uninstall.sh; do [ -f "$f" ] && e k3s_uninstall "$f"; done
  [ -f @MARK@ ] && e cluster "$(sed -n 's/^@MARKED@//p' @MARK@ | head -n 1)"
  o() { w=$1; shift; for f; do if [ -e "$f" ] || [ -L "$f" ]; then e "kubernetes $w" "$f"; fi; done; }
  u() { w=$1 n=$2; o "$w" /etc/systemd/system/$n /usr/local/lib/systemd/system/$n /usr/lib/systemd/system/$n; }
  o rke2 /etc/rancher/rke2/* /var/lib/rancher/rke2/server /var/lib/rancher/rke2/agent
  u rke2 rke2-server.service; u rke2 rke2-agent.service
  for w in microk8s k8s; do
    o $w /snap/$w/current /var/snap/$w/current /etc/systemd/system/snap.$w.*.service
  done
  o kubeadm /etc/kubernetes/admin.conf /etc/kubernetes/kubelet.conf /etc/kubernetes/manifests/*.yaml /etc/systemd/system/multi-user.target.wants/kubelet.service
  o k0s /etc/k0s /var/lib/k0s; u k0s k0scontroller.service; u k0s k0sworker.service
}
"##;

/// A fact of one value.
pub(super) fn fact(facts: &mut Facts, key: &str, value: &str) -> Result<(), ProbeError> {
    let existing = &mut facts.existing;
    match key {
        "k3s_data" => existing.data.push(seen(key, value)?),
        // The address of a machine that has one; nothing else is compared with it.
        "k3s_etcd" if !value.is_empty() => existing.etcd = Some(word(key, value, ":")?),
        "k3s_uninstall" => existing.uninstall.push(seen(key, value)?),
        "cluster" if !value.is_empty() => existing.cluster = Some(word(key, value, "")?),
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
    let existing = &mut facts.existing;
    let name = seen(kind, name)?;
    let files = match kind {
        "k3s_config" => &mut existing.configs,
        "k3s_unit" => &mut existing.units,
        "k3s_drop_in" => &mut existing.drop_ins,
        "k3s_env" => &mut existing.variables,
        "kubernetes" => {
            existing.others.push((name, seen(kind, value)?));
            return Ok(());
        }
        _ => return Ok(()),
    };
    files.push((name.clone(), bytes(&name, value)?));
    Ok(())
}

#[cfg(test)]
mod tests;
