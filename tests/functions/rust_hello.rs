//! A Lambda function in Rust, written as for AWS: `tests/it/rust_function.rs` runs it on the local AWS.

use std::sync::atomic::{AtomicU32, Ordering};

use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

/// The calls that this process had.
static CALLS: AtomicU32 = AtomicU32::new(0);

/// An error with a type of its own.
#[derive(Debug)]
struct OutOfGreetings;

impl From<OutOfGreetings> for Diagnostic {
    fn from(_: OutOfGreetings) -> Self {
        Self {
            error_type: "OutOfGreetings".into(),
            error_message: "no greeting is left".into(),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt()
        .with_ansi(false)
        .without_time()
        .init();
    run(service_fn(hello)).await
}

async fn hello(event: LambdaEvent<Value>) -> Result<Value, OutOfGreetings> {
    let calls = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
    match event.payload["queryStringParameters"]["fail"].as_str() {
        Some("error") => Err(OutOfGreetings),
        Some("panic") => panic!("the greeting broke"),
        _ => Ok(json!({
            "statusCode": 200,
            "body": json!({ "calls": calls, "function": event.context.env_config.function_name }).to_string(),
        })),
    }
}
