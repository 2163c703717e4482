package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	inventoryv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
)

// connsPerProcess keeps the streams of all clients below what a server takes on one connection.
const connsPerProcess = 4

// FlashSale is a rush of single buyers on one SKU.
type FlashSale struct {
	// Name is what the scene is called in the table.
	Name string
	// Processes of the service run, each with Settings.
	Processes int
	Settings  []string
	// Clients ask at once, each for one unit after the other, until Demand units were asked for or Longest is over.
	Clients, Stock, Demand int
	Longest                time.Duration
}

// Sold is what became of a flash sale.
type Sold struct {
	Sale FlashSale
	// Granted, Refused (sold out) and Other answers; FirstOther tells why.
	Granted, Refused, Other int
	FirstOther              error
	// FalseRefusals were answered before a grant was asked for: there was stock left.
	FalseRefusals int
	// Counter and Rows are what the database says is sold.
	Counter, Rows int
	// Selling is the time until the last grant, Whole until the last answer.
	Selling, Whole time.Duration
	P50, P99       time.Duration
	// CPU is microseconds per answer, by process.
	CPU map[string]float64
}

// answer is one call as its client saw it.
type answer struct {
	asked, told time.Duration // since the start
	granted     bool
	refused     bool
	err         error
}

// Run plays the sale on a stage and leaves it empty.
func (f FlashSale) Run(ctx context.Context, s *Stage, sku string) (Sold, error) {
	if err := s.Enter(ctx, f.Processes, f.Settings...); err != nil {
		return Sold{}, err
	}
	defer s.Leave()
	clients, closeAll, err := s.connect()
	if err != nil {
		return Sold{}, err
	}
	defer closeAll()
	for name, units := range map[string]int{sku: f.Stock, sku + "-warm": 1_000_000} {
		if err := supply(ctx, clients[0], name, units); err != nil {
			return Sold{}, err
		}
	}
	warm := f
	warm.Demand, warm.Longest = 2000, 2*time.Second
	warm.rush(ctx, clients, sku+"-warm")
	before, eachBefore, err := account(s.pids())
	if err != nil {
		return Sold{}, err
	}
	answers := f.rush(ctx, clients, sku)
	after, eachAfter, err := account(s.pids())
	if err != nil {
		return Sold{}, err
	}
	result := f.judge(answers)
	result.CPU["all"] = perRequest(after.cpu-before.cpu, len(answers))
	for name, one := range eachAfter {
		result.CPU[name] = perRequest(one.cpu-eachBefore[name].cpu, len(answers))
	}
	result.Counter, result.Rows, err = s.sold(ctx, sku)
	return result, err
}

func (s *Stage) connect() ([]inventoryv1.InventoryServiceClient, func(), error) {
	var conns []*grpc.ClientConn
	closeAll := func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}
	var clients []inventoryv1.InventoryServiceClient
	for range connsPerProcess {
		for _, a := range s.actors {
			conn, err := grpc.NewClient(a.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				closeAll()
				return nil, nil, err
			}
			conns = append(conns, conn)
			clients = append(clients, inventoryv1.NewInventoryServiceClient(conn))
		}
	}
	return clients, closeAll, nil
}

const (
	stageLocation = "main"
	stageChannel  = "uk-web"
)

func supply(ctx context.Context, client inventoryv1.InventoryServiceClient, sku string, units int) error {
	_, err := client.CreateLocation(ctx, &inventoryv1.CreateLocationRequest{
		RequestId: stageLocation, Key: stageLocation, Name: "Warehouse", CountryCode: "GB",
	})
	if err != nil {
		return fmt.Errorf("create location: %w", err)
	}
	_, err = client.SetStock(ctx, &inventoryv1.SetStockRequest{
		RequestId: uuid.NewString(), Reason: "bench",
		Entries: []*inventoryv1.SetStockEntry{{Sku: sku, LocationKey: stageLocation, OnHand: int32(units)}},
	})
	if err != nil {
		return fmt.Errorf("set stock: %w", err)
	}
	return nil
}

