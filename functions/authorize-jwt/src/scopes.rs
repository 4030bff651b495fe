//! Which routes require which scopes: `REQUIRED_SCOPES`.
//!
//! ```text
//! GET /tokens = aws.cognito.signin.user.admin; DELETE /tokens/* = tokens/write tokens/admin; $connect = chat
//! ```
//!
//! Rules are separated by semicolons. Before the equals sign stands a method and a path, or a route key of a WebSocket API;
//! `*` stands for any run of characters, as it does in a policy. After it stand the scopes, of which one is enough. A route
//! that no rule names requires none.

/// The rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequiredScopes(Vec<Rule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    /// What follows the stage in a method's ARN: `GET/tokens`.
    resource: String,
    scopes: Vec<String>,
}

impl RequiredScopes {
    /// Reads the rules; the error says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let rules = text.split(';').map(str::trim).filter(|rule| !rule.is_empty());
        rules.map(rule).collect::<Result<_, _>>().map(RequiredScopes)
    }

    /// The resources below `stage` (`arn:…/{stage}/*`) that are closed to somebody with these scopes.
    pub(crate) fn denied(&self, stage: &str, scopes: &[String]) -> Vec<String> {
        let stage = stage.trim_end_matches('*');
        let is_closed = |rule: &&Rule| !rule.scopes.iter().any(|scope| scopes.contains(scope));
        self.0.iter().filter(is_closed).map(|rule| format!("{stage}{}", rule.resource)).collect()
    }
}

fn rule(text: &str) -> Result<Rule, String> {
    let wrong = || format!("has the rule '{text}'; a rule is METHOD /path = scope, or $connect = scope");
    let (route, scopes) = text.split_once('=').ok_or_else(wrong)?;
    let scopes: Vec<String> = scopes.split_ascii_whitespace().map(str::to_owned).collect();
    let route: Vec<&str> = route.split_ascii_whitespace().collect();
    let resource = match route.as_slice() {
        [key] if key.starts_with('$') => (*key).to_owned(),
        [method, path] if path.starts_with('/') && method.chars().all(|c| c.is_ascii_uppercase() || c == '*') => {
            format!("{method}{path}")
        }
        _ => return Err(wrong()),
    };
    if scopes.is_empty() { Err(wrong()) } else { Ok(Rule { resource, scopes }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_routes_scopes_opens_it() {
        let rules =
            RequiredScopes::parse("GET /tokens = read admin; DELETE /tokens/* = write ; $connect = chat;").unwrap();
        let denied = |scopes: &[&str]| {
            let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
            rules.denied("arn:x/prod/*", &scopes)
        };
        assert_eq!(denied(&["admin", "chat"]), ["arn:x/prod/DELETE/tokens/*"]);
        assert_eq!(denied(&["write"]), ["arn:x/prod/GET/tokens", "arn:x/prod/$connect"]);
        assert_eq!(denied(&[]).len(), 3);
        assert!(denied(&["read", "write", "chat"]).is_empty());
    }

    #[test]
    fn rules_that_make_no_sense_are_refused() {
        assert_eq!(RequiredScopes::parse(""), Ok(RequiredScopes::default()));
        for text in ["GET /x", "GET /x =", "= s", "get /x = s", "GET x = s", "GET /x /y = s", "connect = s"] {
            assert!(RequiredScopes::parse(text).is_err(), "{text}");
        }
    }
}
