use super::*;
use crate::report::look::WIDTH;

fn catalogue() -> Catalogue {
    let mut files = BTreeMap::new();
    for (name, card) in [
        (
            "pgadmin",
            "[ports]\nhttp = 8080\n[ui]\nport = 'http'\nhost = 'pgadmin'\n\
             [[login]]\ntitle = 'pgAdmin'\nsecret = 'pgadmin'\nuser_key = 'email'",
        ),
        (
            "redis",
            "[ports]\nredis = 6379\n[[login]]\ntitle = 'Redis'\nsecret = 'redis'\nuser = 'default'",
        ),
        (
            "ingress",
            "[[login]]\ntitle = 'User interfaces without a login of their own'\n\
             secret = 'ingress-login'\nuser = 'admin'\npassword_key = 'word'",
        ),
        ("foundation", ""),
    ] {
        let head = format!("title = '{name}'\nsummary = 's'\ngroup = 'Cluster'\nicon = 'i'\n");
        files.insert(format!("{name}/service.toml"), format!("{head}{card}").into_bytes());
        let chart = format!("name: {name}\nversion: 1.0.0\nappVersion: '1'\n");
        files.insert(format!("{name}/Chart.yaml"), chart.into_bytes());
        files.insert(format!("{name}/values.yaml"), b"{}".to_vec());
    }
    Catalogue::from_files(files).unwrap()
}

const PGADMIN: &str = r#"{"kind":"Secret","metadata":{"name":"pgadmin"},"data":{"email":"cGlAZGVzay5sb2NhbA==","password":"b25lb25lb25lb25lb25lb25lb25lb25lb25lMTI="}}"#;
const INGRESS: &str =
    r#"{"kind":"Secret","metadata":{"name":"ingress-login"},"data":{"word":"dHdv"}}"#;

fn all(answer: &str) -> Vec<Credential> {
    let catalogue = catalogue();
    read(&choose(&catalogue, &[]).unwrap(), answer, "desk.local").unwrap()
}

#[test]
fn what_is_asked_names_every_secret_once() {
    let catalogue = catalogue();
    let chosen = choose(&catalogue, &[]).unwrap();
    let secrets = chosen.iter().map(|(.., login)| login.secret.as_str());
    let line = arguments(secrets.chain(["redis"])).join(" ");
    let names = "ingress-login pgadmin redis";
    assert_eq!(
        line,
        format!("get secrets {names} --namespace terrarium --ignore-not-found --output json")
    );
}

#[test]
fn the_table_has_what_is_there_within_eighty_columns() {
    let answer = format!(r#"{{"kind":"List","items":[{PGADMIN},{INGRESS}]}}"#);
    insta::assert_snapshot!(Table(&all(&answer)), @"
    SERVICE  USER           PASSWORD
    ingress  admin          two
      User interfaces without a login of their own
    pgadmin  pi@desk.local  oneoneoneoneoneoneoneoneone12
      pgAdmin: https://pgadmin.desk.local/
    ");
    // The longest there is: a user by mail address, 32 characters of password.
    let long = Credential {
        service: "redis-commander".to_owned(),
        title: "A title that says much about what the login behind it opens".to_owned(),
        address: Some("https://redis-commander.a-domain.of.ours.local/".to_owned()),
        user: "admin@a-domain.of.ours.local".to_owned(),
        password: "p".repeat(32),
    };
    let text = Table(&[long]).to_string();
    assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
}

#[test]
fn a_secret_asked_for_alone_and_none_at_all_are_answers() {
    let alone = all(PGADMIN);
    assert_eq!(alone.len(), 1);
    assert_eq!(alone[0].address.as_deref(), Some("https://pgadmin.desk.local/"));
    assert!(all("").is_empty());
}

#[test]
fn a_service_without_a_page_is_reached_by_its_port() {
    let redis = r#"{"metadata":{"name":"redis"},"data":{"password":"eA=="}}"#;
    let json = serde_json::to_value(all(redis)).unwrap();
    assert_eq!(
        json[0],
        serde_json::json!({"service": "redis", "title": "Redis", "user": "default",
            "address": "redis.terrarium.svc:6379", "password": "x"})
    );
}

#[test]
fn an_answer_that_cannot_be_read_is_not_repeated() {
    let catalogue = catalogue();
    let chosen = choose(&catalogue, &[]).unwrap();
    for answer in [r#"{"metadata":{"name":"pgadmin"},"data":"hunter2"}"#, "hunter2"] {
        let failure = read(&chosen, answer, "desk.local").err().unwrap();
        assert_eq!(failure.line(), "the cluster's Secrets cannot be read");
    }
}

#[test]
fn a_name_without_a_login_is_the_command_lines_mistake() {
    let catalogue = catalogue();
    for (name, said) in [
        ("foundation", "`foundation` has no login; known are ingress, pgadmin, redis"),
        ("pgadmn", "no service is called `pgadmn`; did you mean `pgadmin`?"),
    ] {
        let failure = choose(&catalogue, &[name.to_owned()]).err().unwrap();
        assert_eq!((failure.code, failure.line().as_str()), (Code::Usage, said));
    }
}

#[test]
fn a_login_whose_secret_was_deleted_is_named_and_one_that_is_not_deployed_is_not() {
    let catalogue = catalogue();
    let chosen = choose(&catalogue, &[]).unwrap();
    let made = "redis Secret v1 terrarium redis -\nredis Service v1 terrarium redis -\nredis = 1\n";
    let missing = missing(&chosen, &Objects::parse(made, "").unwrap());
    let [missing] = &missing[..] else { panic!("{missing:?}") };
    assert!(
        missing
            .to_string()
            .starts_with("the login of `redis` is not shown: Secret redis is missing")
    );
    let there = format!("Secret terrarium redis{}\n", " <none>".repeat(12));
    assert!(super::missing(&chosen, &Objects::parse(made, &there).unwrap()).is_empty());
}

#[test]
fn logins_are_readable_on_narrow_terminals() {
    let answer = format!(r#"{{"kind":"List","items":[{PGADMIN},{INGRESS}]}}"#);
    let all = all(&answer);
    crate::report::look::readable(|| Table(&all).to_string());
}
