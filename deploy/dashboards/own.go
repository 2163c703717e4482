package dashboards

// own is what only this service has.
func (p page) own() Row {
	switch p {
	case "gateway":
		return p.gateway()
	case "cart":
		return p.cart()
	case "inventory":
		return p.inventory()
	case "payment":
		return p.payment()
	case "pricing":
		return p.pricing()
	default:
		return Row{}
	}
}

func (p page) gateway() Row {
	return Row{"The front", []Panel{
		p.panel("Refused before they became calls", "By reason: routes, bodies, media types, limits.", "reqps", `sum by (reason) (rate(gateway_refused_total{%}[5m]))`, "{{reason}}"),
		p.panel("Shed", "Refused because the process had too much to do, by class of work.", "reqps", `sum by (class) (rate(gateway_shed_total{%}[5m]))`, "{{class}}"),
		p.panel("Work in progress", "Requests that are worked on now or wait for room, by pod; 1,024 are the most unless it is set otherwise.", "short", `sum by (pod) (gateway_work_in_progress{%})`, "{{pod}}"),
		p.panel("Limit found", "Pages and carts that are worked on at once at most, by pod; it falls when answers become slow.", "short", `min by (pod) (gateway_work_limit{%})`, "{{pod}}"),
		p.panel("Waiting for room", "99 % of requests waited less, those that were refused then among them.", "s", `histogram_quantile(0.99, sum by (class, le) (rate(gateway_queue_seconds_bucket{%}[5m])))`, "{{class}}"),
	}}
}

func (p page) cart() Row {
	return Row{"Carts and checkouts", []Panel{
		p.panel("Checkouts", "Begun, placed and given up, a minute.", "opm",
			`60 * sum(rate(cartwright_saga_step_seconds_count{%,kind="checkout",step="confirm_quote",result="ok"}[5m]))`, "begun",
			`60 * sum(rate(cartwright_saga_step_seconds_count{%,kind="checkout",step="place",result="ok"}[5m]))`, "placed",
			`60 * sum(rate(cartwright_saga_step_seconds_count{%,kind="checkout",step="fail",result="ok"}[5m]))`, "given up"),
		p.panel("Steps that fail", "Tries of a step that failed and are made again.", "ops", `sum by (kind, step) (rate(cartwright_saga_step_seconds_count{%,result="error"}[5m]))`, "{{kind}} {{step}}"),
		p.panel("Time of steps", "99 % of the tries of a step took less.", "s", `histogram_quantile(0.99, sum by (step, le) (rate(cartwright_saga_step_seconds_bucket{%}[5m])))`, "{{step}}"),
		p.panel("Under way", "Sagas that have not ended, over all pods.", "short", `max by (kind, state) (cartwright_saga_active{%})`, "{{kind}} {{state}}"),
		p.panel("Age of the oldest", "Of those that wait for nobody it should be seconds.", "s", `max by (kind, state) (cartwright_saga_oldest_seconds{%})`, "{{kind}} {{state}}"),
		p.panel("Need a person", "Sagas that a person has to look at.", "short", `max by (kind) (cartwright_saga_needs_attention{%})`, "{{kind}}"),
		p.panel("Carts", "Written, written again because of another change, priced anew, shown with remembered prices.", "ops", `sum by (event) (rate(cart_events_total{%}[5m]))`, "{{event}}"),
	}}
}

