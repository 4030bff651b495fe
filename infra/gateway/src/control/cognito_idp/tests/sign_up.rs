use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::support::{Cognito, PASSWORD, claims};
use crate::lambda::{Invocation, Invoke, InvokeError, InvokeRequest};

#[tokio::test]
async fn a_user_signs_up_and_is_confirmed_by_the_code() {
    let cognito = Cognito::new().await;
    let made = cognito.sign_up("ann").await;
    assert_eq!(made["UserConfirmed"], json!(false));
    let delivery = json!({ "Destination": "a***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email" });
    assert_eq!(made["CodeDeliveryDetails"], delivery);
    let sent = cognito.message();
    assert_eq!((&sent["destination"], &sent["reason"]), (&json!("ann@example.com"), &json!("SignUp")));

    let early = cognito.refused("InitiateAuth", Cognito::password_flow("ann", PASSWORD)).await;
    assert_eq!(early, "UserNotConfirmedException: User is not confirmed.");
    let code = cognito.code();
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let confirm = |code: &str| json!({ "Username": "ann", "ConfirmationCode": code });
    let refused = cognito.refused("ConfirmSignUp", confirm(wrong)).await;
    assert_eq!(refused, "CodeMismatchException: Invalid verification code provided, please try again.");
    cognito.ok("ConfirmSignUp", confirm(&code)).await;
    let again = cognito.refused("ConfirmSignUp", confirm(&code)).await;
    assert_eq!(again, "NotAuthorizedException: User cannot be confirmed. Current status is CONFIRMED");

    let tokens = cognito.sign_in("ann").await;
    let id = claims(&tokens["IdToken"]);
    assert_eq!((&id["sub"], &id["email_verified"]), (&made["UserSub"], &json!(true)));
    let taken = json!({ "Username": "ann", "Password": PASSWORD });
    assert_eq!(cognito.refused("SignUp", taken).await, "UsernameExistsException: User already exists");
}

#[tokio::test]
async fn a_code_ends_after_a_day_and_after_five_wrong_ones() {
    let cognito = Cognito::new().await;
    cognito.sign_up("ann").await;
    let first = cognito.code();
    cognito.pass(24 * 3_600);
    let confirm = |code: &str| json!({ "Username": "ann", "ConfirmationCode": code });
    let expired = cognito.refused("ConfirmSignUp", confirm(&first)).await;
    assert_eq!(expired, "ExpiredCodeException: Invalid code provided, please request a code again.");
    cognito.ok("ResendConfirmationCode", json!({ "Username": "ann" })).await;
    let code = cognito.code();
    for _ in 0..5 {
        cognito.refused("ConfirmSignUp", confirm("x")).await;
    }
    let limit = cognito.refused("ConfirmSignUp", confirm(&code)).await;
    assert_eq!(limit, "LimitExceededException: Attempt limit exceeded, please try after some time.");
    cognito.pass(3_600);
    cognito.ok("ConfirmSignUp", confirm(&code)).await;
}

#[tokio::test]
async fn what_the_pool_does_not_take_is_refused_in_its_words() {
    let cognito = Cognito::with(
        json!({ "Schema": [{ "Name": "email", "Required": true, "AttributeDataType": "String" }] }),
        json!({ "WriteAttributes": ["email"] }),
    )
    .await;
    let sign_up = |password: &str, attributes: Value| json!({ "Username": "ann", "Password": password, "UserAttributes": attributes });
    let email = json!({ "Name": "email", "Value": "ann@example.com" });
    let weak = cognito.refused("SignUp", sign_up("correct-horse-1", json!([email]))).await;
    let said =
        "InvalidPasswordException: Password did not conform with policy: Password must have uppercase characters";
    assert_eq!(weak, said);
    let missing = cognito.refused("SignUp", sign_up(PASSWORD, json!([]))).await;
    let said =
        "InvalidParameterException: Attributes did not conform to the schema: email: The attribute is required\n";
    assert_eq!(missing, said);
    let name = json!([email, { "Name": "name", "Value": "Ann" }]);
    let unauthorized = "NotAuthorizedException: A client attempted to write unauthorized attribute";
    assert_eq!(cognito.refused("SignUp", sign_up(PASSWORD, name)).await, unauthorized);
    let verified = json!([email, { "Name": "email_verified", "Value": "true" }]);
    assert_eq!(cognito.refused("SignUp", sign_up(PASSWORD, verified)).await, unauthorized);
    // No password is ever shown.
    let spaced = cognito.refused("SignUp", sign_up("with space S3cret!", json!([email]))).await;
    assert!(
        spaced.contains("Value at 'password' failed to satisfy constraint") && !spaced.contains("S3cret"),
        "{spaced}"
    );
    let nobody = json!({ "Username": "ann", "Password": PASSWORD, "ClientId": "nosuchclient" });
    let said = "ResourceNotFoundException: User pool client nosuchclient does not exist.";
    assert_eq!(cognito.refused("SignUp", nobody).await, said);
}

