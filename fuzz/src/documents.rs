//! Documents that built-ins read out of policies' inputs: GraphQL and JSON Schema.

use std::collections::HashMap;

use regate_rego::Value;
use regate_rego::builtins::{self, Budget, Caches, Context, Error};
use regate_rego::value::json;

/// How many steps a call may take.
const STEPS: u64 = 200_000;

/// How many bytes a call may build.
const MEMORY: u64 = 32 << 20;

/// A query and a schema with a zero byte between them: what can be read is the same when its tree is handed back.
pub fn graphql(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (query, schema) = text
        .split_once('\0')
        .unwrap_or((&text, "type Query { a: Int }"));
    let (query, schema) = (Value::from(query), Value::from(schema));
    let _ = call("graphql.is_valid", &[&query, &schema]);
    if let Ok(tree) = call("graphql.parse_schema", &[&schema]) {
        let of_text = call("graphql.schema_is_valid", &[&schema]);
        let of_tree = call("graphql.schema_is_valid", &[&tree]);
        if let (Ok(of_text), Ok(of_tree)) = (of_text, of_tree) {
            assert_eq!(of_text, of_tree, "a schema and its tree");
        }
    }
    let _ = call("graphql.parse_query", &[&query]);
}

/// A document and a schema in an array: a schema that verifies can be matched.
pub fn json_schema(data: &[u8]) {
    let Ok(Value::Array(both)) = json::parse(data) else {
        return;
    };
    let [document, schema] = &*both else {
        return;
    };
    let verified = call("json.verify_schema", &[schema]);
    let matched = call("json.match_schema", &[document, schema]);
    if let (Ok(verified), Ok(_)) = (verified, matched) {
        let valid = verified.get(&Value::from(0_i64));
        assert_eq!(
            valid,
            Some(&Value::from(true)),
            "what is matched is a schema"
        );
    }
}

fn call(name: &str, args: &[&Value]) -> Result<Value, Error> {
    let mut budget = Budget::default();
    budget.steps = STEPS;
    budget.memory = MEMORY;
    let mut context = Context {
        budget: &mut budget,
        now_ns: 0,
        seed: 0,
        runtime: &Value::Null,
        caches: &Caches::default(),
        outside: None,
        memo: &mut HashMap::new(),
    };
    let builtin = builtins::get(name).expect("a built-in");
    builtin.call(&mut context, args)
}
