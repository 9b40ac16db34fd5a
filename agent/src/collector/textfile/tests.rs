use std::fs;

use super::*;
use crate::encoder::Format;

/// The page of such files beside one metric of the agent's own, and what is told.
fn page_in(format: Format, files: &[(&str, &str)]) -> (String, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let mut out = Encoder::default();
    out.begin(1024, format);
    out.single(&Family::gauge("node_load1", "Load."), 1);
    out.single(&Family::counter("node_forks_total", "Forks."), 1);
    let mut collector = Textfile::new(&[folder.path().to_owned()]);
    let result = collector.collect(&mut Vec::new(), &mut out);
    assert_eq!(result.is_ok(), collector.told.is_empty());
    let text = String::from_utf8(out.page().to_vec()).unwrap();
    assert!(text.contains(if result.is_ok() { "scrape_error 0\n" } else { "scrape_error 1\n" }));
    let text = text.replace(folder.path().to_str().unwrap(), "").replace('\n', "|");
    let (_, given) = text.split_once("node_forks_total 1|").unwrap();
    (
        given.split("# HELP node_textfile_mtime_seconds").next().unwrap().to_owned(),
        collector.told.shown(),
    )
}

fn page(files: &[(&str, &str)]) -> (String, Vec<String>) {
    page_in(Format::Text, files)
}

/// Without the lines of help.
fn samples(format: Format, text: &str) -> String {
    let (page, told) = page_in(format, &[("a.prom", text)]);
    assert_eq!(told, [""; 0], "{text}");
    let lines = page.split('|').filter(|line| !line.starts_with("# HELP"));
    lines.map(|line| line.trim_start_matches("# TYPE ")).collect::<Vec<_>>().join("|")
}

#[test]
fn files_are_merged_and_written_anew() {
    let (text, told) = page(&[
        (
            "a.prom",
            "# HELP one The \"first\".\n# TYPE one GAUGE\none{x = \"y\", z=\"\"}  +1\ntwo 2",
        ),
        ("b.prom", "one{x=\"b\\\\\"} 3\r\ntwo{a=\"b\"} 2\none{x=\"c\"} Inf\n"),
        ("c.txt", "three 3\n"),
    ]);
    assert_eq!(told, [""; 0]);
    assert_eq!(
        text,
        "# HELP one The \"first\".|# TYPE one gauge|one{x=\"y\",z=\"\"} +1|one{x=\"b\\\\\"} 3|\
         one{x=\"c\"} +Inf|# HELP two Metric read from /a.prom, /b.prom|# TYPE two untyped|\
         two 2|two{a=\"b\"} 2|"
    );
}

#[test]
fn a_line_that_is_none_costs_its_file_and_no_other() {
    for broken in ["broken", "late 1 1700000000000\n", "x{a=\"1\",a=\"2\"} 1\n", "x 1e999"] {
        let text = format!("fine 1\n{broken}");
        let (page, told) = page(&[("a.prom", "good 1\n"), ("b.prom", &text)]);
        assert!(page.ends_with("|good 1|") && !page.contains("fine"), "{page}");
        assert!(told.len() == 1 && told[0].starts_with("b.prom:2 file: "), "{told:?}");
    }
}

#[test]
fn what_else_cannot_be_on_the_page_costs_no_more_than_it_has_to() {
    for (text, expected) in [
        ("node_load1 7\n", "b.prom:1 metric: the agent has a metric of that name itself"),
        ("node_forks 7\n", "b.prom:1 metric: the agent has a metric of that name itself"),
        ("process_max_fds 7\n", "b.prom:1 metric: the agent has a metric of that name itself"),
        ("up 7\n", "b.prom:1 metric: Prometheus has a metric of that name for each scrape"),
        ("good 2\n", "b.prom:1 series: the same series is there already, with another value"),
        (
            "good{a=\"\"} 2\n",
            "b.prom:1 series: the same series is there already, with another value",
        ),
        (
            "# TYPE good counter\ngood{a=\"b\"} 2\n",
            "b.prom:2 metric: another file says that it is of another type",
        ),
        (
            "# HELP good Else.\ngood{a=\"b\"} 2\n",
            "b.prom:2 metric: another file has another help text for it",
        ),
        ("x{__a=\"b\"} 1\n", "b.prom:1 series: labels that begin with __ are Prometheus' own"),
        ("x{a=\"\0\"} 1\n", "b.prom:1 series: Prometheus reads no byte that is zero"),
        (
            "# TYPE go histogram\ngo_sum 1\n",
            "b.prom:2 metric: another metric's samples have that name",
        ),
        ("# TYPE s summary\ns 1\n", "b.prom:2 series: a summary's values have a label quantile"),
    ] {
        let text = format!("{text}fine 1\n");
        let first = "# HELP good It.\n# TYPE good gauge\ngood 1\ngo_count 1\n";
        let (page, told) = page(&[("a.prom", first), ("b.prom", &text)]);
        assert_eq!(told, [expected]);
        assert!(page.contains("|good 1|") && page.ends_with("|fine 1|"), "{page}");
        assert!(!page.contains(" 2|") && !page.contains(" 7|"), "{page}");
    }
}

