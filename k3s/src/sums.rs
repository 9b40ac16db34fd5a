//! Checksum files as release pages carry them: `<sha256>  <file name>` a line.

use std::fmt;

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sha256([u8; 32]);

/// A text that is no SHA-256 digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a sha256 digest: expected 64 hexadecimal digits, got {got} characters")]
pub struct DigestError {
    /// Length of what was given, in characters.
    pub got: usize,
}

/// Why a checksum file gave no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SumsError {
    /// The file lists others, not this one.
    #[error("no line for `{name}` among the {entries} listed")]
    Missing {
        /// The file looked for.
        name: String,
        /// Well-formed lines in the file.
        entries: usize,
    },
    /// The file lists it more than once, with different digests.
    #[error("`{name}` is listed twice with different digests")]
    Ambiguous {
        /// The file looked for.
        name: String,
    },
    /// Not a single well-formed line: an error page, most likely.
    #[error("this is no checksum file: no line of the form `<sha256>  <file name>`")]
    NotSums,
}

impl Sha256 {
    /// From its 32 bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Its 32 bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 64 hexadecimal digits of either case.
    pub fn parse(text: &str) -> Result<Self, DigestError> {
        let refused = || DigestError { got: text.chars().count() };
        let digits = text.as_bytes();
        let mut bytes = [0; 32];
        if digits.len() != 2 * bytes.len() {
            return Err(refused());
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let [high, low] = [pair[0], pair[1]].map(|digit| char::from(digit).to_digit(16));
            let value = high.zip(low).and_then(|(high, low)| u8::try_from(high << 4 | low).ok());
            *byte = value.ok_or_else(refused)?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256({self})")
    }
}

impl std::str::FromStr for Sha256 {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        Self::parse(text)
    }
}

/// The digest a checksum file gives for exactly `name`.
///
/// The name must match to the letter: `k3s` is not `k3s-arm64`, and a path in
/// front (`./k3s`) is another name. Lines of another form are passed over, for
/// a file may carry a signature or a remark; two different digests for one name
/// are refused.
pub fn find(sums: &str, name: &str) -> Result<Sha256, SumsError> {
    let mut entries = 0;
    let mut found: Option<Sha256> = None;
    for (digest, listed) in sums.lines().filter_map(line) {
        entries += 1;
        if listed != name {
            continue;
        }
        if found.is_some_and(|earlier| earlier != digest) {
            return Err(SumsError::Ambiguous { name: name.to_owned() });
        }
        found = Some(digest);
    }
    match found {
        Some(digest) => Ok(digest),
        None if entries == 0 => Err(SumsError::NotSums),
        None => Err(SumsError::Missing { name: name.to_owned(), entries }),
    }
}

/// One line of `sha256sum`: digest, a space, a space (text) or a star (binary),
/// the name up to the line's end.
fn line(line: &str) -> Option<(Sha256, &str)> {
    let (digest, rest) = line.split_once(' ')?;
    let name = rest.strip_prefix([' ', '*'])?;
    let digest = Sha256::parse(digest).ok()?;
    (!name.is_empty()).then_some((digest, name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Sha256, SumsError, find};

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";

    #[test]
    fn table() {
        let missing = |entries| Err(SumsError::Missing { name: "k3s".into(), entries });
        let ambiguous = Err(SumsError::Ambiguous { name: "k3s".into() });
        let a = Ok(Sha256::parse(A).unwrap());
        for (what, sums, expected) in [
            ("as released", format!("{B}  k3s-airgap-images-amd64.tar.zst\n{A}  k3s\n"), a.clone()),
            ("binary marker", format!("{A} *k3s\n"), a.clone()),
            ("no newline at the end", format!("{A}  k3s"), a.clone()),
            ("carriage returns", format!("{A}  k3s\r\n"), a.clone()),
            ("listed twice alike", format!("{A}  k3s\n{A}  k3s\n"), a),
            ("listed twice otherwise", format!("{A}  k3s\n{B}  k3s\n"), ambiguous),
            ("another name that begins so", format!("{A}  k3s-arm64\n"), missing(1)),
            ("another name that ends so", format!("{A}  not-k3s\n"), missing(1)),
            ("a path", format!("{A}  ./k3s\n{A}  dist/k3s\n"), missing(2)),
            ("trailing space", format!("{A}  k3s \n"), missing(1)),
            ("one space only", format!("{A} k3s\n"), Err(SumsError::NotSums)),
            ("a digit short", format!("{}  k3s\n", &A[1..]), Err(SumsError::NotSums)),
            ("not hexadecimal", format!("{}g  k3s\n", &A[1..]), Err(SumsError::NotSums)),
            ("signs are no digits", format!("+{}  k3s\n", &A[1..]), Err(SumsError::NotSums)),
            ("an error page", "<html>404 k3s</html>".into(), Err(SumsError::NotSums)),
            ("nothing", String::new(), Err(SumsError::NotSums)),
        ] {
            assert_eq!(find(&sums, "k3s"), expected, "{what}");
        }
    }

    #[test]
    fn digests_are_written_in_lower_case() {
        assert_eq!(Sha256::parse(B).unwrap().to_string(), B.to_lowercase());
        assert!(Sha256::parse("é".repeat(32).as_str()).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(sums in any::<String>(), name in any::<String>()) {
            let _ = find(&sums, &name);
            let _ = Sha256::parse(&sums);
        }

        #[test]
        fn digests_come_back(bytes in any::<[u8; 32]>()) {
            let digest = Sha256::new(bytes);
            prop_assert_eq!(Sha256::parse(&digest.to_string()), Ok(digest));
        }
    }
}
