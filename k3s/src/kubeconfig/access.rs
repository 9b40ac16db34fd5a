//! The kubeconfig that the server wrote, read into the three values we want.
//!
//! A kubeconfig is a program's configuration: `exec` names a program to run,
//! `tokenFile` a file to send, `proxy-url` a machine to send everything to. A
//! node must not have a say in any of that, so its file is not copied: what k3s
//! writes is read by name and checked, and a key more is a refusal.

use super::material::{Certificates, PrivateKey, Token};
use super::{KubeconfigError, Which, document};
use crate::yaml::Value;

/// Larger than any file k3s writes (3 KiB), with room for a long bundle.
const BYTES_MAX: usize = 128 << 10;
/// So much of a key's name is repeated in an error.
const NAME_MAX: usize = 60;

/// Who to trust and what to show: all that is taken from the server's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    authority: Certificates,
    user: User,
}

/// What proves to the API who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
enum User {
    Certificate(Certificates, PrivateKey),
    Token(Token),
}

impl Access {
    /// Reads what the server has under [`crate::paths::KUBECONFIG`]. k3s' file
    /// has one cluster, one user and one context, all called `default`.
    pub fn parse(text: &str) -> Result<Self, KubeconfigError> {
        if text.len() > BYTES_MAX {
            return Err(KubeconfigError::Size { bytes: text.len(), most: BYTES_MAX });
        }
        let file = document(Which::Server, text)?;
        let top = Fields::of("", &file)?;
        top.only(
            &[
                "apiVersion",
                "clusters",
                "contexts",
                "current-context",
                "kind",
                "preferences",
                "users",
            ],
            "a kubeconfig's own keys",
        )?;
        top.literal("apiVersion", "v1")?;
        top.literal("kind", "Config")?;
        top.text("current-context")?;
        if let Some(preferences) = top.get("preferences") {
            Fields::of("preferences", preferences)?.only(&[], "no preferences")?;
        }
        let cluster = top.single("clusters", "cluster")?;
        let user = top.single("users", "user")?;
        let context = top.single("contexts", "context")?;
        context.only(&["cluster", "user"], "`cluster` and `user`")?;
        context.text("cluster")?;
        context.text("user")?;
        Ok(Self { authority: authority(&cluster)?, user: User::read(&user)? })
    }

    /// What must be shown to nobody: the key as the file has it and as PEM has it,
    /// or the token.
    pub fn secrets(&self) -> Vec<String> {
        match &self.user {
            User::Certificate(_, key) => key.secrets(),
            User::Token(token) => vec![token.as_str().to_owned()],
        }
    }

    /// Our cluster's fields.
    pub(super) fn cluster(&self, server_url: &str) -> Vec<(String, Value)> {
        fields(&[("certificate-authority-data", self.authority.as_str()), ("server", server_url)])
    }

    /// Our user's fields.
    pub(super) fn user(&self) -> Vec<(String, Value)> {
        match &self.user {
            User::Certificate(certificate, key) => fields(&[
                ("client-certificate-data", certificate.as_str()),
                ("client-key-data", key.as_str()),
            ]),
            User::Token(token) => fields(&[("token", token.as_str())]),
        }
    }
}

fn fields(pairs: &[(&str, &str)]) -> Vec<(String, Value)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), Value::str(*value))).collect()
}

/// The address k3s writes is its own loopback and is not taken.
fn authority(cluster: &Fields<'_>) -> Result<Certificates, KubeconfigError> {
    cluster.only(
        &["certificate-authority-data", "server"],
        "`certificate-authority-data` and `server`",
    )?;
    cluster.text("server")?;
    cluster.read("certificate-authority-data", Certificates::EXPECTED, Certificates::read)
}

impl User {
    fn read(user: &Fields<'_>) -> Result<Self, KubeconfigError> {
        const EXPECTED: &str = "`client-certificate-data` with `client-key-data`, or `token`";
        if user.get("token").is_some() {
            user.only(&["token"], EXPECTED)?;
            return Ok(Self::Token(user.read("token", Token::EXPECTED, Token::read)?));
        }
        user.only(&["client-certificate-data", "client-key-data"], EXPECTED)?;
        let certificate =
            user.read("client-certificate-data", Certificates::EXPECTED, Certificates::read)?;
        let key = user.read("client-key-data", PrivateKey::EXPECTED, PrivateKey::read)?;
        Ok(Self::Certificate(certificate, key))
    }
}

/// A mapping and its place in the file.
struct Fields<'a> {
    place: String,
    entries: &'a [(String, Value)],
}

impl<'a> Fields<'a> {
    fn of(place: &str, value: &'a Value) -> Result<Self, KubeconfigError> {
        match value {
            Value::Map(entries) => Ok(Self { place: place.to_owned(), entries }),
            _ if place.is_empty() => Err(KubeconfigError::Shape {
                which: Which::Server,
                what: "the document is not a mapping",
            }),
            _ => Err(KubeconfigError::Value { key: place.to_owned(), expected: "a mapping" }),
        }
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        self.entries.iter().find_map(|(name, value)| (name == key).then_some(value))
    }

    fn place(&self, key: &str) -> String {
        if self.place.is_empty() { key.to_owned() } else { format!("{}.{key}", self.place) }
    }

    /// Refuses every other key by its name, and a key that is there twice.
    fn only(&self, known: &[&str], expected: &'static str) -> Result<(), KubeconfigError> {
        for (index, (key, _)) in self.entries.iter().enumerate() {
            let again = self.entries[..index].iter().any(|(earlier, _)| earlier == key);
            if again || !known.contains(&key.as_str()) {
                let shown: String =
                    key.chars().flat_map(char::escape_debug).take(NAME_MAX).collect();
                return Err(KubeconfigError::Key { key: self.place(&shown), expected });
            }
        }
        Ok(())
    }

    fn text(&self, key: &str) -> Result<&'a str, KubeconfigError> {
        self.get(key).and_then(Value::as_str).ok_or_else(|| self.wrong(key, "a text"))
    }

    fn literal(&self, key: &str, expected: &'static str) -> Result<(), KubeconfigError> {
        if self.text(key)? == expected { Ok(()) } else { Err(self.wrong(key, expected)) }
    }

    fn read<T>(
        &self,
        key: &str,
        expected: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, KubeconfigError> {
        read(self.text(key)?).ok_or_else(|| self.wrong(key, expected))
    }

    fn wrong(&self, key: &str, expected: &'static str) -> KubeconfigError {
        KubeconfigError::Value { key: self.place(key), expected }
    }

    /// The `field` of the only item of `list`.
    fn single(
        &self,
        list: &'static str,
        field: &'static str,
    ) -> Result<Fields<'a>, KubeconfigError> {
        let one = "a list with exactly one entry, a name and what it names";
        let Some(Value::Seq(items)) = self.get(list) else { return Err(self.wrong(list, one)) };
        let [item] = items.as_slice() else { return Err(self.wrong(list, one)) };
        let item = Fields::of(&format!("{list}[0]"), item)?;
        item.only(&["name", field], "`name` and what it names")?;
        item.text("name")?;
        let Some(value) = item.get(field) else { return Err(item.wrong(field, "a mapping")) };
        Fields::of(&item.place(field), value)
    }
}

#[cfg(test)]
mod tests;