func (p page) inventory() Row {
	return Row{"Stock", []Panel{
		p.panel("Reservations", "Reserve, commit and release, by outcome.", "ops", `sum by (step, outcome) (rate(inventory_reservations_total{%}[5m]))`, "{{step}} {{outcome}}"),
		p.panel("Batch size", "Callers that shared a statement, on average and at most of 99 %.", "short",
			`sum by (step) (rate(inventory_batch_size_sum{%}[5m])) / sum by (step) (rate(inventory_batch_size_count{%}[5m]))`, "{{step}} mean",
			`histogram_quantile(0.99, sum by (step, le) (rate(inventory_batch_size_bucket{%}[5m])))`, "{{step}} 99 %"),
		p.panel("Waiting for a turn", "99 % of callers waited less.", "s", `histogram_quantile(0.99, sum by (step, le) (rate(inventory_batch_wait_seconds_bucket{%}[5m])))`, "{{step}}"),
		p.panel("Time of batches", "99 % of statements took less.", "s", `histogram_quantile(0.99, sum by (step, le) (rate(inventory_batch_seconds_bucket{%}[5m])))`, "{{step}}"),
		p.panel("Queue", "Callers that wait now.", "short", `sum by (step) (inventory_batch_queue{%})`, "{{step}}"),
		p.panel("Turned away", "Callers refused at once, those who left, and batches served one by one.", "ops",
			`sum by (step, why) (rate(inventory_batch_refused_total{%}[5m]))`, "refused {{step}} {{why}}",
			`sum by (step) (rate(inventory_batch_left_total{%}[5m]))`, "left {{step}}", `sum by (step) (rate(inventory_batch_split_total{%}[5m]))`, "split {{step}}"),
		p.panel("Holds that ended", "Reservations ended because their time was over, and backordered units that got stock.", "ops",
			`sum(rate(inventory_reservations_expired_total{%}[5m]))`, "expired", `sum(rate(inventory_backorders_filled_units_total{%}[5m]))`, "backordered units filled"),
		p.panel("Late sweeps", "Nine of ten sweeps found holds that were overdue by less.", "s",
			`histogram_quantile(0.9, sum by (le) (rate(inventory_expiry_lag_seconds_bucket{%}[15m])))`, "overdue"),
	}}
}

func (p page) payment() Row {
	return Row{"Money", []Panel{
		p.panel("Answers of providers", "Requests by kind and outcome; failed is a refusal, unknown is no clear answer.", "ops",
			`sum by (kind, outcome) (rate(payment_provider_calls_total{%}[5m]))`, "{{kind}} {{outcome}}"),
		p.panel("Declined", "Share of authorizations that a provider refused at once.", "percentunit",
			`sum(rate(payment_provider_calls_total{%,kind="authorize",outcome="failed"}[15m])) / sum(rate(payment_provider_calls_total{%,kind="authorize"}[15m]))`, "declined"),
		p.panel("Time of providers", "99 % of the answers took less.", "s",
			`histogram_quantile(0.99, sum by (provider, kind, le) (rate(payment_provider_seconds_bucket{%}[5m])))`, "{{provider}} {{kind}}"),
		p.panel("In doubt", "Operations whose outcome at the provider is not known.", "short", `max(payment_operations_in_doubt{%})`, "operations"),
		p.panel("Oldest in doubt", "Age of the oldest; an alert rings at a quarter of an hour.", "s", `max(payment_operations_in_doubt_oldest_seconds{%})`, "oldest"),
		p.panel("Need a person", "Operations that a person has to look at.", "short", `max(payment_operations_need_attention{%})`, "operations"),
		p.panel("News of providers", "Put off and tried again, and given up.", "short", `max(payment_webhooks_parked{%})`, "parked", `max(payment_webhooks_dead{%})`, "dead"),
		p.panel("Findings", "Differences between our books and a provider's report that are open, by class.", "short", `max by (class) (payment_reconciliation_findings{%})`, "{{class}}"),
		p.panel("Last comparison", "Time since our books were compared.", "s", `max(payment_reconciliation_age_seconds{%})`, "age"),
		p.panel("Drift of the ledger", "How far the books are from adding up, in minor units; it has to be 0.", "short", `max(payment_ledger_drift_minor_units{%})`, "drift"),
		p.panel("Authorizations that end", "They end within 12 hours with something left to capture.", "short", `max(payment_authorizations_expiring{%})`, "authorizations"),
		p.panel("Asked and freed", "Operations asked for in the background, holds on gift cards that ran out.", "ops",
			`sum(rate(payment_operations_asked_total{%}[5m]))`, "asked", `sum(rate(payment_giftcard_holds_expired_total{%}[5m]))`, "holds expired"),
	}}
}

func (p page) pricing() Row {
	return Row{"Promotions", []Panel{
		p.panel("Uses", "Check, confirm, redeem and release, by outcome.", "ops", `sum by (step, outcome) (rate(pricing_uses_total{%}[5m]))`, "{{step}} {{outcome}}"),
		p.panel("Given back", "Orders whose reserved promotions were given back because their time ran out.", "ops", `sum(rate(pricing_expired_uses_total{%}[5m]))`, "orders"),
	}}
}

