package rpc

import (
	"google.golang.org/grpc"

	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/product/internal/shopify"
)

// ExportProducts streams a CSV that imports to the same catalogue.
func (s *Server) ExportProducts(
	req *productv1.ExportProductsRequest, stream grpc.ServerStreamingServer[productv1.ExportProductsResponse],
) error {
	scope := shopify.Scope{
		Channel: req.GetChannel(), PriceList: req.GetPriceListKey(), Location: req.GetLocationKey(), Status: statusFromProto(req.GetStatus()),
	}
	return s.exporter.Export(stream.Context(), scope, func(chunk []byte) error {
		return stream.Send(&productv1.ExportProductsResponse{Chunk: chunk})
	})
}
