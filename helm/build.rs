//! Charts and edges are embedded when the crate is compiled: compile again when
//! a file among them comes, goes or changes.

fn main() {
    println!("cargo::rerun-if-changed=charts");
    println!("cargo::rerun-if-changed=edges");
}
