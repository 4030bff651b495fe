//! Signatures of botocore's, and everything that is refused.

use super::testing::{Signer, TEST};
use super::*;
use crate::proxy::testing::request;

/// 2026-11-22T12:00:00Z, when botocore 1.44 signed the vectors with `test` and `secret`.
const AT: EpochMillis = 1_795_348_800_000;
const MINUTE: i64 = 60_000;
/// Of the vectors.
const BOTOCORE: Signer<'static> = Signer { secret: "secret", ..TEST };

fn at(now: EpochMillis) -> Purpose<'static> {
    Purpose { service: Some("execute-api"), region: Some("us-east-1"), now: [now; 2] }
}

fn verify(request: &ClientRequest, secret: &str, now: EpochMillis) -> Result<(), Refusal> {
    Signature::read(request)?.verify(request, secret, at(now), &SigningKeys::default())
}

fn get(target: &str, headers: &[(&str, &str)]) -> ClientRequest {
    let mut all = vec![("Host", "localhost:4566"), ("X-Amz-Date", "20261122T120000Z")];
    all.extend(headers);
    request("GET", target, &all)
}

fn by(mut request: ClientRequest, signed: &str, signature: &str) -> ClientRequest {
    let value = format!(
        "AWS4-HMAC-SHA256 Credential=test/20261122/us-east-1/execute-api/aws4_request, SignedHeaders={signed}, \
         Signature={signature}"
    );
    request.headers.0.push(("Authorization".to_owned(), value));
    request
}

/// SigV4Auth of botocore, given these addresses as they stand.
#[test]
fn requests_that_botocore_signs_are_good() {
    for (target, signature) in [
        ("/prod/users", "7d14c5105a1179b5068e8312603e51ea997de883972f73f1eafe6567ac7d153c"),
        ("/", "4bacc44a734dae7cb098814a352c769ec4fd25e40a3ebf8465307d35e300886c"),
        ("/prod/users/a%2Fb%20c/", "6794b558824b2b26f26826a37d6041445e3e705dee377695cf72d17c3b24356c"),
        ("/prod/~a-b_c.d/!*'();:@&=+$,[]", "73abbaf62ea55325d1c26a0dd6b7568f0a7981187e8ea57a67906902dedaf4a1"),
        ("/prod/a%252Fb%25", "cfb8cdcfa07c4b417ff1e78041e0e5fdaea94200dd9296c47376fb0faeb03e81"),
        ("/prod//users///1", "8d532e7c144e01145e8ad1a24d19bf742e9925714e9c4c84902c69091b65a96b"),
        ("/prod/%C3%A9/%e2%82%ac", "de62f69d9ba0a1efe23c3e990b85f283df8192a65a28e04afd79eb08b52c7552"),
        ("/prod?b=2&a=2&a=1&c&d=&=e&a", "d11c5658725a63bc547a7baf414d37035784e3416b33873b282b9a8abdebc4d3"),
        (
            "/prod?a=1+2&b=1%202&c=%2F/&d=%2f&e=~*'()&f=a%2Bb",
            "834840ca03470c3b44c0ec3486808bcb967cfd3a1bf6d241bb422c5c86890213",
        ),
        ("/prod?a-b=1&a=2&a.b=3&aB=4&A=5", "ef8d6f7cfa3c883f171b259a26d1f68fb87578dc182e5d8a00fdb002160d7de3"),
    ] {
        let signed = by(get(target, &[]), "host;x-amz-date", signature);
        assert_eq!(verify(&signed, "secret", AT), Ok(()), "{target}");
        assert!(matches!(verify(&signed, "Secret", AT), Err(Refusal::Mismatch(_))), "{target}");
    }
}

