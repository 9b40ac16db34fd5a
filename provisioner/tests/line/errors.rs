//! What a program that reads `--json` is told of a command line or an inventory
//! that is none.

use serde_json::Value;

use crate::world::provision;

#[test]
fn a_failure_is_one_json_document_where_json_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("pis.toml");
    for (text, words, says, problems) in [
        ("", &["plan"][..], "invalid inventory `pis.toml`", 1),
        (
            "[[node]]\nname = \"pi-1\"\nhots = \"10.0.0.1\"\n",
            &["plan"],
            "invalid inventory `pis.toml`",
            1,
        ),
        (
            "[[node]]\nname = \"pi-1\"\nhots = \"10.0.0.1\"\n",
            &[],
            "invalid inventory `pis.toml`",
            1,
        ),
        ("[[node]]\nname = \"pi-1\"\nhots = \"10.0.0.1\"\n", &["status"], "invalid inventory", 1),
        ("[[node]]\nname = \"pi-1\"\nhots = \"10.0.0.1\"\n", &["trust"], "invalid inventory", 1),
        ("", &["plam"], "unrecognized subcommand 'plam'", 0),
        ("", &["plan", "--what"], "unexpected argument '--what'", 0),
        ("", &["reset"], "there is no command `reset`", 0),
        ("", &["plan", "--dry-run"], "there is no option `--dry-run`", 0),
        ("", &["init", "-i", "other.toml"], "no address of a Pi", 0),
        ("", &["init", "1.2.3.4"], "is there already", 0),
        ("", &["--ignore-fit", "status"], "`--ignore-fit`", 0),
        ("", &["fit", "--boards", "3xnothing", "--profile", "core"], "nothing", 0),
    ] {
        std::fs::write(&inventory, text).unwrap();
        let words = [&["--json"], words].concat();
        let ran = provision(folder.path(), &words, "");
        assert_eq!(ran.code, Some(2), "{words:?}: {}", ran.stderr);
        let document: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| {
            panic!("{words:?}: {error}: {:?}", ran.stdout);
        });
        let error = &document["error"];
        assert_eq!((&error["version"], &error["code"]), (&1.into(), &2.into()), "{document}");
        assert!(error["what"].as_str().unwrap().contains(says), "{words:?}: {document}");
        assert_eq!(error["problems"].as_array().unwrap().len(), problems, "{document}");
        // People read along.
        assert!(ran.stderr.contains("error: "), "{words:?}: {}", ran.stderr);
    }
}

#[test]
fn a_problem_has_its_line_its_column_and_what_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[[node]]\nname = \"pi-1\"\nhots = \"10.0.0.1\"\n";
    std::fs::write(folder.path().join("pis.toml"), text).unwrap();
    let ran = provision(folder.path(), &["plan", "--json"], "");
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let problem = &document["error"]["problems"][0];
    assert_eq!((&problem["line"], &problem["column"]), (&3.into(), &1.into()), "{document}");
    assert!(problem["hint"].as_str().unwrap().contains("`host`"), "{document}");
}

#[test]
fn without_json_nothing_comes_on_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    for words in [&["plan"][..], &["plam"], &["reset"], &["plan", "--what"]] {
        let ran = provision(folder.path(), words, "");
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{words:?}");
    }
}
