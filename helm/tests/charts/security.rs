//! Every pod of every chart before Kubernetes' own Pod Security admission, at the
//! level the namespace demands: services, those that prepare them, and Jobs.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use terrarium_helm::derive::Site;
use terrarium_helm::release::releases;
use terrarium_helm::select::select;
use terrarium_inventory::Stack;

use crate::core::{of_small_boards, rendered};
use crate::helm::{catalogue, charts, objects, program, stderr, template};

/// What the labels of the namespace say is enforced, and what is warned of.
const DEMANDED: [(&str, &str); 2] = [("restricted", "v1.36"), ("restricted", "latest")];

/// Who would be refused, and how many pods were judged.
fn judged(objects: &[Value], (level, version): (&str, &str)) -> (Vec<String>, usize) {
    let text: Vec<String> = objects.iter().map(Value::to_string).collect();
    let mut judge = Command::new(program("TERRARIUM_PODSECURITY", "podsecurity"))
        .args([level, version])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("build the judge with hardware/lab/podsecurity/build.sh");
    let mut stdin = judge.stdin.take().expect("its input");
    stdin.write_all(text.join("\n---\n").as_bytes()).expect("written");
    drop(stdin);
    let output = judge.wait_with_output().expect("it ends");
    let said = String::from_utf8(output.stdout.clone()).expect("text");
    let mut lines: Vec<String> = said.lines().map(str::to_owned).collect();
    let last = lines.pop().unwrap_or_else(|| panic!("{}", stderr(&output)));
    let count = last.strip_suffix(" pods").expect("a count").parse().expect("a number");
    assert_eq!(output.status.success(), lines.is_empty(), "{lines:?}");
    (lines, count)
}

fn admitted(what: &str, objects: &[Value]) -> usize {
    let [count, _] = DEMANDED.map(|demanded| {
        let (refused, count) = judged(objects, demanded);
        assert!(refused.is_empty(), "{what}: {refused:#?}");
        count
    });
    count
}

/// The stack of a profile with these values, on boards of either kind.
fn deployed(stack: &Stack) -> Vec<Value> {
    let catalogue = catalogue();
    let selected = select(stack, &catalogue).expect("the stack is right");
    let mut all = Vec::new();
    for boards in [BTreeMap::new(), of_small_boards(&catalogue)] {
        let site = Site {
            domain: "pis.local".to_owned(),
            traefik: true,
            nodes: vec!["pi-1".to_owned()],
            boards,
            ..Site::default()
        };
        for release in releases(&selected, &catalogue, stack, &site) {
            all.extend(rendered(&release, &[]));
        }
    }
    all
}

fn stack(profile: &str) -> Stack {
    Stack {
        profile: Some(profile.to_owned()),
        services: Vec::new(),
        without: Vec::new(),
        values: BTreeMap::new(),
    }
}

#[test]
fn every_pod_of_every_chart_is_admitted() {
    let mut count = 0;
    for (id, _) in catalogue().iter() {
        count += admitted(id.as_str(), &objects(&template(id.as_str(), &[])));
    }
    assert!(count >= 18, "{count} pods");
}

#[test]
fn every_pod_of_every_profile_is_admitted_on_either_kind_of_board() {
    let catalogue = catalogue();
    let profiles = catalogue.profiles();
    assert!(profiles.contains("core") && profiles.contains("starter"), "{profiles:?}");
    for profile in profiles {
        let count = admitted(profile, &deployed(&stack(profile)));
        assert!(count >= 6, "{profile}: {count} pods");
    }
}

/// The lab's own values switch on what no profile has.
#[test]
fn every_pod_of_the_labs_stacks_is_admitted() {
    for name in ["core", "starter"] {
        let path = charts().join(format!("../../hardware/lab/stacks/{name}.toml"));
        let text = std::fs::read_to_string(&path).expect("the lab's stack");
        let text = format!("{text}\n[[node]]\nname = 'pi-1'\nhost = '10.0.0.1'\n");
        let inventory = terrarium_inventory::Inventory::parse(&path, &text, Some(&charts()));
        let stack = inventory.unwrap_or_else(|error| panic!("{error}")).stack;
        assert!(admitted(name, &deployed(&stack)) >= 6);
    }
}

/// The judge is one: each of these is taken from a pod that is admitted.
#[test]
fn a_pod_that_asks_for_more_is_refused() {
    let redis = objects(&template("redis", &[]));
    for (pointer, value) in [
        ("/securityContext/runAsNonRoot", json!(false)),
        ("/securityContext/seccompProfile", json!({"type": "Unconfined"})),
        ("/hostNetwork", json!(true)),
        ("/hostPID", json!(true)),
        ("/volumes", json!([{"name": "h", "hostPath": {"path": "/"}}])),
        ("/containers/0/securityContext/privileged", json!(true)),
        ("/containers/0/securityContext/allowPrivilegeEscalation", json!(true)),
        ("/containers/0/securityContext/capabilities/drop", json!([])),
        ("/containers/0/securityContext/capabilities/add", json!(["NET_ADMIN"])),
        ("/containers/0/securityContext/runAsUser", json!(0)),
        ("/initContainers", json!([{"name": "i", "image": "i"}])),
    ] {
        let mut changed = redis.clone();
        let pod = changed
            .iter_mut()
            .find(|object| object["kind"] == "StatefulSet")
            .map(|set| &mut set["spec"]["template"]["spec"])
            .expect("its pods");
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        pod.pointer_mut(parent).expect(pointer)[key] = value;
        let (refused, _) = judged(&changed, DEMANDED[0]);
        assert_eq!(refused.len(), 1, "{pointer}: {refused:?}");
        assert!(refused[0].starts_with("StatefulSet/redis: "), "{refused:?}");
    }
}
