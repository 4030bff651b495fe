use serde_json::{Value, json};

use super::super::super::world::lock;
use super::super::random::Random;
use super::support::{Cognito, PASSWORD};

const INCORRECT: &str = "NotAuthorizedException: Incorrect username or password.";

#[tokio::test]
async fn whoever_must_not_know_the_users_does_not_learn_of_them() {
    let cognito = Cognito::with(json!({}), json!({ "PreventUserExistenceErrors": "ENABLED" })).await;
    cognito.user("ann").await;
    for (name, password) in [("ann", "wrong"), ("nobody", "wrong")] {
        assert_eq!(cognito.refused("InitiateAuth", Cognito::password_flow(name, password)).await, INCORRECT, "{name}");
        let forgot = cognito.ok("ForgotPassword", json!({ "Username": name })).await;
        assert_eq!(forgot["CodeDeliveryDetails"]["DeliveryMedium"], json!("EMAIL"), "{name}");
        let confirm = json!({ "Username": name, "ConfirmationCode": "x", "Password": PASSWORD });
        let mismatch = "CodeMismatchException: Invalid verification code provided, please try again.";
        assert_eq!(cognito.refused("ConfirmForgotPassword", confirm).await, mismatch, "{name}");
    }
    // Also the lock falls alike.
    for name in ["ann", "nobody"] {
        for _ in 0..4 {
            cognito.refused("InitiateAuth", Cognito::password_flow(name, "wrong")).await;
        }
        let locked = cognito.refused("InitiateAuth", Cognito::password_flow(name, "wrong")).await;
        assert_eq!(locked, "NotAuthorizedException: Password attempts exceeded", "{name}");
    }
    // SRP begins with everybody.
    let begin = |name: &str| json!({ "AuthFlow": "USER_SRP_AUTH", "AuthParameters": { "USERNAME": name, "SRP_A": "abcdef0123456789" } });
    let (one, again) =
        (cognito.ok("InitiateAuth", begin("nobody-2")).await, cognito.ok("InitiateAuth", begin("nobody-2")).await);
    assert_eq!(one["ChallengeName"], json!("PASSWORD_VERIFIER"));
    assert_eq!(one["ChallengeParameters"]["SALT"], again["ChallengeParameters"]["SALT"]);

    let open = cognito.new_client(json!({})).await;
    let mut told = Cognito::password_flow("nobody", "wrong");
    told["ClientId"] = open["ClientId"].clone();
    assert_eq!(cognito.refused("InitiateAuth", told).await, "UserNotFoundException: User does not exist.");
}

#[tokio::test]
async fn guesses_are_limited_and_the_clock_ends_the_wait() {
    let cognito = Cognito::new().await;
    cognito.user("ann").await;
    for _ in 0..5 {
        assert_eq!(cognito.refused("InitiateAuth", Cognito::password_flow("ann", "wrong")).await, INCORRECT);
    }
    let locked = cognito.refused("InitiateAuth", Cognito::password_flow("ann", PASSWORD)).await;
    assert_eq!(locked, "NotAuthorizedException: Password attempts exceeded");
    cognito.pass(1);
    cognito.sign_in("ann").await;
}

#[tokio::test]
async fn guesses_that_come_together_are_counted_together() {
    let cognito = Cognito::new().await;
    cognito.user("ann").await;
    let guesses = (0..12).map(|_| cognito.refused("InitiateAuth", Cognito::password_flow("ann", "wrong")));
    let answers = futures_util::future::join_all(guesses).await;
    let tried = answers.iter().filter(|answer| *answer == INCORRECT).count();
    // Two passwords are checked at a time: the sixth may have begun before the fifth had failed.
    assert!((5..=6).contains(&tried), "{answers:?}");
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_a_code_and_ends_what_was_signed_in() {
    let cognito = Cognito::new().await;
    cognito.user("ann").await;
    let tokens = cognito.sign_in("ann").await;
    let random = Random::of(|bytes| {
        bytes.fill(7);
        true
    });
    let world = cognito.control.default_world().unwrap();
    lock(&world.cognito_idp).random = random;
    cognito.ok("ForgotPassword", json!({ "Username": "ann" })).await;
    lock(&world.cognito_idp).random = Random::default();
    assert_eq!(cognito.code(), "536711", "the code is the randomness that was injected");
    let confirm =
        |code: &str, password: &str| json!({ "Username": "ann", "ConfirmationCode": code, "Password": password });
    let weak = cognito.refused("ConfirmForgotPassword", confirm("536711", "weak")).await;
    assert!(weak.starts_with("InvalidPasswordException"), "{weak}");
    cognito.ok("ConfirmForgotPassword", confirm("536711", "Another-horse-2")).await;
    let spent = cognito.refused("ConfirmForgotPassword", confirm("536711", "Another-horse-3")).await;
    assert_eq!(spent, "ExpiredCodeException: Invalid code provided, please request a code again.");
    assert_eq!(cognito.refused("InitiateAuth", Cognito::password_flow("ann", PASSWORD)).await, INCORRECT);
    cognito.ok("InitiateAuth", Cognito::password_flow("ann", "Another-horse-2")).await;
    let out = cognito.refused("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await;
    assert_eq!(out, "NotAuthorizedException: Access Token has been revoked");
}

#[tokio::test]
async fn users_change_their_password_and_their_attributes() {
    let cognito = Cognito::new().await;
    cognito.user("ann").await;
    let tokens = cognito.sign_in("ann").await;
    let with = |mut body: Value| {
        body["AccessToken"] = tokens["AccessToken"].clone();
        body
    };
    let change = |old: &str| with(json!({ "PreviousPassword": old, "ProposedPassword": "Another-horse-2" }));
    assert_eq!(cognito.refused("ChangePassword", change("wrong")).await, INCORRECT);
    cognito.ok("ChangePassword", change(PASSWORD)).await;
    cognito.ok("InitiateAuth", Cognito::password_flow("ann", "Another-horse-2")).await;

    let email = json!([{ "Name": "email", "Value": "ann@new.example" }]);
    let answer = cognito.ok("UpdateUserAttributes", with(json!({ "UserAttributes": email }))).await;
    assert_eq!(answer["CodeDeliveryDetailsList"][0]["Destination"], json!("a***@n***"));
    let verified = |user: &Value| {
        let all = user["UserAttributes"].as_array().unwrap();
        all.iter().find(|attribute| attribute["Name"] == "email_verified").unwrap()["Value"].clone()
    };
    assert_eq!(verified(&cognito.ok("GetUser", with(json!({}))).await), json!("false"));
    let code = cognito.code();
    cognito.ok("VerifyUserAttribute", with(json!({ "AttributeName": "email", "Code": code }))).await;
    assert_eq!(verified(&cognito.ok("GetUser", with(json!({}))).await), json!("true"));
    cognito.ok("DeleteUser", with(json!({}))).await;
    let gone = cognito.refused("InitiateAuth", Cognito::password_flow("ann", "Another-horse-2")).await;
    assert_eq!(gone, "UserNotFoundException: User does not exist.");
}
