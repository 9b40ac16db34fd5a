//! The charts are embedded when the crate is compiled: compile again when a
//! file among them comes, goes or changes.

fn main() {
    println!("cargo::rerun-if-changed=charts");
}
