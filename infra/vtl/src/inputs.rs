//! What a template is given, what it may set, and how much it may use.

use indexmap::IndexMap;
use serde_json::{Map, Value};

/// What a template reads.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// `$input.body`; the empty body prints `{}`.
    pub body: &'a str,
    /// `$input.params()`.
    pub params: &'a Params,
    /// `$context`, nested as its names are: `identity`, `authorizer` and so on.
    pub context: &'a Map<String, Value>,
    /// `$stageVariables`.
    pub stage_variables: &'a IndexMap<String, String>,
}

/// A request's parameters: each name's last value, decoded, in the client's order. Names are case-sensitive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params {
    /// What the resource's path has captured.
    pub path: IndexMap<String, String>,
    /// The query string's.
    pub querystring: IndexMap<String, String>,
    /// The headers'.
    pub header: IndexMap<String, String>,
}

/// What templates have set under `$context`: it lives from a request's template to its response's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `$context.requestOverride`.
    pub request: RequestOverride,
    /// `$context.responseOverride`.
    pub response: ResponseOverride,
}

/// Parameters of the integration's request, each as it prints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestOverride {
    /// `$context.requestOverride.header`.
    pub header: IndexMap<String, String>,
    /// `$context.requestOverride.path`.
    pub path: IndexMap<String, String>,
    /// `$context.requestOverride.querystring`.
    pub querystring: IndexMap<String, String>,
}

/// What the client is answered with in place of what the integration's response says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseOverride {
    /// `$context.responseOverride.header`.
    pub header: IndexMap<String, String>,
    /// `$context.responseOverride.status` as it prints; whether it is a status is for the caller to judge.
    pub status: Option<String>,
}

/// How much one rendering may use. None of it is measured by a clock, so that the same input ends the same way everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest output, and the longest text made on the way, in bytes.
    pub output_bytes: usize,
    /// How often one `#foreach` goes round; it ends there without an error, as on AWS.
    pub loop_count: usize,
    /// How deep directives, macros and expressions may nest while rendering.
    pub depth: usize,
    /// Steps of evaluation: about one for each part of the template that is evaluated and for each 16 bytes of text made.
    pub steps: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { output_bytes: 10 * 1024 * 1024, loop_count: 1000, depth: 128, steps: 5_000_000 }
    }
}
