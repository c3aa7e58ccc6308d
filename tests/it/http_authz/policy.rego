# The policy of the HTTP tests: the path says what is to happen.
package envoy.authz

route := trim_left(split(input.attributes.request.http.path, "?")[0], "/")

allow if route == "open"

allow := false if route in {"closed", "closed/../open"}

allow := {"allowed": true, "headers": {"x-user": input.parsed_body.user}} if route == "body"

allow := {"allowed": false, "http_status": to_number(code)} if {
	route == "status"
	some code, _ in input.parsed_query
}

allow := {"allowed": true, "headers": {"x-a": "1\nx-b: 2"}} if route == "newline"

allow := {"allowed": true, "headers": {"content-length": "7"}} if route == "framing"

allow := {"allowed": true, "query_parameters_to_remove": ["debug"]} if route == "parameters"

allow := "yes" if route == "odd"

allow := count([1 | some a in many; some b in many; some c in many; a + b + c == 0]) == 1 if {
	route == "endless"
}

many := numbers.range(1, 5000)
