# API keys: a known key becomes the tenant's name and plan in headers for the upstream, and the key
# itself does not travel on. An unknown key gets a 401 that says how to do better.
package envoy.authz

default allow := {
	"allowed": false,
	"http_status": 401,
	"headers": {"content-type": "application/json", "www-authenticate": "ApiKey header=\"x-api-key\""},
	"body": `{"error":"unknown or missing API key"}`,
}

allow := {
	"allowed": true,
	# Envoy replaces what the client sent under these names.
	"headers": {"x-tenant": tenant.name, "x-plan": tenant.plan},
	"request_headers_to_remove": ["x-api-key"],
	"response_headers_to_add": {"x-rate-limit": tenant.limit},
	"dynamic_metadata": {"tenant": tenant.name},
}

tenant := data.api_keys[input.attributes.request.http.headers["x-api-key"]]
