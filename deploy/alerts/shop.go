package alerts

import "time"

// ofOne are the alerts that one service has and no other.
func ofOne() []Alert {
	list := append(ofCart(), ofPayment()...)
	list = append(list, ofInventory()...)
	return append(list, ofGateway()...)
}

func ofCart() []Alert {
	return []Alert{
		{
			Name: "SagaStuck", Service: "cart", Severity: Page, Threshold: 60, For: 5 * time.Minute,
			Measure: Measure{Kind: Largest, Of: Series{
				Metric: "cartwright_saga_oldest_seconds", Match: []Match{is("state", "running", "compensating")}, Cloud: "cartwright_saga_oldest_working_seconds",
			}},
			Summary: "A checkout, refund or shipment that waits for nobody does not end.",
		},
		{
			Name: "SagaNeedsAttention", Service: "cart", Severity: Page, For: 5 * time.Minute,
			Measure: Measure{Kind: Largest, Of: Series{Metric: "cartwright_saga_needs_attention"}},
			Summary: "A checkout, refund or shipment cannot end without a person.",
		},
		{
			Name: "CheckoutsFail", Service: "cart", Severity: Ticket, Threshold: 0.5,
			Measure: Measure{
				Kind: Share, Window: time.Hour,
				Of: Series{
					Metric: "cartwright_saga_step_seconds_count", Match: []Match{is("kind", "checkout"), is("step", "fail"), is("result", "ok")},
					Cloud: "cartwright_checkouts_failed_total",
				},
				Per: Series{
					Metric: "cartwright_saga_step_seconds_count", Match: []Match{is("kind", "checkout"), is("step", "confirm_quote"), is("result", "ok")},
					Cloud: "cartwright_checkouts_begun_total",
				},
			},
			Summary: "More than half of the checkouts of the last hour became no order.",
		},
		{
			Name: "PricesStale", Service: "cart", Severity: Ticket, Threshold: 10,
			Measure: Measure{Kind: Grown, Window: 10 * time.Minute, Of: Series{
				Metric: "cart_events_total", Match: []Match{is("event", "stale")}, Cloud: "cart_events_stale_total",
			}},
			Summary: "Carts are shown with remembered prices because product or pricing does not answer.",
		},
	}
}

func ofPayment() []Alert {
	return []Alert{
		{
			// Ten minutes old for five minutes is a quarter of an hour.
			Name: "OperationsInDoubt", Service: "payment", Severity: Page, Threshold: 600, For: 5 * time.Minute,
			Measure: Measure{Kind: Largest, Of: Series{Metric: "payment_operations_in_doubt_oldest_seconds"}},
			Summary: "For more than 15 minutes nobody knows whether a provider moved money.",
		},
		{
			Name: "OperationsNeedAttention", Service: "payment", Severity: Page, For: 5 * time.Minute,
			Measure: Measure{Kind: Largest, Of: Series{Metric: "payment_operations_need_attention"}},
			Summary: "A payment cannot be set right without a person.",
		},
		{
			Name: "ProviderUnclear", Service: "payment", Severity: Page, Threshold: 5,
			Measure: Measure{Kind: Grown, Window: 10 * time.Minute, Of: Series{
				Metric: "payment_provider_calls_total", Match: []Match{is("kind", "authorize", "capture", "void", "refund"), is("outcome", "unknown")},
				Cloud: "payment_provider_unclear_total",
			}},
			Summary: "A provider gives no clear answer to request after request.",
		},
		{
			Name: "PaymentsDeclined", Service: "payment", Severity: Ticket, Threshold: 0.5,
			Measure: Measure{
				Kind: Share, Window: 30 * time.Minute,
				Of:  Series{Metric: "payment_provider_calls_total", Match: []Match{is("kind", "authorize"), is("outcome", "failed")}, Cloud: "payment_provider_declined_total"},
				Per: Series{Metric: "payment_provider_seconds_count", Match: []Match{is("kind", "authorize")}, Cloud: "payment_provider_authorizations_total"},
			},
			Summary: "More than half of the payments that buyers try are refused.",
		},
		{
			Name: "LedgerDrift", Service: "payment", Severity: Page, For: 5 * time.Minute,
			Measure: Measure{Kind: Largest, Of: Series{Metric: "payment_ledger_drift_minor_units"}},
			Summary: "The books do not add up.",
		},
		{
			Name: "ReconciliationFindings", Service: "payment", Severity: Page, For: 10 * time.Minute,
			Measure: Measure{Kind: Largest, Of: Series{
				Metric: "payment_reconciliation_findings", Match: []Match{isNot("class", "timing")}, Cloud: "payment_reconciliation_findings_real",
			}},
			Summary: "Our books and a provider's report do not agree.",
		},
		{
			Name: "ReconciliationStale", Service: "payment", Severity: Ticket, Threshold: 1800, For: 5 * time.Minute,
			Measure: Measure{Kind: Largest, Of: Series{Metric: "payment_reconciliation_age_seconds"}},
			Summary: "Nobody has compared our books with a provider's report for half an hour.",
		},
		{
			Name: "WebhooksDead", Service: "payment", Severity: Ticket, For: 5 * time.Minute,
			Measure: Measure{Kind: Largest, Of: Series{Metric: "payment_webhooks_dead"}},
			Summary: "News of a provider were given up.",
		},
		{
			Name: "WebhooksParked", Service: "payment", Severity: Ticket, For: time.Hour,
			Measure: Measure{Kind: Largest, Of: Series{Metric: "payment_webhooks_parked"}},
			Summary: "News of a provider have been put off for an hour: they are about nothing that we know.",
		},
		{
			Name: "AuthorizationsEnd", Service: "payment", Severity: Ticket, For: time.Hour,
			Measure: Measure{Kind: Largest, Of: Series{Metric: "payment_authorizations_expiring"}},
			Summary: "Money that is reserved for orders is given back within 12 hours if nobody captures it.",
		},
	}
}

func ofInventory() []Alert {
	return []Alert{
		{
			Name: "HoldsStay", Service: "inventory", Severity: Page, Threshold: 0.5, Below: true,
			Measure: Measure{
				Kind: Share, Window: 10 * time.Minute,
				Of:  Series{Metric: "inventory_expiry_lag_seconds_bucket", Match: []Match{is("le", "60", "60.0")}, Cloud: "inventory_expiry_in_time_total"},
				Per: Series{Metric: "inventory_expiry_lag_seconds_count", Cloud: "inventory_expiry_sweeps_total"},
			},
			Summary: "Stock that nobody bought is given back later than a minute after its time, in most sweeps.",
		},
		{
			Name: "StockQueueRefuses", Service: "inventory", Severity: Page, Threshold: 50,
			Measure: Measure{Kind: Grown, Window: 5 * time.Minute, Of: Series{Metric: "inventory_batch_refused_total"}},
			Summary: "Buyers are turned away because more want stock at once than can be served in their time.",
		},
		{
			Name: "StockBatchesSplit", Service: "inventory", Severity: Ticket, Threshold: 5,
			Measure: Measure{Kind: Grown, Window: 15 * time.Minute, Of: Series{Metric: "inventory_batch_split_total"}},
			Summary: "Carts that the database refuses spoil the batches that they are in.",
		},
	}
}

func ofGateway() []Alert {
	return []Alert{{
		Name: "GatewaySheds", Service: "gateway", Severity: Page, Threshold: 100,
		Measure: Measure{Kind: Grown, Window: 5 * time.Minute, Of: Series{Metric: "gateway_shed_total"}},
		Summary: "Clients are refused because the gateway has more work than it can do in time.",
	}}
}
