#!/bin/sh
# What a client opens as the person's browser: it returns at once, as browsers do, and the person signs in meanwhile.
here=$(dirname "$0")
"$PYTHON" "$here/walk.py" "$1" >>"${WALK_LOG:-/dev/null}" 2>&1 &
