//! Resources.

use super::*;

#[tokio::test]
async fn the_tree_keeps_the_rules_of_aws() {
    let f = Fixture::new().await;
    let pets = f.resource(&f.root, "pets").await;
    let greedy = f.resource(&pets, "{proxy+}").await;
    let create = |parent: String, part: &'static str| {
        let f = &f;
        async move { f.refused("POST", &format!("/resources/{parent}"), json!({"pathPart": part})).await }
    };
    assert_eq!(
        create(f.root.clone(), "pets").await,
        (409, "Another resource with the same parent already has this name: pets".to_owned())
    );
    assert_eq!(
        create(pets.clone(), "{id}").await,
        (
            400,
            "A sibling ({proxy+}) of this resource already has a variable path part -- only one is allowed".to_owned()
        )
    );
    assert_eq!(
        create(greedy, "x").await,
        (400, "Cannot create a child of a resource with a greedy path variable: {proxy+}".to_owned())
    );
    assert_eq!(create("nope".to_owned(), "x").await, (404, "Invalid Resource identifier specified".to_owned()));
    for part in ["", "a/b", "{}", "a{b}", "ä"] {
        assert!(create(f.root.clone(), part).await.1.starts_with("Resource's path part only allow"), "{part}");
    }
}

#[tokio::test]
async fn a_moved_resource_takes_what_is_below_it_along() {
    let f = Fixture::new().await;
    let pets = f.resource(&f.root, "pets").await;
    let sub = f.resource(&pets, "sub").await;
    let leaf = f.resource(&sub, "leaf").await;
    f.patch(&format!("/resources/{pets}"), json!([{"op": "replace", "path": "/pathPart", "value": "dogs"}])).await;
    let path = f.ok("GET", &format!("/resources/{leaf}"), json!(null)).await;
    assert_eq!(path["path"], "/dogs/sub/leaf");
    let moved = f
        .patch(&format!("/resources/{sub}"), json!([{"op": "replace", "path": "/parentId", "value": f.root.as_str()}]))
        .await;
    assert_eq!(moved, json!({"id": sub, "parentId": f.root, "pathPart": "sub", "path": "/sub"}));
    let refused = |id: &str, patch: Value| {
        let (f, path) = (&f, format!("/resources/{id}"));
        async move { f.patch_refused(&path, json!([patch])).await }
    };
    assert_eq!(
        refused(&sub, json!({"op": "replace", "path": "/parentId", "value": leaf})).await,
        (400, "Resources cannot be cyclical.".to_owned())
    );
    assert_eq!(
        refused(&sub, json!({"op": "replace", "path": "/parentId", "value": "x"})).await,
        (404, "Invalid Resource identifier specified".to_owned())
    );
    assert_eq!(
        refused(&sub, json!({"op": "replace", "path": "/pathPart", "value": "dogs"})).await,
        (409, "Another resource with the same parent already has this name: dogs".to_owned())
    );
    assert_eq!(
        refused(&sub, json!({"op": "replace", "path": "/invalid", "value": "x"})).await.1,
        "Invalid patch path  '/invalid' specified for op 'replace'. Must be one of: [/parentId, /pathPart]"
    );
    assert_eq!(
        refused(&sub, json!({"op": "remove", "path": "/pathPart"})).await.1,
        "Invalid patch path  '/pathPart' specified for op 'remove'. Please choose supported operations"
    );
    let root = f.root.clone();
    assert_eq!(
        refused(&root, json!({"op": "replace", "path": "/pathPart", "value": "x"})).await.1,
        "Root resource cannot update its pathPart."
    );
}

#[tokio::test]
async fn a_deleted_resource_takes_what_is_below_it_along() {
    let f = Fixture::new().await;
    let pets = f.resource(&f.root, "pets").await;
    let sub = f.resource(&pets, "sub").await;
    assert_eq!(f.call("DELETE", &format!("/resources/{pets}"), json!(null)).await.0, 202);
    assert_eq!(f.call("GET", &format!("/resources/{sub}"), json!(null)).await.0, 404);
    let left = f.ok("GET", "/resources", json!(null)).await;
    assert_eq!(left["item"], json!([{"id": f.root, "path": "/"}]));
}

#[tokio::test]
async fn methods_are_shown_in_full_where_they_are_asked_for() {
    let f = Fixture::new().await;
    f.method(&f.root, "GET").await;
    let bare = f.ok("GET", "/resources", json!(null)).await;
    assert_eq!(bare["item"][0]["resourceMethods"], json!({"GET": {}}));
    let full = f.ok("GET", "/resources?embed=methods", json!(null)).await;
    assert_eq!(full["item"][0]["resourceMethods"]["GET"]["methodIntegration"]["type"], "AWS_PROXY");
}
