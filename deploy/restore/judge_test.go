package restore

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/audit"
	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
)

// found is a report with one violation.
func found(invariant, part string, v audit.Violation) *audit.Report {
	return &audit.Report{Results: []audit.Result{{Invariant: invariant, Parts: []audit.Part{{Name: part, Violations: 1, First: []audit.Violation{v}}}}}}
}

// When it fails, the proof takes a broken book or a lost promise for something that the restored database could not know.
func TestOnlyWhatWasForgottenIsExplained(t *testing.T) {
	t.Parallel()
	point := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	given := map[string]time.Time{"order before": point.Add(-time.Second), "order after": point.Add(time.Second)}
	gone := map[string]movement{"m": {Key: "m", Kind: "void", Order: "o"}, "c": {Key: "c", Kind: "capture", Order: "p"}}
	there := map[string]bool{"m": true, "c": true, "pending": true}
	for name, c := range map[string]struct {
		report    *audit.Report
		explained bool
	}{
		"promise of later":           {found("I22", "p", audit.Violation{ID: "order after", What: absent}), true},
		"promise of before":          {found("I22", "p", audit.Violation{ID: "order before", What: absent}), false},
		"promise of nobody":          {found("I22", "p", audit.Violation{ID: "order other", What: absent}), false},
		"promise with other content": {found("I22", "p", audit.Violation{ID: "order after", What: "acknowledged as 5 GBP, stored as 6 GBP"}), false},
		"money never asked for":      {found("I13", "p", audit.Violation{ID: "c", What: never + "capture"}), true},
		"payment that waits":         {found("I13", "p", audit.Violation{ID: "pending", What: never + "authorize"}), true},
		"money of after the restore": {found("I13", "p", audit.Violation{ID: "new", What: never + "capture"}), false},
		"money of ours":              {found("I13", "p", audit.Violation{ID: "c", What: audit.OursOnly + ": capture of order p: ours"}), false},
		"void asked for again":       {found("I13", "p", audit.Violation{ID: "v", What: released + "o: ours 5 GBP (ok), theirs void of 0 GBP for order o (failed)"}), true},
		"void of what was captured":  {found("I13", "p", audit.Violation{ID: "v", What: released + "p: ours 5 GBP (ok), theirs void of 0 GBP for order p (failed)"}), true},
		"void of a kept order":       {found("I13", "p", audit.Violation{ID: "v", What: released + "q: ours 5 GBP (ok), theirs void of 0 GBP for order q (failed)"}), false},
		"another invariant":          {found("I6", "p", audit.Violation{ID: "c", What: never + "capture"}), false},
		"judged elsewhere":           {found("I13", differences, audit.Violation{ID: "f", What: "theirs_only: capture"}), true},
		"more than was looked at": {&audit.Report{Results: []audit.Result{{Invariant: "I22", Parts: []audit.Part{{
			Violations: 2, First: []audit.Violation{{ID: "order after", What: absent}},
		}}}}}, false},
	} {
		_, err := explain(c.report, given, point, gone, there)
		if c.explained {
			require.NoError(t, err, name)
		} else {
			require.ErrorIs(t, err, ErrWrong, name)
		}
	}
}

// When it fails, the age of what was lost is not that of the oldest promise, or purchases are miscounted.
func TestTheOldestPromiseCounts(t *testing.T) {
	t.Parallel()
	point := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	f := forgot{promises: map[string]time.Time{"order b": point.Add(2 * time.Second), "cart a": point.Add(time.Second), "order c": point.Add(time.Minute)}}
	require.Equal(t, point.Add(time.Second), f.oldest())
	require.Equal(t, 2, purchases(f.promises))
	require.True(t, forgot{}.oldest().IsZero())
}

// When it fails, a promise without a time, or a log that is cut off, passes for one that was kept.
func TestPromisesAreReadWithTheirTime(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "promised.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(`{"kind":"order","id":"a","at":"2026-11-27T12:00:00Z"}`+"\n"), 0o600))
	given, err := times(path)
	require.NoError(t, err)
	require.Equal(t, map[string]time.Time{"order a": time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)}, given)
	require.NoError(t, os.WriteFile(path, []byte(`{"kind":"order"`), 0o600))
	_, err = times(path)
	require.Error(t, err)
}

