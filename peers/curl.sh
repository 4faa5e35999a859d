#!/bin/sh
# The README's calls with curl: list the workspaces and run a DAX query with the key that the demo prints.
#
# Needs GATEPOST_DEMO, the line that `gatepost demo --json` prints; `cargo xtask test --only peers` sets it.
set -u

passed=0
failed=0

# One member of the demo's line; its values need no unescaping.
member() {
    printf '%s' "$GATEPOST_DEMO" | sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p"
}

base=$(member proxy_url)
base="${base%/}"
base="${base%/v1.0/myorg}/v1.0/myorg"
key=$(member api_key)

# check SENTENCE PATTERN TEXT: counts whether the text matches.
check() {
    if printf '%s' "$3" | grep -Eq "$2"; then
        passed=$((passed + 1))
        echo "ok      $1"
    else
        failed=$((failed + 1))
        printf 'FAILED  %s\nexpected /%s/ in:\n%s\n' "$1" "$2" "$3"
    fi
}

call() {
    curl --silent --show-error --max-time 30 --noproxy '*' -H "Authorization: Bearer $key" "$@" 2>&1
}

workspaces=$(call "$base/groups")
check "the workspaces are listed" '"name": *"Sales"' "$workspaces"

sales=$(printf '%s' "$workspaces" | tr '{' '\n' | grep '"name": *"Sales"' | sed -n 's/.*"id": *"\([^"]*\)".*/\1/p' | head -1)
models=$(call "$base/groups/$sales/datasets")
check "the semantic models of a workspace are listed" '"name": *"Sales model"' "$models"

model=$(printf '%s' "$models" | tr '{' '\n' | grep '"name": *"Sales model"' | sed -n 's/.*"id": *"\([^"]*\)".*/\1/p' | head -1)
query='{"queries":[{"query":"EVALUATE ROW(\"answer\", 6 * 7)"}]}'
rows=$(call -H 'Content-Type: application/json' --data "$query" "$base/datasets/$model/executeQueries")
check "a DAX query brings rows" '"\[answer\]": *42' "$rows"

status=$(curl --silent --max-time 30 --noproxy '*' --output /dev/null --write-out '%{http_code}' "$base/groups")
check "without a key nothing is listed" '^401$' "$status"

echo "curl: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
