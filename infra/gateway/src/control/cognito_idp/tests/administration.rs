use serde_json::{Value, json};

use super::support::{Cognito, PASSWORD, claims};

#[tokio::test]
async fn a_user_whom_an_administrator_makes_gives_a_password_of_its_own() {
    let cognito = Cognito::new().await;
    let email = json!([{ "Name": "email", "Value": "bob@example.com" }, { "Name": "email_verified", "Value": "true" }]);
    let body = json!({ "Username": "bob", "UserAttributes": email, "DesiredDeliveryMediums": ["EMAIL"] });
    let made = cognito.ok("AdminCreateUser", body.clone()).await;
    assert_eq!(made["User"]["UserStatus"], json!("FORCE_CHANGE_PASSWORD"));
    let again = cognito.refused("AdminCreateUser", body).await;
    assert_eq!(again, "UsernameExistsException: User already exists");
    let temporary = cognito.message()["temporaryPassword"].as_str().unwrap().to_owned();

    let challenge = cognito.ok("InitiateAuth", Cognito::password_flow("bob", &temporary)).await;
    assert_eq!(challenge["ChallengeName"], json!("NEW_PASSWORD_REQUIRED"));
    assert!(challenge["AuthenticationResult"].is_null(), "{challenge}");
    let answer = |password: &str| {
        let responses = json!({ "USERNAME": "bob", "NEW_PASSWORD": password });
        json!({ "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": challenge["Session"], "ChallengeResponses": responses })
    };
    let weak = cognito.refused("RespondToAuthChallenge", answer("weak")).await;
    assert!(weak.starts_with("InvalidPasswordException"), "{weak}");
    let tokens = cognito.ok("RespondToAuthChallenge", answer(PASSWORD)).await;
    assert_eq!(claims(&tokens["AuthenticationResult"]["IdToken"])["email"], json!("bob@example.com"));
    let twice = cognito.refused("RespondToAuthChallenge", answer(PASSWORD)).await;
    assert_eq!(twice, "NotAuthorizedException: Invalid session for the user.");
    cognito.sign_in("bob").await;
}

#[tokio::test]
async fn a_temporary_password_and_a_challenge_end() {
    let cognito = Cognito::new().await;
    cognito.ok("AdminCreateUser", json!({ "Username": "bob", "TemporaryPassword": PASSWORD })).await;
    let challenge = cognito.ok("InitiateAuth", Cognito::password_flow("bob", PASSWORD)).await;
    cognito.pass(180);
    let responses = json!({ "USERNAME": "bob", "NEW_PASSWORD": "Another-horse-2" });
    let body = json!({ "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": challenge["Session"],
        "ChallengeResponses": responses });
    let late = cognito.refused("RespondToAuthChallenge", body).await;
    assert_eq!(late, "NotAuthorizedException: Invalid session for the user, session is expired.");
    cognito.pass(7 * 24 * 3_600);
    let expired = cognito.refused("InitiateAuth", Cognito::password_flow("bob", PASSWORD)).await;
    let said = "Temporary password has expired and must be reset by an administrator.";
    assert_eq!(expired, format!("NotAuthorizedException: {said}"));
    cognito.ok("AdminSetUserPassword", json!({ "Username": "bob", "Password": PASSWORD, "Permanent": true })).await;
    let flow = json!({ "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": { "USERNAME": "bob",
        "PASSWORD": PASSWORD } });
    assert!(cognito.ok("AdminInitiateAuth", flow).await["AuthenticationResult"]["IdToken"].is_string());
}

/// What cannot be asked for is not left out: nobody is let in without it.
#[tokio::test]
async fn a_pool_that_demands_mfa_signs_nobody_in() {
    let cognito = Cognito::with(json!({ "MfaConfiguration": "ON" }), json!({})).await;
    cognito.user("ann").await;
    let refused = cognito.refused("InitiateAuth", Cognito::password_flow("ann", PASSWORD)).await;
    assert!(refused.starts_with("InvalidParameterException: This user pool demands MFA"), "{refused}");
}

#[tokio::test]
async fn a_disabled_user_is_out_until_enabled() {
    let cognito = Cognito::new().await;
    cognito.user("ann").await;
    let tokens = cognito.sign_in("ann").await;
    cognito.ok("AdminDisableUser", json!({ "Username": "ann" })).await;
    let refused = cognito.refused("InitiateAuth", Cognito::password_flow("ann", PASSWORD)).await;
    assert_eq!(refused, "NotAuthorizedException: User is disabled.");
    cognito.refused("InitiateAuth", Cognito::refresh_flow(&tokens["RefreshToken"])).await;
    cognito.ok("AdminEnableUser", json!({ "Username": "ann" })).await;
    cognito.sign_in("ann").await;
    let revoked = cognito.refused("InitiateAuth", Cognito::refresh_flow(&tokens["RefreshToken"])).await;
    assert_eq!(revoked, "NotAuthorizedException: Refresh Token has been revoked");
}

