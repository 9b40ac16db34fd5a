//! Parts of pages that programs write.

/// A page up to what stands between the two marks of that name, that, and the rest.
pub(crate) fn marked<'t>(text: &'t str, name: &str) -> [&'t str; 3] {
    let (begin, end) = (format!("<!-- {name}:begin -->\n"), format!("<!-- {name}:end -->"));
    let at = |mark: &str| text.find(mark).unwrap_or_else(|| panic!("the page has no {mark}"));
    let (from, to) = (at(&begin) + begin.len(), at(&end));
    [&text[..from], &text[from..to], &text[to..]]
}
