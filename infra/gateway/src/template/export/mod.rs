//! Writes a model as a template: what runs here becomes what `ferrogate` and AWS can be given.
//!
//! Each service's part adds resources to a `Document`; `references` then turns the names and ARNs in them into
//! references, so that the template works in any account and region; `yaml` writes it down. What a template cannot say is
//! said in a comment beside its resource.

mod account;
mod document;
mod files;
mod functions;
mod names;
mod notifications;
mod references;
mod rest;
mod rest_methods;
mod rest_stages;
mod tables;
mod v2;
mod v2_stages;
mod yaml;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use crate::model::Model;

use document::Document;
pub use files::MAX_BYTES;

/// Which kind of template.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// With SAM's functions, whose roles and packages SAM makes.
    #[default]
    Sam,
    /// CloudFormation's own types alone.
    CloudFormation,
}

impl Format {
    /// `sam` or `cloudformation`.
    pub fn parse(text: &str) -> Option<Format> {
        match text {
            "sam" => Some(Format::Sam),
            "cloudformation" => Some(Format::CloudFormation),
            _ => None,
        }
    }
}

/// How a template is to be written.
#[derive(Clone, Debug, Default)]
pub struct ExportOptions {
    /// SAM or CloudFormation.
    pub format: Format,
    /// The region that the model is of; its ARNs become `${AWS::Region}`.
    pub region: String,
    /// The account that the model is of; its ARNs become `${AWS::AccountId}`.
    pub account_id: String,
    /// The folder that the template will be in, absolute: packages that are built are named relative to it.
    pub folder: Option<PathBuf>,
}

/// A template, and what it names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// YAML.
    pub template: String,
    /// Files beside the template by their paths relative to it: the functions' code.
    pub files: Vec<(PathBuf, Vec<u8>)>,
}

/// Why a model cannot be written down.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A function's code cannot be read.
    #[error("the code of the function {function} cannot be read: {path}: {error}")]
    Code {
        /// The function's name.
        function: String,
        /// What could not be read.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// There is too much code.
    #[error(
        "the functions' code has more than {} MB; export again without the large ones, or copy their folders by hand",
        MAX_BYTES / 1_000_000
    )]
    TooLarge,
}

/// Writes `model` as a template. Reads the functions' code, so it may take a while.
///
/// # Errors
/// When a function's code cannot be read, or all of it is larger than [`MAX_BYTES`].
pub fn export(model: &Model, options: &ExportOptions) -> Result<Exported, ExportError> {
    let mut document = Document::new(model, options);
    functions::add(&mut document)?;
    tables::add(&mut document);
    account::add_roles(&mut document);
    notifications::add_log_groups(&mut document);
    notifications::add(&mut document);
    rest::add(&mut document);
    v2::add(&mut document);
    account::add_plans(&mut document);
    functions::add_permissions(&mut document);
    functions::add_event_sources(&mut document);
    Ok(document.finish())
}
