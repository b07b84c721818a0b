//! When to give memory back. Buffers and tables are kept from one look to the next; what a flood of
//! sockets once needed must not be kept for ever.

/// Less than this many elements are not worth the work.
const SMALL: usize = 8192;

/// True if a collection with room for `capacity` elements has grown far beyond the `used` ones.
/// Shrink it to [`roomy`] then, so that it does not grow again at once.
pub const fn is_slack(capacity: usize, used: usize) -> bool {
    capacity > SMALL && capacity / 4 > used
}

/// Room for the `used` elements and for as many again.
pub const fn roomy(used: usize) -> usize {
    used.saturating_mul(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_shrunk_is_not_slack_again() {
        assert!(!is_slack(SMALL, 0) && !is_slack(40_000, 10_000) && is_slack(40_004, 10_000));
        // A hash table takes up to the next power of two, and an eighth more.
        assert!(!is_slack(roomy(10_000) * 2, 10_000));
    }
}
