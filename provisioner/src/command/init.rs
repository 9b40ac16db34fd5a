//! `provision init`

use std::path::Path;

use serde::Serialize;
use terrarium_helm::catalogue::Catalogue;
use terrarium_helm::words::advice;
use terrarium_inventory::{Example, Inventory};

use crate::cli::{Common, Init};
use crate::error::{Code, Failure};
use crate::file;
use crate::prompt;
use crate::report::terminal;
use crate::settings::Settings;

const ADDRESSES: &str =
    "addresses of the Pis, with blanks between (the first becomes the server): ";
const USER: &str = "login name on the Pis [pi]: ";

/// What `init --json` prints.
#[derive(Serialize)]
struct Document<'a> {
    /// Version of this document.
    version: u32,
    /// The file that was written.
    inventory: &'a Path,
    nodes: Vec<Node<'a>>,
}

#[derive(Serialize)]
struct Node<'a> {
    name: &'a str,
    host: &'a str,
}

/// Writes a first inventory; never over one that is there.
pub(super) fn run(common: &Common, settings: &Settings, init: &Init) -> Result<Code, Failure> {
    let Some(path) = &common.fresh(settings.inventory.as_deref()) else {
        let (addresses, user) = answers(settings, init)?;
        terminal::verbatim(&first(&addresses, user.as_deref(), &init.profile)?);
        return Ok(Code::Done);
    };
    // Before anything is asked: the answers would be for nothing.
    if path.symlink_metadata().is_ok() {
        let what = format!("{} is there already and was left as it is", path.display());
        return Err(Failure::plain(Code::Usage, what).hint(Some(
            "name another file with --inventory, or edit the one that is there".to_owned(),
        )));
    }
    let (addresses, user) = answers(settings, init)?;
    let text = first(&addresses, user.as_deref(), &init.profile)?;
    file::create(path, &text).map_err(|error| {
        Failure::new(Code::Usage, "cannot write the inventory", &error)
            .hint(Some("make the folder, or name a file elsewhere with --inventory".to_owned()))
    })?;
    let inventory = Inventory::load(path).map_err(|found| Failure::inventory(path, found))?;
    if common.json {
        let nodes = inventory.nodes.iter();
        let nodes = nodes.map(|node| Node { name: &node.name, host: &node.host }).collect();
        terminal::json(&Document { version: 1, inventory: path, nodes })?;
    } else {
        terminal::line(&format!("wrote {}; read it, then: {}", path.display(), next(path)));
    }
    Ok(Code::Done)
}

/// What was typed, or, on a terminal, what is answered.
fn answers(settings: &Settings, init: &Init) -> Result<(Vec<String>, Option<String>), Failure> {
    if !init.addresses.is_empty() {
        return Ok((init.addresses.clone(), init.user.clone()));
    }
    let none = || {
        Failure::plain(Code::Usage, "no address of a Pi was given, and nothing was written")
            .hint(Some("provision init 192.168.1.11 192.168.1.12 192.168.1.13".to_owned()))
    };
    if !prompt::is_possible() {
        return Err(none());
    }
    let line = prompt::line(ADDRESSES, &settings.cancel)?.unwrap_or_default();
    let addresses: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    if addresses.is_empty() {
        return Err(none());
    }
    let named = init.user.is_some() || addresses.iter().all(|address| address.contains('@'));
    let user = if named { init.user.clone() } else { prompt::line(USER, &settings.cancel)? };
    Ok((addresses, user.filter(|user| !user.is_empty())))
}

/// The nodes, and a set of services: by default the smallest.
fn first(addresses: &[String], user: Option<&str>, profile: &str) -> Result<String, Failure> {
    let catalogue = Catalogue::embedded()
        .map_err(|error| Failure::internal("the charts of this program cannot be read", &error))?;
    let profiles = catalogue.profiles();
    if !profiles.contains(profile) {
        let what = format!("--profile: no profile is called `{profile}`");
        let hint = advice(profile, profiles.iter().copied());
        return Err(Failure::plain(Code::Usage, what).hint(Some(hint)));
    }
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    Example { addresses: &addresses, user, profile: Some(profile) }.text().map_err(|refused| {
        Failure::plain(Code::Usage, refused.to_string()).hint(Some(refused.hint))
    })
}

/// The command that comes next; the usual file needs no name.
fn next(path: &Path) -> String {
    if path == Path::new(crate::cli::INVENTORY) {
        return "provision plan".to_owned();
    }
    format!("provision --inventory {} plan", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::Stack;

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn the_first_inventory_is_one_that_can_be_used() {
        for profile in Catalogue::embedded().unwrap().profiles() {
            let text = first(&texts(&["10.0.0.1", "me@10.0.0.2:2222", "10.0.0.3"]), None, profile)
                .unwrap();
            let inventory =
                Inventory::parse(Path::new("/x/pis.toml"), &text, Some(Path::new("/x"))).unwrap();
            assert_eq!(inventory.nodes.len(), 3);
            assert!(Stack::new(&inventory).is_ok());
            assert!(text.lines().count() <= 25, "{text}");
        }
    }

    #[test]
    fn what_was_typed_wrongly_is_told_before_a_file_is_there() {
        for (addresses, profile, says) in [
            (&["192.168.1.300"][..], "starter", "four numbers from 0 to 255"),
            (&["1.1.1.1", "1.1.1.1"], "starter", "name each Pi once"),
            (&["1.1.1.1"], "startr", "did you mean `starter`?"),
        ] {
            let failure = first(&texts(addresses), None, profile).unwrap_err();
            assert_eq!(failure.code, Code::Usage);
            assert!(failure.line().contains(says), "{}", failure.line());
        }
    }
}
