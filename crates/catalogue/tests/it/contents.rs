//! What the built-in catalogue holds.
