//! What a catalogue file may not say.

use catalogue::Catalogue;

const GOOD: &str = r#"
group = "things"
title = "Things"
[body]
thing = '{"type": "object"}'
[answer_schema]
answered = '{"type": "object", "properties": {"id": {"type": "string"}}}'
[[operation]]
id = "things.list"
microsoft_id = "Things_List"
method = "GET"
path = "/v1.0/myorg/things/{thingId}"
summary = "List things"
parameters = [{ name = "thingId", kind = "guid", summary = "id of the thing" }]
answer = "json"
answer_schema = "[answered]"
scopes = "Dataset.Read.All"
effect = "read"
principals = "allowed"
"#;

fn problems(text: &str) -> Vec<String> {
    match Catalogue::load(&[("things", text)]) {
        Ok(_) => vec![],
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

fn changed(from: &str, to: &str) -> Vec<String> {
    assert!(GOOD.contains(from));
    problems(&GOOD.replace(from, to))
}

#[test]
fn a_good_file_loads() {
    assert_eq!(problems(GOOD), Vec::<String>::new());
}

#[test]
fn duplicates_are_refused() {
    let block = &GOOD[GOOD.find("[[operation]]").unwrap()..];
    let problems_of_groups = Catalogue::load(&[("a", GOOD), ("b", "group = \"things\"\ntitle = \"x\"")]).unwrap_err();
    assert_eq!(problems_of_groups.len(), 1);
    let rate = "[rate.slow]\nwindows = []\nper = \"user\"";
    assert_eq!(Catalogue::load(&[("a", rate), ("b", rate)]).unwrap_err().len(), 1);
    let twice = format!("{GOOD}{block}");
    assert_eq!(problems(&twice).len(), 3, "id, Microsoft id, and method with path");
    let same_path = block
        .replace("things.list", "things.get")
        .replace("Things_List", "Things_Get")
        .replace("thingId", "id");
    let found = problems(&format!("{GOOD}{same_path}"));
    assert!(
        found.iter().any(|problem| problem.contains("another method and path")),
        "{found:?}"
    );
    assert!(found.iter().any(|problem| problem.contains("same names")), "{found:?}");
}

#[test]
fn references_to_nothing_are_refused() {
    let with = |line: &str| changed("answer = \"json\"", &format!("answer = \"json\"\n{line}"));
    assert_eq!(
        with(r#"twin = "things.none""#),
        ["things.list: expected a known twin, not things.none"]
    );
    assert_eq!(
        with(r#"long_running = { poll = "things.none", done = [] }"#),
        ["things.list: expected a known operation to follow with, not things.none"],
    );
    assert_eq!(
        with(r#"body = "none""#),
        ["things: things.list: body is not in the file"]
    );
    assert_eq!(
        with(r#"rate = "none""#),
        ["things: things.list: rate class is not known"]
    );
    assert_eq!(
        with(r#"paging = "top_skip""#),
        ["things.list: expected the parameters of top_skip paging"]
    );
}

#[test]
fn scopes_must_exist() {
    assert_eq!(
        changed("Dataset.Read.All", "Datasets.Read.All"),
        ["things.list: expected a known scope, not Datasets.Read.All"]
    );
}

#[test]
fn unknown_words_and_fields_are_refused() {
    assert_eq!(changed("effect = \"read\"", "effect = \"write\"").len(), 1);
    assert_eq!(
        changed("effect = \"read\"", "effect = \"read\"\neffects = \"run\"").len(),
        1
    );
    assert_eq!(changed("kind = \"guid\"", "kind = \"uuid\"").len(), 1);
}

#[test]
fn parameters_must_make_sense() {
    let with = |parameter: &str| changed("parameters = [", &format!("parameters = [{parameter}, "));
    assert_eq!(
        with(r#"{ name = "a", kind = "guid", values = ["x"], summary = "s" }"#),
        ["things.list: a: expected no list of values"],
    );
    assert_eq!(
        with(r#"{ name = "a", min = 1, summary = "s" }"#),
        ["things.list: a: expected no bounds"],
    );
    assert_eq!(
        with(r#"{ name = "a", kind = "integer", min = 2, max = 1, summary = "s" }"#),
        ["things.list: a: expected the least value to be the smaller one"],
    );
    assert_eq!(
        with(r#"{ name = "THINGID", summary = "s" }"#),
        ["things.list: expected thingId once"]
    );
    assert_eq!(
        changed("name = \"thingId\"", "name = \"otherId\""),
        ["things.list: expected the path value thingId among the parameters"],
    );
}

#[test]
fn bodies_hold_no_references() {
    let text = GOOD
        .replace("method = \"GET\"", "method = \"POST\"\nbody = \"thing\"")
        .replace("{\"type\": \"object\"}", "{\"items\": {\"$ref\": \"#/x\"}}");
    assert_eq!(problems(&text), ["things.list: expected a body schema without $ref"]);
}

#[test]
fn answers_may_name_each_other_and_add_to_each_other() {
    let text = GOOD.replace(
        "[answer_schema]",
        "[answer_schema]\nwide = '''{\"$ref\": \"answered\", \"required\": [\"name\"], \"properties\": {\"name\": {\"type\": \"string\"}, \"inner\": {\"$ref\": \"answered\"}}}'''",
    );
    let text = text.replace("\"[answered]\"", "\"wide\"");
    let loaded = Catalogue::load(&[("things", &text)]).unwrap();
    let schema = loaded.operations()[0].answer_schema.as_ref().unwrap();
    let inner = serde_json::json!({"type": ["object", "null"], "properties": {"id": {"type": ["string", "null"]}}});
    assert_eq!(
        *schema,
        serde_json::json!({
            "type": "object",
            "required": ["name"],
            "properties": {"id": {"type": ["string", "null"]}, "name": {"type": "string"}, "inner": inner},
        })
    );
}

#[test]
fn answers_that_make_no_sense_are_refused() {
    let with = |schema: &str| {
        changed(
            "{\"type\": \"object\", \"properties\": {\"id\": {\"type\": \"string\"}}}",
            schema,
        )
    };
    let unknown = "things: things.list: expected a known answer, not [answered]";
    assert_eq!(
        with(r#"{"$ref": "nothing"}"#),
        ["answer answered: expected a known answer, not \"nothing\"", unknown]
    );
    assert_eq!(
        with(r#"{"properties": {"inner": {"type": "array", "items": {"$ref": "answered"}}}}"#),
        [
            "answer answered: expected it not to hold itself by way of answered",
            unknown
        ]
    );
    assert_eq!(
        with(r#"{"additionalProperties": false}"#),
        ["things: answer answered: expected no additionalProperties in it"]
    );
    assert_eq!(
        with(r#"{"properties": {"id": {"type": "guid"}}}"#),
        ["things: answer answered: expected types among object, array, string, integer, number, boolean"]
    );
    assert_eq!(
        with(r#"{"required": ["id"]}"#),
        ["things: answer answered: expected the required \"id\" among the properties"]
    );
    assert_eq!(
        changed("answer_schema = \"[answered]\"", ""),
        ["things.list: expected a schema of the answer if it is json, and none otherwise"]
    );
    assert_eq!(
        changed("answer = \"json\"", "answer = \"empty\""),
        ["things.list: expected a schema of the answer if it is json, and none otherwise"]
    );
    let answers = "[answer_schema]\nanswered = '{}'";
    let twice = Catalogue::load(&[("things", GOOD), ("more", answers)]).unwrap_err();
    assert_eq!(twice[0].to_string(), "more: answer answered: expected each answer once");
}
