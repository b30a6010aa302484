//! Exchanges through every kind of integration, with back ends on this machine.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ::http::{HeaderMap, HeaderName, HeaderValue, Method as Verb, Response};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::super::super::super::apigateway::{Definition, Method, Stage};
use super::super::super::super::service::{Options, Service};
use super::super::super::super::state::State;
use super::super::super::spelling::Spelling;
use super::super::super::{DataPlane, DataPlaneOptions, Mapping};
use super::super::exchange::{Exchange, NOT_IMPLEMENTED, Refused};
use super::{integrate, lambda};

/// What an exchange is about: everything that it borrows.
pub(in super::super) struct Ground {
    pub(in super::super) state: State,
    stage: Stage,
    definition: Definition,
    method: Method,
}

impl Default for Ground {
    fn default() -> Self {
        Self::of(json!({"settings": {"type": "MOCK"}}))
    }
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

impl Ground {
    /// An integration, with a method that declares every header it maps.
    fn of(integration: Value) -> Self {
        let mut responses = serde_json::Map::new();
        for (status, response) in integration["responses"].as_object().into_iter().flatten() {
            let parameters = response["responseParameters"].as_object();
            let declared: serde_json::Map<_, _> = parameters
                .into_iter()
                .flatten()
                .map(|(name, _)| (name.clone(), false.into()))
                .collect();
            responses.insert(status.clone(), json!({"responseParameters": declared}));
        }
        Self {
            state: State::default(),
            stage: read(json!({"settings": {"variables": {"host": "api.test", "link": "link01"}}})),
            definition: read(json!({"settings": {}})),
            method: read(
                json!({"settings": {}, "responses": responses, "integration": integration}),
            ),
        }
    }

    /// An integration of this type with these other settings.
    fn http(kind: &str, uri: impl Into<String>, settings: Value) -> Self {
        let mut settings = settings;
        settings["type"] = kind.into();
        settings["uri"] = uri.into().into();
        settings["httpMethod"] = settings.get("httpMethod").cloned().unwrap_or("ANY".into());
        Self::of(json!({"settings": settings}))
    }

    /// `GET /prod/policies/7?page=1&page=2` from 192.0.2.7.
    pub(in super::super) fn exchange(&self) -> Exchange<'_> {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Exchange {
            state: &self.state,
            account: "123456789012",
            region: "eu-west-1",
            now: "2026-11-21T10:00:00Z".parse().unwrap(),
            request_id: "0f7a3c52-8b1d-4e6f-9a20-b3c4d5e6f708".into(),
            api: "a1b2c3d4e5",
            stage_name: "prod",
            stage: &self.stage,
            definition: &self.definition,
            resource: "r1",
            resource_path: "/policies/{id}".into(),
            method: &self.method,
            verb: Verb::GET,
            host: "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com".into(),
            path: "/prod/policies/7".into(),
            path_in_stage: "/policies/7".into(),
            path_parameters: BTreeMap::from([pair("id", "7")]),
            query: vec![pair("page", "1"), pair("page", "2")],
            spelling: Spelling::default(),
            headers: headers(&[("x-role", "admin"), ("user-agent", "caller/1")]),
            body: Bytes::new(),
            source_ip: "192.0.2.7".parse().unwrap(),
            claims: read(json!({"client_id": "web", "cognito:username": "ann"})),
            api_key: None,
        }
    }

    async fn answer(&self) -> Result<Response<Bytes>, Refused> {
        integrated(DataPlaneOptions::default(), &self.exchange()).await
    }
}

fn headers(entries: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in entries {
        headers.append(
            HeaderName::from_static(name),
            HeaderValue::try_from(*value).unwrap(),
        );
    }
    headers
}

async fn integrated(
    options: DataPlaneOptions,
    exchange: &Exchange<'_>,
) -> Result<Response<Bytes>, Refused> {
    let plane = DataPlane::new(Service::in_memory(Options::default()), options);
    integrate(&plane.0, exchange).await
}

fn header<'r>(response: &'r Response<Bytes>, name: &str) -> Option<&'r str> {
    Some(response.headers().get(name)?.to_str().unwrap())
}

fn text(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}

/// A back end that gives every request the same response, and records requests.
struct BackEnd {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
}

impl BackEnd {
    async fn answering(answer: impl Into<String>) -> Self {
        let answer: Arc<str> = answer.into().into();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let back_end = Self {
            address: listener.local_addr().unwrap(),
            asked: Arc::default(),
            connections: Arc::default(),
        };
        let (asked, connections) = (back_end.asked.clone(), back_end.connections.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream, answer.clone(), asked.clone()));
            }
        });
        back_end
    }

    /// One that answers 200 with this body.
    async fn ok(body: &str) -> Self {
        let length = body.len();
        Self::answering(format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
        .await
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The last request, in lower case.
    fn last(&self) -> String {
        self.asked.lock().unwrap().last().unwrap().to_lowercase()
    }
}

/// Reads requests with a content length, and answers each; an empty response is never sent.
async fn serve(mut stream: TcpStream, answer: Arc<str>, asked: Arc<Mutex<Vec<String>>>) {
    let mut read = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return,
            Ok(length) => read.extend_from_slice(&chunk[..length]),
        }
        let request = String::from_utf8_lossy(&read).into_owned();
        let Some((head, body)) = request.split_once("\r\n\r\n") else {
            continue;
        };
        let head = head.to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        if body.len() < length {
            continue;
        }
        asked.lock().unwrap().push(request.clone());
        read.clear();
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// A refusal's kind, error type and message.
fn words(refused: &Refused) -> (&str, &str, &str) {
    (refused.kind, refused.error_type, &refused.message)
}

const CONFIGURATION: (&str, &str, &str) = (
    "API_CONFIGURATION_ERROR",
    "InternalServerErrorException",
    "Internal server error",
);

const UNREACHABLE: (&str, &str, &str) = (
    "INTEGRATION_FAILURE",
    "InternalServerErrorException",
    "Network error communicating with endpoint",
);

mod as_aws;
mod back_ends;
mod links;
mod mocks;
mod proxies;
