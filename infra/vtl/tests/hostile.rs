//! Templates and requests that mean harm: each ends soon, with an error that says where, or with an output within its limit.

#![expect(clippy::unwrap_used, reason = "a test ends where something that it relies on is missing")]

use ferrogate_vtl::json_path::JsonPath;
use ferrogate_vtl::{Inputs, Limits, Overrides, Params, RenderError, Template};
use indexmap::IndexMap;

fn render(template: &str, body: &str, limits: &Limits) -> Result<String, RenderError> {
    let (params, context, stage_variables) = (Params::default(), serde_json::Map::new(), IndexMap::new());
    let inputs = Inputs { body, params: &params, context: &context, stage_variables: &stage_variables };
    Template::parse(template).unwrap().render_within(&inputs, &mut Overrides::default(), limits)
}

/// Renders on a stack as small as any thread's, and fails rather than go on for minutes.
fn refused(template: &str) -> RenderError {
    let template = template.to_owned();
    let started = std::time::Instant::now();
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    let error = thread.spawn(move || render(&template, "{}", &Limits::default())).unwrap().join().unwrap().unwrap_err();
    assert!(started.elapsed().as_secs() < 60);
    error
}

#[test]
fn what_runs_for_ever_runs_out_of_steps() {
    let loops = "#foreach($i in [1..1000])".repeat(4) + "x" + &"#end".repeat(4);
    assert!(refused(&format!("#set($l = [1..1000]){loops}")).message.contains("steps"));
    assert!(refused("#macro(m $a)#m(\"$a$a\")#m(\"$a$a\")#end#m(\"x\")").message.contains("macros"));
    assert!(refused("#set($l = [0..2000000000])").message.contains("steps"));
    assert!(refused("#set($l = [1])#foreach($i in [1..40])#set($x = $l.addAll($l))#end").message.contains("steps"));
}

#[test]
fn what_prints_gigabytes_is_stopped_at_the_limit() {
    assert!(
        refused("#set($s = \"0123456789\")#foreach($i in [1..40])#set($s = \"$s$s\")#end$s").message.contains("bytes")
    );
    assert!(refused("#set($s = \"0123456789\")$s.repeat(2000000000)").message.contains("bytes"));
    assert!(refused("#set($s = \"0123456789\")$s.format(\"%2000000000s\", 1)").message.contains("bytes"));
    assert!(refused("#set($l = [1])#foreach($i in [1..60])#set($l = [$l, $l])#end$l").message.contains("bytes"));
    let doubled =
        "#set($s = \"aaaaaaaaaa\")".to_owned() + &"#set($s = $s.replaceAll(\"a\", \"$0$0$0$0$0$0$0$0\"))".repeat(12);
    assert!(refused(&doubled).message.contains("bytes"));
    let limits = Limits { output_bytes: 100, ..Limits::default() };
    assert!(render(&"x".repeat(101), "", &limits).unwrap_err().message.contains("100 bytes"));
    assert_eq!(render(&"x".repeat(100), "", &limits).unwrap().len(), 100);
}

#[test]
fn what_holds_itself_is_refused_when_it_is_printed() {
    assert_eq!(
        render("#set($l = [1])#set($x = $l.add($l))$l", "", &Limits::default()).unwrap(),
        "[1, (this Collection)]"
    );
    assert!(refused("#set($a = [1])#set($b = [$a])#set($x = $a.add($b))$a").message.contains("holds itself"));
    assert!(refused("#set($m = {})#set($n = {\"m\": $m})#set($m.n = $n)$m").message.contains("holds itself"));
    assert!(refused("#set($a = [1])#set($b = [$a])#set($x = $a.add($b))$a.hashCode()").message.contains("deep"));
    let pair = "#set($a = [])#set($b = [])#set($c = [$a])#set($d = [$b])#set($x = $a.add($c))#set($x = $b.add($d))";
    assert!(refused(&format!("{pair}#if($a == $b)x#end")).message.contains("deep"));
    // Hundreds of thousands of levels are dropped without recursion.
    let deep = "#set($l = [])#foreach($i in [1..1000])#foreach($j in [1..300])#set($l = [$l])#end#end";
    assert_eq!(render(deep, "", &Limits::default()).unwrap(), "");
}

#[test]
fn what_recurses_is_refused() {
    assert!(refused("#macro(m)#m()#end#m()").message.contains("20 macros"));
    assert!(refused("#macro(a $x)#b(\"$x\")#end#macro(b $x)#a(\"$x\")#end#a(\"1\")").message.contains("20 macros"));
    // As deep as it gets in all ways at once: the stack holds.
    let blocks = "#if(true)#foreach($i in [1])".repeat(20) + "#m(\"$a\")" + &"#end#end".repeat(20);
    refused(&format!("#macro(m $a){blocks}#end#m(\"1\")"));
    let strings = "#macro(m $a)#if(\"$a\" == [[[[[[[[[[[[\"$a$a\"]]]]]]]]]]]])x#end#m(\"$a\")#end#m(\"1\")";
    refused(strings);
    refused("#define($d)#foreach($i in [1])$d.toString()$e#end#end#define($e)$d#m()#end#macro(m)$d$e#m()#end#m()");
}

