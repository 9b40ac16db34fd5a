//! The password, as one and in answer to the node's question.

use russh::MethodKind;
use russh::client::{AuthResult, KeyboardInteractiveAuthResponse, Prompt};

use super::{AuthMethod, Login, Outcome, Tried};
use crate::question;
use crate::secret::Secret;

/// Rounds of questions answered in keyboard-interactive; one is the rule.
const QUESTION_ROUNDS_MAX: usize = 4;

impl Login<'_> {
    pub(super) async fn with_password(&mut self, password: &Secret) -> Option<AuthMethod> {
        if !self.offers(MethodKind::Password) || self.handle.is_closed() {
            return None;
        }
        let answer = self.handle.authenticate_password(self.user, password.expose()).await;
        self.take(Tried::Password, answer.map_err(|error| error.to_string()))
            .then_some(AuthMethod::Password)
    }

    /// Not after a refused password: PAM would only count the same wrong
    /// password twice.
    pub(super) async fn with_questions(&mut self, password: &Secret) -> Option<AuthMethod> {
        let refused =
            self.past.tried.iter().any(|attempt| {
                attempt.what == Tried::Password && attempt.outcome == Outcome::Refused
            });
        if refused || !self.offers(MethodKind::KeyboardInteractive) || self.handle.is_closed() {
            return None;
        }
        let mut answer = self.handle.authenticate_keyboard_interactive_start(self.user, None).await;
        let mut given = false;
        for _ in 0..QUESTION_ROUNDS_MAX {
            let prompts = match answer {
                Ok(KeyboardInteractiveAuthResponse::Success) => {
                    return Some(AuthMethod::KeyboardInteractive);
                }
                Ok(KeyboardInteractiveAuthResponse::Failure {
                    remaining_methods,
                    partial_success,
                }) => {
                    let result = AuthResult::Failure { remaining_methods, partial_success };
                    self.take(Tried::KeyboardInteractive, Ok(result));
                    return None;
                }
                Ok(KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. }) => prompts,
                Err(error) => {
                    self.note(Tried::KeyboardInteractive, Outcome::Unusable(error.to_string()));
                    return None;
                }
            };
            // The password answers one hidden question for a password, once: a
            // second one means it was wrong.
            let user = self.user;
            let answerable = |prompt: &Prompt| {
                !prompt.echo && !given && question::is_for_password(&prompt.prompt, user)
            };
            if prompts.len() > 1 || !prompts.iter().all(answerable) {
                let asked = prompts
                    .iter()
                    .map(|prompt| prompt.prompt.trim())
                    .collect::<Vec<_>>()
                    .join(" / ");
                self.note(
                    Tried::KeyboardInteractive,
                    Outcome::Unusable(format!("the node asks `{asked}`")),
                );
                return None;
            }
            given |= !prompts.is_empty();
            let responses = prompts.iter().map(|_| password.expose().to_owned()).collect();
            answer = self.handle.authenticate_keyboard_interactive_respond(responses).await;
        }
        self.note(
            Tried::KeyboardInteractive,
            Outcome::Unusable("the node keeps asking".to_owned()),
        );
        None
    }
}
