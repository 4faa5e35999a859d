//! What Power BI can do, as data and pure code: no async, no network.
