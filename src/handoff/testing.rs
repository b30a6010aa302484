//! A caller with made-up credentials, for the tests.

use std::collections::{BTreeMap, BTreeSet};

use super::{Access, Allowance, Call};
use crate::caller::Credentials;
use crate::model::{HumanDuration, Number, Secret};

/// A partner with a token, a key and routes of every sort.
pub(super) fn access() -> Access {
    let call = |method: &str, path: &str, scopes: &[&str], api_key| Call {
        method: method.into(),
        path: path.into(),
        scopes: scopes
            .iter()
            .map(|scope| (*scope).to_owned())
            .collect::<BTreeSet<_>>(),
        api_key,
    };
    let (read, write) = ("xxx-api/read", "xxx-api/write");
    Access {
        stack: "claims".into(),
        caller: Some("acme".into()),
        api: "xxx-api".into(),
        stage: "prod".into(),
        invoke_url: "https://api.example.com/prod".into(),
        token_url: Some("https://login.example.com/oauth2/token".into()),
        token_header: "Authorization".into(),
        client_id: Some("made-up-client-id".into()),
        has_client: true,
        has_api_key: true,
        scopes: BTreeMap::from([
            (read.to_owned(), "read".to_owned()),
            (write.to_owned(), "write".to_owned()),
        ]),
        token_lifetime: Some(HumanDuration::from_secs(3600)),
        allowance: Some(Allowance {
            throttle: Some((Number(50.0), 100)),
            quota: Some((100_000, "month".into())),
            methods: BTreeMap::from([("GET /policies".to_owned(), (Number(2.5), 5))]),
        }),
        calls: vec![
            call("ANY", "/files/{rest+}", &[read], false),
            call("GET", "/health", &[], false),
            call("GET", "/policies", &[read, write], true),
            call("POST", "/policies", &[write], true),
            call("GET", "/policies/{id}", &[read], true),
        ],
    }
}

pub(super) fn credentials() -> Credentials {
    Credentials {
        client_id: "made-up-client-id".into(),
        client_secret: Some(Secret::new("made-up-client-secret")),
        api_key: Some(Secret::new("made-up-api-key-value")),
        stored_at: None,
    }
}
