//! Pages of a list: `limit` and `nextToken`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use lambda_http::{Request, RequestExt};
use sha2::{Digest, Sha256};

use crate::errors::{AppError, FieldError};

const DEFAULT_LIMIT: usize = 25;
const MAX_LIMIT: usize = 100;
const MAX_TOKEN_BYTES: usize = 1024;

/// Which page a client wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// How many items at most, 1 to 100.
    pub limit: usize,
    /// The key to read on after.
    pub after: Option<String>,
}

/// Reads `limit` and `nextToken`. `list` names the list, so that the token of one is refused by another.
pub fn page_request(request: &Request, list: &str) -> Result<PageRequest, AppError> {
    let mut errors = Vec::new();
    let limit = match single(request, "limit", &mut errors) {
        None => DEFAULT_LIMIT,
        Some(text) => match text.parse::<usize>() {
            // `parse` takes a leading plus sign, which a URL cannot mean: it stands for a space.
            Ok(limit) if (1..=MAX_LIMIT).contains(&limit) && !text.starts_with('+') => limit,
            _ => {
                errors.push(FieldError::new("limit", format!("must be a whole number from 1 to {MAX_LIMIT}")));
                DEFAULT_LIMIT
            }
        },
    };
    let after = single(request, "nextToken", &mut errors).and_then(|token| {
        let key = key_of(&token, list);
        if key.is_none() {
            errors.push(FieldError::new("nextToken", "is not a token that this list gave out"));
        }
        key
    });
    if errors.is_empty() { Ok(PageRequest { limit, after }) } else { Err(AppError::Validation(errors)) }
}

/// The opaque token that continues `list` after `key`.
///
/// It carries the key and a checksum. The checksum catches damage, invention and a token of another list; it is no
/// secret, and needs none: whoever computes one can start the list at another place, which shows nothing that paging
/// through it would not.
pub fn next_token(list: &str, key: &str) -> String {
    URL_SAFE_NO_PAD.encode([&checksum(list, key)[..], key.as_bytes()].concat())
}

fn key_of(token: &str, list: &str) -> Option<String> {
    if token.len() > MAX_TOKEN_BYTES {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (sum, key) = bytes.split_at_checked(8)?;
    let key = std::str::from_utf8(key).ok().filter(|key| !key.is_empty())?;
    (sum == checksum(list, key)).then(|| key.to_owned())
}

fn checksum(list: &str, key: &str) -> [u8; 8] {
    let digest = Sha256::new().chain_update("page token 1\0").chain_update(list).chain_update("\0").chain_update(key);
    let mut sum = [0; 8];
    sum.copy_from_slice(&digest.finalize()[..8]);
    sum
}

/// A query parameter that may be given once.
fn single(request: &Request, name: &'static str, errors: &mut Vec<FieldError>) -> Option<String> {
    let values = request.query_string_parameters_ref()?.all(name)?;
    match values.as_slice() {
        [] => None,
        [value] => Some((*value).to_owned()),
        _ => {
            errors.push(FieldError::new(name, "must be given once"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use lambda_http::Body;

    use super::*;

    fn parse(pairs: &[(&str, &[&str])]) -> Result<PageRequest, Vec<&'static str>> {
        let map: HashMap<String, Vec<String>> = pairs
            .iter()
            .map(|(name, values)| ((*name).to_owned(), values.iter().map(|v| (*v).to_owned()).collect()))
            .collect();
        let request = Request::new(Body::Empty).with_query_string_parameters(map);
        page_request(&request, "users").map_err(|error| match error {
            AppError::Validation(errors) => errors.into_iter().map(|error| error.field).collect(),
            other => panic!("{other}"),
        })
    }

    #[test]
    fn a_limit_is_from_1_to_100_and_25_by_default() {
        assert_eq!(parse(&[]).unwrap().limit, 25);
        assert_eq!(parse(&[("limit", &["100"])]).unwrap().limit, 100);
        for bad in ["0", "101", "-1", "+5", "1.5", "ten", "", " 5", "99999999999999999999"] {
            assert_eq!(parse(&[("limit", &[bad])]), Err(vec!["limit"]), "{bad:?}");
        }
        assert_eq!(parse(&[("limit", &["1", "2"])]), Err(vec!["limit"]));
    }

    #[test]
    fn a_token_comes_back_as_its_key() {
        for key in ["a", "ž/%", &"x".repeat(500)] {
            let token = next_token("users", key);
            assert_eq!(parse(&[("nextToken", &[&token])]).unwrap().after.as_deref(), Some(key));
        }
    }

    #[test]
    fn a_broken_forged_or_foreign_token_is_refused_by_name() {
        let token = next_token("users", "user-1");
        let mut forged = URL_SAFE_NO_PAD.decode(&token).unwrap();
        *forged.last_mut().unwrap() ^= 1;
        let cases = [
            String::new(),
            "not a token".into(),
            token[..token.len() - 1].to_owned(),
            format!("{token}="),
            URL_SAFE_NO_PAD.encode(forged),
            next_token("products", "user-1"),
            URL_SAFE_NO_PAD.encode("{\"userId\":\"user-1\"}"),
            next_token("users", ""),
            "A".repeat(5_000),
        ];
        for case in cases {
            assert_eq!(parse(&[("nextToken", &[&case])]), Err(vec!["nextToken"]), "{case}");
        }
    }

    #[test]
    fn every_wrong_parameter_is_named() {
        assert_eq!(parse(&[("limit", &["x"]), ("nextToken", &["?"])]), Err(vec!["limit", "nextToken"]));
    }
}
