//! Certificates, keys and tokens of a kubeconfig: read down to what they are and
//! written anew from that.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::Decode as _;
use pem::{EncodeConfig, LineEnding, Pem};
use rustls_pki_types::CertificateDer;

/// Certificates of one chain or bundle at most. k3s writes two: its own and its
/// authority's; an authority of the operator's own may have some more.
const CERTIFICATES_MAX: usize = 16;
/// A token's length at most, in bytes; a service account's has about 1,000.
const TOKEN_MAX: usize = 8 << 10;

/// One or more X.509 certificates, as base64 over PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificates(String);

/// One private key, as base64 over PEM.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct PrivateKey(String);

/// One bearer token.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Token(String);

impl Certificates {
    pub(super) const EXPECTED: &str = "base64 of one or more X.509 certificates in PEM";

    pub(super) fn read(text: &str) -> Option<Self> {
        let blocks = blocks(text)?;
        let all = (1..=CERTIFICATES_MAX).contains(&blocks.len())
            && blocks.iter().all(|block| {
                let certificate = CertificateDer::from(block.contents());
                block.tag() == "CERTIFICATE"
                    && webpki::anchor_from_trusted_cert(&certificate).is_ok()
            });
        all.then(|| Self(anew(&blocks)))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl PrivateKey {
    pub(super) const EXPECTED: &str = "base64 of one private key in PEM";

    pub(super) fn read(text: &str) -> Option<Self> {
        let blocks = blocks(text)?;
        let [block] = blocks.as_slice() else { return None };
        let known = ["EC PRIVATE KEY", "PRIVATE KEY", "RSA PRIVATE KEY"].contains(&block.tag());
        let sequence = der::asn1::AnyRef::from_der(block.contents())
            .is_ok_and(|any| der::Tagged::tag(&any) == der::Tag::Sequence);
        (known && sequence).then(|| Self(anew(&blocks)))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Its base64 in a kubeconfig, and the lines between those of PEM.
    pub(super) fn secrets(&self) -> Vec<String> {
        let inner = blocks(&self.0).unwrap_or_default();
        let inner = inner.iter().map(|block| STANDARD.encode(block.contents()));
        std::iter::once(self.0.clone()).chain(inner).collect()
    }
}

impl Token {
    pub(super) const EXPECTED: &str = "a bearer token: letters, digits and `-._~+/`, then `=`";

    /// By the grammar of RFC 6750, section 2.1.
    pub(super) fn read(text: &str) -> Option<Self> {
        let body = text.trim_end_matches('=');
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
        (!body.is_empty() && text.len() <= TOKEN_MAX && body.bytes().all(letter))
            .then(|| Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivateKey([secret])")
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token([secret])")
    }
}

/// The PEM blocks of a base64 text; `None` when it has anything that only looks
/// like one, or a block with headers (which means an encrypted key).
fn blocks(text: &str) -> Option<Vec<Pem>> {
    let bytes = STANDARD.decode(text).ok()?;
    let blocks = pem::parse_many(&bytes).ok()?;
    let begun = bytes.windows(11).filter(|window| *window == b"-----BEGIN ").count();
    let plain = blocks.iter().all(|block| block.headers().iter().next().is_none());
    (plain && begun == blocks.len()).then_some(blocks)
}

/// From the bytes within the blocks alone, so that nothing around them is
/// passed on. Go, and with it k3s, writes PEM in the same way.
fn anew(blocks: &[Pem]) -> String {
    let config = EncodeConfig::new().set_line_ending(LineEnding::LF);
    let text: String = blocks.iter().map(|block| pem::encode_config(block, config)).collect();
    STANDARD.encode(text)
}
