//! `$ref`: to parameters, responses, bodies and headers, which are followed, and to schemas, which are models.

use super::super::super::node::Node;
use super::super::super::properties::Properties;
use super::super::follow;

/// A reference to a reference to a reference: nobody writes more.
const MOST_HOPS: usize = 16;

/// What `node` stands for once its `$ref`s are followed; `None` after an error, which is reported.
pub(super) fn resolved<'a>(document: &Properties<'a>, node: &'a Node) -> Option<&'a Node> {
    let root = document.node();
    let mut found = node;
    for _ in 0..MOST_HOPS {
        let Some(reference) = found.get("$ref") else { return Some(found) };
        let fail = |why: &str| {
            let text = reference.scalar().unwrap_or_default();
            document.report().error(reference.at, format!("$ref '{text}' {why}"));
            None
        };
        let Some(text) = reference.as_text() else { return fail("must be a string") };
        if !text.starts_with("#/") {
            return fail("is not in this document: API Gateway follows only '#/…'");
        }
        match follow(root, text) {
            Some(target) => found = target,
            None => return fail("leads to nothing in this document"),
        }
    }
    let place = found.get("$ref").map_or(found.at, |reference| reference.at);
    let text = found.get("$ref").and_then(Node::scalar).unwrap_or_default();
    document.report().error(place, format!("$ref '{text}' leads back to itself"));
    None
}

/// The model that a `$ref` to a schema names.
pub(super) enum SchemaReference {
    /// `#/definitions/Pet`, `#/components/schemas/Pet`, `https://apigateway.amazonaws.com/restapis/{id}/models/Pet`
    Model(String),
    /// `#/definitions/Pet/properties/name`, which no model can say.
    Within,
    /// Another file or host.
    Foreign,
}

/// Reads a `$ref` to a schema.
pub(super) fn schema(reference: &str) -> SchemaReference {
    let local =
        ["#/definitions/", "#/components/schemas/"].into_iter().find_map(|prefix| reference.strip_prefix(prefix));
    if let Some(name) = local {
        return match name.contains('/') {
            true => SchemaReference::Within,
            false => SchemaReference::Model(name.replace("~1", "/").replace("~0", "~")),
        };
    }
    match reference
        .strip_prefix("https://apigateway.amazonaws.com/restapis/")
        .and_then(|rest| rest.split_once("/models/"))
    {
        Some((_, name)) if !name.contains('/') => SchemaReference::Model(name.to_owned()),
        _ if reference.starts_with('#') => SchemaReference::Within,
        _ => SchemaReference::Foreign,
    }
}
