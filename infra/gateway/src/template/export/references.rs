//! Turns names and ARNs of what the template declares into references to it, so that the template works in any account and
//! region.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Value, json};

/// What the template declares, by its physical name.
#[derive(Debug, Default)]
pub(super) struct References {
    region: String,
    account: String,
    functions: HashMap<String, String>,
    tables: HashMap<String, String>,
    roles: HashMap<String, String>,
    apis: HashMap<String, String>,
    topics: HashMap<String, String>,
}

#[expect(clippy::expect_used, reason = "the patterns are constants, and the tests compile each")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern")
}

static FUNCTION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:([A-Za-z0-9_-]+)"));

/// One pattern for all, so that what one alternative has taken no other sees.
static ANY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x)
        arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:(?<function>[A-Za-z0-9_-]+)
        | arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:\d{12}:table/(?<table>[A-Za-z0-9_.-]+)(?<stream>/stream/[0-9T:.-]+)?
        | arn:aws[a-z-]*:iam::\d{12}:role/(?<role>[\w+=,.@/-]+)
        | arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:(?<topic>[A-Za-z0-9_-]+)
        | (?<scheme>https?|wss?)://(?:127\.0\.0\.1|localhost)(?::\d+)?/_aws/execute-api/(?<local>[a-z0-9]+)
        | (?<host>[a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?
        | arn:aws[a-z-]*:execute-api:(?<xregion>[a-z0-9-]+):(?<xaccount>\d{12}):(?<executed>[a-z0-9]+)
        | restapis/(?<definition>[a-z0-9]+)/
        | arn:aws[a-z-]*:apigateway:(?<invoked>[a-z0-9-]+):lambda:
        | arn:aws[a-z-]*:(?<service>[a-z0-9-]+):(?<region>[a-z0-9-]*):(?<account>\d{12})?:
        ",
    )
});

impl References {
    pub(super) fn new(region: &str, account: &str) -> Self {
        References { region: region.to_owned(), account: account.to_owned(), ..References::default() }
    }

    pub(super) fn function(&mut self, name: &str, id: &str) {
        self.functions.insert(name.to_owned(), id.to_owned());
    }

    pub(super) fn table(&mut self, name: &str, id: &str) {
        self.tables.insert(name.to_owned(), id.to_owned());
    }

    /// `name` with its path, without the slash in front.
    pub(super) fn role(&mut self, name: &str, id: &str) {
        self.roles.insert(name.to_owned(), id.to_owned());
    }

    pub(super) fn api(&mut self, api_id: &str, id: &str) {
        self.apis.insert(api_id.to_owned(), id.to_owned());
    }

    pub(super) fn topic(&mut self, name: &str, id: &str) {
        self.topics.insert(name.to_owned(), id.to_owned());
    }

    /// The logical id of the function that a URI names.
    pub(super) fn function_in(&self, uri: &str) -> Option<&str> {
        let found = FUNCTION.captures(uri)?;
        self.functions.get(found.get(1)?.as_str()).map(String::as_str)
    }

    /// The logical id of an API.
    pub(super) fn api_named(&self, api_id: &str) -> Option<&str> {
        self.apis.get(api_id).map(String::as_str)
    }

    /// The logical id of the function with this name or ARN, and whether it was an ARN; `None` with a qualifier.
    pub(super) fn function_named(&self, name: &str) -> Option<(&str, bool)> {
        match self.functions.get(name) {
            Some(id) => Some((id, false)),
            None => {
                let found = FUNCTION.find(name).filter(|found| found.as_str() == name)?;
                self.function_in(found.as_str()).map(|id| (id, true))
            }
        }
    }

    /// Rewrites the strings of a resource's properties. A resource never refers to itself.
    pub(super) fn apply(&self, own: &str, properties: &mut Value) {
        // A value that is a table's or an API's name and nothing else is taken for it where programs look names up.
        for holder in ["/Environment/Variables", "/Variables", "/StageVariables"] {
            if let Some(Value::Object(variables)) = properties.pointer_mut(holder) {
                for value in variables.values_mut() {
                    let known = value.as_str().and_then(|name| self.named(name)).filter(|id| *id != own);
                    if let Some(id) = known {
                        *value = json!({ "Ref": id });
                    }
                }
            }
        }
        self.rewrite(own, properties);
    }

