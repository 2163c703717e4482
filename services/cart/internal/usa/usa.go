// Package usa knows the states of the United States, where addresses and taxes need one.
package usa

// State is one state of the United States or the District of Columbia.
type State struct {
	// Code is the subdivision part of ISO 3166-2, for example "CA".
	Code string
	// Name is the English name.
	Name string
}

// FindState finds a state of the United States by its two-letter code. The District of Columbia counts as one; the
// territories, which have country codes of their own, do not.
func FindState(code string) (State, bool) {
	for _, state := range States() {
		if state.Code == code {
			return state, true
		}
	}
	return State{}, false
}

// States returns the 50 states and the District of Columbia in the order of their codes.
func States() []State {
	return []State{
		{"AK", "Alaska"}, {"AL", "Alabama"}, {"AR", "Arkansas"}, {"AZ", "Arizona"}, {"CA", "California"},
		{"CO", "Colorado"}, {"CT", "Connecticut"}, {"DC", "District of Columbia"}, {"DE", "Delaware"}, {"FL", "Florida"},
		{"GA", "Georgia"}, {"HI", "Hawaii"}, {"IA", "Iowa"}, {"ID", "Idaho"}, {"IL", "Illinois"}, {"IN", "Indiana"},
		{"KS", "Kansas"}, {"KY", "Kentucky"}, {"LA", "Louisiana"}, {"MA", "Massachusetts"}, {"MD", "Maryland"},
		{"ME", "Maine"}, {"MI", "Michigan"}, {"MN", "Minnesota"}, {"MO", "Missouri"}, {"MS", "Mississippi"},
		{"MT", "Montana"}, {"NC", "North Carolina"}, {"ND", "North Dakota"}, {"NE", "Nebraska"}, {"NH", "New Hampshire"},
		{"NJ", "New Jersey"}, {"NM", "New Mexico"}, {"NV", "Nevada"}, {"NY", "New York"}, {"OH", "Ohio"}, {"OK", "Oklahoma"},
		{"OR", "Oregon"}, {"PA", "Pennsylvania"}, {"RI", "Rhode Island"}, {"SC", "South Carolina"}, {"SD", "South Dakota"},
		{"TN", "Tennessee"}, {"TX", "Texas"}, {"UT", "Utah"}, {"VA", "Virginia"}, {"VT", "Vermont"}, {"WA", "Washington"},
		{"WI", "Wisconsin"}, {"WV", "West Virginia"}, {"WY", "Wyoming"},
	}
}
