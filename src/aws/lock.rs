//! The Systems Manager parameters of locks. `PutParameter` without `Overwrite` creates one or fails, which decides between two
//! runs.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_ssm::types::ParameterType;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use jiff::Timestamp;
use jiff::fmt::rfc2822;

use super::connection::Connection;
use super::error::AwsError;
use super::lease::Lease;
use super::pace::{Operation, Pacer, Service};
use crate::clock::Clock;

/// Reads and writes the parameters of locks, with its own sockets: it continues while the rest of the process waits at a prompt.
#[derive(Clone, Debug)]
pub struct LockParameters {
    client: aws_sdk_ssm::Client,
    /// The same for what may be written once the lease is over.
    without_lease: aws_sdk_ssm::Client,
    pacer: Pacer,
    lease: Lease,
    clock: Clock,
}

/// A parameter as it was read.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its value.
    pub value: String,
    /// How often it was written.
    pub version: i64,
    /// When it was written last, by AWS's clock.
    pub written: Timestamp,
    /// When it was read, by AWS's clock if the response has a date.
    pub read: Timestamp,
}

/// The result of creating a parameter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Put {
    /// It was made.
    Made,
    /// It exists already.
    Exists,
}

const fn operation(name: &str) -> Operation<'_> {
    Operation::of(Service::Ssm, name)
}

impl Connection {
    /// The parameters of locks, by this clock.
    pub fn lock_parameters(&self, clock: &Clock) -> LockParameters {
        let config = || {
            let config = aws_sdk_ssm::config::Builder::from(self.config());
            config.interceptor(self.tally().clone())
        };
        let leased = config().interceptor(self.lease().clone());
        LockParameters {
            client: aws_sdk_ssm::Client::from_conf(leased.build()),
            without_lease: aws_sdk_ssm::Client::from_conf(config().build()),
            pacer: self.pacer().clone(),
            lease: self.lease().clone(),
            clock: clock.clone(),
        }
    }
}

impl LockParameters {
    /// The same with its own sockets, for another thread.
    #[must_use]
    pub fn on_another_thread(&self) -> Self {
        let anew = |client: &aws_sdk_ssm::Client| {
            aws_sdk_ssm::Client::from_conf(client.config().to_builder().build())
        };
        Self {
            client: anew(&self.client),
            without_lease: anew(&self.without_lease),
            pacer: Pacer::new(Clock::system()),
            ..self.clone()
        }
    }

    /// The same, writing also once the lease is over.
    #[must_use]
    pub(crate) fn without_lease(&self) -> Self {
        Self {
            client: self.without_lease.clone(),
            ..self.clone()
        }
    }

    /// Whether the process may write.
    pub(crate) fn lease(&self) -> &Lease {
        &self.lease
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Creates a parameter unless it exists already.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn make(&self, name: &str, value: &str) -> Result<Put, AwsError> {
        let put = operation("PutParameter");
        self.pacer.admit(&put).await;
        let request = self
            .client
            .put_parameter()
            .name(name)
            .r#type(ParameterType::String)
            .value(value);
        match request.send().await {
            Ok(_) => Ok(Put::Made),
            Err(error) => match AwsError::from_sdk(&put, error) {
                // AWS's error for two concurrent writes of one parameter.
                error if error.is("ParameterAlreadyExists") || error.is("TooManyUpdates") => {
                    Ok(Put::Exists)
                }
                error => Err(error),
            },
        }
    }

    /// Overwrites a parameter; returns its version.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn overwrite(&self, name: &str, value: &str) -> Result<i64, AwsError> {
        let put = operation("PutParameter");
        self.pacer.admit(&put).await;
        let request = self
            .client
            .put_parameter()
            .name(name)
            .r#type(ParameterType::String)
            .value(value)
            .overwrite(true);
        let answer = request.send().await;
        let answer = answer.map_err(|error| AwsError::from_sdk(&put, error))?;
        Ok(answer.version)
    }

    /// Reads a parameter; `None` if it does not exist.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn read(&self, name: &str) -> Result<Option<Parameter>, AwsError> {
        let get = operation("GetParameter");
        self.pacer.admit(&get).await;
        let date = AnswersDate::default();
        let request = self.client.get_parameter().name(name);
        let answer = request.customize().interceptor(date.clone()).send().await;
        let answer = match answer.map_err(|error| AwsError::from_sdk(&get, error)) {
            Ok(answer) => answer,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(parameter) = answer.parameter else {
            return Ok(None);
        };
        let read = date.get().unwrap_or_else(|| self.clock.now());
        let written = parameter.last_modified_date;
        let written = written.and_then(|date| Timestamp::from_nanosecond(date.as_nanos()).ok());
        Ok(Some(Parameter {
            value: parameter.value.unwrap_or_default(),
            version: parameter.version,
            written: written.unwrap_or(read),
            read,
        }))
    }

    /// Deletes a parameter; if it is already deleted, that is a success.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn delete(&self, name: &str) -> Result<(), AwsError> {
        let delete = operation("DeleteParameter");
        self.pacer.admit(&delete).await;
        let answer = self.client.delete_parameter().name(name).send().await;
        match answer.map_err(|error| AwsError::from_sdk(&delete, error)) {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }
}

/// The date of a response: AWS's time, whatever the machine's clock says.
#[derive(Clone, Debug, Default)]
struct AnswersDate(Arc<Mutex<Option<Timestamp>>>);

impl AnswersDate {
    fn get(&self) -> Option<Timestamp> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for AnswersDate {
    fn name(&self) -> &'static str {
        "the answer's date"
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|date| rfc2822::parse(date).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date.map(|date| date.timestamp());
        Ok(())
    }
}
