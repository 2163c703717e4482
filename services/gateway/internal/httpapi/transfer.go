package httpapi

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/callkey"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/inprocess"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

const (
	// maxUpload bounds a catalogue file.
	maxUpload = 256 << 20
	// transferTime is how long a file may take.
	transferTime = 10 * time.Minute
	// chunkSize is how much of a file goes into one message.
	chunkSize = 64 << 10
)

// Streamer runs a streaming method with the caller's own ends.
type Streamer interface {
	Stream(ctx context.Context, name string, md metadata.MD, ends inprocess.Ends) (metadata.MD, error)
}

// Transfer serves the routes whose body is a catalogue file: they are the streaming methods in the form of HTTP.
type Transfer struct {
	// Calls runs the methods through the interceptors that guard the API.
	Calls Streamer
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

// parseQuery fills a message from the query.
func parseQuery(r *http.Request, message proto.Message) error {
	if err := r.ParseForm(); err != nil {
		return ErrQueryInvalid.New("The query string is not well formed.")
	}
	return fillQuery(message, r.Form, nil)
}

// Import takes a CSV file as the body of a POST; the header's fields are query parameters.
func (t *Transfer) Import(w http.ResponseWriter, r *http.Request) {
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
	w.Header().Set("Cache-Control", noStore)
	_, _ = w.Write(body)
}

func (t *Transfer) importFile(w http.ResponseWriter, r *http.Request) (*adminv1.ImportProductsResponse, error) {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "text/csv" {
		return nil, ErrMediaType.New("Send the file as text/csv.")
	}
	header := &adminv1.ImportHeader{}
	for _, err := range []error{checkNotEncoded(r), parseQuery(r, header), allowTransfer(w)} {
		if err != nil {
			return nil, err
		}
	}
	file := &upload{header: header, body: http.MaxBytesReader(w, r.Body, maxUpload)}
	report := &adminv1.ImportProductsResponse{}
	md, err := t.Calls.Stream(r.Context(), adminv1.TransferAdminService_ImportProducts_FullMethodName, callMetadata(r), inprocess.Ends{
		Recv: file.next,
		Send: func(message any) error {
			proto.Merge(report, message.(proto.Message))
			return nil
		},
	})
	if len(md.Get(relay.ReplayedHeader)) > 0 {
		w.Header().Set(headerReplayed, "true")
	}
	if file.err != nil {
		return nil, bodyError(file.err)
	}
	return report, err
}

// upload gives the messages that a client would send over gRPC: the header, then the file in pieces.
type upload struct {
	header *adminv1.ImportHeader
	body   io.Reader
	// err is why the body ended early, to tell a broken upload from a refusal.
	err error
}

func (u *upload) next(message any) error {
	request, ok := message.(*adminv1.ImportProductsRequest)
	if !ok {
		return errs.InternalError.New("Something broke on our side.")
	}
	if u.header != nil {
		request.Part = &adminv1.ImportProductsRequest_Header{Header: u.header}
		u.header = nil
		return nil
	}
	// Each piece has a buffer of its own: the sender may still hold the last one.
	buffer := make([]byte, chunkSize)
	n, err := 0, error(nil)
	for n < len(buffer) && err == nil {
		var more int
		more, err = u.body.Read(buffer[n:])
		n += more
	}
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		u.err = err
		return bodyError(err)
	case n == 0:
		return io.EOF
	}
	request.Part = &adminv1.ImportProductsRequest_Chunk{Chunk: buffer[:n]}
	return nil
}

// Export sends the catalogue as a CSV file.
func (t *Transfer) Export(w http.ResponseWriter, r *http.Request) {
	request := &adminv1.ExportProductsRequest{}
	file := &download{w: w}
	err := errors.Join(parseQuery(r, request), allowTransfer(w))
	if err == nil {
		asked := false
		_, err = t.Calls.Stream(r.Context(), adminv1.TransferAdminService_ExportProducts_FullMethodName, callMetadata(r), inprocess.Ends{
			Recv: func(message any) error {
				if asked {
					return io.EOF
				}
				asked = true
				proto.Merge(message.(proto.Message), request)
				return nil
			},
			Send: file.send,
		})
	}
	switch {
	case err != nil && file.started:
		// Part of the file is gone out: only breaking the connection tells the client that it is not whole.
		panic(http.ErrAbortHandler)
	case err != nil:
		writeProblem(w, r, err)
	default:
		file.start()
	}
}

// download writes the pieces of a file.
type download struct {
	w       http.ResponseWriter
	started bool
}

func (d *download) start() {
	if d.started {
		return
	}
	d.started = true
	header := d.w.Header()
	header.Set("Content-Type", "text/csv; charset=utf-8")
	header.Set("Content-Disposition", `attachment; filename="products.csv"`)
	header.Set("Cache-Control", noStore)
	d.w.WriteHeader(http.StatusOK)
}

func (d *download) send(message any) error {
	part, ok := message.(*adminv1.ExportProductsResponse)
	if !ok {
		return errs.InternalError.New("Something broke on our side.")
	}
	d.start()
	_, err := d.w.Write(part.GetChunk())
	return err
}
