//! The `Link` header, by which a listing tells where it goes on.

/// The pages a `Link` header names, as paths of the API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// The page after this one.
    pub next: Option<String>,
    /// The number of the last page.
    pub last: Option<u32>,
}

/// Reads a `Link` header's value. Pages that are not under `api` are left out:
/// the token must not go anywhere else.
pub fn parse(header: &str, api: &str) -> Links {
    let mut links = Links::default();
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((target, after)) = after.split_once('>') else { break };
        // The parameters end where the next target begins.
        let (parameters, following) = match after.find('<') {
            Some(at) => after.split_at(at),
            None => (after, ""),
        };
        rest = following;
        let Some(path) = path_under(target, api) else { continue };
        for parameter in parameters.split([';', ',']) {
            let Some((name, value)) = parameter.split_once('=') else { continue };
            if !name.trim().eq_ignore_ascii_case("rel") {
                continue;
            }
            match value.trim().trim_matches('"') {
                "next" => links.next = Some(path.to_owned()),
                "last" => links.last = page_number(path),
                _ => {}
            }
        }
    }
    links
}

/// What follows `api` in `url`; `None` when it is another place.
pub fn path_under<'a>(url: &'a str, api: &str) -> Option<&'a str> {
    let path =
        if url.starts_with('/') && !url.starts_with("//") { url } else { url.strip_prefix(api)? };
    let plain = path.bytes().all(|byte| matches!(byte, b'!'..=b'~'));
    (path.starts_with('/') && plain).then_some(path)
}

fn page_number(path: &str) -> Option<u32> {
    let (_, query) = path.split_once('?')?;
    let page = query.split('&').find_map(|pair| pair.strip_prefix("page="))?;
    page.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const API: &str = "https://api.github.com";

    #[test]
    fn links_are_read() {
        let both = "<https://api.github.com/repositories/1/issues?page=2>; rel=\"next\", \
                    <https://api.github.com/repositories/1/issues?per_page=100&page=7>; rel=\"last\"";
        for (header, next, last) in [
            (both, Some("/repositories/1/issues?page=2"), Some(7)),
            (
                "<https://api.github.com/x?after=Y3Vy&a=,b>; rel=next",
                Some("/x?after=Y3Vy&a=,b"),
                None,
            ),
            ("</x?page=3>;foo=bar; REL=\"next\"", Some("/x?page=3"), None),
            ("<https://api.github.com/x>; rel=\"prev\"", None, None),
            // Another host, by whatever spelling.
            ("<https://evil.example/x>; rel=\"next\"", None, None),
            ("<https://api.github.com.evil.example/x>; rel=\"next\"", None, None),
            ("<https://api.github.com@evil.example/x>; rel=\"next\"", None, None),
            ("<//evil.example/x>; rel=\"next\"", None, None),
            ("<http://api.github.com/x>; rel=\"next\"", None, None),
            ("<https://api.github.com/a b>; rel=\"next\"", None, None),
            ("<https://api.github.com/x", None, None),
            ("rel=\"next\"", None, None),
            ("", None, None),
        ] {
            let links = parse(header, API);
            assert_eq!((links.next.as_deref(), links.last), (next, last), "{header}");
        }
    }

    proptest! {
        #[test]
        fn no_header_breaks_it_or_leads_elsewhere(header in "[<>;,=\"a-z/:?&. @]{0,80}") {
            if let Some(next) = parse(&header, API).next {
                prop_assert!(next.starts_with('/'));
            }
        }

        #[test]
        fn what_is_written_is_read(page in 1_u32..9999, path in "/[a-z0-9/]{0,20}") {
            let header = format!("<{API}{path}?page={page}>; rel=\"last\", <{API}{path}>; rel=\"next\"");
            let links = parse(&header, API);
            prop_assert_eq!(links, Links { next: Some(path), last: Some(page) });
        }
    }
}
