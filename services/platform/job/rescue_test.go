package job_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/job"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
)

// When it fails, a buyer who has paid waits for as long as nobody misses the process that was killed with the news, or a job
// runs twice at the same time though nobody died.
func TestJobsOfAKilledProcessStartAgain(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t, "hello", migrations())
	seen := make(chan string, 10)
	r := job.NewRegistry()
	job.Handle(r, func(_ context.Context, args greet) error {
		seen <- args.Name
		return nil
	})
	idle, err := job.Open(database.DB, r, job.Config{})
	require.NoError(t, err)
	for name, seconds := range map[string]int{"orphan": 21, "under way": 0, "last try": 21} {
		require.NoError(t, idle.Insert(t.Context(), greet{Name: name}))
		_, err = database.DB.Exec(t.Context(), `UPDATE river_job SET state = 'running', attempted_at = now() - make_interval(secs => $2),
			attempt = CASE WHEN $1 = 'last try' THEN max_attempts ELSE 1 END WHERE args->>'name' = $1`, name, seconds)
		require.NoError(t, err)
	}
	client := start(t, database.DB, r, job.Config{})
	require.Equal(t, "orphan", receive(t, seen))
	require.NoError(t, client.Insert(t.Context(), greet{Name: "new"}))
	require.Equal(t, "new", receive(t, seen))
}
