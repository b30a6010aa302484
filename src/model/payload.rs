use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret as _, SecretSlice};

use super::digest;

/// Bytes that go to AWS and nowhere else: what instances run, and whatever else a stack file names by its file. They may hold what
/// nobody should read, so they can't be printed, and their memory is overwritten when they are dropped.
#[derive(Clone)]
pub struct Payload(SecretSlice<u8>);

impl Payload {
    /// The bytes, for the request that takes them.
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[payload]")
    }
}

/// Payloads by the SHA-256 digests of their bytes, in hexadecimal digits: a digest is what files, plans and tags hold of one.
#[derive(Clone, Debug, Default)]
pub struct Payloads(BTreeMap<String, Payload>);

impl Payloads {
    /// Takes one in; answers its digest.
    pub fn put(&mut self, bytes: impl Into<Vec<u8>>) -> String {
        let bytes = bytes.into();
        let digest = digest(&bytes);
        let payload = || Payload(bytes.into());
        self.0.entry(digest.clone()).or_insert_with(payload);
        digest
    }

    /// The one with this digest, if it is at hand.
    pub fn get(&self, digest: &str) -> Option<&Payload> {
        self.0.get(digest)
    }

    /// Takes in all of another store's.
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
