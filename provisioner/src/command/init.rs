//! `provision init`

use std::path::Path;

use crate::error::{Code, Failure};
use crate::file;
use crate::report::terminal;

/// Writes a first inventory; never over one that is there.
pub(super) fn run(path: &Path, addresses: &[String]) -> Result<Code, Failure> {
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let text = first(&addresses);
    let cannot = |error: &std::io::Error| {
        Failure::new(Code::Usage, "cannot write the inventory", error).hint(Some(
            "name another file with --inventory, or edit the one that is there".to_owned(),
        ))
    };
    file::create(path, &text).map_err(|error| cannot(&error))?;
    terminal::line(&format!(
        "wrote {}; read it, then: provision --inventory {} plan",
        path.display(),
        path.display()
    ));
    Ok(Code::Done)
}

/// The nodes, and the smallest set of services.
fn first(addresses: &[&str]) -> String {
    format!("{}\n[stack]\nprofile = \"starter\"\n", terrarium_inventory::example(addresses))
}

#[cfg(test)]
mod tests {
    use terrarium_inventory::Inventory;

    use super::*;
    use crate::stack::Stack;

    #[test]
    fn the_first_inventory_is_one_that_can_be_used() {
        let text = first(&["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
        let inventory =
            Inventory::parse(Path::new("/x/pis.toml"), &text, Some(Path::new("/x"))).unwrap();
        assert_eq!(inventory.nodes.len(), 3);
        assert!(Stack::new(&inventory).is_ok());
        assert!(text.lines().count() <= 25, "{text}");
    }
}
