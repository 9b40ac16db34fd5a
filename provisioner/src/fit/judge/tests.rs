use super::*;
use crate::fit::allowance::Allowance;
use crate::fit::boards::parse;
use crate::fit::fixture::made;
use crate::fit::problem::of_parts;
use crate::fit::site::Site;
use crate::fit::stack::stand_in;
use crate::fit::{html, table};
use crate::report::look::WIDTH;

/// A stand-in on boards, without some services.
fn answer(boards: &str, profile: &str, without: &[&str], stock: bool) -> Answer {
    let wanted = parse(boards).unwrap();
    let sites: Vec<Site> = wanted.iter().map(|wanted| Site::of_board(wanted, None)).collect();
    let without: Vec<String> = without.iter().map(|name| (*name).to_owned()).collect();
    let parts = stand_in(profile, &without, &sites).unwrap();
    let asked = of_parts(&parts, sites, &[], stock).unwrap();
    let allowance = Allowance::ample();
    let again = |sites: &[Site]| {
        let parts = stand_in(profile, &without, sites).ok()?;
        Some((of_parts(&parts, sites.to_vec(), &[], stock).ok()?, parts.refused))
    };
    let terms = Terms {
        again: Some(&again),
        allowance: &allowance,
        subject: Subject { title: format!("{profile} on {boards}"), source: "stand-in" },
        budget: Budget { runs: 100, search: 100_000, proof: 200_000, seed: 1 },
        stock,
        prices: &[("pi4-4gb".to_owned(), 60), ("pi4-8gb".to_owned(), 90)],
        refused: parts.refused,
        notes: parts.notes,
    };
    judge(&asked, &terms)
}

#[test]
fn profiles_are_judged_as_their_budgets_say() {
    let no_mongo = &["mongodb", "mongo-express"][..];
    for (boards, profile, without, word, verdict) in [
        ("3xpi5-8gb", "full", &[][..], Word::Fits, "guaranteed"),
        ("3xpi5-8gb", "full+openmetadata", &[], Word::Fits, ""),
        ("3xpi5-8gb", "full+datahub", &[], Word::Fits, ""),
        ("3xpi4-8gb", "full", no_mongo, Word::Fits, ""),
        ("3xpi4-8gb", "full+openmetadata", no_mongo, Word::Fits, ""),
        ("3xpi4-8gb", "full+ferretdb", &[], Word::Fits, ""),
        ("3xpi4-4gb", "small", &[], Word::Fits, "guaranteed"),
        ("3xpi4-4gb", "small+flink+openmetadata", &[], Word::DoesNotFit, "impossible"),
        ("3xpi4-4gb", "full+openmetadata+datahub", no_mongo, Word::DoesNotFit, "impossible"),
        ("3xpi4-8gb", "full", &[], Word::DoesNotFit, "impossible"),
    ] {
        let found = answer(boards, profile, without, false);
        let reasons = found.reasons.join("; ");
        assert_eq!(found.word, word, "{boards} {profile}: {reasons}");
        assert!(verdict.is_empty() || found.verdict == verdict, "{boards} {profile}: {reasons}");
        assert!(!reasons.is_empty());
        let left: Vec<_> = found.left.iter().map(|left| &left.pod).collect();
        assert!(word == Word::DoesNotFit || left.is_empty(), "{left:?}");
    }
}

#[test]
fn mongodb_is_refused_on_a_pi_4_with_its_cpu_named() {
    let found = answer("3xpi4-8gb", "full", &[], false);
    assert!(found.reasons[0].contains("ARMv8.2-A, and its CPU, a Cortex-A53 or Cortex-A72"));
    let mongodb = found.services.iter().find(|service| service.name == "mongodb").unwrap();
    assert_eq!((mongodb.verdict, mongodb.nodes.len()), ("impossible", 0));
    // One newer board among them is enough.
    let mixed = answer("2xpi4-8gb,1xpi5-8gb", "full", &[], false);
    assert_eq!(mixed.placement["terrarium/mongodb-0"], "pi-3", "{:?}", mixed.reasons);
}

