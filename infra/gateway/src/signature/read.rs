//! Reads a signature out of a request: from its `Authorization` header, or from the parameters of a presigned URL.

use percent_encoding::percent_decode_str;
use time::PrimitiveDateTime;
use time::format_description::well_known::Rfc2822;
use time::macros::format_description;

use super::{CredentialScope, Refusal, scope, unreadable};
use crate::clock::EpochMillis;
use crate::server::{ClientRequest, Headers};

/// The longest life of a presigned URL: a week.
const MAX_EXPIRES: i64 = 604_800;
/// The most names in `SignedHeaders`.
const MAX_SIGNED_HEADERS: usize = 128;

/// A signature as its request states it; nothing of it is checked but its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    /// Who signs, and for what.
    pub(crate) scope: CredentialScope,
    /// The session token that came with it.
    pub(crate) token: Option<String>,
    /// `20261122T120000Z`
    pub(super) date: String,
    pub(super) at: EpochMillis,
    /// Seconds that a presigned URL is good for; `None` in a header, and in a URL that does not say.
    pub(super) expires: Option<i64>,
    /// Lower case, sorted, each once.
    pub(super) signed_headers: Vec<String>,
    pub(super) signature: String,
    /// Where it stands in the request.
    pub(super) presigned: bool,
}

impl Signature {
    /// Reads the signature of a request.
    ///
    /// # Errors
    /// When there is none, or what there is has another form.
    pub(crate) fn read(request: &ClientRequest) -> Result<Signature, Refusal> {
        for name in ["authorization", "host", "date", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"] {
            if request.headers.get_all(name).nth(1).is_some() {
                return Err(Refusal::Incomplete(format!("The request has more than one header '{name}'")));
            }
        }
        match request.headers.get("authorization") {
            Some(header) => in_header(header, &request.headers),
            None => in_query(&request.raw_query),
        }
    }
}

fn incomplete(text: impl Into<String>) -> Refusal {
    Refusal::Incomplete(text.into())
}

fn in_header(header: &str, headers: &Headers) -> Result<Signature, Refusal> {
    if let Some(text) = unreadable(header) {
        return Err(Refusal::Incomplete(text));
    }
    let (algorithm, parameters) = header.trim().split_once(' ').unwrap_or_default();
    check_algorithm(algorithm)?;
    // What is readable has each of them.
    let field = |name: &str| {
        let mut found = parameters.split(',').filter_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
        match (found.next(), found.next()) {
            (Some(value), None) => Ok(value),
            _ => Err(incomplete(format!("Authorization header requires '{name}' parameter."))),
        }
    };
    let scope = credential(field("Credential")?)?;
    let (date, at) = match (headers.get("x-amz-date"), headers.get("date")) {
        (Some(date), _) => (date.trim().to_owned(), basic(date.trim())?),
        (None, Some(date)) => of_date_header(date.trim())?,
        (None, None) => {
            return Err(incomplete(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
            ));
        }
    };
    Ok(Signature {
        scope,
        token: headers.get("x-amz-security-token").map(|token| token.trim().to_owned()),
        date,
        at,
        expires: None,
        signed_headers: names(field("SignedHeaders")?)?,
        signature: field("Signature")?.to_owned(),
        presigned: false,
    })
}

/// The values of a query's parameter, decoded.
pub(super) fn parameters(query: &str, name: &str) -> impl Iterator<Item = String> {
    query.split('&').filter_map(move |pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let named = percent_decode_str(key).decode_utf8_lossy() == name;
        named.then(|| percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned())
    })
}

fn in_query(query: &str) -> Result<Signature, Refusal> {
    let parameter = |name: &str| -> Result<Option<String>, Refusal> {
        let mut found = parameters(query, name);
        match (found.next(), found.next()) {
            (first, None) => Ok(first),
            _ => Err(incomplete(format!("AWS query-string parameters must include '{name}' once."))),
        }
    };
    let required = |name: &str| {
        let missing = || {
            incomplete(format!(
                "AWS query-string parameters must include '{name}'. Re-examine the query-string parameters."
            ))
        };
        parameter(name)?.filter(|value| !value.is_empty()).ok_or_else(missing)
    };
    let names_one = ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature"].into_iter();
    if !names_one.map(parameter).collect::<Result<Vec<_>, _>>()?.iter().any(Option::is_some) {
        return Err(Refusal::Missing);
    }
    check_algorithm(&required("X-Amz-Algorithm")?)?;
    let date = required("X-Amz-Date")?;
    let expires = match parameter("X-Amz-Expires")? {
        None => None,
        Some(text) => {
            let seconds = text.parse::<i64>().ok().filter(|seconds| (1..=MAX_EXPIRES).contains(seconds));
            let wrong = || incomplete(format!("X-Amz-Expires must be a number of seconds from 1 to {MAX_EXPIRES}"));
            Some(seconds.ok_or_else(wrong)?)
        }
    };
    Ok(Signature {
        scope: credential(&required("X-Amz-Credential")?)?,
        token: parameter("X-Amz-Security-Token")?,
        at: basic(&date)?,
        date,
        expires,
        signed_headers: names(&required("X-Amz-SignedHeaders")?)?,
        signature: required("X-Amz-Signature")?,
        presigned: true,
    })
}

/// The one algorithm; SigV4A (`AWS4-ECDSA-P256-SHA256`) is none of API Gateway's.
fn check_algorithm(algorithm: &str) -> Result<(), Refusal> {
    if algorithm == "AWS4-HMAC-SHA256" {
        return Ok(());
    }
    Err(incomplete("Unsupported AWS 'algorithm': only AWS4-HMAC-SHA256 is supported."))
}

fn credential(text: &str) -> Result<CredentialScope, Refusal> {
    scope(text).ok_or_else(|| {
        incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/aws4_request: a date of \
             eight digits, a region's name and aws4_request among them",
        )
    })
}

fn names(list: &str) -> Result<Vec<String>, Refusal> {
    let mut names: Vec<String> = list.split(';').map(|name| name.trim().to_ascii_lowercase()).collect();
    names.sort_unstable();
    names.dedup();
    // A line break or a colon in a name would make another header of it in the canonical request.
    let is_name = |name: &String| http::HeaderName::from_bytes(name.as_bytes()).is_ok();
    if names.len() > MAX_SIGNED_HEADERS || !names.iter().all(is_name) {
        return Err(incomplete("SignedHeaders must be names parted by semicolons"));
    }
    if names.iter().all(|name| name != "host") {
        return Err(incomplete("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."));
    }
    Ok(names)
}

/// `20261122T120000Z`
fn basic(date: &str) -> Result<EpochMillis, Refusal> {
    let form = format_description!("[year][month][day]T[hour][minute][second]Z");
    // A year may have a sign to the parser, and to nobody else.
    let unsigned = date.starts_with(|first: char| first.is_ascii_digit());
    let at = unsigned.then(|| PrimitiveDateTime::parse(date, form).ok()).flatten();
    let at = at.ok_or_else(|| incomplete("Date must be in ISO-8601 'basic format', as in 20261122T120000Z"))?;
    Ok(at.assume_utc().unix_timestamp() * 1000)
}

/// The header `Date`, which some clients sign instead: in either form.
fn of_date_header(date: &str) -> Result<(String, EpochMillis), Refusal> {
    if let Ok(at) = basic(date) {
        return Ok((date.to_owned(), at));
    }
    let parsed = time::OffsetDateTime::parse(date, &Rfc2822);
    let at = parsed.map_err(|_| incomplete("The header Date is no date"))?.unix_timestamp() * 1000;
    Ok((super::basic_date(at), at))
}
