//! What programs do before they come to the point.

use super::super::testing::{control, query};

const TRUST: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22lambda.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D";

#[tokio::test]
async fn a_role_is_made_given_policies_and_deleted() {
    let control = control();
    let call = async |form: String| query(&control, "iam", &format!("{form}&Version=2010-05-08")).await;
    let create = format!("Action=CreateRole&RoleName=r&AssumeRolePolicyDocument={TRUST}");
    let (status, xml) = call(create.clone()).await;
    assert_eq!(status, 200, "{xml}");
    assert!(xml.contains("<Arn>arn:aws:iam::000000000000:role/r</Arn>"), "{xml}");
    let (status, xml) = call(create).await;
    assert_eq!(status, 409, "{xml}");
    assert!(
        xml.contains("<Code>EntityAlreadyExists</Code><Message>Role with name r already exists.</Message>"),
        "{xml}"
    );
    let attach = "Action=AttachRolePolicy&RoleName=r&PolicyArn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2Fservice-role%2FAWSLambdaBasicExecutionRole";
    assert_eq!(call(attach.to_owned()).await.0, 200);
    let (status, xml) = call("Action=DeleteRole&RoleName=r".to_owned()).await;
    assert_eq!(status, 409);
    assert!(xml.contains("Cannot delete entity, must detach all policies first."), "{xml}");
    let (_, xml) = call("Action=ListAttachedRolePolicies&RoleName=r".to_owned()).await;
    assert!(xml.contains("<PolicyName>AWSLambdaBasicExecutionRole</PolicyName>"), "{xml}");
    assert_eq!(call(attach.replace("Attach", "Detach")).await.0, 200);
    assert_eq!(call("Action=DeleteRole&RoleName=r".to_owned()).await.0, 200);
    let (status, xml) = call("Action=GetRole&RoleName=r".to_owned()).await;
    assert_eq!(status, 404);
    assert!(xml.contains("<Code>NoSuchEntity</Code><Message>The role with name r cannot be found.</Message>"), "{xml}");
}

#[tokio::test]
async fn documents_are_checked() {
    let control = control();
    for (action, document, message) in [
        ("CreateRole&RoleName=a&AssumeRolePolicyDocument", "%7B", "This policy contains invalid Json"),
        ("CreateRole&RoleName=a&AssumeRolePolicyDocument", "%7B%22Statement%22%3A%5B%5D%7D", "it has no Statement"),
        ("CreatePolicy&PolicyName=a&PolicyDocument", TRUST, "should not specify a principal"),
    ] {
        let (status, xml) = query(&control, "iam", &format!("Action={action}={document}")).await;
        assert_eq!(status, 400, "{xml}");
        assert!(xml.contains("<Code>MalformedPolicyDocument</Code>") && xml.contains(message), "{xml}");
    }
    let (status, xml) = query(&control, "iam", "Action=CreateRole&RoleName=a").await;
    assert_eq!(status, 400);
    assert!(xml.contains("Value null at 'assumeRolePolicyDocument' failed to satisfy constraint"), "{xml}");
}

#[tokio::test]
async fn accounts_are_apart_and_regions_are_not() {
    use super::super::testing::{request, send};
    let control = control();
    let create = format!("Action=CreateRole&RoleName=r&AssumeRolePolicyDocument={TRUST}");
    assert_eq!(query(&control, "iam", &create).await.0, 200);
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let get = || request("iam", "eu-west-1", "POST", "/", &form, "Action=GetRole&RoleName=r");
    assert_eq!(send(&control, get()).await.status(), 200);
    let mut elsewhere = get();
    for (name, value) in &mut elsewhere.headers.0 {
        if name == "Authorization" {
            *value = value.replace("Credential=test/", "Credential=123456789012/");
        }
    }
    assert_eq!(send(&control, elsewhere).await.status(), 404);
}