#[test]
fn both_catalogues_on_boards_of_4_gb_are_refused_by_numbers() {
    let found = answer("3xpi4-4gb", "small+openmetadata+datahub", &[], false);
    let certificate = found.certificate.as_ref().unwrap();
    assert_eq!(certificate.proof["kind"], "confined", "{}", certificate.sentence);
    // 1950 + 2 * 2900 at the low end of what such boards have.
    assert!(certificate.sentence.contains("7750 MiB"), "{}", certificate.sentence);
    assert!(found.change.iter().any(|change| change.kind == "drop"), "{:?}", found.change);
    let board = found.change.iter().find(|change| change.kind == "board").unwrap();
    assert!(board.what.contains("euros"), "{board:?}");
}

#[test]
fn what_is_left_to_chance_is_told_how_to_be_made_sure() {
    let found = answer("3xpi4-4gb", "small+openmetadata", &[], false);
    assert_eq!((found.verdict, found.word), ("possible", Word::Tight), "{:?}", found.reasons);
    let what = |kind: &str| {
        let change = found.change.iter().find(|change| change.kind == kind);
        change.map(|change| change.what.as_str()).unwrap_or_default()
    };
    assert!(what("requests").contains("`openmetadata` from 1280 MiB to"), "{:?}", found.change);
    // Metabase needs PostgreSQL, which therefore comes with it.
    let first = "install `metabase`, `openmetadata` and `postgresql` first";
    assert!(what("order").contains(first), "{:?}", found.change);
    let metabase = found.services.iter().find(|service| service.name == "metabase").unwrap();
    assert!(metabase.largest_request >= Some(1024 << 20), "{:?}", metabase.largest_request);
    assert!(metabase.largest_cpu >= Some(metabase.cpu), "{:?}", metabase.largest_cpu);
}

#[test]
fn a_lost_node_is_told_with_what_could_be_had_at_best() {
    let found = answer("3xpi4-4gb", "small+openmetadata", &[], false);
    let fates = |node: &str| {
        let loss = found.loss.iter().find(|loss| loss.node == node).unwrap();
        let survive = |of: fn(&crate::fit::answer::Fate) -> Option<&'static str>| {
            loss.services.values().filter(|fate| of(fate) == Some("survives")).count()
        };
        (survive(|fate| Some(fate.here)), survive(|fate| fate.best))
    };
    for node in ["pi-1", "pi-2", "pi-3"] {
        let (here, best) = fates(node);
        assert!(best >= here, "{node}: {here}, at best {best}");
    }
    let without_server = &found.loss[0];
    assert!(without_server.services.values().any(|fate| fate.here == "not rescheduled"));
    assert!(without_server.services.values().all(|fate| fate.best == Some(fate.here)));
}

#[test]
fn where_more_could_be_had_at_best_every_view_says_so() {
    // Which placement comes out decides whether there is more to be had.
    let without = [&[][..], &["pgadmin"], &["homepage"], &["connect"], &["grafana"], &["fastapi"]];
    let found = without.into_iter().find_map(|without| {
        let found = answer("3xpi4-4gb", "small+openmetadata", without, false);
        let better = |loss: &crate::fit::answer::Loss| {
            let mut fates = loss.services.values();
            fates.any(|fate| fate.here == "lost" && fate.best == Some("survives"))
        };
        found.loss.iter().any(better).then_some(found)
    });
    let found = found.expect("one of them has more to be had");
    assert!(found.loss.iter().any(|loss| loss.summary.contains("at best")), "{:?}", found.loss);
    assert!(table::table(&found).contains("lost, at best survives"));
    assert!(html::page(&found, &made()).contains("at best survives"));
}

#[test]
fn stock_k3s_hands_out_what_the_board_has_not() {
    let ours = answer("1xpi4-4gb", "small", &["airflow", "connect"], false);
    let stock = answer("1xpi4-4gb", "small", &["airflow", "connect"], true);
    assert!(stock.nodes[0].allocatable.low > ours.nodes[0].allocatable.low);
    assert_eq!(stock.nodes[0].allocatable, stock.nodes[0].memory);
    assert!(stock.word > Word::Fits, "{:?}", stock.reasons);
    assert!(stock.remarks.iter().any(|remark| remark.about == "reservation"));
    assert!(!ours.remarks.iter().any(|remark| remark.about == "reservation"));
}

