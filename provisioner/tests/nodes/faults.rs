//! A fault at every command of a run, on the server and on another node: the
//! run ends, says what failed and where, calls nothing done that is not, and
//! the next run takes it up where it stopped.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;

use crate::model::Reply;
use crate::node::{Call, Do, Login, lock};
use crate::run::Ran;
use crate::world::World;

const NODES: [&str; 2] = ["pi-1", "pi-2"];
/// Waits are a hundredth of what they are for a Pi.
const QUICK: [&str; 2] = ["--patience", "0.01"];
/// Longer than any of these runs may take, however busy the machine.
const WITHIN: Duration = Duration::from_mins(1);
/// Runs at once: most of a run is waiting.
const AT_ONCE: usize = 6;

/// One command of a run: the node it was sent to, what it is, and which of
/// those it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    node: &'static str,
    what: String,
    occurrence: usize,
}

/// Counts commands by what they are.
#[derive(Default)]
struct Counted(Mutex<BTreeMap<String, usize>>);

impl Counted {
    fn count(&self, call: &Call) -> usize {
        let mut counts = lock(&self.0);
        let count = counts.entry(call.what.clone()).or_default();
        *count += 1;
        *count
    }
}

/// Every command of an honest run of fresh nodes. Of those that look again
/// until something is so, the first is enough: how many there are differs.
fn places() -> Vec<Place> {
    let world = World::new(&NODES);
    world.provision(&QUICK).succeeded();
    let mut places = Vec::new();
    for node in NODES {
        let counted = Counted::default();
        for call in world.node(node).calls() {
            let occurrence = counted.count(&call);
            let repeats = call.what.contains("kubectl get") || call.what.starts_with("watch ");
            if occurrence == 1 || !repeats {
                places.push(Place { node, what: call.what, occurrence });
            }
        }
    }
    assert!(places.len() > 40, "{places:?}");
    places
}

/// Runs a check at every place, several at once.
fn everywhere(check: impl Fn(&World, &Place) + Sync) {
    let (places, next) = (places(), AtomicUsize::new(0));
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(place) = places.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let work = || check(&World::new(&NODES), place);
                    if std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err() {
                        lock(&failed).push(place.clone());
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "of {} places these failed: {failed:#?}", places.len());
}

/// The first run of a world with a fault at one place, and whether it was reached.
fn faulty(world: &World, place: &Place, fault: impl Fn() -> Do + Send + Sync + 'static) -> Ran {
    let counted = Counted::default();
    let at = place.clone();
    world.node(place.node).hook(move |call| {
        (call.what == at.what && counted.count(call) == at.occurrence).then(&fault)
    });
    let mut args = QUICK.to_vec();
    args.push("--json");
    world.start(&args).end_within(WITHIN)
}

/// Without the fault the next run ends well, and the one after it has nothing to do.
fn healed(world: &World, place: &str) {
    for node in NODES {
        world.node(node).behave();
    }
    let next = world.start(&QUICK).end_within(WITHIN);
    assert_eq!(next.code, Some(0), "{place}: the next run\n{}{}", next.stdout, next.stderr);
    let last = world.start(&["--json"]).end_within(WITHIN);
    assert_eq!(last.succeeded().changed(), [""; 0], "{place}: the run after the next");
}

/// The run ended well and said so, or did not and said that.
#[track_caller]
fn honest(ran: &Ran, place: &str) {
    let (events, summary) = ran.events();
    let failed = events.iter().any(|event| event["state"] == "failed");
    let outcomes = summary["report"]["parts"].as_object().unwrap();
    let bad = outcomes.values().any(|part| part["outcome"] == "failed");
    let (said, shown) = (ran.stderr.contains("error: "), &ran.stderr);
    assert!(!shown.contains("panicked"), "{place}: {shown}");
    match ran.code {
        Some(0) => assert!(!failed && !bad && !said, "{place}: done, but {events:#?}{shown}"),
        Some(3 | 4) => assert!(failed && bad && said, "{place}: not done, but {events:#?}{shown}"),
        other => panic!("{place}: exit code {other:?}\n{events:#?}{shown}"),
    }
    for event in events.iter().filter(|event| event["state"] == "failed") {
        let outcome = &outcomes[event["node"].as_str().unwrap()]["outcome"];
        assert_eq!(outcome, "failed", "{place}: {event} against {summary}");
    }
}

pub(crate) fn a_command_that_fails_anywhere_fails_the_run_and_the_next_takes_it_up() {
    everywhere(|world, place| {
        let name = format!("{place:?}");
        let ran = faulty(world, place, || Do::Say(Reply::failed(1, "a made-up failure\n")));
        let code = if asked_until_so(place) { 0 } else { 4 };
        assert_eq!(ran.code, Some(code), "{name}: {}{}", ran.stdout, ran.stderr);
        honest(&ran, &name);
        healed(world, &name);
    });
}

/// Whether a failure of this command only means that it is not so yet: a node
/// that restarts, an API that does not answer.
fn asked_until_so(place: &Place) -> bool {
    place.occurrence == 2 && ["lock", "boot"].contains(&place.what.as_str())
        || place.what.contains("kubectl get nodes")
}

pub(crate) fn nonsense_from_anywhere_is_no_success_that_is_none() {
    everywhere(|world, place| {
        let name = format!("{place:?}");
        let nonsense = || {
            let twist = |reply| Reply { stdout: b"\xff\x00}{ nonsense\n\t\n".repeat(20), ..reply };
            Do::Twist(Box::new(twist))
        };
        let ran = faulty(world, place, nonsense);
        honest(&ran, &name);
        healed(world, &name);
    });
}

