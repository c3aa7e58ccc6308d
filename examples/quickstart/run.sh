#!/usr/bin/env bash
# Envoy in front, regate behind it, the RBAC sample policy: shows one request that is allowed and one
# that is denied, each with its line of the decision log. Then it runs on until Ctrl-C, or ends at
# once with ONCE=1 or where nobody watches (no terminal).
#
# Ports, each replaceable from the environment: ENVOY_PORT, ADMIN_PORT, GRPC_PORT, API_PORT, HEALTH_PORT.
set -euo pipefail
cd "$(dirname "$0")/../.."

: "${REGATE:=target/debug/regate}" "${REGATE_ENVOY:=.build/envoy-1.40.0/envoy}"
: "${ENVOY_PORT:=10000}" "${ADMIN_PORT:=9901}" "${GRPC_PORT:=9191}" "${API_PORT:=8181}" "${HEALTH_PORT:=8282}"
work=$(mktemp -d)
pids=()

cleanup() {
    trap - EXIT INT TERM
    if [ ${#pids[@]} -gt 0 ]; then
        kill "${pids[@]}" 2>/dev/null || true
        wait "${pids[@]}" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
    echo "quickstart: $1" >&2
    tail -n 5 "$work"/*.log >&2 2>/dev/null || true
    exit 1
}

ready() { # NAME PID URL: waits until the URL answers 200
    for _ in $(seq 150); do
        kill -0 "$2" 2>/dev/null || fail "$1 has ended"
        [ "$(status "$3")" = 200 ] && return
        sleep 0.1
    done
    fail "$1 is not ready after 15 s"
}

status() { # URL [HEADER]: the status alone
    python3 - "$@" <<'PYTHON'
import sys, urllib.error, urllib.request
headers = dict([sys.argv[2].split(": ", 1)]) if len(sys.argv) > 2 else {}
try:
    print(urllib.request.urlopen(urllib.request.Request(sys.argv[1], headers=headers), timeout=5).status)
except urllib.error.HTTPError as refusal:
    print(refusal.code)
except OSError:
    print("none")
PYTHON
}

shortened() { # a decision log event without the attributes of its input
    python3 -c 'import json, sys
event = json.load(sys.stdin)
event["input"]["attributes"] = "..."
print(json.dumps(event))'
}

request() { # PATH USER EXPECTED
    local before got
    before=$(grep -c '"Decision Log"' "$work/regate.log" || true)
    printf '\n$ curl -i -H "x-user: %s" http://127.0.0.1:%s%s\n' "$2" "$ENVOY_PORT" "$1"
    got=$(status "http://127.0.0.1:$ENVOY_PORT$1" "x-user: $2")
    echo "HTTP $got"
    [ "$got" = "$3" ] || fail "expected $3"
    # Records are written off the request path: the line follows the answer.
    for _ in $(seq 50); do
        [ "$(grep -c '"Decision Log"' "$work/regate.log" || true)" -gt "$before" ] && break
        sleep 0.1
    done
    grep '"Decision Log"' "$work/regate.log" | tail -n 1 | shortened
}

[ -x "$REGATE" ] || fail "$REGATE is missing: cargo build"
[ -x "$REGATE_ENVOY" ] || fail "$REGATE_ENVOY is missing: make envoy"

# The files beside this script, on the ports of this run.
sed "s/:9191/:$GRPC_PORT/" examples/quickstart/config.yaml >"$work/config.yaml"
sed -e "s/port_value: 10000/port_value: $ENVOY_PORT/" -e "s/port_value: 9901/port_value: $ADMIN_PORT/" \
    -e "s/port_value: 9191/port_value: $GRPC_PORT/" examples/quickstart/envoy.yaml >"$work/envoy.yaml"

"$REGATE" run --server --config-file="$work/config.yaml" --addr="127.0.0.1:$API_PORT" \
    --diagnostic-addr="127.0.0.1:$HEALTH_PORT" policies/rbac/policy.rego policies/rbac/data.json \
    >"$work/regate.log" 2>&1 &
pids+=($!)
ready regate $! "http://127.0.0.1:$HEALTH_PORT/health?plugins"
"$REGATE_ENVOY" -c "$work/envoy.yaml" --use-dynamic-base-id --concurrency 1 --log-level warning \
    >"$work/envoy.log" 2>&1 &
pids+=($!)
ready Envoy $! "http://127.0.0.1:$ADMIN_PORT/ready"

echo "Envoy listens on port $ENVOY_PORT and asks regate on port $GRPC_PORT; the policy is policies/rbac."
request /orders/17 alice 200
request /reports/2026 alice 403
echo
echo "alice is a clerk: she may read orders, not reports. See policies/rbac/data.json."

if [ "${ONCE:-}" = 1 ] || [ ! -t 1 ]; then exit 0; fi
echo "Running on; end it with Ctrl-C. Decisions from here on:"
tail -n 0 -f "$work/regate.log" &
pids+=($!)
wait "${pids[0]}"
