use std::path::Path;

use super::*;

/// As it is with the sizes measured.
fn sized(written: &str, sizes: &str) -> Result<Stack, Failure> {
    let text = format!("[[node]]\nname = 'pi-1'\nhost = '10.0.0.1'\n{written}");
    let inventory =
        Inventory::parse(Path::new("/x/pis.toml"), &text, Some(Path::new("/x"))).unwrap();
    let catalogue = Catalogue::embedded().unwrap();
    let overlay = Overlay::parse("/x/pis.sizes.toml", sizes, &catalogue).unwrap();
    Stack::of(catalogue, overlay, &inventory)
}

/// A service of our own image, one that wants a new processor, and one that
/// waits for a kind of object.
fn stack(written: &str) -> Stack {
    let mut files = BTreeMap::new();
    for (name, card, values) in [
        ("source", "", "image: {repository: terrarium.invalid/source, tag: '0.1.0'}"),
        (
            "mongodb",
            "[[cannot_run]]\narch_below = 'armv8.2-a'\nreason = 'it wants ARMv8.2'",
            "image: {repository: docker.io/library/mongo, tag: '7'}\nnodeSelector: {}",
        ),
        ("ingress", "crds = ['middlewares.traefik.io', 'things.example.org']", "traefik: true"),
    ] {
        let head = format!("title = '{name}'\nsummary = 's'\ngroup = 'Cluster'\nicon = 'i'\n");
        files.insert(format!("{name}/service.toml"), format!("{head}{card}").into_bytes());
        let chart = format!("name: {name}\nversion: 1.0.0\nappVersion: '1'\n");
        files.insert(format!("{name}/Chart.yaml"), chart.into_bytes());
        files.insert(format!("{name}/values.yaml"), values.as_bytes().to_vec());
    }
    let text = format!("[[node]]\nname = 'pi-1'\nhost = '10.0.0.1'\n{written}");
    let inventory =
        Inventory::parse(Path::new("/x/pis.toml"), &text, Some(Path::new("/x"))).unwrap();
    Stack::of(Catalogue::from_files(files).unwrap(), Overlay::default(), &inventory).unwrap()
}

fn board(node: &str, level: &str) -> Board {
    let labels = BTreeMap::from([("terrarium/cpu".to_owned(), level.to_owned())]);
    Board { node: node.to_owned(), id: None, level: Some(level.to_owned()), labels }
}

fn values(wish: &Wish, service: &str) -> Value {
    wish.releases.iter().find(|release| release.name.as_str() == service).unwrap().values.clone()
}

const ALL: &str = "[stack]\nservices = ['source', 'mongodb', 'ingress']\n";

#[test]
fn our_image_gets_the_tag_of_the_binaries_and_no_other_does() {
    let stack = stack(ALL);
    assert!(stack.runs_our_image());
    let wish = stack.wish(&[], Some("0.1.0-01234567"));
    assert_eq!(values(&wish, "source")["image"]["tag"], "0.1.0-01234567");
    assert_eq!(values(&wish, "mongodb")["image"], Value::Null);
}

#[test]
fn the_namespace_that_is_made_is_the_one_that_is_deployed_into() {
    assert_eq!(terrarium_plan::NAMESPACE, terrarium_helm::release::NAMESPACE);
}

#[test]
fn the_charts_name_our_image_as_no_registry_can() {
    let catalogue = Catalogue::embedded().unwrap();
    let ours: Vec<&str> = catalogue
        .iter()
        .filter(|(_, service)| {
            let name = service.chart.values["image"]["repository"].as_str();
            name.is_some_and(image::is_ours)
        })
        .map(|(id, _)| id.as_str())
        .collect();
    assert_eq!(ours, ["device-source", "github-source"]);
}

#[test]
fn our_image_is_not_made_for_those_who_bring_their_own() {
    for (written, ours) in [
        ("[stack]\nservices = ['mongodb']", false),
        ("[stack]\nservices = ['source']", true),
        ("[stack]\nservices = ['source']\nvalues.source.image.tag = 'mine'", false),
        ("[stack]\nservices = ['source']\nvalues.source.image.repository = 'me/it'", false),
        ("[stack]\nservices = ['source']\nvalues.source.image.uid = 7", true),
    ] {
        assert_eq!(stack(written).runs_our_image(), ours, "{written}");
    }
}

