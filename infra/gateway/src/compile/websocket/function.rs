//! Which function an `IntegrationUri` means.

use indexmap::IndexMap;

/// A function to call: its name or ARN without the qualifier, and the qualifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionRef {
    /// Name, ARN or partial ARN, as `lambda::Invoke` takes it.
    pub name: String,
    /// A version or an alias.
    pub qualifier: Option<String>,
}

impl FunctionRef {
    /// Reads API Gateway's form of a function
    /// (`arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}/invocations`) or a plain function ARN, after
    /// filling in `${stageVariables.name}`.
    pub(super) fn parse(uri: &str, variables: &IndexMap<String, String>) -> Result<FunctionRef, String> {
        let uri = fill_in(uri, variables)?;
        let function = match uri.split_once("/functions/") {
            Some((head, tail)) if head.contains(":apigateway:") && head.contains(":lambda:path") => {
                tail.strip_suffix("/invocations").ok_or_else(|| format!("`{uri}` does not end in `/invocations`"))?
            }
            _ => &uri,
        };
        // arn:aws:lambda:{region}:{account}:function:{name}[:{qualifier}]
        let fields: Vec<&str> = function.split(':').collect();
        match fields[..] {
            ["arn", _, "lambda", _, _, "function", name] if !name.is_empty() => {
                Ok(FunctionRef { name: function.to_owned(), qualifier: None })
            }
            ["arn", _, "lambda", _, _, "function", name, qualifier] if !name.is_empty() && !qualifier.is_empty() => {
                let name = &function[..function.len() - qualifier.len() - 1];
                Ok(FunctionRef { name: name.to_owned(), qualifier: Some(qualifier.to_owned()) })
            }
            _ => Err(format!("its IntegrationUri `{uri}` is not the ARN of a Lambda function")),
        }
    }
}

fn fill_in(uri: &str, variables: &IndexMap<String, String>) -> Result<String, String> {
    const OPEN: &str = "${stageVariables.";
    let mut filled = String::with_capacity(uri.len());
    let mut rest = uri;
    while let Some(start) = rest.find(OPEN) {
        filled.push_str(&rest[..start]);
        let (name, tail) = rest[start + OPEN.len()..]
            .split_once('}')
            .ok_or_else(|| format!("its IntegrationUri `{uri}` has a `${{` without `}}`"))?;
        filled.push_str(
            variables.get(name).ok_or_else(|| {
                format!("its IntegrationUri needs the stage variable `{name}`, which the stage has not")
            })?,
        );
        rest = tail;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:chat";

    fn parse(uri: &str) -> Result<FunctionRef, String> {
        FunctionRef::parse(uri, &IndexMap::from([("v".to_owned(), "live".to_owned())]))
    }

    #[test]
    fn both_forms_and_qualifiers() {
        let plain = FunctionRef { name: ARN.to_owned(), qualifier: None };
        assert_eq!(parse(ARN), Ok(plain.clone()));
        let rest_form = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{ARN}/invocations");
        assert_eq!(parse(&rest_form), Ok(plain));
        let live = FunctionRef { name: ARN.to_owned(), qualifier: Some("live".to_owned()) };
        assert_eq!(parse(&format!("{ARN}:${{stageVariables.v}}")), Ok(live));
    }

    #[test]
    fn what_is_no_function_is_refused_by_name() {
        for uri in ["https://example.com", "arn:aws:sqs:us-east-1:1:q", "arn:aws:lambda:us-east-1:1:function:", ""] {
            assert!(parse(uri).unwrap_err().contains(uri), "{uri}");
        }
        assert!(parse("${stageVariables.none}").unwrap_err().contains("`none`"));
        assert!(parse("${stageVariables.v").is_err());
    }
}
