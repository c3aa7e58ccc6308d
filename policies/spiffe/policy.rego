# Which workload may call which service. Both names are SPIFFE identities that mTLS proved to Envoy:
# nothing in here believes a header.
package envoy.authz

default allow := false

allow if {
	some rule in data.callers[input.attributes.destination.principal]
	rule.from == input.attributes.source.principal
	input.attributes.request.http.method in rule.methods
}

# A namespace may be trusted as a whole: the prefix ends in a slash, so `shop` is not `shop-dev`.
allow if {
	some namespace in data.trusted_namespaces[input.attributes.destination.principal]
	startswith(input.attributes.source.principal, sprintf("spiffe://cluster.local/ns/%s/", [namespace]))
}
