// Package prooftest says how long the tests go on that get more certain the longer they run.
package prooftest

import "os"

// Env names the environment variable that chooses: "long" for proofs that take many minutes, anything else for a test run.
const Env = "CARTWRIGHT_PROOF"

// Long says whether proofs may take their time.
func Long() bool { return os.Getenv(Env) == "long" }

// Rounds is how often a test repeats itself.
func Rounds(short, long int) int {
	if Long() {
		return long
	}
	return short
}
