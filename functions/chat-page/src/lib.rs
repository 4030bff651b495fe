//! `GET /` and `GET /{asset}`: the chat page, the modules of its script, its style and its icon.
//!
//! All are part of the binary. The page learns from the environment where the chat is (`CHAT_URL`) and where and as which
//! client people sign in (`COGNITO_ENDPOINT`, `COGNITO_CLIENT_ID`), and its Content-Security-Policy lets it speak to those
//! two and to nobody else. 304 if the browser has it already; 404 for anything else.

mod assets;

use ferrogate_shared::{
    Body, Request, Response,
    bootstrap::HttpFuture,
    config::Setup,
    domain::Invalid,
    errors::AppError,
    request::optional_path_id,
    response::{empty, with_header},
};

pub use assets::Addresses;
use assets::Asset;

/// The rendered page and its assets.
pub struct Deps {
    assets: Vec<Asset>,
    policy: String,
}

impl Deps {
    /// With these addresses.
    pub fn new(addresses: &Addresses) -> Self {
        Deps { assets: assets::all(addresses), policy: content_security_policy(addresses) }
    }
}

/// The dependencies, from the environment (`CHAT_URL`, `COGNITO_ENDPOINT`, `COGNITO_CLIENT_ID`).
pub fn deps(setup: &mut Setup<'_>) -> Deps {
    Deps::new(&Addresses {
        chat: setup.url("CHAT_URL", &["wss", "ws"]),
        cognito: setup.url("COGNITO_ENDPOINT", &["https", "http"]),
        client_id: setup.required("COGNITO_CLIENT_ID"),
    })
}

/// Answers one request.
pub fn handle(request: Request, deps: &'static Deps) -> HttpFuture {
    Box::pin(async move {
        // `GET /` has no such parameter.
        let name = optional_path_id(&request, "asset", |text| Ok::<_, Invalid>(text.to_owned()))?;
        let name = name.as_deref().unwrap_or(assets::INDEX);
        let asset = deps.assets.iter().find(|asset| asset.name == name).ok_or(AppError::NotFound("page"))?;
        Ok(serve(&request, asset, deps))
    })
}

fn serve(request: &Request, asset: &Asset, deps: &Deps) -> Response<Body> {
    let mut response = if is_fresh(request, &asset.etag) {
        empty(304)
    } else {
        let mut response = with_header(empty(200), "content-type", asset.content_type);
        *response.body_mut() = Body::Text(asset.text.clone());
        response
    };
    for (name, value) in [
        ("etag", asset.etag.as_str()),
        // Asked again each time, as the page and its modules must be of one release; that costs a 304.
        ("cache-control", "no-cache"),
        ("content-security-policy", &deps.policy),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
    ] {
        response = with_header(response, name, value);
    }
    response
}

/// Whether the browser's copy is this one (RFC 9110, section 13.1.2: the weak comparison).
fn is_fresh(request: &Request, etag: &str) -> bool {
    let known = request.headers().get_all("if-none-match");
    let mut tags = known.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    tags.any(|tag| {
        let tag = tag.trim();
        tag == "*" || tag.trim_start_matches("W/") == etag
    })
}

/// Everything from here and nothing inline; a WebSocket to the chat's own origin, and requests to Cognito's.
fn content_security_policy(addresses: &Addresses) -> String {
    // scheme, empty, host: the first three pieces between slashes.
    let origin = |url: &str| url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    let (chat, cognito) = (origin(&addresses.chat), origin(&addresses.cognito));
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src {chat} {cognito}; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses() -> Addresses {
        Addresses {
            chat: "wss://chatapi.execute-api.us-east-1.amazonaws.com/production".into(),
            cognito: "https://cognito-idp.us-east-1.amazonaws.com".into(),
            client_id: "4dc6lu9g6q2ko2l2vkmofk3vva".into(),
        }
    }

    #[test]
    fn every_event_has_its_outcome() {
        ferrogate_fixtures::http("chat-page", |_| Deps::new(&addresses()), handle);
    }

    #[test]
    fn every_module_is_a_script_that_the_policy_lets_in() {
        let deps = Deps::new(&addresses());
        let modules: Vec<_> = deps.assets.iter().filter(|asset| asset.name.ends_with(".js")).collect();
        assert!(modules.len() > 1);
        for module in modules {
            let answer = serve(&Request::default(), module, &deps);
            assert_eq!(answer.status().as_u16(), 200, "{}", module.name);
            assert_eq!(answer.headers()["content-type"], "text/javascript; charset=utf-8", "{}", module.name);
            let policy = answer.headers()["content-security-policy"].to_str().unwrap();
            assert!(policy.contains("script-src 'self';"), "{policy}");
        }
    }

    #[test]
    fn the_page_may_speak_to_the_chat_and_to_cognito_alone() {
        let policy = content_security_policy(&addresses());
        let both = "wss://chatapi.execute-api.us-east-1.amazonaws.com https://cognito-idp.us-east-1.amazonaws.com";
        assert!(policy.contains(&format!("connect-src {both};")), "{policy}");
        let local = content_security_policy(&Addresses {
            chat: "ws://127.0.0.1:4566/_aws/execute-api/chatapi/production".into(),
            cognito: "http://localhost:4566".into(),
            ..addresses()
        });
        assert!(local.contains("connect-src ws://127.0.0.1:4566 http://localhost:4566;"), "{local}");
    }

    #[test]
    fn a_copy_the_browser_has_is_not_sent_again() {
        let deps: &'static Deps = Box::leak(Box::new(Deps::new(&addresses())));
        let ask = |tag: Option<&str>| {
            let mut request = Request::default();
            if let Some(tag) = tag {
                request.headers_mut().insert("if-none-match", tag.parse().unwrap());
            }
            ferrogate_fixtures::block_on(handle(request, deps)).unwrap()
        };
        let first = ask(None);
        let etag = first.headers()["etag"].to_str().unwrap();
        for known in [etag.to_owned(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".into()] {
            let again = ask(Some(&known));
            assert_eq!(again.status().as_u16(), 304);
            assert!(again.body().is_empty());
            assert_eq!(again.headers()["etag"], etag);
        }
        assert_eq!(ask(Some("\"x\"")).status().as_u16(), 200);
    }
}