#[test]
fn what_nests_too_deep_is_refused_when_it_is_parsed() {
    for (open, inner, close) in [
        ("#if(true)", "x", "#end"),
        ("#foreach($i in [1])", "x", "#end"),
        ("#set($a = ", "1", ")"),
        ("$a.b(", "1", ")"),
        ("$a[", "1", "]"),
        ("#set($a = ((", "1", "))"),
        ("#@m()", "x", "#end"),
    ] {
        let template = open.repeat(10_000) + inner + &close.repeat(10_000);
        assert!(Template::parse(&template).is_err(), "{open}");
    }
    for (open, close) in [("(", ")"), ("[", "]"), ("!", ""), ("$a.b(", ")"), ("$a[", "]"), ("{1:", "}")] {
        let template = format!("#set($a = {}1{})", open.repeat(10_000), close.repeat(10_000));
        let error = Template::parse(&template).unwrap_err();
        assert!(error.message.contains("within each other"), "{open}: {error}");
        let path = format!("$[?({}@.a{})]", "(".repeat(5000), ")".repeat(5000));
        assert!(JsonPath::parse(&path).is_err());
    }
    // What is long but not deep is no harm.
    assert!(Template::parse(&format!("#set($a = 1{})", " + 1".repeat(50_000))).is_ok());
    assert!(Template::parse(&format!("#if(true)x{}#end", "#elseif(true)y".repeat(10_000))).is_ok());
    assert!(Template::parse(&format!("$a{}", ".b".repeat(100_000))).is_ok());
    assert!(Template::parse(&"\\".repeat(300_000)).is_ok());
    assert!(Template::parse(&"x".repeat(300 * 1024 + 1)).is_err());
}

#[test]
fn no_pattern_is_catastrophic() {
    let body = "a".repeat(50_000) + "!";
    for pattern in ["(a+)+$", "(a|aa)+$", "(.*)*x", "(a?){50}a{50}", "^(([a-z])+.)+[A-Z]([a-z])+$"] {
        let started = std::time::Instant::now();
        let result = render(&format!("$input.body.matches('{pattern}')"), &body, &Limits::default()).unwrap();
        assert_eq!(result, "false");
        assert!(started.elapsed().as_secs() < 10, "{pattern}");
    }
    assert!(refused("#set($s = 'a')$s.matches('(?=a)a')").message.contains("(?=a)a"));
    assert!(refused("#set($s = 'a')$s.matches('((a{100}){100}){100}')").message.contains("not supported"));
    assert!(refused("#set($s = 'a')$s.replaceAll('a', '$7')").message.contains("group 7"));
}

#[test]
fn errors_name_their_line_and_column() {
    let error = Template::parse("a\n  #if($x)\n").unwrap_err();
    assert_eq!(error.to_string(), "line 2, column 3: #if without #end");
    let error = Template::parse("{\n  \"é\": #set($a = )\n}").unwrap_err();
    assert_eq!((error.line, error.column), (2, 18), "{error}");
    let error = refused("a\n b $input.path('$.[')");
    assert_eq!((error.line, error.column), (2, 4), "{error}");
}

#[test]
fn a_document_that_is_deep_or_broken_is_none() {
    let limits = Limits::default();
    for body in
        ["[".repeat(100_000), "{\"a\":".repeat(5000), "{\"a\":1".to_owned(), "\u{feff}{}".to_owned(), "nul".to_owned()]
    {
        assert_eq!(render("[$input.path('$.a')]$input.json('$')", &body, &limits).unwrap(), "[]\"\"");
    }
}

#[test]
fn nothing_leads_to_reflection() {
    for template in ["$s.class", "$s.getClass()", "$s.getClass().forName('java.lang.Runtime')", "$m.class.classLoader"]
    {
        let text = format!("#set($s = 'x')#set($m = {{}}){template}");
        assert_eq!(render(&text, "", &Limits::default()).unwrap(), template);
    }
}

#[test]
fn an_override_is_set_once_and_lives_on() {
    let (params, context, stage_variables) = (Params::default(), serde_json::Map::new(), IndexMap::new());
    let inputs = Inputs { body: "", params: &params, context: &context, stage_variables: &stage_variables };
    let mut overrides = Overrides::default();
    let parse = |template: &str| Template::parse(template).unwrap();
    let first = "#set($context.responseOverride.status = 444)#set($context.requestOverride.header.X = [1, 2])";
    parse(first).render(&inputs, &mut overrides).unwrap();
    assert_eq!(overrides.response.status.as_deref(), Some("444"));
    assert_eq!(overrides.request.header["X"], "[1, 2]");
    let second = "$context.responseOverride.status $context.requestOverride.header.X#set($context.responseOverride.header.Y = 'z')";
    assert_eq!(parse(second).render(&inputs, &mut overrides).unwrap(), "444 [1, 2]");
    assert_eq!(overrides.response.header["Y"], "z");
    assert_eq!(overrides.response.status.as_deref(), Some("444"));
    let twice = "#set($context.responseOverride.status = 1)#set($context.responseOverride.status = 2)";
    let before = overrides.clone();
    assert!(parse(twice).render(&inputs, &mut overrides).unwrap_err().message.contains("second time"));
    assert_eq!(overrides, before);
}

#[test]
fn a_template_is_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Template>();
    shared::<JsonPath>();
}
