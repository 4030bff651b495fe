//! `Cache-Control` of a request: who gets a new response, and what the others are told.

use super::*;
use crate::control::testing::{control_with_directory, put_user_policy, user};
use crate::signature::testing::{Signer, TEST};

const WARNING: &str = "199 Cache-control headers were ignored because the caller was unauthorized.";

/// `GET /users` with a response in the cache that the function would not give any more.
async fn stale(change: impl FnOnce(&mut MethodSetting)) -> Plane {
    let mut api = users();
    change(setting(&mut api, "~1users/GET"));
    let plane = Plane::new(&api, [("f", says("old"))]);
    assert_eq!(body(&plane, "/prod/users").await, "old");
    plane.fake.answer("f", says("new"));
    plane
}

#[tokio::test]
async fn a_method_that_asks_for_no_rights_gives_everybody_a_new_response() {
    for value in ["max-age=0", "no-cache", "No-Cache", "public, max-age=0", "no-transform,no-cache"] {
        let plane = stale(|setting| setting.require_authorization_for_cache_control = false).await;
        let reply = plane.get("/prod/users", &[("cache-control", value)]).await;
        assert_eq!((text(&reply), header(&reply, "warning")), ("new", None), "{value}");
        plane.fake.answer("f", says("newer"));
        assert_eq!(body(&plane, "/prod/users").await, "new", "it replaces the old one");
    }
    for value in ["max-age=1", "no-store", "max-age=00", "no-cache=x", ""] {
        let plane = stale(|setting| setting.require_authorization_for_cache_control = false).await;
        assert_eq!(text(&plane.get("/prod/users", &[("Cache-Control", value)]).await), "old", "{value}");
    }
}

#[tokio::test]
async fn an_old_response_does_not_come_back_when_the_new_one_is_an_error() {
    let plane = stale(|setting| setting.require_authorization_for_cache_control = false).await;
    plane.fake.answer("f", Answer::Fails("broken"));
    assert_eq!(plane.get("/prod/users", &[("Cache-Control", "max-age=0")]).await.status(), 502);
    plane.fake.answer("f", says("newest"));
    assert_eq!(body(&plane, "/prod/users").await, "newest");
}

#[tokio::test]
async fn the_three_strategies_for_those_who_may_not() {
    let ask = [("Cache-Control", "max-age=0")];
    let with = |strategy: &'static str| {
        move |setting: &mut MethodSetting| strategy.clone_into(&mut setting.unauthorized_cache_control_header_strategy)
    };
    let plane = stale(with("SUCCEED_WITH_RESPONSE_HEADER")).await;
    let reply = plane.get("/prod/users", &ask).await;
    assert_eq!((reply.status().as_u16(), text(&reply), header(&reply, "warning")), (200, "old", Some(WARNING)));
    assert_eq!(header(&plane.get("/prod/users", &[]).await, "warning"), None, "the warning is not what is kept");
    // A miss is told the same.
    let reply = plane.get("/prod/users/1", &ask).await;
    assert_eq!((text(&reply), header(&reply, "warning")), ("new", Some(WARNING)));

    let plane = stale(with("SUCCEED_WITHOUT_RESPONSE_HEADER")).await;
    let reply = plane.get("/prod/users", &ask).await;
    assert_eq!((reply.status().as_u16(), text(&reply), header(&reply, "warning")), (200, "old", None));

    let plane = stale(with("FAIL_WITH_403")).await;
    let refused = plane.get("/prod/users", &ask).await;
    let said = json!({"Message": "User: anonymous is not authorized to perform: execute-api:InvalidateCache on resource: \
        arn:aws:execute-api:us-east-1:********0000:userapi/prod/GET/users"});
    assert_error(&refused, 403, &said.to_string(), "AccessDeniedException");
    assert_eq!((body(&plane, "/prod/users").await, plane.fake.count("f")), ("old".to_owned(), 1));
    // Where nothing is cached, nothing has to be allowed.
    assert_eq!(plane.get("/dev/users", &ask).await.status(), 200);
}

#[tokio::test]
async fn who_has_the_right_signs_for_it() {
    for iam in [false, true] {
        let mut api = users();
        "FAIL_WITH_403".clone_into(&mut setting(&mut api, "users/GET").unauthorized_cache_control_header_strategy);
        if iam {
            "AWS_IAM".clone_into(&mut method(&mut api, "GET /users").authorization_type);
        }
        let plane = Plane::new(&api, [("f", says("old"))]);
        let control = control_with_directory();
        plane.gateway.iam.ask(control.shared_directory());
        let (key, secret) = user(&control, "ada", None).await;
        let ada = Signer { key: &key, secret: &secret, ..TEST };
        let send = async |signer: Signer<'_>, asks: bool| {
            let headers: &[_] = if asks { &[("Cache-Control", "max-age=0")] } else { &[] };
            plane.send(signer.sign(request("GET", "/prod/users", headers), plane.gateway.clock.now())).await
        };
        let may = |actions: Value| {
            let resource = "arn:aws:execute-api:us-east-1:000000000000:userapi/prod/GET/users";
            json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": actions, "Resource": resource}})
        };
        put_user_policy(&control, "ada", &may(json!("execute-api:Invoke"))).await;
        assert_eq!(send(ada, false).await.status(), 200);
        plane.fake.answer("f", says("new"));
        let refused = send(ada, true).await;
        let said = json!({"Message": "User: arn:aws:iam::000000000000:user/ada is not authorized to perform: \
            execute-api:InvalidateCache on resource: arn:aws:execute-api:us-east-1:********0000:userapi/prod/GET/users"});
        assert_error(&refused, 403, &said.to_string(), "AccessDeniedException");
        assert_eq!(text(&send(ada, false).await), "old");

        put_user_policy(&control, "ada", &may(json!(["execute-api:Invoke", "execute-api:InvalidateCache"]))).await;
        assert_eq!(text(&send(ada, true).await), "new");
        assert_eq!(text(&send(ada, false).await), "new");
        let forged = Signer { secret: "other", ..ada };
        assert_eq!(send(forged, true).await.status(), 403, "a signature that is none gives no rights");
        assert_eq!(send(TEST, true).await.status(), 200, "the account itself may everything");
    }
}