#[test]
fn bodies_tokens_and_odd_headers_of_botocores_are_good() {
    let mut body = by(
        get("/prod/x", &[("Content-Type", "application/json")]),
        "content-type;host;x-amz-date",
        "606492451f705a3c6b061e771927b20b333ad98dac52ef7ec27cc10517c12480",
    );
    body.method = http::Method::POST;
    body.body = r#"{"a": 1}"#.into();
    assert_eq!(verify(&body, "secret", AT), Ok(()));
    body.body = r#"{"a": 2}"#.into();
    assert!(verify(&body, "secret", AT).is_err());

    let mut unsigned = by(
        get("/prod/x", &[("X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD")]),
        "host;x-amz-content-sha256;x-amz-date",
        "63150cbaaa37e741f44bf191e54a12e42708e6fb60980352ae07ec79ad27906c",
    );
    unsigned.method = http::Method::PUT;
    unsigned.body = "anything".into();
    assert_eq!(verify(&unsigned, "secret", AT), Ok(()), "the signer leaves the body open");

    let token = by(
        get("/prod/x", &[("X-Amz-Security-Token", "token/with+odd=chars")]),
        "host;x-amz-date;x-amz-security-token",
        "4619d6cc3b8c7b65be4f9b340de64c962f217fc80be31b33c6d9968d53f9cdda",
    );
    assert_eq!(Signature::read(&token).unwrap().token.as_deref(), Some("token/with+odd=chars"));
    assert_eq!(verify(&token, "secret", AT), Ok(()));

    let odd = by(
        get("/prod/x", &[("X-Custom", "  a   b  c "), ("my-Header", "x,y")]),
        "host;my-header;x-amz-date;x-custom",
        "3b0f86d83386ba2608c41992fb92e4206d611f281866142e5606807a5ebdc158",
    );
    assert_eq!(verify(&odd, "secret", AT), Ok(()));
}

/// SigV4QueryAuth of botocore.
#[test]
fn addresses_that_botocore_presigns_are_good() {
    let scope = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=test%2F20261122%2Fus-east-1%2Fexecute-api%2Faws4_request&\
                 X-Amz-Date=20261122T120000Z";
    for (target, rest) in [
        (
            "/prod/users?",
            "X-Amz-Expires=60&X-Amz-SignedHeaders=host&\
             X-Amz-Signature=e879fb1a7cd93b62b8e95d3781d099e8e89070b1099c3570ffb8069ceaa9a9b2",
        ),
        (
            "/prod/a%2Fb?z=1&a=x%20y&b=%2B&",
            "X-Amz-Expires=60&X-Amz-SignedHeaders=host&\
             X-Amz-Signature=2f24ca9844bef44a5bf1db6d18cf1f203f9b711344485988d3c6d041fb843416",
        ),
        (
            "/dev?",
            "X-Amz-Expires=604800&X-Amz-SignedHeaders=host&X-Amz-Security-Token=token%2Fwith%2Bodd%3Dchars&\
             X-Amz-Signature=4165c1be2c44519fd7aa6972e2ce9244069ed0b6877d04d34f27d9ceedcd49cf",
        ),
    ] {
        let presigned = request("GET", &format!("{target}{scope}&{rest}"), &[("Host", "localhost:4566")]);
        assert_eq!(verify(&presigned, "secret", AT), Ok(()), "{target}");
        let mut altered = presigned.clone();
        altered.raw_query.push_str("&more=1");
        assert!(matches!(verify(&altered, "secret", AT), Err(Refusal::Mismatch(_))));
    }
}

