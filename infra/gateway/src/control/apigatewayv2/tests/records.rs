use super::*;

#[tokio::test]
async fn domain_names_and_their_mappings() {
    let stack = Stack::new();
    let api = stack.http_api().await;
    stack.ok("POST", format!("{api}/stages"), json!({"stageName": "dev"})).await;
    let configuration = json!([{"certificateArn": "arn:aws:acm:us-east-1:000000000000:certificate/c"}]);
    let body = json!({"domainName": "api.example.com", "domainNameConfigurations": configuration, "tags": {"a": "b"}});
    let domain = stack.ok("POST", "/v2/domainnames", body.clone()).await;
    assert_eq!(domain["apiMappingSelectionExpression"], "$request.basepath");
    assert_eq!(domain["domainNameArn"], "arn:aws:apigateway:us-east-1::/domainnames/api.example.com");
    assert_eq!((&domain["routingMode"], &domain["tags"]), (&json!("API_MAPPING_ONLY"), &json!({"a": "b"})));
    let shown = &domain["domainNameConfigurations"][0];
    assert_eq!((&shown["domainNameStatus"], &shown["securityPolicy"]), (&json!("AVAILABLE"), &json!("TLS_1_2")));
    let taken = stack.fails("POST", "/v2/domainnames", body).await;
    assert_eq!(taken, (409, "The domain name resource already exists.".to_owned()));
    assert_eq!(stack.fails("POST", "/v2/domainnames", json!({"domainName": "nonsense"})).await.0, 400);
    let address = shown["apiGatewayDomainName"].clone();
    let configured = json!({"domainNameConfigurations": [{"securityPolicy": "TLS_1_0"}]});
    let changed = stack.ok("PATCH", "/v2/domainnames/api.example.com", configured).await;
    assert_eq!(changed["domainNameConfigurations"][0]["apiGatewayDomainName"], address, "its address stays");

    let mappings = "/v2/domainnames/api.example.com/apimappings";
    let body = json!({"apiId": api_id(&api), "stage": "dev", "apiMappingKey": "shop/v1"});
    let mapping = stack.ok("POST", mappings, body.clone()).await;
    let one = format!("{mappings}/{}", id(&mapping, "apiMappingId"));
    let taken = stack.fails("POST", mappings, body).await;
    assert_eq!(taken, (409, "ApiMapping key already exists for this domain name".to_owned()));
    let refused = [
        (json!({"apiId": api_id(&api), "stage": "dev", "apiMappingKey": "/x"}), 400),
        (json!({"apiId": api_id(&api), "stage": "dev", "apiMappingKey": "x/"}), 400),
        (json!({"apiId": api_id(&api), "stage": "none"}), 404),
        (json!({"apiId": "none", "stage": "dev"}), 404),
    ];
    for (body, status) in refused {
        assert_eq!(stack.fails("POST", mappings, body).await.0, status);
    }
    assert_eq!(stack.fails("DELETE", &api, Value::Null).await.0, 400, "it is mapped");
    assert_eq!(stack.fails("DELETE", &format!("{api}/stages/dev"), Value::Null).await.0, 400, "it is mapped");
    let changed = stack.ok("PATCH", one.as_str(), json!({"apiId": api_id(&api), "apiMappingKey": ""})).await;
    assert_eq!(changed["apiMappingKey"], "");
    stack.ok("DELETE", one.as_str(), Value::Null).await;
    assert_eq!(stack.fails("GET", &one, Value::Null).await.0, 404);
    stack.ok("DELETE", "/v2/domainnames/api.example.com", Value::Null).await;
    assert_eq!(stack.fails("GET", mappings, Value::Null).await.0, 404);
}

#[tokio::test]
async fn vpc_links() {
    let stack = Stack::new();
    let link = stack.ok("POST", "/v2/vpclinks", json!({"name": "l", "subnetIds": ["subnet-1"]})).await;
    assert_eq!((&link["vpcLinkStatus"], &link["vpcLinkVersion"]), (&json!("AVAILABLE"), &json!("V2")));
    assert_eq!(link["securityGroupIds"], json!([]));
    let one = format!("/v2/vpclinks/{}", id(&link, "vpcLinkId"));
    assert_eq!(stack.ok("PATCH", one.as_str(), json!({"name": "m"})).await["name"], "m");
    let (status, _) = stack.call("DELETE", &one, Value::Null).await;
    assert_eq!(status, 202);
    assert!(stack.fails("GET", &one, Value::Null).await.1.starts_with("Invalid VpcLink identifier specified"));
    assert_eq!(stack.fails("POST", "/v2/vpclinks", json!({"name": "l", "subnetIds": []})).await.0, 400);
}

#[tokio::test]
async fn tags_by_arn() {
    let stack = Stack::new();
    let api = stack.http_api().await;
    stack.ok("POST", format!("{api}/stages"), json!({"stageName": "dev"})).await;
    let arn = |path: &str| format!("/v2/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2F{}", path.replace('/', "%2F"));
    for path in [format!("apis/{}", api_id(&api)), format!("apis/{}/stages/dev", api_id(&api))] {
        let (status, _) = stack.call("POST", &arn(&path), json!({"tags": {"a": "1", "b": "2"}})).await;
        assert_eq!(status, 201);
        let (status, _) = stack.call("DELETE", &format!("{}?tagKeys=a&tagKeys=c", arn(&path)), Value::Null).await;
        assert_eq!(status, 204);
        assert_eq!(stack.ok("GET", arn(&path), Value::Null).await["tags"], json!({"b": "2"}));
    }
    assert_eq!(stack.ok("GET", api.as_str(), Value::Null).await["tags"], json!({"b": "2"}));
    assert_eq!(stack.fails("GET", &arn("apis/none"), Value::Null).await.0, 404);
    assert_eq!(stack.fails("GET", &arn("restapis"), Value::Null).await.0, 400);
    let many: serde_json::Map<_, _> = (0..51).map(|n| (n.to_string(), json!("x"))).collect();
    let path = format!("apis/{}", api_id(&api));
    assert_eq!(stack.fails("POST", &arn(&path), json!({ "tags": many })).await.0, 400);
}
