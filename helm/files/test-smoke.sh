# Run by "helm test": the edge is ready, and asks who is calling. EDGE, MANAGEMENT and REQUEST say where.
set -eu

fail() {
  echo "FAILED: $1"
  exit 1
}

status=$(curl -sS -m 10 -o /dev/null -w '%{http_code}' "$MANAGEMENT/actuator/health/readiness") || fail "management is not reached"
[ "$status" = 200 ] || fail "readiness answers $status"

answer=$(curl -sS -m 10 -i -X POST -H 'Content-Type: application/json' -d '{}' "$EDGE$REQUEST") || fail "the edge is not reached"
echo "$answer"
echo "$answer" | grep -q '^HTTP/1.1 401' || fail "a request without credentials is not answered with 401"
echo "$answer" | grep -q '"code":"UNAUTHENTICATED"' || fail "it was not Sluice that answered"
echo "$answer" | grep -qi '^x-request-id: sup_' || fail "the answer has no request id"

echo "PASSED: ready, and asks who is calling"
