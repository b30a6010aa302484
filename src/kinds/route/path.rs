//! A route's path: its API Gateway resources, and its parameters.

use std::collections::BTreeSet;

use crate::aws::{AwsError, Operation, Writer, lock_held};
use crate::kinds::gone_is_success;

/// A URL in an integration, where a parameter of several segments has no plus sign.
pub(super) fn uri(url: &str) -> String {
    url.replace("+}", "}")
}

/// The names of the path parameters in a path or URL.
pub(super) fn parameters(path: &str) -> BTreeSet<&str> {
    path.split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name.trim_end_matches('+'))
        .collect()
}

/// The mapping of path parameters into the URL: the integration's parameter and the method's.
pub(super) fn carried(path: &str, uri: &str) -> Vec<(String, String)> {
    parameters(uri)
        .intersection(&parameters(path))
        .map(|name| {
            (
                format!("integration.request.path.{name}"),
                format!("method.request.path.{name}"),
            )
        })
        .collect()
}

/// Creates the missing resources of a path, and returns the last one's id.
pub(super) async fn make_path(writer: &Writer, api: &str, path: &str) -> Result<String, AwsError> {
    let paths = writer.paths(api).await?;
    let mut parent = lock_held(&paths).id("/").unwrap_or_default().to_owned();
    let mut so_far = String::new();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        so_far = format!("{so_far}/{part}");
        let known = lock_held(&paths).id(&so_far).map(str::to_owned);
        if let Some(id) = known {
            parent = id;
            continue;
        }
        make_room(writer, api, &so_far).await?;
        let request = writer
            .apigateway()
            .create_resource()
            .rest_api_id(api)
            .parent_id(&parent)
            .path_part(part);
        match writer
            .call(Operation::apigateway("CreateResource"), request.send())
            .await
        {
            Ok(answer) => {
                parent = answer.id.unwrap_or_default();
                lock_held(&paths).learn(&so_far, &parent);
            }
            // It was created meanwhile, or the SDK retried the call after its response was lost.
            Err(error) if error.is_there_already() => {
                let paths = writer.paths_again(api).await?;
                parent = lock_held(&paths)
                    .id(&so_far)
                    .map(str::to_owned)
                    .ok_or(error)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(parent)
}

/// A path has one parameter at each level. An unused one, left by an interrupted run, is deleted for the new one.
async fn make_room(writer: &Writer, api: &str, path: &str) -> Result<(), AwsError> {
    let paths = writer.paths(api).await?;
    let rival = {
        let paths = lock_held(&paths);
        paths
            .empty_parameter_beside(path)
            .and_then(|rival| Some((rival.to_owned(), paths.id(rival)?.to_owned())))
    };
    let Some((rival, id)) = rival else {
        return Ok(());
    };
    delete_resource(writer, api, &id).await?;
    lock_held(&paths).forget(&rival);
    Ok(())
}

async fn delete_resource(writer: &Writer, api: &str, id: &str) -> Result<(), AwsError> {
    let request = writer
        .apigateway()
        .delete_resource()
        .rest_api_id(api)
        .resource_id(id);
    gone_is_success(
        writer
            .call(Operation::apigateway("DeleteResource"), request.send())
            .await,
    )
}

/// Deletes resources without methods and children after a method was deleted.
pub(super) async fn clear_path(writer: &Writer, api: &str, path: &str) -> Result<(), AwsError> {
    let paths = writer.paths(api).await?;
    let mut path = path;
    loop {
        let empty = {
            let paths = lock_held(&paths);
            paths
                .id(path)
                .filter(|_| paths.is_empty_leaf(path))
                .map(str::to_owned)
        };
        let Some(id) = empty else {
            return Ok(());
        };
        delete_resource(writer, api, &id).await?;
        lock_held(&paths).forget(path);
        path = path.rsplit_once('/').map_or("/", |(parent, _)| parent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_of_several_segments_is_carried_without_its_plus() {
        assert_eq!(
            uri("http://api.aws.com/{rest+}"),
            "http://api.aws.com/{rest}"
        );
        let pairs = carried("/files/{owner}/{rest+}", "http://api.aws.com/{rest}");
        assert_eq!(
            pairs,
            [(
                "integration.request.path.rest".to_owned(),
                "method.request.path.rest".to_owned()
            )]
        );
    }

    #[test]
    fn a_reference_to_a_stage_variable_is_no_path_parameter() {
        assert!(carried("/policies", "http://${stageVariables.host}/policies").is_empty());
    }
}
