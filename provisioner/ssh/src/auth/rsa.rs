//! RSA keys of files. What the SSH library would sign with has a known timing leak
//! (RUSTSEC-2023-0071), so *ring* signs here, as an agent would.

use std::fmt;
use std::sync::Arc;

use data_encoding::BASE64;
use num_bigint::BigUint;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, KeyPairComponents, PublicKeyComponents};
use ring::signature::RSA_PKCS1_SHA512;
use russh::keys::agent::AgentIdentity;
use russh::keys::ssh_key::Mpint;
use russh::keys::ssh_key::private::{KeypairData, RsaKeypair};
use russh::keys::ssh_key::public::{KeyData, RsaPublicKey};
use russh::keys::{HashAlg, PrivateKey, PublicKey};
use russh::{SendError, Signer};
use thiserror::Error;
use zeroize::Zeroizing;

/// The one signature asked for: every sshd since OpenSSH 7.2 takes it.
pub(super) const HASH: HashAlg = HashAlg::Sha512;
const NAME: &str = "rsa-sha2-512";

/// An RSA key that can sign.
#[derive(Clone)]
pub(super) struct RsaKey {
    pub(super) public: PublicKey,
    pair: Arc<KeyPair>,
}

impl fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RsaKey").field(&self.public.algorithm()).finish()
    }
}

impl RsaKey {
    /// The key of a PEM file: of `OpenSSL`'s own form, or PKCS #8. Nothing when it is
    /// no such file, or another algorithm's.
    pub(super) fn of_pem(text: &str) -> Option<Result<Self, String>> {
        let pair = if let Some(der) = inside(text, "RSA PRIVATE KEY") {
            KeyPair::from_der(&der)
        } else {
            // Which algorithm it is of stands inside.
            match KeyPair::from_pkcs8(&inside(text, "PRIVATE KEY")?) {
                Err(why) if why.to_string() == "WrongAlgorithm" => return None,
                pair => pair,
            }
        };
        Some(pair.map_err(|why| unusable(&why.to_string())).and_then(Self::new))
    }

    /// A key of OpenSSH's own form; nothing when it is another algorithm's.
    pub(super) fn of_openssh(key: &PrivateKey) -> Option<Result<Self, String>> {
        let KeypairData::Rsa(pair) = key.key_data() else { return None };
        Some(components(pair).and_then(Self::new))
    }

    fn new(pair: KeyPair) -> Result<Self, String> {
        let public: PublicKeyComponents<Vec<u8>> = pair.public().into();
        let number = |bytes: &[u8]| Mpint::from_positive_bytes(bytes);
        let public = RsaPublicKey::new(number(&public.e), number(&public.n))
            .map_err(|error| unusable(&error.to_string()))?;
        Ok(Self { public: PublicKey::from(KeyData::Rsa(public)), pair: Arc::new(pair) })
    }

    /// `data` with the signature of it behind, as the protocol has it.
    fn sign(&self, mut data: Vec<u8>) -> Result<Vec<u8>, SignError> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA512, &SystemRandom::new(), &data, &mut signature)
            .map_err(|_| SignError::Sign)?;
        let mut blob = Vec::new();
        for part in [NAME.as_bytes(), &signature] {
            string(&mut blob, part)?;
        }
        string(&mut data, &blob)?;
        Ok(data)
    }
}

/// A string of the SSH protocol: its length, then itself.
fn string(out: &mut Vec<u8>, part: &[u8]) -> Result<(), SignError> {
    let length = u32::try_from(part.len()).map_err(|_| SignError::Sign)?;
    out.extend(length.to_be_bytes());
    out.extend(part);
    Ok(())
}

/// What stands between the lines that begin and end a PEM file, unless it is
/// encrypted.
fn inside(text: &str, label: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let body: Zeroizing<String> = Zeroizing::new(body.split_whitespace().collect());
    BASE64.decode(body.as_bytes()).ok().map(Zeroizing::new)
}

/// OpenSSH's form has no exponents for the two primes: they follow from the others.
fn components(key: &RsaKeypair) -> Result<KeyPair, String> {
    let (public, private) = (key.public(), key.private());
    let bytes = |number: &Mpint| {
        let bytes = number.as_positive_bytes().map(<[u8]>::to_vec);
        bytes.map(Zeroizing::new).ok_or_else(|| unusable("a negative number"))
    };
    let number = |number: &Mpint| bytes(number).map(|bytes| BigUint::from_bytes_be(&bytes));
    let d = number(private.d())?;
    let exponent = |prime: &Mpint| {
        let prime = number(prime)?;
        if prime < BigUint::from(2_u8) {
            return Err(unusable("a prime below two"));
        }
        Ok(Zeroizing::new((&d % (prime - 1_u8)).to_bytes_be()))
    };
    let pair = KeyPair::from_components(&KeyPairComponents {
        public_key: PublicKeyComponents {
            n: bytes(public.n())?.as_slice(),
            e: bytes(public.e())?.as_slice(),
        },
        d: bytes(private.d())?.as_slice(),
        p: bytes(private.p())?.as_slice(),
        q: bytes(private.q())?.as_slice(),
        dP: exponent(private.p())?.as_slice(),
        dQ: exponent(private.q())?.as_slice(),
        qInv: bytes(private.iqmp())?.as_slice(),
    });
    pair.map_err(|why| unusable(&why.to_string()))
}

fn unusable(why: &str) -> String {
    let size = "RSA keys of 2048 to 4096 bits can be used";
    format!("{why}: {size}; the ssh-agent takes others (`ssh-add`)")
}

/// Why there is no signature.
#[derive(Debug, Error)]
pub(super) enum SignError {
    #[error("the connection ended")]
    Send,
    #[error("the key does not sign")]
    Sign,
}

impl From<SendError> for SignError {
    fn from(_: SendError) -> Self {
        Self::Send
    }
}

impl Signer for RsaKey {
    type Error = SignError;

    async fn auth_sign(
        &mut self,
        _: &AgentIdentity,
        _: Option<HashAlg>,
        to_sign: Vec<u8>,
    ) -> Result<Vec<u8>, SignError> {
        self.sign(to_sign)
    }
}
