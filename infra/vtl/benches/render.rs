//! What it costs to parse and to render the templates of the guide and of AWS's documentation: `cargo bench -p ferrogate-vtl`.

use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

use ferrogate_vtl::json_path::JsonPath;
use ferrogate_vtl::{Inputs, Overrides, Params, Template};
use indexmap::IndexMap;
use serde_json::json;

/// The guide's first: a Lambda integration's request.
const GUIDE_REQUEST: &str = "\n{\n    \"userId\": \"$input.params('userId')\",\n    \"action\": \"get\"\n}\n";
/// The guide's second: its response.
const GUIDE_RESPONSE: &str = "\n{\n    \"user\": $input.json('$')\n}\n";
/// AWS's template that passes everything through.
const PASSTHROUGH: &str = include_str!("passthrough.vtl");
/// AWS's example of a photo album: a loop over a document.
const PHOTOS: &str = include_str!("photos.vtl");

fn main() {
    let mut params = Params::default();
    params.path.insert("userId".to_owned(), "user-42".to_owned());
    for (name, value) in [("page", "2"), ("sort", "name"), ("filter", "it's \"new\"")] {
        params.querystring.insert(name.to_owned(), value.to_owned());
    }
    for name in ["Accept", "Content-Type", "User-Agent", "X-Forwarded-For", "X-Amzn-Trace-Id", "Host"] {
        params.header.insert(name.to_owned(), format!("value of {name}"));
    }
    let context = json!({
        "accountId": "123456789012", "apiId": "abc", "httpMethod": "POST", "requestId": "r-1", "resourceId": "res",
        "resourcePath": "/users/{userId}", "stage": "prod",
        "authorizer": {"principalId": "user-42"},
        "identity": {"sourceIp": "10.0.0.1", "userAgent": "agent/1.0", "apiKey": "k", "accountId": null, "caller": null,
            "cognitoIdentityId": null, "user": null, "userArn": null},
    });
    let photo = json!({"id": "1234", "owner": "me", "title": "Sample photo", "ispublic": true, "isfriend": false,
        "isfamily": false});
    let album = json!({"photos": {"page": 1, "pages": "1234", "photo": vec![photo; 10]}}).to_string();
    let user = json!({"id": "user-42", "name": "Ann", "email": "ann@example.com", "tags": ["a", "b"], "age": 33});
    let user = user.to_string();
    let stage_variables = IndexMap::from([("table".to_owned(), "Users".to_owned())]);
    let context = context.as_object().cloned().unwrap_or_default();

    let mut out = std::io::stdout().lock();
    for (name, source, body) in [
        ("guide, request", GUIDE_REQUEST, user.as_str()),
        ("guide, response", GUIDE_RESPONSE, user.as_str()),
        ("AWS, all parameters", PASSTHROUGH, user.as_str()),
        ("AWS, photo album of 10", PHOTOS, album.as_str()),
    ] {
        let inputs = Inputs { body, params: &params, context: &context, stage_variables: &stage_variables };
        let Ok(template) = Template::parse(source) else { continue };
        let parsing = time(|| drop(black_box(Template::parse(black_box(source)))));
        let mut bytes = 0;
        let rendering = time(|| {
            let text = template.render(black_box(&inputs), &mut Overrides::default());
            bytes = text.map_or(0, |text| text.len());
        });
        let (parsing, rendering) = (micros(parsing), micros(rendering));
        let _ = writeln!(out, "{name:24} {bytes:6} bytes   parse {parsing:8.2} µs   render {rendering:8.2} µs");
    }
    let document: serde_json::Value = serde_json::from_str(&album).unwrap_or_default();
    for source in ["$.photos.photo[0].title", "$.photos.photo[*].id", "$..title"] {
        let Ok(path) = JsonPath::parse(source) else { continue };
        let reading = time(|| drop(black_box(path.read(black_box(&document)))));
        let _ = writeln!(out, "{source:42} read {:8.2} µs", micros(reading));
    }
}

/// The time of one call: the best of several rounds.
fn time(mut call: impl FnMut()) -> Duration {
    let round = |call: &mut dyn FnMut()| {
        let (started, mut calls) = (Instant::now(), 0);
        while started.elapsed() < Duration::from_millis(60) {
            for _ in 0..100 {
                call();
            }
            calls += 100;
        }
        started.elapsed() / calls
    };
    (0..5).map(|_| round(&mut call)).min().unwrap_or_default()
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
