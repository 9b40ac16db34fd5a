use super::*;
use crate::pack::tests::{class, packing};
use crate::pack::{Cause, Conflict};

fn placed(pod: usize, node: usize, comes_back: Return) -> Placed {
    Placed { pod, service: format!("s{pod}"), node, comes_back, pinned: false }
}

fn fates(packing: &Packing, placed: &[Placed], lost: usize, controls: &[usize]) -> Vec<Fate> {
    let controls = controls.iter().copied().collect();
    let loss = loss(packing, placed, lost, &controls, &mut Meter::new(10_000, None));
    assert!(loss.certain);
    loss.services.into_values().collect()
}

#[test]
fn each_kind_of_pod_has_its_own_fate() {
    let packing = packing(&[&[100], &[100]], (0..4).map(|_| class(1, &[10])).collect());
    let mut pods: Vec<Placed> = [Return::Elsewhere, Return::Held, Return::Never, Return::Elsewhere]
        .into_iter()
        .enumerate()
        .map(|(pod, comes_back)| placed(pod, 1, comes_back))
        .collect();
    pods[3].pinned = true;
    assert_eq!(
        fates(&packing, &pods, 1, &[0]),
        [Fate::Survives, Fate::Lost, Fate::Lost, Fate::Lost]
    );
    assert_eq!(fates(&packing, &pods, 0, &[1]), [Fate::Survives; 4]);
}

#[test]
fn without_a_control_plane_nothing_comes_back_and_what_runs_goes_on() {
    let packing = packing(&[&[100], &[100], &[100]], vec![class(1, &[10]), class(1, &[10])]);
    let pods = [placed(0, 0, Return::Elsewhere), placed(1, 1, Return::Elsewhere)];
    assert_eq!(fates(&packing, &pods, 0, &[0]), [Fate::NeverRescheduled, Fate::Survives]);
    // Two of three are a majority; one of two is none.
    assert_eq!(fates(&packing, &pods, 0, &[0, 1, 2]), [Fate::Survives, Fate::Survives]);
    assert_eq!(fates(&packing, &pods, 0, &[0, 1]), [Fate::NeverRescheduled, Fate::Survives]);
}

#[test]
fn survivors_do_not_move_to_make_room() {
    // 60 comes back to neither node: 50 is left on each, 100 in all.
    let packing = packing(&[&[100][..]; 3], vec![class(1, &[60]), class(2, &[50])]);
    let pods = [
        placed(0, 0, Return::Elsewhere),
        placed(1, 1, Return::Elsewhere),
        placed(2, 2, Return::Elsewhere),
    ];
    assert_eq!(fates(&packing, &pods, 0, &[1]), [Fate::Lost, Fate::Survives, Fate::Survives]);
    assert_eq!(fates(&packing, &pods, 2, &[1])[2], Fate::Survives);
}

#[test]
fn a_replica_that_excludes_the_others_waits_and_its_service_is_degraded() {
    let mut packing = packing(&[&[100], &[100]], vec![class(2, &[10])]);
    let cause = Cause::AntiAffinity;
    packing.conflicts.push(Conflict { one: 0, other: 0, topology: 0, cause });
    let mut pods = [placed(0, 0, Return::Elsewhere), placed(1, 1, Return::Elsewhere)];
    pods[1].service = "s0".to_owned();
    assert_eq!(fates(&packing, &pods, 1, &[0]), [Fate::Degraded]);
}

#[test]
fn a_daemon_set_does_not_miss_the_node_it_lost() {
    let packing = packing(&[&[100], &[100]], vec![class(2, &[10])]);
    let mut pods = [placed(0, 0, Return::WithNode), placed(1, 1, Return::WithNode)];
    pods[1].service = "s0".to_owned();
    assert_eq!(fates(&packing, &pods, 1, &[0]), [Fate::Survives]);
}

fn at_best(packing: &Packing, placed: &[Placed], lost: usize, priorities: &[u32]) -> Vec<Fate> {
    let service = |(pod, priority): (usize, &u32)| crate::change::Service {
        name: format!("s{pod}"),
        priority: *priority,
        depends: Vec::new(),
        memory_bytes: 0,
        fixed: false,
    };
    let services: Vec<_> = priorities.iter().enumerate().map(service).collect();
    let controls = BTreeSet::from([packing.nodes.len()]);
    let here = loss(packing, placed, lost, &controls, &mut Meter::new(10_000, None));
    let best = best(packing, placed, lost, &controls, &services, &here, 10_000);
    assert!(best.certain);
    best.services.into_values().collect()
}

#[test]
fn at_best_survivors_move_together_to_make_room() {
    let packing = packing(&[&[100][..]; 3], vec![class(1, &[60]), class(2, &[50])]);
    let mut pods = [
        placed(0, 0, Return::Elsewhere),
        placed(1, 1, Return::Elsewhere),
        placed(2, 2, Return::Elsewhere),
    ];
    assert_eq!(at_best(&packing, &pods, 0, &[0; 3]), [Fate::Survives; 3]);
    // A volume keeps one of them where it is.
    pods[1].pinned = true;
    assert_eq!(at_best(&packing, &pods, 0, &[0; 3]), [Fate::Survives; 3]);
    pods[2].pinned = true;
    assert_eq!(at_best(&packing, &pods, 0, &[0; 3]), [Fate::Lost, Fate::Survives, Fate::Survives]);
}

