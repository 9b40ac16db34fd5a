//! The agents' login: a certificate with its key, a password, and the
//! configuration an agent serves its page by. Made here, kept on the server,
//! copied to every node.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use sha2::{Digest as _, Sha256};
use terrarium_k3s::sums;
use terrarium_plan::{AGENT_DROP_IN, AGENT_NAME, LoginDigests, LoginPart, web_configuration};
use terrarium_ssh::{Command, Secret};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};
use zeroize::Zeroizing;

use crate::error::{Code, Failure};
use crate::host::Host;
use crate::report::secrets;

/// How long a certificate lasts, in years: as k3s' own authorities do. One that is
/// about to expire is made anew by a run in its last 60 days.
const YEARS: i16 = 10;
/// Boards without a battery come up in the past.
const SINCE: (i32, u8, u8) = (2025, 1, 1);
/// The password is 256 bits of chance: nobody guesses it, however fast a guess
/// is, and each agent would pay for a slow one.
const COST: u32 = 4;
/// Bytes of the password, which is written in hex.
const PASSWORD: usize = 32;
const READ_WITHIN: Duration = Duration::from_secs(30);

/// All parts of a login.
#[derive(Debug)]
pub(crate) struct Login {
    certificate: String,
    key: Secret,
    password: Secret,
    web: String,
}

impl Login {
    /// Another one.
    pub(crate) fn make() -> Result<Self, Failure> {
        let failed = |error: &dyn std::error::Error| {
            Failure::internal("a login for the agents cannot be made", error)
        };
        let mut password = Zeroizing::new([0; PASSWORD]);
        getrandom::fill(password.as_mut()).map_err(|error| failed(&error))?;
        let key = KeyPair::generate().map_err(|error| failed(&error))?;
        let mut params =
            CertificateParams::new([AGENT_NAME.to_owned()]).map_err(|error| failed(&error))?;
        params.distinguished_name.push(DnType::CommonName, AGENT_NAME);
        params.is_ca = IsCa::ExplicitNoCa;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let (year, month, day) = SINCE;
        params.not_before = rcgen::date_time_ymd(year, month, day);
        let ends = crate::clock::today().year() + YEARS;
        params.not_after = rcgen::date_time_ymd(ends.into(), 1, 1);
        let certificate = params.self_signed(&key).map_err(|error| failed(&error))?.pem();
        let password = Secret::new(data_encoding::HEXLOWER.encode(password.as_ref()));
        Self::of(certificate, Secret::new(key.serialize_pem()), password.expose())
            .map_err(|what| Failure::plain(Code::Internal, what))
    }

    /// The parts as nodes have them.
    fn of(certificate: String, key: Secret, password: &str) -> Result<Self, String> {
        secrets::hide(password);
        secrets::hide(key.expose());
        // The same password has the same hash on every node and in every run, so
        // that what a node has can be compared.
        let salt = Sha256::digest(format!("the salt of {password}"));
        let salt = <[u8; 16]>::try_from(&salt[..16]).map_err(|error| error.to_string())?;
        let hash =
            bcrypt::hash_with_salt(password, COST, salt).map_err(|error| error.to_string())?;
        let web = web_configuration(&hash.to_string());
        let password = Secret::new(format!("{password}\n"));
        Ok(Self { certificate, key, password, web })
    }

    /// The text of a part.
    pub(crate) fn part(&self, part: LoginPart) -> &str {
        match part {
            LoginPart::Certificate => &self.certificate,
            LoginPart::Key => self.key.expose(),
            LoginPart::Password => self.password.expose(),
            LoginPart::Web => &self.web,
        }
    }

    /// What the planner compares.
    pub(crate) fn digests(&self) -> LoginDigests {
        let digest = |part| sums::Sha256::of(self.part(part).as_bytes()).to_string();
        LoginDigests {
            certificate: digest(LoginPart::Certificate),
            key: digest(LoginPart::Key),
            password: digest(LoginPart::Password),
            web: digest(LoginPart::Web),
        }
    }

