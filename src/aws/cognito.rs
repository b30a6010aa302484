//! Reads of Cognito user pools, and the tagging API's list of pools.

/// Answers asked once a run.
#[derive(Debug, Default)]
pub(super) struct CognitoAnswers {}
