//! Shapes: what the members of an operation's input, output and errors look like.

use indexmap::IndexMap;
use regex::Regex;
use serde::Deserialize;

/// `type` of a shape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ShapeType {
    #[default]
    Structure,
    List,
    Map,
    String,
    Character,
    Boolean,
    Integer,
    Long,
    Float,
    Double,
    Blob,
    Timestamp,
}

/// Where in an HTTP message a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Location {
    #[serde(rename = "uri")]
    Uri,
    #[serde(rename = "querystring")]
    QueryString,
    #[serde(rename = "header")]
    Header,
    #[serde(rename = "headers")]
    Headers,
    #[serde(rename = "statusCode")]
    StatusCode,
}

/// A reference to a shape, from a structure's member or a list's or map's element.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Member {
    pub(crate) shape: String,
    pub(crate) location: Option<Location>,
    pub(crate) location_name: Option<String>,
    #[serde(default)]
    pub(crate) flattened: bool,
    pub(crate) timestamp_format: Option<String>,
    /// Of an output: the element around the result in the Query protocol.
    pub(crate) result_wrapper: Option<String>,
}

/// A shape.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shape {
    #[serde(rename = "type")]
    pub(crate) kind: ShapeType,
    #[serde(default)]
    pub(crate) members: IndexMap<String, Member>,
    #[serde(default)]
    pub(crate) required: Vec<String>,
    pub(crate) member: Option<Box<Member>>,
    pub(crate) key: Option<Box<Member>>,
    pub(crate) value: Option<Box<Member>>,
    pub(crate) payload: Option<String>,
    #[serde(default)]
    pub(crate) flattened: bool,
    /// Of a number, a string's length, or a list's.
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    pub(crate) pattern: Option<String>,
    #[serde(rename = "enum", default)]
    pub(crate) values: Vec<String>,
    pub(crate) timestamp_format: Option<String>,
    /// Whether its values must not be shown.
    #[serde(default)]
    pub(crate) sensitive: bool,
    pub(crate) error: Option<ErrorTrait>,
    /// The pattern, made for matching whole strings; `None` too where the pattern is of no dialect known here.
    #[serde(skip)]
    pub(crate) regex: Option<Regex>,
}

/// `error` of an exception.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorTrait {
    pub(crate) code: Option<String>,
    pub(crate) http_status_code: Option<u16>,
}

impl Shape {
    /// Compiles what is used again and again.
    pub(super) fn prepare(&mut self) {
        self.regex = self.pattern.as_deref().and_then(|pattern| {
            // A repeated group of up to 2,000 of anything costs more than it tells: beyond the bound there is no check.
            regex::RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(2 << 20).build().ok()
        });
    }
}
