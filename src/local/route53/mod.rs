//! Route 53: hosted zones and their records.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::operation::Operation;

/// The Region that requests to Route 53 are signed for: it is global, and all its state is there. CloudFront takes certificates from there.
pub(in crate::local) const GLOBAL_REGION: &str = "us-east-1";

/// The operations the local service has.
pub(super) const OPERATIONS: &[&[Operation]] = &[];

/// What a Region holds of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// When records that prove a name to ACM stood, by name and value: from, and until when. They outlast the records, since what was proven
    /// while one stood stays proven.
    proofs: BTreeMap<String, Vec<(f64, Option<f64>)>>,
}

impl State {
    /// When a CNAME record with this name and value stood in a public zone: from, and until when.
    pub(in crate::local) fn stood(
        &self,
        name: &str,
        value: &str,
    ) -> impl Iterator<Item = (f64, Option<f64>)> {
        let times = self.proofs.get(&format!("{name} {value}"));
        times.into_iter().flatten().copied()
    }
}
