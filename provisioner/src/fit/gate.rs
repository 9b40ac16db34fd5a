//! Before anything is deployed: does the stack fit the nodes as they were found?
//! Less is asked than by `provision fit`, for the answer is waited for.

use terrarium_fit::verdict::Budget;
use terrarium_plan::Refusal;

use super::advice;
use super::allowance::Allowance;
use super::answer::{Subject, Word};
use super::judge::{Terms, glance};
use super::problem::Asked;

/// Enough to tell luck from none, and no proof that every order does.
const BUDGET: Budget = Budget { search: 200_000, proof: 0, runs: 200, seed: 1 };
const MORE: &str = "`provision fit` tells more";

/// What the gate has to say of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Gate {
    /// Nothing.
    Open,
    /// It may fit and may not.
    Tight(Refusal),
    /// It does not.
    Closed(Refusal),
}

/// Judges whether the stack is to be deployed.
pub(crate) fn gate(asked: &Asked, allowance: &Allowance) -> Gate {
    let terms = Terms {
        subject: Subject { title: "the stack".to_owned(), source: "charts" },
        budget: BUDGET,
        stock: false,
        prices: &[],
        refused: Vec::new(),
        notes: Vec::new(),
        again: None,
        allowance,
    };
    let (word, reasons) = glance(asked, &terms);
    let why = reasons.join("; ");
    let say = |what: String, hint: String| Refusal::new("stack", "fit", what, hint);
    match word {
        Word::Fits => Gate::Open,
        Word::Tight => Gate::Tight(say(format!("it will be tight: {why}"), MORE.to_owned())),
        Word::DoesNotFit => {
            let drop = allowance.spend(|| advice::drop(asked, &[]));
            let drop = drop
                .flatten()
                .map_or_else(String::new, |change| format!("in [stack], {}; ", change.what));
            let hint = format!("{drop}{MORE}, and --ignore-fit deploys what there is room for");
            Gate::Closed(say(format!("the stack does not fit its nodes: {why}"), hint))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cancel::Cancel;
    use crate::fit::boards::parse;
    use crate::fit::problem::of_parts;
    use crate::fit::site::Site;
    use crate::fit::stack::stand_in;

    /// A stand-in on boards with so many GiB of disk.
    fn gate_of(boards: &str, profile: &str, disk: u64) -> Gate {
        let wanted = parse(boards).unwrap();
        let site = |wanted| Site::of_board(wanted, Some(disk << 30));
        let sites: Vec<Site> = wanted.iter().map(site).collect();
        let parts = stand_in(profile, &[], &sites).unwrap();
        let allowance = Allowance::new(Duration::from_mins(10), &Cancel::default());
        gate(&of_parts(&parts, sites, &[], false).unwrap(), &allowance)
    }

    #[test]
    fn nothing_is_said_of_what_fits() {
        assert_eq!(gate_of("3xpi4-4gb", "small", 100), Gate::Open);
    }

    #[test]
    fn what_cannot_fit_is_refused_with_numbers_and_what_to_leave_out() {
        let Gate::Closed(refusal) = gate_of("3xpi4-4gb", "small+openmetadata+datahub", 100) else {
            panic!("it does not fit")
        };
        assert_eq!(refusal.node.as_deref(), Some("stack"));
        assert!(refusal.what.contains("7750 MiB"), "{}", refusal.what);
        for part in ["in [stack], leave out `datahub`", "provision fit", "--ignore-fit"] {
            assert!(refusal.hint.contains(part), "{part}: {}", refusal.hint);
        }
    }

    #[test]
    fn what_is_tight_is_said_and_goes_on() {
        let Gate::Tight(note) = gate_of("3xpi4-4gb", "small", 1) else {
            panic!("the disks are full")
        };
        assert!(note.what.contains("tight: volumes of"), "{}", note.what);
    }
}
