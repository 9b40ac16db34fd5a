use super::*;

/// Services as `name: needs; profiles`.
fn catalogue(services: &[(&str, &[&str], &[&str])]) -> Catalogue {
    let mut files = BTreeMap::new();
    for (name, needs, profiles) in services {
        let card = format!(
            "title = 'x'\nsummary = 'x'\ngroup = 'Cluster'\nicon = 'x'\nneeds = {needs:?}\nprofiles = {profiles:?}\n"
        );
        let chart = format!("name: {name}\nversion: 0.1.0\nappVersion: '1'\n");
        files.insert(format!("{name}/service.toml"), card.into_bytes());
        files.insert(format!("{name}/Chart.yaml"), chart.into_bytes());
        files.insert(format!("{name}/values.yaml"), b"{}".to_vec());
    }
    Catalogue::from_files(files).expect("the services are right")
}

fn some() -> Catalogue {
    catalogue(&[
        ("base", &[], &[]),
        ("store", &["base"], &["core"]),
        ("cache", &["base"], &["core"]),
        ("ui", &["store"], &["full"]),
        ("extra", &["ui", "cache"], &[]),
    ])
}

fn stack(profile: Option<&str>, services: &[&str]) -> Stack {
    Stack {
        profile: profile.map(str::to_owned),
        services: services.iter().map(|&name| name.to_owned()).collect(),
        without: Vec::new(),
        values: BTreeMap::new(),
    }
}

fn names(ids: &[ServiceId]) -> Vec<&str> {
    ids.iter().map(ServiceId::as_str).collect()
}

#[test]
fn a_selection_is_closed_over_needs_and_in_start_order() {
    for (profile, services, expected) in [
        (None, &[][..], &[][..]),
        (Some("core"), &[], &["base", "cache", "store"]),
        (Some("full"), &[], &["base", "store", "ui"]),
        (None, &["ui"], &["base", "store", "ui"]),
        (Some("core"), &["extra"], &["base", "cache", "store", "ui", "extra"]),
        (Some("core"), &["store"], &["base", "cache", "store"]),
    ] {
        let selected = select(&stack(profile, services), &some()).expect("all are known");
        assert_eq!(names(&selected), expected, "{profile:?} {services:?}");
    }
}

#[test]
fn what_is_left_out_stays_out_unless_something_needs_it() {
    let mut stack = stack(Some("core"), &[]);
    stack.without.push("cache".to_owned());
    let selected = select(&stack, &some()).expect("nothing needs it");
    assert_eq!(names(&selected), ["base", "store"]);
    stack.without.push("base".to_owned());
    let error = select(&stack, &some()).expect_err("the store needs it");
    assert_eq!(error.to_string(), "`without` leaves `base` out, which `store` needs");
}

#[test]
fn a_wave_holds_what_can_start_together() {
    let all = select(&stack(Some("core"), &["extra"]), &some()).expect("all are known");
    let waves = waves(&all, &some()).expect("no circle");
    let waves: Vec<_> = waves.iter().map(|wave| names(wave)).collect();
    assert_eq!(waves, [vec!["base"], vec!["cache", "store"], vec!["ui"], vec!["extra"]]);
}

#[test]
fn a_need_that_is_not_selected_is_taken_as_met() {
    let ui = ServiceId::new("ui").expect("a name");
    assert_eq!(waves(std::slice::from_ref(&ui), &some()), Ok(vec![vec![ui]]));
}

#[test]
fn everything_unknown_is_told_at_once() {
    let mut stack = stack(Some("cor"), &["stor", "kafka"]);
    stack.without.push("cach".to_owned());
    stack.values.insert("uii".to_owned(), toml::Table::new());
    let error = select(&stack, &some()).expect_err("unknown names");
    insta::assert_snapshot!(error, @r"
    `[stack]` names what this version does not have:
      `profile`: no profile is called `cor`: did you mean `core`?
      `services`: no service is called `stor`: did you mean `store`?
      `services`: no service is called `kafka`: known are base, cache, extra, store, ui
      `without`: no service is called `cach`: did you mean `cache`?
      `values.uii`: no service is called `uii`: did you mean `ui`?
    ");
}

#[test]
fn a_circle_is_named() {
    let round =
        catalogue(&[("a", &["b"], &["all"]), ("b", &["c"], &["all"]), ("c", &["b"], &["all"])]);
    let error = select(&stack(Some("all"), &[]), &round).expect_err("a circle");
    assert_eq!(error.to_string(), "services need each other in a circle: b → c → b");
}

#[test]
fn all_that_need_what_is_left_out_are_named() {
    let mut stack = stack(Some("core"), &["cache"]);
    stack.without.push("base".to_owned());
    let error = select(&stack, &some()).expect_err("the stores need it");
    assert_eq!(error.to_string(), "`without` leaves `base` out, which `cache`, `store` needs");
}
