//! What a value must be beyond its type: one file per kind of value, each a
//! pure function from the text to what it means or to a complaint.

pub(crate) mod board;
pub(crate) mod host;
pub(crate) mod host_key;
pub(crate) mod images;
pub(crate) mod jump;
pub(crate) mod k3s;
pub(crate) mod labels;
pub(crate) mod lists;
pub(crate) mod mirror;
pub(crate) mod names;
pub(crate) mod options;
pub(crate) mod packages;
pub(crate) mod paths;
pub(crate) mod pins;
pub(crate) mod roles;
pub(crate) mod timezone;

use std::ops::Range;

use crate::at::At;
use crate::problem::Problem;

/// What is wrong with a value, before it is known where the value stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) code: &'static str,
    /// The whole sentence.
    pub(crate) message: String,
    /// The words under the underlined value.
    pub(crate) why: String,
    /// What to write instead.
    pub(crate) help: String,
}

impl Complaint {
    pub(crate) fn at(self, span: Range<usize>) -> Problem {
        Problem::new(self.code, self.message).at(span, self.why).help(self.help)
    }
}

/// Collects problems while values are taken out of the file.
#[derive(Debug, Default)]
pub(crate) struct Findings(pub(crate) Vec<Problem>);

impl Findings {
    pub(crate) fn add(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// What `check` makes of the value; `None` after writing down why not.
    pub(crate) fn take<T>(
        &mut self,
        value: &At<String>,
        check: impl FnOnce(&str) -> Result<T, Complaint>,
    ) -> Option<T> {
        check(value.get()).map_err(|complaint| self.add(complaint.at(value.span()))).ok()
    }
}
