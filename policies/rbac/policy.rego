# Who may call what: users have roles, a role grants methods on everything below a path.
#
# The user comes from `x-user`, which the gateway sets after it authenticated the caller.
# Strip that header from outside requests at the edge, or anyone can name themselves.
package envoy.authz

import input.attributes.request.http

default allow := false

allow if {
	some role in data.users[http.headers["x-user"]]
	some grant in data.roles[role]
	http.method in grant.methods
	below(grant.path)
}

# Whole segments are compared, so that a grant on /orders says nothing about /orders-archive.
below(path) if array.slice(input.parsed_path, 0, count(path)) == path
