//! The TLS server that a configuration asks for.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ServerSessionMemoryCache, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{InconsistentKeys, RootCertStore, ServerConfig};

use super::WebError;
use super::config::{Clients, Tls};

/// Sessions remembered, for clients that connect again: few scrape a node.
const SESSIONS: usize = 32;

/// Reads certificate and key, and the authority of clients if there is one.
pub(super) fn server(tls: &Tls) -> Result<ServerConfig, WebError> {
    let provider = Arc::new(default_provider());
    let versions: Vec<_> = [&TLS12, &TLS13]
        .into_iter()
        .zip(tls.versions)
        .filter_map(|(v, on)| on.then_some(v))
        .collect();
    let chain = certificates(&tls.cert_file, "cert_file")?;
    let key = PrivateKeyDer::from_pem_file(&tls.key_file)
        .map_err(|error| material(&tls.key_file, "key_file", pem_says(&error)))?;
    // By itself, so that a key that cannot be used is not the certificate's fault.
    let key = provider.key_provider.load_private_key(key).map_err(|_| {
        let expected = "a key that this agent's TLS cannot use; expected RSA of 2048 to 4096 bits, \
                        ECDSA P-256 or P-384, or Ed25519, not encrypted";
        material(&tls.key_file, "key_file", expected.to_owned())
    })?;
    let wrong = |error: rustls::Error| match error {
        rustls::Error::InconsistentKeys(_) => {
            let said = format!("it does not belong to {}", tls.cert_file.display());
            material(&tls.key_file, "key_file", said)
        }
        error => material(&tls.cert_file, "cert_file", error.to_string()),
    };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions)
        .map_err(wrong)?;
    let builder = match &tls.clients {
        None => builder.with_no_client_auth(),
        Some(Clients { ca_file, required }) => {
            let wrong = |error: String| material(ca_file, "client_ca_file", error);
            let mut roots = RootCertStore::empty();
            let authorities = certificates(ca_file, "client_ca_file")?;
            if roots.add_parsable_certificates(authorities).0 == 0 {
                return Err(wrong("no authority in it that can be used".to_owned()));
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            let verifier = if *required { verifier } else { verifier.allow_unauthenticated() };
            builder.with_client_cert_verifier(
                verifier.build().map_err(|error| wrong(error.to_string()))?,
            )
        }
    };
    let certified = CertifiedKey::new(chain, key);
    match certified.keys_match() {
        // A key that does not tell: its signatures will.
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
        Err(error) => return Err(wrong(error)),
    }
    let mut server = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    server.session_storage = ServerSessionMemoryCache::new(SESSIONS);
    Ok(server)
}

fn certificates(path: &Path, role: &'static str) -> Result<Vec<CertificateDer<'static>>, WebError> {
    let wrong = |error: pem::Error| material(path, role, pem_says(&error));
    let chain: Vec<_> = CertificateDer::pem_file_iter(path)
        .map_err(wrong)?
        .collect::<Result<_, _>>()
        .map_err(wrong)?;
    if chain.is_empty() {
        return Err(material(path, role, "no certificate in it; expected PEM".to_owned()));
    }
    Ok(chain)
}

fn material(path: &Path, role: &'static str, said: String) -> WebError {
    WebError::Material { path: path.to_owned(), role, said }
}

/// In an operator's words; nothing of the file's content.
fn pem_says(error: &pem::Error) -> String {
    match error {
        pem::Error::Io(error) => error.to_string(),
        pem::Error::NoItemsFound => "nothing of the kind in it; expected PEM".to_owned(),
        _ => "it is not whole PEM".to_owned(),
    }
}
