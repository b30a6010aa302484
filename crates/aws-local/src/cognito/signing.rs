//! A pool's signing keys, generated at first use: RSA keys take a while, and most pools of a test never need one.

use std::fmt;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use x509_cert::der::pem::{LineEnding, encode_string};

use super::super::operation::{Object, Refusal};

/// A pool has two keys, since Cognito signs ID tokens with another one than access tokens.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Keys {
    pub(super) id: Option<SigningKey>,
    pub(super) access: Option<SigningKey>,
}

impl Keys {
    /// The existing keys, ID tokens' first, as in `jwks.json`.
    pub(super) fn iter(&self) -> impl Iterator<Item = &SigningKey> {
        [&self.id, &self.access].into_iter().flatten()
    }
}

/// An RSA key of 2048 bits.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SigningKey {
    /// The key id in a token's header and `jwks.json`: its thumbprint.
    id: String,
    /// PKCS #8 as PEM: a secret.
    private: String,
    modulus: String,
    exponent: String,
}

impl fmt::Debug for SigningKey {
    /// Without the private part.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SigningKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    pub(super) fn generate() -> Result<Self, Refusal> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| failed("generated"))?;
        let der = pair.as_der().map_err(|_| failed("written"))?;
        let private = encode_string("PRIVATE KEY", LineEnding::LF, der.as_ref())
            .map_err(|_| failed("written"))?;
        let read = |_| failed("read");
        let encoding = EncodingKey::from_rsa_pem(private.as_bytes()).map_err(read)?;
        let public = Jwk::from_encoding_key(&encoding, Algorithm::RS256).map_err(read)?;
        let thumbprint = public.thumbprint(ThumbprintHash::SHA256).map_err(read)?;
        let AlgorithmParameters::RSA(parts) = public.algorithm else {
            return Err(failed("read"));
        };
        let thumbprint = URL_SAFE_NO_PAD.decode(thumbprint).unwrap_or_default();
        Ok(Self {
            id: STANDARD.encode(thumbprint),
            private,
            modulus: parts.n,
            exponent: parts.e,
        })
    }

    /// A token with these claims. Its header has the members that Cognito's have.
    pub(super) fn sign(&self, claims: &Object) -> Result<String, Refusal> {
        let header = Header {
            typ: None,
            kid: Some(self.id.clone()),
            ..Header::new(Algorithm::RS256)
        };
        let key = EncodingKey::from_rsa_pem(self.private.as_bytes()).map_err(|_| failed("read"))?;
        jsonwebtoken::encode(&header, claims, &key).map_err(|_| failed("used"))
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Whether this key signed the token.
    pub(super) fn signed(&self, token: &str) -> bool {
        let mut signature_only = Validation::new(Algorithm::RS256);
        signature_only.required_spec_claims.clear();
        signature_only.validate_exp = false;
        signature_only.validate_aud = false;
        DecodingKey::from_rsa_components(&self.modulus, &self.exponent)
            .and_then(|key| jsonwebtoken::decode::<Object>(token, &key, &signature_only))
            .is_ok()
    }

    /// The public part as a JSON web key.
    pub(super) fn shown(&self) -> Value {
        json!({
            "alg": "RS256",
            "e": self.exponent,
            "kid": self.id,
            "kty": "RSA",
            "n": self.modulus,
            "use": "sig",
        })
    }
}

fn failed(doing: &str) -> Refusal {
    Refusal::new(
        500,
        "InternalErrorException",
        format!("a signing key can't be {doing}"),
    )
}
