//! What the program tells: lines on standard error. The container's runtime
//! stamps them with the time.

use std::fmt::Arguments;
use std::io::Write;

/// Writes one line. With standard error gone there is nobody left to tell.
pub fn line(text: Arguments<'_>) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// An error with all that it is because of, on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut layer = error.source();
    while let Some(error) = layer {
        let reason = error.to_string();
        // Some libraries repeat their source in their own text.
        if !text.contains(&reason) {
            text.push_str(": ");
            text.push_str(&reason);
        }
        layer = error.source();
    }
    text
}
