use super::*;

#[test]
fn the_newest_revision_counts_and_the_last_complete_one_is_remembered() {
    let output = "\
terrarium   redis        9    superseded        0123456789abcde0
terrarium   redis        10   pending-upgrade   0123456789abcde3
terrarium   redis        8    superseded        0123456789abcde1
kube-system traefik      1    deployed          <none>
terrarium   prometheus   1    pending-install   0123456789abcde0
terrarium   postgresql   1    failed            0123456789abcde0
terrarium   postgresql   2    pending-upgrade   0123456789abcde0
";
    let found: Vec<_> = parse(output)
        .expect("readable")
        .into_iter()
        .map(|d| (d.namespace, d.name, d.revision, d.status, d.digest, d.last_good))
        .collect();
    let row = |ns: &str, name: &str, revision, status, digest: Option<&str>, good| {
        (ns.to_owned(), name.to_owned(), revision, status, digest.map(str::to_owned), good)
    };
    let digest = Some("0123456789abcde0");
    assert_eq!(
        found,
        [
            row("kube-system", "traefik", 1, Status::Deployed, None, None),
            row("terrarium", "postgresql", 2, Status::PendingUpgrade, digest, None),
            row("terrarium", "prometheus", 1, Status::PendingInstall, digest, None),
            row(
                "terrarium",
                "redis",
                10,
                Status::PendingUpgrade,
                Some("0123456789abcde3"),
                Some(9)
            ),
        ]
    );
}

#[test]
fn nothing_deployed_is_nothing() {
    assert_eq!(parse(""), Ok(Vec::new()));
    assert_eq!(parse("\n  \n"), Ok(Vec::new()));
}

#[test]
fn another_text_is_refused_with_its_line() {
    for (output, line, seen) in [
        ("error: the server is down", 1, "the namespace `error:`"),
        ("a b 1 deployed x\na b c", 2, "3 columns"),
        ("a b one deployed x", 1, "the revision `one`"),
    ] {
        assert_eq!(parse(output), Err(StateError { line, seen: seen.to_owned() }), "{output}");
    }
}

#[test]
fn every_status_of_helm_is_known() {
    let words = [
        "deployed",
        "failed",
        "pending-install",
        "pending-upgrade",
        "pending-rollback",
        "uninstalling",
        "uninstalled",
        "superseded",
    ];
    for word in words {
        assert!(!matches!(Status::parse(word), Status::Other(_)), "{word}");
    }
    assert_eq!(Status::parse("<none>"), Status::Other("<none>".to_owned()));
}

proptest::proptest! {
    #[test]
    fn no_output_makes_the_parser_panic(output in "\\PC{0,200}") {
        let _ = parse(&output);
    }
}
