use terrarium_k3s::sums::Sha256;

use super::*;
use crate::fixture::facts;
use crate::{CloudInit, FileFact};

const CFG: &str = "/etc/cloud/cloud.cfg";

fn with(config: &[(&str, &str)]) -> Facts {
    let config = config.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    let cloud_init = Some(CloudInit { config: config.collect(), ..CloudInit::default() });
    Facts { cloud_init, ..facts() }
}

/// The modules of the first stage after the drop-in, as YAML has them.
fn left(config: &[(&str, &str)]) -> Option<Vec<Value>> {
    let mut keys = parsed(&wanted(&with(config)).unwrap()).unwrap();
    assert_eq!(keys["preserve_hostname"], Value::Bool(true));
    match keys.remove("cloud_init_modules")? {
        Value::Array(modules) => Some(modules),
        other => panic!("{other}"),
    }
}

#[test]
fn every_module_stays_but_those_that_write_what_is_the_inventorys() {
    let names = |names: &[&str]| names.iter().map(|name| Value::from(*name)).collect::<Vec<_>>();
    for (text, expected) in [
        (
            "preserve_hostname: false\ncloud_init_modules:\n - growpart\n - set_hostname\n - update_hostname\n - update_etc_hosts\n - ca-certs\n",
            Some(names(&["growpart", "ca-certs"])),
        ),
        // Hyphens, no indentation, comments among them.
        (
            "cloud_init_modules:\n# first\n- growpart\n\n- set-hostname\n- update-etc-hosts # always\n- ssh\n",
            Some(names(&["growpart", "ssh"])),
        ),
        (
            "cloud_init_modules: [growpart, update_etc_hosts, ssh]\n",
            Some(names(&["growpart", "ssh"])),
        ),
        (
            "\"cloud_init_modules\":\n- [update_etc_hosts, always]\n- [growpart, always]\n- {name: update_hostname, frequency: always}\n",
            Some(vec![serde_json::json!(["growpart", "always"])]),
        ),
        ("cloud_init_modules:\n- update_etc_hosts\n", Some(names(&[]))),
        // Nothing to take out, or no list at all.
        ("cloud_init_modules:\n- growpart\n", None),
        ("cloud_init_modules:\n", None),
        ("cloud_init_modules: none\n", None),
        ("preserve_hostname: false\n", None),
        ("", None),
        (": : [", None),
    ] {
        assert_eq!(left(&[(CFG, text)]), expected, "{text}");
    }
}

#[test]
fn the_list_that_counts_is_that_of_the_last_file_but_ours() {
    let list = |name: &str| format!("cloud_init_modules:\n- {name}\n- update_etc_hosts\n");
    let (of_cfg, of_image, ours) = (list("growpart"), list("ssh"), list("bootcmd"));
    let image = "/etc/cloud/cloud.cfg.d/50_image.cfg";
    let config = [(CFG, &*of_cfg), (image, &*of_image), (FILE, &*ours)];
    assert_eq!(left(&config), Some(vec![Value::from("ssh")]));
    assert_eq!(
        left(&[(CFG, &of_cfg), (image, "preserve_hostname: false\n")]),
        Some(vec![Value::from("growpart")])
    );
}

#[test]
fn cloud_init_is_told_once_and_only_where_it_works() {
    let mut facts = with(&[(CFG, "cloud_init_modules:\n- update_etc_hosts\n- ssh\n")]);
    let change = plan(&facts).unwrap();
    let [Action::Write { path, content: crate::Content::Text(text), .. }] = &change.actions[..]
    else {
        panic!("{change:?}")
    };
    assert_eq!(path, FILE);
    let file = FileFact {
        sha256: Sha256::of(text.as_bytes()).to_string(),
        mode: "644".to_owned(),
        owner: "root:root".to_owned(),
        modified: 0,
    };
    facts.files.insert(FILE.to_owned(), file);
    facts.cloud_init.as_mut().unwrap().config.insert(FILE.to_owned(), text.clone());
    assert_eq!(plan(&facts), None);
    // An upgrade of cloud-init brings another list.
    let of_cfg = facts.cloud_init.as_mut().unwrap().config.get_mut(CFG).unwrap();
    of_cfg.push_str("- growpart\n");
    assert!(plan(&facts).is_some());
    facts.cloud_init = None;
    assert_eq!(plan(&facts), None);
}

#[test]
fn a_file_that_is_read_after_ours_is_named() {
    let late = "/etc/cloud/cloud.cfg.d/zz_site.cfg";
    for (text, named) in [("preserve_hostname: false\n", true), ("", false)] {
        let facts = with(&[(CFG, "cloud_init_modules: [ssh]\n"), (late, text)]);
        assert_eq!(overruled(&facts), named.then_some(late), "{text}");
    }
}

/// What stands between a node's files and what is planned: the probe takes no more
/// out of them than is asked about.
#[test]
fn the_probe_takes_the_two_keys_out_of_a_file_and_no_password() {
    let text = "#cloud-config\nusers:\n- name: pi\n  passwd: s3cret\npreserve_hostname: false\n\
                cloud_init_modules:\n - bootcmd\n\n # of hosts\n - update_etc_hosts\nchpasswd:\n  list: [s3cret]\n\
                'cloud_init_modules': [a,\n  b]\nlate: s3cret\n";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cloud.cfg");
    std::fs::write(&file, text).unwrap();
    let script = crate::probe::cloud_excerpt(file.to_str().unwrap());
    let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let expected = "preserve_hostname: false\ncloud_init_modules:\n - bootcmd\n\n # of hosts\n - update_etc_hosts\n\
                    'cloud_init_modules': [a,\n  b]\n";
    assert_eq!(said, expected);
}