// shop is the page for who asks whether the shop sells.
func shop() Dashboard {
	cart, gateway, inventory, payment := page("cart"), page("gateway"), page("inventory"), page("payment")
	const step = `sum(rate(cartwright_saga_step_seconds_count{%,kind="checkout",step="`
	selling := Row{"Selling", []Panel{
		cart.panel("Orders", "Orders placed, a minute.", "opm", `60 * `+step+`place",result="ok"}[5m]))`, "orders"),
		cart.panel("Checkouts that become orders", "Share of the checkouts begun that were placed. Declined cards, sold-out goods and buyers who change their minds make it less than 1.", "percentunit",
			step+`place",result="ok"}[15m])) / `+step+`confirm_quote",result="ok"}[15m]))`, "placed"),
		gateway.panel("Time of a checkout", "99 % of checkouts were answered in less.", "s",
			`histogram_quantile(0.99, sum by (le) (rate(rpc_server_duration_seconds_bucket{%,rpc="/cartwright.storefront.v1.CheckoutService/Checkout"}[5m])))`, "99 %"),
		inventory.panel("Stock refused", "Reservations that were refused, by reason.", "opm", `60 * sum by (outcome) (rate(inventory_reservations_total{%,step="reserve",outcome!="ok"}[5m]))`, "{{outcome}}"),
		payment.panel("Payments declined", "Share of authorizations that providers refused at once.", "percentunit",
			`sum(rate(payment_provider_calls_total{%,kind="authorize",outcome="failed"}[15m])) / sum(rate(payment_provider_calls_total{%,kind="authorize"}[15m]))`, "declined"),
		gateway.panel("Visits", "Requests to the shop a second, by the part of the API.", "reqps",
			`sum(rate(rpc_server_requests_total{%,rpc=~"/cartwright.storefront.v1.CatalogService/.*"}[5m]))`, "catalogue",
			`sum(rate(rpc_server_requests_total{%,rpc=~"/cartwright.storefront.v1.CartService/.*"}[5m]))`, "carts",
			`sum(rate(rpc_server_requests_total{%,rpc=~"/cartwright.admin.*"}[5m]))`, "back office"),
		gateway.panel("Failures that clients see", "Share of requests that failed by the shop's fault.", "percentunit",
			`sum(rate(rpc_server_requests_total{%,`+faults+`}[5m])) / sum(rate(rpc_server_requests_total{%}[5m]))`, "failed"),
	}}
	open := Row{"Promises under way", []Panel{
		cart.panel("Sagas", "Checkouts, refunds and shipments that have not ended.", "short", `max by (kind, state) (cartwright_saga_active{%})`, "{{kind}} {{state}}"),
		cart.panel("Oldest saga", "Of those that wait for nobody.", "s", `max by (kind) (cartwright_saga_oldest_seconds{%,state=~"running|compensating"})`, "{{kind}}"),
		cart.panel("Need a person", "Checkouts, refunds and shipments.", "short", `max by (kind) (cartwright_saga_needs_attention{%})`, "{{kind}}"),
		payment.panel("Payments in doubt", "Operations whose outcome is not known, and those that need a person.", "short",
			`max(payment_operations_in_doubt{%})`, "in doubt", `max(payment_operations_need_attention{%})`, "need a person"),
		payment.panel("Books", "Open differences to providers' reports but for timing, and the drift of the ledger in minor units: both have to be 0.", "short",
			`max(payment_reconciliation_findings{%,class!="timing"})`, "findings", `max(payment_ledger_drift_minor_units{%})`, "drift"),
		inventory.panel("Stock given back", "Holds whose time was over.", "opm", `60 * sum(rate(inventory_reservations_expired_total{%}[5m]))`, "expired"),
	}}
	all := Row{"All services", []Panel{
		{Title: "Budgets", Description: "How many times as fast as it may a month's budget goes, over the last hour. 1 ends with the month.", Unit: "short", Of: budgets()},
		{Title: "Pods", Description: "Processes that tell their metrics, by service and version.", Unit: "short", Of: []Target{{`count by (job, version) (build_info{namespace=~"$namespace"})`, "{{job}} {{version}}"}}},
		{Title: "Jobs", Description: "How long the oldest job is due, by service.", Unit: "s", Of: []Target{{`max by (job) (cartwright_job_oldest_seconds{namespace=~"$namespace",state="waiting"})`, "{{job}}"}}},
	}}
	return Dashboard{UID: "cartwright-shop", Title: "Cartwright: the shop", Rows: []Row{selling, open, all}}
}
