//! Pages for people, each with the banner that says this is not Microsoft.
