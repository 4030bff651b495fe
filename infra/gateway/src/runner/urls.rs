//! Turns the AWS addresses of a stack's own APIs and user pools into their local ones.
//!
//! A template writes `https://${ChatApi}.execute-api.${AWS::Region}.amazonaws.com/production` into a function's
//! environment or its outputs; here the same API answers at
//! `http://127.0.0.1:4566/_aws/execute-api/chatapi/production`. The documents of its user pools
//! (`https://cognito-idp.${AWS::Region}.amazonaws.com/${UserPool}/.well-known/jwks.json`) answer here too. Anything else is
//! left as it is.

/// Where an API answers, by path: `http://127.0.0.1:{port}/_aws/execute-api/{apiId}`.
pub(super) fn local(scheme: &str, port: u16, api_id: &str) -> String {
    format!("{scheme}://127.0.0.1:{port}/_aws/execute-api/{api_id}")
}

/// What a stack has of its own.
pub(super) struct Own<'a> {
    /// The ids of its APIs.
    pub(super) apis: &'a [String],
    /// The ids of its user pools.
    pub(super) user_pools: &'a [String],
}

/// Rewrites every URL in `text` whose host is `{apiId}.execute-api.…` for an API of the stack's own, and that of every
/// document that a user pool of its own publishes. A pool's bare address is left: it is the issuer that tokens name.
pub(super) fn rewrite(text: &str, port: u16, own: &Own<'_>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let start = rest[..at].trim_end_matches(|c: char| c.is_ascii_alphanumeric()).len();
        let scheme = match &rest[start..at] {
            "https" | "http" => Some("http"),
            "wss" | "ws" => Some("ws"),
            _ => None,
        };
        let after = &rest[at + 3..];
        let host_end = after.find(|c: char| !(c.is_ascii_alphanumeric() || "-._:".contains(c))).unwrap_or(after.len());
        let (host, path) = after.split_at(host_end);
        let api_id = host.split_once(".execute-api.").map(|(api_id, _)| api_id);
        match (scheme, api_id) {
            (Some(scheme), Some(api_id)) if own.apis.iter().any(|own| own == api_id) => {
                out.push_str(&rest[..start]);
                out.push_str(&local(scheme, port, api_id));
            }
            (Some("http"), None) if is_document(host, path, own.user_pools) => {
                out.push_str(&rest[..start]);
                out.push_str(&format!("http://localhost:{port}"));
            }
            _ => out.push_str(&rest[..at + 3 + host_end]),
        }
        rest = path;
    }
    out.push_str(rest);
    out
}

/// `cognito-idp.{region}.amazonaws.com` and `/{pool}/.well-known/…`
fn is_document(host: &str, path: &str, pools: &[String]) -> bool {
    let region = host.strip_prefix("cognito-idp.").and_then(|rest| rest.split_once(".amazonaws.com"));
    let document = path.strip_prefix('/').and_then(|path| path.split_once("/.well-known/"));
    region.is_some_and(|(_, rest)| matches!(rest, "" | ".cn"))
        && document.is_some_and(|(pool, _)| pools.iter().any(|own| own == pool))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(text: &str) -> String {
        let own = Own { apis: &["chatapi".to_owned()], user_pools: &["us-east-1_abc".to_owned()] };
        rewrite(text, 4566, &own)
    }

    #[test]
    fn own_apis_become_local_and_keep_their_path() {
        assert_eq!(
            rewritten("https://chatapi.execute-api.us-east-1.amazonaws.com/production"),
            "http://127.0.0.1:4566/_aws/execute-api/chatapi/production"
        );
        assert_eq!(
            rewritten("a=wss://chatapi.execute-api.us-east-1.amazonaws.com, b=https://chatapi.execute-api.x.y/p?q"),
            "a=ws://127.0.0.1:4566/_aws/execute-api/chatapi, b=http://127.0.0.1:4566/_aws/execute-api/chatapi/p?q"
        );
    }

    #[test]
    fn the_documents_of_own_user_pools_are_local_and_their_issuers_are_not() {
        assert_eq!(
            rewritten("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abc/.well-known/jwks.json"),
            "http://localhost:4566/us-east-1_abc/.well-known/jwks.json"
        );
        for text in [
            "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abc",
            "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_other/.well-known/jwks.json",
            "https://cognito-idp.us-east-1.amazonaws.com.example.com/us-east-1_abc/.well-known/jwks.json",
            "https://example.com/us-east-1_abc/.well-known/jwks.json",
        ] {
            assert_eq!(rewritten(text), text);
        }
    }

    #[test]
    fn everything_else_is_left_as_it_is() {
        for text in [
            "",
            "plain",
            "https://example.com/a",
            "https://other.execute-api.us-east-1.amazonaws.com/p",
            "s3://chatapi.execute-api.us-east-1.amazonaws.com/p",
            "ünï://chatapi.execute-api.x/://",
        ] {
            assert_eq!(rewritten(text), text);
        }
    }
}
