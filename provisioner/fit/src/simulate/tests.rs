use super::*;
use crate::manifest::{nodes, pods};
use crate::model::Problem;
use crate::random::Random;

impl State<'_> {
    /// Whom preemption would have give way for the pod, by node.
    pub(crate) fn would_give_way(&mut self, pod: usize, since: &[u64]) -> Vec<(usize, Vec<usize>)> {
        let all = preempt::candidates(self, pod, since).into_iter();
        all.map(|one| (one.node, one.victims)).collect()
    }

    /// The node preemption would choose.
    pub(crate) fn frees(&mut self, pod: usize, since: &[u64], seed: u64) -> Option<usize> {
        let found = preempt(self, pod, since, &mut Random::new(seed));
        found.map(|found| found.node)
    }

    /// By hard constraint of the pod: its label, and of each node the pods in
    /// its domain that count; none where the domain does not.
    pub(crate) fn counted(&self, pod: usize) -> Vec<(String, Vec<Option<i64>>)> {
        let compiled = self.compiled;
        let hard = compiled.pods[pod].spread.iter().filter(|spread| spread.hard);
        hard.map(|spread| {
            let topology = &compiled.topologies[spread.topology];
            let count = |domain: Option<u32>| {
                let domain = usize::try_from(domain?).ok()?;
                spread.eligible[domain].then(|| self.counts[spread.counter][domain])
            };
            (topology.key.clone(), topology.domain.iter().copied().map(count).collect())
        })
        .collect()
    }
}

/// Nodes of 4 cores and 4 GiB by name and label, and what runs on them.
fn problem(names: &[&str], workloads: &str) -> Problem {
    let node = |name: &&str| {
        format!(
            "kind: Node\nmetadata: {{name: {name}, labels: {{zone: z{}}}}}\nstatus: {{capacity: \
             {{cpu: 4, memory: 4Gi, pods: 110}}}}\n",
            name.len() % 2
        )
    };
    let nodes = nodes(&names.iter().map(node).collect::<Vec<_>>().join("---\n")).unwrap();
    let pods = pods(workloads, &nodes).unwrap().pods;
    Problem { nodes, pods }
}

fn workload(name: &str, replicas: u32, memory: &str, spec: &str) -> String {
    format!(
        "---\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {{replicas: {replicas}, \
         selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: \
         {name}}}}}, spec: {{containers: [{{name: c, image: i, resources: {{requests: {{cpu: \
         100m, memory: {memory}}}}}}}], {spec}}}}}}}\n"
    )
}

fn run(problem: &Problem, seed: u64) -> Vec<Option<usize>> {
    let order: Vec<usize> = (0..problem.pods.len()).collect();
    simulate(&Compiled::new(problem), &order, seed).placed
}

fn per_node(placed: &[Option<usize>], nodes: usize) -> Vec<usize> {
    (0..nodes).map(|node| placed.iter().filter(|at| **at == Some(node)).count()).collect()
}

#[test]
fn pods_go_where_most_is_free_and_equal_seeds_give_equal_runs() {
    let problem = problem(&["a", "b", "c"], &workload("web", 9, "128Mi", ""));
    for seed in 0..20 {
        let placed = run(&problem, seed);
        assert_eq!(per_node(&placed, 3), [3, 3, 3]);
        assert_eq!(placed, run(&problem, seed));
    }
    assert!((0..20).any(|seed| run(&problem, seed) != run(&problem, 0)), "ties are never broken");
}

#[test]
fn what_finds_no_node_is_left_with_the_reasons() {
    let text = workload("big", 3, "3Gi", "");
    let problem = problem(&["a", "b"], &text);
    let run = simulate(&Compiled::new(&problem), &[0, 1, 2], 1);
    assert_eq!(run.left, [(2, vec![(Reason::Memory, 2)])]);
    assert_eq!(run.placed.iter().flatten().count(), 2);
}

#[test]
fn required_neighbours_are_waited_for_and_excluded_ones_kept_apart() {
    let near = "affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: \
                [{labelSelector: {matchLabels: {app: store}}, topologyKey: kubernetes.io/hostname}]}}";
    let apart = "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: \
                 [{labelSelector: {matchLabels: {app: one}}, topologyKey: kubernetes.io/hostname}]}}";
    // The one that needs the other arrives first.
    let text = workload("web", 2, "64Mi", near) + &workload("store", 1, "64Mi", "");
    let together = problem(&["a", "b", "c"], &text);
    for seed in 0..10 {
        let placed = run(&together, seed);
        assert_eq!(placed[0], placed[2]);
        assert_eq!(placed[1], placed[2]);
    }
    let three = problem(&["a", "b"], &workload("one", 3, "64Mi", apart));
    let run = simulate(&Compiled::new(&three), &[0, 1, 2], 3);
    assert_eq!(run.left, [(2, vec![(Reason::AntiAffinity, 2)])]);
}

