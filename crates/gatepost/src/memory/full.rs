//! Why there is no memory for a request.

/// Why a request gets no memory now, or never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// It alone needs more than one person may hold.
    #[error("it would take more than the {} MiB of memory that one person's calls may hold", mebibytes(*most))]
    TooLarge { most: usize },
    /// The person's other requests hold it.
    #[error("calls of this person that are under way hold the {} MiB of memory that one person's may", mebibytes(*most))]
    Person { most: usize },
    /// Everybody's requests hold it.
    #[error("calls that are under way hold the {} MiB of memory that the gateway has for them", mebibytes(*most))]
    Process { most: usize },
}

impl Full {
    /// When it is worth asking again, in seconds.
    pub const RETRY_AFTER_S: u64 = 5;
}

fn mebibytes(bytes: usize) -> usize {
    bytes / (1024 * 1024)
}
