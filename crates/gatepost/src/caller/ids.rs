//! Identifiers as types, so that one kind cannot be passed where another is meant.

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    )*};
}

id! {
    /// An environment.
    EnvironmentId
    /// A person.
    PersonId
    /// A group of people.
    GroupId
    /// An Entra app registration entered for one environment.
    IntegrationId
    /// One Microsoft account's grant through an integration.
    ConnectionId
    /// An OAuth client of ours.
    ClientId
    /// A person's consent for a client.
    GrantId
    /// An API key (not its secret).
    ApiKeyId
    /// A rule an administrator wrote.
    PolicyId
    /// A person's yes or no to one plan.
    ApprovalId
}
