// Renders templates with Apache Velocity 1.7 and reads paths with Jayway's JsonPath: what the crate is compared with.
//
// One case a line of JSON on stdin, one answer a line on stdout: {"text": …} or {"error": "parse" | "render", "message": …}.
// A case is {"template", "body", "params", "context", "stage"}, or {"path", "body"}.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.lang.StringEscapeUtils;
import org.apache.velocity.VelocityContext;
import org.apache.velocity.app.VelocityEngine;
import org.apache.velocity.app.event.EventCartridge;
import org.apache.velocity.app.event.ReferenceInsertionEventHandler;
import org.apache.velocity.exception.ParseErrorException;
import wiremock.com.jayway.jsonpath.Configuration;
import wiremock.com.jayway.jsonpath.InvalidPathException;
import wiremock.com.jayway.jsonpath.JsonPath;
import wiremock.com.jayway.jsonpath.PathNotFoundException;
import wiremock.com.jayway.jsonpath.spi.json.JsonSmartJsonProvider;
import wiremock.com.jayway.jsonpath.spi.mapper.JsonSmartMappingProvider;
import wiremock.net.minidev.json.JSONArray;
import wiremock.net.minidev.json.JSONObject;
import wiremock.net.minidev.json.JSONValue;
import wiremock.net.minidev.json.parser.JSONParser;

public class Oracle {
    // RFC 8259's JSON and Jayway's maps and lists: what is not JSON has no value.
    static final JsonSmartJsonProvider JSON =
        new JsonSmartJsonProvider(JSONParser.MODE_RFC4627, JSONValue.defaultReader.DEFAULT_ORDERED);
    static final Configuration CONFIGURATION =
        Configuration.builder().jsonProvider(JSON).mappingProvider(new JsonSmartMappingProvider()).build();

    public static Object parse(String text) {
        try {
            return JSON.parse(text);
        } catch (Exception e) {
            return null;
        }
    }

    /** `$input`, as the reference describes it. */
    public static class Input {
        final String body;
        final Object document;
        final Map<String, Map<String, String>> params;

        Input(String body, Map<String, Map<String, String>> params) {
            this.body = body.isEmpty() ? "{}" : body;
            this.document = body.isEmpty() ? null : Oracle.parse(body);
            this.params = params;
        }

        public String getBody() {
            return body;
        }

        public Object path(String path) {
            if (document == null) {
                return null;
            }
            try {
                return JsonPath.compile(path).read(document, CONFIGURATION);
            } catch (PathNotFoundException e) {
                return null;
            }
        }

        public String json(String path) {
            Object value = path(path);
            if (value == null) {
                return "\"\"";
            }
            return value instanceof Map || value instanceof List ? JSON.toJson(value) : JSONValue.toJSONString(value, wiremock.net.minidev.json.JSONStyle.LT_COMPRESS);
        }

        public Object params() {
            return params;
        }

        public String params(String name) {
            for (String place : Arrays.asList("path", "querystring", "header")) {
                if (params.get(place).containsKey(name)) {
                    return params.get(place).get(name);
                }
            }
            return "";
        }
    }

    /** `$util`. */
    public static class Util {
        public String escapeJavaScript(String text) {
            return StringEscapeUtils.escapeJavaScript(text);
        }

        public Object parseJson(String text) {
            return Oracle.parse(text);
        }

        public String urlEncode(String text) throws Exception {
            return java.net.URLEncoder.encode(text, "UTF-8");
        }

        public String urlDecode(String text) throws Exception {
            return java.net.URLDecoder.decode(text, "UTF-8");
        }

        public String base64Encode(String text) {
            return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
        }

        public String base64Decode(String text) {
            return new String(Base64.getDecoder().decode(text), StandardCharsets.UTF_8);
        }
    }

    /** API Gateway prints nothing where a member of its own variables is missing. */
    public static class Empty implements ReferenceInsertionEventHandler {
        public Object referenceInsert(String reference, Object value) {
            if (value == null && reference.matches("(?s)\\$!?\\{?(input|context|stageVariables|util)\\b.*")) {
                return "";
            }
            return value;
        }
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> map(Map<String, Object> from, String name) {
        Object found = from.get(name);
        return found == null ? new LinkedHashMap<>() : (Map<String, Object>) found;
    }

    public static void main(String[] arguments) throws Exception {
        VelocityEngine engine = new VelocityEngine();
        engine.setProperty("runtime.log.logsystem.class", "org.apache.velocity.runtime.log.NullLogChute");
        engine.setProperty("runtime.introspector.uberspect", "org.apache.velocity.util.introspection.SecureUberspector");
        engine.setProperty("directive.foreach.maxloops", "1000");
        // A template's macros are its own.
        engine.setProperty("velocimacro.permissions.allow.inline.local.scope", "true");
        engine.init();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintWriter out = new PrintWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8));
        int number = 0;
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            Map<String, Object> one = JSON.parse(line) instanceof Map ? map(Map.of("it", JSON.parse(line)), "it") : null;
            JSONObject answer = new JSONObject();
            try {
                answer.put("text", one.containsKey("path") ? path(one) : render(engine, one, number++));
            } catch (ParseErrorException | InvalidPathException e) {
                answer.put("error", "parse");
                answer.put("message", String.valueOf(e.getMessage()));
            } catch (Throwable e) {
                answer.put("error", "render");
                answer.put("message", String.valueOf(e));
            }
            out.println(answer.toJSONString(wiremock.net.minidev.json.JSONStyle.LT_COMPRESS));
        }
        out.flush();
    }

    static String path(Map<String, Object> one) {
        JsonPath path = JsonPath.compile((String) one.get("path"));
        try {
            Object value = path.read(parse((String) one.get("body")), CONFIGURATION);
            return JSONValue.toJSONString(value, wiremock.net.minidev.json.JSONStyle.LT_COMPRESS);
        } catch (PathNotFoundException e) {
            return "";
        }
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    static String render(VelocityEngine engine, Map<String, Object> one, int number) {
        Map<String, Object> given = map(one, "params");
        Map<String, Map<String, String>> params = new LinkedHashMap<>();
        for (String place : Arrays.asList("path", "querystring", "header")) {
            params.put(place, (Map) map(given, place));
        }
        Map<String, Object> context = map(one, "context");
        Map<String, Object> requests = new LinkedHashMap<>();
        for (String place : Arrays.asList("header", "path", "querystring")) {
            requests.put(place, new LinkedHashMap<>());
        }
        Map<String, Object> responses = new LinkedHashMap<>();
        responses.put("header", new LinkedHashMap<>());
        context.put("requestOverride", requests);
        context.put("responseOverride", responses);
        VelocityContext variables = new VelocityContext();
        variables.put("input", new Input((String) one.getOrDefault("body", ""), params));
        variables.put("util", new Util());
        variables.put("context", context);
        variables.put("stageVariables", map(one, "stage"));
        EventCartridge events = new EventCartridge();
        events.addEventHandler(new Empty());
        events.attachToContext(variables);
        StringWriter writer = new StringWriter();
        engine.evaluate(variables, writer, "t" + number, new StringReader((String) one.get("template")));
        return writer.toString();
    }
}
