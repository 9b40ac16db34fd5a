//! `%h` and its like, `~`, and `${NAME}`.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The machine and the user the program runs for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Around {
    /// The home folder.
    pub home: PathBuf,
    /// The local login name.
    pub user: String,
    /// The local user's number.
    pub uid: u32,
    /// This machine's name.
    pub machine: String,
    /// Who logs in where nobody said it.
    pub default_user: String,
    /// Variables of the environment.
    pub variables: BTreeMap<String, String>,
}

/// What tokens stand for, once the host is known.
pub(super) struct Tokens<'a> {
    pub(super) around: &'a Around,
    /// As given.
    pub(super) original: &'a str,
    /// As connected to.
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) user: &'a str,
    pub(super) alias: &'a str,
    pub(super) jump: &'a str,
}

impl Tokens<'_> {
    /// A path with all that written out; an error names what is not known.
    pub(super) fn path(&self, text: &str) -> Result<PathBuf, String> {
        let home = self.around.home.to_string_lossy();
        let text = match text.strip_prefix('~') {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{home}{rest}"),
            Some(_) => return Err(format!("`{text}`: the home folder of another user")),
            None => text.to_owned(),
        };
        let text = self.percent(&variables(&text, &self.around.variables)?)?;
        let path = PathBuf::from(text);
        Ok(if path.is_absolute() { path } else { std::path::absolute(&path).unwrap_or(path) })
    }

    fn percent(&self, text: &str) -> Result<String, String> {
        percent(text, |token| {
            let machine = &self.around.machine;
            Some(match token {
                'd' => self.around.home.to_string_lossy().into_owned(),
                'h' => self.host.to_owned(),
                'i' => self.around.uid.to_string(),
                'j' => self.jump.to_owned(),
                'k' => self.alias.to_owned(),
                'L' => machine.split('.').next().unwrap_or_default().to_owned(),
                'l' => machine.clone(),
                'n' => self.original.to_owned(),
                'p' => self.port.to_string(),
                'r' => self.user.to_owned(),
                'u' => self.around.user.clone(),
                _ => return None,
            })
        })
    }
}

/// Writes out `%x` for each `x` the table knows, and `%%`.
pub(super) fn percent(
    text: &str,
    known: impl Fn(char) -> Option<String>,
) -> Result<String, String> {
    let mut written = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            written.push(c);
            continue;
        }
        match rest.next() {
            Some('%') => written.push('%'),
            Some(token) => match known(token) {
                Some(value) => written.push_str(&value),
                None => return Err(format!("`%{token}` is not known here")),
            },
            None => return Err("a `%` at the end stands for nothing".to_owned()),
        }
    }
    Ok(written)
}

/// Writes out `${NAME}`.
fn variables(text: &str, known: &BTreeMap<String, String>) -> Result<String, String> {
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, behind)) = after.split_once('}') else {
            return Err("`${` without `}`".to_owned());
        };
        let value =
            known.get(name).ok_or_else(|| format!("the environment has no variable `{name}`"))?;
        written.push_str(before);
        written.push_str(value);
        rest = behind;
    }
    written.push_str(rest);
    Ok(written)
}
