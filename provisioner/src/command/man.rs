//! `provision man`

use std::path::Path;

use clap::Command;
use clap_mangen::Man;

use crate::cli::command;
use crate::error::{Code, Failure};
use crate::file;
use crate::report::terminal;

/// Writes one page for the program and one for each command.
pub(super) fn run(folder: &Path) -> Result<Code, Failure> {
    let cannot = |error: std::io::Error| {
        Failure::new(Code::Usage, "cannot write the manual pages", &error)
            .hint(Some("name a folder with --out that is yours to write".to_owned()))
    };
    fs_err::create_dir_all(folder).map_err(cannot)?;
    let mut command = command().disable_help_subcommand(true);
    command.build();
    for (name, text) in pages(&command) {
        file::replace(&folder.join(&name), &text).map_err(cannot)?;
    }
    terminal::line(&format!("wrote {}/provision*.1", folder.display()));
    Ok(Code::Done)
}

/// The pages by their files' names.
fn pages(command: &Command) -> Vec<(String, String)> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let mut page = Vec::new();
    let man = Man::new(command.clone()).title(name.to_uppercase());
    // Writing to memory cannot fail.
    let _ = man.render(&mut page);
    let mut pages = vec![(format!("{name}.1"), String::from_utf8_lossy(&page).into_owned())];
    pages.extend(command.get_subcommands().flat_map(self::pages));
    pages
}
