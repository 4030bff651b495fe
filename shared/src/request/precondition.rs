//! `If-Match` (RFC 9110, section 13.1.1).

use lambda_http::{Request, http::header};

use crate::{domain::Version, errors::AppError, response};

/// What a client says it last read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// Nothing, or `*`: any version will do, as long as there is one.
    Any,
    /// One of these entity tags, quotes included.
    Tags(Vec<String>),
}

impl IfMatch {
    /// Whether this version is one the client knows.
    pub fn accepts(&self, version: Version) -> bool {
        match self {
            IfMatch::Any => true,
            IfMatch::Tags(tags) => tags.contains(&response::etag(version)),
        }
    }
}

/// Reads `If-Match`. A weak tag never matches, as the comparison is the strong one; something that is no list of tags is
/// an error rather than a failed comparison, so that a client that forgot the quotes learns it.
pub fn if_match(request: &Request) -> Result<IfMatch, AppError> {
    let malformed = || AppError::field("If-Match", "must be * or quoted entity tags such as \"1\"");
    let mut tags = Vec::new();
    for value in request.headers().get_all(header::IF_MATCH) {
        let text = value.to_str().map_err(|_| malformed())?.trim();
        if text == "*" {
            return Ok(IfMatch::Any);
        }
        let mut rest = text;
        while !rest.is_empty() {
            let (weak, tagged) = match rest.strip_prefix("W/") {
                Some(tagged) => (true, tagged),
                None => (false, rest),
            };
            let (tag, after) = tagged.strip_prefix('"').and_then(|open| open.split_once('"')).ok_or_else(malformed)?;
            tags.push(format!("{}\"{tag}\"", if weak { "W/" } else { "" }));
            let after = after.trim_start();
            rest = match after.strip_prefix(',') {
                Some(next) => next.trim_start(),
                None if after.is_empty() => after,
                None => return Err(malformed()),
            };
        }
    }
    let absent = !request.headers().contains_key(header::IF_MATCH);
    match (absent, tags.is_empty()) {
        (true, _) => Ok(IfMatch::Any),
        (false, true) => Err(malformed()),
        (false, false) => Ok(IfMatch::Tags(tags)),
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;

    use super::*;

    fn parse(values: &[&str]) -> Result<IfMatch, AppError> {
        let mut request = Request::new(Body::Empty);
        for value in values {
            request.headers_mut().append(header::IF_MATCH, value.parse().unwrap());
        }
        if_match(&request)
    }

    #[test]
    fn compares_strongly() {
        assert!(parse(&[]).unwrap().accepts(7));
        assert!(parse(&["*"]).unwrap().accepts(7));
        assert!(parse(&["\"7\""]).unwrap().accepts(7));
        assert!(parse(&["\"6\", W/\"x,y\" ,\"7\""]).unwrap().accepts(7));
        assert!(parse(&["\"6\"", "\"7\""]).unwrap().accepts(7));
        assert!(!parse(&["\"6\""]).unwrap().accepts(7));
        assert!(!parse(&["W/\"7\""]).unwrap().accepts(7));
    }

    #[test]
    fn a_malformed_header_is_an_error() {
        for bad in ["7", "", "\"7", "\"6\" \"7\"", "w/\"7\"", "\"7\";"] {
            assert!(parse(&[bad]).is_err(), "{bad:?}");
        }
    }
}
