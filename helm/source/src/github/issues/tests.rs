use serde_json::json;

use super::*;
use crate::sink::Event;

const MINUTE: i64 = 60_000;

fn repository() -> Repository {
    Repository { id: 7, name: "o/n".to_owned(), floor: 0 }
}

/// A page of issues, each with its number and its last change in minutes.
fn page(items: &[(u64, i64)], next: Option<&str>) -> Answer<Vec<items::Issue>> {
    let body = items.iter().map(|(id, minute)| {
        let moment = time::written(minute * MINUTE);
        serde_json::from_value(json!({
            "id": id, "number": id, "title": "t", "state": "open", "user": null,
            "created_at": "1970-01-01T00:00:00Z", "updated_at": moment, "html_url": "u",
        }))
    });
    let body = body.map(Result::unwrap).collect();
    let next = next.map(ToOwned::to_owned);
    Answer::Page(Page { body, etag: Some("tag".to_owned()), next, ..Page::default() })
}

fn keys(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.key.as_str()).collect()
}

/// Takes a page; the keys of the events, whether it was the end, and the path
/// asked for next.
fn step(cursor: &mut Issues, answer: Answer<Vec<items::Issue>>) -> (Vec<String>, bool, String) {
    let step = cursor.took(&repository(), answer).unwrap();
    let keys = keys(&step.events).into_iter().map(ToOwned::to_owned).collect();
    (keys, step.done, cursor.ask(&repository()).path)
}

fn since(minute: i64) -> String {
    let since = time::written(minute * MINUTE);
    format!(
        "/repositories/7/issues?state=all&sort=updated&direction=asc&per_page=100&since={since}"
    )
}

#[test]
fn a_page_leads_on_from_its_last_change() {
    let mut cursor = Issues::default();
    assert_eq!(cursor.ask(&repository()), Ask::of(since(0)));
    let (sent, done, next) = step(&mut cursor, page(&[(1, 10), (2, 20)], Some("/next")));
    assert_eq!((sent.concat(), done, next), ("12".to_owned(), false, since(19)));
    // What was sent is not sent again, what changed since is.
    let (sent, done, next) = step(&mut cursor, page(&[(2, 20), (3, 25), (1, 30)], None));
    assert_eq!((sent.concat(), done, next), ("31".to_owned(), true, since(29)));
    // The same moment again, one more issue in it.
    let (sent, done, _) = step(&mut cursor, page(&[(1, 30), (4, 30)], None));
    assert_eq!((sent.concat(), done), ("4".to_owned(), true));
    assert_eq!(cursor.ask(&repository()).etag.as_deref(), Some("tag"));
    assert_eq!(cursor.took(&repository(), Answer::Same), Ok(Step::done()));
}

#[test]
fn what_changed_at_once_is_followed_until_nothing_is_new() {
    let mut cursor = Issues { since: Some(0), ..Issues::default() };
    let first = || page(&[(1, 0), (2, 0)], Some("/two"));
    let (sent, done, next) = step(&mut cursor, first());
    assert_eq!((sent.concat(), done, next), ("12".to_owned(), false, "/two".to_owned()));
    // Something moved up while the second page was asked for.
    let (sent, done, next) = step(&mut cursor, page(&[(4, 1)], None));
    assert_eq!((sent.concat(), done, next), ("4".to_owned(), false, since(0)));
    let (sent, ..) = step(&mut cursor, page(&[(1, 0), (3, 0)], Some("/two")));
    assert_eq!(sent.concat(), "3");
    let (_, done, _) = step(&mut cursor, page(&[(4, 1)], None));
    assert!(!done, "the second time brought something too");
    step(&mut cursor, first());
    let (sent, done, _) = step(&mut cursor, page(&[(4, 1)], None));
    assert_eq!((sent.concat(), done), (String::new(), true));
}

#[test]
fn pages_that_never_settle_are_followed_no_more_than_so_often() {
    let mut cursor = Issues { since: Some(0), ..Issues::default() };
    let mut ends = 0;
    for round in 0..100 {
        step(&mut cursor, page(&[(1, 0)], Some("/two")));
        let (_, done, _) = step(&mut cursor, page(&[(1000 + round, 0)], None));
        ends += u32::from(done);
    }
    assert_eq!(ends, 25);
}

#[test]
fn pages_that_did_not_settle_are_followed_from_the_same_moment_until_they_do() {
    for after in [None, Some("/three")] {
        let mut cursor = Issues { since: Some(0), ..Issues::default() };
        for walk in 0..4 {
            step(&mut cursor, page(&[(1, 0)], Some("/two")));
            let (sent, done, next) = step(&mut cursor, page(&[(1000 + walk, 10)], after));
            assert_eq!((sent.len(), done, next), (1, walk == 3, since(0)));
        }
        // What moved over the edge while they were followed is found the next time.
        step(&mut cursor, page(&[(1, 0), (2, 0)], Some("/two")));
        let (_, done, next) = step(&mut cursor, page(&[(1003, 10)], after));
        assert_eq!((done, next), (false, since(0)), "the first page brought something");
        step(&mut cursor, page(&[(1, 0), (2, 0)], Some("/two")));
        let (_, _, next) = step(&mut cursor, page(&[(1003, 10)], after));
        assert_eq!(next, since(9));
    }
}

#[test]
fn a_page_in_disorder_is_no_ground_to_leap() {
    let mut cursor = Issues::default();
    let (sent, done, next) = step(&mut cursor, page(&[(2, 90), (1, 10)], Some("/two")));
    assert_eq!((sent.concat(), done, next), ("21".to_owned(), false, "/two".to_owned()));
    // Twice on one page is once.
    let (sent, ..) = step(&mut cursor, page(&[(3, 95), (3, 95)], None));
    assert_eq!(sent, ["3"]);
}

#[test]
fn nothing_yet_and_no_longer() {
    let mut cursor = Issues::default();
    let (sent, done, next) = step(&mut cursor, page(&[], None));
    assert_eq!((sent.len(), done, next), (0, true, since(0)));
    assert_eq!(cursor.took(&repository(), Answer::Missing), Err(Missing));
    assert_eq!(cursor.took(&repository(), Answer::TooFar), Ok(Step::done()));
}

#[test]
fn a_stored_cursor_goes_on_where_it_was() {
    let mut cursor = Issues::default();
    step(&mut cursor, page(&[(1, 10), (2, 20)], Some("/next")));
    let stored = serde_json::to_string(&cursor).unwrap();
    assert_eq!(serde_json::from_str::<Issues>(&stored).unwrap(), cursor);
    // One of another version is a beginning.
    assert_eq!(serde_json::from_str::<Issues>("{}").unwrap(), Issues::default());
}
