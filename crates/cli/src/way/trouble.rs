//! Why there is no answer, whichever way was taken.

use std::collections::BTreeMap;

use waybill_operate::Refusal;
use waybill_operate::refusal::ProblemBody;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// It looked, and nothing is called so.
    #[error("{0}")]
    NotFound(String),
    /// It looked, and it cannot be done as things stand.
    #[error("{0}")]
    Conflict(String),
    /// Asking again would change nothing.
    #[error("{0}")]
    Refused(String),
    /// It may go better in a while.
    #[error("{0:#}")]
    Lost(anyhow::Error),
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound(_) => Self::NotFound(refusal.to_string()),
            Refusal::Invalid(ref errors) => Self::Refused(with(&refusal.to_string(), errors)),
            Refusal::Conflict(_) => Self::Conflict(refusal.to_string()),
            Refusal::Unreadable(_) => Self::Refused(refusal.to_string()),
            Refusal::Database(error) => {
                Self::Lost(anyhow::Error::from(error).context("the database could not be asked"))
            }
        }
    }
}

impl From<ProblemBody> for Trouble {
    fn from(problem: ProblemBody) -> Self {
        let told = with(&problem.detail, &problem.errors);
        match (problem.status, &*problem.code) {
            (404, "not_found") => Self::NotFound(told),
            (409, "conflict") => Self::Conflict(told),
            (403, "forbidden") => Self::Refused(format!(
                "{told}, and this token does not give it: `waybill token create` makes one that does"
            )),
            (401, _) => Self::Refused(format!("{told}: --token or WAYBILL_TOKEN gives one")),
            (429 | 500.., _) => Self::Lost(anyhow::anyhow!("the console says: {told}")),
            _ => Self::Refused(told),
        }
    }
}

/// What cannot be understood, by parameter.
fn with(told: &str, errors: &BTreeMap<String, String>) -> String {
    let errors = errors.iter().map(|(name, must)| format!("{name} {must}"));
    let errors: Vec<String> = errors.collect();
    if errors.is_empty() { told.to_owned() } else { format!("{told}: {}", errors.join("; ")) }
}
