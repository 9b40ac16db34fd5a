use terrarium_fit::sizing::{Part, Resource, Term, Used, Why};
use terrarium_inventory::Inventory;

use super::*;

const MIB: u64 = 1 << 20;

fn stack(folder: &Path, written: &str) -> Stack {
    let text = format!("[[node]]\nname = 'pi-1'\nhost = '10.0.0.1'\n[stack]\n{written}");
    Stack::new(&Inventory::parse(&folder.join("pis.toml"), &text, Some(folder)).unwrap()).unwrap()
}

fn container(service: &str, workload: &str, name: &str) -> Container {
    let used =
        Used { pod: format!("{service}-0"), seconds: 93_600, samples: 1560, ..Used::default() };
    Container {
        service: service.to_owned(),
        workload: workload.to_owned(),
        container: name.to_owned(),
        pods: vec![used],
        ..Container::default()
    }
}

/// A size in MiB, and what its request stands on.
fn size(request: u64, limit: u64) -> Size {
    let memory = |mib: u64| Resource { cpu: None, memory: Some(mib * MIB) };
    Size {
        request: Resource { cpu: Some(30), memory: Some(request * MIB) },
        limit: memory(limit),
        low: memory(request - 1),
        high: memory(request + 2),
        why: vec![Why {
            what: Part::MemoryRequest,
            term: Term::P99,
            pod: None,
            value: request * MIB,
            margin: 10,
            approximated: false,
        }],
        ..Size::default()
    }
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// The file's path and what `[stack]` says.
struct Case(tempfile::TempDir, &'static str);

impl Case {
    fn path(&self) -> PathBuf {
        path(&self.0.path().join("pis.toml"))
    }

    fn write(&self, sizes: &[(Container, Size)]) -> Written {
        write(&self.path(), sizes, &stack(self.0.path(), self.1)).unwrap()
    }

    fn values(&self) -> serde_json::Value {
        let stack = stack(self.0.path(), self.1);
        serde_json::to_value(stack.overlay().values()).unwrap()
    }
}

fn case(written: &'static str) -> Case {
    Case(tempfile::tempdir().unwrap(), written)
}

#[test]
fn the_file_lies_beside_its_inventory() {
    assert_eq!(path(Path::new("/x/pis.toml")), Path::new("/x/pis.sizes.toml"));
    assert_eq!(path(Path::new("garden")), Path::new("garden.sizes.toml"));
}

#[test]
fn what_is_written_is_what_the_next_run_reads() {
    let case = case("services = ['connect', 'redis']");
    let written = case.write(&[
        (container("connect", "StatefulSet/connect", "keeper"), size(9, 20)),
        (container("redis", "StatefulSet/redis", "redis"), size(40, 300)),
        (container("redis", "StatefulSet/redis", "exporter"), size(40, 300)),
        (container("coredns", "Deployment/coredns", "coredns"), size(40, 300)),
    ]);
    assert!(written.changed);
    assert_eq!(written.skipped, ["StatefulSet/redis/exporter", "Deployment/coredns/coredns"]);
    assert_eq!(
        case.values(),
        serde_json::json!({
            "connect": {"keeper": {"resources": {
                "requests": {"cpu": "30m", "memory": "9Mi"}, "limits": {"memory": "20Mi"},
            }}},
            "redis": {"resources": {
                "requests": {"cpu": "30m", "memory": "40Mi"}, "limits": {"memory": "300Mi"},
            }},
        })
    );
    let text = text(&case.path());
    assert!(
        text.contains(
            "\n\n# redis of StatefulSet/redis: 1 pod, 26 h, 1560 samples\n\
             # memory request: p99 was 40 MiB, plus 10 %\n\
             # with so much history the memory request may be 39 MiB to 42 MiB\n\
             [redis.resources]\n"
        ),
        "{text}"
    );
    assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    let entries: Vec<_> = std::fs::read_dir(case.0.path()).unwrap().collect();
    assert_eq!(entries.len(), 1, "nothing is left beside it");
}

#[test]
fn a_second_writing_of_the_same_changes_nothing() {
    let case = case("services = ['redis']");
    assert!(!case.write(&[]).changed && !case.path().exists());
    let sizes = [(container("redis", "StatefulSet/redis", "redis"), size(40, 300))];
    assert!(case.write(&sizes).changed);
    let first = text(&case.path());
    assert!(!case.write(&sizes).changed);
    assert_eq!(text(&case.path()), first);
}

/// A container that was started anew to get its size has no history.
#[test]
fn a_size_that_nothing_contradicts_stays_with_what_it_stands_on() {
    let mut case = case("services = ['grafana', 'redis']");
    case.write(&[
        (container("grafana", "StatefulSet/grafana", "grafana"), size(90, 120)),
        (container("redis", "StatefulSet/redis", "redis"), size(40, 300)),
    ]);
    case.write(&[(container("redis", "StatefulSet/redis", "redis"), size(50, 300))]);
    let both = text(&case.path());
    assert!(
        both.contains("# grafana of StatefulSet/grafana: 1 pod, 26 h, 1560 samples\n"),
        "{both}"
    );
    assert!(both.contains("memory = \"50Mi\"") && !both.contains("\"40Mi\""), "{both}");
    case.1 = "services = ['redis']";
    case.write(&[]);
    assert!(!text(&case.path()).contains("grafana"), "a service that is wanted no more");
}

#[test]
fn a_limit_never_falls_below_what_the_heap_may_grow_to() {
    for (written, wished, limit, told) in [
        ("services = ['redis']", 60, "192Mi", true),
        ("services = ['redis']", 200, "200Mi", false),
        ("services = ['redis']\nvalues.redis.maxmemory = '32mb'", 60, "128Mi", true),
        ("services = ['redis']\nvalues.redis.maxmemory = '128mb'", 200, "224Mi", true),
    ] {
        let case = case(written);
        case.write(&[(container("redis", "StatefulSet/redis", "redis"), size(40, wished))]);
        let values = case.values();
        assert_eq!(values["redis"]["resources"]["limits"]["memory"], limit, "{written}");
        assert_eq!(text(&case.path()).contains("for `maxmemory`"), told, "{written}");
    }
}

#[test]
fn one_place_for_two_containers_is_enough_for_each() {
    let case = case("services = ['pgadmin']");
    let mut unlimited = size(180, 180);
    unlimited.limit.memory = None;
    let mut app = container("pgadmin", "Deployment/pgadmin", "pgadmin");
    app.limit.memory = Some(150 * MIB);
    case.write(&[
        (app, unlimited),
        (container("pgadmin", "Deployment/pgadmin", "passfile"), size(9, 160)),
    ]);
    let values = case.values();
    assert_eq!(
        values["pgadmin"]["resources"],
        serde_json::json!({
            "requests": {"cpu": "30m", "memory": "180Mi"}, "limits": {"memory": "180Mi"},
        }),
        "a limit is never below the request"
    );
}

#[test]
fn a_file_that_is_wrong_is_named_with_its_lines() {
    let case = case("services = ['redis']");
    std::fs::write(case.path(), "\n[reids.resources]\n[redis.resource]\n").unwrap();
    let failure = read(&case.path(), &Catalogue::embedded().unwrap()).unwrap_err();
    assert_eq!(failure.code, Code::Usage);
    let named = |line: usize, what: &str| {
        let start = format!("{}:{line}: {what}", case.path().display());
        failure.causes.iter().any(|cause| cause.starts_with(&start))
    };
    assert!(named(2, "`reids` is no service: did you mean `redis`?"), "{:?}", failure.causes);
    assert!(named(3, "`redis` has no requests and limits in `resource`"), "{:?}", failure.causes);
    assert!(failure.line().contains("provision report --write"), "{}", failure.line());
}