    fn named(&self, name: &str) -> Option<&str> {
        let found = self.tables.get(name).or_else(|| self.functions.get(name)).or_else(|| self.apis.get(name));
        found.map(String::as_str)
    }

    fn rewrite(&self, own: &str, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(sub) = self.sub(own, text) {
                    *value = sub;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.rewrite(own, item)),
            Value::Object(members) => {
                let is_function =
                    members.len() == 1 && members.keys().all(|key| key == "Ref" || key.starts_with("Fn::"));
                if !is_function {
                    members.values_mut().for_each(|member| self.rewrite(own, member));
                }
            }
            _ => {}
        }
    }

    /// `text` with references in it, if it has any.
    fn sub(&self, own: &str, text: &str) -> Option<Value> {
        let mut found = Vec::new();
        let mut rest = 0;
        let mut out = String::new();
        for captures in ANY.captures_iter(text) {
            let Some(whole) = captures.get(0) else { continue };
            let Some(replacement) = self.replacement(own, &captures, &text[whole.end()..]) else { continue };
            out.push_str(&escaped(&text[rest..whole.start()]));
            out.push_str(&replacement);
            rest = whole.end();
            found.push(replacement);
        }
        if found.is_empty() {
            return None;
        }
        out.push_str(&escaped(&text[rest..]));
        // One reference and nothing else needs no string around it.
        let alone = out.strip_prefix("${").and_then(|inner| inner.strip_suffix('}'));
        match alone.filter(|inner| found.len() == 1 && !inner.contains(['$', '!'])) {
            Some(inner) => Some(match inner.split_once('.') {
                Some((id, attribute)) => json!({ "Fn::GetAtt": [id, attribute] }),
                None => json!({ "Ref": inner }),
            }),
            None => Some(json!({ "Fn::Sub": out })),
        }
    }

    fn replacement(&self, own: &str, found: &Captures<'_>, after: &str) -> Option<String> {
        let text = |name: &str| found.name(name).map(|found| found.as_str());
        fn not<'a>(own: &str, id: Option<&'a String>) -> Option<&'a String> {
            id.filter(|id| *id != own)
        }
        if let Some(name) = text("function") {
            // `function:${stageVariables.name}` is none that is known here, nor is what only begins like one.
            let id = not(own, self.functions.get(name)).filter(|_| !after.starts_with('$'));
            return id.map(|id| format!("${{{id}.Arn}}")).or_else(|| self.elsewhere(found.get(0)?.as_str()));
        }
        if let Some(name) = text("table") {
            let attribute = if text("stream").is_some() { "StreamArn" } else { "Arn" };
            let id = not(own, self.tables.get(name));
            return id.map(|id| format!("${{{id}.{attribute}}}")).or_else(|| self.elsewhere(found.get(0)?.as_str()));
        }
        if let Some(name) = text("role") {
            let id = not(own, self.roles.get(name));
            return id.map(|id| format!("${{{id}.Arn}}")).or_else(|| self.elsewhere(found.get(0)?.as_str()));
        }
        if let Some(name) = text("topic") {
            let id = not(own, self.topics.get(name));
            return id.map(|id| format!("${{{id}}}")).or_else(|| self.elsewhere(found.get(0)?.as_str()));
        }
        let host = |id: &String| format!("${{{id}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}");
        if let Some(api) = text("local") {
            let scheme = if text("scheme").is_some_and(|scheme| scheme.starts_with("ws")) { "wss" } else { "https" };
            return not(own, self.apis.get(api)).map(|id| format!("{scheme}://{}", host(id)));
        }
        if let Some(api) = text("host") {
            return not(own, self.apis.get(api)).map(host);
        }
        if let Some(api) = text("executed") {
            let whole = found.get(0)?.as_str();
            let prefix = self.elsewhere(whole.strip_suffix(api)?)?;
            return Some(match not(own, self.apis.get(api)) {
                Some(id) => format!("{prefix}${{{id}}}"),
                None => format!("{prefix}{api}"),
            });
        }
        if let Some(region) = text("invoked") {
            let here = region == self.region;
            return here.then(|| "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:".to_owned());
        }
        if let Some(api) = text("definition") {
            return not(own, self.apis.get(api)).map(|id| format!("restapis/${{{id}}}/"));
        }
        self.elsewhere(found.get(0)?.as_str())
    }

    /// An ARN of this account and region that names nothing here.
    fn elsewhere(&self, arn: &str) -> Option<String> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let [_, _, service, region, account, rest] = parts.as_slice() else {
            return None;
        };
        let here = (region.is_empty() || *region == self.region) && (account.is_empty() || *account == self.account);
        if !here || (region.is_empty() && account.is_empty()) {
            return None;
        }
        let region = if region.is_empty() { "" } else { "${AWS::Region}" };
        let account = if account.is_empty() { "" } else { "${AWS::AccountId}" };
        Some(format!("arn:${{AWS::Partition}}:{service}:{region}:{account}:{}", escaped(rest)))
    }
}

