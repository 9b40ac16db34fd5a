use serde_json::json;

use super::*;

fn repository() -> Repository {
    Repository { id: 7, name: "o/n".to_owned(), floor: 0 }
}

/// A page of releases, each with its number and its name.
fn page(items: &[(u64, &str)], next: Option<&str>) -> Answer<Vec<items::Release>> {
    let body = items.iter().map(|(id, name)| {
        serde_json::from_value(json!({
            "id": id, "tag_name": "t", "name": name, "created_at": "1970-01-01T00:00:00Z",
            "html_url": "u",
        }))
    });
    let body = body.map(Result::unwrap).collect();
    let next = next.map(ToOwned::to_owned);
    Answer::Page(Page { body, etag: Some("tag".to_owned()), next, ..Page::default() })
}

fn step(cursor: &mut Releases, answer: Answer<Vec<items::Release>>) -> (String, bool) {
    let step = cursor.took(&repository(), answer).unwrap();
    let keys: Vec<&str> = step.events.iter().map(|event| event.key.as_str()).collect();
    (keys.join(" "), step.done)
}

#[test]
fn the_first_look_reads_all_and_later_ones_what_is_new() {
    let mut cursor = Releases::default();
    assert_eq!(step(&mut cursor, page(&[(4, "d"), (3, "c")], Some("/two"))), ("4 3".into(), false));
    assert_eq!(cursor.ask(&repository()), Ask::of("/two"));
    assert_eq!(step(&mut cursor, page(&[(2, "b"), (1, "a")], None)), ("2 1".into(), true));
    assert_eq!(cursor.ask(&repository()).etag.as_deref(), Some("tag"));
    assert_eq!(step(&mut cursor, Answer::Same), (String::new(), true));
    // One is new, one was edited; what follows is known.
    let news = page(&[(5, "e"), (4, "D"), (3, "c")], Some("/two"));
    assert_eq!(step(&mut cursor, news), ("5 4".into(), true));
    // All of the first page is new: the second is read too.
    assert_eq!(step(&mut cursor, page(&[(7, "g"), (6, "f")], Some("/two"))), ("7 6".into(), false));
    assert_eq!(
        step(&mut cursor, page(&[(5, "e"), (4, "D")], Some("/three"))),
        (String::new(), true)
    );
}

#[test]
fn nothing_and_no_longer() {
    let mut cursor = Releases::default();
    assert_eq!(step(&mut cursor, page(&[], None)), (String::new(), true));
    assert_eq!(cursor.took(&repository(), Answer::Missing), Err(Missing));
    cursor.next = Some("/too/far".to_owned());
    assert_eq!(step(&mut cursor, Answer::TooFar), (String::new(), true));
    assert!(cursor.next.is_none());
}
