//! Text files that mean no good: whatever they hold, every reader takes the page.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use terrarium_agent::collector::textfile;
use terrarium_agent::encoder::{Encoder, Family, Format};

use crate::lint;
use crate::openmetrics;
use crate::running::{Running, agent};

/// Files that somebody wrote, or might have: each once broke an exporter or a
/// page, or stands beside what did.
const WRITTEN: [&str; 75] = [
    "check{socket=\"redis.sock\", reason=\"\"} 1\n",
    "temp{d=\"sda\"} 30\nhours{d=\"sda\"} 1\ntemp{d=\"sdb\"} 31\nhours{d=\"sdb\"} 2\n",
    "# HELP x_y z\r\n# TYPE x_y gauge\r\nx_y{a=\"b\"} 1\r\n",
    "\u{feff}# HELP x_y z\nx_y 1\n",
    "x_y 1 1700000000000\n",
    "x_y 1",
    "",
    "x_y{a=\"b\"} 1\nx_y{a=\"b\"} 2\n",
    "pll{slot=\"4\",type=\"a\",type=\"b\"} 1\n",
    "x_y{__name__=\"zz\"} 1\n",
    "x_y{__address__=\"zz\"} 1\n",
    "x_y{path=\"C:\\dir\"} 1\n",
    "x_y 1,5\n",
    "x_y 0x1p4\nx_z 0x_1f\n",
    "x_y Inf\nx_z +Inf\nx_w -inf\nx_v infinity\nx_u nan\nx_t -Inf\n",
    "x_y -nan\n",
    "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n",
    "# TYPE h histogram\nh_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n",
    "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 3\nh_count 2\n",
    "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n",
    "# TYPE h histogram\nh 1\nh_bucket 1\nh_sum -3\nh_count NaN\n",
    "# TYPE h histogram\nh_bucket{le=\"one\"} 1\n",
    "h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n",
    "# TYPE h histogram\nh_bucket{le=\"+Inf\",x=\"a\"} 2\nh_bucket{le=\"+Inf\",x=\"b\"} 2\nh_sum{x=\"a\"} 1\nh_sum{x=\"b\"} 1\nh_count{x=\"b\"} 2\nh_count{x=\"a\"} 2\n",
    "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 3\ns_count 2\n",
    "# TYPE s summary\ns{quantile=\"7\"} 1\ns_sum 3\ns_count 2\n",
    "# TYPE s summary\ns{quantile=\"half\"} 1\n",
    "# TYPE s summary\ns 1\ns_sum NaN\ns_count -2\n",
    "# TYPE s_total summary\ns_total{quantile=\"0.5\"} 1\ns_total_sum 3\ns_total_count 2\n",
    "x_y 1\n# TYPE x_y gauge\n",
    "# HELP x_y one\n# TYPE x_y gauge\nx_y{a=\"1\"} 1\n# HELP x_y one\n# TYPE x_y gauge\nx_y{a=\"2\"} 1\n",
    "# TYPE x_y GAUGE\nx_y 1\n",
    "# TYPE x_y info\nx_y 1\n",
    "# TYPE x_y gauge\nx_y 1\n# EOF\nx_z 1\n",
    "# TYPE x_y counter\nx_y_total 1\n",
    "# TYPE x_y counter\nx_y 1\n",
    "# TYPE x_total counter\nx_total -1\n",
    "# TYPE x_total counter\nx_total NaN\n",
    "# TYPE x_total counter\nx_total 1\n# TYPE x_created gauge\nx_created 1\n",
    "# TYPE x_total counter\nx_total 1\n# TYPE x gauge\nx 1\n",
    "# TYPE _total counter\n_total 1\n",
    "# TYPE foo_bucket gauge\nfoo_bucket 1\n# TYPE foo histogram\nfoo_sum 1\n",
    "# TYPE foo histogram\nfoo_count 1\n# TYPE foo_count gauge\nfoo_count 1\n",
    "# TYPE foo_created gauge\nfoo_created 1\n# TYPE foo_info gauge\nfoo_info{v=\"1\"} 1\n",
    "x_y 1 # {a=\"b\"} 1\n",
    "{\"my.metric\",a=\"b\"} 1\n",
    "{\"my_metric\",\"a\"=\"b\"} 1\n",
    "node_load1 7\nx_y 1\n",
    "node_forks 7\nnode_forks_created 7\n",
    "node_textfile_scrape_error 7\nnode_textfile_mtime_seconds{file=\"x\"} 1\n",
    "node_scrape_collector_success{collector=\"cpu\"} 0\n",
    "process_count{name=\"x\"} 7\nprocess_cpu_seconds_total 7\ngo_goroutines 3\n",
    "terrarium_agent_textfile_left_out 7\nterrarium_agent_x 7\n",
    "probe_success 1\nscrape_duration_seconds 1\nup 0\n",
    "x_y {a=\"b\"} 1\n   x_z 1   \nx_w\t1\n",
    "x_y{ a = \"b\" , c=\"d\", }1\n",
    "x_y{a=\"b\nc\"} 1\n",
    "x_y{a=\"b\rc\"} 1\n",
    "x_y 1\rx_z 2\r",
    "x_y{a=\"b\0c\"} 1\n",
    "# HELP x_y a\0b\nx_y 1\n",
    "x_y\u{a0}1\n",
    "x_y \u{2003}1\n",
    "x_y \u{b}1\n",
    "# HELP x_y path C:\\dir \"q\" \\\n# TYPE x_y gauge\nx_y 1\n",
    "# HELP\tx_y\ta b\n#TYPE\tx_y\tgauge\nx_y 1\n",
    "# TYPE x_y\n# HELP x_y\nx_y 1\n",
    "x_y 1e999\n",
    "x_y 1e-999\nx_z -0\nx_w 1E+3\nx_v .5\nx_u 5.\nx_t +1\n",
    "x_y{a=\"\u{1f600} \u{e4}\u{2028}\u{85}\"} 1\n",
    "x_y{1a=\"b\"} 1\n",
    "job:x:sum 1\n:: 1\n",
    "# UNIT x_y seconds\nx_y 1\n",
    "x_seconds{a=\"b\"} 1\nx_seconds{a=\"b\",c=\"\"} 1\n",
    "# HELP other The same name, told otherwise.\n# TYPE other counter\nother{a=\"b\"} 1\n",
];

