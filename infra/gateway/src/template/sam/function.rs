//! `AWS::Serverless::Function`, its events apart.

use super::super::cfn::{function_url, lambda};
use super::super::code::{self, Code};
use super::super::loader::Loader;
use super::super::names;
use super::super::node::Kind;
use super::super::sections::Resource;

/// Loads a function.
pub(in super::super) fn load<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    // Permissions, and how AWS deploys.
    properties.harmless(&[
        "AssumeRolePolicyDocument",
        "DeploymentPreference",
        "PermissionsBoundary",
        "Policies",
        "Role",
    ]);
    properties.harmless(&[
        "PropagateTags",
        "RolePath",
        "Tags",
        "AutoPublishCodeSha256",
        "AutoPublishAliasAllProperties",
    ]);
    properties.harmless(&[
        "VersionDeletionPolicy",
        "PublishToLatestPublished",
        "SourceKMSKeyArn",
        "VersionDescription",
    ]);
    // `events` reads them once all APIs are there.
    properties.harmless(&["Events"]);
    properties.unsupported("AutoPublishAlias", "there are no versions locally: the alias is the function as it is now");
    properties.unsupported("ProvisionedConcurrencyConfig", "environments start on demand");
    properties.unsupported("EventInvokeConfig", "retries and destinations of asynchronous calls are not configured");
    let url = properties.object("FunctionUrlConfig");
    properties.unsupported("DeadLetterQueue", "there is no dead letter queue locally");
    properties.unsupported("FunctionScalingConfig", "there are no managed instances locally");
    let code = if properties.has("ImageUri") {
        properties.harmless(&["ImageUri"]);
        Some(Code::Elsewhere("it is a container image, and no containers are run; name a local folder".to_owned()))
    } else if properties.has("InlineCode") {
        properties.harmless(&["CodeUri"]);
        properties.string("InlineCode").map(|source| code::inline(source, &lambda::runtime(&properties)))
    } else {
        properties.require("CodeUri");
        match properties.take("CodeUri") {
            None => None,
            Some(node) => match &node.kind {
                Kind::Text(path) => lambda::locate(loader, resource, &properties, "CodeUri", path),
                _ => Some(Code::Elsewhere(lambda::remote_code(node))),
            },
        }
    };
    let name = lambda::shared(loader, resource, &properties, code);
    if let (Some(name), Some(url)) = (name, url) {
        url.require("AuthType");
        loader.model.function_urls.insert(name, function_url::read(&url, &names::url_id(&resource.logical_id)));
    }
}
