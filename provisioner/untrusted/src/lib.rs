//! What comes from outside the program: a node's words, a file's, a person's.
//! [`FromNode`] keeps them apart from everything that is written, run or
//! configured until a parser has made values of them, and [`visible`] is how they
//! are shown.

mod grammar;
mod node;
mod visible;

pub use grammar::{LINE_MAX, is_line, is_subdomain, is_word, line, lines, maybe_line};
pub use node::FromNode;
pub use visible::{is_hidden, visible};
