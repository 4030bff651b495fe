//! A document that comes alone: the body of `ImportRestApi`, `PutRestApi` and `ImportDocumentationParts`.

use std::path::Path;

use crate::model::{DocumentationPart, RestApi};

use super::super::super::error::{Owner, Report};
use super::super::super::properties::{LEFT_OUT, Properties};
use super::super::super::rest_builder::RestBuilder;
use super::super::super::yaml;
use super::Options;

/// AWS takes definitions of 6 MB.
const MOST_BYTES: usize = 6 * 1024 * 1024;

/// The API that a document defines, under this id; what AWS would warn of is in its `warnings`.
///
/// # Errors
/// All that is wrong with the document, each with its line and column.
pub(crate) fn rest_api(api_id: &str, body: &[u8], options: Options) -> Result<RestApi, Vec<String>> {
    read(api_id, body, |builder, document| super::read(builder, document, options))
}

/// The documentation parts of a document, without anything else of it.
///
/// # Errors
/// As for [`rest_api`].
pub(crate) fn documentation_parts(api_id: &str, body: &[u8]) -> Result<Vec<DocumentationPart>, Vec<String>> {
    let api = read(api_id, body, |builder, document| {
        if super::is_openapi_3(document).is_some() {
            super::documentation::read(builder, document);
        }
        document.rest_is_harmless();
    })?;
    Ok(api.documentation_parts.into_values().collect())
}

fn read(
    api_id: &str,
    body: &[u8],
    into: impl FnOnce(&mut RestBuilder, &Properties<'_>),
) -> Result<RestApi, Vec<String>> {
    if body.is_empty() {
        return Err(vec!["the body is empty: send an OpenAPI 3.0 or Swagger 2.0 document, as JSON or YAML".to_owned()]);
    }
    if body.len() > MOST_BYTES {
        let mib = body.len() / (1024 * 1024);
        return Err(vec![format!("the document has {mib} MB, and API Gateway takes 6 MB at most")]);
    }
    let text = std::str::from_utf8(body).map_err(|_| vec!["the document is not UTF-8".to_owned()])?;
    let report = Report::default();
    let file = report.add_file(Path::new("document"));
    let told = |report: &Report| {
        let errors = report.errors().0.into_iter();
        errors.map(|error| format!("{} (line {}, column {})", error.message, error.line, error.column)).collect()
    };
    let Some(document) = yaml::parse(text, file, &report) else { return Err(told(&report)) };
    if let Some(at) = document.first_short_form {
        report.error(at, "an OpenAPI document has no CloudFormation functions (`!Sub`)");
    }
    let mut builder = RestBuilder::new(api_id, String::new());
    api_id.clone_into(&mut builder.api.id);
    builder.api.logical_id = None;
    {
        let owner = Owner { logical_id: "document", resource_type: "" };
        let properties = Properties::new(&report, owner, "", &document.root);
        into(&mut builder, &properties);
    }
    if report.has_errors() {
        return Err(told(&report));
    }
    // What nobody has asked for: extensions that API Gateway does not have, and members that its own do not.
    for left_out in report.take_unsupported() {
        let property = left_out.property.unwrap_or_default();
        if left_out.reason == LEFT_OUT && property.contains("x-amazon-") {
            builder.api.warnings.push(format!("{property} is not known. Ignoring. (line {})", left_out.line));
        }
    }
    Ok(builder.api)
}