#[tokio::test]
async fn users_are_listed_filtered_and_paged() {
    let cognito = Cognito::new().await;
    for name in ["ann", "abe", "bob", "cid", "dan"] {
        let email = json!([{ "Name": "email", "Value": format!("{name}@example.com") }]);
        let body = json!({ "Username": name, "UserAttributes": email, "MessageAction": "SUPPRESS",
            "TemporaryPassword": PASSWORD });
        cognito.ok("AdminCreateUser", body).await;
        cognito.pass(1);
    }
    let names = |answer: &Value| -> Vec<String> {
        let users = answer["Users"].as_array().unwrap().iter();
        users.map(|user| user["Username"].as_str().unwrap().to_owned()).collect()
    };
    let filtered = cognito.ok("ListUsers", json!({ "Filter": r#"username ^= "a""# })).await;
    assert_eq!(names(&filtered), ["ann", "abe"]);
    let filtered = cognito.ok("ListUsers", json!({ "Filter": r#"email = "cid@example.com""# })).await;
    assert_eq!(names(&filtered), ["cid"]);
    let filtered = cognito.ok("ListUsers", json!({ "Filter": r#"cognito:user_status = "CONFIRMED""# })).await;
    assert!(names(&filtered).is_empty());
    let broken = cognito.refused("ListUsers", json!({ "Filter": "email is ann" })).await;
    assert_eq!(broken, "InvalidParameterException: Error while parsing filter.");

    let first = cognito.ok("ListUsers", json!({ "Limit": 2, "AttributesToGet": ["email"] })).await;
    assert_eq!(first["Users"][0]["Attributes"], json!([{ "Name": "email", "Value": "ann@example.com" }]));
    // The page goes on also where its last user is gone.
    cognito.ok("AdminDeleteUser", json!({ "Username": "abe" })).await;
    let mut all = names(&first);
    let mut token = first["PaginationToken"].clone();
    while token.is_string() {
        let next = cognito.ok("ListUsers", json!({ "Limit": 2, "PaginationToken": token })).await;
        all.extend(names(&next));
        token = next["PaginationToken"].clone();
    }
    assert_eq!(all, ["ann", "abe", "bob", "cid", "dan"]);
}

#[tokio::test]
async fn groups_have_members_and_go_with_their_pool() {
    let cognito = Cognito::new().await;
    cognito.user("ann").await;
    for (name, precedence) in [("readers", 9), ("admins", 1)] {
        cognito.ok("CreateGroup", json!({ "GroupName": name, "Precedence": precedence })).await;
        cognito.ok("AdminAddUserToGroup", json!({ "Username": "ann", "GroupName": name })).await;
    }
    let twice = cognito.refused("CreateGroup", json!({ "GroupName": "admins" })).await;
    assert_eq!(twice, "GroupExistsException: A group with the name already exists.");
    let id = claims(&cognito.sign_in("ann").await["IdToken"]);
    assert_eq!(id["cognito:groups"], json!(["admins", "readers"]));
    let members = cognito.ok("ListUsersInGroup", json!({ "GroupName": "admins" })).await;
    assert_eq!(members["Users"][0]["Username"], json!("ann"));
    cognito.ok("AdminRemoveUserFromGroup", json!({ "Username": "ann", "GroupName": "readers" })).await;
    cognito.ok("DeleteGroup", json!({ "GroupName": "admins" })).await;
    let groups = cognito.ok("AdminListGroupsForUser", json!({ "Username": "ann" })).await;
    assert_eq!(groups["Groups"], json!([]));
    let missing = cognito.refused("GetGroup", json!({ "GroupName": "admins" })).await;
    assert_eq!(missing, "ResourceNotFoundException: Group not found.");

    cognito.ok("DeleteUserPool", json!({})).await;
    let gone = cognito.refused("InitiateAuth", Cognito::password_flow("ann", PASSWORD)).await;
    assert_eq!(gone, format!("ResourceNotFoundException: User pool client {} does not exist.", cognito.client));
    let pool = cognito.refused("DescribeUserPool", json!({})).await;
    assert_eq!(pool, format!("ResourceNotFoundException: User pool {} does not exist.", cognito.pool));
}

#[tokio::test]
async fn a_pool_shows_what_it_was_made_with() {
    let schema = json!([{ "Name": "tier", "AttributeDataType": "String" }]);
    let pool = json!({ "Schema": schema, "UserPoolTags": { "stage": "dev" }, "DeletionProtection": "ACTIVE" });
    let cognito = Cognito::with(pool, json!({})).await;
    let shown = cognito.ok("DescribeUserPool", json!({})).await["UserPool"].clone();
    assert_eq!((&shown["Name"], &shown["UserPoolTags"]), (&json!("people"), &json!({ "stage": "dev" })));
    assert_eq!(shown["Policies"]["PasswordPolicy"]["MinimumLength"], json!(8));
    let attributes = shown["SchemaAttributes"].as_array().unwrap();
    assert_eq!(attributes.last().unwrap()["Name"], json!("custom:tier"));
    let id = &cognito.pool;
    let arn = format!("arn:aws:cognito-idp:us-east-1:000000000000:userpool/{id}");
    assert!(shown["Arn"] == arn && id.starts_with("us-east-1_") && id.len() == 19, "{shown}");
    cognito.ok("TagResource", json!({ "ResourceArn": arn, "Tags": { "a": "b" } })).await;
    let tags = cognito.ok("ListTagsForResource", json!({ "ResourceArn": arn })).await;
    assert_eq!(tags["Tags"], json!({ "stage": "dev", "a": "b" }));
    let protected = cognito.refused("DeleteUserPool", json!({})).await;
    assert!(protected.contains("deletion protection is activated"), "{protected}");
    // The schema cannot change, all else can.
    cognito.ok("UpdateUserPool", json!({ "DeletionProtection": "INACTIVE" })).await;
    let shown = cognito.ok("DescribeUserPool", json!({})).await["UserPool"].clone();
    assert_eq!(shown["SchemaAttributes"].as_array().unwrap().last().unwrap()["Name"], json!("custom:tier"));
    let scopes = json!([{ "ScopeName": "read", "ScopeDescription": "reads" }]);
    let server = json!({ "Identifier": "https://api", "Name": "api", "Scopes": scopes });
    cognito.ok("CreateResourceServer", server).await;
    let listed = cognito.ok("ListResourceServers", json!({ "MaxResults": 5 })).await;
    assert_eq!(listed["ResourceServers"][0]["Scopes"], scopes);
    cognito.ok("DeleteUserPool", json!({})).await;
}
