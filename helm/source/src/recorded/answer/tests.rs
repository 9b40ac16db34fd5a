use super::*;

const BASE: &str = "http://api";

fn store() -> Store {
    let issue = |id: u64, minute: u64| json!({ "id": id, "updated_at": format!("2026-01-01T00:{minute:02}:00Z") });
    let commit = |sha: &str, day: u64| {
        let date = format!("2026-01-0{day}T00:00:00Z");
        json!({ "sha": sha, "commit": { "committer": { "date": date } } })
    };
    let recording = Recording {
        id: 1,
        full_name: "o/n".to_owned(),
        former: vec!["o/old".to_owned()],
        issues: vec![issue(1, 30), issue(2, 10), issue(3, 20)],
        commits: vec![commit("c", 3), commit("b", 2), commit("a", 1)],
        releases: vec![json!({ "id": 5 })],
        stargazers: vec![json!({ "starred_at": "x" })],
    };
    let empty = Recording { id: 2, full_name: "o/empty".to_owned(), ..Recording::default() };
    Store { origin: "a test".to_owned(), repositories: vec![recording, empty] }
}

fn ask(target: &str) -> Reply {
    answer(&store(), target, BASE, None)
}

#[test]
fn paths_find_their_answers() {
    for (target, status, part) in [
        ("/repos/o/n", 200, "\"full_name\":\"o/n\""),
        ("/repos/O/N", 200, "\"id\":1"),
        ("/repositories/1", 200, "\"id\":1"),
        ("/repos/o/old", 301, "Moved"),
        ("/repos/o/none", 404, "Not Found"),
        ("/repos/o", 404, "Not Found"),
        ("/repositories/9/issues", 404, "Not Found"),
        ("/repositories/1/pulls", 404, "Not Found"),
        ("/repositories/1/releases", 200, "[{\"id\":5}]"),
        ("/repositories/1/stargazers", 200, "starred_at"),
        ("/repositories/2/commits", 409, "empty"),
        ("/repositories/1/commits?sha=b&since=2026-01-02T00:00:00Z", 200, "\"sha\":\"b\""),
        ("/repositories/1/commits?sha=x", 404, "Not Found"),
        ("/repositories/1/compare/a...x", 404, "Not Found"),
        ("/", 404, "Not Found"),
    ] {
        let reply = ask(target);
        assert_eq!(reply.status, status, "{target}: {reply:?}");
        assert!(reply.body.contains(part), "{target}: {reply:?}");
    }
    let moved = ask("/repos/o/old/issues");
    assert_eq!(moved.location.as_deref(), Some("http://api/repositories/1/issues"));
}

#[test]
fn listings_have_their_order() {
    let ids = |target: &str, path: &str| {
        let body: Value = serde_json::from_str(&ask(target).body).unwrap();
        let list = body.get("commits").unwrap_or(&body).as_array().unwrap().clone();
        list.iter().map(|item| item[path].to_string()).collect::<Vec<_>>().join(",")
    };
    assert_eq!(ids("/repositories/1/issues?direction=asc", "id"), "2,3,1");
    assert_eq!(ids("/repositories/1/issues", "id"), "1,3,2");
    let since = "/repositories/1/issues?direction=asc&since=2026-01-01T00:20:00Z";
    assert_eq!(ids(since, "id"), "3,1");
    assert_eq!(ids("/repositories/1/commits?sha=b", "sha"), "\"b\",\"a\"");
    assert_eq!(ids("/repositories/1/compare/a...c", "sha"), "\"b\",\"c\"");
    assert_eq!(ids("/repositories/1/compare/c...a", "sha"), "");
}

#[test]
fn pages_lead_on() {
    let page = |number| ask(&format!("/repositories/1/issues?per_page=1&page={number}")).link;
    assert_eq!(
        page(1).unwrap(),
        "<http://api/repositories/1/issues?per_page=1&page=2>; rel=\"next\", \
         <http://api/repositories/1/issues?per_page=1&page=3>; rel=\"last\""
    );
    assert!(page(3).unwrap().contains("rel=\"prev\"") && !page(3).unwrap().contains("next"));
    assert_eq!(ask("/repositories/1/issues?per_page=1&page=9").body, "[]");
    assert_eq!(ask("/repositories/1/issues").link, None);
}

#[test]
fn what_is_tagged_the_same_is_not_sent() {
    let first = ask("/repositories/1/issues");
    let again = answer(&store(), "/repositories/1/issues", BASE, first.etag.as_deref());
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    let other = answer(&store(), "/repositories/1/releases", BASE, first.etag.as_deref());
    assert_eq!(other.status, 200);
}
