//! From what the file says to what is probed; every rule of the file is here.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::http::Uri;
use rustls::pki_types::ServerName;
use toml::Spanned;

use super::raw::{self, Kind};
use super::{Check, Config, MOST_PROBES, Place, Probe, duration};

const INTERVAL: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(5);
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
const LONGEST_INTERVAL: Duration = Duration::from_hours(1);
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(10);

/// What is wrong, and where in the text.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) offset: usize,
    pub(super) said: String,
}

fn problem<T>(at: &Spanned<T>, said: impl Into<String>) -> Problem {
    Problem { offset: at.span().start, said: said.into() }
}

pub(super) fn config(raw: &raw::File) -> Result<Config, Problem> {
    if let Some(beyond) = raw.probe.get(MOST_PROBES) {
        return Err(problem(beyond, format!("expected at most {MOST_PROBES} probes")));
    }
    let mut names = BTreeSet::new();
    let mut probes = Vec::with_capacity(raw.probe.len());
    for entry in &raw.probe {
        let name = &entry.get_ref().name;
        if !names.insert(name.get_ref().clone()) {
            let said =
                format!("{:?} is the name of an earlier probe; expected another", name.get_ref());
            return Err(problem(name, said));
        }
        probes.push(probe(entry)?);
    }
    Ok(Config { probes })
}

fn probe(entry: &Spanned<raw::Probe>) -> Result<Probe, Problem> {
    let raw = entry.get_ref();
    let name = label("name", &raw.name)?;
    let service = raw.service.as_ref().map_or(Ok(name.clone()), |text| label("service", text))?;
    let interval = time("interval", raw.interval.as_ref(), INTERVAL)?;
    if !(SHORTEST_INTERVAL..=LONGEST_INTERVAL).contains(&interval) {
        let at = raw.interval.as_ref().unwrap_or(&raw.name);
        return Err(problem(at, "expected an interval of 1s to 60m"));
    }
    let timeout = time("timeout", raw.timeout.as_ref(), TIMEOUT.min(interval))?;
    if !(SHORTEST_TIMEOUT..=interval).contains(&timeout) {
        let at = raw.timeout.as_ref().unwrap_or(&raw.name);
        return Err(problem(at, "expected a timeout of 10ms to the probe's interval"));
    }
    fitting(raw)?;
    let (place, check) = ask(entry)?;
    Ok(Probe { name, service, place, check, interval, timeout })
}

/// Refuses keys the kind has no use for: a probe must not ask less than it says.
fn fitting(raw: &raw::Probe) -> Result<(), Problem> {
    use Kind::{Dns, Http, Systemd, Tls};
    let rows = [
        ("url", &raw.url, raw.kind == Http, "http"),
        ("path", &raw.path, raw.kind == Http, "http"),
        ("body", &raw.body, raw.kind == Http, "http"),
        ("unit", &raw.unit, raw.kind == Systemd, "systemd"),
        ("query", &raw.query, raw.kind == Dns, "dns"),
        ("server_name", &raw.server_name, raw.kind == Tls, "tls"),
        ("target", &raw.target, raw.kind != Systemd, "all but systemd"),
        ("container", &raw.container, raw.kind != Systemd, "all but systemd"),
    ];
    for (key, value, fits, whose) in rows {
        if let (Some(value), false) = (value, fits) {
            return Err(problem(value, format!("{key} is for probes of kind {whose}")));
        }
    }
    match (&raw.port, &raw.container) {
        (Some(port), None) => Err(problem(port, "port goes with container; target has its own")),
        _ => Ok(()),
    }
}

