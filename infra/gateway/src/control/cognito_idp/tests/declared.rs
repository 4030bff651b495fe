use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::super::super::testing::control;
use super::super::super::{Control, world};
use super::support::{Cognito, PASSWORD, claims};
use crate::model::{UserPool, UserPoolClient, UserPoolGroup, UserPoolUser, UserPools};

const POOL: &str = "us-east-1_abcdefghi";

fn settings(value: Value) -> serde_json::Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn template() -> UserPools {
    let pool = UserPool {
        id: POOL.to_owned(),
        name: "people".to_owned(),
        // As YAML has them: a parameter is always text.
        settings: settings(json!({
            "AutoVerifiedAttributes": ["email"],
            "Policies": { "PasswordPolicy": { "MinimumLength": "6", "RequireNumbers": "true" } },
        })),
        ..UserPool::default()
    };
    let client = UserPoolClient {
        client_id: "clientofthetemplate".to_owned(),
        user_pool_id: POOL.to_owned(),
        client_name: "page".to_owned(),
        settings: settings(json!({ "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"] })),
        ..UserPoolClient::default()
    };
    let group =
        UserPoolGroup { group_name: "admins".to_owned(), user_pool_id: POOL.to_owned(), ..UserPoolGroup::default() };
    let user = UserPoolUser {
        user_pool_id: POOL.to_owned(),
        username: "root".to_owned(),
        attributes: IndexMap::from([("email".to_owned(), "root@example.com".to_owned())]),
        groups: vec!["admins".to_owned()],
    };
    UserPools {
        pools: IndexMap::from([(pool.id.clone(), pool)]),
        clients: IndexMap::from([(client.client_id.clone(), client)]),
        groups: IndexMap::from([(format!("{POOL}/admins"), group)]),
        users: IndexMap::from([(format!("{POOL}/root"), user)]),
        ..UserPools::default()
    }
}

fn over(control: Control) -> Cognito {
    Cognito { control, pool: POOL.to_owned(), client: "clientofthetemplate".to_owned() }
}

#[tokio::test]
async fn a_templates_pool_is_used_as_one_that_was_created() {
    let cognito = over(control());
    cognito.control.declare_user_pools(&template()).await.unwrap();
    let temporary = cognito.message()["temporaryPassword"].as_str().unwrap().to_owned();
    let challenge = cognito.ok("InitiateAuth", Cognito::password_flow("root", &temporary)).await;
    assert_eq!(challenge["ChallengeName"], json!("NEW_PASSWORD_REQUIRED"));
    let short = cognito.refused("SignUp", json!({ "Username": "ann", "Password": "ab1" })).await;
    assert!(short.ends_with("Password not long enough"), "{short}");
    cognito.ok("SignUp", json!({ "Username": "ann", "Password": "abcde1" })).await;
    // What a template says no more is gone; its users are there again with it.
    cognito.control.declare_user_pools(&UserPools::default()).await.unwrap();
    cognito.refused("DescribeUserPool", json!({})).await;
    cognito.control.declare_user_pools(&template()).await.unwrap();
    let users = cognito.ok("ListUsers", json!({})).await;
    assert_eq!(users["Users"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_setting_that_aws_does_not_take_is_named() {
    let control = control();
    let mut wrong = template();
    let pool = wrong.pools.get_mut(POOL).unwrap();
    pool.settings.insert("Policies".to_owned(), json!({ "PasswordPolicy": { "MinimumLength": "three" } }));
    let refused = control.declare_user_pools(&wrong).await.unwrap_err();
    let said = "user pool people: Policies.PasswordPolicy.MinimumLength must be a whole number, not \"three\"";
    assert_eq!(refused, said);
    let mut wrong = template();
    let client = wrong.clients.values_mut().next().unwrap();
    client.settings.insert("ExplicitAuthFlows".to_owned(), json!(["ALLOW_EVERYTHING"]));
    let refused = control.declare_user_pools(&wrong).await.unwrap_err();
    assert!(refused.starts_with("user pool client page: 1 validation error detected"), "{refused}");
}

#[tokio::test]
async fn users_sessions_and_keys_outlast_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.sqlite");
    let open = || {
        let gateway = control().default_world().unwrap().gateway.clone();
        over(Control::open(Some(&path), gateway, Arc::default()).unwrap())
    };
    let first = open();
    first.control.declare_user_pools(&template()).await.unwrap();
    first.ok("SignUp", json!({ "Username": "ann", "Password": PASSWORD })).await;
    first.ok("AdminConfirmSignUp", json!({ "Username": "ann" })).await;
    let tokens = first.sign_in("ann").await;
    let keys = first.control.user_pool_document(POOL, "jwks.json").unwrap();
    drop(first);

    let second = open();
    second.control.declare_user_pools(&template()).await.unwrap();
    assert_eq!(second.control.user_pool_document(POOL, "jwks.json").unwrap(), keys);
    let user = second.ok("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await;
    assert_eq!(user["Username"], json!("ann"));
    assert_eq!(claims(&second.sign_in("ann").await["IdToken"])["sub"], claims(&tokens["IdToken"])["sub"]);
    // Neither a password nor a refresh token is in the file.
    let world = second.control.default_world().unwrap();
    let kept = {
        let state = world::lock(&world.cognito_idp);
        let users: Vec<_> = state.users.values().map(|user| serde_json::to_string(user).unwrap()).collect();
        let sessions: Vec<_> = state.sessions.values().map(|kept| serde_json::to_string(kept).unwrap()).collect();
        users.concat() + &sessions.concat()
    };
    assert!(!kept.contains(PASSWORD) && !kept.contains(tokens["RefreshToken"].as_str().unwrap()));
    second.control.reset().unwrap();
    second.refused("DescribeUserPool", json!({})).await;
}
