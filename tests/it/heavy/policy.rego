# The policy of the tests of evaluations that give way: the path says how much there is to do.
package envoy.authz

default allow := false

route := input.parsed_path[0]

allow if route == "light"

allow := {"allowed": true, "headers": {"x-found": format_int(found, 10)}} if {
	route == "heavy"
	print("counting now")
	found := count([1 | some a in many; some b in many; a * b == 999000])
}

allow if {
	route == "endless"
	count([1 | some a in many; some b in many; some c in many; some d in many; a + b + c + d == 0]) == 1
}

# The time, asked for before and after the wait, is the same.
allow := {"allowed": true, "headers": {"x-same": format_int(later - before, 10)}} if {
	route == "named"
	before := time.now_ns()
	addresses := net.lookup_ip_addr("localhost")
	count(addresses & {"127.0.0.1", "::1"}) > 0
	later := time.now_ns()
}

many := numbers.range(1, 1000)