// When it fails, a charge that the books have forgotten is missing among the findings and the proof does not say so.
func TestEveryForgottenMovementMustBeFound(t *testing.T) {
	t.Parallel()
	gone := map[string]movement{"c": {Key: "c", Kind: "capture", Order: "o", Amount: 1234, Currency: "GBP"}}
	finding := func(class adminv1.ReconciliationClass, amount string) map[string]*adminv1.ReconciliationFinding {
		return map[string]*adminv1.ReconciliationFinding{"c": {
			Class: class, OperationId: "c", OrderId: "o", TheirAmount: &typev1.Amount{CurrencyCode: "GBP", Amount: amount},
		}}
	}
	theirsOnly := adminv1.ReconciliationClass_RECONCILIATION_CLASS_THEIRS_ONLY
	require.NoError(t, unfound(gone, finding(theirsOnly, "12.34")))
	require.ErrorIs(t, unfound(gone, nil), ErrWrong)
	require.ErrorIs(t, unfound(gone, finding(theirsOnly, "12.35")), ErrWrong)
	require.ErrorIs(t, unfound(gone, finding(adminv1.ReconciliationClass_RECONCILIATION_CLASS_TIMING, "12.34")), ErrWrong)
	require.NoError(t, unexplained(gone, finding(theirsOnly, "12.34")))
	require.ErrorIs(t, unexplained(nil, finding(theirsOnly, "12.34")), ErrWrong)
	void := finding(theirsOnly, "0.00")
	void["c"].Kind = adminv1.PaymentOperationKind_PAYMENT_OPERATION_KIND_VOID
	require.NoError(t, unexplained(nil, void), "a void that released nothing")
	void["c"].OurStatus = adminv1.PaymentOperationStatus_PAYMENT_OPERATION_STATUS_FAILED
	require.ErrorIs(t, unexplained(nil, void), ErrWrong)
	n, minor := captured(gone)
	require.Equal(t, 1, n)
	require.EqualValues(t, 1234, minor)
}

// When it fails, a charge that the restored shop makes and does not book passes for one that its database has forgotten.
func TestOnlyMoneyOfBeforeCanBeForgotten(t *testing.T) {
	t.Parallel()
	gone := map[string]movement{"c": {Key: "c", Kind: "capture", Order: "o"}, "new": {Key: "new", Kind: "capture", Order: "p"}}
	require.NoError(t, unrecorded(gone, map[string]bool{"c": true, "new": true}))
	err := unrecorded(gone, map[string]bool{"c": true})
	require.ErrorIs(t, err, ErrWrong)
	require.ErrorContains(t, err, "capture for order p at the provider and not in its books (operation new)")
	require.NotContains(t, err.Error(), "operation c")
}

// When it fails, a payment that a buyer had not made yet when the database was lost, and makes afterwards, is held against the restored
// shop, or the end of a long log is not read.
func TestAllThatTheProviderHasIsNoted(t *testing.T) {
	t.Parallel()
	pages := map[string]string{
		"0": `{"attempts":[{"operation_id":"1","merchant_reference":"paid","result":"succeeded"},{"merchant_reference":"refused"}],"next":7}`,
		"7": `{"attempts":[{"operation_id":"2","merchant_reference":"waits","result":"requires_action"},
			{"operation_id":"3","merchant_reference":"declined","result":"failed"}],"next":0}`,
	}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, pages[r.URL.Query().Get("after")])
	}))
	t.Cleanup(web.Close)
	there, err := references(t.Context(), web.URL)
	require.NoError(t, err)
	require.Equal(t, map[string]bool{"paid": true, "waits": true, "declined": true}, there)
}

// When it fails, the newest restore may lose what was archived, or one to a time what was promised before it.
func TestNothingOfBeforeTheRestoredPointMayBeMissing(t *testing.T) {
	t.Parallel()
	moment := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	l := &lost{moment: moment, archived: moment.Add(time.Minute), crash: moment.Add(2 * time.Minute)}
	require.Equal(t, l.archived, restoration{}.since(l))
	require.Equal(t, moment, restoration{to: moment}.since(l))
}

// When it fails, a shop counts as open again although nobody could buy: every card is declined.
func TestADeclinedCardIsNoPurchase(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "promised.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(`{"kind":"cart","id":"a","at":"2026-11-27T12:00:00Z"}`+"\n"), 0o600))
	require.Error(t, bought(path))
	require.NoError(t, os.WriteFile(path, []byte(`{"kind":"order","id":"b","at":"2026-11-27T12:00:00Z"}`+"\n"), 0o600))
	require.NoError(t, bought(path))
}

// When it fails, two buyers have receipts with the same number and the proof does not see it.
func TestANumberThatIsGivenTwiceIsSeen(t *testing.T) {
	t.Parallel()
	before := map[string]string{"1001": "a", "1002": "b"}
	require.Empty(t, twice(before, map[string]string{"1001": "a", "101002": "c"}))
	require.Equal(t, []string{"1002"}, twice(before, map[string]string{"1001": "a", "1002": "c"}))
	require.Equal(t, 1, without(before, map[string]string{"1001": "a"}))
}

// When it fails, a restore that lost or took more than is promised passes.
func TestBoundsHold(t *testing.T) {
	t.Parallel()
	newest, earlier := restoration{}, restoration{to: time.Now()}
	require.NoError(t, (&Result{Lost: 40 * time.Second, Took: time.Minute}).bounds(newest, 20*time.Second))
	require.ErrorIs(t, (&Result{Lost: 51 * time.Second}).bounds(newest, 20*time.Second), ErrWrong)
	require.ErrorIs(t, (&Result{Lost: 6 * time.Minute}).bounds(newest, 10*time.Minute), ErrWrong)
	require.NoError(t, (&Result{Lost: 6 * time.Minute}).bounds(earlier, 20*time.Second))
	require.ErrorIs(t, (&Result{Took: 31 * time.Minute}).bounds(earlier, 20*time.Second), ErrWrong)
}
