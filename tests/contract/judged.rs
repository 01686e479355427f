//! The judge before a document of its own: a judge that cannot object would prove nothing.

use serde_json::{Value, json};

use crate::allowed::fits;
use crate::document::Documents;
use crate::exchange::{Exchange, Sender};
use crate::judge::judge;

fn documents() -> Documents {
    let id = json!({"name": "id", "in": "path", "required": true, "schema": {"type": "integer", "format": "int64"}});
    let limit = json!({"name": "limit", "in": "query",
                       "schema": {"type": "integer", "minimum": 1, "maximum": 250}});
    let keys = json!({"name": "keys", "in": "query", "required": true,
                      "schema": {"type": "array", "maxItems": 2, "items": {"type": "string"}}});
    let thing = json!({"content": {"application/json": {"schema": {"allOf": [
        {"$ref": "#/components/schemas/Thing"},
        {"type": "object", "properties": {"_links": {"type": "object", "properties": {"base": {"type": "string"}}}}},
    ]}}}});
    let body = json!({"required": true, "content": {"application/json": {"schema": {
        "type": "array", "minItems": 1, "items": {"type": "string"}}}}});
    Documents::of(json!({
        "paths": {"/wiki/things/{id}": {
            "parameters": [id],
            "get": {"parameters": [limit, keys], "responses": {"200": thing, "404": {"content": {}}}},
            "put": {"requestBody": body, "responses": {"204": {}}},
        }},
        "components": {"schemas": {"Thing": {"type": "object", "required": ["id"], "properties": {
            "id": {"type": "string"},
            "kind": {"type": "string", "enum": ["a", "b"], "nullable": true},
            "made": {"type": "string", "format": "date-time"},
            "_links": {"type": "object", "properties": {"self": {"type": "string"}}},
        }}}},
    }))
}

fn exchange(request: &str, sent: &Value, status: u16, answered: &Value) -> Exchange {
    let (method, address) = request.split_once(' ').unwrap();
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let bytes = |value: &Value| if value.is_null() { Vec::new() } else { value.to_string().into_bytes() };
    Exchange {
        sender: Sender::Client,
        scene: String::new(),
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        sent: bytes(sent),
        status,
        answered: bytes(answered),
    }
}

fn findings(exchange: &Exchange) -> Vec<String> {
    judge(&documents(), exchange).into_iter().map(|deviation| deviation.finding).collect()
}

const GET: &str = "GET /wiki/things/7?keys=a&limit=5";

pub(crate) fn what_is_documented_passes() {
    let whole = json!({"id": "7", "kind": null, "made": "2026-11-26T10:00:00.000Z",
                       "_links": {"self": "x", "base": "y"}});
    for passes in [
        exchange(GET, &Value::Null, 200, &whole),
        exchange(GET, &Value::Null, 404, &json!({"any": "error"})),
        exchange("PUT /wiki/things/7", &json!(["x"]), 204, &Value::Null),
    ] {
        assert_eq!(findings(&passes), [""; 0], "{passes:?}");
    }
}

pub(crate) fn each_kind_of_deviation_is_seen() {
    let (none, thing) = (Value::Null, json!({"id": "7"}));
    let get = |answered: Value| exchange(GET, &Value::Null, 200, &answered);
    let put = |sent: Value| exchange("PUT /wiki/things/7", &sent, 204, &Value::Null);
    for (wrong, expected) in [
        (exchange("GET /wiki/others/7", &none, 200, &thing), "no document has it, and it answers 200"),
        (exchange("DELETE /wiki/things/7", &none, 404, &none), "no document has it, and it answers 404"),
        (
            exchange("GET /wiki/things/x?keys=a", &none, 200, &thing),
            "path id: \"x\" is not of type \"integer\"",
        ),
        (exchange("GET /wiki/things/7", &none, 200, &thing), "query keys: missing"),
        (exchange(&format!("{GET}&new=1"), &none, 200, &thing), "query new: not declared"),
        (exchange(&format!("{GET}&limit=6"), &none, 200, &thing), "query limit: given 2 times"),
        (
            exchange("GET /wiki/things/7?keys=a&limit=0", &none, 200, &thing),
            "query limit: 0 is less than the minimum of 1",
        ),
        (exchange("GET /wiki/things/7?keys=a,b", &none, 200, &thing), "query keys: commas within one value"),
        (
            exchange("GET /wiki/things/7?keys=a&keys=b&keys=c", &none, 200, &thing),
            "query keys: value has more than 2 items",
        ),
        (exchange(GET, &json!([]), 200, &thing), "sent: a body where none is documented"),
        (put(Value::Null), "sent: no body"),
        (put(json!([])), "sent : value has less than 1 item"),
        (put(json!(["x", 1])), "sent /*: 1 is not of type \"string\""),
        (
            exchange("PUT /wiki/things/7", &json!(["x"]), 204, &thing),
            "answer 204: a body where none is documented",
        ),
        (exchange("PUT /wiki/things/7", &json!(["x"]), 409, &none), "answer 409: not documented"),
        (get(Value::Null), "answer 200: no JSON: EOF while parsing a value at line 1 column 0"),
        (get(json!({})), "answer 200 : \"id\" is a required property"),
        (get(json!({"id": 7})), "answer 200 /id: 7 is not of type \"string\""),
        (get(json!({"id": "7", "kind": "c"})), "answer 200 /kind: \"c\" is not one of \"a\", \"b\" or null"),
        (get(json!({"id": "7", "made": "today"})), "answer 200 /made: \"today\" is not a \"date-time\""),
        (
            get(json!({"id": "7", "_links": {"next": "z"}})),
            "answer 200 /_links: Additional properties are not allowed ('next' was unexpected)",
        ),
    ] {
        assert_eq!(findings(&wrong), [expected], "{wrong:?}");
    }
    // A test may ask wrongly, if it is refused.
    let asked = |status| Exchange {
        sender: Sender::Test,
        ..exchange("PUT /wiki/things/7", &json!([]), status, &none)
    };
    assert_eq!(findings(&asked(204)), ["accepted: sent : value has less than 1 item"]);
    assert_eq!(findings(&asked(400)), ["answer 400: not documented"]);
}

pub(crate) fn an_allowance_covers_what_it_says() {
    for (pattern, text, expected) in [
        ("GET /a", "GET /a", true),
        ("GET /a", "GET /ab", false),
        ("GET /a*", "GET /ab", true),
        ("*/type: * is not one of *", "answer 200 /x/type: \"y\" is not one of \"z\"", true),
        ("*/type: * is not one of *", "answer 200 /x/kind: \"y\" is not one of \"z\"", false),
    ] {
        assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
    }
}
