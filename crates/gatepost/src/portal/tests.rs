//! Tests of the portal's pure parts.
