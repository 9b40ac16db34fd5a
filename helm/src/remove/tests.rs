use std::collections::BTreeMap;

use super::*;
use crate::select::select;

/// `app` needs `store`, which needs `base`; `other` stands alone.
fn catalogue() -> Catalogue {
    let mut files = BTreeMap::new();
    for (name, card) in [
        ("base", ""),
        ("store", "needs = ['base']"),
        ("app", "needs = ['store']\nprofiles = ['small']"),
        ("other", "profiles = ['small']"),
    ] {
        let head = format!("title = '{name}'\nsummary = 's'\ngroup = 'Cluster'\nicon = 'i'\n");
        files.insert(format!("{name}/service.toml"), format!("{head}{card}").into_bytes());
        let chart = format!("name: {name}\nversion: 1.0.0\nappVersion: '1'\n");
        files.insert(format!("{name}/Chart.yaml"), chart.into_bytes());
        files.insert(format!("{name}/values.yaml"), b"{}".to_vec());
    }
    Catalogue::from_files(files).expect("the services are right")
}

fn texts(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn wish(profile: Option<&str>, services: &[&str], without: &[&str]) -> Stack {
    Stack {
        profile: profile.map(str::to_owned),
        services: texts(services),
        without: texts(without),
        values: BTreeMap::new(),
    }
}

fn deployed(name: &str) -> Deployed {
    Deployed {
        namespace: "terrarium".to_owned(),
        name: name.to_owned(),
        revision: 1,
        status: Status::Deployed,
        digest: Some("00".to_owned()),
        last_good: None,
    }
}

fn removed(names: &[&str], stack: &Stack, present: &[&str]) -> Result<Vec<String>, RemoveError> {
    let catalogue = catalogue();
    let selected = select(stack, &catalogue).expect("a selection");
    let present: Vec<_> = present.iter().map(|name| deployed(name)).collect();
    removal(&texts(names), &selected, stack, &present, &catalogue)
}

#[test]
fn dependants_go_first_and_each_goes_once() {
    let nothing = wish(None, &[], &[]);
    let all = ["base", "store", "app", "other"];
    assert_eq!(
        removed(&["base", "app", "store", "app"], &nothing, &all),
        Ok(texts(&["app", "store", "base"]))
    );
    assert_eq!(removed(&["store"], &nothing, &[]), Ok(texts(&["store"])), "it is gone already");
    assert_eq!(removed(&["former"], &nothing, &["former"]), Ok(texts(&["former"])));
}

#[test]
fn what_others_need_stays() {
    let refused = removed(&["base"], &wish(None, &[], &[]), &["base", "store", "app"]);
    let error = refused.expect_err("it is needed");
    assert_eq!(error.to_string(), "`base` is needed by what is deployed: store");
    assert_eq!(error.hint().as_deref(), Some("remove store too, or first"));
}

#[test]
fn what_the_inventory_wants_stays_and_the_line_to_change_is_named() {
    for (name, stack, change) in [
        ("other", wish(None, &["other"], &[]), "take `other` out of `services` in [stack]"),
        (
            "other",
            wish(Some("small"), &[], &[]),
            "set `without = [\"other\"]` in [stack]: profile `small` has it",
        ),
        (
            "app",
            wish(Some("small"), &["app"], &["other"]),
            "take `app` out of `services` in [stack]; \
             set `without = [\"other\",\"app\"]` in [stack]: profile `small` has it",
        ),
        ("store", wish(None, &["app"], &[]), "take `app`, which needs it, out of [stack]"),
    ] {
        let error = removed(&[name], &stack, &[]).expect_err("it is wanted");
        assert_eq!(error.to_string(), format!("the inventory still wants `{name}`"));
        assert_eq!(error.hint().as_deref(), Some(change));
    }
}

#[test]
fn an_unknown_name_is_answered_with_what_may_be_meant() {
    let error = removed(&["stor"], &wish(None, &[], &[]), &[]).expect_err("a slip");
    assert_eq!(error.to_string(), "no service is called `stor`: did you mean `store`?");
}
