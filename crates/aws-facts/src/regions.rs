//! Regions, and their zones.

/// The Region of what is global: IAM, Route 53, and the certificates that CloudFront reads, so those of Cognito's custom domains too.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html>
pub const GLOBAL: &str = "us-east-1";

/// The Regions that every account has without opting in.
///
/// Source: <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html>
pub const ENABLED_BY_DEFAULT: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// The Regions that an account has to opt into.
///
/// Source: <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html>
pub const OPT_IN: [&str; 17] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "eu-south-1",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
];

/// The Regions of the other partitions: China, GovCloud, the European Sovereign Cloud and the isolated ones, as in the SDKs'
/// `partitions.json`.
///
/// Source: <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>
pub const OTHER_PARTITIONS: [&str; 12] = [
    "cn-north-1",
    "cn-northwest-1",
    "eu-isoe-west-1",
    "eusc-de-east-1",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
];

/// The last word of a Region's name before its number.
///
/// Source: <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html>
pub const DIRECTIONS: [&str; 9] = [
    "central",
    "east",
    "north",
    "northeast",
    "northwest",
    "south",
    "southeast",
    "southwest",
    "west",
];

/// All Regions of this version.
pub fn known() -> impl Iterator<Item = &'static str> {
    ENABLED_BY_DEFAULT
        .into_iter()
        .chain(OPT_IN)
        .chain(OTHER_PARTITIONS)
}

/// Whether a name is made like a Region's: its last word is a direction, and a number follows. AWS opens Regions that this
/// version does not know.
pub fn is_plausible(region: &str) -> bool {
    let mut words = region.rsplit('-').skip(1);
    words.next().is_some_and(|word| DIRECTIONS.contains(&word))
}

/// A zone: the last letter of its name, and the number in its id.
type Zone = (&'static str, u8);

/// The zones of most Regions.
const USUAL_ZONES: &[Zone] = &[("a", 1), ("b", 2), ("c", 3)];

/// The zones of the Regions that have others, as a new account sees them.
///
/// Source: the ids are those of <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html>; which letters
/// an account has is published nowhere, and these are those of most.
const OTHER_ZONES: &[(&str, &[Zone])] = &[
    ("ap-northeast-1", &[("a", 4), ("c", 1), ("d", 2)]),
    ("ap-northeast-2", &[("a", 1), ("b", 2), ("c", 3), ("d", 4)]),
    ("ca-central-1", &[("a", 1), ("b", 2), ("d", 4)]),
    (
        "us-east-1",
        &[("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5), ("f", 6)],
    ),
    ("us-west-1", &[("a", 1), ("c", 3)]),
    ("us-west-2", &[("a", 1), ("b", 2), ("c", 3), ("d", 4)]),
];

/// The zones of a Region, in the order of their names.
pub fn zones(region: &str) -> &'static [Zone] {
    let mut others = OTHER_ZONES.iter();
    others
        .find(|(name, _)| *name == region)
        .map_or(USUAL_ZONES, |(_, zones)| zones)
}

/// The partitions other than the commercial one, by how the names of their Regions begin: the page has the first two, the SDKs'
/// `partitions.json` all of them.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
pub const PARTITIONS: [(&str, &str); 7] = [
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("eusc-", "aws-eusc"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
];

/// The partition of a Region, with which its ARNs begin.
pub fn partition(region: &str) -> &'static str {
    let mut others = PARTITIONS.iter();
    let other = others.find(|(start, _)| region.starts_with(start));
    other.map_or("aws", |(_, partition)| partition)
}

/// A zone's id: `euw1-az1` for `eu-west-1a`. AWS maps names to ids for each account; here most letters are in the order of the ids.
///
/// Source: <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html>
pub fn zone_id(region: &str, zone: &str) -> String {
    let plain = region.replacen("us-gov-", "usg-", 1);
    let mut parts = plain.split('-');
    let area = parts.next().unwrap_or_default();
    let side = parts.next().unwrap_or_default();
    let number = parts.next().unwrap_or_default();
    let side = match side {
        "northeast" => "ne",
        "southeast" => "se",
        "northwest" => "nw",
        "southwest" => "sw",
        side => side.get(..1).unwrap_or_default(),
    };
    let letter = zone.strip_prefix(region).unwrap_or_default();
    let mut known = zones(region).iter();
    let id = known
        .find(|(known, _)| *known == letter)
        .map_or(1, |(_, id)| *id);
    format!("{area}{side}{number}-az{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_regions_are_plausible_and_misspelled_ones_are_not() {
        assert!(known().all(is_plausible));
        assert_eq!(known().count(), 46);
        assert!(is_plausible("eu-central-3") && !is_plausible("eu-centrl-1"));
    }

    #[test]
    fn zones_have_ids_of_their_regions() {
        assert_eq!(zone_id("eu-west-1", "eu-west-1a"), "euw1-az1");
        assert_eq!(zone_id("ap-southeast-2", "ap-southeast-2c"), "apse2-az3");
        assert_eq!(zone_id("us-gov-west-1", "us-gov-west-1a"), "usgw1-az1");
        assert_eq!(zone_id("cn-northwest-1", "cn-northwest-1b"), "cnnw1-az2");
    }
}
