//! Debian packages the inventory asks for. k3s brings its own tools, so
//! nothing is installed unasked.

use terrarium_inventory::Os;

use crate::{Action, Change, Facts};

pub(crate) fn plan(os: &Os, facts: &Facts) -> Option<Change> {
    let missing: Vec<String> =
        os.packages.iter().filter(|name| !facts.packages.contains(name)).cloned().collect();
    if missing.is_empty() {
        return None;
    }
    let list = missing.join(", ");
    Some(
        Change::new("packages", format!("install {list}"), "not installed")
            .act(Action::Packages { names: missing }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{facts, inventory};

    #[test]
    fn only_what_is_missing_is_installed() {
        let os = Os { packages: vec!["jq".to_owned(), "nfs-common".to_owned()], ..inventory().os };
        let facts = Facts { packages: vec!["jq".to_owned()], ..facts() };
        let change = plan(&os, &facts).unwrap();
        assert_eq!(change.actions, [Action::Packages { names: vec!["nfs-common".to_owned()] }]);
        let facts = Facts { packages: os.packages.clone(), ..facts };
        assert_eq!(plan(&os, &facts), None);
    }
}
