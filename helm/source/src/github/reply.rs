//! What an answer of GitHub's API means, and how long to wait after it.

use std::time::Duration;

/// Without a word on how long a limit lasts: GitHub asks for a minute at least.
const MINUTE: Duration = Duration::from_mins(1);
/// No wait is longer than a window and a little.
const WAIT_MAX: Duration = Duration::from_mins(65);

/// Status and headers, as far as they matter here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// `ETag`
    pub etag: Option<String>,
    /// `Link`
    pub link: Option<String>,
    /// `Location`
    pub location: Option<String>,
    /// `Date`, in seconds since 1970.
    pub date: Option<i64>,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
    /// `X-RateLimit-Limit`
    pub limit: Option<i64>,
    /// `X-RateLimit-Remaining`
    pub remaining: Option<i64>,
    /// `X-RateLimit-Reset`, in seconds since 1970.
    pub reset: Option<i64>,
}

/// What to do with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The body is what was asked for.
    Page,
    /// As it was.
    Same,
    /// Ask elsewhere.
    Moved,
    /// There is no such thing, or not for us.
    Missing,
    /// The repository has no commit yet.
    Empty,
    /// The listing does not go that far.
    TooFar,
    /// Too many requests.
    Limited,
    /// The server has a problem of its own.
    Later,
    /// The token is no good.
    Unauthorized,
    /// Anything else.
    Refused,
}

/// `message` is what GitHub wrote into the body of a refusal.
pub fn judge(head: &Head, message: &str) -> Verdict {
    let limited = head.retry_after.is_some()
        || head.remaining == Some(0)
        || message.to_ascii_lowercase().contains("rate limit");
    match head.status {
        200 => Verdict::Page,
        304 => Verdict::Same,
        301 | 302 | 307 | 308 if head.location.is_some() => Verdict::Moved,
        429 => Verdict::Limited,
        403 if limited => Verdict::Limited,
        404 | 410 | 451 => Verdict::Missing,
        401 => Verdict::Unauthorized,
        409 => Verdict::Empty,
        422 => Verdict::TooFar,
        408 | 500..=599 => Verdict::Later,
        _ => Verdict::Refused,
    }
}

/// How long nothing may be asked after this answer; zero mostly. `refusals` is
/// how many answers in a row were [`Verdict::Limited`], this one included, and
/// `now` this machine's clock, which only counts when the answer has no date.
pub fn pause(head: &Head, verdict: Verdict, refusals: u32, now: i64) -> Duration {
    let until_reset = (head.remaining == Some(0)).then_some(head.reset).flatten().map(|reset| {
        // Both times are GitHub's, so a wrong clock here does no harm. The
        // date has no fractions: a second more is needed.
        let seconds = reset.saturating_sub(head.date.unwrap_or(now)).max(0).saturating_add(1);
        Duration::from_secs(seconds.cast_unsigned())
    });
    let wait = match (verdict, head.retry_after) {
        (Verdict::Limited | Verdict::Later, Some(seconds)) => {
            Duration::from_secs(seconds).max(until_reset.unwrap_or_default())
        }
        (Verdict::Limited, None) => {
            until_reset.unwrap_or(MINUTE * 2_u32.saturating_pow(refusals.saturating_sub(1).min(6)))
        }
        _ => until_reset.unwrap_or_default(),
    };
    wait.min(WAIT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(status: u16) -> Head {
        Head { status, date: Some(1000), ..Head::default() }
    }

    #[test]
    fn every_answer_has_its_verdict() {
        let moved = Head { location: Some("/x".to_owned()), ..head(301) };
        let waits = Head { retry_after: Some(5), ..head(403) };
        let used_up = Head { remaining: Some(0), ..head(403) };
        for (head, message, expected) in [
            (head(200), "", Verdict::Page),
            (head(304), "", Verdict::Same),
            (moved, "", Verdict::Moved),
            (head(301), "", Verdict::Refused),
            (head(401), "Bad credentials", Verdict::Unauthorized),
            (head(403), "Repository access blocked", Verdict::Refused),
            (head(403), "You have exceeded a secondary rate limit.", Verdict::Limited),
            (waits, "", Verdict::Limited),
            (used_up, "", Verdict::Limited),
            (head(404), "", Verdict::Missing),
            (head(409), "Git Repository is empty.", Verdict::Empty),
            (head(422), "", Verdict::TooFar),
            (head(429), "", Verdict::Limited),
            (head(451), "", Verdict::Missing),
            (head(500), "", Verdict::Later),
            (head(504), "", Verdict::Later),
            (head(418), "", Verdict::Refused),
        ] {
            assert_eq!(judge(&head, message), expected, "{head:?}");
        }
    }

    #[test]
    fn limits_are_waited_for() {
        let used_up = |status| Head { remaining: Some(0), reset: Some(1030), ..head(status) };
        let seconds = Duration::from_secs;
        for (head, verdict, refusals, expected) in [
            (head(200), Verdict::Page, 0, seconds(0)),
            (
                Head { remaining: Some(1), reset: Some(1030), ..head(200) },
                Verdict::Page,
                0,
                seconds(0),
            ),
            // The last request of a window was answered well.
            (used_up(200), Verdict::Page, 0, seconds(31)),
            (used_up(304), Verdict::Same, 0, seconds(31)),
            (used_up(403), Verdict::Limited, 1, seconds(31)),
            (Head { retry_after: Some(5), ..head(403) }, Verdict::Limited, 1, seconds(5)),
            (Head { retry_after: Some(5), ..used_up(403) }, Verdict::Limited, 1, seconds(31)),
            (Head { retry_after: Some(7), ..head(503) }, Verdict::Later, 0, seconds(7)),
            (head(503), Verdict::Later, 0, seconds(0)),
            // A secondary limit without a word on how long.
            (head(403), Verdict::Limited, 1, seconds(60)),
            (head(403), Verdict::Limited, 3, seconds(240)),
            (head(403), Verdict::Limited, 60, seconds(64 * 60)),
            // A window that is over already, one that never ends, and no date.
            (Head { reset: Some(900), ..used_up(200) }, Verdict::Page, 0, seconds(1)),
            (Head { reset: Some(i64::MAX), ..used_up(200) }, Verdict::Page, 0, WAIT_MAX),
            (Head { date: None, ..used_up(200) }, Verdict::Page, 0, seconds(11)),
        ] {
            assert_eq!(pause(&head, verdict, refusals, 1020), expected, "{head:?}");
        }
    }
}
