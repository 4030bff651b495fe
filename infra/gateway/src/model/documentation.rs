//! An API's documentation, in parts and versions.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::clock::EpochMillis;

/// A piece of an API's documentation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DocumentationPart {
    /// The part's id.
    pub id: String,
    /// What it documents.
    pub location: DocumentationPartLocation,
    /// JSON.
    pub properties: String,
}

/// What a documentation part documents.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DocumentationPartLocation {
    /// `API`, `RESOURCE`, `METHOD`, `MODEL`, …
    #[serde(rename = "type")]
    pub part_type: String,
    /// `path`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// `method`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// `statusCode`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<String>,
    /// `name`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A snapshot of an API's documentation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DocumentationVersion {
    /// `version`
    pub version: String,
    /// `createdDate`
    pub created_date: EpochMillis,
    /// `description`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The parts as they were.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub documentation_parts: IndexMap<String, DocumentationPart>,
}
