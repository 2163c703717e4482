package rpc

import (
	"errors"
	"io"

	"google.golang.org/grpc"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/product/internal/shopify"
)

type importStream = grpc.ClientStreamingServer[productv1.ImportProductsRequest, productv1.ImportProductsResponse]

// ImportProducts reads a product CSV as it arrives and answers with a report.
func (s *Server) ImportProducts(stream importStream) error {
	first, err := stream.Recv()
	if errors.Is(err, io.EOF) || err == nil && first.GetHeader() == nil {
		return shopify.ErrHeaderMissing.At("header", "The first message must be the header.")
	}
	if err != nil {
		return err
	}
	h := first.GetHeader()
	report, err := s.importer.Import(stream.Context(), shopify.Header{
		RequestID: h.GetRequestId(), Channel: h.GetChannel(), PriceList: h.GetPriceListKey(), Currency: h.GetCurrencyCode(),
		Location: h.GetLocationKey(), DryRun: h.GetDryRun(), DefaultStatus: statusFromProto(h.GetDefaultStatus()),
	}, &chunkReader{stream: stream})
	if err != nil {
		return err
	}
	return stream.SendAndClose(&productv1.ImportProductsResponse{Report: reportToProto(report)})
}

// chunkReader reads the chunks of a stream as one file, holding one chunk at a time.
type chunkReader struct {
	stream importStream
	rest   []byte
}

// Read implements io.Reader.
func (c *chunkReader) Read(p []byte) (int, error) {
	for len(c.rest) == 0 {
		msg, err := c.stream.Recv()
		if err != nil {
			return 0, err
		}
		if msg.GetHeader() != nil {
			return 0, shopify.ErrHeaderMissing.At("header", "The header comes once, in the first message.")
		}
		c.rest = msg.GetChunk()
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func reportToProto(r shopify.Report) *productv1.ImportReport {
	return &productv1.ImportReport{
		RowsRead: r.RowsRead, ProductsCreated: r.Created, ProductsUpdated: r.Updated, ProductsUnchanged: r.Unchanged,
		ProductsFailed: r.Failed, PricesSet: r.PricesSet, StockSet: r.StockSet, ErrorsTotal: r.ErrorsTotal, DryRun: r.DryRun,
		IgnoredColumns: r.IgnoredColumns,
		Errors: mapped(r.Errors, func(e shopify.RowError) *productv1.ImportError {
			return &productv1.ImportError{Row: e.Row, Column: e.Column, Handle: e.Handle, Reason: e.Reason, Message: e.Message}
		}),
	}
}
