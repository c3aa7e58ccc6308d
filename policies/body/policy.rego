# Rules on the fields of a JSON body. Envoy must send the body along:
#   with_request_body: {max_request_bytes: 8192, allow_partial_message: true, pack_as_bytes: true}
package envoy.authz

default allow := false

# Everything but a new payment passes.
allow if not new_payment

allow if {
	new_payment
	count(problems) == 0
}

allow := {
	"allowed": false,
	"http_status": 403,
	"headers": {"content-type": "application/json"},
	"body": json.marshal({"problems": sort(problems)}),
} if {
	new_payment
	count(problems) > 0
}

new_payment if {
	input.attributes.request.http.method == "POST"
	input.parsed_path[0] == "payments"
}

# What cannot be seen whole cannot be judged: of a longer body Envoy sends only the beginning,
# and `parsed_body` is null.
problems contains "the body is too large to be checked" if input.truncated_body

problems contains "the body must be a JSON object" if not object_body

problems contains "amount must be a number above zero" if not positive_amount

problems contains "currency must be one we pay in" if not known_currency

# Of values of different types a number is smaller than a text: without the check of its type a text
# would be above any limit.
problems contains sprintf("the limit in %s is %v", [currency, data.limits[currency]]) if {
	currency := input.parsed_body.currency
	is_number(input.parsed_body.amount)
	input.parsed_body.amount > data.limits[currency]
}

# A negation stands on rules of its own: `not f(input.a.b)` is no denial where `input.a` is missing.
object_body if is_object(input.parsed_body)

known_currency if data.limits[input.parsed_body.currency]

positive_amount if {
	is_number(input.parsed_body.amount)
	input.parsed_body.amount > 0
}
