//! How a tool that takes long tells how far it is.

/// How far a tool is.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Grows from step to step.
    pub done: f64,
    pub total: Option<f64>,
    pub message: String,
}

/// Where steps are told; a face passes them on to the client.
#[derive(Default)]
pub struct Progress(Option<Box<dyn Fn(Step) + Send + Sync>>);

impl Progress {
    /// Nobody wants to know.
    pub fn none() -> Self {
        Self(None)
    }

    /// Calls `tell` with every step; it must not block.
    pub fn to(tell: impl Fn(Step) + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(tell)))
    }

    /// Tells a step.
    pub fn say(&self, done: f64, total: Option<f64>, message: impl Into<String>) {
        if let Some(tell) = &self.0 {
            tell(Step {
                done,
                total,
                message: message.into(),
            });
        }
    }
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Progress").field(&self.0.is_some()).finish()
    }
}
