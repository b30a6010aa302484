//! The host name of a pool's token endpoint: a prefix of AWS's domain, or a domain of the user's own.

use serde::{Deserialize, Serialize};

use crate::model::Text;

/// A domain of a user pool.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The pool's id.
    pub user_pool: Text,
    /// The address under which the pool's tags mark it as ours.
    pub mark: String,
    /// The prefix or the whole host name.
    pub domain: Text,
    /// The ARN of the certificate, for a domain of one's own.
    pub certificate: Option<Text>,
}
