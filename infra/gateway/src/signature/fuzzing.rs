//! The fuzz targets of signatures: what is read of a request, and its canonical form.

use std::sync::LazyLock;

use percent_encoding::percent_decode_str;

use super::canonical::has_dot_segments;
use super::testing::TEST;
use super::{
    Parts, Purpose, QueryForm, Refusal, Signature, Signed, SigningKeys, basic_date, canonical_request as canonical,
    check_form, signed, unreadable,
};
use crate::fuzzing::{NOW, request};
use crate::server::ClientRequest;

/// More names than are taken for signed ones; a request with as many is left alone.
const MAX_FIELDS: usize = 100;

static KEYS: LazyLock<SigningKeys> = LazyLock::new(SigningKeys::default);

/// A request whose signature is read; see [`request`](crate::fuzzing).
pub fn authorization_header(data: &[u8]) {
    let request = request(data);
    if let Some(header) = request.headers.get("authorization") {
        // What is told to the client grows with nothing that it has sent, since that may hold a token.
        assert!(unreadable(header).is_none_or(|message| message.len() < 400));
    }
    let read = Signature::read(&request);
    assert_eq!(check_form(&request).is_ok(), read.is_ok());
    let mut turned = request.clone();
    turned.headers.0.reverse();
    turned.headers.0.iter_mut().for_each(|(name, _)| name.make_ascii_uppercase());
    assert_eq!(Signature::read(&turned), read, "neither the order of headers nor the case of their names matters");
    match read {
        Ok(signature) => form(&request, &signature),
        Err(refusal) => assert!(refusal.message().len() < 400 && !refusal.code().is_empty()),
    }
}

fn form(request: &ClientRequest, signature: &Signature) {
    assert_eq!(signed(request), Signed::By(signature.scope.clone()), "whoever asks, it is of the same");
    assert_eq!(basic_date(signature.at), signature.date);
    assert!(signature.expires.is_none_or(|seconds| (1..=604_800).contains(&seconds)));
    let names = &signature.signed_headers;
    assert!(names.is_sorted() && names.iter().any(|name| name == "host"));
    for name in names {
        // Nothing that could be taken for another line, or another name, of the canonical request.
        let header = http::HeaderName::from_bytes(name.as_bytes());
        assert!(header.is_ok_and(|header| header.as_str() == name), "{name:?} is no header's name");
    }
    let purpose = Purpose { service: None, region: None, now: [NOW; 2] };
    assert!(signature.verify(request, "nobody's secret", purpose, &KEYS).is_err());
}

/// A request, in its canonical forms, signed and altered; see [`request`](crate::fuzzing).
pub fn canonical_request(data: &[u8]) {
    let mut request = request(data);
    let mut names: Vec<_> = request.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() > MAX_FIELDS {
        return;
    }
    for form in [QueryForm::AsSent, QueryForm::Encoded] {
        orders(&request, &names, form);
    }
    encoded(&request);
    let ours = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.starts_with("x-amz-") || matches!(&*name, "authorization" | "host" | "date" | "x-http-method-override")
    };
    request.headers.0.retain(|(name, _)| !ours(name));
    altered(&TEST.sign(request.clone(), NOW));
    if !parameters(&request.raw_query, true).iter().any(|(name, _)| name.starts_with(b"X-Amz-")) {
        altered(&TEST.presign(request, NOW, Some(60)));
    }
}

fn text(request: &ClientRequest, names: &[String], form: QueryForm) -> String {
    canonical(&Parts {
        method: request.method.as_str(),
        path: &request.raw_path,
        query: &request.raw_query,
        form,
        headers: &request.headers.0,
        signed_headers: names,
        payload_hash: "hash",
    })
}

/// What a client may send in another way and mean the same.
fn orders(request: &ClientRequest, names: &[String], form: QueryForm) {
    let expected = text(request, names, form);
    assert_eq!(expected.split('\n').count(), names.len() + 6, "nothing makes a line of its own: {expected}");
    let mut turned = request.clone();
    turned.raw_query = request.raw_query.rsplit('&').collect::<Vec<_>>().join("&");
    // Stable: fields of one name keep their order, which does matter.
    turned.headers.0.sort_by_key(|(name, _)| std::cmp::Reverse(name.to_ascii_lowercase()));
    for (name, value) in &mut turned.headers.0 {
        name.make_ascii_uppercase();
        *value = format!("\t{value}  ");
    }
    turned.headers.0.push(("Not-Signed".to_owned(), "x".to_owned()));
    let names: Vec<_> = names.iter().filter(|name| *name != "not-signed").cloned().collect();
    if !request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("not-signed")) {
        assert_eq!(text(&turned, &names, form), expected);
    }
}

/// The encoded form has the same parameters, and is its own encoded form.
fn encoded(request: &ClientRequest) {
    let expected = text(request, &[], QueryForm::Encoded);
    let query = expected.split('\n').nth(2).unwrap_or_default();
    let mut sent = parameters(&request.raw_query, true);
    sent.retain(|(name, _)| name != b"X-Amz-Signature");
    assert_eq!(parameters(query, false), sent);
    assert!(query.len() <= 4 * request.raw_query.len());
    let mut again = request.clone();
    again.raw_query = query.to_owned();
    for form in [QueryForm::AsSent, QueryForm::Encoded] {
        assert_eq!(text(&again, &[], form), expected);
    }
}

/// What a query's parameters are, sorted; a plus is a space where it says so.
fn parameters(query: &str, plus: bool) -> Vec<(Vec<u8>, Vec<u8>)> {
    let decoded = |part: &str| -> Vec<u8> {
        let part = if plus { part.replace('+', " ") } else { part.to_owned() };
        percent_decode_str(&part).collect()
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut pairs: Vec<_> = pairs.map(|(name, value)| (decoded(name), decoded(value))).collect();
    pairs.sort_unstable();
    pairs
}

/// A request that has been signed is good as it is and in no other way.
fn altered(request: &ClientRequest) {
    let check = |request: &ClientRequest, secret: &str, now: i64| {
        let purpose = Purpose { service: Some(TEST.service), region: Some(TEST.region), now: [now; 2] };
        Signature::read(request)?.verify(request, secret, purpose, &KEYS)
    };
    let mismatch = |result| matches!(result, Err(Refusal::Mismatch(_)));
    if has_dot_segments(&request.raw_path) {
        assert!(mismatch(check(request, TEST.secret, NOW)), "such a path is another one's");
        return;
    }
    assert_eq!(check(request, TEST.secret, NOW), Ok(()));
    assert!(mismatch(check(request, "another secret", NOW)));
    for now in [NOW - 6 * 60_000, NOW + 6 * 60_000] {
        assert!(matches!(check(request, TEST.secret, now), Err(Refusal::OutOfScope(_))));
    }
    let change = |change: fn(&mut ClientRequest)| {
        let mut request = request.clone();
        change(&mut request);
        check(&request, TEST.secret, NOW)
    };
    assert!(mismatch(change(|request| request.raw_path.push_str("/x"))));
    assert!(mismatch(change(|request| request.raw_query.push_str("&x=1"))));
    assert!(mismatch(change(|request| request.body = [&*request.body, b"x"].concat().into())));
    let added = change(|request| request.headers.0.push(("x-amz-meta".to_owned(), "x".to_owned())));
    assert!(matches!(added, Err(Refusal::OutOfScope(_))), "what changes a meaning is signed");
}
