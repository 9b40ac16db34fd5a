//! Quotas and ranges against plain counts, on objects made by chance.

use crate::manifest::{Manifests, nodes, pods};
use crate::random::Random;

const MIB: u64 = 1 << 20;

fn read(text: &str) -> Manifests {
    let nodes = nodes("kind: Node\nmetadata: {name: a}\nstatus: {capacity: {cpu: 4}}").unwrap();
    pods(text, &nodes).unwrap()
}

fn deployment(name: &str, replicas: usize, resources: &str) -> String {
    format!(
        "---\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {{replicas: {replicas}, \
         template: {{spec: {{containers: [{{name: c, image: i, resources: {{{resources}}}}}]}}}}}}\n"
    )
}

/// Pods are taken one by one, each as long as nothing is exceeded.
#[test]
fn a_quota_takes_as_many_pods_as_a_count_one_by_one() {
    let mut random = Random::new(3);
    for _ in 0..200 {
        let (pods_most, memory_most) = (random.below(9), 100 * random.below(20));
        let mut text = format!(
            "apiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: q}}\nspec: {{hard: {{pods: \
             {pods_most}, requests.memory: {memory_most}Mi}}}}\n"
        );
        let (mut taken, mut memory, mut refused) = (0, 0, 0);
        for number in 0..3 {
            let (replicas, size) = (1 + random.below(4), 50 + 50 * random.below(5));
            let limits = format!("limits: {{memory: {size}Mi}}");
            text.push_str(&deployment(&format!("d{number}"), replicas, &limits));
            for _ in 0..replicas {
                if taken < pods_most && memory + size <= memory_most {
                    taken += 1;
                    memory += size;
                } else {
                    refused += 1;
                }
            }
        }
        let found = read(&text);
        let out: usize = found.refused.iter().map(|refusal| refusal.pods).sum();
        assert_eq!((found.pods.len(), out), (taken, refused), "{text}");
        let asked: u64 = found.pods.iter().map(|pod| pod.requests.memory_bytes).sum();
        assert_eq!(asked, memory as u64 * MIB, "{text}");
    }
}

/// The API server's defaults by the letter: a limit is requested where nothing else is;
/// what is missing in the range is made of what is there; then it is held to both ends.
#[test]
fn a_range_sets_and_refuses_what_the_rules_say_one_after_the_other() {
    let mut random = Random::new(5);
    let mut refused = 0;
    for _ in 0..500 {
        let mut some = || (random.below(2) == 0).then(|| 100 * (1 + random.below(6) as u64));
        let [min, max, default, default_request, request, limit] = [(); 6].map(|()| some());
        // One that contradicts itself is refused itself.
        let ordered = [min, default_request, default, max].into_iter().flatten();
        if !ordered.is_sorted() {
            continue;
        }
        let field = |name: &str, amount: Option<u64>| {
            amount.map_or_else(String::new, |mib| format!("{name}: {{memory: {mib}Mi}}, "))
        };
        let range = format!(
            "{}{}{}{}",
            field("min", min),
            field("max", max),
            field("default", default),
            field("defaultRequest", default_request)
        );
        let own = format!("{}{}", field("requests", request), field("limits", limit));
        let text = format!(
            "apiVersion: v1\nkind: LimitRange\nmetadata: {{name: r}}\nspec: {{limits: [{{{range}\
             type: Container}}]}}\n{}",
            deployment("d", 1, &own)
        );
        let default = default.or(max);
        let default_request = default_request.or(default).or(min);
        let most = limit.or(default);
        let asked = request.or(limit).or(default_request);
        let above = |one: Option<u64>, other: Option<u64>| {
            one.zip(other).is_some_and(|(one, other)| one > other)
        };
        let taken = !above(asked, most)
            && min.is_none_or(|min| asked.is_some_and(|asked| asked >= min))
            && !above(min, most)
            && max.is_none_or(|max| most.is_some_and(|most| most <= max))
            && !above(asked, max);
        let found = read(&text);
        assert_eq!(found.pods.len(), usize::from(taken), "{text}{:?}", found.refused);
        refused += usize::from(!taken);
        if let Some(pod) = found.pods.first() {
            assert_eq!(pod.requests.memory_bytes, asked.unwrap_or(0) * MIB, "{text}");
            assert_eq!(pod.memory_limit(), most.map(|most| most * MIB), "{text}");
        }
    }
    assert!(refused > 20, "{refused}");
}

#[test]
fn what_is_there_is_not_asked_again_and_counts_for_the_quota() {
    let pod = |name: &str, node: &str, status: &str| {
        format!(
            "---\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{{node} containers: [{{name: c, \
             image: i}}]}}\n{status}"
        )
    };
    let rules = "apiVersion: v1\nkind: LimitRange\nmetadata: {name: r}\nspec: {limits: [{type: \
                 Container, default: {memory: 1Gi}, min: {cpu: 1}}]}\n---\napiVersion: \
                 v1\nkind: ResourceQuota\nmetadata: {name: q}\nspec: {hard: {pods: 1}}\n";
    let runs = pod("old", "nodeName: a,", "status: {phase: Running}\n");
    let found = read(&format!("{rules}{}{runs}", deployment("new", 1, "requests: {cpu: 1}")));
    let names: Vec<&str> = found.pods.iter().map(|pod| pod.name.as_str()).collect();
    assert_eq!((names, found.pods[0].requests.memory_bytes), (vec!["old"], 0));
    assert_eq!(found.refused.len(), 1);
    assert_eq!(found.refused[0].why, "the ResourceQuota `q` allows pods: 1");
}
