//! Data that a template brings for its first start here: `Metadata: { Ferrogate: { Seed: seed.json } }`.
//!
//! ```json
//! {"tables": {"ProductsTable": [{"productId": {"S": "p1"}}]}, "banner": ["1 product"]}
//! ```
//!
//! Tables by logical id, items as DynamoDB's JSON writes them; the banner's lines tell the user what there is. Only
//! tables that this start has created are filled, so nothing that a user has changed or deleted comes back.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

/// A seed file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seed {
    /// Items by the table's logical id.
    #[serde(default)]
    pub(super) tables: IndexMap<String, Vec<Value>>,
    /// What to tell the user of them.
    #[serde(default)]
    pub(super) banner: Vec<String>,
}

/// Why a seed file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct SeedError {
    path: PathBuf,
    reason: String,
}

impl SeedError {
    pub(super) fn new(path: &Path, reason: impl ToString) -> Self {
        SeedError { path: path.to_owned(), reason: reason.to_string() }
    }
}

/// Reads a seed file.
pub(super) fn read(path: &Path) -> Result<Seed, SeedError> {
    let text = std::fs::read(path).map_err(|error| SeedError::new(path, error))?;
    serde_json::from_slice(&text).map_err(|error| SeedError::new(path, error))
}