pub(crate) fn a_connection_lost_once_anywhere_before_or_after_a_command_does_no_harm() {
    everywhere(|world, place| {
        let name = format!("{place:?}");
        // When it is sent again it is done, but that does not come to be known.
        let counted = Counted::default();
        let at = place.clone();
        world.node(place.node).hook(move |call| {
            let count = if call.what == at.what { counted.count(call) } else { 0 };
            match count.checked_sub(at.occurrence) {
                Some(0) => Some(Do::Cut),
                Some(1) => Some(Do::CutAfter),
                _ => None,
            }
        });
        let ran = world.start(&["--patience", "0.05", "--json"]).end_within(WITHIN);
        honest(&ran, &name);
        assert_eq!(ran.code, Some(0), "{name}: {}{}", ran.stdout, ran.stderr);
        let last = world.start(&["--json"]).end_within(WITHIN);
        assert_eq!(last.succeeded().changed(), [""; 0], "{name}");
    });
}

pub(crate) fn a_node_that_goes_away_for_good_anywhere_is_told_by_its_name() {
    everywhere(|world, place| {
        let name = format!("{place:?}");
        let ran = faulty(world, place, || Do::Vanish);
        assert_eq!(ran.code, Some(3), "{name}: {}{}", ran.stdout, ran.stderr);
        honest(&ran, &name);
        ran.says(&format!("node `{}`", place.node));
        healed(world, &name);
    });
}

/// What a node may do after the restart it was told to make.
pub(crate) fn a_node_that_is_not_well_after_its_restart_fails_the_run_and_no_other_waits() {
    type Spoil = fn(&World, &'static str);
    let login: Spoil = |world, node| {
        let shared = world.node(node).handle();
        world.node(node).hook(move |call| {
            (call.what == "reboot").then(|| {
                shared.manner().login = Login::Refused;
                Do::CutAfter
            })
        });
    };
    let cgroup: Spoil = |world, node| world.node(node).model().heeds_cmdline = false;
    let again: Spoil = |world, node| {
        let stock = base64::engine::general_purpose::STANDARD.encode("root=x rootwait\n");
        let facts =
            [("cmdline /boot/firmware/cmdline.txt", stock.as_str()), ("controllers", "cpu")];
        let facts = facts.map(|(key, value)| (key.to_owned(), value.to_owned()));
        world.node(node).model().facts.extend(facts);
    };
    let probe: Spoil = |world, node| {
        let counted = Counted::default();
        world.node(node).hook(move |call| {
            let second = call.what == "probe" && counted.count(call) == 2;
            second.then(|| Do::Twist(Box::new(|reply| Reply::said(&reply.stdout[..60]))))
        });
    };
    for (spoil, code, said) in [
        (login, 3, "pi"),
        (cgroup, 4, "offers no memory cgroup although /boot/firmware/cmdline.txt asks for it"),
        (again, 4, "wants a second restart"),
        (probe, 4, "the probe's reply is cut off"),
    ] {
        for node in NODES {
            let world = World::new(&NODES);
            spoil(&world, node);
            let mut args = QUICK.to_vec();
            args.push("--json");
            let ran = world.start(&args).end_within(WITHIN);
            assert_eq!(ran.code, Some(code), "{node} {said}: {}{}", ran.stdout, ran.stderr);
            honest(&ran, said);
            ran.says(said);
            let (events, _) = ran.events();
            let of = |name: &str| {
                events
                    .iter()
                    .filter(|event| event["node"] == name && event["state"] == "failed")
                    .count()
            };
            assert_eq!(of(node), 1, "{events:#?}");
            // Who waited for the server says that it did in vain.
            assert_eq!(of("pi-2"), 1, "{events:#?}");

            world.node(node).model().facts.clear();
            world.node(node).model().heeds_cmdline = true;
            world.node(node).model().restart();
            healed(&world, said);
        }
    }
}

/// Who looks at the words alone must not be told that all is well.
pub(crate) fn the_words_of_a_run_that_failed_are_not_those_of_one_that_is_done() {
    for (what, node) in [
        ("start k3s.service", "pi-1"),
        ("cat /etc/rancher/k3s/k3s.yaml", "pi-1"),
        ("write /etc/rancher/k3s/cluster-token", "pi-2"),
        ("probe", "pi-2"),
    ] {
        let world = World::new(&NODES);
        let last = if what == "probe" { 3 } else { 1 };
        let counted = Counted::default();
        world.node(node).hook(move |call| {
            let now = call.what == what && counted.count(call) == last;
            now.then(|| Do::Say(Reply::failed(1, "a made-up failure\n")))
        });
        let ran = world.start(&QUICK).end_within(WITHIN);
        ran.ended_with(4);
        for word in ["Done", "Ready", "Nothing to do"] {
            assert!(!ran.stdout.contains(word), "{what}: {}", ran.stdout);
        }
        assert!(ran.stdout.contains("FAILED"), "{what}: {}", ran.stdout);
        let of = ran.stdout.lines().find(|line| line.trim_start().starts_with(node));
        let done = of.is_some_and(|line| line.contains(" done "));
        assert!(!done || what.contains("k3s.yaml"), "{what}: {}", ran.stdout);
        healed(&world, what);
    }
}

pub(crate) fn a_restart_that_was_lost_with_its_connection_is_told_again() {
    let world = World::new(&["pi-1"]);
    let counted = Counted::default();
    world
        .node("pi-1")
        .hook(move |call| (call.what == "reboot" && counted.count(call) == 1).then_some(Do::Cut));
    // Ten minutes are a minute then, of which a twentieth is three seconds.
    let ran = world.start(&["--patience", "0.1"]).end_within(WITHIN);
    ran.succeeded();
    assert_eq!(world.node("pi-1").model().boots, 1);
    assert!(ran.took < Duration::from_secs(30), "{:?}", ran.took);
}
