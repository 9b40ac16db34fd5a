//! Accounts a node knows and does not let work: what it says of them, what that
//! means, and what helps. Pure.

use crate::quote::quote;
use crate::target::Place;

/// Why PAM turned an account away whose key or password was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turned {
    /// The node is starting or going down: `pam_nologin` lets nobody but root in.
    NotUp,
    /// The account has an end, and that is past.
    Expired,
    /// In words this program does not know.
    Other,
}

impl Turned {
    /// From the words of the node's PAM.
    pub(crate) fn of(said: &str) -> Self {
        let said = said.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
        // systemd's own text for both ways, and what people write into /etc/nologin.
        if says(&["pam_nologin", "nologin(", "booting", "going down", "shutting down", "rebooting"])
        {
            Self::NotUp
        } else if says(&["account has expired", "account expired"]) {
            Self::Expired
        } else {
            Self::Other
        }
    }

    pub(crate) fn hint(self, user: &str, place: &Place) -> String {
        let node = &place.node;
        match self {
            Self::NotUp => format!(
                "the node lets nobody but root in while it starts or goes down; if it has been up for long, \
                 remove /run/nologin or /etc/nologin there (on {node}, as root: `rm -f /run/nologin /etc/nologin`)"
            ),
            Self::Expired => format!(
                "on {node}, as another user: `sudo chage -E -1 {}` takes the end off the account",
                quote(user)
            ),
            Self::Other => format!(
                "the key or password is right and the node's PAM refuses the account `{user}`: see /etc/nologin, \
                 /etc/security/access.conf and `journalctl -u ssh` on {node}"
            ),
        }
    }
}

/// Why nothing runs behind a login that succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unstarted {
    /// The password has to be changed first.
    PasswordExpired,
    /// The login shell is `nologin`, `false` or one of a few commands.
    NoShell,
    /// `ForceCommand` or a line of `authorized_keys` puts a file transfer in its place.
    FilesOnly,
    /// A shell that ended, or something else that said nothing.
    Silent,
    /// Something else spoke.
    Other,
}

impl Unstarted {
    /// From what was printed instead of our first line.
    pub(crate) fn of(said: &str) -> Self {
        let lower = said.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        if says(&[
            "password change required",
            "password has expired",
            "required to change your password",
            "must change your password",
            "password expired",
        ]) {
            Self::PasswordExpired
        } else if says(&["sftp connections only", "sftp only"]) {
            Self::FilesOnly
        } else if says(&[
            "account is currently not available",
            "account is not available",
            "nologin",
            "restricted",
            "not a valid shell",
        ]) {
            Self::NoShell
        } else if said.trim().is_empty() {
            Self::Silent
        } else {
            Self::Other
        }
    }

    /// The first half of the error's sentence.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::PasswordExpired => {
                "the password has expired, and the node runs nothing before it is changed"
            }
            Self::NoShell => "the account's login shell runs no commands",
            Self::FilesOnly => "the login is for file transfers only",
            Self::Silent | Self::Other => "the login shell did not start the script",
        }
    }

    pub(crate) fn hint(self, user: &str, place: &Place) -> String {
        let (node, name) = (&place.node, quote(user));
        let by_hand = by_hand(user, place);
        match self {
            Self::PasswordExpired => format!(
                "log in by hand, change the password, and run the same command again: `{by_hand}`"
            ),
            Self::NoShell => format!(
                "give the account a shell (on {node}, as another user: `sudo usermod --shell /bin/bash {name}`), or log in as \
                 another with `user` in [ssh]"
            ),
            Self::FilesOnly => format!(
                "take `ForceCommand internal-sftp` for `{user}` out of sshd's configuration on {node} (`sudo sshd -T -C user={name} \
                 | grep -i forcecommand` shows it), or log in as another with `user` in [ssh]"
            ),
            Self::Silent => format!(
                "a start-up file of the login shell ends it (`exit` in ~/.bashrc or ~/.profile), the shell is /bin/false, or \
                 `ForceCommand` or `command=` runs something else; see with `{by_hand} true; echo $?`, and `{by_hand} -t /bin/bash --norc`"
            ),
            Self::Other => format!(
                "the login needs a shell and no `ForceCommand` or `command=`, and its start-up files must not start another \
                 program: see with `{by_hand} true`"
            ),
        }
    }
}

/// The command a person logs in with.
fn by_hand(user: &str, Place { host, port, .. }: &Place) -> String {
    let to = quote(&format!("{user}@{host}"));
    if *port == 22 { format!("ssh {to}") } else { format!("ssh -p {port} {to}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pam_says_of_an_account() {
        let booting = "System is booting up. Unprivileged users are not permitted to log in yet. \
                       Please come back later. For technical details, see pam_nologin(8).";
        let down = "System is going down. Unprivileged users are not permitted to log in anymore. \
                    For technical details, see pam_nologin(8).";
        for (said, meant) in [
            (booting, Turned::NotUp),
            (down, Turned::NotUp),
            ("The node is rebooting", Turned::NotUp),
            (
                "Your account has expired; please contact your system administrator.",
                Turned::Expired,
            ),
            ("Maintenance until Monday", Turned::Other),
            ("", Turned::Other),
        ] {
            assert_eq!(Turned::of(said), meant, "{said}");
        }
    }
}
