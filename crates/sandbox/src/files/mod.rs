//! True files for exports.
