use super::*;
use crate::card::Card;

const CARD: &str = "title = 'M'\nsummary = 's'\ngroup = 'Data stores'\nicon = 'i'\n";
const NEW: &str = "armv8.2-a";
const OLD: &str = "armv8.0-a";

fn card(cases: &str) -> Card {
    Card::parse("m/service.toml", &format!("{CARD}{cases}")).expect("a card")
}

/// A card that has another way on old processors, and one that has none.
fn with_way() -> Card {
    card(
        "[[cannot_run]]\narch_below = 'armv8.2-a'\nreason = 'it wants ARMv8.2'\n\
         [cannot_run.instead]\nengine = 'ferretdb'\n",
    )
}

fn without_way() -> Card {
    card("[[cannot_run]]\narch_below = 'armv8.2-a'\nreason = 'it wants ARMv8.2'\n")
}

/// A node of a board and level, labelled as a real one.
fn node(name: &str, id: &str, level: &str) -> Board {
    let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let mut labels = BTreeMap::from([("terrarium/board".to_owned(), id.to_owned())]);
    labels.extend(known(level).map(|level| ("terrarium/cpu".to_owned(), level)));
    Board { node: name.to_owned(), id: known(id), level: known(level), labels }
}

fn placed(card: &Card, written: &Value, nodes: &[Board]) -> Result<Placement, Refused> {
    let chart = json!({"engine": "mongodb", "nodeSelector": {}});
    place("mongodb", &card.cannot_run, &chart, written, nodes)
}

#[test]
fn a_service_goes_where_it_can() {
    let (pi4, pi5) = (|n| node(n, "pi4-8gb", OLD), |n| node(n, "pi5-8gb", NEW));
    let selected = |key: &str, value: &str| json!({"nodeSelector": {key: value}});
    // Nodes of the lab: x86-64, presenting a board.
    let lab = |n| node(n, "pi5-8gb", "");
    for (nodes, expected) in [
        (vec![], Value::Null),
        (vec![pi5("a"), pi5("b")], Value::Null),
        (vec![lab("a"), lab("b")], Value::Null),
        (vec![pi4("a"), pi5("b")], selected("terrarium/cpu", NEW)),
        (vec![pi4("a"), pi5("b"), node("c", "pi5-16gb", NEW)], selected("terrarium/cpu", NEW)),
        (vec![pi4("a"), lab("b"), lab("c")], selected("terrarium/board", "pi5-8gb")),
        (
            vec![pi4("a"), lab("b"), node("c", "pi4-8gb", "")],
            selected("terrarium/board", "pi5-8gb"),
        ),
        (vec![pi4("a"), node("b", "pi4-8gb", "")], selected("kubernetes.io/hostname", "b")),
    ] {
        let placement = placed(&without_way(), &json!({}), &nodes).expect("a way");
        assert_eq!(placement, Placement { values: expected, note: None }, "{nodes:?}");
    }
}

#[test]
fn nodes_chosen_by_hand_stay_chosen() {
    let nodes = [node("a", "pi4-8gb", OLD), node("b", "pi5-8gb", NEW)];
    let written = json!({"nodeSelector": {"shelf": "top"}});
    assert_eq!(placed(&without_way(), &written, &nodes), Ok(Placement::default()));
}

#[test]
fn where_no_node_can_it_is_run_otherwise_or_refused() {
    let nodes = [node("a", "pi4-8gb", OLD), node("b", "pi400-4gb", OLD)];
    let other = placed(&with_way(), &json!({}), &nodes).expect("another way");
    assert_eq!(other.values, json!({"engine": "ferretdb"}));
    assert_eq!(
        other.note.as_deref(),
        Some(
            "`mongodb` runs with engine = \"ferretdb\" on pi4-8gb, pi400-4gb, \
             because it wants ARMv8.2"
        )
    );

    let refused = placed(&without_way(), &json!({}), &nodes).expect_err("no way");
    assert_eq!(
        refused.what,
        "no node can run `mongodb` (pi4-8gb, pi400-4gb), because it wants ARMv8.2"
    );
    assert_eq!(
        refused.hint,
        "add a node of armv8.2-a or newer (a Pi 5), or leave it out: \
         `without = [\"mongodb\"]` in [stack]"
    );
}

#[test]
fn what_is_written_wins_and_may_be_what_is_refused() {
    let nodes = [node("a", "pi4-8gb", OLD)];
    let chosen = json!({"engine": "ferretdb"});
    assert_eq!(placed(&with_way(), &chosen, &nodes), Ok(Placement::default()));
    let mixed = [node("a", "pi4-8gb", OLD), node("b", "pi5-8gb", NEW)];
    assert_eq!(placed(&with_way(), &chosen, &mixed), Ok(Placement::default()));

    let refused = placed(&with_way(), &json!({"engine": "mongodb"}), &nodes).expect_err("no way");
    assert_eq!(
        refused.hint,
        "take `engine` out of [stack.values.mongodb], or set it to \"ferretdb\""
    );
}

#[test]
fn a_case_of_boards_and_level_needs_both() {
    let card = card(
        "[[cannot_run]]\nboards = ['pi4-1gb']\narch_below = 'armv8.2-a'\nreason = 'it is small'\n",
    );
    for (id, level, barred) in [
        ("pi4-1gb", OLD, true),
        ("pi4-1gb", NEW, false),
        ("pi4-8gb", OLD, false),
        ("", OLD, false),
        ("pi4-1gb", "", false),
    ] {
        assert_eq!(
            placed(&card, &json!({}), &[node("a", id, level)]).is_err(),
            barred,
            "{id} {level}"
        );
    }
}

#[test]
fn where_some_can_only_run_it_otherwise_and_others_not_at_all_it_goes_to_those() {
    let card = card(
        "[[cannot_run]]\nboards = ['zero2w-512mb']\nreason = 'it is small'\n\
         [[cannot_run]]\narch_below = 'armv8.2-a'\nreason = 'it wants ARMv8.2'\n\
         [cannot_run.instead]\nengine = 'ferretdb'\n",
    );
    let small = |name| node(name, "zero2w-512mb", OLD);
    let nodes = [small("a"), node("b", "pi4-8gb", OLD), small("c")];
    let placement = placed(&card, &json!({}), &nodes).expect("a way");
    let expected = json!({"engine": "ferretdb", "nodeSelector": {"terrarium/board": "pi4-8gb"}});
    assert_eq!(placement.values, expected);
    assert!(placement.note.unwrap().contains("on pi4-8gb, because it wants"));

    let refused = placed(&card, &json!({}), &[small("a")]).expect_err("no way");
    assert!(refused.what.ends_with("because it is small"), "{refused:?}");
    assert!(refused.hint.starts_with("add a node with another board"), "{refused:?}");
}
