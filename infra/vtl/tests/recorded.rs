//! What has been recorded on AWS, or is documented by it, where plain Velocity would do something else.

#![expect(clippy::unwrap_used, reason = "a test that unwraps in vain has failed, and says where")]

use ferrogate_vtl::{Inputs, Overrides, Params, Template};
use indexmap::IndexMap;
use serde_json::json;

fn render(template: &str, body: &str) -> String {
    let context = json!({"requestId": "r-1", "identity": {"sourceIp": "10.0.0.1", "apiKey": null}});
    let stage_variables = IndexMap::from([("table".to_owned(), "Pets".to_owned())]);
    let inputs = Inputs {
        body,
        params: &Params::default(),
        context: context.as_object().unwrap(),
        stage_variables: &stage_variables,
    };
    Template::parse(template).unwrap().render(&inputs, &mut Overrides::default()).unwrap()
}

/// LocalStack's `test_input_body_formatting`.
#[test]
fn an_empty_body_is_an_empty_object() {
    assert_eq!(render("$input.body", ""), "{}");
    assert_eq!(render("$util.urlEncode($input.body)", ""), "%7B%7D");
    assert_eq!(render("[$input.body.anything]", "{\"anything\":1}"), "[]");
    assert_eq!(render("$input.body", "not json"), "not json");
    assert_eq!(render("$input.json('$')", ""), "{}");
    assert_eq!(render("$input.json('$.x')", ""), "\"\"");
}

/// LocalStack's `test_input_path_template_formatting`.
#[test]
fn the_results_of_paths_print_as_java_prints_them() {
    let dict = r#"{"foo":"bar"}"#;
    assert_eq!(render("$input.path('$')", dict), "{foo=bar}");
    assert_eq!(render("$input.path('$').toString()", dict), "{foo=bar}");
    let three = r#"{"bigger": "dict", "to": "test", "with": "separators"}"#;
    assert_eq!(render("$input.path('$')", three), "{bigger=dict, to=test, with=separators}");
    let list = r#"[{"foo": "bar"}]"#;
    assert_eq!(render("$input.path('$')", list), r#"[{"foo":"bar"}]"#);
    assert_eq!(render("#set($list = $input.path('$'))$list[0]", list), "{foo=bar}");
    assert_eq!(render("[$input.path('$').nested]", list), "[]");
    assert_eq!(render("$input.path('$')", r#"{"foo": [{"nested": "bar"}]}"#), r#"{foo=[{"nested":"bar"}]}"#);
    assert_eq!(render("$input.path('$')#if($input.path('$') == $null)null#end", "[]"), "[]");
}

#[test]
fn what_a_path_does_not_lead_to_prints_as_nothing_and_equals_null_and_the_empty_text() {
    for body in ["", "not json", "{}", "{\"hello\":null}"] {
        let template =
            "[$input.path('$.hello')]#if($input.path('$.hello') == $null)n#end#if($input.path('$.hello') == \"\")e#end";
        assert_eq!(render(template, body), "[]ne", "{body}");
    }
    assert_eq!(render("#set($x = $input.path('$.hello'))[$x]#if($x)y#{else}n#end", "{}"), "[]n");
}

#[test]
fn missing_members_of_the_gateways_own_variables_print_as_nothing() {
    let template = "[$context.nope][$context.identity.nope.more][$context.identity.apiKey][$stageVariables.nope]\
        [${stageVariables['nope']}][$input.nope][$input.params('nope')][$util.nope()]$nope";
    assert_eq!(render(template, "{}"), "[][][][][][][][]$nope");
    assert_eq!(render("$context.identity.sourceIp $stageVariables['table']", ""), "10.0.0.1 Pets");
}

#[test]
fn what_is_null_is_escaped_to_the_word() {
    assert_eq!(render("$util.escapeJavaScript($nope)", ""), "null");
    assert_eq!(
        render("$util.escapeJavaScript($input.json('$.s')).replaceAll(\"\\\\'\",\"'\")", "{\"s\":\"it's\"}"),
        "\\\"it's\\\""
    );
}
