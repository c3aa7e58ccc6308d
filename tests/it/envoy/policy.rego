# The policy of the end-to-end tests: the first segment of the path says what is to happen.
package envoy.authz

default allow := false

route := input.parsed_path[0]

allow if route == "open"

allow := {
	"allowed": false,
	"http_status": 401,
	"headers": {"content-type": "text/plain", "set-cookie": ["a=1", "b=2"]},
	"body": "log in first\n",
} if route == "login"

allow := {"allowed": true, "headers": {"x-user": "alice"}} if route == "identify"

allow := {"allowed": true, "request_headers_to_remove": ["x-secret"]} if route == "strip"

allow := {"allowed": true, "headers": {"x-role": ["reader", "writer"]}} if route == "roles"

allow := {
	"allowed": true,
	"query_parameters_to_set": {"tenant": "acme"},
	"query_parameters_to_remove": ["debug"],
} if route == "query"

allow := {"allowed": true, "response_headers_to_add": {"set-cookie": ["a=1", "b=2"]}} if route == "cookies"

allow := {"allowed": true, "dynamic_metadata": {"tenant": "acme"}} if route == "metadata"

# The upstream is told what the policy saw of the body.
allow := {"allowed": true, "headers": {
	"x-seen-body": json.marshal(input.parsed_body),
	"x-seen-truncated": json.marshal(input.truncated_body),
}} if route == "body"
