//! Canaries: whom they serve, with what, and what is known of it.

use super::*;
use crate::chance::Chance;
use crate::compile::rest::compile_with_canary;
use crate::model::{CanarySettings, GatewayResponse, MethodSetting, Stage};
use crate::telemetry::testing::{DESTINATION, lines_of};

/// A stage whose canary gets this share.
fn stage(percent_traffic: f64) -> Stage {
    let overrides = [("both".to_owned(), "canary".to_owned()), ("new".to_owned(), "1".to_owned())];
    Stage {
        stage_name: "prod".to_owned(),
        deployment_id: "d1".to_owned(),
        variables: [("both".to_owned(), "base".to_owned()), ("old".to_owned(), "0".to_owned())].into(),
        canary_settings: Some(CanarySettings {
            percent_traffic,
            deployment_id: Some("d2".to_owned()),
            stage_variable_overrides: overrides.into(),
            use_stage_cache: false,
        }),
        ..Stage::default()
    }
}

/// Two deployments, of which the second is the canary's.
fn serving(stage: &Stage, seed: u64) -> Plane {
    let base = api(&[("GET /users", "old")]);
    let canary = api(&[("GET /users", "new"), ("GET /only", "new")]);
    let fake = Fake::new([("old", ok()), ("new", ok())]);
    let gateway = Gateway { chance: Chance::seeded(seed), ..fake.gateway() };
    let plane = RestPlane::new("userapi", gateway.clone());
    Plane { plane: plane.with_stage(compile_with_canary(&base, &canary, stage).unwrap()), gateway, fake }
}

#[tokio::test]
async fn a_canary_has_its_own_deployment_and_variables() {
    let plane = serving(&stage(100.0), 1);
    assert_eq!(plane.get("/prod/users", &[]).await.status(), 200);
    let event = plane.fake.event("new");
    assert_eq!(event["stageVariables"], json!({"both": "canary", "old": "0", "new": "1"}));
    let context = &event["requestContext"];
    assert_eq!((&context["isCanaryRequest"], &context["deploymentId"]), (&json!(true), &json!("d2")));
    assert_eq!(context["stage"], "prod");
    assert_eq!(plane.get("/prod/only", &[]).await.status(), 200);

    let plane = serving(&stage(0.0), 1);
    assert_eq!(plane.get("/prod/users", &[]).await.status(), 200);
    let event = plane.fake.event("old");
    assert_eq!(event["stageVariables"], json!({"both": "base", "old": "0"}));
    let context = &event["requestContext"];
    assert_eq!((&context["isCanaryRequest"], &context["deploymentId"]), (&json!(false), &json!("d1")));
    assert_eq!(plane.get("/prod/only", &[]).await.status(), 403);

    let plane = serving(&Stage { canary_settings: None, ..stage(0.0) }, 1);
    assert_eq!(plane.get("/prod/users", &[]).await.status(), 200);
    assert_eq!(plane.fake.event("old")["requestContext"].get("isCanaryRequest"), None);
}

#[tokio::test]
async fn the_share_holds_over_ten_thousand_requests() {
    for (percent, seed) in [(10.0, 1), (0.5, 2), (33.3, 3), (90.0, 4)] {
        let plane = serving(&stage(percent), seed);
        for _ in 0..10_000 {
            assert_eq!(plane.get("/prod/users", &[]).await.status(), 200);
        }
        let (new, old) = (plane.fake.count("new"), plane.fake.count("old"));
        assert_eq!(new + old, 10_000);
        // Four standard deviations of as many draws.
        let expected = percent * 100.0;
        let bound = 4.0 * (expected * (1.0 - percent / 100.0)).sqrt();
        assert!((new as f64 - expected).abs() <= bound, "{percent} %: {new}, not within {bound} of {expected}");
        let again = Chance::seeded(seed);
        let drawn = (0..10_000).filter(|_| again.percent() < percent).count();
        assert_eq!(new, drawn, "one draw for each request, and each the seed's");
    }
}

#[tokio::test]
async fn none_and_all_are_exact() {
    for (percent, new) in [(0.0, 0), (100.0, 2_000)] {
        let plane = serving(&stage(percent), 5);
        for _ in 0..2_000 {
            plane.get("/prod/users", &[]).await;
        }
        assert_eq!(plane.fake.count("new"), new);
    }
}