// rush returns the answers of all calls.
func (f FlashSale) rush(ctx context.Context, clients []inventoryv1.InventoryServiceClient, sku string) []answer {
	var left atomic.Int64
	left.Store(int64(f.Demand))
	start := time.Now()
	each := make([][]answer, f.Clients)
	var group sync.WaitGroup
	for i := range f.Clients {
		group.Go(func() {
			for left.Add(-1) >= 0 && time.Since(start) < f.Longest && ctx.Err() == nil {
				a := answer{asked: time.Since(start)}
				a.err = buy(ctx, clients[i%len(clients)], sku)
				a.told = time.Since(start)
				a.granted = a.err == nil
				a.refused = isSoldOut(a.err)
				each[i] = append(each[i], a)
			}
		})
	}
	group.Wait()
	return slices.Concat(each...)
}

func buy(ctx context.Context, client inventoryv1.InventoryServiceClient, sku string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	reservation, err := uuid.NewV7()
	if err != nil {
		return err
	}
	_, err = client.Reserve(ctx, &inventoryv1.ReserveRequest{
		ReservationId: reservation.String(), OrderId: "nbswy3dpeb3w64tmmqqhi33omu", Channel: stageChannel, TtlSeconds: 900,
		Lines: []*inventoryv1.ReserveLine{{Sku: sku, Quantity: 1}},
	})
	return err
}

func isSoldOut(err error) bool {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.GetReason() == "SOLD_OUT" {
			return true
		}
	}
	return false
}

func (f FlashSale) judge(answers []answer) Sold {
	r := Sold{Sale: f, CPU: map[string]float64{}}
	var lastAsked time.Duration // of the grants
	waits := make([]time.Duration, len(answers))
	for i, a := range answers {
		waits[i] = a.told - a.asked
		r.Whole = max(r.Whole, a.told)
		switch {
		case a.granted:
			r.Granted++
			r.Selling, lastAsked = max(r.Selling, a.told), max(lastAsked, a.asked)
		case a.refused:
			r.Refused++
		default:
			r.Other++
			r.FirstOther = cmp.Or(r.FirstOther, a.err)
		}
	}
	for _, a := range answers {
		if a.refused && a.told < lastAsked {
			r.FalseRefusals++
		}
	}
	if len(waits) > 0 {
		slices.Sort(waits)
		r.P50, r.P99 = waits[len(waits)/2], waits[len(waits)*99/100]
	}
	return r
}

// PerSecond is how many units were granted in a second while there were any.
func (r Sold) PerSecond() float64 { return float64(r.Granted) / max(r.Selling.Seconds(), 1e-9) }

// Wrong says what is not exact: nil when every unit was sold once, and none withheld.
func (r Sold) Wrong() error {
	var problems []error
	wrong := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf(r.Sale.Name+": "+format, args...))
	}
	if r.Other > 0 {
		wrong("%d calls failed, the first with: %w", r.Other, r.FirstOther)
	}
	if r.Counter != r.Granted || r.Rows != r.Granted {
		wrong("%d units were granted, but the counter says %d and the rows %d", r.Granted, r.Counter, r.Rows)
	}
	if all := r.Granted + r.Refused; r.Granted > r.Sale.Stock || all >= r.Sale.Stock && r.Granted < r.Sale.Stock {
		wrong("%d units were granted of %d, with %d asked for", r.Granted, r.Sale.Stock, all)
	}
	if r.FalseRefusals > 0 {
		wrong("%d buyers were told it is sold out while there was stock", r.FalseRefusals)
	}
	return errors.Join(problems...)
}

// PrintSales writes the table.
func PrintSales(w io.Writer, results []Sold) {
	fmt.Fprintf(w, "\n%-36s %9s %9s %10s %10s %9s %9s %8s %11s\n", "one SKU over gRPC", "granted", "refused", "granted/s", "refused/s",
		"p50", "p99", "false", "CPU µs/call")
	for _, r := range results {
		refused := float64(r.Refused) / max((r.Whole-r.Selling).Seconds(), 1e-9)
		if r.Refused == 0 {
			refused = 0
		}
		fmt.Fprintf(w, "%-36s %9d %9d %10.0f %10.0f %9s %9s %8d %11.0f\n", r.Sale.Name, r.Granted, r.Refused, r.PerSecond(), refused,
			r.P50.Round(100*time.Microsecond), r.P99.Round(100*time.Microsecond), r.FalseRefusals, r.CPU["all"])
		for _, name := range byCost(r.CPU) {
			if name != "all" && r.CPU[name] >= 1 {
				fmt.Fprintf(w, "%36s %83.0f\n", name, r.CPU[name])
			}
		}
	}
}
