//! A certificate's tags.

use super::super::members::one;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::super::tags::{Tags, listed, sent, with_sent};
use super::{State, find, find_mut};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("AddTagsToCertificate", add),
    Operation::change("RemoveTagsFromCertificate", remove),
    Operation::read("ListTagsForCertificate", list),
];

/// Every certificate of the Region: its ARN and tags.
pub(crate) fn tagged(state: &State) -> impl Iterator<Item = (String, Tags)> {
    state
        .certificates
        .iter()
        .map(|(arn, certificate)| (arn.to_owned(), certificate.tags.clone()))
}

/// These tags with those in the input, if AWS accepts them.
pub(super) fn checked(call: &Call, tags: Tags) -> Result<Tags, Refusal> {
    let codes = ("InvalidTagException", "TooManyTagsException");
    with_sent(call, tags, "certificate", codes)
}

fn add(region: &mut Region, call: &Call) -> Answer {
    let certificate = find_mut(region, call)?;
    certificate.tags = checked(call, std::mem::take(&mut certificate.tags))?;
    Ok(Object::new())
}

/// A tag that is sent with a value is removed only when it has that value.
fn remove(region: &mut Region, call: &Call) -> Answer {
    let certificate = find_mut(region, call)?;
    for (key, value) in sent(call) {
        if value.is_none() || certificate.tags.get(key).map(String::as_str) == value {
            certificate.tags.remove(key);
        }
    }
    Ok(Object::new())
}

fn list(region: &Region, call: &Call) -> Answer {
    one("Tags", listed(&find(region, call)?.tags))
}
