//! A panic of a running gateway goes to its log with its place, and with its words only if they stand in the code.

use std::any::Any;

/// From now on; before logging begins, panics are shown as Rust shows them.
pub(super) fn log_them() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, words = words(panic.payload()), "a panic");
    }));
}

/// Words that were put together at run time may hold whatever was at hand: a token, a row, an argument.
fn words(payload: &(dyn Any + Send)) -> &'static str {
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .unwrap_or("not shown, for they may hold a secret")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// LOG-03 (half): what a panic says is shown only if it is a literal.
    #[test]
    fn a_panic_does_not_show_what_was_at_hand() {
        let secret = "eyJhbGciOiJSUzI1NiJ9.secret";
        let put_together = std::panic::catch_unwind(|| panic!("no use for {secret}")).unwrap_err();
        assert_eq!(words(&*put_together), "not shown, for they may hold a secret");
        let literal = std::panic::catch_unwind(|| panic!("the ring has a key")).unwrap_err();
        assert_eq!(words(&*literal), "the ring has a key");
        let failed: Result<(), &str> = std::hint::black_box(Err(secret));
        let expected = std::panic::catch_unwind(|| failed.expect("a key")).unwrap_err();
        assert!(!words(&*expected).contains(secret));
    }
}
