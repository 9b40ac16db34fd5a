use proptest::prelude::*;

use super::*;
use crate::fixture::{self, context, facts, node};
use crate::{Bytes, Content, Interface};

fn nodes() -> Vec<(String, String)> {
    [("pi-1", "10.0.0.1"), ("pi-2", "10.0.0.2"), ("pi-3", "pi3.lan")]
        .map(|(name, address)| (name.to_owned(), address.to_owned()))
        .to_vec()
}

const BLOCK: &str = "# BEGIN terrarium\n10.0.0.1\tpi-1\n10.0.0.2\tpi-2\n# END terrarium\n";

fn after(found: impl AsRef<[u8]>) -> Vec<u8> {
    wanted(&File::read(found.as_ref()), "pi-1", &["raspberrypi", "pi-old"], &nodes()).0
}

fn text(found: &str) -> String {
    String::from_utf8(after(found)).unwrap()
}

#[test]
fn the_block_is_appended_and_the_rest_kept() {
    let found = "127.0.0.1\tlocalhost\n127.0.1.1 raspberrypi\n10.9.9.9 nas\n";
    assert_eq!(text(found), format!("127.0.0.1\tlocalhost\n127.0.1.1 pi-1\n10.9.9.9 nas\n{BLOCK}"));
}

#[test]
fn the_hosts_own_line_follows_its_name_and_keeps_all_others() {
    for (before, after) in [
        ("127.0.1.1\traspberrypi\r\n", "127.0.1.1\tpi-1\r\n"),
        ("127.0.1.1 pi-1.example.org pi-1 mail\n", "127.0.1.1 pi-1.example.org pi-1 mail\n"),
        ("127.0.1.1 PI-1 mail\n", "127.0.1.1 PI-1 mail\n"),
        (
            "127.0.1.1  pi-old.example.org  pi-old mail # pi-old\n",
            "127.0.1.1  pi-1.example.org  pi-1 mail # pi-old\n",
        ),
        ("127.0.1.1 pi-older mail\n", "127.0.1.1 pi-1 pi-older mail\n"),
        ("127.0.1.1 mail.example.org mail\n", "127.0.1.1 pi-1 mail.example.org mail\n"),
        ("127.0.1.1 # nobody\n", "127.0.1.1\tpi-1 # nobody\n"),
        // Comments and other addresses are nobody's host line.
        ("#127.0.1.1 raspberrypi\n", "#127.0.1.1 raspberrypi\n"),
        ("127.0.0.1 localhost raspberrypi pi-1\n", "127.0.0.1 localhost raspberrypi pi-1\n"),
        ("127.0.1.1 mail\n127.0.1.1 raspberrypi\n", "127.0.1.1 mail\n127.0.1.1 pi-1\n"),
        ("127.0.1.1 raspberrypi\n127.0.1.1 pi-1\n", "127.0.1.1 raspberrypi\n127.0.1.1 pi-1\n"),
    ] {
        assert_eq!(text(before), format!("{after}{BLOCK}"), "{before:?}");
    }
}

#[test]
fn bytes_that_are_no_text_stay() {
    let found = b"127.0.1.1 raspberrypi # caf\xe9\n# \xff\xfe\0\r\n10.9.9.9 nas";
    let wanted =
        [&b"127.0.1.1 pi-1 # caf\xe9\n# \xff\xfe\0\r\n10.9.9.9 nas\n"[..], BLOCK.as_bytes()];
    assert_eq!(after(found), wanted.concat());
}

#[test]
fn lines_of_others_around_and_within_the_block_stay_where_they_are() {
    for (before, after) in [
        (format!("{BLOCK}10.9.9.9 nas\n"), format!("{BLOCK}10.9.9.9 nas\n")),
        (format!("a\n{BLOCK}b\n{BLOCK}c\n"), format!("a\n{BLOCK}b\nc\n")),
        (
            "# BEGIN terrarium\n10.0.0.7\tpi-7\n10.9.9.9 nas\n# mine\n# END terrarium\nb\n"
                .to_owned(),
            format!("{BLOCK}10.9.9.9 nas\n# mine\nb\n"),
        ),
        // The end is gone.
        (
            "a\n# BEGIN terrarium\n10.0.0.7\tpi-7\n10.9.9.9 nas\n10.8.8.8\tprinter\n".to_owned(),
            format!("a\n{BLOCK}10.9.9.9 nas\n10.8.8.8\tprinter\n"),
        ),
        ("a\n# END terrarium\nb\n".to_owned(), format!("a\nb\n{BLOCK}")),
    ] {
        assert_eq!(text(&before), after, "{before:?}");
    }
}

#[test]
fn the_first_edit_keeps_a_copy_and_shows_the_line_it_changes() {
    let mut facts = facts();
    facts.hostname = "raspberrypi".to_owned();
    facts.hosts = "127.0.0.1 localhost\n127.0.1.1 raspberrypi\n".into();
    let change = planned(&facts).unwrap();
    let [Action::Write { mode: None, backup: true, over: Some(_), content, .. }] =
        &change.actions[..]
    else {
        panic!("{change:?}")
    };
    let [Edit { line: 2, before, after, .. }] = &change.edits[..] else { panic!("{change:?}") };
    assert_eq!((before.as_str(), after.as_str()), ("127.0.1.1 raspberrypi", "127.0.1.1 pi-1"));
    let Content::Text(text) = content else { panic!("{content:?}") };
    facts.hosts = text.as_str().into();
    assert_eq!(planned(&facts), None);
    // A node has another address: the block is ours.
    facts.hosts = text.replace("10.0.0.2", "10.0.0.9").as_str().into();
    let change = planned(&facts).unwrap();
    assert!(matches!(change.actions[..], [Action::Write { backup: false, .. }]), "{change:?}");
}

