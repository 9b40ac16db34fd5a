//! cloud-init, by which a card is set up at its first start: Raspberry Pi Imager
//! writes what it was told as user-data. At every start after that it puts the host
//! name and `/etc/hosts` back to what was told then, unless it is told otherwise.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::agent::same;
use crate::{Action, Change, Facts};

/// Read by cloud-init after the files that distributions and images bring.
pub(crate) const FILE: &str = "/etc/cloud/cloud.cfg.d/99_terrarium.cfg";
/// Modules that write what is the inventory's. `preserve_hostname` alone would not
/// do: user-data wins over it, and none of its keys has a say in `/etc/hosts`.
const OURS: [&str; 3] = ["set_hostname", "update_hostname", "update_etc_hosts"];
/// An upgrade of all packages, which user-data can ask for, takes its time on a Pi.
const DEADLINE: u64 = 1800;

/// Says on the node whether cloud-init is still at its work of this start.
pub(crate) const BUSY: &str = r"cloud_busy() {
  [ -e /run/cloud-init/enabled ] && [ ! -e /run/cloud-init/result.json ] &&
  systemctl show -p ActiveState -p Job cloud-init-local.service cloud-init.service cloud-init-network.service cloud-config.service cloud-final.service 2>/dev/null |
  grep -qE '^(ActiveState=activating|Job=[1-9])'
}
";

/// Tells cloud-init which of its modules have nothing to do any more.
pub(crate) fn plan(facts: &Facts) -> Option<Change> {
    let wanted = wanted(facts)?;
    if same(facts, FILE, &wanted) {
        return None;
    }
    let reason = "at every start it would put both back to what the card was set up with";
    let title = "have cloud-init leave the host name and /etc/hosts alone";
    Some(Change::new("cloud-init", title, reason).act(Action::text(FILE, "0644", wanted)))
}

/// What is waited for before a node is looked at: the first start sets host name,
/// time zone, users and packages, and is not done when sshd is.
pub fn cloud_init_is_done() -> Action {
    Action::Wait {
        what: "cloud-init to end its work of this start".to_owned(),
        script: format!("{BUSY}! cloud_busy"),
        deadline: DEADLINE,
        hint: "see `cloud-init status --long` on the node, then run the same command again"
            .to_owned(),
    }
}

/// A file that has its say after ours.
pub(crate) fn overruled(facts: &Facts) -> Option<&str> {
    let config = &facts.cloud_init.as_ref()?.config;
    let speaks = |text: &str| parsed(text).is_some_and(|keys| !keys.is_empty());
    let (path, _) = config.range(format!("{FILE}\0")..).rfind(|(_, text)| speaks(text))?;
    Some(path)
}

fn wanted(facts: &Facts) -> Option<String> {
    let cloud = facts.cloud_init.as_ref()?;
    let mut text = String::from(
        "# The host name and /etc/hosts are what terrarium's inventory says.\npreserve_hostname: true\n",
    );
    // A list of a later file stands in place of that of an earlier one.
    let others = cloud.config.iter().filter(|(path, _)| *path != FILE);
    let modules = others
        .filter_map(|(_, text)| match parsed(text)?.remove("cloud_init_modules")? {
            Value::Array(modules) => Some(modules),
            _ => None,
        })
        .next_back();
    let ours = |module: &Value| name(module).is_some_and(|name| OURS.contains(&name.as_str()));
    if let Some(modules) = modules.filter(|modules| modules.iter().any(ours)) {
        // JSON is YAML.
        let left =
            modules.iter().filter(|module| !ours(module)).map(|module| format!("- {module}\n"));
        let left: String = left.collect();
        let _ = match left.as_str() {
            "" => writeln!(text, "cloud_init_modules: []"),
            left => write!(text, "cloud_init_modules:\n{left}"),
        };
    }
    Some(text)
}

/// A module stands there by its name, or with how often it runs; older files
/// have hyphens in names.
fn name(module: &Value) -> Option<String> {
    let name = match module {
        Value::String(name) => name,
        Value::Array(words) => words.first()?.as_str()?,
        Value::Object(keys) => keys.get("name")?.as_str()?,
        _ => return None,
    };
    Some(name.replace('-', "_"))
}

fn parsed(text: &str) -> Option<BTreeMap<String, Value>> {
    serde_saphyr::from_str(text).ok()
}

#[cfg(test)]
mod tests;
