use proptest::prelude::*;
use serde_json::json;

use super::*;

fn repository(floor: i64) -> Repository {
    Repository { id: 7, name: "o/n".to_owned(), floor }
}

/// The listing of these stars, asked as `ask` says: each star is a person's
/// number and a moment in seconds, a hundred on a page.
fn answer(stars: &[(u64, i64)], ask: &Ask) -> Answer<Vec<items::Star>> {
    let (_, page) = ask.path.rsplit_once("page=").unwrap();
    let page: usize = page.parse().unwrap();
    let last = stars.len().div_ceil(100).max(1);
    let shown = stars.iter().skip((page - 1) * 100).take(100);
    let etag = format!("{:?}", shown.clone().collect::<Vec<_>>());
    if ask.etag.as_ref() == Some(&etag) {
        return Answer::Same;
    }
    let body = shown.map(|(id, second)| {
        serde_json::from_value(json!({
            "starred_at": crate::time::written(second * 1000),
            "user": { "id": id, "login": "l" },
        }))
    });
    Answer::Page(Page {
        body: body.map(Result::unwrap).collect(),
        etag: Some(etag),
        next: (page < last).then(|| "/next".to_owned()),
        last: (page < last).then(|| u32::try_from(last).unwrap()),
        date: None,
    })
}

/// Looks once, to the end; the keys sent and the requests it took.
fn look(cursor: &mut Stargazers, floor: i64, stars: &[(u64, i64)]) -> (Vec<String>, u32) {
    let (mut keys, mut requests) = (Vec::new(), 0);
    loop {
        let ask = cursor.ask(&repository(floor));
        let step = cursor.took(&repository(floor), answer(stars, &ask)).unwrap();
        keys.extend(step.events.into_iter().map(|event| event.key));
        requests += 1;
        assert!(requests < 1000, "it never ends");
        if step.done {
            // As if the program had been started anew.
            let stored = serde_json::to_string(cursor).unwrap();
            *cursor = serde_json::from_str(&stored).unwrap();
            return (keys, requests);
        }
    }
}

fn stars(people: std::ops::Range<u64>) -> Vec<(u64, i64)> {
    people.map(|id| (id, i64::try_from(id).unwrap())).collect()
}

#[test]
fn a_first_look_then_only_what_is_new() {
    let mut cursor = Stargazers::default();
    let mut all = stars(0..250);
    let (keys, requests) = look(&mut cursor, 0, &all);
    assert_eq!((keys.len(), requests), (250, 4));
    // The two last pages get their tags, and then nothing changes.
    assert_eq!(look(&mut cursor, 0, &all).0.len(), 0);
    assert_eq!(look(&mut cursor, 0, &all), (Vec::new(), 2));
    all.extend(stars(250..420));
    assert_eq!(look(&mut cursor, 0, &all).0.len(), 170);
    // A star taken back moves the others; nothing is new.
    all.remove(3);
    assert_eq!(look(&mut cursor, 0, &all).0.len(), 0);
}

#[test]
fn the_first_look_stops_where_history_begins() {
    let mut cursor = Stargazers::default();
    let (keys, requests) = look(&mut cursor, 700_000, &stars(0..1000));
    // The first page, and four from the end: the fourth begins before.
    assert_eq!((keys.len(), requests), (300, 5));
    assert_eq!(look(&mut cursor, 0, &stars(0..1000)).0.len(), 0);
}

#[test]
fn many_stars_taken_back_hide_nothing() {
    let mut cursor = Stargazers::default();
    look(&mut cursor, 0, &stars(0..450));
    // The last pages are gone, and what is new is where older ones were.
    let mut all = stars(0..100);
    all.extend(stars(450..600));
    let (keys, _) = look(&mut cursor, 0, &all);
    assert_eq!(keys.len(), 150);
}

#[test]
fn nobody_and_no_longer() {
    let mut cursor = Stargazers::default();
    assert_eq!(look(&mut cursor, 0, &[]), (Vec::new(), 1));
    assert_eq!(look(&mut cursor, 0, &stars(0..1)).0, ["7:0"]);
    assert_eq!(cursor.took(&repository(0), Answer::Missing), Err(Missing));
    assert_eq!(cursor.took(&repository(0), Answer::TooFar), Ok(Step::done()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever comes and goes between two looks, each star is sent once.
    #[test]
    fn each_star_is_sent_once(
        rounds in proptest::collection::vec((0_u64..260, proptest::collection::vec(0_usize..900, 0..120)), 1..8),
    ) {
        let mut cursor = Stargazers::default();
        let (mut all, mut given) = (Vec::new(), 0);
        let mut sent = std::collections::BTreeSet::new();
        for (more, back) in rounds {
            all.extend(stars(given..given + more));
            given += more;
            for place in back {
                // The newest stay, so that each is there at one look at least.
                if place + 260 < all.len() {
                    all.remove(place);
                }
            }
            for key in look(&mut cursor, 0, &all).0 {
                prop_assert!(sent.insert(key.clone()), "{} again", key);
            }
        }
        prop_assert_eq!(sent.len(), usize::try_from(given).unwrap());
    }
}