fn planned(facts: &Facts) -> Option<Change> {
    let mut change = None;
    context(facts, |context| change = plan(&node("pi-1"), context));
    change
}

#[test]
fn a_line_that_names_a_node_elsewhere_is_told_with_its_number() {
    let told = |hosts: &str| {
        let mut facts = facts();
        facts.hosts = Bytes::from(hosts);
        facts.interfaces = vec![Interface {
            name: "wlan0".to_owned(),
            address: [10, 0, 7, 1].into(),
            mac: String::new(),
        }];
        let mut said = Vec::new();
        context(&facts, |context| {
            said = notes(&node("pi-1"), context).into_iter().map(|note| note.what).collect();
        });
        said
    };
    for (hosts, expected) in [
        (
            "127.0.0.1 localhost\n10.7.7.7 pi-2\n",
            Some("line 2 of /etc/hosts says that pi-2 is at 10.7.7.7; it is at 10.0.0.2"),
        ),
        (
            "10.7.7.7 nas PI-1 # x\n",
            Some("line 1 of /etc/hosts says that pi-1 is at 10.7.7.7; it is at 10.0.0.1"),
        ),
        ("127.0.0.1 localhost pi-2\n", Some("says that pi-2 is at 127.0.0.1")),
        ("::1 pi-2\n", Some("says that pi-2 is at ::1")),
        // Its own names, an address of its own, another family, comments, our block.
        ("127.0.1.1 pi-1\n::1 pi-1\n10.0.7.1 pi-1\nfd00::2 pi-2\n#10.7.7.7 pi-2\n", None),
        ("10.0.0.2 pi-2\n10.7.7.7 pi-20\nnonsense pi-2\n", None),
        ("# BEGIN terrarium\n10.7.7.7\tpi-2\n# END terrarium\n", None),
    ] {
        let said = told(hosts);
        assert_eq!(said.len(), usize::from(expected.is_some()), "{hosts:?} {said:?}");
        assert!(said.iter().zip(expected).all(|(said, wanted)| said.contains(wanted)), "{said:?}");
    }
}

#[test]
fn a_node_that_is_down_and_named_by_dns_changes_nothing_on_the_others() {
    let mut inventory = fixture::inventory();
    "pi-3.lan".clone_into(&mut inventory.nodes[2].host);
    let reached = |last: u8| Facts { reached: Some([10, 0, 0, last].into()), ..facts() };
    let mut all: std::collections::BTreeMap<String, Facts> =
        (1..=3).map(|number| (format!("pi-{number}"), reached(number))).collect();
    let artifacts = crate::Artifacts::default();
    let of = |all: &std::collections::BTreeMap<String, Facts>| {
        let plan = crate::plan(&inventory, all, &artifacts);
        let changes: Vec<Change> = plan.nodes.into_values().flatten().collect();
        changes
            .into_iter()
            .filter(|change| change.id == "hosts" || change.id == "k3s.config")
            .collect::<Vec<_>>()
    };
    for change in of(&all) {
        let Action::Write { content: Content::Text(text), path, .. } = &change.actions[0] else {
            panic!()
        };
        if path == PATH {
            for facts in all.values_mut() {
                facts.hosts = text.as_str().into();
            }
        }
    }
    let before = of(&all);
    assert!(before.iter().all(|change| change.id != "hosts"), "{before:?}");
    all.remove("pi-3");
    let after = of(&all);
    assert!(after.iter().all(|change| change.id != "hosts"), "{after:?}");
}

/// A line of a hosts file as people leave it.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let parts = prop::sample::select(vec![
        &b"127.0.1.1"[..],
        b"127.0.0.1",
        b"10.0.0.7",
        b"::1",
        b" ",
        b"\t",
        b"raspberrypi",
        b"pi-1",
        b"pi-1.example.org",
        b"mail",
        b"#",
        b"caf\xe9",
        b"\r",
        b"# BEGIN terrarium",
        b"# END terrarium",
        b"\0",
    ]);
    prop::collection::vec(parts, 0..6).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn no_line_of_others_is_lost_and_done_once_is_done(
        lines in prop::collection::vec(line(), 0..8), cut in any::<bool>(),
    ) {
        let mut found = lines.iter().flat_map(|line| [line, &b"\n"[..]].concat()).collect::<Vec<_>>();
        if cut {
            found.pop();
        }
        let done = after(&found);
        prop_assert_eq!(&after(&done), &done);
        let all: Vec<&[u8]> = done.split(|byte| *byte == b'\n').collect();
        for line in found.split(|byte| *byte == b'\n') {
            let own = file::address(line) == Some(b"127.0.1.1");
            let mark = [&b"# BEGIN terrarium"[..], b"# END terrarium"].contains(&line.trim_ascii());
            let block = std::str::from_utf8(line).is_ok_and(|line| line.contains('\t'));
            prop_assert!(own || mark || block || all.contains(&line), "{:?}", line);
            if own && !mark {
                // Each name but the former ones is still there.
                let kept = file::names(line).map(|range| line[range].to_vec());
                let kept: Vec<_> = kept.filter(|name| !name.starts_with(b"raspberrypi")).collect();
                let has = |other: &&[u8]| {
                    let names: Vec<_> = file::names(other).map(|range| other[range].to_vec()).collect();
                    kept.iter().all(|name| names.contains(name))
                };
                prop_assert!(all.iter().any(has), "{:?}", line);
            }
        }
    }
}
