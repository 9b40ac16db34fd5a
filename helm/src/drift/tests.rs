use super::*;

/// What the probe makes of helm's records: its own test holds it against them.
const MADE: &str = include_str!("../../../provisioner/plan/src/probe/cluster/made.txt");

/// What kubectl lists of a cluster with these releases, its spaces squeezed.
const THERE: &str = include_str!("there.txt");

fn lost(there: &str, release: &str) -> Vec<String> {
    let objects = Objects::parse(MADE, there).expect("lines");
    objects.lost(release).iter().map(ToString::to_string).collect()
}

fn without(line: &str) -> String {
    assert!(THERE.lines().any(|own| own.starts_with(line)), "{line}");
    let rest: Vec<&str> = THERE.lines().filter(|own| !own.starts_with(line)).collect();
    rest.join("\n") + "\n"
}

#[test]
fn nothing_is_lost_of_what_was_just_made() {
    for release in ["foundation", "ingress", "redis"] {
        assert_eq!(lost(THERE, release), Vec::<String>::new());
    }
    let objects = Objects::parse(MADE, THERE).expect("lines");
    assert_eq!(objects.revision("redis"), Some(2));
    assert_eq!(objects.revision("kafka"), None);
}

#[test]
fn every_kind_of_object_that_is_gone_is_named() {
    for (line, release, expected) in [
        ("Secret terrarium redis ", "redis", "Secret redis is missing"),
        ("ConfigMap terrarium redis ", "redis", "ConfigMap redis is missing"),
        ("Service terrarium redis-pods ", "redis", "Service redis-pods is missing"),
        ("StatefulSet terrarium redis ", "redis", "StatefulSet redis is missing"),
        ("NetworkPolicy terrarium redis ", "redis", "NetworkPolicy redis is missing"),
        (
            "PriorityClass <none> terrarium-app ",
            "foundation",
            "PriorityClass terrarium-app is missing",
        ),
        ("Middleware terrarium login ", "ingress", "Middleware login is missing"),
        (
            "HelmChartConfig kube-system traefik ",
            "ingress",
            "HelmChartConfig traefik in kube-system is missing",
        ),
    ] {
        assert_eq!(lost(&without(line), release), [expected]);
    }
}

#[test]
fn a_kind_that_is_gone_an_object_that_is_held_and_one_without_pods_are_told_as_that() {
    let unknown = without("Middleware") + "unknown Middleware.v1alpha1.traefik.io\n";
    let expected = "Middleware login is missing, as the cluster does not know its kind";
    assert_eq!(lost(&unknown, "ingress"), [expected]);
    let line = THERE.lines().find(|line| line.starts_with("StatefulSet")).expect("one");
    let scaled = THERE.replace(line, &line.replacen("<none> 1 ", "<none> 0 ", 1));
    assert_eq!(lost(&scaled, "redis"), ["StatefulSet redis is scaled to 0 of 1"]);
    let ends = line.replacen("<none> 1 ", "2026-11-30T19:00:00Z 1 ", 1);
    let ends = THERE.replace(line, &ends);
    assert_eq!(lost(&ends, "redis"), ["StatefulSet redis is being deleted"]);
    // More than was wished is somebody's choice, and no pod is no loss of an object.
    let more = THERE.replace(line, &line.replacen("<none> 1 ", "<none> 3 ", 1));
    assert!(lost(&more, "redis").is_empty());
    let objects = Objects::parse(MADE, THERE).expect("lines");
    let idle: Vec<&str> = objects.without_pods("redis").iter().map(|key| &*key.name).collect();
    assert_eq!(idle, ["redis"], "the cluster this is of has no nodes");
}

#[test]
fn of_two_records_in_place_the_newer_one_counts_and_jobs_may_be_cleared_away() {
    let made = "redis Service v1 terrarium new -\nredis Job batch/v1 terrarium job -\nredis = 3\n\
                redis Service v1 terrarium old -\nredis = 2\n";
    let objects = Objects::parse(made, "").expect("lines");
    assert_eq!(told(&objects.lost("redis")), "Service new is missing");
}

#[test]
fn a_reason_names_secrets_first_and_ends() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let made = names.map(|name| format!("x ConfigMap v1 terrarium {name} -\n")).concat();
    let objects =
        Objects::parse(&(made + "x Secret v1 terrarium s -\nx = 1\n"), "").expect("lines");
    assert_eq!(
        told(&objects.lost("x")),
        "Secret s is missing, ConfigMap a is missing, ConfigMap b is missing, \
         ConfigMap c is missing, ConfigMap d is missing, 2 more"
    );
}

#[test]
fn lines_of_something_else_are_no_list() {
    assert!(Objects::parse("a b c", "").is_err());
    let error = Objects::parse("", "Secret terrarium redis").unwrap_err();
    assert_eq!(error.to_string(), "line 1 of the list of objects has 3 words");
}
