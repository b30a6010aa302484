//! Machine images: a few of Amazon's, the same in every Region but for their ids.

use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation};
use super::super::state::Region;
use super::describe::{Listing, list};
use super::{IMAGE, ground, texts};

pub(super) const OPERATIONS: &[Operation] =
    &[Operation::read("DescribeImages", describe).refusing(&["ExecutableUsers"])];

/// One of Amazon's images.
#[derive(Debug)]
pub(crate) struct Image {
    /// Its name, which says release, kernel and architecture.
    pub(crate) name: &'static str,
    /// `x86_64` or `arm64`.
    pub(crate) architecture: &'static str,
    /// The kernel's version.
    pub(crate) kernel: &'static str,
    /// When it was made, as AWS writes it.
    pub(crate) created: &'static str,
    /// Whether there is none newer of its kernel and architecture.
    pub(crate) newest: bool,
}

/// The images: two releases, so that one is newer. None is deprecated or disabled, so including such ones changes nothing.
pub(crate) const IMAGES: &[Image] = &[
    Image {
        name: "al2023-ami-2023.9.20251027.0-kernel-6.1-x86_64",
        architecture: "x86_64",
        kernel: "6.1",
        created: "2025-10-24T22:06:34.000Z",
        newest: false,
    },
    Image {
        name: "al2023-ami-2023.9.20251027.0-kernel-6.1-arm64",
        architecture: "arm64",
        kernel: "6.1",
        created: "2025-10-24T22:06:33.000Z",
        newest: false,
    },
    Image {
        name: "al2023-ami-2023.9.20251117.1-kernel-6.1-x86_64",
        architecture: "x86_64",
        kernel: "6.1",
        created: "2025-11-14T19:11:47.000Z",
        newest: true,
    },
    Image {
        name: "al2023-ami-2023.9.20251117.1-kernel-6.1-arm64",
        architecture: "arm64",
        kernel: "6.1",
        created: "2025-11-14T19:11:48.000Z",
        newest: true,
    },
    Image {
        name: "al2023-ami-2023.9.20251117.1-kernel-6.12-x86_64",
        architecture: "x86_64",
        kernel: "6.12",
        created: "2025-11-14T19:11:52.000Z",
        newest: true,
    },
    Image {
        name: "al2023-ami-2023.9.20251117.1-kernel-6.12-arm64",
        architecture: "arm64",
        kernel: "6.12",
        created: "2025-11-14T19:11:53.000Z",
        newest: true,
    },
];

/// The account that Amazon's images belong to.
const AMAZON: &str = "137112412989";

/// Where an image's root volume is.
pub(super) const ROOT_DEVICE: &str = "/dev/xvda";

/// An image's id in a Region.
pub(crate) fn image_id(region: &str, image: &Image) -> String {
    ground::id(AMAZON, region, IMAGE.prefix, image.name)
}

/// The image with this id in a Region.
pub(super) fn image(region: &str, id: &str) -> Option<&'static Image> {
    IMAGES.iter().find(|image| image_id(region, image) == id)
}

const LISTING: Listing = Listing {
    member: "Images",
    id: "ImageId",
    ids: "ImageIds",
    kind: IMAGE,
    filters: &[
        ("architecture", "Architecture"),
        (
            "block-device-mapping.delete-on-termination",
            "BlockDeviceMappings.Ebs.DeleteOnTermination",
        ),
        (
            "block-device-mapping.device-name",
            "BlockDeviceMappings.DeviceName",
        ),
        (
            "block-device-mapping.snapshot-id",
            "BlockDeviceMappings.Ebs.SnapshotId",
        ),
        (
            "block-device-mapping.volume-size",
            "BlockDeviceMappings.Ebs.VolumeSize",
        ),
        (
            "block-device-mapping.volume-type",
            "BlockDeviceMappings.Ebs.VolumeType",
        ),
        (
            "block-device-mapping.encrypted",
            "BlockDeviceMappings.Ebs.Encrypted",
        ),
        ("creation-date", "CreationDate"),
        ("description", "Description"),
        ("ena-support", "EnaSupport"),
        ("hypervisor", "Hypervisor"),
        ("image-id", "ImageId"),
        ("image-type", "ImageType"),
        ("is-public", "Public"),
        ("kernel-id", "KernelId"),
        ("manifest-location", "ImageLocation"),
        ("name", "Name"),
        ("owner-alias", "ImageOwnerAlias"),
        ("owner-id", "OwnerId"),
        ("platform", "Platform"),
        ("product-code", "ProductCodes.ProductCodeId"),
        ("ramdisk-id", "RamdiskId"),
        ("root-device-name", "RootDeviceName"),
        ("root-device-type", "RootDeviceType"),
        ("state", "State"),
        ("sriov-net-support", "SriovNetSupport"),
        ("virtualization-type", "VirtualizationType"),
    ],
};

fn row(call: &Call, image: &Image) -> Object {
    let release = image.name.split('-').nth(2).unwrap_or_default();
    let row = json!({
        "ImageId": image_id(&call.region, image),
        "ImageLocation": format!("amazon/{}", image.name),
        "ImageType": "machine",
        "ImageOwnerAlias": "amazon",
        "OwnerId": AMAZON,
        "Name": image.name,
        "Description": format!(
            "Amazon Linux 2023 AMI {release} {} HVM kernel-{}",
            image.architecture, image.kernel
        ),
        "Architecture": image.architecture,
        "CreationDate": image.created,
        "Public": true,
        "State": "available",
        "PlatformDetails": "Linux/UNIX",
        "UsageOperation": "RunInstances",
        "BlockDeviceMappings": [{
            "DeviceName": ROOT_DEVICE,
            "Ebs": {
                "DeleteOnTermination": true,
                "Iops": 3000,
                "SnapshotId": ground::id(AMAZON, &call.region, "snap", image.name),
                "VolumeSize": 8,
                "VolumeType": "gp3",
                "Throughput": 125,
                "Encrypted": false,
            },
        }],
        "EnaSupport": true,
        "Hypervisor": "xen",
        "RootDeviceName": ROOT_DEVICE,
        "RootDeviceType": "ebs",
        "SriovNetSupport": "simple",
        "VirtualizationType": "hvm",
        "BootMode": if image.architecture == "arm64" { "uefi" } else { "uefi-preferred" },
        "ImdsSupport": "v2.0",
    });
    match row {
        Value::Object(row) => row,
        _ => Object::new(),
    }
}

fn describe(_: &Region, call: &Call) -> Answer {
    let owners = texts(&call.input, "Owners");
    let mut rows: Vec<Object> = IMAGES
        .iter()
        // This account has no images of its own.
        .filter(|_| {
            owners.is_empty()
                || owners
                    .iter()
                    .any(|owner| ["amazon", AMAZON].contains(owner))
        })
        .map(|image| row(call, image))
        .collect();
    rows.sort_by_key(|row| row["ImageId"].to_string());
    list(call, &LISTING, rows)
}
