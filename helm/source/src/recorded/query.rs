//! Paths and their parameters.

/// A path and what follows its question mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<'a> {
    /// The path, from its slash on.
    pub path: &'a str,
    parameters: &'a str,
}

impl<'a> Query<'a> {
    /// Divides `path?parameters`.
    pub fn parse(target: &'a str) -> Self {
        let (path, parameters) = target.split_once('?').unwrap_or((target, ""));
        Self { path, parameters }
    }

    /// A parameter as it is written.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.parameters
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find_map(|(known, value)| (known == name).then_some(value))
    }

    /// A number, `default` when it is absent or none.
    pub fn number(&self, name: &str, default: usize) -> usize {
        self.get(name).and_then(|value| value.parse().ok()).unwrap_or(default)
    }

    /// The same with another page.
    pub fn with_page(&self, page: usize) -> String {
        let kept: Vec<&str> = self
            .parameters
            .split('&')
            .filter(|pair| !pair.is_empty() && !pair.starts_with("page="))
            .collect();
        let kept = kept.join("&");
        let and = if kept.is_empty() { "" } else { "&" };
        format!("{}?{kept}{and}page={page}", self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_and_pages_replaced() {
        let query = Query::parse("/a/b?state=all&page=2&per_page=100");
        assert_eq!(query.path, "/a/b");
        assert_eq!(query.get("state"), Some("all"));
        assert_eq!(query.get("per"), None);
        assert_eq!(query.number("page", 1), 2);
        assert_eq!(query.with_page(3), "/a/b?state=all&per_page=100&page=3");
        assert_eq!(Query::parse("/a").with_page(1), "/a?page=1");
    }
}