/// As good as chance is for this, and the same each time.
pub(crate) struct Chance(u64);

impl Chance {
    fn of(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % most
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.of(from.len())]
    }

    /// Mostly the first.
    fn seldom<'a>(&mut self, from: &[&'a str]) -> &'a str {
        if self.of(12) == 0 { self.pick(from) } else { from[0] }
    }

    /// Few names, so that they meet, with all the endings that mean something.
    fn name(&mut self) -> String {
        const STEMS: [&str; 9] =
            ["a", "b", "a:b", "h", "s", "node_load1", "node_forks", "process_x", "up"];
        const ENDS: [&str; 10] = [
            "",
            "",
            "",
            "_total",
            "_created",
            "_bucket",
            "_sum",
            "_count",
            "_info",
            "_total_total",
        ];
        format!("{}{}", self.pick(&STEMS), self.pick(&ENDS))
    }

    fn line(&mut self) -> String {
        match self.of(5) {
            0 => {
                let kinds =
                    ["gauge", "counter", "histogram", "summary", "untyped", "GAUGE", "", "unknown"];
                let (blank, name, kind) =
                    (self.seldom(&[" ", "  ", "\t"]), self.name(), self.pick(&kinds));
                format!("# TYPE{blank}{name} {kind}")
            }
            1 => {
                let helps = ["It.", "It is.", "\"q\" \\n \\", "", "C:\\dir", "\u{2028}\0", "a\rb"];
                format!("# HELP {} {}", self.name(), self.pick(&helps))
            }
            _ => {
                let mut labels = Vec::new();
                for _ in 0..self.of(4) {
                    let label = self.pick(&["le", "quantile", "a", "b", "c", "__x", "_"]);
                    let values = [
                        "1",
                        "+Inf",
                        "0.5",
                        "1.0",
                        "",
                        "\\\\",
                        "\\\"",
                        "\\n",
                        "\u{1f600}",
                        "a,b}",
                        "\r",
                        "0.50",
                        "2",
                    ];
                    let (blank, value) = (self.seldom(&["", " ", "\t"]), self.pick(&values));
                    labels.push(format!("{blank}{label}{blank}={blank}\"{value}\"{blank}"));
                }
                let values = [
                    "1", "2", "0", "-1", "NaN", "+Inf", "-Inf", "1e3", "0.5", "00", "1e308", "+.5",
                    "-0", "3.",
                ];
                let labels = if labels.is_empty() {
                    String::new()
                } else {
                    format!("{{{}}}", labels.join(","))
                };
                let end = self.seldom(&["", " ", "\r", "\t ", " 1", "\u{a0}"]);
                format!(
                    "{}{labels}{}{}{end}",
                    self.name(),
                    self.seldom(&[" ", "  ", "\t"]),
                    self.pick(&values)
                )
            }
        }
    }

    /// A file: lines of chance, or a written one with something struck out.
    fn file(&mut self) -> Vec<u8> {
        if self.of(3) == 0 {
            let mut text = self.pick(&WRITTEN).as_bytes().to_vec();
            if !text.is_empty() && self.of(2) == 0 {
                text.remove(self.of(text.len()));
            }
            return text;
        }
        // Short enough that some are read to their end.
        (0..self.of(9)).flat_map(|_| (self.line() + "\n").into_bytes()).collect()
    }
}

