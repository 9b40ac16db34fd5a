//! The main job on a lab of three virtual Pis, as a user does it. Scenarios run
//! one after the other on one lab, which is taken away at the end.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "scenarios fail by panicking and tell their steps"
)]

mod adopted;
mod cloud;
mod converged;
mod core;
mod deleted;
mod entrance;
mod first_light;
mod hangs;
mod interrupted;
mod kubeconfig;
mod package;
mod refused;
mod release;
mod secrets;
mod sized;
mod trees;
mod world;

use libtest_mimic::{Arguments, Trial};

use world::World;

/// What is done with the lab; it fails by panicking.
type Scenario = fn(&mut World);

fn main() {
    let mut arguments = Arguments::from_args();
    // One lab, one scenario at a time.
    arguments.test_threads = Some(1);
    let scenarios: &[(&str, Scenario)] = &[
        ("a_plan_of_fresh_nodes_writes_nothing_on_them", first_light::plan),
        ("a_stack_that_cannot_fit_is_refused_before_anything_is_changed", refused::unfit),
        ("one_command_turns_fresh_nodes_into_a_running_stack", first_light::apply),
        ("a_second_run_changes_nothing_and_costs_three_round_trips", converged::second_run),
        ("what_was_changed_by_hand_is_seen_and_mended_and_nothing_else", converged::drift),
        ("what_was_deleted_by_hand_comes_back_with_the_same_password", deleted::objects),
        ("a_namespace_that_is_held_is_told_with_what_holds_it", deleted::namespace),
        ("the_size_of_a_volume_that_is_there_is_refused_with_its_line", deleted::size),
        ("an_inventory_of_another_name_is_refused_and_touches_nothing", adopted::inventory),
        ("a_k3s_of_somebody_elses_is_taken_over_with_the_word_alone", adopted::k3s),
        ("what_cloud_init_sets_up_is_kept_as_the_inventory_wishes", cloud::host_name),
        ("what_a_power_cut_or_an_earlier_version_left_of_the_agent_is_mended", package::mended),
        ("a_service_that_hangs_is_told_with_its_node_and_why", hangs::redis),
        ("other_clusters_in_the_kubeconfig_stay_as_they_are", kubeconfig::merge),
        ("a_release_that_does_not_come_up_is_explained", release::broken),
        ("the_api_is_waited_for_when_it_goes_away_while_helm_works", release::api_away),
        ("a_node_that_is_away_while_a_release_is_waited_for_is_told", release::node_away),
        ("what_was_measured_becomes_what_pods_ask_for", sized::measured),
        ("a_changed_host_key_is_a_hard_stop", refused::host_key),
        ("the_memory_predicted_is_what_the_kubelets_hand_out", refused::predicted),
        ("a_wrong_password_is_said_to_be_wrong", refused::password),
        ("a_node_that_is_off_does_not_keep_the_others_from_their_part", interrupted::node_off),
        ("a_run_killed_anywhere_is_taken_up_by_the_next", interrupted::killed),
        ("the_profile_core_comes_up_and_its_edges_carry_records", core::deploys),
        ("our_own_image_is_brought_again_where_it_was_taken_away", core::image_taken_away),
        ("every_link_of_the_home_page_answers", entrance::links),
        ("what_no_lab_can_run_is_taken_by_the_api", entrance::manifests),
        ("credentials_are_shown_to_who_asks_for_them", core::credentials),
        ("an_edge_that_does_not_work_is_told", core::broken_edge),
        ("a_service_and_its_data_leave_only_when_told", core::removal),
        ("what_was_acknowledged_outlives_pods_and_nodes", core::outlives),
    ];
    let trials = scenarios.iter().map(|(name, scenario)| {
        Trial::test(*name, move || {
            World::with(*scenario);
            Ok(())
        })
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    World::end();
    conclusion.exit();
}