#[tokio::test]
async fn an_address_can_be_the_name() {
    let pool = json!({ "UsernameAttributes": ["email"], "UsernameConfiguration": { "CaseSensitive": false } });
    let cognito = Cognito::with(pool, json!({})).await;
    let refused = cognito.refused("SignUp", json!({ "Username": "ann", "Password": PASSWORD })).await;
    assert_eq!(refused, "InvalidParameterException: Username should be an email.");
    let body = json!({ "Username": "Ann@Example.com", "Password": PASSWORD });
    let made = cognito.ok("SignUp", body.clone()).await;
    let taken = cognito.refused("SignUp", body).await;
    assert_eq!(taken, "UsernameExistsException: An account with the given email already exists.");
    let confirm = json!({ "Username": "ann@example.com", "ConfirmationCode": cognito.code() });
    cognito.ok("ConfirmSignUp", confirm).await;
    let id = claims(&cognito.sign_in("ANN@example.com").await["IdToken"]);
    assert_eq!((&id["cognito:username"], &id["email"]), (&made["UserSub"], &json!("ann@example.com")));
}

/// Answers as a pool's functions would.
#[derive(Default)]
struct Functions {
    events: Mutex<Vec<Value>>,
}

impl Invoke for Functions {
    fn invoke<'a>(&'a self, name: &'a str, request: InvokeRequest) -> BoxFuture<'a, Result<Invocation, InvokeError>> {
        async move {
            let mut event: Value = serde_json::from_slice(&request.payload).unwrap();
            self.events.lock().unwrap().push(event.clone());
            if event["userName"] == "mallory" || (name.ends_with(":gate") && event["userName"] == "eve") {
                let payload = json!({ "errorMessage": "not you", "errorType": "Error" }).to_string().into();
                return Ok(Invocation { payload, function_error: Some("Unhandled".into()), ..Invocation::default() });
            }
            if name.ends_with(":pre") {
                event["response"]["autoConfirmUser"] = json!(true);
                event["response"]["autoVerifyEmail"] = json!(true);
            }
            if name.ends_with(":token") {
                event["response"] = json!({ "claimsOverrideDetails": {
                    "claimsToAddOrOverride": { "tier": "gold", "iss": "https://evil.example" },
                    "claimsToSuppress": ["email"],
                    "groupOverrideDetails": { "groupsToOverride": ["made-up"] },
                } });
            }
            Ok(Invocation { payload: event.to_string().into(), ..Invocation::default() })
        }
        .boxed()
    }
}

#[tokio::test]
async fn the_pools_functions_decide_on_users_and_tokens() {
    let functions = Arc::new(Functions::default());
    let arn = |name: &str| format!("arn:aws:lambda:us-east-1:000000000000:function:{name}");
    let config = json!({
        "PreSignUp": arn("pre"), "PostConfirmation": arn("post"), "PreTokenGeneration": arn("token"),
        "PreAuthentication": arn("gate"), "PostAuthentication": arn("after"),
    });
    let cognito = Cognito::with_functions(functions.clone(), json!({ "LambdaConfig": config })).await;
    let made = cognito.sign_up("ann").await;
    assert_eq!(made["UserConfirmed"], json!(true));
    let id = claims(&cognito.sign_in("ann").await["IdToken"]);
    assert_eq!((&id["tier"], &id["cognito:groups"], &id["email"]), (&json!("gold"), &json!(["made-up"]), &Value::Null));
    assert!(id["iss"].as_str().unwrap().ends_with(&cognito.pool), "no function changes who signs");
    let sources: Vec<_> = functions.events.lock().unwrap().iter().map(|event| event["triggerSource"].clone()).collect();
    let expected = [
        "PreSignUp_SignUp",
        "PostConfirmation_ConfirmSignUp",
        "PreAuthentication_Authentication",
        "PostAuthentication_Authentication",
        "TokenGeneration_Authentication",
    ];
    assert_eq!(sources, expected);
    let refused = cognito.refused("SignUp", json!({ "Username": "mallory", "Password": PASSWORD })).await;
    assert_eq!(refused, "UserLambdaValidationException: PreSignUp failed with error not you.");
    cognito.sign_up("eve").await;
    let refused = cognito.refused("InitiateAuth", Cognito::password_flow("eve", PASSWORD)).await;
    assert_eq!(refused, "UserLambdaValidationException: PreAuthentication failed with error not you.");
    let user = cognito.refused("AdminGetUser", json!({ "Username": "mallory" })).await;
    assert_eq!(user, "UserNotFoundException: User does not exist.");
}
