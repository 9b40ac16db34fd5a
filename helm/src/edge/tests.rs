use super::*;
use crate::catalogue::Catalogue;

const WHOLE: &str = r#"
number = 1
from = "fastapi"
to = "redis"
title = "FastAPI caches data to Redis"
within = 30
needs = ["fastapi", "redis"]

[put]
in = "fastapi"
run = ["ask", "/foo?bar={mark}"]

[look]
in = "redis"
run = ["get", "foo:{mark}"]

[[clean]]
in = "redis"
run = ["del", "foo:{mark}"]
"#;

fn id(name: &str) -> ServiceId {
    ServiceId::new(name).expect("a name")
}

#[test]
fn a_whole_edge_is_read_and_its_commands_get_the_mark() {
    let edge = Edge::parse("x.toml", WHOLE).expect("the edge is right");
    assert_eq!((edge.number, edge.from.as_str(), edge.to.as_str()), (1, "fastapi", "redis"));
    let check = edge.check.expect("a check");
    assert_eq!((check.within, check.clean.len()), (30, 1));
    assert_eq!(check.put.marked("m42"), ["ask", "/foo?bar=m42"]);
}

#[test]
fn each_rule_is_checked_alone() {
    for (from, to, expected) in [
        ("number = 1", "number = 0", "`number` is a whole number from 1 on"),
        ("number = 1\n", "", "`number` is missing"),
        ("within = 30\n", "", "`within` is missing"),
        ("from = \"fastapi\"", "from = \"Fast API\"", "`Fast API` is no name"),
        ("{mark}\"]\n\n[look]", "x\"]\n\n[look]", "`put` does not say where the mark goes"),
        ("[look]\n", "[peek]\n", "a check that puts a record in has to `look` for it"),
        ("[[clean]]", "[clean]", "`clean` is written `[[clean]]`"),
    ] {
        let found = Edge::parse("x.toml", &WHOLE.replacen(from, to, 1)).expect_err(expected);
        assert!(found.iter().any(|p| p.message.contains(expected)), "{expected}: {found:?}");
    }
}

#[test]
fn an_edge_is_missing_what_takes_part_and_is_not_deployed() {
    let mut edge = Edge::parse("x.toml", WHOLE).expect("the edge is right");
    let deployed = BTreeSet::from([id("redis")]);
    assert_eq!(edge.missing(&deployed), [&id("fastapi")]);
    edge.check = None;
    assert_eq!(edge.missing(&deployed), [&id("fastapi")]);
    assert!(edge.missing(&BTreeSet::from([id("redis"), id("fastapi")])).is_empty());
}

/// The diagram has 26 arrows; what we add to it comes after.
#[test]
fn the_embedded_edges_are_numbered_in_file_order_and_name_what_there_is() {
    let edges = edges().expect("the edges are right");
    let numbers: Vec<u32> = edges.iter().map(|edge| edge.number).collect();
    let count = u32::try_from(edges.len()).expect("few");
    assert_eq!(numbers, (1..=count).collect::<Vec<_>>());
    assert!(count >= 26, "{count}");
    let catalogue = Catalogue::embedded().expect("the services are right");
    for edge in &edges {
        let file = format!("{:02}-{}-{}.toml", edge.number, edge.from, edge.to);
        assert!(EMBEDDED.get_file(&file).is_some(), "{file}");
        let both = [&edge.from, &edge.to].iter().all(|end| catalogue.get(end.as_str()).is_some());
        assert_eq!(
            edge.check.is_some(),
            both,
            "{file}: proven when both ends are services of ours"
        );
        let Some(check) = &edge.check else { continue };
        let steps = [&check.put, &check.look].into_iter().chain(&check.clean);
        for exec in steps {
            assert!(check.needs.contains(&exec.service), "{file} runs in {}", exec.service);
        }
        for need in &check.needs {
            assert!(catalogue.get(need.as_str()).is_some(), "{file} needs {need}");
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_cut_or_changed_edge_makes_the_reader_panic(cut in 0..WHOLE.len(), put in "\\PC{0,8}") {
        let mut text = WHOLE.to_owned();
        text.replace_range(cut..=cut, &put);
        let _ = Edge::parse("x", &text);
    }
}