#[tokio::test]
async fn the_log_and_the_gateways_own_answers_are_the_canarys() {
    let mut stage = stage(100.0);
    stage.access_log_settings = Some(crate::model::AccessLogSettings {
        format: Some("$context.isCanaryRequest $context.deploymentId $context.status".to_owned()),
        destination_arn: Some(DESTINATION.to_owned()),
    });
    let own = |text: &str| GatewayResponse {
        response_templates: [("text/plain".to_owned(), text.to_owned())].into(),
        ..GatewayResponse::default()
    };
    let mut base = api(&[("GET /users", "old")]);
    base.gateway_responses.insert("MISSING_AUTHENTICATION_TOKEN".to_owned(), own("base $stageVariables.both"));
    let mut canary = base.clone();
    canary.gateway_responses.insert("MISSING_AUTHENTICATION_TOKEN".to_owned(), own("canary $stageVariables.both"));
    for (percent, expected, logged) in [(100.0, "canary canary", "true d2 403"), (0.0, "base base", "false d1 403")] {
        stage.canary_settings.as_mut().unwrap().percent_traffic = percent;
        let fake = Fake::new([]);
        let gateway = fake.gateway();
        let plane = RestPlane::new("userapi", gateway.clone());
        let plane =
            Plane { plane: plane.with_stage(compile_with_canary(&base, &canary, &stage).unwrap()), gateway, fake };
        assert_eq!(text(&plane.get("/prod/none", &[]).await), expected);
        let group = if percent > 0.0 { "access/Canary" } else { "access" };
        assert_eq!(lines_of(&plane.gateway, group), [logged], "a canary's lines stand apart");
    }
}

#[tokio::test]
async fn limits_are_the_stages_whoever_serves() {
    let mut stage = stage(50.0);
    let limit =
        MethodSetting { throttling_rate_limit: Some(1.0), throttling_burst_limit: Some(4), ..MethodSetting::default() };
    stage.method_settings.insert("*/*".to_owned(), limit);
    let plane = serving(&stage, 7);
    let mut passed = 0;
    for _ in 0..32 {
        passed += usize::from(plane.get("/prod/users", &[]).await.status() == 200);
    }
    assert_eq!(passed, 4);
    assert!(plane.fake.count("new") > 0 && plane.fake.count("old") > 0);
}

/// How often each of the two is called when both get eight requests.
async fn cached_calls(change: impl FnOnce(&mut Stage)) -> (usize, usize) {
    let mut stage = stage(50.0);
    stage.cache_cluster_enabled = true;
    change(&mut stage);
    let plane = serving(&stage, 9);
    for _ in 0..32 {
        assert_eq!(plane.get("/prod/users", &[]).await.status(), 200);
    }
    (plane.fake.count("old"), plane.fake.count("new"))
}

#[tokio::test]
async fn responses_are_kept_for_each_deployment() {
    assert_eq!(cached_calls(|_| {}).await, (1, 1));
    let canary = |stage: &mut Stage, change: fn(&mut CanarySettings)| change(stage.canary_settings.as_mut().unwrap());
    assert_eq!(cached_calls(|stage| canary(stage, |canary| canary.use_stage_cache = true)).await, (1, 1));
    // The same deployment: one cache for both if the canary uses the stage's, otherwise two.
    let same = |canary: &mut CanarySettings| canary.deployment_id = Some("d1".to_owned());
    let (old, new) = cached_calls(|stage| canary(stage, same)).await;
    assert_eq!(old + new, 2);
    let shared = |canary: &mut CanarySettings| {
        (canary.use_stage_cache, canary.deployment_id) = (true, Some("d1".to_owned()));
    };
    let (old, new) = cached_calls(|stage| canary(stage, shared)).await;
    assert_eq!(old + new, 1);
}

#[tokio::test]
async fn a_flush_empties_the_canarys_cache_too() {
    let mut stage = stage(100.0);
    stage.cache_cluster_enabled = true;
    let plane = serving(&stage, 1);
    for (flush, expected) in [(false, 1), (false, 1), (true, 2), (false, 2)] {
        if flush {
            plane.plane.stages["prod"].flush();
        }
        plane.get("/prod/users", &[]).await;
        assert_eq!(plane.fake.count("new"), expected);
    }
}