#[test]
fn at_best_a_stateful_set_without_a_volume_is_freed_and_what_is_tied_is_lost() {
    let mut packing = packing(&[&[100], &[100]], (0..4).map(|_| class(1, &[10])).collect());
    let mut pods = [
        placed(0, 1, Return::Held),
        placed(1, 1, Return::Held),
        placed(2, 1, Return::Never),
        placed(3, 1, Return::Elsewhere),
    ];
    pods[1].pinned = true;
    // Its node selector names the node that is gone.
    packing.classes[3].eligible[0] = false;
    assert_eq!(
        at_best(&packing, &pods, 1, &[0; 4]),
        [Fate::Survives, Fate::Lost, Fate::Lost, Fate::Lost]
    );
}

#[test]
fn at_best_the_more_important_come_back_and_no_survivor_gives_way() {
    // The lost node's 60 and 59 each fit beside the survivors only once these
    // share a node, and then only one of them does.
    let classes = vec![class(2, &[40]), class(1, &[60]), class(1, &[59])];
    let packing = packing(&[&[80], &[80], &[200]], classes);
    let pods = [
        placed(0, 0, Return::Elsewhere),
        placed(1, 1, Return::Elsewhere),
        placed(2, 2, Return::Elsewhere),
        placed(3, 2, Return::Elsewhere),
    ];
    let (up, down) = (Fate::Survives, Fate::Lost);
    assert_eq!(at_best(&packing, &pods, 2, &[0, 0, 9, 1]), [up, up, up, down]);
    assert_eq!(at_best(&packing, &pods, 2, &[0, 0, 1, 9]), [up, up, down, up]);
}

#[test]
fn where_no_more_survive_at_best_it_stays_as_it_is() {
    // Of 60 and 55 the smaller finds room by itself; the larger is more important.
    let packing =
        packing(&[&[112], &[200]], vec![class(1, &[50]), class(1, &[60]), class(1, &[55])]);
    let pods = [
        placed(0, 0, Return::Elsewhere),
        placed(1, 1, Return::Elsewhere),
        placed(2, 1, Return::Elsewhere),
    ];
    let expected = [Fate::Survives, Fate::Lost, Fate::Survives];
    assert_eq!(at_best(&packing, &pods, 1, &[0, 9, 1]), expected);
}

#[test]
fn without_a_control_plane_the_best_is_what_happens() {
    let packing = packing(&[&[100], &[100]], vec![class(1, &[10]), class(1, &[10])]);
    let pods = [placed(0, 0, Return::Elsewhere), placed(1, 1, Return::Elsewhere)];
    let controls = BTreeSet::from([0]);
    let here = loss(&packing, &pods, 0, &controls, &mut Meter::new(1000, None));
    let best = best(&packing, &pods, 0, &controls, &[], &here, 1000);
    let fates: Vec<Fate> = best.services.into_values().collect();
    assert_eq!(fates, [Fate::NeverRescheduled, Fate::Survives]);
}

/// What needs no search says what the search says, on clusters made by chance.
#[test]
fn a_loss_without_a_search_is_the_one_with_a_search() {
    let mut random = crate::random::Random::new(11);
    let ways = [Return::Elsewhere, Return::Held, Return::Never, Return::WithNode];
    let mut told = 0;
    for _ in 0..300 {
        let nodes = 2 + random.below(3);
        let room: Vec<Vec<u64>> = (0..nodes).map(|_| vec![60 + random.below(60) as u64]).collect();
        let mut left: Vec<u64> = room.iter().map(|room| room[0]).collect();
        let (mut classes, mut pods) = (Vec::new(), Vec::new());
        for pod in 0..8 {
            let (size, node) = (10 + random.below(20) as u64, random.below(nodes));
            if left[node] < size {
                break;
            }
            left[node] -= size;
            classes.push(class(1, &[size]));
            pods.push(Placed {
                service: format!("s{}", random.below(4)),
                pinned: random.below(6) == 0,
                ..placed(pod, node, ways[random.below(4)])
            });
        }
        let rows: Vec<&[u64]> = room.iter().map(Vec::as_slice).collect();
        let packing = packing(&rows, classes);
        let controls: BTreeSet<usize> = [random.below(nodes)].into();
        let mut services: Vec<crate::change::Service> = Vec::new();
        for pod in &pods {
            if services.iter().all(|known| known.name != pod.service) {
                services.push(crate::change::Service {
                    name: pod.service.clone(),
                    priority: 0,
                    depends: Vec::new(),
                    memory_bytes: 0,
                    fixed: false,
                });
            }
        }
        let cluster = Cluster::new(&packing, &pods, &controls);
        for lost in 0..nodes {
            let Some((here, at_best)) = cluster.loss(lost) else { continue };
            told += 1;
            let meter = &mut Meter::new(100_000, None);
            let searched = loss(&packing, &pods, lost, &controls, meter);
            assert_eq!(here.services, searched.services, "{pods:?} without {lost}");
            let searched = best(&packing, &pods, lost, &controls, &services, &searched, 100_000);
            assert_eq!(at_best.services, searched.services, "{pods:?} without {lost}, at best");
        }
    }
    assert!(told > 500, "{told}");
}
