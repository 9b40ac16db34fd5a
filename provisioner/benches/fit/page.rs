//! Figures on their page of the documentation.

use std::path::Path;

/// Puts text between the two marks of that name, which the page has, in the place of what is there.
pub(crate) fn replace(page: &Path, name: &str, text: &str) {
    let (begin, end) = (format!("<!-- {name}:begin -->\n"), format!("<!-- {name}:end -->"));
    let old = std::fs::read_to_string(page).unwrap();
    let (before, rest) = old.split_once(&begin).unwrap();
    let (_, after) = rest.split_once(&end).unwrap();
    std::fs::write(page, format!("{before}{begin}{text}{end}{after}")).unwrap();
}