#[test]
fn names_that_only_look_like_the_agents_are_passed_on() {
    for name in
        ["process_count", "go_x", "node_textfile_x", "node_scrape_collector_x", "terrarium_agent_x"]
    {
        let (page, told) = page(&[("a.prom", &format!("{name} 1\n"))]);
        assert!(told.is_empty() && page.ends_with(&format!("|{name} 1|")), "{page} {told:?}");
    }
}

#[test]
fn a_series_that_is_there_twice_with_one_value_is_written_once() {
    let (page, told) = page(&[("a.prom", "x{a=\"b\",c=\"d\"} 1\ny 1\nx{c=\"d\",a=\"b\"} 1\n")]);
    assert!(told.is_empty() && page.matches("x{").count() == 1, "{page}");
}

#[test]
fn open_metrics_has_the_types_that_their_samples_keep_to() {
    let strict = |text| samples(Format::OpenMetrics, text);
    assert_eq!(strict("# TYPE a_total counter\na_total 1\n"), "a counter|a_total 1|");
    assert_eq!(strict("# TYPE a_total counter\na_total NaN\n"), "a_total unknown|a_total NaN|");
    assert_eq!(strict("# TYPE a counter\na 1\n"), "a unknown|a 1|");
    assert_eq!(
        strict("# TYPE a_total counter\na_total 1\n# TYPE a gauge\na 1\n"),
        "a_total unknown|a_total 1|a gauge|a 1|"
    );
    let histogram =
        "# TYPE h histogram\nh_sum 3\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_count 2\n";
    assert_eq!(
        strict(histogram),
        "h histogram|h_bucket{le=\"1.0\"} 1|h_bucket{le=\"+Inf\"} 2|h_sum 3|h_count 2|"
    );
    assert_eq!(samples(Format::Text, histogram).matches("le=\"1\"").count(), 1);
    assert_eq!(
        strict("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_count 2\nh_bucket{le=\"2\"} 1\n"),
        "h_bucket unknown|h_bucket{le=\"1\"} 1|h_bucket{le=\"2\"} 1|h_count unknown|h_count 2|"
    );
    assert_eq!(
        strict("# TYPE s summary\ns_count 2\ns_sum 3\ns{quantile=\"0.50\"} -1\n"),
        "s summary|s{quantile=\"0.5\"} -1|s_sum 3|s_count 2|"
    );
}

#[test]
fn a_help_text_is_escaped_as_each_format_asks() {
    let files = [("a.prom", "# HELP x a \"b\" C:\\dir \\n\nx 1\n")];
    assert!(page(&files).0.starts_with("# HELP x a \"b\" C:\\\\dir \\n|"));
    let (strict, _) = page_in(Format::OpenMetrics, &files);
    assert!(strict.starts_with("# HELP x a \\\"b\\\" C:\\\\dir \\n|"), "{strict}");
}

#[test]
fn a_folder_that_is_not_there_has_no_files() {
    let mut out = Encoder::default();
    let absent = PathBuf::from("/nowhere/at/all");
    Textfile::new(&[absent]).collect(&mut Vec::new(), &mut out).unwrap();
    assert!(out.page().ends_with(b"node_textfile_scrape_error 0\n"));
}

#[test]
fn more_than_a_page_can_hold_is_left_out() {
    let many = |count: usize, name: &str| -> String {
        let lines = (0..count).map(|at| format!("{name}{{a=\"{at}\"}} 1"));
        lines.collect::<Vec<_>>().join("\n")
    };
    // Two megabytes, as node_exporter takes them.
    let (page, told) = page_in(Format::Text, &[("a.prom", &many(100_000, "x_y"))]);
    assert!(told.is_empty() && page.matches("x_y{").count() == 100_000);
    let (_, told) = page_in(Format::Text, &[("a.prom", &many(160_000, "x"))]);
    assert!(told.len() == 1 && told[0].contains("150,000"), "{told:?}");
}