#[test]
fn a_service_is_bound_to_the_boards_that_can_or_refused() {
    let stack = stack(ALL);
    let mixed = stack.wish(&[board("a", "armv8.0-a"), board("b", "armv8.2-a")], None);
    assert_eq!(values(&mixed, "mongodb")["nodeSelector"]["terrarium/cpu"], "armv8.2-a");
    assert!(mixed.refusals.is_empty());
    let old = stack.wish(&[board("a", "armv8.0-a")], None);
    let refusal = &old.refusals[0];
    assert_eq!((refusal.node.as_deref(), refusal.id.as_str()), (Some("stack"), "board"));
    assert!(refusal.what.contains("`mongodb` (a), because it wants ARMv8.2"), "{refusal:?}");
}

#[test]
fn the_profile_core_runs_on_both_kinds_of_board() {
    let text = "[[node]]\nname = 'pi-1'\nhost = '10.0.0.1'\n[stack]\nprofile = 'core'";
    let inventory =
        Inventory::parse(Path::new("/x/pis.toml"), text, Some(Path::new("/x"))).unwrap();
    let stack = Stack::new(&inventory).unwrap();
    assert!(stack.runs_our_image());
    for (id, level, ferretdb) in [("pi4-8gb", "armv8.0-a", true), ("pi5-8gb", "armv8.2-a", false)] {
        let boards =
            ["a", "b", "c"].map(|node| Board { id: Some(id.to_owned()), ..board(node, level) });
        let wish = stack.wish(&boards, Some("0.1.0-01234567"));
        assert_eq!(wish.refusals, [], "{id}");
        assert_eq!(wish.notes.len(), usize::from(ferretdb), "{id}: {:?}", wish.notes);
        assert_eq!(values(&wish, "mongodb")["engine"] == "ferretdb", ferretdb, "{id}");
        for source in ["github-source", "device-source"] {
            assert_eq!(values(&wish, source)["image"]["tag"], "0.1.0-01234567");
        }
    }
}

#[test]
fn traefiks_kinds_are_waited_for_where_traefik_is() {
    let kinds = |written: &str| stack(&format!("{ALL}{written}")).wish(&[], None).kinds;
    assert_eq!(kinds("")["ingress"], ["middlewares.traefik.io", "things.example.org"]);
    assert_eq!(kinds("[k3s]\ndisable = ['traefik']")["ingress"], ["things.example.org"]);
}

#[test]
fn what_is_wanted_no_more_is_said_with_the_command_that_removes_it() {
    let line = |name: &str| format!("terrarium {name} 1 deployed 0123456789abcdef\n");
    let cluster = Cluster { releases: line("redis") + &line("mongodb"), ..Cluster::default() };
    let facts = Facts { cluster: Some(cluster), ..Facts::default() };
    let notes = stack(ALL).wish(&[], None).leftovers(&facts).unwrap();
    let said: Vec<_> = notes.iter().map(|note| note.what.as_str()).collect();
    assert_eq!(said, ["`redis` is deployed and the inventory does not want it any more"]);
    assert!(notes[0].hint.starts_with("`provision stack remove redis`"), "{notes:?}");
}

const MEASURED: &str = "[redis.resources]\nrequests = { memory = '40Mi' }\n\
                        limits = { memory = '192Mi' }\n";

#[test]
fn measured_sizes_lie_between_the_charts_values_and_the_inventorys() {
    for (written, request, limit, notes) in [
        ("", "40Mi", "192Mi", 0),
        ("redis.resources.requests.memory = '50Mi'", "50Mi", "192Mi", 1),
        ("redis.resources.limits.memory = '300Mi'", "40Mi", "300Mi", 1),
        ("redis.maxmemory = '100mb'", "40Mi", "192Mi", 1),
    ] {
        let text = format!("[stack]\nservices = ['redis']\n[stack.values]\n{written}");
        let wish = sized(&text, MEASURED).unwrap().wish(&[], None);
        let resources = values(&wish, "redis")["resources"].clone();
        assert_eq!(resources["requests"]["memory"], request, "{written}");
        assert_eq!(resources["limits"]["memory"], limit, "{written}");
        assert_eq!(wish.notes.len(), notes, "{written}: {:?}", wish.notes);
        let named = |note: &Refusal| note.what.starts_with("/x/pis.sizes.toml:1");
        assert!(wish.notes.iter().all(named), "{:?}", wish.notes);
    }
}