/// Two hundred hostile files: the written ones, and some of chance.
pub(crate) fn leave(folder: &Path) {
    let mut chance = Chance(0x7e44_a41d);
    for number in 0..200 {
        let text =
            WRITTEN.get(number).map_or_else(|| chance.file(), |text| text.as_bytes().to_vec());
        std::fs::write(folder.join(format!("{number}.prom")), text).unwrap();
    }
}

/// Another content for one of them.
pub(crate) fn leave_anew(folder: &Path, turn: u64) {
    let text = Chance(turn.wrapping_mul(0x9e37_79b9) | 1).file();
    std::fs::write(folder.join("new"), text).unwrap();
    std::fs::rename(folder.join("new"), folder.join(format!("{}.prom", turn % 200))).unwrap();
}

/// The page of such files, beside some of the agent's own metrics.
fn page(files: &[(PathBuf, Vec<u8>)], format: Format) -> Vec<u8> {
    let mut out = Encoder::default();
    out.begin(1024, format);
    out.single(&Family::gauge("node_load1", "1m load average."), 1);
    out.single(&Family::counter("node_forks_total", "Total number of forks."), 1);
    textfile::encode(files, &mut out);
    out.single(&Family::counter("process_cpu_seconds_total", "Processor seconds used."), 1);
    out.finish().to_vec()
}

/// Prometheus' own parser of `OpenMetrics`, in the one command that has it: it
/// wants times on the samples, and writes what it has read to a folder.
fn prometheus_reads(page: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let mut timed = Vec::new();
    for line in page.split_inclusive(|byte| *byte == b'\n') {
        timed.extend_from_slice(line.strip_suffix(b"\n").unwrap());
        timed.extend_from_slice(if line.starts_with(b"#") { b"\n" } else { b" 1700000000\n" });
    }
    let file = folder.path().join("page");
    std::fs::write(&file, &timed).unwrap();
    let output = Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet"])
        .args([&file, &folder.path().join("blocks")])
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("promtool: {error}; apt-get install prometheus"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(page));
}