fn ask(entry: &Spanned<raw::Probe>) -> Result<(Place, Check), Problem> {
    let raw = entry.get_ref();
    let missing = |said: &str| Problem { offset: entry.span().start, said: said.to_owned() };
    let check = match raw.kind {
        Kind::Http => match &raw.url {
            Some(at) => return url(raw, at),
            None => http(raw, false, None)?,
        },
        Kind::Tcp => Check::Tcp,
        Kind::Tls => Check::Tls { server_name: raw.server_name.as_ref().map(host).transpose()? },
        Kind::Postgresql => Check::Postgresql,
        Kind::Redis => Check::Redis,
        Kind::Kafka => Check::Kafka,
        Kind::Mongodb => Check::Mongodb,
        Kind::Dns => {
            let query = raw.query.as_ref().ok_or_else(|| missing("expected query = \"NAME\""))?;
            Check::Dns { query: domain(query)? }
        }
        Kind::Systemd => {
            let unit =
                raw.unit.as_ref().ok_or_else(|| missing("expected unit = \"NAME.service\""))?;
            let name = unit.get_ref();
            if !name.contains('.') || name.len() > 255 || name.contains(char::is_whitespace) {
                return Err(problem(unit, "expected a unit's whole name, such as k3s.service"));
            }
            return Ok((Place::Host, Check::Systemd { unit: name.clone() }));
        }
    };
    let place = match (&raw.container, &raw.target) {
        (Some(container), None) => {
            let said = "expected container = \"NAMESPACE/CONTAINER\"";
            let parts = container.get_ref().split_once('/').filter(|(namespace, container)| {
                !namespace.is_empty() && !container.is_empty() && !container.contains('/')
            });
            let (namespace, name) = parts.ok_or_else(|| problem(container, said))?;
            let port = raw.port.as_ref().filter(|port| *port.get_ref() != 0);
            let port =
                port.ok_or_else(|| problem(container, "expected a port beside container"))?;
            let (namespace, container) = (namespace.to_owned(), name.to_owned());
            Place::Container { namespace, container, port: *port.get_ref() }
        }
        (None, Some(target)) => Place::Address(address(target)?),
        (Some(_), Some(target)) => {
            return Err(problem(target, "expected either container or target, not both"));
        }
        (None, None) => {
            return Err(missing(
                "expected container and port, or target, to say where it is asked",
            ));
        }
    };
    Ok((place, check))
}

/// A fixed address: names would have to be looked up, which may take longer
/// than the probe.
fn address(target: &Spanned<String>) -> Result<SocketAddr, Problem> {
    let parsed = target.get_ref().parse().ok().filter(|address: &SocketAddr| address.port() != 0);
    parsed.ok_or_else(|| problem(target, "expected an IP address and port, such as 127.0.0.1:6443"))
}

fn url(raw: &raw::Probe, at: &Spanned<String>) -> Result<(Place, Check), Problem> {
    let said = "expected a URL with an IP address, such as https://127.0.0.1:6443/healthz";
    let beside = [&raw.container, &raw.target, &raw.path].into_iter().flatten().next();
    if let Some(beside) = beside {
        let said = "url says it all: expected no container, target or path beside it";
        return Err(problem(beside, said));
    }
    let uri: Uri = at.get_ref().parse().map_err(|_| problem(at, said))?;
    let (tls, port) = match uri.scheme_str() {
        Some("http") => (false, 80),
        Some("https") => (true, 443),
        _ => return Err(problem(at, said)),
    };
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let ip: IpAddr = host.parse().map_err(|_| problem(at, said))?;
    let address = SocketAddr::new(ip, uri.port_u16().unwrap_or(port));
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    Ok((Place::Address(address), http(raw, tls, Some(path))?))
}

fn http(raw: &raw::Probe, tls: bool, path: Option<&str>) -> Result<Check, Problem> {
    let given = raw.path.as_ref().map(|path| path.get_ref().as_str());
    let path = path.or(given).unwrap_or("/").to_owned();
    if !path.starts_with('/') || path.parse::<Uri>().is_err() {
        let at = raw.path.as_ref().unwrap_or(&raw.name);
        return Err(problem(at, "expected a path that starts with /"));
    }
    Ok(Check::Http { tls, path, body: raw.body.as_ref().map(|body| body.get_ref().clone()) })
}

fn host(text: &Spanned<String>) -> Result<String, Problem> {
    match ServerName::try_from(text.get_ref().as_str()) {
        Ok(_) => Ok(text.get_ref().clone()),
        Err(_) => Err(problem(text, "expected a host name")),
    }
}

fn domain(text: &Spanned<String>) -> Result<String, Problem> {
    let name = text.get_ref().trim_end_matches('.');
    let fits = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    if name.len() <= 253 && name.split('.').all(fits) {
        Ok(name.to_owned())
    } else {
        Err(problem(text, "expected a domain name"))
    }
}

fn label(key: &str, text: &Spanned<String>) -> Result<String, Problem> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if (1..=63).contains(&text.get_ref().len()) && text.get_ref().bytes().all(plain) {
        Ok(text.get_ref().clone())
    } else {
        let said = format!("expected a {key} of 1 to 63 letters, digits, and - _ .");
        Err(problem(text, said))
    }
}

fn time(key: &str, text: Option<&Spanned<String>>, default: Duration) -> Result<Duration, Problem> {
    let Some(text) = text else { return Ok(default) };
    let said = || format!("expected {key} as a number with its unit: 500ms, 30s or 5m");
    duration::parse(text.get_ref()).ok_or_else(|| problem(text, said()))
}