#[test]
fn the_table_fits_eighty_columns_and_the_page_has_every_service() {
    let found = answer("3xpi4-4gb", "small+openmetadata+datahub", &[], false);
    let text = table::table(&found);
    let wide = text.lines().find(|line| line.chars().count() > WIDTH);
    assert_eq!(wide, None);
    let page = html::page(&found, &made());
    assert!(found.services.iter().all(|service| page.contains(&service.title)));
    insta::assert_snapshot!(text);
}

#[test]
fn equal_questions_get_equal_bytes() {
    let once = || serde_json::to_string(&answer("3xpi4-4gb", "small", &[], false)).unwrap();
    assert_eq!(once(), once());
}

const PIS: &str = "kind: Node\nmetadata: {name: a}\nstatus: {allocatable: {cpu: 4, memory: 4Gi}}\n";

fn manifests(text: &str) -> Result<Answer, crate::error::Failure> {
    judged(PIS, text)
}

/// Manifests on these nodes.
pub(in crate::fit) fn judged(nodes: &str, text: &str) -> Result<Answer, crate::error::Failure> {
    let file = |name: &str, text: &str| [(name.to_owned(), text.to_owned())];
    let asked =
        crate::fit::problem::of_manifests(&file("nodes.yaml", nodes), &file("pods.yaml", text))?;
    let allowance = Allowance::ample();
    let terms = Terms {
        subject: Subject { title: "manifests".to_owned(), source: "manifests" },
        budget: Budget::default(),
        stock: false,
        prices: &[],
        refused: Vec::new(),
        notes: Vec::new(),
        again: None,
        allowance: &allowance,
    };
    Ok(judge(&asked, &terms))
}

fn pod(name: &str, resources: &str) -> String {
    format!(
        "kind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: c, image: i, \
         resources: {{{resources}}}}}]}}\n---\n"
    )
}

#[test]
fn what_was_not_judged_makes_a_verdict_possible_at_most_and_is_named_everywhere() {
    let one = pod("p", "requests: {memory: 1Gi}, limits: {memory: 1Gi}");
    let sure = manifests(&one).unwrap();
    assert_eq!((sure.verdict, sure.word), ("guaranteed", Word::Fits));
    let kafka = "apiVersion: kafka.strimzi.io/v1\nkind: Kafka\nmetadata: {name: k}\n";
    let unsure = manifests(&format!("{one}{kafka}")).unwrap();
    assert_eq!((unsure.verdict, unsure.word), ("possible", Word::Tight));
    let told = "not judged: 1 Kafka (kafka.strimzi.io)";
    let page = html::page(&unsure, &made());
    for view in [table::table(&unsure).replace("\n             ", " "), page] {
        assert!(view.contains(told), "{view}");
    }
    // Beside a reason that weighs more it is told all the same.
    let large = pod("large", "requests: {memory: 20Gi}");
    let answer = manifests(&format!("{large}{kafka}")).unwrap();
    assert_eq!(answer.word, Word::DoesNotFit);
    assert!(table::table(&answer).contains("not judged: 1 Kafka"));
}

#[test]
fn nothing_to_judge_is_no_verdict() {
    for (text, says) in [
        ("", "the files are empty"),
        ("kind: ConfigMap\nmetadata: {name: c}\n", "none of them a workload"),
        ("apiVersion: x.y/v1\nkind: Kafka\nmetadata: {name: k}\n", "1 Kafka (x.y)"),
    ] {
        let failure = manifests(text).unwrap_err();
        assert_eq!(failure.code, crate::error::Code::Usage);
        assert!(failure.line().contains("nothing to judge"), "{}", failure.line());
        assert!(failure.line().contains(says), "{}", failure.line());
    }
}

#[test]
fn pods_that_say_nothing_of_what_they_need_are_not_called_fitting() {
    let silent: String = (0..3).map(|number| pod(&format!("p{number}"), "")).collect();
    let answer = manifests(&silent).unwrap();
    assert_eq!(answer.word, Word::Tight);
    assert!(answer.reasons[0].contains("no pod requests memory (3 of 3)"), "{:?}", answer.reasons);
    let reading = &answer.nodes[0].reading;
    assert!(reading.contains("no pod has a memory limit"), "{reading}");
    assert!(!reading.contains("its limit"), "{reading}");
    assert_eq!(answer.services[0].limit, None);
}