/// `${…}` that is not CloudFormation's.
fn escaped(text: &str) -> String {
    text.replace("${", "${!")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(text: &str) -> Value {
        let mut references = References::new("eu-west-1", "123456789012");
        references.function("fn", "Fn");
        references.table("users", "Users");
        references.api("abc", "Api");
        references.role("path/role", "Role");
        references.topic("alerts", "Alerts");
        let mut value = json!({ "Own": text, "Environment": { "Variables": { "X": text } } });
        references.apply("Self", &mut value);
        value["Own"].take()
    }

    #[test]
    fn names_and_arns_become_references() {
        for (text, expected) in [
            ("arn:aws:lambda:eu-west-1:123456789012:function:fn", json!({"Fn::GetAtt": ["Fn", "Arn"]})),
            (
                "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:fn/invocations",
                json!({"Fn::Sub": "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations"}),
            ),
            (
                "arn:aws:lambda:eu-west-1:123456789012:function:fn-2",
                json!({"Fn::Sub": "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:fn-2"}),
            ),
            (
                "arn:aws:dynamodb:eu-west-1:123456789012:table/users/stream/2024-01-01T00:00:00.000",
                json!({"Fn::GetAtt": ["Users", "StreamArn"]}),
            ),
            (
                "http://127.0.0.1:4566/_aws/execute-api/abc/prod",
                json!({"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/prod"}),
            ),
            (
                "wss://abc.execute-api.eu-west-1.amazonaws.com/p",
                json!({"Fn::Sub": "wss://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/p"}),
            ),
            (
                "arn:aws:execute-api:eu-west-1:123456789012:abc/*",
                json!({"Fn::Sub": "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*"}),
            ),
            ("arn:aws:sns:eu-west-1:123456789012:alerts", json!({"Ref": "Alerts"})),
            (
                "arn:aws:sns:eu-west-1:123456789012:others",
                json!({"Fn::Sub": "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:others"}),
            ),
            ("arn:aws:iam::123456789012:role/path/role", json!({"Fn::GetAtt": ["Role", "Arn"]})),
            (
                "arn:aws:iam::123456789012:role/other",
                json!({"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/other"}),
            ),
            (
                "${stageVariables.x} arn:aws:sqs:eu-west-1:123456789012:q",
                json!({"Fn::Sub": "${!stageVariables.x} arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:q"}),
            ),
            ("arn:aws:sqs:us-east-1:123456789012:q", json!("arn:aws:sqs:us-east-1:123456789012:q")),
            ("${stageVariables.x}", json!("${stageVariables.x}")),
            ("users", json!("users")),
        ] {
            assert_eq!(rewritten(text), expected, "{text}");
        }
    }

    #[test]
    fn a_variable_that_is_a_tables_name_refers_to_the_table() {
        let mut references = References::new("us-east-1", "000000000000");
        references.table("users", "Users");
        let mut value = json!({ "FunctionName": "users", "Environment": { "Variables": { "TABLE": "users" } } });
        references.apply("Fn", &mut value);
        assert_eq!(value, json!({"FunctionName": "users", "Environment": {"Variables": {"TABLE": {"Ref": "Users"}}}}));
    }
}
