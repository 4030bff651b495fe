//! `x-amazon-apigateway-documentation`: parts, and the version they are kept as.

use indexmap::IndexMap;

use crate::model::{DocumentationPart, DocumentationPartLocation, DocumentationVersion};

use super::super::super::names;
use super::super::super::properties::Properties;
use super::super::super::rest_builder::RestBuilder;

const KEY: &str = "x-amazon-apigateway-documentation";

/// Adds a document's documentation.
pub(super) fn read(builder: &mut RestBuilder, document: &Properties<'_>) {
    if !document.has(KEY) {
        return;
    }
    let Some(properties) = document.object(KEY) else { return };
    let mut parts = IndexMap::new();
    for (index, part) in properties.objects("documentationParts").into_iter().enumerate() {
        let id = names::short_id(&["documentation", &builder.api.id, &index.to_string()])[..6].to_owned();
        let Some(part) = read_part(&part, id.clone()) else { continue };
        parts.insert(id, part);
    }
    if let Some(version) = properties.string("version").filter(|version| !version.is_empty()) {
        let snapshot = DocumentationVersion {
            version: version.clone(),
            documentation_parts: parts.clone(),
            ..DocumentationVersion::default()
        };
        builder.api.documentation_versions.insert(version, snapshot);
    }
    properties.harmless(&["createdDate"]);
    builder.api.documentation_parts.extend(parts);
}

fn read_part(part: &Properties<'_>, id: String) -> Option<DocumentationPart> {
    part.require("location");
    part.require("properties");
    let location = part.object("location")?;
    let content = part.take("properties")?;
    Some(DocumentationPart {
        id,
        location: DocumentationPartLocation {
            part_type: location.required_string("type")?,
            path: location.string("path"),
            method: location.string("method"),
            status_code: location.string("statusCode"),
            name: location.string("name"),
        },
        properties: content.scalar().unwrap_or_else(|| content.to_json().to_string()),
    })
}
