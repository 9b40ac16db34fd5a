//! How a session becomes root, and what the node says when it may not.

use thiserror::Error;

use crate::bootstrap::NO_ROOT;

/// The way to root that works for a session's user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SudoMode {
    /// The login user is root.
    Root,
    /// sudo asks for nothing.
    Passwordless,
    /// sudo asks for the password.
    Password,
}

impl SudoMode {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Passwordless => "passwordless",
            Self::Password => "password",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Root, Self::Passwordless, Self::Password]
            .into_iter()
            .find(|mode| mode.word() == word)
    }
}

/// Why a command could not run as root.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SudoError {
    /// There is no sudo on the node.
    #[error("sudo is not installed")]
    Missing,
    /// The user may not use sudo, or not for everything.
    #[error("the user may not run commands as root")]
    NotAllowed,
    /// The password was refused.
    #[error("sudo refused the password")]
    WrongPassword,
    /// sudo wants a password and none was given.
    #[error("sudo asks for a password and none was given")]
    PasswordNeeded,
    /// The user has to change the password first.
    #[error("the user's password has expired")]
    Expired,
    /// sudo is configured with `requiretty`.
    #[error("sudo wants a terminal (`requiretty`)")]
    RequiresTty,
    /// sudo asks for something that is not the password.
    #[error("sudo asks `{0}`, which is not its question for the password")]
    Asks(String),
    /// sudo neither asked nor began.
    #[error("sudo did not answer in time")]
    Silent,
    /// Anything else sudo says.
    #[error("sudo failed: {0}")]
    Other(String),
}

impl SudoError {
    /// What the user can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Missing => "log in as root, or install sudo on the node (`apt-get install sudo` as root)".to_owned(),
            Self::NotAllowed => "add the user to the group sudo at the node's console: `usermod -aG sudo <user>`".to_owned(),
            Self::WrongPassword => "check the password given with --ask-password, TERRARIUM_PASSWORD or ssh.password_file; it must be the login user's own".to_owned(),
            Self::PasswordNeeded => "give it with --ask-password, TERRARIUM_PASSWORD or ssh.password_file; Raspberry Pi OS asks for it since April 2026".to_owned(),
            Self::Expired => "log in by hand with `ssh -t`, change the password with `passwd`, and run the same command again".to_owned(),
            Self::RequiresTty => "remove `Defaults requiretty` from the node's sudoers for this user (`sudo visudo`)".to_owned(),
            Self::Asks(_) => "let sudo ask this user for the password alone, or for nothing (`sudo visudo`, /etc/pam.d/sudo)".to_owned(),
            Self::Silent | Self::Other(_) => "try `sudo -k sh -c id` on the node by hand".to_owned(),
        }
    }
}

/// Sudo's messages are short; a flood is cut here.
const TEXT_CHARS_MAX: usize = 300;

/// PAM's words for an account that sudo does not serve before it has a new password.
fn says_expired(said: &str) -> bool {
    let words = ["password is expired", "password has expired", "required to change your password"];
    words.iter().any(|words| said.contains(words))
}

/// What keeps sudo waiting: the last line it printed, if any.
pub(crate) fn stalled(said: &str) -> SudoError {
    if says_expired(said) {
        return SudoError::Expired;
    }
    match said.lines().map(str::trim).rfind(|line| !line.is_empty()) {
        Some(line) => SudoError::Asks(line.chars().take(TEXT_CHARS_MAX).collect()),
        None => SudoError::Silent,
    }
}

/// Reads what was printed instead of the script's output.
///
/// Our own line comes first where the bootstrap knows the reason; otherwise
/// sudo's words decide (they are in English: the bootstrap sets `LC_ALL=C`).
pub(crate) fn classify(stderr: &str, prompts: usize) -> SudoError {
    // sudo asks again only for a password it did not accept, whatever it says
    // about it: its words can be configured.
    if prompts > 1 {
        return SudoError::WrongPassword;
    }
    let (reason, text) = match stderr.split_once(NO_ROOT) {
        Some((_, rest)) => rest.split_once('\n').unwrap_or((rest, "")),
        None => ("", stderr),
    };
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if reason == "missing" {
        SudoError::Missing
    } else if says_expired(text) {
        SudoError::Expired
    } else if says(&["must have a tty", "requires a tty"]) {
        SudoError::RequiresTty
    } else if says(&[
        "not in the sudoers file",
        "may not run sudo",
        "is not allowed to",
        "not allowed to execute",
        "I'm afraid I can't do that",
    ]) {
        SudoError::NotAllowed
    } else if reason == "password-needed"
        || says(&["a password is required", "authentication is required"])
    {
        SudoError::PasswordNeeded
    } else if says(&[
        "incorrect password",
        "incorrect authentication",
        "Sorry, try again",
        "Authentication failed",
        "Authentication failure",
        "no password was provided",
    ]) {
        SudoError::WrongPassword
    } else {
        let lines: Vec<&str> =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let text: String = lines.join("; ").chars().take(TEXT_CHARS_MAX).collect();
        SudoError::Other(if text.is_empty() { "it said nothing".to_owned() } else { text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sudo_says_and_what_it_means() {
        let table = [
            ("terrarium:no-root:missing\n\n", SudoError::Missing),
            (
                "noise\nterrarium:no-root:password-needed\nsudo: a password is required\n",
                SudoError::PasswordNeeded,
            ),
            (
                "terrarium:no-root:password-needed\nsudo: sorry, you must have a tty to run sudo\n",
                SudoError::RequiresTty,
            ),
            (
                "terrarium:no-root:refused\nSorry, try again.\nsudo: no password was provided\nsudo: 1 incorrect password attempt\n",
                SudoError::WrongPassword,
            ),
            (
                "terrarium:no-root:refused\nsudo: Authentication failed, try again.\n",
                SudoError::WrongPassword,
            ),
            ("terrarium:no-root:refused\npi is not in the sudoers file.\n", SudoError::NotAllowed),
            (
                "terrarium:no-root:refused\nSorry, user pi is not allowed to execute '/usr/bin/sh' as root on pi-1.\n",
                SudoError::NotAllowed,
            ),
            (
                "terrarium:no-root:refused\nSorry, user pi may not run sudo on pi-1.\n",
                SudoError::NotAllowed,
            ),
            ("sudo: a password is required\n", SudoError::PasswordNeeded),
            (
                "sudo: account validation failure, is your account locked?\n",
                SudoError::Other(
                    "sudo: account validation failure, is your account locked?".into(),
                ),
            ),
            ("", SudoError::Other("it said nothing".into())),
        ];
        for (stderr, expected) in table {
            assert_eq!(classify(stderr, 1), expected, "{stderr:?}");
        }
    }

    #[test]
    fn a_second_question_is_a_wrong_password_whatever_is_said_about_it() {
        let insult = "Maybe if you used more than just two fingers...\n";
        assert_eq!(classify(insult, 2), SudoError::WrongPassword);
    }

    #[test]
    fn what_keeps_sudo_waiting_is_told() {
        assert_eq!(
            stalled("sudo: unable to resolve host\nVerification code: "),
            SudoError::Asks("Verification code:".into())
        );
        assert_eq!(stalled("\n "), SudoError::Silent);
    }

    #[test]
    fn modes_travel_as_words() {
        for mode in [SudoMode::Root, SudoMode::Passwordless, SudoMode::Password] {
            assert_eq!(SudoMode::from_word(mode.word()), Some(mode));
        }
        assert_eq!(SudoMode::from_word("user"), None);
    }
}
