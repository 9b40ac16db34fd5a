//! `provision`, as it was built, against made-up nodes: SSH servers that answer
//! its scripts from a model of a Raspberry Pi ([`model`]) and can be told to lie,
//! fail, hang or go away at any command. The model is a stand-in: whether the
//! scripts do on a Pi what it says is the lab's matter, not of these tests. What
//! happens up to the script (the lines that look for sudo, the password, the
//! deadline) and the lock are executed for real, by [`shell`].
//!
//! A case is a function that fails by panicking, and a line in [`main`]:
//!
//! ```ignore
//! pub(crate) fn a_probe_of_nonsense_is_refused() {
//!     let world = World::new(&["pi-1", "pi-2"]);       // fresh nodes, the first is the server
//!     world.inventory("[os]\nswap = \"keep\"\n");      // more tables for the inventory
//!     world.node("pi-2").model().facts.insert("bits".into(), "many".into());
//!     world.node("pi-1").hook(|call| match call.what.as_str() {
//!         "reboot" => Some(Do::CutAfter),              // Say, Twist, Cut, CutAfter, Vanish, Hang
//!         _ => None,                                   // as the model answers
//!     });
//!     let ran = world.provision(&["--json", "--patience", "0.05"]);
//!     ran.ended_with(4).says("`many` for `bits`");     // or succeeded(), changed(), events()
//!     world.node("pi-1").behave();
//!     assert!(world.node("pi-1").calls().iter().any(|call| call.what == "probe"));
//! }
//! ```
//!
//! Commands are called by what they are: `lock`, `probe`, `boot`, `reboot`,
//! `write <path>`, `install the agent`, `start <unit>`, `watch <unit>`, or the
//! script's first line. `World` has the folder, environment and `known_hosts`;
//! `Node::manner` has login, sudo and banner; `Model` has files, units and what
//! the probe says; `World::start` and `start_on_terminal` give a run that can be
//! typed to, waited for and sent signals. Everything runs in a network of its
//! own, where every address of 10.64.0.0/10 is this machine: node `n` of a world
//! is at port 22 of `10.x.y.(10+n)`.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "cases fail by panicking")]

mod agents;
mod contact;
mod deleted;
mod departed;
mod doctor;
mod existing;
mod faults;
mod fetched;
mod habits;
mod healed;
mod honest;
mod interrupted;
mod joining;
mod kept;
mod locks;
mod logs;
mod manners;
mod model;
mod network;
mod node;
mod run;
mod selected;
mod server;
mod shell;
mod words;
mod world;

use libtest_mimic::{Arguments, Trial};

/// A case fails by panicking.
type Case = fn();

/// Each case by the name it has in the code.
macro_rules! cases {
    ($($module:ident :: $case:ident),* $(,)?) => {
        [$((stringify!($case), $module::$case as Case)),*]
    };
}

