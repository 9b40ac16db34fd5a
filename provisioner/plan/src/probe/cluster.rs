//! What a running server is asked about its cluster and about the stack in it.
//!
//! helm's records have every object it made, passwords among them. They are
//! unpacked on the node, and no more leaves it than what the objects are called.

use crate::quote;

/// The arguments kubectl is asked with about the stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Queries {
    /// For the releases: one line a revision, five words, and for those in place
    /// helm's record as a sixth.
    pub releases: Vec<String>,
    /// For the objects of the kinds below.
    pub objects: Vec<String>,
    /// Kinds that need no further question.
    pub kinds: Vec<String>,
    /// For objects of other kinds, after `get` and the kinds.
    pub others: Vec<String>,
}

/// The part of the probe that needs the API.
pub(super) fn script(queries: &Queries) -> String {
    let words = |list: &[String]| list.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ");
    CLUSTER
        .replace("@MADE@", MADE)
        .replace("@RELEASES@", &words(&queries.releases))
        .replace("@OBJECTS@", &words(&queries.objects))
        .replace("@KINDS@", &queries.kinds.join(" "))
        .replace("@OTHERS@", &words(&queries.others))
}

/// Of helm's records, unpacked one after the other, a line for each object:
/// release, kind, version, namespace, name, replicas. After those of a record comes
/// its revision. A record is one line of JSON with the manifest's lines escaped in it.
const MADE: &str = r#"sed 's,\\\\,/,g; s,\\n,\n,g' | awk '
  function out() { if (k != "" && n != "") print name, k, v, (s == "" ? "-" : s), n, (r == "" ? "-" : r); k = v = n = s = r = p = "" }
  function word(w) { gsub(/[\\"]/, "", w); return w }
  match($0, /"version":[0-9]+,"namespace":"/) { out(); w = substr($0, RSTART + 10); sub(/,.*/, "", w); if (name != "") print name, "=", w; name = "" }
  match($0, /[{]"name":"[^"]*","info":[{]/) { name = substr($0, RSTART + 9); sub(/".*/, "", name); next }
  name == "" { next }
  /^---/ { out(); next }
  /^kind:/ { k = word($2) }
  /^apiVersion:/ { v = word($2) }
  /^[^ #]/ { p = $1; next }
  p == "metadata:" && /^  name:/ { n = word($2) }
  p == "metadata:" && /^  namespace:/ { s = word($2) }
  p == "spec:" && /^  replicas:/ { r = word($2) }'"#;

const CLUSTER: &str = r#"if systemctl is-active --quiet k3s.service; then
  # Without a cache: who only looks writes nothing.
  k() { timeout 20 "${k3s:-/usr/local/bin/k3s}" kubectl --cache-dir=/dev/null --request-timeout=15s "$@" 2>/dev/null; }
  h() { d=$(printf %s "$1" | base64 -d | sha256sum); printf %s "${d%% *}"; }
  made() { @MADE@; }
  # One question for all of them fails when the API does not know one.
  others() {
    x=$(awk -v known=" @KINDS@ " '$2 != "=" && !index(known, " " $2 " ") { split($3, v, "/"); print (v[2] == "" ? $2 : $2 "." v[2] "." v[1]) }' | sort -u)
    [ -n "$x" ] || return 0
    k get "$(printf '%s\n' $x | paste -sd , -)" @OTHERS@ && return 0
    for x in $x; do
      k get "$x" @OTHERS@ && continue
      case $(timeout 20 "${k3s:-/usr/local/bin/k3s}" kubectl --cache-dir=/dev/null --request-timeout=15s get "$x" -o name 2>&1 >/dev/null) in
        *"have a resource type"*) printf 'unknown %s\n' "$x";;
        *) return 1;;
      esac
    done
  }
  there() { k @OBJECTS@ && printf '%s\n' "$m" | others; }
  n=$(k get nodes,persistentvolumes,persistentvolumeclaims,storageclasses --namespace @NAMESPACE@ -o json) && printf %s "$n" | b nodes && r=$(k @RELEASES@) && {
    printf '%s\n' "$r" | cut -d ' ' -f 1-5 | b releases
    m=$(printf '%s\n' "$r" | cut -s -d ' ' -f 6 | base64 -d 2>/dev/null | gzip -dc 2>/dev/null | made)
    [ -n "$m" ] && o=$(there) && printf '%s\n' "$m" | b made && printf '%s\n' "$o" | tr -s ' ' | b objects
    k get namespace/@NAMESPACE@ secret/terrarium-tls secret/@LOGIN@ --namespace @NAMESPACE@ --ignore-not-found -o go-template='{{range .items}}{{if eq .kind "Namespace"}}namespace {{.metadata.name}}{{range $k, $v := .metadata.labels}} {{$k}}={{$v}}{{end}}{{if .metadata.deletionTimestamp}}
ends {{range .status.conditions}}{{if eq .status "True"}}{{.message}} {{end}}{{end}}{{end}}{{else if eq .metadata.name "terrarium-tls"}}ingress {{index .data "tls.crt"}} {{if .metadata.annotations}}{{index .metadata.annotations "terrarium/renew-after"}}{{end}}{{else}}login {{index .data "password"}} {{index .data "ca.crt"}}{{end}}
{{end}}' | while read -r w x y; do
      case $w in
        namespace) e namespace "$x${y:+ $y}";;
        ends) e namespace_ends "$x $y";;
        ingress) e ingress "$x $y";;
        login) e agent_login "$(h "$x") $(h "$y")";;
      esac
    done
  }
fi
"#;

#[cfg(test)]
mod tests;
