use serde_json::json;

use super::*;

fn repository() -> Repository {
    Repository { id: 7, name: "o/n".to_owned(), floor: 0 }
}

fn page(hashes: &[&str], next: Option<&str>) -> Answer<items::Commits> {
    let signature = json!({ "name": "n", "date": "1970-01-01T00:00:00Z" });
    let commits = hashes.iter().map(|sha| {
        serde_json::from_value(json!({
            "sha": sha, "html_url": "u", "author": null,
            "commit": { "author": signature, "committer": signature, "message": "m" },
        }))
    });
    let body = items::Commits(commits.map(Result::unwrap).collect());
    let next = next.map(ToOwned::to_owned);
    Answer::Page(Page { body, etag: Some("tag".to_owned()), next, ..Page::default() })
}

fn step(cursor: &mut Commits, answer: Answer<items::Commits>) -> (String, bool, String) {
    let step = cursor.took(&repository(), answer).unwrap();
    let keys: Vec<&str> = step.events.iter().map(|event| event.key.as_str()).collect();
    (keys.join(" "), step.done, cursor.ask(&repository()).path)
}

fn expect(step: &(String, bool, String), keys: &str, done: bool, next: &str) {
    let (found, ended, path) = step;
    assert_eq!((found.as_str(), *ended, path.as_str()), (keys, done, next));
}

const HEAD: &str = "/repositories/7/commits?per_page=1";
const FROM_B: &str = "/repositories/7/commits?sha=b&since=1970-01-01T00:00:00Z&per_page=100";
const FROM_C: &str = "/repositories/7/commits?sha=c&since=1970-01-01T00:00:00Z&per_page=100";

/// A cursor that has read all up to `b`.
fn at_b() -> Commits {
    Commits { head: Some("b".to_owned()), ..Commits::default() }
}

#[test]
fn the_first_look_lists_and_the_next_compares() {
    let mut cursor = Commits::default();
    assert_eq!(cursor.ask(&repository()), Ask::of(HEAD));
    expect(&step(&mut cursor, page(&["b"], Some("/ignored"))), "", false, FROM_B);
    expect(&step(&mut cursor, page(&["b"], Some("/two"))), "7:b", false, "/two");
    expect(&step(&mut cursor, page(&["a"], None)), "7:a", true, HEAD);
    assert_eq!(cursor.ask(&repository()).etag.as_deref(), Some("tag"));
    expect(&step(&mut cursor, Answer::Same), "", true, HEAD);
    // The tag went and the head stayed.
    expect(&step(&mut cursor, page(&["b"], None)), "", true, HEAD);

    let compare = "/repositories/7/compare/b...d?per_page=100";
    expect(&step(&mut cursor, page(&["d"], None)), "", false, compare);
    expect(&step(&mut cursor, page(&["c", "d"], None)), "7:c 7:d", true, HEAD);
    assert_eq!(cursor.head.as_deref(), Some("d"));
}

#[test]
fn a_history_written_anew_is_listed_anew() {
    let mut cursor = at_b();
    step(&mut cursor, page(&["c"], None));
    expect(&step(&mut cursor, Answer::Missing), "", false, FROM_C);
    expect(&step(&mut cursor, page(&["c"], None)), "7:c", true, HEAD);
}

#[test]
fn a_comparison_that_always_fails_is_not_insisted_on() {
    let mut cursor = at_b();
    assert!(!cursor.otherwise(&repository()), "there is nothing else to ask for the head");
    step(&mut cursor, page(&["c"], None));
    assert!(cursor.otherwise(&repository()));
    assert_eq!(cursor.ask(&repository()).path, FROM_C);
}

#[test]
fn a_head_that_is_gone_again_is_looked_for_anew() {
    let mut cursor = at_b();
    step(&mut cursor, page(&["c"], None));
    step(&mut cursor, Answer::Missing);
    assert_eq!(cursor.took(&repository(), Answer::Missing), Err(Missing));
    assert_eq!(cursor.ask(&repository()), Ask::of(HEAD), "and without a condition");
    assert_eq!(cursor.head.as_deref(), Some("b"), "nothing of the walk counts");
}

#[test]
fn a_repository_without_commits_is_no_trouble() {
    let mut cursor = Commits::default();
    expect(&step(&mut cursor, Answer::Empty), "", true, HEAD);
    expect(&step(&mut cursor, page(&[], None)), "", true, HEAD);
    assert_eq!(cursor.took(&repository(), Answer::Missing), Err(Missing));
}
