//! Which of the node's questions the password answers.

/// "Password" as PAM asks for it in the languages it is translated to. sshd asks
/// in the node's language, not in the operator's.
const WORDS: [&str; 33] = [
    "password",
    "passwort",
    "kennwort",
    "mot de passe",
    "contraseña",
    "contrasenya",
    "senha",
    "palavra-passe",
    "parola",
    "wachtwoord",
    "heslo",
    "hasło",
    "lösenord",
    "adgangskode",
    "kodeord",
    "passord",
    "salasana",
    "jelszó",
    "geslo",
    "lozinka",
    "parole",
    "slaptažodis",
    "parool",
    "пароль",
    "парола",
    "лозинка",
    "şifre",
    "κωδικός",
    "סיסמה",
    "密码",
    "密碼",
    "パスワード",
    "암호",
];

/// Passwords of another kind: they answer for a device or a moment.
const OTHERS: [&str; 8] = ["one-time", "one time", "otp", "token", "code", "pin ", "oath", "new "];

/// Whether a hidden question is for the login's password, as opposed to a
/// one-time code or a new password: those must not get to see it.
pub(crate) fn is_for_password(question: &str, user: &str) -> bool {
    let question = without_user(question, user).to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| question.contains(word));
    says(&WORDS) && !says(&OTHERS)
}

/// The question without whom it is asked: `(pi@pi-1) Password: `, `pi's Password: `.
fn without_user<'a>(question: &'a str, user: &str) -> &'a str {
    let addressed =
        question.strip_prefix(&format!("({user}@")).and_then(|rest| rest.split_once(')'));
    match addressed {
        Some((_, rest)) => rest,
        None => question.strip_prefix(&format!("{user}'s")).unwrap_or(question),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_of_pam_modules() {
        for question in [
            "Password: ",
            "(pi@pi-1) Password: ",
            "pi's Password:",
            "Passwort: ",
            "Mot de passe : ",
            "Пароль: ",
            "Current password: ",
            "密码：",
        ] {
            assert!(is_for_password(question, "pi"), "{question}");
        }
        for question in [
            "Verification code: ",
            "One-time password (OATH) for `pi': ",
            "Password & verification code: ",
            "Enter PIN for 'YubiKey': ",
            "Duo two-factor login for pi\nPasscode or option (1-3): ",
            "New password: ",
            "",
            "Answer: ",
        ] {
            assert!(!is_for_password(question, "pi"), "{question}");
        }
        assert!(is_for_password("(decoder@token-1) Password: ", "decoder"), "names ask nothing");
    }
}