/// What is altered, and how.
type Alteration = (&'static str, fn(&mut ClientRequest));

#[test]
fn what_has_been_altered_is_refused() {
    let mut original = request("POST", "/prod/a%20b?a=1&b=%2F", &[("X-Custom", "1"), ("X-Amz-Meta", "m")]);
    original.body = "body".into();
    let signed = BOTOCORE.sign(original, AT);
    assert_eq!(verify(&signed, "secret", AT), Ok(()));
    let alterations: [Alteration; 10] = [
        ("method", |r| r.method = http::Method::PUT),
        ("path", |r| r.raw_path = "/prod/a%20c".to_owned()),
        ("encoding of the path", |r| r.raw_path = "/prod/a+b".to_owned()),
        ("dots in the path", |r| r.raw_path = "/prod/x/../a%20b".to_owned()),
        ("query", |r| r.raw_query = "a=2&b=%2F".to_owned()),
        ("another parameter", |r| r.raw_query.push_str("&a=2")),
        ("a plus", |r| r.raw_query = "a=1&b=%2B".to_owned()),
        ("body", |r| r.body = "other".into()),
        ("host", |r| r.headers.0.iter_mut().filter(|(n, _)| n == "Host").for_each(|(_, v)| *v = "other".to_owned())),
        ("header", |r| r.headers.0.iter_mut().filter(|(n, _)| n == "X-Custom").for_each(|(_, v)| *v = "2".to_owned())),
    ];
    for (what, alter) in alterations {
        let mut altered = signed.clone();
        alter(&mut altered);
        assert!(matches!(verify(&altered, "secret", AT), Err(Refusal::Mismatch(_))), "{what}");
    }
    // The same parameters in another order or another spelling are the same request, as for AWS.
    let mut same = signed;
    same.raw_query = "b=%2F&a=1".to_owned();
    assert_eq!(verify(&same, "secret", AT), Ok(()));
}

#[test]
fn headers_that_change_the_meaning_must_be_signed() {
    for (name, value) in
        [("X-Amz-Target", "DynamoDB.X"), ("x-amz-security-token", "t"), ("X-HTTP-Method-Override", "PUT")]
    {
        let mut added = BOTOCORE.sign(request("POST", "/prod", &[]), AT);
        added.headers.0.push((name.to_owned(), value.to_owned()));
        let Err(Refusal::OutOfScope(text)) = verify(&added, "secret", AT) else { panic!("{name}") };
        assert!(text.contains(&name.to_ascii_lowercase()), "{text}");
    }
    let mut others = BOTOCORE.sign(request("POST", "/prod", &[]), AT);
    others.headers.0.push(("X-Amzn-Trace-Id".to_owned(), "Root=1".to_owned()));
    others.headers.0.push(("User-Agent".to_owned(), "curl".to_owned()));
    assert_eq!(verify(&others, "secret", AT), Ok(()), "proxies add these");
}

#[test]
fn a_header_is_good_for_five_minutes_around_its_time() {
    let signed = BOTOCORE.sign(request("GET", "/prod", &[]), AT);
    for now in [AT - 5 * MINUTE, AT, AT + 5 * MINUTE] {
        assert_eq!(verify(&signed, "secret", now), Ok(()), "{now}");
    }
    let Err(Refusal::OutOfScope(late)) = verify(&signed, "secret", AT + 5 * MINUTE + 1000) else { panic!("too late") };
    assert_eq!(
        late,
        "Signature expired: 20261122T120000Z is now earlier than 20261122T120001Z (20261122T120501Z - 5 min.)"
    );
    let Err(Refusal::OutOfScope(early)) = verify(&signed, "secret", AT - 5 * MINUTE - 1000) else {
        panic!("too early")
    };
    assert!(
        early.starts_with("Signature not yet current: 20261122T120000Z is still later than 20261122T115959Z"),
        "{early}"
    );
    let either = Purpose { now: [AT + 86_400_000, AT], ..at(AT) };
    let read = Signature::read(&signed).unwrap();
    assert_eq!(read.verify(&signed, "secret", either, &SigningKeys::default()), Ok(()), "the machine's clock");
}

#[test]
fn a_presigned_address_is_good_until_it_expires() {
    let url = |expires| BOTOCORE.presign(request("GET", "/prod?a=%2F&b", &[]), AT, expires);
    for (expires, good, over) in [
        (Some(1), AT + 1000, AT + 2000),
        (Some(604_800), AT + 604_800_000, AT + 604_801_000),
        (None, AT + 5 * MINUTE, AT + 6 * MINUTE),
    ] {
        assert_eq!(verify(&url(expires), "secret", good), Ok(()), "{expires:?}");
        assert!(matches!(verify(&url(expires), "secret", over), Err(Refusal::OutOfScope(_))), "{expires:?}");
        assert!(matches!(verify(&url(expires), "secret", AT - 6 * MINUTE), Err(Refusal::OutOfScope(_))));
    }
    for expires in [0, -1, 604_801] {
        assert!(matches!(verify(&url(Some(expires)), "secret", AT), Err(Refusal::Incomplete(_))), "{expires}");
    }
    let mut unsigned = request("POST", "/prod?X-Amz-Content-Sha256=UNSIGNED-PAYLOAD", &[]);
    unsigned.headers.0.push(("X-Amz-Content-Sha256".to_owned(), "UNSIGNED-PAYLOAD".to_owned()));
    let mut unsigned = BOTOCORE.presign(unsigned, AT, Some(60));
    unsigned.headers.0.retain(|(name, _)| name != "X-Amz-Content-Sha256");
    unsigned.body = "anything".into();
    assert_eq!(verify(&unsigned, "secret", AT), Ok(()));
}

#[test]
fn a_scope_for_something_else_is_refused() {
    for (signer, said) in [
        (Signer { service: "s3", ..BOTOCORE }, "Credential should be scoped to correct service: 'execute-api'. "),
        (
            Signer { region: "eu-west-1", ..BOTOCORE },
            "Credential should be scoped to a valid region, not 'eu-west-1'. ",
        ),
    ] {
        let signed = signer.sign(request("GET", "/prod", &[]), AT);
        assert_eq!(verify(&signed, "secret", AT), Err(Refusal::OutOfScope(said.to_owned())));
    }
    let mut other_day = BOTOCORE.sign(request("GET", "/prod", &[]), AT);
    for (_, value) in &mut other_day.headers.0 {
        *value = value.replace("/20261122/", "/20261121/");
    }
    let Err(Refusal::OutOfScope(text)) = verify(&other_day, "secret", AT) else { panic!("another day") };
    assert!(text.contains("'20261121' != '20261122', from '20261122T120000Z'."), "{text}");
}

#[test]
fn what_is_no_signature_is_refused() {
    assert_eq!(verify(&request("GET", "/", &[]), "secret", AT), Err(Refusal::Missing));
    let good = BOTOCORE.sign(request("GET", "/prod", &[]), AT);
    let authorization = good.headers.get("authorization").unwrap().to_owned();
    let with = |value: String| {
        let mut request = good.clone();
        request.headers.0.retain(|(name, _)| name != "Authorization");
        request.headers.0.push(("Authorization".to_owned(), value));
        request
    };
    for value in [
        "Bearer x".to_owned(),
        authorization.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
        authorization.replace("aws4_request", "aws4"),
        authorization.replace("/20261122/", "/2026/"),
        authorization.replace("host;", ""),
        authorization.replace("SignedHeaders=", "SignedHeaders=;"),
        authorization.replace("SignedHeaders=", "SignedHeaders=a:1;"),
        authorization.replace("SignedHeaders=", "SignedHeaders=a b;"),
        format!("{authorization}, Signature=0"),
        authorization.replace("Credential=test", &format!("Credential={}", "k".repeat(200))),
    ] {
        assert!(matches!(verify(&with(value.clone()), "secret", AT), Err(Refusal::Incomplete(_))), "{value}");
    }
    for (name, value) in [("X-Amz-Date", "20261122T120000Z"), ("Host", "b"), ("Authorization", "x"), ("Date", "x")] {
        let mut twice = good.clone();
        if name == "Date" {
            twice.headers.0.push((name.to_owned(), "20261122T120000Z".to_owned()));
        }
        twice.headers.0.push((name.to_owned(), value.to_owned()));
        assert!(matches!(verify(&twice, "secret", AT), Err(Refusal::Incomplete(_))), "{name} twice");
    }
    for date in ["", "2026-11-22T12:00:00Z", "20261322T120000Z", "+20261122T120000Z", "-20261122T120000Z"] {
        let mut dated = good.clone();
        dated.headers.0.iter_mut().filter(|(name, _)| name == "X-Amz-Date").for_each(|(_, v)| *v = date.to_owned());
        assert!(matches!(verify(&dated, "secret", AT), Err(Refusal::Incomplete(_))), "{date}");
    }
    let presigned = BOTOCORE.presign(request("GET", "/prod", &[]), AT, Some(60));
    for gone in ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature"] {
        let mut request = presigned.clone();
        let kept: Vec<_> = request.raw_query.split('&').filter(|pair| !pair.starts_with(gone)).collect();
        request.raw_query = kept.join("&");
        assert!(matches!(verify(&request, "secret", AT), Err(Refusal::Incomplete(_))), "{gone}");
    }
    let mut broken = presigned.clone();
    broken.raw_query = presigned.raw_query.replace("SignedHeaders=host", "SignedHeaders=host%3Bx%0Ay");
    assert!(matches!(verify(&broken, "secret", AT), Err(Refusal::Incomplete(_))), "a line break in a name");
    let mut twice = presigned;
    twice.raw_query.push_str("&X-Amz-Expires=600000");
    assert!(matches!(verify(&twice, "secret", AT), Err(Refusal::Incomplete(_))));
}

