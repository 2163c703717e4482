package app_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/app"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

func shortDeadline(c *app.Config) { c.RequestDeadline = 2 * time.Second }

// intake is what product got of a file.
type intake struct {
	header *productv1.ImportHeader
	sum    string
	bytes  int64
	parts  int
	err    error
}

// takes makes product read files; each one ends up in the channel.
func takes(s *shop, during func(part int)) <-chan intake {
	done := make(chan intake, 8)
	s.product.onStream(productv1.ProductService_ImportProducts_FullMethodName, func(stream grpc.ServerStream) error {
		got, hash := intake{}, sha256.New()
		for {
			part := &productv1.ImportProductsRequest{}
			if err := stream.RecvMsg(part); err != nil {
				got.sum = hex.EncodeToString(hash.Sum(nil))
				if !errors.Is(err, io.EOF) {
					got.err = err
				}
				done <- got
				if got.err != nil {
					return err
				}
				return stream.SendMsg(&productv1.ImportProductsResponse{Report: &productv1.ImportReport{RowsRead: 3, ProductsCreated: 2}})
			}
			if part.GetHeader() != nil {
				got.header = part.GetHeader()
			}
			hash.Write(part.GetChunk())
			got.bytes += int64(len(part.GetChunk()))
			got.parts++
			during(got.parts)
		}
	})
	return done
}

func nothing(int) {}

const importPath = "/admin/v1/products/import"

func (s *shop) upload(ctx context.Context, path, token string, body io.Reader, header ...string) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+path, body)
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Content-Type", "text/csv; charset=utf-8")
	r.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := s.web.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return answer{status: response.StatusCode, header: response.Header, body: string(text)}, err
}

// A merchant's file arrives at product as it was sent, with what to do with it, over HTTP and over gRPC.
func TestFilesArriveWhole(t *testing.T) {
	t.Parallel()
	s := open(t)
	done := takes(s, nothing)
	file := strings.Repeat("Handle,Title,Note\nshirt,Shirt,\"4242 is not a card\"\n", 10_000)
	sum := sha256.Sum256([]byte(file))
	got, err := s.upload(t.Context(), importPath+"?channel=uk-web&priceListKey=gbp&currencyCode=GBP&locationKey=main&dryRun=true&defaultStatus=PUBLICATION_STATUS_PUBLISHED",
		s.staff(), strings.NewReader(file), "Idempotency-Key", "import-1")
	require.NoError(t, err)
	report := &adminv1.ImportProductsResponse{}
	got.message(t, report)
	require.Equal(t, int32(2), report.GetReport().GetProductsCreated())
	require.Equal(t, "no-store", got.header.Get("Cache-Control"))
	taken := <-done
	require.NoError(t, taken.err)
	require.Equal(t, hex.EncodeToString(sum[:]), taken.sum)
	header := taken.header
	require.Equal(t, []any{"uk-web", "gbp", "GBP", "main", true, productv1.PublicationStatus_PUBLICATION_STATUS_PUBLISHED, "import-1"},
		[]any{header.GetChannel(), header.GetPriceListKey(), header.GetCurrencyCode(), header.GetLocationKey(), header.GetDryRun(), header.GetDefaultStatus(), header.GetRequestId()})

	ctx := contextWith(t.Context(), "authorization", "Bearer "+s.staff(), "idempotency-key", "import-2")
	stream, err := adminv1.NewTransferAdminServiceClient(s.dial()).ImportProducts(ctx)
	require.NoError(t, err)
	require.NoError(t, stream.Send(&adminv1.ImportProductsRequest{Part: &adminv1.ImportProductsRequest_Header{Header: &adminv1.ImportHeader{Channel: "uk-web"}}}))
	for rest := []byte(file); len(rest) > 0; {
		n := min(len(rest), 100_000)
		require.NoError(t, stream.Send(&adminv1.ImportProductsRequest{Part: &adminv1.ImportProductsRequest_Chunk{Chunk: rest[:n]}}))
		rest = rest[n:]
	}
	report, err = stream.CloseAndRecv()
	require.NoError(t, err)
	require.Equal(t, int32(3), report.GetReport().GetRowsRead())
	taken = <-done
	require.Equal(t, hex.EncodeToString(sum[:]), taken.sum)
	require.Equal(t, "import-2", taken.header.GetRequestId())
}

