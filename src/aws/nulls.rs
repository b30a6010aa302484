//! API Gateway returns an empty template as a null in a map of texts, against its own model, and the SDK then fails to parse the
//! whole response: one method created in the console would hide every route. So nulls are removed before the SDK reads them; a
//! missing member means the same.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextMut;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use bytes::Bytes;
use http_body::{Body, Frame};
use serde_json::Value;

use super::throttles::with_whole_throttles;

/// Normalizes responses for the SDK: without nulls, and with every number of a throttle.
#[derive(Debug)]
pub(super) struct ReadableAnswers;

impl Intercept for ReadableAnswers {
    fn name(&self) -> &'static str {
        "ReadableAnswers"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        // It counts the nulls.
        response.headers_mut().remove("content-length");
        let rest = mem::replace(response.body_mut(), SdkBody::taken());
        let body = Whole {
            rest,
            so_far: Vec::new(),
            given: false,
        };
        *response.body_mut() = SdkBody::from_body_1_x(body);
        Ok(())
    }
}

/// A body that waits for the whole of another, which is still being received when the hook runs.
struct Whole {
    rest: SdkBody,
    so_far: Vec<u8>,
    given: bool,
}

impl Body for Whole {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        while !self.given {
            match ready!(Pin::new(&mut self.rest).poll_frame(context)) {
                Some(Ok(frame)) => self.so_far.extend(frame.into_data().unwrap_or_default()),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    self.given = true;
                    let body = mem::take(&mut self.so_far);
                    let body = without_nulls(&body).unwrap_or(body);
                    let body = with_whole_throttles(&body).unwrap_or(body);
                    return Poll::Ready(Some(Ok(Frame::data(body.into()))));
                }
            }
        }
        Poll::Ready(None)
    }
}

/// The same JSON without null members; nothing if there are none or it isn't JSON.
fn without_nulls(body: &[u8]) -> Option<Vec<u8>> {
    if !body.windows(4).any(|bytes| bytes == b"null") {
        return None;
    }
    let mut value: Value = serde_json::from_slice(body).ok()?;
    strip(&mut value);
    serde_json::to_vec(&value).ok()
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::byte_stream::ByteStream;

    #[test]
    fn nulls_go_however_deep_and_nothing_else_does() {
        let body = br#"{"item":[{"responseTemplates":{"application/json":null,"text/plain":"null"}}],"uri":null}"#;
        let stripped = without_nulls(body).and_then(|body| String::from_utf8(body).ok());
        assert_eq!(
            stripped.as_deref(),
            Some(r#"{"item":[{"responseTemplates":{"text/plain":"null"}}]}"#)
        );
    }

    #[tokio::test]
    async fn a_body_in_pieces_is_read_as_a_whole() {
        let rest = SdkBody::from(r#"{"uri":null,"type":"MOCK"}"#);
        let whole = Whole {
            rest: SdkBody::from_body_1_x(rest),
            so_far: Vec::new(),
            given: false,
        };
        let body = ByteStream::new(SdkBody::from_body_1_x(whole))
            .collect()
            .await;
        assert_eq!(
            body.map(|body| body.into_bytes()).ok().as_deref(),
            Some(&br#"{"type":"MOCK"}"#[..])
        );
    }

    #[test]
    fn a_body_without_nulls_is_left_as_it_is() {
        assert_eq!(without_nulls(br#"{"item": []}"#), None);
        assert_eq!(without_nulls(b"null and no JSON"), None);
    }
}
