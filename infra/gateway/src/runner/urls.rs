//! Turns the AWS addresses of a stack's own APIs into their local ones.
//!
//! A template writes `https://${ChatApi}.execute-api.${AWS::Region}.amazonaws.com/production` into a function's
//! environment or its outputs; here the same API answers at
//! `http://127.0.0.1:4566/_aws/execute-api/chatapi/production`. Anything else is left as it is.

/// Where an API answers, by path: `http://127.0.0.1:{port}/_aws/execute-api/{apiId}`.
pub(super) fn local(scheme: &str, port: u16, api_id: &str) -> String {
    format!("{scheme}://127.0.0.1:{port}/_aws/execute-api/{api_id}")
}

/// Rewrites every URL in `text` whose host is `{apiId}.execute-api.…` for an API that `is_own` knows.
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
        let api_id = after[..host_end].split_once(".execute-api.").map(|(api_id, _)| api_id);
        match (scheme, api_id) {
            (Some(scheme), Some(api_id)) if is_own(api_id) => {
                out.push_str(&rest[..start]);
                out.push_str(&local(scheme, port, api_id));
            }
            _ => out.push_str(&rest[..at + 3 + host_end]),
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
        rewrite(text, 4566, |api_id| api_id == "chatapi")
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
