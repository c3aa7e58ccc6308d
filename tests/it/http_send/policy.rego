# The policy of the tests of Checks that wait: the path says what is asked of the server, if anything.
package envoy.authz

default allow := false

route := input.parsed_path[0]

allow if route == "light"

allow if {
	not route in {"light", "cached"}
	http.send({"method": "get", "url": sprintf("%s/%s", [server, route])}).status_code == 200
}

allow := {"allowed": true, "headers": {"x-sent": http.send(cached).body.target}} if route == "cached"

cached := {"method": "get", "url": sprintf("%s/cached?cache-control=max-age=60", [server]), "cache": true}
