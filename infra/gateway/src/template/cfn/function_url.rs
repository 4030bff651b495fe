//! Function URLs: `AWS::Lambda::Url`, and `FunctionUrlConfig` of SAM's functions.

use crate::model::{FunctionUrl, UrlCors};

use super::super::loader::Loader;
use super::super::names;
use super::super::properties::Properties;
use super::super::sections::Resource;

/// Loads `AWS::Lambda::Url`.
pub(in super::super) fn load<'t>(loader: &mut Loader<'t>, resource: &'t Resource) {
    let properties = loader.properties(resource);
    let target = properties.required_string("TargetFunctionArn");
    properties.require("AuthType");
    properties.unsupported("Qualifier", "there are no versions locally: the URL calls the function as it is now");
    let url = read(&properties, &names::url_id(&resource.logical_id));
    let Some(target) = target else { return };
    let name = target.rsplit_once("function:").map_or(target.as_str(), |(_, name)| name);
    let name = name.split(':').next().unwrap_or(name);
    if !loader.model.functions.contains_key(name) {
        let reason = format!("the function {name} is not run here, so nothing answers at its URL");
        properties.report().unsupported(resource.owner(), Some("TargetFunctionArn"), resource.at, reason);
        return;
    }
    if loader.model.function_urls.insert(name.to_owned(), url).is_some() {
        properties.error("TargetFunctionArn", "the function has a URL already");
    }
}

/// What both forms have in common.
pub(in super::super) fn read(properties: &Properties<'_>, url_id: &str) -> FunctionUrl {
    if properties.one_of("InvokeMode", &["BUFFERED", "RESPONSE_STREAM"]).as_deref() == Some("RESPONSE_STREAM") {
        let reason = "responses are buffered: the client gets the whole of one at once";
        properties.report().unsupported(properties.owner(), Some("InvokeMode"), properties.place("InvokeMode"), reason);
    }
    FunctionUrl {
        url_id: url_id.to_owned(),
        auth_type: properties.one_of("AuthType", &["NONE", "AWS_IAM"]).unwrap_or_else(|| "AWS_IAM".to_owned()),
        invoke_mode: "BUFFERED".to_owned(),
        cors: properties.object("Cors").map(|cors| UrlCors {
            allow_credentials: cors.boolean("AllowCredentials"),
            allow_headers: cors.strings("AllowHeaders"),
            allow_methods: cors.strings("AllowMethods"),
            allow_origins: cors.strings("AllowOrigins"),
            expose_headers: cors.strings("ExposeHeaders"),
            max_age: cors.integer("MaxAge", 0..=86_400),
        }),
        creation_time: 0,
        last_modified_time: 0,
    }
}
