//! Turns the AWS addresses of a stack's own APIs and function URLs into their local ones.
//!
//! A template writes `https://${ChatApi}.execute-api.${AWS::Region}.amazonaws.com/production` into a function's
//! environment or its outputs; here the same API answers at
//! `http://127.0.0.1:4566/_aws/execute-api/chatapi/production`. Anything else is left as it is.

/// Where an API answers, by path: `http://127.0.0.1:{port}/_aws/execute-api/{apiId}`.
pub(super) fn local(scheme: &str, port: u16, api_id: &str) -> String {
    format!("{scheme}://127.0.0.1:{port}/_aws/execute-api/{api_id}")
}

/// Rewrites every URL in `text` whose host is `{apiId}.execute-api.…` or `{urlId}.lambda-url.…` for an id that `is_own`
/// knows.
pub(super) fn rewrite(text: &str, port: u16, is_own: impl Fn(&str) -> bool) -> String {
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
        let host = &after[..host_end];
        let local = if let Some((api_id, _)) = host.split_once(".execute-api.") {
            scheme.filter(|_| is_own(api_id)).map(|scheme| local(scheme, port, api_id))
        } else {
            let url = host.split_once(".lambda-url.").filter(|(url_id, _)| is_own(url_id));
            url.and_then(|(_, on_aws)| on_aws.strip_suffix(".on.aws")).zip(scheme).map(|(region, scheme)| {
                let url_id = host.split('.').next().unwrap_or_default();
                format!("{scheme}://{url_id}.lambda-url.{region}.localhost:{port}")
            })
        };
        match local {
            Some(local) => {
                out.push_str(&rest[..start]);
                out.push_str(&local);
            }
            None => out.push_str(&rest[..at + 3 + host_end]),
        }
        rest = &after[host_end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(text: &str) -> String {
        rewrite(text, 4566, |id| id == "chatapi" || id == "abc")
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
