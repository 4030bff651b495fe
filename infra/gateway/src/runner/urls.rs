//! Turns the AWS addresses of a stack's own APIs, function URLs and user pools into their local ones.
//!
//! A template writes `https://${ChatApi}.execute-api.${AWS::Region}.amazonaws.com/production` into a function's
//! environment or its outputs; here the same API answers at
//! `http://127.0.0.1:4566/_aws/execute-api/chatapi/production`. The documents of its user pools
//! (`https://cognito-idp.${AWS::Region}.amazonaws.com/${UserPool}/.well-known/jwks.json`) and Cognito's operations answer here
//! too. Anything else is left as it is.

use crate::server::local_url;

/// What a stack has of its own.
pub(super) struct Own<'a> {
    /// The ids of its APIs.
    pub(super) apis: &'a [String],
    /// The ids of its function URLs.
    pub(super) function_urls: &'a [String],
    /// The ids of its user pools.
    pub(super) user_pools: &'a [String],
}

/// Rewrites every URL in `text` whose host is `{apiId}.execute-api.…` or `{urlId}.lambda-url.…` of the stack's own, that of
/// every document that a user pool of its own publishes, and the address of Cognito itself if there is a pool. A pool's bare
/// address is left: it is the issuer that tokens name.
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
        match scheme.and_then(|scheme| address(scheme, host, path, port, own)) {
            Some(local) => {
                out.push_str(&rest[..start]);
                out.push_str(&local);
            }
            None => out.push_str(&rest[..at + 3 + host_end]),
        }
        rest = path;
    }
    out.push_str(rest);
    out
}

/// What stands in the place of scheme and host, if they are of the stack's own.
fn address(scheme: &str, host: &str, path: &str, port: u16, own: &Own<'_>) -> Option<String> {
    let is = |ids: &[String], id: &str| ids.iter().any(|own| own == id);
    if let Some((api_id, _)) = host.split_once(".execute-api.") {
        return is(own.apis, api_id).then(|| local_url(scheme, port, api_id));
    }
    if let Some((url_id, on_aws)) = host.split_once(".lambda-url.") {
        let region = on_aws.strip_suffix(".on.aws").filter(|_| is(own.function_urls, url_id))?;
        return Some(format!("{scheme}://{url_id}.lambda-url.{region}.localhost:{port}"));
    }
    let (region, rest) = host.strip_prefix("cognito-idp.")?.split_once(".amazonaws.com")?;
    let answers = matches!(rest, "" | ".cn")
        && match path.strip_prefix('/').and_then(|path| path.split_once("/.well-known/")) {
            Some((pool, _)) => is(own.user_pools, pool),
            // Cognito's own address, at which its operations are called.
            None if path.is_empty() || path == "/" => {
                own.user_pools.iter().any(|pool| pool.split('_').next() == Some(region))
            }
            None => false,
        };
    answers.then(|| format!("{scheme}://localhost:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(text: &str) -> String {
        let (apis, urls, pools) = (["chatapi".to_owned()], ["abc".to_owned()], ["us-east-1_abc".to_owned()]);
        rewrite(text, 4566, &Own { apis: &apis, function_urls: &urls, user_pools: &pools })
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
    fn own_function_urls_become_local() {
        let local = "http://abc.lambda-url.eu-west-1.localhost:4566/";
        assert_eq!(rewritten("https://abc.lambda-url.eu-west-1.on.aws/"), local);
        assert_eq!(rewritten(local), local);
        assert_eq!(rewritten("https://b.lambda-url.eu-west-1.on.aws/"), "https://b.lambda-url.eu-west-1.on.aws/");
    }

    #[test]
    fn cognito_itself_is_local_where_a_pool_is() {
        for end in ["", "/"] {
            let bare = format!("https://cognito-idp.us-east-1.amazonaws.com{end}");
            assert_eq!(rewritten(&bare), format!("http://localhost:4566{end}"));
            assert_eq!(rewrite(&bare, 1, &Own { apis: &[], function_urls: &[], user_pools: &[] }), bare);
        }
        let elsewhere = "https://cognito-idp.eu-west-1.amazonaws.com/";
        assert_eq!(rewritten(elsewhere), elsewhere, "no pool is there");
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