#[test]
fn a_change_says_that_its_sizes_are_from_a_file() {
    let cluster = Cluster {
        releases: "terrarium redis 1 deployed 0123456789abcdef\n".to_owned(),
        ..Cluster::default()
    };
    let facts = Facts { cluster: Some(cluster), ..Facts::default() };
    let reasons = |sizes: &str| {
        let wish = sized("[stack]\nservices = ['redis']", sizes).unwrap().wish(&[], None);
        let changes = wish.changes(&facts).unwrap();
        changes.into_iter().map(|change| (change.service, change.reason)).collect::<Vec<_>>()
    };
    let reason = "chart or values differ from revision 1";
    let plain = [
        ("foundation".to_owned(), "not deployed".to_owned()),
        ("redis".to_owned(), reason.to_owned()),
    ];
    assert_eq!(reasons(""), plain);
    let sized = format!("{reason}; sizes are from /x/pis.sizes.toml");
    assert_eq!(reasons(MEASURED), [plain[0].clone(), ("redis".to_owned(), sized)]);
}

#[test]
fn sizes_that_contradict_the_inventory_are_its_mistake() {
    let written = "[stack]\nservices = ['redis']\nvalues.redis.resources.limits.memory = '32Mi'";
    let failure = sized(written, MEASURED).unwrap_err();
    assert_eq!(failure.code, Code::Usage);
    let line = failure.line();
    assert!(
        line.starts_with("/x/pis.sizes.toml:1: of redis, the request of memory, 40Mi"),
        "{line}"
    );
    assert!(line.contains("[stack.values.redis]"), "{line}");
    let other = written.replace("services = ['redis']", "services = ['postgresql']");
    assert!(sized(&other, MEASURED).is_ok(), "what is not deployed contradicts nothing");
}

/// The chart makes another certificate from that time on, at every deployment.
#[test]
fn a_certificate_that_ends_deploys_the_ingress_anew_and_nothing_else() {
    let wish = stack(ALL).wish(&[], None);
    let digest = |release: &Release| {
        let (name, digest) = (release.name.as_str(), release.short_digest());
        format!("{} {name} 1 deployed {digest}\n", release.namespace)
    };
    let releases: String = wish.releases().map(|(release, _)| digest(release)).collect();
    let cluster = Cluster { releases, ..Cluster::default() };
    let mut facts = Facts { cluster: Some(cluster), ..Facts::default() };
    facts.clock.now = 1_000_000_000;
    for (renew_after, expected) in
        [(None, None), (Some(1), None), (Some(-1), Some("ends in 100 days"))]
    {
        let end = facts.clock.now + 100 * 86_400;
        let renew_after = renew_after.map(|seconds| facts.clock.now + seconds);
        facts.ingress = Some(terrarium_plan::Ingress { end, renew_after });
        let changes = wish.changes(&facts).unwrap();
        let found: Vec<_> =
            changes.iter().map(|change| (&*change.service, &*change.kind)).collect();
        let wanted: Vec<_> = expected.map(|_| ("ingress", "upgrade")).into_iter().collect();
        assert_eq!(found, wanted, "{renew_after:?}");
        assert!(changes.iter().all(|change| change.reason.contains(expected.unwrap())));
    }
}

#[test]
fn what_the_stack_cannot_be_is_shown_with_its_line_and_what_to_write() {
    for (written, line, says) in [
        ("[stack]\nprofile = 'startr'", 5, "did you mean `starter`?"),
        ("[stack]\nservices = ['redis', 'kafak']", 5, "did you mean `kafka`?"),
        ("[stack]\nprofile = 'core'\nwithout = ['kafka']", 6, "`without = [\"kafka\",\"connect\""),
        ("[stack.values.reids]\na = 1", 4, "did you mean `redis`?"),
        (
            "[stack]\nservices = ['redis']\n[stack.values.redis]\nstorage.siz = '5Gi'",
            7,
            "did you mean `size`?",
        ),
        (
            "[stack]\nservices = ['redis']\n[stack.values.redis]\nstorage = { size = 5 }",
            7,
            "put it in quotes: \"5\"",
        ),
        ("[stack.values.redis]\nmaxmemory = '64 Mb'", 5, "see the service's page"),
    ] {
        let failure = sized(written, "").unwrap_err();
        assert_eq!(failure.code, Code::Usage, "{written}");
        let problems = failure.problems.unwrap_or_else(|| panic!("{written} has no place"));
        let first = problems.iter().next().unwrap();
        assert_eq!(first.position().map(|(line, _)| line), Some(line), "{problems}");
        assert!(first.hint().unwrap().contains(says), "{problems}");
    }
}
