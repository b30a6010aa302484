//! Regions of the commercial partition, and their zones.

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

/// The last letters of the first zones' names, in the order of their ids.
///
/// Source: <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html>
pub const ZONE_LETTERS: [&str; 3] = ["a", "b", "c"];

/// A zone's id: `euw1-az1` for `eu-west-1a`. AWS maps names to ids for each account; here the letters are in the order of the ids.
///
/// Source: <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html>
pub fn zone_id(region: &str, zone: &str) -> String {
    let mut parts = region.split('-');
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
    let place = ZONE_LETTERS.iter().position(|known| *known == letter);
    format!("{area}{side}{number}-az{}", place.unwrap_or_default() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_have_ids_of_their_regions() {
        assert_eq!(zone_id("eu-west-1", "eu-west-1a"), "euw1-az1");
        assert_eq!(zone_id("ap-southeast-2", "ap-southeast-2c"), "apse2-az3");
    }
}
