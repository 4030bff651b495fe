//! `{path}={value}` of `ferrogate stage set`: the paths of `update-stage`, with or without their first slash, and what is
//! shorter to write.

use super::{Op, Patch};

/// What a method's settings are called in paths, with what comes before.
const GROUPS: [&str; 4] = ["metrics/", "logging/", "throttling/", "caching/"];

/// One setting as an operation:
///
/// - `variables/alias=live` or `variables.alias=live`; `variables/alias=` removes it
/// - `cacheClusterEnabled=true`, `description=…`, any path of the stage
/// - `caching/enabled=true` for all methods, in place of `*/*/caching/enabled=true`
/// - `GET /users/{id} caching/enabled=true` for one, in place of `~1users~1{id}/GET/caching/enabled=true`
///
/// # Errors
/// Where there is no `=`, or a method's setting is none.
pub(super) fn parse(given: &str) -> Result<Patch, String> {
    let (path, value) = given
        .split_once('=')
        .filter(|(path, _)| !path.trim().is_empty())
        .ok_or_else(|| format!("{given:?} is not of the form PATH=VALUE, as variables/alias=live"))?;
    let path = full(path.trim())?;
    // What a stage has or has not goes with an empty value; a text, like its description, becomes empty.
    let optional = path.matches('/').count() > 1 || matches!(path.as_str(), "/canarySettings" | "/accessLogSettings");
    Ok(match value.is_empty() && optional {
        true => Patch::new(Op::Remove, &path, None, None),
        false => Patch::new(Op::Replace, &path, Some(value), None),
    })
}

fn full(path: &str) -> Result<String, String> {
    let words: Vec<&str> = path.split_whitespace().collect();
    match words[..] {
        [one] => {
            let path = one.trim_start_matches('/');
            let dotted = |map: &str| path.strip_prefix(map).and_then(|rest| rest.strip_prefix('.'));
            Ok(if GROUPS.iter().any(|group| path.starts_with(group)) {
                format!("/*/*/{path}")
            } else if let Some(name) = dotted("variables") {
                format!("/variables/{name}")
            } else if let Some(name) = dotted("canarySettings") {
                format!("/canarySettings/{}", name.replacen("stageVariableOverrides.", "stageVariableOverrides/", 1))
            } else {
                format!("/{path}")
            })
        }
        [verb, resource, setting] if resource.starts_with('/') => {
            Ok(format!("/{}/{}/{setting}", resource.replace('/', "~1"), verb.to_ascii_uppercase()))
        }
        _ => Err(format!(
            "{path:?} is no setting: write a path of update-stage (variables/alias, */*/throttling/rateLimit), or a method \
             and its setting in quotes ('GET /users caching/enabled')"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_and_those_of_aws_are_the_same() {
        for (given, op, path, value) in [
            ("variables/x=1", Op::Replace, "/variables/x", Some("1")),
            ("/variables/x=a=b", Op::Replace, "/variables/x", Some("a=b")),
            ("variables.x=1", Op::Replace, "/variables/x", Some("1")),
            ("variables/x=", Op::Remove, "/variables/x", None),
            ("description=", Op::Replace, "/description", Some("")),
            ("canarySettings=", Op::Remove, "/canarySettings", None),
            ("canarySettings.percentTraffic=5", Op::Replace, "/canarySettings/percentTraffic", Some("5")),
            ("*/*/throttling/rateLimit=10", Op::Replace, "/*/*/throttling/rateLimit", Some("10")),
            ("throttling/rateLimit=10", Op::Replace, "/*/*/throttling/rateLimit", Some("10")),
            ("/~1users/GET/caching/enabled=true", Op::Replace, "/~1users/GET/caching/enabled", Some("true")),
            ("GET /users caching/enabled=true", Op::Replace, "/~1users/GET/caching/enabled", Some("true")),
            (
                "get /users/{id} caching/ttlInSeconds=5",
                Op::Replace,
                "/~1users~1{id}/GET/caching/ttlInSeconds",
                Some("5"),
            ),
            ("POST / metrics/enabled=true", Op::Replace, "/~1/POST/metrics/enabled", Some("true")),
            ("*/*=", Op::Remove, "/*/*", None),
        ] {
            let patch = parse(given).unwrap();
            assert_eq!((patch.op, patch.path.as_str(), patch.value.as_deref()), (op, path, value), "{given}");
        }
        for wrong in ["x", "=1", "GET users caching/enabled=true", "a b=1"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
