use std::path::Path;

use proptest::prelude::*;
use terrarium_inventory::{Inventory, Problems, Style};

fn parse(text: &str) -> Result<Inventory, Problems> {
    Inventory::parse(Path::new("/srv/pis.toml"), text, Some(Path::new("/home/me")))
}

/// Lines an inventory may have, right and wrong.
const LINES: &[&str] = &[
    "[cluster]",
    "name = \"a\"",
    "name = \"B_\"",
    "domain = \"x.y\"",
    "kubeconfig = \"~/x\"",
    "[ssh]",
    "user = \"pi\"",
    "port = 22",
    "port = 0",
    "port = \"22\"",
    "identity = [\"a\", 1]",
    "identity = \"a\"",
    "password_file = \"~b/c\"",
    "password = \"hunter2\"",
    "[os]",
    "timezone = \"UTC\"",
    "swap = \"on\"",
    "packages = [\"a\", \"htop\", \"htop\"]",
    "[k3s]",
    "version = \"1\"",
    "sha256 = { arm64 = \"\" }",
    "disable = [\"traefik\"]",
    "[k3s.server]",
    "kubelet-arg = [\"a=b\"]",
    "token = \"hunter2\"",
    "v = 99999999999999999999",
    "[artifacts]",
    "mirror = \"http://u:hunter2@h\"",
    "mirror = 1979-05-27",
    "[stack]",
    "profile = \"small\"",
    "services = [\"kafka\"]",
    "[stack.values.kafka]",
    "a.b.c = 1",
    "[[node]]",
    "[node]",
    "host = \"10.0.0.1\"",
    "host = \"::1\"",
    "host = \"10.0.0.1:22\"",
    "host = \"pi:hunter2@10.0.0.1\"",
    "role = \"server\"",
    "role = \"agent\"",
    "board = \"pi5-8gb\"",
    "board = \"zero2w-512mb\"",
    "labels = { a = \"b\" }",
    "labels = { \"k8s.io/x\" = 1 }",
    "ssh = { port = 2222, user = \"ü\" }",
    "node = []",
    "node = [1, { name = \"x\" }]",
    "\"\" = 1",
    "# ü",
    "é",
    "\"\"\"",
    "]",
    "= 1",
];

fn inventory_like() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(LINES), 0..24).prop_map(|lines| lines.join("\n"))
}

fn holds_for_any_text(text: &str) -> Result<(), TestCaseError> {
    let first = parse(text);
    if let Err(problems) = &first {
        prop_assert!(problems.len() > 0);
        for problem in problems {
            for (span, _) in problem.marks() {
                prop_assert!(text.get(span.clone()).is_some(), "{:?} of {:?}", span, text);
            }
            prop_assert!(problem.position().is_some());
        }
        let rendered =
            problems.render(Style { color: true, ..Style::default() }) + &format!("{problems:?}");
        prop_assert!(!rendered.contains("hunter2"), "{}", rendered);
    }
    let rendered =
        |outcome: Result<Inventory, Problems>| outcome.map_err(|p| p.render(Style::default()));
    prop_assert_eq!(rendered(first), rendered(parse(text)));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_an_inventory_or_has_problems(text in "(?s).{0,200}") {
        holds_for_any_text(&text.replace("hunter2", ""))?;
    }

    #[test]
    fn any_mix_of_lines_is_an_inventory_or_has_problems(text in inventory_like()) {
        holds_for_any_text(&text)?;
    }

    #[test]
    fn a_file_cut_anywhere_is_an_inventory_or_has_problems(
        text in inventory_like(),
        cut in any::<prop::sample::Index>(),
    ) {
        let at = text.floor_char_boundary(cut.index(text.len() + 1));
        let rest = text[..at].replace("hunter", "");
        holds_for_any_text(&rest)?;
    }
}
