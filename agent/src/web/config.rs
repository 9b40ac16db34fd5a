//! The file itself: YAML in, what was asked for out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bcrypt::HashParts;

use super::WebError;
use super::section::Section;

/// The headers exporter-toolkit lets one set, and what each can be; anything if
/// nothing is listed.
const HEADERS: [(&str, &[&str], &str); 5] = [
    ("content-security-policy", &[], ""),
    ("strict-transport-security", &[], ""),
    ("x-content-type-options", &["nosniff"], "nosniff"),
    ("x-frame-options", &["deny", "sameorigin"], "deny or sameorigin"),
    ("x-xss-protection", &[], ""),
];

/// The authorities that the system trusts, as Debian and Alpine have them.
const SYSTEM: &str = "/etc/ssl/certs/ca-certificates.crt";

/// What was asked for.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) tls: Option<Tls>,
    pub(super) headers: HeaderMap,
    /// Name and bcrypt hash.
    pub(super) users: BTreeMap<String, String>,
}

/// How to serve TLS.
#[derive(Debug)]
pub(super) struct Tls {
    pub(super) cert_file: PathBuf,
    pub(super) key_file: PathBuf,
    pub(super) clients: Option<Clients>,
    /// TLS 1.2 and 1.3: which are spoken.
    pub(super) versions: [bool; 2],
}

/// Clients show certificates.
#[derive(Debug)]
pub(super) struct Clients {
    pub(super) ca_file: PathBuf,
    /// Those without are turned away.
    pub(super) required: bool,
}

impl Config {
    /// The configuration that `text`, from `path`, asks for. Relative paths
    /// in it are relative to its folder.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, WebError> {
        let mut file = Section::read(path, text)?;
        let mut http = file.section("http_server_config")?;
        let mut rate = file.section("rate_limit")?;
        // As there: no time between requests is no limit.
        let limits = rate.word("interval")?.is_some_and(|(_, word)| !["0", "0s"].contains(&&*word));
        rate.word("burst")?;
        if limits {
            let why = "let the firewall do it; see also --web.max-requests";
            return Err(file.unsupports("rate_limit", why));
        }
        rate.end("interval or burst")?;
        let config = Self {
            tls: match file.take("tls_server_config") {
                None => None,
                Some(entry) => {
                    let section = file.inner(entry)?;
                    // Without a word in it, it asks for nothing.
                    if section.is_empty() { None } else { Some(Tls::of(section)?) }
                }
            },
            headers: headers(&http.section("headers")?)?,
            users: users(&file.section("basic_auth_users")?)?,
        };
        // Whether it may be spoken: nobody has to, and the agent does not.
        if let Some((line, word)) = http.word("http2")?
            && !["true", "false"].contains(&&*word)
        {
            return Err(http.value(line, "http2", word, "true or false"));
        }
        http.end("headers or http2")?;
        file.end("tls_server_config, http_server_config or basic_auth_users")?;
        Ok(config)
    }
}

impl Tls {
    fn of(mut section: Section<'_>) -> Result<Self, WebError> {
        for key in ["cert", "key", "client_ca"] {
            section.unsupported(key, "put it into a file of its own and name that")?;
        }
        for key in ["cipher_suites", "curve_preferences", "prefer_server_cipher_suites"] {
            section.unsupported(key, "leave it out, its TLS library has only sound ones")?;
        }
        section
            .unsupported("client_allowed_sans", "let an authority of its own sign the clients")?;
        let least = version(&mut section, "min_version", 0)?;
        let most = version(&mut section, "max_version", 1)?;
        if least > most {
            return Err(section.value(
                section.line,
                "max_version",
                "TLS12",
                "no less than min_version",
            ));
        }
        let clients = Clients::of(&mut section)?;
        let mut needed = |key| {
            section
                .file(key)?
                .ok_or_else(|| section.value(section.line, key, "", "the path of a PEM file"))
        };
        let (cert_file, key_file) = (needed("cert_file")?, needed("key_file")?);
        section.end(
            "cert_file, key_file, client_auth_type, client_ca_file, min_version or max_version",
        )?;
        let versions = [0, 1].map(|version| least <= version && version <= most);
        Ok(Self { cert_file, key_file, clients, versions })
    }
}

/// 0 for TLS 1.2, 1 for 1.3.
fn version(section: &mut Section<'_>, key: &str, default: u8) -> Result<u8, WebError> {
    let Some((line, word)) = section.word(key)? else { return Ok(default) };
    match &*word {
        "TLS12" => Ok(0),
        "TLS13" => Ok(1),
        _ => Err(section.value(line, key, word, "TLS12 or TLS13; what is older is not safe")),
    }
}

impl Clients {
    fn of(section: &mut Section<'_>) -> Result<Option<Self>, WebError> {
        const KEY: &str = "client_auth_type";
        let (line, kind) = section.word(KEY)?.unwrap_or((section.line, String::new()));
        let required = match &*kind {
            "" | "NoClientCert" => None,
            "VerifyClientCertIfGiven" => Some(false),
            "RequireAndVerifyClientCert" => Some(true),
            "RequestClientCert" | "RequireAnyClientCert" => {
                let why = "a certificate nobody verifies proves nothing; use \
                           RequireAndVerifyClientCert";
                return Err(section.unsupports(&format!("{KEY}: {kind}"), why));
            }
            _ => {
                let expected =
                    "NoClientCert, VerifyClientCertIfGiven or RequireAndVerifyClientCert";
                return Err(section.value(line, KEY, kind, expected));
            }
        };
        match (required, section.file("client_ca_file")?) {
            (None, None) => Ok(None),
            (Some(required), Some(ca_file)) => Ok(Some(Self { ca_file, required })),
            (Some(required), None) => Ok(Some(Self { ca_file: SYSTEM.into(), required })),
            (None, Some(_)) => {
                let expected = "one that verifies, since client_ca_file is given";
                Err(section.value(line, KEY, kind, expected))
            }
        }
    }
}

fn headers(section: &Section<'_>) -> Result<HeaderMap, WebError> {
    let mut headers = HeaderMap::new();
    for (line, name, value) in section.words()? {
        let header = name.parse::<HeaderName>().ok();
        let known = header.and_then(|header| {
            let known = HEADERS.into_iter().find(|(known, ..)| *known == header.as_str());
            known.map(|(_, values, expected)| (header, values, expected))
        });
        let Some((header, values, expected)) = known else {
            return Err(section.unknown(
                line,
                &name,
                "Content-Security-Policy, \
                Strict-Transport-Security, X-Content-Type-Options, X-Frame-Options or \
                X-XSS-Protection",
            ));
        };
        let Ok(plain) = HeaderValue::from_str(&value) else {
            return Err(section.value(line, &name, value, "one line of plain letters"));
        };
        if !values.is_empty() && !values.iter().any(|known| known.eq_ignore_ascii_case(&value)) {
            return Err(section.value(line, &name, value, expected));
        }
        headers.insert(header, plain);
    }
    Ok(headers)
}

fn users(section: &Section<'_>) -> Result<BTreeMap<String, String>, WebError> {
    let mut users = BTreeMap::new();
    for (line, name, hash) in section.words()? {
        if name.is_empty() || name.contains(':') {
            return Err(section.unknown(line, &name, "a name without a colon"));
        }
        if hash.parse::<HashParts>().is_err() {
            // What stands there may be the password itself: it is not shown.
            let expected = "a bcrypt hash ($2y$10$…), as `htpasswd -nBC 10 NAME` makes one";
            return Err(section.value(line, &name, "***", expected));
        }
        users.insert(name, hash);
    }
    Ok(users)
}

#[cfg(test)]
mod tests;
