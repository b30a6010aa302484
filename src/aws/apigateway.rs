//! Reads of API Gateway.

/// Answers asked once a run.
#[derive(Debug, Default)]
pub(super) struct ApiGatewayAnswers {}
