//! AWS_IAM routes.

use super::*;
use crate::control::testing::{control_with_directory, put_user_policy, user};
use crate::signature::testing::{Signer, TEST};

fn closed() -> Plane {
    let mut declared = api(&["GET /a/{id}", "$default"]);
    for route in declared.routes.values_mut() {
        route.authorization_type = "AWS_IAM".to_owned();
    }
    Plane::new(&declared, [("f", ok())])
}

#[tokio::test]
async fn the_integration_learns_who_has_signed() {
    let plane = closed();
    let control = control_with_directory();
    plane.gateway.iam.ask(control.shared_directory());
    let now = plane.gateway.clock.now();
    for signed in [
        TEST.sign(request("GET", "/a/b%2Fc?x=1+2&x=%20", &[]), now),
        TEST.presign(request("GET", "/dev/a/1", &[]), now, None),
    ] {
        assert_eq!(plane.send(signed).await.status(), 200);
        let event = plane.fake.event("f");
        assert_eq!(event["headers"].get("authorization"), None);
        assert_eq!(
            event["requestContext"]["authorizer"],
            json!({"iam": {
                "accessKey": "test", "accountId": "000000000000", "callerId": "000000000000", "cognitoIdentity": null,
                "principalOrgId": null, "userArn": "arn:aws:iam::000000000000:root", "userId": "000000000000",
            }})
        );
    }
}

#[tokio::test]
async fn whoever_may_not_learns_no_more() {
    let plane = closed();
    let signed = TEST.sign(request("GET", "/a/1", &[]), plane.gateway.clock.now());
    assert_error(&plane.send(signed.clone()).await, 403, "Forbidden");
    let control = control_with_directory();
    plane.gateway.iam.ask(control.shared_directory());
    assert_eq!(plane.send(signed.clone()).await.status(), 200);
    let mut altered = signed;
    altered.raw_path = "/a/2".to_owned();
    let now = plane.gateway.clock.now();
    for refused in [
        altered,
        request("GET", "/a/1", &[]),
        request("GET", "/a/1", &[("Authorization", "Bearer x")]),
        Signer { key: "nobody", ..TEST }.sign(request("GET", "/a/1", &[]), now),
        Signer { secret: "wrong", ..TEST }.presign(request("GET", "/a/1", &[]), now, Some(60)),
        TEST.sign(request("GET", "/a/1", &[]), now - 3_600_000),
    ] {
        assert_error(&plane.send(refused).await, 403, "Forbidden");
    }
    let (key, secret) = user(&control, "ada", None).await;
    let ada = Signer { key: &key, secret: &secret, ..TEST };
    assert_error(&plane.send(ada.sign(request("GET", "/a/1", &[]), now)).await, 403, "Forbidden");
    let resource = "arn:aws:execute-api:us-east-1:000000000000:api/$default/GET/a/1";
    let policy = json!({"Statement": {"Effect": "Allow", "Action": "execute-api:*", "Resource": resource}});
    put_user_policy(&control, "ada", &policy).await;
    assert_eq!(plane.send(ada.sign(request("GET", "/a/1", &[]), now)).await.status(), 200);
    // What the function gets is what the policy is asked for.
    assert_eq!(plane.send(ada.sign(request("GET", "/a/%31", &[]), now)).await.status(), 200);
    assert_error(&plane.send(ada.sign(request("GET", "/a/%32", &[]), now)).await, 403, "Forbidden");
}
