//! `provision probe`

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use terrarium_plan::{Facts, measured_board};

use super::prepare::Ground;
use crate::cli::Common;
use crate::error::{Code, Failure};
use crate::file;
use crate::host::Host;
use crate::report::terminal;
use crate::settings::Settings;
use crate::{observe, view};

/// What `probe --json` prints.
#[derive(Serialize)]
struct Document<'a> {
    /// Version of this document.
    version: u32,
    node: &'a str,
    facts: &'a Facts,
}

/// Looks at one node and writes it down as a board.
pub(super) async fn run(
    common: &Common,
    settings: &Settings,
    node: Option<&str>,
    save: Option<&Path>,
) -> Result<Code, Failure> {
    let ground = Ground::new(common, settings).await?;
    let host = choose(&ground, node)?;
    let name = &host.node.name;
    let (reporter, done) = view::open(false, std::slice::from_ref(name));
    let facts = observe::one(&ground.inventory, host, None, None, &reporter.of(name)).await;
    drop(reporter);
    done.await.map_err(|error| Failure::internal("the view ended", &error))?;
    let facts = facts?;
    let board = || {
        measured_board(&facts).map(|board| board.to_toml()).map_err(|error| {
            Failure::new(Code::Change, format!("node `{name}` makes no board file"), &error)
        })
    };
    if let Some(path) = save {
        write(path, &board()?)?;
        terminal::remark(&format!(
            "wrote {}; judge by it: provision fit --boards {}\n",
            path.display(),
            path.display()
        ));
    }
    if common.json {
        terminal::json(&Document { version: 1, node: name, facts: &facts })?;
    } else if save.is_none() {
        terminal::verbatim(&board()?);
    }
    Ok(Code::Done)
}

fn choose<'a>(ground: &'a Ground, node: Option<&str>) -> Result<&'a Arc<Host>, Failure> {
    let found = match (node, ground.hosts.as_slice()) {
        (Some(name), hosts) => hosts.iter().find(|host| host.node.name == name),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    found.ok_or_else(|| {
        let what = match node {
            Some(name) => format!("the inventory has no node `{name}`"),
            None => "say which node to probe".to_owned(),
        };
        Failure::plain(Code::Usage, what)
            .hint(Some(format!("the nodes are {}", ground.names().join(", "))))
    })
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    file::create(path, text).map_err(|error| {
        Failure::new(Code::Usage, "cannot write the board file", &error)
            .hint(Some("name another file with --save, or remove the one that is there".to_owned()))
    })
}