const CASES: &[(&str, Case)] = &cases![
    habits::what_could_not_be_looked_at_is_never_called_unchanged,
    habits::what_needs_a_cluster_says_before_the_first_run_that_there_is_none,
    habits::the_kubeconfig_is_printed_or_laid_into_a_file_that_keeps_what_it_has,
    habits::a_lower_k3s_is_refused_before_anything_is_fetched,
    habits::on_a_narrow_terminal_no_word_is_cut,
    habits::a_run_that_fails_is_not_called_done,
    habits::what_the_inventory_writes_wrongly_is_told_with_its_line_and_no_node_is_asked,
    honest::fresh_nodes_become_a_cluster_and_a_second_run_changes_nothing,
    honest::a_node_that_wants_a_password_gets_it_and_it_is_nowhere_else,
    honest::a_run_on_a_terminal_shows_the_same,
    healed::swap_that_is_still_active_restarts_the_node,
    healed::a_host_name_that_only_runs_is_written_down,
    kept::a_kernel_line_that_is_not_plain_is_refused_before_anything_is_changed,
    kept::bytes_of_people_stay_as_they_are,
    joining::agent_nodes_get_a_token_that_is_good_for_joining_only,
    joining::a_cluster_of_an_earlier_version_is_moved_over_and_told_of_its_token,
    joining::a_move_that_fails_anywhere_is_ended_by_the_next_run,
    joining::a_node_that_is_away_during_the_move_is_moved_when_it_is_back,
    joining::a_server_that_offers_its_own_token_is_not_believed,
    joining::agent_nodes_join_a_server_that_was_flashed_anew,
    agents::all_agents_have_one_login_from_their_first_start_on,
    agents::a_login_that_is_not_whole_is_made_anew_and_a_copy_is_copied,
    agents::a_login_of_parts_that_do_not_belong_together_goes_to_no_node,
    agents::without_the_server_a_node_keeps_its_login,
    agents::one_key_opens_the_agents_and_closes_them_again,
    manners::a_probe_with_nonsense_in_it_is_told_with_the_value_and_the_key,
    manners::a_connection_that_ends_before_or_after_a_command_is_taken_up_again,
    manners::a_command_that_fails_is_told_in_the_nodes_words,
    manners::a_node_that_lets_nobody_in_is_told_by_its_name,
    manners::a_login_shell_that_is_none_is_told_with_what_it_said,
    manners::a_run_that_is_interrupted_ends_at_once_and_frees_the_lock,
    manners::a_node_that_goes_away_for_good_does_not_keep_the_run,
    manners::a_host_key_is_said_in_full_at_the_first_contact,
    manners::what_is_typed_on_a_terminal_reaches_the_prompt,
    interrupted::a_signal_is_heard_at_every_step_of_a_first_run,
    interrupted::a_signal_is_heard_at_every_step_of_the_commands_that_look,
    interrupted::a_signal_is_heard_while_a_node_restarts,
    interrupted::a_signal_is_heard_while_nothing_answers_at_the_port,
    contact::an_unknown_node_gets_no_password_from_a_script,
    contact::the_environment_says_what_the_option_says,
    contact::on_a_terminal_somebody_is_asked_about_one_node_after_another,
    contact::on_a_terminal_somebody_is_asked_about_a_jump_host_before_what_is_behind_it,
    contact::the_policy_for_host_keys_holds_for_jump_hosts_too,
    contact::the_ssh_config_may_be_strict_with_a_jump_host_alone,
    contact::a_password_that_was_typed_waits_for_the_answer,
    contact::a_no_ends_the_run_before_anything_was_sent,
    contact::a_host_key_of_the_inventory_is_believed_and_nothing_else,
    contact::trust_shows_the_keys_and_records_them_when_told,
    contact::trust_replaces_a_changed_key_only_when_told,
    contact::what_a_node_says_before_the_login_is_shown,
    contact::a_locked_key_is_unlocked_on_the_terminal_once_for_all_nodes,
    fetched::a_plan_records_nothing_and_a_run_holds_a_changed_release_against_the_first_one,
    fetched::a_mirror_that_spoils_program_and_checksum_is_caught_by_the_lock_file,
    fetched::over_plain_http_nothing_is_taken_that_nobody_knows,
    fetched::ctrl_c_ends_a_download_that_drips_and_leaves_nothing,
    words::a_kubeconfig_that_runs_or_sends_something_is_refused_and_the_operators_stays,
    words::what_steers_a_terminal_is_written_out_wherever_a_node_says_it,
    words::on_a_terminal_too_nothing_of_a_node_steers_it,
    words::no_line_of_a_node_looks_like_one_of_ours,
    words::a_secret_that_a_node_repeats_is_printed_in_no_form,
    words::an_entry_of_ours_that_somebody_spoilt_is_healed_and_told,
    faults::a_command_that_fails_anywhere_fails_the_run_and_the_next_takes_it_up,
    faults::nonsense_from_anywhere_is_no_success_that_is_none,
    faults::a_connection_lost_once_anywhere_before_or_after_a_command_does_no_harm,
    faults::a_node_that_goes_away_for_good_anywhere_is_told_by_its_name,
    faults::a_node_that_is_not_well_after_its_restart_fails_the_run_and_no_other_waits,
    faults::the_words_of_a_run_that_failed_are_not_those_of_one_that_is_done,
    faults::a_restart_that_was_lost_with_its_connection_is_told_again,
    locks::a_second_run_is_refused_with_who_and_since_and_the_first_goes_on,
    locks::a_holder_whose_words_begin_as_ours_is_somebody_else,
    locks::the_lock_of_a_connection_the_node_has_not_given_up_is_taken_over,
    locks::no_process_is_ended_that_is_not_proven_to_hold_our_lock,
    locks::what_an_earlier_version_or_another_user_left_is_healed_or_refused,
    locks::a_folder_that_is_not_roots_own_is_not_used,
    doctor::before_the_first_run_doctor_finds_all_it_takes_and_touches_nothing,
    doctor::a_cluster_that_runs_is_well_and_what_is_not_is_told_with_what_to_do,
    doctor::a_node_that_would_be_refused_is_refused_by_doctor,
    doctor::what_is_wrong_on_this_machine_is_told_before_anything_is_asked,
    doctor::a_bundle_has_what_a_report_needs_and_no_secret,
    logs::a_run_that_fails_names_its_log_which_has_the_command_and_no_secret,
    logs::what_never_comes_to_a_node_has_no_log,
    logs::a_run_that_is_killed_leaves_what_it_has_said,
    logs::two_runs_at_once_have_two_logs_and_the_oldest_go,
    logs::a_folder_that_cannot_be_written_is_told_once_and_harms_nothing,
    logs::verbose_says_on_standard_error_what_the_log_has,
    departed::a_node_that_is_taken_out_or_renamed_is_noted_with_what_it_holds,
    deleted::a_secret_that_was_deleted_is_named_by_all_that_looks,
    deleted::what_was_scaled_to_nothing_or_has_no_pod_is_told,
    deleted::a_namespace_that_is_being_deleted_is_refused_with_what_holds_it,
    departed::a_fresh_card_under_an_old_name_is_told_soon_with_the_whole_command,
    selected::a_node_that_is_off_is_left_out_when_that_is_said_and_nothing_fails,
    selected::one_node_alone_is_set_up_and_no_other_is_changed,
    selected::a_selection_that_makes_no_sense_is_refused_before_any_node_is_asked,
    existing::a_k3s_of_somebody_elses_is_refused_and_nothing_is_changed,
    existing::with_the_word_it_is_taken_over_with_copies_and_once,
    existing::a_takeover_that_fails_anywhere_is_ended_by_the_next_run,
    existing::what_cannot_change_in_the_cluster_is_asked_into_the_inventory,
    existing::another_kubernetes_is_refused_with_the_word_too,
    existing::a_node_of_another_cluster_is_told_and_keeps_what_it_has,
    existing::a_cluster_of_another_inventory_is_told_before_anything_is_changed,
    existing::a_cluster_without_a_mark_gets_it_silently,
];

fn main() {
    network::enter();
    let arguments = Arguments::from_args();
    let trial = |&(name, case): &(&str, Case)| {
        Trial::test(name, move || {
            case();
            Ok(())
        })
    };
    libtest_mimic::run(&arguments, CASES.iter().map(trial).collect()).exit();
}
