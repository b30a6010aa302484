/// An object in S3, written as `s3://BUCKET/KEY` or `s3://BUCKET/KEY?versionId=VERSION`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct S3Object {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// The version, of a bucket that keeps versions.
    pub version: Option<String>,
}

impl S3Object {
    /// What an address of one begins with.
    pub const PREFIX: &str = "s3://";

    /// The object at an address; `None` if it lacks a bucket or a key.
    pub fn parse(address: &str) -> Option<Self> {
        let place = address.strip_prefix(Self::PREFIX)?;
        let (place, version) = match place.split_once("?versionId=") {
            Some((place, version)) => (place, Some(version.to_owned())),
            None => (place, None),
        };
        let (bucket, key) = place.split_once('/')?;
        let is_whole = !bucket.is_empty() && !key.is_empty() && version.as_deref() != Some("");
        is_whole.then(|| Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            version,
        })
    }
}
