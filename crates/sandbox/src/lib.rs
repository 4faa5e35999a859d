//! A pretend Microsoft Entra ID and Power BI, served over HTTP, for tests and for trying things out.
//!
//! It is faithful where it answers and loud where it does not. It shares no code and no key with the gateway.
