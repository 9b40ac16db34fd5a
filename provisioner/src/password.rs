//! What may be a password: one line of text that login and sudo take whole.

use terrarium_ssh::Secret;
use zeroize::Zeroizing;

use crate::error::{Code, Failure};
use crate::report::{secrets, terminal};

/// sudo reads no more of a line; what is longer would arrive cut off.
const MOST_BYTES: usize = 1023;

/// Takes bytes as a password, or says what is wrong with `what`; never repeats them.
pub(crate) fn read(bytes: Vec<u8>, what: &str) -> Result<Secret, Failure> {
    let bytes = Zeroizing::new(bytes);
    let wrong = |why: String| {
        Failure::plain(Code::Usage, format!("{what} cannot be one: {why}"))
            .hint(Some("nothing was sent to any node; give a password as `passwd` takes it: one line of UTF-8 text".to_owned()))
    };
    if bytes.len() > MOST_BYTES {
        let length = bytes.len();
        return Err(wrong(format!("it has {length} bytes, and sudo reads at most {MOST_BYTES}")));
    }
    let Ok(text) = std::str::from_utf8(&bytes) else {
        return Err(wrong("it is not UTF-8 text".to_owned()));
    };
    if text.contains(['\n', '\r', '\0']) {
        return Err(wrong("it has a line break or a NUL in it".to_owned()));
    }
    if !secrets::hide(text) {
        terminal::remark(&format!(
            "note: {what} has fewer than {} letters; should a node repeat it, it is printed as it is\n",
            secrets::LEAST
        ));
    }
    Ok(Secret::new(text))
}

const PASSWORD_FILE: &str = "write the password as its first line, mode 0600, or take `password_file` out and use \
                             --ask-password";

/// The first line of a password file.
pub(crate) fn of_file(file: &std::path::Path) -> Result<Secret, Failure> {
    let text = fs_err::read_to_string(file).map_err(|error| {
        Failure::new(Code::Usage, "cannot read the password file of the inventory", &error)
            .hint(Some(PASSWORD_FILE.to_owned()))
    })?;
    let line = text.lines().next().unwrap_or_default();
    let what = format!("the first line of {}", file.display());
    if line.is_empty() {
        return Err(Failure::plain(Code::Usage, format!("{what} is empty: it is no password"))
            .hint(Some(PASSWORD_FILE.to_owned())));
    }
    read(line.as_bytes().to_vec(), &what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_of_text_is_taken_as_it_is() {
        for text in ["hunter2", " x ", "pass word ' \\ $x é", "\u{1b}[A\t", &"x".repeat(1023)] {
            let secret = read(text.as_bytes().to_vec(), "it").unwrap();
            assert_eq!(secret.expose(), text);
        }
    }

    #[test]
    fn what_would_arrive_changed_is_refused_and_never_repeated() {
        for (bytes, why) in [
            (b"hunter2\xff".to_vec(), "not UTF-8"),
            (b"hunter2\r".to_vec(), "a line break"),
            (b"hunter2\nx".to_vec(), "a line break"),
            (b"hunter2\0".to_vec(), "a NUL"),
            (b"hunter2".repeat(200), "it has 1400 bytes"),
        ] {
            let failure = read(bytes, "TERRARIUM_PASSWORD").unwrap_err();
            assert_eq!(failure.code, Code::Usage);
            let line = failure.line();
            assert!(line.starts_with("TERRARIUM_PASSWORD cannot be one: "), "{line}");
            assert!(line.contains(why) && !line.contains("hunter2"), "{line}");
        }
    }
}