    /// The one the server has. What goes on to the other nodes is a password, a
    /// certificate and a key, each read as such; the configuration around them is
    /// written here, whatever the server's says.
    pub(crate) async fn of_server(server: &Host, told: &LoginDigests) -> Result<Self, Failure> {
        let name = &server.node.name;
        let paths =
            [LoginPart::Password, LoginPart::Certificate, LoginPart::Key].map(LoginPart::path);
        let command = Command::new("read the agents' login", format!("cat {}", paths.join(" ")))
            .as_root()
            .deadline(READ_WITHIN);
        let output = server.run(command).await?;
        let wrong = |what: &str| {
            Failure::plain(
                Code::Change,
                format!("node `{name}`: the agents' login cannot be copied: {what}"),
            )
            .hint(Some(format!(
                "on {name}: sudo rm {}; the next run makes another login",
                LoginPart::Password.path()
            )))
        };
        if output.status != 0 {
            return Err(wrong(&format!("{} cannot be read", paths.join(", "))));
        }
        let login = output.stdout_text().parse(|said| read(said)).map_err(|what| wrong(&what))?;
        // What the server told of it before, and is compared with.
        if login.digests() != *told {
            return Err(wrong("its parts do not belong together"));
        }
        Ok(login)
    }
}

/// A password, a certificate and a key, one after the other, as `provision`
/// writes them.
fn read(text: &str) -> Result<Login, String> {
    let (password, rest) = text.split_once('\n').unwrap_or((text, ""));
    take_password(password)?;
    let blocks = pem::parse_many(rest).map_err(|error| error.to_string())?;
    let [certificate, key] = &blocks[..] else {
        return Err(format!("{} blocks of PEM, expected a certificate and a key", blocks.len()));
    };
    trusting(certificate.contents())
        .map_err(|error| format!("{}: {error}", LoginPart::Certificate.path()))?;
    KeyPair::try_from(key.contents())
        .map_err(|error| format!("{}: {error}", LoginPart::Key.path()))?;
    let text = |tag, block: &pem::Pem| {
        let plain = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        pem::encode_config(&pem::Pem::new(tag, block.contents()), plain)
    };
    Login::of(text("CERTIFICATE", certificate), Secret::new(text("PRIVATE KEY", key)), password)
}

/// Sees to it that a password is none but one of ours, and is not shown.
fn take_password(text: &str) -> Result<(), String> {
    let is_hex = |c: char| matches!(c, '0'..='9' | 'a'..='f');
    if text.len() != 2 * PASSWORD || !text.chars().all(is_hex) {
        return Err(format!("{} is not {PASSWORD} bytes in hex", LoginPart::Password.path()));
    }
    secrets::hide(text);
    Ok(())
}

/// Authorities that this certificate is the only one of.
fn trusting(certificate: &[u8]) -> Result<RootCertStore, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(certificate))?;
    Ok(roots)
}

/// What it takes to ask an agent.
pub(crate) struct Visitor {
    /// Speaks TLS, to who has the agents' certificate and nobody else.
    pub(crate) tls: TlsConnector,
    /// The name in the certificate.
    pub(crate) name: ServerName<'static>,
    /// The value of the header that has user and password.
    pub(crate) authorization: Zeroizing<String>,
}

impl Visitor {
    /// Of the login that this node's agent goes by; `None` when that serves its
    /// page to everybody.
    pub(crate) async fn of(host: &Host) -> Result<Option<Self>, Failure> {
        let (password, certificate) = (LoginPart::Password.path(), LoginPart::Certificate.path());
        let script = format!(
            "grep -qs -e --web.config.file= {AGENT_DROP_IN} || exit 0\ncat {password} {certificate}"
        );
        let command =
            Command::new("read the agents' login", script).as_root().deadline(READ_WITHIN);
        let output = host.run(command).await?;
        let wrong = |what: String| {
            let what = format!("node `{}`: the agents' login {what}", host.node.name);
            Failure::plain(Code::Change, what)
                .hint(Some("`provision` gives the node the login it lacks".to_owned()))
        };
        if output.status != 0 {
            return Err(wrong(format!("cannot be read: {password}, {certificate}")));
        }
        output
            .stdout_text()
            .parse(|said| visitor(said))
            .map_err(|what| wrong(format!("is of no use: {what}")))
    }
}

/// A password and a certificate; nothing, when no login is asked for.
fn visitor(text: &str) -> Result<Option<Visitor>, String> {
    let Some((password, certificate)) = text.split_once('\n') else { return Ok(None) };
    take_password(password)?;
    let certificate = pem::parse(certificate).map_err(|error| error.to_string())?;
    let roots = trusting(certificate.contents()).map_err(|error| error.to_string())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let login = Zeroizing::new(format!("{AGENT_NAME}:{password}"));
    let authorization = Zeroizing::new(format!("Basic {}", BASE64.encode(login.as_bytes())));
    let name = ServerName::try_from(AGENT_NAME).map_err(|error| error.to_string())?;
    Ok(Some(Visitor { tls: TlsConnector::from(Arc::new(config)), name, authorization }))
}

#[cfg(test)]
mod tests;
