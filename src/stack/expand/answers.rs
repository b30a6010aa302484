//! Headers, and API Gateway's own answers.

use std::collections::BTreeMap;

use super::Expansion;
use super::api::api_id;
use crate::kinds::gateway_response::{self, CLIENT_ERRORS, SERVER_ERRORS};
use crate::kinds::{HeaderValue, Resource};
use crate::model::Place;
use crate::stack::cors;
use crate::stack::file::{self, Api, Cors};

impl Expansion<'_> {
    pub(super) fn headers(
        &self,
        headers: &BTreeMap<String, file::HeaderValue>,
    ) -> BTreeMap<String, HeaderValue> {
        let value = |value: &file::HeaderValue| match value {
            file::HeaderValue::Fixed(text) => HeaderValue::Fixed(self.text(text)),
            file::HeaderValue::From(from) => HeaderValue::Mapped { from: from.clone() },
        };
        headers
            .iter()
            .map(|(name, header)| (name.clone(), value(header)))
            .collect()
    }

    /// API Gateway's own answers: those that the file describes, and with CORS the general ones. Each has the CORS headers, since a
    /// type that has an answer of its own does not get those of the general one: without them a browser shows a CORS error instead
    /// of the 401, 403 or 429.
    pub(super) fn gateway_responses(&mut self, api: &Api) {
        for (response_type, response) in &api.gateway_responses {
            let address = Place::GatewayResponse(response_type.clone()).address();
            let bodies = response.body.as_ref().map(|bodies| {
                let bodies = bodies.0.iter();
                bodies
                    .map(|(media_type, body)| (media_type.clone(), self.text(body)))
                    .collect()
            });
            let props = gateway_response::Props {
                api: api_id(),
                response_type: response_type.clone(),
                status: response.status,
                headers: with_cors(api, self.headers(&response.headers)),
                bodies: bodies.unwrap_or_else(gateway_response::default_bodies),
            };
            self.add(address, Resource::GatewayResponse(props));
        }
        let general = [
            (Place::ClientErrors, CLIENT_ERRORS),
            (Place::ServerErrors, SERVER_ERRORS),
        ];
        for (place, response_type) in general {
            if matches!(api.cors, Cors::On(_)) && !api.gateway_responses.contains_key(response_type)
            {
                let props = gateway_response::Props {
                    api: api_id(),
                    response_type: response_type.into(),
                    status: None,
                    headers: with_cors(api, BTreeMap::new()),
                    bodies: gateway_response::default_bodies(),
                };
                self.add(place.address(), Resource::GatewayResponse(props));
            }
        }
    }
}

/// Headers with those of CORS that they lack.
fn with_cors(
    api: &Api,
    mut headers: BTreeMap<String, HeaderValue>,
) -> BTreeMap<String, HeaderValue> {
    if let Cors::On(cors) = &api.cors {
        for (name, value) in cors::refused(cors) {
            if !headers.keys().any(|own| own.eq_ignore_ascii_case(&name)) {
                headers.insert(name, value);
            }
        }
    }
    headers
}