// An upload that is refused says why, and nothing of it has reached product.
func TestRefusedUploadsSayWhy(t *testing.T) {
	t.Parallel()
	s := open(t)
	done := takes(s, nothing)
	post := func(path, token string, header ...string) answer {
		got, err := s.upload(t.Context(), path, token, strings.NewReader("Handle\na\n"), header...)
		require.NoError(t, err)
		return got
	}
	post(importPath, s.staff(), "Content-Type", "application/json").refused(t, 415, "UNSUPPORTED_MEDIA_TYPE")
	post(importPath, s.staff(), "Content-Encoding", "gzip").refused(t, 415, "UNSUPPORTED_MEDIA_TYPE")
	post(importPath+"?dry=1", s.staff()).refused(t, 400, "FIELD_UNKNOWN", "dry")
	post(importPath+"?dryRun=perhaps", s.staff()).refused(t, 400, "QUERY_INVALID", "dryRun")
	post(importPath+"?currencyCode=pounds", s.staff()).refused(t, 400, "CURRENCY_INVALID")
	post(importPath, s.customer()).refused(t, 403, "SCOPE_MISSING")
	post(importPath, "x").refused(t, 401, "TOKEN_INVALID")
	post(importPath, s.staff(), "Idempotency-Key", "two words").refused(t, 400, "IDEMPOTENCY_KEY_INVALID")
	s.send(request{method: "GET", path: "/admin/v1/products/export?status=NOPE", token: s.staff()}).refused(t, 400, "QUERY_INVALID", "status")
	s.send(request{method: "GET", path: "/admin/v1/products/export"}).refused(t, 401, "TOKEN_MISSING")
	for len(done) > 0 {
		require.Zero(t, (<-done).bytes)
	}
}

// A file that breaks off must never look like a file that has ended: its last products would be taken for all.
func TestABrokenUploadIsNoWholeFile(t *testing.T) {
	t.Parallel()
	s := open(t)
	done := takes(s, nothing)
	head := "POST " + importPath + " HTTP/1.1\r\nHost: shop\r\nContent-Type: text/csv\r\nAuthorization: Bearer " + s.staff() + "\r\n"
	for name, rest := range map[string]string{
		"fewer bytes than said": "Content-Length: 100000\r\n\r\nHandle,Title\nshirt,Shirt\n",
		"no last chunk":         "Transfer-Encoding: chunked\r\n\r\nd\r\nHandle,Title\n\r\n",
	} {
		conn, err := net.Dial("tcp", s.addr)
		require.NoError(t, err)
		_, err = io.WriteString(conn, head+rest)
		require.NoError(t, err)
		require.NoError(t, conn.(*net.TCPConn).CloseWrite())
		s.read(conn).refused(t, 400, "BODY_INCOMPLETE")
		require.NoError(t, conn.Close())
		require.Error(t, (<-done).err, name)
	}
}

// When product refuses in the middle of a file, the merchant is told why, not that the connection broke.
func TestARefusalInTheMiddleOfAFileArrives(t *testing.T) {
	t.Parallel()
	s := open(t)
	wrong := errs.Define(errs.Invalid, "HEADER_MISSING", "The file has no line of column names.")
	s.product.onStream(productv1.ProductService_ImportProducts_FullMethodName, func(stream grpc.ServerStream) error {
		for range 3 {
			if err := stream.RecvMsg(&productv1.ImportProductsRequest{}); err != nil {
				return err
			}
		}
		return wrong.At("row[1]", "The file has no line of column names.")
	})
	got, err := s.upload(t.Context(), importPath, s.staff(), strings.NewReader(strings.Repeat("a", 300_000)))
	require.NoError(t, err)
	got.refused(t, 400, "HEADER_MISSING", "row[1]")
}

