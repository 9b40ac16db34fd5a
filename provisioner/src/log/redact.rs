//! Secrets that nobody has named yet, by what they look like: a node may complain
//! of one before the run knows it.

const STAND_IN: &str = "[secret]";
/// What stands before a secret in the same word.
const KEYS: [&str; 6] = ["password=", "passwd=", "token=", "secret=", "pass=", "apikey="];
/// What stands before a secret as a word of its own.
const SCHEMES: [&str; 2] = ["Bearer", "Basic"];

/// The text without what looks like a secret.
pub(crate) fn redact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for line in text.split_inclusive('\n') {
        if line.contains("-----BEGIN ") {
            inside = true;
        }
        let ends = line.contains("-----END ");
        if inside {
            if !out.ends_with(STAND_IN) {
                out.push_str(STAND_IN);
            }
            if ends && line.ends_with('\n') {
                out.push('\n');
            }
        } else {
            words(line, &mut out);
        }
        inside &= !ends;
    }
    out
}

/// Word by word, with the white space as it is.
fn words(line: &str, out: &mut String) {
    let mut before = "";
    for piece in line.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        if SCHEMES.contains(&before) && word.len() > 8 {
            out.push_str(STAND_IN);
        } else {
            out.push_str(&masked(word));
        }
        out.push_str(&piece[word.len()..]);
        before = word;
    }
}

fn masked(word: &str) -> String {
    // Letters of ASCII alone, so that places stay the same.
    let lower = word.to_ascii_lowercase();
    for key in KEYS {
        if let Some(at) = lower.find(key) {
            return format!("{}{STAND_IN}", &word[..at + key.len()]);
        }
    }
    // A token of k3s: K10, a digest, `::`, who it is for, and the secret.
    if let Some(at) = word.find("K10")
        && let Some((digest, _)) = word[at + 3..].split_once("::")
        && digest.len() >= 32
        && digest.chars().all(|letter| letter.is_ascii_hexdigit())
    {
        return format!("{}{STAND_IN}", &word[..at]);
    }
    // An address with a password in it.
    if let Some((scheme, rest)) = word.split_once("://")
        && let Some((user, host)) = rest.split_once('@')
        && user.contains(':')
        && !user.contains('/')
    {
        return format!("{scheme}://{STAND_IN}@{host}");
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_left_out_and_the_rest_stays() {
        let token = format!("K10{}::server:abc", "a1".repeat(32));
        for (text, expected) in [
            ("a plain line\n  and another", "a plain line\n  and another"),
            ("token is bad: status 1", "token is bad: status 1"),
            (&format!("bad token '{token}' given"), "bad token '[secret] given"),
            ("PGPASSWORD=hunter2 psql", "PGPASSWORD=[secret] psql"),
            ("--token=abc rest", "--token=[secret] rest"),
            ("Authorization: Bearer eyJhbGciOi.x.y\n", "Authorization: Bearer [secret]\n"),
            ("a basic set of things", "a basic set of things"),
            ("get http://me:pw@10.0.0.1/x", "get http://[secret]@10.0.0.1/x"),
            ("get http://10.0.0.1/x@y:z", "get http://10.0.0.1/x@y:z"),
            (
                "key:\n-----BEGIN EC PRIVATE KEY-----\nMHcCAQ\nAAA=\n-----END EC PRIVATE KEY-----\nend",
                "key:\n[secret]\nend",
            ),
            ("K10 is no token", "K10 is no token"),
        ] {
            assert_eq!(redact(text), expected, "{text}");
        }
    }
}
