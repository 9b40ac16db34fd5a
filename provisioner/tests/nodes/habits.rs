//! What people type before they know better, and what they are told.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::world::{K3S_VERSION, World};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

pub(crate) fn what_could_not_be_looked_at_is_never_called_unchanged() {
    let world = World::new(&["pi-1", "pi-2"]);
    world.provision(&[]).succeeded();
    world.node("pi-2").down(true);
    let quick = ["--patience", "0.05"];
    let with = |words: &[&'static str]| [words, &quick].concat();

    let ran = world.provision(&with(&["plan", "--json"]));
    ran.ended_with(3);
    let plan = json(&ran.stdout);
    assert_eq!((&plan["version"], &plan["unseen"][0]["node"]), (&Value::from(1), &"pi-2".into()));
    assert!(plan["unseen"][0]["reason"].as_str().unwrap().contains("pi-2"), "{plan}");
    assert_eq!(plan["stack_seen"], true);
    assert_eq!(plan["nodes"].get("pi-2"), None);
    world.provision(&with(&["plan"])).ended_with(3).says("Not looked at: pi-2.");
    world.provision(&with(&["plan", "--exit-code"])).ended_with(3);

    let ran = world.provision(&with(&["status", "--json"]));
    ran.ended_with(3);
    let status = json(&ran.stdout);
    let node = &status["nodes"][1];
    assert_eq!(
        (&node["seen"], &node["changes"], &node["agent_answers"]),
        (&false.into(), &Value::Null, &Value::Null)
    );
    assert_eq!(status["unseen"][0]["node"], "pi-2");
    let ran = world.provision(&with(&["status"]));
    ran.ended_with(3).says("Not looked at: pi-2.");
    let line = ran.stdout.lines().find(|line| line.starts_with("pi-2")).unwrap();
    let ends: Vec<&str> = line.split_whitespace().rev().take(2).collect();
    assert_eq!(ends, ["?", "?"], "{line}");

    world.node("pi-1").down(true);
    let ran = world.provision(&with(&["plan"]));
    ran.ended_with(3).says("No node answered: pi-1, pi-2.");
    assert!(!ran.stdout.contains("Nothing to do"), "{}", ran.stdout);
    let ran = world.provision(&with(&["plan", "--json"]));
    assert_eq!(json(&ran.stdout)["stack_seen"], false);
    let ran = world.provision(&with(&["status"]));
    ran.ended_with(3).says("No node answered");
    let line = ran.stdout.lines().find(|line| line.starts_with("pi-1")).unwrap();
    assert_eq!(line.split_whitespace().filter(|word| *word == "?").count(), 4, "{line}");
}

pub(crate) fn what_needs_a_cluster_says_before_the_first_run_that_there_is_none() {
    let world = World::new(&["pi-1", "pi-2"]);
    for words in [
        &["verify"][..],
        &["credentials"],
        &["credentials", "--ca"],
        &["kubeconfig"],
        &["kubeconfig", "--merge"],
        &["report"],
        &["stack", "remove", "redis", "--keep-data"],
    ] {
        let ran = world.provision(words);
        ran.ended_with(6).says("k3s is not installed on node `pi-1`").says("run `provision` first");
        assert!(!ran.stderr.contains("/usr/local/bin"), "{}", ran.stderr);
    }
}

pub(crate) fn a_lower_k3s_is_refused_before_anything_is_fetched() {
    let world = World::new(&["pi-1"]);
    world.provision(&[]).succeeded();
    world.unpinned(Some("file:///nowhere"));
    let path = world.inventory_path();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace(K3S_VERSION, "v1.33.5+k3s1")).unwrap();
    for words in [&["plan"][..], &[], &["status"]] {
        let ran = world.provision(words);
        ran.ended_with(6).says("an older k3s may not read the datastore of a newer one");
        assert!(!ran.stderr.contains("mirror"), "{}", ran.stderr);
    }
}

