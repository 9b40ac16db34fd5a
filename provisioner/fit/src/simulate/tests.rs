use super::*;
use crate::manifest::{nodes, pods};
use crate::model::Problem;

impl State<'_> {
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
    // (4000-100)*100/4000 = 97, (4-1)*100/4 = 75, (97+75)/2 = 86; the shares
    // are 0.025 and 0.25: (1 - 0.1125)*100 = 88. The spread's 100 twice.
    assert_eq!(state.scores(0, &[0]), [86 + 88 + 200]);
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
