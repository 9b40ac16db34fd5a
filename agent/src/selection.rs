//! Which collectors one scrape asks for: `?collect[]=cpu&collect[]=stat`, or
//! `?exclude[]=hwmon`.

/// What is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Selection {
    /// All that run.
    #[default]
    All,
    /// Only these.
    Only(Vec<String>),
    /// All but these.
    Without(Vec<String>),
}

/// Why a query cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// Both at once.
    #[error("collect[] and exclude[] do not go together: say which collectors, or which not")]
    Both,
    /// A name no collector of this agent has, or that does not run.
    #[error("no collector \"{name}\" runs here; those that do: {running}")]
    Unknown {
        /// As asked for.
        name: String,
        /// Those there are.
        running: String,
    },
}

impl Selection {
    /// The selection of a query string; `running` are the names there are.
    ///
    /// # Errors
    /// See [`SelectionError`].
    pub fn parse(query: Option<&str>, running: &[&str]) -> Result<Self, SelectionError> {
        let (mut only, mut without) = (Vec::new(), Vec::new());
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let list = match decode(key).as_str() {
                "collect[]" => &mut only,
                "exclude[]" => &mut without,
                // Prometheus may be told to send parameters of its own.
                _ => continue,
            };
            let name = decode(value);
            if !running.contains(&name.as_str()) {
                return Err(SelectionError::Unknown { name, running: running.join(", ") });
            }
            list.push(name);
        }
        match (only.is_empty(), without.is_empty()) {
            (true, true) => Ok(Self::All),
            (false, true) => Ok(Self::Only(only)),
            (true, false) => Ok(Self::Without(without)),
            (false, false) => Err(SelectionError::Both),
        }
    }

    /// Whether the collector takes part.
    pub fn has(&self, collector: &str) -> bool {
        let listed = |list: &[String]| list.iter().any(|name| name == collector);
        match self {
            Self::All => true,
            Self::Only(list) => listed(list),
            Self::Without(list) => !listed(list),
        }
    }
}

/// Percent signs and pluses of a query turned back; what is no such sequence
/// stays as it is.
fn decode(text: &str) -> String {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        let hex =
            |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        plain.push(match (first, tail) {
            (b'+', _) => b' ',
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    rest = after;
                    high * 16 + low
                }
                _ => first,
            },
            _ => first,
        });
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNNING: [&str; 3] = ["cpu", "stat", "time"];

    fn chosen(query: &str) -> Vec<&'static str> {
        let selection = Selection::parse(Some(query), &RUNNING).unwrap();
        RUNNING.into_iter().filter(|name| selection.has(name)).collect()
    }

    #[test]
    fn names_are_collected_or_excluded() {
        assert_eq!(chosen(""), RUNNING);
        assert_eq!(chosen("other=1&&x"), RUNNING);
        assert_eq!(chosen("collect[]=cpu&collect[]=time"), ["cpu", "time"]);
        assert_eq!(chosen("collect%5B%5D=stat"), ["stat"]);
        assert_eq!(chosen("exclude%5b%5d=stat"), ["cpu", "time"]);
        assert_eq!(Selection::parse(None, &RUNNING), Ok(Selection::All));
    }

    #[test]
    fn what_cannot_be_answered_is_refused_by_name() {
        let refused = |query| Selection::parse(Some(query), &RUNNING).unwrap_err().to_string();
        assert!(refused("collect[]=cpu&exclude[]=stat").contains("do not go together"));
        assert!(refused("collect[]=wifi").contains("\"wifi\""));
        assert!(refused("collect[]=").contains("cpu, stat, time"));
        assert!(refused("exclude[]=%zz%f").contains("%zz%f"));
    }
}
