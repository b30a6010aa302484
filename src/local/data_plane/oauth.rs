//! Cognito's domain: the token endpoint.
