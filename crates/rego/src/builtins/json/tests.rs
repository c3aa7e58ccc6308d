//! Calls and what OPA 1.22 answers to them.

use crate::builtins::testing::{answer, holds};

#[test]
fn calls_are_answered_as_opa_answers_them() {
    holds(&[
        (
            "json.filter",
            r#"[{"a":{"b":1,"c":2},"d":3},["a/b"]]"#,
            r#"{"a": {"b": 1}}"#,
        ),
        (
            "json.filter",
            r#"[{"a":{"b":1,"c":2},"d":3},["a/b","d"]]"#,
            r#"{"a": {"b": 1}, "d": 3}"#,
        ),
        (
            "json.filter",
            r#"[{"a":{"b":1,"c":2},"d":3},["a","a/b"]]"#,
            r#"{"a": {"b": 1, "c": 2}}"#,
        ),
        (
            "json.filter",
            r#"[{"a":[{"b":1},{"c":2}],"d":3},["a/1"]]"#,
            r#"{"a": [{"c": 2}]}"#,
        ),
        (
            "json.filter",
            r#"[{"a":[{"b":1},{"c":2}],"d":3},["a/1","a/0/b"]]"#,
            r#"{"a": [{"b": 1}, {"c": 2}]}"#,
        ),
        (
            "json.filter",
            r#"[{"a":[{"b":1},{"c":2}],"d":3},[["a",1]]]"#,
            r#"{"a": []}"#,
        ),
        (
            "json.filter",
            r#"[{"a":[{"b":1},{"c":2}],"d":3},[["a","1"]]]"#,
            r#"{"a": [{"c": 2}]}"#,
        ),
        (
            "json.filter",
            r#"[{"a":{1:2,"1":3}},[["a",1]]]"#,
            r#"{"a": {1: 2}}"#,
        ),
        (
            "json.filter",
            r#"[{"a":{1:2,"1":3}},["a/1"]]"#,
            r#"{"a": {"1": 3}}"#,
        ),
        (
            "json.filter",
            r#"[{"a":{{"b":1}}},[["a",{"b":1}]]]"#,
            r#"{"a": {{"b": 1}}}"#,
        ),
        (
            "json.filter",
            r#"[{"a":{"b","c"}},["a/b"]]"#,
            r#"{"a": {"b"}}"#,
        ),
        ("json.filter", r#"[{"a":1},["z"]]"#, "{}"),
        ("json.filter", r#"[{"a":1},["a/z"]]"#, r#"{"a": 1}"#),
        (
            "json.filter",
            r#"[{"a":{"b":1}},["/a/b"]]"#,
            r#"{"a": {"b": 1}}"#,
        ),
        (
            "json.filter",
            r#"[{"a~b":{"c/d":1},"x":2},["a~0b/c~1d"]]"#,
            r#"{"a~b": {"c/d": 1}}"#,
        ),
        ("json.filter", r#"[{"a":1},[]]"#, "{}"),
        ("json.filter", r#"[{"a":1},[""]]"#, "{}"),
        ("json.filter", r#"[{"":1,"a":2},[""]]"#, "{}"),
        ("json.filter", r#"[{"a":1},[[]]]"#, "{}"),
        (
            "json.filter",
            r#"[{"a":1},1]"#,
            "type error: json.filter: operand 2 must be one of {set, array} but got number",
        ),
        (
            "json.filter",
            r#"[{"a":1},[1]]"#,
            "type error: json.filter: operand 2 must be one of {set, array} containing string paths or array of path segments but got number",
        ),
        (
            "json.filter",
            r#"[1,["a"]]"#,
            "type error: json.filter: operand 1 must be object but got number",
        ),
        (
            "json.remove",
            r#"[{"a":{"b":1,"c":2},"d":3},["a/b"]]"#,
            r#"{"a": {"c": 2}, "d": 3}"#,
        ),
        (
            "json.remove",
            r#"[{"a":{"b":1,"c":2},"d":3},["a/b","a/c"]]"#,
            r#"{"a": {}, "d": 3}"#,
        ),
        (
            "json.remove",
            r#"[{"a":[{"b":1},{"c":2}],"d":3},["a/1"]]"#,
            r#"{"a": [{"b": 1}], "d": 3}"#,
        ),
        (
            "json.remove",
            r#"[{"a":[1,2,3],"d":3},["a/0","a/2"]]"#,
            r#"{"a": [2], "d": 3}"#,
        ),
        (
            "json.remove",
            r#"[{"a":[1,2,3],"d":3},[["a",0]]]"#,
            r#"{"a": [1, 2, 3], "d": 3}"#,
        ),
        (
            "json.remove",
            r#"[{"a":{"b","c"}},["a/b"]]"#,
            r#"{"a": {"c"}}"#,
        ),
        (
            "json.remove",
            r#"[{"a":{{"b":1,"c":2}}},[["a",{"b":1,"c":2},"b"]]]"#,
            r#"{"a": {{"c": 2}}}"#,
        ),
        ("json.remove", r#"[{"a":1},["z"]]"#, r#"{"a": 1}"#),
        ("json.remove", r#"[{"a":1},["a/z"]]"#, r#"{"a": 1}"#),
        ("json.remove", r#"[{"a":1},[""]]"#, r#"{"a": 1}"#),
        ("json.remove", r#"[{"a":1},[[]]]"#, r#"{"a": 1}"#),
        ("json.remove", r#"[{"a":{"b":1}},["a","a/b"]]"#, "{}"),
        (
            "json.remove",
            r#"[{"a":1},1]"#,
            "type error: json.remove: operand 2 must be one of {set, array} but got number",
        ),
        (
            "json.remove",
            r#"[{"a":1},[1]]"#,
            "type error: json.remove: operand 2 must be one of {set, array} containing string paths or array of path segments but got number",
        ),
        ("json.remove", r#"[{"a":1},[["a"],"b"]]"#, "{}"),
        ("json.remove", r#"[{1:2,"1":3},["1"]]"#, "{1: 2}"),
        ("json.remove", r#"[{1:2,"1":3},[[1]]]"#, r#"{"1": 3}"#),
        (
            "json.patch",
            r#"[{"a":1},[{"op":"add","path":"b","value":2}]]"#,
            r#"{"a": 1, "b": 2}"#,
        ),
        (
            "json.patch",
            r#"[{"a":1},[{"op":"add","path":"/b","value":2}]]"#,
            r#"{"a": 1, "b": 2}"#,
        ),
        (
            "json.patch",
            r#"[{"a":1},[{"op":"add","path":"//b","value":2}]]"#,
            r#"{"a": 1, "b": 2}"#,
        ),
        (
            "json.patch",
            r#"[{"a":1},[{"op":"add","path":["b"],"value":2}]]"#,
            r#"{"a": 1, "b": 2}"#,
        ),
        (
            "json.patch",
            r#"[{"a":1},[{"op":"add","path":"","value":2}]]"#,
            "2",
        ),
        (
            "json.patch",
            r#"[{"a":1},[{"op":"add","path":"/","value":2}]]"#,
            r#"{"": 2, "a": 1}"#,
        ),
        (
            "json.patch",
            r#"[{"a":1},[{"op":"add","path":[],"value":2}]]"#,
            "2",
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"add","path":"/a/0","value":9}]]"#,
            r#"{"a": [9, 1, 2]}"#,
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"add","path":"/a/-","value":9}]]"#,
            r#"{"a": [1, 2, 9]}"#,
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"add","path":"/a/2","value":9}]]"#,
            r#"{"a": [1, 2, 9]}"#,
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"add","path":"/a/3","value":9}]]"#,
            "error: json.patch: index for array insertion out of bounds",
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"add","path":["a",0],"value":9}]]"#,
            r#"{"a": [9, 1, 2]}"#,
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"add","path":["a",-1],"value":9}]]"#,
            "error: json.patch: index for array insertion out of bounds",
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"add","path":["a","01"],"value":9}]]"#,
            "error: json.patch: leading zeros are not allowed in JSON paths",
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"add","path":["a","+1"],"value":9}]]"#,
            r#"{"a": [1, 9, 2]}"#,
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"add","path":["a","x"],"value":9}]]"#,
            "error: json.patch: invalid string for indexing",
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"add","path":["a",1.0],"value":9}]]"#,
            r#"{"a": [1, 9, 2]}"#,
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"add","path":["a","1.0"],"value":9}]]"#,
            r#"{"a": [1, 9, 2]}"#,
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"remove","path":"/a/0"}]]"#,
            r#"{"a": [2]}"#,
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"remove","path":"/a/2"}]]"#,
            "error: json.patch: index for array delete out of bounds",
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"remove","path":"/a/-"}]]"#,
            "error: json.patch: index for array delete out of bounds",
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"remove","path":"/b"}]]"#,
            r#"error: json.patch: cannot delete child key "b" that does not exist"#,
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"replace","path":"/a/0","value":9}]]"#,
            r#"{"a": [9, 2]}"#,
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"replace","path":"/b","value":9}]]"#,
            r#"error: json.patch: cannot delete child key "b" that does not exist"#,
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"replace","path":"/a/2","value":9}]]"#,
            "error: json.patch: index for array delete out of bounds",
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"replace","path":"","value":9}]]"#,
            "9",
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"move","from":"/a","path":"/b"}]]"#,
            r#"{"b": [1, 2]}"#,
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"move","from":"/a/0","path":"/a/1"}]]"#,
            r#"{"a": [2, 1]}"#,
        ),
        (
            "json.patch",
            r#"[{"a":{"b":1}},[{"op":"move","from":"/z","path":"/b"}]]"#,
            r#"error: json.patch: path "z" does not exist in object term {"a": {"b": 1}}"#,
        ),
        (
            "json.patch",
            r#"[{"a":{"b":1}},[{"op":"move","from":"/a","path":""}]]"#,
            r#"{"b": 1}"#,
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"copy","from":"/a","path":"/b"}]]"#,
            r#"{"a": [1, 2], "b": [1, 2]}"#,
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"copy","from":"","path":"/b"}]]"#,
            r#"{"a": [1, 2], "b": {"a": [1, 2]}}"#,
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"copy","from":"/z","path":"/b"}]]"#,
            r#"error: json.patch: path "z" does not exist in object term {"a": [1, 2]}"#,
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"test","path":"/a/0","value":1}]]"#,
            r#"{"a": [1, 2]}"#,
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"test","path":"","value":{"a":[1,2]}}]]"#,
            r#"{"a": [1, 2]}"#,
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"test","path":"/z","value":null}]]"#,
            r#"error: json.patch: path "z" does not exist in object term {"a": [1, 2]}"#,
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"foo","path":"/z","value":null}]]"#,
            "error: json.patch: unrecognized op: 'foo'",
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"path":"/z","value":1}]]"#,
            "error: json.patch: missing required attribute 'op'",
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"add","value":1}]]"#,
            "error: json.patch: missing required attribute 'path'",
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"add","path":"/x"}]]"#,
            "error: json.patch: missing required attribute 'value'",
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"add","path":1,"value":1}]]"#,
            "type error: json.patch: operand 2 must be one of {set, array} containing string paths or array of path segments but got number",
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":1,"path":"/a","value":1}]]"#,
            "error: json.patch: attribute 'op' must be a string but found: number",
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[1]]"#,
            "error: json.patch: must be an array of JSON-Patch objects, but at least one element is not an object",
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},1]"#,
            "type error: json.patch: operand 2 must be array but got number",
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"move","path":"/a"}]]"#,
            "error: json.patch: missing required attribute 'from'",
        ),
        (
            "json.patch",
            r#"[{"a":[1,2]},[{"op":"copy","path":"/a","from":1}]]"#,
            "type error: json.patch: operand 2 must be one of {set, array} containing string paths or array of path segments but got number",
        ),
        (
            "json.patch",
            r#"[{"a","b"},[{"op":"add","path":"c","value":"c"}]]"#,
            r#"{"a", "b", "c"}"#,
        ),
        (
            "json.patch",
            r#"[{"a","b"},[{"op":"add","path":"c","value":"d"}]]"#,
            r#"error: json.patch: set key "c" does not equal value to be inserted "d""#,
        ),
        (
            "json.patch",
            r#"[{"a","b"},[{"op":"add","path":"-","value":"d"}]]"#,
            r#"error: json.patch: set key "-" does not equal value to be inserted "d""#,
        ),
        (
            "json.patch",
            r#"[{"a","b"},[{"op":"remove","path":"b"}]]"#,
            r#"{"a"}"#,
        ),
        (
            "json.patch",
            r#"[{"a","b"},[{"op":"remove","path":"z"}]]"#,
            r#"error: json.patch: cannot delete child key "z" that does not exist"#,
        ),
        (
            "json.patch",
            r#"[{"a","b"},[{"op":"replace","path":"b","value":"x"}]]"#,
            r#"error: json.patch: set key "b" does not equal value to be inserted "x""#,
        ),
        (
            "json.patch",
            r#"[{"a",["b"]},[{"op":"remove","path":[["b"]]}]]"#,
            r#"{"a"}"#,
        ),
        (
            "json.patch",
            r#"[{"a",{"b":1}},[{"op":"add","path":[{"b":1},"c"],"value":2}]]"#,
            r#"{"a", {"b": 1, "c": 2}}"#,
        ),
        (
            "json.patch",
            r#"[{"x":{"a",{"b":1}}},[{"op":"replace","path":["x",{"b":1},"b"],"value":2}]]"#,
            r#"error: json.patch: path {"b": 1} does not exist in set term {"a", {}}"#,
        ),
        (
            "json.patch",
            r#"[{"a",{"b":1}},[{"op":"move","from":["a"],"path":["b"]}]]"#,
            r#"error: json.patch: set key "b" does not equal value to be inserted "a""#,
        ),
        (
            "json.patch",
            r#"[{"a","b"},[{"op":"test","path":"b","value":"b"}]]"#,
            r#"{"a", "b"}"#,
        ),
        (
            "json.patch",
            r#"[1,[{"op":"add","path":"b","value":"b"}]]"#,
            "error: json.patch: expected composite type, found value: 1 (type: ast.Number)",
        ),
        (
            "json.patch",
            r#"[1,[{"op":"add","path":"","value":"b"}]]"#,
            r#""b""#,
        ),
        ("json.patch", "[1,[]]", "1"),
        (
            "json.patch",
            r#"[[1,2],[{"op":"add","path":"0","value":"b"}]]"#,
            r#"["b", 1, 2]"#,
        ),
        (
            "json.patch",
            r#"[{"a~b":1},[{"op":"remove","path":"/a~0b"}]]"#,
            "{}",
        ),
        (
            "json.patch",
            r#"[{"a/b":1},[{"op":"remove","path":"/a~1b"}]]"#,
            "{}",
        ),
        (
            "json.patch",
            r#"[{"a/b":1},[{"op":"remove","path":["a~1b"]}]]"#,
            r#"error: json.patch: cannot delete child key "a~1b" that does not exist"#,
        ),
        (
            "json.patch",
            r#"[{"a/b":1},[{"op":"remove","path":["a/b"]}]]"#,
            "{}",
        ),
        (
            "json.patch",
            r#"[{"a":1},[{"op":"add","path":"/a/b","value":2}]]"#,
            "error: json.patch: expected composite type, found value: 1 (type: ast.Number)",
        ),
        (
            "json.patch",
            r#"[{"a":1},[{"op":"add","path":"/z/b","value":2}]]"#,
            r#"error: json.patch: path "z" does not exist in object term {"a": 1}"#,
        ),
        (
            "json.patch",
            r#"[{"a":1},[{"op":"add","path":["z",1],"value":2}]]"#,
            r#"error: json.patch: path "z" does not exist in object term {"a": 1}"#,
        ),
        (
            "json.patch",
            r#"[{"a":1},[{"op":"add","path":[1],"value":2}]]"#,
            r#"{1: 2, "a": 1}"#,
        ),
        (
            "json.patch",
            r#"[{1:1},[{"op":"remove","path":[1]}]]"#,
            "{}",
        ),
        (
            "json.patch",
            r#"[{1:1},[{"op":"remove","path":"1"}]]"#,
            r#"error: json.patch: cannot delete child key "1" that does not exist"#,
        ),
        (
            "json.patch",
            r#"[{"a":1,"":2},[{"op":"remove","path":"/"}]]"#,
            r#"{"a": 1}"#,
        ),
        (
            "json.patch",
            r#"[{"a":{"":2}},[{"op":"remove","path":"/a/"}]]"#,
            r#"{"a": {}}"#,
        ),
        (
            "json.marshal",
            r#"[{"b":1,"a":[1,2.50,null,true,"x<>&\u2028\u0001\"\\\n"]}]"#,
            r#""{\"a\":[1,2.50,null,true,\"x\\u003c\\u003e\\u0026\\u2028\\u0001\\\"\\\\\\n\"],\"b\":1}""#,
        ),
        ("json.marshal", r#"[{1,2,"a"}]"#, r#""[1,2,\"a\"]""#),
        (
            "json.marshal",
            "[{1:2,[1]:3,null:4,true:5}]",
            r#""{\"1\":2,\"[1]\":3,\"null\":4,\"true\":5}""#,
        ),
        (
            "json.marshal",
            r#"[{{"a":1}:2}]"#,
            r#""{\"{\\\"a\\\":1}\":2}""#,
        ),
        ("json.marshal", "[{{1,2}:2}]", r#""{\"[1,2]\":2}""#),
        ("json.marshal", "[1.10]", r#""1.10""#),
        ("json.marshal", "[1e5]", r#""1e5""#),
        ("json.marshal", "[set()]", r#""[]""#),
        ("json.marshal", r#"["a"]"#, r#""\"a\"""#),
        (
            "json.marshal_with_options",
            r#"[{"a":[1,{"b":2}],"c":{},"d":[]},{"pretty":true}]"#,
            r#""{\n\t\"a\": [\n\t\t1,\n\t\t{\n\t\t\t\"b\": 2\n\t\t}\n\t],\n\t\"c\": {},\n\t\"d\": []\n}""#,
        ),
        (
            "json.marshal_with_options",
            r#"[{"a":1},{"pretty":false}]"#,
            r#""{\"a\":1}""#,
        ),
        (
            "json.marshal_with_options",
            r#"[{"a":1},{}]"#,
            r#""{\"a\":1}""#,
        ),
        (
            "json.marshal_with_options",
            r#"[{"a":1},{"indent":"  "}]"#,
            r#""{\n  \"a\": 1\n}""#,
        ),
        (
            "json.marshal_with_options",
            r#"[{"a":1},{"prefix":"> "}]"#,
            r#""> {\n> \t\"a\": 1\n> }""#,
        ),
        (
            "json.marshal_with_options",
            r#"[{"a":1},{"prefix":"> ","pretty":true,"indent":"--"}]"#,
            r#""> {\n> --\"a\": 1\n> }""#,
        ),
        (
            "json.marshal_with_options",
            r#"[{"a":1},{"prefix":"> ","pretty":false,"indent":"--"}]"#,
            r#""{\"a\":1}""#,
        ),
        (
            "json.marshal_with_options",
            r#"[{"a":1},{"indent":1}]"#,
            r#"type error: json.marshal_with_options: operand 2 key "indent" failed cast to string: operand 0 must be string but got number"#,
        ),
        (
            "json.marshal_with_options",
            r#"[{"a":1},{"pretty":1}]"#,
            r#"type error: json.marshal_with_options: operand 2 key "pretty" failed cast to bool"#,
        ),
        (
            "json.marshal_with_options",
            r#"[{"a":1},{"prefix":1}]"#,
            r#"type error: json.marshal_with_options: operand 2 key "prefix" failed cast to string: operand 0 must be string but got number"#,
        ),
        (
            "json.marshal_with_options",
            r#"[{"a":1},{"foo":1}]"#,
            r#"type error: json.marshal_with_options: operand 2 object contained unknown key "foo""#,
        ),
        (
            "json.marshal_with_options",
            r#"[{"a":1},1]"#,
            "type error: json.marshal_with_options: operand 2 must be object but got number",
        ),
        (
            "json.marshal_with_options",
            r#"[{},{"pretty":true}]"#,
            r#""{}""#,
        ),
        (
            "json.marshal_with_options",
            r#"[[[],{}],{"pretty":true}]"#,
            r#""[\n\t[],\n\t{}\n]""#,
        ),
        ("json.unmarshal", r#"["{\"a\":1,\"a\":2}"]"#, r#"{"a": 2}"#),
        ("json.unmarshal", r#"[" 1 "]"#, "1"),
        ("json.unmarshal", r#"["\"\\ud800\""]"#, r#""�""#),
        ("json.unmarshal", r#"["\"\\ud83d\\ude00\""]"#, r#""😀""#),
        ("json.unmarshal", r#"["1e1000"]"#, "1e1000"),
        ("json.unmarshal", r#"["1.50"]"#, "1.50"),
        ("json.is_valid", r#"["{}"]"#, "true"),
        ("json.is_valid", r#"["{"]"#, "false"),
        ("json.is_valid", r#"["1 2"]"#, "false"),
        ("json.is_valid", r#"[""]"#, "false"),
    ]);
}

#[test]
fn what_is_no_json_is_an_error() {
    for text in [
        "",
        "1 2",
        "{a:1}",
        "01",
        "+1",
        "1.",
        "[1,]",
        "nul",
        r#"{"a":1"#,
        "\"a\nb\"",
    ] {
        let args = format!("[{}]", serde_json::json!(text));
        let answer = answer("json.unmarshal", &args);
        assert!(
            answer.starts_with("error: json.unmarshal: "),
            "{text}: {answer}"
        );
    }
}
