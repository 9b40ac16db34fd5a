//! The names that the agent's own metrics have on the page.

use std::collections::HashSet;

use crate::encoder::Format;

/// What comes on the page after text files, or may come.
const LATER: [&str; 28] = [
    "node_exporter_build_info",
    "node_scrape_collector_duration_seconds",
    "node_scrape_collector_success",
    "node_textfile_mtime_seconds",
    "node_textfile_scrape_error",
    "probe_dns_answer_rrs",
    "probe_dns_lookup_time_seconds",
    "probe_duration_seconds",
    "probe_http_status_code",
    "probe_ssl_earliest_cert_expiry",
    "probe_success",
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_virtual_memory_bytes",
    "process_virtual_memory_max_bytes",
    "terrarium_agent_build_info",
    "terrarium_agent_config_last_reload_success_timestamp_seconds",
    "terrarium_agent_config_last_reload_successful",
    "terrarium_agent_host_info",
    "terrarium_agent_probe_failures_total",
    "terrarium_agent_requests_total",
    "terrarium_agent_scrape_errors_total",
    "terrarium_agent_textfile_left_out",
    "terrarium_agent_web_config_last_reload_success_timestamp_seconds",
    "terrarium_agent_web_config_last_reload_successful",
];

/// What Prometheus writes itself for each scrape: of a page that has it too,
/// the page's counts, and a target that is there would be down.
pub(super) const SCRAPERS: [&str; 8] = [
    "scrape_body_size_bytes",
    "scrape_duration_seconds",
    "scrape_sample_limit",
    "scrape_samples_post_metric_relabeling",
    "scrape_samples_scraped",
    "scrape_series_added",
    "scrape_timeout_seconds",
    "up",
];

/// Every name that is taken, on a page that has come so far. A counter takes
/// the two more that `OpenMetrics` gives it.
pub(super) fn names(page: &[u8], format: Format) -> HashSet<String> {
    let mut names = HashSet::new();
    let mut take = |name: &str, counter: bool| {
        names.insert(name.to_owned());
        if let Some(stem) = name.strip_suffix("_total").filter(|_| counter) {
            names.insert(stem.to_owned());
            names.insert(format!("{stem}_created"));
        }
    };
    for name in LATER {
        take(name, true);
    }
    for line in page.split(|byte| *byte == b'\n') {
        let Some(announced) = line.strip_prefix(b"# TYPE ") else { continue };
        let announced = String::from_utf8_lossy(announced);
        let (name, kind) = announced.split_once(' ').unwrap_or((&announced, ""));
        let counter = kind == "counter";
        if counter && format == Format::OpenMetrics {
            take(&format!("{name}_total"), true);
        } else {
            take(name, counter);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_that_comes_later_is_known() {
        let list = include_str!("../../../../docs/agent/metrics.md");
        let later = [
            "node_exporter_",
            "node_scrape_",
            "node_textfile_",
            "probe_",
            "process_",
            "terrarium_agent_",
        ];
        let documented =
            list.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        let documented: Vec<&str> =
            documented.filter(|name| later.iter().any(|prefix| name.starts_with(prefix))).collect();
        let missing: Vec<_> = documented.iter().filter(|name| !LATER.contains(name)).collect();
        assert_eq!(missing, [&""; 0]);
        assert!(documented.len() > 20, "{documented:?}");
    }

    #[test]
    fn both_formats_take_the_same_names() {
        let text = b"# TYPE a_total counter\n# TYPE b gauge\n# TYPE c counter\n";
        let strict = b"# TYPE a counter\n# TYPE b gauge\n# TYPE c unknown\n";
        let taken = names(text, Format::Text);
        assert_eq!(taken, names(strict, Format::OpenMetrics));
        for name in ["a", "a_total", "a_created", "b", "c", "process_cpu_seconds"] {
            assert!(taken.contains(name), "{name}");
        }
    }
}
