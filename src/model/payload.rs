use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret as _, SecretSlice};

use super::digest;

/// Contents of files that are sent only to AWS, such as the instances' script. They may contain secrets, so they can't be
/// printed, and their memory is zeroed when they are dropped.
#[derive(Clone)]
pub struct Payload(SecretSlice<u8>);

impl Payload {
    /// The bytes, for the request.
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[payload]")
    }
}

/// Payloads by the SHA-256 digests of their bytes, in hexadecimal digits: files, plans and tags contain only the digest.
#[derive(Clone, Debug, Default)]
pub struct Payloads(BTreeMap<String, Payload>);

impl Payloads {
    /// Adds one; returns its digest.
    pub fn put(&mut self, bytes: impl Into<Vec<u8>>) -> String {
        let bytes = bytes.into();
        let digest = digest(&bytes);
        let payload = || Payload(bytes.into());
        self.0.entry(digest.clone()).or_insert_with(payload);
        digest
    }

    /// Adds one under the digest of what it was made from.
    pub fn put_as(&mut self, digest: impl Into<String>, bytes: Vec<u8>) {
        self.0.insert(digest.into(), Payload(bytes.into()));
    }

    /// The one with this digest, if available.
    pub fn get(&self, digest: &str) -> Option<&Payload> {
        self.0.get(digest)
    }

    /// Adds all of another store's.
    pub fn extend(&mut self, others: &Self) {
        let others = others.0.iter();
        self.0
            .extend(others.map(|(digest, payload)| (digest.clone(), payload.clone())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_payload_comes_back_by_its_digest() {
        let mut payloads = Payloads::default();
        let script = payloads.put("#!/bin/sh\n");
        let archive = payloads.put([0x50, 0x4b, 0xff, 0x00]);
        assert_eq!(payloads.put("#!/bin/sh\n"), script);
        assert_ne!(script, archive);
        let mut all = Payloads::default();
        all.put("another");
        all.extend(&payloads);
        let bytes = |digest: &str| all.get(digest).map(Payload::expose);
        assert_eq!(bytes(&script), Some(&b"#!/bin/sh\n"[..]));
        assert_eq!(bytes(&archive), Some(&[0x50, 0x4b, 0xff, 0x00][..]));
        assert_eq!(bytes("nothing"), None);
    }

    #[test]
    fn nobody_sees_one_by_accident() {
        let mut payloads = Payloads::default();
        payloads.put("s3cr3t");
        let shown = format!("{payloads:?}");
        assert!(shown.ends_with("\": [payload]})"), "{shown}");
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }
}
