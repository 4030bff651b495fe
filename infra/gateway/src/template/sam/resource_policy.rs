//! `Auth.ResourcePolicy` of an API or of one event: lists of accounts, addresses and VPCs, which SAM writes as the statements
//! of the API's policy.

use serde_json::{Map, Value, json};

use super::super::node::Node;
use super::super::properties::Properties;
use super::super::rest_builder::RestBuilder;

/// What a `ResourcePolicy` says, for each of the paths that it is about.
#[derive(Debug)]
pub(in super::super) struct Rules {
    accounts_allowed: Vec<Value>,
    accounts_denied: Vec<Value>,
    addresses_allowed: Vec<Value>,
    addresses_denied: Vec<Value>,
    /// `aws:SourceVpc` and `aws:SourceVpce`
    vpcs_denied: Map<String, Value>,
    vpcs_allowed: Map<String, Value>,
    custom: Vec<Value>,
}

impl Rules {
    /// Reads a `ResourcePolicy`.
    pub(super) fn read(properties: &Properties<'_>) -> Self {
        let list = |key: &str| items(properties.take(key));
        let vpcs = |which: &str| {
            let mut condition = Map::new();
            let mut add = |key: &str, values: Vec<Value>| {
                let known = condition.entry(key).or_insert_with(|| json!([]));
                known.as_array_mut().into_iter().for_each(|known| known.extend(values.clone()));
            };
            let (vpces, others): (Vec<_>, Vec<_>) = list(&format!("SourceVpc{which}"))
                .into_iter()
                .partition(|id| id.as_str().is_some_and(|id| id.starts_with("vpce-")));
            // SAM passes over whatever begins neither way.
            add(
                "aws:SourceVpc",
                others.into_iter().filter(|id| id.as_str().is_some_and(|id| id.starts_with("vpc-"))).collect(),
            );
            add("aws:SourceVpce", vpces);
            add("aws:SourceVpc", list(&format!("IntrinsicVpc{which}")));
            add("aws:SourceVpce", list(&format!("IntrinsicVpce{which}")));
            condition.retain(|_, values| values.as_array().is_some_and(|values| !values.is_empty()));
            condition
        };
        Rules {
            accounts_allowed: list("AwsAccountWhitelist"),
            accounts_denied: list("AwsAccountBlacklist"),
            addresses_allowed: list("IpRangeWhitelist"),
            addresses_denied: list("IpRangeBlacklist"),
            vpcs_denied: vpcs("Blacklist"),
            vpcs_allowed: vpcs("Whitelist"),
            custom: list("CustomStatements"),
        }
    }

    /// The statements about one path, in SAM's order.
    fn statements(&self, resources: &Value) -> Vec<Value> {
        let statement = |effect: &str, principal: Value, condition: Option<Value>| {
            let mut statement = json!({"Effect": effect, "Action": "execute-api:Invoke", "Resource": resources, "Principal": principal});
            if let Some(condition) = condition {
                statement["Condition"] = condition;
            }
            statement
        };
        let mut statements = Vec::new();
        for (effect, accounts) in [("Allow", &self.accounts_allowed), ("Deny", &self.accounts_denied)] {
            if !accounts.is_empty() {
                statements.push(statement(effect, json!({ "AWS": accounts }), None));
            }
        }
        let addresses = |list: &Vec<Value>| (!list.is_empty()).then(|| json!({ "aws:SourceIp": list }));
        let vpcs = |map: &Map<String, Value>| (!map.is_empty()).then(|| Value::Object(map.clone()));
        for (operator, keys) in [
            ("NotIpAddress", addresses(&self.addresses_allowed)),
            ("IpAddress", addresses(&self.addresses_denied)),
            ("StringEquals", vpcs(&self.vpcs_denied)),
            ("StringNotEquals", vpcs(&self.vpcs_allowed)),
        ] {
            if let Some(keys) = keys {
                statements.push(statement("Allow", "*".into(), None));
                statements.push(statement("Deny", "*".into(), Some(json!({ operator: keys }))));
            }
        }
        statements
    }
}

/// A list, or one item of it.
fn items(node: Option<&Node>) -> Vec<Value> {
    match node {
        None => Vec::new(),
        Some(node) => match node.to_json() {
            Value::Array(items) => items,
            Value::Null => Vec::new(),
            one => vec![one],
        },
    }
}

/// What an event's own `ResourcePolicy` says of its path: of the methods that are there by now.
pub(super) fn of_event(builder: &mut RestBuilder, resource: usize, rules: &Rules) {
    if let Some(resources) = resources(builder, resource) {
        add(builder, rules.statements(&resources));
    }
    add(builder, rules.custom.clone());
}

/// What the API's `ResourcePolicy` says, once all paths are there.
pub(in super::super) fn of_api(builder: &mut RestBuilder) {
    let Some(rules) = builder.resource_policy.take() else { return };
    for resource in 0..builder.api.resources.len() {
        if let Some(resources) = resources(builder, resource) {
            add(builder, rules.statements(&resources));
        }
    }
    add(builder, rules.custom);
}

/// The methods of a path, as resources of a policy.
fn resources(builder: &RestBuilder, resource: usize) -> Option<Value> {
    let stage = builder.api.stages.keys().next()?;
    let resource = builder.api.resources.get(resource)?;
    let parts = resource.path.split('/').map(|part| if part.starts_with('{') { "*" } else { part });
    let path = parts.collect::<Vec<_>>().join("/");
    let names = resource.methods.keys().map(|verb| if verb == "ANY" { "*" } else { verb.as_str() });
    let names: Vec<Value> = names.map(|verb| format!("execute-api:/{stage}/{verb}{path}").into()).collect();
    (!names.is_empty()).then(|| names.into())
}

/// Adds statements that the API's policy does not have yet.
fn add(builder: &mut RestBuilder, statements: Vec<Value>) {
    if statements.is_empty() {
        return;
    }
    let declared = builder.api.policy.as_deref().and_then(|policy| serde_json::from_str(policy).ok());
    let mut policy: Map<String, Value> = declared.unwrap_or_default();
    policy.insert("Version".to_owned(), "2012-10-17".into());
    let mut all = match policy.remove("Statement") {
        Some(Value::Array(all)) => all,
        Some(one) => vec![one],
        None => Vec::new(),
    };
    for statement in statements {
        if !all.contains(&statement) {
            all.push(statement);
        }
    }
    policy.insert("Statement".to_owned(), all.into());
    builder.api.policy = Some(Value::Object(policy).to_string());
}
