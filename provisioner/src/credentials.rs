//! The logins of the stack: which there are, from the cards, and what their
//! Secrets say.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use base64::Engine as _;
use serde::Serialize;
use serde_json::Value;
use terrarium_helm::card::{Login, User};
use terrarium_helm::catalogue::{Catalogue, Service};
use terrarium_helm::derive::address;
use terrarium_helm::drift::Objects;
use terrarium_helm::release::NAMESPACE;
use terrarium_helm::words::advice;

use crate::error::{Code, Failure};
use crate::report::columns::{Head, Laid, laid, words_under};
use crate::report::look::Look;
use crate::report::secrets::hide;
use crate::report::terminal::wrapped;

/// One login. Printed when it is asked for, and nowhere else.
#[derive(Serialize)]
pub(crate) struct Credential {
    /// The service.
    service: String,
    /// What it opens.
    title: String,
    /// Where: a page, or host and port within the cluster.
    address: Option<String>,
    /// Who logs in; empty where only a password is asked for.
    user: String,
    /// With what.
    password: String,
}

/// A service, and one of its logins.
pub(crate) type Chosen<'a> = (&'a str, &'a Service, &'a Login);

/// The logins of these services; of all, when none is named.
pub(crate) fn choose<'a>(
    catalogue: &'a Catalogue,
    names: &[String],
) -> Result<Vec<Chosen<'a>>, Failure> {
    let with = || catalogue.iter().filter(|(_, service)| !service.card.logins.is_empty());
    let known: Vec<&str> = with().map(|(id, _)| id.as_str()).collect();
    if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
        let what = match catalogue.get(name) {
            Some(_) => format!("`{name}` has no login"),
            None => format!("no service is called `{name}`"),
        };
        return Err(Failure::plain(Code::Usage, what).hint(Some(advice(name, known))));
    }
    let wanted = |id: &str| names.is_empty() || names.iter().any(|name| name == id);
    let logins = with().filter(|(id, _)| wanted(id.as_str())).flat_map(|(id, service)| {
        service.card.logins.iter().map(move |login| (id.as_str(), service, login))
    });
    Ok(logins.collect())
}

/// What `kubectl` is asked for these logins.
pub(crate) fn arguments<'a>(secrets: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<&str> = secrets.collect();
    names.sort_unstable();
    names.dedup();
    let options = ["--namespace", NAMESPACE, "--ignore-not-found", "--output", "json"];
    ["get", "secrets"].into_iter().chain(names).chain(options).map(str::to_owned).collect()
}

/// The logins whose Secrets are there, from `kubectl`'s answer.
pub(crate) fn read(
    chosen: &[Chosen<'_>],
    answer: &str,
    domain: &str,
) -> Result<Vec<Credential>, Failure> {
    let secrets = secrets(answer)?;
    let credential = |(id, service, login): &Chosen<'_>| {
        let secret = secrets.get(&login.secret)?;
        hide(secret.get(&login.password_key)?);
        let user = match &login.user {
            User::Fixed(name) => name.clone(),
            User::Key(key) => secret.get(key)?.clone(),
        };
        Some(Credential {
            service: (*id).to_owned(),
            title: login.title.clone(),
            address: login
                .address
                .clone()
                .or_else(|| address(service, domain))
                .or_else(|| inside(id, service)),
            user,
            password: secret.get(&login.password_key)?.clone(),
        })
    };
    Ok(chosen.iter().filter_map(credential).collect())
}

/// A login that cannot be shown, as its Secret is missing.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Missing<'a> {
    service: &'a str,
    secret: &'a str,
}

impl fmt::Display for Missing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the login of `{}` is not shown: Secret {} is missing; `provision` brings it back with \
             the same password, from helm's record",
            self.service, self.secret
        )
    }
}

/// Of these logins those whose Secret helm made and somebody deleted.
pub(crate) fn missing<'a>(chosen: &[Chosen<'a>], objects: &Objects) -> Vec<Missing<'a>> {
    let is_missing = |id: &str, login: &Login| {
        objects.lost(id).iter().any(|lost| lost.is_secret() && lost.key.name == login.secret)
    };
    let missing = chosen.iter().filter(|(id, _, login)| is_missing(id, login));
    missing.map(|(service, _, login)| Missing { service, secret: login.secret.as_str() }).collect()
}

/// Where a service without a page is reached from within the cluster.
fn inside(id: &str, service: &Service) -> Option<String> {
    let ports = &service.card.ports;
    let asked = service.card.health.as_ref().and_then(|health| ports.get(&health.port));
    let port = asked.or_else(|| ports.values().next())?;
    Some(format!("{id}.{NAMESPACE}.svc:{port}"))
}

/// Secrets by name, each with its texts by key.
pub(crate) fn secrets(answer: &str) -> Result<BTreeMap<String, BTreeMap<String, String>>, Failure> {
    if answer.trim().is_empty() {
        return Ok(BTreeMap::new());
    }
    // The parser's words could repeat a part of what it read.
    let unreadable = || Failure::plain(Code::Internal, "the cluster's Secrets cannot be read");
    let answer: Value = serde_json::from_str(answer).map_err(|_| unreadable())?;
    // One Secret that was asked for alone comes without a list around it.
    let items = answer["items"].as_array().map_or(std::slice::from_ref(&answer), Vec::as_slice);
    let text = |value: &Value| {
        let bytes = base64::engine::general_purpose::STANDARD.decode(value.as_str()?).ok()?;
        String::from_utf8(bytes).ok()
    };
    let secret = |item: &Value| {
        let name = item["metadata"]["name"].as_str()?.to_owned();
        let data = item["data"].as_object()?.iter();
        Some((name, data.filter_map(|(key, value)| Some((key.clone(), text(value)?))).collect()))
    };
    items.iter().map(|item| secret(item).ok_or_else(unreadable)).collect()
}

const HEADS: [Head; 3] =
    [words_under("SERVICE", 0), words_under("USER", 0), words_under("PASSWORD", 0)];

/// A table of all of them.
pub(crate) struct Table<'a>(pub &'a [Credential]);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = Look::get().width;
        let cells =
            |one: &Credential| vec![one.service.clone(), one.user.clone(), one.password.clone()];
        let rows: Vec<Vec<String>> = self.0.iter().map(cells).collect();
        let Laid { head, rows } = laid(&HEADS, &rows, width);
        f.write_str(&head)?;
        for (one, row) in self.0.iter().zip(rows) {
            f.write_str(&row)?;
            let mut what = one.title.clone();
            if let Some(address) = &one.address {
                let fits = what.chars().count() + address.len() + 6 <= width;
                let _ = write!(what, "{}{address}", if fits { ": " } else { ":\n" });
            }
            for line in what.lines() {
                writeln!(f, "{}", wrapped("  ", line))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