#[test]
fn one_that_excludes_others_keeps_later_ones_away_though_they_say_nothing() {
    let apart = "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: \
                 [{labelSelector: {matchLabels: {app: web}}, topologyKey: kubernetes.io/hostname}]}}";
    let text = workload("loner", 1, "64Mi", apart) + &workload("web", 4, "64Mi", "");
    let problem = problem(&["a", "b"], &text);
    for seed in 0..10 {
        let placed = run(&problem, seed);
        assert!(placed[1..].iter().all(|node| node.is_some() && *node != placed[0]));
    }
}

#[test]
fn a_hard_spread_refuses_what_would_lean_and_a_host_port_is_held_once() {
    let hard = "topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: \
                DoNotSchedule, labelSelector: {matchLabels: {app: web}}}]";
    // Two nodes in zone z1, one in z0.
    let problem_ = problem(&["a", "b", "cc"], &workload("web", 4, "64Mi", hard));
    for seed in 0..10 {
        let placed = per_node(&run(&problem_, seed), 3);
        assert_eq!(placed[2], 2, "{placed:?}");
    }
    let ports =
        workload("lb", 3, "64Mi", "").replace("image: i,", "image: i, ports: [{hostPort: 80}],");
    let run = simulate(&Compiled::new(&problem(&["a", "b"], &ports)), &[0, 1, 2], 1);
    assert_eq!(run.left, [(2, vec![(Reason::Port, 2)])]);
}

/// `LeastAllocated` and `BalancedAllocation` of an empty node of 4 cores and
/// 4 GiB, by hand.
#[test]
fn scores_divide_as_integers() {
    let problem = problem(&["a"], &workload("web", 1, "1Gi", ""));
    let compiled = Compiled::new(&problem);
    let state = State::new(&compiled);
    // (4000-100)*100/4000 = 97, (4-1)*100/4 = 75, (97+75)/2 = 86; the shares are
    // 0.025 and 0.25: (1 - 0.1125)*100 = 88 after 100, 50 + (50 + 88 - 100)/2 = 69.
    // The spread's 100 twice.
    assert_eq!(state.scores(0, &[0]), [86 + 69 + 200]);
}

#[test]
fn taking_a_pod_away_undoes_its_placing() {
    let apart = "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: \
                 [{labelSelector: {matchLabels: {app: one}}, topologyKey: kubernetes.io/hostname}]}}";
    let problem = problem(&["a", "b"], &workload("one", 2, "3Gi", apart));
    let compiled = Compiled::new(&problem);
    let mut state = State::new(&compiled);
    state.place(0, 0);
    assert!(!state.feasible(1, 0) && state.feasible(1, 1));
    state.remove(0);
    assert!(state.feasible(1, 0));
    assert_eq!(state.placement(), [None, None]);
}

/// Priority classes `low`, `high` and `meek`, which is as high but waits.
const CLASSES: &str = "kind: PriorityClass\nmetadata: {name: low}\nvalue: 1\n---\nkind: \
                       PriorityClass\nmetadata: {name: high}\nvalue: 9\n---\nkind: \
                       PriorityClass\nmetadata: {name: meek}\nvalue: 9\npreemptionPolicy: Never\n";

fn of_class(name: &str, replicas: u32, memory: &str, class: &str) -> String {
    workload(name, replicas, memory, &format!("priorityClassName: {class}"))
}

/// Each pod's node by name; of those without one, nothing.
fn nodes_of(names: &[&str], workloads: &[String], seed: u64) -> Vec<(String, usize)> {
    let problem = problem(names, &format!("{CLASSES}{}", workloads.concat()));
    let placed = run(&problem, seed).into_iter().enumerate();
    placed.filter_map(|(pod, at)| Some((problem.pods[pod].name.clone(), at?))).collect()
}

#[test]
fn the_less_important_give_way_and_no_more_of_them_than_must() {
    for (class, expected) in [
        ("high", &["late-0", "mid-0"][..]),
        ("meek", &["mid-0", "tool-0"]),
        ("low", &["mid-0", "tool-0"]),
    ] {
        let workloads = [
            of_class("tool", 1, "2Gi", "low"),
            of_class("mid", 1, "1Gi", "low"),
            of_class("late", 1, "3Gi", class),
        ];
        let mut found: Vec<String> =
            nodes_of(&["a"], &workloads, 1).into_iter().map(|(name, _)| name).collect();
        found.sort();
        assert_eq!(found, expected, "{class}");
    }
}

