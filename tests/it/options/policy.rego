# The policy of the options' tests: the path says what is to happen.
package envoy.authz

route := input.parsed_path[0]

allow if route == "open"

allow := false if route == "closed"

allow := is_string(object.get(input, "parsed_body_error", null)) if route == "broken"

allow := {"allowed": true, "headers": {"x-size": json.marshal(size)}} if {
	route == "size"
	size := input.attributes.request.http.size
}

allow := {"allowed": true, "headers": {"x-role": {
	"value": "admin",
	"append_action": "APPEND_IF_EXISTS_OR_ADD",
}}} if route == "append"

allow := count([1 | some a in many; some b in many; some c in many; a + b + c == 0]) == 1 if {
	route == "endless"
}

many := numbers.range(1, 5000)
