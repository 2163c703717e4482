package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/callkey"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/transfer"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

const (
	// maxUpload bounds a catalogue file.
	maxUpload = 256 << 20
	// transferTime is how long a file may take.
	transferTime = 10 * time.Minute
)

// Admitter passes a call through the interceptors that guard the API.
type Admitter interface {
	Admit(ctx context.Context, name string, md metadata.MD, req any) (context.Context, error)
}

// Transfer serves the routes whose body is a catalogue file.
type Transfer struct {
	// Guard authenticates and validates.
	Guard Admitter
	// Files moves the files.
	Files *transfer.Service
}

// callMetadata is what the interceptors read from an HTTP request.
func callMetadata(r *http.Request) metadata.MD {
	md := metadata.Pairs(identity.RequestIDKey, identity.RequestID(r.Context()))
	md.Append("authorization", r.Header.Values("Authorization")...)
	if keys := r.Header.Values(headerIdempotency); len(keys) > 0 {
		md.Append(callkey.MetadataKey, keys...)
	}
	return md
}

func parseQuery(r *http.Request, message proto.Message) error {
	parser := queryParser{inner: &runtime.DefaultQueryParser{}}
	if err := parser.Parse(message, r.URL.Query(), utilities.NewDoubleArray(nil)); err != nil {
		return uncarryText(err)
	}
	return nil
}

// Import takes a CSV file as the body of a POST; the header's fields are query parameters.
func (t *Transfer) Import(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		writeProblem(w, r, ErrMethodNotAllowed.New("The route does not take %s.", r.Method))
		return
	}
	mediaType, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(mediaType), "text/csv") {
		writeProblem(w, r, ErrMediaType.New("Send the file as text/csv."))
		return
	}
	report, err := t.importFile(w, r)
	if err != nil {
		writeProblem(w, r, err)
		return
	}
	body, err := newCodec(nil).Marshal(report)
	if err != nil {
		writeProblem(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

func (t *Transfer) importFile(w http.ResponseWriter, r *http.Request) (*adminv1.ImportProductsResponse, error) {
	header := &adminv1.ImportHeader{}
	if err := parseQuery(r, header); err != nil {
		return nil, err
	}
	request := &adminv1.ImportProductsRequest{Part: &adminv1.ImportProductsRequest_Header{Header: header}}
	ctx, err := t.Guard.Admit(r.Context(), adminv1.TransferAdminService_ImportProducts_FullMethodName, callMetadata(r), request)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, transferTime)
	defer cancel()
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(transferTime))
	file := &uploadReader{Reader: http.MaxBytesReader(w, r.Body, maxUpload)}
	report, err := t.Files.Import(ctx, header, file)
	if file.err != nil {
		return nil, bodyError(file.err)
	}
	return report, err
}

// uploadReader remembers why the body ended early, to tell a broken upload from a refusal.
type uploadReader struct {
	io.Reader
	err error
}

// Read implements io.Reader.
func (u *uploadReader) Read(p []byte) (int, error) {
	n, err := u.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		u.err = err
	}
	return n, err
}

// Export sends the catalogue as a CSV file.
func (t *Transfer) Export(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		writeProblem(w, r, ErrMethodNotAllowed.New("The route does not take %s.", r.Method))
		return
	}
	request := &adminv1.ExportProductsRequest{}
	err := parseQuery(r, request)
	var ctx context.Context
	if err == nil {
		ctx, err = t.Guard.Admit(r.Context(), adminv1.TransferAdminService_ExportProducts_FullMethodName, callMetadata(r), request)
	}
	if err != nil {
		writeProblem(w, r, err)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, transferTime)
	defer cancel()
	started := false
	err = t.Files.Export(ctx, request, func(chunk []byte) error {
		if !started {
			started = true
			w.Header().Set("Content-Type", "text/csv; charset=utf-8")
			w.Header().Set("Content-Disposition", `attachment; filename="products.csv"`)
			w.Header().Set("Cache-Control", "no-store")
		}
		_, err := w.Write(chunk)
		return err
	})
	switch {
	case err != nil && started:
		// Part of the file is gone out: only breaking the connection tells the client that it is not whole.
		panic(http.ErrAbortHandler)
	case err != nil:
		writeProblem(w, r, err)
	}
}
