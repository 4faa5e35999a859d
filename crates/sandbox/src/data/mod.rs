//! Seed tables of the pretend models.
