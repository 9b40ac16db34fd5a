//! `provision`: from fresh Raspberry Pis to a running stack, and back to that
//! state whenever it is run again.

use std::process::ExitCode;

fn main() -> ExitCode {
    terrarium_provisioner::main()
}
