//! How long tokens are valid: seconds here, a number and a unit in AWS.

use aws_sdk_cognitoidentityprovider::types::TimeUnitsType;

/// AWS's units of time, the largest first.
const UNITS: [(i64, TimeUnitsType); 4] = [
    (86_400, TimeUnitsType::Days),
    (3_600, TimeUnitsType::Hours),
    (60, TimeUnitsType::Minutes),
    (1, TimeUnitsType::Seconds),
];

/// A validity for AWS: a number of the largest unit that is exact.
pub(super) fn in_largest_unit(seconds: i64) -> (i32, TimeUnitsType) {
    let [.., smallest] = &UNITS;
    let (size, unit) = UNITS
        .iter()
        .find(|(size, _)| seconds % size == 0)
        .unwrap_or(smallest);
    (
        i32::try_from(seconds / size).unwrap_or(i32::MAX),
        unit.clone(),
    )
}

/// A validity from AWS, in seconds. None, or 0, is AWS's default.
pub(super) fn in_seconds(
    validity: Option<i32>,
    unit: Option<&TimeUnitsType>,
    usual: &TimeUnitsType,
    default: i64,
) -> i64 {
    let size = |unit: &TimeUnitsType| {
        UNITS
            .iter()
            .find(|(_, known)| known == unit)
            .map(|(size, _)| *size)
    };
    let Some(validity) = validity.filter(|validity| *validity != 0) else {
        return default;
    };
    let size = unit.and_then(size).or_else(|| size(usual)).unwrap_or(1);
    i64::from(validity) * size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_validity_is_sent_in_the_largest_unit_that_is_exact() {
        let sent = [86_400, 90_000, 5_400, 301].map(in_largest_unit);
        let [days, hours, minutes, seconds] = UNITS.map(|(_, unit)| unit);
        assert_eq!(
            sent,
            [(1, days), (25, hours), (90, minutes), (301, seconds)]
        );
    }
}
