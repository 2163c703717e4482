package shed_test

import (
	"sync"
	"testing"

	"github.com/cartwright-shop/cartwright/services/gateway/internal/shed"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
)

// Buyers who are paying are turned away for people who look around when this goes red.
func TestBrowsingIsRefusedFirst(t *testing.T) {
	t.Parallel()
	metrics := prometheus.NewRegistry()
	gate, err := shed.New(100, metrics)
	require.NoError(t, err)
	fill := func(class shed.Class) int {
		for n := 0; ; n++ {
			if err := gate.Enter(class); err != nil {
				require.Equal(t, "OVERLOADED", errs.ReasonOf(err))
				require.Positive(t, errs.RetryAfterOf(err))
				return n
			}
		}
	}
	require.Equal(t, 80, fill(shed.Browse))
	require.Equal(t, 10, fill(shed.Normal))
	require.Equal(t, 8, fill(shed.Checkout))
	require.Equal(t, 2, fill(shed.Notice))
	for range 100 {
		gate.Leave()
	}
	require.Equal(t, 80, fill(shed.Browse), "what left makes room")
	count, err := testutil.GatherAndCount(metrics, "gateway_shed_total", "gateway_work_in_progress")
	require.NoError(t, err)
	require.Equal(t, 5, count)
}

// Even the smallest gate lets one request of each class in.
func TestASmallGateServesEveryClass(t *testing.T) {
	t.Parallel()
	gate, err := shed.New(1, prometheus.NewRegistry())
	require.NoError(t, err)
	for _, class := range []shed.Class{shed.Browse, shed.Normal, shed.Checkout, shed.Notice} {
		require.NoError(t, gate.Enter(class))
		require.Error(t, gate.Enter(class))
		gate.Leave()
	}
	_, err = shed.New(1, prometheus.NewRegistry())
	require.NoError(t, err)
}

// Refusals must not leak room: after a storm the process takes as much as before.
func TestNoRoomIsLostInAStorm(t *testing.T) {
	t.Parallel()
	gate, err := shed.New(10, prometheus.NewRegistry())
	require.NoError(t, err)
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			for range 200 {
				if gate.Enter(shed.Normal) == nil {
					gate.Leave()
				}
			}
		})
	}
	group.Wait()
	for range 9 {
		require.NoError(t, gate.Enter(shed.Normal))
	}
	require.Error(t, gate.Enter(shed.Normal))
}
