//! The Lambda Runtime API of one process.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tokio::task::{AbortHandle, JoinSet};

use super::locked;
use super::report::LARGEST_ANSWER;

const BASE: &str = "/2018-06-01/runtime/";

/// What the process gets with an invocation.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) request_id: String,
    pub(super) deadline_ms: i64,
    pub(super) invoked_arn: String,
    pub(super) trace_id: String,
    pub(super) client_context: Option<String>,
    pub(super) payload: Bytes,
}

/// What the process says.
#[derive(Debug, PartialEq)]
pub(super) enum Heard {
    /// It waits for the next invocation.
    Ready,
    /// It has the invocation.
    Taken,
    /// What the function answers.
    Answered(Bytes),
    /// What it reports of an error of the function.
    Failed(Bytes),
    /// The answer is larger than one may be.
    TooLarge,
    /// It can't start.
    InitFailed(Bytes),
}

/// A process's own end of it.
pub(super) struct RuntimeApi {
    pub(super) address: SocketAddr,
    pub(super) heard: mpsc::UnboundedReceiver<Heard>,
    jobs: mpsc::UnboundedSender<Job>,
    desk: Arc<Desk>,
    serving: AbortHandle,
}

struct Desk {
    jobs: AsyncMutex<mpsc::UnboundedReceiver<Job>>,
    /// The invocation that the process has.
    current: Mutex<Option<String>>,
    heard: mpsc::UnboundedSender<Heard>,
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl RuntimeApi {
    /// Listens at a free port of this machine.
    pub(super) async fn listen() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (jobs, queue) = mpsc::unbounded_channel();
        let (heard, hearing) = mpsc::unbounded_channel();
        let desk = Arc::new(Desk {
            jobs: AsyncMutex::new(queue),
            current: Mutex::default(),
            heard,
        });
        let serving = tokio::spawn(serve(listener, Arc::clone(&desk)));
        Ok(Self {
            address,
            heard: hearing,
            jobs,
            desk,
            serving: serving.abort_handle(),
        })
    }

    /// Gives the process an invocation.
    pub(super) fn give(&self, job: Job) {
        *locked(&self.desk.current) = Some(job.request_id.clone());
        // The receiver lives as long as this.
        let _ = self.jobs.send(job);
    }
}

/// Accepts connections until it is aborted; then they end as well.
async fn serve(listener: TcpListener, desk: Arc<Desk>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        // With Nagle's algorithm, answers are delayed by 40 ms.
        let _ = stream.set_nodelay(true);
        let desk = Arc::clone(&desk);
        connections.spawn(async move {
            let service = service_fn(|request| {
                let desk = Arc::clone(&desk);
                async move { Ok::<_, Infallible>(desk.answer(request).await) }
            });
            // A connection that fails is the process's end, which is noticed elsewhere.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
        while connections.try_join_next().is_some() {}
    }
}

impl Desk {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        if request.headers().contains_key(header::ORIGIN)
            || request.headers().contains_key("sec-fetch-site")
        {
            return error(StatusCode::FORBIDDEN, "Forbidden", "not for web pages");
        }
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().strip_prefix(BASE).unwrap_or_default();
        let parts_of_path: Vec<&str> = path.split('/').collect();
        match (&parts.method, parts_of_path.as_slice()) {
            (&Method::GET, ["invocation", "next"]) => self.next().await,
            (&Method::POST, ["invocation", id, "response"]) => {
                self.answered(id, body, Heard::Answered).await
            }
            (&Method::POST, ["invocation", id, "error"]) => {
                self.answered(id, body, Heard::Failed).await
            }
            (&Method::POST, ["init", "error"]) => {
                let body = read(body).await.unwrap_or_default();
                self.say(Heard::InitFailed(body));
                accepted()
            }
            _ if parts.uri.path().starts_with(BASE) => {
                error(StatusCode::NOT_FOUND, "NotFound", "404 page not found")
            }
            // A call of AWS, whose endpoint this is where the local AWS doesn't listen.
            _ => {
                const WHY: &str =
                    "the local AWS can't be called by this function, since it does not listen";
                let mut answer = error(StatusCode::NOT_IMPLEMENTED, "NotImplemented", WHY);
                let kind = HeaderValue::from_static("NotImplemented");
                answer.headers_mut().insert("x-amzn-errortype", kind);
                answer
            }
        }
    }

    fn say(&self, heard: Heard) {
        // Nobody listens at the owner's end.
        let _ = self.heard.send(heard);
    }

    async fn next(&self) -> Response<Body> {
        let mut jobs = self.jobs.lock().await;
        self.say(Heard::Ready);
        let Some(job) = jobs.recv().await else {
            return error(StatusCode::GONE, "Gone", "the environment has ended");
        };
        self.say(Heard::Taken);
        let mut response = Response::new(Body::from(job.payload));
        let deadline = job.deadline_ms.to_string();
        for (name, value) in [
            ("lambda-runtime-aws-request-id", job.request_id.as_str()),
            ("lambda-runtime-deadline-ms", &deadline),
            ("lambda-runtime-invoked-function-arn", &job.invoked_arn),
            ("lambda-runtime-trace-id", &job.trace_id),
            (
                "lambda-runtime-client-context",
                job.client_context.as_deref().unwrap_or_default(),
            ),
            ("content-type", "application/json"),
        ] {
            if let Ok(value) = HeaderValue::from_str(value)
                && !value.is_empty()
            {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }

    async fn answered(
        &self,
        id: &str,
        body: Incoming,
        heard: impl FnOnce(Bytes) -> Heard,
    ) -> Response<Body> {
        let Some(body) = read(body).await else {
            return error(
                StatusCode::BAD_REQUEST,
                "InvalidRequest",
                "the body broke off",
            );
        };
        let is_current = locked(&self.current).take_if(|current| current == id);
        if is_current.is_none() {
            return error(
                StatusCode::BAD_REQUEST,
                "InvalidRequestID",
                "Invalid request ID",
            );
        }
        if body.len() > LARGEST_ANSWER {
            self.say(Heard::TooLarge);
            let text = format!("Exceeded maximum allowed payload size ({LARGEST_ANSWER} bytes).");
            return error(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLarge",
                &text,
            );
        }
        self.say(heard(body));
        accepted()
    }
}

/// A body, of which what is too large is left out; none if it breaks off.
async fn read(body: Incoming) -> Option<Bytes> {
    let mut chunks = Body::new(body).into_data_stream();
    let mut read = BytesMut::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.ok()?;
        let left = LARGEST_ANSWER + 1 - read.len();
        read.extend_from_slice(&chunk[..chunk.len().min(left)]);
    }
    Some(read.freeze())
}

fn accepted() -> Response<Body> {
    json_answer(StatusCode::ACCEPTED, json!({"status": "OK"}))
}

fn error(status: StatusCode, kind: &str, text: &str) -> Response<Body> {
    json_answer(
        status,
        json!({"errorType": kind, "errorMessage": text, "message": text}),
    )
}

fn json_answer(status: StatusCode, body: serde_json::Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
