//! One integration binary for the whole sandbox, driven over HTTP.
