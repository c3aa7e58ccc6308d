# The policy of the tests of Checks that wait: the path says what is asked of the server, if anything.
package envoy.authz

default allow := false

route := input.parsed_path[0]

allow if route == "light"

allow if {
	startswith(route, "held")
	http.send(get(route)).status_code == 200
}

allow := {"allowed": true, "headers": {"x-sent": response.body.target}} if {
	route == "cached"
	response := http.send(object.union(get("cached?cache-control=max-age=60"), {"cache": true}))
}

allow := {"allowed": true, "headers": {"x-told": response.body.headers.traceparent}} if {
	route == "traced"
	response := http.send(get("traced"))
}

get(path) := {"method": "get", "url": sprintf("%s/%s", [server, path]), "timeout": "100s"}