#[test]
fn a_job_that_no_node_ever_takes_is_impossible_and_one_that_waits_is_not() {
    let job = |spec: &str, memory: &str| {
        format!(
            "kind: Job\nmetadata: {{name: backup}}\nspec: {{template: {{spec: {{{spec} containers: \
             [{{name: c, image: i, resources: {{requests: {{memory: {memory}}}}}}}]}}}}}}\n---\n"
        )
    };
    for (spec, memory, says) in [
        ("", "20Gi", "too little memory"),
        ("nodeSelector: {disk: nvme},", "1Mi", "has not the labels"),
    ] {
        let answer = manifests(&job(spec, memory)).unwrap();
        assert_eq!((answer.verdict, answer.word), ("impossible", Word::DoesNotFit), "{spec}");
        assert!(answer.reasons[0].contains(says), "{:?}", answer.reasons);
    }
    let busy = pod("web", "requests: {memory: 3Gi}, limits: {memory: 3Gi}");
    let waits = manifests(&format!("{busy}{}", job("", "2Gi"))).unwrap();
    assert_ne!(waits.verdict, "impossible");
}

/// The advice of one kind, as `(board or services, node it replaces)`.
fn advised(answer: &Answer, kind: &str) -> Vec<String> {
    let of = answer.change.iter().filter(|change| change.kind == kind);
    of.map(|change| change.what.clone()).collect()
}

#[test]
fn every_advice_that_is_followed_does_what_it_says() {
    for (boards, profile) in [("2xpi5-4gb", "full"), ("3xpi4-2gb", "small")] {
        let found = answer(boards, profile, &[], false);
        assert_eq!(found.word, Word::DoesNotFit, "{boards} {profile}");
        let (adds, drops) = (advised(&found, "board"), advised(&found, "drop"));
        assert!(drops.len() + adds.len() > 1, "{boards} {profile}: {:?}", found.change);
        for what in &drops {
            let without: Vec<&str> = what.split('`').skip(1).step_by(2).collect();
            let followed = answer(boards, profile, &without, false);
            assert_ne!(followed.word, Word::DoesNotFit, "{boards} {profile}: {what}");
            assert_eq!(followed.word == Word::Tight, what.contains("tight then"), "{what}");
        }
        for what in adds.iter().filter(|what| what.starts_with("add a ")).take(2) {
            let board = what["add a ".len()..].split([' ', ';']).next().unwrap();
            let followed = answer(&format!("{boards},{board}"), profile, &[], false);
            assert_ne!(followed.word, Word::DoesNotFit, "{boards} {profile}: {what}");
        }
    }
}

#[test]
fn a_board_that_cannot_run_what_is_refused_is_not_advised() {
    let found = answer("3xpi4-4gb", "full", &[], false);
    assert!(found.reasons.iter().any(|reason| reason.contains("mongodb")), "{:?}", found.reasons);
    let boards = advised(&found, "board");
    assert!(!boards.is_empty());
    for what in &boards {
        assert!(what.contains("pi5") || what.contains("cm5"), "{what}");
    }
    let drops = advised(&found, "drop");
    assert!(drops.iter().all(|what| what.contains("`mongodb`")), "{drops:?}");
}

#[test]
fn workloads_of_one_name_in_two_namespaces_are_told_apart() {
    let of = |namespace: &str| {
        pod("redis", "limits: {memory: 1Gi}")
            .replace("name: redis", &format!("name: redis, namespace: {namespace}"))
    };
    let answer = manifests(&format!("{}{}", of("a"), of("b"))).unwrap();
    let names: Vec<&str> = answer.services.iter().map(|service| service.name.as_str()).collect();
    assert_eq!(names, ["a/redis", "b/redis"]);
}

#[test]
fn a_pod_that_requests_memory_as_a_whole_is_not_said_to_request_none() {
    let requests = |answer: &Answer| answer.remarks.iter().any(|remark| remark.about == "requests");
    let whole =
        pod("p", "").replace("{containers", "{resources: {requests: {memory: 1Gi}}, containers");
    assert!(!requests(&manifests(&whole).unwrap()));
    assert!(requests(&manifests(&pod("p", "")).unwrap()));
}
