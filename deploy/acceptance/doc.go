// Package acceptance holds the journeys of buyers and staff through a shop's public API, as tests.
//
// Without settings `go test` builds the shop, runs it as real processes in a temporary folder and buys from it. With
//
//	ACCEPTANCE_URL          the gateway
//	ACCEPTANCE_STAFF_TOKEN  a token with every scope
//	ACCEPTANCE_ISSUER       an issuer that signs tokens on POST /token
//	ACCEPTANCE_SANDBOX      the sandbox payment provider
//
// it goes to a shop that runs already, as often as one likes: every run makes channels, products and prices of its own and
// needs nothing that is there. Journeys that have to kill processes run against a shop of the suite's own only; elsewhere they
// are printed as "NOT RUN". MUTATIONS is how many broken requests are tried (2,000), MUTATION_SEED repeats a run of them; set
// MUTATIONS=0 where people buy, because some of the broken requests are valid after all.
package acceptance
