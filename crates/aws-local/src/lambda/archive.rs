//! Code in calls: a zip archive in the request. There is no S3.

use std::io::Cursor;

use aws_facts::limits::lambda::{LARGEST_ARCHIVE, LARGEST_CODE_REQUEST, LARGEST_UNPACKED};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, Request};
use sha2::{Digest as _, Sha256};
use zip::ZipArchive;

use super::super::members::optional;
use super::super::operation::{Call, Object, Refusal};
use super::invalid;

/// Whether a request is of one of the two operations that take code, whose bodies are larger than all others.
pub(crate) fn carries_code(method: &Method, path: &str) -> bool {
    let Some(rest) = path.strip_prefix("/2015-03-31/functions") else {
        return false;
    };
    match *method {
        Method::POST => rest.is_empty() || rest == "/",
        Method::PUT => rest.ends_with("/code"),
        _ => false,
    }
}

/// Refuses a request that is too large for any code.
pub(crate) fn check_size(request: &Request<Bytes>) -> Result<(), Refusal> {
    if request.body().len() < LARGEST_CODE_REQUEST {
        return Ok(());
    }
    let operation = match *request.method() {
        Method::PUT => "UpdateFunctionCode",
        _ => "CreateFunction",
    };
    let message = format!(
        "Request must be smaller than {LARGEST_CODE_REQUEST} bytes for the {operation} operation"
    );
    Err(Refusal::new(413, "RequestEntityTooLargeException", message))
}

/// Code that was checked.
pub(super) struct Archive {
    bytes: Vec<u8>,
}

/// Where an archive is kept, and how large it is.
pub(super) struct Kept {
    pub(super) sha256: String,
    pub(super) size: u64,
}

impl Archive {
    /// The code in these members of an input.
    pub(super) fn sent(members: &Object) -> Result<Self, Refusal> {
        let in_bucket = members.contains_key("S3Bucket") || members.contains_key("S3Key");
        let Some(text) = optional(members, "ZipFile") else {
            return Err(invalid(if in_bucket {
                "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist"
            } else {
                "Please provide a source for function code."
            }));
        };
        if in_bucket {
            return Err(invalid(
                "Please do not provide other FunctionCode parameters when providing a ZipFile.",
            ));
        }
        let too_large = || {
            let message = format!("Zipped size must be smaller than {LARGEST_ARCHIVE} bytes");
            Refusal::new(413, "RequestEntityTooLargeException", message)
        };
        if text.len() / 4 * 3 > LARGEST_ARCHIVE + 2 {
            return Err(too_large());
        }
        let bytes = STANDARD.decode(text).unwrap_or_default();
        if bytes.len() >= LARGEST_ARCHIVE {
            return Err(too_large());
        }
        let archive = Self { bytes };
        archive.check()?;
        Ok(archive)
    }

    /// Refuses what is no archive, or too large unpacked.
    fn check(&self) -> Result<(), Refusal> {
        let broken = |_| {
            invalid(
                "Could not unzip uploaded file. Please check your file, then try to upload again.",
            )
        };
        let mut archive = ZipArchive::new(Cursor::new(self.bytes.as_slice())).map_err(broken)?;
        if archive.is_empty() {
            return Err(invalid("Uploaded file must be a non-empty zip"));
        }
        let mut unpacked = 0_u64;
        for index in 0..archive.len() {
            // The sizes are those that the archive says; what it unpacks to is checked by what unpacks it.
            let entry = archive.by_index_raw(index).map_err(broken)?;
            unpacked = unpacked.saturating_add(entry.size());
        }
        if unpacked >= LARGEST_UNPACKED {
            return Err(invalid(format!(
                "Unzipped size must be smaller than {LARGEST_UNPACKED} bytes"
            )));
        }
        Ok(())
    }

    /// Its digest as Lambda writes it, and its size.
    pub(super) fn digest(&self) -> (String, u64) {
        let digest = STANDARD.encode(Sha256::digest(&self.bytes));
        (digest, self.bytes.len() as u64)
    }

    /// Keeps it beside the state.
    pub(super) fn keep(&self, call: &Call) -> Result<Kept, Refusal> {
        let kept = call.beside.keep_code(&self.bytes);
        let sha256 = kept.map_err(|error| {
            let message = format!("can't keep the code: {error}");
            Refusal::new(500, "ServiceException", message)
        })?;
        let size = self.bytes.len() as u64;
        Ok(Kept { sha256, size })
    }
}