#[test]
fn the_date_header_may_stand_for_the_other() {
    let mut dated = request("GET", "/prod", &[("Host", "localhost:4566"), ("Date", "Sun, 22 Nov 2026 12:00:00 GMT")]);
    dated = BOTOCORE.sign(dated, AT);
    assert_eq!(verify(&dated, "secret", AT), Ok(()));
    // Without X-Amz-Date the signature is over the other alone, which is therefore another signature.
    dated.headers.0.retain(|(name, _)| name != "X-Amz-Date");
    assert!(matches!(verify(&dated, "secret", AT), Err(Refusal::Mismatch(_))));
}

#[test]
fn the_client_is_told_what_it_should_have_signed() {
    let signed = BOTOCORE.sign(request("GET", "/prod?b=1&a=2", &[]), AT);
    let refusal = verify(&signed, "other", AT).unwrap_err();
    let text = refusal.long_message();
    assert!(
        text.contains("\n\nThe Canonical String for this request should have been\n'GET\n/prod\na=2&b=1\n"),
        "{text}"
    );
    assert!(text.contains("The String-to-Sign should have been\n'AWS4-HMAC-SHA256\n20261122T120000Z\n"), "{text}");
    assert!(!text.contains("other"));
}

#[test]
fn the_scope_is_read_from_header_and_query() {
    let scope = CredentialScope {
        access_key: "test".to_owned(),
        date: "20261122".to_owned(),
        region: "eu-west-1".to_owned(),
        service: "apigateway".to_owned(),
    };
    let header =
        "AWS4-HMAC-SHA256 Credential=test/20261122/eu-west-1/apigateway/aws4_request, SignedHeaders=host, Signature=0";
    assert_eq!(signed(&request("GET", "/", &[("Authorization", header)])), Signed::By(scope.clone()));
    let query = "X-Amz-Credential=test%2F20261122%2Feu-west-1%2Fapigateway%2Faws4_request&X-Amz-Signature=0";
    assert_eq!(signed(&request("GET", &format!("/?{query}"), &[])), Signed::By(scope));
    assert_eq!(signed(&request("GET", "/", &[])), Signed::Not);
    // However it is encoded, it is of whomever the signature says when it is checked.
    let presigned = BOTOCORE.presign(request("GET", "/prod", &[]), AT, Some(60));
    for (plain, encoded) in [("X-Amz-Credential=", "X-Amz-%43redential="), ("Credential=test", "Credential=te+st")] {
        let mut request = presigned.clone();
        request.raw_query = presigned.raw_query.replace(plain, encoded);
        let scope = Signature::read(&request).unwrap().scope;
        assert_eq!(signed(&request), Signed::By(scope), "{encoded}");
    }
    for wrong in ["Bearer x", "AWS4-HMAC-SHA256 Credential=test/20261122/../x/aws4_request", "AWS4-HMAC-SHA256 x"] {
        assert_eq!(signed(&request("GET", "/", &[("Authorization", wrong)])), Signed::Malformed, "{wrong}");
    }
}