fn every_reader_takes(files: &[(PathBuf, Vec<u8>)]) {
    let text = page(files, Format::Text);
    lint::findings(&text);
    let strict = page(files, Format::OpenMetrics);
    prometheus_reads(&strict);
    if let Err(said) = openmetrics::parse(&strict) {
        panic!("{said}\n{}", String::from_utf8_lossy(&strict));
    }
    // Both formats have the same samples: bounds are written another way.
    let samples = |page: &[u8]| {
        page.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && line[0] != b'#').count()
    };
    assert_eq!(samples(&text), samples(&strict));
}

#[test]
fn every_reader_takes_the_page_whatever_a_file_holds() {
    for (number, text) in WRITTEN.iter().enumerate() {
        every_reader_takes(&[(format!("/{number}.prom").into(), text.as_bytes().to_vec())]);
    }
    let all = WRITTEN.iter().enumerate();
    let all: Vec<_> = all
        .map(|(number, text)| (format!("/{number}.prom").into(), text.as_bytes().to_vec()))
        .collect();
    every_reader_takes(&all);
}

#[test]
fn every_reader_takes_the_page_whatever_files_hold_together() {
    for seed in 1..=120_u64 {
        let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let files: Vec<_> =
            (0..12).map(|number| (format!("/{number}.prom").into(), chance.file())).collect();
        every_reader_takes(&files);
    }
}

#[test]
fn what_is_left_out_is_told_in_a_metric_and_once_in_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.prom"), "fine 1\nnode_load1 7\n").unwrap();
    std::fs::write(folder.path().join("b.prom"), "fine{a=\"b\"} 1\nbroken\n").unwrap();
    let running = Running::start(
        agent().arg(format!("--collector.textfile.directory={}", folder.path().display())),
    );
    let pages: Vec<_> = (0..3).map(|_| running.get("/metrics")).collect();
    let at = folder.path().display();
    for page in pages {
        let page = String::from_utf8(page).unwrap();
        for expected in [
            format!(
                "\nterrarium_agent_textfile_left_out{{file=\"{at}/a.prom\",line=\"2\",reason=\"the \
                 agent has a metric of that name itself\",what=\"metric\"}} 1\n"
            ),
            format!(
                "\nterrarium_agent_textfile_left_out{{file=\"{at}/b.prom\",line=\"2\",reason=\"a \
                 number as the value\",what=\"file\"}} 1\n"
            ),
            "\nfine 1\n".to_owned(),
            "\nnode_textfile_scrape_error 1\n".to_owned(),
        ] {
            assert!(page.contains(&expected), "{expected}{page}");
        }
        assert!(!page.contains("fine{") && !page.contains("node_load1 7"));
    }
    let (_, journal) = running.terminate();
    let told: Vec<_> = journal.lines().filter(|line| line.contains("textfile")).collect();
    assert_eq!(told.len(), 2, "{journal}");
    assert!(journal.contains("b.prom, line 2: a number as the value"), "{journal}");
}

#[test]
fn several_folders_and_patterns_are_read() {
    let root = tempfile::tempdir().unwrap();
    for name in ["jobs/a", "jobs/b", "other"] {
        std::fs::create_dir_all(root.path().join(name)).unwrap();
        let text = format!("backup_seconds{{job=\"{name}\"}} 1\n");
        std::fs::write(root.path().join(name).join("x.prom"), text).unwrap();
    }
    let mut command = agent();
    for folder in ["jobs/*", "other", "jobs/a"] {
        command
            .arg(format!("--collector.textfile.directory={}", root.path().join(folder).display()));
    }
    let page = String::from_utf8(Running::start(&mut command).get("/metrics")).unwrap();
    for name in ["jobs/a", "jobs/b", "other"] {
        assert!(page.contains(&format!("\nbackup_seconds{{job=\"{name}\"}} 1\n")), "{page}");
    }
    assert_eq!(page.matches("\nnode_textfile_mtime_seconds{").count(), 3);
    assert!(page.contains("\nnode_textfile_scrape_error 0\n"));
}