// An upload may take longer than any other request: than the deadline, and than the time for reading a body.
func TestSlowUploadsOutliveTheDeadline(t *testing.T) {
	t.Parallel()
	s := open(t, shortDeadline)
	done := takes(s, nothing)
	// slowly is as many pieces as outlast the 10 s for a body, a second apart.
	slowly := func(send func()) {
		second := time.NewTicker(time.Second)
		defer second.Stop()
		for range 12 {
			send()
			<-second.C
		}
	}
	t.Run("HTTP", func(t *testing.T) {
		t.Parallel()
		reader, writer := io.Pipe()
		go func() {
			slowly(func() { _, _ = io.WriteString(writer, "shirt,Shirt\n") })
			_ = writer.Close()
		}()
		got, err := s.upload(t.Context(), importPath, s.staff(), reader)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, got.status, got.body)
	})
	t.Run("gRPC", func(t *testing.T) {
		t.Parallel()
		stream, err := adminv1.NewTransferAdminServiceClient(s.dial()).ImportProducts(contextWith(t.Context(), "authorization", "Bearer "+s.staff()))
		require.NoError(t, err)
		require.NoError(t, stream.Send(&adminv1.ImportProductsRequest{Part: &adminv1.ImportProductsRequest_Header{Header: &adminv1.ImportHeader{}}}))
		slowly(func() {
			require.NoError(t, stream.Send(&adminv1.ImportProductsRequest{Part: &adminv1.ImportProductsRequest_Chunk{Chunk: []byte("a,b\n")}}))
		})
		_, err = stream.CloseAndRecv()
		require.NoError(t, err)
	})
	t.Cleanup(func() {
		for len(done) > 0 {
			require.NoError(t, (<-done).err)
		}
	})
}

// heldBack is the most that may be on its way between two ends of which one does not read: buffers of the network, of
// HTTP/2 and of a few pieces, whatever the size of the file.
const heldBack = 16 << 20

// settled waits until the counter has stood still for a while and returns it.
func settled(t *testing.T, counter *atomic.Int64) int64 {
	t.Helper()
	last, same := int64(-1), 0
	require.Eventually(t, func() bool {
		now := counter.Load()
		if now != last || now == 0 {
			last, same = now, 0
			return false
		}
		same++
		return same == 20
	}, 20*time.Second, 25*time.Millisecond)
	return last
}

// A file of any size goes through the gateway without being held by it: while product does not read, the gateway does not
// take more from the merchant.
func TestUploadsAreHeldBackNotHeld(t *testing.T) {
	t.Parallel()
	s := open(t)
	goOn := make(chan struct{})
	done := takes(s, func(part int) {
		if part == 2 {
			<-goOn
		}
	})
	const size = 128 << 20
	var sent atomic.Int64
	file := io.TeeReader(io.LimitReader(endless{[]byte("shirt,Shirt,LS-1,49.00,12\n")}, size), counting{&sent})
	answered := make(chan answer, 1)
	token := s.staff()
	go func() {
		got, err := s.upload(t.Context(), importPath, token, file)
		require.NoError(t, err)
		answered <- got
	}()
	require.Less(t, settled(t, &sent), int64(heldBack))
	close(goOn)
	require.Equal(t, http.StatusOK, (<-answered).status)
	require.Equal(t, int64(size), (<-done).bytes)
}

// A merchant who reads his export slowly does not fill the gateway.
func TestDownloadsAreHeldBackNotHeld(t *testing.T) {
	t.Parallel()
	s := open(t)
	var sent atomic.Int64
	chunk := bytes.Repeat([]byte("a"), 60_000)
	s.product.onStream(productv1.ProductService_ExportProducts_FullMethodName, func(stream grpc.ServerStream) error {
		if err := stream.RecvMsg(&productv1.ExportProductsRequest{}); err != nil {
			return err
		}
		for range 2000 {
			if err := stream.SendMsg(&productv1.ExportProductsResponse{Chunk: chunk}); err != nil {
				return err
			}
			sent.Add(int64(len(chunk)))
		}
		return nil
	})
	conn, err := net.Dial("tcp", s.addr)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, "GET /admin/v1/products/export HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer "+s.staff()+"\r\n\r\n")
	require.NoError(t, err)
	require.Less(t, settled(t, &sent), int64(heldBack))
	got := s.read(conn)
	require.Equal(t, http.StatusOK, got.status)
	require.Len(t, got.body, 2000*len(chunk))
}

