use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextMut;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::config_bag::ConfigBag;
use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use serde_json::Value;

/// Takes the nulls out of API Gateway's answers.
///
/// API Gateway answers `null` for a template that is empty, as the console's CORS preflight has one, and the SDK then
/// refuses the whole answer: one such method made by hand would hide every route of its API.
#[derive(Debug)]
pub(super) struct NoNulls;

impl Intercept for NoNulls {
    fn name(&self) -> &'static str {
        "NoNulls"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = std::mem::replace(context.response_mut().body_mut(), SdkBody::taken());
        let without = match body.bytes().map(Bytes::copy_from_slice) {
            Some(bytes) => SdkBody::from(without_nulls(bytes)),
            // From the network the body comes piece by piece, and only the whole can be read as JSON.
            None => SdkBody::from_body_1_x(StreamBody::new(stream::once(async move {
                let bytes = ByteStream::new(body).collect().await?.into_bytes();
                Ok::<_, BoxError>(Frame::data(without_nulls(bytes)))
            }))),
        };
        *context.response_mut().body_mut() = without;
        Ok(())
    }
}

fn without_nulls(bytes: Bytes) -> Bytes {
    if !bytes.windows(4).any(|window| window == b"null") {
        return bytes;
    }
    match serde_json::from_slice(&bytes) {
        Ok(mut json) => {
            drop_nulls(&mut json);
            Bytes::from(json.to_string())
        }
        // Not JSON: the SDK says what is wrong with it.
        Err(_) => bytes,
    }
}

fn drop_nulls(json: &mut Value) {
    match json {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_go_and_the_rest_stays() {
        let answer = r#"{"responseTemplates":{"application/json":null,"text/plain":"null"},"items":[1,{"a":null}]}"#;
        let without = without_nulls(Bytes::from(answer));
        assert_eq!(
            without,
            r#"{"responseTemplates":{"text/plain":"null"},"items":[1,{}]}"#.as_bytes()
        );
    }

    #[test]
    fn what_is_not_json_is_left() {
        assert_eq!(without_nulls(Bytes::from("<null>")), "<null>".as_bytes());
    }
}
