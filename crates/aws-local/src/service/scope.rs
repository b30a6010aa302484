//! Who a request is signed for.

use bytes::Bytes;
use http::{Request, header};
use url::form_urlencoded;

use super::super::functions::Session;

/// What a signature's credential scope says: `AKID/20261121/eu-west-1/cognito-idp/aws4_request`.
pub(super) struct Scope {
    pub(super) region: String,
    pub(super) service: String,
    /// Whether it is in the query, which a link or an image of a web page can contain too.
    pub(super) presigned: bool,
    /// The session token beside it.
    token: Option<String>,
}

impl Scope {
    /// From the `Authorization` header, or the query of a presigned URL. The signature is not checked: any credentials are valid.
    pub(super) fn of(request: &Request<Bytes>) -> Option<Self> {
        let authorization = request
            .headers()
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let in_header = authorization.and_then(|text| {
            text.split("Credential=")
                .nth(1)?
                .split([',', ' '])
                .next()
                .map(str::to_owned)
        });
        let in_query = |name: &str| {
            let query = request.uri().query().unwrap_or_default();
            form_urlencoded::parse(query.as_bytes())
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        let presigned = in_header.is_none();
        let credential = in_header.or_else(|| in_query("X-Amz-Credential"))?;
        let token = request.headers().get("x-amz-security-token");
        let token = token.and_then(|value| value.to_str().ok());
        let token = token.map(str::to_owned);
        // From the end: an access key id may have slashes of its own.
        let mut parts = credential.rsplit('/');
        let (_terminator, service, region) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self {
            region: region.into(),
            service: service.into(),
            presigned,
            token: token.or_else(|| in_query("X-Amz-Security-Token")),
        })
    }

    /// The function's session that the request was signed in, if it was.
    pub(super) fn session(&self) -> Option<Session> {
        Session::with_token(self.token.as_deref()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scope_is_read_from_the_end() {
        let request = |credential: &str| {
            let authorization = format!(
                "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"
            );
            Request::get("/")
                .header("authorization", authorization)
                .body(Bytes::new())
                .unwrap()
        };
        let scope = Scope::of(&request(
            "AKID/with/slashes/20261121/eu-west-1/sts/aws4_request",
        ))
        .unwrap();
        assert_eq!(
            (scope.region.as_str(), scope.service.as_str()),
            ("eu-west-1", "sts")
        );
        assert!(Scope::of(&request("nonsense")).is_none());
        let presigned =
            Request::get("/?X-Amz-Credential=a%2F20261121%2Feu-west-1%2Fsts%2Faws4_request")
                .body(Bytes::new());
        assert_eq!(Scope::of(&presigned.unwrap()).unwrap().service, "sts");
    }
}
