# Run by "helm test" against a Sluice without Redis and database: degraded is not dead. EDGE and MANAGEMENT say where.
set -eu

fail() {
  echo "FAILED: $1"
  exit 1
}

answer=$(curl -sS -m 10 -w '\n%{http_code}' "$MANAGEMENT/actuator/health") || fail "health is not answered"
echo "$answer"
echo "$answer" | grep -q '^200$' || fail "health is not 200"
echo "$answer" | grep -q '"status":"DEGRADED"' || fail "health does not say DEGRADED"

for probe in liveness readiness; do
  status=$(curl -sS -m 10 -o /dev/null -w '%{http_code}' "$MANAGEMENT/actuator/health/$probe") || fail "$probe is not answered"
  [ "$status" = 200 ] || fail "$probe answers $status"
done

answer=$(curl -sS -m 10 -i -X POST -H 'X-API-Key: sk_sluice_of_nobody' -H 'Content-Type: application/json' -d '{}' \
  "$EDGE/v1/supabase/signed-url") || fail "the edge is not reached"
echo "$answer"
echo "$answer" | grep -q '^HTTP/1.1 503' || fail "a caller whom nobody can know is not answered with 503"
echo "$answer" | grep -q '"code":"IDENTITY_UNAVAILABLE"' || fail "the refusal is not IDENTITY_UNAVAILABLE"
echo "$answer" | grep -qi '^retry-after: ' || fail "the refusal does not say when to try again"

echo "PASSED: without Redis and database it is alive, ready and degraded"