// counting counts the bytes that are written to it.
type counting struct{ n *atomic.Int64 }

func (c counting) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return len(p), nil
}

// endless repeats a line.
type endless struct{ line []byte }

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n+len(e.line) <= len(p) {
		n += copy(p[n:], e.line)
	}
	if n == 0 {
		n = copy(p, e.line)
	}
	return n, nil
}

// An export arrives as a file; one that breaks off breaks the connection, so that nobody imports half a catalogue.
func TestExportsAreWholeOrBroken(t *testing.T) {
	t.Parallel()
	s := open(t)
	const export, path = productv1.ProductService_ExportProducts_FullMethodName, "/admin/v1/products/export?channel=uk-web&priceListKey=gbp&locationKey=main"
	chunk := bytes.Repeat([]byte("shirt,Shirt\n"), 5000)
	sends := func(parts int, end error) streamer {
		return func(stream grpc.ServerStream) error {
			asked := &productv1.ExportProductsRequest{}
			if err := stream.RecvMsg(asked); err != nil {
				return err
			}
			if asked.GetChannel() != "uk-web" || asked.GetPriceListKey() != "gbp" || asked.GetLocationKey() != "main" {
				return fmt.Errorf("asked for %v", asked)
			}
			for range parts {
				if err := stream.SendMsg(&productv1.ExportProductsResponse{Chunk: chunk}); err != nil {
					return err
				}
			}
			return end
		}
	}
	get := request{method: "GET", path: path, token: s.staff()}
	s.product.onStream(export, sends(50, nil))
	got := s.send(get)
	require.Equal(t, http.StatusOK, got.status)
	require.Equal(t, 50*len(chunk), len(got.body))
	require.Equal(t, "text/csv; charset=utf-8", got.header.Get("Content-Type"))
	require.Contains(t, got.header.Get("Content-Disposition"), "products.csv")
	require.Equal(t, "no-store", got.header.Get("Cache-Control"))

	s.product.onStream(export, sends(0, nil))
	require.Equal(t, "text/csv; charset=utf-8", s.send(get).header.Get("Content-Type"), "an empty file is a file")
	broken := errs.Define(errs.Unavailable, "DATABASE_UNAVAILABLE", "The database does not answer.")
	s.product.onStream(export, sends(0, broken.New("Gone.")))
	s.send(get).refused(t, 503, "DATABASE_UNAVAILABLE")
	s.product.onStream(export, sends(20, broken.New("Gone.")))
	_, err := s.trySend(get)
	require.Error(t, err)

	ctx := contextWith(t.Context(), "authorization", "Bearer "+s.staff())
	stream, err := adminv1.NewTransferAdminServiceClient(s.dial()).ExportProducts(ctx, &adminv1.ExportProductsRequest{Channel: "uk-web", PriceListKey: "gbp", LocationKey: "main"})
	require.NoError(t, err)
	for err == nil {
		_, err = stream.Recv()
	}
	require.Equal(t, "DATABASE_UNAVAILABLE", errs.ReasonOf(errs.FromGRPC(err)))
}

// A repeated import says that its answer is the stored one.
func TestAStoredReportSaysSo(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.product.onStream(productv1.ProductService_ImportProducts_FullMethodName, func(stream grpc.ServerStream) error {
		if err := stream.SetHeader(metadata.Pairs("idempotent-replayed", "true")); err != nil {
			return err
		}
		return s.product.takeFile(stream)
	})
	got, err := s.upload(t.Context(), importPath, s.staff(), strings.NewReader("Handle\n"), "Idempotency-Key", "k")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, got.status)
	require.Equal(t, "true", got.header.Get("Idempotent-Replayed"))
}