#[test]
fn what_gave_way_is_made_again_where_there_is_room() {
    // The large one fits nowhere until a small one moves to the other node.
    let workloads = [of_class("small", 2, "1500Mi", "low"), of_class("large", 1, "3Gi", "high")];
    for seed in 0..10 {
        let found = nodes_of(&["a", "b"], &workloads, seed);
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(found[0].1, found[1].1, "both small ones are together: {found:?}");
    }
}

#[test]
fn the_node_that_loses_the_least_is_chosen_and_what_runs_already_stays() {
    let mut problem = problem(
        &["a", "b", "c"],
        &format!(
            "{CLASSES}{}{}{}{}",
            of_class("mine", 1, "3Gi", "low"),
            of_class("one", 1, "3Gi", "low"),
            of_class("two", 2, "1500Mi", "low"),
            of_class("late", 1, "3Gi", "high"),
        ),
    );
    problem.pods[0].node_name = Some("a".to_owned());
    for seed in 0..10 {
        let placed = run(&problem, seed);
        let late = placed[4].unwrap();
        assert_ne!(problem.nodes[late].name, "a", "what is bound stays");
        assert_eq!((placed[0], placed[1]), (Some(0), None), "one is fewer than two: {placed:?}");
        assert!(placed[2].is_some() && placed[3].is_some());
    }
}

#[test]
fn nobody_makes_a_bare_pod_again() {
    let bare = "---\nkind: Pod\nmetadata: {name: bare}\nspec: {priorityClassName: low, containers: \
                [{name: c, image: i, resources: {requests: {cpu: 100m, memory: 3Gi}}}]}\n";
    let problem =
        problem(&["a"], &format!("{CLASSES}{bare}{}", of_class("late", 1, "3Gi", "high")));
    let run = simulate(&Compiled::new(&problem), &[0, 1], 1);
    assert_eq!(run.placed, [None, Some(0)]);
    assert_eq!(run.left, [(0, vec![(Reason::Memory, 1)])]);
}

fn set(name: &str, replicas: u32, memory: &str, policy: &str) -> String {
    format!(
        "---\nkind: StatefulSet\nmetadata: {{name: {name}}}\nspec: {{replicas: {replicas}, \
         podManagementPolicy: {policy}, selector: {{matchLabels: {{app: {name}}}}}, template: \
         {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: c, image: i, \
         resources: {{requests: {{cpu: 100m, memory: {memory}}}}}}}]}}}}}}\n"
    )
}

#[test]
fn a_pod_of_an_ordered_set_is_made_once_the_one_before_it_has_a_node() {
    let mut ordered = problem(&["a"], &set("s", 3, "1Gi", "OrderedReady"));
    let mut parallel = problem(&["a"], &set("s", 3, "1Gi", "Parallel"));
    for (problem, expected) in
        [(&mut ordered, [None, None, None]), (&mut parallel, [None, Some(0), Some(0)])]
    {
        // The first asks for more than there is.
        problem.pods[0].requests.memory_bytes = 5 << 30;
        let run = simulate(&Compiled::new(problem), &[2, 1, 0], 1);
        assert_eq!(run.placed, expected);
        assert_eq!(run.left.len(), expected.iter().filter(|at| at.is_none()).count());
    }
    // Whatever the order, the first has its turn before the others.
    ordered.pods[0].requests.memory_bytes = 3 << 30;
    for order in [[2, 1, 0], [1, 2, 0], [0, 1, 2]] {
        let run = simulate(&Compiled::new(&ordered), &order, 1);
        assert_eq!(run.placed, [Some(0), Some(0), None], "{order:?}");
    }
}

#[test]
fn pods_that_share_a_volume_go_where_the_first_put_it() {
    let volume = "volumes: [{name: v, persistentVolumeClaim: {claimName: shared}}]";
    let own = "volumes: [{name: v, ephemeral: {volumeClaimTemplate: {spec: {}}}}]";
    for (spec, nodes) in [(volume, 1), (own, 2)] {
        let problem = problem(&["a", "b"], &workload("web", 2, "1Gi", spec));
        for seed in 0..10 {
            let placed = run(&problem, seed);
            let used = per_node(&placed, 2).into_iter().filter(|pods| *pods > 0).count();
            assert_eq!(used, nodes, "{spec}: {placed:?}");
        }
    }
    let full = problem(&["a", "b"], &workload("web", 2, "3Gi", volume));
    let run = simulate(&Compiled::new(&full), &[0, 1], 1);
    assert_eq!(run.left, [(1, vec![(Reason::Memory, 1), (Reason::Volume, 1)])]);
    let budget = crate::verdict::Budget { runs: 50, ..crate::verdict::Budget::default() };
    let verdict = crate::scheduler::judge(&full, &budget);
    assert_ne!(verdict.verdict, crate::verdict::Kind::Guaranteed);
    assert_eq!(verdict.runs.unwrap().modelled.complete, 0);
}
