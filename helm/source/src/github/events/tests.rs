use apache_avro::types::Value;
use apache_avro::{Schema, from_avro_datum};
use serde_json::json;

use super::*;

fn repository() -> Repository {
    Repository { id: 7, name: "o/n".to_owned(), floor: 0 }
}

/// The event's fields as another Avro implementation reads them by the
/// topic's schema, texts and numbers only.
fn fields(event: &Event) -> Vec<(String, String)> {
    let schema = Schema::parse_str(event.topic.schema()).unwrap();
    let mut rest = event.value.as_slice();
    let record = from_avro_datum(&schema, &mut rest, None).unwrap();
    assert!(rest.is_empty(), "bytes are left over: {rest:?}");
    let Value::Record(fields) = record else { panic!("no record") };
    fields.into_iter().map(|(name, value)| (name, shown(value))).collect()
}

fn shown(value: Value) -> String {
    match value {
        Value::Union(_, value) => shown(*value),
        Value::Null => "-".to_owned(),
        Value::String(text) => text,
        Value::Long(number) | Value::TimestampMillis(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        other => panic!("{other:?}"),
    }
}

fn check(event: &Event, topic: Topic, key: &str, expected: &[(&str, &str)]) {
    assert_eq!((event.topic, event.key.as_str()), (topic, key));
    let found = fields(event);
    let found: Vec<_> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(found, expected);
}

#[test]
fn issues_and_pull_requests() {
    let mut json = json!({
        "id": 55, "number": 3, "title": "T", "state": "closed",
        "user": { "id": 1, "login": "me" }, "labels": [{ "name": "a" }, { "name": "b" }],
        "comments": 2, "created_at": "1970-01-01T00:00:01Z", "updated_at": "1970-01-01T00:00:02Z",
        "closed_at": "1970-01-01T00:00:03Z", "html_url": "u", "body": "B", "else": [{}],
    });
    let item = serde_json::from_value(json.clone()).unwrap();
    check(
        &issue(&repository(), &item),
        Topic::Issues,
        "55",
        &[
            ("id", "55"),
            ("repository", "o/n"),
            ("number", "3"),
            ("title", "T"),
            ("state", "closed"),
            ("author", "me"),
            ("created_at", "1000"),
            ("updated_at", "2000"),
            ("closed_at", "3000"),
            ("comments", "2"),
            ("labels", "a,b"),
            ("url", "u"),
            ("body", "B"),
        ],
    );

    json["pull_request"] = json!({ "merged_at": "1970-01-01T00:00:03Z" });
    json["user"] = json!(null);
    json["body"] = json!(null);
    json["labels"] = json!([]);
    json["draft"] = json!(true);
    let item = serde_json::from_value(json).unwrap();
    check(
        &issue(&repository(), &item),
        Topic::PullRequests,
        "55",
        &[
            ("id", "55"),
            ("repository", "o/n"),
            ("number", "3"),
            ("title", "T"),
            ("state", "merged"),
            ("author", "-"),
            ("created_at", "1000"),
            ("updated_at", "2000"),
            ("closed_at", "3000"),
            ("merged_at", "3000"),
            ("draft", "true"),
            ("comments", "2"),
            ("labels", "-"),
            ("url", "u"),
            ("body", "-"),
        ],
    );
}

#[test]
fn commits() {
    let signature =
        |second| json!({ "name": "Me", "date": format!("1970-01-01T00:00:0{second}Z") });
    for (author, message, expected) in [
        (json!({ "login": "me" }), "Title\r\n\r\nBody\n", ("me", "Title", "Body")),
        (json!({}), "Title", ("Me", "Title", "-")),
        (json!(null), "", ("Me", "", "-")),
    ] {
        let item = serde_json::from_value(json!({
            "sha": "abc", "html_url": "u", "author": author,
            "commit": { "author": signature(1), "committer": signature(2), "message": message },
        }));
        let (who, title, body) = expected;
        check(
            &commit(&repository(), &item.unwrap()),
            Topic::Commits,
            "7:abc",
            &[
                ("id", "7:abc"),
                ("repository", "o/n"),
                ("sha", "abc"),
                ("title", title),
                ("author", who),
                ("created_at", "1000"),
                ("committed_at", "2000"),
                ("url", "u"),
                ("body", body),
            ],
        );
    }
}

#[test]
fn releases() {
    for (name, draft, prerelease, expected) in [
        (json!("N"), false, false, ("N", "released")),
        (json!(""), false, true, ("v1", "prerelease")),
        (json!(null), true, true, ("v1", "draft")),
    ] {
        let item = serde_json::from_value(json!({
            "id": 9, "tag_name": "v1", "name": name, "draft": draft, "prerelease": prerelease,
            "author": { "id": 1, "login": "me" }, "created_at": "1970-01-01T00:00:01Z",
            "published_at": null, "html_url": "u", "body": null,
        }));
        let (title, state) = expected;
        check(
            &release(&repository(), &item.unwrap()),
            Topic::Releases,
            "9",
            &[
                ("id", "9"),
                ("repository", "o/n"),
                ("tag", "v1"),
                ("title", title),
                ("state", state),
                ("author", "me"),
                ("created_at", "1000"),
                ("published_at", "-"),
                ("url", "u"),
                ("body", "-"),
            ],
        );
    }
}

#[test]
fn stars_and_checks() {
    let mut json = json!({
        "starred_at": "1970-01-01T00:00:01Z",
        "user": { "id": 4, "login": "me", "html_url": "u" },
    });
    let item = serde_json::from_value(json.clone()).unwrap();
    check(
        &star(&repository(), &item).unwrap(),
        Topic::Stargazers,
        "7:4",
        &[
            ("id", "7:4"),
            ("repository", "o/n"),
            ("author", "me"),
            ("created_at", "1000"),
            ("url", "u"),
        ],
    );
    json["user"] = json!(null);
    assert_eq!(star(&repository(), &serde_json::from_value(json).unwrap()), None);

    check(
        &super::check("mark", "http://a", 60, 59, 5),
        Topic::Checks,
        "mark",
        &[
            ("id", "mark"),
            ("api", "http://a"),
            ("rate_limit", "60"),
            ("rate_remaining", "59"),
            ("created_at", "5"),
        ],
    );
}

#[test]
fn devices() {
    let device = crate::devices::marked("me");
    let event = crate::devices::event(&device);
    check(
        &event,
        Topic::Devices,
        &device.mac_address,
        &[("device_ip", &device.device_ip), ("mac_address", &device.mac_address), ("owner", "me")],
    );
}

/// A batch that Kafka takes holds a page of the longest records.
#[test]
fn a_page_fits_into_a_batch() {
    let item = serde_json::from_value(json!({
        "id": u64::MAX, "number": i64::MAX, "title": "ü".repeat(9999), "state": "closed",
        "user": { "id": 1, "login": "x".repeat(39) },
        "labels": vec![json!({ "name": "ü".repeat(50) }); 100],
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
        "html_url": "u".repeat(300), "body": "🌱".repeat(20_000),
    }));
    let event = issue(&repository(), &item.unwrap());
    assert!(event.value.len() > 4096);
    assert!(100 * (event.value.len() + event.key.len() + 64) < 900_000, "{}", event.value.len());
}
