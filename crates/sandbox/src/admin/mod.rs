//! Sandbox administration under `/sandbox`.
