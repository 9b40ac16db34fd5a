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
