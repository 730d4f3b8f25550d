#!/usr/bin/env bash
# What run.sh promises, by its own report: codes, all of the output, and an end in time.
set -uo pipefail
run=$1
failed=0
fail() {
  echo "run_test: $*"
  failed=1
}

# XML of this test itself is Bazel's affair.
unset XML_OUTPUT_FILE TEST_SHARD_STATUS_FILE

# Much more than a pipe or a port holds: 4 MB of lines, each another.
output=$("$run" /bin/sh -c 'seq 600000; exit 7')
code=$?
((code == 7)) || fail "exit code $code, expected 7"
# What comes after is the guest's console.
sum=$(head -n 600000 <<<"$output" | sha256sum)
[[ $sum == "$(seq 600000 | sha256sum)" ]] || fail "the output is not all there"
[[ $output == *"--- the guest's console ---"* ]] || fail "a failure shows no console"

# Ten seconds of these are kept for the report.
output=$(TEST_TIMEOUT=22 "$run" /bin/sh -c 'echo alive; sleep 1000')
code=$?
((code == 1)) || fail "exit code $code of a guest that was killed, expected 1"
[[ $output == *"the guest was killed after 12 s"* ]] || fail "no word of the deadline: $output"

# A guest that ends without a word.
output=$("$run" /bin/sh -c 'echo c > /proc/sysrq-trigger; sleep 1000')
code=$?
((code == 1)) || fail "exit code $code of a guest that crashed, expected 1"
[[ $output == *"the guest gave no result"*"sysrq triggered crash"* ]] ||
  fail "no word of the crash: $output"

exit "$failed"
