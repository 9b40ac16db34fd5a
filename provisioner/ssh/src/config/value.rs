//! One keyword's words, and what they may be.

use std::time::Duration;

use super::{At, ConfigError, Family, Strict};

/// One keyword's words.
#[derive(Clone)]
pub(super) struct Said {
    pub(super) words: Vec<String>,
    pub(super) at: At,
}

impl Said {
    pub(super) fn first(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    pub(super) fn wrong(&self, what: impl Into<String>) -> ConfigError {
        error(self.at.clone(), what)
    }
}

pub(super) fn error(at: At, what: impl Into<String>) -> ConfigError {
    let hint = "see `man ssh_config`; `ssh -G <host>` shows what ssh itself makes of it".to_owned();
    ConfigError { at, what: what.into(), hint }
}

pub(super) fn number<N: std::str::FromStr>(said: &Said, what: &str) -> Result<N, ConfigError> {
    said.first().parse().map_err(|_| said.wrong(format!("`{}` is not {what}", said.first())))
}

pub(super) fn flag(said: Option<&Said>, usual: bool) -> Result<bool, ConfigError> {
    let Some(said) = said else { return Ok(usual) };
    match said.first().to_ascii_lowercase().as_str() {
        // `PubkeyAuthentication` knows the last two.
        "yes" | "true" | "unbound" | "host-bound" => Ok(true),
        "no" | "false" => Ok(false),
        other => Err(said.wrong(format!("`{other}` is neither yes nor no"))),
    }
}

pub(super) fn strict(said: &Said) -> Result<Strict, ConfigError> {
    match said.first().to_ascii_lowercase().as_str() {
        "yes" | "true" => Ok(Strict::Yes),
        "ask" => Ok(Strict::Ask),
        "accept-new" | "no" | "off" | "false" => Ok(Strict::AcceptNew),
        other => Err(said.wrong(format!("`{other}` is not yes, no, ask or accept-new"))),
    }
}

/// `30`, `2m`, `1h30m`; `none` is no limit.
pub(super) fn time(said: &Said) -> Result<Option<Duration>, ConfigError> {
    let text = said.first();
    if text.eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    let wrong = || said.wrong(format!("`{text}` is no time"));
    let (mut total, mut digits) = (0_u64, String::new());
    for c in text.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let unit = match c.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return Err(wrong()),
        };
        let count: u64 = digits.parse().map_err(|_| wrong())?;
        total =
            count.checked_mul(unit).and_then(|more| total.checked_add(more)).ok_or_else(wrong)?;
        digits.clear();
    }
    if !digits.is_empty() {
        let count: u64 = digits.parse().map_err(|_| wrong())?;
        total = total.checked_add(count).ok_or_else(wrong)?;
    } else if text.is_empty() {
        return Err(wrong());
    }
    Ok((total > 0).then(|| Duration::from_secs(total)))
}

pub(super) fn family(said: &Said) -> Result<Family, ConfigError> {
    match said.first().to_ascii_lowercase().as_str() {
        "any" => Ok(Family::Any),
        "inet" => Ok(Family::V4),
        "inet6" => Ok(Family::V6),
        _ => Err(said.wrong("`AddressFamily` is any, inet or inet6")),
    }
}