pub(crate) fn a_run_that_fails_is_not_called_done() {
    let world = World::new(&["pi-1", "pi-2"]);
    // Nothing of the nodes fails; the last step, on this machine, does.
    std::fs::create_dir_all(world.kubeconfig()).unwrap();
    let ran = world.provision(&[]);
    assert_ne!(ran.code, Some(0));
    assert!(!ran.stdout.contains("Done") && !ran.stdout.contains("Ready"), "{}", ran.stdout);
    let (_, summary) = world.provision(&["--json"]).events();
    assert_eq!(summary["well"], false);
}

pub(crate) fn what_the_inventory_writes_wrongly_is_told_with_its_line_and_no_node_is_asked() {
    let world = World::new(&["pi-1"]);
    world.inventory(
        "[stack]\nservices = [\"redis\"]\n\n[stack.values.redis]\nmaxmemry = \"64mb\"\n",
    );
    for words in [&["plan"][..], &[], &["status"], &["verify"]] {
        let ran = world.provision(words);
        ran.ended_with(2).says("did you mean `maxmemory`?").says("maxmemry = \"64mb\"");
    }
    let logged_in = world.node("pi-1").calls().len();
    assert_eq!(logged_in, 0);
}

pub(crate) fn the_kubeconfig_is_printed_or_laid_into_a_file_that_keeps_what_it_has() {
    const OFFICE: &str = "\
apiVersion: v1
kind: Config
clusters:
- {name: office, cluster: {server: 'https://office.example'}}
users: []
contexts: []
current-context: office
";
    let world = World::new(&["pi-1", "pi-2"]);
    world.provision(&["apply"]).succeeded();
    std::fs::remove_file(world.kubeconfig()).unwrap();
    let printed = world.provision(&["kubeconfig"]);
    printed.succeeded();
    assert_eq!(printed.stderr, "");
    for text in
        ["client-key-data: ", "current-context: terrarium", &world.node("pi-1").address.to_string()]
    {
        assert!(printed.stdout.contains(text), "{text}: {}", printed.stdout);
    }
    assert!(!world.kubeconfig().exists());
    world.provision(&["kubeconfig", "--merge"]).succeeded().says("context terrarium in");
    assert_eq!(std::fs::read_to_string(world.kubeconfig()).unwrap(), printed.stdout);

    let file = world.path("inventory/office.yaml");
    std::fs::write(&file, OFFICE).unwrap();
    let out = ["kubeconfig", "--out", file.to_str().unwrap()];
    world.provision(&out).succeeded();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("office.example") && text.contains("client-key-data: "), "{text}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    world.provision(&out).succeeded().says("already");
    std::fs::write(&file, "neither yaml: nor: this").unwrap();
    world.provision(&out).ended_with(2).says("was left as it is");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "neither yaml: nor: this");

    let document = json(&world.provision(&["kubeconfig", "--json"]).stdout);
    assert_eq!(document["kubeconfig"], printed.stdout);
    let world = World::new(&["pi-1"]);
    world.node("pi-1").down(true);
    world.provision(&["kubeconfig", "--patience", "0.05"]).ended_with(3);
}

pub(crate) fn on_a_narrow_terminal_no_word_is_cut() {
    let mut world = World::new(&["pi-1", "raspberrypi-in-the-garage"]);
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    for run in [false, true] {
        if run {
            world.provision(&[]).succeeded();
        }
        for command in ["plan", "status", "doctor"] {
            world.environment.insert("TERM".to_owned(), "dumb".to_owned());
            for columns in [60, 80, 200] {
                let wide = world.provision(&[command]);
                let ran = world.start_at(columns, &[command]).end();
                let ran = ran.stdout.replace('\r', "");
                for line in ran.lines() {
                    // One word may be wider than the terminal.
                    let fits = line.chars().count() <= usize::from(columns);
                    assert!(fits || line.split_whitespace().count() < 2, "{columns}: {line}");
                }
                let whole = words(&ran);
                for word in
                    words(&wide.stdout).iter().filter(|word| word.len() > 4 && word.contains('-'))
                {
                    assert!(whole.contains(word), "{command} at {columns}: {word} in {ran}");
                }
            }
        }
    }
}
