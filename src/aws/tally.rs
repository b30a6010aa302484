use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use schemars::JsonSchema;
use serde::Serialize;

/// Counts every request as it leaves, retries included. Copies share the count.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<Mutex<Requests>>);

/// Requests by service and operation.
type Requests = BTreeMap<(String, String), u64>;

/// How many requests went out.
#[derive(Clone, Copy, Debug, Default, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Count {
    /// Requests that read.
    pub reads: u64,
    /// Requests that change something.
    pub writes: u64,
}

impl Tally {
    /// The requests so far.
    pub fn count(&self) -> Count {
        let mut count = Count::default();
        for ((_, operation), times) in self.by_operation() {
            *(if reads(&operation) {
                &mut count.reads
            } else {
                &mut count.writes
            }) += times;
        }
        count
    }

    /// The requests so far by AWS's service name and operation.
    pub fn by_operation(&self) -> BTreeMap<(String, String), u64> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Whether an operation of this name only reads.
pub(super) fn reads(operation: &str) -> bool {
    let mut verbs = ["Get", "List", "Describe"].iter();
    verbs.any(|verb| operation.starts_with(verb))
}

impl Intercept for Tally {
    fn name(&self) -> &'static str {
        "Tally"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(metadata) = config.load::<Metadata>() {
            let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let operation = (metadata.service().to_owned(), metadata.name().to_owned());
            *counts.entry(operation).or_default() += 1;
        }
        Ok(())
    }
}
